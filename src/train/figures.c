#include "train/figures.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/status.h"
#include "textml/report.h"

/* Metrics of an epoch line, by name. */
static const struct {
    const char *name;
    size_t offset;
} epoch_metrics[] = {
    {"train:loss", offsetof(tml_epoch, train_loss)},
    {"train:accuracy", offsetof(tml_epoch, train_accuracy)},
    {"validation:loss", offsetof(tml_epoch, validation_loss)},
    {"validation:accuracy", offsetof(tml_epoch, validation_accuracy)},
};
enum {
    N_EPOCH_METRICS = sizeof(epoch_metrics) / sizeof(epoch_metrics[0])
};

/* Metrics of the result, for each of "validation" and "test". */
static const char *const result_metrics[] = {"accuracy", "macro_f1", "log_loss"};
enum {
    N_RESULT_METRICS = sizeof(result_metrics) / sizeof(result_metrics[0]),
    MOST_COMPARED = 1000, /* labels are compared with each other, each with all */
    MATRIX_CLASSES = 200, /* with more the confusion matrix is nearly all zeros */
    WORDLESS_SHARE = 10   /* one training text in so many may have no word before it is told */
};

static double epoch_value(const tml_epoch *epoch, size_t i)
{
    double value = 0;
    memcpy(&value, (const char *)epoch + epoch_metrics[i].offset, sizeof(value));
    return value;
}

static void append_metric(tmli_buf *line, const char *prefix, const char *name, double value)
{
    if (isfinite(value)) { /* never "nan": the platform's regular expressions ask for numbers */
        tmli_buf_printf(line, "%s%s%s=%.6g;", line->len > 0 ? " " : "", prefix, name, value);
    }
}

static void log_line(const tml_log *log, tmli_buf *line)
{
    const char *text = tmli_buf_cstr(line);
    if (text != NULL) {
        tml_logf(log, TML_LOG_INFO, "%s", text);
    }
    tmli_buf_deinit(line);
}

void figures_log_epoch(const tml_log *log, const tml_epoch *epoch)
{
    tmli_buf line = {0};
    tmli_buf_printf(&line, "epoch=%zu;", epoch->epoch);
    for (size_t i = 0; i < N_EPOCH_METRICS; i++) {
        append_metric(&line, "", epoch_metrics[i].name, epoch_value(epoch, i));
    }
    append_metric(&line, "", "seconds", epoch->seconds);
    log_line(log, &line);
}

/* What may be wrong with data that could be read. */
static void warn_of_data(const tml_log *log, const tml_fit_report *report)
{
    if (report->rows_wordless > report->rows_train / WORDLESS_SHARE) {
        tml_logf(log, TML_LOG_WARN,
                 "%zu of %zu training texts have no word that the model knows, so that it cannot "
                 "tell them apart: are they empty, or does text.normalize drop them (letters_only "
                 "keeps nothing but a to z)?",
                 report->rows_wordless, report->rows_train);
    }
    if (report->replaced > 0) {
        tml_logf(log, TML_LOG_WARN,
                 "%" PRIu64 " byte sequences are not UTF-8 and were read as U+FFFD: check the "
                 "files' encoding (encoding=latin-1 reads ISO-8859-1)",
                 report->replaced);
    }
    if (report->doubtful > 0) {
        tml_logf(log, TML_LOG_WARN,
                 "%" PRIu64 " texts and labels were read as latin-1 and look like UTF-8: check the "
                 "files' encoding (encoding=utf-8 reads UTF-8)",
                 report->doubtful);
    }
}

void figures_log_data(const tml_log *log, const tml_fit_report *report)
{
    tml_logf(log, TML_LOG_INFO, "rows: %zu train, %zu validation, %zu test; read in %.2f s",
             report->rows_train, report->rows_validation, report->rows_test,
             report->seconds_reading);
    if (report->vectors_read) {
        tml_logf(log, TML_LOG_INFO,
                 "words: %zu distinct, %zu kept, %zu of them in the word vectors; read in %.2f s",
                 report->terms_seen, report->terms_kept, report->vectors_found,
                 report->seconds_vectors);
    } else {
        tml_logf(log, TML_LOG_INFO, "words: %zu distinct, %zu kept", report->terms_seen,
                 report->terms_kept);
    }
    if (report->vectors_read && report->vectors_found == 0) {
        tml_logf(log, TML_LOG_WARN,
                 "none of the %zu words is in the word vectors, which therefore tell nothing: "
                 "check their language, and whether both have lower case",
                 report->terms_kept);
    }
    warn_of_data(log, report);
    if (report->rows_validation == 0 && report->rows_test == 0) {
        tml_logf(
            log, TML_LOG_INFO,
            "nothing is measured without validation or test rows: give a channel of that name, "
            "or validation_split=0.2");
    }
}

static void warn_of_twins(const tml_log *log, const tml_model *model)
{
    const size_t n = tml_model_labels(model);
    for (size_t i = 0; i < n && n <= MOST_COMPARED; i++) {
        const tml_str one = tml_model_label(model, i);
        for (size_t j = i + 1; j < n; j++) {
            const tml_str other = tml_model_label(model, j);
            if (tmli_str_eq_nocase(one, other)) {
                tml_logf(log, TML_LOG_WARN,
                         "labels \"%.*s\" and \"%.*s\" differ in case alone and were "
                         "learned as two: write them alike if one is meant",
                         TMLI_SHOWN(one), TMLI_SHOWN(other));
                return;
            }
        }
    }
}

void figures_log_labels(const tml_log *log, const tml_model *model, const tml_fit_report *report)
{
    warn_of_twins(log, model);
    if (report->labels_untrained > 0) {
        const tml_str first = tml_model_label(model, report->first_untrained);
        tml_logf(log, TML_LOG_WARN,
                 "%zu of %zu labels were not learned, as no training row has them, \"%.*s\" for "
                 "one: add rows, or give a validation channel if the split took them",
                 report->labels_untrained, tml_model_labels(model), TMLI_SHOWN(first));
    }
}

void figures_log_end(const tml_log *log, const tml_fit_report *report)
{
    if (report->interrupted) {
        tml_logf(log, TML_LOG_WARN, "stopped on request in epoch %zu", report->epochs_run);
    } else if (report->stopped_early) {
        tml_logf(log, TML_LOG_INFO, "stopped early after epoch %zu, epoch %zu was the best",
                 report->epochs_run, report->best_epoch);
    }
}

static double result_value(const tml_metrics *metrics, size_t i)
{
    const double values[N_RESULT_METRICS] = {metrics->accuracy, metrics->macro.f1,
                                             metrics->log_loss};
    return values[i];
}

static void log_part(const tml_log *log, const char *prefix, const tml_metrics *metrics)
{
    tmli_buf line = {0};
    for (size_t i = 0; metrics->n_rows > 0 && i < N_RESULT_METRICS; i++) {
        append_metric(&line, prefix, result_metrics[i], result_value(metrics, i));
    }
    if (line.len > 0) {
        log_line(log, &line);
    }
}

void figures_log_result(const tml_log *log, const tml_fit_report *report)
{
    log_part(log, "final:validation:", &report->validation);
    log_part(log, "final:test:", &report->test);
}

static void put_definition(tmli_json_writer *w, const char *prefix, const char *name)
{
    char text[128];
    tmli_json_object(w, NULL);
    (void)snprintf(text, sizeof(text), "%s%s", prefix, name);
    tmli_json_put_text(w, "Name", text);
    /* Behind a blank or the line's start, so that train:loss does not match inside another name. */
    (void)snprintf(text, sizeof(text), "(?:^|[ \"])%s%s=([-+0-9.e]+);", prefix, name);
    tmli_json_put_text(w, "Regex", text);
    tmli_json_close_object(w);
}

void figures_print_definitions(void)
{
    tmli_buf text = {0};
    tmli_json_writer w;
    tmli_json_begin(&w, &text, 2);
    tmli_json_list(&w, NULL);
    for (size_t i = 0; i < N_EPOCH_METRICS; i++) {
        put_definition(&w, "", epoch_metrics[i].name);
    }
    for (size_t i = 0; i < N_RESULT_METRICS; i++) {
        put_definition(&w, "final:validation:", result_metrics[i]);
        put_definition(&w, "final:test:", result_metrics[i]);
    }
    tmli_json_close_list(&w);
    const char *line = tmli_buf_cstr(&text);
    (void)puts(line != NULL ? line : "");
    tmli_buf_deinit(&text);
}

static void put_figures(tmli_json_writer *w, const tml_class_metrics *figures)
{
    tmli_json_put_double(w, "precision", figures->precision);
    tmli_json_put_double(w, "recall", figures->recall);
    tmli_json_put_double(w, "f1", figures->f1);
    tmli_json_put_u64(w, "support", figures->support);
}

static void put_average(tmli_json_writer *w, const char *key, const tml_class_metrics *figures)
{
    tmli_json_object(w, key);
    put_figures(w, figures);
    tmli_json_close_object(w);
}

static void put_class(tmli_json_writer *w, const char *label, const tml_class_metrics *figures)
{
    tmli_json_object(w, label);
    put_figures(w, figures);
    tmli_json_put_double(w, "roc_auc", figures->roc_auc);
    tmli_json_put_double(w, "average_precision", figures->average_precision);
    tmli_json_close_object(w);
}

/* The cells that are not 0. */
static void put_confused(tmli_json_writer *w, const tml_model *model, const tml_metrics *metrics)
{
    tmli_json_list(w, "confused");
    for (size_t i = 0; i < metrics->n_classes; i++) {
        const uint64_t *const row = metrics->confusion + i * metrics->n_classes;
        for (size_t j = 0; metrics->classes[i].support > 0 && j < metrics->n_classes; j++) {
            if (row[j] > 0) {
                tmli_json_object(w, NULL);
                tmli_json_put_text(w, "true", tml_model_label(model, i).data);
                tmli_json_put_text(w, "predicted", tml_model_label(model, j).data);
                tmli_json_put_u64(w, "rows", row[j]);
                tmli_json_close_object(w);
            }
        }
    }
    tmli_json_close_list(w);
}

static void put_confusion(tmli_json_writer *w, const tml_metrics *metrics)
{
    tmli_json_list(w, "confusion");
    for (size_t i = 0; i < metrics->n_classes; i++) {
        tmli_json_list(w, NULL);
        for (size_t j = 0; j < metrics->n_classes; j++) {
            tmli_json_put_u64(w, NULL, metrics->confusion[i * metrics->n_classes + j]);
        }
        tmli_json_close_list(w);
    }
    tmli_json_close_list(w);
}

static void put_metrics(tmli_json_writer *w, const char *key, const tml_model *model,
                        const tml_metrics *metrics)
{
    if (metrics->n_rows == 0) {
        return;
    }
    tmli_json_object(w, key);
    tmli_json_put_u64(w, "rows", metrics->n_rows);
    tmli_json_put_double(w, "accuracy", metrics->accuracy);
    tmli_json_put_double(w, "log_loss", metrics->log_loss);
    put_average(w, "macro", &metrics->macro);
    put_average(w, "micro", &metrics->micro);
    put_average(w, "weighted", &metrics->weighted);
    tmli_json_object(w, "classes");
    for (size_t i = 0; i < metrics->n_classes; i++) {
        put_class(w, tml_model_label(model, i).data, &metrics->classes[i]);
    }
    tmli_json_close_object(w);
    if (metrics->n_classes <= MATRIX_CLASSES) {
        put_confusion(w, metrics);
    } else {
        put_confused(w, model, metrics);
    }
    tmli_json_close_object(w);
}

static void put_epochs(tmli_json_writer *w, const tml_fit_report *report)
{
    tmli_json_list(w, "epochs");
    for (size_t e = 0; e < report->n_epochs; e++) {
        tmli_json_object(w, NULL);
        tmli_json_put_u64(w, "epoch", report->epochs[e].epoch);
        for (size_t i = 0; i < N_EPOCH_METRICS; i++) {
            tmli_json_put_double(w, epoch_metrics[i].name, epoch_value(&report->epochs[e], i));
        }
        tmli_json_put_double(w, "seconds", report->epochs[e].seconds);
        tmli_json_close_object(w);
    }
    tmli_json_close_list(w);
}

static void describe(tmli_buf *text, const tml_model *model, const tml_fit_report *report)
{
    tmli_json_writer w;
    tmli_json_begin(&w, text, 2);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "textml", tml_version());
    tmli_json_put_text(&w, "recipe", tml_model_recipe_name(model));
    tmli_json_object(&w, "data");
    tmli_json_put_u64(&w, "rows_train", report->rows_train);
    tmli_json_put_u64(&w, "rows_validation", report->rows_validation);
    tmli_json_put_u64(&w, "rows_test", report->rows_test);
    tmli_json_put_u64(&w, "words_distinct", report->terms_seen);
    tmli_json_put_u64(&w, "words_kept", report->terms_kept);
    tmli_json_put_u64(&w, "words_with_vectors", report->vectors_found);
    tmli_json_put_u64(&w, "rows_wordless", report->rows_wordless);
    tmli_json_put_u64(&w, "labels_untrained", report->labels_untrained);
    tmli_json_put_u64(&w, "sequences_replaced", report->replaced);
    tmli_json_put_u64(&w, "perhaps_utf8", report->doubtful);
    tmli_json_close_object(&w);
    put_epochs(&w, report);
    tmli_json_put_u64(&w, "best_epoch", report->best_epoch);
    tmli_json_put_bool(&w, "stopped_early", report->stopped_early);
    tmli_json_put_bool(&w, "interrupted", report->interrupted);
    put_metrics(&w, "validation", model, &report->validation);
    put_metrics(&w, "test", model, &report->test);
    tmli_json_object(&w, "seconds");
    tmli_json_put_double(&w, "reading", report->seconds_reading);
    tmli_json_put_double(&w, "vectors", report->seconds_vectors);
    tmli_json_put_double(&w, "training", report->seconds_training);
    tmli_json_close_object(&w);
    tmli_json_close_object(&w);
    tmli_buf_append_byte(text, '\n');
}

tml_status figures_write(const char *dir, const tml_model *model, const tml_fit_report *report,
                         tml_error *err)
{
    tml_status status = TML_OK;
    tmli_buf text = {0};
    char *path = tmli_path_join(dir, "metrics.json");
    describe(&text, model, report);
    if (path == NULL || text.failed) {
        TMLI_TRY(tmli_fail_memory(err, "metrics.json"));
    }
    TMLI_TRY(tmli_make_dirs(dir, err));
    TMLI_TRY(tmli_file_replace(path, text.data, text.len, err));
cleanup:
    tmli_buf_deinit(&text);
    tmli_free(path);
    return status;
}

tml_status figures_write_report(const char *dir, const tml_model *model,
                                const tml_fit_report *report, tml_error *err)
{
    char *path = tmli_path_join(dir, "report.html");
    if (path == NULL) {
        return tmli_fail_memory(err, "report.html");
    }
    const tml_status status = tml_fit_report_write(model, report, path, err);
    tmli_free(path);
    return status;
}
