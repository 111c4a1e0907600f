/* Fitting naive Bayes: matrices → sums by class → log-probabilities. */
#include "pipeline/fit.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"

static tml_status read_rows(tmli_fitting *fit, const tmli_preparing *job, tml_error *err)
{
    tml_model *model = fit->model;
    const tml_status status = tmli_prepare_bags(job, &model->vectorizer, &fit->prepared, err);
    fit->report.terms_kept = model->vectorizer.n_columns;
    return status;
}

/* The recipe's priors in the order of the classes; *out NULL when it gives none. */
static tml_status read_priors(const tmli_fitting *fit, double **out, tml_error *err)
{
    const tmli_class_weights *given = &fit->recipe->class_prior;
    const size_t n = fit->model->n_labels;
    if (given->n == 0) {
        return TML_OK;
    }
    if (given->n != n) {
        return tmli_fail(err, TML_EINVAL,
                         "model.class_prior: %zu labels, the data have %zu: give each a number",
                         given->n, n);
    }
    double *priors = tmli_calloc(n, sizeof(*priors));
    if (priors == NULL) {
        return tmli_fail_memory(err, "the priors");
    }
    for (size_t i = 0; i < given->n; i++) {
        const size_t c = tmli_class_of(fit, given->items[i].label);
        if (c == n) {
            tmli_free(priors);
            return tmli_fail(err, TML_EINVAL, "model.class_prior: the data have no label \"%s\"",
                             given->items[i].label);
        }
        priors[c] = given->items[i].weight;
    }
    *out = priors;
    return TML_OK;
}

static tml_status train_bayes(tmli_fitting *fit, tml_error *err)
{
    tml_status status = TML_OK;
    const tml_recipe *recipe = fit->recipe;
    tml_model *model = fit->model;
    const tmli_encoded *train = &fit->prepared.parts[TMLI_PART_TRAIN];
    const tmli_nb_kind kind = (tmli_nb_kind)recipe->naive_bayes;
    tmli_nb_options options = tmli_nb_options_default(kind);
    tmli_nb_stats stats = {0};
    double *priors = NULL;
    tmli_tell_data(fit);
    const double start = tmli_seconds();
    double *class_weights = tmli_alloc(model->n_labels, sizeof(*class_weights));
    if (class_weights == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "class weights"));
    }
    TMLI_TRY(tmli_weigh_classes(fit, class_weights, err));
    TMLI_TRY(read_priors(fit, &priors, err));
    options.alpha = recipe->alpha;
    options.fit_prior = recipe->fit_prior;
    options.norm = recipe->nb_norm;
    options.one_vs_rest = recipe->one_vs_rest;
    options.priors = priors;
    options.class_weights = class_weights;
    TMLI_TRY(tmli_nb_stats_init(model->n_labels, model->vectorizer.n_columns,
                                kind == TMLI_NB_BERNOULLI, &stats, err));
    TMLI_TRY(
        tmli_nb_stats_add(&stats, &train->matrix, train->labels, train->weights, fit->pool, err));
    TMLI_TRY(tmli_nb_fit(&stats, &options, &model->bayes, err));
    fit->report.seconds_training = tmli_seconds() - start;
cleanup:
    tmli_nb_stats_deinit(&stats);
    tmli_free(priors);
    tmli_free(class_weights);
    return status;
}

static tml_status score_rows(const tmli_fitting *fit, const tmli_encoded *part,
                             double *probabilities, tml_error *err)
{
    (void)err;
    for (size_t i = 0; i < part->n; i++) {
        const tmli_sparse_row row = tmli_csr_row(&part->matrix, i);
        tmli_model_bayes(fit->model, &row, probabilities + i * fit->model->n_labels);
    }
    return TML_OK;
}

const tmli_fit_steps tmli_fit_bayes = {read_rows, train_bayes, score_rows};
