#include "train/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/file.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/suggest.h"
#include "sagemaker/channels.h"
#include "sagemaker/config.h"
#include "textml/fit.h"
#include "train/figures.h"
#include "train/progress.h"

#define DEFAULT_RECIPE "news"
enum {
    RECIPE_LIMIT = 1 << 20,
    PLACE_MAX = 4096 /* bytes of a path, as Linux has it */
};

/* Everything that one run holds. */
typedef struct train_job {
    const train_options *options;
    const sm_paths *paths;
    const tml_log *log;
    tmli_arena arena; /* configuration trees */
    const tmli_value *hyperparameters;
    const tmli_value *resources;
    sm_channels channels;
    tml_recipe *recipe;
    tmli_paths train, validation, test; /* the rows' files: a channel's without the word vectors */
    const char *vectors;                /* borrowed */
    progress_line progress;
    tml_model *model;
    tml_fit_report report;
} train_job;

static tml_status read_configuration(train_job *job, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_value *channels = NULL;
    TMLI_TRY(sm_config_read(job->paths->hyperparameters, &job->arena, &job->hyperparameters, err));
    TMLI_TRY(sm_config_read(job->paths->channels, &job->arena, &channels, err));
    TMLI_TRY(sm_config_read(job->paths->resources, &job->arena, &job->resources, err));
    if (job->options->n_channels == 0) {
        TMLI_TRY(sm_channels_from_config(&job->channels, channels, job->paths->data, err));
    }
    for (size_t i = 0; i < job->options->n_channels; i++) {
        TMLI_TRY(sm_channels_add_argument(&job->channels, job->options->channels[i], err));
    }
cleanup:
    return status;
}

static tml_status unknown_recipe(const char *name, tml_error *err)
{
    size_t n = 0;
    const char *const *names = tml_recipe_names(&n);
    const char *nearest = tmli_nearest(tmli_str(name), names, n);
    char list[256] = "";
    for (size_t i = 0; i < n; i++) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return tmli_fail(err, TML_EINVAL,
                     "recipe: \"%s\" is neither a built-in recipe (%s) nor a file%s%s%s", name,
                     list, nearest != NULL ? "; did you mean \"" : "",
                     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static tml_status load_recipe(train_job *job, const char *name, tml_error *err)
{
    const tml_str builtin = tml_recipe_text(name);
    if (builtin.data != NULL) {
        return tml_recipe_parse(name, builtin, &job->recipe, err);
    }
    if (!tmli_is_file(name)) {
        return unknown_recipe(name, err);
    }
    tmli_buf text = {0};
    tml_status status = tmli_file_read(name, RECIPE_LIMIT, &text, err);
    if (status == TML_OK) {
        status = tml_recipe_parse(name, tmli_buf_str(&text), &job->recipe, err);
    }
    tmli_buf_deinit(&text);
    return status;
}

static void warn_of_unused(const train_job *job, tml_str name)
{
    if (!tml_recipe_uses(job->recipe, name)) {
        tml_logf(job->log, TML_LOG_WARN, "%.*s: nothing in the recipe %s uses it", TMLI_SHOWN(name),
                 tml_recipe_name(job->recipe));
    }
}

/* Recipe, then hyperparameters, then the command line: the later wins. */
static tml_status choose_recipe(train_job *job, tml_error *err)
{
    tml_status status = TML_OK;
    const char *name = job->options->recipe;
    if (name == NULL) {
        TMLI_TRY(sm_hyperparameters_recipe(job->hyperparameters, &job->arena, &name, err));
    }
    TMLI_TRY(load_recipe(job, name != NULL ? name : DEFAULT_RECIPE, err));
    TMLI_TRY(sm_hyperparameters_apply(job->hyperparameters, job->recipe, err));
    for (size_t i = 0; i < job->options->n_overrides; i++) {
        const train_override *pair = &job->options->overrides[i];
        TMLI_TRY(tml_recipe_set(job->recipe, tmli_str(pair->name), tmli_str(pair->value), err));
    }
    TMLI_TRY(tml_recipe_check(job->recipe, err));
    for (const tmli_value *item = job->hyperparameters->first; item != NULL; item = item->next) {
        warn_of_unused(job, item->key);
    }
    for (size_t i = 0; i < job->options->n_overrides; i++) {
        warn_of_unused(job, tmli_str(job->options->overrides[i].name));
    }
cleanup:
    return status;
}

static tml_status missing_channel(const train_job *job, tml_error *err)
{
    char list[512] = "none";
    size_t used = 0;
    for (size_t i = 0; i < job->channels.n && used < sizeof(list); i++) {
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i == 0 ? "" : ", ",
                                 job->channels.items[i].name);
    }
    return tmli_fail(err, TML_EINVAL,
                     "Missing required channel: train (or training); channels found: %s; put the "
                     "rows into %s/train, or give --channel train=PATH",
                     list, job->paths->data);
}

/* The rows' files of a channel: word vectors may lie among them. */
static tml_status choose_rows(const train_job *job, const sm_channel *channel, tmli_paths *out,
                              tml_error *err)
{
    tml_status status = TML_OK;
    for (size_t i = 0; status == TML_OK && i < channel->files.n; i++) {
        if (!sm_is_vectors_file(channel->files.items[i], tml_recipe_vectors(job->recipe))) {
            status = tmli_paths_add(out, channel->files.items[i], err);
        }
    }
    return status;
}

static tml_status choose_train_rows(train_job *job, tml_error *err)
{
    const sm_channel *train = sm_channels_find(&job->channels, "train", "training");
    if (train == NULL) {
        return missing_channel(job, err);
    }
    const tml_status status = choose_rows(job, train, &job->train, err);
    if (status == TML_OK && job->train.n == 0) {
        return tmli_fail(
            err, TML_EINVAL, "channel %s: %s %s: put files of rows there (CSV, TSV or JSON Lines)",
            train->name, train->path,
            tmli_file_exists(train->path) ? "holds no data file (empty files do not count)"
                                          : "does not exist");
    }
    return status;
}

/* A channel that a job can do without; instead: what happens then. */
static tml_status choose_other_rows(train_job *job, const char *name, const char *instead,
                                    tmli_paths *out, tml_error *err)
{
    const sm_channel *channel = sm_channels_find(&job->channels, name, NULL);
    const tml_status status = channel != NULL ? choose_rows(job, channel, out, err) : TML_OK;
    if (status == TML_OK && channel != NULL && out->n == 0) {
        tml_logf(job->log, TML_LOG_WARN, "channel %s: %s holds no data file: %s", name,
                 channel->path, instead);
    }
    return status;
}

static tml_status choose_files(train_job *job, tml_error *err)
{
    tml_status status = TML_OK;
    TMLI_TRY(choose_train_rows(job, err));
    TMLI_TRY(choose_other_rows(job, "validation", "the recipe's data.split takes its place",
                               &job->validation, err));
    TMLI_TRY(choose_other_rows(job, "test", "nothing is scored at the end", &job->test, err));
    if (tml_recipe_vectors(job->recipe) != NULL) {
        TMLI_TRY(sm_channels_vectors(&job->channels, tml_recipe_vectors(job->recipe), &job->vectors,
                                     err));
    }
cleanup:
    return status;
}

/* Training that takes hours is not to end at a directory that nobody may write. Nothing is made yet: the nearest directory
 * that is there decides. What cannot be known before, a disk that fills up, is told at the end. */
static tml_status check_place(const char *dir, tml_error *err)
{
    char place[PLACE_MAX];
    const int n = snprintf(place, sizeof place, "%s", dir);
    if (n <= 0 || (size_t)n >= sizeof place) {
        return TML_OK; /* writing will say it */
    }
    while (!tmli_file_exists(place) && strcmp(place, "/") != 0 && strcmp(place, ".") != 0) {
        char *const slash = strrchr(place, '/');
        if (slash == NULL) {
            (void)snprintf(place, sizeof place, ".");
        } else {
            slash[slash == place ? 1 : 0] = '\0'; /* the root stays */
        }
    }
    if (!tmli_is_dir(place)) {
        return tmli_fail(err, TML_EIO, "%s: no directory, and results go into %s", place, dir);
    }
    if (access(place, W_OK | X_OK) != 0) {
        return tmli_fail(err, TML_EIO,
                         "%s: %s; results go into %s: give another directory, or "
                         "the right to write there",
                         place, strerror(errno), dir);
    }
    return TML_OK;
}

static void on_data(void *ctx, const tml_fit_report *report)
{
    const train_job *job = ctx;
    figures_log_data(job->log, report);
}

static void on_epoch(void *ctx, const tml_epoch *epoch)
{
    train_job *job = ctx;
    progress_clear(&job->progress);
    figures_log_epoch(job->log, epoch);
}

static void on_progress(void *ctx, const tml_progress *progress)
{
    train_job *job = ctx;
    progress_show(&job->progress, progress);
}

static tml_status fit(train_job *job, const atomic_bool *stop, tml_error *err)
{
    const sm_channel *train = sm_channels_find(&job->channels, "train", "training");
    const tml_fit_input input = {
        .train = (const char *const *)job->train.items,
        .n_train = job->train.n,
        .validation = (const char *const *)job->validation.items,
        .n_validation = job->validation.n,
        .test = (const char *const *)job->test.items,
        .n_test = job->test.n,
        .vectors = job->vectors,
        .label_first = sm_is_csv_type(train->content_type),
    };
    size_t n_threads = job->options->n_threads;
    if (n_threads == 0) { /* there are machines with more processors than a pool has threads */
        n_threads = tmli_cpu_count("/sys/fs/cgroup");
        n_threads = n_threads < TMLI_THREADS_MAX ? n_threads : TMLI_THREADS_MAX;
    }
    const tml_fit_options options = {.n_threads = n_threads,
                                     .keep_evaluation = job->options->writes_report,
                                     .stop = stop,
                                     .on_data = on_data,
                                     .on_epoch = on_epoch,
                                     .on_progress = job->progress.shown ? on_progress : NULL,
                                     .ctx = job};
    const tml_status status =
        tml_fit(job->recipe, &input, &options, &job->model, &job->report, err);
    progress_clear(&job->progress);
    return status;
}

/* The model is what the job is for: figures that cannot be written do not take it along. */
static void write_figures(const train_job *job, const char *name,
                          tml_status (*write)(const char *dir, const tml_model *model,
                                              const tml_fit_report *report, tml_error *err))
{
    tml_error fault = {0};
    if (write(job->paths->figures, job->model, &job->report, &fault) != TML_OK) {
        tml_logf(job->log, TML_LOG_WARN, "%s was not written, the model is all the same: %s", name,
                 fault.text);
    }
}

/* Figures first: once the artifact stands, the job has succeeded. */
static tml_status write_results(const train_job *job, tml_error *err)
{
    figures_log_labels(job->log, job->model, &job->report);
    figures_log_end(job->log, &job->report);
    figures_log_result(job->log, &job->report);
    write_figures(job, "metrics.json", figures_write);
    if (job->options->writes_report) {
        write_figures(job, "report.html", figures_write_report);
    }
    const tml_status status = tml_model_save(job->model, job->paths->model, err);
    if (status == TML_OK) {
        tml_logf(job->log, TML_LOG_INFO, "model written to %s", job->paths->model);
    }
    return status;
}

tml_status train_run(const train_options *options, const sm_paths *paths, const atomic_bool *stop,
                     const tml_log *log, tml_error *err)
{
    tml_status status = TML_OK;
    train_job job = {.options = options, .paths = paths, .log = log};
    tmli_arena_init(&job.arena, 16384, 64 << 20);
    progress_init(&job.progress, options->by_hand && log->least <= TML_LOG_INFO);
    TMLI_TRY(read_configuration(&job, err));
    if (!sm_is_leader(job.resources)) {
        tml_logf(log, TML_LOG_WARN, "this host is not the first of its job: the first one trains");
        goto cleanup;
    }
    TMLI_TRY(choose_recipe(&job, err));
    TMLI_TRY(choose_files(&job, err));
    TMLI_TRY(check_place(paths->model, err));
    TMLI_TRY(check_place(paths->figures, err));
    TMLI_TRY(fit(&job, stop, err));
    TMLI_TRY(write_results(&job, err));
cleanup:
    tml_model_free(job.model);
    tml_fit_report_deinit(&job.report);
    tmli_paths_deinit(&job.train);
    tmli_paths_deinit(&job.validation);
    tmli_paths_deinit(&job.test);
    sm_channels_deinit(&job.channels);
    tml_recipe_free(job.recipe);
    tmli_arena_deinit(&job.arena);
    return status;
}
