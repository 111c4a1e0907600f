/* Property: what is packed comes out again, however it was cut; any bytes unpack to something within the bounds or give
 * a sentence, and the same however they are cut.
 * Input: a byte for the size of a piece, then the bytes. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/gzip.h"

enum {
    MAX_BYTES = 1 << 20
};

/* Of the first member; the last result. */
static tmli_inflated unpack(tml_str packed, size_t step, tmli_buf *out)
{
    tmli_inflater *inflater = tmli_inflater_create();
    FUZZ_CHECK(inflater != NULL);
    tmli_inflated result = TMLI_INFLATED_SOME;
    bool goes_on = true;
    while (result == TMLI_INFLATED_SOME && goes_on && out->len < MAX_BYTES) {
        tml_str piece = {packed.data, packed.len < step ? packed.len : step};
        const size_t n_piece = piece.len;
        const char *why = NULL;
        size_t got = 0;
        FUZZ_CHECK(tmli_buf_reserve(out, step));
        result = tmli_inflate(inflater, &piece, out->data + out->len, step, &got, &why);
        FUZZ_CHECK(got <= step && piece.len <= n_piece + TMLI_INFLATE_BACK);
        FUZZ_CHECK(piece.len <= n_piece || result != TMLI_INFLATED_SOME);
        FUZZ_CHECK((result == TMLI_INFLATED_DAMAGED) == (why != NULL));
        packed.len = packed.len - n_piece + piece.len;
        packed.data = piece.data;
        out->len += got;
        goes_on = got > 0 || piece.len < n_piece;
    }
    tmli_inflater_free(inflater);
    return result;
}

static void pack(tml_str text, size_t step, tmli_buf *out)
{
    tmli_deflater *deflater = tmli_deflater_create();
    FUZZ_CHECK(deflater != NULL);
    size_t at = 0;
    do {
        const size_t n = text.len - at < step ? text.len - at : step;
        tmli_deflate(deflater, (tml_str){text.data + at, n}, at + n == text.len, out);
        at += n;
    } while (at < text.len);
    tmli_deflater_free(deflater);
    FUZZ_CHECK(!out->failed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t step = 1 + fuzz_choice(&data, &size) % 64;
    const tml_str bytes = fuzz_text(data, size);
    tmli_buf packed = {0};
    tmli_buf whole = {0};
    tmli_buf back = {0};
    pack(bytes, step, &packed);
    FUZZ_CHECK(unpack(tmli_buf_str(&packed), step, &back) == TMLI_INFLATED_MEMBER);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&back), bytes));

    tmli_buf_reset(&back);
    const tmli_inflated at_once = unpack(bytes, 1 << 16, &whole);
    const tmli_inflated cut = unpack(bytes, step, &back);
    const size_t n = whole.len < back.len ? whole.len : back.len;
    FUZZ_CHECK(n == 0 || memcmp(whole.data, back.data, n) == 0);
    FUZZ_CHECK(at_once == cut || whole.len >= MAX_BYTES || back.len >= MAX_BYTES);
    FUZZ_CHECK(at_once != TMLI_INFLATED_MEMBER || whole.len == back.len || back.len >= MAX_BYTES);
    tmli_buf_deinit(&packed);
    tmli_buf_deinit(&whole);
    tmli_buf_deinit(&back);
    return 0;
}
