/* Property: the decoder always advances and stays inside; what it cannot read it counts, and repair gives valid UTF-8 of
 * at most three times the bytes, equal to the input where that was valid. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"

/* Decodes text the slow way into out and counts what was ill-formed. */
static size_t decode(tml_str text, tmli_buf *out)
{
    const char *at = text.data;
    const char *const end = text.data + text.len;
    size_t n_faults = 0;
    while (at < end) {
        uint32_t codepoint = 0;
        char encoded[4];
        const size_t n = tmli_utf8_next(at, end, &codepoint);
        FUZZ_CHECK(n >= 1 && n <= (size_t)(end - at));
        FUZZ_CHECK(codepoint <= 0x10FFFF && (codepoint < 0xD800 || codepoint > 0xDFFF));
        const size_t n_encoded = tmli_utf8_put(codepoint, encoded);
        if (n_encoded != n || memcmp(encoded, at, n) != 0) {
            FUZZ_CHECK(codepoint == TMLI_REPLACEMENT);
            n_faults++;
        }
        tmli_buf_append(out, encoded, n_encoded);
        at += n;
    }
    return n_faults;
}

/* Valid text decodes by the short way to what the long way says. */
static void check_short_way(tml_str text)
{
    const char *const end = text.data + text.len;
    for (const char *at = text.data; at < end;) {
        uint32_t by_long_way = 0;
        uint32_t by_short_way = 0;
        const size_t n = tmli_utf8_next(at, end, &by_long_way);
        FUZZ_CHECK(tmli_utf8_next_valid(at, &by_short_way) == n);
        FUZZ_CHECK(by_long_way == by_short_way);
        at += n;
    }
}

static void check_ascii_prefix(tml_str text)
{
    size_t n = 0;
    while (n < text.len && (unsigned char)text.data[n] < 0x80) {
        n++;
    }
    FUZZ_CHECK(tmli_ascii_prefix(text) == n);
}

/* A cut anywhere in valid text leaves valid text and drops less than a character. */
static void check_cuts(tml_str text)
{
    const size_t last = text.len < 64 ? text.len : 64;
    for (size_t n = 0; n <= last; n++) {
        const size_t kept = tmli_utf8_cut(text.data, n);
        FUZZ_CHECK(kept <= n && n - kept < 4);
        FUZZ_CHECK(tmli_utf8_faults((tml_str){text.data, kept}) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tml_str text = fuzz_text(data, size);
    tmli_buf want = {0};
    tmli_buf got = {0};
    const size_t n_faults = decode(text, &want);
    FUZZ_CHECK(tmli_utf8_faults(text) == n_faults);
    check_ascii_prefix(text);
    tmli_utf8_repair(text, &got);
    FUZZ_CHECK(!want.failed && !got.failed);
    FUZZ_CHECK(got.len <= 3 * size);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want)));
    FUZZ_CHECK(tmli_utf8_faults(tmli_buf_str(&got)) == 0);
    FUZZ_CHECK(n_faults > 0 || tmli_str_eq(tmli_buf_str(&got), text));
    if (got.len > 0) {
        check_short_way(tmli_buf_str(&got));
        check_cuts(tmli_buf_str(&got));
    }
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&got);
    return 0;
}
