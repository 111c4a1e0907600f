/* The second half of fitting a bag: document counts → vocabulary (bag_select.c), idf, and rows. */
#include "base/mem.h"
#include "base/status.h"
#include "features/bag_internal.h"

/* What the loops over chunks share. */
typedef struct finish {
    tmli_bag_builder *builder;
    const unsigned char *is_training; /* NULL: all are */
    const tmli_bag *bag;
    uint32_t *lengths; /* owned, [documents]: of the rows */
    tmli_csr *rows;
    atomic_bool is_short; /* of memory */
} finish;

static bool trains(const finish *f, size_t document)
{
    return f->is_training == NULL || f->is_training[document] != 0;
}

/* Where the words of a chunk's document i begin and end. */
static const uint32_t *words_of(const tmli_bag_chunk *chunk, size_t i, const uint32_t **end)
{
    *end = chunk->words + chunk->ends[i];
    return chunk->words + (i > 0 ? chunk->ends[i - 1] : 0);
}

/* Training documents by number, and occurrences where max_features wants them, in the chunks of one lane. */
static void count_documents(void *ctx, size_t l)
{
    const finish *const f = ctx;
    tmli_bag_builder *const b = f->builder;
    tmli_bag_lane *const lane = b->lanes + l;
    for (size_t c = 0; c < b->n_chunks; c++) {
        const tmli_bag_chunk *const chunk = b->chunks + c;
        if (chunk->lane != l) {
            continue;
        }
        for (size_t i = 0; i < chunk->n; i++) {
            const uint32_t *end = NULL;
            const uint32_t *at = words_of(chunk, i, &end);
            while (trains(f, chunk->first + i) && at < end) {
                const tmli_counted item = tmli_counted_next(&at);
                lane->df[item.number]++;
                if (lane->totals != NULL) {
                    lane->totals[item.number] += b->options.binary ? 1 : item.count;
                }
            }
        }
    }
}

static tml_status count_all_documents(finish *f, tml_error *err)
{
    tmli_bag_builder *const b = f->builder;
    for (size_t l = 0; l < b->n_lanes; l++) {
        tmli_bag_lane *const lane = b->lanes + l;
        const size_t n = b->options.n_hashed > 0 ? b->options.n_hashed : lane->terms.n;
        lane->df = tmli_calloc(n, sizeof *lane->df);
        if (lane->df == NULL) {
            return tmli_fail_memory(err, "the document counts of terms");
        }
        if (b->options.max_features > 0) {
            lane->totals = tmli_calloc(n, sizeof *lane->totals);
            if (lane->totals == NULL) {
                return tmli_fail_memory(err, "the counts of terms");
            }
        }
    }
    tmli_pool_run(b->pool, b->n_lanes, count_documents, f);
    return TML_OK;
}

static tml_status compute_idf(const tmli_bag_options *options, const uint32_t *df, size_t n,
                              size_t n_training, tmli_bag *bag, tml_error *err)
{
    bag->owned_idf = tmli_alloc(n, sizeof *bag->owned_idf);
    if (bag->owned_idf == NULL) {
        return tmli_fail_memory(err, "idf");
    }
    for (size_t i = 0; i < n; i++) {
        bag->owned_idf[i] = tmli_idf(n_training, df[i], options->smooth_idf);
    }
    bag->idf = bag->owned_idf;
    return TML_OK;
}

static tml_status fit_vocabulary(finish *f, size_t n_training, tmli_bag *bag, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_bag_selection selection = {0};
    TMLI_TRY(count_all_documents(f, err));
    TMLI_TRY(tmli_bag_select(f->builder, n_training, &selection, err));
    bag->vocab = selection.vocab;
    bag->n_cols = selection.vocab.n;
    if (bag->options.use_idf) {
        TMLI_TRY(compute_idf(&bag->options, selection.df, bag->n_cols, n_training, bag, err));
    }
cleanup:
    tmli_free(selection.df);
    return status;
}

/* Hashed columns are known; only idf has to be learned. */
static tml_status fit_hashed(finish *f, size_t n_training, tmli_bag *bag, tml_error *err)
{
    tmli_bag_builder *const b = f->builder;
    bag->n_cols = bag->options.n_hashed;
    if (!bag->options.use_idf) {
        return TML_OK;
    }
    const tml_status status = count_all_documents(f, err);
    if (status != TML_OK) {
        return status;
    }
    uint32_t *const df = b->lanes[0].df;
    for (size_t l = 1; l < b->n_lanes; l++) {
        for (size_t i = 0; i < bag->n_cols; i++) {
            df[i] += b->lanes[l].df[i];
        }
    }
    return compute_idf(&bag->options, df, bag->n_cols, n_training, bag, err);
}

/* Way from a chunk's numbers to columns; NULL: they are columns. */
static const uint32_t *columns_of(const finish *f, const tmli_bag_chunk *chunk)
{
    return f->bag->options.n_hashed > 0 ? NULL : f->builder->lanes[chunk->lane].columns;
}

static void measure_chunk(void *ctx, size_t c)
{
    const finish *const f = ctx;
    const tmli_bag_chunk *const chunk = f->builder->chunks + c;
    const uint32_t *const columns = columns_of(f, chunk);
    for (size_t i = 0; i < chunk->n; i++) {
        const uint32_t *end = NULL;
        const uint32_t *at = words_of(chunk, i, &end);
        uint32_t n = 0;
        while (at < end) {
            const tmli_counted item = tmli_counted_next(&at);
            n += columns == NULL || columns[item.number] != TMLI_NO_TERM ? 1 : 0;
        }
        f->lengths[chunk->first + i] = n;
    }
}

/* The row of one document. items and scratch have room for it. */
static void fill_row(const finish *f, const tmli_bag_chunk *chunk, size_t i, tmli_item *items,
                     tmli_item *scratch)
{
    const uint32_t *const columns = columns_of(f, chunk);
    const uint32_t *end = NULL;
    const uint32_t *at = words_of(chunk, i, &end);
    size_t n = 0;
    while (at < end) {
        const tmli_counted item = tmli_counted_next(&at);
        const uint32_t column = columns == NULL ? item.number : columns[item.number];
        if (column != TMLI_NO_TERM) { /* hashed terms may count less than 0 */
            items[n++] =
                (tmli_item){.key = column,
                            .value = columns == NULL ? (int32_t)item.count : (int64_t)item.count};
        }
    }
    const tmli_item *const sorted =
        tmli_radix_sort(items, scratch, n, tmli_bits_for(f->bag->n_cols));
    const tmli_weighting weighting = tmli_bag_weighting(f->bag);
    const size_t begin = f->rows->offsets[chunk->first + i];
    tmli_weigh(&weighting, sorted, n, f->rows->columns + begin, f->rows->values + begin);
}

/* The rows of one chunk, whose counts are then released. */
static void fill_chunk(void *ctx, size_t c)
{
    finish *const f = ctx;
    tmli_bag_chunk *const chunk = f->builder->chunks + c;
    size_t longest = 0;
    for (size_t i = 0; i < chunk->n; i++) {
        const size_t n = f->lengths[chunk->first + i];
        longest = n > longest ? n : longest;
    }
    tmli_item *const items = tmli_alloc(longest, sizeof *items);
    tmli_item *const scratch = tmli_alloc(longest, sizeof *scratch);
    if (items == NULL || scratch == NULL) {
        atomic_store(&f->is_short, true);
    } else {
        for (size_t i = 0; i < chunk->n; i++) {
            fill_row(f, chunk, i, items, scratch);
        }
    }
    tmli_free(items);
    tmli_free(scratch);
    tmli_free(chunk->words);
    tmli_free(chunk->ends);
    chunk->words = NULL;
    chunk->ends = NULL;
}

static tml_status fill_rows(finish *f, tmli_csr *rows, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_bag_builder *const b = f->builder;
    f->rows = rows;
    f->lengths = tmli_alloc(b->n_documents, sizeof *f->lengths);
    if (f->lengths == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the rows of a matrix"));
    }
    tmli_pool_run(b->pool, b->n_chunks, measure_chunk, f);
    TMLI_TRY(tmli_csr_create(f->lengths, b->n_documents, f->bag->n_cols, rows, err));
    tmli_pool_run(b->pool, b->n_chunks, fill_chunk, f);
    if (atomic_load(&f->is_short)) {
        tmli_csr_deinit(rows);
        TMLI_TRY(tmli_fail_memory(err, "the rows of a matrix"));
    }
cleanup:
    tmli_free(f->lengths);
    return status;
}

/* What only counting needed. */
static void release_counting(tmli_bag_builder *b)
{
    for (size_t l = 0; l < b->n_lanes; l++) {
        tmli_bag_lane *const lane = b->lanes + l;
        tmli_terms terms = lane->terms;
        lane->terms = (tmli_terms){0};
        tmli_bag_lane_deinit(lane);
        lane->terms = terms;
    }
}

static size_t count_training(const finish *f)
{
    size_t n = 0;
    for (size_t i = 0; i < f->builder->n_documents; i++) {
        n += trains(f, i) ? 1 : 0;
    }
    return n;
}

tml_status tmli_bag_builder_finish(tmli_bag_builder *builder, const unsigned char *is_training,
                                   tmli_bag *bag, tmli_csr *rows, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_bag fitted = {.options = builder->options};
    tmli_csr filled = {0};
    finish f = {.builder = builder, .is_training = is_training, .bag = &fitted};
    release_counting(builder);
    const size_t n_training = count_training(&f);
    if (n_training == 0 || n_training > UINT32_MAX) {
        TMLI_TRY(tmli_fail(err, TML_EINVAL,
                           "features: %zu of %zu documents are for training, expected 1 to %u",
                           n_training, builder->n_documents, UINT32_MAX));
    }
    if (builder->options.n_hashed > 0) {
        TMLI_TRY(fit_hashed(&f, n_training, &fitted, err));
    } else {
        TMLI_TRY(fit_vocabulary(&f, n_training, &fitted, err));
    }
    if (rows != NULL) {
        TMLI_TRY(fill_rows(&f, &filled, err));
        *rows = filled;
    }
    *bag = fitted;
    fitted = (tmli_bag){0};
cleanup:
    tmli_bag_deinit(&fitted);
    return status;
}

size_t tmli_bag_builder_terms(const tmli_bag_builder *builder)
{
    return builder->n_seen;
}
