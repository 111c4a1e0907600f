/* num/reference.h: the plain twins of num/kernels.h, with double accumulation; built into tests only. */
#ifndef NUM_REFERENCE_H
#define NUM_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

/* The same contracts as the kernels', with sums in double: out and dw are doubles. N rows, D inputs, O outputs. */
void tmli_ref_gather_affine(double *out /* [*, O] */, const uint32_t *out_rows,
                            const float *x /* [*, ldx] */, const uint32_t *x_rows, size_t ldx,
                            size_t n, const float *w /* [D, O] */, size_t d, size_t o);
void tmli_ref_gather_outer(double *dw /* [D, O] */, const float *x, const uint32_t *x_rows,
                           size_t ldx, const float *dz /* [*, O] */, const uint32_t *dz_rows,
                           size_t n, size_t d, size_t o);

double tmli_ref_relu(double x);
double tmli_ref_sigmoid(double x);
/* out [K] = softmax(z [K]) */
void tmli_ref_softmax(double *out, const double *z, size_t k);

#endif
