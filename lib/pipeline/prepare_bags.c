/* Files → matrices: rows of all parts go through one builder for each block; the vocabulary comes from the training part. */
#include "pipeline/prepare.h"

#include <string.h>

#include "base/beside.h"
#include "base/mem.h"
#include "base/status.h"
#include "features/bag_build.h"

enum {
    /* Texts or bytes that are tokenized together: work for all threads, little beside the corpus. */
    GATHERED_TEXTS = 16384,
    GATHERED_BYTES = 2 << 20,
};

/* Texts behind each other. */
typedef struct batch {
    tmli_buf bytes;
    size_t ends[GATHERED_TEXTS];
    tml_str texts[GATHERED_TEXTS]; /* in bytes, once that does not move any more */
    size_t n;
} batch;

/* Texts on their way to the builders. With several threads one batch is filled while the other is counted. */
typedef struct gathering {
    batch batches[2];
    batch *filling;
    batch *counting;
    tmli_beside *beside; /* owned; counts; NULL with one thread */
    tml_status status;   /* of the batches counted so far; the thread's, while it works */
    tml_error err;
    tmli_bag_builder *builders[TMLI_MAX_BLOCKS]; /* owned; likewise */
    size_t n_builders;
} gathering;

static void count_batch(void *ctx)
{
    gathering *g = ctx;
    batch *b = g->counting;
    size_t at = 0;
    for (size_t i = 0; i < b->n; i++) {
        b->texts[i] = (tml_str){b->bytes.data + at, b->ends[i] - at};
        at = b->ends[i];
    }
    for (size_t i = 0; i < g->n_builders && g->status == TML_OK; i++) {
        g->status = tmli_bag_builder_add(g->builders[i], b->texts, b->n, &g->err);
    }
    b->n = 0;
    tmli_buf_reset(&b->bytes);
}

/* Waits for the batch that is being counted. */
static tml_status wait_for_batch(gathering *g, tml_error *err)
{
    if (g->beside != NULL) {
        tmli_beside_wait(g->beside);
    }
    return g->status == TML_OK ? TML_OK : tmli_fail(err, g->status, "%s", g->err.text);
}

static tml_status pass_on(gathering *g, tml_error *err)
{
    const tml_status status = wait_for_batch(g, err);
    if (status != TML_OK) {
        return status;
    }
    g->counting = g->filling;
    if (g->beside == NULL) {
        count_batch(g);
        return wait_for_batch(g, err);
    }
    g->filling = g->filling == &g->batches[0] ? &g->batches[1] : &g->batches[0];
    tmli_beside_start(g->beside, count_batch, g);
    return TML_OK;
}

static tml_status take_text(void *ctx, tml_str text, tml_error *err)
{
    gathering *g = ctx;
    batch *b = g->filling;
    tmli_buf_append(&b->bytes, text.data, text.len);
    if (b->bytes.failed) {
        return tmli_fail_memory(err, "the texts");
    }
    b->ends[b->n++] = b->bytes.len;
    return b->n == GATHERED_TEXTS || b->bytes.len >= GATHERED_BYTES ? pass_on(g, err) : TML_OK;
}

/* The thread that counts ends first: it uses the rest. */
static void free_gathering(gathering *g)
{
    if (g == NULL) {
        return;
    }
    tmli_beside_free(g->beside);
    for (size_t b = 0; b < g->n_builders; b++) {
        tmli_bag_builder_free(g->builders[b]);
    }
    tmli_buf_deinit(&g->batches[0].bytes);
    tmli_buf_deinit(&g->batches[1].bytes);
    tmli_free(g);
}

/* What becomes of the rows: their places in the builders, part by part. */
typedef struct placing {
    uint32_t *rows; /* owned: places of the rows of all parts, part after part */
    size_t starts[TMLI_N_PARTS + 1];
    unsigned char *is_training; /* owned, [documents] */
} placing;

/* goes: NULL, or which of the training rows are moved to the validation part. */
static tml_status place_rows(const tmli_corpus *corpora, const unsigned char *goes, placing *out,
                             tml_error *err)
{
    size_t firsts[TMLI_N_PARTS + 1] = {0};
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        firsts[p + 1] = firsts[p] + corpora[p].n_rows;
    }
    const size_t n = firsts[TMLI_N_PARTS];
    if (n > UINT32_MAX) {
        return tmli_fail(err, TML_ELIMIT, "%zu rows, at most %u", n, UINT32_MAX);
    }
    out->rows = tmli_alloc(n, sizeof(*out->rows));
    out->is_training = tmli_calloc(n, sizeof(*out->is_training));
    if (out->rows == NULL || out->is_training == NULL) {
        return tmli_fail_memory(err, "the parts");
    }
    size_t at = 0;
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        out->starts[p] = at;
        /* Moved rows first: there are no others in the validation part then. */
        for (size_t i = 0; p == TMLI_PART_VALIDATION && goes != NULL && i < corpora[0].n_rows;
             i++) {
            if (goes[i] != 0) {
                out->rows[at++] = (uint32_t)i;
            }
        }
        for (size_t i = 0; i < corpora[p].n_rows; i++) {
            if (p != TMLI_PART_TRAIN || goes == NULL || goes[i] == 0) {
                out->is_training[firsts[p] + i] = p == TMLI_PART_TRAIN;
                out->rows[at++] = (uint32_t)(firsts[p] + i);
            }
        }
    }
    out->starts[TMLI_N_PARTS] = at;
    return TML_OK;
}

/* out: rows[0..n) of matrices that stand side by side. */
static tml_status join(const tmli_csr *blocks, size_t n_blocks, const uint32_t *rows, size_t n,
                       size_t n_columns, tmli_csr *out, tml_error *err)
{
    uint32_t *lengths = tmli_calloc(n, sizeof(*lengths));
    if (lengths == NULL) {
        return tmli_fail_memory(err, "the rows");
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t b = 0; b < n_blocks; b++) {
            lengths[i] += (uint32_t)tmli_csr_row(&blocks[b], rows[i]).n;
        }
    }
    const tml_status status = tmli_csr_create(lengths, n, n_columns, out, err);
    tmli_free(lengths);
    for (size_t i = 0; status == TML_OK && i < n; i++) {
        size_t at = out->offsets[i];
        uint32_t first = 0;
        for (size_t b = 0; b < n_blocks; b++) {
            const tmli_sparse_row row = tmli_csr_row(&blocks[b], rows[i]);
            for (size_t j = 0; j < row.n; j++, at++) {
                out->columns[at] = first + row.columns[j];
                out->values[at] = row.values[j];
            }
            first += (uint32_t)blocks[b].n_cols;
        }
    }
    return status;
}

static tml_status start_builders(const tmli_preparing *job, const tmli_vectorizer *vectorizer,
                                 gathering *g, tml_error *err)
{
    for (size_t b = 0; b < vectorizer->n_blocks; b++) {
        const tmli_bag_options options = tmli_bag_options_of(job->recipe, b);
        const tml_status status = tmli_bag_builder_create(&options, vectorizer->tokenizers[b],
                                                          job->pool, &g->builders[b], err);
        if (status != TML_OK) {
            return status;
        }
        g->n_builders = b + 1;
    }
    g->filling = &g->batches[0];
    return tmli_pool_threads(job->pool) > 1 ? tmli_beside_create(&g->beside, err) : TML_OK;
}

/* True when all rows of a matrix stay, in their order. */
static bool are_all(const tmli_csr *matrix, const uint32_t *rows, size_t n)
{
    size_t i = 0;
    while (i < n && rows[i] == i) {
        i++;
    }
    return i == n && n == matrix->n_rows;
}

/* The builders' rows → the parts' matrices, and the vectorizer's bags. */
static tml_status finish_builders(gathering *g, const placing *placed, tmli_vectorizer *vectorizer,
                                  tmli_prepared *out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_csr blocks[TMLI_MAX_BLOCKS] = {0};
    for (size_t b = 0; b < g->n_builders; b++) {
        TMLI_TRY(tmli_bag_builder_finish(g->builders[b], placed->is_training, &vectorizer->bags[b],
                                         &blocks[b], err));
        out->terms_seen += tmli_bag_builder_terms(g->builders[b]);
        tmli_bag_builder_free(g->builders[b]);
        g->builders[b] = NULL;
    }
    TMLI_TRY(tmli_vectorizer_count_columns(vectorizer, err));
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        const uint32_t *const rows = placed->rows + placed->starts[p];
        const size_t n = placed->starts[p + 1] - placed->starts[p];
        if (n > 0 && vectorizer->n_blocks == 1 && are_all(&blocks[0], rows, n)) {
            out->parts[p].matrix = blocks[0]; /* the other parts have no rows */
            blocks[0] = (tmli_csr){0};
        } else {
            TMLI_TRY(join(blocks, vectorizer->n_blocks, rows, n, vectorizer->n_columns,
                          &out->parts[p].matrix, err));
        }
    }
cleanup:
    for (size_t b = 0; b < TMLI_MAX_BLOCKS; b++) {
        tmli_csr_deinit(&blocks[b]);
    }
    return status;
}

tml_status tmli_prepare_bags(const tmli_preparing *job, tmli_vectorizer *vectorizer,
                             tmli_prepared *out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_corpus corpora[TMLI_N_PARTS];
    placing placed = {0};
    unsigned char *goes = NULL;
    *out = (tmli_prepared){0};
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        tmli_corpus_init(&corpora[i]);
    }
    gathering *g = tmli_calloc(1, sizeof(*g));
    if (g == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the texts"));
    }
    TMLI_TRY(tmli_labels_init(&out->labels, &job->recipe->labels, err));
    TMLI_TRY(start_builders(job, vectorizer, g, err));
    tmli_corpus_context context = {.take_text = take_text, .ctx = g};
    TMLI_TRY(tmli_read_parts(job, &context, corpora, out, err));
    TMLI_TRY(pass_on(g, err));
    TMLI_TRY(wait_for_batch(g, err));
    TMLI_TRY(tmli_draw_split(job, corpora[TMLI_PART_TRAIN].n_rows, &goes, err));
    TMLI_TRY(place_rows(corpora, goes, &placed, err));
    if (goes != NULL) {
        TMLI_TRY(tmli_corpus_split(&corpora[TMLI_PART_TRAIN], goes, &corpora[TMLI_PART_VALIDATION],
                                   err));
    }
    TMLI_TRY(finish_builders(g, &placed, vectorizer, out, err));
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        TMLI_TRY(tmli_take_rows(&out->labels, &corpora[p], &out->parts[p], err));
    }
cleanup:
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        tmli_corpus_deinit(&corpora[i]);
    }
    free_gathering(g);
    tmli_free(placed.rows);
    tmli_free(placed.is_training);
    tmli_free(goes);
    return status;
}
