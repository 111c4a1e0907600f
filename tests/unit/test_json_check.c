/* What is JSON to the letter, and where it stops being JSON. Many rows come from the cases of JSONTestSuite (Nicolas
 * Seriot, "Parsing JSON is a minefield"). */
#include "base/json_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

static void json_is_accepted(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "0",
        "-0",
        "-1.5e+10",
        "1E-2",
        "true",
        "false",
        "null",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        " \t\r\n[ \n] ",
        "[1,2 , 3]",
        "[[],[[]],{}]",
        "{\"a\":1}",
        "{ \"a\" : [ { } , null ] , \"b\" : \"\" }",
        "{\"a\":1,\"a\":2}",
        "{\"\":0}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\uffff\"",
        "\"\x7f\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "\"\xff\xfe\"", /* not UTF-8: bytes are passed on */
        "\"longer than eight bytes, no escape\"",
        "\"longer than eight bytes, \\n one escape\"",
        "1e-400",
        "0.000000000000000000000000000000000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_json_fault fault = {0};
        if (!tmli_json_check(tmli_str(rows[i]), &fault)) {
            fail_msg("refused: %s", rows[i]);
        }
    }
}

static const struct {
    const char *text;
    size_t at;
    const char *expected;
} faults[] = {
    {"", 0, "a value"},
    {"   ", 3, "a value"},
    {"[", 1, "a value"},
    {"[1", 2, "',' or ']'"},
    {"[1,", 3, "a value"},
    {"[1,]", 3, "a value"},
    {"[,1]", 1, "a value"},
    {"[1 2]", 3, "',' or ']'"},
    {"[1}", 2, "',' or ']'"},
    {"]", 0, "a value"},
    {"[]]", 2, "nothing behind the value"},
    {"1 2", 2, "nothing behind the value"},
    {"{}x", 2, "nothing behind the value"},
    {"{", 1, "a key in quotes"},
    {"{1:2}", 1, "a key in quotes"},
    {"{a:2}", 1, "a key in quotes"},
    {"{'a':2}", 1, "a key in quotes"},
    {"{\"a\"}", 4, "':'"},
    {"{\"a\" 1}", 5, "':'"},
    {"{\"a\":}", 5, "a value"},
    {"{\"a\":1,}", 7, "a key in quotes"},
    {"{\"a\":1 \"b\":2}", 7, "',' or '}'"},
    {"{\"a\":1]", 6, "',' or '}'"},
    {"nul", 0, "a value"},
    {"nulll", 4, "nothing behind the value"},
    {"True", 0, "a value"},
    {"NaN", 0, "a value"},
    {"Infinity", 0, "a value"},
    {"-Infinity", 1, "a digit"},
    {"-", 1, "a digit"},
    {"+1", 0, "a value"},
    {".5", 0, "a value"},
    {"1.", 2, "a digit"},
    {"1.e5", 2, "a digit"},
    {"1e", 2, "a digit"},
    {"1e+", 3, "a digit"},
    {"01", 1, "nothing behind the value"},
    {"[-01]", 3, "',' or ']'"},
    {"0x10", 1, "nothing behind the value"},
    {"\"", 1, "'\"' at the end of the string"},
    {"\"abc", 4, "'\"' at the end of the string"},
    {"\"a\tb\"", 2, "control characters in strings as escapes such as \\n"},
    {"\"a long text with a\nline break\"", 19,
     "control characters in strings as escapes such as \\n"},
    {"\"\\x41\"", 2, "one of \"\\/bfnrtu behind \\"},
    {"\"\\", 2, "one of \"\\/bfnrtu behind \\"},
    {"\"\\u12", 5, "four hexadecimal digits behind \\u"},
    {"\"\\u12g4\"", 5, "four hexadecimal digits behind \\u"},
    {"\"\\ud83d\\u12g4\"", 11, "four hexadecimal digits behind \\u"},
    {"'a'", 0, "a value"},
    {"[\"a\", // comment\n1]", 6, "a value"},
    {"\f1", 0, "a value"},
    {"1\v", 1, "nothing behind the value"},
    {"\xc2\xa0"
     "1",
     0, "a value"},
    {"\xef\xbb\xbf{}", 0, "a value"}, /* the byte order mark is json.c's business */
};

static void what_is_not_json_is_refused_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        tmli_json_fault fault = {0};
        assert_false(tmli_json_check(tmli_str(faults[i].text), &fault));
        assert_non_null(fault.expected);
        assert_string_equal(fault.expected, faults[i].expected);
        assert_int_equal(fault.at, faults[i].at);
    }
}

static void json_that_cannot_be_held_is_refused(void **state)
{
    (void)state;
    const struct {
        tml_str text;
        size_t at;
        const char *refused;
    } rows[] = {
        {TML_STR("[\"a\\u0000b\"]"), 3, "\\u0000 cannot be part of a text"},
        {TML_STR("\"a\0b\""), 2, "a NUL byte cannot be part of a text"},
        {TML_STR("{\"\\u0000\":1}"), 2, "\\u0000 cannot be part of a text"},
        {TML_STR("\"\\ud83d\""), 1, "half of a surrogate pair"},
        {TML_STR("\"\\ud83dx\\ude00\""), 1, "half of a surrogate pair"},
        {TML_STR("\"\\ude00\\ud83d\""), 1, "half of a surrogate pair"},
        {TML_STR("\"\\ud83d\\u0041\""), 1, "half of a surrogate pair"},
        {TML_STR("[1e309]"), 1, "a number too large for a double"},
        {TML_STR("-1e999999999999"), 0, "a number too large for a double"},
        {TML_STR("1234567890123456789012345678901234567890123456789012345678901234"), 0,
         "a number of more than 63 characters"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_json_fault fault = {0};
        assert_false(tmli_json_check(rows[i].text, &fault));
        assert_null(fault.expected);
        assert_string_equal(fault.refused, rows[i].refused);
        assert_int_equal(fault.at, rows[i].at);
    }
}

static void nesting_ends_at_200_levels(void **state)
{
    (void)state;
    char text[1000];
    for (size_t depth = 199; depth <= 201; depth++) {
        (void)memset(text, '[', depth);
        (void)memset(text + depth, ']', depth);
        tmli_json_fault fault = {0};
        assert_int_equal(tmli_json_check((tml_str){text, 2 * depth}, &fault), depth <= 200);
        if (depth > 200) {
            assert_string_equal(fault.refused, "more than 200 levels");
            assert_int_equal(fault.at, 200);
        }
    }
}

static void every_cut_of_a_document_is_refused_without_reading_on(void **state)
{
    (void)state;
    const char *const text =
        "{\"key\": [true, null, -1.5e3, \"a \\u20ac \\ud83d\\ude00 text\", {}]}";
    for (size_t n = 0; n < strlen(text); n++) {
        char *const cut = malloc(n > 0 ? n : 1); /* exactly as large, for the address sanitizer */
        assert_non_null(cut);
        memcpy(cut, text, n);
        tmli_json_fault fault = {0};
        assert_false(tmli_json_check((tml_str){cut, n}, &fault));
        assert_true(fault.at <= n);
        free(cut);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_accepted),
        cmocka_unit_test(what_is_not_json_is_refused_at_its_place),
        cmocka_unit_test(json_that_cannot_be_held_is_refused),
        cmocka_unit_test(nesting_ends_at_200_levels),
        cmocka_unit_test(every_cut_of_a_document_is_refused_without_reading_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
