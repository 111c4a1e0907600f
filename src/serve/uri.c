#include "serve/uri.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"

static int digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte that "%XX" at i stands for, or -1 when there are no two hexadecimal digits. */
static int escaped(tml_str in, size_t i)
{
    const int high = in.len - i > 2 ? digit_of(in.data[i + 1]) : -1;
    const int low = high >= 0 ? digit_of(in.data[i + 2]) : -1;
    return low >= 0 ? high << 4 | low : -1;
}

bool serve_uri_decode(tml_str in, tmli_arena *arena, tml_str *out)
{
    if (in.len == 0 || memchr(in.data, '%', in.len) == NULL) {
        *out = in;
        return true;
    }
    char *text = tmli_arena_alloc(arena, in.len, 1);
    if (text == NULL) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; i < in.len; i++) {
        const int byte = in.data[i] == '%' ? escaped(in, i) : -1;
        text[n++] = byte >= 0 ? (char)(unsigned char)byte : in.data[i];
        i += byte >= 0 ? 2 : 0;
    }
    *out = (tml_str){text, n};
    return true;
}

bool serve_uri_next_pair(tml_str *query, tml_str *name, tml_str *value)
{
    if (query->len == 0) {
        return false;
    }
    const char *end = memchr(query->data, '&', query->len);
    const size_t n = end != NULL ? (size_t)(end - query->data) : query->len;
    const char *equals = n > 0 ? memchr(query->data, '=', n) : NULL;
    const size_t n_name = equals != NULL ? (size_t)(equals - query->data) : n;
    const size_t skipped = equals != NULL ? n_name + 1 : n;
    const size_t taken = end != NULL ? n + 1 : n;
    *name = (tml_str){query->data, n_name};
    *value = (tml_str){query->data + skipped, n - skipped};
    *query = (tml_str){query->data + taken, query->len - taken};
    return true;
}

bool serve_uri_query(tml_str query, tml_str key, tml_str *out)
{
    tml_str name;
    tml_str value;
    while (serve_uri_next_pair(&query, &name, &value)) {
        if (tmli_str_eq(name, key)) {
            *out = value;
            return true;
        }
    }
    return false;
}

size_t serve_uri_decode_part(tml_str part, char *out, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; i < part.len; i++) {
        char c = part.data[i] == '+' ? ' ' : part.data[i];
        if (c == '%') {
            const int byte = escaped(part, i);
            if (byte < 0) {
                return SIZE_MAX;
            }
            c = (char)(unsigned char)byte;
            i += 2;
        }
        if (n == room) {
            return SIZE_MAX;
        }
        out[n++] = c;
    }
    return n;
}
