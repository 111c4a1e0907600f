/* Iterating over lists and objects with the scanner of json_check.c; strings without their escapes. */
#include "base/json_pull.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

/* ---- items ---- */

static tml_status fail_here(const tmli_json_items *items, tml_error *err)
{
    const tmli_json_scanner *s = &items->scan;
    const tml_str document = {s->begin, (size_t)(s->end - s->begin)};
    return tmli_json_fail(document, &s->fault, items->lines_before, err);
}

/* Nothing but white space may follow. */
static bool check_end(tmli_json_scanner *s)
{
    tmli_json_skip_space(s);
    return s->at == s->end || tmli_json_expect(s, "nothing behind the value");
}

tml_status tmli_json_open(tml_str document, size_t lines_before, tmli_json_items *items,
                          tmli_json_token *value, tml_error *err)
{
    if (document.len >= 3 && memcmp(document.data, "\xef\xbb\xbf", 3) == 0) {
        document = (tml_str){document.data + 3, document.len - 3};
    }
    const char *const begin = document.data != NULL ? document.data : "";
    *items = (tmli_json_items){
        .scan = {.begin = begin, .at = begin, .end = begin + document.len, .wants_utf8 = true},
        .lines_before = lines_before,
        .is_document = true};
    tmli_json_scanner *s = &items->scan;
    tmli_json_skip_space(s);
    const char first = s->at < s->end ? *s->at : '\0';
    if (first == '{' || first == '[') {
        items->is_object = first == '{';
        *value = (tmli_json_token){.text = {s->at, (size_t)(s->end - s->at)},
                                   .kind = items->is_object ? TMLI_OBJECT : TMLI_LIST};
        s->at++;
        s->depth = 1;
        return TML_OK;
    }
    items->has_ended = true;
    return tmli_json_scan_value(s, value) && check_end(s) ? TML_OK : fail_here(items, err);
}

void tmli_json_enter(const tmli_json_items *from, const tmli_json_token *container,
                     tmli_json_items *out)
{
    assert(container->kind == TMLI_LIST || container->kind == TMLI_OBJECT);
    const char *const at = container->text.data + 1;
    *out = (tmli_json_items){.scan = {.begin = from->scan.begin,
                                      .at = at,
                                      .end = container->text.data + container->text.len,
                                      .depth = from->scan.depth + 1,
                                      .wants_utf8 = from->scan.wants_utf8},
                             .lines_before = from->lines_before,
                             .is_object = container->kind == TMLI_OBJECT};
}

/* Stands before the next item, or finds the end of them. */
static bool step(tmli_json_items *items, bool *has)
{
    tmli_json_scanner *s = &items->scan;
    const char close = items->is_object ? '}' : ']';
    tmli_json_skip_space(s);
    *has = s->at == s->end || *s->at != close;
    if (!*has) {
        s->at++;
        items->has_ended = true;
        return !items->is_document || check_end(s);
    }
    if (!items->has_begun) {
        items->has_begun = true;
        return true;
    }
    if (s->at == s->end || *s->at != ',') {
        return tmli_json_expect(s, items->is_object ? "',' or '}'" : "',' or ']'");
    }
    s->at++;
    return true;
}

tml_status tmli_json_next(tmli_json_items *items, tmli_json_token *key, tmli_json_token *value,
                          bool *has, tml_error *err)
{
    if (items->has_ended) {
        *has = false;
        return TML_OK;
    }
    tmli_json_scanner *s = &items->scan;
    bool is_fine = step(items, has);
    if (is_fine && *has) {
        if (items->is_object) {
            is_fine = tmli_json_scan_key(s, key);
        } else {
            *key = (tmli_json_token){.kind = TMLI_STRING};
        }
        is_fine = is_fine && tmli_json_scan_value(s, value);
    }
    return is_fine ? TML_OK : fail_here(items, err);
}

/* ---- strings ---- */

static unsigned hex4(const char *at)
{
    unsigned unit = 0;
    for (int i = 0; i < 4; i++) {
        const unsigned c = (unsigned char)at[i];
        unit = unit << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return unit;
}

static size_t put_utf8(unsigned codepoint, char out[4])
{
    if (codepoint < 0x80) {
        out[0] = (char)codepoint;
        return 1;
    }
    const size_t n = codepoint < 0x800 ? 2 : codepoint < 0x10000 ? 3 : 4;
    static const unsigned leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (codepoint & 0x3f));
        codepoint >>= 6;
    }
    out[0] = (char)(leads[n] | codepoint);
    return n;
}

/* The bytes that the escape at *at stands for, at most four; moves behind it. It has been checked. */
static size_t decode_escape(const char **at, char out[4])
{
    static const char from[] = "bfnrt";
    static const char to[] = "\b\f\n\r\t";
    const char c = (*at)[1];
    if (c != 'u') {
        const char *const letter = strchr(from, c);
        out[0] = letter != NULL ? to[letter - from] : c;
        *at += 2;
        return 1;
    }
    unsigned codepoint = hex4(*at + 2);
    *at += 6;
    if (codepoint >= 0xd800 && codepoint <= 0xdbff) {
        codepoint = 0x10000 + ((codepoint - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
        *at += 6;
    }
    return put_utf8(codepoint, out);
}

/* The text before the next backslash. */
static size_t plain_bytes(const char *at, const char *end)
{
    const char *const escape = memchr(at, '\\', (size_t)(end - at));
    return (size_t)((escape != NULL ? escape : end) - at);
}

tml_status tmli_json_text(const tmli_json_token *string, tmli_arena *arena, tml_str *out,
                          tml_error *err)
{
    assert(string->kind == TMLI_STRING);
    if (!string->has_escapes) {
        *out = string->text;
        return TML_OK;
    }
    /* No escape is shorter than what it stands for. */
    char *const text = tmli_arena_alloc(arena, string->text.len, 1);
    if (text == NULL) {
        return tmli_fail_memory(err, "a text of the JSON");
    }
    const char *at = string->text.data;
    const char *const end = at + string->text.len;
    size_t len = 0;
    while (at < end) {
        const size_t n = plain_bytes(at, end);
        memcpy(text + len, at, n);
        len += n;
        at += n;
        if (at < end) {
            char bytes[4];
            const size_t n_bytes = decode_escape(&at, bytes);
            memcpy(text + len, bytes, n_bytes);
            len += n_bytes;
        }
    }
    *out = (tml_str){text, len};
    return TML_OK;
}

bool tmli_json_says(const tmli_json_token *string, tml_str text)
{
    assert(string->kind == TMLI_STRING);
    if (!string->has_escapes) {
        return tmli_str_eq(string->text, text);
    }
    const char *at = string->text.data;
    const char *const end = at + string->text.len;
    while (at < end) {
        char bytes[4];
        const char *piece = at;
        size_t n = plain_bytes(at, end);
        at += n;
        if (n == 0) {
            n = decode_escape(&at, bytes);
            piece = bytes;
        }
        if (n > text.len || memcmp(piece, text.data, n) != 0) {
            return false;
        }
        text = (tml_str){text.data + n, text.len - n};
    }
    return text.len == 0;
}
