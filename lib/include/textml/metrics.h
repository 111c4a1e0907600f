/* textml/metrics.h: how good predictions are.
 *
 * Definitions are scikit-learn's, zero_division=0: precision, recall and F1 of a class without predictions or rows are
 * 0; macro averages run over all classes, weighted ones by true rows. */
#ifndef TEXTML_METRICS_H
#define TEXTML_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

typedef struct tml_class_metrics {
    double precision, recall, f1;
    uint64_t support; /* rows that truly belong to the class */
    /* Of a class against the rest, by its probabilities; NaN without them, without rows on one side, and for averages. */
    double roc_auc, average_precision;
} tml_class_metrics;

typedef struct tml_metrics {
    size_t n_classes;
    uint64_t n_rows;
    double accuracy;
    /* mean −ln p(true class), p clipped to 1e-15; NaN when no probabilities were given */
    double log_loss;
    tml_class_metrics macro, micro, weighted; /* support: n_rows */
    tml_class_metrics *classes;               /* [n_classes], owned */
    uint64_t *confusion; /* [n_classes, n_classes], row = true class, column = predicted; owned */
} tml_metrics;

/* truth, predicted: [n] class numbers below n_classes. probabilities: [n, n_classes] or NULL.
 * out: release with tml_metrics_deinit; untouched on failure. n 0 gives zeros.
 * Errors: TML_EINVAL for a class out of range (its row is named), TML_ENUMERIC for a probability that is NaN or outside
 * 0..1, TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_metrics_compute(const uint32_t *truth,
                                                     const uint32_t *predicted,
                                                     const double *probabilities, size_t n,
                                                     size_t n_classes, tml_metrics *out,
                                                     tml_error *err);
TML_API void tml_metrics_deinit(tml_metrics *metrics);

#endif
