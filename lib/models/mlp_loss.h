/* models/mlp_loss.h: losses of single rows, their gradients, and whether a row is right. Formulas: docs/numerics.md. */
#ifndef MODELS_MLP_LOSS_H
#define MODELS_MLP_LOSS_H

#include <stddef.h>
#include <stdint.h>

#include "models/mlp.h"

/* What a row should give: class `label`, or K numbers when targets is not NULL. */
typedef struct tmli_wanted {
    uint32_t label;
    const float *targets; /* [K] or NULL */
} tmli_wanted;

typedef struct tmli_row_loss {
    double loss; /* without weight */
    /* share of the row's outputs that are right, 0 or 1 for one class; NaN for identity */
    float hits;
} tmli_row_loss;

/* z [K]: what the output function was applied to; p [K]: what it gave.
 * The stable forms need both: z for large losses, p for the rest. */
tmli_row_loss tmli_loss_of_row(tmli_output output, const float *z, const float *p, size_t k,
                               const tmli_wanted *wanted);
/* p [K] becomes the gradient of factor · loss by z. */
void tmli_loss_gradient(tmli_output output, float *p, size_t k, const tmli_wanted *wanted,
                        float factor);

#endif
