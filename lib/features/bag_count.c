/* The first half of fitting a bag: documents → numbers of terms and counts. The second half is bag_finish.c. */
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "features/bag_internal.h"
#include "text/tokenizer.h"

enum {
    CHUNK_BYTES =
        1
        << 18, /* of text: some hundreds in a corpus of 100 MB, so that no thread waits long for the last */
    AHEAD = 16, /* n-grams of words: fetch so many slots before they are needed */
};

tml_status tmli_bag_builder_create(const tmli_bag_options *options, const tml_tokenizer *tokenizer,
                                   tmli_pool *pool, tmli_bag_builder **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_bag_builder *builder = NULL;
    TMLI_TRY(tmli_bag_options_check(options, err));
    builder = tmli_calloc(1, sizeof *builder);
    if (builder == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a vectorizer"));
    }
    builder->options = *options;
    builder->tokenizer = tokenizer;
    builder->pool = pool;
    builder->lanes = tmli_calloc(tmli_pool_threads(pool), sizeof *builder->lanes);
    if (builder->lanes == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a vectorizer"));
    }
    builder->n_lanes = tmli_pool_threads(pool);
    *out = builder;
    builder = NULL;
cleanup:
    tmli_bag_builder_free(builder);
    return status;
}

void tmli_bag_lane_deinit(tmli_bag_lane *lane)
{
    tml_tokens_free(lane->tokens);
    tmli_terms_deinit(&lane->terms);
    tmli_free(lane->counted);
    tmli_free(lane->words);
    tmli_free(lane->fronts);
    tmli_bag_scratch_deinit(&lane->scratch);
    tmli_free(lane->columns);
    tmli_free(lane->df);
    tmli_free(lane->totals);
    *lane = (tmli_bag_lane){0};
}

void tmli_bag_builder_free(tmli_bag_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    for (size_t i = 0; i < builder->n_lanes; i++) {
        tmli_bag_lane_deinit(builder->lanes + i);
    }
    for (size_t i = 0; i < builder->n_chunks; i++) {
        tmli_free(builder->chunks[i].words);
        tmli_free(builder->chunks[i].ends);
    }
    tmli_free(builder->lanes);
    tmli_free(builder->chunks);
    tmli_free(builder);
}

size_t tmli_bag_builder_documents(const tmli_bag_builder *builder)
{
    return builder->n_documents;
}

/* Counts one occurrence. A mark is right when it points at an entry of the same term, so that nothing is cleared between
 * documents. There is room. */
static inline void count(tmli_bag_lane *lane, tmli_term *term)
{
    if (term->mark < lane->n_counted && lane->counted[term->mark].number == term->number) {
        lane->counted[term->mark].count++;
        return;
    }
    term->mark = (uint32_t)lane->n_counted;
    lane->counted[lane->n_counted++] = (tmli_counted){term->number, 1};
}

static bool reserve_counted(tmli_bag_lane *lane, size_t more)
{
    return tmli_grow(&lane->counted, &lane->counted_capacity, lane->n_counted + more,
                     sizeof *lane->counted);
}

/* Fetches the slots of a batch; a longer n-gram's hash takes the place of its packed bytes. */
static void prefetch(const tmli_terms *terms, tmli_gram *grams, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (grams[i].len <= TMLI_PACKED_MAX) {
            tmli_term_prefetch(&terms->packed, grams[i].packed);
        } else {
            grams[i].packed = tmli_terms_hash((tml_str){grams[i].at, grams[i].len});
            tmli_term_prefetch(&terms->longer, grams[i].packed);
        }
    }
}

static tmli_term *slot_of(tmli_terms *terms, const tmli_gram *gram)
{
    return gram->len <= TMLI_PACKED_MAX
               ? tmli_terms_packed(terms, gram->packed)
               : tmli_terms_longer(terms, (tml_str){gram->at, gram->len}, gram->packed);
}

/* Counts the n-grams that are pieces of tokens, or whole tokens. numbers: NULL, or the number of each. */
static bool count_pieces(tmli_bag_lane *lane, tmli_ngrams *walk, bool is_counted, uint32_t *numbers)
{
    tmli_gram grams[TMLI_GRAM_BATCH];
    size_t n = 0;
    while ((n = tmli_ngrams_next(walk, grams)) > 0) {
        if (!reserve_counted(lane, n)) {
            return false;
        }
        prefetch(&lane->terms, grams, n);
        for (size_t i = 0; i < n; i++) {
            tmli_term *const term = slot_of(&lane->terms, grams + i);
            if (term == NULL) {
                return false;
            }
            if (is_counted) {
                count(lane, term);
            }
            if (numbers != NULL) {
                *numbers++ = term->number;
            }
        }
    }
    return true;
}

/* Lengthens the n-grams of a document by one word: fronts[0..n) hold the numbers of those that begin at each word, and
 * next[0..n) those of the words to add. */
static bool lengthen(tmli_bag_lane *lane, uint32_t *fronts, const uint32_t *next, size_t n,
                     bool is_counted)
{
    if (!reserve_counted(lane, n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (i + AHEAD < n) {
            tmli_term_prefetch(&lane->terms.pairs,
                               tmli_term_pair_key(fronts[i + AHEAD], next[i + AHEAD]));
        }
        tmli_term *const term = tmli_terms_pair(&lane->terms, fronts[i], next[i]);
        if (term == NULL) {
            return false;
        }
        fronts[i] = term->number;
        if (is_counted) {
            count(lane, term);
        }
    }
    return true;
}

static bool count_words(const tmli_bag_options *options, const tml_str *tokens, size_t n,
                        tmli_bag_lane *lane)
{
    tmli_ngrams walk;
    const bool is_long = options->n_max > 1;
    if (is_long && (!tmli_grow(&lane->words, &lane->words_capacity, n, sizeof *lane->words) ||
                    !tmli_grow(&lane->fronts, &lane->fronts_capacity, n, sizeof *lane->fronts))) {
        return false;
    }
    if (!tmli_ngrams_begin(&walk, TMLI_ANALYZER_WORD, 1, 1, tokens, n, &lane->scratch.ngrams) ||
        !count_pieces(lane, &walk, options->n_min == 1, is_long ? lane->words : NULL)) {
        return false;
    }
    if (is_long && n > 0) {
        memcpy(lane->fronts, lane->words, n * sizeof *lane->fronts);
    }
    for (size_t order = 2; order <= options->n_max && order <= n; order++) {
        if (!lengthen(lane, lane->fronts, lane->words + order - 1, n - order + 1,
                      order >= options->n_min)) {
            return false;
        }
    }
    return true;
}

static bool count_hashed(const tmli_bag_options *options, const tml_str *tokens, size_t n_tokens,
                         tmli_bag_lane *lane)
{
    tmli_bag_scratch *const scratch = &lane->scratch;
    size_t n = 0;
    if (!tmli_bag_hash_terms(options, tokens, n_tokens, scratch, &n) ||
        !tmli_grow(&scratch->other, &scratch->other_capacity, n, sizeof *scratch->other)) {
        return false;
    }
    n = tmli_combine(scratch->items, scratch->other, n, tmli_bits_for(options->n_hashed));
    if (!reserve_counted(lane, n)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) { /* a count may be negative: it comes back through int32_t */
        lane->counted[lane->n_counted++] =
            (tmli_counted){(uint32_t)scratch->items[i].key, (uint32_t)scratch->items[i].value};
    }
    return true;
}

static bool count_tokens(const tmli_bag_options *options, const tml_str *tokens, size_t n,
                         tmli_bag_lane *lane)
{
    lane->n_counted = 0;
    if (options->n_hashed > 0) {
        return count_hashed(options, tokens, n, lane);
    }
    if (options->analyzer == TMLI_ANALYZER_WORD) {
        return count_words(options, tokens, n, lane);
    }
    tmli_ngrams walk;
    return tmli_ngrams_begin(&walk, options->analyzer, options->n_min, options->n_max, tokens, n,
                             &lane->scratch.ngrams) &&
           count_pieces(lane, &walk, true, NULL);
}

/* Appends the counted document to its chunk. */
static bool store(const tmli_bag_lane *lane, tmli_bag_chunk *chunk)
{
    if (!tmli_grow(&chunk->words, &chunk->capacity, chunk->n_words + 2 * lane->n_counted,
                   sizeof *chunk->words)) {
        return false;
    }
    uint32_t *at = chunk->words + chunk->n_words;
    for (size_t i = 0; i < lane->n_counted; i++) {
        const tmli_counted item = lane->counted[i];
        if (item.count == 1) {
            *at++ = item.number | TMLI_ONCE;
        } else {
            *at++ = item.number;
            *at++ = item.count;
        }
    }
    chunk->n_words = (size_t)(at - chunk->words);
    return true;
}

static tml_status count_document(tmli_bag_builder *b, size_t document, tmli_bag_lane *lane,
                                 tmli_bag_chunk *chunk)
{
    const size_t i = document - b->first_document;
    const tml_str *tokens = NULL;
    size_t n = 0;
    if (b->texts != NULL) {
        const tml_status status = tml_tokenize(b->tokenizer, b->texts[i], lane->tokens, &lane->err);
        if (status != TML_OK) {
            return status;
        }
        tokens = lane->tokens->items;
        n = lane->tokens->n;
    } else {
        tokens = b->documents[i].items;
        n = b->documents[i].n;
    }
    if (n > UINT32_MAX || !count_tokens(&b->options, tokens, n, lane) || !store(lane, chunk)) {
        if (lane->terms.n >= TMLI_TERMS_MAX) {
            return tmli_fail(&lane->err, TML_ELIMIT, "vocabulary: more than %u n-grams",
                             TMLI_TERMS_MAX);
        }
        return tmli_fail_memory(&lane->err, "the n-grams of the documents");
    }
    chunk->ends[document - chunk->first] = chunk->n_words;
    return TML_OK;
}

/* One lane takes chunks until there are no more, or one fails. */
static void run_lane(void *ctx, size_t number)
{
    tmli_bag_builder *const b = ctx;
    tmli_bag_lane *const lane = b->lanes + number;
    if (b->texts != NULL && lane->tokens == NULL) {
        lane->status = tml_tokens_create(&lane->tokens, &lane->err);
    }
    size_t at = 0;
    while (lane->status == TML_OK && (at = atomic_fetch_add(&b->next_chunk, 1)) < b->n_chunks) {
        tmli_bag_chunk *const chunk = b->chunks + at;
        chunk->lane = number;
        for (size_t i = 0; i < chunk->n && lane->status == TML_OK; i++) {
            lane->status = count_document(b, chunk->first + i, lane, chunk);
        }
        uint32_t *const fitting = tmli_realloc(chunk->words, chunk->n_words, sizeof *fitting);
        if (fitting != NULL) { /* else the longer block serves as well */
            chunk->words = fitting;
            chunk->capacity = chunk->n_words;
        }
    }
}

static size_t bytes_of(const tmli_bag_builder *b, size_t i)
{
    if (b->texts != NULL) {
        return b->texts[i].len;
    }
    size_t bytes = 0;
    for (size_t k = 0; k < b->documents[i].n; k++) {
        bytes += b->documents[i].items[k].len + 1;
    }
    return bytes;
}

/* Cuts documents 0..n-1 of this call into chunks. */
static tml_status cut(tmli_bag_builder *b, size_t n, tml_error *err)
{
    for (size_t i = 0; i < n;) {
        const size_t first = i;
        for (size_t bytes = 0; i < n && bytes < CHUNK_BYTES; i++) {
            bytes += bytes_of(b, i) + 1;
        }
        if (!tmli_grow(&b->chunks, &b->chunks_capacity, b->n_chunks + 1, sizeof *b->chunks)) {
            return tmli_fail_memory(err, "the documents of a vectorizer");
        }
        tmli_bag_chunk *const chunk = b->chunks + b->n_chunks;
        *chunk = (tmli_bag_chunk){.first = b->first_document + first, .n = i - first};
        chunk->ends = tmli_calloc(chunk->n, sizeof *chunk->ends);
        if (chunk->ends == NULL) {
            return tmli_fail_memory(err, "the documents of a vectorizer");
        }
        b->n_chunks++;
    }
    return TML_OK;
}

static tml_status count_all(tmli_bag_builder *b, size_t n, tml_error *err)
{
    b->first_document = b->n_documents;
    atomic_store(&b->next_chunk, b->n_chunks);
    const tml_status status = cut(b, n, err);
    if (status != TML_OK) {
        return status;
    }
    b->n_documents += n;
    tmli_pool_run(b->pool, b->n_lanes, run_lane, b);
    for (size_t i = 0; i < b->n_lanes; i++) {
        if (b->lanes[i].status != TML_OK) {
            return tmli_fail(err, b->lanes[i].status, "%s", b->lanes[i].err.text);
        }
    }
    return TML_OK;
}

tml_status tmli_bag_builder_add(tmli_bag_builder *builder, const tml_str *texts, size_t n,
                                tml_error *err)
{
    if (n == 0) {
        return TML_OK;
    }
    builder->texts = texts;
    builder->documents = NULL;
    return count_all(builder, n, err);
}

tml_status tmli_bag_builder_add_tokens(tmli_bag_builder *builder, const tmli_token_list *documents,
                                       size_t n, tml_error *err)
{
    builder->texts = NULL;
    builder->documents = documents;
    return count_all(builder, n, err);
}
