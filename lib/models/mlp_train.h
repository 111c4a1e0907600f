/* models/mlp_train.h: fitting a feed-forward network.
 *
 * Deterministic: the same data, options and seed give the same bits for any number of threads, for work is cut by rows
 * and blocks and every sum has one fixed order. */
#ifndef MODELS_MLP_TRAIN_H
#define MODELS_MLP_TRAIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "models/mlp.h"
#include "num/optim.h"
#include "textml/fit.h"

/* Training or validation rows with what they should give. */
typedef struct tmli_examples {
    tmli_rows rows;
    /* [n] class of each row (softmax; sigmoid with K = 1: 0 or 1); NULL when targets is set */
    const uint32_t *labels;
    /* [n, K] for sigmoid with many labels and identity; NULL when labels is set */
    const float *targets;
    const float *weights; /* [n] sample weights, at least 0; NULL for all 1 */
} tmli_examples;

typedef struct tmli_mlp_train_options {
    size_t epochs;     /* at least 1 */
    size_t batch_size; /* at least 1 */
    tmli_optim_options optim;
    /* share of hidden outputs dropped in training, 0 ≤ dropout < 1; scaled by 1/(1−dropout) */
    float dropout;
    const float *class_weights; /* [K] or NULL; multiplies the sample weight */
    bool train_table;           /* the embedding is trained too: table is then written */
    /* stop when validation loss has not improved for `patience` epochs; needs validation */
    bool early_stopping;
    size_t patience; /* at least 1 */
    /* end with the weights of the best validation loss (implied by early_stopping) */
    bool keep_best;
    uint64_t seed;
    const atomic_bool *stop; /* may be NULL; looked at after each batch */
    void (*on_epoch)(void *ctx, const tml_epoch *epoch); /* may be NULL */
    void (*on_progress)(void *ctx,
                        const tml_progress *progress); /* may be NULL; after each batch */
    void *ctx;
} tmli_mlp_train_options;

typedef struct tmli_fit_summary {
    size_t epochs_run; /* also begun ones */
    size_t best_epoch; /* whose weights are kept, from 1; 0 when the first epoch was not finished */
    bool stopped_early; /* by patience */
    bool interrupted;   /* by *stop */
} tmli_fit_summary;

/* Trains mlp in place (it must own its slab). table: writable memory of mlp->embedding when train_table, else NULL.
 * Table rows that are exactly zero and not trained are skipped.
 * Losses as in Keras: mean over the batch of weight · loss. Entries must be in range.
 * Interrupted: the best weights so far (with keep_best) or the current ones; returns TML_OK.
 * Errors: TML_EINVAL, TML_ENUMERIC ("loss is not finite in epoch E, batch B: …"), TML_ENOMEM. */
TML_NODISCARD tml_status tmli_mlp_train(tmli_mlp *mlp, float *table, const tmli_examples *train,
                                        const tmli_examples *validation,
                                        const tmli_mlp_train_options *options, tmli_pool *pool,
                                        tmli_fit_summary *out, tml_error *err);

#endif
