/* What each normalization step does to the map from bytes to the raw text, found by walking over the text before and after
 * it. Every step keeps the order of what it keeps. */
#include <assert.h>
#include <string.h>

#include "text/trace.h"
#include "text/unicode.h"
#include "text/utf8.h"

/* Bytes of the character at text[at], below text.len. */
static size_t width_at(tml_str text, size_t at)
{
    uint32_t codepoint;
    return tmli_utf8_next_valid(text.data + at, &codepoint);
}

static bool is_space_at(tml_str text, size_t at)
{
    uint32_t codepoint;
    (void)tmli_utf8_next_valid(text.data + at, &codepoint);
    return tmli_is_space(codepoint);
}

static bool is_word_at(tml_str text, size_t at)
{
    uint32_t codepoint;
    (void)tmli_utf8_next_valid(text.data + at, &codepoint);
    return tmli_is_word(codepoint);
}

/* The first place of byte in text from `at` on, or its end. */
static size_t find(tml_str text, size_t at, char byte)
{
    const char *const found = at == text.len ? NULL : memchr(text.data + at, byte, text.len - at);
    return found != NULL ? (size_t)(found - text.data) : text.len;
}

/* ---- case, normal forms, accents ---- */

/* Each character is one, but İ, which is i and a dot. */
bool tmli_trace_lower(tml_str before, tml_str after, tmli_trace *trace)
{
    enum {
        CAPITAL_I_DOT = 0x130
    };
    size_t to = 0;
    for (size_t at = 0; at < before.len;) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(before.data + at, &codepoint);
        size_t n_to = width_at(after, to);
        n_to += codepoint == CAPITAL_I_DOT ? width_at(after, to + n_to) : 0;
        if (!tmli_trace_put(trace, n_to, at, at + n)) {
            return false;
        }
        at += n;
        to += n_to;
    }
    return true;
}

/* Bytes of the characters that a and b begin with alike. */
static size_t common_prefix(tml_str a, tml_str b)
{
    size_t n = 0;
    while (n < a.len && n < b.len) {
        const size_t width = width_at(a, n);
        if (width > b.len - n || memcmp(a.data + n, b.data + n, width) != 0) {
            break;
        }
        n += width;
    }
    return n;
}

/* … that they end with alike. */
static size_t common_suffix(tml_str a, tml_str b)
{
    size_t n = 0;
    size_t whole = 0; /* up to where a character begins */
    while (n < a.len && n < b.len && a.data[a.len - 1 - n] == b.data[b.len - 1 - n]) {
        n++;
        whole = ((unsigned char)a.data[a.len - n] & 0xC0) != 0x80 ? n : whole;
    }
    return whole;
}

/* The piece of the text before at `at` became `now`. What both have at their ends is the same, and what is between becomes
 * what is between. */
static bool put_part(tml_str piece, size_t at, tml_str now, tmli_trace *trace)
{
    size_t first = common_prefix(piece, now);
    tml_str rest = {piece.data + first, piece.len - first};
    tml_str rest_now = {now.data + first, now.len - first};
    size_t last = common_suffix(rest, rest_now);
    if (last == rest.len && last < rest_now.len) { /* it cannot come from nothing */
        first = 0;
        last = 0;
        rest = piece;
        rest_now = now;
    }
    rest.len -= last;
    rest_now.len -= last;
    const size_t behind = at + first + rest.len;
    if (!tmli_trace_copy(trace, at, first)) {
        return false;
    }
    if (rest_now.len == 0 && rest.len > 0) { /* marks: the character before them had them */
        tmli_trace_extend(trace, behind);
    }
    return tmli_trace_put(trace, rest_now.len, at + first, behind) &&
           tmli_trace_copy(trace, behind, last);
}

static bool follow_normal_form(tml_str before, tmli_form form, tmli_trace *trace)
{
    const char *const end = before.data + before.len;
    for (size_t at = 0; at < before.len;) {
        const char *const begin = before.data + at;
        const tml_str piece = {begin, (size_t)(tmli_normal_part_end(begin, end) - begin)};
        tmli_buf_reset(&trace->part);
        if (!tmli_normal_form(piece, form, &trace->part) ||
            !put_part(piece, at, tmli_buf_str(&trace->part), trace)) {
            return false;
        }
        at += piece.len;
    }
    return true;
}

static bool follow_fold(tml_str before, tmli_fold_kind kind, tmli_trace *trace)
{
    for (size_t at = 0; at < before.len;) {
        const size_t n = width_at(before, at);
        uint32_t codepoint;
        (void)tmli_utf8_next_valid(before.data + at, &codepoint);
        tmli_buf_reset(&trace->part);
        tmli_fold((tml_str){before.data + at, n}, kind, &trace->part);
        if (trace->part.failed || !tmli_trace_put(trace, trace->part.len, at, at + n)) {
            return false;
        }
        if (trace->part.len == 0 && tmli_is_mark(codepoint)) {
            tmli_trace_extend(trace, at + n);
        }
        at += n;
    }
    return true;
}

/* ---- blanks and punctuation ---- */

/* Between two words: characters that stayed are the next equal ones; a blank stands where the last of them ended. */
static bool follow_run(tml_str before, size_t at, size_t end, tml_str run, tmli_trace *trace)
{
    for (size_t i = 0; i < run.len;) {
        const size_t n = width_at(run, i);
        if (run.data[i] == ' ') {
            const size_t blank = at < end ? at : end - 1;
            const size_t behind = at < end ? at + width_at(before, at) : end;
            if (!tmli_trace_put(trace, 1, blank, behind)) {
                return false;
            }
        } else {
            while (at < end && (end - at < n || memcmp(before.data + at, run.data + i, n) != 0)) {
                at += width_at(before, at);
            }
            assert(at < end);
            if (!tmli_trace_copy(trace, at, n)) {
                return false;
            }
            at += n;
        }
        i += n;
    }
    return true;
}

/* The end of the characters from `at` on that are of words, or are not. */
static size_t run_end(tml_str text, size_t at, bool is_word)
{
    while (at < text.len && is_word_at(text, at) == is_word) {
        at += width_at(text, at);
    }
    return at;
}

/* Words stay; only what is between them changes. */
static bool follow_squeeze(tml_str before, tml_str after, tmli_trace *trace)
{
    size_t to = 0;
    for (size_t at = 0; at < before.len;) {
        const size_t word_end = run_end(before, at, true);
        if (!tmli_trace_copy(trace, at, word_end - at)) {
            return false;
        }
        to += word_end - at;
        at = run_end(before, word_end, false);
        const size_t run = run_end(after, to, false);
        if (!follow_run(before, word_end, at, (tml_str){after.data + to, run - to}, trace)) {
            return false;
        }
        to = run;
    }
    return true;
}

static bool follow_spaces(tml_str before, tmli_trace *trace)
{
    size_t spaces = 0; /* where the white space before `at` begins */
    for (size_t at = 0; at < before.len;) {
        const size_t n = width_at(before, at);
        if (!is_space_at(before, at)) {
            const bool is_due = trace->next.n > 0 && spaces < at;
            if ((is_due && !tmli_trace_put(trace, 1, spaces, at)) ||
                !tmli_trace_copy(trace, at, n)) {
                return false;
            }
            spaces = at + n;
        }
        at += n;
    }
    return true;
}

static bool follow_strip(tml_str before, tml_str after, tmli_trace *trace)
{
    size_t at = 0;
    while (at < before.len && is_space_at(before, at)) {
        at += width_at(before, at);
    }
    return after.len == 0 || tmli_trace_copy(trace, at, after.len);
}

/* ---- what is taken out ---- */

static bool follow_html(tml_str before, tmli_trace *trace)
{
    for (size_t at = 0; at < before.len;) {
        const size_t open = find(before, at, '<');
        const size_t close = open < before.len ? find(before, open + 1, '>') : open;
        if (close == before.len) {
            return tmli_trace_copy(trace, at, before.len - at);
        }
        const bool is_tag = close > open + 1;
        if (!tmli_trace_copy(trace, at, open - at) ||
            !(is_tag ? tmli_trace_put(trace, 1, open, close + 1)
                     : tmli_trace_copy(trace, open, 1))) {
            return false;
        }
        at = is_tag ? close + 1 : close;
    }
    return true;
}

static bool follow_empty_lines(tml_str before, tmli_trace *trace)
{
    for (size_t at = 0; at < before.len;) {
        const size_t line_end = find(before, at, '\n');
        if (line_end > at) {
            if ((trace->next.n > 0 && !tmli_trace_copy(trace, at - 1, 1)) ||
                !tmli_trace_copy(trace, at, line_end - at)) {
                return false;
            }
        }
        at = line_end + 1;
    }
    return true;
}

static bool follow_letters(tml_str before, tmli_trace *trace)
{
    for (size_t at = 0; at < before.len;) {
        const size_t n = width_at(before, at);
        if (!tmli_trace_put(trace, 1, at, at + n)) {
            return false;
        }
        at += n;
    }
    return true;
}

/* before: padded, for the words that are looked up. */
static bool follow_stop_words(tml_str before, const tmli_stop_set *stop_words, tmli_trace *trace)
{
    for (size_t at = 0; at <= before.len;) {
        const size_t end = find(before, at, ' ');
        const tml_str word = {before.data + at, end - at};
        const size_t blank_end = end < before.len ? end + 1 : end;
        if (!tmli_stop_set_has(stop_words, word) &&
            (!tmli_trace_copy(trace, at, word.len) || !tmli_trace_put(trace, 1, end, blank_end))) {
            return false;
        }
        at = end + 1;
    }
    return true;
}

bool tmli_trace_step(const tmli_normalize_plan *plan, size_t i, tml_str before, tml_str after,
                     tmli_trace *trace)
{
    switch (plan->steps[i]) {
    case TML_NORMALIZE_LOWER: return tmli_trace_lower(before, after, trace);
    case TML_NORMALIZE_SQUEEZE: return follow_squeeze(before, after, trace);
    case TML_NORMALIZE_NFC: return follow_normal_form(before, TMLI_NFC, trace);
    case TML_NORMALIZE_NFKC: return follow_normal_form(before, TMLI_NFKC, trace);
    case TML_NORMALIZE_STRIP_ACCENTS: return follow_normal_form(before, TMLI_NFD_NO_MARKS, trace);
    case TML_NORMALIZE_SPACES: return follow_spaces(before, trace);
    case TML_NORMALIZE_ACCENTS_UNICODE: return follow_fold(before, TMLI_FOLD_MARKS, trace);
    case TML_NORMALIZE_ACCENTS_ASCII: return follow_fold(before, TMLI_FOLD_ASCII, trace);
    case TML_NORMALIZE_STRIP_HTML: return follow_html(before, trace);
    case TML_NORMALIZE_STRIP: return follow_strip(before, after, trace);
    case TML_NORMALIZE_DROP_LINES: return tmli_trace_copy(trace, before.len - after.len, after.len);
    case TML_NORMALIZE_DROP_EMPTY_LINES: return follow_empty_lines(before, trace);
    case TML_NORMALIZE_LETTERS_ONLY: return follow_letters(before, trace);
    case TML_NORMALIZE_DROP_STOP_WORDS: return follow_stop_words(before, plan->stop_words, trace);
    }
    return false; /* the list was checked when the tokenizer was made */
}
