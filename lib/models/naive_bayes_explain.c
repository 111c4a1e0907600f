#include "models/naive_bayes_explain.h"

#include <assert.h>
#include <math.h>

/* What a class is compared with: the mean over some classes. */
typedef struct contrast {
    size_t class_number; /* the explained one */
    bool is_of_pair;     /* the other one alone */
    bool is_none;
    double share;         /* of each class in the mean */
    double scales, bases; /* means of scale and of scale · base */
} contrast;

/* Whether a class is in the mean. One without rows is never the answer. */
static bool counts(const tmli_nb *nb, const contrast *c, size_t class_number)
{
    if (c->is_none) {
        return false;
    }
    return c->is_of_pair ? class_number != c->class_number : nb->priors[class_number] > -INFINITY;
}

static contrast contrast_of(const tmli_nb *nb, size_t class_number)
{
    contrast c = {.class_number = class_number,
                  .is_of_pair = nb->one_vs_rest && nb->n_classes == 2,
                  .is_none = nb->one_vs_rest && nb->n_classes > 2};
    size_t n = 0;
    for (size_t k = 0; k < nb->n_classes; k++) {
        n += counts(nb, &c, k) ? 1 : 0;
    }
    c.share = n > 0 ? 1.0 / (double)n : 0.0;
    for (size_t k = 0; k < nb->n_classes; k++) {
        if (counts(nb, &c, k)) {
            c.scales += c.share * nb->scales[k];
            c.bases += c.share * nb->scales[k] * nb->bases[k];
        }
    }
    return c;
}

/* What a value of 1 in a column gives to the class, and what it gives to those it is compared with. */
typedef struct steps {
    double own, others;
} steps;

static steps steps_of(const tmli_nb *nb, const contrast *c, size_t column)
{
    const double term = nb->terms != NULL ? nb->terms[column] : 0.0;
    const size_t end = nb->offsets[column + 1] <= nb->n_deltas ? nb->offsets[column + 1] : 0;
    double own = term + nb->bases[c->class_number];
    steps s = {.others = term * c->scales + c->bases};
    for (size_t k = nb->offsets[column]; k < end; k++) {
        const size_t class_number = nb->classes[k];
        if (class_number >= nb->n_classes) {
            continue; /* a damaged file */
        }
        if (class_number == c->class_number) {
            own += nb->deltas[k];
        }
        if (counts(nb, c, class_number)) {
            s.others += c->share * nb->scales[class_number] * nb->deltas[k];
        }
    }
    s.own = nb->scales[c->class_number] * own;
    return s;
}

tmli_nb_explanation tmli_nb_explain(const tmli_nb *nb, size_t class_number, const uint32_t *columns,
                                    const double *values, size_t n, double *parts)
{
    assert(class_number < nb->n_classes);
    const contrast c = contrast_of(nb, class_number);
    double own = 0.0;
    double others = 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = values[i];
        if (nb->kind == TMLI_NB_BERNOULLI) {
            x = x > 0.0 ? 1.0 : 0.0;
        }
        parts[i] = 0.0;
        if (columns[i] >= nb->n_columns || x == 0.0) {
            continue;
        }
        const steps s = steps_of(nb, &c, columns[i]);
        parts[i] = x * (s.own - s.others);
        own += x * s.own;
        others += x * s.others;
    }
    const double prior = nb->priors[class_number];
    if (c.is_of_pair) {
        const double rest = nb->priors[1 - class_number];
        return (tmli_nb_explanation){.score = prior - rest + (own - others),
                                     .constant = prior - rest};
    }
    return (tmli_nb_explanation){.score = prior + own, .constant = prior + others};
}
