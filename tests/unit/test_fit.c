/* tml_fit: what it reports, what it refuses, that equal input gives equal models, and that failure leaves nothing. */
#include "textml/fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/model.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct fixture {
    char *dir;
    char *rows;
    const char *paths[1];
    tml_fit_input input;
    tml_fit_options options;
    tml_model *model;
    tml_fit_report report;
    size_t n_told;   /* calls of on_data */
    size_t n_epochs; /* told by on_epoch */
    size_t n_batches;
    atomic_bool stop;
} fixture;

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    f->rows = tmpdir_write(f->dir, "rows.csv", tiny_rows, strlen(tiny_rows));
    f->paths[0] = f->rows;
    f->input = (tml_fit_input){.train = f->paths, .n_train = 1};
    f->options = (tml_fit_options){.n_threads = 1, .ctx = f};
    *state = f;
    return 0;
}

static void release(fixture *f)
{
    tml_model_free(f->model);
    f->model = NULL;
    tml_fit_report_deinit(&f->report);
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    release(f);
    free(f->rows);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

static tml_status fit(fixture *f, const char *yaml, tml_error *err)
{
    tml_recipe *const recipe = tiny_recipe(yaml);
    release(f);
    const tml_status status = tml_fit(recipe, &f->input, &f->options, &f->model, &f->report, err);
    tml_recipe_free(recipe);
    return status;
}

/* The tiny recipe with more keys behind it. */
static tml_status fit_with(fixture *f, const char *more, tml_error *err)
{
    char yaml[1024];
    (void)snprintf(yaml, sizeof yaml,
                   "name: tiny\ndata: {split: {validation: 0.25}}\n"
                   "features: [{max_words: 50, length: 3, embedding: {dims: 2}}]\n%s",
                   more);
    return fit(f, yaml, err);
}

static void check_data(void *ctx, const tml_fit_report *report)
{
    fixture *const f = ctx;
    f->n_told++;
    assert_int_equal(f->n_epochs, 0); /* before training */
    assert_int_equal(report->rows_train, 6);
    assert_int_equal(report->rows_validation, 2);
    assert_true(report->terms_seen > 0 && report->terms_kept > 0);
    assert_int_equal(report->n_epochs, 0);
}

static void count_epoch(void *ctx, const tml_epoch *epoch)
{
    fixture *const f = ctx;
    f->n_epochs++;
    assert_int_equal(epoch->epoch, f->n_epochs);
    assert_true(isfinite(epoch->train_loss));
}

static void count_batch(void *ctx, const tml_progress *progress)
{
    fixture *const f = ctx;
    f->n_batches++;
    assert_in_range(progress->rows_done, 1, progress->rows);
}

static void the_report_tells_what_was_read_and_learned(void **state)
{
    fixture *const f = *state;
    f->options.on_data = check_data;
    f->options.on_epoch = count_epoch;
    f->options.on_progress = count_batch;
    assert_int_equal(fit(f, tiny_yaml, NULL), TML_OK);
    assert_int_equal(f->report.rows_train, 6);
    assert_int_equal(f->report.rows_validation, 2);
    assert_int_equal(f->report.rows_test, 0);
    assert_int_equal(f->report.n_epochs, 2);
    assert_int_equal(f->report.epochs_run, 2);
    assert_int_equal(f->report.best_epoch, 2);
    assert_false(f->report.interrupted);
    assert_int_equal(f->report.validation.n_rows, 2);
    assert_int_equal(f->report.test.n_rows, 0);
    assert_int_equal(f->n_told, 1);
    assert_int_equal(f->n_epochs, 2);
    assert_int_equal(f->n_batches, 4); /* 6 rows by 4, twice */
    assert_int_equal(tml_model_labels(f->model), 2);
    assert_string_equal(tml_model_label(f->model, 0).data, "no");
    assert_string_equal(tml_model_recipe_name(f->model), "tiny");
    assert_int_equal(tml_model_verify(f->model, NULL), TML_OK); /* was not loaded from files */
}

/* The bytes of the two files, as text of hexadecimal digits (free). */
static void *saved(fixture *f, size_t *n)
{
    char *const dir = tmpdir_path(f->dir, "model");
    tmli_buf bytes = {0};
    static const char *const names[] = {"textml.json", "model.safetensors"};
    assert_int_equal(tml_model_save(f->model, dir, NULL), TML_OK);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *const path = tmpdir_path(dir, names[i]);
        assert_int_equal(tmli_file_read(path, SIZE_MAX, &bytes, NULL), TML_OK);
        free(path);
    }
    free(dir);
    *n = bytes.len;
    void *const copy = malloc(bytes.len);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.len);
    tmli_buf_deinit(&bytes);
    return copy;
}

static void equal_input_gives_equal_bytes_for_any_number_of_threads(void **state)
{
    static const char *const recipes[] = {
        "train: {epochs: 3, batch_size: 4}",
        "model: {hidden: [3, 2], dropout: 0.5, activation: tanh}\ntrain: {optimizer: rmsprop}",
        ("model: {hidden: [], output: sigmoid, class_weight: balanced}\n"
         "train: {optimizer: sgd, momentum: 0.9}"),
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        void *want = NULL;
        size_t n_want = 0;
        for (size_t n_threads = 1; n_threads <= 4; n_threads++) {
            f->options.n_threads = n_threads;
            assert_int_equal(fit_with(f, recipes[i], NULL), TML_OK);
            size_t n = 0;
            void *const got = saved(f, &n);
            if (want == NULL) {
                want = got;
                n_want = n;
                continue;
            }
            assert_int_equal(n, n_want);
            assert_memory_equal(got, want, n);
            free(got);
        }
        free(want);
    }
}

static void early_stopping_keeps_the_best_epoch(void **state)
{
    fixture *const f = *state;
    assert_int_equal(fit_with(f,
                              "train: {epochs: 500, learning_rate: 0.5, early_stopping: true, "
                              "patience: 2}",
                              NULL),
                     TML_OK);
    assert_true(f->report.stopped_early);
    assert_int_equal(f->report.epochs_run, f->report.n_epochs);
    assert_int_equal(f->report.best_epoch, f->report.epochs_run - 2);
    const double best = f->report.epochs[f->report.best_epoch - 1].validation_loss;
    for (size_t i = 0; i < f->report.n_epochs; i++) {
        assert_true(f->report.epochs[i].validation_loss >= best);
    }
    assert_near(f->report.validation.log_loss, best, 1e-6);
}

static void stop_after_three(void *ctx, const tml_progress *progress)
{
    fixture *const f = ctx;
    (void)progress;
    if (++f->n_batches == 3) {
        atomic_store(&f->stop, true);
    }
}

static void a_stop_ends_the_batch_and_keeps_the_model(void **state)
{
    fixture *const f = *state;
    f->options.stop = &f->stop;
    f->options.on_progress = stop_after_three;
    assert_int_equal(fit_with(f, "train: {epochs: 1000, batch_size: 4}", NULL), TML_OK);
    assert_int_equal(f->n_batches, 3);
    assert_true(f->report.interrupted);
    assert_int_equal(f->report.epochs_run, 2);
    assert_int_equal(f->report.n_epochs, 1);
    assert_non_null(f->model);
}

static void a_stop_before_the_first_batch_gives_no_model(void **state)
{
    fixture *const f = *state;
    f->options.stop = &f->stop;
    atomic_store(&f->stop, true);
    assert_int_equal(fit(f, tiny_yaml, NULL), TML_ESTOPPED);
    assert_null(f->model);
    assert_null(f->report.epochs);
}

static void recipes_that_do_not_fit_the_data_are_refused(void **state)
{
    static const struct {
        const char *more;
        tml_status status;
        const char *sentence;
    } cases[] = {
        {"model: {class_weight: {maybe: 2}}", TML_EINVAL,
         "model.class_weight: the data have no label \"maybe\""},
        {"features: [{embedding: {source: words.txt}}]", TML_EINVAL,
         "the recipe's word vectors \"words.txt\" were not given"},
        {"features: [{embedding: {trainable: false}}]", TML_EINVAL,
         "tiny.yaml: features.0.embedding: without word vectors there is nothing to keep frozen: "
         "set trainable=true, or vectors=FILE"},
        {"data: {split: {validation: 0}}\ntrain: {early_stopping: true}", TML_EINVAL,
         "early stopping and keeping the best weights need validation rows: give a channel of "
         "them, or a validation_split above 0"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        assert_int_equal(fit(f, cases[i].more, &err), cases[i].status);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(f->model);
    }
}

static void sigmoid_for_three_labels_is_refused(void **state)
{
    static const char rows[] = "text,label\na,x\nb,y\nc,z\na,x\nb,y\nc,z\n";
    fixture *const f = *state;
    tml_error err = {0};
    free(f->rows);
    f->rows = tmpdir_write(f->dir, "rows.csv", rows, sizeof rows - 1);
    f->paths[0] = f->rows;
    assert_int_equal(fit_with(f, "model: {output: sigmoid}", &err), TML_EINVAL);
    assert_string_equal(err.text,
                        "model.output: sigmoid is for two labels, the data have 3: use softmax");
}

static void a_loss_that_is_not_finite_is_an_error_with_its_place(void **state)
{
    fixture *const f = *state;
    tml_error err = {0};
    char *const vectors = tmpdir_write(f->dir, "words.txt", "good 3e38 3e38\nbad -3e38 3e38\n", 30);
    f->input.vectors = vectors;
    const tml_status status =
        fit(f,
            "name: tiny\nfeatures: [{length: 3, embedding: {source: words.txt, dims: 2}}]\n"
            "model: {hidden: [4]}\ntrain: {optimizer: sgd, learning_rate: 100, epochs: 50}\n",
            &err);
    free(vectors);
    assert_int_equal(status, TML_ENUMERIC);
    assert_non_null(strstr(err.text, "loss is not finite"));
    assert_non_null(strstr(err.text, "lower the learning rate (now 100)"));
    assert_null(f->model);
}

static void class_weights_may_name_labels_as_the_data_or_as_answers_do(void **state)
{
    static const char *const weights[] = {"{y: 3}", "{\"Yes!\": 3}", "none"};
    static const char rows[] = "text,label\na,y\nb,n\nc,y\na,n\nb,y\nc,n\n";
    double losses[3];
    fixture *const f = *state;
    free(f->rows);
    f->rows = tmpdir_write(f->dir, "rows.csv", rows, sizeof rows - 1);
    f->paths[0] = f->rows;
    for (size_t i = 0; i < COUNT_OF(weights); i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof yaml,
                       "data: {labels: {y: \"Yes!\", n: No}}\nfeatures: [{length: 3, embedding: "
                       "{dims: 2}}]\nmodel: {class_weight: %s}\ntrain: {epochs: 2}",
                       weights[i]);
        assert_int_equal(fit(f, yaml, NULL), TML_OK);
        losses[i] = f->report.epochs[1].train_loss;
    }
    assert_true(losses[0] == losses[1]);
    assert_false(losses[0] == losses[2]);
}

/* Weights that are no floats: naive Bayes promises scikit-learn's 1e-12. */
static void row_weights_reach_naive_bayes_with_all_their_digits(void **state)
{
    static const char rows[] = "text,label,w\na b,x,0.1\nb c,x,0.2\nc a,y,0.7\na,y,0.1\n";
    fixture *const f = *state;
    free(f->rows);
    f->rows = tmpdir_write(f->dir, "rows.csv", rows, sizeof rows - 1);
    f->paths[0] = f->rows;
    assert_int_equal(fit(f,
                         "data: {weight: w, split: {validation: 0}}\nfeatures: [{type: bag}]\n"
                         "model: {type: naive_bayes}",
                         NULL),
                     TML_OK);
    assert_near(f->model->bayes.priors[0], log(0.3 / 1.1), 1e-15);
    assert_near(f->model->bayes.priors[1], log(0.8 / 1.1), 1e-15);
}

static void rows_without_a_known_word_and_doubtful_ones_are_counted(void **state)
{
    static const char rows[] = "text,label\nbb cc,x\nbb,y\n,x\ndd,y\n"
                               "\xe6\x97\xa5,x\n\xc3\xa9t\xc3\xa9,x\n";
    static const char *const models[] = {
        "features: [{type: bag, min_docs: 2}]\nmodel: {type: naive_bayes}",
        "features: [{length: 3, max_words: 2, embedding: {dims: 2}}]\ntrain: {epochs: 1}",
    };
    fixture *const f = *state;
    free(f->rows);
    f->rows = tmpdir_write(f->dir, "rows.csv", rows, sizeof rows - 1);
    f->paths[0] = f->rows;
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        char yaml[256];
        (void)snprintf(yaml, sizeof yaml,
                       "data: {encoding: latin-1, split: {validation: 0}}\n"
                       "text: {tokenizer: word}\n%s",
                       models[i]);
        assert_int_equal(fit(f, yaml, NULL), TML_OK);
        assert_int_equal(f->report.doubtful, 2);
        assert_int_equal(f->report.rows_wordless, 4); /* "bb" is the only word */
    }
}

static void every_allocation_of_fitting_may_fail(void **state)
{
    fixture *const f = *state;
    tml_recipe *const recipe = tiny_recipe(tiny_yaml);
    f->input.test = f->paths;
    f->input.n_test = 1;
    f->options.n_threads = 2;
    for (size_t nth = 0;; nth++) {
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status =
            tml_fit(recipe, &f->input, &f->options, &f->model, &f->report, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
        assert_null(f->model);
        assert_null(f->report.epochs);
        assert_null(f->report.validation.classes);
    }
    tml_recipe_free(recipe);
}

#define WITH_ROWS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ROWS(the_report_tells_what_was_read_and_learned),
        WITH_ROWS(equal_input_gives_equal_bytes_for_any_number_of_threads),
        WITH_ROWS(early_stopping_keeps_the_best_epoch),
        WITH_ROWS(a_stop_ends_the_batch_and_keeps_the_model),
        WITH_ROWS(a_stop_before_the_first_batch_gives_no_model),
        WITH_ROWS(recipes_that_do_not_fit_the_data_are_refused),
        WITH_ROWS(sigmoid_for_three_labels_is_refused),
        WITH_ROWS(a_loss_that_is_not_finite_is_an_error_with_its_place),
        WITH_ROWS(class_weights_may_name_labels_as_the_data_or_as_answers_do),
        WITH_ROWS(row_weights_reach_naive_bayes_with_all_their_digits),
        WITH_ROWS(rows_without_a_known_word_and_doubtful_ones_are_counted),
        WITH_ROWS(every_allocation_of_fitting_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
