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
#define TML_TOKENIZER_LIST(X)                                                             \
    X(TML_TOKENIZER_KERAS, "keras") /* Keras 2.2: filters become blanks, split at them */ \
    X(TML_TOKENIZER_WHITESPACE, "whitespace") /* split at Unicode white space */          \
    X(TML_TOKENIZER_UNICODE, "unicode")       /* runs of letters, marks, digits: docs/recipes.md */

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
    X(TML_NORMALIZE_SPACES, "collapse_spaces")      /* \s+ to one blank, none at the ends */

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
} tml_tokenizer_options;

typedef struct tml_tokenizer tml_tokenizer;
typedef struct tml_tokens tml_tokens;

TML_API tml_tokenizer_options tml_tokenizer_options_default(void);

/* opts: copied. out: free with tml_tokenizer_free. Errors: TML_EINVAL for values outside the lists, TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_tokenizer_create(const tml_tokenizer_options *opts,
                                                      tml_tokenizer **out, tml_error *err);
TML_API void tml_tokenizer_free(tml_tokenizer *tokenizer); /* NULL is allowed */

/* Scratch; grows to the longest text seen and is then reused without allocation. */
TML_API TML_NODISCARD tml_status tml_tokens_create(tml_tokens **out, tml_error *err);
TML_API void tml_tokens_free(tml_tokens *tokens); /* NULL is allowed */

/* Splits text; the tokens replace those of the last call. No token is empty. Errors: TML_ENOMEM only. */
TML_API TML_NODISCARD tml_status tml_tokenize(const tml_tokenizer *tokenizer, tml_str text,
                                              tml_tokens *tokens, tml_error *err);
TML_API size_t tml_tokens_count(const tml_tokens *tokens);
/* Token i (below count): UTF-8, borrowed until the next tml_tokenize on the same scratch. */
TML_API tml_str tml_tokens_at(const tml_tokens *tokens, size_t i);

#endif
