/* Media types, bodies → texts, scores → bodies: tables of what comes in and what must come out. */
#include "sagemaker/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const sm_dialect dialect = {"input", "result"};

/* ---- media types ---- */

static void a_request_is_read_as_its_type_says(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        const char *body;
        sm_media want;
    } cases[] = {
        {"application/json", "x", SM_JSON},
        {"Application/JSON", "x", SM_JSON},
        {"application/json; charset=UTF-8", "x", SM_JSON},
        {"application/json;charset=\"utf-8\"", "x", SM_JSON},
        {"text/plain", "{", SM_TEXT},
        {"text/plain;charset=us-ascii", "", SM_TEXT},
        {"text/csv; header=absent", "", SM_CSV},
        {"text/csv;", "", SM_CSV},
        {" text/csv ; ; charset = utf8 ", "", SM_CSV},
        {"text/plain; note=\"a;charset=latin1\"", "", SM_TEXT},
        {"", "", SM_TEXT},
        {"", "{\"a\":1}", SM_JSON},
        {"", " \r\n\t[1]", SM_JSON},
        {"", "\xef\xbb\xbf{}", SM_JSON},
        {"", "\"a\"", SM_JSON},
        {"", "a {", SM_TEXT},
        {"application/octet-stream", "[", SM_JSON},
        {"application/octet-stream", "a", SM_TEXT},
        {"application/x-www-form-urlencoded", "{", SM_JSON},
        {"application/x-www-form-urlencoded; charset=utf-8", "a=b", SM_TEXT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_JSON_LINES;
        tml_error err = {0};
        if (sm_media_of_request(tmli_str(cases[i].content_type), tmli_str(cases[i].body), &media,
                                &err) != TML_OK ||
            media != cases[i].want) {
            fail_msg("\"%s\", body \"%s\": %s %s", cases[i].content_type, cases[i].body,
                     sm_media_type(media), err.text);
        }
    }
}

static void a_request_of_another_type_or_charset_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *content_type;
        const char *want;
    } cases[] = {
        {"image/png", "Content-Type: \"image/png\" is not read here; send application/json, "
                      "text/plain or text/csv"},
        {"application/jsonlines", "Content-Type: \"application/jsonlines\" is not read here; send "
                                  "application/json, text/plain or text/csv"},
        {"json", "Content-Type: \"json\" is not read here; send application/json, text/plain or "
                 "text/csv"},
        {"text/plain; charset=iso-8859-1",
         "Content-Type: charset \"iso-8859-1\" is not read here; send UTF-8"},
        {"application/octet-stream; charset=utf-16",
         "Content-Type: charset \"utf-16\" is not read here; send UTF-8"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_CSV;
        tml_error err = {0};
        assert_int_equal(
            sm_media_of_request(tmli_str(cases[i].content_type), TML_STR("{}"), &media, &err),
            TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(media, SM_CSV);
    }
}

static void an_answer_is_in_the_type_that_is_wanted_most(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        sm_media preferred;
        sm_media want;
    } cases[] = {
        {"", SM_CSV, SM_CSV},
        {"*/*", SM_TEXT, SM_TEXT},
        {"*", SM_TEXT, SM_TEXT},
        {"application/json", SM_CSV, SM_JSON},
        {"Text/CSV", SM_JSON, SM_CSV},
        {"text/csv; header=absent", SM_JSON, SM_CSV},
        {"application/jsonlines", SM_JSON, SM_JSON_LINES},
        {"text/csv, application/json", SM_JSON, SM_CSV},
        {"image/png, text/plain", SM_JSON, SM_TEXT},
        {"text/csv;q=0.5, application/json;q=0.8", SM_TEXT, SM_JSON},
        {"text/csv;q=0.5, application/json;q=0.50", SM_TEXT, SM_CSV},
        {"text/csv;q=0.5, */*;q=0.1", SM_JSON, SM_CSV},
        {"text/csv;q=0.1, */*", SM_CSV, SM_JSON},
        {"text/csv;q=0.1, */*", SM_TEXT, SM_TEXT},
        {"application/json;q=0, */*", SM_JSON, SM_TEXT},
        {"text/*", SM_CSV, SM_CSV},
        {"text/*", SM_JSON, SM_TEXT},
        {"application/*, text/csv", SM_CSV, SM_JSON},
        {"text/html, application/xhtml+xml, */*;q=0.8", SM_TEXT, SM_TEXT},
        {"text/csv;q=high", SM_JSON, SM_CSV},
        {"text/csv;q=7", SM_JSON, SM_CSV},
        {",, text/csv ,", SM_JSON, SM_CSV},
        {"text/csv;note=\"a,b\\\";q=0\"", SM_JSON, SM_CSV},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_JSON;
        tml_error err = {0};
        if (sm_media_of_answer(tmli_str(cases[i].accept), cases[i].preferred, &media, &err) !=
                TML_OK ||
            media != cases[i].want) {
            fail_msg("\"%s\": %s %s", cases[i].accept, sm_media_type(media), err.text);
        }
    }
}

static void an_answer_that_nobody_wants_is_refused(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "image/png", "image/*", "text/html, image/png", "*/*;q=0", "text/csv;q=0", ";", "tex/*"};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        sm_media media = SM_CSV;
        tml_error err = {0};
        char want[256];
        (void)snprintf(want, sizeof(want),
                       "Accept: \"%s\" is not written here; ask for application/json, text/plain, "
                       "text/csv or application/jsonlines",
                       cases[i]);
        assert_int_equal(sm_media_of_answer(tmli_str(cases[i]), SM_JSON, &media, &err), TML_EINVAL);
        assert_string_equal(err.text, want);
    }
}

/* ---- bodies → texts ---- */

/* All texts of a body as "shape[!]:text|text|…", or the sentence of the failure. */
static tml_status read_all(sm_media media, tml_str body, sm_dialect keys, tmli_buf *out)
{
    static const char *const shapes[] = {"own", "own_list", "rows"};
    tml_error err = {0};
    tmli_arena arena;
    sm_texts texts;
    tmli_arena_init(&arena, 256, 0);
    tmli_buf_reset(out);
    tml_status status = sm_texts_open(&texts, media, body, keys, &arena, &err);
    if (status == TML_OK) {
        tmli_buf_printf(out, "%s%s:", shapes[texts.shape], texts.wants_probabilities ? "!" : "");
    }
    bool has = status == TML_OK;
    while (has) {
        tml_str text = {0};
        status = sm_texts_next(&texts, &text, &has, &err);
        if (status != TML_OK) {
            break;
        }
        if (has) {
            tmli_buf_append_text(out, texts.n > 1 ? "|" : "");
            tmli_buf_append_str(out, text);
        }
    }
    if (status != TML_OK) {
        assert_int_equal(err.status, status);
        tmli_buf_reset(out);
        tmli_buf_append_text(out, err.text);
    }
    sm_texts_close(&texts);
    tmli_arena_deinit(&arena);
    return status;
}

static void check_texts(sm_media media, const char *body, const char *want)
{
    tmli_buf got = {0};
    (void)read_all(media, tmli_str(body), dialect, &got);
    assert_string_equal(tmli_buf_cstr(&got), want);
    tmli_buf_deinit(&got);
}

static void json_is_read_in_all_its_shapes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"input\": \"a\"}", "own:a"},
        {"{\"input\": \"\"}", "own:"},
        {"\xef\xbb\xbf {\"input\": \"caf\\u00e9\"}\n", "own:caf\xc3\xa9"},
        {"{\"input\": \"a\", \"other\": 1}", "own:a"},
        {"{\"input\": [\"a\", \"b\"]}", "own_list:a|b"},
        {"{\"input\": []}", "own_list:"},
        {"{\"input\": \"a\", \"probabilities\": true}", "own!:a"},
        {"{\"input\": \"a\", \"probabilities\": false}", "own:a"},
        {"{\"instances\": [\"a\", \"b\"]}", "rows:a|b"},
        {"{\"instances\": []}", "rows:"},
        {"{\"instances\": [\"a\"], \"probabilities\": true}", "rows!:a"},
        {"{\"instances\": \"a\"}", "rows:a"},
        {"{\"inputs\": \"a\"}", "rows:a"},
        {"{\"inputs\": [\"a\", \"b\"]}", "rows:a|b"},
        {"{\"inputs\": \"no\", \"input\": \"yes\"}", "own:yes"},
        {"\"a\"", "rows:a"},
        {"[\"a\", \"b\"]", "rows:a|b"},
        {"[]", "rows:"},
        {"[[\"a\"], [\"b\"]]", "rows:a|b"},
        {"{\"instances\": [{\"input\": \"a\"}, {\"text\": \"b\"}, {\"source\": \"c\"}]}",
         "rows:a|b|c"},
        {"{\"instances\": [{\"features\": [\"a\", \"b\"]}, {\"features\": [1, \"c\"]}]}",
         "rows:a|c"},
        {"{\"instances\": [{\"features\": {\"values\": [\"a\"]}}]}", "rows:a"},
        {"{\"instances\": [{\"data\": \"a\"}, {\"data\": {\"features\": [\"b\"]}}]}", "rows:a|b"},
        {"{\"instances\": [{\"data\": {\"features\": {\"values\": [\"a\"]}}}]}", "rows:a"},
        {"[{\"text\": \"no\", \"input\": \"yes\"}]", "rows:yes"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_texts(SM_JSON, cases[i][0], cases[i][1]);
    }
}

#define EXPECTED_ROW                                                                             \
    "expected a string or an object with one of \"input\", \"text\", \"source\", \"features\", " \
    "\"data\""

static void json_of_another_shape_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"{\"text\": \"a\"}",
         "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"{\"input\": 5}", "\"input\" is a number: expected a string or a list of strings"},
        {"{\"input\": null}", "\"input\" is null: expected a string or a list of strings"},
        {"{\"input\": {}}", "\"input\" is an object: expected a string or a list of strings"},
        {"{\"instances\": true}",
         "\"instances\" is true or false: expected a string or a list of strings"},
        {"{\"input\": [\"a\", 5]}", "input[1] is a number: expected a string"},
        {"{\"input\": [[\"a\"]]}", "input[0] is a list: expected a string"},
        {"{\"instances\": [\"a\", null]}", "instances[1] is null: " EXPECTED_ROW},
        {"{\"instances\": [{}]}", "instances[0] is an object without a text: " EXPECTED_ROW},
        {"{\"instances\": [{\"text\": [\"a\"]}]}",
         "instances[0] is an object whose text is a list: " EXPECTED_ROW},
        {"{\"instances\": [{\"features\": [1, 2]}]}",
         "instances[0] is an object without a text: " EXPECTED_ROW},
        {"{\"instances\": [{\"data\": {}}]}",
         "instances[0] is an object without a text: " EXPECTED_ROW},
        {"[\"a\", \"b\", [\"c\", \"d\"]]", "[2] is a list: " EXPECTED_ROW},
        {"[[1]]", "[0] is a list of a number: " EXPECTED_ROW},
        {"{\"inputs\": [\"a\", false]}", "inputs[1] is true or false: " EXPECTED_ROW},
        {"7", "the body is a number: expected {\"input\": …}, a string or a list of strings"},
        {"null", "the body is null: expected {\"input\": …}, a string or a list of strings"},
        {"", "the body is empty: expected JSON such as {\"input\": …}"},
        {" \n", "the body is empty: expected JSON such as {\"input\": …}"},
        {"{\"input\": \"a\", \"probabilities\": 1}",
         "\"probabilities\" is a number: expected true or false"},
        {"{\"input\": \"a\"", "line 1, column 14: this is not JSON: expected ',' or '}', found the "
                              "end"},
        {"{\n  \"input\" \"a\"}", "line 2, column 11: this is not JSON: expected ':', found '\"'"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_texts(SM_JSON, cases[i][0], cases[i][1]);
    }
}

static void a_recipe_without_keys_reads_the_general_shapes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"instances\": [{\"text\": \"a\"}]}", "rows:a"},
        {"{\"input\": \"a\"}", "no \"instances\": expected {\"instances\": [\"text\", …]}"},
        {"5", "the body is a number: expected {\"instances\": …}, a string or a list of strings"},
        {"[5]", "[0] is a number: expected a string or an object with one of \"text\", \"source\", "
                "\"features\", \"data\""},
    };
    const sm_dialect none = {NULL, NULL};
    tmli_buf got = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        (void)read_all(SM_JSON, tmli_str(cases[i][0]), none, &got);
        assert_string_equal(tmli_buf_cstr(&got), cases[i][1]);
    }
    tmli_buf_deinit(&got);
}

static void json_of_too_many_values_is_refused(void **state)
{
    (void)state;
    tmli_buf body = {0};
    tmli_buf got = {0};
    tmli_buf_append_byte(&body, '[');
    for (size_t i = 0; i < 400000; i++) {
        tmli_buf_append_text(&body, "1,");
    }
    tmli_buf_append_text(&body, "1]");
    assert_int_equal(read_all(SM_JSON, tmli_buf_str(&body), dialect, &got), TML_ELIMIT);
    assert_string_equal(tmli_buf_cstr(&got),
                        "the JSON has too many values: reading it would take more than 29794400 "
                        "bytes; send fewer rows in a request");
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&got);
}

static void lines_are_texts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "rows:"},
        {"a", "rows:a"},
        {"a\n", "rows:a"},
        {"a\nb", "rows:a|b"},
        {"a\r\nb\r\n", "rows:a|b"},
        {"\n", "rows:"},
        {"a\n\nb\n", "rows:a||b"},
        {"a\n\n", "rows:a|"},
        {"a,\"b\"\n", "rows:a,\"b\""},
        {"a\rb\r", "rows:a\rb\r"},
        {"\xef\xbb\xbf"
         "a\n",
         "rows:a"},
        {"\r\n", "rows:"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_texts(SM_TEXT, cases[i][0], cases[i][1]);
    }
}

static void a_blank_line_is_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t want;
    } cases[] = {{"", 0}, {"\n", 1}, {"\n\n", 2}, {"a\n\n", 2}, {"\r\n", 1}, {"\xef\xbb\xbf", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_arena arena;
        sm_texts texts;
        tml_str text;
        bool has = true;
        tmli_arena_init(&arena, 256, 0);
        assert_int_equal(
            sm_texts_open(&texts, SM_TEXT, tmli_str(cases[i].body), dialect, &arena, NULL), TML_OK);
        while (has) {
            assert_int_equal(sm_texts_next(&texts, &text, &has, NULL), TML_OK);
        }
        assert_int_equal(texts.n, cases[i].want);
        sm_texts_close(&texts);
        tmli_arena_deinit(&arena);
    }
}

static void csv_records_are_texts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a\nb\n", "rows:a|b"},
        {"a\r\nb", "rows:a|b"},
        {"good, cheap\n", "rows:good, cheap"},
        {"\"good, cheap\"\n", "rows:good, cheap"},
        {"\"say \"\"hi\"\"\"\n", "rows:say \"hi\""},
        {"\"two\nlines\"\n", "rows:two\nlines"},
        {"a\n\n\nb\n", "rows:a|b"},
        {"\"\"\n", "rows:"},
        {"it is 5\" wide, red\n", "rows:it is 5\" wide, red"},
        {"\"a\",b\n", "body:1: 2 fields, expected one: put the whole text in one pair of quotes"},
        {"a\nb,\"c\"\n",
         "body:2: 2 fields, expected one: put the whole text in one pair of quotes"},
        {"a\n\"b\n", "body:2:1: the quote that opens here is never closed"},
        {"\x1f\x8b\x08", "body: gzip data, expected text/csv: send it unpacked"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_texts(SM_CSV, cases[i][0], cases[i][1]);
    }
}

static void texts_may_hold_any_bytes(void **state)
{
    (void)state;
    static const char body[] = "a\0b\n\xff\xfe\n";
    tmli_buf got = {0};
    assert_int_equal(read_all(SM_TEXT, (tml_str){body, sizeof(body) - 1}, dialect, &got), TML_OK);
    assert_int_equal(got.len, strlen("rows:") + 6);
    assert_memory_equal(got.data, "rows:a\0b|\xff\xfe", got.len);
    tmli_buf_deinit(&got);
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        const char *body;
    } cases[] = {{SM_JSON, "{\"instances\": [\"a\", {\"text\": \"b\"}]}"},
                 {SM_CSV, "a,b\n\"c\"\n"},
                 {SM_TEXT, "a\nb\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t nth = 0;; nth++) {
            tmli_buf got = {0};
            assert_true(tmli_buf_reserve(&got, 4096)); /* the test's own, before it gets scarce */
            fail_allocation(nth);
            const tml_status status =
                read_all(cases[i].media, tmli_str(cases[i].body), dialect, &got);
            fail_allocation(NEVER);
            tmli_buf_deinit(&got);
            if (status == TML_OK) {
                break;
            }
            assert_int_equal(status, TML_ENOMEM);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_read_as_its_type_says),
        cmocka_unit_test(a_request_of_another_type_or_charset_is_refused),
        cmocka_unit_test(an_answer_is_in_the_type_that_is_wanted_most),
        cmocka_unit_test(an_answer_that_nobody_wants_is_refused),
        cmocka_unit_test(json_is_read_in_all_its_shapes),
        cmocka_unit_test(json_of_another_shape_is_refused_with_its_place),
        cmocka_unit_test(a_recipe_without_keys_reads_the_general_shapes),
        cmocka_unit_test(json_of_too_many_values_is_refused),
        cmocka_unit_test(lines_are_texts),
        cmocka_unit_test(a_blank_line_is_a_text),
        cmocka_unit_test(csv_records_are_texts),
        cmocka_unit_test(texts_may_hold_any_bytes),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
