/* Networks: shape, parameters, prediction. Training is in mlp_train.c. */
#include "models/mlp.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "num/kernels.h"

enum {
    LINE_FLOATS = 16,       /* parameters of a layer begin on a cache line */
    GROUPED_ENTRIES = 8192, /* entries grouped at once: 64 KB of scratch */
    KEPT_AT_ONCE = 64,      /* kept sums that are fetched at once */
    ROWS_OF_A_BURST = 64    /* a server takes fewer at a time from short requests */
};

size_t tmli_mlp_inputs(const tmli_mlp_shape *shape, size_t layer)
{
    return layer == 0 ? shape->n_blocks * shape->width : shape->sizes[layer - 1];
}

static size_t outputs_of(const tmli_mlp_shape *shape)
{
    return shape->sizes[shape->n_layers - 1];
}

bool tmli_mlp_count(const tmli_mlp_shape *shape, size_t *n)
{
    size_t inputs = 0;
    size_t total = 0;
    if (!tmli_mul_size(shape->n_blocks, shape->width, &inputs)) {
        return false;
    }
    for (size_t l = 0; l < shape->n_layers; l++) {
        size_t weights = 0;
        if (!tmli_mul_size(inputs, shape->sizes[l], &weights) ||
            !tmli_add_size(total, weights, &total) ||
            !tmli_add_size(total, shape->sizes[l], &total)) {
            return false;
        }
        inputs = shape->sizes[l];
    }
    size_t bytes = 0;
    if (!tmli_mul_size(total, sizeof(float), &bytes)) {
        return false;
    }
    *n = total;
    return true;
}

tml_status tmli_mlp_check(const tmli_mlp_shape *shape, tmli_table table, tml_error *err)
{
    if (shape->n_layers < 1 || shape->n_layers > TMLI_MLP_MAX_LAYERS) {
        return tmli_fail(err, TML_EINVAL, "network: %zu layers, expected 1..%d", shape->n_layers,
                         (int)TMLI_MLP_MAX_LAYERS);
    }
    if (shape->n_blocks < 1 || shape->width < 1) {
        return tmli_fail(err, TML_EINVAL, "network: input of %zu blocks of %zu numbers is empty",
                         shape->n_blocks, shape->width);
    }
    for (size_t l = 0; l < shape->n_layers; l++) {
        if (shape->sizes[l] < 1) {
            return tmli_fail(err, TML_EINVAL, "network: layer %zu has no outputs", l + 1);
        }
    }
    if ((unsigned)shape->activation > TMLI_SIGMOID ||
        (unsigned)shape->output > TMLI_OUTPUT_IDENTITY) {
        return tmli_fail(err, TML_EINVAL, "network: activation %u or output %u is unknown",
                         (unsigned)shape->activation, (unsigned)shape->output);
    }
    if (table.width != shape->width) {
        return tmli_fail(err, TML_EINVAL,
                         "network: the table's vectors have %zu numbers, its blocks %zu",
                         table.width, shape->width);
    }
    return TML_OK;
}

/* Glorot & Bengio 2010: uniform in ±√(6 / (inputs + outputs)). */
static void draw_weights(float *w, size_t inputs, size_t outputs, uint64_t seed, size_t layer)
{
    tmli_rng rng = tmli_rng_at(seed, TMLI_RNG_INIT, (uint32_t)layer, 0);
    const float limit = (float)sqrt(6.0 / ((double)inputs + (double)outputs));
    for (size_t i = 0; i < inputs * outputs; i++) {
        w[i] = (2.0f * tmli_rng_uniform(&rng) - 1.0f) * limit;
    }
}

static size_t whole_lines(size_t n_floats)
{
    return (n_floats + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
}

tml_status tmli_mlp_create(const tmli_mlp_shape *shape, tmli_table table, uint64_t seed,
                           tmli_mlp *out, tml_error *err)
{
    const tml_status status = tmli_mlp_check(shape, table, err);
    if (status != TML_OK) {
        return status;
    }
    size_t count = 0;
    const size_t padding = 2 * LINE_FLOATS * (size_t)TMLI_MLP_MAX_LAYERS;
    if (!tmli_mlp_count(shape, &count) || !tmli_add_size(count, padding, &count)) {
        return tmli_fail(err, TML_ELIMIT, "network: %zu x %zu inputs do not fit in memory",
                         shape->n_blocks, shape->width);
    }
    float *const slab = tmli_alloc_lines(count, sizeof *slab);
    if (slab == NULL) {
        return tmli_fail_memory(err, "the network's weights");
    }
    memset(slab, 0, count * sizeof *slab);
    *out = (tmli_mlp){.shape = *shape, .embedding = table, .slab = slab};
    float *at = slab;
    for (size_t l = 0; l < shape->n_layers; l++) {
        const size_t inputs = tmli_mlp_inputs(shape, l);
        out->weights[l] = at;
        draw_weights(at, inputs, shape->sizes[l], seed, l);
        at += whole_lines(inputs * shape->sizes[l]);
        out->biases[l] = at;
        at += whole_lines(shape->sizes[l]);
    }
    return TML_OK;
}

void tmli_mlp_deinit(tmli_mlp *mlp)
{
    tmli_free_lines(mlp->slab);
    tmli_mlp_memo_free(mlp->memo);
    *mlp = (tmli_mlp){0};
}

tml_status tmli_mlp_keep(tmli_mlp *mlp, bool at_end, size_t n_blocks, size_t max_bytes,
                         tml_error *err)
{
    tmli_mlp_memo *memo = NULL;
    const tmli_mlp_products products = {.table = mlp->embedding.data,
                                        .n_rows = mlp->embedding.n,
                                        .width = mlp->shape.width,
                                        .weights = mlp->weights[0],
                                        .outputs = mlp->shape.sizes[0]};
    const size_t n_all = mlp->shape.n_blocks;
    const size_t n = n_blocks < n_all ? n_blocks : n_all;
    const tml_status status =
        tmli_mlp_memo_create(&products, at_end ? n_all - n : 0, n, max_bytes, &memo, err);
    if (status == TML_OK) {
        tmli_mlp_memo_free(mlp->memo);
        mlp->memo = memo;
    }
    return status;
}

void tmli_activate(tmli_activation activation, float *x, size_t n)
{
    switch (activation) {
    case TMLI_RELU: tmli_relu(x, n); return;
    case TMLI_TANH: tmli_tanh(x, n); return;
    case TMLI_SIGMOID: tmli_sigmoid(x, n); return;
    }
}

void tmli_activate_back(tmli_activation activation, float *restrict grad, const float *restrict out,
                        size_t n)
{
    switch (activation) {
    case TMLI_RELU: tmli_relu_back(grad, out, n); return;
    case TMLI_TANH: tmli_tanh_back(grad, out, n); return;
    case TMLI_SIGMOID: tmli_sigmoid_back(grad, out, n); return;
    }
}

void tmli_mlp_output(const tmli_mlp_shape *shape, float *z, size_t n)
{
    switch (shape->output) {
    case TMLI_OUTPUT_SOFTMAX: tmli_softmax_rows(z, n, outputs_of(shape)); return;
    case TMLI_OUTPUT_SIGMOID: tmli_sigmoid(z, n * outputs_of(shape)); return;
    case TMLI_OUTPUT_IDENTITY: return;
    }
}

void tmli_fill_rows(float *restrict out, const float *restrict row, size_t n, size_t o)
{
    const size_t total = n * o;
    for (size_t done = 0;
         done < total;) { /* each copy doubles what there is: few calls for narrow rows */
        const size_t left = total - done;
        const size_t ready = done > 0 ? done : o;
        const size_t items = ready < left ? ready : left;
        memcpy(out + done, done > 0 ? out : row, items * sizeof *out);
        done += items;
    }
}

/* ---- scratch ---- */

tml_status tmli_mlp_scratch_init(tmli_mlp_scratch *scratch, const tmli_mlp *mlp, size_t max_rows,
                                 tml_error *err)
{
    const tmli_mlp_shape *const shape = &mlp->shape;
    tmli_mlp_scratch made = {.max_rows = max_rows};
    if (max_rows < 1 || max_rows > UINT32_MAX) {
        return tmli_fail(err, TML_EINVAL, "network: scratch for %zu rows", max_rows);
    }
    size_t outputs = 0;
    size_t total = 0;
    for (size_t l = 0; l < shape->n_layers; l++) {
        if (!tmli_add_size(outputs, whole_lines(shape->sizes[l]), &outputs)) {
            return tmli_fail(err, TML_ELIMIT, "network: layer %zu does not fit in memory", l + 1);
        }
    }
    outputs += whole_lines(shape->sizes[0]); /* the products of entries */
    if (!tmli_mul_size(outputs, max_rows, &total)) {
        return tmli_fail(err, TML_ELIMIT, "network: %zu rows do not fit in memory", max_rows);
    }
    made.memory = tmli_alloc_lines(total, sizeof *made.memory);
    if (made.memory == NULL) {
        return tmli_fail_memory(err, "the outputs of the network's layers");
    }
    float *at = made.memory;
    for (size_t l = 0; l < shape->n_layers; l++) {
        made.layers[l] = at;
        at += whole_lines(shape->sizes[l]) * max_rows;
    }
    made.sums = at;
    made.left = tmli_alloc(max_rows, sizeof *made.left);
    const tml_status status = made.left == NULL
                                  ? tmli_fail_memory(err, "rows of a network")
                                  : tmli_groups_init(&made.groups, shape->n_blocks,
                                                     max_rows > 1 ? GROUPED_ENTRIES : 0, err);
    if (status != TML_OK) {
        tmli_mlp_scratch_deinit(&made);
        return status;
    }
    *scratch = made;
    return TML_OK;
}

void tmli_mlp_scratch_deinit(tmli_mlp_scratch *scratch)
{
    tmli_free_lines(scratch->memory);
    tmli_free(scratch->left);
    tmli_groups_deinit(&scratch->groups);
    *scratch = (tmli_mlp_scratch){0};
}

/* ---- prediction ---- */

/* Each entry's product is summed by itself, from zero, and then added: so it is the same number whether the memo has it
 * or not. */
static void add_row(float *restrict z, const float *sum, size_t o)
{
    tmli_add_terms(z, &sum, 1, o);
}

/* The products of n table rows with one block's weights. sums [n, o]: overwritten. */
static void multiply(const tmli_mlp *mlp, const tmli_kernels *kernels, size_t block,
                     const uint32_t *table_rows, size_t n, float *sums)
{
    const size_t width = mlp->shape.width;
    const size_t o = mlp->shape.sizes[0];
    memset(sums, 0, n * o * sizeof *sums);
    kernels->gather_affine(sums, NULL, mlp->embedding.data, table_rows, width, n,
                           mlp->weights[0] + block * width * o, width, o);
}

static const float *find_kept(const tmli_mlp *mlp, const tmli_kernels *kernels, tmli_entry entry)
{
    return mlp->memo != NULL ? tmli_mlp_memo_find(mlp->memo, kernels, entry) : NULL;
}

/* First layer of one row straight from its entries. sum: room for [o]. */
static void first_layer_of_row(const tmli_mlp *mlp, const tmli_kernels *kernels,
                               const tmli_rows *rows, size_t row, float *sum, float *z)
{
    const size_t o = mlp->shape.sizes[0];
    for (size_t e = rows->offsets[row]; e < rows->offsets[row + 1]; e++) {
        const tmli_entry entry = rows->entries[e];
        if (entry.block < mlp->shape.n_blocks && entry.row < mlp->embedding.n) {
            const float *kept = find_kept(mlp, kernels, entry);
            if (kept == NULL) {
                multiply(mlp, kernels, entry.block, &entry.row, 1, sum);
            }
            add_row(z, kept != NULL ? kept : sum, o);
        }
    }
}

/* Adds those products of n entries of one block that are kept, and leaves the others at the front of rows and
 * table_rows; returns their number. */
static size_t add_kept(const tmli_mlp *mlp, const tmli_kernels *kernels, size_t block,
                       uint32_t *rows, uint32_t *table_rows, size_t n, float *z)
{
    const size_t o = mlp->shape.sizes[0];
    const float *kept[KEPT_AT_ONCE];
    uint32_t kept_rows[KEPT_AT_ONCE];
    size_t n_left = 0;
    for (size_t at = 0; at < n; at += KEPT_AT_ONCE) {
        const size_t end = at + KEPT_AT_ONCE < n ? at + KEPT_AT_ONCE : n;
        size_t n_kept = 0;
        for (size_t i = at; i < end; i++) {
            const tmli_entry entry = {(uint32_t)block, table_rows[i]};
            const float *found = tmli_mlp_memo_find(mlp->memo, kernels, entry);
            if (found != NULL) { /* their fetches overlap */
                for (size_t k = 0; k < o; k += LINE_FLOATS) {
                    __builtin_prefetch(found + k);
                }
                kept[n_kept] = found;
                kept_rows[n_kept++] = rows[i];
            } else {
                rows[n_left] = rows[i];
                table_rows[n_left++] = table_rows[i];
            }
        }
        for (size_t i = 0; i < n_kept; i++) {
            add_row(z + kept_rows[i] * o, kept[i], o);
        }
    }
    return n_left;
}

/* Adds the products of n entries of one block. rows and table_rows are the group's, and lose those that were kept. */
static void add_block(const tmli_mlp *mlp, const tmli_kernels *kernels, size_t block,
                      uint32_t *rows, uint32_t *table_rows, size_t n, tmli_mlp_scratch *scratch,
                      float *z)
{
    const size_t o = mlp->shape.sizes[0];
    const size_t n_left =
        mlp->memo != NULL ? add_kept(mlp, kernels, block, rows, table_rows, n, z) : n;
    for (size_t at = 0; at < n_left; at += scratch->max_rows) {
        const size_t count = n_left - at < scratch->max_rows ? n_left - at : scratch->max_rows;
        multiply(mlp, kernels, block, table_rows + at, count, scratch->sums);
        for (size_t i = 0; i < count; i++) {
            add_row(z + rows[at + i] * o, scratch->sums + i * o, o);
        }
    }
}

/* First layer of rows ids[0..n), block by block: each block's weights come from memory once. */
static void first_layer_of_group(const tmli_mlp *mlp, const tmli_kernels *kernels,
                                 const tmli_rows *rows, const uint32_t *ids, size_t n,
                                 tmli_mlp_scratch *scratch, float *z)
{
    const tmli_groups *groups = &scratch->groups;
    tmli_groups_fill(&scratch->groups, rows, ids, n, mlp->embedding.n);
    for (size_t i = 0; i < groups->starts[mlp->shape.n_blocks]; i++) {
        groups->rows[i] = ids[groups->rows[i]];
    }
    for (size_t b = 0; b < mlp->shape.n_blocks; b++) {
        const size_t start = groups->starts[b];
        const size_t count = groups->starts[b + 1] - start;
        if (count > 0) {
            add_block(mlp, kernels, b, groups->rows + start, groups->table_rows + start, count,
                      scratch, z);
        }
    }
}

/* A row whose sums are all kept. */
typedef struct kept_row {
    const float *sums[KEPT_AT_ONCE];
    size_t n;
    float *z; /* NULL: none */
} kept_row;

static void add_kept_row(const kept_row *row, size_t o)
{
    if (row->z != NULL) {
        tmli_add_terms(row->z, row->sums, row->n, o);
    }
}

/* First layer of those rows whose sums are all kept, most of them where words are frequent; ids of the others in `left`,
 * their number is returned. While a row is added, the next one's sums are fetched. */
static size_t first_layer_of_kept(const tmli_mlp *mlp, const tmli_kernels *kernels,
                                  const tmli_rows *rows, uint32_t *left, float *z)
{
    const size_t o = mlp->shape.sizes[0];
    kept_row found[2];
    size_t n_left = 0;
    found[1].z = NULL;
    for (size_t i = 0; i < rows->n; i++) {
        kept_row *now = &found[i % 2];
        const tmli_entry *entries = rows->entries + rows->offsets[i];
        now->n = rows->offsets[i + 1] - rows->offsets[i];
        const bool is_kept = mlp->memo != NULL && now->n <= KEPT_AT_ONCE &&
                             tmli_mlp_memo_find_all(mlp->memo, kernels, entries, now->n, now->sums);
        now->z = is_kept ? z + i * o : NULL;
        if (!is_kept) {
            left[n_left++] = (uint32_t)i;
        }
        add_kept_row(&found[(i + 1) % 2], o);
    }
    add_kept_row(&found[(rows->n + 1) % 2], o);
    return n_left;
}

/* How many of rows ids[0..n) together are few enough entries to be grouped. */
static size_t count_groupable(const tmli_rows *rows, const uint32_t *ids, size_t n,
                              size_t max_entries)
{
    size_t n_entries = 0;
    for (size_t i = 0; i < n; i++) {
        n_entries += rows->offsets[ids[i] + 1] - rows->offsets[ids[i]];
        if (n_entries > max_entries) {
            return i;
        }
    }
    return n;
}

/* z [rows->n, O_0] in the scratch. */
static void first_layer(const tmli_mlp *mlp, const tmli_kernels *kernels, const tmli_rows *rows,
                        tmli_mlp_scratch *scratch)
{
    float *const z = scratch->layers[0];
    const size_t o = mlp->shape.sizes[0];
    uint32_t *const left = scratch->left;
    tmli_fill_rows(z, mlp->biases[0], rows->n, o);
    const size_t n_left = first_layer_of_kept(mlp, kernels, rows, left, z);
    for (size_t at = 0; at < n_left;) {
        const size_t n = count_groupable(rows, left + at, n_left - at, scratch->groups.max_entries);
        if (n <= 1) { /* alone, or too long for grouping */
            first_layer_of_row(mlp, kernels, rows, left[at], scratch->sums, z + left[at] * o);
            at++;
        } else {
            first_layer_of_group(mlp, kernels, rows, left + at, n, scratch, z);
            at += n;
        }
    }
}

const float *tmli_mlp_logits(const tmli_mlp *mlp, const tmli_rows *rows, size_t first, size_t n,
                             tmli_mlp_scratch *scratch)
{
    const tmli_mlp_shape *const shape = &mlp->shape;
    /* Few rows are a burst between other work, many a work of their own. */
    const tmli_kernels *const kernels =
        n < ROWS_OF_A_BURST ? tmli_kernels_gentle() : tmli_kernels_best();
    assert(n <= scratch->max_rows);
    const tmli_rows asked = {.entries = rows->entries, .offsets = rows->offsets + first, .n = n};
    first_layer(mlp, kernels, &asked, scratch);
    for (size_t l = 1; l < shape->n_layers; l++) {
        const size_t d = shape->sizes[l - 1];
        const size_t o = shape->sizes[l];
        tmli_activate(shape->activation, scratch->layers[l - 1], n * d);
        tmli_fill_rows(scratch->layers[l], mlp->biases[l], n, o);
        kernels->gather_affine(scratch->layers[l], NULL, scratch->layers[l - 1], NULL, d, n,
                               mlp->weights[l], d, o);
    }
    return scratch->layers[shape->n_layers - 1];
}

void tmli_mlp_predict(const tmli_mlp *mlp, const tmli_rows *rows, tmli_mlp_scratch *scratch,
                      float *out)
{
    const size_t k = outputs_of(&mlp->shape);
    for (size_t first = 0; first < rows->n; first += scratch->max_rows) {
        const size_t left = rows->n - first;
        const size_t n = left < scratch->max_rows ? left : scratch->max_rows;
        memcpy(out + first * k, tmli_mlp_logits(mlp, rows, first, n, scratch), n * k * sizeof *out);
        tmli_mlp_output(&mlp->shape, out + first * k, n);
    }
}
