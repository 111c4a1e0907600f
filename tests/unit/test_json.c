/* JSON into values. */
#include "base/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/test_arena.h"

static const tmli_value *parse(const char *text)
{
    const tmli_value *value = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_json_parse(tmli_str(text), &test_arena, &value, &err), TML_OK);
    assert_non_null(value);
    return value;
}

static void every_kind_becomes_a_value(void **state)
{
    (void)state;
    assert_int_equal(parse("null")->kind, TMLI_NULL);
    assert_int_equal(parse("true")->kind, TMLI_BOOL);
    assert_true(parse("true")->number == 1);
    assert_true(parse("false")->kind == TMLI_BOOL && parse("false")->number == 0);
    assert_int_equal(parse("-1.25e2")->kind, TMLI_NUMBER);
    assert_true(parse("-1.25e2")->number == -125.0);
    assert_int_equal(parse("\"x\"")->kind, TMLI_STRING);
    assert_true(tmli_str_eq_text(parse("\"x\"")->text, "x"));
    assert_true(tmli_str_eq_text(parse("\"\"")->text, ""));
    assert_true(parse("[]")->kind == TMLI_LIST && parse("[]")->n == 0);
    assert_true(parse("{}")->kind == TMLI_OBJECT && parse("{}")->first == NULL);
}

static void children_keep_their_order(void **state)
{
    (void)state;
    const tmli_value *const list = parse("[1, 2, 3]");
    assert_int_equal(list->n, 3);
    double want = 1;
    for (const tmli_value *item = list->first; item != NULL; item = item->next) {
        assert_true(item->number == want++);
        assert_int_equal(item->key.len, 0);
    }
    const tmli_value *const object = parse("{\"b\": 1, \"a\": {\"c\": [null]}, \"b\": 2}");
    assert_int_equal(object->n, 3);
    assert_true(tmli_value_get(object, "b")->number == 1); /* the first counts */
    const tmli_value *const inner = tmli_value_get(tmli_value_get(object, "a"), "c");
    assert_int_equal(inner->first->kind, TMLI_NULL);
}

static void escapes_become_utf8(void **state)
{
    (void)state;
    const tmli_value *const value =
        parse("{\"\\u00e9\": \"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud83d\\ude00\"}");
    assert_true(tmli_str_eq_text(value->first->key, "\xc3\xa9"));
    assert_true(
        tmli_str_eq_text(value->first->text, "\"\\/\b\f\n\r\t\xe2\x82\xac\xf0\x9f\x98\x80"));
}

static void numbers_are_exact(void **state)
{
    (void)state;
    assert_true(parse("0.1")->number == 0.1);
    assert_true(parse("1.7976931348623157e308")->number == 1.7976931348623157e308);
    assert_true(parse("9007199254740993")->number == 9007199254740992.0);
    assert_true(parse("123456789012345678901234567890123456789012345678901234567890123")->number ==
                123456789012345678901234567890123456789012345678901234567890123.0);
}

static void a_byte_order_mark_is_skipped(void **state)
{
    (void)state;
    assert_true(parse("\xef\xbb\xbf 5")->number == 5);
}

static void faults_have_a_place_and_a_reason(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want;
    } rows[] = {
        {"", "line 1, column 1: this is not JSON: expected a value, found the end"},
        {"{\"input\": \"a\" x}",
         "line 1, column 15: this is not JSON: expected ',' or '}', found 'x'"},
        {"{\n  \"a\": tru\n}", "line 2, column 8: this is not JSON: expected a value, found 't'"},
        {"[\"\xc3\xa9\xc3\xa9\" 1]",
         "line 1, column 7: this is not JSON: expected ',' or ']', found '1'"},
        {"\"a\nb\"",
         "line 1, column 3: this is not JSON: expected control characters in strings as "
         "escapes such as \\n, found byte 0x0a"},
        {"[1]\n\n]",
         "line 3, column 1: this is not JSON: expected nothing behind the value, found ']'"},
        {"[\"\\u0000\"]", "line 1, column 3: \\u0000 cannot be part of a text"},
        {"[1e999]", "line 1, column 2: a number too large for a double"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tmli_value *value = NULL;
        tml_error err = {0};
        assert_int_equal(tmli_json_parse(tmli_str(rows[i].text), &test_arena, &value, &err),
                         TML_EFORMAT);
        assert_string_equal(err.text, rows[i].want);
        assert_null(value);
    }
}

static void text_need_not_end_in_nul(void **state)
{
    (void)state;
    const char *const texts[] = {"[1]", "12", "true", "\"ab\"", "{\"a\":[]}", "[1.5, \"x\"]"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const size_t n = strlen(texts[i]);
        char *const exact = malloc(n); /* for the address sanitizer */
        assert_non_null(exact);
        memcpy(exact, texts[i], n);
        const tmli_value *value = NULL;
        assert_int_equal(tmli_json_parse((tml_str){exact, n}, &test_arena, &value, NULL), TML_OK);
        free(exact);
    }
    const tmli_value *value = NULL;
    assert_int_equal(tmli_json_parse((tml_str){NULL, 0}, &test_arena, &value, NULL), TML_EFORMAT);
}

static void two_hundred_levels_are_held(void **state)
{
    (void)state;
    char text[401];
    (void)memset(text, '[', 200);
    (void)memset(text + 200, ']', 200);
    text[400] = '\0';
    const tmli_value *value = parse(text);
    size_t depth = 0;
    for (; value != NULL; value = value->first) {
        depth++;
    }
    assert_int_equal(depth, 200);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const tml_str text =
        TML_STR("{\"a\": [1, \"two\", {\"b\": null}], \"c\": \"a text of some length\"}");
    size_t nth = 0;
    for (;; nth++) {
        tmli_arena small;
        tmli_arena_init(&small, 16, 0); /* an allocation for almost every piece */
        const tmli_value *value = NULL;
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status = tmli_json_parse(text, &small, &value, &err);
        fail_allocation(NEVER);
        tmli_arena_deinit(&small);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(value);
        assert_string_equal(err.text, "JSON: out of memory");
    }
    assert_true(nth > 8);
}

static void the_arenas_limit_bounds_what_is_held(void **state)
{
    (void)state;
    enum {
        N = 100000
    };
    char *const text = malloc(2 * N + 1);
    assert_non_null(text);
    for (size_t i = 0; i < N; i++) {
        text[2 * i] = i == 0 ? '[' : ',';
        text[2 * i + 1] = '1';
    }
    text[2 * N] = ']';
    tmli_arena limited;
    tmli_arena_init(&limited, 4096, 1 << 20);
    const tmli_value *value = NULL;
    assert_int_equal(tmli_json_parse((tml_str){text, 2 * N + 1}, &limited, &value, NULL),
                     TML_ENOMEM);
    tmli_arena_deinit(&limited);
    free(text);
}

static void *parse_many(void *arg)
{
    const size_t id = *(const size_t *)arg;
    tmli_arena own;
    tmli_arena_init(&own, 1024, 0);
    size_t n_right = 0;
    for (size_t i = 0; i < 200; i++) {
        tmli_buf buf = {0};
        tmli_buf_printf(&buf, "{\"id\": %zu, \"list\": [%zu, \"x\", [[%zu]]]}", id, i, i);
        const tmli_value *value = NULL;
        if (tmli_json_parse(tmli_buf_str(&buf), &own, &value, NULL) == TML_OK) {
            const tmli_value *const list = tmli_value_get(value, "list");
            n_right += tmli_value_get(value, "id")->number == (double)id && list->n == 3 &&
                       list->first->number == (double)i;
        }
        tmli_buf_deinit(&buf);
        tmli_arena_reset(&own);
    }
    tmli_arena_deinit(&own);
    return n_right == 200 ? arg : NULL;
}

static void threads_parse_side_by_side(void **state)
{
    (void)state;
    enum {
        N = 6
    };
    pthread_t threads[N];
    size_t ids[N];
    for (size_t i = 0; i < N; i++) {
        ids[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, parse_many, &ids[i]), 0);
    }
    for (size_t i = 0; i < N; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &ids[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_becomes_a_value),
        cmocka_unit_test(children_keep_their_order),
        cmocka_unit_test(escapes_become_utf8),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(a_byte_order_mark_is_skipped),
        cmocka_unit_test(faults_have_a_place_and_a_reason),
        cmocka_unit_test(text_need_not_end_in_nul),
        cmocka_unit_test(two_hundred_levels_are_held),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(the_arenas_limit_bounds_what_is_held),
        cmocka_unit_test(threads_parse_side_by_side),
    };
    return cmocka_run_group_tests(tests, test_arena_begin, test_arena_end);
}
