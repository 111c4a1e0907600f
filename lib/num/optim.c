/* Options, state, and which loop of optim_body.h serves a step. */
#include "num/optim.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#include "base/mem.h"
#include "base/status.h"
#include "num/kernels_versions.h"
#include "num/optim_loops.h"

enum {
    STEPS_AHEAD = 64
}; /* rates computed at once for a run of missed steps */

static const float ADAGRAD_START = 0.1f; /* Keras' initial_accumulator_value */

const tmli_optim_loops *tmli_optim_loops_best(void)
{
#if defined(__x86_64__)
    if (tmli_runs_avx2()) {
        return &tmli_optim_loops_avx2;
    }
#endif
    return &tmli_optim_loops_baseline;
}

tmli_optim_options tmli_optim_defaults(tmli_optimizer kind)
{
    return (tmli_optim_options){
        .kind = kind,
        .learning_rate = kind == TMLI_SGD ? 0.01f : 0.001f,
        .momentum = 0.0f,
        .rho = 0.9f,
        .beta1 = 0.9f,
        .beta2 = 0.999f,
        .epsilon = 1e-7f,
    };
}

static size_t slots_of(const tmli_optim_options *options)
{
    switch (options->kind) {
    case TMLI_SGD: return options->momentum > 0.0f ? 1 : 0;
    case TMLI_RMSPROP: return 1;
    case TMLI_ADAM: return 2;
    case TMLI_ADAGRAD: return 1;
    }
    return 0;
}

static bool is_share(float value)
{
    return value >= 0.0f && value < 1.0f;
}

static tml_status check_options(const tmli_optim_options *options, tml_error *err)
{
    if ((unsigned)options->kind > (unsigned)TMLI_ADAGRAD) {
        return tmli_fail(err, TML_EINVAL, "optimizer: %u is not one of the %u kinds",
                         (unsigned)options->kind, (unsigned)TMLI_ADAGRAD + 1);
    }
    if (!(options->learning_rate > 0.0f && options->learning_rate <= FLT_MAX)) {
        return tmli_fail(err, TML_EINVAL, "learning_rate: %g is not a number above 0",
                         (double)options->learning_rate);
    }
    if (!(options->momentum >= 0.0f && options->momentum <= 1.0f)) {
        return tmli_fail(err, TML_EINVAL, "momentum: %g is not in 0..1", (double)options->momentum);
    }
    if (!(options->epsilon > 0.0f && options->epsilon <= FLT_MAX)) {
        return tmli_fail(err, TML_EINVAL, "epsilon: %g is not a number above 0",
                         (double)options->epsilon);
    }
    if (!is_share(options->rho) || !is_share(options->beta1) || !is_share(options->beta2)) {
        return tmli_fail(err, TML_EINVAL,
                         "rho %g, beta1 %g, beta2 %g: each must be at least 0 and below 1",
                         (double)options->rho, (double)options->beta1, (double)options->beta2);
    }
    return TML_OK;
}

tml_status tmli_optim_state_init(tmli_optim_state *state, const tmli_optim_options *options,
                                 size_t n_rows, size_t width, tml_error *err)
{
    tml_status status = check_options(options, err);
    if (status != TML_OK) {
        return status;
    }
    tmli_optim_state made = {.n_rows = n_rows, .width = width};
    size_t n = 0;
    if (!tmli_mul_size(n_rows, width, &n)) {
        return tmli_fail(err, TML_ELIMIT, "optimizer: %zu x %zu does not fit in memory", n_rows,
                         width);
    }
    made.steps = tmli_calloc(n_rows, sizeof *made.steps);
    bool complete = made.steps != NULL;
    for (size_t s = 0; s < slots_of(options) && complete; s++) {
        made.slots[s] = tmli_alloc_lines(n, sizeof(float));
        complete = made.slots[s] != NULL;
        for (size_t i = 0; i < n && complete; i++) {
            made.slots[s][i] = options->kind == TMLI_ADAGRAD ? ADAGRAD_START : 0.0f;
        }
    }
    if (!complete) {
        tmli_optim_state_deinit(&made);
        return tmli_fail_memory(err, "the optimizer's state");
    }
    *state = made;
    return TML_OK;
}

void tmli_optim_state_deinit(tmli_optim_state *state)
{
    tmli_free_lines(state->slots[0]);
    tmli_free_lines(state->slots[1]);
    tmli_free(state->steps);
    *state = (tmli_optim_state){0};
}

bool tmli_optim_drifts(const tmli_optim_options *options)
{
    return options->kind == TMLI_ADAM || (options->kind == TMLI_SGD && options->momentum > 0.0f);
}

/* β^t as a function of β and t alone: the same bits wherever a run of steps begins, and no C library's pow. It is the
 * product of β^(8·⌊t/8⌋), made by squaring, and the rest, made by steps, so that a run makes few of the former. */
typedef struct beta_power {
    double beta;
    double eights; /* β^(8·⌊t/8⌋) */
    double rest;   /* β^(t mod 8) */
    uint32_t t;
} beta_power;

static double by_squaring(double base, uint32_t n)
{
    double result = 1;
    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) {
            result *= base;
        }
        base *= base;
    }
    return result;
}

static beta_power power_at(float beta, uint32_t t)
{
    beta_power power = {(double)beta, by_squaring((double)beta, t / 8 * 8), 1, t};
    for (uint32_t i = 0; i < t % 8; i++) {
        power.rest *= power.beta;
    }
    return power;
}

static void next_power(beta_power *power)
{
    power->t++;
    if (power->t % 8 == 0) {
        power->eights = by_squaring(power->beta, power->t);
        power->rest = 1;
    } else {
        power->rest *= power->beta;
    }
}

/* Adam's rate with both bias corrections folded in: lr · √(1 − β2^t) / (1 − β1^t). */
static float adam_rate(float learning_rate, const beta_power *first, const beta_power *second)
{
    const double first_share = 1.0 - first->eights * first->rest;
    const double second_share = 1.0 - second->eights * second->rest;
    return (float)((double)learning_rate * sqrt(second_share) / first_share);
}

static float adam_rate_at(const tmli_optim_options *options, uint32_t step)
{
    const beta_power first = power_at(options->beta1, step);
    const beta_power second = power_at(options->beta2, step);
    return adam_rate(options->learning_rate, &first, &second);
}

void tmli_optim_apply(const tmli_optim_options *options, const tmli_optim_state *state, size_t row,
                      size_t first, size_t n, uint32_t step, float *restrict params,
                      const float *restrict grad)
{
    const tmli_optim_loops *const loops = tmli_optim_loops_best();
    const size_t start = row * state->width + first;
    float *const slot = state->slots[0] != NULL ? state->slots[0] + start : NULL;
    assert(first + n <= state->width && state->steps[row] + 1 == step);
    switch (options->kind) {
    case TMLI_SGD:
        if (slot == NULL) {
            loops->sgd(params, grad, n, options->learning_rate);
        } else {
            loops->momentum(params, slot, grad, n, options->learning_rate, options->momentum);
        }
        return;
    case TMLI_RMSPROP:
        loops->rmsprop(params, slot, grad, n, options->learning_rate, options->rho,
                       options->epsilon);
        return;
    case TMLI_ADAM:
        loops->adam(params, slot, state->slots[1] + start, grad, n, adam_rate_at(options, step),
                    options);
        return;
    case TMLI_ADAGRAD:
        loops->adagrad(params, slot, grad, n, options->learning_rate, options->epsilon);
        return;
    }
}

void tmli_optim_stepped(tmli_optim_state *state, size_t row, uint32_t step)
{
    assert(state->steps[row] + 1 == step);
    state->steps[row] = step;
}

/* ---- steps without a gradient ---- */

static void catch_up_adam(float *restrict p, float *restrict m, float *restrict v, size_t n,
                          uint32_t from, uint32_t to, const tmli_optim_options *options)
{
    const tmli_optim_loops *const loops = tmli_optim_loops_best();
    float rates[STEPS_AHEAD];
    beta_power first = power_at(options->beta1, from);
    beta_power second = power_at(options->beta2, from);
    for (uint32_t step = from; step < to;) {
        if (step > from && loops->all_zero(m, n)) { /* after a step, as in coast */
            loops->decay(v, n, to - step, options->beta2);
            return;
        }
        size_t n_rates = 0;
        while (n_rates < STEPS_AHEAD && step < to) {
            step++;
            next_power(&first);
            next_power(&second);
            rates[n_rates++] = adam_rate(options->learning_rate, &first, &second);
        }
        loops->coast_adam(p, m, v, n, rates, n_rates, options);
    }
}

void tmli_optim_catch_up(const tmli_optim_options *options, tmli_optim_state *state, size_t row,
                         uint32_t step, float *params)
{
    const tmli_optim_loops *const loops = tmli_optim_loops_best();
    const size_t width = state->width;
    const size_t start = row * width;
    const uint32_t from = state->steps[row];
    assert(from <= step);
    if (from == step) {
        return;
    }
    state->steps[row] = step;
    switch (options->kind) {
    case TMLI_SGD:
        if (state->slots[0] != NULL) {
            loops->coast(params, state->slots[0] + start, width, step - from, options->momentum);
        }
        return;
    case TMLI_RMSPROP:
        loops->decay(state->slots[0] + start, width, step - from, options->rho);
        return;
    case TMLI_ADAM:
        catch_up_adam(params, state->slots[0] + start, state->slots[1] + start, width, from, step,
                      options);
        return;
    case TMLI_ADAGRAD: return;
    }
}
