/* Epochs: order of rows, validation, the best weights, stopping. One batch is in mlp_step.c. */
#include "models/mlp_train.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "models/mlp_loss.h"
#include "models/mlp_step.h"

enum {
    VALIDATION_ROWS = 256
}; /* rows predicted at once: their layers stay in the second cache */

/* ---- checks ---- */

static tml_status check_options(const tmli_mlp_train_options *options, bool has_validation,
                                tml_error *err)
{
    if (options->epochs < 1 || options->epochs > UINT32_MAX) {
        return tmli_fail(err, TML_EINVAL, "epochs: %zu is not in 1..%u", options->epochs,
                         UINT32_MAX);
    }
    if (options->batch_size < 1) {
        return tmli_fail(err, TML_EINVAL, "batch_size: 0 is not at least 1");
    }
    if (!(options->dropout >= 0.0f && options->dropout < 1.0f)) {
        return tmli_fail(err, TML_EINVAL, "dropout: %g is not at least 0 and below 1",
                         (double)options->dropout);
    }
    if (options->early_stopping && options->patience < 1) {
        return tmli_fail(err, TML_EINVAL, "patience: 0 is not at least 1");
    }
    if ((options->early_stopping || options->keep_best) && !has_validation) {
        return tmli_fail(err, TML_EINVAL,
                         "early stopping and keeping the best weights need validation rows: give a "
                         "channel of them, or a validation_split above 0");
    }
    return TML_OK;
}

static tml_status check_entries(const tmli_mlp *mlp, const tmli_rows *rows, const char *what,
                                tml_error *err)
{
    for (size_t i = 0; i < rows->n; i++) {
        size_t next_block = 0;
        for (size_t e = rows->offsets[i]; e < rows->offsets[i + 1]; e++) {
            const tmli_entry entry = rows->entries[e];
            if (entry.block < next_block || entry.block >= mlp->shape.n_blocks) {
                return tmli_fail(err, TML_EINVAL,
                                 "%s row %zu: block %u, expected rising blocks below %zu", what, i,
                                 entry.block, mlp->shape.n_blocks);
            }
            if (entry.row >= mlp->embedding.n) {
                return tmli_fail(err, TML_EINVAL, "%s row %zu: vector %u of a table of %zu", what,
                                 i, entry.row, mlp->embedding.n);
            }
            next_block = (size_t)entry.block + 1;
        }
    }
    return TML_OK;
}

static tml_status check_labels(const tmli_mlp *mlp, const tmli_examples *examples, const char *what,
                               tml_error *err)
{
    const size_t k = mlp->shape.sizes[mlp->shape.n_layers - 1];
    const size_t n_labels = mlp->shape.output == TMLI_OUTPUT_SIGMOID ? 2 : k;
    for (size_t i = 0; i < examples->rows.n; i++) {
        if (examples->labels[i] >= n_labels) {
            return tmli_fail(err, TML_EINVAL, "%s row %zu: label %u, expected one below %zu", what,
                             i, examples->labels[i], n_labels);
        }
    }
    return TML_OK;
}

static tml_status check_examples(const tmli_mlp *mlp, const tmli_examples *examples,
                                 const char *what, tml_error *err)
{
    const tmli_output output = mlp->shape.output;
    const size_t k = mlp->shape.sizes[mlp->shape.n_layers - 1];
    const bool takes_labels =
        output == TMLI_OUTPUT_SOFTMAX || (output == TMLI_OUTPUT_SIGMOID && k == 1);
    const bool takes_targets = output != TMLI_OUTPUT_SOFTMAX;
    if (examples->rows.n < 1 || examples->rows.n > UINT32_MAX) {
        return tmli_fail(err, TML_EINVAL, "%zu %s rows, expected 1..%u", examples->rows.n, what,
                         UINT32_MAX);
    }
    if ((examples->labels != NULL) == (examples->targets != NULL) ||
        (examples->labels != NULL && !takes_labels) ||
        (examples->targets != NULL && !takes_targets)) {
        return tmli_fail(err, TML_EINVAL,
                         "%s rows: softmax takes labels, identity targets, sigmoid targets or, "
                         "with one output, labels",
                         what);
    }
    for (size_t i = 0; i < examples->rows.n && examples->weights != NULL; i++) {
        if (!(examples->weights[i] >= 0.0f && isfinite(examples->weights[i]))) {
            return tmli_fail(err, TML_EINVAL, "%s row %zu: weight %g is not a number of at least 0",
                             what, i, (double)examples->weights[i]);
        }
    }
    tml_status status = check_entries(mlp, &examples->rows, what, err);
    if (status == TML_OK && examples->labels != NULL) {
        status = check_labels(mlp, examples, what, err);
    }
    return status;
}

static tml_status check_all(const tmli_mlp *mlp, const float *table, const tmli_examples *train,
                            const tmli_examples *validation, const tmli_mlp_train_options *options,
                            tml_error *err)
{
    tml_status status = tmli_mlp_check(&mlp->shape, mlp->embedding, err);
    if (status == TML_OK) {
        status = check_options(options, validation != NULL, err);
    }
    if (status == TML_OK) {
        status = check_examples(mlp, train, "training", err);
    }
    if (status == TML_OK && validation != NULL) {
        status = check_examples(mlp, validation, "validation", err);
    }
    if (status != TML_OK) {
        return status;
    }
    if (mlp->slab == NULL) {
        return tmli_fail(err, TML_EINVAL, "network: borrowed weights cannot be trained");
    }
    if (options->train_table && table != mlp->embedding.data) {
        return tmli_fail(err, TML_EINVAL, "network: the table to train is not the embedding");
    }
    if (options->class_weights != NULL && train->labels == NULL) {
        return tmli_fail(err, TML_EINVAL, "class weights need labels");
    }
    const size_t k = mlp->shape.sizes[mlp->shape.n_layers - 1];
    const size_t n_classes = mlp->shape.output == TMLI_OUTPUT_SIGMOID ? 2 : k;
    for (size_t c = 0; c < n_classes && options->class_weights != NULL; c++) {
        if (!(options->class_weights[c] >= 0.0f && isfinite(options->class_weights[c]))) {
            return tmli_fail(err, TML_EINVAL,
                             "weight of class %zu: %g is not a number of at least 0", c,
                             (double)options->class_weights[c]);
        }
    }
    return TML_OK;
}

/* ---- validation ---- */

typedef struct validation_run {
    tmli_trainer *trainer;
    const tmli_examples *examples;
    double *losses; /* [chunks] Σ weight · loss */
    double *hits;   /* [chunks] */
    float *outputs; /* [lanes, VALIDATION_ROWS, K] */
} validation_run;

static void validate_chunk(void *ctx, size_t chunk, size_t lane)
{
    const validation_run *const run = ctx;
    const tmli_mlp *const mlp = run->trainer->mlp;
    const tmli_examples *const examples = run->examples;
    const size_t k = mlp->shape.sizes[mlp->shape.n_layers - 1];
    const size_t first = chunk * VALIDATION_ROWS;
    const size_t left = examples->rows.n - first;
    const size_t n = left < VALIDATION_ROWS ? left : VALIDATION_ROWS;
    const float *const z =
        tmli_mlp_logits(mlp, &examples->rows, first, n, &run->trainer->scratches[lane]);
    float *const p = run->outputs + lane * VALIDATION_ROWS * k;
    double loss = 0;
    double hits = 0;
    for (size_t i = 0; i < n * k; i++) {
        p[i] = z[i];
    }
    tmli_mlp_output(&mlp->shape, p, n);
    for (size_t i = 0; i < n; i++) {
        const size_t id = first + i;
        const tmli_wanted wanted = {
            .label = examples->labels != NULL ? examples->labels[id] : 0,
            .targets = examples->targets != NULL ? examples->targets + id * k : NULL,
        };
        const tmli_row_loss row =
            tmli_loss_of_row(mlp->shape.output, z + i * k, p + i * k, k, &wanted);
        loss += row.loss * (examples->weights != NULL ? (double)examples->weights[id] : 1.0);
        hits += (double)row.hits;
    }
    run->losses[chunk] = loss;
    run->hits[chunk] = hits;
}

static tml_status init_scratches(tmli_trainer *trainer, tml_error *err)
{
    trainer->scratches = tmli_calloc(trainer->n_lanes, sizeof *trainer->scratches);
    if (trainer->scratches == NULL) {
        return tmli_fail_memory(err, "validation");
    }
    for (size_t i = 0; i < trainer->n_lanes; i++) {
        const tml_status status =
            tmli_mlp_scratch_init(&trainer->scratches[i], trainer->mlp, VALIDATION_ROWS, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

static tml_status init_validation(tmli_trainer *trainer, const tmli_examples *examples,
                                  validation_run *run, tml_error *err)
{
    const size_t k = trainer->layers[trainer->n_layers - 1].o;
    const size_t n_chunks = (examples->rows.n + VALIDATION_ROWS - 1) / VALIDATION_ROWS;
    *run = (validation_run){.trainer = trainer, .examples = examples};
    run->losses = tmli_calloc(n_chunks, sizeof *run->losses);
    run->hits = tmli_calloc(n_chunks, sizeof *run->hits);
    run->outputs = tmli_alloc(trainer->n_lanes * VALIDATION_ROWS * k, sizeof *run->outputs);
    if (run->losses == NULL || run->hits == NULL || run->outputs == NULL) {
        return tmli_fail_memory(err, "validation");
    }
    return init_scratches(trainer, err);
}

static void free_validation(validation_run *run)
{
    tmli_free(run->losses);
    tmli_free(run->hits);
    tmli_free(run->outputs);
}

/* Chunks are cut by the rows alone and added in order, so that the figures do not depend on threads. */
static void validate(validation_run *run, tml_epoch *epoch)
{
    const tmli_trainer *const trainer = run->trainer;
    const size_t n = run->examples->rows.n;
    const size_t n_chunks = (n + VALIDATION_ROWS - 1) / VALIDATION_ROWS;
    const size_t n_entries = run->examples->rows.offsets[n] - run->examples->rows.offsets[0];
    const size_t work = n_entries * trainer->mlp->shape.width * trainer->layers[0].o;
    double loss = 0;
    double hits = 0;
    tmli_run_lanes(run->trainer, n_chunks, work, validate_chunk, run);
    for (size_t c = 0; c < n_chunks; c++) {
        loss += run->losses[c];
        hits += run->hits[c];
    }
    epoch->validation_loss = loss / (double)n;
    epoch->validation_accuracy = hits / (double)n;
}

/* ---- epochs ---- */

typedef struct fit {
    tmli_trainer trainer;
    validation_run validation; /* losses NULL without validation rows */
    bool keeps_best;
    double best_loss;
    size_t epochs_since_best;
    tmli_fit_summary summary;
} fit_state;

static bool is_stopped(const tmli_mlp_train_options *options)
{
    return options->stop != NULL && atomic_load(options->stop);
}

static void shuffle(tmli_trainer *trainer, size_t epoch)
{
    tmli_rng rng = tmli_rng_at(trainer->options->seed, TMLI_RNG_SHUFFLE, (uint32_t)epoch, 0);
    for (size_t i = 0; i < trainer->rows.n; i++) {
        trainer->order[i] =
            (uint32_t)i; /* afresh: an epoch's order does not depend on the ones before */
    }
    tmli_rng_shuffle(&rng, trainer->order, trainer->rows.n);
}

/* All batches of an epoch, or those before *stop. */
static tml_status run_batches(fit_state *fit, tml_epoch *epoch, tml_error *err)
{
    tmli_trainer *const trainer = &fit->trainer;
    const tmli_mlp_train_options *const options = trainer->options;
    const size_t n = trainer->rows.n;
    double loss = 0;
    double hits = 0;
    for (size_t first = 0; first < n; first += trainer->max_rows) {
        if (is_stopped(options)) {
            fit->summary.interrupted = true;
            return TML_OK;
        }
        const size_t left = n - first;
        const tmli_batch batch = {
            .ids = trainer->order + first,
            .n = left < trainer->max_rows ? left : trainer->max_rows,
            .epoch = epoch->epoch,
        };
        if (!tmli_train_step(trainer, &batch, &loss, &hits)) {
            return tmli_fail(err, TML_ENUMERIC,
                             "loss is not finite in epoch %zu, batch %zu: lower the learning rate "
                             "(now %g) or look for extreme numbers in the input",
                             epoch->epoch, first / trainer->max_rows + 1,
                             (double)options->optim.learning_rate);
        }
        if (options->on_progress != NULL) {
            const tml_progress progress = {epoch->epoch, options->epochs, first + batch.n, n};
            options->on_progress(options->ctx, &progress);
        }
    }
    epoch->train_loss = loss / (double)n;
    epoch->train_accuracy = hits / (double)n;
    return TML_OK;
}

/* Remembers the epoch when it is the best so far. True when patience has run out. */
static bool judge(fit_state *fit, const tml_epoch *epoch)
{
    const tmli_mlp_train_options *const options = fit->trainer.options;
    if (!fit->keeps_best) {
        fit->summary.best_epoch = epoch->epoch;
        return false;
    }
    if (epoch->validation_loss < fit->best_loss) {
        fit->best_loss = epoch->validation_loss;
        fit->epochs_since_best = 0;
        fit->summary.best_epoch = epoch->epoch;
        tmli_trainer_save_best(&fit->trainer);
        return false;
    }
    fit->epochs_since_best++;
    return options->early_stopping && fit->epochs_since_best >= options->patience;
}

static tml_status run_epoch(fit_state *fit, size_t number, tml_error *err)
{
    tmli_trainer *const trainer = &fit->trainer;
    const double start = tmli_seconds();
    tml_epoch epoch = {
        .epoch = number,
        .validation_loss = NAN,
        .validation_accuracy = NAN,
    };
    fit->summary.epochs_run = number;
    shuffle(trainer, number);
    const tml_status status = run_batches(fit, &epoch, err);
    tmli_train_settle(trainer);
    if (status != TML_OK || fit->summary.interrupted) {
        return status;
    }
    epoch.seconds = tmli_seconds() - start;
    if (fit->validation.losses != NULL) {
        validate(&fit->validation, &epoch);
        if (!isfinite(epoch.validation_loss)) {
            return tmli_fail(err, TML_ENUMERIC,
                             "validation loss is not finite after epoch %zu: lower the learning "
                             "rate (now %g)",
                             number, (double)trainer->options->optim.learning_rate);
        }
    }
    fit->summary.stopped_early = judge(fit, &epoch);
    if (trainer->options->on_epoch != NULL) {
        trainer->options->on_epoch(trainer->options->ctx, &epoch);
    }
    return TML_OK;
}

static tml_status run_epochs(fit_state *fit, tml_error *err)
{
    const tmli_mlp_train_options *const options = fit->trainer.options;
    tml_status status = TML_OK;
    for (size_t e = 1; e <= options->epochs && status == TML_OK && !fit->summary.interrupted &&
                       !fit->summary.stopped_early;
         e++) {
        status = run_epoch(fit, e, err);
    }
    if (status == TML_OK && fit->keeps_best && fit->summary.best_epoch > 0) {
        tmli_trainer_restore_best(&fit->trainer);
    }
    return status;
}

tml_status tmli_mlp_train(tmli_mlp *mlp, float *table, const tmli_examples *train,
                          const tmli_examples *validation, const tmli_mlp_train_options *options,
                          tmli_pool *pool, tmli_fit_summary *out, tml_error *err)
{
    tml_status status = check_all(mlp, table, train, validation, options, err);
    if (status != TML_OK) {
        return status;
    }
    fit_state fit = {
        .keeps_best = options->keep_best || options->early_stopping,
        .best_loss = INFINITY,
    };
    TMLI_TRY(
        tmli_trainer_init(&fit.trainer, mlp, table, train, options, pool, fit.keeps_best, err));
    if (validation != NULL) {
        TMLI_TRY(init_validation(&fit.trainer, validation, &fit.validation, err));
    }
    TMLI_TRY(run_epochs(&fit, err));
    *out = fit.summary;
cleanup:
    free_validation(&fit.validation);
    tmli_trainer_deinit(&fit.trainer);
    return status;
}
