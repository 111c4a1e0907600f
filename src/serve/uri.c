#include "serve/uri.h"

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
        const int high = i + 2 < in.len ? digit_of(in.data[i + 1]) : -1;
        const int low = i + 2 < in.len ? digit_of(in.data[i + 2]) : -1;
        if (in.data[i] == '%' && high >= 0 && low >= 0) {
            text[n++] = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else {
            text[n++] = in.data[i];
        }
    }
    *out = (tml_str){text, n};
    return true;
}

bool serve_uri_query(tml_str query, tml_str key, tml_str *out)
{
    while (query.len > 0) {
        const char *end = memchr(query.data, '&', query.len);
        const size_t n = end != NULL ? (size_t)(end - query.data) : query.len;
        const char *equals = n > 0 ? memchr(query.data, '=', n) : NULL;
        const size_t n_key = equals != NULL ? (size_t)(equals - query.data) : n;
        if (tmli_str_eq((tml_str){query.data, n_key}, key)) {
            const size_t skipped = equals != NULL ? n_key + 1 : n;
            *out = (tml_str){query.data + skipped, n - skipped};
            return true;
        }
        const size_t taken = end != NULL ? n + 1 : n;
        query = (tml_str){query.data + taken, query.len - taken};
    }
    return false;
}
