/* Integers from and into bytes, and text compared byte by byte, whatever the locale. */
#include "base/bytes.h"

#include <string.h>

#include "base/mem.h"

tmli_reader tmli_reader_of(const void *bytes, size_t n)
{
    const unsigned char *const at = bytes;
    return (tmli_reader){at, at != NULL ? at + n : NULL};
}

size_t tmli_reader_left(const tmli_reader *r)
{
    return (size_t)(r->end - r->at);
}

bool tmli_read_bytes(tmli_reader *r, size_t n, const unsigned char **out)
{
    if (n > tmli_reader_left(r)) {
        return false;
    }
    *out = r->at;
    if (n > 0) {
        r->at += n;
    }
    return true;
}

static uint32_t get_u32le(const unsigned char *b)
{
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

bool tmli_read_u32le(tmli_reader *r, uint32_t *out)
{
    const unsigned char *b;
    if (!tmli_read_bytes(r, 4, &b)) {
        return false;
    }
    *out = get_u32le(b);
    return true;
}

bool tmli_read_u64le(tmli_reader *r, uint64_t *out)
{
    const unsigned char *b;
    if (!tmli_read_bytes(r, 8, &b)) {
        return false;
    }
    *out = (uint64_t)get_u32le(b) | (uint64_t)get_u32le(b + 4) << 32;
    return true;
}

void tmli_put_u32le(unsigned char out[4], uint32_t value)
{
    for (size_t i = 0; i < 4; i++) {
        out[i] = (unsigned char)(value >> 8 * i & 0xff);
    }
}

void tmli_put_u64le(unsigned char out[8], uint64_t value)
{
    for (size_t i = 0; i < 8; i++) {
        out[i] = (unsigned char)(value >> 8 * i & 0xff);
    }
}

tml_str tmli_str(const char *c_string)
{
    return c_string != NULL ? (tml_str){c_string, strlen(c_string)} : (tml_str){"", 0};
}

bool tmli_str_eq(tml_str a, tml_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool tmli_str_eq_text(tml_str a, const char *b)
{
    return tmli_str_eq(a, tmli_str(b));
}

static char lower_ascii(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool tmli_str_eq_nocase(tml_str a, tml_str b)
{
    if (a.len != b.len) {
        return false;
    }
    if (a.len == 0 || memcmp(a.data, b.data, a.len) == 0) {
        return true; /* usually the case is the same, and many bytes are compared at once */
    }
    for (size_t i = 0; i < a.len; i++) {
        if (lower_ascii(a.data[i]) != lower_ascii(b.data[i])) {
            return false;
        }
    }
    return true;
}

int tmli_str_compare(tml_str a, tml_str b)
{
    const size_t common = a.len < b.len ? a.len : b.len;
    const int order = common > 0 ? memcmp(a.data, b.data, common) : 0;
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool tmli_str_starts(tml_str s, const char *prefix)
{
    const size_t n = strlen(prefix);
    return n <= s.len && (n == 0 || memcmp(s.data, prefix, n) == 0);
}

bool tmli_str_ends(tml_str s, const char *suffix)
{
    const size_t n = strlen(suffix);
    return n <= s.len && (n == 0 || memcmp(s.data + s.len - n, suffix, n) == 0);
}

size_t tmli_str_find(tml_str s, const char *text)
{
    const size_t n = strlen(text);
    if (n == 0) {
        return 0;
    }
    for (size_t at = 0; at + n <= s.len; at++) {
        const char *first = memchr(s.data + at, text[0], s.len - n + 1 - at);
        if (first == NULL) {
            break;
        }
        at = (size_t)(first - s.data);
        if (memcmp(first, text, n) == 0) {
            return at;
        }
    }
    return SIZE_MAX;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

char *tmli_str_copy(tml_str s)
{
    char *copy = tmli_malloc(s.len + 1);
    if (copy != NULL) {
        if (s.len > 0) {
            memcpy(copy, s.data, s.len);
        }
        copy[s.len] = '\0';
    }
    return copy;
}

tml_str tmli_str_trim(tml_str s)
{
    while (s.len > 0 && is_blank(s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.data[s.len - 1])) {
        s.len--;
    }
    return s;
}

size_t tmli_utf8_cut(const char *text, size_t n)
{
    /* The lead byte is at most three continuation bytes back; a run of more is no UTF-8 and may be cut anywhere. */
    size_t lead = n;
    while (lead > 0 && n - lead < 3 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80) {
        lead--;
    }
    if (lead == 0) {
        return n;
    }
    const unsigned char c = (unsigned char)text[lead - 1];
    const size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
    return need > n - lead + 1 ? lead - 1 : n;
}

size_t tmli_latin1_to_utf8(const char *from, size_t n, char *to)
{
    const uint64_t high_bits = UINT64_C(0x8080808080808080);
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        uint64_t word;
        if (n - i >= sizeof word) {
            memcpy(&word, from + i, sizeof word);
            if ((word & high_bits) == 0) {
                memcpy(to + used, &word, sizeof word); /* never behind what was read */
                used += sizeof word;
                i += sizeof word;
                continue;
            }
        }
        const unsigned char byte = (unsigned char)from[i];
        i++;
        if (byte >= 0x80) {
            to[used] = (char)(0xC0 | byte >> 6);
            used++;
        }
        to[used] = (char)(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
        used++;
    }
    return used;
}
