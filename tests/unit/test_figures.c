/* A training run in numbers: lines for SageMaker, and metrics.json. */
#include "train/figures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

/* What was logged, each record on a line behind its level. */
typedef struct memo {
    char text[2048];
    tml_log log;
} memo;

static void take_record(void *ctx, tml_log_level level, const char *message)
{
    memo *const m = ctx;
    const size_t used = strlen(m->text);
    (void)snprintf(m->text + used, sizeof m->text - used, "%d %s\n", (int)level, message);
}

static int set_up(void **state)
{
    memo *const m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->log = (tml_log){.write = take_record, .ctx = m, .least = TML_LOG_DEBUG};
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void an_epoch_is_one_line_of_plain_numbers(void **state)
{
    memo *const m = *state;
    const tml_epoch epoch = {.epoch = 2,
                             .train_loss = 0.4511,
                             .train_accuracy = 0.8335,
                             .validation_loss = 12345678.9,
                             .validation_accuracy = 1e-7,
                             .seconds = 0.25};
    figures_log_epoch(&m->log, &epoch);
    assert_string_equal(m->text, "1 epoch=2; train:loss=0.4511; train:accuracy=0.8335; "
                                 "validation:loss=1.23457e+07; validation:accuracy=1e-07; "
                                 "seconds=0.25;\n");
}

/* "nan" and "inf" would not match the expressions, or worse, would. */
static void what_is_not_a_number_is_left_out(void **state)
{
    memo *const m = *state;
    const tml_epoch epoch = {.epoch = 1,
                             .train_loss = 1,
                             .train_accuracy = 0,
                             .validation_loss = NAN,
                             .validation_accuracy = INFINITY,
                             .seconds = 1};
    figures_log_epoch(&m->log, &epoch);
    assert_string_equal(m->text, "1 epoch=1; train:loss=1; train:accuracy=0; seconds=1;\n");
}

static void the_data_are_told_with_warnings_where_they_need_a_look(void **state)
{
    memo *const m = *state;
    tml_fit_report report = {.rows_train = 32,
                             .rows_validation = 8,
                             .terms_seen = 40,
                             .terms_kept = 23,
                             .vectors_read = true,
                             .vectors_found = 20,
                             .seconds_vectors = 0.345,
                             .seconds_reading = 0.125};
    figures_log_data(&m->log, &report);
    assert_string_equal(m->text, "1 rows: 32 train, 8 validation, 0 test; read in 0.12 s\n"
                                 "1 words: 40 distinct, 23 kept, 20 of them in the word "
                                 "vectors; read in 0.34 s\n");
    m->text[0] = '\0';
    report.replaced = 3;
    figures_log_data(&m->log, &report);
    assert_non_null(strstr(m->text,
                           "2 3 byte sequences are not UTF-8 and were read as U+FFFD: "
                           "check the files' encoding (encoding=latin-1 reads ISO-8859-1)\n"));
    m->text[0] = '\0';
    report.replaced = 0;
    report.doubtful = 2;
    figures_log_data(&m->log, &report);
    assert_non_null(strstr(m->text,
                           "2 2 texts and labels were read as latin-1 and look like UTF-8: "
                           "check the files' encoding (encoding=utf-8 reads UTF-8)\n"));
    assert_null(strstr(m->text, "U+FFFD"));
    m->text[0] = '\0';
    report.doubtful = 0;
    report.vectors_found = 0;
    figures_log_data(&m->log, &report);
    assert_non_null(strstr(m->text, "2 none of the "));
}

static void texts_without_a_known_word_are_told_when_they_are_many(void **state)
{
    memo *const m = *state;
    tml_fit_report report = {.rows_train = 39, .rows_test = 1, .rows_wordless = 3};
    figures_log_data(&m->log, &report);
    assert_null(strstr(m->text, "no word"));
    m->text[0] = '\0';
    report.rows_wordless = 4;
    figures_log_data(&m->log, &report);
    assert_non_null(strstr(m->text, "2 4 of 39 training texts have no word that the model knows"));
}

static void that_nothing_is_measured_is_told(void **state)
{
    memo *const m = *state;
    tml_fit_report report = {.rows_train = 10};
    figures_log_data(&m->log, &report);
    assert_non_null(strstr(m->text, "1 nothing is measured without validation or test rows: "));
    m->text[0] = '\0';
    report.rows_test = 1;
    figures_log_data(&m->log, &report);
    assert_null(strstr(m->text, "nothing is measured"));
}

static void an_early_end_is_told_with_its_reason(void **state)
{
    memo *const m = *state;
    tml_fit_report report = {.epochs_run = 7, .best_epoch = 4};
    figures_log_end(&m->log, &report);
    assert_string_equal(m->text, "");
    report.interrupted = true;
    figures_log_end(&m->log, &report);
    assert_string_equal(m->text, "2 stopped on request in epoch 7\n");
    m->text[0] = '\0';
    report.interrupted = false;
    report.stopped_early = true;
    figures_log_end(&m->log, &report);
    assert_string_equal(m->text, "1 stopped early after epoch 7, epoch 4 was the best\n");
}

static void the_result_has_a_line_for_each_part_that_has_rows(void **state)
{
    memo *const m = *state;
    tml_fit_report report = {0};
    figures_log_result(&m->log, &report);
    assert_string_equal(m->text, "");
    report.validation = (tml_metrics){.n_rows = 8, .accuracy = 0.875, .log_loss = 0.5};
    report.validation.macro.f1 = 0.75;
    report.test = (tml_metrics){.n_rows = 4, .accuracy = 1, .log_loss = NAN};
    figures_log_result(&m->log, &report);
    assert_string_equal(m->text, "1 final:validation:accuracy=0.875; "
                                 "final:validation:macro_f1=0.75; final:validation:log_loss=0.5;\n"
                                 "1 final:test:accuracy=1; final:test:macro_f1=0;\n");
}

/* Trains the tiny model, with its rows as test part too. */
static tml_model *fit(const char *dir, tml_fit_report *report)
{
    tml_model *model = NULL;
    char *const path = tmpdir_write(dir, "rows.csv", tiny_rows, strlen(tiny_rows));
    const char *const paths[] = {path};
    const tml_fit_input input = {.train = paths, .n_train = 1, .test = paths, .n_test = 1};
    const tml_fit_options options = {.n_threads = 1};
    tml_recipe *const recipe = tiny_recipe(tiny_yaml);
    assert_int_equal(tml_fit(recipe, &input, &options, &model, report, NULL), TML_OK);
    tml_recipe_free(recipe);
    free(path);
    return model;
}

static void metrics_json_holds_the_whole_report(void **state)
{
    (void)state;
    tml_fit_report report = {0};
    tmli_arena arena;
    tmli_buf text = {0};
    const tmli_value *root = NULL;
    char *const dir = tmpdir_create();
    tml_model *const model = fit(dir, &report);
    char *const out = tmpdir_path(dir, "output/data");
    char *const path = tmpdir_path(out, "metrics.json");
    assert_int_equal(figures_write(out, model, &report, NULL), TML_OK);
    tmli_arena_init(&arena, 4096, 0);
    assert_int_equal(tmli_file_read(path, SIZE_MAX, &text, NULL), TML_OK);
    assert_int_equal(tmli_json_parse(tmli_buf_str(&text), &arena, &root, NULL), TML_OK);
    assert_int_equal(tmli_value_get(tmli_value_get(root, "data"), "rows_train")->number, 6);
    assert_int_equal(tmli_value_get(root, "epochs")->n, 2);
    const tmli_value *const test = tmli_value_get(root, "test");
    assert_int_equal(tmli_value_get(test, "rows")->number, 8);
    assert_true(tmli_value_get(test, "accuracy")->number == report.test.accuracy);
    assert_true(tmli_value_get(test, "log_loss")->number == report.test.log_loss);
    const tmli_value *const yes = tmli_value_get(tmli_value_get(test, "classes"), "yes");
    assert_true(tmli_value_get(yes, "f1")->number == report.test.classes[1].f1);
    assert_int_equal(tmli_value_get(yes, "support")->number, 4);
    for (size_t nth = 0;; nth++) { /* without memory there is no file, not half of one */
        fail_allocation(nth);
        const tml_status status = figures_write(out, model, &report, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tmli_buf_deinit(&text);
    tmli_arena_deinit(&arena);
    tml_model_free(model);
    tml_fit_report_deinit(&report);
    free(path);
    free(out);
    tmpdir_remove(dir);
}

#define WITH_A_MEMO(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_MEMO(an_epoch_is_one_line_of_plain_numbers),
        WITH_A_MEMO(what_is_not_a_number_is_left_out),
        WITH_A_MEMO(the_data_are_told_with_warnings_where_they_need_a_look),
        WITH_A_MEMO(texts_without_a_known_word_are_told_when_they_are_many),
        WITH_A_MEMO(that_nothing_is_measured_is_told),
        WITH_A_MEMO(an_early_end_is_told_with_its_reason),
        WITH_A_MEMO(the_result_has_a_line_for_each_part_that_has_rows),
        cmocka_unit_test(metrics_json_holds_the_whole_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
