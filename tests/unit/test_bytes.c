/* Bounded reading, little-endian integers, text as bytes. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/alloc_fail.h"

static void a_reader_stops_at_its_end(void **state)
{
    (void)state;
    const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    tmli_reader r = tmli_reader_of(bytes, sizeof bytes);
    uint32_t small = 0;
    uint64_t large = 0;
    const unsigned char *rest = NULL;
    assert_true(tmli_read_u32le(&r, &small));
    assert_int_equal(small, 0x04030201);
    assert_true(tmli_read_u64le(&r, &large));
    assert_true(large == UINT64_C(0x0c0b0a0908070605));
    assert_int_equal(tmli_reader_left(&r), 2);
    assert_false(tmli_read_u32le(&r, &small));
    assert_false(tmli_read_u64le(&r, &large));
    assert_false(tmli_read_bytes(&r, 3, &rest));
    assert_false(tmli_read_bytes(&r, SIZE_MAX, &rest));
    assert_int_equal(small, 0x04030201);
    assert_null(rest);
    assert_true(tmli_read_bytes(&r, 2, &rest));
    assert_ptr_equal(rest, bytes + 12);
    assert_true(tmli_read_bytes(&r, 0, &rest));
}

static void a_reader_over_nothing_is_at_its_end(void **state)
{
    (void)state;
    tmli_reader r = tmli_reader_of(NULL, 0);
    uint32_t value;
    const unsigned char *bytes;
    assert_int_equal(tmli_reader_left(&r), 0);
    assert_false(tmli_read_u32le(&r, &value));
    assert_true(tmli_read_bytes(&r, 0, &bytes));
}

static void integers_survive_the_trip(void **state)
{
    (void)state;
    const uint64_t values[] = {0,         1, 0x80, 0xff, 0x80000000, 0xffffffff, UINT64_C(1) << 63,
                               UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        unsigned char bytes[12];
        tmli_put_u64le(bytes, values[i]);
        tmli_put_u32le(bytes + 8, (uint32_t)values[i]);
        tmli_reader r = tmli_reader_of(bytes, sizeof bytes);
        uint64_t large = 0;
        uint32_t small = 0;
        assert_true(tmli_read_u64le(&r, &large) && tmli_read_u32le(&r, &small));
        assert_true(large == values[i] && small == (uint32_t)values[i]);
    }
}

static void texts_compare_as_unsigned_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        int order;
    } rows[] = {{"", "", 0},    {"a", "", 1},   {"", "a", -1},        {"a", "b", -1},
                {"ab", "a", 1}, {"z", "aa", 1}, {"\x7f", "\x80", -1}, {"\xff", "a", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int order = tmli_str_compare(tmli_str(rows[i].a), tmli_str(rows[i].b));
        assert_int_equal((order > 0) - (order < 0), rows[i].order);
        assert_int_equal(tmli_str_eq(tmli_str(rows[i].a), tmli_str(rows[i].b)), rows[i].order == 0);
        assert_int_equal(tmli_str_eq_text(tmli_str(rows[i].a), rows[i].b), rows[i].order == 0);
    }
    assert_true(tmli_str_eq(TML_STR("a\0b"), TML_STR("a\0b")));
    assert_false(tmli_str_eq(TML_STR("a\0b"), TML_STR("a\0c")));
    assert_true(tmli_str_eq((tml_str){NULL, 0}, TML_STR("")));
    assert_int_equal(tmli_str(NULL).len, 0);
}

static void case_is_ignored_for_ascii_only(void **state)
{
    (void)state;
    assert_true(tmli_str_eq_nocase(TML_STR("TrUe"), TML_STR("tRuE")));
    assert_false(tmli_str_eq_nocase(TML_STR("true"), TML_STR("tru")));
    assert_false(tmli_str_eq_nocase(TML_STR("\xc3\x84"), TML_STR("\xc3\xa4")));
    assert_false(tmli_str_eq_nocase(TML_STR("@"), TML_STR("`")));
}

static void beginnings_and_ends_are_found(void **state)
{
    (void)state;
    assert_true(tmli_str_starts(TML_STR("abc"), "ab"));
    assert_true(tmli_str_starts(TML_STR("abc"), ""));
    assert_false(tmli_str_starts(TML_STR("abc"), "abcd"));
    assert_false(tmli_str_starts(TML_STR("abc"), "b"));
    assert_true(tmli_str_ends(TML_STR("abc"), "bc"));
    assert_true(tmli_str_ends((tml_str){NULL, 0}, ""));
    assert_false(tmli_str_ends(TML_STR("abc"), "xabc"));
    assert_false(tmli_str_ends(TML_STR("abc"), "b"));
    assert_int_equal(tmli_str_find(TML_STR("ab abc abc"), "abc"), 3);
    assert_int_equal(tmli_str_find(TML_STR("abc"), ""), 0);
    assert_int_equal(tmli_str_find(TML_STR("aab"), "ab"), 1);
    assert_int_equal(tmli_str_find((tml_str){"abc", 2}, "abc"), SIZE_MAX);
    assert_int_equal(tmli_str_find((tml_str){NULL, 0}, "a"), SIZE_MAX);
}

static void a_copy_is_a_string_of_its_own(void **state)
{
    (void)state;
    char *copy = tmli_str_copy((tml_str){"abc", 2});
    assert_string_equal(copy, "ab");
    tmli_free(copy);
    copy = tmli_str_copy((tml_str){NULL, 0});
    assert_string_equal(copy, "");
    tmli_free(copy);
    fail_allocation(0);
    copy = tmli_str_copy(TML_STR("abc"));
    fail_allocation(NEVER);
    assert_null(copy);
}

static void blanks_are_trimmed_on_both_sides(void **state)
{
    (void)state;
    assert_true(tmli_str_eq_text(tmli_str_trim(TML_STR(" \t\r\n a b \n")), "a b"));
    assert_true(tmli_str_eq_text(tmli_str_trim(TML_STR("ab")), "ab"));
    assert_int_equal(tmli_str_trim(TML_STR(" \t ")).len, 0);
    assert_int_equal(tmli_str_trim((tml_str){NULL, 0}).len, 0);
}

static void text_is_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        size_t want;
    } rows[] = {
        {"abc", 3, 3},
        {"abc", 0, 0},
        {"a\xc3\xa9", 2, 1},
        {"a\xc3\xa9", 3, 3},
        {"\xe2\x82\xac", 1, 0},
        {"\xe2\x82\xac", 2, 0},
        {"\xe2\x82\xac", 3, 3},
        {"\xf0\x9f\x98\x80", 3, 0},
        {"\xf0\x9f\x98\x80", 4, 4},
        {"x\xf0\x9f\x98\x80y", 6, 6},
        {"\x80\x80", 2, 2},
        {"\x80\x80\x80\x80\x80", 5, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(tmli_utf8_cut(rows[i].text, rows[i].n), rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_stops_at_its_end),
        cmocka_unit_test(a_reader_over_nothing_is_at_its_end),
        cmocka_unit_test(integers_survive_the_trip),
        cmocka_unit_test(texts_compare_as_unsigned_bytes),
        cmocka_unit_test(case_is_ignored_for_ascii_only),
        cmocka_unit_test(beginnings_and_ends_are_found),
        cmocka_unit_test(a_copy_is_a_string_of_its_own),
        cmocka_unit_test(blanks_are_trimmed_on_both_sides),
        cmocka_unit_test(text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
