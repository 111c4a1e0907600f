/* Numbers to their shortest text, against printf and strtod. */
#include "base/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"

static void familiar_numbers_look_familiar(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want;
    } rows[] = {
        {0.0, "0"},
        {-0.0, "-0"},
        {1.0, "1"},
        {-1.5, "-1.5"},
        {0.1, "0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3.0, "0.3333333333333333"},
        {2.0 / 3.0, "0.6666666666666666"},
        {100.0, "100"},
        {123456.0, "123456"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {0.000123456, "0.000123456"},
        {999999999999999.0, "999999999999999"},
        {1e15, "1e+15"},
        {1e22, "1e+22"},
        {1e-300, "1e-300"},
        {9007199254740993.0, "9007199254740992"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {DBL_MIN, "2.2250738585072014e-308"},
        {4.9406564584124654e-324, "4.94065645841247e-324"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[TMLI_NUMBER_BYTES];
        assert_int_equal(tmli_format_double(rows[i].value, text), strlen(rows[i].want));
        assert_string_equal(text, rows[i].want);
    }
}

static void floats_need_fewer_digits(void **state)
{
    (void)state;
    static const struct {
        float value;
        const char *want;
    } rows[] = {
        {0.0F, "0"},
        {0.1F, "0.1"},
        {-0.3F, "-0.3"},
        {1.0F / 3.0F, "0.33333334"},
        {16777216.0F, "16777216"},
        {1e6F, "1e+06"},
        {3.4028235e38F, "3.4028235e+38"},
        {1e-45F, "1.4013e-45"},
        {0.99999994F, "0.99999994"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[TMLI_NUMBER_BYTES];
        assert_int_equal(tmli_format_float(rows[i].value, text), strlen(rows[i].want));
        assert_string_equal(text, rows[i].want);
    }
}

static void assert_shortest_double(double value)
{
    char want[64];
    char got[TMLI_NUMBER_BYTES];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(want, sizeof want, "%.*g", digits, value);
        if (strtod(want, NULL) == value) {
            break;
        }
    }
    assert_int_equal(tmli_format_double(value, got), strlen(want));
    assert_string_equal(got, want);
}

static void assert_shortest_float(float value)
{
    char want[64];
    char got[TMLI_NUMBER_BYTES];
    for (int digits = 6; digits <= 9; digits++) {
        (void)snprintf(want, sizeof want, "%.*g", digits, (double)value);
        if (strtof(want, NULL) == value) {
            break;
        }
    }
    assert_int_equal(tmli_format_float(value, got), strlen(want));
    assert_string_equal(got, want);
    double back;
    assert_true(tmli_parse_double(tmli_str(got), &back));
    assert_true((float)back == value);
}

static void the_first_text_that_reads_back_is_taken(void **state)
{
    (void)state;
    tmli_rng rng = tmli_rng_at(2, TMLI_RNG_SPLIT, 0, 0);
    for (int i = 0; i < 8000; i++) {
        const uint64_t bits = (uint64_t)tmli_rng_u32(&rng) << 32 | tmli_rng_u32(&rng);
        const double unit = (double)(bits >> 11) * 0x1p-53;
        double any;
        memcpy(&any, &bits, sizeof any);
        assert_shortest_double(unit);
        assert_shortest_double(-ldexp(unit, i % 100 - 50));
        assert_shortest_double((double)(int64_t)(bits % 1000000) / 1000.0);
        assert_shortest_float((float)unit);
        assert_shortest_float(-(float)ldexp(unit, i % 140 - 70));
        if (isfinite(any)) {
            assert_shortest_double(any);
        }
    }
}

static void powers_and_their_neighbours_are_right(void **state)
{
    (void)state;
    for (int e = -60; e <= 60; e++) {
        const double two = ldexp(1.0, e);
        const double ten = strtod((char[]){'1', 'e', e < 0 ? '-' : '+', (char)('0' + abs(e) / 10),
                                           (char)('0' + abs(e) % 10), '\0'},
                                  NULL);
        const double values[] = {two, ten};
        for (size_t i = 0; i < 2; i++) {
            assert_shortest_double(values[i]);
            assert_shortest_double(nextafter(values[i], 0.0));
            assert_shortest_double(nextafter(values[i], INFINITY));
            const float single = (float)values[i];
            if (isfinite(single)) {
                assert_shortest_float(single);
                assert_shortest_float(nextafterf(single, 0.0F));
                assert_shortest_float(nextafterf(single, INFINITY));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(familiar_numbers_look_familiar),
        cmocka_unit_test(floats_need_fewer_digits),
        cmocka_unit_test(the_first_text_that_reads_back_is_taken),
        cmocka_unit_test(powers_and_their_neighbours_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
