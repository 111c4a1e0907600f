/* num/optim.h: gradient descent with Keras' update rules and defaults, lazily and exactly.
 *
 * Accumulators (v, and adam's m) whose size falls below FLT_MIN become 0 in every step, eager or lazy: denormal numbers
 * would make each later step many times slower, and weigh nothing beside ε.
 * Parameters come in rows (a block of weights, one embedding vector). A row whose gradient is exactly zero in a step is
 * not touched then; before it is next read, tmli_optim_catch_up replays the steps that it missed, operation by
 * operation, so that the bits are those of the eager rule. Formulas and their sources: docs/numerics.md. */
#ifndef NUM_OPTIM_H
#define NUM_OPTIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

/* X(name, recipe word) */
#define TMLI_OPTIMIZER_LIST(X)                                                                    \
    X(TMLI_SGD, "sgd")         /* v ← m·v − lr·g; p ← p + v; momentum 0 keeps no v */     \
    X(TMLI_RMSPROP, "rmsprop") /* v ← ρ·v + (1−ρ)·g²; p ← p − lr·g/(√v + ε) */   \
    X(TMLI_ADAM, "adam")       /* Kingma & Ba 2015, bias correction folded into lr as in Keras */ \
    X(TMLI_ADAGRAD, "adagrad") /* v ← v + g²; p ← p − lr·g/√(v + ε) (Keras: v starts at 0.1) */

typedef enum tmli_optimizer {
#define TMLI_OPTIMIZER_ENUM(name, word) name,
    TMLI_OPTIMIZER_LIST(TMLI_OPTIMIZER_ENUM)
#undef TMLI_OPTIMIZER_ENUM
} tmli_optimizer;

typedef struct tmli_optim_options {
    tmli_optimizer kind;
    float learning_rate; /* above 0 */
    float momentum;      /* sgd: 0..1 */
    float rho;           /* rmsprop: decay of v, 0..1 */
    float beta1, beta2;  /* adam */
    float epsilon;       /* above 0 */
} tmli_optim_options;

/* Keras' defaults for a kind: sgd 0.01, momentum 0; rmsprop 0.001, ρ 0.9; adam 0.001, 0.9, 0.999; adagrad 0.001;
 * ε 1e-7 everywhere. */
tmli_optim_options tmli_optim_defaults(tmli_optimizer kind);

/* State of one parameter array [n_rows, width]. */
typedef struct tmli_optim_state {
    float *slots[2]; /* owned; each [n_rows, width], or NULL where the kind keeps none */
    uint32_t *steps; /* owned; [n_rows]: the step up to which a row is current */
    size_t n_rows;
    size_t width;
} tmli_optim_state;

/* state: untouched on failure. Errors: TML_EINVAL for options out of range, TML_ELIMIT, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_optim_state_init(tmli_optim_state *state,
                                               const tmli_optim_options *options, size_t n_rows,
                                               size_t width, tml_error *err);
void tmli_optim_state_deinit(tmli_optim_state *state); /* leaves {0} */

/* True when a step without gradient moves parameters (momentum, adam): rows must then catch up before they are read.
 * Otherwise only v decays, and catching up may wait for the row's next gradient. */
bool tmli_optim_drifts(const tmli_optim_options *options);

/* Brings row up to the end of step `step` (steps count from 1) as if it had had zero gradients since. params: the row's
 * `width` parameters. Different threads may handle different rows at once. */
void tmli_optim_catch_up(const tmli_optim_options *options, tmli_optim_state *state, size_t row,
                         uint32_t step, float *params);
/* Step `step` of numbers first..first+n-1 of a row that is current up to step − 1. params, grad: [n], those numbers.
 * Different threads may handle different numbers at once. The row is not current before tmli_optim_stepped. */
void tmli_optim_apply(const tmli_optim_options *options, const tmli_optim_state *state, size_t row,
                      size_t first, size_t n, uint32_t step, float *restrict params,
                      const float *restrict grad);
/* Notes that all numbers of the row have made step `step`. */
void tmli_optim_stepped(tmli_optim_state *state, size_t row, uint32_t step);

#endif
