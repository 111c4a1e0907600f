/* models/mlp_step.h: one step of training. */
#ifndef MODELS_MLP_STEP_H
#define MODELS_MLP_STEP_H

#include "models/mlp_state.h"

typedef struct tmli_batch {
    const uint32_t *ids; /* [n] rows */
    size_t n;            /* at least 1, at most the trainer's max_rows */
    size_t epoch;        /* from 1 */
} tmli_batch;

/* Forward, backward and one optimizer step. Adds Σ weight · loss and Σ hits over the batch's rows. False, with no
 * parameter changed, when the loss is not finite. */
bool tmli_train_step(tmli_trainer *trainer, const tmli_batch *batch, double *loss, double *hits);

/* Brings all parameters up to date, so that they may be read. */
void tmli_train_settle(tmli_trainer *trainer);

/* Calls step(ctx, i, lane) for i in 0..n-1, a lane being one thread's number; on the pool when `work`, in multiply-adds, is
 * worth waking it. */
typedef void (*tmli_lane_fn)(void *ctx, size_t i, size_t lane);
void tmli_run_lanes(tmli_trainer *trainer, size_t n, size_t work, tmli_lane_fn step, void *ctx);

#endif
