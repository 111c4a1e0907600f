/* Log-count ratios. The models that are fitted on the weighted rows live in models/. */
#include "features/log_ratio.h"

#include <math.h>

#include "base/mem.h"
#include "base/status.h"

/* Adds every row to the sums of its class. */
static tml_status add_rows(const tmli_csr *x, const uint32_t *labels, size_t n_classes,
                           double *sums, tml_error *err)
{
    for (size_t i = 0; i < x->n_rows; i++) {
        if (labels[i] >= n_classes) {
            return tmli_fail(err, TML_EINVAL, "log-count ratios: row %zu is of class %u of %zu", i,
                             labels[i], n_classes);
        }
        double *const of_class = sums + labels[i] * x->n_cols;
        const tmli_sparse_row row = tmli_csr_row(x, i);
        for (size_t k = 0; k < row.n; k++) {
            if (!(row.values[k] >= 0.0 && isfinite(row.values[k]))) {
                return tmli_fail(err, TML_EINVAL,
                                 "log-count ratios: row %zu, column %u is %g, expected a count or "
                                 "weight from 0",
                                 i, row.columns[k], row.values[k]);
            }
            of_class[row.columns[k]] += row.values[k];
        }
    }
    return TML_OK;
}

/* Turns the sums of one class into its ratios. totals [n]: sums of all classes. */
static void turn_into_ratios(double *sums, const double *totals, size_t n, double alpha)
{
    double p_norm = 0;
    double q_norm = 0;
    for (size_t k = 0; k < n; k++) {
        p_norm += alpha + sums[k];
        q_norm += alpha + (totals[k] - sums[k]);
    }
    const double shift = log(q_norm / p_norm);
    for (size_t k = 0; k < n; k++) {
        /* A difference of sums can fall below 0 by rounding, which alpha would not always cover. */
        const double rest = fmax(totals[k] - sums[k], 0.0);
        sums[k] = log(alpha + sums[k]) - log(alpha + rest) + shift;
    }
}

tml_status tmli_log_ratio_fit(const tmli_csr *x, const uint32_t *labels, size_t n_classes,
                              double alpha, double *ratios, tml_error *err)
{
    if (!(alpha > 0.0 && isfinite(alpha))) {
        return tmli_fail(err, TML_EINVAL, "log-count ratios: alpha %g, expected above 0", alpha);
    }
    if (n_classes < 2) {
        return tmli_fail(err, TML_EINVAL, "log-count ratios: %zu classes, expected at least 2",
                         n_classes);
    }
    const size_t n = x->n_cols;
    for (size_t i = 0; i < n_classes * n; i++) {
        ratios[i] = 0;
    }
    double *const totals = tmli_calloc(n, sizeof *totals);
    if (totals == NULL) {
        return tmli_fail_memory(err, "log-count ratios");
    }
    const tml_status status = add_rows(x, labels, n_classes, ratios, err);
    for (size_t c = 0; status == TML_OK && c < n_classes; c++) {
        for (size_t k = 0; k < n; k++) {
            totals[k] += ratios[c * n + k];
        }
    }
    for (size_t c = 0; status == TML_OK && c < n_classes; c++) {
        turn_into_ratios(ratios + c * n, totals, n, alpha);
    }
    tmli_free(totals);
    return status;
}

void tmli_log_ratio_apply(tmli_sparse_row row, const double *ratios, double *out)
{
    for (size_t k = 0; k < row.n; k++) {
        out[k] = row.values[k] * ratios[row.columns[k]];
    }
}
