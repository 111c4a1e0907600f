/* A fitted bag and its use on one document. Fitting lives in bag_count.c and bag_finish.c, weights in tfidf.c. */
#include "features/bag.h"

#include <math.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "features/hashing.h"

tmli_bag_options tmli_bag_options_default(void)
{
    return (tmli_bag_options){.analyzer = TMLI_ANALYZER_WORD,
                              .n_min = 1,
                              .n_max = 1,
                              .min_docs = 1,
                              .max_docs = 1.0,
                              .max_is_share = true,
                              .use_idf = true,
                              .smooth_idf = true,
                              .norm = TMLI_NORM_L2,
                              .alternate_sign = true};
}

const char *tmli_bag_docs_text(double docs, bool is_share, char out[TMLI_DOCS_TEXT])
{
    const bool is_whole = is_share && floor(docs) == docs;
    (void)snprintf(out, TMLI_DOCS_TEXT, is_whole ? "%.1f" : "%g", docs);
    return out;
}

/* A share is in 0..1, a count a whole number from 1. */
static tml_status check_docs(const char *name, double docs, bool is_share, tml_error *err)
{
    if (is_share && !(docs >= 0.0 && docs <= 1.0)) {
        return tmli_fail(err, TML_EINVAL, "%s: a share of %g of the documents, expected 0 to 1",
                         name, docs);
    }
    if (!is_share && !(docs >= 1.0 && docs <= 9007199254740992.0 && floor(docs) == docs)) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: %g documents, expected a whole number from 1, or a share", name,
                         docs);
    }
    return TML_OK;
}

static tml_status check_hashed(const tmli_bag_options *options, tml_error *err)
{
    if (options->n_hashed > TMLI_HASHED_MAX) {
        return tmli_fail(err, TML_EINVAL, "n_features: %zu columns, expected at most %d",
                         options->n_hashed, TMLI_HASHED_MAX);
    }
    if (options->sublinear_tf && options->alternate_sign && !options->binary) {
        return tmli_fail(err, TML_EINVAL,
                         "sublinear_tf: the logarithm of a count needs alternate_sign: false");
    }
    if (options->use_idf && !options->smooth_idf) {
        return tmli_fail(err, TML_EINVAL,
                         "smooth_idf: hashed columns that no training document has need it true");
    }
    if (options->max_features > 0) {
        return tmli_fail(err, TML_EINVAL,
                         "max_features: %zu, but hashed features have no vocabulary to cut "
                         "(lower n_features)",
                         options->max_features);
    }
    return TML_OK;
}

tml_status tmli_bag_options_check(const tmli_bag_options *options, tml_error *err)
{
    if (options->n_min == 0 || options->n_min > options->n_max) {
        return tmli_fail(err, TML_EINVAL,
                         "ngram_range: %zu to %zu, expected two numbers from 1 of which the first "
                         "is not the greater",
                         options->n_min, options->n_max);
    }
    tml_status status = check_docs("min_df", options->min_docs, options->min_is_share, err);
    if (status == TML_OK) {
        status = check_docs("max_df", options->max_docs, options->max_is_share, err);
    }
    if (status != TML_OK) {
        return status;
    }
    if (options->min_is_share == options->max_is_share && options->min_docs > options->max_docs) {
        char min[TMLI_DOCS_TEXT];
        char max[TMLI_DOCS_TEXT];
        return tmli_fail(err, TML_EINVAL,
                         "min_df: %s is above max_df, %s: lower min_df or raise max_df",
                         tmli_bag_docs_text(options->min_docs, options->min_is_share, min),
                         tmli_bag_docs_text(options->max_docs, options->max_is_share, max));
    }
    return options->n_hashed > 0 ? check_hashed(options, err) : TML_OK;
}

tml_status tmli_bag_view(const tmli_bag_options *options, const tmli_vocab *vocab,
                         const double *idf, size_t n_idf, tmli_bag *out, tml_error *err)
{
    const tml_status status = tmli_bag_options_check(options, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t n_cols = options->n_hashed > 0 ? options->n_hashed : vocab->n;
    if (n_cols == 0 || (options->n_hashed > 0 && vocab->n > 0)) {
        return tmli_fail(err, TML_EFORMAT,
                         "features: %zu terms and %zu hashed columns, expected one of the two",
                         vocab->n, options->n_hashed);
    }
    if (options->use_idf != (idf != NULL) || (idf != NULL && n_idf != n_cols)) {
        return tmli_fail(err, TML_EFORMAT, "idf: %zu numbers, expected %zu",
                         idf != NULL ? n_idf : 0, options->use_idf ? n_cols : 0);
    }
    *out = (tmli_bag){.options = *options, .vocab = *vocab, .idf = idf, .n_cols = n_cols};
    out->vocab.owned = NULL; /* borrowed, whoever owns it */
    return TML_OK;
}

void tmli_bag_deinit(tmli_bag *bag)
{
    tmli_vocab_deinit(&bag->vocab);
    tmli_free(bag->owned_idf);
    *bag = (tmli_bag){0};
}

tmli_weighting tmli_bag_weighting(const tmli_bag *bag)
{
    return (tmli_weighting){.binary = bag->options.binary,
                            .sublinear_tf = bag->options.sublinear_tf,
                            .norm = bag->options.norm,
                            .idf = bag->idf};
}

void tmli_bag_scratch_deinit(tmli_bag_scratch *scratch)
{
    tmli_ngram_scratch_deinit(&scratch->ngrams);
    tmli_free(scratch->items);
    tmli_free(scratch->other);
    tmli_free(scratch->columns);
    tmli_free(scratch->values);
    *scratch = (tmli_bag_scratch){0};
}

/* Appends an item for each of a batch of n-grams that the vocabulary has; returns the new n. There is room. */
static size_t find_terms(const tmli_vocab *vocab, const tmli_gram *grams, size_t n_grams,
                         tmli_item *items, size_t n)
{
    uint32_t hashes[TMLI_GRAM_BATCH];
    for (size_t i = 0; i < n_grams; i++) {
        hashes[i] = tmli_hash_v1((tml_str){grams[i].at, grams[i].len});
        tmli_vocab_prefetch(vocab, hashes[i]);
    }
    for (size_t i = 0; i < n_grams; i++) {
        const uint32_t id =
            tmli_vocab_find_hashed(vocab, (tml_str){grams[i].at, grams[i].len}, hashes[i]);
        if (id != TMLI_NO_TERM) {
            items[n++] = (tmli_item){.key = id, .value = 1};
        }
    }
    return n;
}

static size_t hash_terms(const tmli_bag_options *options, const tmli_gram *grams, size_t n_grams,
                         tmli_item *items, size_t n)
{
    for (size_t i = 0; i < n_grams; i++) {
        const tmli_hashed hashed =
            tmli_hash_term((tml_str){grams[i].at, grams[i].len}, (uint32_t)options->n_hashed);
        const int64_t value = options->alternate_sign ? hashed.sign : 1;
        items[n++] = (tmli_item){.key = hashed.column, .value = value};
    }
    return n;
}

/* One item for each n-gram of a document that has a column. vocab: NULL when hashed. */
static bool collect(const tmli_bag_options *options, const tmli_vocab *vocab, const tml_str *tokens,
                    size_t n_tokens, tmli_bag_scratch *scratch, size_t *n)
{
    tmli_ngrams walk;
    if (!tmli_ngrams_begin(&walk, options->analyzer, options->n_min, options->n_max, tokens,
                           n_tokens, &scratch->ngrams)) {
        return false;
    }
    tmli_gram grams[TMLI_GRAM_BATCH];
    size_t n_grams = 0;
    while ((n_grams = tmli_ngrams_next(&walk, grams)) > 0) {
        if (!tmli_grow(&scratch->items, &scratch->items_capacity, *n + n_grams,
                       sizeof *scratch->items)) {
            return false;
        }
        *n = vocab != NULL ? find_terms(vocab, grams, n_grams, scratch->items, *n)
                           : hash_terms(options, grams, n_grams, scratch->items, *n);
    }
    return true;
}

bool tmli_bag_hash_terms(const tmli_bag_options *options, const tml_str *tokens, size_t n_tokens,
                         tmli_bag_scratch *scratch, size_t *n)
{
    return collect(options, NULL, tokens, n_tokens, scratch, n);
}

tml_status tmli_bag_encode(const tmli_bag *bag, const tml_str *tokens, size_t n_tokens,
                           tmli_bag_scratch *scratch, tmli_sparse_row *out, tml_error *err)
{
    const tmli_vocab *const vocab = bag->options.n_hashed > 0 ? NULL : &bag->vocab;
    size_t n = 0;
    if (!collect(&bag->options, vocab, tokens, n_tokens, scratch, &n) ||
        !tmli_grow(&scratch->other, &scratch->other_capacity, n, sizeof *scratch->other) ||
        !tmli_grow(&scratch->columns, &scratch->columns_capacity, n, sizeof *scratch->columns) ||
        !tmli_grow(&scratch->values, &scratch->values_capacity, n, sizeof *scratch->values)) {
        return tmli_fail_memory(err, "the features of a text");
    }
    n = tmli_combine(scratch->items, scratch->other, n, tmli_bits_for(bag->n_cols));
    const tmli_weighting weighting = tmli_bag_weighting(bag);
    tmli_weigh(&weighting, scratch->items, n, scratch->columns, scratch->values);
    *out = (tmli_sparse_row){.columns = scratch->columns, .values = scratch->values, .n = n};
    return TML_OK;
}
