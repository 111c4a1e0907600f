/* Steps that take something out. What is written never passes what is read, so that one buffer does. */
#include "text/clean.h"

#include <string.h>

#include "text/ascii.h"
#include "text/unicode.h"
#include "text/utf8.h"

/* Moves [from, end) to `to`, which is not behind it, and returns the end. */
static char *move(char *to, const char *from, const char *end)
{
    if (to != from) { /* until something is taken out, all stays where it is */
        memmove(to, from, (size_t)(end - from));
    }
    return to + (end - from);
}

/* The first place of byte in [at, end), or end. */
static const char *find(const char *at, const char *end, char byte)
{
    const char *const found = at == end ? NULL : memchr(at, byte, (size_t)(end - at));
    return found != NULL ? found : end;
}

void tmli_strip_html(tmli_buf *text)
{
    if (text->len == 0) {
        return;
    }
    const char *at = text->data;
    const char *const end = at + text->len;
    char *to = text->data;
    for (;;) {
        const char *const open = find(at, end, '<');
        to = move(to, at, open);
        if (open == end) {
            break;
        }
        const char *const close = find(open + 1, end, '>');
        if (close == end) { /* nor will any later '<' find one: this keeps the time linear */
            to = move(to, open, end);
            break;
        }
        at = close + 1;
        if (close == open + 1) { /* "<>" is no tag, and its '>' begins none */
            *to++ = '<';
            at = close;
        } else {
            *to++ = ' ';
        }
    }
    text->len = (size_t)(to - text->data);
}

void tmli_strip(tmli_buf *text)
{
    const char *begin = text->data;
    const char *end = begin + text->len;
    uint32_t codepoint;
    while (begin < end) {
        const size_t n = tmli_utf8_next_valid(begin, &codepoint);
        if (!tmli_is_space(codepoint)) {
            break;
        }
        begin += n;
    }
    while (begin < end) {
        const char *last = end - 1;
        while (((unsigned char)*last & 0xC0) == 0x80) {
            last--;
        }
        (void)tmli_utf8_next_valid(last, &codepoint);
        if (!tmli_is_space(codepoint)) {
            break;
        }
        end = last;
    }
    if (begin < end) {
        (void)move(text->data, begin, end);
    }
    text->len = (size_t)(end - begin);
}

void tmli_drop_lines(tmli_buf *text, size_t count)
{
    const char *at = text->data;
    const char *const end = at + text->len;
    for (; count > 0; count--) {
        const char *const line_end = find(at, end, '\n');
        if (line_end == end) {
            return; /* fewer lines: no header */
        }
        at = line_end + 1;
    }
    if (at != end) {
        memmove(text->data, at, (size_t)(end - at));
    }
    text->len = (size_t)(end - at);
}

void tmli_drop_empty_lines(tmli_buf *text)
{
    const char *at = text->data;
    const char *const end = at + text->len;
    char *to = text->data;
    while (at != end) {
        const char *const line_end = find(at, end, '\n');
        if (line_end != at) {
            if (to != text->data) {
                *to++ = '\n';
            }
            to = move(to, at, line_end);
        }
        at = line_end == end ? end : line_end + 1;
    }
    text->len = (size_t)(to - text->data);
}

void tmli_letters_only(tmli_buf *text)
{
    const char *at = text->data;
    const char *const end = at + text->len;
    char *to = text->data;
    while (at < end) {
        const size_t n = (size_t)(end - at) < TMLI_STEP ? (size_t)(end - at) : TMLI_STEP;
        const tmli_bytes16 v = tmli_load16(at);
        if (tmli_bits16(v) == 0) {
            const tmli_bytes16 letters = tmli_is_alpha16(v);
            tmli_store16(to, (v & letters) | (~letters & ' '));
            at += n;
            to += n;
            continue;
        }
        /* A character outside ASCII is its first byte; the others go. */
        for (const char *const behind = at + n; at < behind; at++) {
            const unsigned byte = (unsigned char)*at;
            *to = (byte | 0x20) - 'a' < 26u ? *at : ' ';
            to += (byte & 0xC0) != 0x80 ? 1 : 0;
        }
    }
    text->len = (size_t)(to - text->data);
}

bool tmli_drop_stop_words(tmli_buf *text, const tmli_stop_set *stop_words)
{
    if (!tmli_buf_reserve(text, 1 + TMLI_PAD)) {
        return false;
    }
    const char *at = text->data;
    const char *const end = at + text->len;
    char *to = text->data;
    for (;;) {
        const char *const word_end = find(at, end, ' ');
        if (!tmli_stop_set_has(stop_words, (tml_str){at, (size_t)(word_end - at)})) {
            to = move(to, at, word_end);
            *to++ = ' ';
        }
        if (word_end == end) {
            break;
        }
        at = word_end + 1;
    }
    text->len = (size_t)(to - text->data);
    return true;
}
