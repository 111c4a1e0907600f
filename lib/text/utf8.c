/* UTF-8 decoding, encoding and repair. What a code point means is unicode.c's business. */
#include "text/utf8.h"

#include "text/ascii.h"

size_t tmli_ascii_prefix(tml_str text)
{
    size_t i = 0;
    for (; text.len - i >= TMLI_STEP; i += TMLI_STEP) {
        const uint64_t high = tmli_bits16(tmli_load16(text.data + i));
        if (high != 0) {
            return i + tmli_lowest_bit(high);
        }
    }
    while (i < text.len && (unsigned char)text.data[i] < 0x80) {
        i++;
    }
    return i;
}

static bool is_continuation(unsigned byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Bytes of the sequence that begins with lead, 0 when nothing well-formed does; [*low, *high] is the range of the
 * second byte (Unicode 15, table 3-7), which keeps out overlong forms, surrogates and what is above U+10FFFF. */
static size_t sequence_bytes(unsigned lead, unsigned *low, unsigned *high)
{
    *low = 0x80;
    *high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        return 2;
    }
    if (lead >= 0xE0 && lead <= 0xEF) {
        *low = lead == 0xE0 ? 0xA0 : 0x80;
        *high = lead == 0xED ? 0x9F : 0xBF;
        return 3;
    }
    if (lead >= 0xF0 && lead <= 0xF4) {
        *low = lead == 0xF0 ? 0x90 : 0x80;
        *high = lead == 0xF4 ? 0x8F : 0xBF;
        return 4;
    }
    return 0;
}

size_t tmli_utf8_next(const char *at, const char *end, uint32_t *codepoint)
{
    const unsigned char *const b = (const unsigned char *)at;
    if (b[0] < 0x80) {
        *codepoint = b[0];
        return 1;
    }
    unsigned low;
    unsigned high;
    const size_t n = sequence_bytes(b[0], &low, &high);
    const size_t left = (size_t)(end - at);
    *codepoint = TMLI_REPLACEMENT;
    if (n == 0 || left < 2 || b[1] < low || b[1] > high) {
        return 1;
    }
    uint32_t value = b[0] & (0x7Fu >> n);
    value = value << 6 | (b[1] & 0x3Fu);
    for (size_t i = 2; i < n; i++) {
        if (i >= left || !is_continuation(b[i])) {
            return i; /* the maximal subpart ends before the byte that does not fit */
        }
        value = value << 6 | (b[i] & 0x3Fu);
    }
    *codepoint = value;
    return n;
}

size_t tmli_utf8_put(uint32_t codepoint, char out[4])
{
    if (codepoint < 0x80) {
        out[0] = (char)codepoint;
        return 1;
    }
    if (codepoint < 0x800) {
        out[0] = (char)(0xC0 | codepoint >> 6);
        out[1] = (char)(0x80 | (codepoint & 0x3F));
        return 2;
    }
    if (codepoint < 0x10000) {
        out[0] = (char)(0xE0 | codepoint >> 12);
        out[1] = (char)(0x80 | (codepoint >> 6 & 0x3F));
        out[2] = (char)(0x80 | (codepoint & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | codepoint >> 18);
    out[1] = (char)(0x80 | (codepoint >> 12 & 0x3F));
    out[2] = (char)(0x80 | (codepoint >> 6 & 0x3F));
    out[3] = (char)(0x80 | (codepoint & 0x3F));
    return 4;
}

/* The start of the first ill-formed subpart in [at, end), or end; *n is its length. */
static const char *next_fault(const char *at, const char *end, size_t *n)
{
    while (at != end) {
        const unsigned char *const b = (const unsigned char *)at;
        if (b[0] < 0x80) {
            at += end - at >= TMLI_STEP && tmli_bits16(tmli_load16(at)) == 0 ? TMLI_STEP : 1;
            continue;
        }
        /* Most of what is not ASCII: two or three bytes, no second byte of which is special. */
        if (b[0] >= 0xC2 && b[0] <= 0xDF && end - at >= 2 && is_continuation(b[1])) {
            at += 2;
            continue;
        }
        if (b[0] > 0xE0 && b[0] < 0xED && end - at >= 3 && is_continuation(b[1]) &&
            is_continuation(b[2])) {
            at += 3;
            continue;
        }
        uint32_t codepoint;
        *n = tmli_utf8_next(at, end, &codepoint);
        /* A real U+FFFD begins with EF; an ill-formed subpart that does is shorter than 3 bytes. */
        if (codepoint == TMLI_REPLACEMENT && !(*n == 3 && (unsigned char)*at == 0xEF)) {
            return at;
        }
        at += *n;
    }
    return end;
}

size_t tmli_utf8_faults(tml_str text)
{
    if (text.len == 0) {
        return 0; /* data may be NULL */
    }
    const char *const end = text.data + text.len;
    size_t n_faults = 0;
    size_t n = 0;
    for (const char *at = next_fault(text.data, end, &n); at != end;
         at = next_fault(at + n, end, &n)) {
        n_faults++;
    }
    return n_faults;
}

void tmli_utf8_repair(tml_str text, tmli_buf *out)
{
    if (text.len == 0) {
        return;
    }
    const char *const end = text.data + text.len;
    const char *good = text.data;
    while (good != end) {
        size_t n = 0;
        const char *const fault = next_fault(good, end, &n);
        tmli_buf_append(out, good, (size_t)(fault - good));
        if (fault == end) {
            break;
        }
        char replacement[4];
        tmli_buf_append(out, replacement, tmli_utf8_put(TMLI_REPLACEMENT, replacement));
        good = fault + n;
    }
}

tmli_latin1_doubt tmli_latin1_doubt_of(tml_str text)
{
    size_t at = tmli_ascii_prefix(text);
    if (at == text.len) {
        return TMLI_LATIN1_PLAIN;
    }
    unsigned missing = 0; /* bytes that continue a sequence */
    while (at < text.len) {
        uint32_t byte;
        at += tmli_utf8_next_valid(text.data + at, &byte);
        const bool continues = byte >= 0x80 && byte < 0xC0;
        if (continues != (missing > 0) || byte > 0xF4 || byte == 0xC0 || byte == 0xC1) {
            return TMLI_LATIN1_SURE;
        }
        missing = continues      ? missing - 1
                  : byte >= 0xF0 ? 3
                  : byte >= 0xE0 ? 2
                  : byte >= 0xC0 ? 1
                                 : 0;
    }
    return missing == 0 ? TMLI_LATIN1_DOUBTFUL : TMLI_LATIN1_SURE;
}
