/* What a report tells of the training data, over rows that can be counted by hand; and the report of a whole run. */
#include "pipeline/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"
#include "textml/report.h"

/* Counts, so that sums are whole numbers. */
static const char bags[] = "data: {split: {validation: 0}}\n"
                           "text: {tokenizer: word}\n"
                           "features: [{type: bag, use_idf: false, norm: none}]\n"
                           "model: {type: naive_bayes}\n";
static const char networks[] =
    "data: {split: {validation: 0}}\n"
    "text: {tokenizer: word}\n"
    "features: [{type: sequence, max_words: 50, length: 4, embedding: {dims: 2}}]\n"
    "model: {hidden: []}\n"
    "train: {epochs: 1}\n";
static const char train_rows[] =
    "text,label\nsun sun sun,warm\nsun beach,warm\nice ice snow,cold\nsnow <b>beach,cold\n";
static const char test_rows[] = "text,label\nsun,warm\n<script>ice</script>,warm\nsnow,cold\n";

typedef struct fitted {
    char *dir;
    tml_model *model;
    tml_fit_report report;
} fitted;

static tml_status try_fit(const char *dir, const char *yaml, fitted *out, tml_error *err)
{
    tml_recipe *recipe = NULL;
    char *train = tmpdir_path(dir, "train.csv");
    char *test = tmpdir_path(dir, "test.csv");
    const char *const train_files[] = {train};
    const char *const test_files[] = {test};
    const tml_fit_input input = {
        .train = train_files, .n_train = 1, .test = test_files, .n_test = 1};
    const tml_fit_options options = {.n_threads = 1, .keep_evaluation = true};
    tml_status status = tml_recipe_parse("recipe", tmli_str(yaml), &recipe, err);
    if (status == TML_OK) {
        status = tml_fit(recipe, &input, &options, &out->model, &out->report, err);
    }
    tml_recipe_free(recipe);
    free(train);
    free(test);
    return status;
}

static fitted fit(const char *yaml)
{
    fitted out = {.dir = tmpdir_create()};
    tml_error err = {0};
    tmpdir_write_text(out.dir, "train.csv", train_rows);
    tmpdir_write_text(out.dir, "test.csv", test_rows);
    if (try_fit(out.dir, yaml, &out, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    return out;
}

static void drop(fitted *f)
{
    tml_model_free(f->model);
    tml_fit_report_deinit(&f->report);
    tmpdir_remove(f->dir);
}

static void check_ranked(const tml_model *model, const tmli_ranked *got, const char *term,
                         double weight)
{
    const tml_str name = tmli_model_term(model, got->term);
    assert_true(tmli_str_eq_text(name, term));
    assert_true(fabs(got->weight - weight) <= 1e-12 * (1 + fabs(weight)));
}

static void the_figures_of_bags_are_those_of_the_rows(void **state)
{
    (void)state;
    fitted f = fit(bags);
    const struct tml_fit_summary *s = f.report.summary;
    if (s == NULL) {
        fail_msg("no summary");
        return;
    }
    assert_int_equal(s->n_labels, 2); /* cold, warm */
    static const uint64_t rows[] = {2, 2, 0, 0, 1, 2};
    assert_memory_equal(s->rows_per_class, rows, sizeof(rows));
    assert_int_equal(s->length_bin_width, 1);
    assert_int_equal(s->length_counts[1], 1);           /* sun sun sun */
    assert_int_equal(s->length_counts[2], 3);           /* "b" is too short for a word */
    check_ranked(f.model, &s->frequent[0], "beach", 2); /* in two rows each; in order of bytes */
    check_ranked(f.model, &s->frequent[1], "snow", 2);
    check_ranked(f.model, &s->frequent[2], "sun", 2);
    check_ranked(f.model, &s->frequent[3], "ice", 1);
    assert_true(s->frequent[4].weight == 0);
    check_ranked(f.model, &s->cloud[0], "sun", 4);
    /* warm has sun 4, beach 1; cold ice 2, snow 2, beach 1; half an occurrence more for each of the 4 terms */
    const double p = 4.5 / 7;
    const double q = 0.5 / 7;
    check_ranked(f.model, &s->telling[TMLI_TELLING_TERMS], "sun", 1000 * p * log(p / q));
    drop(&f);
}

static void the_figures_of_networks_are_those_of_the_places(void **state)
{
    (void)state;
    fitted f = fit(networks);
    const struct tml_fit_summary *s = f.report.summary;
    if (s == NULL) {
        fail_msg("no summary");
        return;
    }
    assert_int_equal(s->length_counts[2], 2);
    assert_int_equal(s->length_counts[3], 2);
    check_ranked(f.model, &s->frequent[0], "sun", 4);
    check_ranked(f.model, &s->cloud[0], "sun", 4);
    drop(&f);
}

static void the_evaluation_is_that_of_the_test_part(void **state)
{
    (void)state;
    fitted f = fit(bags);
    const tml_evaluation *e = &f.report.evaluation;
    assert_string_equal(e->part, "test");
    assert_int_equal(e->n, 3);
    if (e->truth == NULL || e->texts == NULL || e->probabilities == NULL) {
        fail_msg("no evaluation");
        return;
    }
    assert_int_equal(e->truth[0], 1);
    assert_true(tmli_str_eq_text(e->texts[1], "<script>ice</script>"));
    tml_session *session = NULL;
    double want[6];
    assert_int_equal(tml_session_create(f.model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, e->texts, 3, want, NULL), TML_OK);
    assert_memory_equal(e->probabilities, want, sizeof(want));
    tml_session_free(session);
    drop(&f);
}

static void the_report_of_a_run_has_its_words_and_no_markup_of_its_texts(void **state)
{
    (void)state;
    static const char *const recipes[] = {bags, networks};
    for (size_t i = 0; i < 2; i++) {
        fitted f = fit(recipes[i]);
        tmli_buf page = {0};
        char *path = tmpdir_path(f.dir, "report.html");
        assert_int_equal(tml_fit_report_write(f.model, &f.report, path, NULL), TML_OK);
        assert_int_equal(tmli_file_read(path, 10 << 20, &page, NULL), TML_OK);
        const char *text = tmli_buf_cstr(&page);
        assert_non_null(strstr(text, "beach"));
        assert_non_null(strstr(text, "warm"));
        assert_null(strstr(text, "<script>ice"));
        tmli_buf_deinit(&page);
        free(path);
        drop(&f);
    }
}

static void without_what_was_kept_there_is_no_report(void **state)
{
    (void)state;
    fitted f = fit(bags);
    tml_error err = {0};
    const tml_fit_report plain = {.rows_train = 4};
    assert_int_equal(tml_fit_report_write(f.model, &plain, "/nowhere/report.html", &err),
                     TML_EINVAL);
    assert_string_equal(err.text, "the report needs what tml_fit keeps with keep_evaluation");
    drop(&f);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fitted f = fit(bags);
    char *path = tmpdir_path(f.dir, "report.html");
    for (size_t nth = 0;; nth++) {
        fitted again = {0};
        fail_allocation(nth);
        tml_status status = try_fit(f.dir, bags, &again, NULL);
        if (status == TML_OK) {
            status = tml_fit_report_write(again.model, &again.report, path, NULL);
        }
        fail_allocation(NEVER);
        tml_model_free(again.model);
        tml_fit_report_deinit(&again.report);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    free(path);
    drop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_figures_of_bags_are_those_of_the_rows),
        cmocka_unit_test(the_figures_of_networks_are_those_of_the_places),
        cmocka_unit_test(the_evaluation_is_that_of_the_test_part),
        cmocka_unit_test(the_report_of_a_run_has_its_words_and_no_markup_of_its_texts),
        cmocka_unit_test(without_what_was_kept_there_is_no_report),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
