/* tml_fit: prepare → train → figures. What differs between models is in fit_network.c and fit_bayes.c. */
#include "pipeline/fit.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/status.h"
#include "num/blas.h"
#include "pipeline/stop_words.h"
#include "pipeline/summary.h"

enum {
    EXCERPT_BYTES = 400 /* of a text, for those who look at mistakes */
};

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

static tml_status begin(tmli_fitting *fit, const tml_recipe *recipe, tml_error *err)
{
    tml_status status = TML_OK;
    fit->model = tmli_calloc(1, sizeof(*fit->model));
    if (fit->model == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a model"));
    }
    tmli_arena_init(&fit->model->arena, 1024, 0);
    TMLI_TRY(copy_recipe(recipe, &fit->model->recipe, err));
    fit->recipe = fit->model->recipe;
    TMLI_TRY(tmli_read_stop_words(fit->model->recipe, err));
    TMLI_TRY(tml_recipe_check(fit->recipe, err));
    TMLI_TRY(tmli_model_prepare(fit->model, err));
    TMLI_TRY(tmli_pool_create(fit->options->n_threads, &fit->pool, err));
    tmli_blas_single_thread(); /* our pool cuts the work; a BLAS with threads of its own would fight it */
cleanup:
    return status;
}

static const tmli_fit_steps *steps_of(const tml_recipe *recipe)
{
    switch ((tmli_model_type)recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: return &tmli_fit_network;
    case TMLI_MODEL_NAIVE_BAYES: return &tmli_fit_bayes;
    }
    return &tmli_fit_network; /* the recipe was checked */
}

/* Training rows in which the model knows no word. */
static size_t count_wordless(const tmli_encoded *train)
{
    size_t n = 0;
    for (size_t i = 0; i < train->n; i++) {
        n += train->offsets != NULL ? train->offsets[i + 1] == train->offsets[i]
                                    : tmli_csr_row(&train->matrix, i).n == 0;
    }
    return n;
}

static tml_status count_untrained(const tmli_prepared *p, tml_fit_report *report, tml_error *err)
{
    const tmli_encoded *train = &p->parts[TMLI_PART_TRAIN];
    bool *const is_trained = tmli_calloc(p->labels.n, sizeof *is_trained);
    if (is_trained == NULL) {
        return tmli_fail_memory(err, "the labels");
    }
    for (size_t i = 0; i < train->n; i++) {
        is_trained[train->labels[i]] = true;
    }
    for (size_t c = p->labels.n; c-- > 0;) {
        if (!is_trained[c]) {
            report->labels_untrained++;
            report->first_untrained = c;
        }
    }
    tmli_free(is_trained);
    return TML_OK;
}

static tml_status read_rows(tmli_fitting *fit, const tmli_fit_steps *steps, tml_error *err)
{
    const tmli_preparing job = {.recipe = fit->recipe,
                                .input = fit->input,
                                .pool = fit->pool,
                                .stop = fit->options->stop,
                                .excerpt_bytes = fit->options->keep_evaluation ? EXCERPT_BYTES : 0};
    const tmli_prepared *p = &fit->prepared;
    tml_fit_report *report = &fit->report;
    const double start = tmli_seconds();
    tml_status status = steps->read(fit, &job, err);
    if (status == TML_OK) {
        status = count_untrained(p, report, err);
    }
    if (status != TML_OK) {
        return status;
    }
    report->rows_train = p->parts[TMLI_PART_TRAIN].n;
    report->rows_validation = p->parts[TMLI_PART_VALIDATION].n;
    report->rows_test = p->parts[TMLI_PART_TEST].n;
    report->terms_seen = p->terms_seen;
    report->rows_wordless = count_wordless(&p->parts[TMLI_PART_TRAIN]);
    report->replaced = p->replaced;
    report->doubtful = p->doubtful;
    report->seconds_reading = tmli_seconds() - start;
    return tmli_model_name_labels(fit->model, p->labels.names, p->labels.n, err);
}

void tmli_tell_data(const tmli_fitting *fit)
{
    if (fit->options->on_data != NULL) {
        fit->options->on_data(fit->options->ctx, &fit->report);
    }
}

size_t tmli_class_of(const tmli_fitting *fit, const char *label)
{
    const size_t n_labels = fit->model->n_labels;
    const tml_str text = tmli_str(label);
    const uint32_t number = tmli_map_find(fit->prepared.labels.values, text);
    size_t c = number == TMLI_MAP_NONE ? 0 : fit->prepared.labels.seen[number].class_id;
    while (number == TMLI_MAP_NONE && c < n_labels &&
           !tmli_str_eq_text(text, fit->model->labels[c])) {
        c++;
    }
    return c;
}

tml_status tmli_weigh_classes(const tmli_fitting *fit, double *weights, tml_error *err)
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
                         ? (double)train->n / ((double)n_labels * (double)rows)
                         : 1.0;
    }
    for (size_t i = 0; i < asked->n; i++) {
        const size_t c = tmli_class_of(fit, asked->items[i].label);
        if (c == n_labels) {
            return tmli_fail(err, TML_EINVAL, "model.class_weight: the data have no label \"%s\"",
                             asked->items[i].label);
        }
        weights[c] = asked->items[i].weight;
    }
    return TML_OK;
}

/* ---- figures ---- */

/* Hands what was scored over to the report, whose owner it then is. */
static tml_status keep_evaluation(tmli_fitting *fit, tmli_part which, double *probabilities,
                                  tml_error *err)
{
    tmli_encoded *part = &fit->prepared.parts[which];
    tml_evaluation *kept = &fit->report.evaluation;
    tml_evaluation made = {.part = which == TMLI_PART_TEST ? "test" : "validation",
                           .n = part->n,
                           .truth = part->labels,
                           .probabilities = probabilities,
                           .bytes = part->excerpts.data};
    made.texts = tmli_alloc(part->n, sizeof(*made.texts));
    if (made.texts == NULL) {
        return tmli_fail_memory(err, "the evaluation");
    }
    size_t at = 0;
    for (size_t i = 0; i < part->n; i++) {
        made.texts[i] = (tml_str){part->excerpts.data + at, part->excerpt_ends[i] - at};
        at = part->excerpt_ends[i];
    }
    part->labels = NULL;
    part->excerpts = (tmli_buf){0};
    tml_evaluation_deinit(kept);
    *kept = made;
    return TML_OK;
}

static tml_status measure(tmli_fitting *fit, const tmli_fit_steps *steps, tmli_part which,
                          tml_metrics *out, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_encoded *part = &fit->prepared.parts[which];
    const size_t n_labels = fit->model->n_labels;
    size_t cells = 0;
    double *probabilities = NULL;
    uint32_t *predicted = tmli_alloc(part->n, sizeof(*predicted));
    if (tmli_mul_size(part->n, n_labels, &cells)) {
        probabilities = tmli_alloc(cells, sizeof(*probabilities));
    }
    if (predicted == NULL || probabilities == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the scores"));
    }
    TMLI_TRY(steps->score(fit, part, probabilities, err));
    for (size_t i = 0; i < part->n; i++) {
        predicted[i] = (uint32_t)tml_best(probabilities + i * n_labels, n_labels);
    }
    TMLI_TRY(
        tml_metrics_compute(part->labels, predicted, probabilities, part->n, n_labels, out, err));
    if (fit->options->keep_evaluation && part->n > 0) {
        TMLI_TRY(keep_evaluation(fit, which, probabilities, err));
        probabilities = NULL;
    }
cleanup:
    tmli_free(predicted);
    tmli_free(probabilities);
    return status;
}

/* What goes into the artifact: nothing that depends on the clock or the machine. */
static void record_training(tmli_fitting *fit)
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
    tmli_fitting fit = {.input = input, .options = options};
    TMLI_TRY(begin(&fit, recipe, err));
    const tmli_fit_steps *steps = steps_of(fit.recipe);
    TMLI_TRY(read_rows(&fit, steps, err));
    TMLI_TRY(steps->train(&fit, err));
    if (options->keep_evaluation) {
        TMLI_TRY(tmli_fit_summarize(&fit, &fit.report.summary, err));
    }
    TMLI_TRY(measure(&fit, steps, TMLI_PART_VALIDATION, &fit.report.validation, err));
    TMLI_TRY(measure(&fit, steps, TMLI_PART_TEST, &fit.report.test, err));
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

void tml_evaluation_deinit(tml_evaluation *evaluation)
{
    tmli_free(evaluation->truth);
    tmli_free(evaluation->probabilities);
    tmli_free(evaluation->texts);
    tmli_free(evaluation->bytes);
    *evaluation = (tml_evaluation){0};
}

void tml_fit_report_deinit(tml_fit_report *report)
{
    tmli_free(report->epochs);
    tml_metrics_deinit(&report->validation);
    tml_metrics_deinit(&report->test);
    tml_evaluation_deinit(&report->evaluation);
    tmli_fit_summary_free(report->summary);
    *report = (tml_fit_report){0};
}
