/* The thread beside the caller's: every job once, in order. Run under the thread sanitizer too. */
#include "base/beside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "support/alloc_fail.h"

/* Plain memory on purpose: what the sanitizer sees is whether starting and waiting order it. */
typedef struct diary {
    unsigned given;
    unsigned entries[1000];
    size_t n;
    pthread_t writer;
} diary;

static void enter(void *ctx)
{
    diary *const d = ctx;
    d->entries[d->n++] = d->given;
    d->writer = pthread_self();
}

static void each_job_runs_once_on_another_thread(void **state)
{
    (void)state;
    tmli_beside *beside = NULL;
    diary d = {.n = 0};
    assert_int_equal(tmli_beside_create(&beside, NULL), TML_OK);
    tmli_beside_wait(beside); /* for nothing */
    for (unsigned i = 0; i < 1000; i++) {
        d.given = i * i;
        tmli_beside_start(beside, enter, &d);
        tmli_beside_wait(beside);
        assert_int_equal(d.n, i + 1);
        assert_int_equal(d.entries[i], i * i);
    }
    assert_false(pthread_equal(d.writer, pthread_self()));
    tmli_beside_free(beside);
}

static void a_job_waits_for_the_one_before(void **state)
{
    (void)state;
    tmli_beside *beside = NULL;
    diary jobs[2] = {{.given = 3}, {.given = 4}};
    assert_int_equal(tmli_beside_create(&beside, NULL), TML_OK);
    for (size_t i = 0; i < 1000; i++) {
        tmli_beside_start(beside, enter, &jobs[i % 2]);
    }
    tmli_beside_free(beside); /* lets the last one finish */
    for (size_t k = 0; k < 2; k++) {
        assert_int_equal(jobs[k].n, 500);
        assert_int_equal(jobs[k].entries[499], 3 + k);
    }
    tmli_beside_free(NULL);
}

static void a_failed_allocation_is_reported(void **state)
{
    (void)state;
    tmli_beside *beside = NULL;
    fail_allocation(0);
    const tml_status status = tmli_beside_create(&beside, NULL);
    fail_allocation(NEVER);
    assert_int_equal(status, TML_ENOMEM);
    assert_null(beside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_runs_once_on_another_thread),
        cmocka_unit_test(a_job_waits_for_the_one_before),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
