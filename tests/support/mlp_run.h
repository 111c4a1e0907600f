/* support/mlp_run.h: small training runs for the tests of models/mlp_train.h: rows, options, and what was reported. */
#ifndef SUPPORT_MLP_RUN_H
#define SUPPORT_MLP_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "models/mlp_train.h"

enum {
    BLOCKS = 12,
    WIDTH = 40,
    TABLE_ROWS = 60,
    TABLE_FLOATS = TABLE_ROWS * WIDTH,
    MOST_ROWS = 400,
    MOST_EPOCHS = 64
};

/* Rows of words whose number decides the class; the table, which a run may train; what the run reported. */
typedef struct data {
    float table[TABLE_FLOATS];
    tmli_entry entries[MOST_ROWS * BLOCKS];
    size_t offsets[MOST_ROWS + 1];
    uint32_t labels[MOST_ROWS];
    float weights[MOST_ROWS];
    tmli_examples examples;
} data;

typedef struct run {
    tmli_mlp mlp;
    tmli_mlp_train_options options;
    tml_epoch epochs[MOST_EPOCHS];
    size_t n_epochs;
    atomic_bool stop;
    size_t stop_after; /* batches; 0: never */
    size_t n_batches;
    tmli_fit_summary summary;
    tml_error err;
} run;

static inline void draw(data *d, size_t n)
{
    tmli_rng rng = tmli_rng_at(31, TMLI_RNG_INIT, 0, 0);
    size_t at = 0;
    for (size_t i = 0; i < TABLE_FLOATS; i++) {
        d->table[i] = 2.0f * tmli_rng_uniform(&rng) - 1.0f;
    }
    for (size_t i = 0; i < n; i++) {
        d->offsets[i] = at;
        d->labels[i] = (uint32_t)(i % 3);
        d->weights[i] = 1.0f;
        for (uint32_t b = 0; b < BLOCKS;
             b++) { /* blocks at the end are common, at the start rare */
            const uint32_t word = tmli_rng_below(&rng, TABLE_ROWS / 3) * 3 + (uint32_t)(i % 3);
            if (tmli_rng_below(&rng, BLOCKS) <= b) {
                d->entries[at++] = (tmli_entry){b, word};
            }
        }
    }
    d->offsets[n] = at;
    d->examples = (tmli_examples){.rows = {d->entries, d->offsets, n}, .labels = d->labels};
}

static inline void on_epoch(void *ctx, const tml_epoch *epoch)
{
    run *const r = ctx;
    assert_true(r->n_epochs < MOST_EPOCHS);
    r->epochs[r->n_epochs++] = *epoch;
    assert_int_equal(epoch->epoch, r->n_epochs);
}

static inline void on_progress(void *ctx, const tml_progress *progress)
{
    run *const r = ctx;
    assert_true(progress->rows_done <= progress->rows && progress->epoch <= progress->epochs);
    if (++r->n_batches == r->stop_after) {
        atomic_store(&r->stop, true);
    }
}

static const tmli_mlp_shape small = {
    .n_blocks = BLOCKS, .width = WIDTH, .sizes = {16, 8, 3}, .n_layers = 3};

static inline void init_run(run *r, const tmli_mlp_shape *shape, data *d)
{
    memset(r, 0, sizeof *r);
    r->options = (tmli_mlp_train_options){
        .epochs = 3,
        .batch_size = 32,
        .optim = tmli_optim_defaults(TMLI_RMSPROP),
        .seed = 9,
        .stop = &r->stop,
        .on_epoch = on_epoch,
        .on_progress = on_progress,
        .ctx = r,
    };
    const tmli_table table = {d->table, TABLE_ROWS, WIDTH};
    assert_int_equal(tmli_mlp_create(shape, table, 4, &r->mlp, NULL), TML_OK);
}

static inline tml_status train(run *r, data *d, const data *validation, size_t n_threads)
{
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(n_threads, &pool, NULL), TML_OK);
    const tml_status status = tmli_mlp_train(
        &r->mlp, r->options.train_table ? d->table : NULL, &d->examples,
        validation != NULL ? &validation->examples : NULL, &r->options, pool, &r->summary, &r->err);
    tmli_pool_free(pool);
    return status;
}

#endif
