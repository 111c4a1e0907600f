/* JSON out of texts, numbers, trees and calls in sequence. Memory trouble stays in the buffer (tmli_buf.failed). */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"

enum {
    MAX_DEPTH = 31,
    MAX_SHORT = 256, /* longer texts are not looked at twice */
};

/* ---- strings ---- */

static void append_escape(tmli_buf *out, unsigned char c)
{
    static const char letters[] = {['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
                                   ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't'};
    if (letters[c] != '\0') {
        const char escape[2] = {'\\', letters[c]};
        tmli_buf_append(out, escape, sizeof escape);
    } else {
        tmli_buf_printf(out, "\\u%04x", c);
    }
}

/* The length of the UTF-8 sequence at the start of at[0..n), n at least 1, or 0 when it is not one; *bad is then the
 * number of bytes that one U+FFFD stands for: the longest part that could have begun a sequence, at least 1. */
static size_t sequence_bytes(const unsigned char *at, size_t n, size_t *bad)
{
    const unsigned char lead = at[0];
    *bad = 1;
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    const size_t need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    /* The second byte excludes long forms, surrogates and what lies beyond U+10FFFF. */
    unsigned char least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    unsigned char most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < need; i++) {
        if (i == n || at[i] < least || at[i] > most) {
            *bad = i;
            return 0;
        }
        least = 0x80;
        most = 0xbf;
    }
    return need;
}

static bool is_escaped(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* The bytes at the start of at[0..left) that are written as they are; *n_bad as above when they end at no UTF-8. */
static size_t plain_bytes(const unsigned char *at, size_t left, size_t *n_bad)
{
    size_t n_plain = 0;
    while (n_plain < left && !is_escaped(at[n_plain])) {
        if (at[n_plain] < 0x80) {
            n_plain++;
            continue;
        }
        const size_t n = sequence_bytes(at + n_plain, left - n_plain, n_bad);
        if (n == 0) {
            break;
        }
        n_plain += n;
    }
    return n_plain;
}

/* Labels and keys, which every answer has, are short and plain ASCII as a rule: one loop instead of several calls. False when
 * this string is not, or when memory is short. */
static bool append_plain(tmli_buf *out, const unsigned char *at, size_t n)
{
    if (!tmli_buf_reserve(out, n + 2)) {
        return false;
    }
    char *const to = out->data + out->len;
    for (size_t i = 0; i < n; i++) {
        if (at[i] >= 0x80 || is_escaped(at[i])) {
            return false;
        }
        to[1 + i] = (char)at[i];
    }
    to[0] = '"';
    to[1 + n] = '"';
    out->len += n + 2;
    return true;
}

void tmli_json_string(tmli_buf *out, tml_str str)
{
    const unsigned char *at = (const unsigned char *)str.data;
    size_t left = str.len;
    if (left < MAX_SHORT && append_plain(out, at, left)) {
        return;
    }
    tmli_buf_append_byte(out, '"');
    while (left > 0) {
        size_t n_bad = 0;
        const size_t n_plain = plain_bytes(at, left, &n_bad);
        tmli_buf_append(out, at, n_plain);
        at += n_plain;
        left -= n_plain;
        if (left == 0) {
            break;
        }
        const size_t taken = is_escaped(*at) ? 1 : n_bad;
        if (is_escaped(*at)) {
            append_escape(out, *at);
        } else {
            tmli_buf_append_text(out, "\xef\xbf\xbd");
        }
        at += taken;
        left -= taken;
    }
    tmli_buf_append_byte(out, '"');
}

/* ---- numbers and trees ---- */

void tmli_json_double(tmli_buf *out, double value)
{
    char text[TMLI_NUMBER_BYTES];
    if (isfinite(value)) {
        tmli_buf_append(out, text, tmli_format_double(value, text));
    } else {
        tmli_buf_append_text(out, "null");
    }
}

void tmli_json_float(tmli_buf *out, float value)
{
    char text[TMLI_NUMBER_BYTES];
    if (isfinite(value)) {
        tmli_buf_append(out, text, tmli_format_float(value, text));
    } else {
        tmli_buf_append_text(out, "null");
    }
}

/* Recursion is as deep as the tree, which the doors bound. */
static void append_children(tmli_buf *out, const tmli_value *value)
{
    const bool is_object = value->kind == TMLI_OBJECT;
    tmli_buf_append_byte(out, is_object ? '{' : '[');
    for (const tmli_value *child = value->first; child != NULL; child = child->next) {
        if (child != value->first) {
            tmli_buf_append_byte(out, ',');
        }
        if (is_object) {
            tmli_json_string(out, child->key);
            tmli_buf_append_byte(out, ':');
        }
        tmli_json_value(out, child);
    }
    tmli_buf_append_byte(out, is_object ? '}' : ']');
}

void tmli_json_value(tmli_buf *out, const tmli_value *value)
{
    switch (value->kind) {
    case TMLI_NULL: tmli_buf_append_text(out, "null"); return;
    case TMLI_BOOL: tmli_buf_append_text(out, value->number != 0 ? "true" : "false"); return;
    case TMLI_NUMBER: tmli_json_double(out, value->number); return;
    case TMLI_STRING: tmli_json_string(out, value->text); return;
    case TMLI_LIST:
    case TMLI_OBJECT: append_children(out, value); return;
    }
}

/* ---- the writer ---- */

void tmli_json_begin(tmli_json_writer *w, tmli_buf *out, unsigned indent)
{
    *w = (tmli_json_writer){.out = out, .indent = indent};
}

static void break_line(tmli_json_writer *w)
{
    if (w->indent > 0) {
        tmli_buf_append_byte(w->out, '\n');
        for (unsigned i = 0; i < w->indent * w->depth; i++) {
            tmli_buf_append_byte(w->out, ' ');
        }
    }
}

/* What stands before a value: comma, line break, key. */
static void begin_item(tmli_json_writer *w, const char *key)
{
    const uint32_t bit = UINT32_C(1) << w->depth;
    const bool wants_key = (w->is_object & bit) != 0;
    assert((key != NULL) == wants_key);
    assert(w->depth > 0 || (w->has_items & bit) == 0); /* one value at the top */
    if ((w->has_items & bit) != 0) {
        tmli_buf_append_byte(w->out, ',');
    }
    w->has_items |= bit;
    if (w->depth > 0) {
        break_line(w);
    }
    if (wants_key && key != NULL) {
        tmli_json_string(w->out, tmli_str(key));
        tmli_buf_append_text(w->out, w->indent > 0 ? ": " : ":");
    }
}

static void open_container(tmli_json_writer *w, const char *key, bool is_object)
{
    begin_item(w, key);
    assert(w->depth < MAX_DEPTH);
    w->depth++;
    const uint32_t bit = UINT32_C(1) << w->depth;
    w->has_items &= ~bit;
    w->is_object = is_object ? w->is_object | bit : w->is_object & ~bit;
    tmli_buf_append_byte(w->out, is_object ? '{' : '[');
}

static void close_container(tmli_json_writer *w, bool is_object)
{
    assert(w->depth > 0);
    const uint32_t bit = UINT32_C(1) << w->depth;
    assert(((w->is_object & bit) != 0) == is_object);
    w->depth--;
    if ((w->has_items & bit) != 0) {
        break_line(w);
    }
    tmli_buf_append_byte(w->out, is_object ? '}' : ']');
}

void tmli_json_object(tmli_json_writer *w, const char *key)
{
    open_container(w, key, true);
}

void tmli_json_list(tmli_json_writer *w, const char *key)
{
    open_container(w, key, false);
}

void tmli_json_close_object(tmli_json_writer *w)
{
    close_container(w, true);
}

void tmli_json_close_list(tmli_json_writer *w)
{
    close_container(w, false);
}

void tmli_json_put_str(tmli_json_writer *w, const char *key, tml_str value)
{
    begin_item(w, key);
    tmli_json_string(w->out, value);
}

void tmli_json_put_text(tmli_json_writer *w, const char *key, const char *value)
{
    tmli_json_put_str(w, key, tmli_str(value));
}

void tmli_json_put_double(tmli_json_writer *w, const char *key, double value)
{
    begin_item(w, key);
    tmli_json_double(w->out, value);
}

void tmli_json_put_u64(tmli_json_writer *w, const char *key, uint64_t value)
{
    begin_item(w, key);
    tmli_buf_printf(w->out, "%" PRIu64, value);
}

void tmli_json_put_bool(tmli_json_writer *w, const char *key, bool value)
{
    begin_item(w, key);
    tmli_buf_append_text(w->out, value ? "true" : "false");
}
