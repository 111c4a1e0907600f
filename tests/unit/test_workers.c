/* The queue of long requests with jobs that only count: order, fairness, bounds. */
#include "serve/workers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "support/alloc_fail.h"
#include "support/tiny_server.h"

enum {
    MAX_TRACE = 400,
    MANY = 100,
    SHORT_BYTES = 100 << 10,
    LONG_BYTES = 100 << 20,
};

/* What the jobs of a test share. */
typedef struct record {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held;          /* under lock: slices wait until it is false */
    size_t n_in_work;      /* under lock */
    size_t n_done;         /* under lock */
    char trace[MAX_TRACE]; /* under lock: the name of each slice's job */
    size_t n_trace;
} record;

typedef struct counted {
    serve_job job; /* first */
    record *of;
    char name;
    size_t n_slices; /* left */
    atomic_size_t n_threads_in_it;
    size_t n_worked;
} counted;

static bool work(serve_lane *lane, serve_job *job)
{
    counted *self = (counted *)job;
    record *of = self->of;
    (void)lane;
    if (atomic_fetch_add(&self->n_threads_in_it, 1) != 0) {
        return true; /* the test sees a slice too few */
    }
    (void)pthread_mutex_lock(&of->lock);
    of->n_in_work++;
    if (of->n_trace < MAX_TRACE) {
        of->trace[of->n_trace++] = self->name;
    }
    (void)pthread_cond_broadcast(&of->changed);
    while (of->is_held) {
        (void)pthread_cond_wait(&of->changed, &of->lock);
    }
    of->n_in_work--;
    self->n_worked++;
    self->n_slices--;
    const bool is_done = self->n_slices == 0;
    (void)atomic_fetch_sub(&self->n_threads_in_it, 1);
    of->n_done += is_done ? 1 : 0;
    (void)pthread_cond_broadcast(&of->changed);
    (void)pthread_mutex_unlock(&of->lock);
    return is_done;
}

static void record_init(record *of, bool is_held)
{
    *of = (record){.is_held = is_held};
    (void)pthread_mutex_init(&of->lock, NULL);
    (void)pthread_cond_init(&of->changed, NULL);
}

static void record_deinit(record *of)
{
    (void)pthread_mutex_destroy(&of->lock);
    (void)pthread_cond_destroy(&of->changed);
}

static void wait_for(record *of, const size_t *counter, size_t n)
{
    (void)pthread_mutex_lock(&of->lock);
    while (*counter < n) {
        (void)pthread_cond_wait(&of->changed, &of->lock);
    }
    (void)pthread_mutex_unlock(&of->lock);
}

static void let_go(record *of)
{
    (void)pthread_mutex_lock(&of->lock);
    of->is_held = false;
    (void)pthread_cond_broadcast(&of->changed);
    (void)pthread_mutex_unlock(&of->lock);
}

static serve_workers *start(tiny_server *fix, serve_workers_options options)
{
    serve_workers *workers = NULL;
    options.work = work;
    assert_int_equal(serve_workers_create(&fix->server, &options, &workers, NULL), TML_OK);
    return workers;
}

static serve_admission submit(serve_workers *workers, record *of, counted *job, char name,
                              size_t n_bytes, size_t n_slices)
{
    unsigned retry_after_s = 0;
    *job = (counted){.of = of, .name = name, .n_slices = n_slices};
    atomic_init(&job->n_threads_in_it, 0);
    const serve_admission admission =
        serve_workers_admit(workers, &job->job, n_bytes, &retry_after_s);
    assert_int_equal(retry_after_s > 0, admission == SERVE_QUEUE_FULL);
    if (admission == SERVE_ADMITTED) {
        serve_workers_add(workers, &job->job);
    }
    return admission;
}

static void short_jobs_do_not_wait_for_the_end_of_a_long_one(void **state)
{
    record of;
    counted jobs[3];
    record_init(&of, true);
    serve_workers *workers = start(*state, (serve_workers_options){.n_threads = 1});
    assert_int_equal(submit(workers, &of, &jobs[0], 'L', LONG_BYTES, 20), SERVE_ADMITTED);
    wait_for(&of, &of.n_in_work, 1);
    assert_int_equal(submit(workers, &of, &jobs[1], 'a', SHORT_BYTES, 2), SERVE_ADMITTED);
    assert_int_equal(submit(workers, &of, &jobs[2], 'b', SHORT_BYTES, 1), SERVE_ADMITTED);
    let_go(&of);
    serve_workers_free(workers); /* waits for all */
    assert_int_equal(of.n_done, 3);
    of.trace[of.n_trace] = '\0';
    /* Each has its turn behind at most one slice of each other. */
    assert_int_equal(of.n_trace, 23);
    assert_memory_equal(of.trace, "LaaLbLLL", 8);
    record_deinit(&of);
}

static void long_jobs_share_a_thread(void **state)
{
    record of;
    counted jobs[3];
    record_init(&of, true);
    serve_workers *workers = start(*state, (serve_workers_options){.n_threads = 1});
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(submit(workers, &of, &jobs[i], (char)('A' + i), LONG_BYTES, 6),
                         SERVE_ADMITTED);
    }
    wait_for(&of, &of.n_in_work, 1);
    let_go(&of);
    serve_workers_free(workers);
    assert_int_equal(of.n_trace, 18);
    /* Two are begun at a time; the third begins when the first has ended. */
    assert_null(memchr(of.trace, 'C', 10));
    assert_non_null(memchr(of.trace, 'B', 3));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(jobs[i].n_worked, 6);
    }
    record_deinit(&of);
}

static void every_job_is_worked_on_by_one_thread_at_a_time_until_it_is_done(void **state)
{
    record of;
    counted jobs[MANY];
    record_init(&of, false);
    serve_workers *workers = start(*state, (serve_workers_options){.n_threads = 4});
    for (size_t i = 0; i < MANY; i++) {
        const size_t n_bytes = i % 5 == 0 ? LONG_BYTES : SHORT_BYTES;
        assert_int_equal(submit(workers, &of, &jobs[i], 'x', n_bytes, 1 + i % 7), SERVE_ADMITTED);
    }
    wait_for(&of, &of.n_done, MANY);
    serve_workers_free(workers);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(jobs[i].n_worked, 1 + i % 7);
        assert_int_equal(jobs[i].n_slices, 0);
    }
    record_deinit(&of);
}

static void a_full_queue_takes_no_more_until_a_job_is_done(void **state)
{
    record of;
    counted jobs[4];
    record_init(&of, true);
    serve_workers *workers =
        start(*state, (serve_workers_options){.n_threads = 2, .max_jobs = 3, .max_bytes = 1000});
    assert_int_equal(submit(workers, &of, &jobs[0], 'a', 600, 1), SERVE_ADMITTED);
    assert_int_equal(submit(workers, &of, &jobs[1], 'b', 401, 1), SERVE_QUEUE_FULL);
    assert_int_equal(submit(workers, &of, &jobs[1], 'b', 300, 1), SERVE_ADMITTED);
    assert_int_equal(submit(workers, &of, &jobs[2], 'c', 100, 1), SERVE_ADMITTED);
    assert_int_equal(submit(workers, &of, &jobs[3], 'd', 0, 1), SERVE_QUEUE_FULL);
    let_go(&of);
    wait_for(&of, &of.n_done, 3);
    while (submit(workers, &of, &jobs[3], 'd', 5000, 1) == SERVE_QUEUE_FULL) {
        /* alone it may be longer; the last of the others is done, and counted as such soon */
    }
    wait_for(&of, &of.n_done, 4);
    serve_workers_free(workers);
    record_deinit(&of);
}

static void the_bytes_of_a_job_that_is_done_are_free_again(void **state)
{
    tiny_server *fix = *state;
    record of;
    counted jobs[3];
    record_init(&of, false);
    serve_workers *workers = start(fix, (serve_workers_options){.n_threads = 1, .max_bytes = 1000});
    assert_int_equal(submit(workers, &of, &jobs[0], 'a', 900, 1), SERVE_ADMITTED);
    wait_for(&of, &of.n_done, 1);
    while (atomic_load(&fix->server.n_queued) > 0) {
        /* it is counted as done soon */
    }
    (void)pthread_mutex_lock(&of.lock);
    of.is_held = true;
    (void)pthread_mutex_unlock(&of.lock);
    assert_int_equal(submit(workers, &of, &jobs[1], 'b', 600, 1), SERVE_ADMITTED);
    assert_int_equal(submit(workers, &of, &jobs[2], 'c', 400, 1), SERVE_ADMITTED);
    let_go(&of);
    wait_for(&of, &of.n_done, 3);
    serve_workers_free(workers);
    record_deinit(&of);
}

static void without_memory_there_are_no_workers(void **state)
{
    tiny_server *fix = *state;
    const serve_workers_options options = {.n_threads = 2, .work = work};
    serve_workers *workers = NULL;
    for (size_t nth = 0; nth < 2; nth++) {
        fail_allocation(nth);
        const tml_status status = serve_workers_create(&fix->server, &options, &workers, NULL);
        fail_allocation(NEVER);
        assert_int_equal(status, TML_ENOMEM);
        assert_null(workers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_jobs_do_not_wait_for_the_end_of_a_long_one),
        cmocka_unit_test(long_jobs_share_a_thread),
        cmocka_unit_test(every_job_is_worked_on_by_one_thread_at_a_time_until_it_is_done),
        cmocka_unit_test(a_full_queue_takes_no_more_until_a_job_is_done),
        cmocka_unit_test(the_bytes_of_a_job_that_is_done_are_free_again),
        cmocka_unit_test(without_memory_there_are_no_workers),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
