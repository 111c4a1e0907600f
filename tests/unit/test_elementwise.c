/* Element-wise steps against double functions of the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <string.h>

#include "num/kernels.h"
#include "num/reference.h"
#include "support/near.h"

enum {
    N = 2003
}; /* not a multiple of any vector */

/* From -100 to 100, close together near 0. */
static void fill(float x[N])
{
    for (size_t i = 0; i < N; i++) {
        const double t = 2.0 * (double)i / (N - 1) - 1.0;
        x[i] = (float)(100.0 * t * t * t);
    }
}

static void relu_is_exact(void **state)
{
    (void)state;
    float x[N];
    float out[N];
    float grad[N];
    fill(x);
    memcpy(out, x, sizeof out);
    tmli_relu(out, N);
    for (size_t i = 0; i < N; i++) {
        grad[i] = 3.0f;
        assert_true((double)out[i] == tmli_ref_relu((double)x[i]));
    }
    tmli_relu_back(grad, out, N);
    for (size_t i = 0; i < N; i++) {
        assert_true(grad[i] == (x[i] > 0.0f ? 3.0f : 0.0f));
    }
}

static void tanh_is_near(void **state)
{
    (void)state;
    float x[N];
    float out[N];
    float grad[N];
    fill(x);
    memcpy(out, x, sizeof out);
    tmli_tanh(out, N);
    for (size_t i = 0; i < N; i++) {
        const double want = tanh((double)x[i]);
        /* 4 units of the last place, also near 0, where the size is tiny */
        assert_true(fabs((double)out[i] - want) <= 2.4e-7 * fabs(want));
        grad[i] = -2.0f;
    }
    tmli_tanh_back(grad, out, N);
    for (size_t i = 0; i < N; i++) {
        const double out_i = (double)out[i];
        assert_near(grad[i], -2.0 * (1.0 - out_i * out_i), 1e-6);
    }
}

static void sigmoid_is_near(void **state)
{
    (void)state;
    float x[N];
    float out[N];
    float grad[N];
    fill(x);
    memcpy(out, x, sizeof out);
    tmli_sigmoid(out, N);
    for (size_t i = 0; i < N; i++) {
        const double want = tmli_ref_sigmoid((double)x[i]);
        if (want > 1.7e-38) { /* below, exp(-87), the result is 0 */
            assert_true(fabs((double)out[i] - want) <= 2.4e-7 * want);
        } else {
            assert_true(out[i] == 0.0f);
        }
        grad[i] = 5.0f;
    }
    tmli_sigmoid_back(grad, out, N);
    for (size_t i = 0; i < N; i++) {
        const double out_i = (double)out[i];
        assert_near(grad[i], 5.0 * out_i * (1.0 - out_i), 1e-6);
    }
}

static void extreme_numbers_saturate(void **state)
{
    (void)state;
    float x[6] = {-INFINITY, INFINITY, -FLT_MAX, FLT_MAX, -0.0f, FLT_MIN};
    float y[6];
    memcpy(y, x, sizeof y);
    tmli_sigmoid(x, 6);
    tmli_tanh(y, 6);
    const float sigmoids[6] = {0, 1, 0, 1, 0.5f, 0.5f};
    const float tanhs[6] = {-1, 1, -1, 1, -0.0f, FLT_MIN};
    for (size_t i = 0; i < 6; i++) {
        assert_true(x[i] == sigmoids[i]);
        assert_true(y[i] == tanhs[i]);
    }
}

static void nan_stays_nan(void **state)
{
    (void)state;
    float x[4] = {NAN, 1, NAN, 1};
    tmli_relu(x, 4);
    assert_true(isnan(x[0]) && isnan(x[2]) && x[1] == 1.0f);
    tmli_tanh(x, 4);
    assert_true(isnan(x[0]) && isnan(x[2]) && !isnan(x[1]));
    tmli_sigmoid(x, 4);
    assert_true(isnan(x[0]) && isnan(x[2]) && !isnan(x[1]));
    float rows[6] = {1, 2, NAN, 3, 2, 1};
    tmli_softmax_rows(rows, 2, 3);
    assert_true(isnan(rows[0]) && isnan(rows[1]) && isnan(rows[2]));
    assert_false(isnan(rows[3]) || isnan(rows[4]) || isnan(rows[5]));
}

static void softmax_is_near(void **state)
{
    (void)state;
    for (size_t k = 1; k <= 19; k++) {
        float rows[5 * 19];
        double z[5 * 19];
        double want[19];
        for (size_t i = 0; i < 5 * k; i++) {
            rows[i] = (float)((double)((i * 7919) % 1000) / 25.0 - 20.0);
            z[i] = (double)rows[i];
        }
        tmli_softmax_rows(rows, 5, k);
        for (size_t i = 0; i < 5; i++) {
            double sum = 0;
            tmli_ref_softmax(want, z + i * k, k);
            assert_near_all(rows + i * k, want, k,
                            3e-7); /* exp within 1 ulp, then one rounding more */
            for (size_t c = 0; c < k; c++) {
                sum += (double)rows[i * k + c];
            }
            assert_near(sum, 1.0, 1e-6);
        }
    }
}

static void softmax_survives_large_logits(void **state)
{
    (void)state;
    float row[3] = {1e30f, 0.0f, -1e30f};
    tmli_softmax_rows(row, 1, 3);
    assert_near(row[0], 1.0, 1e-7);
    assert_true(row[1] == 0.0f && row[2] == 0.0f);
}

static void a_vector_lane_has_the_bits_of_a_number_alone(void **state)
{
    (void)state;
    float together[3][N];
    float alone[3][N];
    for (size_t f = 0; f < 3; f++) {
        fill(together[f]);
        fill(alone[f]);
    }
    tmli_tanh(together[0], N);
    tmli_sigmoid(together[1], N);
    tmli_softmax_rows(together[2], 1, N);
    for (size_t i = 0; i < N; i++) {
        tmli_tanh(&alone[0][i], 1);
        tmli_sigmoid(&alone[1][i], 1);
    }
    assert_memory_equal(together[0], alone[0], sizeof alone[0]);
    assert_memory_equal(together[1], alone[1], sizeof alone[1]);
}

static void transposing_moves_every_number(void **state)
{
    (void)state;
    static const size_t sides[] = {0, 1, 2, 15, 16, 17, 33, 50};
    enum {
        N_SIDES = sizeof sides / sizeof sides[0]
    };
    float in[50 * 50];
    float out[50 * 50];
    for (size_t i = 0; i < 50 * 50; i++) {
        in[i] = (float)i;
    }
    for (size_t a = 0; a < N_SIDES; a++) {
        for (size_t b = 0; b < N_SIDES; b++) {
            const size_t r = sides[a];
            const size_t c = sides[b];
            tmli_transpose(out, in, r, c);
            for (size_t i = 0; i < r * c; i++) {
                assert_true(out[i % c * r + i / c] == in[i]);
            }
        }
    }
}

static void terms_are_added_one_behind_the_other(void **state)
{
    (void)state;
    enum {
        TERMS = 3
    };
    float x[TERMS + 1][N];
    for (size_t i = 0; i <= TERMS; i++) {
        fill(x[i]);
        for (size_t k = 0; k < N; k++) {
            x[i][k] = x[i][k] * (float)(1 + 3 * i) + (float)i / 3.0f; /* sums that are rounded */
        }
    }
    const float *const terms[TERMS] = {x[0], x[1], x[2]};
    static const size_t lengths[] = {0, 1, 4, 15, 16, 17, 32, 100, N};
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        for (size_t n = 0; n <= TERMS; n++) {
            float out[N];
            memcpy(out, x[TERMS], sizeof out);
            tmli_add_terms(out, terms, n, lengths[l]);
            for (size_t k = 0; k < N; k++) {
                float want = x[TERMS][k];
                for (size_t i = 0; i < n && k < lengths[l]; i++) {
                    want += x[i][k];
                }
                assert_true(out[k] == want); /* to the last bit; nothing behind the length */
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(relu_is_exact),
        cmocka_unit_test(tanh_is_near),
        cmocka_unit_test(sigmoid_is_near),
        cmocka_unit_test(extreme_numbers_saturate),
        cmocka_unit_test(nan_stays_nan),
        cmocka_unit_test(softmax_is_near),
        cmocka_unit_test(softmax_survives_large_logits),
        cmocka_unit_test(a_vector_lane_has_the_bits_of_a_number_alone),
        cmocka_unit_test(terms_are_added_one_behind_the_other),
        cmocka_unit_test(transposing_moves_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
