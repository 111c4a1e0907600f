/* tml_fit: prepare → word vectors → network → training → figures. */
#include "textml/fit.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "features/vectors.h"
#include "models/mlp_train.h"
#include "num/blas.h"
#include "pipeline/model.h"
#include "pipeline/prepare.h"

enum {
    SCORE_ROWS = 256
}; /* rows scored together */

/* One run of tml_fit. */
typedef struct fitting {
    const tml_fit_input *input;
    const tml_fit_options *options;
    tml_model *model;         /* being made; owns the copy of the recipe */
    const tml_recipe *recipe; /* model's */
    tmli_prepared prepared;
    tmli_pool *pool;
    tml_fit_report report;
    size_t epoch_capacity;
    bool out_of_memory; /* noticed where no error can be returned */
} fitting;

/* Through its written form, so that the model holds exactly what its artifact will say. */
static tml_status copy_recipe(const tml_recipe *recipe, tml_recipe **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_arena arena;
    tmli_buf text = {0};
    tmli_json_writer w;
    const tmli_value *root = NULL;
    tmli_arena_init(&arena, 16384, 0);
    tmli_json_begin(&w, &text, 0);
    tmli_recipe_write(recipe, NULL, &w);
    if (text.failed) {
        TMLI_TRY(tmli_fail_memory(err, "the recipe"));
    }
    TMLI_TRY(tmli_json_parse(tmli_buf_str(&text), &arena, &root, err));
    TMLI_TRY(tmli_recipe_from_value(recipe->source, root, out, err));
cleanup:
    tmli_buf_deinit(&text);
    tmli_arena_deinit(&arena);
    return status;
}

static tml_status begin(fitting *fit, const tml_recipe *recipe, tml_error *err)
{
    tml_status status = TML_OK;
    fit->model = tmli_calloc(1, sizeof(*fit->model));
    if (fit->model == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a model"));
    }
    tmli_arena_init(&fit->model->arena, 1024, 0);
    TMLI_TRY(copy_recipe(recipe, &fit->model->recipe, err));
    fit->recipe = fit->model->recipe;
    TMLI_TRY(tml_recipe_check(fit->recipe, err));
    TMLI_TRY(tmli_model_tokenizer(fit->recipe, &fit->model->tokenizer, err));
    TMLI_TRY(tmli_pool_create(fit->options->n_threads, &fit->pool, err));
    tmli_blas_single_thread(); /* our pool cuts the work; a BLAS with threads of its own would fight it */
cleanup:
    return status;
}

static tml_status read_rows(fitting *fit, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_prepared *p = &fit->prepared;
    tml_fit_report *report = &fit->report;
    const double start = tmli_seconds();
    TMLI_TRY(
        tmli_prepare(fit->recipe, fit->model->tokenizer, fit->input, fit->options->stop, p, err));
    TMLI_TRY(tmli_model_name_labels(fit->model, p->labels.names, p->labels.n, err));
    fit->model->vocab = p->vocab;
    p->vocab = (tmli_vocab){0};
    report->rows_train = p->parts[TMLI_PART_TRAIN].n;
    report->rows_validation = p->parts[TMLI_PART_VALIDATION].n;
    report->rows_test = p->parts[TMLI_PART_TEST].n;
    report->terms_seen = p->terms_seen;
    report->terms_kept = fit->model->vocab.n;
    report->replaced = p->replaced;
    report->seconds_reading = tmli_seconds() - start;
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

static tml_status make_table(fitting *fit, tml_error *err)
{
    const size_t n = fit->model->vocab.n;
    const size_t dims = fit->recipe->feature.dims;
    const double start = tmli_seconds();
    size_t cells = 0;
    tml_status status = TML_OK;
    if (tmli_mul_size(n, dims, &cells)) {
        fit->model->table = tmli_alloc_lines(cells, sizeof(float));
    }
    if (fit->model->table == NULL) {
        return tmli_fail(err, TML_ENOMEM, "no memory for an embedding of %zu x %zu", n, dims);
    }
    if (fit->recipe->feature.source == NULL) {
        draw_table(fit->model->table, cells, fit->recipe->seed);
    } else if (fit->input->vectors == NULL) {
        status = tmli_fail(err, TML_EINVAL, "the recipe's word vectors \"%s\" were not given",
                           fit->recipe->feature.source);
    } else {
        memset(fit->model->table, 0, cells * sizeof(float));
        status = tmli_vectors_fill(fit->input->vectors, &fit->model->vocab, dims, fit->model->table,
                                   &fit->report.vectors_found, err);
        fit->report.vectors_read = true;
    }
    fit->report.seconds_vectors = tmli_seconds() - start;
    return status;
}

static void keep_epoch(void *ctx, const tml_epoch *epoch)
{
    fitting *fit = ctx;
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
    const fitting *fit = ctx;
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

/* weights [n_labels]; false when a named label does not exist. */
static tml_status weigh_classes(const fitting *fit, float *weights, tml_error *err)
{
    const tmli_class_weights *asked = &fit->recipe->class_weight;
    const tmli_encoded *train = &fit->prepared.parts[TMLI_PART_TRAIN];
    const size_t n_labels = fit->model->n_labels;
    for (size_t c = 0; c < n_labels; c++) {
        size_t rows = 0;
        for (size_t i = 0; i < train->n; i++) {
            rows += train->labels[i] == c;
        }
        weights[c] = asked->balanced && rows > 0
                         ? (float)((double)train->n / ((double)n_labels * (double)rows))
                         : 1.0F;
    }
    for (size_t i = 0; i < asked->n; i++) {
        const tml_str label = tmli_str(asked->items[i].label);
        const uint32_t number = tmli_map_find(fit->prepared.labels.values, label);
        size_t c = number == TMLI_MAP_NONE ? 0 : fit->prepared.labels.seen[number].class_id;
        while (number == TMLI_MAP_NONE && c < n_labels &&
               !tmli_str_eq_text(label, fit->model->labels[c])) {
            c++;
        }
        if (c == n_labels) {
            return tmli_fail(err, TML_EINVAL, "model.class_weight: the data have no label \"%s\"",
                             asked->items[i].label);
        }
        weights[c] = (float)asked->items[i].weight;
    }
    return TML_OK;
}

static tmli_examples examples_of(const tmli_encoded *part)
{
    return (tmli_examples){.rows = {part->entries, part->offsets, part->n},
                           .labels = part->labels,
                           .weights = part->weights};
}

static tmli_mlp_train_options options_of(fitting *fit, const float *class_weights)
{
    const tml_recipe *recipe = fit->recipe;
    return (tmli_mlp_train_options){
        .epochs = recipe->epochs,
        .batch_size = recipe->batch_size,
        .optim = optimizer_of(recipe),
        .dropout = (float)recipe->dropout,
        .class_weights = class_weights,
        .train_table = recipe->feature.trainable,
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

static void report_summary(fitting *fit, const tmli_fit_summary *summary, double seconds)
{
    fit->report.epochs_run = summary->epochs_run;
    fit->report.best_epoch = summary->best_epoch;
    fit->report.stopped_early = summary->stopped_early;
    fit->report.interrupted = summary->interrupted;
    fit->report.seconds_training = seconds;
}

static tml_status train_network(fitting *fit, tml_error *err)
{
    tml_status status = TML_OK;
    tml_model *model = fit->model;
    tmli_fit_summary summary = {0};
    const tmli_examples train = examples_of(&fit->prepared.parts[TMLI_PART_TRAIN]);
    const tmli_examples validation = examples_of(&fit->prepared.parts[TMLI_PART_VALIDATION]);
    const tmli_table table = {model->table, model->vocab.n, fit->recipe->feature.dims};
    const tmli_mlp_shape shape = tmli_model_shape(fit->recipe, model->n_labels);
    const double start = tmli_seconds();
    float *class_weights = tmli_alloc(model->n_labels, sizeof(*class_weights));
    if (class_weights == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "class weights"));
    }
    if (fit->options->stop != NULL && atomic_load(fit->options->stop)) {
        TMLI_TRY(tmli_fail(err, TML_ESTOPPED, "stopped before the first batch"));
    }
    TMLI_TRY(weigh_classes(fit, class_weights, err));
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
    return status;
}

/* Probabilities [n, labels] of encoded rows, by the code that serves. */
static tml_status score_rows(const fitting *fit, const tmli_encoded *part, float *probabilities,
                             tml_error *err)
{
    tmli_mlp_scratch scratch;
    const size_t n_labels = fit->model->n_labels;
    tml_status status = tmli_mlp_scratch_init(&scratch, &fit->model->mlp, SCORE_ROWS, err);
    if (status != TML_OK) {
        return status;
    }
    for (size_t at = 0; at < part->n; at += SCORE_ROWS) {
        const size_t n = part->n - at < SCORE_ROWS ? part->n - at : SCORE_ROWS;
        const tmli_rows rows = {part->entries, part->offsets + at, n};
        float *out = probabilities + at * n_labels;
        tmli_mlp_predict(&fit->model->mlp, &rows, &scratch, out);
        tmli_model_probabilities(fit->model, out, n, out);
    }
    tmli_mlp_scratch_deinit(&scratch);
    return TML_OK;
}

static tml_status measure(const fitting *fit, tmli_part which, tml_metrics *out, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_encoded *part = &fit->prepared.parts[which];
    const size_t n_labels = fit->model->n_labels;
    size_t cells = 0;
    float *scores = NULL;
    double *probabilities = NULL;
    uint32_t *predicted = tmli_alloc(part->n, sizeof(*predicted));
    if (tmli_mul_size(part->n, n_labels, &cells)) {
        scores = tmli_alloc(cells, sizeof(*scores));
        probabilities = tmli_alloc(cells, sizeof(*probabilities));
    }
    if (predicted == NULL || scores == NULL || probabilities == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the scores"));
    }
    TMLI_TRY(score_rows(fit, part, scores, err));
    for (size_t i = 0; i < part->n; i++) {
        predicted[i] = (uint32_t)tml_best(scores + i * n_labels, n_labels);
    }
    for (size_t i = 0; i < cells; i++) {
        probabilities[i] = (double)scores[i];
    }
    TMLI_TRY(
        tml_metrics_compute(part->labels, predicted, probabilities, part->n, n_labels, out, err));
cleanup:
    tmli_free(predicted);
    tmli_free(scores);
    tmli_free(probabilities);
    return status;
}

/* What goes into the artifact: nothing that depends on the clock or the machine. */
static void record_training(fitting *fit)
{
    const tml_fit_report *report = &fit->report;
    const size_t kept = report->best_epoch > 0 ? report->best_epoch : report->n_epochs;
    const tml_epoch *epoch =
        kept > 0 && kept <= report->n_epochs ? &report->epochs[kept - 1] : NULL;
    const bool validated = report->validation.n_rows > 0;
    fit->model->training = (tmli_training){
        .rows_train = report->rows_train,
        .rows_validation = report->rows_validation,
        .terms_seen = report->terms_seen,
        .terms_kept = report->terms_kept,
        .vectors_found = report->vectors_found,
        .epochs_run = report->epochs_run,
        .best_epoch = report->best_epoch,
        .train_loss = epoch != NULL ? epoch->train_loss : (double)NAN,
        .validation_loss = epoch != NULL ? epoch->validation_loss : (double)NAN,
        .validation_accuracy = validated ? report->validation.accuracy : (double)NAN,
        .validation_macro_f1 = validated ? report->validation.macro.f1 : (double)NAN,
        .data_fingerprint = fit->prepared.fingerprint,
    };
}

tml_status tml_fit(const tml_recipe *recipe, const tml_fit_input *input,
                   const tml_fit_options *options, tml_model **out, tml_fit_report *report,
                   tml_error *err)
{
    tml_status status = TML_OK;
    fitting fit = {.input = input, .options = options};
    TMLI_TRY(begin(&fit, recipe, err));
    TMLI_TRY(read_rows(&fit, err));
    TMLI_TRY(make_table(&fit, err));
    TMLI_TRY(train_network(&fit, err));
    TMLI_TRY(measure(&fit, TMLI_PART_VALIDATION, &fit.report.validation, err));
    TMLI_TRY(measure(&fit, TMLI_PART_TEST, &fit.report.test, err));
    record_training(&fit);
    *out = fit.model;
    fit.model = NULL;
    *report = fit.report;
    fit.report = (tml_fit_report){0};
cleanup:
    tmli_pool_free(fit.pool);
    tmli_prepared_deinit(&fit.prepared);
    tml_fit_report_deinit(&fit.report);
    tml_model_free(fit.model);
    return status;
}

void tml_fit_report_deinit(tml_fit_report *report)
{
    tmli_free(report->epochs);
    tml_metrics_deinit(&report->validation);
    tml_metrics_deinit(&report->test);
    *report = (tml_fit_report){0};
}
