/* Options, their words, and the way of a text: normalized, then split by one of the token_*.c files. */
#include "textml/tokenizer.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "text/tokenizer.h"

#define WORD(name, word) word,
const char *const tmli_tokenizer_words[] = {TML_TOKENIZER_LIST(WORD)};
const char *const tmli_normalize_words[] = {TML_NORMALIZE_LIST(WORD)};
#undef WORD
const size_t tmli_n_tokenizer_words = sizeof tmli_tokenizer_words / sizeof tmli_tokenizer_words[0];
const size_t tmli_n_normalize_words = sizeof tmli_normalize_words / sizeof tmli_normalize_words[0];

const char *tmli_tokenizer_word(tml_tokenizer_kind kind)
{
    assert((size_t)kind < tmli_n_tokenizer_words);
    return tmli_tokenizer_words[kind];
}

const char *tmli_normalize_word(tml_normalize_step step)
{
    assert((size_t)step < tmli_n_normalize_words);
    return tmli_normalize_words[step];
}

/* The place of word among words[0..n), or n. */
static size_t find_word(tml_str word, const char *const *words, size_t n)
{
    size_t i = 0;
    while (i < n && !tmli_str_eq_text(word, words[i])) {
        i++;
    }
    return i;
}

bool tmli_tokenizer_from_word(tml_str word, tml_tokenizer_kind *out)
{
    const size_t i = find_word(word, tmli_tokenizer_words, tmli_n_tokenizer_words);
    if (i == tmli_n_tokenizer_words) {
        return false;
    }
    *out = (tml_tokenizer_kind)i;
    return true;
}

bool tmli_normalize_from_word(tml_str word, tml_normalize_step *out)
{
    const size_t i = find_word(word, tmli_normalize_words, tmli_n_normalize_words);
    if (i == tmli_n_normalize_words) {
        return false;
    }
    *out = (tml_normalize_step)i;
    return true;
}

tml_tokenizer_options tml_tokenizer_options_default(void)
{
    return (tml_tokenizer_options){
        .kind = TML_TOKENIZER_UNICODE,
        .steps = {TML_NORMALIZE_LOWER},
        .n_steps = 1,
    };
}

static tml_status check_options(const tml_tokenizer_options *opts, tml_error *err)
{
    if ((size_t)opts->kind >= tmli_n_tokenizer_words) {
        return tmli_fail(err, TML_EINVAL, "tokenizer: kind %d is not in 0..%zu", (int)opts->kind,
                         tmli_n_tokenizer_words - 1);
    }
    if (opts->n_steps > TML_NORMALIZE_MAX) {
        return tmli_fail(err, TML_EINVAL, "normalize: %zu steps, at most %d are possible",
                         opts->n_steps, TML_NORMALIZE_MAX);
    }
    for (size_t i = 0; i < opts->n_steps; i++) {
        if ((size_t)opts->steps[i] >= tmli_n_normalize_words) {
            return tmli_fail(err, TML_EINVAL, "normalize: step %zu is %d, which is not in 0..%zu",
                             i + 1, (int)opts->steps[i], tmli_n_normalize_words - 1);
        }
    }
    return TML_OK;
}

tml_status tml_tokenizer_create(const tml_tokenizer_options *opts, tml_tokenizer **out,
                                tml_error *err)
{
    const tml_status status = check_options(opts, err);
    if (status != TML_OK) {
        return status;
    }
    tml_tokenizer *const tokenizer = tmli_malloc(sizeof *tokenizer);
    if (tokenizer == NULL) {
        return tmli_fail_memory(err, "a tokenizer");
    }
    tokenizer->options = *opts;
    *out = tokenizer;
    return TML_OK;
}

void tml_tokenizer_free(tml_tokenizer *tokenizer)
{
    tmli_free(tokenizer);
}

tml_status tml_tokens_create(tml_tokens **out, tml_error *err)
{
    tml_tokens *const tokens = tmli_calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        return tmli_fail_memory(err, "a token list");
    }
    *out = tokens;
    return TML_OK;
}

void tml_tokens_free(tml_tokens *tokens)
{
    if (tokens == NULL) {
        return;
    }
    tmli_normalize_scratch_deinit(&tokens->scratch);
    tmli_buf_deinit(&tokens->text);
    tmli_free(tokens->items);
    tmli_free(tokens);
}

static bool split(tml_tokenizer_kind kind, tml_str text, tml_tokens *tokens)
{
    switch (kind) {
    case TML_TOKENIZER_KERAS: return tmli_split_keras(text, tokens);
    case TML_TOKENIZER_WHITESPACE: return tmli_split_whitespace(text, tokens);
    case TML_TOKENIZER_UNICODE: return tmli_split_unicode(text, tokens);
    }
    return false; /* the kind was checked when the tokenizer was made */
}

tml_status tml_tokenize(const tml_tokenizer *tokenizer, tml_str text, tml_tokens *tokens,
                        tml_error *err)
{
    const tml_tokenizer_options *const options = &tokenizer->options;
    tml_str normalized;
    if (!tmli_normalize(options->steps, options->n_steps, text, &tokens->scratch, &normalized) ||
        !split(options->kind, normalized, tokens)) {
        tokens->n = 0;
        return tmli_fail_memory(err, "the tokens of a text");
    }
    return TML_OK;
}

size_t tml_tokens_count(const tml_tokens *tokens)
{
    return tokens->n;
}

tml_str tml_tokens_at(const tml_tokens *tokens, size_t i)
{
    assert(i < tokens->n);
    return tokens->items[i];
}
