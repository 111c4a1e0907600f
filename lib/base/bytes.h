/* base/bytes.h: little-endian integers at bounded places, and strings compared as bytes. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "textml/str.h"
#include "textml/version.h"

/* A cursor that knows its end. A read past the end returns false, leaves *out, and does not move. */
typedef struct tmli_reader {
    const unsigned char *at;
    const unsigned char *end;
} tmli_reader;

tmli_reader tmli_reader_of(const void *bytes, size_t n);
size_t tmli_reader_left(const tmli_reader *r);
bool tmli_read_u32le(tmli_reader *r, uint32_t *out);
bool tmli_read_u64le(tmli_reader *r, uint64_t *out);
bool tmli_read_bytes(tmli_reader *r, size_t n,
                     const unsigned char **out); /* borrowed from the reader's bytes */

/* Loads without bounds, for inner loops. Put together from single bytes they are too long for gcc to inline, which costs
 * hashing four fifths of its speed. */
static inline uint32_t tmli_load_u32le(const void *at)
{
    uint32_t x;
    memcpy(&x, at, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap32(x);
#endif
    return x;
}

static inline uint64_t tmli_load_u64le(const void *at)
{
    uint64_t x;
    memcpy(&x, at, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    return x;
}

void tmli_put_u32le(unsigned char out[4], uint32_t value);
void tmli_put_u64le(unsigned char out[8], uint64_t value);

tml_str tmli_str(const char *c_string); /* NULL gives the empty string */
bool tmli_str_eq(tml_str a, tml_str b);
bool tmli_str_eq_text(tml_str a, const char *b);
bool tmli_str_eq_nocase(tml_str a, tml_str b); /* ASCII letters only */
int tmli_str_compare(tml_str a, tml_str b);    /* as unsigned bytes; a prefix comes first */
bool tmli_str_starts(tml_str s, const char *prefix);
bool tmli_str_ends(tml_str s, const char *suffix);
size_t tmli_str_find(tml_str s, const char *text); /* where it stands first; SIZE_MAX: nowhere */
char *tmli_str_copy(tml_str s) TML_NODISCARD;      /* as a C string, owned; NULL: memory is short */
tml_str tmli_str_trim(tml_str s); /* without ASCII blanks, tabs and line ends on both sides */
/* Writes latin-1 as UTF-8: bytes from 0x80 on become the two bytes of the code point of that value. Returns the bytes
 * written, at most 2 * n. to: room for them; from may be the last n of room for 2 * n. */
size_t tmli_latin1_to_utf8(const char *from, size_t n, char *to);
/* The longest length up to n at which text, n bytes of UTF-8, ends with a whole character. */
size_t tmli_utf8_cut(const char *text, size_t n);

#endif
