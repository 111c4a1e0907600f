/* features/tfidf.h: from counts to weights, as scikit-learn 1.2.1's TfidfTransformer computes them. */
#ifndef FEATURES_TFIDF_H
#define FEATURES_TFIDF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/radix.h"

typedef enum tmli_norm {
    TMLI_NORM_NONE,
    TMLI_NORM_L1,
    TMLI_NORM_L2,
} tmli_norm;

typedef struct tmli_weighting {
    bool binary;       /* every count that is stored, were it 0, counts as 1 */
    bool sublinear_tf; /* 1 + ln(count) */
    tmli_norm norm;
    const double *idf; /* borrowed, [columns]; NULL leaves it out */
} tmli_weighting;

/* idf of a term that df of n documents hold: ln((1 + n) / (1 + df)) + 1 when smooth, as if one more document held every
 * term, else ln(n / df) + 1. */
double tmli_idf(size_t n, size_t df, bool smooth);

/* Sorts items (key: column, value: count) and adds up those of one column; returns how many are left.
 * scratch: [n]. n_bits: of a column. */
size_t tmli_combine(tmli_item *items, tmli_item *scratch, size_t n, unsigned n_bits);

/* One row: columns and values of items[0..n), in their order. Sums run over rising columns. A row of zeros stays one. */
void tmli_weigh(const tmli_weighting *weighting, const tmli_item *items, size_t n,
                uint32_t *columns, double *values);

/* Bits that the numbers 0..n-1 need. */
unsigned tmli_bits_for(size_t n);

#endif
