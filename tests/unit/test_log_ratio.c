/* Log-count ratios against NumPy 1.24's: p = alpha + x[y == c].sum(0), q = alpha + x[y != c].sum(0),
 * log((p / p.sum()) / (q / q.sum())), alpha 0.5; and the matrix that they are taken of. */
#include "features/log_ratio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/alloc_fail.h"
#include "support/near.h"

static const uint32_t lengths[] = {2, 1, 3, 1, 0};
static const uint32_t columns[] = {0, 2, 1, 0, 1, 3, 3};
static const double values[] = {2, 1.5, 3, 1, 1, 0.25, 4};
static const uint32_t labels[] = {0, 1, 2, 1, 1};

static tmli_csr make_rows(void)
{
    tmli_csr x = {0};
    assert_int_equal(tmli_csr_create(lengths, 5, 4, &x, NULL), TML_OK);
    memcpy(x.columns, columns, sizeof columns);
    memcpy(x.values, values, sizeof values);
    return x;
}

static void a_matrix_gives_its_rows(void **state)
{
    (void)state;
    tmli_csr x = make_rows();
    assert_int_equal(x.offsets[5], 7);
    const tmli_sparse_row third = tmli_csr_row(&x, 2);
    assert_int_equal(third.n, 3);
    assert_int_equal(third.columns[2], 3);
    assert_near(third.values[2], 0.25, 0);
    assert_int_equal(tmli_csr_row(&x, 4).n, 0);
    tmli_csr_deinit(&x);
    assert_null(x.values);
    for (size_t nth = 0; nth < 3; nth++) {
        tmli_csr none = {.n_rows = 77};
        fail_allocation(nth);
        assert_int_equal(tmli_csr_create(lengths, 5, 4, &none, NULL), TML_ENOMEM);
        fail_allocation(NEVER);
        assert_int_equal(none.n_rows, 77);
    }
}

static void ratios_are_those_of_the_formula(void **state)
{
    (void)state;
    static const double want[] = {1.2264456601779945,  -1.4816045409242156,  2.1019143975318944,
                                  -1.5356717621944911, -2.0954418830262771,  0.69776612641623992,
                                  -1.5358260950908544, 1.6422277352570913,   0.5679840376059393,
                                  0.23151180098472632, -0.30748469974796067, -0.71294980785612494};
    tmli_csr x = make_rows();
    double ratios[12];
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, 0.5, ratios, NULL), TML_OK);
    assert_near_all(ratios, want, 12, 1e-14);
    const tmli_sparse_row row = tmli_csr_row(&x, 2);
    tmli_log_ratio_apply(row, ratios + 8, x.values + x.offsets[2]);
    const double weighted[] = {want[8], want[9], 0.25 * want[11]};
    assert_near_all(row.values, weighted, 3, 1e-14);
    tmli_csr_deinit(&x);
}

static void what_has_no_logarithm_is_refused(void **state)
{
    (void)state;
    tmli_csr x = make_rows();
    double ratios[12];
    tml_error err = {0};
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, 0.0, ratios, NULL), TML_EINVAL);
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, NAN, ratios, NULL), TML_EINVAL);
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 1, 0.5, ratios, NULL), TML_EINVAL);
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 2, 0.5, ratios, NULL), TML_EINVAL);
    x.values[3] = -1;
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, 0.5, ratios, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "row 2, column 0 is -1"));
    x.values[3] = NAN;
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, 0.5, ratios, NULL), TML_EINVAL);
    x.values[3] = 1;
    fail_allocation(0);
    assert_int_equal(tmli_log_ratio_fit(&x, labels, 3, 0.5, ratios, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    tmli_csr_deinit(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matrix_gives_its_rows),
        cmocka_unit_test(ratios_are_those_of_the_formula),
        cmocka_unit_test(what_has_no_logarithm_is_refused),
    };
    return cmocka_run_group_tests_name("log_ratio", tests, NULL, NULL);
}
