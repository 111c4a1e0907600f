/* Curves over thresholds, calibration, Wilson's interval. */
#include "models/curves.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/status.h"

void tmli_curve_deinit(tmli_curve *curve)
{
    tmli_free(curve->x);
    tmli_free(curve->y);
    *curve = (tmli_curve){0};
}

/* ---- rows by score ---- */

typedef struct scored {
    double score;
    bool is_positive;
} scored;

static int by_falling_score(const void *a, const void *b)
{
    const double left = ((const scored *)a)->score;
    const double right = ((const scored *)b)->score;
    return (left < right) - (left > right);
}

/* Positives and negatives that score at least the threshold. */
typedef struct step {
    double hits,
        misses; /* whole numbers below 2^53: their sums and products stay exact for 10^7 rows */
} step;

typedef struct steps {
    step *items; /* owned; items[0] is {0, 0}, then one for each different score, falling */
    size_t n;
} steps;

/* The order within equal scores is of no consequence: they make one step. */
static size_t walk(const scored *rows, size_t n, step *out)
{
    size_t n_steps = 0;
    step at = {0};
    out[n_steps++] = at;
    for (size_t i = 0; i < n; i++) {
        at.hits += rows[i].is_positive ? 1.0 : 0.0;
        at.misses += rows[i].is_positive ? 0.0 : 1.0;
        if (i + 1 == n || rows[i + 1].score != rows[i].score) {
            out[n_steps++] = at;
        }
    }
    return n_steps;
}

static tml_status check_scores(const double *scores, size_t n, tml_error *err)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(scores[i])) {
            return tmli_fail(err, TML_ENUMERIC, "curve: score %g of row %zu is not finite",
                             scores[i], i);
        }
    }
    return TML_OK;
}

static tml_status make_steps(const unsigned char *truth, const double *scores, size_t n, steps *out,
                             tml_error *err)
{
    tml_status status = TML_OK;
    step *items = NULL;
    scored *rows = tmli_alloc(n, sizeof *rows);
    if (n < SIZE_MAX) {
        items = tmli_alloc(n + 1, sizeof *items);
    }
    if (rows == NULL || items == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a curve"));
    }
    TMLI_TRY(check_scores(scores, n, err));
    for (size_t i = 0; i < n; i++) {
        rows[i] = (scored){scores[i], truth[i] != 0};
    }
    qsort(rows, n, sizeof *rows, by_falling_score);
    out->n = walk(rows, n, items);
    out->items = items;
    items = NULL;
cleanup:
    tmli_free(rows);
    tmli_free(items);
    return status;
}

static tml_status make_points(size_t n, tmli_curve *out, tml_error *err)
{
    tmli_curve curve = {.n = n};
    curve.x = tmli_alloc(n, sizeof *curve.x);
    curve.y = tmli_alloc(n, sizeof *curve.y);
    if (curve.x == NULL || curve.y == NULL) {
        tmli_curve_deinit(&curve);
        return tmli_fail_memory(err, "a curve");
    }
    *out = curve;
    return TML_OK;
}

/* A curve is made of steps, unless one side is missing. */
typedef void (*draw_fn)(const steps *s, tmli_curve *curve);

static tml_status make_curve(const unsigned char *truth, const double *scores, size_t n,
                             draw_fn draw, tmli_curve *out, tml_error *err)
{
    tml_status status = TML_OK;
    steps s = {0};
    tmli_curve curve = {.area = NAN};
    TMLI_TRY(make_steps(truth, scores, n, &s, err));
    const step all = s.items[s.n - 1];
    if (all.hits > 0.0 && all.misses > 0.0) {
        TMLI_TRY(make_points(s.n, &curve, err));
        draw(&s, &curve);
    }
    *out = curve;
cleanup:
    tmli_free(s.items);
    return status;
}

/* ---- curves ---- */

/* Whether roc_curve keeps the point between its neighbours: the steps to both sides differ. */
static bool is_corner(const step *at)
{
    return at[1].hits - at[0].hits != at[0].hits - at[-1].hits ||
           at[1].misses - at[0].misses != at[0].misses - at[-1].misses;
}

/* area = Σ Δmisses · (hits before + hits after) / 2 by the trapezoidal rule, in whole numbers until the division. */
static void draw_roc(const steps *s, tmli_curve *curve)
{
    const step all = s->items[s->n - 1];
    double doubled = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const step at = s->items[i];
        if (i > 0) {
            const step before = s->items[i - 1];
            doubled += (at.misses - before.misses) * (at.hits + before.hits);
        }
        /* roc_curve looks for corners before it puts (0, 0) in front: the first score's point always stays. */
        if (i < 2 || i + 1 == s->n || is_corner(&s->items[i])) {
            curve->x[n] = at.misses / all.misses;
            curve->y[n] = at.hits / all.hits;
            n++;
        }
    }
    curve->n = n;
    curve->area = doubled / (2.0 * all.hits * all.misses);
}

static void draw_precision_recall(const steps *s, tmli_curve *curve)
{
    const step all = s->items[s->n - 1];
    curve->x[0] = 0.0;
    curve->y[0] = 1.0;
    curve->area = 0.0;
    for (size_t i = 1; i < s->n; i++) {
        const step at = s->items[i];
        curve->x[i] = at.hits / all.hits;
        curve->y[i] = at.hits / (at.hits + at.misses);
        curve->area += (curve->x[i] - curve->x[i - 1]) * curve->y[i];
    }
}

tml_status tmli_roc(const unsigned char *truth, const double *scores, size_t n, tmli_curve *out,
                    tml_error *err)
{
    return make_curve(truth, scores, n, draw_roc, out, err);
}

tml_status tmli_precision_recall(const unsigned char *truth, const double *scores, size_t n,
                                 tmli_curve *out, tml_error *err)
{
    return make_curve(truth, scores, n, draw_precision_recall, out, err);
}

/* ---- areas alone ---- */

/* The positives of one score, and the negatives that score the same, or more but less than the level before. */
typedef struct level {
    double score;
    double hits, tied, above;
} level;

static int by_falling_level(const void *a, const void *b)
{
    const double left = ((const level *)a)->score;
    const double right = ((const level *)b)->score;
    return (left < right) - (left > right);
}

/* Levels [n], each of one positive, in any order, become one for each score, falling; how many. */
static size_t merge_levels(level *levels, size_t n)
{
    size_t n_levels = 0;
    qsort(levels, n, sizeof *levels, by_falling_level);
    for (size_t i = 0; i < n; i++) {
        if (n_levels > 0 && levels[n_levels - 1].score == levels[i].score) {
            levels[n_levels - 1].hits += levels[i].hits;
        } else {
            levels[n_levels++] = levels[i];
        }
    }
    return n_levels;
}

/* Counts a negative where it stands; one below all levels has no place. */
static void add_miss(level *levels, size_t n_levels, double score)
{
    size_t low = 0; /* levels before score more, those from high on do not */
    size_t high = n_levels;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (levels[middle].score > score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low < n_levels) {
        const bool is_tied = levels[low].score == score;
        levels[low].tied += is_tied ? 1.0 : 0.0;
        levels[low].above += is_tied ? 0.0 : 1.0;
    }
}

/* The sums of draw_roc and draw_precision_recall: steps without positives add to the one 2 · hits for each of their
 * negatives, to the other nothing. */
static void sum_areas(const level *levels, size_t n_levels, step all, double *roc,
                      double *average_precision)
{
    step at = {0};
    double doubled = 0.0;
    double area = 0.0;
    for (size_t i = 0; i < n_levels; i++) {
        const double recall = at.hits / all.hits;
        doubled += levels[i].above * 2.0 * at.hits;
        doubled += levels[i].tied * (2.0 * at.hits + levels[i].hits);
        at.hits += levels[i].hits;
        at.misses += levels[i].above + levels[i].tied;
        area += (at.hits / all.hits - recall) * (at.hits / (at.hits + at.misses));
    }
    doubled += (all.misses - at.misses) * 2.0 * all.hits;
    *roc = doubled / (2.0 * all.hits * all.misses);
    *average_precision = area;
}

tml_status tmli_curve_areas(const unsigned char *truth, const double *scores, size_t n, double *roc,
                            double *average_precision, tml_error *err)
{
    size_t n_hits = 0;
    const tml_status status = check_scores(scores, n, err);
    if (status != TML_OK) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        n_hits += truth[i] != 0;
    }
    if (n_hits == 0 || n_hits == n) {
        *roc = *average_precision = NAN;
        return TML_OK;
    }
    level *const levels = tmli_alloc(n_hits, sizeof *levels);
    if (levels == NULL) {
        return tmli_fail_memory(err, "a curve");
    }
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (truth[i] != 0) {
            levels[at++] = (level){.score = scores[i], .hits = 1.0};
        }
    }
    const size_t n_levels = merge_levels(levels, n_hits);
    for (size_t i = 0; i < n; i++) {
        if (truth[i] == 0) {
            add_miss(levels, n_levels, scores[i]);
        }
    }
    const step all = {(double)n_hits, (double)(n - n_hits)};
    sum_areas(levels, n_levels, all, roc, average_precision);
    tmli_free(levels);
    return TML_OK;
}

/* ---- calibration ---- */

/* How many of the inner edges i / n_bins are below p; edges are rounded as numpy.linspace rounds them. */
static size_t bin_of(double p, size_t n_bins)
{
    const double width = 1.0 / (double)n_bins;
    const double guess = p * (double)n_bins;
    size_t bin = guess < (double)n_bins ? (size_t)guess : n_bins - 1;
    while (bin > 0 && !((double)bin * width < p)) {
        bin--;
    }
    while (bin + 1 < n_bins && (double)(bin + 1) * width < p) {
        bin++;
    }
    return bin;
}

tml_status tmli_calibration(const unsigned char *truth, const double *probabilities, size_t n,
                            size_t n_bins, tmli_calibration_bin *bins, tml_error *err)
{
    assert(n_bins > 0);
    for (size_t i = 0; i < n; i++) {
        if (!(probabilities[i] >= 0.0 && probabilities[i] <= 1.0)) {
            return tmli_fail(err, TML_ENUMERIC,
                             "calibration: probability %g of row %zu is not in 0..1",
                             probabilities[i], i);
        }
    }
    for (size_t b = 0; b < n_bins; b++) {
        bins[b] = (tmli_calibration_bin){0};
    }
    for (size_t i = 0; i < n; i++) {
        tmli_calibration_bin *const bin = &bins[bin_of(probabilities[i], n_bins)];
        bin->predicted += probabilities[i];
        bin->positive += truth[i] != 0 ? 1.0 : 0.0;
        bin->count++;
    }
    for (size_t b = 0; b < n_bins; b++) {
        const double count = (double)bins[b].count;
        bins[b].predicted = bins[b].count > 0 ? bins[b].predicted / count : NAN;
        bins[b].positive = bins[b].count > 0 ? bins[b].positive / count : NAN;
    }
    return TML_OK;
}

/* ---- intervals ---- */

/* (p + z²/2n ± z √(p(1 - p)/n + z²/4n²)) / (1 + z²/n); rounding must not push it out of 0..1. */
tmli_interval tmli_wilson(uint64_t k, uint64_t n, double z)
{
    assert(k <= n);
    if (n == 0) {
        return (tmli_interval){0.0, 1.0};
    }
    const double size = (double)n;
    const double p = (double)k / size;
    const double z2 = z * z;
    const double centre = (p + z2 / (2.0 * size)) / (1.0 + z2 / size);
    const double half =
        z * sqrt(p * (1.0 - p) / size + z2 / (4.0 * size * size)) / (1.0 + z2 / size);
    return (tmli_interval){k == 0 ? 0.0 : fmax(centre - half, 0.0),
                           k == n ? 1.0 : fmin(centre + half, 1.0)};
}
