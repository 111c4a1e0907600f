/* The figures of the report: what is computed before anything is drawn. */
#include "pipeline/report.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "models/curves.h"
#include "pipeline/charts.h"

static const double Z95 = 1.959963984540054; /* 97.5 % of the normal distribution lie below */
static const double LOG_LOSS_CLIP = 1e-15;   /* as in textml/metrics.h */

void tmli_report_deinit(tmli_report *report)
{
    tmli_free(report->shown);
    tmli_free(report->predicted);
    tmli_free(report->confidence);
    tmli_free(report->roc_area);
    tmli_free(report->average_precision);
    tmli_free(report->roc);
    tmli_free(report->precision_recall);
    tml_metrics_deinit(&report->metrics);
    *report = (tmli_report){0};
}

static tml_status check(const tml_report_input *in, tml_error *err)
{
    const tml_report_evaluation *const e = &in->evaluation;
    if (in->n_labels < 2 || in->n_labels > UINT32_MAX) {
        return tmli_fail(err, TML_EINVAL, "report: %zu labels, expected 2 or more", in->n_labels);
    }
    for (size_t i = 0; i < e->n; i++) {
        if (e->truth[i] >= in->n_labels) {
            return tmli_fail(err, TML_EINVAL, "report: row %zu has class %u, expected below %zu", i,
                             e->truth[i], in->n_labels);
        }
        for (size_t c = 0; c < in->n_labels; c++) {
            const double p = e->probabilities[i * in->n_labels + c];
            if (!(p >= 0 && p <= 1)) {
                return tmli_fail(err, TML_ENUMERIC,
                                 "report: probability %g of row %zu, class %zu is not in 0..1", p,
                                 i, c);
            }
        }
    }
    return TML_OK;
}

static uint64_t class_rows(const tmli_report *report, size_t c)
{
    const tml_report_input *const in = report->in;
    if (in->evaluation.n > 0) {
        return report->metrics.classes[c].support;
    }
    uint64_t rows = 0;
    for (size_t p = 0; p < in->n_parts; p++) {
        rows += in->parts[p].rows_per_class != NULL ? in->parts[p].rows_per_class[c] : 0;
    }
    return rows;
}

/* The classes with most rows, the earlier of equal ones, at most TMLI_REPORT_SHOWN. */
static tml_status choose_shown(tmli_report *report, tml_error *err)
{
    const size_t n = report->in->n_labels;
    tml_status status = TML_OK;
    report->shown = tmli_alloc(n, sizeof *report->shown);
    unsigned char *const taken = tmli_calloc(n, 1);
    if (report->shown == NULL || taken == NULL) {
        status = tmli_fail_memory(err, "the report");
        goto cleanup;
    }
    for (size_t round = 0; round < n && round < TMLI_REPORT_SHOWN; round++) {
        size_t best = n;
        for (size_t c = 0; c < n; c++) {
            if (taken[c] == 0 && (best == n || class_rows(report, c) > class_rows(report, best))) {
                best = c;
            }
        }
        taken[best] = 1;
    }
    for (size_t c = 0; c < n; c++) {
        if (taken[c] != 0) {
            report->shown[report->n_shown++] = (uint32_t)c;
        }
    }
cleanup:
    tmli_free(taken);
    return status;
}

static tml_status predict(tmli_report *report, tml_error *err)
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    const size_t k = report->in->n_labels;
    report->predicted = tmli_alloc(e->n, sizeof *report->predicted);
    report->confidence = tmli_alloc(e->n, sizeof *report->confidence);
    if (report->predicted == NULL || report->confidence == NULL) {
        return tmli_fail_memory(err, "the report's predictions");
    }
    for (size_t i = 0; i < e->n; i++) {
        const double *const row = e->probabilities + i * k;
        uint32_t best = 0;
        for (uint32_t c = 1; c < k; c++) {
            best = row[c] > row[best] ? c : best;
        }
        report->predicted[i] = best;
        report->confidence[i] = row[best];
    }
    return tml_metrics_compute(e->truth, report->predicted, NULL, e->n, k, &report->metrics, err);
}

/* A figure that is a mean over rows, or is moved by each row as if it were (the delta method). */
static tmli_figure with_interval(double value, double variance, size_t n, double most)
{
    const double half = Z95 * sqrt(fmax(variance, 0) / (double)n);
    return (tmli_figure){value, fmax(value - half, 0), fmin(value + half, most)};
}

/* What one row of true class i and predicted class j does to F1 averages. With R and C the shares of rows and
 * predictions and S = R + C: dF_k = (2 dp_kk - F_k (dR_k + dC_k)) / S_k. */
static double f1_slope(const tml_metrics *m, const uint64_t *n_predicted, size_t i, size_t j,
                       bool is_weighted)
{
    const double n = (double)m->n_rows;
    double slope = 0;
    const size_t ends[2] = {i, j};
    for (size_t e = 0; e < 2; e++) {
        const tml_class_metrics *const c = &m->classes[ends[e]];
        const double rows = (double)c->support;
        const double both = (rows + (double)n_predicted[ends[e]]) / n;
        const double weight = is_weighted ? rows / n : 1 / (double)m->n_classes;
        slope += weight * ((i == j ? 1 : 0) - c->f1) / both;
    }
    return slope + (is_weighted ? m->classes[i].f1 : 0);
}

static tml_status f1_intervals(tmli_report *report, tml_error *err)
{
    const tml_metrics *const m = &report->metrics;
    const size_t k = m->n_classes;
    uint64_t *const n_predicted = tmli_calloc(k, sizeof *n_predicted);
    if (n_predicted == NULL) {
        return tmli_fail_memory(err, "the report's intervals");
    }
    for (size_t i = 0; i < report->in->evaluation.n; i++) {
        n_predicted[report->predicted[i]]++;
    }
    double macro = 0;
    double weighted = 0;
    for (size_t cell = 0; cell < k * k; cell++) {
        if (m->confusion[cell] > 0) {
            const double share = (double)m->confusion[cell] / (double)m->n_rows;
            const double a = f1_slope(m, n_predicted, cell / k, cell % k, false);
            const double b = f1_slope(m, n_predicted, cell / k, cell % k, true) - m->weighted.f1;
            macro += share * a * a;
            weighted += share * b * b;
        }
    }
    report->macro_f1 = with_interval(m->macro.f1, macro, m->n_rows, 1);
    report->weighted_f1 = with_interval(m->weighted.f1, weighted, m->n_rows, 1);
    tmli_free(n_predicted);
    return TML_OK;
}

static void simple_figures(tmli_report *report)
{
    const tml_report_evaluation *const e = &report->in->evaluation;
    uint64_t hits = 0;
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < e->n; i++) {
        const double p = e->probabilities[i * report->in->n_labels + e->truth[i]];
        const double loss = -log(fmin(fmax(p, LOG_LOSS_CLIP), 1 - LOG_LOSS_CLIP));
        sum += loss;
        squares += loss * loss;
        hits += report->predicted[i] == e->truth[i] ? 1 : 0;
    }
    const double n = (double)e->n;
    const double mean = sum / n;
    report->log_loss = with_interval(mean, squares / n - mean * mean, e->n, INFINITY);
    report->accuracy.value = report->metrics.accuracy;
    const tmli_interval interval = tmli_wilson(hits, e->n, Z95);
    report->accuracy.low = interval.low;
    report->accuracy.high = interval.high;
}

typedef struct scratch {
    unsigned char *truth; /* [n] */
    double *scores;       /* [n] */
    unsigned char *keep;  /* [n + 2] */
    size_t *stack;        /* [2 (n + 2)] */
} scratch;

/* Keeps of a curve what fits; the tolerance begins below a pixel and grows only for curves that are all teeth. */
static void thin_curve(tmli_curve *curve, const scratch *s, tmli_report_curve *out)
{
    double tolerance = 0.001;
    size_t n = tmli_thin(curve->x, curve->y, curve->n, tolerance, s->keep, s->stack);
    while (n > TMLI_CURVE_POINTS) {
        tolerance *= 1.5;
        n = tmli_thin(curve->x, curve->y, n, tolerance, s->keep, s->stack);
    }
    out->area = curve->area;
    out->n = n;
    memcpy(out->x, curve->x, n * sizeof *out->x);
    memcpy(out->y, curve->y, n * sizeof *out->y);
}

/* What the curves of a class are made of; false when one side has no rows. */
static bool take_class(const tmli_report *report, size_t c, const scratch *s)
{
    const size_t n = report->in->evaluation.n;
    if (report->metrics.classes[c].support == 0 || report->metrics.classes[c].support == n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        s->truth[i] = report->in->evaluation.truth[i] == c ? 1 : 0;
        s->scores[i] = report->in->evaluation.probabilities[i * report->in->n_labels + c];
    }
    return true;
}

/* The curves of the class that is shown at a place, and their areas. */
static tml_status class_curves(tmli_report *report, size_t at, const scratch *s, tml_error *err)
{
    const size_t c = report->shown[at];
    const size_t n = report->in->evaluation.n;
    tmli_curve curve = {0};
    tml_status status = TML_OK;
    TMLI_TRY(tmli_roc(s->truth, s->scores, n, &curve, err));
    report->roc_area[c] = curve.area;
    thin_curve(&curve, s, &report->roc[at]);
    tmli_curve_deinit(&curve);
    TMLI_TRY(tmli_precision_recall(s->truth, s->scores, n, &curve, err));
    report->average_precision[c] = curve.area;
    thin_curve(&curve, s, &report->precision_recall[at]);
cleanup:
    tmli_curve_deinit(&curve);
    return status;
}

static tml_status all_curves(tmli_report *report, tml_error *err)
{
    const size_t n = report->in->evaluation.n;
    const size_t k = report->in->n_labels;
    tml_status status = TML_OK;
    scratch s = {.truth = tmli_alloc(n, 1),
                 .scores = tmli_alloc(n, sizeof(double)),
                 .keep = tmli_alloc(n + 2, 1),
                 .stack = tmli_alloc(n + 2, 2 * sizeof(size_t))};
    report->roc_area = tmli_alloc(k, sizeof *report->roc_area);
    report->average_precision = tmli_alloc(k, sizeof *report->average_precision);
    report->roc = tmli_calloc(report->n_shown, sizeof *report->roc);
    report->precision_recall = tmli_calloc(report->n_shown, sizeof *report->precision_recall);
    if (s.truth == NULL || s.scores == NULL || s.keep == NULL || s.stack == NULL ||
        report->roc_area == NULL || report->average_precision == NULL || report->roc == NULL ||
        report->precision_recall == NULL) {
        status = tmli_fail_memory(err, "the report's curves");
        goto cleanup;
    }
    size_t at = 0; /* in shown, which runs in the order of the classes */
    for (size_t c = 0; c < k; c++) {
        const bool is_shown = at < report->n_shown && report->shown[at] == c;
        report->roc_area[c] = report->average_precision[c] = NAN;
        const bool has_curves = take_class(report, c, &s);
        if (has_curves && is_shown) {
            TMLI_TRY(class_curves(report, at, &s, err));
        } else if (has_curves) {
            TMLI_TRY(tmli_curve_areas(s.truth, s.scores, n, &report->roc_area[c],
                                      &report->average_precision[c], err));
        }
        at += is_shown ? 1 : 0;
    }
cleanup:
    tmli_free(s.truth);
    tmli_free(s.scores);
    tmli_free(s.keep);
    tmli_free(s.stack);
    return status;
}

tml_status tmli_report_prepare(tmli_report *report, const tml_report_input *input, tml_error *err)
{
    tml_status status = TML_OK;
    report->in = input;
    TMLI_TRY(check(input, err));
    if (input->evaluation.n > 0) {
        TMLI_TRY(predict(report, err));
    }
    TMLI_TRY(choose_shown(report, err));
    if (input->evaluation.n > 0) {
        simple_figures(report);
        TMLI_TRY(f1_intervals(report, err));
        TMLI_TRY(all_curves(report, err));
    }
cleanup:
    return status;
}
