/* Using a naive Bayes model. Fitting is in naive_bayes_fit.c. */
#include "models/naive_bayes.h"

#include <assert.h>
#include <math.h>
#include <stdalign.h>

#include "base/mem.h"
#include "base/status.h"

tmli_nb_options tmli_nb_options_default(tmli_nb_kind kind)
{
    return (tmli_nb_options){.kind = kind, .alpha = 1.0, .fit_prior = true};
}

void tmli_nb_deinit(tmli_nb *nb)
{
    tmli_free(nb->owned_numbers);
    tmli_free(nb->owned_offsets);
    tmli_free(nb->owned_classes);
    *nb = (tmli_nb){0};
}

/* ---- borrowed arrays ---- */

static bool is_aligned(const void *pointer, size_t alignment)
{
    return pointer != NULL && (uintptr_t)pointer % alignment == 0;
}

static bool has_arrays(const tmli_nb *nb)
{
    return is_aligned(nb->priors, alignof(double)) && is_aligned(nb->bases, alignof(double)) &&
           is_aligned(nb->scales, alignof(double)) &&
           (nb->terms == NULL || is_aligned(nb->terms, alignof(double))) &&
           is_aligned(nb->offsets, alignof(uint32_t)) &&
           (nb->n_deltas == 0 || (is_aligned(nb->classes, alignof(uint16_t)) &&
                                  is_aligned(nb->deltas, alignof(double))));
}

static bool is_kind(tmli_nb_kind kind)
{
    switch (kind) {
    case TMLI_NB_MULTINOMIAL:
    case TMLI_NB_COMPLEMENT:
    case TMLI_NB_BERNOULLI: return true;
    }
    return false;
}

tml_status tmli_nb_view(const tmli_nb *parts, tmli_nb *out, tml_error *err)
{
    if (!is_kind(parts->kind) || parts->n_classes < 2 || parts->n_classes > TMLI_NB_MAX_CLASSES ||
        parts->n_columns == 0 || parts->n_columns > UINT32_MAX || parts->n_deltas > UINT32_MAX) {
        return tmli_fail(err, TML_EFORMAT,
                         "naive Bayes: kind %d with %zu classes, %zu columns and %zu deltas is out "
                         "of range",
                         (int)parts->kind, parts->n_classes, parts->n_columns, parts->n_deltas);
    }
    if (!has_arrays(parts)) {
        return tmli_fail(err, TML_EFORMAT, "naive Bayes: an array is missing or not aligned");
    }
    if (parts->offsets[0] != 0 || parts->offsets[parts->n_columns] != parts->n_deltas) {
        return tmli_fail(err, TML_EFORMAT,
                         "naive Bayes: offsets run from %u to %u, expected 0 to %zu",
                         parts->offsets[0], parts->offsets[parts->n_columns], parts->n_deltas);
    }
    bool some_prior = false;
    for (size_t c = 0; c < parts->n_classes; c++) {
        if (!(parts->priors[c] < INFINITY) || !isfinite(parts->bases[c]) ||
            !isfinite(parts->scales[c])) {
            return tmli_fail(err, TML_EFORMAT,
                             "naive Bayes: class %zu has prior %g, base %g, scale %g, expected "
                             "finite numbers",
                             c, parts->priors[c], parts->bases[c], parts->scales[c]);
        }
        some_prior = some_prior || parts->priors[c] > -INFINITY;
    }
    if (!some_prior) {
        return tmli_fail(err, TML_EFORMAT, "naive Bayes: no class has a prior above 0");
    }
    tmli_nb nb = *parts;
    nb.owned_numbers = NULL;
    nb.owned_offsets = NULL;
    nb.owned_classes = NULL;
    *out = nb;
    return TML_OK;
}

/* ---- scores ---- */

/* ln(1 / (1 + exp(-x))); the exponent is never positive, so that nothing overflows. */
static double log_sigmoid(double x)
{
    return x >= 0.0 ? -log1p(exp(-x)) : x - log1p(exp(x));
}

/* One-vs-rest of two classes is the plain model, asked for the odds. */
static bool is_pair(const tmli_nb *nb)
{
    return nb->one_vs_rest && nb->n_classes == 2;
}

static void joint_scores(const tmli_nb *nb, const uint32_t *columns, const double *values, size_t n,
                         double *out)
{
    double values_sum = 0.0;
    double terms_sum = 0.0;
    for (size_t c = 0; c < nb->n_classes; c++) {
        out[c] = 0.0;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t column = columns[i];
        const bool is_absent = nb->kind == TMLI_NB_BERNOULLI && !(values[i] > 0.0);
        if (column >= nb->n_columns || is_absent) {
            continue;
        }
        const double x = nb->kind == TMLI_NB_BERNOULLI ? 1.0 : values[i];
        const size_t end = nb->offsets[column + 1] <= nb->n_deltas ? nb->offsets[column + 1] : 0;
        values_sum += x;
        terms_sum += nb->terms != NULL ? x * nb->terms[column] : 0.0;
        for (size_t k = nb->offsets[column]; k < end; k++) {
            if (nb->classes[k] < nb->n_classes) {
                out[nb->classes[k]] += x * nb->deltas[k];
            }
        }
    }
    for (size_t c = 0; c < nb->n_classes; c++) {
        out[c] = nb->priors[c] + nb->scales[c] * (terms_sum + values_sum * nb->bases[c] + out[c]);
    }
}

void tmli_nb_scores(const tmli_nb *nb, const uint32_t *columns, const double *values, size_t n,
                    double *out)
{
    joint_scores(nb, columns, values, n, out);
    if (is_pair(nb)) {
        const double odds = out[1] - out[0];
        out[0] = log_sigmoid(-odds);
        out[1] = log_sigmoid(odds);
    } else if (nb->one_vs_rest) {
        for (size_t c = 0; c < nb->n_classes; c++) {
            out[c] = log_sigmoid(out[c]);
        }
    }
}

static size_t first_greatest(const double *scores, size_t n)
{
    size_t best = 0;
    for (size_t c = 1; c < n; c++) {
        if (scores[c] > scores[best]) {
            best = c;
        }
    }
    return best;
}

/* exp(score - peak) / Σ: the peak's term is 1, so that neither overflow nor a sum of 0 can happen. For one_vs_rest this is
 * p / Σ p, also where every p is too small for a double. */
void tmli_nb_probabilities(const tmli_nb *nb, const double *scores, double *out)
{
    const double peak = scores[first_greatest(scores, nb->n_classes)];
    double sum = 0.0;
    for (size_t c = 0; c < nb->n_classes; c++) {
        out[c] = exp(scores[c] - peak);
        sum += out[c];
    }
    for (size_t c = 0; c < nb->n_classes; c++) {
        out[c] /= sum;
    }
}

/* ---- weights ---- */

static double delta_of(const tmli_nb *nb, size_t class_number, size_t column)
{
    const size_t end = nb->offsets[column + 1] <= nb->n_deltas ? nb->offsets[column + 1] : 0;
    size_t from = nb->offsets[column];
    size_t to = end;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (nb->classes[middle] < class_number) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < end && nb->classes[from] == class_number ? nb->deltas[from] : 0.0;
}

static double step_of(const tmli_nb *nb, size_t class_number, size_t column)
{
    const double term = nb->terms != NULL ? nb->terms[column] : 0.0;
    return nb->scales[class_number] *
           (term + nb->bases[class_number] + delta_of(nb, class_number, column));
}

double tmli_nb_weight(const tmli_nb *nb, size_t class_number, size_t column)
{
    assert(class_number < nb->n_classes && column < nb->n_columns);
    const double step = step_of(nb, class_number, column);
    if (is_pair(nb)) {
        return step - step_of(nb, 1 - class_number, column);
    }
    /* Bernoulli's step is ln(p / (1 - p)). */
    return nb->kind == TMLI_NB_BERNOULLI && !nb->one_vs_rest ? log_sigmoid(step) : step;
}
