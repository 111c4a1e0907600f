/* text/ascii.h: bytes of text 16 at a step, in a vector, and 64 at a step, as one bit a byte.
 *
 * The vectors, and what conditions on them are, come from base/bytes16.h. */
#ifndef TEXT_ASCII_H
#define TEXT_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes16.h"

enum {
    TMLI_BLOCK = 64, /* bytes that one mask describes */
    TMLI_PAD = 64, /* bytes behind "padded" text that may be read and written: no care at its end */
};

static inline void tmli_store16(char *to, tmli_bytes16 v)
{
    memcpy(to, &v, sizeof v);
}

static inline void tmli_copy64(char *to, const char *from)
{
    const tmli_bytes16 a = tmli_load16(from);
    const tmli_bytes16 b = tmli_load16(from + 16);
    const tmli_bytes16 c = tmli_load16(from + 32);
    const tmli_bytes16 d = tmli_load16(from + 48);
    tmli_store16(to, a);
    tmli_store16(to + 16, b);
    tmli_store16(to + 32, c);
    tmli_store16(to + 48, d);
}

/* Bytes from first to last, both included; 1 <= first <= last <= 0x7F. Moved so that last is the greatest signed byte,
 * one comparison does for both ends. */
static inline tmli_bytes16 tmli_in_range16(tmli_bytes16 v, unsigned char first, unsigned char last)
{
    const tmli_signed16 moved = (tmli_signed16)(v + (unsigned char)(0x7F - last));
    return (tmli_bytes16)(moved > (signed char)(0x7F - (last - first) - 1));
}

static inline tmli_bytes16 tmli_is_alpha16(tmli_bytes16 v)
{
    return tmli_in_range16(v | 0x20, 'a', 'z');
}

static inline tmli_bytes16 tmli_is_digit16(tmli_bytes16 v)
{
    return tmli_in_range16(v, '0', '9');
}

/* Python's white space below 0x80. */
static inline tmli_bytes16 tmli_is_space16(tmli_bytes16 v)
{
    return tmli_in_range16(v, '\t', '\r') | tmli_in_range16(v, 0x1C, ' ');
}

static inline tmli_bytes16 tmli_lower16(tmli_bytes16 v)
{
    return v | (tmli_in_range16(v, 'A', 'Z') & 0x20);
}

/* One bit for each of the 64 bytes at `at` for which the condition (a function of a vector) holds. */
#define TMLI_BITS64(at, condition)                          \
    (tmli_bits16(condition(tmli_load16(at))) |              \
     tmli_bits16(condition(tmli_load16((at) + 16))) << 16 | \
     tmli_bits16(condition(tmli_load16((at) + 32))) << 32 | \
     tmli_bits16(condition(tmli_load16((at) + 48))) << 48)

/* True when text[0..n), padded, is ASCII. */
static inline bool tmli_is_ascii_padded(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i += TMLI_BLOCK) {
        if ((TMLI_BITS64(text + i, ) & tmli_bits_below(n - i)) != 0) {
            return false;
        }
    }
    return true;
}

/* Writes the lower case of the ASCII text from[0..n) to `to`, which may be the same place; both are padded. */
static inline void tmli_lower_padded(char *to, const char *from, size_t n)
{
    for (size_t i = 0; i < n; i += TMLI_STEP) {
        tmli_store16(to + i, tmli_lower16(tmli_load16(from + i)));
    }
}

#endif
