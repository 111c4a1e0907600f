/* Counting for naive Bayes: sums, parts, threads, refusals. */
#include "models/naive_bayes_stats.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "support/alloc_fail.h"

/* Three rows of two classes and three columns: {1, 0, 2}, {0, -1, 0.5}, {4, 0, 0}. */
static size_t offsets[] = {0, 2, 4, 5};
static uint32_t columns[] = {0, 2, 1, 2, 0};
static const uint32_t labels[] = {1, 0, 1};
static const double weights[] = {2, 0.5, 0.25};

static tmli_csr rows_with(double values[5])
{
    return (tmli_csr){3, 3, offsets, columns, values};
}

static tmli_nb_stats stats_of(size_t n_classes, size_t n_columns, bool is_binary)
{
    tmli_nb_stats stats;
    assert_int_equal(tmli_nb_stats_init(n_classes, n_columns, is_binary, &stats, NULL), TML_OK);
    return stats;
}

static void values_are_added_by_class_and_column(void **state)
{
    (void)state;
    double values[] = {1, 2, 1, 0.5, 4};
    const tmli_csr rows = rows_with(values);
    tmli_nb_stats stats = stats_of(2, 3, false);
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, weights, NULL, NULL), TML_OK);
    assert_memory_equal(stats.sums, ((const double[]){0, 0.5, 0.25, 3, 0, 4}), 6 * sizeof(double));
    assert_memory_equal(stats.weights, ((const double[]){0.5, 2.25}), 2 * sizeof(double));
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, NULL, NULL, NULL), TML_OK);
    assert_memory_equal(stats.sums, ((const double[]){0, 1.5, 0.75, 8, 0, 6}), 6 * sizeof(double));
    assert_memory_equal(stats.weights, ((const double[]){1.5, 4.25}), 2 * sizeof(double));
    tmli_nb_stats_deinit(&stats);
    assert_null(stats.sums);
}

static void binary_sums_count_values_above_zero(void **state)
{
    (void)state;
    double values[] = {1, 0, -1, 0.5, 1e-300};
    const tmli_csr rows = rows_with(values);
    tmli_nb_stats stats = stats_of(2, 3, true);
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, weights, NULL, NULL), TML_OK);
    assert_memory_equal(stats.sums, ((const double[]){0, 0, 0.5, 2.25, 0, 0}), 6 * sizeof(double));
    tmli_nb_stats_deinit(&stats);
}

/* ---- many rows ---- */

enum {
    MANY_ROWS = 400,
    MANY_COLUMNS = 150,
    MANY_CLASSES = 5
};

typedef struct many {
    tmli_csr rows;
    uint32_t labels[MANY_ROWS];
    double weights[MANY_ROWS];
} many;

static many make_many(void)
{
    many m = {.rows = {MANY_ROWS, MANY_COLUMNS, NULL, NULL, NULL}};
    tmli_rng rng = tmli_rng_at(5, TMLI_RNG_INIT, 0, 0);
    m.rows.offsets = tmli_calloc(MANY_ROWS + 1, sizeof *m.rows.offsets);
    m.rows.columns = tmli_calloc((size_t)MANY_ROWS * MANY_COLUMNS, sizeof *m.rows.columns);
    m.rows.values = tmli_calloc((size_t)MANY_ROWS * MANY_COLUMNS, sizeof *m.rows.values);
    assert_non_null(m.rows.offsets);
    assert_non_null(m.rows.columns);
    assert_non_null(m.rows.values);
    size_t k = 0;
    for (size_t i = 0; i < MANY_ROWS; i++) {
        m.labels[i] = tmli_rng_below(&rng, MANY_CLASSES);
        m.weights[i] = 0.1 + (double)tmli_rng_below(&rng, 1000) / 7.0;
        for (uint32_t j = 0; j < MANY_COLUMNS; j++) {
            if (tmli_rng_below(&rng, 4) == 0) {
                m.rows.columns[k] = j;
                m.rows.values[k++] = (double)tmli_rng_below(&rng, 1000) / 3.0;
            }
        }
        m.rows.offsets[i + 1] = k;
    }
    return m;
}

/* Row by row, element by element. */
static void add_plainly(const many *m, double *sums)
{
    for (size_t i = 0; i < MANY_ROWS; i++) {
        for (size_t k = m->rows.offsets[i]; k < m->rows.offsets[i + 1]; k++) {
            sums[m->labels[i] * MANY_COLUMNS + m->rows.columns[k]] +=
                m->weights[i] * m->rows.values[k];
        }
    }
}

static void bits_do_not_depend_on_threads(void **state)
{
    (void)state;
    static const size_t threads[] = {1, 2, 3, 7, 40};
    many m = make_many();
    double want[MANY_CLASSES * MANY_COLUMNS] = {0};
    add_plainly(&m, want);
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        tmli_pool *pool = NULL;
        tmli_nb_stats stats = stats_of(MANY_CLASSES, MANY_COLUMNS, false);
        assert_int_equal(tmli_pool_create(threads[t], &pool, NULL), TML_OK);
        assert_int_equal(tmli_nb_stats_add(&stats, &m.rows, m.labels, m.weights, pool, NULL),
                         TML_OK);
        assert_memory_equal(stats.sums, want, sizeof want);
        tmli_nb_stats_deinit(&stats);
        tmli_pool_free(pool);
    }
    tmli_csr_deinit(&m.rows);
}

static void merged_parts_are_the_whole(void **state)
{
    (void)state;
    many m = make_many();
    for (size_t k = 0; k < m.rows.offsets[MANY_ROWS]; k++) {
        m.rows.values[k] = floor(m.rows.values[k]); /* whole numbers: their sums are exact */
    }
    tmli_nb_stats whole = stats_of(MANY_CLASSES, MANY_COLUMNS, false);
    tmli_nb_stats parts[2] = {stats_of(MANY_CLASSES, MANY_COLUMNS, false),
                              stats_of(MANY_CLASSES, MANY_COLUMNS, false)};
    assert_int_equal(tmli_nb_stats_add(&whole, &m.rows, m.labels, NULL, NULL, NULL), TML_OK);
    tmli_csr first = m.rows;
    tmli_csr second = m.rows;
    first.n_rows = 123;
    second.n_rows = MANY_ROWS - first.n_rows;
    second.offsets += first.n_rows;
    assert_int_equal(tmli_nb_stats_add(&parts[0], &first, m.labels, NULL, NULL, NULL), TML_OK);
    assert_int_equal(
        tmli_nb_stats_add(&parts[1], &second, m.labels + first.n_rows, NULL, NULL, NULL), TML_OK);
    assert_int_equal(tmli_nb_stats_merge(&parts[0], &parts[1], NULL), TML_OK);
    assert_memory_equal(parts[0].sums, whole.sums, sizeof(double) * MANY_CLASSES * MANY_COLUMNS);
    assert_memory_equal(parts[0].weights, whole.weights, sizeof(double) * MANY_CLASSES);
    tmli_nb_stats_deinit(&whole);
    tmli_nb_stats_deinit(&parts[0]);
    tmli_nb_stats_deinit(&parts[1]);
    tmli_csr_deinit(&m.rows);
}

/* ---- refusals ---- */

static void other_shapes_are_not_merged(void **state)
{
    (void)state;
    tmli_nb_stats into = stats_of(2, 3, false);
    tmli_nb_stats others[3] = {stats_of(3, 3, false), stats_of(2, 4, false), stats_of(2, 3, true)};
    for (size_t i = 0; i < 3; i++) {
        tml_error err = {0};
        assert_int_equal(tmli_nb_stats_merge(&into, &others[i], &err), TML_EINVAL);
        assert_non_null(strstr(err.text, "cannot be merged with 2 x 3 of values"));
        tmli_nb_stats_deinit(&others[i]);
    }
    tmli_nb_stats_deinit(&into);
}

static void bad_values_are_named_and_nothing_is_added(void **state)
{
    (void)state;
    static const double bad[] = {-1, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 4; i++) {
        for (int is_binary = 0; is_binary < 2; is_binary++) {
            double values[] = {1, 2, 1, bad[i], 4};
            const tmli_csr rows = rows_with(values);
            tmli_nb_stats stats = stats_of(2, 3, is_binary != 0);
            tml_error err = {0};
            const tml_status status = tmli_nb_stats_add(&stats, &rows, labels, weights, NULL, &err);
            if (i == 0 && is_binary != 0) {
                assert_int_equal(status, TML_OK); /* Bernoulli takes negative values as absent */
            } else {
                assert_int_equal(status, TML_EINVAL);
                assert_non_null(strstr(err.text, "at row 1, column 2, expected a finite number"));
                assert_true(stats.weights[0] == 0 && stats.weights[1] == 0 && stats.sums[3] == 0);
            }
            tmli_nb_stats_deinit(&stats);
        }
    }
}

static void bad_labels_weights_and_columns_are_named(void **state)
{
    (void)state;
    double values[] = {1, 2, 1, 0.5, 4};
    tmli_csr rows = rows_with(values);
    static const uint32_t bad_labels[] = {1, 0, 2};
    static const double bad_weights[3][3] = {{1, -1, 1}, {1, NAN, 1}, {1, INFINITY, 1}};
    tmli_nb_stats stats = stats_of(2, 3, false);
    tml_error err = {0};
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, bad_labels, NULL, NULL, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "row 2 has class 2"));
    for (size_t i = 0; i < 3; i++) {
        err = (tml_error){0};
        assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, bad_weights[i], NULL, &err),
                         TML_EINVAL);
        assert_non_null(strstr(err.text, "row 1 has weight"));
    }
    uint32_t bad_columns[] = {0, 2, 1, 2, 3};
    err = (tml_error){0};
    rows.columns = bad_columns;
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, NULL, NULL, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "row 2 has column 3"));
    err = (tml_error){0};
    rows.n_cols = 4;
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, labels, NULL, NULL, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "rows of 4 columns, expected 3"));
    tmli_nb_stats_deinit(&stats);
}

static void sizes_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t n_classes, n_columns;
        tml_status status;
        const char *text;
    } cases[] = {
        {1, 5, TML_EINVAL, "1 class, expected at least 2"},
        {0, 5, TML_EINVAL, "0 classes, expected at least 2"},
        {2, 0, TML_EINVAL, "no columns"},
        {65536, 1, TML_ELIMIT, "at most 65535"},
        {2, SIZE_MAX, TML_ELIMIT, "do not fit"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmli_nb_stats stats = {.n_classes = 77};
        tml_error err = {0};
        assert_int_equal(
            tmli_nb_stats_init(cases[i].n_classes, cases[i].n_columns, false, &stats, &err),
            cases[i].status);
        assert_non_null(strstr(err.text, cases[i].text));
        assert_int_equal(stats.n_classes, 77);
    }
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    double values[] = {1, 2, 1, 0.5, 4};
    const tmli_csr rows = rows_with(values);
    size_t nth = 0;
    for (;; nth++) {
        tmli_nb_stats stats = {0};
        fail_allocation(nth);
        tml_status status = tmli_nb_stats_init(2, 3, false, &stats, NULL);
        const bool has_stats = status == TML_OK;
        if (has_stats) {
            status = tmli_nb_stats_add(&stats, &rows, labels, NULL, NULL, NULL);
        }
        fail_allocation(NEVER);
        assert_int_equal(has_stats, stats.sums != NULL);
        if (stats.sums != NULL) {
            assert_true((stats.sums[3] != 0) == (status == TML_OK));
        }
        tmli_nb_stats_deinit(&stats);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    assert_int_equal(nth, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_added_by_class_and_column),
        cmocka_unit_test(binary_sums_count_values_above_zero),
        cmocka_unit_test(bits_do_not_depend_on_threads),
        cmocka_unit_test(merged_parts_are_the_whole),
        cmocka_unit_test(other_shapes_are_not_merged),
        cmocka_unit_test(bad_values_are_named_and_nothing_is_added),
        cmocka_unit_test(bad_labels_weights_and_columns_are_named),
        cmocka_unit_test(sizes_out_of_range_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
