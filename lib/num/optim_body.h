/* num/optim_body.h: the loops of the update rules; included once by each optim_<instruction set>.c.
 *
 * They are element-wise operations that IEEE 754 rounds, built without contraction: vector code of any width gives the
 * same bits. The wider version pays because the loops fill the divider only when the rest takes few instructions:
 * 0.52 ns a number with AVX2 against 0.72 (RMSprop, numbers in the first cache). */
#include "num/optim_loops.h"

#include <float.h>
#include <math.h>

enum {
    PIECE = 64,        /* floats that take many missed steps at once, in the first cache */
    STEPS_AT_ONCE = 8, /* missed steps of one number without going to memory */
    STEPS_A_LOOK = 64  /* missed steps between two looks whether all has become zero */
};

/* The rule of optim.h: no denormal numbers in accumulators. NaN stays. */
static inline float flushed(float value)
{
    return fabsf(value) < FLT_MIN ? 0.0f : value;
}

static void sgd(float *restrict p, const float *restrict g, size_t n, float lr)
{
    for (size_t i = 0; i < n; i++) {
        p[i] -= lr * g[i];
    }
}

static void momentum_step(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                          float lr, float momentum)
{
    for (size_t i = 0; i < n; i++) {
        v[i] = flushed(momentum * v[i] - lr * g[i]);
        p[i] += v[i];
    }
}

static void rmsprop(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                    float lr, float rho, float epsilon)
{
    const float rest = 1.0f - rho;
    for (size_t i = 0; i < n; i++) {
        v[i] = flushed(rho * v[i] + rest * (g[i] * g[i]));
        p[i] -= lr * g[i] / (sqrtf(v[i]) + epsilon);
    }
}

static void adam(float *restrict p, float *restrict m, float *restrict v, const float *restrict g,
                 size_t n, float rate, const tmli_optim_options *options)
{
    const float beta1 = options->beta1;
    const float beta2 = options->beta2;
    const float epsilon = options->epsilon;
    const float rest1 = 1.0f - beta1;
    const float rest2 = 1.0f - beta2;
    for (size_t i = 0; i < n; i++) {
        m[i] = flushed(beta1 * m[i] + rest1 * g[i]);
        v[i] = flushed(beta2 * v[i] + rest2 * (g[i] * g[i]));
        p[i] -= rate * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

static void adagrad(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                    float lr, float epsilon)
{
    for (size_t i = 0; i < n; i++) {
        v[i] += g[i] * g[i];
        p[i] -= lr * g[i] / sqrtf(v[i] + epsilon);
    }
}

static bool all_zero(const float *values, size_t n)
{
    bool zero = true;
    for (size_t i = 0; i < n; i++) {
        zero = zero && values[i] == 0.0f;
    }
    return zero;
}

/* v ← ρ·v, `missed` times; several at once while v is in a register. */
static void decay(float *restrict v, size_t n, uint32_t missed, float rho)
{
    uint32_t t = 0;
    for (; missed - t >= STEPS_AT_ONCE; t += STEPS_AT_ONCE) {
        if (t % STEPS_A_LOOK == 0 && all_zero(v, n)) {
            return; /* zero stays zero */
        }
        for (size_t i = 0; i < n; i++) {
            float value = v[i];
            for (int s = 0; s < STEPS_AT_ONCE; s++) {
                value = flushed(rho * value);
            }
            v[i] = value;
        }
    }
    for (; t < missed; t++) {
        for (size_t i = 0; i < n; i++) {
            v[i] = flushed(rho * v[i]);
        }
    }
}

/* v ← m·v; p ← p + v. */
static void coast(float *restrict p, float *restrict v, size_t n, uint32_t missed, float momentum)
{
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t items = n - at < PIECE ? n - at : PIECE;
        for (uint32_t t = 0; t < missed; t++) {
            const bool last = t % STEPS_A_LOOK == 0 && all_zero(v + at, items);
            for (size_t i = at; i < at + items; i++) {
                v[i] = flushed(momentum * v[i]);
                p[i] += v[i];
            }
            if (last) {
                break; /* one step with v = 0 has been made, for p = −0 becomes +0 in it; no other changes anything */
            }
        }
    }
}

/* m ← β1·m; v ← β2·v; p ← p − rate_t·m/(√v + ε) for the steps whose rates are given. */
static void coast_adam(float *restrict p, float *restrict m, float *restrict v, size_t n,
                       const float *rates, size_t n_rates, const tmli_optim_options *options)
{
    const float beta1 = options->beta1;
    const float beta2 = options->beta2;
    const float epsilon = options->epsilon;
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t end = n - at < PIECE ? n : at + PIECE;
        for (size_t t = 0; t < n_rates; t++) {
            const float rate = rates[t];
            for (size_t i = at; i < end; i++) {
                m[i] = flushed(beta1 * m[i]);
                v[i] = flushed(beta2 * v[i]);
                p[i] -= rate * m[i] / (sqrtf(v[i]) + epsilon);
            }
        }
    }
}

#define TMLI_OPTIM_LOOPS                                                               \
    {                                                                                  \
        sgd, momentum_step, rmsprop, adam, adagrad, decay, coast, coast_adam, all_zero \
    }
