/* Update rules: paths from an independent source (tests/golden/optim), and lazy steps against eager ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "num/optim.h"
#include "num/optim_loops.h"
#include "support/alloc_fail.h"
#include "support/golden.h"
#include "support/near.h"

enum {
    MOST_ROWS = 8,
    MOST_WIDTH = 70,
    MOST_FLOATS = MOST_ROWS * MOST_WIDTH
};

static tmli_optimizer kind_of(const char *word)
{
#define KIND_OF_WORD(name, text)   \
    if (strcmp(word, text) == 0) { \
        return name;               \
    }
    TMLI_OPTIMIZER_LIST(KIND_OF_WORD)
#undef KIND_OF_WORD
    fail_msg("no optimizer is called \"%s\"", word);
    return TMLI_SGD;
}

static double number_option(const golden_case *c, const char *key, const char *fallback)
{
    char value[256];
    return strtod(golden_option(c, key, fallback, value), NULL);
}

static tmli_optim_options options_of(const golden_case *c)
{
    char word[256];
    tmli_optim_options options = tmli_optim_defaults(kind_of(golden_option(c, "kind", "", word)));
    options.learning_rate = (float)number_option(c, "learning_rate", "");
    options.momentum = (float)number_option(c, "momentum", "0");
    return options;
}

/* Reads n numbers from *at on. */
static void read_numbers(char **at, double *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *end;
        out[i] = strtod(*at, &end);
        assert_ptr_not_equal(end, *at);
        *at = end;
    }
}

static bool is_zero_row(const float *row, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        if (row[i] != 0.0f) {
            return false;
        }
    }
    return true;
}

typedef struct machine {
    tmli_optim_options options;
    tmli_optim_state state;
    size_t rows, width;
    float params[MOST_FLOATS];
} machine;

static void step_eagerly(machine *m, uint32_t step, const float *grad)
{
    for (size_t row = 0; row < m->rows; row++) {
        const size_t at = row * m->width;
        const size_t half = m->width / 2; /* in two pieces, as threads might */
        tmli_optim_apply(&m->options, &m->state, row, half, m->width - half, step,
                         m->params + at + half, grad + at + half);
        tmli_optim_apply(&m->options, &m->state, row, 0, half, step, m->params + at, grad + at);
        tmli_optim_stepped(&m->state, row, step);
    }
}

static void settle(machine *m, uint32_t step)
{
    for (size_t row = 0; row < m->rows; row++) {
        tmli_optim_catch_up(&m->options, &m->state, row, step, m->params + row * m->width);
    }
}

/* Rows without gradient wait. */
static void step_lazily(machine *m, uint32_t step, const float *grad)
{
    for (size_t row = 0; row < m->rows; row++) {
        const size_t at = row * m->width;
        if (!is_zero_row(grad + at, m->width)) {
            tmli_optim_catch_up(&m->options, &m->state, row, step - 1, m->params + at);
            tmli_optim_apply(&m->options, &m->state, row, 0, m->width, step, m->params + at,
                             grad + at);
            tmli_optim_stepped(&m->state, row, step);
        }
    }
}

static machine start(const tmli_optim_options *options, size_t rows, size_t width)
{
    machine m = {.options = *options, .rows = rows, .width = width};
    assert_true(rows <= MOST_ROWS && width <= MOST_WIDTH);
    assert_int_equal(tmli_optim_state_init(&m.state, options, rows, width, NULL), TML_OK);
    return m;
}

/* 60 steps of float arithmetic against double: each adds at most some units of the last place of p, about 1e-7, and errors
 * in v half as much again. */
static const double PATH_TOLERANCE = 1e-5;

static void check_path(const golden_case *c)
{
    const tmli_optim_options options = options_of(c);
    const size_t rows = (size_t)number_option(c, "rows", "0");
    const size_t width = (size_t)number_option(c, "width", "0");
    const size_t n_steps = (size_t)number_option(c, "steps", "0");
    double numbers[MOST_FLOATS];
    float grad[MOST_FLOATS] = {0};
    char *input = c->input.data;
    char *want = c->want.data;
    machine eager = start(&options, rows, width);
    machine lazy = start(&options, rows, width);
    read_numbers(&input, numbers, rows * width);
    for (size_t i = 0; i < rows * width; i++) {
        eager.params[i] = lazy.params[i] = (float)numbers[i];
    }
    for (uint32_t step = 1; step <= n_steps; step++) {
        read_numbers(&input, numbers, rows * width);
        for (size_t i = 0; i < rows * width; i++) {
            grad[i] = (float)numbers[i];
        }
        step_eagerly(&eager, step, grad);
        step_lazily(&lazy, step, grad);
        read_numbers(&want, numbers, rows * width);
        assert_near_all(eager.params, numbers, rows * width, PATH_TOLERANCE);
    }
    settle(&lazy, (uint32_t)n_steps);
    assert_memory_equal(eager.params, lazy.params, rows * width * sizeof(float));
    tmli_optim_state_deinit(&eager.state);
    tmli_optim_state_deinit(&lazy.state);
}

static void paths_are_those_of_the_independent_source(void **state)
{
    (void)state;
    golden_each("optim", check_path);
}

static const tmli_optimizer kinds[] = {TMLI_SGD, TMLI_SGD, TMLI_RMSPROP, TMLI_ADAM, TMLI_ADAGRAD};
enum {
    N_KINDS = sizeof kinds / sizeof kinds[0]
};

/* The second sgd has momentum. */
static tmli_optim_options options_at(size_t k)
{
    tmli_optim_options options = tmli_optim_defaults(kinds[k]);
    options.momentum = k == 1 ? 0.9f : 0.0f;
    return options;
}

/* A row's gradient: sizes from 1e-25, whose square is no number, to 1; some numbers are 0 among others that are not. */
static void draw_gradient(tmli_rng *rng, float *grad, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        const float value = 2.0f * tmli_rng_uniform(rng) - 1.0f;
        const uint32_t size = tmli_rng_below(rng, 8);
        grad[i] = size == 0   ? 0.0f
                  : size == 1 ? value * 1e-25f
                  : size == 2 ? value * 1e-12f
                              : value;
    }
}

static void same_state(const machine *a, const machine *b)
{
    const size_t bytes = a->rows * a->width * sizeof(float);
    assert_memory_equal(a->params, b->params, bytes);
    for (size_t s = 0; s < 2; s++) {
        if (a->state.slots[s] != NULL) {
            assert_memory_equal(a->state.slots[s], b->state.slots[s], bytes);
        }
    }
    assert_memory_equal(a->state.steps, b->state.steps, a->rows * sizeof *a->state.steps);
}

/* Gaps of up to 3000 steps: accumulators shrink through the smallest numbers to 0 on the way. */
static void lazy_rows_have_the_bits_of_eager_ones(void **state)
{
    (void)state;
    static const uint32_t gaps[MOST_ROWS] = {1, 2, 5, 64, 65, 700, 1100, 3000};
    enum {
        STEPS = 3200,
        WIDTH = 67
    };
    for (size_t k = 0; k < N_KINDS; k++) {
        tmli_optim_options options = options_at(k);
        machine eager = start(&options, MOST_ROWS, WIDTH);
        machine lazy = start(&options, MOST_ROWS, WIDTH);
        tmli_rng rng = tmli_rng_at(5, TMLI_RNG_INIT, (uint32_t)k, 0);
        for (size_t i = 0; i < (size_t)MOST_ROWS * WIDTH; i++) {
            eager.params[i] = lazy.params[i] = i % 9 == 0 ? -0.0f : tmli_rng_uniform(&rng);
        }
        for (uint32_t step = 1; step <= STEPS; step++) {
            float grad[MOST_ROWS * WIDTH] = {0};
            for (size_t row = 0; row < MOST_ROWS; row++) {
                if (step % gaps[row] == 0) {
                    draw_gradient(&rng, grad + row * WIDTH, WIDTH);
                }
            }
            step_eagerly(&eager, step, grad);
            step_lazily(&lazy, step, grad);
        }
        settle(&lazy, STEPS);
        same_state(&eager, &lazy);
        tmli_optim_state_deinit(&eager.state);
        tmli_optim_state_deinit(&lazy.state);
    }
}

static void accumulators_are_never_denormal(void **state)
{
    (void)state;
    enum {
        WIDTH = 33,
        STEPS = 2000
    };
    for (size_t k = 0; k < N_KINDS; k++) {
        const tmli_optim_options options = options_at(k);
        machine m = start(&options, 1, WIDTH);
        float grad[WIDTH];
        for (size_t i = 0; i < WIDTH; i++) {
            grad[i] = 1e-10f * (float)(i + 1);
        }
        for (uint32_t step = 1; step <= STEPS; step++) {
            step_eagerly(&m, step, grad);
            for (size_t i = 0; i < WIDTH; i++) {
                grad[i] *= 0.9f; /* passes through the denormal numbers itself */
                for (size_t s = 0; s < 2 && m.state.slots[s] != NULL; s++) {
                    assert_true(m.state.slots[s][i] == 0.0f ||
                                fabsf(m.state.slots[s][i]) >= FLT_MIN);
                }
            }
        }
        tmli_optim_state_deinit(&m.state);
    }
}

static void only_some_kinds_drift(void **state)
{
    (void)state;
    static const bool drifts[N_KINDS] = {false, true, false, true, false};
    for (size_t k = 0; k < N_KINDS; k++) {
        const tmli_optim_options options = options_at(k);
        machine m = start(&options, 2, 3);
        float grad[6] = {1, -1, 0.5f, 1, 1, 1};
        step_eagerly(&m, 1, grad);
        float before[6];
        memcpy(before, m.params, sizeof before);
        settle(&m, 9);
        for (size_t i = 0; i < 6; i++) {
            assert_int_equal(before[i] != m.params[i], drifts[k]);
        }
        assert_int_equal(tmli_optim_drifts(&options), drifts[k]);
        assert_int_equal(m.state.steps[0], 9);
        assert_int_equal(m.state.steps[1], 9);
        tmli_optim_state_deinit(&m.state);
    }
}

static void nan_gradients_show_in_the_parameters(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_KINDS; k++) {
        const tmli_optim_options options = options_at(k);
        machine m = start(&options, 1, 2);
        const float grad[2] = {NAN, 1};
        step_eagerly(&m, 1, grad);
        assert_true(isnan(m.params[0]) && !isnan(m.params[1]));
        tmli_optim_state_deinit(&m.state);
    }
}

#if defined(__x86_64__)
/* Every loop of both versions on the same numbers. */
static void both_versions_give_the_same_bits(void **state)
{
    (void)state;
    enum {
        N = 203
    };
    if (tmli_optim_loops_best() == &tmli_optim_loops_baseline) {
        skip();
    }
    const tmli_optim_loops *const versions[2] = {&tmli_optim_loops_baseline,
                                                 &tmli_optim_loops_avx2};
    const tmli_optim_options options = tmli_optim_defaults(TMLI_ADAM);
    const float rates[3] = {0.1f, 0.2f, 0.3f};
    float p[2][N];
    float m[2][N];
    float v[2][N];
    float g[N];
    tmli_rng rng = tmli_rng_at(1, TMLI_RNG_INIT, 0, 0);
    draw_gradient(&rng, g, N);
    for (size_t a = 0; a < 2; a++) {
        const tmli_optim_loops *const loops = versions[a];
        for (size_t i = 0; i < N; i++) {
            p[a][i] = (float)i * 0.01f;
            m[a][i] = v[a][i] = 0.1f + (float)i;
        }
        loops->sgd(p[a], g, N, 0.1f);
        loops->momentum(p[a], m[a], g, N, 0.1f, 0.9f);
        loops->rmsprop(p[a], v[a], g, N, 0.1f, 0.9f, 1e-7f);
        loops->adam(p[a], m[a], v[a], g, N, 0.1f, &options);
        loops->adagrad(p[a], v[a], g, N, 0.1f, 1e-7f);
        loops->decay(v[a], N, 300, 0.9f);
        loops->coast(p[a], m[a], N, 77, 0.9f);
        loops->coast_adam(p[a], m[a], v[a], N, rates, 3, &options);
        assert_false(loops->all_zero(p[a], N));
    }
    assert_memory_equal(p[0], p[1], sizeof p[0]);
    assert_memory_equal(m[0], m[1], sizeof m[0]);
    assert_memory_equal(v[0], v[1], sizeof v[0]);
}
#endif

static void bad_options_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < 9; i++) {
        tmli_optim_options options = tmli_optim_defaults(TMLI_ADAM);
        switch (i) {
        case 0: options.learning_rate = 0.0f; break;
        case 1: options.learning_rate = NAN; break;
        case 2: options.learning_rate = INFINITY; break;
        case 3: options.momentum = -0.1f; break;
        case 4: options.momentum = 1.5f; break;
        case 5: options.epsilon = 0.0f; break;
        case 6: options.rho = 1.0f; break;
        case 7: options.beta1 = NAN; break;
        default: options.kind = (tmli_optimizer)77; break;
        }
        tmli_optim_state made = {0};
        tml_error err = {0};
        assert_int_equal(tmli_optim_state_init(&made, &options, 1, 1, &err), TML_EINVAL);
        assert_true(strlen(err.text) > 10);
        assert_null(made.steps);
    }
    const tmli_optim_options options = tmli_optim_defaults(TMLI_ADAM);
    tmli_optim_state made = {0};
    assert_int_equal(tmli_optim_state_init(&made, &options, SIZE_MAX / 2, 9, NULL), TML_ELIMIT);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    const tmli_optim_options options = tmli_optim_defaults(TMLI_ADAM);
    for (size_t nth = 0;; nth++) {
        tmli_optim_state made = {0};
        fail_allocation(nth);
        const tml_status status = tmli_optim_state_init(&made, &options, 3, 4, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_optim_state_deinit(&made);
            assert_int_equal(nth, 3);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(made.steps);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_independent_source),
        cmocka_unit_test(lazy_rows_have_the_bits_of_eager_ones),
        cmocka_unit_test(accumulators_are_never_denormal),
        cmocka_unit_test(only_some_kinds_drift),
        cmocka_unit_test(nan_gradients_show_in_the_parameters),
#if defined(__x86_64__)
        cmocka_unit_test(both_versions_give_the_same_bits),
#endif
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
