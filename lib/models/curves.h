/* models/curves.h: what scores of two classes say at every threshold. */
#ifndef MODELS_CURVES_H
#define MODELS_CURVES_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

typedef struct tmli_curve {
    double area;
    size_t n;
    double *x, *y; /* [n], owned */
} tmli_curve;

/* truth: [n] 0 or 1. out: release with tmli_curve_deinit; untouched on failure. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_roc(const unsigned char *truth, const double *scores, size_t n,
                                  tmli_curve *out, tml_error *err);
/* x: recall, y: precision; area: average precision. */
TML_NODISCARD tml_status tmli_precision_recall(const unsigned char *truth, const double *scores,
                                               size_t n, tmli_curve *out, tml_error *err);
void tmli_curve_deinit(tmli_curve *curve);

/* Scores in 0..1 in n_bins equal bins: mean score, share of ones, rows; each [n_bins]. */
TML_NODISCARD tml_status tmli_calibration(const unsigned char *truth, const double *scores,
                                          size_t n, size_t n_bins, double *mean_predicted,
                                          double *fraction, uint64_t *counts, tml_error *err);

/* Wilson's interval for k of n at z standard deviations. */
void tmli_wilson(uint64_t k, uint64_t n, double z, double *low, double *high);

#endif
