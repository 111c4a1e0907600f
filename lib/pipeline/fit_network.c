/* Fitting a feed-forward network: vocabulary → word vectors → training. */
#include "pipeline/fit.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "features/vectors.h"
#include "models/mlp_train.h"

enum {
    SCORE_ROWS = 256 /* rows scored together */
};

/* ---- rows and word vectors ---- */

static tml_status read_rows(tmli_fitting *fit, const tmli_preparing *job, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_prepared *p = &fit->prepared;
    TMLI_TRY(tmli_prepare(job, fit->model->tokenizer, p, err));
    fit->model->vocab = p->vocab;
    p->vocab = (tmli_vocab){0};
    fit->report.terms_kept = fit->model->vocab.n;
    if (fit->recipe->output == TMLI_OUTPUT_SIGMOID && p->labels.n != 2) {
        TMLI_TRY(
            tmli_fail(err, TML_EINVAL,
                      "model.output: sigmoid is for two labels, the data have %zu: use softmax",
                      p->labels.n));
    }
cleanup:
    return status;
}

/* Keras' default for embeddings that are learned: uniform in ±0.05. */
static void draw_table(float *table, size_t n, uint64_t seed)
{
    tmli_rng rng = tmli_rng_at(seed, TMLI_RNG_TABLE, 0, 0);
    for (size_t i = 0; i < n; i++) {
        table[i] = 0.1F * tmli_rng_uniform(&rng) - 0.05F;
    }
}

static tml_status make_table(tmli_fitting *fit, tml_error *err)
{
    const size_t n = fit->model->vocab.n;
    const size_t dims = fit->recipe->features[0].dims;
    const double start = tmli_seconds();
    size_t cells = 0;
    tml_status status = TML_OK;
    if (tmli_mul_size(n, dims, &cells)) {
        fit->model->table = tmli_alloc_lines(cells, sizeof(float));
    }
    if (fit->model->table == NULL) {
        return tmli_fail(err, TML_ENOMEM, "no memory for an embedding of %zu x %zu", n, dims);
    }
    if (fit->recipe->features[0].source == NULL) {
        draw_table(fit->model->table, cells, fit->recipe->seed);
    } else if (fit->input->vectors == NULL) {
        status = tmli_fail(err, TML_EINVAL, "the recipe's word vectors \"%s\" were not given",
                           fit->recipe->features[0].source);
    } else {
        memset(fit->model->table, 0, cells * sizeof(float));
        status =
            tmli_vectors_fill(fit->input->vectors, &fit->model->vocab, dims, fit->options->stop,
                              fit->model->table, &fit->report.vectors_found, err);
        fit->report.vectors_read = true;
    }
    fit->report.seconds_vectors = tmli_seconds() - start;
    return status;
}

/* ---- training ---- */

static void keep_epoch(void *ctx, const tml_epoch *epoch)
{
    tmli_fitting *fit = ctx;
    tml_fit_report *report = &fit->report;
    if (!tmli_grow(&report->epochs, &fit->epoch_capacity, report->n_epochs + 1,
                   sizeof(*report->epochs))) {
        fit->out_of_memory = true;
        return;
    }
    report->epochs[report->n_epochs++] = *epoch;
    if (fit->options->on_epoch != NULL) {
        fit->options->on_epoch(fit->options->ctx, epoch);
    }
}

static void pass_progress(void *ctx, const tml_progress *progress)
{
    const tmli_fitting *fit = ctx;
    fit->options->on_progress(fit->options->ctx, progress);
}

static tmli_optim_options optimizer_of(const tml_recipe *recipe)
{
    tmli_optim_options options = tmli_optim_defaults((tmli_optimizer)recipe->optimizer);
    const struct {
        double given;
        float *field;
    } fields[] = {
        {recipe->learning_rate, &options.learning_rate},
        {recipe->momentum, &options.momentum},
        {recipe->rho, &options.rho},
        {recipe->beta1, &options.beta1},
        {recipe->beta2, &options.beta2},
        {recipe->epsilon, &options.epsilon},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (!isnan(fields[i].given)) {
            *fields[i].field = (float)fields[i].given;
        }
    }
    return options;
}

/* The part's rows. *weights: those of the rows as the network takes them, owned by the caller. */
static tml_status make_examples(const tmli_encoded *part, tmli_examples *out, float **weights,
                                tml_error *err)
{
    *weights = tmli_alloc(part->n, sizeof(**weights));
    if (*weights == NULL) {
        return tmli_fail_memory(err, "the weights of the rows");
    }
    for (size_t i = 0; i < part->n; i++) {
        (*weights)[i] = (float)part->weights[i];
    }
    *out = (tmli_examples){.rows = {part->entries, part->offsets, part->n},
                           .labels = part->labels,
                           .weights = *weights};
    return TML_OK;
}

static tmli_mlp_train_options options_of(tmli_fitting *fit, const float *class_weights)
{
    const tml_recipe *recipe = fit->recipe;
    return (tmli_mlp_train_options){
        .epochs = recipe->epochs,
        .batch_size = recipe->batch_size,
        .optim = optimizer_of(recipe),
        .dropout = (float)recipe->dropout,
        .class_weights = class_weights,
        .train_table = recipe->features[0].trainable,
        .early_stopping = recipe->early_stopping,
        .patience = recipe->patience,
        .keep_best = recipe->early_stopping,
        .seed = recipe->seed,
        .stop = fit->options->stop,
        .on_epoch = keep_epoch,
        .on_progress = fit->options->on_progress != NULL ? pass_progress : NULL,
        .ctx = fit,
    };
}

static void report_summary(tmli_fitting *fit, const tmli_fit_summary *summary, double seconds)
{
    fit->report.epochs_run = summary->epochs_run;
    fit->report.best_epoch = summary->best_epoch;
    fit->report.stopped_early = summary->stopped_early;
    fit->report.interrupted = summary->interrupted;
    fit->report.seconds_training = seconds;
}

/* weights: as the network takes them. */
static tml_status weigh_classes(const tmli_fitting *fit, float *weights, tml_error *err)
{
    const size_t n = fit->model->n_labels;
    double *exact = tmli_alloc(n, sizeof(*exact));
    if (exact == NULL) {
        return tmli_fail_memory(err, "class weights");
    }
    const tml_status status = tmli_weigh_classes(fit, exact, err);
    for (size_t i = 0; status == TML_OK && i < n; i++) {
        weights[i] = (float)exact[i];
    }
    tmli_free(exact);
    return status;
}

static tml_status train_network(tmli_fitting *fit, tml_error *err)
{
    tml_status status = TML_OK;
    tml_model *model = fit->model;
    tmli_fit_summary summary = {0};
    const tmli_encoded *parts = fit->prepared.parts;
    tmli_examples train;
    tmli_examples validation;
    float *weights[2] = {NULL, NULL};
    const tmli_mlp_shape shape = tmli_model_shape(fit->recipe, model->n_labels);
    float *class_weights = tmli_alloc(model->n_labels, sizeof(*class_weights));
    if (class_weights == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "class weights"));
    }
    if (fit->options->stop != NULL && atomic_load(fit->options->stop)) {
        TMLI_TRY(tmli_fail(err, TML_ESTOPPED, "stopped before the first batch"));
    }
    TMLI_TRY(make_table(fit, err));
    tmli_tell_data(fit);
    TMLI_TRY(weigh_classes(fit, class_weights, err));
    TMLI_TRY(make_examples(&parts[TMLI_PART_TRAIN], &train, &weights[0], err));
    TMLI_TRY(make_examples(&parts[TMLI_PART_VALIDATION], &validation, &weights[1], err));
    const tmli_table table = {model->table, model->vocab.n, fit->recipe->features[0].dims};
    const double start = tmli_seconds();
    TMLI_TRY(tmli_mlp_create(&shape, table, fit->recipe->seed, &model->mlp, err));
    const tmli_mlp_train_options options = options_of(fit, class_weights);
    TMLI_TRY(tmli_mlp_train(&model->mlp, model->table, &train,
                            validation.rows.n > 0 ? &validation : NULL, &options, fit->pool,
                            &summary, err));
    if (fit->out_of_memory) {
        TMLI_TRY(tmli_fail_memory(err, "the epochs' figures"));
    }
    report_summary(fit, &summary, tmli_seconds() - start);
cleanup:
    tmli_free(class_weights);
    tmli_free(weights[0]);
    tmli_free(weights[1]);
    return status;
}

/* ---- figures ---- */

static tml_status score_rows(const tmli_fitting *fit, const tmli_encoded *part,
                             double *probabilities, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_mlp_scratch scratch = {0};
    const size_t n_labels = fit->model->n_labels;
    float *outputs = tmli_alloc(SCORE_ROWS * n_labels, sizeof(*outputs));
    if (outputs == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the scores"));
    }
    TMLI_TRY(tmli_mlp_scratch_init(&scratch, &fit->model->mlp, SCORE_ROWS, err));
    for (size_t at = 0; at < part->n; at += SCORE_ROWS) {
        const size_t n = part->n - at < SCORE_ROWS ? part->n - at : SCORE_ROWS;
        const tmli_rows rows = {part->entries, part->offsets + at, n};
        tmli_mlp_predict(&fit->model->mlp, &rows, &scratch, outputs);
        tmli_model_probabilities(fit->model, outputs, n, probabilities + at * n_labels);
    }
cleanup:
    tmli_mlp_scratch_deinit(&scratch);
    tmli_free(outputs);
    return status;
}

const tmli_fit_steps tmli_fit_network = {read_rows, train_network, score_rows};
