/* Training runs: reproducibility, weights, learning, stopping. Refusals are in test_mlp_train_failures.c, gradients in
 * test_mlp_gradient.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <string.h>

#include "num/blas.h"
#include "support/mlp_run.h"
#include "support/near.h"

static size_t slab_bytes(const tmli_mlp *mlp)
{
    const size_t last = mlp->shape.n_layers - 1;
    const float *const end = mlp->biases[last] + mlp->shape.sizes[last];
    return (size_t)(end - mlp->slab) * sizeof(float);
}

static void assert_same_weights(const tmli_mlp *a, const tmli_mlp *b)
{
    assert_memory_equal(a->slab, b->slab, slab_bytes(a));
}

/* ---- reproducibility ---- */

static void check_threads(const tmli_mlp_shape *shape, tmli_optimizer kind, bool train_table,
                          size_t batch_size)
{
    static const size_t threads[] = {1, 2, 3, 5};
    static data d[4];
    static run r[4];
    for (size_t t = 0; t < 4; t++) {
        draw(&d[t], 330);
        init_run(&r[t], shape, &d[t]);
        r[t].options.optim = tmli_optim_defaults(kind);
        r[t].options.dropout = 0.5f;
        r[t].options.train_table = train_table;
        r[t].options.batch_size = batch_size;
        r[t].options.epochs = 2;
        assert_int_equal(train(&r[t], &d[t], &d[t], threads[t]), TML_OK);
        assert_same_weights(&r[0].mlp, &r[t].mlp);
        assert_memory_equal(d[0].table, d[t].table, sizeof d[0].table);
        for (size_t e = 0; e < 2; e++) {
            const tml_epoch *const a = &r[0].epochs[e];
            const tml_epoch *const b = &r[t].epochs[e];
            assert_true(a->train_loss == b->train_loss && a->validation_loss == b->validation_loss);
            assert_true(a->train_accuracy == b->train_accuracy &&
                        a->validation_accuracy == b->validation_accuracy);
        }
    }
    for (size_t t = 0; t < 4; t++) {
        tmli_mlp_deinit(&r[t].mlp);
    }
}

static void threads_do_not_change_a_bit(void **state)
{
    (void)state;
    tmli_mlp_shape shape = small;
    shape.sizes[0] = 70; /* enough work for the pool, and ragged */
    shape.sizes[1] = 35;
    check_threads(&shape, TMLI_RMSPROP, false, 128);
    check_threads(&shape, TMLI_ADAM, true, 128);
    check_threads(&shape, TMLI_ADAGRAD, true, 45);
}

static void threads_do_not_change_a_bit_with_blas(void **state)
{
    (void)state;
    tmli_mlp_shape shape = small;
    shape.sizes[0] = 512;
    shape.sizes[1] = 520;
    assert_true(tmli_blas_is_better(200, 512, 520));
    tmli_blas_single_thread();
    check_threads(&shape, TMLI_SGD, false, 200);
}

static void seeds_matter(void **state)
{
    (void)state;
    static data d;
    static run r[3];
    draw(&d, 100);
    for (size_t i = 0; i < 3; i++) {
        init_run(&r[i], &small, &d);
        r[i].options.seed = i == 2 ? 10 : 9;
        assert_int_equal(train(&r[i], &d, NULL, 1), TML_OK);
        assert_true(isnan(r[i].epochs[0].validation_loss));
        assert_true(isnan(r[i].epochs[0].validation_accuracy));
    }
    assert_same_weights(&r[0].mlp, &r[1].mlp);
    assert_memory_not_equal(r[0].mlp.slab, r[2].mlp.slab, slab_bytes(&r[0].mlp));
    for (size_t i = 0; i < 3; i++) {
        tmli_mlp_deinit(&r[i].mlp);
    }
}

/* Lazy steps within training. The second run visits block 0 in every row through a vector so small that its effect rounds
 * away everywhere, but for that the block is stepped each time. */
static void blocks_that_wait_end_where_eager_ones_do(void **state)
{
    (void)state;
    static data d[2];
    static run r[2];
    for (int k = TMLI_SGD; k <= TMLI_ADAGRAD; k++) {
        for (size_t i = 0; i < 2; i++) {
            draw(&d[i], 200);
            for (size_t c = 0; c < WIDTH; c++) {
                d[i].table[c] = 1e-42f; /* vector 0 */
            }
            size_t at = 0;
            for (size_t row = 0; row < 200; row++) {
                d[i].offsets[row] = at;
                if (row == 3 || i == 1) {
                    d[i].entries[at++] = (tmli_entry){0, row == 3 ? 7 : 0};
                }
                d[i].entries[at++] = (tmli_entry){1, (uint32_t)(row % 3 + 1)};
            }
            d[i].offsets[200] = at;
            init_run(&r[i], &small, &d[i]);
            r[i].options.optim = tmli_optim_defaults((tmli_optimizer)k);
            r[i].options.optim.momentum = 0.9f;
            assert_int_equal(train(&r[i], &d[i], &d[i], 1), TML_OK);
        }
        assert_same_weights(&r[0].mlp, &r[1].mlp);
        assert_true(r[0].epochs[2].validation_loss == r[1].epochs[2].validation_loss);
        tmli_mlp_deinit(&r[0].mlp);
        tmli_mlp_deinit(&r[1].mlp);
    }
}

static void zero_vectors_change_nothing(void **state)
{
    (void)state;
    static data d[2];
    static run r[2];
    for (size_t i = 0; i < 2; i++) {
        draw(&d[i], 90);
        memset(d[i].table, 0, WIDTH * sizeof(float));
        size_t kept = 0;
        size_t e = 0;
        for (size_t row = 0; row < 90;
             row++) { /* the second run has no entries of vector 0 at all */
            for (; e < d[i].offsets[row + 1]; e++) {
                if (i == 0 || d[i].entries[e].row != 0) {
                    d[i].entries[kept++] = d[i].entries[e];
                }
            }
            d[i].offsets[row + 1] = kept;
        }
        init_run(&r[i], &small, &d[i]);
        assert_int_equal(train(&r[i], &d[i], NULL, 1), TML_OK);
    }
    assert_int_not_equal(d[0].offsets[90], d[1].offsets[90]);
    assert_same_weights(&r[0].mlp, &r[1].mlp);
    tmli_mlp_deinit(&r[0].mlp);
    tmli_mlp_deinit(&r[1].mlp);
}

/* ---- weights ---- */

/* One step on all rows. */
static void train_one_step(run *r, data *d, const tmli_mlp_shape *shape, float rate)
{
    init_run(r, shape, d);
    r->options.optim = tmli_optim_defaults(TMLI_SGD);
    r->options.optim.learning_rate = rate;
    r->options.epochs = 1;
    r->options.batch_size = MOST_ROWS;
}

static void weights_are_repeated_rows(void **state)
{
    (void)state;
    static data d[2];
    static run r[2];
    draw(&d[0], 10);
    draw(&d[1], 10);
    /* Row 9 twice and row 0 not at all; the mean is over the number of rows, 10 in both. */
    d[0].weights[9] = 2.0f;
    d[0].weights[0] = 0.0f;
    d[0].examples.weights = d[0].weights;
    const size_t n_first = d[1].offsets[1];
    const size_t last = d[1].offsets[9];
    const size_t n_last = d[1].offsets[10] - last;
    memmove(d[1].entries, d[1].entries + n_first,
            (d[1].offsets[10] - n_first) * sizeof(tmli_entry));
    for (size_t row = 1; row <= 10; row++) {
        d[1].offsets[row - 1] = d[1].offsets[row] - n_first;
        d[1].labels[row - 1] = d[1].labels[row % 10];
    }
    memcpy(d[1].entries + d[1].offsets[9], d[1].entries + d[1].offsets[8],
           n_last * sizeof(tmli_entry));
    d[1].offsets[10] = d[1].offsets[9] + n_last;
    d[1].labels[8] = d[0].labels[9];
    d[1].labels[9] = d[0].labels[9];
    for (size_t i = 0; i < 2; i++) {
        train_one_step(&r[i], &d[i], &small, 0.5f);
        assert_int_equal(train(&r[i], &d[i], NULL, 1), TML_OK);
    }
    const size_t n = slab_bytes(&r[0].mlp) / sizeof(float);
    assert_near_all(r[0].mlp.slab, r[1].mlp.slab, n,
                    1e-6); /* the same terms, summed in another order */
    assert_near(r[0].epochs[0].train_loss, r[1].epochs[0].train_loss, 1e-7);
    tmli_mlp_deinit(&r[0].mlp);
    tmli_mlp_deinit(&r[1].mlp);
}

static void class_weights_are_sample_weights(void **state)
{
    (void)state;
    static const float class_weights[3] = {0.5f, 3.0f, 0.0f};
    static data d;
    static run r[2];
    draw(&d, 60);
    for (size_t i = 0; i < 60; i++) {
        d.weights[i] = class_weights[d.labels[i]];
    }
    for (size_t i = 0; i < 2; i++) {
        init_run(&r[i], &small, &d);
        r[i].options.class_weights = i == 0 ? class_weights : NULL;
        d.examples.weights = i == 1 ? d.weights : NULL;
        assert_int_equal(train(&r[i], &d, NULL, 1), TML_OK);
    }
    assert_same_weights(&r[0].mlp, &r[1].mlp);
    assert_true(r[0].epochs[2].train_loss == r[1].epochs[2].train_loss);
    tmli_mlp_deinit(&r[0].mlp);
    tmli_mlp_deinit(&r[1].mlp);
}

/* ---- learning and stopping ---- */

static void learns_exclusive_or(void **state)
{
    (void)state;
    static const float bits[2] = {-1.0f, 1.0f};
    static const tmli_entry entries[8] = {{0, 0}, {1, 0}, {0, 0}, {1, 1},
                                          {0, 1}, {1, 0}, {0, 1}, {1, 1}};
    static const size_t offsets[5] = {0, 2, 4, 6, 8};
    static const uint32_t labels[4] = {0, 1, 1, 0};
    const tmli_examples examples = {.rows = {entries, offsets, 4}, .labels = labels};
    const tmli_table table = {bits, 2, 1};
    for (int o = TMLI_OUTPUT_SOFTMAX; o <= TMLI_OUTPUT_SIGMOID; o++) {
        const tmli_mlp_shape shape = {
            .n_blocks = 2,
            .width = 1,
            .sizes = {8, o == TMLI_OUTPUT_SOFTMAX ? 2 : 1},
            .n_layers = 2,
            .activation = TMLI_TANH,
            .output = (tmli_output)o,
        };
        tmli_mlp mlp;
        tmli_fit_summary summary;
        assert_int_equal(tmli_mlp_create(&shape, table, 1, &mlp, NULL), TML_OK);
        tmli_mlp_train_options options = {
            .epochs = 300, .batch_size = 4, .optim = tmli_optim_defaults(TMLI_ADAM)};
        options.optim.learning_rate = 0.05f;
        assert_int_equal(
            tmli_mlp_train(&mlp, NULL, &examples, NULL, &options, NULL, &summary, NULL), TML_OK);
        assert_int_equal(summary.epochs_run, 300);
        assert_int_equal(summary.best_epoch, 300);
        tmli_mlp_scratch scratch;
        float out[8];
        assert_int_equal(tmli_mlp_scratch_init(&scratch, &mlp, 4, NULL), TML_OK);
        tmli_mlp_predict(&mlp, &examples.rows, &scratch, out);
        for (size_t i = 0; i < 4; i++) {
            const float p = o == TMLI_OUTPUT_SOFTMAX ? out[2 * i + 1] : out[i];
            assert_true(labels[i] == 1 ? p > 0.95f : p < 0.05f);
        }
        tmli_mlp_scratch_deinit(&scratch);
        tmli_mlp_deinit(&mlp);
    }
}

static void accuracy_rises_and_is_reported(void **state)
{
    (void)state;
    static data d;
    static run r;
    draw(&d, 300);
    init_run(&r, &small, &d);
    r.options.epochs = 10;
    r.options.dropout = 0.2f;
    r.options.optim.learning_rate = 0.01f;
    assert_int_equal(train(&r, &d, &d, 2), TML_OK);
    assert_int_equal(r.n_epochs, 10);
    assert_int_equal(r.n_batches, 10 * 10);
    assert_true(r.epochs[0].train_loss > r.epochs[9].train_loss);
    assert_true(r.epochs[9].train_accuracy > 0.9 && r.epochs[9].validation_accuracy > 0.99);
    assert_true(r.epochs[9].validation_loss < r.epochs[0].validation_loss);
    assert_true(r.epochs[9].seconds > 0);
    tmli_mlp_deinit(&r.mlp);
}

/* Validation rows with the labels turned round: each epoch of learning makes them worse. */
static void turn_labels(data *d)
{
    for (size_t i = 0; i < d->examples.rows.n; i++) {
        d->labels[i] = (d->labels[i] + 1) % 3;
    }
}

static void early_stopping_keeps_the_best_weights(void **state)
{
    (void)state;
    static data d[2];
    static data turned;
    static run r[2];
    draw(&turned, 300);
    turn_labels(&turned);
    for (size_t i = 0; i < 2; i++) {
        draw(&d[i], 300);
        init_run(&r[i], &small, &d[i]);
        r[i].options.train_table = true;
        r[i].options.optim = tmli_optim_defaults(TMLI_ADAM);
    }
    r[0].options.epochs = 50;
    r[0].options.early_stopping = true;
    r[0].options.patience = 3;
    assert_int_equal(train(&r[0], &d[0], &turned, 2), TML_OK);
    assert_true(r[0].summary.stopped_early && !r[0].summary.interrupted);
    const size_t best = r[0].summary.best_epoch;
    assert_int_equal(r[0].summary.epochs_run, best + 3);
    assert_int_equal(r[0].n_epochs, best + 3);
    r[1].options.epochs = best;
    assert_int_equal(train(&r[1], &d[1], NULL, 1), TML_OK);
    assert_same_weights(&r[0].mlp, &r[1].mlp);
    assert_memory_equal(d[0].table, d[1].table, sizeof d[0].table);
    tmli_mlp_deinit(&r[0].mlp);
    tmli_mlp_deinit(&r[1].mlp);
}

static void keeping_the_best_runs_all_epochs(void **state)
{
    (void)state;
    static data d;
    static data turned;
    static run r;
    draw(&d, 300);
    draw(&turned, 300);
    turn_labels(&turned);
    init_run(&r, &small, &d);
    r.options.epochs = 6;
    r.options.keep_best = true;
    assert_int_equal(train(&r, &d, &turned, 1), TML_OK);
    assert_int_equal(r.summary.epochs_run, 6);
    assert_false(r.summary.stopped_early);
    assert_true(r.summary.best_epoch >= 1 && r.summary.best_epoch < 6);
    tmli_mlp_deinit(&r.mlp);
}

static void the_stop_flag_ends_after_the_batch(void **state)
{
    (void)state;
    static data d;
    static run r;
    static run best;
    draw(&d, 100); /* 4 batches an epoch */
    init_run(&r, &small, &d);
    r.stop_after = 6;
    r.options.keep_best = true;
    assert_int_equal(train(&r, &d, &d, 1), TML_OK);
    assert_int_equal(r.n_batches, 6);
    assert_true(r.summary.interrupted && !r.summary.stopped_early);
    assert_int_equal(r.summary.epochs_run, 2);
    assert_int_equal(r.summary.best_epoch, 1);
    init_run(&best, &small, &d);
    best.options.epochs = 1;
    assert_int_equal(train(&best, &d, NULL, 1), TML_OK);
    assert_same_weights(&r.mlp, &best.mlp);
    tmli_mlp_deinit(&r.mlp);

    init_run(&r, &small, &d);
    r.stop_after = 2;
    r.options.keep_best = true;
    assert_int_equal(train(&r, &d, &d, 1), TML_OK);
    assert_true(r.summary.interrupted);
    assert_int_equal(r.summary.best_epoch, 0);
    assert_int_equal(r.n_epochs, 0);
    tmli_mlp_deinit(&r.mlp);

    init_run(&r, &small, &d);
    atomic_store(&r.stop, true);
    assert_int_equal(train(&r, &d, NULL, 1), TML_OK);
    assert_int_equal(r.n_batches, 0);
    assert_true(r.summary.interrupted);
    tmli_mlp_deinit(&r.mlp);
    tmli_mlp_deinit(&best.mlp);
}

static void rows_without_entries_train_biases(void **state)
{
    (void)state;
    static data d;
    static run r;
    draw(&d, 40);
    memset(d.offsets, 0, sizeof d.offsets);
    for (size_t i = 0; i < 40; i++) {
        d.labels[i] = 2;
    }
    init_run(&r, &small, &d);
    r.options.optim.learning_rate = 0.05f;
    r.options.epochs = 20;
    assert_int_equal(train(&r, &d, &d, 2), TML_OK);
    assert_true(r.epochs[19].validation_accuracy == 1.0);
    tmli_mlp_deinit(&r.mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_do_not_change_a_bit),
        cmocka_unit_test(threads_do_not_change_a_bit_with_blas),
        cmocka_unit_test(seeds_matter),
        cmocka_unit_test(blocks_that_wait_end_where_eager_ones_do),
        cmocka_unit_test(zero_vectors_change_nothing),
        cmocka_unit_test(weights_are_repeated_rows),
        cmocka_unit_test(class_weights_are_sample_weights),
        cmocka_unit_test(learns_exclusive_or),
        cmocka_unit_test(accuracy_rises_and_is_reported),
        cmocka_unit_test(early_stopping_keeps_the_best_weights),
        cmocka_unit_test(keeping_the_best_runs_all_epochs),
        cmocka_unit_test(the_stop_flag_ends_after_the_batch),
        cmocka_unit_test(rows_without_entries_train_biases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
