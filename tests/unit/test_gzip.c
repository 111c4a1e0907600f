/* Packing and unpacking in memory, in pieces of any size. */
#include "base/gzip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "support/alloc_fail.h"

enum {
    N_BYTES = 300000
};

/* Words that repeat, so that there is something to pack. */
static tmli_buf make_text(size_t n)
{
    static const char *const words[] = {"market ", "virus ", "film ", "chip\n", "\xC3\xA9", "x"};
    tmli_buf text = {0};
    tmli_rng rng = tmli_rng_at(7, TMLI_RNG_SPLIT, 0, 0);
    while (text.len < n) {
        tmli_buf_append_text(&text, words[tmli_rng_below(&rng, 6)]);
    }
    text.len = n;
    assert_false(text.failed);
    return text;
}

static void pack(tml_str text, size_t step, tmli_buf *out)
{
    tmli_deflater *deflater = tmli_deflater_create();
    assert_non_null(deflater);
    size_t at = 0;
    do {
        const size_t n = text.len - at < step ? text.len - at : step;
        tmli_deflate(deflater, (tml_str){text.data + at, n}, at + n == text.len, out);
        at += n;
    } while (at < text.len);
    tmli_deflater_free(deflater);
    assert_false(out->failed);
}

/* What the member at the front of *packed holds, unpacked from pieces of step bytes into pieces of step bytes. */
static void unpack(tmli_inflater *inflater, tml_str *packed, size_t step, tmli_buf *out)
{
    tmli_inflated result = TMLI_INFLATED_SOME;
    while (result == TMLI_INFLATED_SOME) {
        size_t got = 0;
        const char *why = NULL;
        tml_str piece = {packed->data, packed->len < step ? packed->len : step};
        const size_t n_piece = piece.len;
        assert_true(tmli_buf_reserve(out, step));
        result = tmli_inflate(inflater, &piece, out->data + out->len, step, &got, &why);
        assert_true(got > 0 || piece.len < n_piece || result == TMLI_INFLATED_MEMBER);
        packed->len = packed->len - n_piece + piece.len;
        packed->data = piece.data;
        out->len += got;
    }
    assert_int_equal(result, TMLI_INFLATED_MEMBER);
}

static void what_is_packed_comes_out_again(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 17, 16384, N_BYTES};
    static const size_t steps[] = {1, 1000, 16384, N_BYTES};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tmli_buf text = make_text(sizes[i]);
        tmli_buf whole = {0};
        pack(tmli_buf_str(&text), N_BYTES, &whole);
        assert_true(tmli_str_starts(tmli_buf_str(&whole), "\x1f\x8b"));
        assert_true(sizes[i] < 16384 || whole.len < sizes[i] / 2);
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            tmli_buf packed = {0};
            tmli_buf back = {0};
            pack(tmli_buf_str(&text), steps[j], &packed);
            assert_true(tmli_str_eq(tmli_buf_str(&packed), tmli_buf_str(&whole)));
            tmli_inflater *inflater = tmli_inflater_create();
            assert_non_null(inflater);
            for (size_t round = 0; round < 2; round++) {
                tml_str rest = tmli_buf_str(&packed);
                tmli_buf_reset(&back);
                unpack(inflater, &rest, steps[j], &back);
                assert_int_equal(rest.len, 0);
                assert_true(tmli_str_eq(tmli_buf_str(&back), tmli_buf_str(&text)));
                tmli_inflater_reset(inflater);
            }
            tmli_inflater_free(inflater);
            tmli_buf_deinit(&packed);
            tmli_buf_deinit(&back);
        }
        tmli_buf_deinit(&whole);
        tmli_buf_deinit(&text);
    }
}

/* The inflater looks ahead of what it has given out; what it takes of the next member it gives back. */
static void the_next_member_is_left_alone(void **state)
{
    (void)state;
    for (size_t n = 0; n < 40; n++) {
        tmli_buf text = make_text(n);
        tmli_buf packed = {0};
        pack(tmli_buf_str(&text), N_BYTES, &packed);
        const size_t n_first = packed.len;
        pack(TML_STR("next"), N_BYTES, &packed);
        for (size_t step = 1; step < 20; step++) {
            tmli_inflater *inflater = tmli_inflater_create();
            assert_non_null(inflater);
            tmli_buf back = {0};
            tml_str rest = tmli_buf_str(&packed);
            unpack(inflater, &rest, step, &back);
            assert_true(tmli_str_eq(tmli_buf_str(&back), tmli_buf_str(&text)));
            assert_ptr_equal(rest.data, packed.data + n_first);
            tmli_inflater_reset(inflater);
            tmli_buf_reset(&back);
            unpack(inflater, &rest, step, &back);
            assert_true(tmli_str_eq(tmli_buf_str(&back), TML_STR("next")));
            assert_int_equal(rest.len, 0);
            tmli_inflater_free(inflater);
            tmli_buf_deinit(&back);
        }
        tmli_buf_deinit(&packed);
        tmli_buf_deinit(&text);
    }
}

/* Whether the inflater finds fault with these bytes, which hold less than 8 KiB, and says which. */
static bool is_damaged(tmli_inflater *inflater, tml_str packed)
{
    char out[8192];
    size_t got = 0;
    const char *why = NULL;
    tmli_inflated result = TMLI_INFLATED_SOME;
    while (result == TMLI_INFLATED_SOME && packed.len > 0) {
        result = tmli_inflate(inflater, &packed, out, sizeof(out), &got, &why);
    }
    return result == TMLI_INFLATED_DAMAGED && why != NULL;
}

/* RFC 1952, 2.3: all that a header may have, behind a member of zlib's, whose header has nothing. */
static void headers_may_say_more_and_come_in_pieces(void **state)
{
    (void)state;
    static const char long_header[] =
        "\x1f\x8b\x08\x1e\0\0\0\0\0\x03" /* FHCRC, FEXTRA, FNAME, FCOMMENT */
        "\x05\0extra"
        "a name\0"
        "a comment"; /* with its NUL */
    enum {
        SHORT_HEADER = 10
    };
    tmli_buf text = make_text(3000);
    tmli_buf plain = {0};
    pack(tmli_buf_str(&text), 3000, &plain);
    for (unsigned damage = 0; damage < 2; damage++) {
        for (size_t step = 1; step < 60; step++) {
            tmli_buf packed = {0};
            tmli_buf_append(&packed, long_header, sizeof(long_header));
            const uint32_t crc = tmli_crc32(0, packed.data, packed.len) ^ damage;
            const unsigned char check[2] = {(unsigned char)crc, (unsigned char)(crc >> 8)};
            tmli_buf_append(&packed, check, sizeof(check));
            tmli_buf_append(&packed, plain.data + SHORT_HEADER, plain.len - SHORT_HEADER);
            tmli_inflater *inflater = tmli_inflater_create();
            assert_non_null(inflater);
            tml_str rest = tmli_buf_str(&packed);
            tmli_buf back = {0};
            if (damage == 0) {
                unpack(inflater, &rest, step, &back);
                assert_true(tmli_str_eq(tmli_buf_str(&back), tmli_buf_str(&text)));
                assert_int_equal(rest.len, 0);
            } else {
                assert_true(is_damaged(inflater, rest));
            }
            tmli_inflater_free(inflater);
            tmli_buf_deinit(&packed);
            tmli_buf_deinit(&back);
        }
    }
    tmli_buf_deinit(&plain);
    tmli_buf_deinit(&text);
}

static void damaged_data_are_noticed(void **state)
{
    (void)state;
    tmli_buf text = make_text(5000);
    tmli_buf packed = {0};
    pack(tmli_buf_str(&text), 5000, &packed);
    const size_t places[] = {0, 2, packed.len / 2, packed.len - 6, packed.len - 2};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        tmli_inflater *inflater = tmli_inflater_create();
        assert_non_null(inflater);
        packed.data[places[i]] ^= 0x55;
        assert_true(is_damaged(inflater, tmli_buf_str(&packed)));
        packed.data[places[i]] ^= 0x55;
        tmli_inflater_free(inflater);
    }
    tmli_buf_deinit(&packed);
    tmli_buf_deinit(&text);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    tmli_buf text = make_text(40000);
    bool is_done = false;
    for (size_t nth = 0; !is_done; nth++) {
        tmli_buf packed = {0};
        fail_allocation(nth);
        tmli_deflater *deflater = tmli_deflater_create();
        if (deflater != NULL) {
            tmli_deflate(deflater, tmli_buf_str(&text), true, &packed);
        }
        is_done = deflater != NULL && !packed.failed;
        fail_allocation(is_done ? 0 : NEVER);
        assert_true(!is_done || tmli_inflater_create() == NULL);
        fail_allocation(NEVER);
        tmli_deflater_free(deflater);
        tmli_buf_deinit(&packed);
    }
    tmli_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_comes_out_again),
        cmocka_unit_test(the_next_member_is_left_alone),
        cmocka_unit_test(headers_may_say_more_and_come_in_pieces),
        cmocka_unit_test(damaged_data_are_noticed),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
