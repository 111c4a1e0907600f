/* num/kernels.h: the inner loops of dense and block-sparse layers.
 *
 * Weights are input-major, [D, O]: the O outputs of one input lie side by side, so that inner loops run over outputs and
 * an input that is zero is simply not visited. N rows, D inputs, O outputs; row-major; float; lengths in items.
 *
 * Each function exists in several versions for instruction sets, chosen once by the processor. Within a version an
 * output's sum always runs over its inputs in the same order, whatever the batch, tile or thread: equal input gives
 * equal bits. Plain twins with double accumulation are in num/reference.h. */
#ifndef NUM_KERNELS_H
#define NUM_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* out[out_rows[i], :] += x[x_rows[i], :] · w for i in 0..n-1. out_rows must not repeat. NULL index lists mean i itself.
 * ldx: distance between rows of x (at least d); rows of out are o apart. The buffers do not overlap. */
typedef void tmli_gather_affine_fn(float *restrict out /* [*, O] */, const uint32_t *out_rows,
                                   const float *restrict x /* [*, ldx] */, const uint32_t *x_rows,
                                   size_t ldx, size_t n, const float *restrict w /* [D, O] */,
                                   size_t d, size_t o);

/* dw[k, :] = Σ_i x[x_rows[i], k] · dz[dz_rows[i], :]: overwrites dw [D, O]. Index lists as above. */
typedef void tmli_gather_outer_fn(float *restrict dw /* [D, O] */, const float *restrict x,
                                  const uint32_t *x_rows, size_t ldx,
                                  const float *restrict dz /* [*, O] */, const uint32_t *dz_rows,
                                  size_t n, size_t d, size_t o);

typedef struct tmli_kernels {
    const char *name; /* "baseline", "fma", "avx2", "avx512" */
    tmli_gather_affine_fn *gather_affine;
    tmli_gather_outer_fn *gather_outer;
} tmli_kernels;

/* The fastest version that this processor runs; the same pointer always. */
const tmli_kernels *tmli_kernels_best(void);
/* The same bits as the best version, for bursts of some microseconds between other work. Intel's processors before Ice
 * Lake lower their clock when 256 or 512 bit are multiplied, and keep it low for the next 2 ms: a server that scores a
 * headline every 15 µs would do all the rest, the kernel's part included, a third slower. There: vectors of four floats.
 * Source: Intel 64 and IA-32 Architectures Optimization Reference Manual, "Power Management and Performance Impact";
 * measured: docs/numerics.md. */
const tmli_kernels *tmli_kernels_gentle(void);

enum {
    TMLI_KERNELS_MAX = 4
};

/* All versions that this processor runs, for tests; returns their number. */
size_t tmli_kernels_all(const tmli_kernels *out[TMLI_KERNELS_MAX]);

/* Element-wise steps; n items. Backward forms take the forward's output, not its input. */
void tmli_relu(float *x, size_t n);
void tmli_relu_back(float *restrict grad, const float *restrict out,
                    size_t n); /* grad *= out > 0 */
void tmli_tanh(float *x, size_t n);
void tmli_tanh_back(float *restrict grad, const float *restrict out,
                    size_t n);         /* grad *= 1 - out² */
void tmli_sigmoid(float *x, size_t n); /* stable for any finite x */
void tmli_sigmoid_back(float *restrict grad, const float *restrict out,
                       size_t n); /* grad *= out(1-out) */
/* Each row of x [N, K] becomes its softmax; the row's peak is subtracted first, so that exp never overflows. */
void tmli_softmax_rows(float *x, size_t n, size_t k);
/* out[k] = (((out[k] + terms[0][k]) + terms[1][k]) + …): one addition behind the other, for each k of O. */
void tmli_add_terms(float *restrict out /* [O] */, const float *const *terms /* [N] of [O] */,
                    size_t n, size_t o);
/* out [C, R] = in [R, C] transposed. */
void tmli_transpose(float *restrict out, const float *restrict in, size_t r, size_t c);

#endif
