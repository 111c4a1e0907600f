/* Policies and priorities of threads. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): SCHED_BATCH */
#include "serve/scheduling.h"

#include <sched.h>
#include <sys/resource.h>

enum {
    NICENESS = 10,
    MAX_NICENESS = 19, /* the kernel's */
};

static bool change_policy(int from, int to)
{
    const struct sched_param none = {0};
    return sched_getscheduler(0) == from && sched_setscheduler(0, to, &none) == 0;
}

void serve_schedule_socket(serve_lane *lane)
{
    const bool is_calm = atomic_load_explicit(&lane->server->n_queued, memory_order_relaxed) == 0;
    const bool yields = lane->turn == SERVE_YIELDS;
    if (is_calm == yields || lane->turn == SERVE_KEEPS_TURN) {
        return;
    }
    if (!change_policy(yields ? SCHED_BATCH : SCHED_OTHER, yields ? SCHED_OTHER : SCHED_BATCH)) {
        lane->turn = SERVE_KEEPS_TURN; /* the user's choice, or not allowed */
        return;
    }
    lane->turn = yields ? SERVE_GOES_FIRST : SERVE_YIELDS;
}

/* Linux has priorities of threads, and 0 means the calling one. */
void serve_schedule_worker(void)
{
    const int now = getpriority(PRIO_PROCESS, 0);
    const int lower = now + NICENESS < MAX_NICENESS ? now + NICENESS : MAX_NICENESS;
    (void)setpriority(PRIO_PROCESS, 0, lower);
}
