/* One batch: forward and backward by chunks of rows, then the weights by blocks. Every sum runs within one thread and
 * in an order that the batch alone determines. */
#include "models/mlp_step.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/rng.h"
#include "models/mlp_loss.h"
#include "num/blas.h"
#include "num/kernels.h"

enum {
    WORK_FOR_POOL =
        200000, /* multiply-adds, about 5 µs: less is done before another thread has woken */
    ROWS_FOR_BLAS = 64, /* rows of a product by BLAS, whose bits depend on their number: fixed */
    TILE_ROWS = 8,      /* chunks of whole tiles keep the kernels busy */
    TABLE_ROWS = 32,    /* table rows stepped as one task */
    UPDATE_WORK = 8     /* an optimizer's step of one number in multiply-adds */
};

typedef struct step_run {
    tmli_trainer *trainer;
    const tmli_batch *batch;
    const tmli_kernels *kernels;
    size_t chunk_rows;
} step_run;

/* ---- lanes ---- */

typedef struct lane_run {
    tmli_lane_fn step;
    void *ctx;
    size_t n;
    atomic_size_t next;
} lane_run;

static void run_lane(void *ctx, size_t lane)
{
    lane_run *const run = ctx;
    for (size_t i = atomic_fetch_add(&run->next, 1); i < run->n;
         i = atomic_fetch_add(&run->next, 1)) {
        run->step(run->ctx, i, lane);
    }
}

void tmli_run_lanes(tmli_trainer *trainer, size_t n, size_t work, tmli_lane_fn step, void *ctx)
{
    if (trainer->n_lanes == 1 || n < 2 || work < WORK_FOR_POOL) {
        for (size_t i = 0; i < n; i++) {
            step(ctx, i, 0);
        }
        return;
    }
    lane_run run = {.step = step, .ctx = ctx, .n = n};
    atomic_init(&run.next, 0);
    tmli_pool_run(trainer->pool, trainer->n_lanes, run_lane, &run);
}

static float *lane_memory(const tmli_trainer *trainer, size_t lane)
{
    return trainer->lanes + lane * trainer->lane_floats;
}

/* ---- missed steps ---- */

static float *block_weights(const tmli_train_layer *layer, size_t block)
{
    return layer->w + block * layer->w_state.width;
}

static void catch_up_block(void *ctx, size_t block, size_t lane)
{
    tmli_trainer *const trainer = ctx;
    tmli_train_layer *const layer = &trainer->layers[0];
    (void)lane;
    if (trainer->groups.starts[block] < trainer->groups.starts[block + 1]) {
        tmli_optim_catch_up(&trainer->options->optim, &layer->w_state, block, trainer->step,
                            block_weights(layer, block));
    }
}

static void catch_up_table_rows(void *ctx, size_t piece, size_t lane)
{
    tmli_trainer *const trainer = ctx;
    tmli_table_train *const table = &trainer->table;
    const size_t width = table->state.width;
    const size_t first = piece * TABLE_ROWS;
    const size_t end = first + TABLE_ROWS < table->n_rows ? first + TABLE_ROWS : table->n_rows;
    (void)lane;
    for (size_t i = first; i < end; i++) {
        tmli_optim_catch_up(&trainer->options->optim, &table->state, table->rows[i], trainer->step,
                            table->data + table->rows[i] * width);
    }
}

static size_t table_pieces(const tmli_table_train *table)
{
    return (table->n_rows + TABLE_ROWS - 1) / TABLE_ROWS;
}

static void catch_up(tmli_trainer *trainer)
{
    const tmli_train_layer *const layer = &trainer->layers[0];
    const size_t width = trainer->mlp->shape.width;
    const size_t n_blocks = trainer->mlp->shape.n_blocks;
    size_t work = 0;
    for (size_t b = 0; b < n_blocks; b++) {
        if (trainer->groups.starts[b] < trainer->groups.starts[b + 1]) {
            work += (trainer->step - layer->w_state.steps[b]) * layer->w_state.width;
        }
    }
    if (work > 0) {
        tmli_run_lanes(trainer, n_blocks, work, catch_up_block, trainer);
    }
    work = 0;
    for (size_t i = 0; i < trainer->table.n_rows; i++) {
        work += (trainer->step - trainer->table.state.steps[trainer->table.rows[i]]) * width;
    }
    if (work > 0) {
        tmli_run_lanes(trainer, table_pieces(&trainer->table), work, catch_up_table_rows, trainer);
    }
}

/* Groups the batch's entries by table row: a stable counting sort over the rows that occur. */
static void group_table(tmli_trainer *trainer)
{
    tmli_table_train *const table = &trainer->table;
    const tmli_groups *const groups = &trainer->groups;
    const size_t n_entries = groups->starts[groups->n_blocks];
    table->n_rows = 0;
    memset(table->starts, 0, (n_entries + 2) * sizeof *table->starts);
    for (size_t e = 0; e < n_entries; e++) {
        const uint32_t row = groups->table_rows[e];
        if (table->slots[row] == 0) {
            table->rows[table->n_rows++] = row;
            table->slots[row] = (uint32_t)table->n_rows;
        }
        table->starts[table->slots[row] + 1]++;
    }
    for (size_t i = 2; i <= table->n_rows; i++) {
        table->starts[i] += table->starts[i - 1];
    }
    for (size_t e = 0; e < n_entries; e++) {
        table->entries[table->starts[table->slots[groups->table_rows[e]]]++] = (uint32_t)e;
    }
    for (size_t i = 0; i < table->n_rows; i++) {
        table->slots[table->rows[i]] = 0; /* ready for the next batch */
    }
}

/* ---- forward, for rows first..first+n-1 of the batch ---- */

static void fill_bias(const tmli_train_layer *layer, size_t first, size_t n)
{
    tmli_fill_rows(layer->out + first * layer->o, layer->b, n, layer->o);
}

/* The first entry from `at` on, before `end`, whose row is not below `row`. */
static size_t entry_of_row(const tmli_groups *groups, size_t at, size_t end, size_t row)
{
    while (at < end) {
        const size_t middle = at + (end - at) / 2;
        if (groups->rows[middle] < row) {
            at = middle + 1;
        } else {
            end = middle;
        }
    }
    return at;
}

static void forward_first(const step_run *run, size_t first, size_t n)
{
    const tmli_trainer *const trainer = run->trainer;
    const tmli_train_layer *const layer = &trainer->layers[0];
    const tmli_groups *const groups = &trainer->groups;
    const size_t width = trainer->mlp->shape.width;
    fill_bias(layer, first, n);
    for (size_t b = 0; b < groups->n_blocks; b++) {
        size_t start = groups->starts[b];
        size_t end = groups->starts[b + 1];
        if (n < run->batch->n) {
            start = entry_of_row(groups, start, end, first);
            end = entry_of_row(groups, start, end, first + n);
        }
        if (start < end) {
            run->kernels->gather_affine(layer->out, groups->rows + start,
                                        trainer->mlp->embedding.data, groups->table_rows + start,
                                        width, end - start, layer->w + b * width * layer->o, width,
                                        layer->o);
        }
    }
}

static void forward_dense(const step_run *run, size_t l, size_t first, size_t n)
{
    const tmli_train_layer *const layer = &run->trainer->layers[l];
    const float *const x = run->trainer->layers[l - 1].fed + first * layer->d;
    float *const out = layer->out + first * layer->o;
    fill_bias(layer, first, n);
    if (layer->uses_blas) {
        tmli_blas_affine(out, x, layer->w, n, layer->d, layer->o);
    } else {
        run->kernels->gather_affine(out, NULL, x, NULL, layer->d, n, layer->w, layer->d, layer->o);
    }
}

/* fed = out · mask; a mask depends on seed, epoch, row and layer alone. */
static void drop_outputs(const step_run *run, size_t l, size_t first, size_t n)
{
    const tmli_trainer *const trainer = run->trainer;
    const tmli_train_layer *const layer = &trainer->layers[l];
    const float dropout = trainer->options->dropout;
    const float scale = 1.0f / (1.0f - dropout);
    for (size_t i = first; i < first + n; i++) {
        /* Beyond 2^32 streams they repeat, as far apart as can be. */
        const uint32_t sub = (uint32_t)(run->batch->ids[i] * trainer->n_layers + l);
        tmli_rng rng =
            tmli_rng_at(trainer->options->seed, TMLI_RNG_DROPOUT, (uint32_t)run->batch->epoch, sub);
        for (size_t c = i * layer->o; c < (i + 1) * layer->o; c++) {
            layer->mask[c] = tmli_rng_uniform(&rng) < dropout ? 0.0f : scale;
            layer->fed[c] = layer->out[c] * layer->mask[c];
        }
    }
}

static void forward(const step_run *run, size_t first, size_t n)
{
    const tmli_trainer *const trainer = run->trainer;
    for (size_t l = 0; l < trainer->n_layers; l++) {
        const tmli_train_layer *const layer = &trainer->layers[l];
        if (l == 0) {
            forward_first(run, first, n);
        } else {
            forward_dense(run, l, first, n);
        }
        if (l + 1 < trainer->n_layers) {
            tmli_activate(trainer->mlp->shape.activation, layer->out + first * layer->o,
                          n * layer->o);
        }
        if (layer->mask != NULL) {
            drop_outputs(run, l, first, n);
        }
    }
}

/* ---- loss and backward ---- */

static double weight_of(const tmli_trainer *trainer, uint32_t id, uint32_t label)
{
    const float *const weights = trainer->examples->weights;
    const float *const class_weights = trainer->options->class_weights;
    const double weight = weights != NULL ? (double)weights[id] : 1.0;
    return class_weights != NULL ? weight * (double)class_weights[label] : weight;
}

/* Losses of the rows, and their gradients in the last layer's grad. */
static void lose(const step_run *run, size_t first, size_t n)
{
    tmli_trainer *const trainer = run->trainer;
    const tmli_train_layer *const last = &trainer->layers[trainer->n_layers - 1];
    const tmli_examples *const examples = trainer->examples;
    const tmli_output output = trainer->mlp->shape.output;
    const size_t k = last->o;
    memcpy(last->grad + first * k, last->out + first * k, n * k * sizeof(float));
    tmli_mlp_output(&trainer->mlp->shape, last->grad + first * k, n);
    for (size_t i = first; i < first + n; i++) {
        const uint32_t id = run->batch->ids[i];
        const tmli_wanted wanted = {
            .label = examples->labels != NULL ? examples->labels[id] : 0,
            .targets = examples->targets != NULL ? examples->targets + id * k : NULL,
        };
        const double weight = weight_of(trainer, id, wanted.label);
        const tmli_row_loss row =
            tmli_loss_of_row(output, last->out + i * k, last->grad + i * k, k, &wanted);
        trainer->losses[i] = weight * row.loss;
        trainer->hits[i] = row.hits;
        tmli_loss_gradient(output, last->grad + i * k, k, &wanted,
                           (float)(weight / (double)run->batch->n));
    }
}

/* The gradient of layer l - 1 from that of layer l. */
static void backward_dense(const step_run *run, size_t l, size_t first, size_t n)
{
    const tmli_train_layer *const layer = &run->trainer->layers[l];
    const tmli_train_layer *const below = &run->trainer->layers[l - 1];
    const float *const dz = layer->grad + first * layer->o;
    float *const dx = below->grad + first * layer->d;
    const size_t items = n * layer->d;
    if (layer->uses_blas) {
        tmli_blas_back(dx, dz, layer->w, n, layer->d, layer->o);
    } else {
        memset(dx, 0, items * sizeof *dx);
        run->kernels->gather_affine(dx, NULL, dz, NULL, layer->o, n, layer->w_t, layer->o,
                                    layer->d);
    }
    if (below->mask != NULL) {
        const float *const mask = below->mask + first * layer->d;
        for (size_t i = 0; i < items; i++) {
            dx[i] *= mask[i];
        }
    }
    tmli_activate_back(run->trainer->mlp->shape.activation, dx, below->out + first * layer->d,
                       items);
}

static void pass_chunk(void *ctx, size_t chunk, size_t lane)
{
    const step_run *const run = ctx;
    const size_t first = chunk * run->chunk_rows;
    const size_t left = run->batch->n - first;
    const size_t n = left < run->chunk_rows ? left : run->chunk_rows;
    (void)lane;
    forward(run, first, n);
    lose(run, first, n);
    for (size_t l = run->trainer->n_layers - 1; l > 0; l--) {
        backward_dense(run, l, first, n);
    }
}

/* Multiply-adds of one pass over the batch. */
static size_t pass_work(const tmli_trainer *trainer, size_t n)
{
    const size_t n_entries = trainer->groups.starts[trainer->groups.n_blocks];
    size_t work = n_entries * trainer->mlp->shape.width * trainer->layers[0].o;
    for (size_t l = 1; l < trainer->n_layers; l++) {
        work += 2 * n * trainer->layers[l].d * trainer->layers[l].o;
    }
    return work;
}

static void pass_rows(step_run *run)
{
    tmli_trainer *const trainer = run->trainer;
    const size_t n = run->batch->n;
    const size_t work = pass_work(trainer, n);
    for (size_t l = 1; l < trainer->n_layers; l++) {
        const tmli_train_layer *const layer = &trainer->layers[l];
        if (!layer->uses_blas) {
            tmli_transpose(layer->w_t, layer->w, layer->d, layer->o);
        }
    }
    if (trainer->any_blas) {
        run->chunk_rows = ROWS_FOR_BLAS;
    } else if (trainer->n_lanes == 1 || work < WORK_FOR_POOL) {
        run->chunk_rows = n;
    } else {
        const size_t share = (n + trainer->n_lanes - 1) / trainer->n_lanes;
        run->chunk_rows = (share + TILE_ROWS - 1) / TILE_ROWS * TILE_ROWS;
    }
    tmli_run_lanes(trainer, (n + run->chunk_rows - 1) / run->chunk_rows, work, pass_chunk, run);
}

/* ---- weights ---- */

/* Adds the pieces of one block's weights. */
static void add_tasks(tmli_trainer *trainer, size_t l, size_t block, size_t n_inputs)
{
    const size_t most = trainer->layers[l].piece_rows;
    for (size_t first = 0; first < n_inputs; first += most) {
        const size_t left = n_inputs - first;
        trainer->tasks[trainer->n_tasks++] = (tmli_weight_task){
            .layer = (uint32_t)l,
            .block = (uint32_t)block,
            .first = first,
            .n = left < most ? left : most,
        };
    }
}

static void list_tasks(tmli_trainer *trainer)
{
    const tmli_groups *const groups = &trainer->groups;
    trainer->n_tasks = 0;
    for (size_t b = 0; b < groups->n_blocks; b++) {
        if (groups->starts[b] < groups->starts[b + 1]) {
            add_tasks(trainer, 0, b, trainer->mlp->shape.width);
        }
    }
    for (size_t l = 1; l < trainer->n_layers; l++) {
        add_tasks(trainer, l, 0, trainer->layers[l].d);
    }
}

/* dw [task.n, O] of one piece. */
static void sum_gradient(const step_run *run, const tmli_weight_task *task, float *dw)
{
    const tmli_trainer *const trainer = run->trainer;
    const tmli_train_layer *const layer = &trainer->layers[task->layer];
    const size_t n = run->batch->n;
    if (task->layer == 0) {
        const tmli_groups *const groups = &trainer->groups;
        const size_t start = groups->starts[task->block];
        run->kernels->gather_outer(dw, trainer->mlp->embedding.data + task->first,
                                   groups->table_rows + start, trainer->mlp->shape.width,
                                   layer->grad, groups->rows + start,
                                   groups->starts[task->block + 1] - start, task->n, layer->o);
        return;
    }
    const float *const x = trainer->layers[task->layer - 1].fed + task->first;
    if (layer->uses_blas) {
        tmli_blas_outer(dw, x, layer->d, layer->grad, n, task->n, layer->o);
    } else {
        run->kernels->gather_outer(dw, x, NULL, layer->d, layer->grad, NULL, n, task->n, layer->o);
    }
}

static void step_weights(void *ctx, size_t i, size_t lane)
{
    const step_run *const run = ctx;
    const tmli_trainer *const trainer = run->trainer;
    const tmli_weight_task *const task = &trainer->tasks[i];
    const tmli_train_layer *const layer = &trainer->layers[task->layer];
    const size_t first = task->first * layer->o;
    float *const dw = lane_memory(trainer, lane);
    sum_gradient(run, task, dw);
    tmli_optim_apply(&trainer->options->optim, &layer->w_state, task->block, first,
                     task->n * layer->o, trainer->step, block_weights(layer, task->block) + first,
                     dw);
}

/* All pieces have made the step. */
static void note_step(tmli_trainer *trainer)
{
    const tmli_groups *const groups = &trainer->groups;
    for (size_t b = 0; b < groups->n_blocks; b++) {
        if (groups->starts[b] < groups->starts[b + 1]) {
            tmli_optim_stepped(&trainer->layers[0].w_state, b, trainer->step);
        }
    }
    for (size_t l = 0; l < trainer->n_layers; l++) {
        if (l > 0) {
            tmli_optim_stepped(&trainer->layers[l].w_state, 0, trainer->step);
        }
        tmli_optim_stepped(&trainer->layers[l].b_state, 0, trainer->step);
    }
}

/* db = Σ dz is the gradient of the weights of an input that always is 1. */
static void step_biases(const step_run *run)
{
    tmli_trainer *const trainer = run->trainer;
    float *const db = lane_memory(trainer, 0);
    for (size_t l = 0; l < trainer->n_layers; l++) {
        tmli_train_layer *const layer = &trainer->layers[l];
        run->kernels->gather_outer(db, trainer->ones, NULL, 1, layer->grad, NULL, run->batch->n, 1,
                                   layer->o);
        tmli_optim_apply(&trainer->options->optim, &layer->b_state, 0, 0, layer->o, trainer->step,
                         layer->b, db);
    }
}

/* ---- the table ---- */

/* dx = dz · W_bᵀ for the entries of one block, with the weights before their step. */
static void back_to_entries(void *ctx, size_t block, size_t lane)
{
    const step_run *const run = ctx;
    tmli_trainer *const trainer = run->trainer;
    const tmli_train_layer *const layer = &trainer->layers[0];
    const tmli_groups *const groups = &trainer->groups;
    const size_t width = trainer->mlp->shape.width;
    const size_t start = groups->starts[block];
    const size_t n = groups->starts[block + 1] - start;
    if (n == 0) {
        return;
    }
    float *const w_t = lane_memory(trainer, lane);
    float *const dx = trainer->table.dx + start * width;
    tmli_transpose(w_t, layer->w + block * width * layer->o, width, layer->o);
    memset(dx, 0, n * width * sizeof *dx);
    run->kernels->gather_affine(dx, NULL, layer->grad, groups->rows + start, layer->o, n, w_t,
                                layer->o, width);
}

static void step_table_rows(void *ctx, size_t piece, size_t lane)
{
    const step_run *const run = ctx;
    tmli_trainer *const trainer = run->trainer;
    tmli_table_train *const table = &trainer->table;
    const size_t width = table->state.width;
    const size_t first = piece * TABLE_ROWS;
    const size_t end = first + TABLE_ROWS < table->n_rows ? first + TABLE_ROWS : table->n_rows;
    (void)lane;
    for (size_t i = first; i < end; i++) {
        const size_t row = table->rows[i];
        const size_t start = table->starts[i];
        float *const sum = table->dx + table->entries[start] * width;
        for (size_t e = start + 1; e < table->starts[i + 1]; e++) {
            const float *const dx = table->dx + table->entries[e] * width;
            for (size_t c = 0; c < width; c++) {
                sum[c] += dx[c];
            }
        }
        tmli_optim_apply(&trainer->options->optim, &table->state, row, 0, width, trainer->step,
                         table->data + row * width, sum);
        tmli_optim_stepped(&table->state, row, trainer->step);
    }
}

/* ---- the step ---- */

static void step_parameters(step_run *run)
{
    tmli_trainer *const trainer = run->trainer;
    const tmli_mlp_shape *const shape = &trainer->mlp->shape;
    const size_t n_entries = trainer->groups.starts[shape->n_blocks];
    const size_t work = pass_work(trainer, run->batch->n);
    const bool trains_table = trainer->table.data != NULL;
    if (trains_table) {
        tmli_run_lanes(trainer, shape->n_blocks, work, back_to_entries, run);
    }
    trainer->step++;
    list_tasks(trainer);
    tmli_run_lanes(trainer, trainer->n_tasks, work, step_weights, run);
    step_biases(run);
    note_step(trainer);
    if (trains_table) {
        tmli_run_lanes(trainer, table_pieces(&trainer->table),
                       n_entries * shape->width * UPDATE_WORK, step_table_rows, run);
    }
}

bool tmli_train_step(tmli_trainer *trainer, const tmli_batch *batch, double *loss, double *hits)
{
    step_run run = {.trainer = trainer, .batch = batch, .kernels = tmli_kernels_best()};
    double batch_loss = 0;
    assert(batch->n >= 1 && batch->n <= trainer->max_rows);
    tmli_groups_fill(&trainer->groups, &trainer->rows, batch->ids, batch->n,
                     trainer->mlp->embedding.n);
    if (trainer->table.data != NULL) {
        group_table(trainer);
    }
    catch_up(trainer);
    pass_rows(&run);
    for (size_t i = 0; i < batch->n; i++) {
        batch_loss += trainer->losses[i];
        *hits += (double)trainer->hits[i];
    }
    if (!isfinite(batch_loss)) {
        return false;
    }
    *loss += batch_loss;
    step_parameters(&run);
    return true;
}

/* ---- settling ---- */

static void settle_block(void *ctx, size_t block, size_t lane)
{
    tmli_trainer *const trainer = ctx;
    tmli_train_layer *const layer = &trainer->layers[0];
    (void)lane;
    tmli_optim_catch_up(&trainer->options->optim, &layer->w_state, block, trainer->step,
                        block_weights(layer, block));
}

static void settle_table_rows(void *ctx, size_t piece, size_t lane)
{
    tmli_trainer *const trainer = ctx;
    tmli_table_train *const table = &trainer->table;
    const size_t first = piece * TABLE_ROWS;
    const size_t left = table->state.n_rows - first;
    const size_t end = left < TABLE_ROWS ? table->state.n_rows : first + TABLE_ROWS;
    (void)lane;
    for (size_t row = first; row < end; row++) {
        tmli_optim_catch_up(&trainer->options->optim, &table->state, row, trainer->step,
                            table->data + row * table->state.width);
    }
}

void tmli_train_settle(tmli_trainer *trainer)
{
    if (!tmli_optim_drifts(&trainer->options->optim)) {
        return;
    }
    const size_t all = WORK_FOR_POOL; /* much or nothing: the pool is worth it once an epoch */
    tmli_run_lanes(trainer, trainer->mlp->shape.n_blocks, all, settle_block, trainer);
    if (trainer->table.data != NULL) {
        const size_t pieces = (trainer->table.state.n_rows + TABLE_ROWS - 1) / TABLE_ROWS;
        tmli_run_lanes(trainer, pieces, all, settle_table_rows, trainer);
    }
}
