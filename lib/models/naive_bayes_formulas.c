/* The formulas of naive Bayes, as docs/numerics.md has them. A function for each kind makes the deltas of one column. */
#include <math.h>

#include "models/naive_bayes_fit.h"

/* What a share of the complement is of: T + α - N. Written as scikit-learn writes it, so that both lose the same digits when
 * α is small. A class that holds all of a large T would leave 0 there and infinite weights; α is what is left without
 * rounding. */
static double left_over(const tmli_nb_fitting *f, double total, double part)
{
    const double alpha = f->options->alpha;
    const double left = total + alpha - part;
    return left > 0.0 ? left : alpha;
}

/* ---- columns ---- */

/* One column's cells. */
typedef struct cells {
    size_t n;
    const uint16_t *classes;
    double *deltas;      /* N_jc, to become deltas */
    const double *rests; /* R_jc; only when each class stands against the rest */
    double total;        /* T_j */
} cells;

static cells cells_of(const tmli_nb_fitting *f, size_t j)
{
    const size_t from = f->nb.offsets[j];
    const cells found = {f->nb.offsets[j + 1] - from, f->nb.classes + from, f->deltas + from,
                         f->scratch, f->totals[j]};
    if (f->against_rest) {
        tmli_nb_add_others(found.deltas, found.n, f->scratch);
    }
    return found;
}

static void fill_multinomial(tmli_nb_fitting *f, size_t j)
{
    const double alpha = f->options->alpha;
    const cells column = cells_of(f, j);
    const double log_alpha = log(alpha);
    const double log_total = log(column.total + alpha);
    if (f->against_rest) {
        f->terms[j] = -log_total;
    }
    for (size_t k = 0; k < column.n; k++) {
        column.deltas[k] = log(column.deltas[k] + alpha) - log_alpha;
        if (f->against_rest) {
            column.deltas[k] -= log(column.rests[k] + alpha) - log_total;
        }
    }
}

static void fill_complement(tmli_nb_fitting *f, size_t j)
{
    const cells column = cells_of(f, j);
    f->terms[j] = log(left_over(f, column.total, 0.0));
    for (size_t k = 0; k < column.n; k++) {
        column.deltas[k] = log(left_over(f, column.total, column.deltas[k])) - f->terms[j];
        tmli_exact_add(&f->numbers[column.classes[k]].own_logs, column.deltas[k]);
    }
}

static void fill_complement_rest(tmli_nb_fitting *f, size_t j)
{
    const cells column = cells_of(f, j);
    f->terms[j] =
        log(left_over(f, column.total, column.total)) - log(left_over(f, column.total, 0.0));
    for (size_t k = 0; k < column.n; k++) {
        column.deltas[k] = log(left_over(f, column.total, column.rests[k])) -
                           log(left_over(f, column.total, column.deltas[k])) - f->terms[j];
    }
}

/* A first pass over the columns: Σ_j ln of what is left over, for the class and for its rest. */
static void add_complement_logs(tmli_nb_fitting *f, size_t j)
{
    const cells column = cells_of(f, j);
    for (size_t k = 0; k < column.n; k++) {
        tmli_nb_class *const own = &f->numbers[column.classes[k]];
        tmli_exact_add(&own->own_logs, log(left_over(f, column.total, column.deltas[k])));
        tmli_exact_add(&own->rest_logs, log(left_over(f, column.total, column.rests[k])));
    }
}

/* own and rest are here the logarithms of their sums, the logs those of the shares. */
static void fill_complement_rest_norm(tmli_nb_fitting *f, size_t j)
{
    const cells column = cells_of(f, j);
    for (size_t k = 0; k < column.n; k++) {
        const tmli_nb_class *const own = &f->numbers[column.classes[k]];
        const double share =
            log(left_over(f, column.total, column.deltas[k])) - log(tmli_exact_total(&own->own));
        const double rest_share =
            log(left_over(f, column.total, column.rests[k])) - log(tmli_exact_total(&own->rest));
        column.deltas[k] = share / tmli_exact_total(&own->own_logs) -
                           rest_share / tmli_exact_total(&own->rest_logs);
    }
}

/* ln(1 - p), p being the share of rows that have the column, smoothed. A small p is subtracted as it is, rounded to a double
 * as scikit-learn rounds it: with 86,000 columns of equal p that adds up to 1e-11. Near 1 scikit-learn's ln(1 - exp(ln p))
 * loses digits, and others with each library of logarithms; the rows without the column do not. */
static double log_absent(double weight, double count, double alpha)
{
    const double whole = weight + 2.0 * alpha;
    const double p = (count + alpha) / whole;
    return p < 0.5 ? log(1.0 - p) : log((fmax(weight - count, 0.0) + alpha) / whole);
}

static double log_present(double weight, double count, double alpha)
{
    return log(count + alpha) - log(weight + 2.0 * alpha);
}

static void fill_bernoulli(tmli_nb_fitting *f, size_t j)
{
    const double alpha = f->options->alpha;
    const cells column = cells_of(f, j);
    for (size_t k = 0; k < column.n; k++) {
        const size_t c = column.classes[k];
        tmli_nb_class *const own = &f->numbers[c];
        const double absent = log_absent(own->weight, column.deltas[k], alpha);
        tmli_exact_add(&own->own_logs, absent - log_absent(own->weight, 0.0, alpha));
        column.deltas[k] = log_present(own->weight, column.deltas[k], alpha) - absent - f->bases[c];
    }
}

static void fill_bernoulli_rest(tmli_nb_fitting *f, size_t j)
{
    const double alpha = f->options->alpha;
    const cells column = cells_of(f, j);
    for (size_t k = 0; k < column.n; k++) {
        tmli_nb_class *const own = &f->numbers[column.classes[k]];
        const double absent = log_absent(own->weight, column.deltas[k], alpha);
        const double rest_absent = log_absent(own->rest_weight, column.rests[k], alpha);
        tmli_exact_add(&own->own_logs, absent);
        tmli_exact_add(&own->rest_logs, rest_absent);
        column.deltas[k] = (log_present(own->weight, column.deltas[k], alpha) - absent) -
                           (log_present(own->rest_weight, column.rests[k], alpha) - rest_absent);
    }
}

typedef void (*column_fn)(tmli_nb_fitting *f, size_t j);

static void each_column(tmli_nb_fitting *f, column_fn visit)
{
    for (size_t j = 0; j < f->nb.n_columns; j++) {
        visit(f, j);
    }
}

/* ---- classes ---- */

/* Log prior of the class, or of the class less that of the others. Complement's is never read: it has none. */
static double prior_of(const tmli_nb_fitting *f, size_t c)
{
    const double *const priors = f->options->priors;
    const tmli_nb_class *const own = &f->numbers[c];
    if (f->nb.kind == TMLI_NB_COMPLEMENT) {
        return 0.0;
    }
    if (priors != NULL) {
        return f->against_rest ? log(priors[c]) - log1p(-priors[c]) : log(priors[c]);
    }
    if (!f->options->fit_prior) {
        return f->against_rest ? 0.0 : -log((double)f->nb.n_classes);
    }
    return log(own->weight) -
           log(f->against_rest ? own->rest_weight : own->weight + own->rest_weight);
}

static void fill_multinomial_classes(tmli_nb_fitting *f)
{
    const double alpha = f->options->alpha;
    const double alphas = alpha * (double)f->nb.n_columns;
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        const tmli_nb_class *const own = &f->numbers[c];
        f->bases[c] = log(alpha) - log(own->count + alphas);
        if (f->against_rest) {
            f->bases[c] += log(own->rest_count + alphas);
        }
    }
    each_column(f, fill_multinomial);
}

/* own and rest: over the columns that list the class what is left over, over the others T_j + α, or what T_j leaves of
 * itself. The latter is the sum over all columns less that over the listed ones. */
static void add_complements(tmli_nb_fitting *f)
{
    tmli_exact_sum all = {0};
    tmli_exact_sum none = {0};
    for (size_t j = 0; j < f->nb.n_columns; j++) {
        const cells column = cells_of(f, j);
        const double absent = left_over(f, column.total, 0.0);
        const double sole = left_over(f, column.total, column.total);
        tmli_exact_add(&all, absent);
        tmli_exact_add(&none, sole);
        for (size_t k = 0; k < column.n; k++) {
            tmli_nb_class *const own = &f->numbers[column.classes[k]];
            tmli_exact_add(&own->own, left_over(f, column.total, column.deltas[k]));
            tmli_exact_add(&own->own, -absent);
            if (f->against_rest) {
                tmli_exact_add(&own->rest, left_over(f, column.total, column.rests[k]));
                tmli_exact_add(&own->rest, -sole);
            }
        }
    }
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        tmli_exact_add(&f->numbers[c].own, all.sum);
        tmli_exact_add(&f->numbers[c].own, all.lost);
        tmli_exact_add(&f->numbers[c].rest, none.sum);
        tmli_exact_add(&f->numbers[c].rest, none.lost);
    }
}

/* Σ_j of ln of the shares, from Σ_j ln of what is left over. */
static void share_logs(const tmli_nb_fitting *f, tmli_exact_sum *logs, const tmli_exact_sum *whole)
{
    tmli_exact_add(logs, -(double)f->nb.n_columns * log(tmli_exact_total(whole)));
}

static void fill_complement_classes(tmli_nb_fitting *f)
{
    add_complements(f);
    each_column(f, fill_complement);
    tmli_exact_sum terms = {0};
    for (size_t j = 0; j < f->nb.n_columns; j++) {
        tmli_exact_add(&terms, f->terms[j]);
    }
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        tmli_nb_class *const own = &f->numbers[c];
        f->bases[c] = -log(tmli_exact_total(&own->own));
        tmli_exact_add(&own->own_logs, tmli_exact_total(&terms));
        share_logs(f, &own->own_logs, &own->own);
        f->scales[c] = f->options->norm ? 1.0 / tmli_exact_total(&own->own_logs) : -1.0;
    }
}

static void fill_complement_rest_classes(tmli_nb_fitting *f)
{
    add_complements(f);
    if (!f->options->norm) {
        for (size_t c = 0; c < f->nb.n_classes; c++) {
            const tmli_nb_class *const own = &f->numbers[c];
            f->bases[c] = log(tmli_exact_total(&own->own)) - log(tmli_exact_total(&own->rest));
        }
        each_column(f, fill_complement_rest);
        return;
    }
    each_column(f, add_complement_logs);
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        tmli_nb_class *const own = &f->numbers[c];
        share_logs(f, &own->own_logs, &own->own);
        share_logs(f, &own->rest_logs, &own->rest);
    }
    each_column(f, fill_complement_rest_norm);
}

static void fill_bernoulli_classes(tmli_nb_fitting *f)
{
    const double alpha = f->options->alpha;
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        tmli_nb_class *const own = &f->numbers[c];
        if (!f->is_dense) {
            const double absent = log_absent(own->weight, 0.0, alpha);
            f->bases[c] = log_present(own->weight, 0.0, alpha) - absent;
            tmli_exact_add(&own->own_logs, (double)f->nb.n_columns * absent);
        }
    }
    each_column(f, f->is_dense ? fill_bernoulli_rest : fill_bernoulli);
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        f->priors[c] +=
            tmli_exact_total(&f->numbers[c].own_logs) - tmli_exact_total(&f->numbers[c].rest_logs);
    }
}

void tmli_nb_fill(tmli_nb_fitting *f)
{
    for (size_t c = 0; c < f->nb.n_classes; c++) {
        f->priors[c] = prior_of(f, c);
        f->scales[c] = 1.0;
    }
    switch (f->nb.kind) {
    case TMLI_NB_MULTINOMIAL: fill_multinomial_classes(f); return;
    case TMLI_NB_COMPLEMENT:
        if (f->against_rest) {
            fill_complement_rest_classes(f);
        } else {
            fill_complement_classes(f);
        }
        return;
    case TMLI_NB_BERNOULLI: fill_bernoulli_classes(f); return;
    }
}
