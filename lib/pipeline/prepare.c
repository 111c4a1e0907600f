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
        tmli_free(prepared->parts[i].entries);
        tmli_free(prepared->parts[i].offsets);
        tmli_free(prepared->parts[i].labels);
        tmli_free(prepared->parts[i].weights);
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

static tml_status read_parts(const tml_recipe *recipe, const tml_tokenizer *tokenizer,
                             const tml_fit_input *input, const atomic_bool *stop, preparation *p,
                             tmli_prepared *out, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_reader_options reader = {.format = (tmli_format)recipe->format,
                                        .quoting = (tmli_quoting)recipe->quote,
                                        .header = recipe->header.items,
                                        .n_header = recipe->header.n,
                                        .text = recipe->text,
                                        .label = recipe->label,
                                        .weight = recipe->weight,
                                        .label_first = input->label_first};
    const tmli_corpus_context context = {.reader = &reader,
                                         .tokenizer = tokenizer,
                                         .scratch = p->scratch,
                                         .terms = p->terms,
                                         .labels = &out->labels,
                                         .stop = stop};
    TMLI_TRY(read_part(&p->corpora[TMLI_PART_TRAIN], input->train, input->n_train, &context, err));
    TMLI_TRY(tmli_labels_close(&out->labels, err));
    TMLI_TRY(read_part(&p->corpora[TMLI_PART_VALIDATION], input->validation, input->n_validation,
                       &context, err));
    TMLI_TRY(read_part(&p->corpora[TMLI_PART_TEST], input->test, input->n_test, &context, err));
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        out->replaced += p->corpora[i].replaced;
    }
    out->fingerprint = tmli_hash64_end(&p->corpora[TMLI_PART_TRAIN].fingerprint);
cleanup:
    return status;
}

/* Moves a share of the training rows, drawn by the recipe's seed, to the validation part. */
static tml_status split(const tml_recipe *recipe, preparation *p, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_corpus *train = &p->corpora[TMLI_PART_TRAIN];
    const size_t n = train->n_rows;
    const size_t n_moved = (size_t)((double)n * recipe->split_validation + 0.5);
    uint32_t *order = NULL;
    unsigned char *goes = NULL;
    if (n_moved == 0 || n_moved >= n || n > UINT32_MAX) {
        return TML_OK;
    }
    order = tmli_alloc(n, sizeof(*order));
    goes = tmli_calloc(n, sizeof(*goes));
    if (order == NULL || goes == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the validation split"));
    }
    for (uint32_t i = 0; i < n; i++) {
        order[i] = i;
    }
    tmli_rng rng = tmli_rng_at(recipe->split_seed, TMLI_RNG_SPLIT, 0, 0);
    tmli_rng_shuffle(&rng, order, n);
    for (size_t i = 0; i < n_moved; i++) {
        goes[order[i]] = 1;
    }
    TMLI_TRY(tmli_corpus_split(train, goes, &p->corpora[TMLI_PART_VALIDATION], err));
cleanup:
    tmli_free(order);
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
    return tmli_vocab_build(p->terms, p->counts, p->first, recipe->feature.max_words - 1, p->ids,
                            &out->vocab, err);
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

/* Numbers of entries are at most those of tokens: one allocation fits all. */
static tml_status encode(const tml_recipe *recipe, const tmli_labels *labels,
                         const tmli_corpus *corpus, const uint32_t *ids, tmli_encoded *out,
                         tml_error *err)
{
    const tmli_sequence_options sequence = tmli_model_sequence(recipe);
    const size_t n = corpus->n_rows;
    uint32_t *row_ids = tmli_alloc(longest_row(corpus), sizeof(*row_ids));
    out->entries = tmli_alloc(corpus->n_tokens, sizeof(*out->entries));
    out->offsets = tmli_calloc(n + 1, sizeof(*out->offsets));
    out->labels = tmli_alloc(n, sizeof(*out->labels));
    out->weights = tmli_alloc(n, sizeof(*out->weights));
    if (row_ids == NULL || out->entries == NULL || out->offsets == NULL || out->labels == NULL ||
        out->weights == NULL) {
        tmli_free(row_ids);
        return tmli_fail_memory(err, "the encoded rows");
    }
    for (size_t i = 0; i < n; i++) {
        const size_t n_ids = known_ids(corpus, i, ids, row_ids);
        const size_t at = out->offsets[i];
        out->offsets[i + 1] =
            at + tmli_sequence_place(&sequence, row_ids, n_ids, out->entries + at);
        out->labels[i] = labels->seen[corpus->labels[i]].class_id;
        out->weights[i] = corpus->weights[i];
    }
    out->n = n;
    tmli_free(row_ids);
    return TML_OK;
}

tml_status tmli_prepare(const tml_recipe *recipe, const tml_tokenizer *tokenizer,
                        const tml_fit_input *input, const atomic_bool *stop, tmli_prepared *out,
                        tml_error *err)
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
    TMLI_TRY(tmli_labels_init(&out->labels, &recipe->labels, err));
    TMLI_TRY(tml_tokens_create(&p.scratch, err));
    TMLI_TRY(read_parts(recipe, tokenizer, input, stop, &p, out, err));
    if (input->n_validation == 0) {
        TMLI_TRY(split(recipe, &p, err));
    }
    TMLI_TRY(build_vocab(recipe, &p, out, err));
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        TMLI_TRY(encode(recipe, &out->labels, &p.corpora[i], p.ids, &out->parts[i], err));
    }
cleanup:
    deinit_preparation(&p);
    return status;
}
