/* serve/scheduling.h: how the threads of serve share the processors with each other and with their clients. */
#ifndef SERVE_SCHEDULING_H
#define SERVE_SCHEDULING_H

#include "serve/server.h"

/* For a thread of the sockets, on that thread, as often as a request begins. While no long request is worked on, its
 * wake-ups wait for the thread that runs on its processor (SCHED_BATCH of sched(7)): a client on the same machine then sends
 * what it has before it is answered, in fewer and larger turns. Behind a worker that would take milliseconds, so while
 * there are long requests the thread goes first, as usual. A server that was started with a policy of its own keeps it. */
void serve_schedule_socket(serve_lane *lane);

/* For a thread that works on long requests: a ninth of the weight of those of the sockets. */
void serve_schedule_worker(void);

#endif
