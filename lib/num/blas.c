/* OpenBLAS behind sizes of our own: cblas counts with int. */
#include "num/blas.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>

bool tmli_blas_is_better(size_t n, size_t d, size_t o)
{
    /* The kernels keep up while a layer's weights fit in the second cache: 1 MB, or 512 x 512 (docs/numerics.md). */
    const size_t min_rows = 32;
    const size_t min_side = 256;
    const size_t min_weights = (size_t)512 * 512;
    return n >= min_rows && d >= min_side && o >= min_side && d >= min_weights / o &&
           n <= INT_MAX && d <= INT_MAX && o <= INT_MAX;
}

/* c [M, N] = alpha-free product of a and b, added to c when beta is 1. */
static void multiply(CBLAS_TRANSPOSE trans_a, CBLAS_TRANSPOSE trans_b, size_t m, size_t n, size_t k,
                     const float *a, size_t lda, const float *b, size_t ldb, float beta, float *c)
{
    assert(m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX);
    if (m == 0 || n == 0) {
        return;
    }
    cblas_sgemm(CblasRowMajor, trans_a, trans_b, (int)m, (int)n, (int)k, 1.0f, a, (int)lda, b,
                (int)ldb, beta, c, (int)n);
}

void tmli_blas_affine(float *out, const float *x, const float *w, size_t n, size_t d, size_t o)
{
    multiply(CblasNoTrans, CblasNoTrans, n, o, d, x, d, w, o, 1.0f, out);
}

void tmli_blas_outer(float *dw, const float *x, size_t ldx, const float *dz, size_t n, size_t d,
                     size_t o)
{
    multiply(CblasTrans, CblasNoTrans, d, o, n, x, ldx, dz, o, 0.0f, dw);
}

void tmli_blas_back(float *dx, const float *dz, const float *w, size_t n, size_t d, size_t o)
{
    multiply(CblasNoTrans, CblasTrans, n, d, o, dz, o, w, o, 0.0f, dx);
}

void tmli_blas_single_thread(void)
{
    openblas_set_num_threads(1);
}
