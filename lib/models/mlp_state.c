/* Sizes and memory of a training run. */
#include "models/mlp_state.h"

#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "num/blas.h"

enum {
    TASK_FLOATS = 8192, /* 32 KB: the gradient of a piece of weights stays in the first cache */
    MIN_TASK_ROWS = 8,  /* a full tile of the kernels */
    LINE_FLOATS = 16,
};

/* Rows of w in a piece: as few pieces as memory near the processor allows, as even as can be. */
static size_t piece_rows(size_t rows, size_t o)
{
    const size_t most = TASK_FLOATS / o < MIN_TASK_ROWS ? MIN_TASK_ROWS : TASK_FLOATS / o;
    const size_t pieces = (rows + most - 1) / most;
    return (rows + pieces - 1) / pieces;
}

static size_t pieces_of(size_t rows, size_t piece)
{
    return (rows + piece - 1) / piece;
}

/* ---- rows ---- */

static bool is_zero(const float *vector, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        if (vector[i] != 0.0f) { /* NaN too */
            return false;
        }
    }
    return true;
}

/* Copies the entries that can have an effect. Zero vectors of a fixed table have none, and their blocks get no gradient
 * from them. */
static tml_status copy_rows(tmli_trainer *trainer, const tmli_rows *rows, tml_error *err)
{
    const tmli_table table = trainer->mlp->embedding;
    trainer->entries = tmli_alloc(rows->offsets[rows->n] - rows->offsets[0], sizeof(tmli_entry));
    trainer->offsets = tmli_alloc(rows->n + 1, sizeof(size_t));
    if (trainer->entries == NULL || trainer->offsets == NULL) {
        return tmli_fail_memory(err, "the training rows");
    }
    size_t at = 0;
    for (size_t i = 0; i < rows->n; i++) {
        trainer->offsets[i] = at;
        for (size_t e = rows->offsets[i]; e < rows->offsets[i + 1]; e++) {
            const tmli_entry entry = rows->entries[e];
            if (trainer->options->train_table ||
                !is_zero(table.data + entry.row * table.width, table.width)) {
                trainer->entries[at++] = entry;
            }
        }
    }
    trainer->offsets[rows->n] = at;
    trainer->rows = (tmli_rows){trainer->entries, trainer->offsets, rows->n};
    return TML_OK;
}

/* Entries of the `max_rows` longest rows: no batch of any order has more. Rows have B entries at most. */
static tml_status most_entries(const tmli_trainer *trainer, size_t *out, tml_error *err)
{
    const size_t n_blocks = trainer->mlp->shape.n_blocks;
    size_t *const rows_of_length = tmli_calloc(n_blocks + 1, sizeof *rows_of_length);
    if (rows_of_length == NULL) {
        return tmli_fail_memory(err, "the lengths of rows");
    }
    for (size_t i = 0; i < trainer->rows.n; i++) {
        rows_of_length[trainer->offsets[i + 1] - trainer->offsets[i]]++;
    }
    size_t total = 0;
    size_t left = trainer->max_rows;
    for (size_t length = n_blocks; length > 0 && left > 0; length--) {
        const size_t taken = rows_of_length[length] < left ? rows_of_length[length] : left;
        total += taken * length;
        left -= taken;
    }
    tmli_free(rows_of_length);
    *out = total;
    return TML_OK;
}

/* ---- layers ---- */

static size_t whole_lines(size_t n_floats)
{
    return (n_floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

/* Takes n floats from the slab; with no slab yet, only counts. */
static float *take(float *memory, size_t *used, size_t n)
{
    float *const at = memory != NULL ? memory + *used : NULL;
    *used += whole_lines(n);
    return at;
}

/* Lays out the buffers of all layers and returns the floats that they need. */
static size_t place_buffers(tmli_trainer *trainer, float *memory)
{
    const bool drops = trainer->options->dropout > 0.0f;
    size_t used = 0;
    for (size_t l = 0; l < trainer->n_layers; l++) {
        tmli_train_layer *const layer = &trainer->layers[l];
        const size_t outputs = trainer->max_rows * layer->o;
        const bool masked = drops && l + 1 < trainer->n_layers;
        layer->out = take(memory, &used, outputs);
        layer->fed = masked ? take(memory, &used, outputs) : layer->out;
        layer->mask = masked ? take(memory, &used, outputs) : NULL;
        layer->grad = take(memory, &used, outputs);
        layer->w_t = l > 0 ? take(memory, &used, layer->d * layer->o) : NULL;
    }
    return used;
}

static tml_status init_layers(tmli_trainer *trainer, tml_error *err)
{
    tmli_mlp *const mlp = trainer->mlp;
    size_t widest = 0;
    for (size_t l = 0; l < trainer->n_layers; l++) {
        tmli_train_layer *const layer = &trainer->layers[l];
        layer->d = tmli_mlp_inputs(&mlp->shape, l);
        layer->o = mlp->shape.sizes[l];
        layer->w = mlp->slab + (mlp->weights[l] - mlp->slab);
        layer->b = mlp->slab + (mlp->biases[l] - mlp->slab);
        layer->piece_rows = piece_rows(l == 0 ? mlp->shape.width : layer->d, layer->o);
        layer->uses_blas = l > 0 && tmli_blas_is_better(trainer->max_rows, layer->d, layer->o);
        trainer->any_blas = trainer->any_blas || layer->uses_blas;
        widest = layer->o > widest ? layer->o : widest;
        const size_t rows = l == 0 ? mlp->shape.n_blocks : 1;
        tml_status status = tmli_optim_state_init(&layer->w_state, &trainer->options->optim, rows,
                                                  layer->d / rows * layer->o, err);
        if (status == TML_OK) {
            status =
                tmli_optim_state_init(&layer->b_state, &trainer->options->optim, 1, layer->o, err);
        }
        if (status != TML_OK) {
            return status;
        }
    }
    size_t largest = 0; /* bounds every product that place_buffers forms */
    if (!tmli_mul_size(trainer->max_rows, widest, &largest) ||
        !tmli_mul_size(largest, (size_t)8 * TMLI_MLP_MAX_LAYERS * sizeof(float), &largest)) {
        return tmli_fail(err, TML_ELIMIT, "a batch of %zu rows does not fit in memory",
                         trainer->max_rows);
    }
    trainer->memory = tmli_alloc_lines(place_buffers(trainer, NULL), sizeof(float));
    if (trainer->memory == NULL) {
        return tmli_fail_memory(err, "the outputs of a batch");
    }
    (void)place_buffers(trainer, trainer->memory);
    return TML_OK;
}

static tml_status init_tasks(tmli_trainer *trainer, tml_error *err)
{
    const tmli_mlp_shape *const shape = &trainer->mlp->shape;
    size_t n = 0;
    size_t floats = 0;
    for (size_t l = 0; l < trainer->n_layers; l++) {
        const tmli_train_layer *const layer = &trainer->layers[l];
        const size_t n_blocks = l == 0 ? shape->n_blocks : 1;
        n += n_blocks * pieces_of(layer->d / n_blocks, layer->piece_rows);
        floats = layer->piece_rows * layer->o > floats ? layer->piece_rows * layer->o : floats;
    }
    if (trainer->options->train_table && shape->width * shape->sizes[0] > floats) {
        floats = shape->width * shape->sizes[0]; /* a block's weights, transposed */
    }
    trainer->lane_floats = whole_lines(floats);
    trainer->tasks = tmli_alloc(n, sizeof *trainer->tasks);
    trainer->lanes = tmli_alloc_lines(trainer->n_lanes * trainer->lane_floats, sizeof(float));
    if (trainer->tasks == NULL || trainer->lanes == NULL) {
        return tmli_fail_memory(err, "the gradients of a batch");
    }
    return TML_OK;
}

/* ---- the table ---- */

static tml_status init_table(tmli_trainer *trainer, float *data, tml_error *err)
{
    tmli_table_train *const table = &trainer->table;
    const tmli_table embedding = trainer->mlp->embedding;
    const size_t max_entries = trainer->groups.max_entries;
    size_t floats = 0;
    table->data = data;
    const tml_status status = tmli_optim_state_init(&table->state, &trainer->options->optim,
                                                    embedding.n, embedding.width, err);
    if (status != TML_OK) {
        return status;
    }
    if (!tmli_mul_size(max_entries, embedding.width, &floats)) {
        return tmli_fail(err, TML_ELIMIT, "a batch of %zu entries does not fit in memory",
                         max_entries);
    }
    table->dx = tmli_alloc_lines(floats, sizeof *table->dx);
    table->slots = tmli_calloc(embedding.n, sizeof *table->slots);
    table->rows = tmli_alloc(max_entries, sizeof *table->rows);
    table->starts = tmli_calloc(max_entries + 2, sizeof *table->starts);
    table->entries = tmli_alloc(max_entries, sizeof *table->entries);
    if (table->dx == NULL || table->slots == NULL || table->rows == NULL || table->starts == NULL ||
        table->entries == NULL) {
        return tmli_fail_memory(err, "the gradients of the embedding");
    }
    return TML_OK;
}

/* ---- the best weights ---- */

static tml_status init_best(tmli_trainer *trainer, tml_error *err)
{
    const tmli_mlp *const mlp = trainer->mlp;
    trainer->best = tmli_alloc_lines(trainer->slab_floats, sizeof(float));
    if (trainer->options->train_table) {
        trainer->best_table =
            tmli_alloc_lines(mlp->embedding.n * mlp->embedding.width, sizeof(float));
    }
    if (trainer->best == NULL || (trainer->options->train_table && trainer->best_table == NULL)) {
        return tmli_fail_memory(err, "the copy of the best weights");
    }
    return TML_OK;
}

static void copy_floats(float *to, const float *from, size_t n)
{
    memcpy(to, from, n * sizeof *to);
}

void tmli_trainer_save_best(tmli_trainer *trainer)
{
    const tmli_table table = trainer->mlp->embedding;
    copy_floats(trainer->best, trainer->mlp->slab, trainer->slab_floats);
    if (trainer->best_table != NULL) {
        copy_floats(trainer->best_table, trainer->table.data, table.n * table.width);
    }
}

void tmli_trainer_restore_best(tmli_trainer *trainer)
{
    const tmli_table table = trainer->mlp->embedding;
    copy_floats(trainer->mlp->slab, trainer->best, trainer->slab_floats);
    if (trainer->best_table != NULL) {
        copy_floats(trainer->table.data, trainer->best_table, table.n * table.width);
    }
}

/* ---- life ---- */

static tml_status init_rows(tmli_trainer *trainer, const tmli_rows *rows, tml_error *err)
{
    size_t max_entries = 0;
    tml_status status = copy_rows(trainer, rows, err);
    if (status == TML_OK) {
        status = most_entries(trainer, &max_entries, err);
    }
    if (status == TML_OK) {
        status = tmli_groups_init(&trainer->groups, trainer->mlp->shape.n_blocks, max_entries, err);
    }
    if (status != TML_OK) {
        return status;
    }
    trainer->order = tmli_alloc(rows->n, sizeof *trainer->order);
    trainer->losses = tmli_alloc(trainer->max_rows, sizeof *trainer->losses);
    trainer->hits = tmli_alloc(trainer->max_rows, sizeof *trainer->hits);
    trainer->ones = tmli_alloc(trainer->max_rows, sizeof *trainer->ones);
    if (trainer->order == NULL || trainer->losses == NULL || trainer->hits == NULL ||
        trainer->ones == NULL) {
        return tmli_fail_memory(err, "the order of rows");
    }
    for (size_t i = 0; i < trainer->max_rows; i++) {
        trainer->ones[i] = 1.0f;
    }
    return TML_OK;
}

tml_status tmli_trainer_init(tmli_trainer *trainer, tmli_mlp *mlp, float *table,
                             const tmli_examples *train, const tmli_mlp_train_options *options,
                             tmli_pool *pool, bool keeps_best, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_mlp_shape *const shape = &mlp->shape;
    const size_t last = shape->n_layers - 1;
    *trainer = (tmli_trainer){
        .mlp = mlp,
        .options = options,
        .examples = train,
        .pool = pool,
        .n_lanes = tmli_pool_threads(pool),
        .n_layers = shape->n_layers,
        .max_rows = options->batch_size < train->rows.n ? options->batch_size : train->rows.n,
        .slab_floats = (size_t)(mlp->biases[last] - mlp->slab) + shape->sizes[last],
    };
    TMLI_TRY(init_rows(trainer, &train->rows, err));
    TMLI_TRY(init_layers(trainer, err));
    TMLI_TRY(init_tasks(trainer, err));
    if (options->train_table) {
        TMLI_TRY(init_table(trainer, table, err));
    }
    if (keeps_best) {
        TMLI_TRY(init_best(trainer, err));
    }
cleanup:
    return status;
}

static void free_layers(tmli_trainer *trainer)
{
    for (size_t l = 0; l < trainer->n_layers; l++) {
        tmli_optim_state_deinit(&trainer->layers[l].w_state);
        tmli_optim_state_deinit(&trainer->layers[l].b_state);
    }
    tmli_free_lines(trainer->memory);
}

static void free_table(tmli_table_train *table)
{
    tmli_optim_state_deinit(&table->state);
    tmli_free_lines(table->dx);
    tmli_free(table->slots);
    tmli_free(table->rows);
    tmli_free(table->starts);
    tmli_free(table->entries);
}

void tmli_trainer_deinit(tmli_trainer *trainer)
{
    free_layers(trainer);
    free_table(&trainer->table);
    for (size_t i = 0; i < trainer->n_lanes && trainer->scratches != NULL; i++) {
        tmli_mlp_scratch_deinit(&trainer->scratches[i]);
    }
    tmli_free(trainer->scratches);
    tmli_free(trainer->entries);
    tmli_free(trainer->offsets);
    tmli_groups_deinit(&trainer->groups);
    tmli_free(trainer->tasks);
    tmli_free(trainer->order);
    tmli_free(trainer->losses);
    tmli_free(trainer->hits);
    tmli_free(trainer->ones);
    tmli_free_lines(trainer->lanes);
    tmli_free_lines(trainer->best);
    tmli_free_lines(trainer->best_table);
    *trainer = (tmli_trainer){0};
}
