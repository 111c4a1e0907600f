/* Shapes, initial weights and prediction of networks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/thread.h"
#include "models/mlp.h"
#include "num/reference.h"
#include "support/alloc_fail.h"
#include "support/near.h"

enum {
    TABLE_ROWS = 50,
    WIDTH = 7,
    BLOCKS = 9,
    ROWS = 70,
    KEPT_BYTES = 1 << 20, /* room for all sums */
};

static float table_data[TABLE_ROWS * WIDTH];
static const tmli_table table = {table_data, TABLE_ROWS, WIDTH};

static tmli_mlp_shape shape_of(tmli_activation activation, tmli_output output)
{
    return (tmli_mlp_shape){
        .n_blocks = BLOCKS,
        .width = WIDTH,
        .sizes = {33, 6, 5},
        .n_layers = 3,
        .activation = activation,
        .output = output,
    };
}

static int fill_table(void **state)
{
    (void)state;
    tmli_rng rng = tmli_rng_at(11, TMLI_RNG_INIT, 0, 0);
    for (size_t i = 0; i < (size_t)TABLE_ROWS * WIDTH; i++) {
        table_data[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
    }
    return 0;
}

typedef struct row_set {
    tmli_entry entries[ROWS * BLOCKS];
    size_t offsets[ROWS + 1];
    tmli_rows rows;
} row_set;

/* Rows of 0 to BLOCKS entries. */
static void draw_rows(row_set *set)
{
    tmli_rng rng = tmli_rng_at(12, TMLI_RNG_INIT, 0, 0);
    size_t at = 0;
    for (size_t i = 0; i < ROWS; i++) {
        set->offsets[i] = at;
        for (uint32_t b = 0; b < BLOCKS; b++) {
            if (tmli_rng_below(&rng, 3) > 0 && i % 10 != 4) {
                set->entries[at++] = (tmli_entry){b, tmli_rng_below(&rng, TABLE_ROWS)};
            }
        }
    }
    set->offsets[ROWS] = at;
    set->rows = (tmli_rows){set->entries, set->offsets, ROWS};
}

/* The network's formula in doubles, for one row. */
static void reference_scores(const tmli_mlp *mlp, const tmli_rows *rows, size_t row, double *out)
{
    const tmli_mlp_shape *const s = &mlp->shape;
    double x[BLOCKS * WIDTH] = {0};
    double z[BLOCKS * WIDTH] = {0};
    for (size_t e = rows->offsets[row]; e < rows->offsets[row + 1]; e++) {
        for (size_t i = 0; i < WIDTH; i++) {
            x[rows->entries[e].block * WIDTH + i] =
                (double)mlp->embedding.data[rows->entries[e].row * WIDTH + i];
        }
    }
    for (size_t l = 0; l < s->n_layers; l++) {
        const size_t d = tmli_mlp_inputs(s, l);
        for (size_t c = 0; c < s->sizes[l]; c++) {
            z[c] = (double)mlp->biases[l][c];
            for (size_t k = 0; k < d; k++) {
                z[c] += x[k] * (double)mlp->weights[l][k * s->sizes[l] + c];
            }
        }
        for (size_t c = 0; c < s->sizes[l] && l + 1 < s->n_layers; c++) {
            x[c] = s->activation == TMLI_RELU   ? tmli_ref_relu(z[c])
                   : s->activation == TMLI_TANH ? tanh(z[c])
                                                : tmli_ref_sigmoid(z[c]);
        }
    }
    const size_t k = s->sizes[s->n_layers - 1];
    if (s->output == TMLI_OUTPUT_SOFTMAX) {
        tmli_ref_softmax(out, z, k);
    }
    for (size_t c = 0; c < k && s->output != TMLI_OUTPUT_SOFTMAX; c++) {
        out[c] = s->output == TMLI_OUTPUT_SIGMOID ? tmli_ref_sigmoid(z[c]) : z[c];
    }
}

static tmli_mlp create(tmli_activation activation, tmli_output output)
{
    const tmli_mlp_shape shape = shape_of(activation, output);
    tmli_mlp mlp;
    assert_int_equal(tmli_mlp_create(&shape, table, 5, &mlp, NULL), TML_OK);
    for (size_t i = 0; i < 33; i++) { /* biases that show when one is left out */
        mlp.slab[(size_t)(mlp.biases[0] - mlp.slab) + i] = 0.01f * (float)i;
    }
    return mlp;
}

static void predict_with(const tmli_mlp *mlp, const tmli_rows *rows, size_t max_rows, float *out)
{
    tmli_mlp_scratch scratch;
    assert_int_equal(tmli_mlp_scratch_init(&scratch, mlp, max_rows, NULL), TML_OK);
    tmli_mlp_predict(mlp, rows, &scratch, out);
    tmli_mlp_scratch_deinit(&scratch);
    assert_null(scratch.memory);
}

static void scores_follow_the_formula(void **state)
{
    (void)state;
    row_set set;
    draw_rows(&set);
    for (int a = TMLI_RELU; a <= TMLI_SIGMOID; a++) {
        for (int o = TMLI_OUTPUT_SOFTMAX; o <= TMLI_OUTPUT_IDENTITY; o++) {
            tmli_mlp mlp = create((tmli_activation)a, (tmli_output)o);
            float got[ROWS * 5];
            predict_with(&mlp, &set.rows, 64, got);
            for (size_t i = 0; i < ROWS; i++) {
                double want[5] = {0};
                reference_scores(&mlp, &set.rows, i, want);
                assert_near_all(got + i * 5, want, 5, 1e-5); /* sums of up to 63 floats, thrice */
            }
            tmli_mlp_deinit(&mlp);
        }
    }
}

static void scores_do_not_depend_on_neighbours(void **state)
{
    (void)state;
    row_set set;
    draw_rows(&set);
    tmli_mlp mlp = create(TMLI_TANH, TMLI_OUTPUT_SOFTMAX);
    float want[ROWS * 5];
    predict_with(&mlp, &set.rows, ROWS, want);
    static const size_t sizes[] = {1, 2, 3, 7, 64, 1000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        float got[ROWS * 5] = {0};
        predict_with(&mlp, &set.rows, sizes[s], got);
        assert_memory_equal(got, want, sizeof want);
    }
    for (size_t i = 0; i < ROWS; i++) {
        const tmli_rows one = {set.entries, set.offsets + i, 1};
        float got[5];
        predict_with(&mlp, &one, 1 + i % 2, got);
        assert_memory_equal(got, want + i * 5, sizeof got);
    }
    tmli_mlp_deinit(&mlp);
}

static void entries_out_of_range_are_ignored(void **state)
{
    (void)state;
    tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    static const tmli_entry wild[] = {
        {0, 3}, {2, TABLE_ROWS}, {4, UINT32_MAX}, {5, 9}, {BLOCKS, 1}, {UINT32_MAX, 1},
    };
    static const tmli_entry tame[] = {{0, 3}, {5, 9}};
    static const size_t wild_offsets[] = {0, 6, 6, 12};
    static const size_t tame_offsets[] = {0, 2, 2, 4};
    tmli_entry wild_entries[12];
    tmli_entry tame_entries[4];
    memcpy(wild_entries, wild, sizeof wild);
    memcpy(wild_entries + 6, wild, sizeof wild);
    memcpy(tame_entries, tame, sizeof tame);
    memcpy(tame_entries + 2, tame, sizeof tame);
    for (size_t max_rows = 1; max_rows <= 4; max_rows++) {
        float got[15];
        float want[15];
        predict_with(&mlp, &(tmli_rows){wild_entries, wild_offsets, 3}, max_rows, got);
        predict_with(&mlp, &(tmli_rows){tame_entries, tame_offsets, 3}, max_rows, want);
        assert_memory_equal(got, want, sizeof want);
    }
    tmli_mlp_deinit(&mlp);
}

/* More entries than are grouped at once, in one row and over many. */
static void long_rows_are_cut_into_groups(void **state)
{
    (void)state;
    enum {
        LONG_BLOCKS = 9000
    };
    const tmli_mlp_shape shape = {
        .n_blocks = LONG_BLOCKS, .width = WIDTH, .sizes = {3}, .n_layers = 1};
    tmli_mlp mlp;
    assert_int_equal(tmli_mlp_create(&shape, table, 5, &mlp, NULL), TML_OK);
    static const size_t lengths[] = {LONG_BLOCKS, 10, 8192, 1, 4096, 4096, 4096, 0, 8193};
    enum {
        N = sizeof lengths / sizeof lengths[0]
    };
    tmli_entry *const entries = malloc(60000 * sizeof *entries);
    assert_non_null(entries);
    size_t offsets[N + 1] = {0};
    for (size_t i = 0; i < N; i++) {
        for (uint32_t b = 0; b < lengths[i]; b++) {
            entries[offsets[i] + b] = (tmli_entry){b, (b * 7 + (uint32_t)i) % TABLE_ROWS};
        }
        offsets[i + 1] = offsets[i] + lengths[i];
    }
    float batch[N * 3];
    float alone[N * 3];
    predict_with(&mlp, &(tmli_rows){entries, offsets, N}, N, batch);
    predict_with(&mlp, &(tmli_rows){entries, offsets, N}, 1, alone);
    assert_memory_equal(batch, alone, sizeof batch);
    free(entries);
    tmli_mlp_deinit(&mlp);
}

static void initial_weights_are_glorots(void **state)
{
    (void)state;
    const tmli_mlp_shape shape = {.n_blocks = 40, .width = WIDTH, .sizes = {60, 3}, .n_layers = 2};
    tmli_mlp mlp;
    tmli_mlp again;
    tmli_mlp other;
    assert_int_equal(tmli_mlp_create(&shape, table, 5, &mlp, NULL), TML_OK);
    assert_int_equal(tmli_mlp_create(&shape, table, 5, &again, NULL), TML_OK);
    assert_int_equal(tmli_mlp_create(&shape, table, 6, &other, NULL), TML_OK);
    const size_t n = (size_t)40 * WIDTH * 60;
    const double limit = sqrt(6.0 / (40 * WIDTH + 60));
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = (double)mlp.weights[0][i];
        assert_true(fabs(w) <= limit * 1.0000001);
        sum += w;
        squares += w * w;
    }
    /* 16,800 draws: four standard errors of the mean and of the variance limit²/3 */
    assert_true(fabs(sum / (double)n) < 4 * limit / sqrt(3.0 * (double)n));
    assert_near(squares / (double)n / (limit * limit / 3), 1.0, 0.03);
    for (size_t i = 0; i < 60; i++) {
        assert_true(mlp.biases[0][i] == 0.0f);
    }
    assert_memory_equal(mlp.weights[0], again.weights[0], n * sizeof(float));
    assert_memory_not_equal(mlp.weights[0], other.weights[0], n * sizeof(float));
    assert_memory_not_equal(mlp.weights[0], mlp.weights[1], 60 * sizeof(float));
    tmli_mlp_deinit(&mlp);
    tmli_mlp_deinit(&again);
    tmli_mlp_deinit(&other);
}

static void parameters_are_counted(void **state)
{
    (void)state;
    size_t n = 0;
    const tmli_mlp_shape headlines = {
        .n_blocks = 100, .width = 100, .sizes = {32, 32, 4}, .n_layers = 3};
    assert_true(tmli_mlp_count(&headlines, &n));
    assert_int_equal(n, 321220); /* as Keras prints for the tutorial's network */
    tmli_mlp_shape huge = headlines;
    huge.n_blocks = SIZE_MAX / 4;
    assert_false(tmli_mlp_count(&huge, &n));
    huge = headlines;
    huge.sizes[1] = SIZE_MAX / 8;
    assert_false(tmli_mlp_count(&huge, &n));
    assert_int_equal(n, 321220);
}

static void bad_shapes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        tmli_mlp_shape shape = shape_of(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
        tmli_table vectors = table;
        tml_status want = TML_EINVAL;
        switch (i) {
        case 0: shape.n_layers = 0; break;
        case 1: shape.n_layers = TMLI_MLP_MAX_LAYERS + 1; break;
        case 2: shape.n_blocks = 0; break;
        case 3: shape.sizes[1] = 0; break;
        case 4: vectors.width = WIDTH + 1; break;
        case 5: shape.activation = (tmli_activation)9; break;
        case 6: shape.output = (tmli_output)9; break;
        default:
            shape.n_blocks = SIZE_MAX / 64;
            want = TML_ELIMIT;
            break;
        }
        tmli_mlp mlp = {.slab = NULL};
        tml_error err = {0};
        assert_int_equal(tmli_mlp_create(&shape, vectors, 1, &mlp, &err), want);
        assert_int_equal(err.status, want);
        assert_true(strlen(err.text) > 10);
        assert_null(mlp.slab);
    }
    tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    tmli_mlp_scratch scratch;
    assert_int_equal(tmli_mlp_scratch_init(&scratch, &mlp, 0, NULL), TML_EINVAL);
    tmli_mlp_deinit(&mlp);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    const tmli_mlp_shape shape = shape_of(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    for (size_t nth = 0;; nth++) {
        tmli_mlp mlp = {.slab = NULL};
        tmli_mlp_scratch scratch = {.memory = NULL};
        fail_allocation(nth);
        tml_status status = tmli_mlp_create(&shape, table, 1, &mlp, NULL);
        if (status == TML_OK) {
            status = tmli_mlp_scratch_init(&scratch, &mlp, 3, NULL);
        }
        if (status == TML_OK) {
            status = tmli_mlp_keep(&mlp, true, 3, KEPT_BYTES, NULL);
        }
        fail_allocation(NEVER);
        tmli_mlp_deinit(&mlp);
        tmli_mlp_scratch_deinit(&scratch);
        if (status == TML_OK) {
            assert_true(nth > 6);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

/* ---- kept sums ---- */

typedef struct asker {
    const tmli_mlp *mlp;
    const tmli_rows *rows;
    float got[ROWS * 5];
} asker;

static void *ask_again(void *ctx)
{
    asker *a = ctx;
    for (size_t max_rows = 64; max_rows > 0;
         max_rows /= 4) { /* in groups of all sizes, and alone */
        predict_with(a->mlp, a->rows, max_rows, a->got);
    }
    return NULL;
}

static void kept_sums_change_no_bit(void **state)
{
    (void)state;
    row_set set;
    draw_rows(&set);
    static asker askers[2];
    for (size_t n_blocks = 1; n_blocks <= 2 * BLOCKS; n_blocks += 4) {
        tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
        float want[ROWS * 5];
        predict_with(&mlp, &set.rows, 64, want);
        assert_int_equal(tmli_mlp_keep(&mlp, n_blocks % 8 == 1, n_blocks, KEPT_BYTES, NULL),
                         TML_OK);
        const tmli_entry first = {n_blocks % 8 == 1 ? BLOCKS - 1 : 0, TABLE_ROWS - 1};
        assert_non_null(tmli_mlp_memo_find(mlp.memo, tmli_kernels_best(), first));
        pthread_t thread;
        for (size_t i = 0; i < 2; i++) {
            askers[i] = (asker){.mlp = &mlp, .rows = &set.rows};
        }
        assert_int_equal(tmli_thread_start(&thread, ask_again, &askers[0]), 0);
        (void)ask_again(&askers[1]);
        assert_int_equal(pthread_join(thread, NULL), 0);
        for (size_t i = 0; i < 2; i++) {
            assert_memory_equal(askers[i].got, want, sizeof want);
        }
        tmli_mlp_deinit(&mlp);
    }
}

static void a_memo_keeps_no_more_than_its_bytes(void **state)
{
    (void)state;
    enum {
        SUM_BYTES = 48 * sizeof(float) /* of 33 outputs: whole cache lines */
    };
    tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    const tmli_kernels *kernels = tmli_kernels_best();
    for (size_t n_rows = 0; n_rows < TABLE_ROWS; n_rows += 7) {
        const size_t max_bytes = (2 * n_rows + 1) * SUM_BYTES; /* of two blocks */
        assert_int_equal(tmli_mlp_keep(&mlp, false, 2, max_bytes, NULL), TML_OK);
        for (uint32_t row = 0; row < TABLE_ROWS; row++) {
            const float *sum = tmli_mlp_memo_find(mlp.memo, kernels, (tmli_entry){1, row});
            assert_int_equal(sum != NULL, row < n_rows);
        }
    }
    tmli_mlp_deinit(&mlp);
}

static void a_memo_knows_its_rows_and_blocks(void **state)
{
    (void)state;
    tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    assert_int_equal(tmli_mlp_keep(&mlp, true, 2, KEPT_BYTES, NULL), TML_OK);
    const tmli_kernels *kernels = tmli_kernels_best();
    assert_null(tmli_mlp_memo_find(mlp.memo, kernels, (tmli_entry){BLOCKS - 3, 0}));
    assert_null(tmli_mlp_memo_find(mlp.memo, kernels, (tmli_entry){BLOCKS, 0}));
    assert_null(tmli_mlp_memo_find(mlp.memo, kernels, (tmli_entry){BLOCKS - 1, TABLE_ROWS}));
    const float *sum = tmli_mlp_memo_find(mlp.memo, kernels, (tmli_entry){BLOCKS - 2, 3});
    assert_non_null(sum);
    for (size_t c = 0; c < 33; c++) {
        double want = 0;
        for (size_t k = 0; k < WIDTH; k++) {
            want += (double)table_data[3 * WIDTH + k] *
                    (double)mlp.weights[0][((BLOCKS - 2) * WIDTH + k) * 33 + c];
        }
        assert_near((double)sum[c], want, 1e-6);
    }
    tmli_mlp_deinit(&mlp);
}

static void a_memo_finds_whole_rows_or_none(void **state)
{
    (void)state;
    tmli_mlp mlp = create(TMLI_RELU, TMLI_OUTPUT_SOFTMAX);
    assert_int_equal(tmli_mlp_keep(&mlp, false, 2, KEPT_BYTES, NULL), TML_OK);
    const tmli_kernels *kernels = tmli_kernels_best();
    const tmli_entry entries[] = {{0, 5}, {1, 2}, {2, 0}};
    const float *sums[3];
    assert_true(tmli_mlp_memo_find_all(mlp.memo, kernels, entries, 2, sums));
    for (size_t i = 0; i < 2; i++) {
        assert_ptr_equal(sums[i], tmli_mlp_memo_find(mlp.memo, kernels, entries[i]));
    }
    assert_true(tmli_mlp_memo_find_all(mlp.memo, kernels, entries, 0, sums));
    assert_false(tmli_mlp_memo_find_all(mlp.memo, kernels, entries, 3, sums));
    tmli_mlp_deinit(&mlp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_follow_the_formula),
        cmocka_unit_test(scores_do_not_depend_on_neighbours),
        cmocka_unit_test(entries_out_of_range_are_ignored),
        cmocka_unit_test(long_rows_are_cut_into_groups),
        cmocka_unit_test(kept_sums_change_no_bit),
        cmocka_unit_test(a_memo_keeps_no_more_than_its_bytes),
        cmocka_unit_test(a_memo_knows_its_rows_and_blocks),
        cmocka_unit_test(a_memo_finds_whole_rows_or_none),
        cmocka_unit_test(initial_weights_are_glorots),
        cmocka_unit_test(parameters_are_counted),
        cmocka_unit_test(bad_shapes_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, fill_table, NULL);
}
