#include "pipeline/vectorizer.h"

#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "pipeline/model.h"
#include "text/tokenizer.h"

/* ---- from the recipe ---- */

static tml_tokenizer_kind kind_of(const tml_recipe *recipe, size_t block)
{
    const int own = recipe->features[block].tokenizer;
    return (tml_tokenizer_kind)(own > 0 ? own - 1 : recipe->tokenizer);
}

static tmli_analyzer analyzer_of(tml_tokenizer_kind kind)
{
    switch (kind) {
    case TML_TOKENIZER_CHAR: return TMLI_ANALYZER_CHAR;
    case TML_TOKENIZER_CHAR_WB: return TMLI_ANALYZER_CHAR_WB;
    case TML_TOKENIZER_KERAS:
    case TML_TOKENIZER_WHITESPACE:
    case TML_TOKENIZER_UNICODE:
    case TML_TOKENIZER_WORD: break;
    }
    return TMLI_ANALYZER_WORD;
}

tmli_bag_options tmli_bag_options_of(const tml_recipe *recipe, size_t block)
{
    const tmli_feature *feature = &recipe->features[block];
    return (tmli_bag_options){
        .analyzer = analyzer_of(kind_of(recipe, block)),
        .n_min = feature->ngrams.first,
        .n_max = feature->ngrams.last,
        .min_docs = feature->min_docs.value,
        .max_docs = feature->max_docs.value,
        .min_is_share = feature->min_docs.is_share,
        .max_is_share = feature->max_docs.is_share,
        .max_features = feature->max_features,
        .binary = feature->binary,
        .use_idf = feature->use_idf,
        .smooth_idf = feature->smooth_idf,
        .sublinear_tf = feature->sublinear_tf,
        .norm = (tmli_norm)feature->norm,
        .n_hashed = feature->hashed,
        .alternate_sign = feature->alternate_sign,
    };
}

tml_status tmli_vectorizer_init(const tml_recipe *recipe, tmli_vectorizer *out, tml_error *err)
{
    *out = (tmli_vectorizer){0};
    for (size_t i = 0; i < recipe->n_features; i++) {
        const tmli_bag_options options = tmli_bag_options_of(recipe, i);
        tml_status status = tmli_bag_options_check(&options, err);
        if (status == TML_OK) {
            status = tmli_model_tokenizer(recipe, kind_of(recipe, i), &out->tokenizers[i], err);
        }
        if (status != TML_OK) {
            return status;
        }
        out->n_blocks = i + 1;
    }
    return TML_OK;
}

void tmli_vectorizer_deinit(tmli_vectorizer *vectorizer)
{
    for (size_t i = 0; i < TMLI_MAX_BLOCKS; i++) {
        tml_tokenizer_free(vectorizer->tokenizers[i]);
        tmli_bag_deinit(&vectorizer->bags[i]);
    }
    *vectorizer = (tmli_vectorizer){0};
}

tml_status tmli_vectorizer_count_columns(tmli_vectorizer *vectorizer, tml_error *err)
{
    vectorizer->n_columns = 0;
    for (size_t i = 0; i < vectorizer->n_blocks; i++) {
        vectorizer->n_columns += vectorizer->bags[i].n_cols;
    }
    if (vectorizer->n_columns > UINT32_MAX) {
        return tmli_fail(err, TML_ELIMIT,
                         "features: %zu columns in all, at most %u: lower max_features or hashed",
                         vectorizer->n_columns, UINT32_MAX);
    }
    return TML_OK;
}

/* ---- texts → rows ---- */

tml_status tmli_vectorizer_scratch_init(tmli_vectorizer_scratch *out, tml_error *err)
{
    *out = (tmli_vectorizer_scratch){0};
    return tml_tokens_create(&out->tokens, err);
}

void tmli_vectorizer_scratch_deinit(tmli_vectorizer_scratch *scratch)
{
    tml_tokens_free(scratch->tokens);
    for (size_t i = 0; i < TMLI_MAX_BLOCKS; i++) {
        tmli_bag_scratch_deinit(&scratch->bags[i]);
    }
    tmli_free(scratch->columns);
    tmli_free(scratch->values);
    *scratch = (tmli_vectorizer_scratch){0};
}

static tml_status encode(const tmli_vectorizer *vectorizer, size_t block, tml_str text,
                         tmli_vectorizer_scratch *scratch, tmli_sparse_row *out, tml_error *err)
{
    const tml_status status =
        tml_tokenize(vectorizer->tokenizers[block], text, scratch->tokens, err);
    if (status != TML_OK) {
        return status;
    }
    return tmli_bag_encode(&vectorizer->bags[block], scratch->tokens->items, scratch->tokens->n,
                           &scratch->bags[block], out, err);
}

tml_status tmli_vectorize(const tmli_vectorizer *vectorizer, tml_str text,
                          tmli_vectorizer_scratch *scratch, tmli_sparse_row *out, tml_error *err)
{
    if (vectorizer->n_blocks == 1) {
        return encode(vectorizer, 0, text, scratch, out, err);
    }
    size_t n = 0;
    uint32_t first = 0; /* column of the block */
    for (size_t b = 0; b < vectorizer->n_blocks; b++) {
        tmli_sparse_row row;
        const tml_status status = encode(vectorizer, b, text, scratch, &row, err);
        if (status != TML_OK) {
            return status;
        }
        if (!tmli_grow(&scratch->columns, &scratch->column_capacity, n + row.n,
                       sizeof(*scratch->columns)) ||
            !tmli_grow(&scratch->values, &scratch->value_capacity, n + row.n,
                       sizeof(*scratch->values))) {
            return tmli_fail_memory(err, "a long text");
        }
        for (size_t i = 0; i < row.n; i++, n++) {
            scratch->columns[n] = first + row.columns[i];
            scratch->values[n] = row.values[i];
        }
        first += (uint32_t)vectorizer->bags[b].n_cols;
    }
    *out = (tmli_sparse_row){scratch->columns, scratch->values, n};
    return TML_OK;
}
