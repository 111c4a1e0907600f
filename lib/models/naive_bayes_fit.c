/* Fitting naive Bayes: checks, sums over classes and columns, and the arrays of the model. The formulas that fill them
 * are in naive_bayes_formulas.c. */
#include "models/naive_bayes_fit.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"

/* scikit-learn raises smaller ones to this, with a warning. */
static const double LEAST_ALPHA = 1e-10;
/* numpy.isclose's. */
static const double PRIOR_SUM_TOLERANCE = 1e-5;

/* ---- checks ---- */

static tml_status check_alpha(double alpha, tml_error *err)
{
    if (alpha >= LEAST_ALPHA && isfinite(alpha)) {
        return TML_OK;
    }
    return tmli_fail(
        err, TML_EINVAL,
        "alpha: %g is not a number of at least 1e-10; without smoothing, one word that "
        "a class lacks rules the class out: use 1e-10 for next to none, 0.01 or 1 as "
        "a start",
        alpha);
}

static tml_status check_priors(const double *priors, size_t n_classes, tml_error *err)
{
    double sum = 0.0;
    for (size_t c = 0; c < n_classes; c++) {
        if (!(priors[c] > 0.0 && priors[c] < 1.0)) {
            return tmli_fail(err, TML_EINVAL,
                             "class priors: %g of class %zu is not between 0 and 1", priors[c], c);
        }
        sum += priors[c];
    }
    if (!(fabs(sum - 1.0) <= PRIOR_SUM_TOLERANCE)) {
        return tmli_fail(err, TML_EINVAL, "class priors: they add up to %g, expected 1", sum);
    }
    return TML_OK;
}

static tml_status check_class_weights(const double *weights, size_t n_classes, tml_error *err)
{
    for (size_t c = 0; c < n_classes; c++) {
        if (!(isfinite(weights[c]) && weights[c] >= 0.0)) {
            return tmli_fail(err, TML_EINVAL,
                             "class weights: %g of class %zu is not a finite number of at least 0",
                             weights[c], c);
        }
    }
    return TML_OK;
}

static tml_status check_options(const tmli_nb_stats *stats, const tmli_nb_options *options,
                                tml_error *err)
{
    tml_status status = TML_OK;
    TMLI_TRY(check_alpha(options->alpha, err));
    if (options->priors != NULL) {
        TMLI_TRY(check_priors(options->priors, stats->n_classes, err));
    }
    if (options->class_weights != NULL) {
        TMLI_TRY(check_class_weights(options->class_weights, stats->n_classes, err));
    }
    if (stats->is_binary != (options->kind == TMLI_NB_BERNOULLI)) {
        return tmli_fail(err, TML_EINVAL,
                         "naive Bayes: Bernoulli needs counts of rows, the other kinds sums of "
                         "values");
    }
    if (options->norm && options->kind != TMLI_NB_COMPLEMENT) {
        return tmli_fail(err, TML_EINVAL, "norm: only complement naive Bayes has it");
    }
    if (options->norm && stats->n_columns < 2) {
        return tmli_fail(err, TML_EINVAL, "norm: needs at least 2 columns, the data have 1");
    }
cleanup:
    return status;
}

/* ---- sums ---- */

void tmli_exact_add(tmli_exact_sum *s, double x)
{
    const double sum = s->sum + x;
    s->lost += fabs(s->sum) >= fabs(x) ? (s->sum - sum) + x : (x - sum) + s->sum;
    s->sum = sum;
}

double tmli_exact_total(const tmli_exact_sum *s)
{
    return s->sum + s->lost;
}

void tmli_nb_add_others(const double *x, size_t n, double *out)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        out[k] = sum;
        sum += x[k];
    }
    sum = 0.0;
    for (size_t k = n; k > 0; k--) {
        out[k - 1] += sum;
        sum += x[k - 1];
    }
}

/* The class's own numbers, its part of T_j, and in offsets[j + 1] one more for each column that it has. */
static void tally_class(tmli_nb_fitting *f, size_t c)
{
    const size_t n_columns = f->nb.n_columns;
    const double *const sums = f->stats->sums + c * n_columns;
    const double factor = f->numbers[c].factor;
    tmli_exact_sum count = {0};
    for (size_t j = 0; j < n_columns; j++) {
        if (sums[j] != 0.0) {
            const double own = sums[j] * factor;
            f->totals[j] += own;
            f->nb.owned_offsets[j + 1]++;
            tmli_exact_add(&count, own);
        }
    }
    f->numbers[c].weight = f->stats->weights[c] * factor;
    f->numbers[c].count = tmli_exact_total(&count);
}

static void add_rests(tmli_nb_fitting *f)
{
    const size_t n_classes = f->nb.n_classes;
    double *const own = f->scratch;
    double *const rest = f->scratch + n_classes;
    for (size_t c = 0; c < n_classes; c++) {
        own[c] = f->numbers[c].weight;
    }
    tmli_nb_add_others(own, n_classes, rest);
    for (size_t c = 0; c < n_classes; c++) {
        f->numbers[c].rest_weight = rest[c];
        own[c] = f->numbers[c].count;
    }
    tmli_nb_add_others(own, n_classes, rest);
    for (size_t c = 0; c < n_classes; c++) {
        f->numbers[c].rest_count = rest[c];
    }
}

static tml_status tally(tmli_nb_fitting *f, tml_error *err)
{
    const double *const class_weights = f->options->class_weights;
    size_t n_present = 0;
    double all = 0.0;
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        f->numbers[c].factor = class_weights != NULL ? class_weights[c] : 1.0;
        tally_class(f, c);
        n_present += f->numbers[c].weight > 0.0 ? 1 : 0;
        all += f->numbers[c].weight + f->numbers[c].count;
    }
    if (!isfinite(all)) {
        return tmli_fail(err, TML_ENUMERIC,
                         "naive Bayes: the sums of values and weights are not finite numbers");
    }
    if (n_present < 2) {
        return tmli_fail(err, TML_EINVAL,
                         "naive Bayes: the rows belong to %zu class%s, expected at least 2",
                         n_present, n_present == 1 ? "" : "es");
    }
    add_rests(f);
    return TML_OK;
}

/* ---- arrays ---- */

/* offsets: from how many classes each column has to where its deltas begin. */
static tml_status place_deltas(tmli_nb_fitting *f, tml_error *err)
{
    uint32_t *const offsets = f->nb.owned_offsets;
    uint64_t n = 0;
    for (size_t j = 0; j < f->nb.n_columns; j++) {
        n += f->is_dense ? f->nb.n_classes : offsets[j + 1];
        if (n > UINT32_MAX) {
            return tmli_fail(err, TML_ELIMIT,
                             "naive Bayes: 2^32 pairs of class and column and more are too many");
        }
        offsets[j + 1] = (uint32_t)n;
    }
    f->nb.n_deltas = n;
    return TML_OK;
}

static tml_status make_arrays(tmli_nb_fitting *f, tml_error *err)
{
    const size_t n_classes = f->nb.n_classes;
    const size_t n_terms = f->has_terms ? f->nb.n_columns : 0;
    double *const slab = tmli_calloc(3 * n_classes + n_terms + f->nb.n_deltas, sizeof *slab);
    f->nb.owned_numbers = slab;
    f->nb.owned_classes = tmli_alloc(f->nb.n_deltas, sizeof *f->nb.owned_classes);
    if (slab == NULL || f->nb.owned_classes == NULL) {
        return tmli_fail_memory(err, "the naive Bayes model");
    }
    f->priors = slab;
    f->bases = slab + n_classes;
    f->scales = slab + 2 * n_classes;
    f->terms = f->has_terms ? slab + 3 * n_classes : NULL;
    f->deltas = slab + 3 * n_classes + n_terms;
    f->nb.priors = f->priors;
    f->nb.bases = f->bases;
    f->nb.scales = f->scales;
    f->nb.terms = f->terms;
    f->nb.deltas = f->deltas;
    f->nb.offsets = f->nb.owned_offsets;
    f->nb.classes = f->nb.owned_classes;
    return TML_OK;
}

/* Each offset runs from where its column begins to where it ends; then all move one place up. */
static void place_counts(tmli_nb_fitting *f)
{
    const size_t n_columns = f->nb.n_columns;
    uint32_t *const next = f->nb.owned_offsets;
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        const double *const sums = f->stats->sums + c * n_columns;
        for (size_t j = 0; j < n_columns; j++) {
            if (f->is_dense || sums[j] != 0.0) {
                f->deltas[next[j]] = sums[j] * f->numbers[c].factor;
                f->nb.owned_classes[next[j]++] = (uint16_t)c;
            }
        }
    }
    memmove(next + 1, next, n_columns * sizeof *next);
    next[0] = 0;
}

static tml_status make_scratch(tmli_nb_fitting *f, tml_error *err)
{
    const size_t n_classes = f->nb.n_classes;
    f->numbers = tmli_calloc(n_classes, sizeof *f->numbers);
    f->totals = tmli_calloc(f->nb.n_columns, sizeof *f->totals);
    f->scratch = tmli_alloc(2 * n_classes, sizeof *f->scratch);
    f->nb.owned_offsets = tmli_calloc(f->nb.n_columns + 1, sizeof *f->nb.owned_offsets);
    if (f->numbers == NULL || f->totals == NULL || f->scratch == NULL ||
        f->nb.owned_offsets == NULL) {
        return tmli_fail_memory(err, "the naive Bayes model");
    }
    return TML_OK;
}

static tmli_nb_fitting start(const tmli_nb_stats *stats, const tmli_nb_options *options)
{
    tmli_nb_fitting f = {.stats = stats, .options = options};
    f.against_rest = options->one_vs_rest && stats->n_classes > 2;
    /* There a cell without a count is no sum of a number of its class and one of its term. */
    f.is_dense = f.against_rest && (options->kind == TMLI_NB_BERNOULLI || options->norm);
    f.has_terms = !f.is_dense && (options->kind == TMLI_NB_COMPLEMENT || f.against_rest);
    f.nb.kind = options->kind;
    f.nb.one_vs_rest = options->one_vs_rest;
    f.nb.n_classes = stats->n_classes;
    f.nb.n_columns = stats->n_columns;
    return f;
}

tml_status tmli_nb_fit(const tmli_nb_stats *stats, const tmli_nb_options *options, tmli_nb *out,
                       tml_error *err)
{
    tml_status status = TML_OK;
    tmli_nb_fitting fitting = start(stats, options);
    TMLI_TRY(check_options(stats, options, err));
    TMLI_TRY(make_scratch(&fitting, err));
    TMLI_TRY(tally(&fitting, err));
    TMLI_TRY(place_deltas(&fitting, err));
    TMLI_TRY(make_arrays(&fitting, err));
    place_counts(&fitting);
    tmli_nb_fill(&fitting);
    *out = fitting.nb;
    fitting.nb = (tmli_nb){0};
cleanup:
    tmli_nb_deinit(&fitting.nb);
    tmli_free(fitting.numbers);
    tmli_free(fitting.totals);
    tmli_free(fitting.scratch);
    return status;
}
