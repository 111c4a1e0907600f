/* UTF-8 from any bytes. */
#include "text/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

#define R "\xEF\xBF\xBD" /* U+FFFD */

static void every_scalar_value_survives_the_round_trip(void **state)
{
    (void)state;
    for (uint32_t codepoint = 0; codepoint <= 0x10FFFF; codepoint++) {
        if (codepoint >= 0xD800 && codepoint <= 0xDFFF) {
            continue;
        }
        char bytes[4];
        const size_t n = tmli_utf8_put(codepoint, bytes);
        uint32_t got = 0;
        uint32_t got_valid = 0;
        if (tmli_utf8_next(bytes, bytes + n, &got) != n || got != codepoint ||
            tmli_utf8_next_valid(bytes, &got_valid) != n || got_valid != codepoint ||
            tmli_utf8_faults((tml_str){bytes, n}) != 0) {
            fail_msg("U+%04X became U+%04X and U+%04X", codepoint, got, got_valid);
        }
    }
}

#define BYTES(literal)                 \
    {                                  \
        (literal), sizeof(literal) - 1 \
    } /* TML_STR is no constant */

/* want: Python's bytes.decode(errors="replace"), and the examples of Unicode 15, tables 3-8 to 3-11. */
static const struct {
    const char *name;
    tml_str text;
    tml_str want;
    size_t faults;
} repairs[] = {
    {"empty", {NULL, 0}, BYTES(""), 0},
    {"ascii", BYTES("plain"), BYTES("plain"), 0},
    {"a NUL", BYTES("a\0b"), BYTES("a\0b"), 0},
    {"two, three and four bytes", BYTES("é東😀"), BYTES("é東😀"), 0},
    {"a real U+FFFD", BYTES(R "a" R), BYTES(R "a" R), 0},
    {"lone continuation", BYTES("a\x80z"), BYTES("a" R "z"), 1},
    {"two lone continuations", BYTES("\x80\xBF"), BYTES(R R), 2},
    {"Latin-1", BYTES("caf\xE9 na\xEFve"), BYTES("caf" R " na" R "ve"), 2},
    {"bytes that never occur", BYTES("\xC0\xC1\xF5\xFF"), BYTES(R R R R), 4},
    {"overlong, table 3-8", BYTES("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"),
     BYTES(R R R R R R R R "A"), 8},
    {"surrogates, table 3-9", BYTES("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"),
     BYTES(R R R R R R R R "A"), 8},
    {"above the end, table 3-10", BYTES("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"),
     BYTES(R R R R R "A" R R "B"), 7},
    {"truncated, table 3-11", BYTES("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), BYTES(R R R R "A"), 4},
    {"cut after one of two", BYTES("x\xC3"), BYTES("x" R), 1},
    {"cut after two of three", BYTES("x\xE2\x82"), BYTES("x" R), 1},
    {"cut after three of four", BYTES("x\xF0\x9F\x98"), BYTES("x" R), 1},
    {"a fault behind a long stretch", BYTES("0123456789abcdef0123456789abcdef\xFFz"),
     BYTES("0123456789abcdef0123456789abcdef" R "z"), 1},
};

static void ill_formed_bytes_become_one_replacement_a_maximal_subpart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof repairs / sizeof repairs[0]; i++) {
        tmli_buf got = {0};
        tmli_utf8_repair(repairs[i].text, &got);
        if (!tmli_str_eq(tmli_buf_str(&got), repairs[i].want)) {
            fail_msg("%s: got \"%.*s\"", repairs[i].name, (int)got.len, got.data);
        }
        const size_t faults = tmli_utf8_faults(repairs[i].text);
        if (faults != repairs[i].faults) {
            fail_msg("%s: %zu faults, want %zu", repairs[i].name, faults, repairs[i].faults);
        }
        assert_int_equal(tmli_utf8_faults(tmli_buf_str(&got)), 0);
        tmli_buf_deinit(&got);
    }
}

static void a_repair_appends(void **state)
{
    (void)state;
    tmli_buf got = {0};
    tmli_buf_append_text(&got, "before ");
    tmli_utf8_repair(TML_STR("a\xFF"), &got);
    assert_true(tmli_str_eq_text(tmli_buf_str(&got), "before a" R));
    tmli_buf_deinit(&got);
}

static void decoding_stops_at_the_end_of_the_text(void **state)
{
    (void)state;
    static const char text[] = "\xF0\x9F\x98\x80";
    static const size_t want[] = {1, 2, 3, 4}; /* bytes taken when n + 1 are there */
    for (size_t n = 0; n < 4; n++) {
        uint32_t codepoint = 0;
        assert_int_equal(tmli_utf8_next(text, text + n + 1, &codepoint), want[n]);
        assert_int_equal(codepoint, n == 3 ? 0x1F600 : TMLI_REPLACEMENT);
    }
}

static void the_ascii_prefix_ends_before_the_first_other_byte(void **state)
{
    (void)state;
    char text[100];
    for (size_t n = 0; n < sizeof text; n++) {
        memset(text, 'a', sizeof text);
        assert_int_equal(tmli_ascii_prefix((tml_str){text, n}), n);
        for (size_t place = 0; place < n; place++) {
            text[place] = (char)0x80;
            assert_int_equal(tmli_ascii_prefix((tml_str){text, n}), place);
            text[place] = 'a';
        }
    }
    assert_int_equal(tmli_ascii_prefix((tml_str){NULL, 0}), 0);
}

static void a_repair_without_memory_marks_the_buffer(void **state)
{
    (void)state;
    tmli_buf got = {0};
    fail_allocation(0);
    tmli_utf8_repair(TML_STR("a\xFF"), &got);
    fail_allocation(NEVER);
    assert_true(got.failed);
    tmli_buf_deinit(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_scalar_value_survives_the_round_trip),
        cmocka_unit_test(ill_formed_bytes_become_one_replacement_a_maximal_subpart),
        cmocka_unit_test(a_repair_appends),
        cmocka_unit_test(decoding_stops_at_the_end_of_the_text),
        cmocka_unit_test(the_ascii_prefix_ends_before_the_first_other_byte),
        cmocka_unit_test(a_repair_without_memory_marks_the_buffer),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
