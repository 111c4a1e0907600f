/* serve/workers.h: threads that answer long requests, so that the socket's threads stay free for /ping and short ones.
 *
 * A thread is started when a job finds all others busy, up to the limit: a server of short requests has none. */
#ifndef SERVE_WORKERS_H
#define SERVE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "serve/server.h"
#include "textml/status.h"

typedef struct serve_workers serve_workers;

/* What waits for a worker: a member of the caller's own struct, borrowed until the work on it begins. */
typedef struct serve_job {
    struct serve_job *next;
} serve_job;

/* work: called on a worker's thread with that thread's lane. server: borrowed. out: free with serve_workers_free.
 * Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_workers_create(serve_server *server, size_t n_threads,
                                              void (*work)(serve_lane *lane, serve_job *job),
                                              serve_workers **out, tml_error *err);
/* Whether there is a thread for a job; starts one when all are busy. False: the caller must do the work itself. */
bool serve_workers_ready(serve_workers *workers) TML_NODISCARD;
/* Hands a job over; only after serve_workers_ready. */
void serve_workers_add(serve_workers *workers, serve_job *job);
void serve_workers_free(
    serve_workers *workers); /* NULL is allowed; waits until all jobs are done */

#endif
