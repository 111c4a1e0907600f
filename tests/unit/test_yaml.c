/* YAML into values: kinds, places, and what is refused. */
#include "base/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/test_arena.h"

static const tmli_value *parse(const char *text)
{
    const tmli_value *value = NULL;
    tml_error err = {0};
    if (tmli_yaml_parse("t", tmli_str(text), &test_arena, &value, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    assert_non_null(value);
    return value;
}

static void plain_scalars_follow_the_core_schema(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        tmli_kind kind;
        double number;
    } rows[] = {
        {"null", TMLI_NULL, 0},         {"~", TMLI_NULL, 0},
        {"NULL", TMLI_NULL, 0},         {"nULL", TMLI_STRING, 0},
        {"true", TMLI_BOOL, 1},         {"True", TMLI_BOOL, 1},
        {"FALSE", TMLI_BOOL, 0},        {"yes", TMLI_STRING, 0},
        {"on", TMLI_STRING, 0},         {"5", TMLI_NUMBER, 5},
        {"-5", TMLI_NUMBER, -5},        {"+5", TMLI_NUMBER, 5},
        {"007", TMLI_NUMBER, 7},        {"0o17", TMLI_NUMBER, 15},
        {"0x1F", TMLI_NUMBER, 31},      {"0.5", TMLI_NUMBER, 0.5},
        {".5", TMLI_NUMBER, 0.5},       {"5.", TMLI_NUMBER, 5},
        {"1e-3", TMLI_NUMBER, 1e-3},    {"-1.5E+2", TMLI_NUMBER, -150},
        {"1_000", TMLI_STRING, 0},      {".inf", TMLI_STRING, 0},
        {".nan", TMLI_STRING, 0},       {"1e999", TMLI_STRING, 0},
        {"0x", TMLI_STRING, 0},         {"0xg", TMLI_STRING, 0},
        {"0o8", TMLI_STRING, 0},        {"0xffffffffffffffff", TMLI_STRING, 0},
        {"1.2.3", TMLI_STRING, 0},      {"a b", TMLI_STRING, 0},
        {"\"5\"", TMLI_STRING, 0},      {"'true'", TMLI_STRING, 0},
        {"\"\"", TMLI_STRING, 0},       {"<<", TMLI_STRING, 0},
        {"2020-01-01", TMLI_STRING, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_buf text = {0};
        tmli_buf_printf(&text, "[ %s ]", rows[i].text);
        const tmli_value *const value = parse(tmli_buf_cstr(&text))->first;
        assert_int_equal(value->kind, rows[i].kind);
        assert_true(value->number == rows[i].number);
        if (rows[i].text[0] != '"' && rows[i].text[0] != '\'') {
            assert_true(tmli_str_eq_text(value->text, rows[i].text));
        }
        tmli_buf_deinit(&text);
    }
}

static void a_recipe_becomes_a_tree_with_places(void **state)
{
    (void)state;
    const tmli_value *const root = parse("# a comment\n"
                                         "name: news\n"
                                         "data:\n"
                                         "  header: [id, \xc3\xa9t\xc3\xa9, url]\n"
                                         "  labels: {b: Business, t: \"x\\ty\"}\n"
                                         "features:\n"
                                         "  - {type: bag}\n"
                                         "  - type: mean\n"
                                         "    dims: 16\n"
                                         "note: |\n"
                                         "  two\n"
                                         "  lines\n"
                                         "none:\n");
    assert_int_equal(root->kind, TMLI_OBJECT);
    assert_int_equal(root->n, 5);
    const tmli_value *const header = tmli_value_get(tmli_value_get(root, "data"), "header");
    assert_int_equal(header->n, 3);
    assert_int_equal(header->line, 4);
    assert_int_equal(header->column, 11);
    const tmli_value *const url = header->first->next->next;
    assert_int_equal(url->line, 4);
    assert_int_equal(url->column, 21); /* characters, not bytes */
    const tmli_value *const labels = tmli_value_get(tmli_value_get(root, "data"), "labels");
    assert_true(tmli_str_eq_text(tmli_value_get(labels, "t")->text, "x\ty"));
    const tmli_value *const mean = tmli_value_get(root, "features")->first->next;
    assert_true(tmli_value_get(mean, "dims")->number == 16);
    assert_int_equal(tmli_value_get(mean, "dims")->line, 9);
    assert_true(tmli_str_eq_text(tmli_value_get(root, "note")->text, "two\nlines\n"));
    assert_int_equal(tmli_value_get(root, "none")->kind, TMLI_NULL);
}

static void an_empty_document_is_an_empty_object(void **state)
{
    (void)state;
    static const char *const rows[] = {"",      "   \n\n",    "# only a comment\n",
                                       "---\n", "---\n...\n", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tmli_value *const value = parse(rows[i]);
        assert_int_equal(value->kind, TMLI_OBJECT);
        assert_int_equal(value->n, 0);
    }
    const tmli_value *value = NULL;
    assert_int_equal(tmli_yaml_parse("t", (tml_str){NULL, 0}, &test_arena, &value, NULL), TML_OK);
}

static void json_is_yaml_too(void **state)
{
    (void)state;
    const tmli_value *const value = parse("\xef\xbb\xbf{\"a\": [1, \"2\", {\"b\": null}]}\r\n");
    const tmli_value *const list = tmli_value_get(value, "a");
    assert_int_equal(list->n, 3);
    assert_int_equal(list->first->next->kind, TMLI_STRING);
    assert_int_equal(tmli_value_get(list->first->next->next, "b")->kind, TMLI_NULL);
}

static void what_is_refused_is_named_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *want; /* the sentence's beginning */
    } rows[] = {
        {"a: &x 1\n", "r.yaml:1:4: anchors (&) and aliases (*) are not supported"},
        {"a: 1\nb: &x [1]\n", "r.yaml:2:4: anchors"},
        {"a: 1\nb: &x {c: 1}\n", "r.yaml:2:4: anchors"},
        {"a: *x\n", "r.yaml:1:4: anchors"},
        {"&k a: 1\n", "r.yaml:1:1: anchors"},
        {"a: !!str 5\n", "r.yaml:1:4: tags (!) are not supported"},
        {"a: !x [1]\n", "r.yaml:1:4: tags"},
        {"a: 1\n---\nb: 2\n", "r.yaml:2:1: a second document"},
        {"? [1, 2]\n: 3\n", "r.yaml:1:3: a key must be a plain or quoted text"},
        {"{{a: 1}: 2}", "r.yaml:1:2: a key must be"},
        {"a: 1\nb: 2\na: 3\n", "r.yaml:3:4: \"a\" stands twice, first in line 1"},
        {"a: [1, 2\nb: 3\n", "r.yaml:"},
        {"a: \"open\n",
         "r.yaml:2:1: this is not YAML: found unexpected end of stream while scanning a "
         "quoted scalar"},
        {"a: b: c\n",
         "r.yaml:1:5: this is not YAML: mapping values are not allowed in this context"},
        {"a:\n\t- 1\n",
         "r.yaml:2:1: this is not YAML: found character that cannot start any token"},
        {"a: b\n  \xff\n", "r.yaml:2:3: this is not YAML: invalid leading UTF-8 octet"},
        {"a: \x01\n", "r.yaml:1:4: this is not YAML: control characters are not allowed"},
        {"\xff\xfe"
         "a",
         "r.yaml:1:1: this is not YAML: invalid leading UTF-8 octet"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tmli_value *value = NULL;
        tml_error err = {0};
        assert_int_equal(
            tmli_yaml_parse("r.yaml", tmli_str(rows[i].text), &test_arena, &value, &err),
            TML_EFORMAT);
        assert_null(value);
        if (strncmp(err.text, rows[i].want, strlen(rows[i].want)) != 0) {
            fail_msg("got \"%s\", want \"%s\"", err.text, rows[i].want);
        }
    }
}

static void a_key_twice_is_found_among_many(void **state)
{
    (void)state;
    tmli_buf text = {0};
    for (int i = 0; i < 500; i++) {
        tmli_buf_printf(&text, "key%d: %d\n", i, i);
    }
    const tmli_value *value = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_yaml_parse("t", tmli_buf_str(&text), &test_arena, &value, &err), TML_OK);
    assert_int_equal(value->n, 500);
    tmli_buf_append_text(&text, "key77: again\n");
    assert_int_equal(tmli_yaml_parse("t", tmli_buf_str(&text), &test_arena, &value, &err),
                     TML_EFORMAT);
    assert_string_equal(err.text, "t:501:8: \"key77\" stands twice, first in line 78");
    tmli_buf_deinit(&text);
}

static void nesting_ends_at_64_levels(void **state)
{
    (void)state;
    char text[200];
    for (size_t depth = 63; depth <= 65; depth++) {
        (void)memset(text, '[', depth);
        (void)memset(text + depth, ']', depth);
        const tmli_value *value = NULL;
        tml_error err = {0};
        const tml_status status =
            tmli_yaml_parse("t", (tml_str){text, 2 * depth}, &test_arena, &value, &err);
        assert_int_equal(status, depth <= 64 ? TML_OK : TML_EFORMAT);
        if (depth > 64) {
            assert_string_equal(err.text, "t:1:65: more than 64 levels");
        }
    }
}

static void hostile_nesting_ends_quickly(void **state)
{
    (void)state;
    enum {
        N = 200000
    };
    char *const text = malloc(N);
    assert_non_null(text);
    static const char bytes[] = "[{-?:\"";
    for (size_t i = 0; i + 1 < sizeof bytes; i++) {
        (void)memset(text, bytes[i], N);
        const tmli_value *value = NULL;
        const tml_status status =
            tmli_yaml_parse("t", (tml_str){text, N}, &test_arena, &value, NULL);
        assert_true(status == TML_OK || status == TML_EFORMAT);
    }
    for (size_t i = 0; i < N; i++) {
        text[i] = i % 2 == 0 ? '-' : ' ';
    }
    const tmli_value *value = NULL;
    assert_int_equal(tmli_yaml_parse("t", (tml_str){text, N}, &test_arena, &value, NULL),
                     TML_EFORMAT);
    free(text);
}

static void every_cut_of_a_document_ends_in_an_answer(void **state)
{
    (void)state;
    const char *const text = "a: {b: [1, \"x\\u00e9\", 'y']}\nc:\n  - |\n    d\n  - >-\n    e\n";
    for (size_t n = 0; n <= strlen(text); n++) {
        char *const cut = malloc(n > 0 ? n : 1);
        assert_non_null(cut);
        memcpy(cut, text, n);
        const tmli_value *value = NULL;
        const tml_status status =
            tmli_yaml_parse("t", (tml_str){cut, n}, &test_arena, &value, NULL);
        assert_true(status == TML_OK || status == TML_EFORMAT);
        free(cut);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    tmli_buf text = {0};
    tmli_buf_append_text(&text, "a: [1, {b: \"two\"}]\n");
    for (int i = 0; i < 20; i++) { /* enough keys for a map */
        tmli_buf_printf(&text, "key%d: %d\n", i, i);
    }
    size_t nth = 0;
    for (;; nth++) {
        tmli_arena small;
        tmli_arena_init(&small, 16, 0);
        const tmli_value *value = NULL;
        fail_allocation(nth);
        const tml_status status = tmli_yaml_parse("t", tmli_buf_str(&text), &small, &value, NULL);
        fail_allocation(NEVER);
        tmli_arena_deinit(&small);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(value);
    }
    assert_true(nth > 60);
    tmli_buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_follow_the_core_schema),
        cmocka_unit_test(a_recipe_becomes_a_tree_with_places),
        cmocka_unit_test(an_empty_document_is_an_empty_object),
        cmocka_unit_test(json_is_yaml_too),
        cmocka_unit_test(what_is_refused_is_named_with_its_place),
        cmocka_unit_test(a_key_twice_is_found_among_many),
        cmocka_unit_test(nesting_ends_at_64_levels),
        cmocka_unit_test(hostile_nesting_ends_quickly),
        cmocka_unit_test(every_cut_of_a_document_ends_in_an_answer),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, test_arena_begin, test_arena_end);
}
