/* Decimal text to numbers: correct rounding against strtod, hostile text, other locales. */
#include "base/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"

static void doubles_are_parsed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double want;
    } rows[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"1", 1.0},
        {"+1.5", 1.5},
        {".5", 0.5},
        {"5.", 5.0},
        {"-12.25e-1", -1.225},
        {"1E2", 100.0},
        {"1e+2", 100.0},
        {"000123", 123.0},
        {"0.1", 0.1},
        {"1e22", 1e22},
        {"1e23", 1e23},
        {"9007199254740993", 9007199254740992.0},
        {"123456789012345678901234567890", 123456789012345678901234567890.0},
        {"1.7976931348623157e308", DBL_MAX},
        {"4.9406564584124654e-324", 4.9406564584124654e-324},
        {"1e-400", 0.0},
        {"0e999999999999999999999", 0.0},
        {"1e-99999999999999999999", 0.0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double got = 77;
        assert_true(tmli_parse_double(tmli_str(rows[i].text), &got));
        assert_memory_equal(&got, &rows[i].want, sizeof got);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",    " ",    "1 ",    " 1",  "x",        "1x",     "-",
        "+",   ".",    "-.",    "e5",  ".e5",      "1e",     "1e+",
        "1e-", "0x10", "inf",   "nan", "Infinity", "1,5",    "1.2.3",
        "--1", "+-1",  "1e5.0", "1_0", "1e309",    "-1e999", "1e99999999999999999999",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double got = 77;
        assert_false(tmli_parse_double(tmli_str(rows[i]), &got));
        assert_true(got == 77);
    }
    double got = 77;
    assert_false(tmli_parse_double(TML_STR("1\0"), &got));
    assert_false(tmli_parse_double((tml_str){NULL, 0}, &got));
}

/* Random numbers printed with every number of digits read as strtod reads them. */
static void doubles_are_rounded_as_strtod_rounds(void **state)
{
    (void)state;
    tmli_rng rng = tmli_rng_at(1, TMLI_RNG_SPLIT, 0, 0);
    for (int i = 0; i < 20000; i++) {
        const uint64_t bits = (uint64_t)tmli_rng_u32(&rng) << 32 | tmli_rng_u32(&rng);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (i % 2 == 0) {
            value = (double)(int32_t)(bits >> 32) / (double)((bits & 0xffff) + 1);
        }
        if (!isfinite(value)) {
            continue;
        }
        char text[64];
        (void)snprintf(text, sizeof text, "%.*g", 1 + i % 20, value);
        const double want = strtod(text, NULL);
        double got = 0;
        assert_int_equal(tmli_parse_double(tmli_str(text), &got), isfinite(want));
        if (isfinite(want)) {
            assert_memory_equal(&got, &want, sizeof got);
        }
    }
}

/* Half-way cases whose decision lies hundreds or thousands of digits behind the point. */
static void digits_far_behind_decide(void **state)
{
    (void)state;
    enum {
        N = 3000
    };
    char text[N + 64];
    const char *const half = "9007199254740993."; /* 2^53 + 1: between two doubles */
    for (int last = 0; last <= 1; last++) {
        size_t n = strlen(half);
        memcpy(text, half, n + 1);
        (void)memset(text + n, '0', N);
        n += N;
        text[n - 1] = (char)('0' + last);
        double got = 0;
        assert_true(tmli_parse_double((tml_str){text, n}, &got));
        assert_true(got == (last == 0 ? 9007199254740992.0 : 9007199254740994.0));
    }
    (void)memset(text, '0', N);
    memcpy(text, "0.", 2);
    memcpy(text + N, "15e2999", 8); /* 0.00…015e2999 with 2998 zeros behind the point */
    double got = 0;
    assert_true(tmli_parse_double(tmli_str(text), &got));
    assert_true(got == 15.0 * 0.1);
    (void)memset(text, '9', N);
    text[N] = '\0';
    assert_false(tmli_parse_double(tmli_str(text), &got));
    memcpy(text + N, "e-2999", 7);
    assert_true(tmli_parse_double(tmli_str(text), &got));
    assert_true(got == 10.0);
}

static void scanning_stops_behind_the_number(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        float want;
    } rows[] = {
        {"0.418 0.24968", 5, 0.418F},
        {"-0.41242\n", 8, -0.41242F},
        {"1e5x", 3, 1e5F},
        {"1e", 1, 1},
        {"1e+", 1, 1},
        {"2.", 2, 2},
        {"2..5", 2, 2},
        {"7-3", 1, 7},
        {"3.4028235e38", 12, FLT_MAX},
        {"1e-46", 5, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const text = rows[i].text;
        float got = 77;
        assert_ptr_equal(tmli_scan_float(text, text + strlen(text), &got), text + rows[i].n);
        assert_true(got == rows[i].want);
    }
    float got = 77;
    static const char *const bad[] = {"", " 1", "x", "-", ".", "nan", "1e39", "-4e38", "1e999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(tmli_scan_float(bad[i], bad[i] + strlen(bad[i]), &got));
    }
    assert_true(got == 77);
    const char *const cut = "1.2345";
    assert_ptr_equal(tmli_scan_float(cut, cut + 3, &got), cut + 3); /* nothing behind end is read */
    assert_true(got == 1.2F);
}

static void whole_numbers_are_parsed_exactly(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"5.0", 5},
        {"5e0", 5},
        {"1.5e1", 15},
        {"-2e3", -2000},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"9007199254740993", 9007199254740993},
        {"9007199254740992.0", 9007199254740992},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t got = 77;
        assert_true(tmli_parse_int64(tmli_str(rows[i].text), &got));
        assert_true(got == rows[i].want);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      "5.5",
                                      "1e-1",
                                      "five",
                                      "5 ",
                                      "1e300",
                                      "0x5",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "9223372036854775807.0",
                                      "1e16"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t got = 77;
        assert_false(tmli_parse_int64(tmli_str(bad[i]), &got));
        assert_true(got == 77);
    }
}

static void truth_has_several_words(void **state)
{
    (void)state;
    static const char *const words[][2] = {
        {"true", "false"}, {"Yes", "No"}, {"ON", "oFF"}, {"1", "0"}};
    for (size_t i = 0; i < 4; i++) {
        bool yes = false;
        bool no = true;
        assert_true(tmli_parse_bool(tmli_str(words[i][0]), &yes) && yes);
        assert_true(tmli_parse_bool(tmli_str(words[i][1]), &no) && !no);
    }
    bool got = true;
    assert_false(tmli_parse_bool(TML_STR(""), &got));
    assert_false(tmli_parse_bool(TML_STR("2"), &got));
    assert_false(tmli_parse_bool(TML_STR("truer"), &got));
    assert_true(got);
}

static void the_process_locale_has_no_say(void **state)
{
    (void)state;
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8",
                                          "nl_NL.UTF-8"};
    const char *found = NULL;
    for (size_t i = 0; i < 4 && found == NULL; i++) {
        found = setlocale(LC_ALL, locales[i]);
    }
    double got = 0;
    assert_true(tmli_parse_double(TML_STR("1.23456789012345678901e-30"), &got));
    assert_true(got == 1.23456789012345678901e-30);
    char text[TMLI_NUMBER_BYTES];
    (void)tmli_format_double(1.5e-30, text);
    (void)setlocale(LC_ALL, "C");
    assert_string_equal(text, "1.5e-30");
    if (found == NULL) {
        skip(); /* no locale with a decimal comma is installed */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_are_parsed),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(doubles_are_rounded_as_strtod_rounds),
        cmocka_unit_test(digits_far_behind_decide),
        cmocka_unit_test(scanning_stops_behind_the_number),
        cmocka_unit_test(whole_numbers_are_parsed_exactly),
        cmocka_unit_test(truth_has_several_words),
        cmocka_unit_test(the_process_locale_has_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
