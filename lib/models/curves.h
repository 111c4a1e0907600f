/* models/curves.h: how well scores rank and what probabilities are worth, of one class against the rest.
 *
 * Definitions are scikit-learn 1.2's. truth [n]: 0 for negative, others for positive. */
#ifndef MODELS_CURVES_H
#define MODELS_CURVES_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

typedef struct tmli_curve {
    double area;   /* NaN when there are only positives, only negatives, or no rows */
    size_t n;      /* points; 0 when area is NaN */
    double *x, *y; /* [n] owned */
} tmli_curve;

/* Releases the points; leaves {0}. */
void tmli_curve_deinit(tmli_curve *curve);

/* Receiver operating characteristic: x = share of the negatives, y = share of the positives that score at least a threshold,
 * from (0, 0) to (1, 1). Rows of equal score make one point; points amid a straight line are left out, as roc_curve does.
 * area = roc_auc_score. out: release with tmli_curve_deinit; untouched on failure.
 * Errors: TML_ENUMERIC for a score that is not finite (its row is named), TML_ENOMEM. */
TML_NODISCARD tml_status tmli_roc(const unsigned char *truth, const double *scores, size_t n,
                                  tmli_curve *out, tml_error *err);

/* x = recall, y = precision, a point for each different score, by falling score, behind (0, 1): precision_recall_curve from
 * its end. area = average_precision_score, the sum of precision times the recall that a point adds. Else as tmli_roc. */
TML_NODISCARD tml_status tmli_precision_recall(const unsigned char *truth, const double *scores,
                                               size_t n, tmli_curve *out, tml_error *err);

/* The areas of both curves alone, the same to the last bit: without the points the negatives need no order, which for one
 * class of thousands is nearly all of the time. Outputs are untouched on failure; errors as above. */
TML_NODISCARD tml_status tmli_curve_areas(const unsigned char *truth, const double *scores,
                                          size_t n, double *roc, double *average_precision,
                                          tml_error *err);

typedef struct tmli_calibration_bin {
    double predicted; /* mean probability of the bin's rows; NaN without rows */
    double positive;  /* share of positives among them; NaN without rows */
    uint64_t count;
} tmli_calibration_bin;

/* bins [n_bins], n_bins at least 1: of equal width from 0 to 1, each with its upper edge, the first with 0 as well;
 * calibration_curve(strategy="uniform"), which leaves bins without rows out.
 * Errors: TML_ENUMERIC for a probability that is NaN or outside 0..1 (its row is named); bins are then untouched. */
TML_NODISCARD tml_status tmli_calibration(const unsigned char *truth, const double *probabilities,
                                          size_t n, size_t n_bins, tmli_calibration_bin *bins,
                                          tml_error *err);

typedef struct tmli_interval {
    double low, high;
} tmli_interval;

/* Wilson's score interval of a share, k of n (E. B. Wilson, JASA 22, 1927; Brown, Cai & DasGupta, Statistical Science 16,
 * 2001); z = 1.959963984540054 for 95 %. k at most n; n 0 gives 0..1. */
tmli_interval tmli_wilson(uint64_t k, uint64_t n, double z);

#endif
