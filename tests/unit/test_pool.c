/* The pool: every step once, whatever the number of threads. Run under the thread sanitizer too. */
#include "base/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "support/alloc_fail.h"

static void pause_us(long us)
{
    const struct timespec t = {us / 1000000, us % 1000000 * 1000};
    (void)nanosleep(&t, NULL);
}

/* Plain memory on purpose: what the sanitizer sees is whether run orders it. */
typedef struct tally {
    unsigned counts[1000];
    unsigned base;
} tally;

static void count_step(void *ctx, size_t i)
{
    tally *const t = ctx;
    t->counts[i] += t->base;
}

static void each_step_runs_once(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 2, 3, 8, 33};
    static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 1000};
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        tmli_pool *pool = NULL;
        assert_int_equal(tmli_pool_create(threads[t], &pool, NULL), TML_OK);
        assert_int_equal(tmli_pool_threads(pool), threads[t]);
        tally work = {.base = 1};
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            (void)memset(work.counts, 0, sizeof work.counts);
            tmli_pool_run(pool, sizes[s], count_step, &work);
            for (size_t i = 0; i < 1000; i++) {
                assert_int_equal(work.counts[i], i < sizes[s] ? 1 : 0);
            }
        }
        tmli_pool_free(pool);
    }
}

static void loops_in_a_row_see_each_others_writes(void **state)
{
    (void)state;
    enum {
        LOOPS = 2000
    };
    static const size_t threads[] = {2, 5};
    for (size_t t = 0; t < 2; t++) {
        tmli_pool *pool = NULL;
        assert_int_equal(tmli_pool_create(threads[t], &pool, NULL), TML_OK);
        tally work = {.base = 0};
        unsigned want = 0;
        for (unsigned loop = 0; loop < LOOPS; loop++) {
            work.base = loop % 7; /* written between loops, read in them */
            want += work.base;
            tmli_pool_run(pool, 2 + loop % 5, count_step, &work);
            assert_int_equal(work.counts[0], want);
            assert_int_equal(work.counts[1], want);
        }
        tmli_pool_free(pool);
    }
}

static void loops_with_rests_wake_the_sleepers(void **state)
{
    (void)state;
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(4, &pool, NULL), TML_OK);
    tally work = {.base = 1};
    for (long rest_us = 0; rest_us < 200; rest_us++) {
        pause_us(rest_us % 20); /* around the time that a worker spins */
        tmli_pool_run(pool, 6, count_step, &work);
    }
    assert_int_equal(work.counts[5], 200);
    tmli_pool_free(pool);
}

static void slow_step(void *ctx, size_t i)
{
    atomic_size_t *const n_done = ctx;
    pause_us(i % 2 == 0 ? 3000 : 10);
    atomic_fetch_add(n_done, 1);
}

static void run_waits_for_the_slowest_step(void **state)
{
    (void)state;
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(3, &pool, NULL), TML_OK);
    for (size_t n = 2; n < 8; n++) {
        atomic_size_t n_done = 0;
        tmli_pool_run(pool, n, slow_step, &n_done);
        assert_int_equal(atomic_load(&n_done), n);
    }
    tmli_pool_free(pool);
}

typedef struct meeting {
    pthread_t first;
    atomic_size_t n_others;
    atomic_size_t n_arrived;
} meeting;

/* Each step waits until all have begun: that needs as many threads as steps. */
static void meet(void *ctx, size_t i)
{
    (void)i;
    meeting *const m = ctx;
    if (pthread_equal(pthread_self(), m->first) == 0) {
        atomic_fetch_add(&m->n_others, 1);
    }
    atomic_fetch_add(&m->n_arrived, 1);
    for (int tries = 0; tries < 20000 && atomic_load(&m->n_arrived) < 4; tries++) {
        pause_us(100);
    }
}

static void the_caller_takes_part_and_workers_do_too(void **state)
{
    (void)state;
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(4, &pool, NULL), TML_OK);
    meeting m = {.first = pthread_self()};
    tmli_pool_run(pool, 4, meet, &m);
    assert_int_equal(atomic_load(&m.n_arrived), 4);
    assert_int_equal(atomic_load(&m.n_others), 3);
    tmli_pool_free(pool);
}

static void no_pool_runs_on_the_callers_thread_in_order(void **state)
{
    (void)state;
    tally work = {.base = 3};
    tmli_pool_run(NULL, 5, count_step, &work);
    assert_int_equal(work.counts[4], 3);
    assert_int_equal(work.counts[5], 0);
    assert_int_equal(tmli_pool_threads(NULL), 1);
    tmli_pool_free(NULL);
}

static void a_pool_may_end_without_a_loop(void **state)
{
    (void)state;
    for (size_t i = 0; i < 50; i++) {
        tmli_pool *pool = NULL;
        assert_int_equal(tmli_pool_create(1 + i % 5, &pool, NULL), TML_OK);
        tmli_pool_free(pool);
    }
}

static void impossible_numbers_of_threads_are_refused(void **state)
{
    (void)state;
    static const size_t bad[] = {0, 257, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        tmli_pool *pool = NULL;
        tml_error err = {0};
        assert_int_equal(tmli_pool_create(bad[i], &pool, &err), TML_EINVAL);
        assert_non_null(strstr(err.text, "is not in 1..256"));
        assert_null(pool);
    }
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(256, &pool, NULL), TML_OK);
    tmli_pool_free(pool);
}

static void every_allocation_of_a_pool_may_fail(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tmli_pool *pool = NULL;
        fail_allocation(nth);
        const tml_status status = tmli_pool_create(2, &pool, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_pool_free(pool);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(pool);
    }
}

typedef struct mask_check {
    pthread_t first;
    atomic_bool is_open; /* a worker would take a signal */
} mask_check;

static void look_at_mask(void *ctx, size_t i)
{
    (void)i;
    mask_check *const m = ctx;
    sigset_t mask;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (pthread_equal(pthread_self(), m->first) == 0 && sigismember(&mask, SIGTERM) == 0) {
        atomic_store(&m->is_open, true);
    }
    pause_us(1000);
}

static void workers_take_no_signals(void **state)
{
    (void)state;
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(3, &pool, NULL), TML_OK);
    mask_check m = {.first = pthread_self()};
    tmli_pool_run(pool, 6, look_at_mask, &m);
    assert_false(atomic_load(&m.is_open));
    sigset_t mine;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0); /* the caller's mask is as it was */
    tmli_pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_runs_once),
        cmocka_unit_test(loops_in_a_row_see_each_others_writes),
        cmocka_unit_test(loops_with_rests_wake_the_sleepers),
        cmocka_unit_test(run_waits_for_the_slowest_step),
        cmocka_unit_test(the_caller_takes_part_and_workers_do_too),
        cmocka_unit_test(no_pool_runs_on_the_callers_thread_in_order),
        cmocka_unit_test(a_pool_may_end_without_a_loop),
        cmocka_unit_test(impossible_numbers_of_threads_are_refused),
        cmocka_unit_test(every_allocation_of_a_pool_may_fail),
        cmocka_unit_test(workers_take_no_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
