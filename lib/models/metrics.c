/* Accuracy, log loss, confusion, and what follows from it. */
#include "textml/metrics.h"

#include <math.h>

#include "base/mem.h"
#include "base/status.h"
#include "models/curves.h"

static const double LOG_LOSS_CLIP =
    1e-15; /* scikit-learn's eps until 1.2, which depends on the type since */

static tml_status check_classes(const uint32_t *truth, const uint32_t *predicted, size_t n,
                                size_t n_classes, tml_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (truth[i] >= n_classes || predicted[i] >= n_classes) {
            return tmli_fail(err, TML_EINVAL,
                             "metrics: row %zu has class %u and prediction %u, expected below %zu",
                             i, truth[i], predicted[i], n_classes);
        }
    }
    return TML_OK;
}

/* Mean −ln p(true class). scikit-learn divides each row by its sum; rows of ours sum to 1 but for rounding. */
static tml_status log_loss(const uint32_t *truth, const double *probabilities, size_t n,
                           size_t n_classes, double *out, tml_error *err)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double *const row = probabilities + i * n_classes;
        for (size_t c = 0; c < n_classes; c++) {
            if (!(row[c] >= 0.0 && row[c] <= 1.0)) {
                return tmli_fail(err, TML_ENUMERIC,
                                 "metrics: probability %g of row %zu, class %zu is not in 0..1",
                                 row[c], i, c);
            }
        }
        const double p = row[truth[i]];
        sum -= log(fmin(fmax(p, LOG_LOSS_CLIP), 1.0 - LOG_LOSS_CLIP));
    }
    *out = n > 0 ? sum / (double)n : 0.0;
    return TML_OK;
}

static double ratio(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0.0;
}

/* F1 = 2 tp / (rows + predictions), which is 2 P R / (P + R) without its 0 / 0. */
static tml_class_metrics class_metrics(uint64_t hits, uint64_t n_rows, uint64_t n_predicted)
{
    return (tml_class_metrics){
        .precision = ratio(hits, n_predicted),
        .recall = ratio(hits, n_rows),
        .f1 = ratio(2 * hits, n_rows + n_predicted),
        .support = n_rows,
        .roc_auc = NAN,
        .average_precision = NAN,
    };
}

static void add_scaled(tml_class_metrics *sum, const tml_class_metrics *item, double factor)
{
    sum->precision += factor * item->precision;
    sum->recall += factor * item->recall;
    sum->f1 += factor * item->f1;
}

/* Rows and columns of the confusion matrix, added up. Its cells are not looked at: with 10,000 classes they are 800 MB of
 * zeros, which take no memory as long as nobody does. */
typedef struct class_counts {
    uint64_t hits, rows, predicted;
} class_counts;

static void summarize(const class_counts *counts, tml_metrics *metrics)
{
    const size_t n_classes = metrics->n_classes;
    uint64_t hits = 0;
    for (size_t c = 0; c < n_classes; c++) {
        hits += counts[c].hits;
        metrics->classes[c] = class_metrics(counts[c].hits, counts[c].rows, counts[c].predicted);
        add_scaled(&metrics->macro, &metrics->classes[c], 1.0 / (double)n_classes);
        add_scaled(&metrics->weighted, &metrics->classes[c],
                   ratio(counts[c].rows, metrics->n_rows));
    }
    metrics->macro.roc_auc = metrics->macro.average_precision = NAN;
    metrics->weighted.roc_auc = metrics->weighted.average_precision = NAN;
    metrics->micro = class_metrics(hits, metrics->n_rows, metrics->n_rows);
    metrics->accuracy = ratio(hits, metrics->n_rows);
    metrics->macro.support = metrics->n_rows;
    metrics->weighted.support = metrics->n_rows;
}

/* How well the probabilities of each class rank its rows before the others. */
static tml_status measure_ranks(const uint32_t *truth, const double *probabilities, size_t n,
                                tml_metrics *metrics, tml_error *err)
{
    tml_status status = TML_OK;
    const size_t n_classes = metrics->n_classes;
    unsigned char *is_class = tmli_alloc(n, sizeof *is_class);
    double *scores = tmli_alloc(n, sizeof *scores);
    if (is_class == NULL || scores == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the curves"));
    }
    for (size_t c = 0; c < n_classes; c++) {
        if (metrics->classes[c].support == 0) {
            continue; /* its areas are NaN already */
        }
        for (size_t i = 0; i < n; i++) {
            is_class[i] = truth[i] == c;
            scores[i] = probabilities[i * n_classes + c];
        }
        TMLI_TRY(tmli_curve_areas(is_class, scores, n, &metrics->classes[c].roc_auc,
                                  &metrics->classes[c].average_precision, err));
    }
cleanup:
    tmli_free(is_class);
    tmli_free(scores);
    return status;
}

static tml_status count_rows(const uint32_t *truth, const uint32_t *predicted, tml_metrics *metrics,
                             tml_error *err)
{
    class_counts *const counts = tmli_calloc(metrics->n_classes, sizeof *counts);
    if (counts == NULL) {
        return tmli_fail_memory(err, "the confusion matrix");
    }
    for (size_t i = 0; i < metrics->n_rows; i++) {
        metrics->confusion[truth[i] * metrics->n_classes + predicted[i]]++;
        counts[truth[i]].rows++;
        counts[predicted[i]].predicted++;
        counts[truth[i]].hits += truth[i] == predicted[i];
    }
    summarize(counts, metrics);
    tmli_free(counts);
    return TML_OK;
}

tml_status tml_metrics_compute(const uint32_t *truth, const uint32_t *predicted,
                               const double *probabilities, size_t n, size_t n_classes,
                               tml_metrics *out, tml_error *err)
{
    tml_metrics metrics = {.n_classes = n_classes, .n_rows = n, .log_loss = NAN};
    size_t cells = 0;
    tml_status status = check_classes(truth, predicted, n, n_classes, err);
    if (status == TML_OK && probabilities != NULL) {
        status = log_loss(truth, probabilities, n, n_classes, &metrics.log_loss, err);
    }
    if (status != TML_OK) {
        return status;
    }
    if (!tmli_mul_size(n_classes, n_classes, &cells)) {
        return tmli_fail_memory(err, "the confusion matrix");
    }
    metrics.classes = tmli_calloc(n_classes, sizeof *metrics.classes);
    metrics.confusion = tmli_calloc(cells, sizeof *metrics.confusion);
    if (metrics.classes == NULL || metrics.confusion == NULL) {
        tml_metrics_deinit(&metrics);
        return tmli_fail_memory(err, "the confusion matrix");
    }
    status = count_rows(truth, predicted, &metrics, err);
    if (status == TML_OK && probabilities != NULL) {
        status = measure_ranks(truth, probabilities, n, &metrics, err);
    }
    if (status != TML_OK) {
        tml_metrics_deinit(&metrics);
        return status;
    }
    *out = metrics;
    return TML_OK;
}

void tml_metrics_deinit(tml_metrics *metrics)
{
    tmli_free(metrics->classes);
    tmli_free(metrics->confusion);
    *metrics = (tml_metrics){0};
}
