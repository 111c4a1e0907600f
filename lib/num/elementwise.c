/* The element-wise steps of num/kernels.h, softmax and transposition.
 *
 * The exponential is our own: a plain loop over it becomes vector code, and its bits do not depend on the C library's
 * version. Built without contraction, so that every processor rounds each operation alike. */
#include "num/kernels.h"

#include <math.h>
#include <string.h>

enum {
    STRIP = 16
};

typedef float four __attribute__((vector_size(16))); /* gcc and clang; SSE2, NEON or plain code */

/* exp(x) for x ≤ 0, within 1 ulp; 0 below -87, where the result would leave the normal numbers; NaN stays NaN.
 * exp(x) = 2^n · exp(r), n = round(x / ln 2), |r| ≤ ln 2 / 2; the polynomial is Cephes' expf (Moshier 1989). */
static inline float exp_of_negative(float x)
{
    const float log2e = 1.44269504088896341f;
    const float ln2_high = 0.693359375f; /* 9 bits: n · ln2_high is exact */
    const float ln2_low = -2.12194440e-4f;
    const float rounder = 12582912.0f; /* 1.5 · 2^23: adding it leaves round(x) in the low bits */
    const float shifted = x * log2e + rounder;
    const float n = shifted - rounder;
    const float r = x - n * ln2_high - n * ln2_low;
    float poly = 1.9875691500e-4f;
    poly = poly * r + 1.3981999507e-3f;
    poly = poly * r + 8.3334519073e-3f;
    poly = poly * r + 4.1665795894e-2f;
    poly = poly * r + 1.6666665459e-1f;
    poly = poly * r + 5.0000001201e-1f;
    poly = poly * (r * r) + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127) << 23; /* the exponent of 2^n: what rounder adds is shifted out */
    float power;
    memcpy(&power, &bits, sizeof power);
    const float value = poly * power;
    return x < -87.0f ? 0.0f : value;
}

static inline four load(const float *at)
{
    four v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline void store(float *at, four v)
{
    memcpy(at, &v, sizeof v);
}

/* 16 sums stay in registers while the terms go by. */
static inline void add_strip(float *restrict out, const float *const *terms, size_t n, size_t at)
{
    four a = load(out + at);
    four b = load(out + at + 4);
    four c = load(out + at + 8);
    four d = load(out + at + 12);
    for (size_t i = 0; i < n; i++) {
        const float *term = terms[i] + at;
        a += load(term);
        b += load(term + 4);
        c += load(term + 8);
        d += load(term + 12);
    }
    store(out + at, a);
    store(out + at + 4, b);
    store(out + at + 8, c);
    store(out + at + 12, d);
}

void tmli_add_terms(float *restrict out, const float *const *terms, size_t n, size_t o)
{
    size_t at = 0;
    for (; o - at >= STRIP; at += STRIP) {
        add_strip(out, terms, n, at);
    }
    for (; at < o; at++) {
        for (size_t i = 0; i < n; i++) {
            out[at] += terms[i][at];
        }
    }
}

void tmli_relu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = x[i] < 0.0f ? 0.0f : x[i]; /* NaN stays: the loss must show it */
    }
}

void tmli_relu_back(float *restrict grad, const float *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        grad[i] = out[i] > 0.0f ? grad[i] : 0.0f;
    }
}

/* tanh(x) = ±(1 - e) / (1 + e) with e = exp(-2|x|); near 0, where 1 - e cancels, Cephes' tanhf polynomial. */
static inline float tanh_of(float x)
{
    const float size = fabsf(x);
    const float e = exp_of_negative(-2.0f * size);
    const float far = copysignf((1.0f - e) / (1.0f + e), x);
    const float square = x * x;
    float poly = -5.70498872745e-3f;
    poly = poly * square + 2.06390887954e-2f;
    poly = poly * square - 5.37397155531e-2f;
    poly = poly * square + 1.33314422036e-1f;
    poly = poly * square - 3.33332819422e-1f;
    const float near = poly * square * x + x;
    return size < 0.625f ? near : far;
}

void tmli_tanh(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = tanh_of(x[i]);
    }
}

void tmli_tanh_back(float *restrict grad, const float *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        grad[i] *= 1.0f - out[i] * out[i];
    }
}

void tmli_sigmoid(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float e = exp_of_negative(-fabsf(x[i])); /* never overflows */
        const float top = x[i] < 0.0f ? e : 1.0f;
        x[i] = top / (1.0f + e);
    }
}

void tmli_sigmoid_back(float *restrict grad, const float *restrict out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        grad[i] *= out[i] * (1.0f - out[i]);
    }
}

static float peak_of(const float *row, size_t k)
{
    float peak = row[0];
    for (size_t c = 1; c < k; c++) {
        peak = row[c] > peak ? row[c] : peak;
    }
    return peak;
}

void tmli_softmax_rows(float *x, size_t n, size_t k)
{
    for (size_t i = 0; i < n; i++) {
        const float peak = peak_of(x + i * k, k);
        for (size_t c = 0; c < k; c++) {
            x[i * k + c] -= peak;
        }
    }
    for (size_t i = 0; i < n * k;
         i++) { /* over all rows at once: one may be shorter than a vector */
        x[i] = exp_of_negative(x[i]);
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < k; c++) {
            sum += (double)x[i * k + c];
        }
        const float scale = (float)(1.0 / sum);
        for (size_t c = 0; c < k; c++) {
            x[i * k + c] *= scale;
        }
    }
}

enum {
    TRANSPOSE_TILE = 16
}; /* 16 floats fill a cache line: each line is fetched once */

void tmli_transpose(float *restrict out, const float *restrict in, size_t r, size_t c)
{
    for (size_t i = 0; i < r; i += TRANSPOSE_TILE) {
        const size_t i_end = i + TRANSPOSE_TILE < r ? i + TRANSPOSE_TILE : r;
        for (size_t j = 0; j < c; j += TRANSPOSE_TILE) {
            const size_t j_end = j + TRANSPOSE_TILE < c ? j + TRANSPOSE_TILE : c;
            for (size_t a = j; a < j_end; a++) {
                for (size_t b = i; b < i_end; b++) {
                    out[a * r + b] = in[b * c + a];
                }
            }
        }
    }
}
