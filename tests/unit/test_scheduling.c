/* Policies and priorities, each set by a thread of its own, since they stay. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): SCHED_BATCH */
#include "serve/scheduling.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "support/tiny_server.h"

typedef struct seen {
    tiny_server *tiny;
    int policies[4];
    int priority;
} seen;

static void in_a_thread(void *(*run)(void *), seen *found)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, found), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *serve_beside_long_ones(void *ctx)
{
    seen *found = ctx;
    serve_lane *lane = found->tiny->lane;
    lane->turn = SERVE_GOES_FIRST;
    for (size_t i = 0; i < 4; i++) {
        atomic_store(&lane->server->n_queued, i == 1 || i == 2 ? i : 0);
        serve_schedule_socket(lane);
        found->policies[i] = sched_getscheduler(0);
    }
    return NULL;
}

static void sockets_yield_but_to_workers(void **state)
{
    seen found = {.tiny = *state};
    in_a_thread(serve_beside_long_ones, &found);
    assert_int_equal(found.policies[0], SCHED_BATCH);
    assert_int_equal(found.policies[1], SCHED_OTHER);
    assert_int_equal(found.policies[2], SCHED_OTHER);
    assert_int_equal(found.policies[3], SCHED_BATCH);
}

static void *serve_when_idle(void *ctx)
{
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    return serve_beside_long_ones(ctx);
}

static void *serve_as_batch(void *ctx)
{
    const struct sched_param none = {0};
    (void)sched_setscheduler(0, SCHED_BATCH, &none);
    return serve_beside_long_ones(ctx);
}

static void a_policy_of_the_users_own_stays(void **state)
{
    seen found = {.tiny = *state};
    in_a_thread(serve_when_idle, &found);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(found.policies[i], SCHED_IDLE);
    }
    in_a_thread(serve_as_batch, &found);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(found.policies[i], SCHED_BATCH);
    }
}

static void *work(void *ctx)
{
    seen *found = ctx;
    serve_schedule_worker();
    found->priority = getpriority(PRIO_PROCESS, 0);
    return NULL;
}

static void workers_come_behind(void **state)
{
    seen found = {.tiny = *state};
    const int now = getpriority(PRIO_PROCESS, 0);
    in_a_thread(work, &found);
    assert_int_equal(found.priority, now + 10 < 19 ? now + 10 : 19);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_yield_but_to_workers),
        cmocka_unit_test(a_policy_of_the_users_own_stays),
        cmocka_unit_test(workers_come_behind),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
