/* num/blas.h: dense products of wide layers through OpenBLAS (blas.c is the only file that includes cblas). Training
 * only: prediction uses num/kernels.h, so that serve does not load a BLAS. */
#ifndef NUM_BLAS_H
#define NUM_BLAS_H

#include <stdbool.h>
#include <stddef.h>

/* True when a product of these shapes is faster here than in the kernels, and its shapes fit. */
bool tmli_blas_is_better(size_t n, size_t d, size_t o);
/* out [N, O] += x [N, D] · w [D, O] */
void tmli_blas_affine(float *out, const float *x, const float *w, size_t n, size_t d, size_t o);
/* dw [D, O] = xᵀ [D, N] · dz [N, O]; rows of x are ldx apart, at least d. */
void tmli_blas_outer(float *dw, const float *x, size_t ldx, const float *dz, size_t n, size_t d,
                     size_t o);
/* dx [N, D] = dz [N, O] · wᵀ [O, D] */
void tmli_blas_back(float *dx, const float *dz, const float *w, size_t n, size_t d, size_t o);
/* BLAS threads of the process: textml runs it with 1, its own pool does the cutting. */
void tmli_blas_single_thread(void);

#endif
