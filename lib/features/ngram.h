/* features/ngram.h: the n-grams of a document's tokens, as scikit-learn's three analyzers form them.
 *
 * word: n tokens in a row, joined by one blank. char: n characters in a row within a token; the tokenizer gives the whole
 * text as one. char_wb: the same within words that stand between two blanks, and a word shorter than n_min gives itself.
 * The order of n-grams is no promise. Every n-gram is a piece of bytes that exist: of a token, or of the tokens joined. */
#ifndef FEATURES_NGRAM_H
#define FEATURES_NGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "textml/str.h"

typedef enum tmli_analyzer {
    TMLI_ANALYZER_WORD,
    TMLI_ANALYZER_CHAR,
    TMLI_ANALYZER_CHAR_WB,
} tmli_analyzer;

enum {
    TMLI_GRAM_BATCH = 64, /* n-grams at a step: their places in a table are fetched side by side */
    TMLI_PACKED_MAX = 7,  /* bytes of text that fit in a number beside their length */
};

/* packed: the bytes, first one lowest, and the length above them, for a len up to TMLI_PACKED_MAX; two such n-grams are
 * equal exactly when their numbers are. Undefined for longer ones. */
typedef struct tmli_gram {
    const char *at;
    size_t len;
    uint64_t packed;
} tmli_gram;

/* Tokens joined by blanks, kept by the caller so that a steady load allocates nothing. */
typedef struct tmli_ngram_scratch {
    tmli_buf joined;
    tml_str *items; /* owned: the tokens in joined */
    size_t capacity;
} tmli_ngram_scratch; /* {0} to begin */

void tmli_ngram_scratch_deinit(tmli_ngram_scratch *scratch);

/* Walks through the n-grams of one document. */
typedef struct tmli_ngrams {
    tmli_analyzer analyzer;
    size_t n_min;
    size_t n_max;
    const tml_str *tokens;
    size_t n_tokens;
    size_t token; /* word: the first of the next n-gram; char: the next one */
    size_t order; /* word: tokens, char: characters in the last n-gram from this start */
    const char *begin, *start, *at,
        *end; /* char: token's begin, n-gram's start and end, token's end */
    uint64_t packed;
} tmli_ngrams;

/* n_min at least 1 and at most n_max. tokens: borrowed until the walk ends; valid UTF-8. False when memory is short,
 * which only happens for words with n_max above 1. */
bool tmli_ngrams_begin(tmli_ngrams *grams, tmli_analyzer analyzer, size_t n_min, size_t n_max,
                       const tml_str *tokens, size_t n_tokens, tmli_ngram_scratch *scratch);
/* The next n-grams, at most TMLI_GRAM_BATCH; returns their number, 0 at the end. */
size_t tmli_ngrams_next(tmli_ngrams *grams, tmli_gram out[TMLI_GRAM_BATCH]);

/* The number for at[0..len), len at most TMLI_PACKED_MAX; and back: writes the bytes and returns how many. */
uint64_t tmli_pack(const char *at, size_t len);
size_t tmli_unpack(uint64_t packed, char out[TMLI_PACKED_MAX]);

/* tmli_pack where 8 bytes may be read whatever the length: without branches. */
static inline uint64_t tmli_pack_padded(const char *at, size_t len)
{
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    bytes = __builtin_bswap64(bytes);
#endif
    return (bytes & (((uint64_t)1 << 8 * len) - 1)) | (uint64_t)len << 8 * TMLI_PACKED_MAX;
}

#endif
