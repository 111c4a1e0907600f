/* textml/tokenizer.h: raw text → tokens: normalization steps, then a splitting rule.
 *
 * Training and serving run this same code from the same stored options. Any bytes are accepted: what is not UTF-8 reads
 * as U+FFFD. A tokenizer is immutable and may be shared; tml_tokens is scratch for one thread. */
#ifndef TEXTML_TOKENIZER_H
#define TEXTML_TOKENIZER_H

#include <stddef.h>

#include "textml/status.h"
#include "textml/str.h"

/* X(name, recipe word): the order is no part of the format; the words are. */
#define TML_TOKENIZER_LIST(X)                                                                      \
    X(TML_TOKENIZER_KERAS, "keras") /* Keras 2.2: filters become blanks, split at them */          \
    X(TML_TOKENIZER_WHITESPACE, "whitespace") /* split at Unicode white space */                   \
    X(TML_TOKENIZER_UNICODE, "unicode") /* runs of letters, marks, digits: docs/recipes.md */      \
    X(TML_TOKENIZER_WORD, "word")       /* (?u)\b\w\w+\b, scikit-learn's token_pattern */          \
    X(TML_TOKENIZER_CHAR, "char")       /* one token, the text; \s\s+ is one blank: for n-grams */ \
    X(TML_TOKENIZER_CHAR_WB, "char_wb") /* split at white space, a blank before and behind each */

typedef enum tml_tokenizer_kind {
#define TML_TOKENIZER_ENUM(name, word) name,
    TML_TOKENIZER_LIST(TML_TOKENIZER_ENUM)
#undef TML_TOKENIZER_ENUM
} tml_tokenizer_kind;

#define TML_NORMALIZE_LIST(X)                                                                      \
    X(TML_NORMALIZE_LOWER, "lower")                 /* Python's str.lower() */                     \
    X(TML_NORMALIZE_SQUEEZE, "squeeze_punctuation") /* \s\W, \W\s, \s+ to a blank */               \
    X(TML_NORMALIZE_NFC, "nfc")                                                                    \
    X(TML_NORMALIZE_NFKC, "nfkc")                                                                  \
    X(TML_NORMALIZE_STRIP_ACCENTS, "strip_accents") /* decomposed, without marks (Mn), composed */ \
    X(TML_NORMALIZE_SPACES, "collapse_spaces")      /* \s+ to one blank, none at the ends */       \
    X(TML_NORMALIZE_ACCENTS_UNICODE,                                                               \
      "strip_accents_unicode")                            /* NFKD without marks, scikit-learn's */ \
    X(TML_NORMALIZE_ACCENTS_ASCII, "strip_accents_ascii") /* NFKD, then ASCII alone */             \
    X(TML_NORMALIZE_STRIP_HTML, "strip_html")             /* <[^>]+> to a blank */                 \
    X(TML_NORMALIZE_STRIP, "strip")                       /* Python's str.strip() */               \
    X(TML_NORMALIZE_DROP_LINES,                                                                    \
      "drop_lines") /* the first step_counts lines, of texts that have more */                     \
    X(TML_NORMALIZE_DROP_EMPTY_LINES, "drop_empty_lines")                                          \
    X(TML_NORMALIZE_LETTERS_ONLY, "letters_only")       /* [^a-zA-Z] to a blank */                 \
    X(TML_NORMALIZE_DROP_STOP_WORDS, "drop_stop_words") /* from blank to blank: docs/recipes.md */

typedef enum tml_normalize_step {
#define TML_NORMALIZE_ENUM(name, word) name,
    TML_NORMALIZE_LIST(TML_NORMALIZE_ENUM)
#undef TML_NORMALIZE_ENUM
} tml_normalize_step;

enum {
    TML_NORMALIZE_MAX = 16 /* steps in one tokenizer */
};

typedef struct tml_tokenizer_options {
    tml_tokenizer_kind kind;                     /* default: unicode */
    tml_normalize_step steps[TML_NORMALIZE_MAX]; /* applied in order */
    size_t n_steps;                              /* default: 1, lower */
    /* step_counts[i] belongs to steps[i]: the lines that drop_lines drops, at least 1. Other steps do not read it. */
    size_t step_counts[TML_NORMALIZE_MAX];
    /* Tokens equal to one of these, byte for byte, are left out; the step drop_stop_words has them too. The kinds for
     * n-grams of characters do not leave any out, as in scikit-learn. Default: none. */
    const tml_str *stop_words;
    size_t n_stop_words;
    /* Snowball stemmer for the tokens that are left, by its name in libstemmer: "english", …. Default: NULL, none. */
    const char *stem;
} tml_tokenizer_options;

typedef struct tml_tokenizer tml_tokenizer;
typedef struct tml_tokens tml_tokens;

TML_API tml_tokenizer_options tml_tokenizer_options_default(void);

/* Lists by name: "english" (scikit-learn's ENGLISH_STOP_WORDS, 318 words), "nltk" (NLTK's English list of 2021, 179).
 * In byte order and static. NULL for another name; *n is then untouched. */
TML_API const tml_str *tml_stop_words(const char *name, size_t *n);

/* opts: copied, with the words and texts it points to. out: free with tml_tokenizer_free. Errors: TML_EINVAL for values
 * outside the lists, for drop_lines without a count, for drop_stop_words without stop words, for a stemmer that does not
 * exist or that has no words to stem (kinds char and char_wb); TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_tokenizer_create(const tml_tokenizer_options *opts,
                                                      tml_tokenizer **out, tml_error *err);
TML_API void tml_tokenizer_free(tml_tokenizer *tokenizer); /* NULL is allowed */

/* Scratch; grows to the longest text seen and is then reused without allocation. With a stemmer it holds one for the
 * language of the last tokenizer. */
TML_API TML_NODISCARD tml_status tml_tokens_create(tml_tokens **out, tml_error *err);
TML_API void tml_tokens_free(tml_tokens *tokens); /* NULL is allowed */

/* Splits text; the tokens replace those of the last call. No token is empty; those of char_wb share the blank between
 * them. Errors: TML_ENOMEM only. */
TML_API TML_NODISCARD tml_status tml_tokenize(const tml_tokenizer *tokenizer, tml_str text,
                                              tml_tokens *tokens, tml_error *err);
TML_API size_t tml_tokens_count(const tml_tokens *tokens);
/* Token i (below count): UTF-8, borrowed until the next tml_tokenize on the same scratch. */
TML_API tml_str tml_tokens_at(const tml_tokens *tokens, size_t i);

#endif
