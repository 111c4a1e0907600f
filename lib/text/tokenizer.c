/* Options, their words, and the way of a text: normalized, split by one of the token_*.c files, then without stop words
 * and stemmed. */
#include "textml/tokenizer.h"

#include <assert.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "base/suggest.h"
#include "text/ascii.h"
#include "text/tokenizer.h"
#include "text/trace.h"

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

tml_tokenizer_options tml_tokenizer_options_default(void)
{
    return (tml_tokenizer_options){
        .kind = TML_TOKENIZER_UNICODE,
        .steps = {TML_NORMALIZE_LOWER},
        .n_steps = 1,
    };
}

bool tmli_tokenizer_is_char(tml_tokenizer_kind kind)
{
    return kind == TML_TOKENIZER_CHAR || kind == TML_TOKENIZER_CHAR_WB;
}

static tml_status check_step(const tml_tokenizer_options *opts, size_t i, tml_error *err)
{
    const tml_normalize_step step = opts->steps[i];
    if ((size_t)step >= tmli_n_normalize_words) {
        return tmli_fail(err, TML_EINVAL, "normalize: step %zu is %d, which is not in 0..%zu",
                         i + 1, (int)step, tmli_n_normalize_words - 1);
    }
    if (step == TML_NORMALIZE_DROP_LINES && opts->step_counts[i] == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "normalize: step %zu is drop_lines without a count; say how many lines, "
                         "at least 1",
                         i + 1);
    }
    if (step == TML_NORMALIZE_DROP_STOP_WORDS && opts->n_stop_words == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "normalize: step %zu is drop_stop_words, but there are no stop words; "
                         "give a list or leave the step out",
                         i + 1);
    }
    return TML_OK;
}

static tml_status check_stem(const tml_tokenizer_options *opts, tml_error *err)
{
    if (opts->stem == NULL) {
        return TML_OK;
    }
    if (tmli_tokenizer_is_char(opts->kind)) {
        return tmli_fail(
            err, TML_EINVAL,
            "stem: tokenizer %s gives no words to stem; take another or leave stem out",
            tmli_tokenizer_word(opts->kind));
    }
    if (tmli_stem_language(opts->stem) != NULL) {
        return TML_OK;
    }
    const tml_str language = tmli_str(opts->stem);
    size_t n;
    const char *const *const names = tmli_stem_languages(&n);
    const char *const near = tmli_nearest(language, names, n);
    if (near != NULL) {
        return tmli_fail(err, TML_EINVAL,
                         "stem: there is no stemmer \"%.*s\"; did you mean \"%s\"?",
                         TMLI_SHOWN(language), near);
    }
    return tmli_fail(err, TML_EINVAL,
                     "stem: there is no stemmer \"%.*s\"; expected the English name of a language, "
                     "as \"%s\" or \"english\"",
                     TMLI_SHOWN(language), names[0]);
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
        const tml_status status = check_step(opts, i, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return check_stem(opts, err);
}

/* Once a text is letters and blanks, its words between blanks are its tokens, and dropping stop words from the text does
 * what dropping them from the tokens does anyway: the step is not run then. */
static size_t count_steps_to_run(const tml_tokenizer_options *opts)
{
    const size_t n = opts->n_steps;
    const bool is_by_word =
        opts->kind == TML_TOKENIZER_WORD || opts->kind == TML_TOKENIZER_WHITESPACE;
    const bool is_repeated = is_by_word && n >= 2 &&
                             opts->steps[n - 1] == TML_NORMALIZE_DROP_STOP_WORDS &&
                             opts->steps[n - 2] == TML_NORMALIZE_LETTERS_ONLY;
    return is_repeated ? n - 1 : n;
}

tml_status tml_tokenizer_create(const tml_tokenizer_options *opts, tml_tokenizer **out,
                                tml_error *err)
{
    const tml_status status = check_options(opts, err);
    if (status != TML_OK) {
        return status;
    }
    tml_tokenizer *const tokenizer = tmli_malloc(sizeof *tokenizer);
    if (tokenizer == NULL ||
        !tmli_stop_set_init(&tokenizer->stop_words, opts->stop_words, opts->n_stop_words)) {
        tmli_free(tokenizer);
        return tmli_fail_memory(err, "a tokenizer");
    }
    tokenizer->options = *opts;
    tokenizer->options.stop_words = tokenizer->stop_words.words;
    tokenizer->options.n_stop_words = tokenizer->stop_words.n;
    tokenizer->options.stem = opts->stem != NULL ? tmli_stem_language(opts->stem) : NULL;
    tokenizer->n_run = count_steps_to_run(opts);
    *out = tokenizer;
    return TML_OK;
}

void tml_tokenizer_free(tml_tokenizer *tokenizer)
{
    if (tokenizer == NULL) {
        return;
    }
    tmli_stop_set_deinit(&tokenizer->stop_words);
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
    tmli_buf_deinit(&tokens->stems);
    tmli_stemmer_free(tokens->stemmer);
    tmli_free(tokens->items);
    tmli_free(tokens);
}

/* Here and in finish: inlined into tml_tokenize, as is all that a short text needs. */
static inline __attribute__((always_inline)) bool split(tml_tokenizer_kind kind, tml_str text,
                                                        tml_tokens *tokens)
{
    switch (kind) {
    case TML_TOKENIZER_KERAS: return tmli_split_keras(text, tokens);
    case TML_TOKENIZER_WHITESPACE: return tmli_split_whitespace(text, tokens);
    case TML_TOKENIZER_UNICODE: return tmli_split_unicode(text, tokens);
    case TML_TOKENIZER_WORD: return tmli_split_word(text, tokens);
    case TML_TOKENIZER_CHAR: return tmli_split_char(text, tokens);
    case TML_TOKENIZER_CHAR_WB: return tmli_split_char_wb(text, tokens);
    }
    return false; /* the kind was checked when the tokenizer was made */
}

static void drop_stop_words(const tmli_stop_set *stop_words, tml_tokens *tokens)
{
    size_t kept = 0;
    for (size_t i = 0; i < tokens->n; i++) {
        tokens->items[kept] = tokens->items[i];
        kept += tmli_stop_set_has(stop_words, tokens->items[i]) ? 0 : 1;
    }
    tokens->n = kept;
}

/* Stems lie one behind the other; where, is known when the last is there, as the buffer may move. */
static bool stem(const char *language, tml_tokens *tokens)
{
    if (tokens->stemmer == NULL || tmli_stemmer_language(tokens->stemmer) != language) {
        tmli_stemmer_free(tokens->stemmer);
        tokens->stemmer = tmli_stemmer_create(language);
        if (tokens->stemmer == NULL) {
            return false;
        }
    }
    tmli_buf_reset(&tokens->stems);
    for (size_t i = 0; i < tokens->n; i++) {
        tml_str found;
        if (!tmli_stem(tokens->stemmer, tokens->items[i], &found)) {
            return false;
        }
        tmli_buf_append_str(&tokens->stems, found);
        tokens->items[i].len = found.len;
    }
    if (!tmli_buf_reserve(&tokens->stems, TMLI_PAD)) {
        return false;
    }
    const char *at = tokens->stems.data;
    for (size_t i = 0; i < tokens->n; i++) {
        tokens->items[i].data = at;
        at += tokens->items[i].len;
    }
    return true;
}

/* What happens to the tokens of words once they are cut. */
static inline __attribute__((always_inline)) bool finish(const tml_tokenizer *tokenizer,
                                                         tml_tokens *tokens)
{
    const tml_tokenizer_options *const options = &tokenizer->options;
    if (tmli_tokenizer_is_char(options->kind)) {
        return true;
    }
    if (options->n_stop_words > 0) {
        drop_stop_words(&tokenizer->stop_words, tokens);
    }
    return options->stem == NULL || stem(options->stem, tokens);
}

static tmli_normalize_plan plan_of(const tml_tokenizer *tokenizer)
{
    const tml_tokenizer_options *const options = &tokenizer->options;
    return (tmli_normalize_plan){options->steps, tokenizer->n_run, options->step_counts,
                                 &tokenizer->stop_words};
}

tml_status tml_tokenize(const tml_tokenizer *tokenizer, tml_str text, tml_tokens *tokens,
                        tml_error *err)
{
    const tmli_normalize_plan plan = plan_of(tokenizer);
    tml_str normalized;
    if (!tmli_normalize(&plan, text, &tokens->scratch, &normalized) ||
        !split(tokenizer->options.kind, normalized, tokens) || !finish(tokenizer, tokens)) {
        tokens->n = 0;
        return tmli_fail_memory(err, "the tokens of a text");
    }
    return TML_OK;
}

/* The spans of the tokens that finish will keep. */
static void drop_spans(const tml_tokenizer *tokenizer, const tml_tokens *tokens, tmli_spans *spans)
{
    if (tmli_tokenizer_is_char(tokenizer->options.kind) || tokenizer->options.n_stop_words == 0) {
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < tokens->n; i++) {
        spans->items[kept] = spans->items[i];
        kept += tmli_stop_set_has(&tokenizer->stop_words, tokens->items[i]) ? 0 : 1;
    }
    spans->n = kept;
}

tml_status tmli_tokenize_traced(const tml_tokenizer *tokenizer, tml_str text, tml_tokens *tokens,
                                tmli_trace *trace, tml_error *err)
{
    const tmli_normalize_plan plan = plan_of(tokenizer);
    const tml_tokenizer_kind kind = tokenizer->options.kind;
    tml_str normalized;
    assert(text.len <= TMLI_TRACE_BYTES_MAX);
    if (tmli_trace_normalize(&plan, text, &tokens->scratch, trace, &normalized) &&
        split(kind, normalized, tokens) && tmli_trace_split(kind, normalized, tokens, trace)) {
        drop_spans(tokenizer, tokens, &trace->tokens);
        if (finish(tokenizer, tokens)) {
            return TML_OK;
        }
    }
    tokens->n = 0;
    return tmli_fail_memory(err, "the tokens of a text");
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
