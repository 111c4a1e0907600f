/* models/naive_bayes.h: multinomial, complement and Bernoulli naive Bayes, as scikit-learn computes them.
 *
 * A fitted model is immutable and holds a term's classes sparsely: most (class, term) counts are 0, and what such a cell
 * adds to a score is a sum of a number of the class and a number of the term. C classes, V columns; docs/numerics.md has
 * the formulas. Any number of threads may read a model. */
#ifndef MODELS_NAIVE_BAYES_H
#define MODELS_NAIVE_BAYES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/naive_bayes_stats.h"
#include "textml/status.h"

#define TMLI_NB_LIST(X)                   \
    X(TMLI_NB_MULTINOMIAL, "multinomial") \
    X(TMLI_NB_COMPLEMENT, "complement")   \
    X(TMLI_NB_BERNOULLI, "bernoulli") /* a value above 0 counts as 1, others as 0 */

typedef enum tmli_nb_kind {
#define TMLI_NB_ENUM(name, word) name,
    TMLI_NB_LIST(TMLI_NB_ENUM)
#undef TMLI_NB_ENUM
} tmli_nb_kind;

typedef struct tmli_nb_options {
    tmli_nb_kind kind;
    double alpha; /* additive smoothing; at least 1e-10; default 1 */
    bool
        fit_prior; /* priors from the data, otherwise equal ones; default true; complement has none */
    bool norm;     /* complement: divide weights by their sum over the columns; default false */
    bool one_vs_rest; /* one model for each class against the others; default false */
    /* [C] given priors, above 0, sum 1; NULL (default) for none. one_vs_rest: p against 1 - p. Borrowed for the fit. */
    const double *priors;
    /* [C] factors of the rows' weights, finite and not negative; NULL (default) for 1. Borrowed for the fit. */
    const double *class_weights;
} tmli_nb_options;

tmli_nb_options tmli_nb_options_default(tmli_nb_kind kind);

/* Score of class c = prior + scale · Σ_j x_j · (term_j + base + delta_jc), x_j = 1 for Bernoulli's values above 0. The deltas
 * of column j are those at offsets[j]..offsets[j + 1] - 1, of rising classes; a class without one has delta 0. */
typedef struct tmli_nb {
    tmli_nb_kind kind;
    bool one_vs_rest;
    size_t n_classes; /* C */
    size_t n_columns; /* V */
    size_t n_deltas;  /* below 2^32 */
    const double *
        priors; /* [C] log prior, for Bernoulli with Σ_j log(1 - p_jc); -inf for a class without rows */
    const double *bases;     /* [C] */
    const double *scales;    /* [C] */
    const double *terms;     /* [V], or NULL when all are 0 */
    const uint32_t *offsets; /* [V + 1] */
    const uint16_t *classes; /* [n_deltas] */
    const double *deltas;    /* [n_deltas] */
    double *owned_numbers;   /* the memory of these arrays, NULL where they are borrowed */
    uint32_t *owned_offsets;
    uint16_t *owned_classes;
} tmli_nb;

/* Fits a model. stats: is_binary for Bernoulli, and only for it. out: owned, release with tmli_nb_deinit; untouched on
 * failure. Time is O(C·V). Errors: TML_EINVAL for options out of range and for rows of one class only, TML_ENUMERIC for
 * sums that are not finite, TML_ELIMIT for 2^32 deltas and more, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_nb_fit(const tmli_nb_stats *stats, const tmli_nb_options *options,
                                     tmli_nb *out, tml_error *err);
void tmli_nb_deinit(tmli_nb *nb); /* leaves {0} */

/* A model over arrays that somebody else holds, such as a mapped file: sizes and pointers of parts are copied, owned_* are
 * not read. The arrays are borrowed until the model's last use. O(C) checks; what they cannot see (offsets and classes) is
 * checked where it is met, so that damaged arrays give wrong scores and no reads out of bounds.
 * Errors: TML_EFORMAT. */
TML_NODISCARD tml_status tmli_nb_view(const tmli_nb *parts, tmli_nb *out, tml_error *err);

/* Scores out [C] of a row of n elements; columns from V on are ignored. The joint log likelihood, or with one_vs_rest the
 * logarithm of each class's probability against the rest. No allocation. */
void tmli_nb_scores(const tmli_nb *nb, const uint32_t *columns, const double *values, size_t n,
                    double *out);
/* Probabilities out [C] from scores [C]; both may be one array. With one_vs_rest they are divided by their sum. */
void tmli_nb_probabilities(const tmli_nb *nb, const double *scores, double *out);
/* What a column says about a class: scikit-learn's feature_log_prob_[class, column]; with one_vs_rest what a value of 1
 * adds to the logarithm of the odds, class against rest. class_number below C, column below V. */
double tmli_nb_weight(const tmli_nb *nb, size_t class_number, size_t column);

#endif
