/* text/tokenizer.h: what lower layers see of a tokenizer, without calls per token. */
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include "text/normalize.h"
#include "text/stem.h"
#include "text/stop_set.h"
#include "textml/tokenizer.h"

struct tml_tokenizer {
    tml_tokenizer_options options; /* its words are those of stop_words, its stem is static */
    tmli_stop_set stop_words;
    size_t
        n_run; /* normalization steps that run: the last one is left out where the tokens do not need it */
};

struct tml_tokens {
    tmli_normalize_scratch scratch;
    tmli_buf text;         /* what a rule that changes text makes of it */
    tmli_buf stems;        /* the tokens of a tokenizer with a stemmer */
    tmli_stemmer *stemmer; /* owned; NULL before the first such tokenizer */
    tml_str *items;        /* owned */
    size_t n;
    size_t capacity;
};

/* The recipe word of a kind; static. */
const char *tmli_tokenizer_word(tml_tokenizer_kind kind);
/* For n-grams of characters: tokens are no words and are neither stop words nor stemmed. */
bool tmli_tokenizer_is_char(tml_tokenizer_kind kind);
/* The recipe words of all kinds and steps, in the order of their values. */
extern const char *const tmli_tokenizer_words[];
extern const size_t tmli_n_tokenizer_words;
extern const char *const tmli_normalize_words[];
extern const size_t tmli_n_normalize_words;

/* One splitting rule a function. text comes from tmli_normalize: valid UTF-8 and padded. The tokens point into it, or,
 * where the rule changes it, into tokens->text. False when memory is short. */
bool tmli_split_keras(tml_str text, tml_tokens *tokens);
bool tmli_split_whitespace(tml_str text, tml_tokens *tokens);
bool tmli_split_unicode(tml_str text, tml_tokens *tokens);
bool tmli_split_word(tml_str text, tml_tokens *tokens);
bool tmli_split_char(tml_str text, tml_tokens *tokens);
bool tmli_split_char_wb(tml_str text, tml_tokens *tokens);

#endif
