/* ROC, precision and recall, calibration, Wilson's interval. */
#include "models/curves.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/status.h"

typedef struct scored {
    double score;
    unsigned char truth;
} scored;

static int by_falling_score(const void *a, const void *b)
{
    const double x = ((const scored *)a)->score;
    const double y = ((const scored *)b)->score;
    return (x < y) - (x > y);
}

static scored *sorted(const unsigned char *truth, const double *scores, size_t n)
{
    scored *const rows = tmli_alloc(n, sizeof *rows);
    if (rows != NULL) {
        for (size_t i = 0; i < n; i++) {
            rows[i] = (scored){scores[i], truth[i]};
        }
        qsort(rows, n, sizeof *rows, by_falling_score);
    }
    return rows;
}

static tml_status trace(const unsigned char *truth, const double *scores, size_t n, bool roc,
                        tmli_curve *out, tml_error *err)
{
    tmli_curve curve = {.n = 1};
    curve.x = tmli_alloc(n + 1, sizeof *curve.x);
    curve.y = tmli_alloc(n + 1, sizeof *curve.y);
    scored *const rows = sorted(truth, scores, n);
    if (curve.x == NULL || curve.y == NULL || rows == NULL) {
        tmli_curve_deinit(&curve);
        tmli_free(rows);
        return tmli_fail_memory(err, "a curve");
    }
    double ones = 0;
    for (size_t i = 0; i < n; i++) {
        ones += rows[i].truth;
    }
    double hits = 0;
    double false_hits = 0;
    curve.x[0] = 0;
    curve.y[0] = roc ? 0 : 1;
    for (size_t i = 0; i < n; i++) {
        hits += rows[i].truth;
        false_hits += 1 - rows[i].truth;
        if (i + 1 < n && rows[i + 1].score >= rows[i].score) {
            continue;
        }
        const double x = roc ? false_hits / ((double)n - ones) : hits / ones;
        const double y = roc ? hits / ones : hits / (hits + false_hits);
        const double left = curve.x[curve.n - 1];
        curve.area += (x - left) * (roc ? (y + curve.y[curve.n - 1]) / 2 : y);
        curve.x[curve.n] = x;
        curve.y[curve.n++] = y;
    }
    tmli_free(rows);
    *out = curve;
    return TML_OK;
}

tml_status tmli_roc(const unsigned char *truth, const double *scores, size_t n, tmli_curve *out,
                    tml_error *err)
{
    return trace(truth, scores, n, true, out, err);
}

tml_status tmli_precision_recall(const unsigned char *truth, const double *scores, size_t n,
                                 tmli_curve *out, tml_error *err)
{
    return trace(truth, scores, n, false, out, err);
}

void tmli_curve_deinit(tmli_curve *curve)
{
    tmli_free(curve->x);
    tmli_free(curve->y);
    *curve = (tmli_curve){0};
}

tml_status tmli_calibration(const unsigned char *truth, const double *scores, size_t n,
                            size_t n_bins, double *mean_predicted, double *fraction,
                            uint64_t *counts, tml_error *err)
{
    (void)err;
    for (size_t b = 0; b < n_bins; b++) {
        mean_predicted[b] = fraction[b] = 0;
        counts[b] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t at = (size_t)(scores[i] * (double)n_bins);
        const size_t b = at < n_bins ? at : n_bins - 1;
        mean_predicted[b] += scores[i];
        fraction[b] += truth[i];
        counts[b]++;
    }
    for (size_t b = 0; b < n_bins; b++) {
        mean_predicted[b] /= counts[b] > 0 ? (double)counts[b] : 1;
        fraction[b] /= counts[b] > 0 ? (double)counts[b] : 1;
    }
    return TML_OK;
}

void tmli_wilson(uint64_t k, uint64_t n, double z, double *low, double *high)
{
    const double rows = (double)n;
    const double p = (double)k / rows;
    const double centre = (p + z * z / (2 * rows)) / (1 + z * z / rows);
    const double half =
        z / (1 + z * z / rows) * sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows));
    *low = fmax(0, centre - half);
    *high = fmin(1, centre + half);
}
