/* Training runs that must not be: losses that explode, arguments that are refused, memory that is short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "support/alloc_fail.h"
#include "support/mlp_run.h"

static void a_loss_that_is_not_finite_is_a_sentence(void **state)
{
    (void)state;
    static data d;
    static run r;
    draw(&d, 100);
    init_run(&r, &small, &d);
    r.options.optim = tmli_optim_defaults(TMLI_SGD);
    r.options.optim.learning_rate = 1e30f;
    assert_int_equal(train(&r, &d, NULL, 1), TML_ENUMERIC);
    assert_non_null(strstr(r.err.text, "loss is not finite in epoch 1, batch 2"));
    tmli_mlp_deinit(&r.mlp);

    init_run(&r, &small, &d);
    d.table[WIDTH] = NAN;
    assert_int_equal(train(&r, &d, NULL, 1), TML_ENUMERIC);
    assert_non_null(strstr(r.err.text, "epoch 1, batch 1"));
    assert_int_equal(r.n_epochs, 0);
    tmli_mlp_deinit(&r.mlp);

    static data rows;
    draw(&rows, 100);
    rows.entries[0].row = 1;
    for (size_t e = 0; e < d.offsets[100]; e++) {
        d.entries[e].row = d.entries[e].row == 1 ? 4 : d.entries[e].row;
    }
    init_run(&r, &small, &d);
    assert_int_equal(train(&r, &d, &rows, 1), TML_ENUMERIC);
    assert_non_null(strstr(r.err.text, "validation loss is not finite after epoch 1"));
    tmli_mlp_deinit(&r.mlp);
}

typedef struct refusal {
    const char *what; /* in the sentence */
    void (*spoil)(run *r, data *d);
} refusal;

static void no_epochs(run *r, data *d)
{
    (void)d;
    r->options.epochs = 0;
}
static void no_batch(run *r, data *d)
{
    (void)d;
    r->options.batch_size = 0;
}
static void all_dropped(run *r, data *d)
{
    (void)d;
    r->options.dropout = 1.0f;
}
static void dropout_nan(run *r, data *d)
{
    (void)d;
    r->options.dropout = NAN;
}
static void no_patience(run *r, data *d)
{
    (void)d;
    r->options.early_stopping = true;
}
static void best_of_nothing(run *r, data *d)
{
    (void)d;
    r->options.keep_best = true;
}
static void rate_of_zero(run *r, data *d)
{
    (void)d;
    r->options.optim.learning_rate = 0.0f;
}
static void no_rows(run *r, data *d)
{
    (void)r;
    d->examples.rows.n = 0;
}
static void no_labels(run *r, data *d)
{
    (void)r;
    d->examples.labels = NULL;
}
static void targets_for_softmax(run *r, data *d)
{
    (void)r;
    d->examples.labels = NULL;
    d->examples.targets = d->weights;
}
static void label_too_large(run *r, data *d)
{
    (void)r;
    d->labels[7] = 3;
}
static void weight_negative(run *r, data *d)
{
    (void)r;
    d->weights[5] = -1.0f;
    d->examples.weights = d->weights;
}
static void class_weight_nan(run *r, data *d)
{
    static const float class_weights[3] = {1.0f, NAN, 1.0f};
    (void)d;
    r->options.class_weights = class_weights;
}
static void block_too_large(run *r, data *d)
{
    (void)r;
    d->entries[d->offsets[3] - 1].block = BLOCKS;
}
static void block_twice(run *r, data *d)
{
    (void)r;
    d->entries[1].block = d->entries[0].block;
}
static void vector_too_large(run *r, data *d)
{
    (void)r;
    d->entries[d->offsets[2]].row = TABLE_ROWS;
}
static void another_table(run *r, data *d)
{
    static float elsewhere[TABLE_FLOATS];
    r->options.train_table = true;
    r->mlp.embedding.data = elsewhere;
    (void)d;
}

static const refusal refusals[] = {
    {"epochs", no_epochs},
    {"batch_size", no_batch},
    {"dropout", all_dropped},
    {"dropout", dropout_nan},
    {"patience", no_patience},
    {"validation", best_of_nothing},
    {"learning_rate", rate_of_zero},
    {"0 training rows", no_rows},
    {"softmax takes labels", no_labels},
    {"softmax takes labels", targets_for_softmax},
    {"row 7: label 3", label_too_large},
    {"row 5: weight", weight_negative},
    {"weight of class 1", class_weight_nan},
    {"row 2: block", block_too_large},
    {"row 0: block", block_twice},
    {"row 2: vector 60 of a table of 60", vector_too_large},
    {"table", another_table},
};

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    static data d;
    static run r;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        draw(&d, 20);
        init_run(&r, &small, &d);
        refusals[i].spoil(&r, &d);
        assert_int_equal(train(&r, &d, NULL, 1), TML_EINVAL);
        if (strstr(r.err.text, refusals[i].what) == NULL) {
            fail_msg("\"%s\" is not in \"%s\"", refusals[i].what, r.err.text);
        }
        assert_int_equal(r.n_batches, 0);
        tmli_mlp_deinit(&r.mlp);
    }
}

static void borrowed_weights_are_not_trained(void **state)
{
    (void)state;
    static data d;
    static run r;
    draw(&d, 20);
    init_run(&r, &small, &d);
    float *const slab = r.mlp.slab;
    r.mlp.slab = NULL;
    assert_int_equal(train(&r, &d, NULL, 1), TML_EINVAL);
    r.mlp.slab = slab;
    tmli_mlp_deinit(&r.mlp);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    static data d;
    static run r;
    draw(&d, 30);
    for (size_t nth = 0;; nth++) {
        init_run(&r, &small, &d);
        r.options.optim = tmli_optim_defaults(TMLI_ADAM);
        r.options.train_table = true;
        r.options.dropout = 0.1f;
        r.options.keep_best = true;
        r.options.epochs = 1;
        fail_allocation(nth);
        const tml_status status = tmli_mlp_train(&r.mlp, d.table, &d.examples, &d.examples,
                                                 &r.options, NULL, &r.summary, &r.err);
        fail_allocation(NEVER);
        tmli_mlp_deinit(&r.mlp);
        if (status == TML_OK) {
            assert_true(nth > 30);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(r.n_batches, 0);
        assert_int_equal(r.summary.epochs_run, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_loss_that_is_not_finite_is_a_sentence),
        cmocka_unit_test(bad_arguments_are_refused),
        cmocka_unit_test(borrowed_weights_are_not_trained),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
