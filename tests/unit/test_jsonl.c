/* JSON Lines: one object a line. */
#include "pipeline/jsonl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "support/alloc_fail.h"

/* "LINE=text of key t" for each object; the sentence on failure. The first `cut` bytes are in the window already. */
static tml_status read_all(tml_str bytes, size_t cut, size_t limit, tmli_buf *out)
{
    tmli_source *source = NULL;
    tmli_jsonl jsonl;
    tml_error err = {0};
    const tmli_value *object;
    bool has = true;
    assert_int_equal(
        tmli_source_memory("t.jsonl", bytes.data + cut, bytes.len - cut, &source, NULL), TML_OK);
    tmli_jsonl_init(&jsonl, source, limit);
    if (cut > 0) {
        jsonl.window.data = tmli_malloc(cut);
        assert_non_null(jsonl.window.data);
        memcpy(jsonl.window.data, bytes.data, cut);
        jsonl.window.end = cut;
        jsonl.window.capacity = cut;
    }
    tml_status status = tmli_jsonl_next(&jsonl, &object, &has, &err);
    while (status == TML_OK && has) {
        assert_int_equal(object->kind, TMLI_OBJECT);
        const tmli_value *text = tmli_value_get(object, "t");
        tmli_buf_printf(out, "%" PRIu64 "=", jsonl.line);
        tmli_buf_append_str(out, text != NULL ? text->text : TML_STR("-"));
        tmli_buf_append_byte(out, ';');
        status = tmli_jsonl_next(&jsonl, &object, &has, &err);
    }
    if (status != TML_OK) {
        tmli_buf_reset(out);
        tmli_buf_append_text(out, err.text);
    }
    tmli_jsonl_deinit(&jsonl);
    tmli_source_free(source);
    return status;
}

typedef struct line_case {
    const char *name;
    const char *text;
    const char *want;
} line_case;

static void objects_are_read_wherever_the_source_is_cut(void **state)
{
    (void)state;
    static const line_case cases[] = {
        {"nothing", "", ""},
        {"white space", "\n \r\n\t\n", ""},
        {"a byte-order mark alone", "\xef\xbb\xbf", ""},
        {"one", "{\"t\":\"a\"}", "1=a;"},
        {"empty lines", "\n{\"t\":\"a\"}\r\n \n {\"t\":\"b\"} \n\n{}\n", "2=a;4=b;6=-;"},
        {"a byte-order mark", "\xef\xbb\xbf{\"t\":\"a\"}\n", "1=a;"},
        {"the first of two keys", "{\"t\":\"a\",\"t\":\"b\"}\n", "1=a;"},
        {"escapes", "{\"t\":\"\\u00e9\\ud83d\\ude00\\n\"}\n", "1=\xc3\xa9\xf0\x9f\x98\x80\n;"},
        {"nested", "{\"x\":{\"t\":1},\"t\":\"a\",\"y\":[[]]}\n", "1=a;"},
        {"a lone return is white space", "{\"t\":\r\"a\"}\n", "1=a;"},
    };
    tmli_buf got = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tml_str text = tmli_str(cases[i].text);
        for (size_t cut = 0; cut <= text.len; cut++) {
            tmli_buf_reset(&got);
            if (read_all(text, cut, 1 << 20, &got) != TML_OK ||
                !tmli_str_eq_text(tmli_buf_str(&got), cases[i].want)) {
                fail_msg("%s, cut at %zu: got %.*s", cases[i].name, cut, (int)got.len, got.data);
            }
        }
    }
    tmli_buf_deinit(&got);
}

static void faults_are_told_with_line_and_column(void **state)
{
    (void)state;
    static const line_case cases[] = {
        {"cut", "{}\n\n{\"t\"\n", "t.jsonl:3:5: this is not JSON: "},
        {"behind the object", "{} {}\n", "t.jsonl:1:4: this is not JSON: "},
        {"a list", "[{}]\n",
         "t.jsonl:1:1: a list, expected one object a line (a list's objects go on a line each, "
         "without brackets and commas around them)"},
        {"a number", "\n7", "t.jsonl:2:1: a number, expected one object a line"},
        {"null", "null\n", "t.jsonl:1:1: null, expected one object a line"},
        {"over two lines", "{\n}\n", "t.jsonl:1:2: this is not JSON: "},
        {"a comma behind it", "{},\n", "t.jsonl:1:3: this is not JSON: "},
        {"NUL as escape", "{\"t\":\"\\u0000\"}\n", "t.jsonl:1:7: "},
    };
    tmli_buf got = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmli_buf_reset(&got);
        const tml_status status = read_all(tmli_str(cases[i].text), 0, 1 << 20, &got);
        if (status != TML_EFORMAT || !tmli_str_starts(tmli_buf_str(&got), cases[i].want)) {
            fail_msg("%s: got %.*s", cases[i].name, (int)got.len, got.data);
        }
    }
    tmli_buf_reset(&got);
    assert_int_equal(read_all(TML_STR("{\"t\":\"\0\"}\n"), 0, 1 << 20, &got), TML_EFORMAT);
    tmli_buf_deinit(&got);
}

static void a_line_over_the_limit_is_refused_with_its_place(void **state)
{
    (void)state;
    tmli_buf got = {0};
    assert_int_equal(read_all(TML_STR("{}\n{\"t\":\"aaaaaaaaaaaaaaaa\"}\n"), 0, 10, &got),
                     TML_ELIMIT);
    assert_true(
        tmli_str_eq_text(tmli_buf_str(&got), "t.jsonl:2:1: the line is longer than 10 bytes"));
    tmli_buf_deinit(&got);
}

static void long_lines_are_read_one_after_the_other(void **state)
{
    (void)state;
    enum {
        N = 300000
    };
    tmli_buf text = {0};
    tmli_buf got = {0};
    for (size_t i = 0; i < 5; i++) {
        tmli_buf_append_text(&text, "{\"t\":\"");
        for (size_t k = 0; k < N; k++) {
            tmli_buf_append_byte(&text, 'x');
        }
        tmli_buf_append_text(&text, "\"}\n{}\n");
    }
    assert_int_equal(read_all(tmli_buf_str(&text), 0, 1 << 20, &got), TML_OK);
    assert_int_equal(got.len, 5 * (N + 3) + 4 * 5 - 5 + 4 + 5 + 1 - 4);
    tmli_buf_deinit(&text);
    tmli_buf_deinit(&got);
}

static void whole_numbers_keep_their_digits(void **state)
{
    (void)state;
    static const line_case cases[] = {
        {"small", "{\"t\":7}", "7"},
        {"the last that is exact", "{\"t\":-999999999999999}", "-999999999999999"},
        {"beyond a double", "{\"t\":12345678901234567891}", "12345678901234567891"},
        {"the first of two keys", "{\"t\":9007199254740993,\"t\":1}", "9007199254740993"},
        {"not that of another object", "{\"x\":{\"t\":1},\"t\":9007199254740993 }",
         "9007199254740993"},
        {"behind a key with escapes", "{\"\\u0074\":9007199254740993}", "9007199254740993"},
        {"behind what is not UTF-8", "{\"x\":\"\xff\",\"t\":9007199254740993}", "9007199254740993"},
        {"a byte-order mark", "\xef\xbb\xbf{\"t\":9007199254740993}", "9007199254740993"},
        {"no whole number", "{\"t\":2.50}", "2.5"},
        {"large, with a point", "{\"t\":9007199254740993.0}", "9007199254740992"},
        {"large, with an exponent", "{\"t\":1E+300}", "1e+300"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char number[TMLI_NUMBER_BYTES];
        tmli_source *source = NULL;
        tmli_jsonl jsonl;
        const tmli_value *object = NULL;
        bool has = false;
        assert_int_equal(
            tmli_source_memory("t.jsonl", cases[i].text, strlen(cases[i].text), &source, NULL),
            TML_OK);
        tmli_jsonl_init(&jsonl, source, 1000);
        assert_int_equal(tmli_jsonl_next(&jsonl, &object, &has, NULL), TML_OK);
        assert_true(has);
        const tml_str text =
            tmli_jsonl_number(&jsonl, "t", tmli_value_get(object, "t")->number, number);
        if (!tmli_str_eq_text(text, cases[i].want)) {
            fail_msg("%s: \"%.*s\", expected \"%s\"", cases[i].name, (int)text.len, text.data,
                     cases[i].want);
        }
        tmli_jsonl_deinit(&jsonl);
        tmli_source_free(source);
    }
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "{\"t\":\"a\"}\n{\"t\":[1,2,3]}\n";
    for (size_t nth = 0;; nth++) {
        tmli_source *source = NULL;
        tmli_jsonl jsonl;
        tml_error err = {0};
        const tmli_value *object;
        bool has = true;
        assert_int_equal(tmli_source_memory("t", text, sizeof text - 1, &source, NULL), TML_OK);
        fail_allocation(nth);
        tmli_jsonl_init(&jsonl, source, 1 << 20);
        tml_status status = TML_OK;
        while (status == TML_OK && has) {
            status = tmli_jsonl_next(&jsonl, &object, &has, &err);
        }
        fail_allocation(NEVER);
        tmli_jsonl_deinit(&jsonl);
        tmli_source_free(source);
        if (status == TML_OK) {
            assert_true(nth >= 2);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_read_wherever_the_source_is_cut),
        cmocka_unit_test(faults_are_told_with_line_and_column),
        cmocka_unit_test(a_line_over_the_limit_is_refused_with_its_place),
        cmocka_unit_test(long_lines_are_read_one_after_the_other),
        cmocka_unit_test(whole_numbers_keep_their_digits),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
