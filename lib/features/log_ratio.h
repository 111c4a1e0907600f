/* features/log_ratio.h: naive-Bayes log-count ratios as weights of features (NB-SVM).
 *
 * Sida Wang and Christopher D. Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification", ACL
 * 2012, section 2: with f the rows, p = alpha + sum of f over the class, q = alpha + sum of f over all others,
 * r = ln((p / |p|_1) / (q / |q|_1)). A linear model is then fitted on f * r. For more than two classes there is one r
 * for each, against the rest. The paper's best figures have binary rows. */
#ifndef FEATURES_LOG_RATIO_H
#define FEATURES_LOG_RATIO_H

#include <stddef.h>
#include <stdint.h>

#include "num/sparse.h"
#include "textml/status.h"

/* labels [x->n_rows]: below n_classes. ratios [n_classes, x->n_cols], output; its content is lost on failure.
 * Errors: TML_EINVAL for alpha that is not above 0, fewer than 2 classes, a label out of range, or a value that is
 * negative or not finite. Sums run over rising rows. */
TML_NODISCARD tml_status tmli_log_ratio_fit(const tmli_csr *x, const uint32_t *labels,
                                            size_t n_classes, double alpha, double *ratios,
                                            tml_error *err);
/* out [row.n] = row's values times the ratios [columns] of one class; out may be the row's own values. */
void tmli_log_ratio_apply(tmli_sparse_row row, const double *ratios, double *out);

#endif
