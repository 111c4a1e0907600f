/* serve/workers.h: threads that answer long requests, so that the socket's threads stay free for /ping and short ones.
 *
 * Work is done in slices of some milliseconds. Jobs that wait, short or long, new or begun, are four lists that take
 * turns: a job of 100 KiB is not held back by one of 100 MiB, and nobody can keep another from going on. Few jobs are begun
 * at a time, since one that is begun takes memory besides its body.
 *
 * A thread is started when a job finds all others busy, up to the limit: a server of short requests has none. They run
 * with lower priority than those of the sockets. */
#ifndef SERVE_WORKERS_H
#define SERVE_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "serve/server.h"
#include "textml/status.h"

typedef struct serve_workers serve_workers;

/* What waits for a worker: a member of the caller's own struct, borrowed until the work on it is done. */
typedef struct serve_job {
    struct serve_job *next;
    size_t n_bytes;    /* of its body */
    double admitted_s; /* when, on the monotonic clock */
    bool has_begun;
} serve_job;

typedef struct serve_workers_options {
    size_t n_threads;
    size_t max_jobs;  /* that wait or are worked on; 0: no limit, likewise the next */
    size_t max_bytes; /* of their bodies together; one alone may have more */
    /* One slice, on a worker's thread, with that thread's lane or, for want of memory, NULL; true when the job is done.
     * After that, and after finish, the workers do not touch it any more. */
    bool (*work)(serve_lane *lane, serve_job *job);
    /* The last of a job that is done, once its place in the queue is free; may be NULL. Whoever gets the answer may ask again at
     * once. */
    void (*finish)(serve_job *job);
} serve_workers_options;

typedef enum serve_admission {
    SERVE_ADMITTED,
    SERVE_QUEUE_FULL,
    SERVE_NO_WORKER, /* no thread can be started: the caller must do the work itself */
} serve_admission;

/* server: borrowed. out: free with serve_workers_free. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_workers_create(serve_server *server,
                                              const serve_workers_options *options,
                                              serve_workers **out, tml_error *err);
/* Takes a place in the queue for a job with a body of n_bytes, to be followed by serve_workers_add; for a full queue
 * *retry_after_s is when it is worth trying again. */
TML_NODISCARD serve_admission serve_workers_admit(serve_workers *workers, serve_job *job,
                                                  size_t n_bytes, unsigned *retry_after_s);
/* Whether a body of n_bytes, of which n_here are already counted in the server's n_arriving, would find room now. */
bool serve_workers_have_room(serve_workers *workers, size_t n_bytes, size_t n_here,
                             unsigned *retry_after_s);
/* Hands an admitted job over. */
void serve_workers_add(serve_workers *workers, serve_job *job);
void serve_workers_free(
    serve_workers *workers); /* NULL is allowed; waits until all jobs are done */

#endif
