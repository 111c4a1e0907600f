/* Plain loops: what the kernels must agree with. */
#include "num/reference.h"

#include <math.h>

static size_t row_of(const uint32_t *rows, size_t i)
{
    return rows != NULL ? rows[i] : i;
}

void tmli_ref_gather_affine(double *out, const uint32_t *out_rows, const float *x,
                            const uint32_t *x_rows, size_t ldx, size_t n, const float *w, size_t d,
                            size_t o)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t c = 0; c < o; c++) {
            for (size_t k = 0; k < d; k++) {
                out[row_of(out_rows, i) * o + c] +=
                    (double)x[row_of(x_rows, i) * ldx + k] * (double)w[k * o + c];
            }
        }
    }
}

void tmli_ref_gather_outer(double *dw, const float *x, const uint32_t *x_rows, size_t ldx,
                           const float *dz, const uint32_t *dz_rows, size_t n, size_t d, size_t o)
{
    for (size_t k = 0; k < d; k++) {
        for (size_t c = 0; c < o; c++) {
            dw[k * o + c] = 0;
            for (size_t i = 0; i < n; i++) {
                dw[k * o + c] +=
                    (double)x[row_of(x_rows, i) * ldx + k] * (double)dz[row_of(dz_rows, i) * o + c];
            }
        }
    }
}

double tmli_ref_relu(double x)
{
    return x > 0 ? x : 0;
}

double tmli_ref_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

void tmli_ref_softmax(double *out, const double *z, size_t k)
{
    double peak = z[0];
    double sum = 0;
    for (size_t c = 1; c < k; c++) {
        peak = fmax(peak, z[c]);
    }
    for (size_t c = 0; c < k; c++) {
        out[c] = exp(z[c] - peak);
        sum += out[c];
    }
    for (size_t c = 0; c < k; c++) {
        out[c] /= sum;
    }
}
