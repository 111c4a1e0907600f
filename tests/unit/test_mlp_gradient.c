/* Gradients against central differences.
 *
 * One step of plain gradient descent with rate 1 changes each parameter by minus its gradient. The differences are of a
 * forward pass written a second time here, in doubles, so that small steps are exact enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "models/mlp_train.h"
#include "num/reference.h"
#include "support/near.h"

enum {
    TABLE_ROWS = 12,
    WIDTH = 3,
    BLOCKS = 5,
    ROWS = 17,
    SEED = 77,
    MOST = 64, /* inputs or outputs of a layer */
    MOST_PARAMETERS = 512,
    TABLE_FLOATS = TABLE_ROWS * WIDTH
};

/* Differences with step 1e-5 are off by about 1e-10; gradients of sums of floats, and p − g rounded at the size of p ≤ 1,
 * by a few 1e-7. */
static const double STEP = 1e-5;
static const double TOLERANCE = 2e-6;

typedef struct problem {
    tmli_mlp mlp;
    float table[TABLE_FLOATS];
    tmli_entry entries[ROWS * BLOCKS];
    size_t offsets[ROWS + 1];
    uint32_t labels[ROWS];
    float targets[ROWS * MOST];
    float weights[ROWS];
    float class_weights[MOST];
    float dropout;
    tmli_examples examples;
} problem;

/* ---- the loss in doubles ---- */

typedef struct parameters { /* in doubles, one of them moved */
    double w[TMLI_MLP_MAX_LAYERS][MOST_PARAMETERS], b[TMLI_MLP_MAX_LAYERS][MOST];
    double table[TABLE_FLOATS];
} parameters;

static void load(const problem *p, parameters *out)
{
    const tmli_mlp_shape *const s = &p->mlp.shape;
    for (size_t l = 0; l < s->n_layers; l++) {
        for (size_t i = 0; i < tmli_mlp_inputs(s, l) * s->sizes[l]; i++) {
            out->w[l][i] = (double)p->mlp.weights[l][i];
        }
        for (size_t i = 0; i < s->sizes[l]; i++) {
            out->b[l][i] = (double)p->mlp.biases[l][i];
        }
    }
    for (size_t i = 0; i < TABLE_FLOATS; i++) {
        out->table[i] = (double)p->table[i];
    }
}

static double activated(tmli_activation activation, double z)
{
    switch (activation) {
    case TMLI_RELU: return tmli_ref_relu(z);
    case TMLI_TANH: return tanh(z);
    case TMLI_SIGMOID: return tmli_ref_sigmoid(z);
    }
    return NAN;
}

/* The rule for masks: one stream of numbers for each row and layer of an epoch. */
static void drop(const problem *p, size_t row, size_t layer, double x[MOST])
{
    const uint32_t stream = (uint32_t)(row * p->mlp.shape.n_layers + layer);
    tmli_rng rng = tmli_rng_at(SEED, TMLI_RNG_DROPOUT, 1, stream);
    for (size_t c = 0; c < p->mlp.shape.sizes[layer]; c++) {
        const bool dropped = tmli_rng_uniform(&rng) < p->dropout;
        x[c] = dropped ? 0 : x[c] / (1 - (double)p->dropout);
    }
}

static void forward(const problem *p, const parameters *at, size_t row, double z[MOST])
{
    const tmli_mlp_shape *const s = &p->mlp.shape;
    double x[MOST] = {0};
    for (size_t e = p->offsets[row]; e < p->offsets[row + 1]; e++) {
        for (size_t i = 0; i < WIDTH; i++) {
            x[p->entries[e].block * WIDTH + i] = at->table[p->entries[e].row * WIDTH + i];
        }
    }
    for (size_t l = 0; l < s->n_layers; l++) {
        for (size_t c = 0; c < s->sizes[l]; c++) {
            z[c] = at->b[l][c];
            for (size_t k = 0; k < tmli_mlp_inputs(s, l); k++) {
                z[c] += x[k] * at->w[l][k * s->sizes[l] + c];
            }
        }
        for (size_t c = 0; c < s->sizes[l]; c++) {
            x[c] = activated(s->activation, z[c]);
        }
        if (p->dropout > 0.0f && l + 1 < s->n_layers) {
            drop(p, row, l, x);
        }
    }
}

static double row_loss(const problem *p, size_t row, const double z[MOST])
{
    const tmli_mlp_shape *const s = &p->mlp.shape;
    const size_t k = s->sizes[s->n_layers - 1];
    double out[MOST] = {0};
    double loss = 0;
    if (s->output == TMLI_OUTPUT_SOFTMAX) {
        tmli_ref_softmax(out, z, k);
        return -log(out[p->labels[row]]);
    }
    for (size_t c = 0; c < k; c++) {
        const double y =
            p->examples.targets != NULL ? (double)p->targets[row * k + c] : (double)p->labels[row];
        const double probability = tmli_ref_sigmoid(z[c]);
        loss += s->output == TMLI_OUTPUT_IDENTITY
                    ? (z[c] - y) * (z[c] - y)
                    : -y * log(probability) - (1 - y) * log(1 - probability);
    }
    return loss / (double)k;
}

static double weight_of(const problem *p, size_t row)
{
    double weight = p->examples.weights != NULL ? (double)p->weights[row] : 1;
    if (p->examples.labels != NULL) {
        weight *= (double)p->class_weights[p->labels[row]];
    }
    return weight;
}

static double mean_loss(const problem *p, const parameters *at)
{
    double loss = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double z[MOST] = {0};
        forward(p, at, i, z);
        loss += weight_of(p, i) * row_loss(p, i, z);
    }
    return loss / ROWS;
}

static double slope(const problem *p, parameters *at, double *moved)
{
    const double before = *moved;
    *moved = before + STEP;
    const double above = mean_loss(p, at);
    *moved = before - STEP;
    const double below = mean_loss(p, at);
    *moved = before;
    return (above - below) / (2 * STEP);
}

/* ---- problems ---- */

static void draw_rows(problem *p, tmli_rng *rng, size_t n_outputs)
{
    size_t at = 0;
    for (size_t i = 0; i < ROWS; i++) {
        p->offsets[i] = at;
        for (uint32_t b = 0; b < BLOCKS; b++) { /* block 4 in few rows, none in row 5 */
            if (i != 5 && tmli_rng_below(rng, b == 4 ? 9 : 2) == 0) {
                p->entries[at++] = (tmli_entry){b, tmli_rng_below(rng, TABLE_ROWS)};
            }
        }
        p->labels[i] = tmli_rng_below(rng, n_outputs > 1 ? (uint32_t)n_outputs : 2);
        p->weights[i] = 0.25f * (float)tmli_rng_below(rng, 9);
        for (size_t c = 0; c < n_outputs; c++) {
            p->targets[i * n_outputs + c] = (float)tmli_rng_below(rng, 2);
        }
    }
    p->offsets[ROWS] = at;
}

static void make(problem *p, const tmli_mlp_shape *shape, bool targets, bool weights)
{
    const size_t n_outputs = shape->sizes[shape->n_layers - 1];
    tmli_rng rng = tmli_rng_at(21, TMLI_RNG_INIT, (uint32_t)shape->n_layers, 0);
    memset(p, 0, sizeof *p);
    for (size_t i = 0; i < TABLE_FLOATS; i++) {
        p->table[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
    }
    memset(p->table + (size_t)2 * WIDTH, 0, WIDTH * sizeof(float)); /* a vector that is zero */
    draw_rows(p, &rng, n_outputs);
    for (size_t c = 0; c < MOST; c++) {
        p->class_weights[c] = weights ? 0.5f + (float)c : 1.0f;
    }
    p->examples = (tmli_examples){
        .rows = {p->entries, p->offsets, ROWS},
        .labels = targets ? NULL : p->labels,
        .targets = targets ? p->targets : NULL,
        .weights = weights ? p->weights : NULL,
    };
    const tmli_table table = {p->table, TABLE_ROWS, WIDTH};
    assert_int_equal(tmli_mlp_create(shape, table, 3, &p->mlp, NULL), TML_OK);
    for (size_t l = 0; l < shape->n_layers; l++) { /* away from relu's corner */
        for (size_t c = 0; c < shape->sizes[l]; c++) {
            p->mlp.slab[(size_t)(p->mlp.biases[l] - p->mlp.slab) + c] = 0.1f + 0.05f * (float)c;
        }
    }
}

static void keep_epoch(void *ctx, const tml_epoch *epoch)
{
    *(tml_epoch *)ctx = *epoch;
}

static void check_layers(const problem *p, parameters *at)
{
    const tmli_mlp_shape *const s = &p->mlp.shape;
    for (size_t l = 0; l < s->n_layers; l++) {
        for (size_t i = 0; i < tmli_mlp_inputs(s, l) * s->sizes[l]; i++) {
            const double gradient = at->w[l][i] - (double)p->mlp.weights[l][i];
            assert_near(gradient, slope(p, at, &at->w[l][i]), TOLERANCE);
        }
        for (size_t i = 0; i < s->sizes[l]; i++) {
            const double gradient = at->b[l][i] - (double)p->mlp.biases[l][i];
            assert_near(gradient, slope(p, at, &at->b[l][i]), TOLERANCE);
        }
    }
}

/* Trains one step on all rows as one batch and compares every parameter's change. */
static void check(const tmli_mlp_shape *shape, bool targets, bool weights, bool train_table,
                  float dropout)
{
    static problem p;
    static parameters before;
    make(&p, shape, targets, weights);
    load(&p, &before);
    p.dropout = dropout;
    tml_epoch epoch;
    tmli_mlp_train_options options = {
        .epochs = 1,
        .batch_size = ROWS,
        .optim = tmli_optim_defaults(TMLI_SGD),
        .dropout = dropout,
        .seed = SEED,
        .class_weights = p.examples.labels != NULL ? p.class_weights : NULL,
        .train_table = train_table,
        .on_epoch = keep_epoch,
        .ctx = &epoch,
    };
    options.optim.learning_rate = 1.0f;
    tmli_fit_summary summary;
    assert_int_equal(tmli_mlp_train(&p.mlp, train_table ? p.table : NULL, &p.examples, NULL,
                                    &options, NULL, &summary, NULL),
                     TML_OK);
    assert_near(epoch.train_loss, mean_loss(&p, &before), TOLERANCE);
    check_layers(&p, &before);
    for (size_t i = 0; i < TABLE_FLOATS; i++) {
        const double gradient = before.table[i] - (double)p.table[i];
        assert_near(gradient, train_table ? slope(&p, &before, &before.table[i]) : 0.0, TOLERANCE);
    }
    tmli_mlp_deinit(&p.mlp);
}

static void check_all_activations(const size_t *sizes, size_t n_layers, tmli_output output,
                                  bool targets)
{
    for (int a = TMLI_RELU; a <= TMLI_SIGMOID; a++) {
        tmli_mlp_shape shape = {
            .n_blocks = BLOCKS,
            .width = WIDTH,
            .n_layers = n_layers,
            .activation = (tmli_activation)a,
            .output = output,
        };
        memcpy(shape.sizes, sizes, n_layers * sizeof *sizes);
        check(&shape, targets, false, false, 0.0f);
        check(&shape, targets, true, false, 0.0f);
        check(&shape, targets, false, true, 0.0f);
        check(&shape, targets, true, true, 0.0f);
        check(&shape, targets, true, true, 0.5f);
    }
}

static void softmax_gradients(void **state)
{
    (void)state;
    check_all_activations((size_t[]){6, 5, 4}, 3, TMLI_OUTPUT_SOFTMAX, false);
    check_all_activations((size_t[]){3}, 1, TMLI_OUTPUT_SOFTMAX, false);
}

static void sigmoid_gradients(void **state)
{
    (void)state;
    check_all_activations((size_t[]){6, 4}, 2, TMLI_OUTPUT_SIGMOID, true);
    check_all_activations((size_t[]){6, 1}, 2, TMLI_OUTPUT_SIGMOID, false);
    check_all_activations((size_t[]){1}, 1, TMLI_OUTPUT_SIGMOID, true);
}

static void identity_gradients(void **state)
{
    (void)state;
    check_all_activations((size_t[]){6, 5, 3}, 3, TMLI_OUTPUT_IDENTITY, true);
    check_all_activations((size_t[]){1}, 1, TMLI_OUTPUT_IDENTITY, true);
}

static void deep_networks(void **state)
{
    (void)state;
    check_all_activations((size_t[]){5, 4, 6, 3, 5, 4, 3, 2}, 8, TMLI_OUTPUT_SOFTMAX, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(softmax_gradients),
        cmocka_unit_test(sigmoid_gradients),
        cmocka_unit_test(identity_gradients),
        cmocka_unit_test(deep_networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
