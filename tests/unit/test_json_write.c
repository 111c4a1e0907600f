/* JSON out of texts, numbers, trees and calls. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

static void strings_are_escaped(void **state)
{
    (void)state;
    const struct {
        tml_str text;
        const char *want;
    } rows[] = {
        {TML_STR(""), "\"\""},
        {TML_STR("plain"), "\"plain\""},
        {TML_STR("a\"b\\c"), "\"a\\\"b\\\\c\""},
        {TML_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {TML_STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\""},
        {TML_STR("<b>&amp;/</b>"), "\"<b>&amp;/</b>\""},
        {TML_STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
         "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {{NULL, 0}, "\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_buf out = {0};
        tmli_json_string(&out, rows[i].text);
        assert_string_equal(tmli_buf_cstr(&out), rows[i].want);
        tmli_buf_deinit(&out);
    }
}

#define R "\xef\xbf\xbd"

/* One U+FFFD for each longest part that could have begun a character: Unicode 15, section 3.9, as Python's "replace". */
static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"\xff", "\"" R "\""},
        {"a\x80z", "\"a" R "z\""},
        {"\xc3", "\"" R "\""},
        {"\xc3(", "\"" R "(\""},
        {"\xe2\x82", "\"" R "\""},
        {"\xe2\x82x", "\"" R "x\""},
        {"\xf0\x9f\x98", "\"" R "\""},
        {"\xc0\xaf", "\"" R R "\""},
        {"\xe0\x80\xaf", "\"" R R R "\""},
        {"\xed\xa0\x80", "\"" R R R "\""},
        {"\xf4\x90\x80\x80", "\"" R R R R "\""},
        {"\xf1\x80\x80\xe1\x80\xc2z", "\"" R R R "z\""},
        {"\xf0\x9f\x98\"", "\"" R "\\\"\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_buf out = {0};
        tmli_json_string(&out, tmli_str(rows[i].text));
        assert_string_equal(tmli_buf_cstr(&out), rows[i].want);
        tmli_buf_deinit(&out);
    }
}

static void numbers_read_back_and_nan_is_null(void **state)
{
    (void)state;
    tmli_buf out = {0};
    const double doubles[] = {0.1, -2, 1e300, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < 5; i++) {
        tmli_json_double(&out, doubles[i]);
        tmli_buf_append_byte(&out, ' ');
    }
    const float floats[] = {0.1F, NAN, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        tmli_json_float(&out, floats[i]);
        tmli_buf_append_byte(&out, ' ');
    }
    assert_string_equal(tmli_buf_cstr(&out), "0.1 -2 1e+300 null null 0.1 null null ");
    tmli_buf_deinit(&out);
}

static void a_tree_is_written_as_it_was_read(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null",
        "{\"a\":[1,true,false,null,\"x\\ny\"],\"b\":{},\"c\":[],\"d\":{\"e\":{\"f\":-0.5}}}",
        "[[[[]]],\"\"]",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_arena arena;
        tmli_arena_init(&arena, 1024, 0);
        const tmli_value *value = NULL;
        tmli_buf out = {0};
        assert_int_equal(tmli_json_parse(tmli_str(rows[i]), &arena, &value, NULL), TML_OK);
        tmli_json_value(&out, value);
        assert_string_equal(tmli_buf_cstr(&out), rows[i]);
        tmli_buf_deinit(&out);
        tmli_arena_deinit(&arena);
    }
}

static void write_sample(tmli_buf *out, unsigned indent)
{
    tmli_json_writer w;
    tmli_json_begin(&w, out, indent);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "name", "n\"1");
    tmli_json_put_double(&w, "loss", 0.25);
    tmli_json_put_u64(&w, "rows", UINT64_MAX);
    tmli_json_put_bool(&w, "done", true);
    tmli_json_list(&w, "list");
    tmli_json_put_str(&w, NULL, TML_STR("a"));
    tmli_json_object(&w, NULL);
    tmli_json_close_object(&w);
    tmli_json_list(&w, NULL);
    tmli_json_put_bool(&w, NULL, false);
    tmli_json_close_list(&w);
    tmli_json_close_list(&w);
    tmli_json_list(&w, "empty");
    tmli_json_close_list(&w);
    tmli_json_close_object(&w);
}

static void calls_in_sequence_write_a_document(void **state)
{
    (void)state;
    tmli_buf out = {0};
    write_sample(&out, 0);
    assert_string_equal(
        tmli_buf_cstr(&out),
        "{\"name\":\"n\\\"1\",\"loss\":0.25,\"rows\":18446744073709551615,\"done\":true,"
        "\"list\":[\"a\",{},[false]],\"empty\":[]}");
    tmli_buf_reset(&out);
    write_sample(&out, 2);
    assert_string_equal(tmli_buf_cstr(&out), "{\n"
                                             "  \"name\": \"n\\\"1\",\n"
                                             "  \"loss\": 0.25,\n"
                                             "  \"rows\": 18446744073709551615,\n"
                                             "  \"done\": true,\n"
                                             "  \"list\": [\n"
                                             "    \"a\",\n"
                                             "    {},\n"
                                             "    [\n"
                                             "      false\n"
                                             "    ]\n"
                                             "  ],\n"
                                             "  \"empty\": []\n"
                                             "}");
    tmli_buf_deinit(&out);
}

static void thirty_one_levels_can_be_written(void **state)
{
    (void)state;
    tmli_buf out = {0};
    tmli_json_writer w;
    tmli_json_begin(&w, &out, 0);
    for (int i = 0; i < 31; i++) {
        tmli_json_list(&w, NULL);
    }
    for (int i = 0; i < 31; i++) {
        tmli_json_close_list(&w);
    }
    assert_int_equal(out.len, 62);
    tmli_buf_deinit(&out);
}

static void want_of_memory_stays_in_the_buffer(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tmli_buf out = {0};
        fail_allocation(nth);
        write_sample(&out, 2);
        fail_allocation(NEVER);
        const bool failed = out.failed;
        tmli_buf_deinit(&out);
        if (!failed) {
            assert_true(nth > 1);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(numbers_read_back_and_nan_is_null),
        cmocka_unit_test(a_tree_is_written_as_it_was_read),
        cmocka_unit_test(calls_in_sequence_write_a_document),
        cmocka_unit_test(thirty_one_levels_can_be_written),
        cmocka_unit_test(want_of_memory_stays_in_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
