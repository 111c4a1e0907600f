/* JSON read value by value. */
#include "base/json_pull.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "support/alloc_fail.h"
#include "support/test_arena.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void put_items(tmli_buf *out, tmli_json_items *items);

/* A value in a notation of the test's own: n, t, f, #number, 'text', [items] and {'key':value}. */
static void put_value(tmli_buf *out, const tmli_json_items *from, const tmli_json_token *value)
{
    switch (value->kind) {
    case TMLI_NULL: tmli_buf_append_text(out, "n"); break;
    case TMLI_BOOL: tmli_buf_append_text(out, value->is_true ? "t" : "f"); break;
    case TMLI_NUMBER:
        tmli_buf_append_text(out, "#");
        tmli_buf_append_str(out, value->text);
        break;
    case TMLI_STRING: {
        tml_str text = {0};
        assert_int_equal(tmli_json_text(value, &test_arena, &text, NULL), TML_OK);
        assert_true(tmli_json_says(value, text));
        tmli_buf_append_text(out, "'");
        tmli_buf_append_str(out, text);
        tmli_buf_append_text(out, "'");
        break;
    }
    case TMLI_LIST:
    case TMLI_OBJECT: {
        tmli_json_items items;
        tmli_json_enter(from, value, &items);
        put_items(out, &items);
        break;
    }
    }
}

static void put_items(tmli_buf *out, tmli_json_items *items)
{
    tmli_buf_append_text(out, items->is_object ? "{" : "[");
    for (size_t n = 0;; n++) {
        tmli_json_token key;
        tmli_json_token value;
        bool has = false;
        assert_int_equal(tmli_json_next(items, &key, &value, &has, NULL), TML_OK);
        if (!has) {
            break;
        }
        tmli_buf_append_text(out, n > 0 ? "," : "");
        if (items->is_object) {
            put_value(out, items, &key);
            tmli_buf_append_text(out, ":");
        } else {
            assert_int_equal(key.text.len, 0);
        }
        put_value(out, items, &value);
    }
    tmli_buf_append_text(out, items->is_object ? "}" : "]");
}

static void values_are_read_in_their_order(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"null", "n"},
        {" true ", "t"},
        {"false\n", "f"},
        {"-1.5e3", "#-1.5e3"},
        {"\"\"", "''"},
        {"\"text\"", "'text'"},
        {"[]", "[]"},
        {"{ }", "{}"},
        {"[1,\"a\",[ ],{}]", "[#1,'a',[],{}]"},
        {"\xef\xbb\xbf {\"a\" : {\"b\":[true , null]}, \"a\":2}\r\n", "{'a':{'b':[t,n]},'a':#2}"},
        {"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "['\"\\/\b\f\n\r\t']"},
        {"\"x\\u0041\\u00e9\\u20ac\\ud83d\\ude00y\"", "'xA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y'"},
        {"{\"\\u006bey\": \"\\uFFFF\"}", "{'key':'\xef\xbf\xbf'}"},
        {"[\"caf\xc3\xa9 \xf0\x9f\x98\x80 \xed\x9f\xbf\"]",
         "['caf\xc3\xa9 \xf0\x9f\x98\x80 \xed\x9f\xbf']"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf got = {0};
        tmli_json_items items;
        tmli_json_token value;
        tml_error err = {0};
        if (tmli_json_open(tmli_str(cases[i][0]), 0, &items, &value, &err) != TML_OK) {
            fail_msg("%s: %s", cases[i][0], err.text);
        }
        if (value.kind == TMLI_LIST || value.kind == TMLI_OBJECT) {
            put_items(&got, &items);
        } else {
            put_value(&got, &items, &value);
        }
        assert_string_equal(tmli_buf_cstr(&got), cases[i][1]);
        bool has = true;
        tmli_json_token key;
        assert_int_equal(tmli_json_next(&items, &key, &value, &has, NULL), TML_OK);
        assert_false(has); /* the end stays the end */
        tmli_buf_deinit(&got);
    }
}

/* Reads a document to its end and says what is wrong with it. */
static tml_status read_all(tml_str text, size_t lines_before, tml_error *err)
{
    tmli_json_items items;
    tmli_json_token key;
    tmli_json_token value;
    bool has = true;
    tml_status status = tmli_json_open(text, lines_before, &items, &value, err);
    while (status == TML_OK && has) {
        status = tmli_json_next(&items, &key, &value, &has, err);
    }
    return status;
}

/* The door that builds a tree is the reference: same verdict, same sentence. */
static void faults_are_those_of_the_parser_of_trees(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        " ",
        "{",
        "[",
        "\"",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\n\"",
        "[1,]",
        "[,]",
        "[1 2]",
        "[1",
        "[1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1",
        "{\"a\" 1}",
        "01",
        "1.",
        "-",
        "1e",
        "1e999",
        "tru",
        "nul",
        "[] []",
        "1 2",
        "{} x",
        "[1]]",
        "\xef\xbb\xbf",
        "[\"\\ud83d\\ude00\", \"\\ude00\"]",
        "{\"a\": [1, 2,\n {\"b\": \"\t\"}]}",
        "[\n[\n[}",
        "{\"long enough for a vector\" 5}",
        "[12345678901234567890123456789012345678901234567890123456789012345]",
        "[\"0123456789abcdef0123456789abcdef\x01\"]",
        "{,}",
        "[}",
        "{]",
        "{\"a\":1}}",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const tmli_value *tree = NULL;
        tml_error want = {0};
        tml_error got = {0};
        assert_int_equal(tmli_json_parse(tmli_str(cases[i]), &test_arena, &tree, &want),
                         TML_EFORMAT);
        assert_int_equal(read_all(tmli_str(cases[i]), 0, &got), TML_EFORMAT);
        assert_string_equal(got.text, want.text);
    }
}

static void strings_have_to_be_utf_8(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "\xff",
        "\x80",
        "\xc3",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xed\xa0\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xe2\x82",
        "\xe2\x28\xa1",
        "\xf0\x9f\x98",
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf body = {0};
        tml_error err = {0};
        tmli_buf_printf(&body, "{\"a\":\n \"caf\xc3\xa9 and so on %s behind\"}", cases[i]);
        assert_int_equal(read_all(tmli_buf_str(&body), 0, &err), TML_EFORMAT);
        assert_string_equal(err.text,
                            "line 2, column 18: this is not UTF-8, in which JSON is written");
        tmli_buf_deinit(&body);
    }
    tml_error err = {0};
    assert_int_equal(read_all(TML_STR("{\"\xff\":1}"), 0, &err), TML_EFORMAT);
    assert_string_equal(err.text, "line 1, column 3: this is not UTF-8, in which JSON is written");
}

static void lines_are_counted_from_where_the_document_begins(void **state)
{
    (void)state;
    tml_error err = {0};
    assert_int_equal(read_all(TML_STR("{\"a\": x}"), 41, &err), TML_EFORMAT);
    assert_string_equal(err.text,
                        "line 42, column 7: this is not JSON: expected a value, found 'x'");
}

static void nesting_ends_at_200_levels(void **state)
{
    (void)state;
    char text[1000];
    for (size_t depth = 199; depth <= 201; depth++) {
        (void)memset(text, '[', depth);
        (void)memset(text + depth, ']', depth);
        tml_error err = {0};
        const tml_status status = read_all((tml_str){text, 2 * depth}, 0, &err);
        assert_int_equal(status, depth <= 200 ? TML_OK : TML_EFORMAT);
        if (depth > 200) {
            assert_string_equal(err.text, "line 1, column 201: more than 200 levels");
        }
    }
}

/* Entered one by one, levels count as they do in the whole. */
static void levels_may_be_entered_to_the_last(void **state)
{
    (void)state;
    enum {
        DEPTH = 200
    };
    char text[2 * DEPTH];
    (void)memset(text, '[', DEPTH);
    (void)memset(text + DEPTH, ']', DEPTH);
    tmli_json_items items;
    tmli_json_token value;
    tmli_json_token key;
    assert_int_equal(tmli_json_open((tml_str){text, sizeof(text)}, 0, &items, &value, NULL),
                     TML_OK);
    bool has = true;
    size_t depth = 0;
    for (; has; depth++) {
        assert_int_equal(tmli_json_next(&items, &key, &value, &has, NULL), TML_OK);
        if (has) {
            const tmli_json_items outer = items;
            tmli_json_enter(&outer, &value, &items);
        }
    }
    assert_int_equal(depth, DEPTH);
}

/* Every length around the vectors' 16 bytes, in memory that ends where the text does, at every place of the end. */
static void strings_of_any_length_end_at_their_quote(void **state)
{
    (void)state;
    for (size_t n = 0; n < 70; n++) {
        for (size_t behind = 0; behind < 20; behind++) {
            char *const text = malloc(n + 2 + behind);
            assert_non_null(text);
            (void)memset(text, 'x', n + 2 + behind);
            text[0] = '"';
            text[n + 1] = '"';
            (void)memset(text + n + 2, ' ', behind);
            tmli_json_items items;
            tmli_json_token value;
            assert_int_equal(
                tmli_json_open((tml_str){text, n + 2 + behind}, 0, &items, &value, NULL), TML_OK);
            assert_int_equal(value.text.len, n);
            assert_ptr_equal(value.text.data, text + 1);
            text[n + 1] = 'x';
            assert_int_equal(tmli_json_open((tml_str){text, n + 2}, 0, &items, &value, NULL),
                             TML_EFORMAT);
            free(text);
        }
    }
}

static void texts_are_compared_as_they_read(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
        bool want;
    } cases[] = {
        {"\"input\"", "input", true},           {"\"input\"", "inputs", false},
        {"\"inputs\"", "input", false},         {"\"\"", "", true},
        {"\"\\u0069nput\"", "input", true},     {"\"inpu\\u0074\"", "input", true},
        {"\"inpu\\u0074s\"", "input", false},   {"\"inp\\u0075\"", "input", false},
        {"\"\\u00e9\\n\"", "\xc3\xa9\n", true}, {"\"\\u00e9\"", "\xc3", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_json_items items;
        tmli_json_token value;
        assert_int_equal(tmli_json_open(tmli_str(cases[i].json), 0, &items, &value, NULL), TML_OK);
        assert_int_equal(tmli_json_says(&value, tmli_str(cases[i].text)), cases[i].want);
    }
}

static void only_escapes_take_memory(void **state)
{
    (void)state;
    tmli_json_items items;
    tmli_json_token value;
    tml_str text = {0};
    const char *const plain = "\"no escape\"";
    assert_int_equal(tmli_json_open(tmli_str(plain), 0, &items, &value, NULL), TML_OK);
    fail_allocation(0);
    assert_int_equal(tmli_json_text(&value, &test_arena, &text, NULL), TML_OK);
    assert_ptr_equal(text.data, plain + 1);
    fail_allocation(NEVER);

    tml_error err = {0};
    assert_int_equal(tmli_json_open(TML_STR("\"an\\tescape\""), 0, &items, &value, NULL), TML_OK);
    fail_allocation(0);
    assert_int_equal(tmli_json_text(&value, &test_arena, &text, &err), TML_ENOMEM);
    fail_allocation(NEVER);
    assert_ptr_equal(text.data, plain + 1); /* as it was */
    assert_int_equal(err.status, TML_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_are_read_in_their_order, test_arena_begin,
                                        test_arena_end),
        cmocka_unit_test_setup_teardown(faults_are_those_of_the_parser_of_trees, test_arena_begin,
                                        test_arena_end),
        cmocka_unit_test(strings_have_to_be_utf_8),
        cmocka_unit_test(lines_are_counted_from_where_the_document_begins),
        cmocka_unit_test(nesting_ends_at_200_levels),
        cmocka_unit_test(levels_may_be_entered_to_the_last),
        cmocka_unit_test(strings_of_any_length_end_at_their_quote),
        cmocka_unit_test_setup_teardown(texts_are_compared_as_they_read, test_arena_begin,
                                        test_arena_end),
        cmocka_unit_test_setup_teardown(only_escapes_take_memory, test_arena_begin, test_arena_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
