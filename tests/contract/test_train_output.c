/* What train says and leaves: metric lines and their definitions, metrics.json, terminals, modes of files, and the same
 * bytes for any number of threads. contract.md §9.3: T40, T51, T52, T53. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/json.h"
#include "contract/job.h"
#include "support/near.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

enum {
    OTHER_UID = 1000
};

/* Rows for a run that does not end by itself. */
static void fill_endlessly(job *j)
{
    job_fill(j);
    job_write_rows(j, "input/data/train/rows.csv", 4000);
    job_hyperparameters(j, ", \"epochs\": \"100000\"");
}

/* ---- metrics ---------------------------------------------------------------------------------- */

/* The definitions' expressions are Python's; POSIX has no "(?:": an ordinary group does, and the number is the second. */
static void compile(regex_t *out, tml_str expression)
{
    char posix[512];
    size_t n = 0;
    for (size_t i = 0; i < expression.len && n + 1 < sizeof posix; i++) {
        posix[n++] = expression.data[i];
        if (i + 2 < expression.len && memcmp(expression.data + i, "(?:", 3) == 0) {
            i += 2;
        }
    }
    posix[n] = '\0';
    assert_int_equal(regcomp(out, posix, REG_EXTENDED), 0);
    assert_int_equal(out->re_nsub, 2);
}

/* The number in a line that matches; NaN when it does not. */
static double match(const regex_t *expression, const char *line)
{
    regmatch_t groups[3];
    if (regexec(expression, line, 3, groups, 0) != 0) {
        return NAN;
    }
    return strtod(line + groups[2].rm_so, NULL);
}

/* How many lines match, and the number in the last of them. Cuts text into lines in place. */
static size_t match_lines(const regex_t *expression, char *text, double *last)
{
    size_t n = 0;
    for (char *line = text; line != NULL && *line != '\0';) {
        char *const end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        const double value = match(expression, line);
        if (isfinite(value)) {
            *last = value;
            n++;
        }
        if (end != NULL) {
            *end = '\n';
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return n;
}

static const tmli_value *definitions(job *j, tmli_arena *arena)
{
    const tmli_value *root = NULL;
    assert_int_equal(job_train(j, ARGS("--metric-definitions")), 0);
    char *const text = process_stdout(&j->train);
    assert_int_equal(tmli_json_parse(tmli_str(text), arena, &root, NULL), TML_OK);
    free(text);
    assert_int_equal(root->kind, TMLI_LIST);
    return root;
}

/* The value that metrics.json has for a metric's name. */
static double recorded(const tmli_value *metrics, const char *name)
{
    if (strncmp(name, "final:", 6) == 0) {
        char path[64];
        (void)snprintf(path, sizeof path, "%s", name + 6);
        *strchr(path, ':') = '.';
        char *const f1 = strstr(path, "macro_f1");
        if (f1 != NULL) {
            (void)memcpy(f1, "macro.f1", 8);
        }
        return number_at(metrics, path);
    }
    const tmli_value *epoch = tmli_value_get(metrics, "epochs")->first;
    while (epoch->next != NULL) {
        epoch = epoch->next;
    }
    return tmli_value_get(epoch, name)->number;
}

/* T51, and SageMaker's limits: 40 definitions, names of 255 characters, expressions of 500. */
static void metric_lines_match_the_printed_definitions(void **state)
{
    static const char *const logs[] = {"text", "json"};
    tmli_arena arena;
    job *const j = *state;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const list = definitions(j, &arena);
    assert_in_range(list->n, 8, 40);
    job_fill(j);
    job_write_rows(j, "input/data/test/rows.csv", 16);
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
        (void)job_train(j, ARGS("--log-format", logs[i]));
        assert_trained(j);
        char *const out = process_stdout(&j->train);
        const tmli_value *const metrics = job_metrics(j, &arena);
        for (const tmli_value *item = list->first; item != NULL; item = item->next) {
            regex_t expression;
            double last = NAN;
            const tml_str name = tmli_value_get(item, "Name")->text;
            compile(&expression, tmli_value_get(item, "Regex")->text);
            const size_t n = match_lines(&expression, out, &last);
            regfree(&expression);
            assert_int_equal(n, tmli_str_starts(name, "final:") ? 1 : 3);
            assert_near(last, recorded(metrics, name.data), 1e-5); /* lines have six digits */
        }
        free(out);
    }
    tmli_arena_deinit(&arena);
}

static void metrics_json_tells_the_whole_run(void **state)
{
    tmli_arena arena;
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const metrics = job_metrics(j, &arena);
    assert_int_equal(tmli_value_get(metrics, "epochs")->n, 3);
    assert_int_equal(number_at(metrics, "best_epoch"), 3);
    assert_int_equal(number_at(metrics, "data.words_kept"), 23);
    assert_true(tmli_str_eq_text(tmli_value_get(metrics, "recipe")->text, "news"));
    assert_int_equal(tmli_value_get(metrics, "interrupted")->number, 0);
    const tmli_value *const validation = tmli_value_get(metrics, "validation");
    assert_int_equal(tmli_value_get(validation, "classes")->n, 4);
    double sum = 0;
    const tmli_value *const confusion = tmli_value_get(validation, "confusion");
    assert_int_equal(confusion->n, 4);
    for (const tmli_value *row = confusion->first; row != NULL; row = row->next) {
        assert_int_equal(row->n, 4);
        for (const tmli_value *cell = row->first; cell != NULL; cell = cell->next) {
            sum += cell->number;
        }
    }
    assert_int_equal(sum, 8);
    tmli_arena_deinit(&arena);
}

/* A matrix of them would grow with the square of the classes. */
static void many_classes_have_the_cells_that_are_not_0(void **state)
{
    enum {
        CLASSES = 201,
        ROWS = 5
    };
    tmli_arena arena;
    job *const j = *state;
    char text[CLASSES * ROWS * 16];
    size_t used = (size_t)snprintf(text, sizeof text, "TITLE,CATEGORY\n");
    for (size_t i = 0; i < (size_t)CLASSES * ROWS; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "bank,c%zu\n", i % CLASSES);
    }
    job_fill(j);
    job_write(j, "input/data/train/rows.csv", text);
    job_hyperparameters(j, ", \"labels\": \"none\"");
    (void)job_train(j, NULL);
    assert_trained(j);
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const validation = tmli_value_get(job_metrics(j, &arena), "validation");
    assert_int_equal(tmli_value_get(validation, "classes")->n, CLASSES);
    assert_null(tmli_value_get(validation, "confusion"));
    const tmli_value *const confused = tmli_value_get(validation, "confused");
    assert_in_range(confused->n, 2, CLASSES);
    double rows = 0;
    for (const tmli_value *cell = confused->first; cell != NULL; cell = cell->next) {
        assert_true(tmli_value_get(cell, "true")->text.data[0] == 'c');
        assert_true(tmli_value_get(cell, "predicted")->text.data[0] == 'c');
        rows += tmli_value_get(cell, "rows")->number;
    }
    assert_int_equal(rows, number_at(validation, "rows"));
    tmli_arena_deinit(&arena);
}

/* T51: a line is there when its epoch is over, not when a buffer is full. */
static void each_metric_line_arrives_at_once_through_a_pipe(void **state)
{
    job *const j = *state;
    fill_endlessly(j);
    j->output = PROCESS_TO_PIPE;
    job_start(j, NULL);
    process_says(&j->train, "epoch=1; train:loss=", PROCESS_SECONDS);
    assert_false(process_wait(&j->train, 0));
    process_signal(&j->train, SIGTERM);
    assert_int_equal(process_exit(&j->train, PROCESS_SECONDS), 0);
}

static void quiet_and_log_levels_leave_lines_out(void **state)
{
    static const struct {
        const char *args[3];
        const char *env[2];
    } cases[] = {
        {{"--quiet"}, {NULL}},
        {{NULL}, {"SM_LOG_LEVEL=30"}},
        {{NULL}, {"SAGEMAKER_CONTAINER_LOG_LEVEL=40"}},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        j->env = cases[i].env;
        (void)job_train(j, cases[i].args);
        assert_trained(j);
        char *const out = process_stdout(&j->train);
        assert_string_equal(out, "");
        assert_complained(j, "");
        free(out);
    }
    j->env = NULL;
}

/* A disk may be full when the training is over; a directory in the file's place is as good. */
static void figures_that_cannot_be_written_do_not_lose_the_model(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "output/data/metrics.json/in-the-way", "");
    job_write(j, "output/data/report.html/in-the-way", "");
    assert_int_equal(job_train(j, NULL), 0);
    assert_complained(j, "train: warning: metrics.json was not written, the model is all the same: "
                         "$ROOT/output/data/metrics.json: Is a directory\n"
                         "train: warning: report.html was not written, the model is all the same: "
                         "$ROOT/output/data/report.html: Is a directory\n");
    char *const list = job_list(j, "model");
    assert_string_equal(list, "kept model.safetensors textml.json ");
    free(list);
}

static void keys_that_the_model_does_not_use_are_told(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"alpha\": \"0.5\"");
    (void)job_train(j, ARGS("--min_df", "2"));
    assert_trained(j);
    assert_complained(j, "train: warning: alpha: nothing in the recipe news uses it\n"
                         "train: warning: min_df: nothing in the recipe news uses it\n");
}

/* ---- terminals -------------------------------------------------------------------------------- */

/* A terminal turns each \n into \r\n; a \r anywhere else was written by the program. */
static bool has_bare_return(const char *text)
{
    for (const char *at = strchr(text, '\r'); at != NULL; at = strchr(at + 1, '\r')) {
        if (at[1] != '\n') {
            return true;
        }
    }
    return false;
}

/* T52 */
static void under_the_contract_a_terminal_gets_plain_lines(void **state)
{
    job *const j = *state;
    fill_endlessly(j);
    j->output = PROCESS_TO_TERMINAL;
    job_start(j, ARGS("train"));
    process_says(&j->train, "epoch=20;", PROCESS_SECONDS);
    process_signal(&j->train, SIGTERM);
    assert_int_equal(process_exit(&j->train, PROCESS_SECONDS), 0);
    char *const out = process_stdout(&j->train);
    assert_null(strchr(out, '\x1b'));
    assert_false(has_bare_return(out));
    assert_non_null(strstr(out, "stopped on request"));
    free(out);
}

static void by_hand_a_terminal_shows_how_far_it_is(void **state)
{
    job *const j = *state;
    fill_endlessly(j);
    j->output = PROCESS_TO_TERMINAL;
    job_start(j, ARGS("--threads", "1"));
    process_says(&j->train, "s left", PROCESS_SECONDS);
    process_signal(&j->train, SIGTERM);
    assert_int_equal(process_exit(&j->train, PROCESS_SECONDS), 0);
    char *const out = process_stdout(&j->train);
    assert_true(has_bare_return(out));
    assert_non_null(strstr(out, "rows/s"));
    assert_null(strchr(out, '\x1b'));
    free(out);
}

static void by_hand_no_progress_goes_into_a_file(void **state)
{
    job *const j = *state;
    job_fill(j);
    (void)job_train(j, ARGS("--threads", "1"));
    assert_trained(j);
    assert_complained(j, "");
}

/* ---- files and users -------------------------------------------------------------------------- */

static mode_t mode_of(const job *j, const char *path)
{
    struct stat info;
    char *const name = job_path(j, path);
    assert_int_equal(stat(name, &info), 0);
    free(name);
    return info.st_mode & 0777;
}

/* T53: whoever packs the model, and the user who serves it, must be able to read it. */
static void outputs_are_readable_by_all_under_any_umask(void **state)
{
    static const process_options strict = {.has_umask = true, .umask = 077};
    job *const j = *state;
    job_fill(j);
    j->as = &strict;
    assert_job_trained(j);
    assert_int_equal(mode_of(j, "model/textml.json"), 0644);
    assert_int_equal(mode_of(j, "model/model.safetensors"), 0644);
    assert_int_equal(mode_of(j, "output/data"), 0755);
    assert_int_equal(mode_of(j, "output/data/metrics.json"), 0644);
    job_write(j, "input/config/hyperparameters.json", "{\"epochs\": \"ten\"}");
    assert_int_equal(job_train(j, NULL), 1);
    assert_int_equal(mode_of(j, "output/failure"), 0644);
}

/* T53 */
static void another_user_than_root_can_train(void **state)
{
    static const process_options other = {.uid = OTHER_UID};
    job *const j = *state;
    if (geteuid() != 0) {
        (void)fprintf(stderr, "SKIPPED: running as another user needs root\n");
        skip();
    }
    job_fill(j);
    char *const output = job_path(j, "output");
    char *const model = job_path(j, "model");
    assert_int_equal(mkdir(output, 0755), 0);
    assert_int_equal(chown(output, OTHER_UID, OTHER_UID), 0);
    assert_int_equal(chown(model, OTHER_UID, OTHER_UID), 0);
    assert_int_equal(chmod(j->dir, 0755), 0); /* mkdtemp shuts others out */
    free(output);
    free(model);
    j->as = &other;
    const int code = job_train(j, NULL);
    if (code == 127) {
        (void)fprintf(stderr, "SKIPPED: user %d may not run %s\n", OTHER_UID, TML_TRAIN_PATH);
        skip();
    }
    assert_trained(j);
}

/* ---- the same bytes --------------------------------------------------------------------------- */

static void assert_same_files(const job *j, char *const want[2], const size_t n_want[2])
{
    static const char *const names[2] = {"model/textml.json", "model/model.safetensors"};
    for (size_t f = 0; f < 2; f++) {
        size_t n = 0;
        char *const got = job_read(j, names[f], &n);
        assert_non_null(got);
        const bool is_same = n == n_want[f] && memcmp(got, want[f], n) == 0;
        free(got);
        if (!is_same) {
            fail_msg("%s differs", names[f]);
        }
    }
}

static void any_number_of_threads_gives_the_same_bytes(void **state)
{
    static const char *const settings[] = {
        ", \"epochs\": \"3\"",
        ", \"epochs\": \"3\", \"trainable\": \"true\", \"dropout\": \"0.4\", \"optimizer\": "
        "\"adam\", \"activation\": \"tanh\"",
        ", \"epochs\": \"4\", \"vectors\": \"none\", \"trainable\": \"true\", \"dropout\": "
        "\"0.2\", \"early_stopping\": \"true\", \"patience\": \"1\", \"class_weight\": "
        "\"balanced\"",
    };
    static const char *const threads[] = {"1", "2", "5"};
    job *const j = *state;
    job_fill(j);
    job_write_rows(j, "input/data/train/rows.csv",
                   601); /* 481 train: no multiple of a batch or tile */
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        char *want[2] = {NULL, NULL};
        size_t n_want[2] = {0, 0};
        job_hyperparameters(j, settings[s]);
        for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
            (void)job_train(j, ARGS("--threads", threads[t]));
            assert_trained(j);
            if (t == 0) {
                want[0] = job_read(j, "model/textml.json", &n_want[0]);
                want[1] = job_read(j, "model/model.safetensors", &n_want[1]);
            } else {
                assert_same_files(j, want, n_want);
            }
        }
        free(want[0]);
        free(want[1]);
    }
}

static void another_seed_gives_another_model(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    size_t n = 0;
    char *const first = job_read(j, "model/model.safetensors", &n);
    job_hyperparameters(j, ", \"epochs\": \"3\", \"seed\": \"2\"");
    assert_job_trained(j);
    size_t n_second = 0;
    char *const second = job_read(j, "model/model.safetensors", &n_second);
    assert_int_equal(n, n_second);
    assert_memory_not_equal(first, second, n);
    free(first);
    free(second);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_JOB(metric_lines_match_the_printed_definitions),
        IN_A_JOB(metrics_json_tells_the_whole_run),
        IN_A_JOB(many_classes_have_the_cells_that_are_not_0),
        IN_A_JOB(each_metric_line_arrives_at_once_through_a_pipe),
        IN_A_JOB(quiet_and_log_levels_leave_lines_out),
        IN_A_JOB(figures_that_cannot_be_written_do_not_lose_the_model),
        IN_A_JOB(keys_that_the_model_does_not_use_are_told),
        IN_A_JOB(under_the_contract_a_terminal_gets_plain_lines),
        IN_A_JOB(by_hand_a_terminal_shows_how_far_it_is),
        IN_A_JOB(by_hand_no_progress_goes_into_a_file),
        IN_A_JOB(outputs_are_readable_by_all_under_any_umask),
        IN_A_JOB(another_user_than_root_can_train),
        IN_A_JOB(any_number_of_threads_gives_the_same_bytes),
        IN_A_JOB(another_seed_gives_another_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
