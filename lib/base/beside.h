/* base/beside.h: one thread beside the caller's, for one job at a time: reading goes on while what was read is worked on. */
#ifndef BASE_BESIDE_H
#define BASE_BESIDE_H

#include "textml/status.h"

typedef struct tmli_beside tmli_beside;
typedef void (*tmli_beside_fn)(void *ctx);

/* out: free with tmli_beside_free. Errors: TML_ENOMEM, TML_EIO when no thread can be started. */
TML_NODISCARD tml_status tmli_beside_create(tmli_beside **out, tml_error *err);
/* Lets a job that is under way finish. NULL is allowed. */
void tmli_beside_free(tmli_beside *beside);

/* Calls job(ctx) on the thread, once the job before is done, and does not wait for it. The job sees all that the caller
 * wrote before, and the caller, after tmli_beside_wait, all that the job wrote. To be called by one thread at a time. */
void tmli_beside_start(tmli_beside *beside, tmli_beside_fn job, void *ctx);
/* Returns when no job is under way. */
void tmli_beside_wait(tmli_beside *beside);

#endif
