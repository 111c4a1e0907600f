#include "pipeline/prepare.h"

#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/status.h"
#include "pipeline/model.h"

/* What only preparing needs. */
typedef struct preparation {
    tmli_map *terms; /* every token of every part */
    tml_tokens *scratch;
    tmli_corpus corpora[TMLI_N_PARTS];
    uint64_t *counts; /* [terms] in training rows */
    uint32_t *first;  /* [terms] rank of the first appearance in training rows */
    uint32_t *ids;    /* [terms] columns, or TMLI_NO_TERM */
} preparation;

static void deinit_preparation(preparation *p)
{
    tmli_map_free(p->terms);
    tml_tokens_free(p->scratch);
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        tmli_corpus_deinit(&p->corpora[i]);
    }
    tmli_free(p->counts);
    tmli_free(p->first);
    tmli_free(p->ids);
}

void tmli_prepared_deinit(tmli_prepared *prepared)
{
    tmli_labels_deinit(&prepared->labels);
    tmli_vocab_deinit(&prepared->vocab);
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        tmli_encoded *part = &prepared->parts[i];
        tmli_free(part->entries);
        tmli_free(part->offsets);
        tmli_csr_deinit(&part->matrix);
        tmli_free(part->labels);
        tmli_free(part->weights);
        tmli_buf_deinit(&part->excerpts);
        tmli_free(part->excerpt_ends);
    }
    *prepared = (tmli_prepared){0};
}

/* Files of a part that hold no row at all are a mistake of whoever gave them. */
static tml_status read_part(tmli_corpus *corpus, const char *const *paths, size_t n_paths,
                            const tmli_corpus_context *context, tml_error *err)
{
    const tml_status status = tmli_corpus_read(corpus, paths, n_paths, context, err);
    if (status == TML_OK && n_paths > 0 && corpus->n_rows == 0) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s%s: a header line without rows, expected rows with a text and a label",
                         paths[0], n_paths > 1 ? " and the files behind it" : "");
    }
    return status;
}

tml_status tmli_read_parts(const tmli_preparing *job, tmli_corpus_context *context,
                           tmli_corpus *corpora, tmli_prepared *out, tml_error *err)
{
    tml_status status = TML_OK;
    const tml_recipe *recipe = job->recipe;
    const tml_fit_input *input = job->input;
    const tmli_reader_options reader = {.format = (tmli_format)recipe->format,
                                        .quoting = (tmli_quoting)recipe->quote,
                                        .encoding = (tmli_encoding)recipe->encoding,
                                        .header = recipe->header.items,
                                        .n_header = recipe->header.n,
                                        .text = recipe->text,
                                        .label = recipe->label,
                                        .weight = recipe->weight,
                                        .label_first = input->label_first};
    context->reader = &reader;
    context->labels = &out->labels;
    context->stop = job->stop;
    context->excerpt_bytes = job->excerpt_bytes;
    TMLI_TRY(read_part(&corpora[TMLI_PART_TRAIN], input->train, input->n_train, context, err));
    TMLI_TRY(tmli_labels_close(&out->labels, err));
    TMLI_TRY(read_part(&corpora[TMLI_PART_VALIDATION], input->validation, input->n_validation,
                       context, err));
    TMLI_TRY(read_part(&corpora[TMLI_PART_TEST], input->test, input->n_test, context, err));
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        out->replaced += corpora[i].replaced;
        out->doubtful += corpora[i].doubtful;
    }
    out->fingerprint = tmli_hash64_end(&corpora[TMLI_PART_TRAIN].fingerprint);
cleanup:
    context->reader = NULL;
    return status;
}

tml_status tmli_draw_split(const tmli_preparing *job, size_t n, unsigned char **goes,
                           tml_error *err)
{
    tml_status status = TML_OK;
    const tml_recipe *recipe = job->recipe;
    const size_t n_moved = (size_t)((double)n * recipe->split_validation + 0.5);
    uint32_t *order = NULL;
    *goes = NULL;
    if (job->input->n_validation > 0 || n_moved == 0 || n_moved >= n || n > UINT32_MAX) {
        return TML_OK;
    }
    order = tmli_alloc(n, sizeof(*order));
    *goes = tmli_calloc(n, sizeof(**goes));
    if (order == NULL || *goes == NULL) {
        tmli_free(*goes);
        *goes = NULL;
        TMLI_TRY(tmli_fail_memory(err, "the validation split"));
    }
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
    }
    tmli_rng rng = tmli_rng_at(recipe->split_seed, TMLI_RNG_SPLIT, 0, 0);
    tmli_rng_shuffle(&rng, order, n);
    for (size_t i = 0; i < n_moved; i++) {
        (*goes)[order[i]] = 1;
    }
cleanup:
    tmli_free(order);
    return status;
}

/* Moves the rows that were drawn by the recipe's seed to the validation part. */
static tml_status split(const tmli_preparing *job, preparation *p, tml_error *err)
{
    unsigned char *goes = NULL;
    tmli_corpus *train = &p->corpora[TMLI_PART_TRAIN];
    tml_status status = tmli_draw_split(job, train->n_rows, &goes, err);
    if (status == TML_OK && goes != NULL) {
        status = tmli_corpus_split(train, goes, &p->corpora[TMLI_PART_VALIDATION], err);
    }
    tmli_free(goes);
    return status;
}

/* Counts tokens over the training rows alone: what the model knows comes from them only. */
static tml_status build_vocab(const tml_recipe *recipe, preparation *p, tmli_prepared *out,
                              tml_error *err)
{
    const size_t n_terms = tmli_map_size(p->terms);
    const tmli_corpus *train = &p->corpora[TMLI_PART_TRAIN];
    p->counts = tmli_calloc(n_terms, sizeof(*p->counts));
    p->first = tmli_calloc(n_terms, sizeof(*p->first));
    p->ids = tmli_calloc(n_terms, sizeof(*p->ids));
    if (p->counts == NULL || p->first == NULL || p->ids == NULL) {
        return tmli_fail_memory(err, "the vocabulary");
    }
    for (size_t i = 0; i < train->n_tokens; i++) {
        const uint32_t term = train->tokens[i];
        if (p->counts[term]++ == 0) {
            p->first[term] = (uint32_t)out->terms_seen++;
        }
    }
    if (out->terms_seen == 0) {
        return tmli_fail(err, TML_EFORMAT,
                         "the training texts hold no words: check data.text, text.normalize and "
                         "text.tokenizer");
    }
    /* Keras' num_words counts from 1: ids below it stay, and so max_words − 1 words. */
    return tmli_vocab_build(p->terms, p->counts, p->first, recipe->features[0].max_words - 1,
                            p->ids, &out->vocab, err);
}

/* The known words of a row; returns their number. */
static size_t known_ids(const tmli_corpus *corpus, size_t row, const uint32_t *ids, uint32_t *out)
{
    size_t n = 0;
    for (size_t i = corpus->offsets[row]; i < corpus->offsets[row + 1]; i++) {
        const uint32_t id = ids[corpus->tokens[i]];
        if (id != TMLI_NO_TERM) {
            out[n++] = id;
        }
    }
    return n;
}

static size_t longest_row(const tmli_corpus *corpus)
{
    size_t longest = 0;
    for (size_t i = 0; i < corpus->n_rows; i++) {
        const size_t n = corpus->offsets[i + 1] - corpus->offsets[i];
        longest = n > longest ? n : longest;
    }
    return longest;
}

tml_status tmli_take_rows(const tmli_labels *labels, tmli_corpus *corpus, tmli_encoded *out,
                          tml_error *err)
{
    const size_t n = corpus->n_rows;
    out->labels = tmli_alloc(n, sizeof(*out->labels));
    if (out->labels == NULL) {
        return tmli_fail_memory(err, "the labels");
    }
    for (size_t i = 0; i < n; i++) {
        out->labels[i] = labels->seen[corpus->labels[i]].class_id;
    }
    out->weights = corpus->weights;
    corpus->weights = NULL;
    out->excerpts = corpus->excerpts;
    corpus->excerpts = (tmli_buf){0};
    out->excerpt_ends = corpus->excerpt_ends;
    corpus->excerpt_ends = NULL;
    out->n = n;
    return TML_OK;
}

/* Numbers of entries are at most those of tokens: one allocation fits all. */
static tml_status encode(const tml_recipe *recipe, const tmli_labels *labels, tmli_corpus *corpus,
                         const uint32_t *ids, tmli_encoded *out, tml_error *err)
{
    const tmli_sequence_options sequence = tmli_model_sequence(recipe);
    const size_t n = corpus->n_rows;
    uint32_t *row_ids = tmli_alloc(longest_row(corpus), sizeof(*row_ids));
    out->entries = tmli_alloc(corpus->n_tokens, sizeof(*out->entries));
    out->offsets = tmli_calloc(n + 1, sizeof(*out->offsets));
    if (row_ids == NULL || out->entries == NULL || out->offsets == NULL) {
        tmli_free(row_ids);
        return tmli_fail_memory(err, "the encoded rows");
    }
    for (size_t i = 0; i < n; i++) {
        const size_t n_ids = known_ids(corpus, i, ids, row_ids);
        const size_t at = out->offsets[i];
        out->offsets[i + 1] =
            at + tmli_sequence_place(&sequence, row_ids, n_ids, out->entries + at);
    }
    tmli_free(row_ids);
    return tmli_take_rows(labels, corpus, out, err);
}

tml_status tmli_prepare(const tmli_preparing *job, const tml_tokenizer *tokenizer,
                        tmli_prepared *out, tml_error *err)
{
    tml_status status = TML_OK;
    preparation p = {0};
    *out = (tmli_prepared){0};
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        tmli_corpus_init(&p.corpora[i]);
    }
    p.terms = tmli_map_create(0);
    if (p.terms == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the vocabulary"));
    }
    TMLI_TRY(tmli_labels_init(&out->labels, &job->recipe->labels, err));
    TMLI_TRY(tml_tokens_create(&p.scratch, err));
    tmli_corpus_context context = {.tokenizer = tokenizer, .scratch = p.scratch, .terms = p.terms};
    TMLI_TRY(tmli_read_parts(job, &context, p.corpora, out, err));
    TMLI_TRY(split(job, &p, err));
    TMLI_TRY(build_vocab(job->recipe, &p, out, err));
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        TMLI_TRY(encode(job->recipe, &out->labels, &p.corpora[i], p.ids, &out->parts[i], err));
    }
cleanup:
    deinit_preparation(&p);
    return status;
}
