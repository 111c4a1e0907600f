/* base/pool.h: a pthread pool for loops whose steps are independent. */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#include "textml/status.h"

typedef struct tmli_pool tmli_pool;

enum {
    TMLI_THREADS_MAX = 256 /* of a pool, and of the programs */
};

/* n_threads: 1 to TMLI_THREADS_MAX, the caller's thread included: 1 starts no thread. out: free with tmli_pool_free.
 * Errors: TML_EINVAL, TML_ENOMEM, TML_EIO when threads cannot be started. */
TML_NODISCARD tml_status tmli_pool_create(size_t n_threads, tmli_pool **out, tml_error *err);
void tmli_pool_free(tmli_pool *pool);            /* NULL is allowed; joins the threads */
size_t tmli_pool_threads(const tmli_pool *pool); /* 1 for NULL */

/* Calls step(ctx, i) once for each i in 0..n-1, on the caller's and the pool's threads, and returns when all are done.
 * Which thread takes which step is not determined: steps write only what is theirs, so that results do not depend on
 * the number of threads. One loop at a time; not from inside a step. pool NULL: all steps on the caller's thread. */
typedef void (*tmli_step_fn)(void *ctx, size_t i);
void tmli_pool_run(tmli_pool *pool, size_t n, tmli_step_fn step, void *ctx);

#endif
