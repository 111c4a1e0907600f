/* Property: any bytes give tokens that are valid UTF-8, not empty and bounded, the same with fresh scratch; and what is
 * ASCII gives the same tokens by the ASCII path as beside a letter that forces the general one. Traced, they are the same
 * too, and come from rising places in the text, which are not empty but for characters that a step made of nothing.
 * Input: a byte for rule and number of steps, a byte for each step, with steps a byte for stop words and stemmer, then the
 * text. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "text/tokenizer.h"
#include "text/trace.h"
#include "text/unicode.h"
#include "textml/tokenizer.h"

enum {
    N_KINDS = 6,
    N_STEPS = 14,
    MAX_STEPS = 7,
    /* U+FDFA is 3 bytes and 33 in NFKC; lower case may add half again; char_wb puts two blanks to a letter. */
    MAX_GROWTH = 60,
};

static tml_tokenizer_options choose_options(const uint8_t **data, size_t *size)
{
    tml_tokenizer_options options = {0};
    const unsigned choice = fuzz_choice(data, size);
    options.kind = (tml_tokenizer_kind)(choice % N_KINDS);
    options.n_steps = choice / N_KINDS % MAX_STEPS;
    for (size_t i = 0; i < options.n_steps; i++) {
        const unsigned step = fuzz_choice(data, size);
        options.steps[i] = (tml_normalize_step)(step % N_STEPS);
        options.step_counts[i] = 1 + step / N_STEPS;
    }
    const unsigned extras = options.n_steps > 0 ? fuzz_choice(data, size) : 0;
    options.stop_words =
        tml_stop_words(extras % 2 == 0 ? "nltk" : "english", &options.n_stop_words);
    options.stem = extras / 2 % 2 == 1 && !tmli_tokenizer_is_char(options.kind) ? "english" : NULL;
    return options;
}

static tml_tokens *create_tokens(void)
{
    tml_tokens *tokens = NULL;
    FUZZ_CHECK(tml_tokens_create(&tokens, NULL) == TML_OK);
    return tokens;
}

static void tokenize(const tml_tokenizer *tokenizer, tml_str text, tml_tokens *tokens)
{
    tml_error err = {0};
    FUZZ_CHECK(tml_tokenize(tokenizer, text, tokens, &err) == TML_OK);
}

/* What a character must be to stand in a token. */
static bool may_stand(tml_tokenizer_kind kind, uint32_t c)
{
    switch (kind) {
    case TML_TOKENIZER_KERAS:
        return c == 0 || c > 0x7E ||
               strchr(" !\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n", (int)c) == NULL;
    case TML_TOKENIZER_WHITESPACE: return !tmli_is_space(c);
    case TML_TOKENIZER_WORD: return tmli_is_word(c);
    case TML_TOKENIZER_CHAR: return true;
    case TML_TOKENIZER_CHAR_WB: return c == ' ' || !tmli_is_space(c);
    case TML_TOKENIZER_UNICODE:
        return tmli_is_letter(c) || tmli_is_mark(c) || tmli_is_digit(c) || tmli_is_ideograph(c) ||
               c == '_' || c == '\'' || c == 0x2019;
    }
    return false;
}

static void check_characters(tml_tokenizer_kind kind, tml_str token)
{
    const char *const end = token.data + token.len;
    for (const char *at = token.data; at < end;) {
        uint32_t codepoint = 0;
        at += tmli_utf8_next(at, end, &codepoint);
        FUZZ_CHECK(may_stand(kind, codepoint));
    }
}

static void check_tokens(tml_tokenizer_kind kind, const tml_tokens *tokens, size_t n_bytes)
{
    size_t total = 0;
    for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
        const tml_str token = tml_tokens_at(tokens, i);
        FUZZ_CHECK(token.len > 0);
        FUZZ_CHECK(tmli_utf8_faults(token) == 0);
        check_characters(kind, token);
        total += token.len;
    }
    /* drop_stop_words makes a blank of nothing, which char_wb drops and char keeps. */
    FUZZ_CHECK(total <= MAX_GROWTH * (n_bytes + 1));
}

/* The first n tokens of a are those of b. */
static void check_same(const tml_tokens *a, const tml_tokens *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        FUZZ_CHECK(tmli_str_eq(tml_tokens_at(a, i), tml_tokens_at(b, i)));
    }
}

/* True when no step looks across the blank that check_ascii_path puts between text and the letter behind it, nor the rule
 * or the stemmer at the text as a whole. */
static bool is_local(const tml_tokenizer_options *options)
{
    for (size_t i = 0; i < options->n_steps; i++) {
        switch (options->steps[i]) {
        case TML_NORMALIZE_LOWER:
        case TML_NORMALIZE_NFC:
        case TML_NORMALIZE_NFKC:
        case TML_NORMALIZE_STRIP_ACCENTS:
        case TML_NORMALIZE_ACCENTS_UNICODE:
        case TML_NORMALIZE_SPACES: break;
        case TML_NORMALIZE_SQUEEZE:
        case TML_NORMALIZE_ACCENTS_ASCII:
        case TML_NORMALIZE_STRIP_HTML:
        case TML_NORMALIZE_STRIP:
        case TML_NORMALIZE_DROP_LINES:
        case TML_NORMALIZE_DROP_EMPTY_LINES:
        case TML_NORMALIZE_LETTERS_ONLY:
        case TML_NORMALIZE_DROP_STOP_WORDS: return false;
        }
    }
    return options->kind != TML_TOKENIZER_CHAR;
}

static void check_ascii_path(const tml_tokenizer *tokenizer, tml_str text, const tml_tokens *tokens)
{
    tmli_buf longer = {0};
    tmli_buf_append_str(&longer, text);
    tmli_buf_append_text(&longer, " \xC3\xA9\xC3\xA9");
    tml_tokens *const general = create_tokens();
    tokenize(tokenizer, tmli_buf_str(&longer), general);
    const size_t n = tml_tokens_count(tokens);
    FUZZ_CHECK(tml_tokens_count(general) == n + 1);
    check_same(tokens, general, n);
    tml_tokens_free(general);
    tmli_buf_deinit(&longer);
}

static void check_traced(const tml_tokenizer *tokenizer, tml_str text, const tml_tokens *tokens)
{
    tmli_trace trace = {0};
    tmli_span last = {0};
    const bool is_char = tmli_tokenizer_is_char(tokenizer->options.kind);
    tml_tokens *const traced = create_tokens();
    FUZZ_CHECK(tmli_tokenize_traced(tokenizer, text, traced, &trace, NULL) == TML_OK);
    const size_t n = tml_tokens_count(tokens);
    FUZZ_CHECK(tml_tokens_count(traced) == n && trace.tokens.n == n);
    FUZZ_CHECK(trace.bytes.n == trace.text.len);
    check_same(traced, tokens, n);
    for (size_t i = 0; i < n; i++) {
        const tmli_span span = trace.tokens.items[i];
        FUZZ_CHECK(span.begin >= last.begin && span.end >= last.end && span.end <= text.len);
        FUZZ_CHECK(span.begin < span.end || (is_char && span.begin == span.end));
        last = span;
    }
    tml_tokens_free(traced);
    tmli_trace_deinit(&trace);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_tokenizer_options options = choose_options(&data, &size);
    const tml_str text = fuzz_text(data, size);
    tml_tokenizer *tokenizer = NULL;
    FUZZ_CHECK(tml_tokenizer_create(&options, &tokenizer, NULL) == TML_OK);
    tml_tokens *const fresh = create_tokens();
    tml_tokens *const used = create_tokens();
    tokenize(tokenizer, text, fresh);
    check_tokens(options.kind, fresh, size);
    tokenize(tokenizer, TML_STR("What was here before \xE2\x80\x94 na\xC3\xAFve"), used);
    tokenize(tokenizer, text, used);
    FUZZ_CHECK(tml_tokens_count(used) == tml_tokens_count(fresh));
    check_same(used, fresh, tml_tokens_count(fresh));
    check_traced(tokenizer, text, fresh);
    if (tmli_ascii_prefix(text) == size && is_local(&options)) {
        check_ascii_path(tokenizer, text, fresh);
    }
    tml_tokens_free(used);
    tml_tokens_free(fresh);
    tml_tokenizer_free(tokenizer);
    return 0;
}
