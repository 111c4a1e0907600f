/* Every version of the kernels that this machine runs, against plain loops with double sums. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "num/kernels.h"
#include "num/reference.h"
#include "support/near.h"

/* A float sum of d products of numbers in ±1 is off by at most d/2 · 2^-24 · Σ|products|; d ≤ 300 here and the signs
 * mix, so this is generous. */
static const double TOLERANCE = 2e-5;

enum {
    TABLE_ROWS = 97
};

typedef struct dims {
    size_t n, d, o;
} dims;

static const dims shapes[] = {
    {0, 5, 7},    {1, 1, 1},    {1, 100, 32},  {2, 3, 4},    {3, 17, 5},
    {5, 8, 33},   {6, 100, 32}, {7, 13, 16},   {8, 12, 8},   {9, 26, 31},
    {13, 1, 64},  {16, 40, 47}, {17, 27, 3},   {31, 100, 2}, {32, 32, 32},
    {33, 64, 70}, {64, 300, 1}, {61, 39, 100}, {4, 0, 6},    {11, 14, 96},
};
enum {
    N_SHAPES = sizeof shapes / sizeof shapes[0]
};

typedef struct problem {
    dims shape;
    size_t ldx;
    float *x;  /* [TABLE_ROWS, ldx] */
    float *w;  /* [d, o] */
    float *dz; /* [TABLE_ROWS, o] */
    uint32_t x_rows[TABLE_ROWS], z_rows[TABLE_ROWS];
} problem;

static void *room(size_t bytes)
{
    void *const memory = calloc(1, bytes + 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static float *random_floats(tmli_rng *rng, size_t n)
{
    float *const out = room(n * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        out[i] = 2.0f * tmli_rng_uniform(rng) - 1.0f;
    }
    return out;
}

static problem make(dims shape, size_t gap)
{
    tmli_rng rng = tmli_rng_at(7, TMLI_RNG_INIT, (uint32_t)(shape.n * 1000 + shape.o), 0);
    problem p = {.shape = shape, .ldx = shape.d + gap};
    p.x = random_floats(&rng, TABLE_ROWS * p.ldx);
    p.w = random_floats(&rng, shape.d * shape.o);
    p.dz = random_floats(&rng, TABLE_ROWS * shape.o);
    for (uint32_t i = 0; i < TABLE_ROWS; i++) {
        p.x_rows[i] = tmli_rng_below(&rng, TABLE_ROWS); /* inputs may repeat */
        p.z_rows[i] = i;
    }
    tmli_rng_shuffle(&rng, p.z_rows, TABLE_ROWS); /* outputs may not */
    return p;
}

static void drop(problem *p)
{
    free(p->x);
    free(p->w);
    free(p->dz);
}

static void check_affine(const tmli_kernels *kernels, const problem *p, const uint32_t *z_rows,
                         const uint32_t *x_rows)
{
    const size_t items = TABLE_ROWS * p->shape.o;
    float *const got = room(items * sizeof *got);
    double *const want = room(items * sizeof *want);
    for (size_t i = 0; i < items; i++) {
        got[i] = p->dz[i]; /* sums start from what is there */
        want[i] = (double)p->dz[i];
    }
    kernels->gather_affine(got, z_rows, p->x, x_rows, p->ldx, p->shape.n, p->w, p->shape.d,
                           p->shape.o);
    tmli_ref_gather_affine(want, z_rows, p->x, x_rows, p->ldx, p->shape.n, p->w, p->shape.d,
                           p->shape.o);
    assert_near_all(got, want, items, TOLERANCE);
    free(got);
    free(want);
}

static void check_outer(const tmli_kernels *kernels, const problem *p, const uint32_t *z_rows,
                        const uint32_t *x_rows)
{
    const size_t items = p->shape.d * p->shape.o;
    float *const got = room((items + 1) * sizeof *got);
    double *const want = room(items * sizeof *want);
    for (size_t i = 0; i <= items; i++) {
        got[i] = 12345.0f; /* overwritten, and nothing behind it */
    }
    kernels->gather_outer(got, p->x, x_rows, p->ldx, p->dz, z_rows, p->shape.n, p->shape.d,
                          p->shape.o);
    tmli_ref_gather_outer(want, p->x, x_rows, p->ldx, p->dz, z_rows, p->shape.n, p->shape.d,
                          p->shape.o);
    assert_near_all(got, want, items, TOLERANCE);
    assert_true(got[items] == 12345.0f);
    free(got);
    free(want);
}

static void kernels_agree_with_plain_loops(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    for (size_t v = 0; v < n_versions; v++) {
        for (size_t s = 0; s < N_SHAPES; s++) {
            problem p = make(shapes[s], s % 3);
            check_affine(all[v], &p, NULL, NULL);
            check_affine(all[v], &p, p.z_rows, p.x_rows);
            check_outer(all[v], &p, NULL, NULL);
            check_outer(all[v], &p, p.z_rows, p.x_rows);
            drop(&p);
        }
    }
}

static void the_best_version_is_the_last(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    assert_true(n_versions >= 1 && n_versions <= TMLI_KERNELS_MAX);
    assert_string_equal(all[0]->name, "baseline");
    assert_ptr_equal(tmli_kernels_best(), all[n_versions - 1]);
    assert_ptr_equal(tmli_kernels_best(), tmli_kernels_best());
}

static void a_row_has_the_same_bits_alone_and_in_a_batch(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    for (size_t v = 0; v < n_versions; v++) {
        for (size_t s = 0; s < N_SHAPES; s++) {
            problem p = make(shapes[s], 0);
            const size_t bytes = p.shape.n * p.shape.o * sizeof(float);
            float *const batch = room(bytes);
            float *const alone = room(bytes);
            all[v]->gather_affine(batch, NULL, p.x, p.x_rows, p.ldx, p.shape.n, p.w, p.shape.d,
                                  p.shape.o);
            for (size_t i = 0; i < p.shape.n; i++) {
                all[v]->gather_affine(alone + i * p.shape.o, NULL, p.x, p.x_rows + i, p.ldx, 1, p.w,
                                      p.shape.d, p.shape.o);
            }
            assert_memory_equal(batch, alone, bytes);
            free(batch);
            free(alone);
            drop(&p);
        }
    }
}

/* One column, taken out of a wide product, must come out as the column of the product. */
static void a_column_has_the_same_bits_in_any_strip(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    for (size_t v = 0; v < n_versions; v++) {
        problem p = make((dims){13, 40, 63}, 0);
        float wide[13 * 63] = {0};
        all[v]->gather_affine(wide, NULL, p.x, NULL, p.ldx, 13, p.w, 40, 63);
        float wide_dw[40 * 63];
        all[v]->gather_outer(wide_dw, p.x, NULL, p.ldx, p.dz, NULL, 13, 40, 63);
        for (size_t c = 0; c < 63; c++) {
            float column[40];
            float dz[13];
            float out[13] = {0};
            float dw[40];
            for (size_t k = 0; k < 40; k++) {
                column[k] = p.w[k * 63 + c];
            }
            for (size_t i = 0; i < 13; i++) {
                dz[i] = p.dz[i * 63 + c];
            }
            all[v]->gather_affine(out, NULL, p.x, NULL, p.ldx, 13, column, 40, 1);
            all[v]->gather_outer(dw, p.x, NULL, p.ldx, dz, NULL, 13, 40, 1);
            for (size_t i = 0; i < 13; i++) {
                assert_memory_equal(&out[i], &wide[i * 63 + c], sizeof(float));
            }
            for (size_t k = 0; k < 40; k++) {
                assert_memory_equal(&dw[k], &wide_dw[k * 63 + c], sizeof(float));
            }
        }
        drop(&p);
    }
}

static void all_fused_versions_give_the_same_bits(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    if (n_versions < 3) {
        skip();
    }
    for (size_t s = 0; s < N_SHAPES; s++) {
        problem p = make(shapes[s], 1);
        const size_t out_bytes = p.shape.n * p.shape.o * sizeof(float);
        const size_t dw_bytes = p.shape.d * p.shape.o * sizeof(float);
        float *out[TMLI_KERNELS_MAX];
        float *dw[TMLI_KERNELS_MAX];
        for (size_t v = 1; v < n_versions; v++) {
            out[v] = room(out_bytes);
            dw[v] = room(dw_bytes);
            all[v]->gather_affine(out[v], NULL, p.x, p.x_rows, p.ldx, p.shape.n, p.w, p.shape.d,
                                  p.shape.o);
            all[v]->gather_outer(dw[v], p.x, p.x_rows, p.ldx, p.dz, p.z_rows, p.shape.n, p.shape.d,
                                 p.shape.o);
            assert_memory_equal(out[1], out[v], out_bytes);
            assert_memory_equal(dw[1], dw[v], dw_bytes);
        }
        for (size_t v = 1; v < n_versions; v++) {
            free(out[v]);
            free(dw[v]);
        }
        drop(&p);
    }
}

static void the_gentle_version_gives_the_bits_of_the_best(void **state)
{
    (void)state;
    const bool is_fused = strcmp(tmli_kernels_best()->name, "baseline") != 0;
    assert_int_equal(strcmp(tmli_kernels_gentle()->name, "baseline") != 0, is_fused);
}

static void nan_reaches_what_depends_on_it_and_nothing_else(void **state)
{
    (void)state;
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n_versions = tmli_kernels_all(all);
    for (size_t v = 0; v < n_versions; v++) {
        problem p = make((dims){9, 10, 37}, 0);
        float out[9 * 37] = {0};
        p.x[4 * p.ldx + 3] = NAN;
        all[v]->gather_affine(out, NULL, p.x, NULL, p.ldx, 9, p.w, 10, 37);
        for (size_t i = 0; i < 9; i++) {
            for (size_t c = 0; c < 37; c++) {
                assert_int_equal(isnan(out[i * 37 + c]) != 0, i == 4);
            }
        }
        assert_false(is_near((double)out[4 * 37], 0.0, 1e9)); /* and a check that meets NaN fails */
        drop(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels_agree_with_plain_loops),
        cmocka_unit_test(the_best_version_is_the_last),
        cmocka_unit_test(a_row_has_the_same_bits_alone_and_in_a_batch),
        cmocka_unit_test(a_column_has_the_same_bits_in_any_strip),
        cmocka_unit_test(all_fused_versions_give_the_same_bits),
        cmocka_unit_test(the_gentle_version_gives_the_bits_of_the_best),
        cmocka_unit_test(nan_reaches_what_depends_on_it_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
