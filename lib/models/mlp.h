/* models/mlp.h: feed-forward networks over block-sparse rows.
 *
 * The input is B blocks of E numbers (features/blocks.h), the first layer reads only the blocks that a row has. Layer l
 * has weights [D_l, O_l], input-major, and a bias [O_l]; D_0 = B·E. Hidden layers share one activation; the last layer
 * has the output function. K = outputs of the last layer. */
#ifndef MODELS_MLP_H
#define MODELS_MLP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/blocks.h"
#include "models/mlp_group.h"
#include "models/mlp_memo.h"
#include "textml/status.h"

enum {
    TMLI_MLP_MAX_LAYERS = 16
}; /* hidden and output */

#define TMLI_ACTIVATION_LIST(X) \
    X(TMLI_RELU, "relu")        \
    X(TMLI_TANH, "tanh")        \
    X(TMLI_SIGMOID, "sigmoid")

typedef enum tmli_activation {
#define TMLI_ACTIVATION_ENUM(name, word) name,
    TMLI_ACTIVATION_LIST(TMLI_ACTIVATION_ENUM)
#undef TMLI_ACTIVATION_ENUM
} tmli_activation;

/* Output function and the loss that goes with it. */
#define TMLI_OUTPUT_LIST(X)                                                           \
    X(TMLI_OUTPUT_SOFTMAX, "softmax")   /* categorical cross-entropy */               \
    X(TMLI_OUTPUT_SIGMOID, "sigmoid")   /* binary cross-entropy, mean over outputs */ \
    X(TMLI_OUTPUT_IDENTITY, "identity") /* mean squared error */

typedef enum tmli_output {
#define TMLI_OUTPUT_ENUM(name, word) name,
    TMLI_OUTPUT_LIST(TMLI_OUTPUT_ENUM)
#undef TMLI_OUTPUT_ENUM
} tmli_output;

typedef struct tmli_mlp_shape {
    size_t n_blocks;                   /* B, at least 1 */
    size_t width;                      /* E, at least 1 */
    size_t sizes[TMLI_MLP_MAX_LAYERS]; /* outputs of each layer; the last is K */
    size_t n_layers;                   /* 1..TMLI_MLP_MAX_LAYERS */
    tmli_activation activation;
    tmli_output output;
} tmli_mlp_shape;

typedef struct tmli_mlp {
    tmli_mlp_shape shape;
    /* [D_l, O_l]; borrowed from slab or from a mapping */
    const float *weights[TMLI_MLP_MAX_LAYERS];
    const float *biases[TMLI_MLP_MAX_LAYERS]; /* [O_l] */
    tmli_table embedding;                     /* table that entries point into; borrowed */
    float *slab;                              /* owned parameters, NULL when all are borrowed */
    tmli_mlp_memo *memo;                      /* owned; NULL while the weights still change */
} tmli_mlp;

/* D_l. */
size_t tmli_mlp_inputs(const tmli_mlp_shape *shape, size_t layer);
/* Parameters of all layers, without the embedding; false when the number does not fit in memory. */
bool tmli_mlp_count(const tmli_mlp_shape *shape, size_t *n);

/* Allocates a slab, weights from Glorot's uniform distribution (Glorot & Bengio 2010: ±√(6/(D+O))) drawn from seed, zero
 * biases. table: borrowed for the model's life. Errors: TML_EINVAL for a shape out of range, TML_ELIMIT, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_mlp_create(const tmli_mlp_shape *shape, tmli_table table,
                                         uint64_t seed, tmli_mlp *out, tml_error *err);
void tmli_mlp_deinit(tmli_mlp *mlp); /* frees the slab; leaves {0} */
/* From now on keeps at most max_bytes of first-layer sums of frequent rows (models/mlp_memo.h) in the first n_blocks
 * blocks, or the last ones; what was kept before is forgotten. Predictions stay the same to the last bit; weights and
 * table must not change any more. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_mlp_keep(tmli_mlp *mlp, bool at_end, size_t n_blocks,
                                       size_t max_bytes, tml_error *err);

/* TML_EINVAL with a sentence when the shape is out of range or its table has another width. */
TML_NODISCARD tml_status tmli_mlp_check(const tmli_mlp_shape *shape, tmli_table table,
                                        tml_error *err);
/* out = f(x) in place, and grad *= f'(x) given out = f(x); n items. */
void tmli_activate(tmli_activation activation, float *x, size_t n);
void tmli_activate_back(tmli_activation activation, float *restrict grad, const float *restrict out,
                        size_t n);
/* Every row of out [n, o] becomes row [o]. */
void tmli_fill_rows(float *restrict out, const float *restrict row, size_t n, size_t o);
/* Applies the output function to z [n, K]. */
void tmli_mlp_output(const tmli_mlp_shape *shape, float *z, size_t n);

/* Scratch of one thread for predicting up to max_rows rows at a time. */
typedef struct tmli_mlp_scratch {
    float *memory;                      /* owned slab */
    float *layers[TMLI_MLP_MAX_LAYERS]; /* [max_rows, O_l] outputs of each layer */
    float *sums;                        /* [max_rows, O_0] products of entries */
    uint32_t *left;                     /* owned; [max_rows] rows that are still to be added up */
    tmli_groups groups;
    size_t max_rows;
} tmli_mlp_scratch;

TML_NODISCARD tml_status tmli_mlp_scratch_init(tmli_mlp_scratch *scratch, const tmli_mlp *mlp,
                                               size_t max_rows, tml_error *err);
void tmli_mlp_scratch_deinit(tmli_mlp_scratch *scratch); /* leaves {0} */

/* What the output function is applied to: z [n, K] of rows first..first+n-1, n at most max_rows. Returned in the
 * scratch, until its next use. Otherwise as tmli_mlp_predict. */
const float *tmli_mlp_logits(const tmli_mlp *mlp, const tmli_rows *rows, size_t first, size_t n,
                             tmli_mlp_scratch *scratch);

/* Scores out [rows->n, K] for any number of rows: softmax or sigmoid probabilities, or plain numbers. Entries with block ≥ B
 * or row ≥ table.n are ignored. No allocation. A row's scores do not depend on its neighbours, to the last bit.
 * Threads: one scratch a thread, the model may be shared. */
void tmli_mlp_predict(const tmli_mlp *mlp, const tmli_rows *rows, tmli_mlp_scratch *scratch,
                      float *out /* [N, K] */);

#endif
