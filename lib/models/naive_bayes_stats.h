/* models/naive_bayes_stats.h: what naive Bayes has to know of the training rows: sums by class and column.
 *
 * Rows can be added in parts, and the sums of two parts merged, so that several hosts can count each their own. C classes,
 * V columns. */
#ifndef MODELS_NAIVE_BAYES_STATS_H
#define MODELS_NAIVE_BAYES_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pool.h"
#include "num/sparse.h"
#include "textml/status.h"

enum {
    TMLI_NB_MAX_CLASSES = 65535 /* a class number has 16 bits in the model */
};

typedef struct tmli_nb_stats {
    size_t n_classes; /* C, 2..TMLI_NB_MAX_CLASSES */
    size_t n_columns; /* V, at least 1 */
    bool is_binary;   /* sums count rows whose value is above 0; otherwise they add up values */
    double *weights;  /* [C] weights of the rows of each class; owned */
    double *sums;     /* [C, V] sum of weight times value, or of weights; owned */
} tmli_nb_stats;

/* All sums 0. is_binary: for Bernoulli. out: release with tmli_nb_stats_deinit; untouched on failure.
 * Errors: TML_EINVAL for fewer than two classes or no column, TML_ELIMIT, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_nb_stats_init(size_t n_classes, size_t n_columns, bool is_binary,
                                            tmli_nb_stats *out, tml_error *err);
void tmli_nb_stats_deinit(tmli_nb_stats *stats); /* leaves {0} */

/* Adds the rows. labels [rows->n_rows], below C. weights [rows->n_rows], finite and not negative, or NULL for 1.
 * Every sum runs over the rows in their order, so that the bits do not depend on the threads of the pool (may be NULL),
 * and are those of scikit-learn's feature_count_.
 * Errors, nothing is added then: TML_EINVAL for a value that is not finite or, unless is_binary, negative (row and column
 * are named, from 0), for a label or weight out of range, for other columns than V; TML_ENOMEM. */
TML_NODISCARD tml_status tmli_nb_stats_add(tmli_nb_stats *stats, const tmli_csr *rows,
                                           const uint32_t *labels, const double *weights,
                                           tmli_pool *pool, tml_error *err);
/* Adds the sums of another part to these. The same parts merged in the same order give the same bits.
 * Errors: TML_EINVAL when the two differ in C, V or is_binary. */
TML_NODISCARD tml_status tmli_nb_stats_merge(tmli_nb_stats *into, const tmli_nb_stats *from,
                                             tml_error *err);

#endif
