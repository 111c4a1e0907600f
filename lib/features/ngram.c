/* scikit-learn 1.2.1, feature_extraction/text.py: _word_ngrams, _char_ngrams, _char_wb_ngrams. There the orders come one
 * after the other; here all orders from one start do, which reads the text once. */
#include "features/ngram.h"

#include "base/bytes.h"
#include "base/mem.h"

enum {
    LENGTH_SHIFT = 8 * TMLI_PACKED_MAX
};

void tmli_ngram_scratch_deinit(tmli_ngram_scratch *scratch)
{
    tmli_buf_deinit(&scratch->joined);
    tmli_free(scratch->items);
    *scratch = (tmli_ngram_scratch){0};
}

uint64_t tmli_pack(const char *at, size_t len)
{
    uint64_t bytes = 0;
    if (len >= 4) { /* two reads that may overlap do for every length */
        bytes = tmli_load_u32le(at) | (uint64_t)tmli_load_u32le(at + len - 4) << 8 * (len - 4);
    } else if (len > 0) {
        const unsigned char *b = (const unsigned char *)at;
        bytes =
            b[0] | (uint64_t)b[len / 2] << 8 * (len / 2) | (uint64_t)b[len - 1] << 8 * (len - 1);
    }
    return bytes | (uint64_t)len << LENGTH_SHIFT;
}

size_t tmli_unpack(uint64_t packed, char out[TMLI_PACKED_MAX])
{
    const size_t len = (size_t)(packed >> LENGTH_SHIFT);
    for (size_t i = 0; i < len && i < TMLI_PACKED_MAX; i++) {
        out[i] = (char)(unsigned char)(packed >> 8 * i);
    }
    return len;
}

/* Copies the tokens behind each other, a blank between two: every n-gram of words is then a piece of one text. */
static bool join(const tml_str *tokens, size_t n, tmli_ngram_scratch *scratch)
{
    tmli_buf *const joined = &scratch->joined;
    tmli_buf_reset(joined);
    size_t total = n;
    for (size_t i = 0; i < n; i++) {
        total += tokens[i].len;
    }
    if (!tmli_buf_reserve(joined, total) ||
        !tmli_grow(&scratch->items, &scratch->capacity, n, sizeof *scratch->items)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        scratch->items[i] = (tml_str){joined->data + joined->len, tokens[i].len};
        tmli_buf_append_str(joined, tokens[i]);
        tmli_buf_append_byte(joined, ' ');
    }
    return true;
}

bool tmli_ngrams_begin(tmli_ngrams *grams, tmli_analyzer analyzer, size_t n_min, size_t n_max,
                       const tml_str *tokens, size_t n_tokens, tmli_ngram_scratch *scratch)
{
    *grams = (tmli_ngrams){.analyzer = analyzer,
                           .n_min = n_min,
                           .n_max = n_max,
                           .tokens = tokens,
                           .n_tokens = n_tokens};
    if (analyzer == TMLI_ANALYZER_WORD && n_max > 1) {
        if (!join(tokens, n_tokens, scratch)) {
            return false;
        }
        grams->tokens = scratch->items;
    }
    return true;
}

static tmli_gram gram_of(const char *at, size_t len)
{
    return (tmli_gram){at, len, len <= TMLI_PACKED_MAX ? tmli_pack(at, len) : 0};
}

static size_t next_words(tmli_ngrams *g, tmli_gram *out)
{
    size_t n = 0;
    if (g->n_max == 1) { /* the usual case; the tokens need not lie in one text */
        for (; n < TMLI_GRAM_BATCH && g->token < g->n_tokens; g->token++) {
            out[n++] = gram_of(g->tokens[g->token].data, g->tokens[g->token].len);
        }
        return n;
    }
    while (n < TMLI_GRAM_BATCH && g->token < g->n_tokens) {
        const size_t order = g->order == 0 ? g->n_min : g->order + 1;
        if (order > g->n_max || order > g->n_tokens - g->token) {
            g->order = 0;
            g->token++;
            continue;
        }
        const tml_str last = g->tokens[g->token + order - 1];
        const char *at = g->tokens[g->token].data;
        out[n++] = gram_of(at, (size_t)(last.data + last.len - at));
        g->order = order;
    }
    return n;
}

/* Bytes of the character at `at`, at most those before end. */
static size_t width_at(const char *at, const char *end)
{
    const unsigned char lead = (unsigned char)*at;
    if (lead < 0x80) {
        return 1;
    }
    const size_t width = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    const size_t left = (size_t)(end - at);
    return width < left ? width : left;
}

/* Opens the next token that is not empty. */
static bool open_token(tmli_ngrams *g)
{
    for (; g->token < g->n_tokens; g->token++) {
        const tml_str token = g->tokens[g->token];
        if (token.len > 0) {
            g->begin = token.data;
            g->start = token.data;
            g->at = token.data;
            g->end = token.data + token.len;
            g->token++;
            return true;
        }
    }
    return false;
}

/* Lengthens the n-gram from the present start, a character at a step, as far as there is room. Returns the new n. */
static size_t lengthen(tmli_ngrams *g, tmli_gram *out, size_t n)
{
    const char *const start = g->start;
    const char *const end = g->end;
    const char *at = g->at;
    size_t order = g->order;
    uint64_t packed = g->packed;
    while (order < g->n_max && at < end && n < TMLI_GRAM_BATCH) {
        const size_t width = width_at(at, end);
        for (size_t i = 0; i < width; i++, at++) {
            const size_t place = (size_t)(at - start);
            if (place < TMLI_PACKED_MAX) {
                packed |= (uint64_t)(unsigned char)*at << 8 * place;
            }
        }
        order++;
        if (order >= g->n_min) {
            const size_t len = (size_t)(at - start);
            out[n++] = (tmli_gram){start, len, packed | (uint64_t)(len & 0xFF) << LENGTH_SHIFT};
        }
    }
    g->at = at;
    g->order = order;
    g->packed = packed;
    return n;
}

static size_t next_chars(tmli_ngrams *g, tmli_gram *out)
{
    size_t n = 0;
    while (n < TMLI_GRAM_BATCH) {
        if (g->start == g->end && !open_token(g)) {
            break;
        }
        n = lengthen(g, out, n);
        if (g->order < g->n_max && g->at < g->end) {
            break; /* no more room; the next call goes on here */
        }
        if (g->order >= g->n_min) {
            g->start += width_at(g->start, g->end);
        } else {
            /* The token has no n_min characters from here on. When that holds from its beginning, char_wb counts it once. */
            if (g->analyzer == TMLI_ANALYZER_CHAR_WB && g->start == g->begin) {
                out[n++] = gram_of(g->begin, (size_t)(g->end - g->begin));
            }
            g->start = g->end;
        }
        g->at = g->start;
        g->order = 0;
        g->packed = 0;
    }
    return n;
}

size_t tmli_ngrams_next(tmli_ngrams *grams, tmli_gram out[TMLI_GRAM_BATCH])
{
    return grams->analyzer == TMLI_ANALYZER_WORD ? next_words(grams, out) : next_chars(grams, out);
}
