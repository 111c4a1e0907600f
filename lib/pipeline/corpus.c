#include "pipeline/corpus.h"

#include <string.h>

#include "base/mem.h"
#include "base/status.h"

void tmli_corpus_init(tmli_corpus *corpus)
{
    *corpus = (tmli_corpus){0};
    tmli_hash64_begin(&corpus->fingerprint, 0);
}

void tmli_corpus_deinit(tmli_corpus *corpus)
{
    tmli_free(corpus->tokens);
    tmli_free(corpus->offsets);
    tmli_free(corpus->labels);
    tmli_free(corpus->weights);
    tmli_buf_deinit(&corpus->excerpts);
    tmli_free(corpus->excerpt_ends);
    *corpus = (tmli_corpus){0};
}

/* Room for one more row of n tokens. */
static tml_status reserve(tmli_corpus *corpus, size_t n, tml_error *err)
{
    const size_t rows = corpus->n_rows;
    if (!tmli_grow(&corpus->tokens, &corpus->token_capacity, corpus->n_tokens + n,
                   sizeof(*corpus->tokens)) ||
        !tmli_grow(&corpus->offsets, &corpus->offset_capacity, rows + 2,
                   sizeof(*corpus->offsets)) ||
        !tmli_grow(&corpus->labels, &corpus->label_capacity, rows + 1, sizeof(*corpus->labels)) ||
        !tmli_grow(&corpus->weights, &corpus->weight_capacity, rows + 1,
                   sizeof(*corpus->weights))) {
        return tmli_fail_memory(err, "the rows");
    }
    corpus->offsets[0] = 0;
    return TML_OK;
}

static void finish_row(tmli_corpus *corpus, uint32_t label, double weight)
{
    corpus->labels[corpus->n_rows] = label;
    corpus->weights[corpus->n_rows] = weight;
    corpus->n_rows++;
    corpus->offsets[corpus->n_rows] = corpus->n_tokens;
}

/* Lengths are hashed too, so that no two different rows give the same bytes. */
static void fingerprint(tmli_corpus *corpus, const tmli_row *row)
{
    const uint64_t lengths[2] = {row->label.len, row->text.len};
    tmli_hash64_update(&corpus->fingerprint, lengths, sizeof(lengths));
    tmli_hash64_update(&corpus->fingerprint, row->label.data, row->label.len);
    tmli_hash64_update(&corpus->fingerprint, row->text.data, row->text.len);
    tmli_hash64_update(&corpus->fingerprint, &row->weight, sizeof(row->weight));
}

/* Keeps an excerpt for the row that is being added; it may end amid a character, which whoever shows it must bear. */
static tml_status add_excerpt(tmli_corpus *corpus, tml_str text, size_t n_bytes, tml_error *err)
{
    const size_t row = corpus->n_rows;
    tmli_buf_append(&corpus->excerpts, text.data, text.len < n_bytes ? text.len : n_bytes);
    if (corpus->excerpts.failed || !tmli_grow(&corpus->excerpt_ends, &corpus->excerpt_capacity,
                                              row + 1, sizeof(*corpus->excerpt_ends))) {
        return tmli_fail_memory(err, "the beginnings of the texts");
    }
    corpus->excerpt_ends[row] = corpus->excerpts.len;
    return TML_OK;
}

static tml_status add_tokens(tmli_corpus *corpus, tml_str text, const tmli_corpus_context *context,
                             tml_error *err)
{
    tml_status status = tml_tokenize(context->tokenizer, text, context->scratch, err);
    const size_t n = status == TML_OK ? tml_tokens_count(context->scratch) : 0;
    if (status == TML_OK) {
        status = reserve(corpus, n, err);
    }
    if (status != TML_OK) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t term =
            tmli_map_add(context->terms, tml_tokens_at(context->scratch, i), NULL);
        if (term == TMLI_MAP_NONE) {
            return tmli_fail_memory(err, "the words of the training rows");
        }
        corpus->tokens[corpus->n_tokens + i] = term;
    }
    corpus->n_tokens += n;
    return TML_OK;
}

static tml_status add_row(tmli_corpus *corpus, const char *path, const tmli_row *row,
                          const tmli_corpus_context *context, tml_error *err)
{
    uint32_t label = 0;
    const tmli_row_place place = {path, row->line, row->column};
    tml_status status = tmli_labels_take(context->labels, row->label, &place, &label, err);
    if (status == TML_OK && context->terms != NULL) {
        status = add_tokens(corpus, row->text, context, err);
    } else if (status == TML_OK) {
        status = reserve(corpus, 0, err);
        status = status == TML_OK ? context->take_text(context->ctx, row->text, err) : status;
    }
    if (status == TML_OK && context->excerpt_bytes > 0) {
        status = add_excerpt(corpus, row->text, context->excerpt_bytes, err);
    }
    if (status == TML_OK) {
        fingerprint(corpus, row);
        finish_row(corpus, label, row->weight);
    }
    return status;
}

static tml_status read_file(tmli_corpus *corpus, const char *path,
                            const tmli_corpus_context *context, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_row_reader *reader = NULL;
    tmli_row row;
    bool has = false;
    TMLI_TRY(tmli_row_reader_open(path, context->reader, &reader, err));
    for (;;) {
        if (context->stop != NULL && atomic_load_explicit(context->stop, memory_order_relaxed)) {
            TMLI_TRY(tmli_fail(err, TML_ESTOPPED, "%s: stopped while reading", path));
        }
        TMLI_TRY(tmli_row_next(reader, &row, &has, err));
        if (!has) {
            break;
        }
        TMLI_TRY(add_row(corpus, path, &row, context, err));
    }
    corpus->replaced += tmli_row_reader_replaced(reader);
    corpus->doubtful += tmli_row_reader_doubtful(reader);
cleanup:
    tmli_row_reader_free(reader);
    return status;
}

tml_status tmli_corpus_read(tmli_corpus *corpus, const char *const *paths, size_t n_paths,
                            const tmli_corpus_context *context, tml_error *err)
{
    for (size_t i = 0; i < n_paths; i++) {
        const tml_status status = read_file(corpus, paths[i], context, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

static tml_status copy_row(tmli_corpus *to, const tmli_corpus *from, size_t row, tml_error *err)
{
    const size_t begin = from->offsets[row];
    const size_t n = from->offsets[row + 1] - begin;
    const tml_status status = reserve(to, n, err);
    if (status != TML_OK) {
        return status;
    }
    if (n > 0) {
        memcpy(to->tokens + to->n_tokens, from->tokens + begin, n * sizeof(*to->tokens));
    }
    to->n_tokens += n;
    if (from->excerpt_ends != NULL) {
        const size_t at = row > 0 ? from->excerpt_ends[row - 1] : 0;
        const tml_str excerpt = {from->excerpts.data + at, from->excerpt_ends[row] - at};
        const tml_status kept = add_excerpt(to, excerpt, excerpt.len, err);
        if (kept != TML_OK) {
            return kept;
        }
    }
    finish_row(to, from->labels[row], from->weights[row]);
    return TML_OK;
}

tml_status tmli_corpus_split(tmli_corpus *corpus, const unsigned char *goes, tmli_corpus *moved,
                             tml_error *err)
{
    tmli_corpus kept;
    tmli_corpus_init(&kept);
    kept.replaced = corpus->replaced;
    kept.doubtful = corpus->doubtful;
    kept.fingerprint = corpus->fingerprint;
    for (size_t i = 0; i < corpus->n_rows; i++) {
        const tml_status status = copy_row(goes[i] != 0 ? moved : &kept, corpus, i, err);
        if (status != TML_OK) {
            tmli_corpus_deinit(&kept);
            return status;
        }
    }
    tmli_corpus_deinit(corpus);
    *corpus = kept;
    return TML_OK;
}
