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
    tmli_terms_deinit(&lane->spelled);
    tmli_free(lane->pieces);
    tmli_free(lane->piece_ends);
    tmli_free(lane->whole);
    tmli_free(lane->marks);
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
    for (size_t i = 0; builder->lanes != NULL && i < builder->n_lanes; i++) {
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

/* Counts `times` occurrences. A mark is right when it points at an entry of the same term, so that nothing is cleared
 * between documents. Without branches, for whether a term is new to a document cannot be predicted. There is room for one
 * more entry than the *n that there are; loops keep that number in a register. */
static inline void count(tmli_counted *counted, size_t *n, uint32_t number, uint32_t *mark,
                         uint32_t times)
{
    const uint32_t end = (uint32_t)*n;
    counted[end] = (tmli_counted){number, 0};
    uint32_t at = *mark < end ? *mark : end;
    at = counted[at].number == number ? at : end;
    counted[at].count += times;
    *mark = at;
    *n += at == end ? 1 : 0;
}

static bool reserve_counted(tmli_bag_lane *lane, size_t more)
{
    return tmli_grow(&lane->counted, &lane->counted_capacity, lane->n_counted + more + 1,
                     sizeof *lane->counted);
}

/* Tokens of up to TMLI_PACKED_MAX bytes and longer ones, each kind with its keys, told apart without branches: which of
 * the two comes next cannot be predicted. */
typedef struct token_batch {
    uint64_t keys[TMLI_GRAM_BATCH];
    unsigned char packed[TMLI_GRAM_BATCH], longer[TMLI_GRAM_BATCH]; /* places */
    size_t n_packed, n_longer;
} token_batch;

/* Computes the keys of tokens[0..n) and fetches their slots. is_padded: 8 bytes from each token's begin may be read. */
static void open_batch(const tmli_terms *terms, const tml_str *tokens, size_t n, bool is_padded,
                       token_batch *out)
{
    out->n_packed = 0;
    out->n_longer = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t is_packed = tokens[i].len <= TMLI_PACKED_MAX ? 1 : 0;
        out->packed[out->n_packed] = (unsigned char)i;
        out->longer[out->n_longer] = (unsigned char)i;
        out->n_packed += is_packed;
        out->n_longer += 1 - is_packed;
    }
    for (size_t k = 0; k < out->n_packed; k++) {
        const tml_str token = tokens[out->packed[k]];
        out->keys[out->packed[k]] =
            is_padded ? tmli_pack_padded(token.data, token.len) : tmli_pack(token.data, token.len);
        tmli_term_prefetch(&terms->packed, out->keys[out->packed[k]]);
    }
    for (size_t k = 0; k < out->n_longer; k++) {
        out->keys[out->longer[k]] = tmli_terms_hash(tokens[out->longer[k]]);
        tmli_term_prefetch(&terms->longer, out->keys[out->longer[k]]);
    }
}

/* Most terms stand in the first slot that they may have: no call for those. */
static inline tmli_term *packed_term(tmli_terms *terms, uint64_t packed)
{
    tmli_term *const first = tmli_term_first(&terms->packed, packed);
    return first != NULL && first->key == packed && first->number != UINT32_MAX
               ? first
               : tmli_terms_packed(terms, packed);
}

/* Counts whole tokens, or only finds them. numbers: NULL, or [n]: the number of each. */
static bool count_whole(tmli_bag_lane *lane, tmli_terms *terms, const tml_str *tokens, size_t n,
                        bool is_padded, bool is_counted, uint32_t *numbers)
{
    token_batch batch;
    for (size_t begin = 0; begin < n; begin += TMLI_GRAM_BATCH) {
        const tml_str *const some = tokens + begin;
        const size_t n_some = n - begin < TMLI_GRAM_BATCH ? n - begin : TMLI_GRAM_BATCH;
        if (!reserve_counted(lane, n_some)) {
            return false;
        }
        open_batch(terms, some, n_some, is_padded, &batch);
        size_t n_counted = lane->n_counted;
        for (size_t k = 0; k < n_some; k++) {
            const bool is_packed = k < batch.n_packed;
            const size_t i = is_packed ? batch.packed[k] : batch.longer[k - batch.n_packed];
            tmli_term *const term = is_packed ? packed_term(terms, batch.keys[i])
                                              : tmli_terms_longer(terms, some[i], batch.keys[i]);
            if (term == NULL) {
                return false;
            }
            if (is_counted) {
                count(lane->counted, &n_counted, term->number, &term->mark, 1);
            }
            if (numbers != NULL) {
                numbers[begin + i] = term->number;
            }
        }
        lane->n_counted = n_counted;
    }
    return true;
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

/* The n-grams of a whole text, each looked up. */
static bool count_chars(const tmli_bag_options *options, const tml_str *tokens, size_t n_tokens,
                        tmli_bag_lane *lane)
{
    tmli_ngrams walk;
    if (!tmli_ngrams_begin(&walk, options->analyzer, options->n_min, options->n_max, tokens,
                           n_tokens, &lane->scratch.ngrams)) {
        return false;
    }
    tmli_gram grams[TMLI_GRAM_BATCH];
    size_t n = 0;
    while ((n = tmli_ngrams_next(&walk, grams)) > 0) {
        if (!reserve_counted(lane, n)) {
            return false;
        }
        prefetch(&lane->terms, grams, n);
        size_t n_counted = lane->n_counted;
        for (size_t i = 0; i < n; i++) {
            tmli_term *const term = slot_of(&lane->terms, grams + i);
            if (term == NULL) {
                return false;
            }
            count(lane->counted, &n_counted, term->number, &term->mark, 1);
        }
        lane->n_counted = n_counted;
    }
    return true;
}

/* Takes a new word apart: appends the numbers of its n-grams to the lane's pieces. */
static bool spell(const tmli_bag_options *options, tml_str word, tmli_bag_lane *lane)
{
    tmli_ngrams walk;
    if (!tmli_ngrams_begin(&walk, options->analyzer, options->n_min, options->n_max, &word, 1,
                           &lane->scratch.ngrams)) {
        return false;
    }
    tmli_gram grams[TMLI_GRAM_BATCH];
    size_t n = 0;
    while ((n = tmli_ngrams_next(&walk, grams)) > 0) {
        if (!tmli_grow(&lane->pieces, &lane->pieces_capacity, lane->n_pieces + n,
                       sizeof *lane->pieces)) {
            return false;
        }
        prefetch(&lane->terms, grams, n);
        for (size_t i = 0; i < n; i++) {
            const tmli_term *const term = slot_of(&lane->terms, grams + i);
            if (term == NULL) {
                return false;
            }
            lane->pieces[lane->n_pieces++] = term->number;
        }
    }
    if (!tmli_grow(&lane->marks, &lane->marks_capacity, lane->terms.n, sizeof *lane->marks)) {
        return false;
    }
    while (lane->n_marks < lane->terms.n) {
        lane->marks[lane->n_marks++] = 0;
    }
    return true;
}

/* Adds the n-grams of one word of the document. */
static bool count_word_pieces(tmli_bag_lane *lane, tmli_counted word)
{
    const size_t begin = word.number > 0 ? lane->piece_ends[word.number - 1] : 0;
    const size_t end = lane->piece_ends[word.number];
    if (!reserve_counted(lane, end - begin)) {
        return false;
    }
    tmli_counted *const counted = lane->counted;
    const uint32_t *const pieces = lane->pieces;
    uint32_t *const marks = lane->marks;
    size_t n_counted = lane->n_counted;
    for (size_t i = begin; i < end; i++) {
        count(counted, &n_counted, pieces[i], marks + pieces[i], word.count);
    }
    lane->n_counted = n_counted;
    return true;
}

/* Spells the words from number `known` on, which the lane has not met before. */
static bool spell_new_words(const tmli_bag_options *options, tmli_bag_lane *lane, size_t known)
{
    if (!tmli_grow(&lane->piece_ends, &lane->piece_ends_capacity, lane->spelled.n,
                   sizeof *lane->piece_ends)) {
        return false;
    }
    tmli_buf *const text = &lane->scratch.ngrams.joined;
    for (size_t i = known; i < lane->spelled.n; i++) {
        const size_t len = tmli_terms_length(&lane->spelled, (uint32_t)i);
        tmli_buf_reset(text);
        if (!tmli_buf_reserve(text, len + 1)) {
            return false;
        }
        tmli_terms_write(&lane->spelled, (uint32_t)i, text->data);
        if (!spell(options, (tml_str){text->data, len}, lane)) {
            return false;
        }
        lane->piece_ends[i] = lane->n_pieces;
    }
    return true;
}

/* Words first, then the n-grams of each that is different, as often as it is there. */
static bool count_within_words(const tmli_bag_options *options, const tml_str *tokens, size_t n,
                               bool is_padded, tmli_bag_lane *lane)
{
    const size_t known = lane->spelled.n;
    if (!count_whole(lane, &lane->spelled, tokens, n, is_padded, true, NULL) ||
        !spell_new_words(options, lane, known) ||
        !tmli_grow(&lane->whole, &lane->whole_capacity, lane->n_counted, sizeof *lane->whole)) {
        return false;
    }
    const size_t n_whole = lane->n_counted;
    if (n_whole > 0) {
        memcpy(lane->whole, lane->counted, n_whole * sizeof *lane->whole);
    }
    lane->n_counted = 0;
    for (size_t i = 0; i < n_whole; i++) {
        if (!count_word_pieces(lane, lane->whole[i])) {
            return false;
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
            count(lane->counted, &lane->n_counted, term->number, &term->mark, 1);
        }
    }
    return true;
}

static bool count_words(const tmli_bag_options *options, const tml_str *tokens, size_t n,
                        bool is_padded, tmli_bag_lane *lane)
{
    const bool is_long = options->n_max > 1;
    if (is_long && (!tmli_grow(&lane->words, &lane->words_capacity, n, sizeof *lane->words) ||
                    !tmli_grow(&lane->fronts, &lane->fronts_capacity, n, sizeof *lane->fronts))) {
        return false;
    }
    if (!count_whole(lane, &lane->terms, tokens, n, is_padded, options->n_min == 1,
                     is_long ? lane->words : NULL)) {
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
                         bool is_padded, tmli_bag_lane *lane)
{
    lane->n_counted = 0;
    if (options->n_hashed > 0) {
        return count_hashed(options, tokens, n, lane);
    }
    switch (options->analyzer) {
    case TMLI_ANALYZER_WORD: return count_words(options, tokens, n, is_padded, lane);
    case TMLI_ANALYZER_CHAR: return count_chars(options, tokens, n, lane);
    case TMLI_ANALYZER_CHAR_WB: return count_within_words(options, tokens, n, is_padded, lane);
    }
    return false;
}

/* True when the last token, and thus each of them, has 8 bytes of one buffer behind it. */
static bool is_padded(const tml_tokens *tokens)
{
    const tmli_buf *const buffers[3] = {&tokens->scratch.a, &tokens->scratch.b, &tokens->text};
    const uintptr_t end = tokens->n > 0 ? (uintptr_t)tokens->items[tokens->n - 1].data +
                                              tokens->items[tokens->n - 1].len
                                        : 0;
    for (size_t i = 0; i < 3; i++) {
        const uintptr_t begin = (uintptr_t)buffers[i]->data;
        if (buffers[i]->data != NULL && end >= begin && end + 8 <= begin + buffers[i]->capacity) {
            return true;
        }
    }
    return false;
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
    bool has_padding = false;
    if (b->texts != NULL) {
        const tml_status status = tml_tokenize(b->tokenizer, b->texts[i], lane->tokens, &lane->err);
        if (status != TML_OK) {
            return status;
        }
        tokens = lane->tokens->items;
        n = lane->tokens->n;
        has_padding = is_padded(lane->tokens);
    } else {
        tokens = b->documents[i].items;
        n = b->documents[i].n;
    }
    if (n > UINT32_MAX || !count_tokens(&b->options, tokens, n, has_padding, lane) ||
        !store(lane, chunk)) {
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
