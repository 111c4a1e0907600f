/* tml_fit and sessions: the whole way from files to scores on a corpus of forty rows. */
#include "textml/fit.h"

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
#include "support/near.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

static int make_dir(void **state)
{
    *state = tmpdir_create();
    return 0;
}

static int remove_dir(void **state)
{
    tmpdir_remove(*state);
    return 0;
}

static void read_artifact(const char *dir, size_t threads, tmli_buf *json, tmli_buf *tensors)
{
    tml_model *model = tiny_fit(dir, threads, NULL);
    char *out = tmpdir_path(dir, "out");
    char *json_path = tmpdir_path(dir, "out/textml.json");
    char *tensor_path = tmpdir_path(dir, "out/model.safetensors");
    assert_int_equal(tml_model_save(model, out, NULL), TML_OK);
    assert_int_equal(tmli_file_read(json_path, 1 << 20, json, NULL), TML_OK);
    assert_int_equal(tmli_file_read(tensor_path, 1 << 20, tensors, NULL), TML_OK);
    tml_model_free(model);
    free(out);
    free(json_path);
    free(tensor_path);
}

static void the_number_of_threads_does_not_change_a_byte(void **state)
{
    tmli_buf json[3] = {0};
    tmli_buf tensors[3] = {0};
    static const size_t threads[3] = {1, 2, 5};
    for (size_t i = 0; i < 3; i++) {
        read_artifact(*state, threads[i], &json[i], &tensors[i]);
        assert_int_equal(json[i].len, json[0].len);
        assert_memory_equal(json[i].data, json[0].data, json[0].len);
        assert_int_equal(tensors[i].len, tensors[0].len);
        assert_memory_equal(tensors[i].data, tensors[0].data, tensors[0].len);
    }
    for (size_t i = 0; i < 3; i++) {
        tmli_buf_deinit(&json[i]);
        tmli_buf_deinit(&tensors[i]);
    }
}

static void the_report_says_what_was_read_and_learned(void **state)
{
    tml_fit_report report;
    tml_model *model = tiny_fit(*state, 1, &report);
    assert_int_equal(report.rows_train, 30);
    assert_int_equal(report.rows_validation, 10);
    assert_int_equal(report.rows_test, 0);
    assert_int_equal(report.n_epochs, 4);
    assert_int_equal(report.epochs_run, 4);
    assert_int_equal(report.best_epoch, 4);
    assert_false(report.interrupted);
    assert_true(report.terms_seen > 10 && report.terms_kept == report.terms_seen);
    assert_int_equal(report.validation.n_rows, 10);
    assert_near(report.validation.accuracy, report.epochs[3].validation_accuracy, 0);
    assert_near(report.validation.log_loss, report.epochs[3].validation_loss, 1e-6);
    assert_true(report.epochs[3].train_loss < report.epochs[0].train_loss);
    tml_fit_report_deinit(&report);
    tml_model_free(model);
}

/* One text, as the whole of a call. */
static void score_alone(tml_session *session, tml_str text, float out[2])
{
    assert_int_equal(tml_session_predict(session, &text, 1, out, NULL), TML_OK);
    assert_near(out[0] + out[1], 1.0, 1e-6);
}

static void a_texts_scores_do_not_depend_on_its_neighbours(void **state)
{
    enum {
        N = 150
    }; /* more than two chunks */
    tml_model *model = tiny_fit(*state, 1, NULL);
    tml_session *session = NULL;
    static const tml_str kinds[] = {
        {"the soup was hot", 16},
        {"", 0},
        {NULL, 0},
        {"a goal", 6},
        {"\xff\xfe bread", 8},
        {"unknown words only", 18},
        {"the team won the late goal again today and again and again", 58},
    };
    enum {
        KINDS = sizeof(kinds) / sizeof(kinds[0])
    };
    tml_str texts[N];
    float together[2 * N];
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    for (size_t i = 0; i < N; i++) {
        texts[i] = kinds[i % KINDS];
    }
    assert_int_equal(tml_session_predict(session, texts, N, together, NULL), TML_OK);
    for (size_t i = 0; i < N; i++) {
        float alone[2];
        score_alone(session, texts[i], alone);
        assert_memory_equal(alone, together + 2 * i, sizeof(alone));
    }
    assert_int_equal(tml_session_predict(session, NULL, 0, NULL, NULL), TML_OK);
    tml_session_free(session);
    tml_model_free(model);
}

static void a_warm_session_allocates_nothing(void **state)
{
    tml_model *model = tiny_fit(*state, 1, NULL);
    tml_session *session = NULL;
    const tml_str texts[] = {TML_STR("the soup was hot and the bread was fresh today"),
                             TML_STR("T\xc3\x89"
                                     "AM caf\xc3\xa9 goal")};
    float out[4];
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, texts, 2, out, NULL), TML_OK);
    fail_allocation(0); /* the next one, if there is one */
    assert_int_equal(tml_session_predict(session, texts, 2, out, NULL), TML_OK);
    fail_allocation(NEVER);
    tml_session_free(session);
    tml_model_free(model);
}

/* Fits with overrides and returns the status; the sentence goes to err. */
static tml_status fit_with(const char *dir, const char *rows, const char *const overrides[][2],
                           const atomic_bool *stop, tml_model **model, tml_error *err)
{
    tml_recipe *recipe = NULL;
    tml_fit_report report = {0};
    tmpdir_write_text(dir, "rows.csv", rows);
    char *path = tmpdir_path(dir, "rows.csv");
    const char *const files[] = {path};
    const tml_fit_input input = {.train = files, .n_train = 1};
    const tml_fit_options options = {.n_threads = 1, .stop = stop};
    assert_int_equal(tml_recipe_parse("tiny", tmli_str(tiny_recipe), &recipe, NULL), TML_OK);
    for (size_t i = 0; overrides != NULL && overrides[i][0] != NULL; i++) {
        assert_int_equal(
            tml_recipe_set(recipe, tmli_str(overrides[i][0]), tmli_str(overrides[i][1]), NULL),
            TML_OK);
    }
    const tml_status status = tml_fit(recipe, &input, &options, model, &report, err);
    tml_fit_report_deinit(&report);
    tml_recipe_free(recipe);
    free(path);
    return status;
}

static void rows_that_cannot_be_learned_are_refused(void **state)
{
    static const struct {
        const char *rows;
        const char *want; /* behind "DIR/" when it begins with rows.csv */
    } cases[] = {
        {"text,label\na,x\nb,x\n",
         "rows.csv:2: label \"x\" is the only one in the training rows, a classifier needs at "
         "least two: add rows of another label"},
        {"text,label\na,x\nb,x\nc,y\n",
         "rows.csv:4: label \"y\" appears once only, a class needs at least 2 rows: add rows, or "
         "correct or remove this one"},
        {"text,label\n", "the training files hold no rows"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_model *model = NULL;
        tml_error err = {0};
        assert_int_equal(fit_with(*state, cases[i].rows, NULL, NULL, &model, &err), TML_EFORMAT);
        assert_null(model);
        const char *got = strstr(err.text, "rows.csv:");
        assert_string_equal(got != NULL ? got : err.text, cases[i].want);
    }
}

static void words_that_no_text_has_are_refused(void **state)
{
    tml_model *model = NULL;
    tml_error err = {0};
    assert_int_equal(
        fit_with(*state, "text,label\n!!,x\n??,x\n..,y\n--,y\n", NULL, NULL, &model, &err),
        TML_EFORMAT);
    assert_string_equal(err.text, "the training texts hold no words: check data.text, "
                                  "text.normalize and text.tokenizer");
}

static void a_loss_that_explodes_is_an_error_with_its_place(void **state)
{
    static const char *const wild[][2] = {{"optimizer", "sgd"},
                                          {"learning_rate", "100"},
                                          {"activation", "relu"},
                                          {"hidden", "[64, 64]"},
                                          {"epochs", "200"},
                                          {"class_weight", "{\"food\": 1000000}"},
                                          {NULL, NULL}};
    tml_model *model = NULL;
    tml_error err = {0};
    assert_int_equal(fit_with(*state, tiny_rows(), wild, NULL, &model, &err), TML_ENUMERIC);
    assert_non_null(strstr(err.text, "loss is not finite"));
    assert_non_null(strstr(err.text, "epoch"));
    assert_null(model);
}

static void a_stop_before_the_first_batch_gives_no_model(void **state)
{
    const atomic_bool stop = true;
    tml_model *model = NULL;
    tml_error err = {0};
    assert_int_equal(fit_with(*state, tiny_rows(), NULL, &stop, &model, &err), TML_ESTOPPED);
    assert_null(model);
}

static void one_sigmoid_output_gives_two_probabilities(void **state)
{
    static const char *const sigmoid[][2] = {
        {"model.output", "sigmoid"}, {"epochs", "30"}, {"dropout", "0"}, {NULL, NULL}};
    tml_model *model = NULL;
    tml_session *session = NULL;
    float out[2];
    assert_int_equal(fit_with(*state, tiny_rows(), sigmoid, NULL, &model, NULL), TML_OK);
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    score_alone(session, TML_STR("the soup was hot"), out);
    assert_true(tmli_str_eq_text(tml_model_label(model, tml_best(out, 2)), "food"));
    score_alone(session, TML_STR("the team won again"), out);
    assert_true(tmli_str_eq_text(tml_model_label(model, tml_best(out, 2)), "sport"));
    tml_session_free(session);
    tml_model_free(model);
}

static void sigmoid_with_three_labels_is_refused(void **state)
{
    static const char *const sigmoid[][2] = {{"model.output", "sigmoid"}, {NULL, NULL}};
    tml_model *model = NULL;
    tml_error err = {0};
    assert_int_equal(
        fit_with(*state, "text,label\na,x\na,x\nb,y\nb,y\nc,z\nc,z\n", sigmoid, NULL, &model, &err),
        TML_EINVAL);
    assert_string_equal(err.text,
                        "model.output: sigmoid is for two labels, the data have 3: use softmax");
}

static void a_class_weight_for_no_label_is_refused(void **state)
{
    static const char *const weights[][2] = {{"class_weight", "{\"fodo\": 2}"}, {NULL, NULL}};
    tml_model *model = NULL;
    tml_error err = {0};
    assert_int_equal(fit_with(*state, tiny_rows(), weights, NULL, &model, &err), TML_EINVAL);
    assert_string_equal(err.text, "model.class_weight: the data have no label \"fodo\"");
}

static void every_failed_allocation_of_fitting_is_reported(void **state)
{
    for (size_t nth = 0;; nth++) {
        tml_model *model = NULL;
        tml_fit_report report = {0};
        fail_allocation(nth);
        const tml_status status = tiny_try(*state, 1, &model, &report, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tml_model_free(model);
            tml_fit_report_deinit(&report);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(model);
    }
}

static void every_failed_allocation_of_a_session_is_reported(void **state)
{
    tml_model *model = tiny_fit(*state, 1, NULL);
    const tml_str text = TML_STR("the soup was hot");
    for (size_t nth = 0;; nth++) {
        tml_session *session = NULL;
        float out[2];
        fail_allocation(nth);
        tml_status status = tml_session_create(model, &session, NULL);
        if (status == TML_OK) {
            status = tml_session_predict(session, &text, 1, out, NULL);
        } else {
            assert_null(session);
        }
        fail_allocation(NEVER);
        tml_session_free(session);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tml_model_free(model);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_dir, remove_dir)
    const struct CMUnitTest tests[] = {
        CASE(the_number_of_threads_does_not_change_a_byte),
        CASE(the_report_says_what_was_read_and_learned),
        CASE(a_texts_scores_do_not_depend_on_its_neighbours),
        CASE(a_warm_session_allocates_nothing),
        CASE(rows_that_cannot_be_learned_are_refused),
        CASE(words_that_no_text_has_are_refused),
        CASE(a_loss_that_explodes_is_an_error_with_its_place),
        CASE(a_stop_before_the_first_batch_gives_no_model),
        CASE(one_sigmoid_output_gives_two_probabilities),
        CASE(sigmoid_with_three_labels_is_refused),
        CASE(a_class_weight_for_no_label_is_refused),
        CASE(every_failed_allocation_of_fitting_is_reported),
        CASE(every_failed_allocation_of_a_session_is_reported),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
