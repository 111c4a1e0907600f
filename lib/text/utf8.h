/* text/utf8.h: UTF-8 that survives any bytes.
 *
 * An ill-formed sequence is read as U+FFFD once per maximal subpart (Unicode 15, section 3.9, table 3-8), as Python's
 * errors="replace" and the WHATWG decoder do. */
#ifndef TEXT_UTF8_H
#define TEXT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/str.h"

#define TMLI_REPLACEMENT 0xFFFDu

/* Decodes the code point at `at` (at < end) into *codepoint and returns the bytes it took, at least 1.
 * *codepoint is TMLI_REPLACEMENT for an ill-formed sequence (and for a real U+FFFD, which takes 3 bytes). */
size_t tmli_utf8_next(const char *at, const char *end, uint32_t *codepoint);

/* The same for text that is known to be valid UTF-8, where neither the end nor the bytes need a look. */
static inline size_t tmli_utf8_next_valid(const char *at, uint32_t *codepoint)
{
    const unsigned char *const b = (const unsigned char *)at;
    if (b[0] < 0x80) {
        *codepoint = b[0];
        return 1;
    }
    if (b[0] < 0xE0) {
        *codepoint = (b[0] & 0x1Fu) << 6 | (b[1] & 0x3Fu);
        return 2;
    }
    if (b[0] < 0xF0) {
        *codepoint = (b[0] & 0x0Fu) << 12 | (b[1] & 0x3Fu) << 6 | (b[2] & 0x3Fu);
        return 3;
    }
    *codepoint = (b[0] & 0x07u) << 18 | (b[1] & 0x3Fu) << 12 | (b[2] & 0x3Fu) << 6 | (b[3] & 0x3Fu);
    return 4;
}

/* Encodes a scalar value (not a surrogate, at most 0x10FFFF); returns 1 to 4. */
size_t tmli_utf8_put(uint32_t codepoint, char out[4]);

/* Bytes at the start of text that are ASCII. Fast: many bytes a step. */
size_t tmli_ascii_prefix(tml_str text);

/* Number of ill-formed subparts in text: 0 when it is valid UTF-8. Fast for valid text. */
size_t tmli_utf8_faults(tml_str text);

/* Whether a text that was decoded as latin-1 holds more than ASCII, and all of it as the bytes of UTF-8 would: "Ã©" for
 * "é". text: valid UTF-8. */
typedef enum tmli_latin1_doubt {
    TMLI_LATIN1_PLAIN, /* ASCII: the two are the same */
    TMLI_LATIN1_SURE,  /* the bytes are no UTF-8 */
    TMLI_LATIN1_DOUBTFUL,
} tmli_latin1_doubt;
tmli_latin1_doubt tmli_latin1_doubt_of(tml_str text);

/* Appends text with each ill-formed subpart replaced by U+FFFD. */
void tmli_utf8_repair(tml_str text, tmli_buf *out);

#endif
