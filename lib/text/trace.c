/* The map from bytes of a changed text to the raw one, and the way of a text along it. What each step does to the map is
 * in trace_steps.c. */
#include "text/trace.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "text/ascii.h"
#include "text/unicode.h"
#include "text/utf8.h"

void tmli_trace_deinit(tmli_trace *trace)
{
    tmli_free(trace->bytes.items);
    tmli_free(trace->tokens.items);
    tmli_free(trace->next.items);
    tmli_buf_deinit(&trace->before);
    tmli_buf_deinit(&trace->part);
    *trace = (tmli_trace){0};
}

static bool reserve(tmli_spans *spans, size_t more)
{
    return tmli_grow(&spans->items, &spans->capacity, spans->n + more, sizeof *spans->items);
}

bool tmli_trace_copy(tmli_trace *trace, size_t from, size_t n)
{
    assert(from + n <= trace->bytes.n);
    if (!reserve(&trace->next, n)) {
        return false;
    }
    if (n > 0) {
        memcpy(trace->next.items + trace->next.n, trace->bytes.items + from,
               n * sizeof *trace->next.items);
    }
    trace->next.n += n;
    return true;
}

/* Where the byte at `at` begins in the raw text; for the end of the text, where that ends. */
static uint32_t raw_begin(const tmli_trace *trace, size_t at)
{
    const tmli_spans *const bytes = &trace->bytes;
    if (at < bytes->n) {
        return bytes->items[at].begin;
    }
    return bytes->n > 0 ? bytes->items[bytes->n - 1].end : 0;
}

bool tmli_trace_put(tmli_trace *trace, size_t n, size_t from, size_t to)
{
    assert(from <= to && to <= trace->bytes.n);
    if (!reserve(&trace->next, n)) {
        return false;
    }
    tmli_span span = {.begin = raw_begin(trace, from)};
    span.end = to > from ? trace->bytes.items[to - 1].end : span.begin;
    for (size_t i = 0; i < n; i++) {
        trace->next.items[trace->next.n++] = span;
    }
    return true;
}

void tmli_trace_extend(tmli_trace *trace, size_t to)
{
    assert(to > 0 && to <= trace->bytes.n);
    if (trace->next.n > 0) { /* a span ends where that of its last byte does */
        trace->next.items[trace->next.n - 1].end = trace->bytes.items[to - 1].end;
    }
}

/* The text that was written becomes the one that is read. */
static void turn(tmli_trace *trace, tml_str written)
{
    const tmli_spans kept = trace->bytes;
    assert(trace->next.n == written.len);
    (void)written;
    trace->bytes = trace->next;
    trace->next = kept;
    trace->next.n = 0;
}

/* Each raw byte is itself; then each character is its bytes, and each ill-formed piece is U+FFFD. */
static bool map_raw(tml_str text, tmli_trace *trace)
{
    trace->bytes.n = 0;
    trace->next.n = 0;
    if (!reserve(&trace->bytes, text.len)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        trace->bytes.items[i] = (tmli_span){(uint32_t)i, (uint32_t)i + 1};
    }
    trace->bytes.n = text.len;
    for (size_t at = 0; at < text.len;) {
        uint32_t codepoint;
        char bytes[4];
        const size_t n = tmli_utf8_next(text.data + at, text.data + text.len, &codepoint);
        if (!tmli_trace_put(trace, tmli_utf8_put(codepoint, bytes), at, at + n)) {
            return false;
        }
        at += n;
    }
    return true;
}

/* A copy of text in out, padded. */
static bool keep(tml_str text, tmli_buf *out)
{
    tmli_buf_reset(out);
    if (!tmli_buf_reserve(out, text.len + TMLI_PAD)) {
        return false;
    }
    tmli_buf_append_str(out, text);
    return true;
}

bool tmli_trace_normalize(const tmli_normalize_plan *plan, tml_str text,
                          tmli_normalize_scratch *scratch, tmli_trace *trace, tml_str *out)
{
    bool is_ascii;
    if (!map_raw(text, trace) || !tmli_normalize_begin(text, scratch, &is_ascii)) {
        return false;
    }
    turn(trace, tmli_buf_str(&scratch->a));
    for (size_t i = 0; i < plan->n; i++) {
        if (!keep(tmli_buf_str(&scratch->a), &trace->before) ||
            !tmli_normalize_steps(plan, i, i + 1, is_ascii, scratch)) {
            return false;
        }
        const tml_str after = tmli_buf_str(&scratch->a);
        if (!tmli_trace_step(plan, i, tmli_buf_str(&trace->before), after, trace)) {
            return false;
        }
        turn(trace, after);
    }
    *out = tmli_buf_str(&scratch->a);
    return true;
}

/* ---- what splitting changes ---- */

/* \s\s+ is one blank. */
static bool follow_char(tml_str text, tmli_trace *trace)
{
    for (size_t at = 0; at < text.len;) {
        const size_t begin = at;
        size_t n_spaces = 0;
        size_t n = 0;
        while (at < text.len) {
            uint32_t codepoint;
            n = tmli_utf8_next_valid(text.data + at, &codepoint);
            if (!tmli_is_space(codepoint)) {
                break;
            }
            n_spaces++;
            at += n;
        }
        if (n_spaces == 0) {
            at += n;
        }
        if (!(n_spaces > 1 ? tmli_trace_put(trace, 1, begin, at)
                           : tmli_trace_copy(trace, begin, at - begin))) {
            return false;
        }
    }
    return true;
}

/* Words with a blank before, between and behind them. */
static bool follow_char_wb(tml_str text, tmli_trace *trace)
{
    bool is_in_word = false;
    for (size_t at = 0; at < text.len;) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(text.data + at, &codepoint);
        const bool is_space = tmli_is_space(codepoint);
        if (!is_space && !is_in_word && !tmli_trace_put(trace, 1, at, at)) {
            return false;
        }
        if (!is_space && !tmli_trace_copy(trace, at, n)) {
            return false;
        }
        is_in_word = !is_space;
        at += n;
    }
    return trace->next.n == 0 || tmli_trace_put(trace, 1, text.len, text.len);
}

/* The text behind the tokens of char_wb, whose buffer does not count its bytes. */
static tml_str text_of_words(const tml_tokens *tokens)
{
    if (tokens->n == 0) {
        return (tml_str){0};
    }
    const tml_str last = tokens->items[tokens->n - 1];
    const char *const begin = tokens->items[0].data;
    return (tml_str){begin, (size_t)(last.data - begin) + last.len};
}

static bool follow(tml_tokenizer_kind kind, tml_str normalized, const tml_tokens *tokens,
                   tmli_trace *trace)
{
    switch (kind) {
    case TML_TOKENIZER_KERAS:
        trace->text = tmli_buf_str(&tokens->text);
        return tmli_trace_lower(normalized, trace->text, trace);
    case TML_TOKENIZER_CHAR:
        trace->text = tmli_buf_str(&tokens->text);
        return follow_char(normalized, trace);
    case TML_TOKENIZER_CHAR_WB:
        trace->text = text_of_words(tokens);
        return follow_char_wb(normalized, trace);
    case TML_TOKENIZER_WHITESPACE:
    case TML_TOKENIZER_UNICODE:
    case TML_TOKENIZER_WORD: break;
    }
    trace->text = normalized;
    return tmli_trace_copy(trace, 0, normalized.len);
}

bool tmli_trace_split(tml_tokenizer_kind kind, tml_str normalized, const tml_tokens *tokens,
                      tmli_trace *trace)
{
    trace->tokens.n = 0;
    if (!follow(kind, normalized, tokens, trace) || !reserve(&trace->tokens, tokens->n)) {
        return false;
    }
    turn(trace, trace->text);
    /* The blanks that char_wb puts around a word come from nowhere. */
    const size_t margin = kind == TML_TOKENIZER_CHAR_WB ? 1 : 0;
    for (size_t i = 0; i < tokens->n; i++) {
        const size_t begin = (size_t)(tokens->items[i].data - trace->text.data);
        const size_t end = begin + tokens->items[i].len;
        trace->tokens.items[i] = (tmli_span){trace->bytes.items[begin + margin].begin,
                                             trace->bytes.items[end - margin - 1].end};
    }
    trace->tokens.n = tokens->n;
    return true;
}
