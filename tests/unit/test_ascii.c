/* Vectors of bytes against one byte at a time. */
#include "text/ascii.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/unicode.h"

static bool is_alpha(unsigned byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static bool is_digit(unsigned byte)
{
    return byte >= '0' && byte <= '9';
}

static void conditions_hold_for_the_same_bytes_as_one_by_one(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char text[TMLI_STEP] = {0};
        const size_t place = byte % TMLI_STEP;
        text[place] = (char)byte;
        const tmli_bytes16 v = tmli_load16(text);
        const uint64_t bit = (uint64_t)1 << place;
        assert_int_equal((tmli_bits16(tmli_is_alpha16(v)) & bit) != 0, is_alpha(byte));
        assert_int_equal((tmli_bits16(tmli_is_digit16(v)) & bit) != 0, is_digit(byte));
        assert_int_equal((tmli_bits16(tmli_is_space16(v)) & bit) != 0,
                         byte < 0x80 && tmli_is_space(byte));
        assert_int_equal((tmli_bits16(tmli_is_byte16(v, '_')) & bit) != 0, byte == '_');
        assert_int_equal((tmli_bits16(v) & bit) != 0, byte >= 0x80);
        const unsigned lower = byte >= 'A' && byte <= 'Z' ? byte + 32 : byte;
        tmli_store16(text, tmli_lower16(v));
        assert_int_equal((unsigned char)text[place], lower);
    }
}

static void ranges_include_both_ends(void **state)
{
    (void)state;
    static const unsigned char ranges[][2] = {{1, 1}, {1, 0x7F}, {9, 13}, {' ', '~'}, {0x7F, 0x7F}};
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[TMLI_STEP] = {(char)byte};
            const uint64_t bits =
                tmli_bits16(tmli_in_range16(tmli_load16(text), ranges[r][0], ranges[r][1]));
            assert_int_equal(bits & 1, byte >= ranges[r][0] && byte <= ranges[r][1]);
        }
    }
}

static void a_block_has_one_bit_a_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < TMLI_BLOCK; i++) {
        char text[TMLI_BLOCK] = {0};
        text[i] = '7';
        assert_true(TMLI_BITS64(text, tmli_is_digit16) == (uint64_t)1 << i);
        assert_int_equal(tmli_lowest_bit(TMLI_BITS64(text, tmli_is_digit16)), i);
    }
    assert_true(tmli_bits_below(0) == 0);
    assert_true(tmli_bits_below(63) == UINT64_MAX >> 1);
    assert_true(tmli_bits_below(64) == UINT64_MAX);
    assert_true(tmli_bits_below(1000) == UINT64_MAX);
}

static void what_follows_padded_text_does_not_matter(void **state)
{
    (void)state;
    for (size_t n = 0; n <= 2 * TMLI_BLOCK; n++) {
        char text[3 * TMLI_BLOCK];
        memset(text, 0xFF, sizeof text);
        memset(text, 'A', n);
        assert_true(tmli_is_ascii_padded(text, n));
        tmli_lower_padded(text, text, n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(text[i], 'a');
        }
        if (n > 0) {
            text[n - 1] = (char)0x80;
            assert_false(tmli_is_ascii_padded(text, n));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_hold_for_the_same_bytes_as_one_by_one),
        cmocka_unit_test(ranges_include_both_ends),
        cmocka_unit_test(a_block_has_one_bit_a_byte),
        cmocka_unit_test(what_follows_padded_text_does_not_matter),
    };
    return cmocka_run_group_tests_name("ascii", tests, NULL, NULL);
}
