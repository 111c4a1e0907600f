/* The three products of a dense layer through BLAS, against plain loops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>

#include "base/rng.h"
#include "num/blas.h"
#include "num/reference.h"
#include "support/near.h"

enum {
    MOST = 40
};

static const double TOLERANCE = 1e-5; /* sums of at most 40 products of numbers in ±1 */

static float x[MOST * MOST], w[MOST * MOST], dz[MOST * MOST], got[MOST * MOST];
static double want[MOST * MOST];

static void fill(void)
{
    tmli_rng rng = tmli_rng_at(3, TMLI_RNG_INIT, 0, 0);
    for (size_t i = 0; i < (size_t)MOST * MOST; i++) {
        x[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
        w[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
        dz[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
    }
}

static void check(size_t n, size_t d, size_t o)
{
    for (size_t i = 0; i < n * o; i++) {
        got[i] = dz[i];
        want[i] = (double)dz[i];
    }
    tmli_blas_affine(got, x, w, n, d, o);
    tmli_ref_gather_affine(want, NULL, x, NULL, d, n, w, d, o);
    assert_near_all(got, want, n * o, TOLERANCE);

    tmli_blas_outer(got, x, d + 1, dz, n, d, o);
    tmli_ref_gather_outer(want, x, NULL, d + 1, dz, NULL, n, d, o);
    assert_near_all(got, want, n > 0 ? d * o : 0, TOLERANCE);

    float w_t[MOST * MOST];
    for (size_t k = 0; k < d; k++) {
        for (size_t c = 0; c < o; c++) {
            w_t[c * d + k] = w[k * o + c];
        }
    }
    for (size_t i = 0; i < n * d; i++) {
        want[i] = 0;
    }
    tmli_blas_back(got, dz, w, n, d, o);
    tmli_ref_gather_affine(want, NULL, dz, NULL, o, n, w_t, o, d);
    assert_near_all(got, want, n * d, TOLERANCE);
}

static void products_agree_with_plain_loops(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 7, 16, 39};
    enum {
        N_SIZES = sizeof sizes / sizeof sizes[0]
    };
    tmli_blas_single_thread();
    fill();
    check(0, 3, 4);
    for (size_t a = 0; a < N_SIZES; a++) {
        for (size_t b = 0; b < N_SIZES; b++) {
            for (size_t c = 0; c < N_SIZES; c++) {
                check(sizes[a], sizes[b], sizes[c]);
            }
        }
    }
}

static void sizes_beyond_int_are_not_offered(void **state)
{
    (void)state;
    const size_t too_many = (size_t)INT_MAX + 1;
    assert_false(tmli_blas_is_better(1, 1, 1));
    assert_false(tmli_blas_is_better(too_many, 512, 512));
    assert_false(tmli_blas_is_better(512, too_many, 512));
    assert_false(tmli_blas_is_better(512, 512, too_many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_agree_with_plain_loops),
        cmocka_unit_test(sizes_beyond_int_are_not_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
