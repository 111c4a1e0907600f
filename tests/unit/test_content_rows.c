/* Bodies → texts, scores → bodies: tables of what comes in and what must come out. */
#include "sagemaker/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "pipeline/model.h"
#include "support/alloc_fail.h"
#include "support/body_rows.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const sm_dialect dialect = {.request_key = "input", .response_key = "result"};
static const sm_dialect of_documents = {.takes_documents = true};

/* ---- bodies → texts ---- */

/* "shape[!]:text|text|…" */
static void put_shape(const sm_rows *rows, tmli_buf *out)
{
    static const char *const shapes[] = {"own", "own_list", "rows"};
    tmli_buf_printf(out, "%s%s:", shapes[rows->shape], rows->ask.probabilities ? "!" : "");
}

static void put_text(const sm_row *row, tmli_buf *out)
{
    tmli_buf_append_str(out, row->text);
}

static const body_rows_notation notation = {put_shape, put_text};

static void check_texts(sm_media media, const char *body, const char *want)
{
    assert_body_rows(&notation, (sm_format){.media = media}, body, dialect, want);
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
         "rows:a b|c"},
        {"{\"features\": [\"\", 7, \"\\u0041\\n\", [\"no\"], \"\\ud83d\\ude00\"]}",
         "rows: A\n \xf0\x9f\x98\x80"},
        {"{\"instances\": [{\"features\": {\"values\": [\"a\", \"b c\"]}}]}", "rows:a b c"},
        {"{\"instances\": [{\"data\": \"a\"}, {\"data\": {\"features\": [\"b\"]}}]}", "rows:a|b"},
        {"{\"instances\": [{\"data\": {\"features\": {\"values\": [\"a\"]}}}]}", "rows:a"},
        {"[{\"text\": \"no\", \"input\": \"yes\"}]", "rows:yes"},
        {"{\"instances\": [{\"inputs\": \"a\"}, {\"name\": \"b\"}]}", "rows:a|b"},
        /* objects that are the only row */
        {"{\"text\": \"a\"}", "rows:a"},
        {"{\"source\": \"a\", \"id\": 7}", "rows:a"},
        {"{\"name\": \"Tom\"}", "rows:Tom"},
        {"{\"features\": [\"a\"]}", "rows:a"},
        {"{\"data\": {\"features\": {\"values\": [\"a\"]}}}", "rows:a"},
        {"{\"data\": \"a\"}", "rows:a"},
        /* members in any order, keys with escapes, the first of twins */
        {"{\"configuration\": {\"k\": 2}, \"id\": [[{}]], \"instances\": [\"a\"]}", "rows:a"},
        {"{\"instances\": [\"a\"], \"configuration\": {\"k\": 2}}", "rows:a"},
        {"{\"\\u0069nput\": \"a\"}", "own:a"},
        {"{\"input\": \"a\", \"input\": \"b\"}", "own:a"},
        {"{\"input\": \"a\", \"k\": null, \"probabilities\": null, \"explain\": null, "
         "\"configuration\": null, \"parameters\": null}",
         "own:a"},
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
        {"{\"texts\": \"a\"}",
         "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"{\"text\": 5}", "the body is an object whose text is a number: " EXPECTED_ROW},
        {"{\"features\": [5]}", "the body is an object without a text: " EXPECTED_ROW},
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
        {"[\"a\", \"b\", [\"c\", \"d\"]]", "[2] is a list of none or several: " EXPECTED_ROW},
        {"[[1]]", "[0] is a list of a number: " EXPECTED_ROW},
        {"{\"inputs\": [\"a\", false]}", "inputs[1] is true or false: " EXPECTED_ROW},
        {"7", "the body is a number: expected {\"input\": …}, a string or a list of strings"},
        {"null", "the body is null: expected {\"input\": …}, a string or a list of strings"},
        {"", "the body is empty: expected JSON such as {\"input\": …}"},
        {" \n", "the body is empty: expected JSON such as {\"input\": …}"},
        {"{\"input\": \"a\", \"probabilities\": 1}",
         "\"probabilities\" is 1: expected true or false"},
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
        {"{\"input\": \"a\"}", "rows:a"},
        {"{\"input\": [\"a\", \"b\"]}", "rows:a|b"},
        {"{\"entry\": \"a\"}", "no \"instances\": expected {\"instances\": [\"text\", …]}"},
        {"5", "the body is a number: expected {\"instances\": …}, a string or a list of strings"},
        {"[5]", "[0] is a number: expected a string or an object with one of \"text\", \"source\", "
                "\"features\", \"data\""},
    };
    const sm_dialect none = {.request_key = NULL};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_body_rows(&notation, (sm_format){.media = SM_JSON}, cases[i][0], none, cases[i][1]);
    }
}

/* As many values as there may be: nothing is kept of them. */
static void json_of_many_values_takes_no_memory(void **state)
{
    (void)state;
    tmli_buf body = {0};
    tmli_arena arena;
    sm_rows rows;
    sm_row row;
    bool has = false;
    tmli_arena_init(&arena, 256, 0);
    tmli_buf_append_text(&body, "{\"id\": [");
    for (size_t i = 0; i < 400000; i++) {
        tmli_buf_append_text(&body, "1,");
    }
    tmli_buf_append_text(&body, "1], \"input\": \"a\"}");
    assert_int_equal(sm_rows_open(&rows, (sm_format){.media = SM_JSON}, tmli_buf_str(&body),
                                  dialect, &arena, NULL),
                     TML_OK);
    assert_int_equal(sm_rows_next(&rows, &row, &has, NULL), TML_OK);
    assert_true(has && tmli_str_eq_text(row.text, "a"));
    assert_int_equal(arena.used_bytes, 0);
    sm_rows_close(&rows);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
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

static size_t count_texts(sm_format format, const char *body, sm_dialect keys)
{
    tmli_arena arena;
    sm_rows rows;
    sm_row row;
    bool has = true;
    tmli_arena_init(&arena, 256, 0);
    assert_int_equal(sm_rows_open(&rows, format, tmli_str(body), keys, &arena, NULL), TML_OK);
    while (has) {
        assert_int_equal(sm_rows_next(&rows, &row, &has, NULL), TML_OK);
    }
    sm_rows_close(&rows);
    tmli_arena_deinit(&arena);
    return rows.n;
}

static void a_blank_line_is_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t want;
    } cases[] = {{"", 0}, {"\n", 1}, {"\n\n", 2}, {"a\n\n", 2}, {"\r\n", 1}, {"\xef\xbb\xbf", 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(count_texts((sm_format){.media = SM_TEXT}, cases[i].body, dialect),
                         cases[i].want);
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
        {"a\n\n\nb\n\n\r\n", "rows:a|||b"}, /* a row a line, but for those at the end */
        {"\n\n", "rows:"},
        {"a\r\rb\r", "rows:a||b"},
        {"\xef\xbb\xbf\"a\"", "rows:a"},
        {"\"\"\"\"\n\"a\"\"\"\n\"\"\"b\"\n", "rows:\"|a\"|\"b"},
        {"\"\"\n", "rows:"},
        {"it is 5\" wide, red\n", "rows:it is 5\" wide, red"},
        {"\"a\",b\n", "line 1: 2 fields, expected one: put the whole text in one pair of quotes"},
        {"a\nb,\"c\"\n",
         "line 2: 2 fields, expected one: put the whole text in one pair of quotes"},
        {"a\n\"b\n", "line 2, field 1: the quote that opens here is never closed"},
        {"\"a\nb\"\n\"c\"d\n",
         "line 3, field 1: text behind a closing quote, expected the line's end "
         "(a quote inside a quoted text is written twice)"},
        {"a\nb, \"c\"\n",
         "rows:a|b, \"c\""}, /* no quoted field: it does not begin with the quote */
        {"\x1f\x8b\x08",
         "body: gzip data, expected text/csv: send it unpacked, or with Content-Encoding: gzip"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_texts(SM_CSV, cases[i][0], cases[i][1]);
    }
}

static void a_header_is_no_row(void **state)
{
    (void)state;
    static const sm_dialect of_batch = {.is_batch = true};
    static const struct {
        sm_media media;
        const char *body;
        const sm_dialect *dialect;
        const char *want;
    } cases[] = {
        {SM_CSV, "text\na\nb\n", &dialect, "rows:a|b"},
        {SM_CSV, "\"the\n\"\"text\"\"\"\r\na\r\n", &dialect, "rows:a"},
        {SM_CSV, "text\n", &dialect, "rows:"},
        {SM_CSV, "", &dialect, "rows:"},
        {SM_CSV, "text\na\n\"b\n", &dialect,
         "line 3, field 1: the quote that opens here is never closed"},
        {SM_CSV, "\"id\",\"text\"\n1,a\n", &dialect,
         "line 1: 2 fields, expected one: put the whole text in one pair of quotes"},
        {SM_CSV, "text\na\n", &of_batch, "rows:text|a"},
        {SM_CSV, "text\na", &of_documents, "rows:text\na"},
        {SM_TEXT, "text\na\n", &dialect, "rows:text|a"},
        {SM_JSON_LINES, "\"text\"\n\"a\"\n", &dialect, "rows:text|a"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const sm_format format = {.media = cases[i].media, .has_header = true};
        assert_body_rows(&notation, format, cases[i].body, *cases[i].dialect, cases[i].want);
    }
}

static void texts_may_hold_any_bytes(void **state)
{
    (void)state;
    static const char body[] = "a\0b\n\xff\xfe\n";
    tmli_buf got = {0};
    assert_int_equal(body_rows_read(&notation, (sm_format){.media = SM_TEXT},
                                    (tml_str){body, sizeof(body) - 1}, dialect, &got),
                     TML_OK);
    assert_int_equal(got.len, strlen("rows:") + 6);
    assert_memory_equal(got.data, "rows:a\0b|\xff\xfe", got.len);
    tmli_buf_deinit(&got);
}

/* ---- documents ---- */

static void a_document_is_one_text_as_it_stands(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"a", "rows:a"},
        {"From: a\nSubject: b, \"c\n\n\"d\",e\r\n", "rows:From: a\nSubject: b, \"c\n\n\"d\",e\r\n"},
        {"\"a\"", "rows:\"a\""},
        {"\n", "rows:\n"},
        {"", "rows:"},
        {"\xef\xbb\xbf"
         "a\nb",
         "rows:a\nb"},
    };
    static const sm_media media[] = {SM_TEXT, SM_CSV};
    tmli_buf got = {0};
    for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(media); i++) {
        const sm_format format = {.media = media[i % 2]};
        assert_int_equal(
            body_rows_read(&notation, format, tmli_str(cases[i / 2][0]), of_documents, &got),
            TML_OK);
        assert_string_equal(tmli_buf_cstr(&got), cases[i / 2][1]);
    }
    tmli_buf_deinit(&got);
}

static void an_empty_body_holds_no_document_a_blank_one_does(void **state)
{
    (void)state;
    static const sm_format formats[] = {
        {.media = SM_TEXT}, {.media = SM_CSV}, {.media = SM_TEXT, .is_latin1 = true}};
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        assert_int_equal(count_texts(formats[i], "", of_documents), 0);
        assert_int_equal(count_texts(formats[i], " ", of_documents), 1);
        assert_int_equal(count_texts(formats[i], "\r\n\n", of_documents), 1);
    }
    assert_int_equal(count_texts(formats[0], "\xef\xbb\xbf", of_documents), 0);
}

static void packed_bodies_are_refused_with_the_header_they_lack(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        const char *want;
    } cases[] = {{SM_TEXT, "text/plain"},
                 {SM_CSV, "text/csv"},
                 {SM_JSON, "application/json"},
                 {SM_JSON_LINES, "application/jsonlines"},
                 {SM_LIBSVM, "text/libsvm"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char want[128];
        (void)snprintf(want, sizeof want,
                       "body: gzip data, expected %s: send it unpacked, or with Content-Encoding: "
                       "gzip",
                       cases[i].want);
        check_texts(cases[i].media, "\x1f\x8b\x08", want);
    }
    check_texts(SM_TEXT, "\x1f", "rows:\x1f");
}

static void utf16_is_refused_in_every_type(void **state)
{
    (void)state;
    static const char want[] = "body: UTF-16, as its first two bytes say, expected UTF-8: convert "
                               "it, with iconv -f UTF-16 -t UTF-8 for one";
    static const sm_media types[] = {SM_TEXT, SM_CSV, SM_JSON, SM_JSON_LINES, SM_LIBSVM};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        check_texts(types[i],
                    "\xff\xfe"
                    "a",
                    want);
        check_texts(types[i], "\xfe\xff", want);
    }
    check_texts(SM_TEXT, "\xff\xff\xfe", "rows:\xff\xff\xfe");
    check_texts(SM_TEXT, "\xff", "rows:\xff");
    tmli_buf got = {0}; /* letters in this charset */
    assert_int_equal(body_rows_read(&notation, (sm_format){.media = SM_TEXT, .is_latin1 = true},
                                    TML_STR("\xff\xfe"), dialect, &got),
                     TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "rows:\xc3\xbf\xc3\xbe");
    tmli_buf_deinit(&got);
}

static void packed_documents_are_refused_and_json_is_read_as_ever(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        const char *body, *want;
    } cases[] = {
        {SM_TEXT, "\x1f\x8b\x08",
         "body: gzip data, expected text/plain: send it unpacked, or with Content-Encoding: gzip"},
        {SM_CSV, "\x1f\x8b\x08",
         "body: gzip data, expected text/csv: send it unpacked, or with Content-Encoding: gzip"},
        {SM_JSON, "[\"a\\nb\", \"c\"]", "rows:a\nb|c"},
        {SM_JSON, "{\"text\": \"a\\nb\"}", "rows:a\nb"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_body_rows(&notation, (sm_format){.media = cases[i].media}, cases[i].body,
                         of_documents, cases[i].want);
    }
}

static void latin_1_becomes_utf_8(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        sm_dialect dialect;
        const char *body, *want;
    } cases[] = {
        {SM_TEXT,
         {.takes_documents = true},
         "caf\xe9,\n\x80\xff",
         "rows:caf\xc3\xa9,\n\xc2\x80\xc3\xbf"},
        {SM_CSV, {.takes_documents = true}, "\"caf\xe9\"", "rows:\"caf\xc3\xa9\""},
        {SM_TEXT, {.request_key = NULL}, "caf\xe9\n\xff\n", "rows:caf\xc3\xa9|\xc3\xbf"},
        {SM_CSV, {.request_key = NULL}, "\"caf\xe9\"\n\xff\n", "rows:caf\xc3\xa9|\xc3\xbf"},
        {SM_TEXT, {.takes_documents = true}, "ascii", "rows:ascii"},
        {SM_TEXT,
         {.takes_documents = true},
         "\xef\xbb\xbf",
         "rows:\xc3\xaf\xc2\xbb\xc2\xbf"}, /* no mark */
        {SM_CSV,
         {.request_key = NULL},
         "\x1f\x8b",
         "body: gzip data, expected text/csv: send it unpacked, or with Content-Encoding: gzip"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_body_rows(&notation, (sm_format){.media = cases[i].media, .is_latin1 = true},
                         cases[i].body, cases[i].dialect, cases[i].want);
    }
}

/* The label stands alone, without a line end; what has a shape of its own keeps it. */
static void the_answer_to_a_document_is_the_bare_label(void **state)
{
    (void)state;
    static const char *labels[] = {"a, \"b\"", "c\nd"};
    static const tml_model model = {.labels = labels, .n_labels = COUNT_OF(labels)};
    static const struct {
        sm_media media;
        double scores[2];
        const char *want;
    } cases[] = {
        {SM_TEXT, {0.75, 0.25}, "a, \"b\""},
        {SM_TEXT, {0.25, 0.75}, "c d"},
        {SM_CSV, {0.75, 0.25}, "\"a, \"\"b\"\"\""},
        {SM_JSON,
         {0.75, 0.25},
         "{\"predictions\": [{\"label\": \"a, \\\"b\\\"\", \"score\": 0.75}]}"},
        {SM_JSON_LINES, {0.25, 0.75}, "{\"label\": \"c\\nd\", \"score\": 0.75}\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_arena arena;
        sm_rows rows;
        sm_answers answers;
        tmli_buf out = {0};
        tmli_arena_init(&arena, 256, 0);
        assert_int_equal(sm_rows_open(&rows, (sm_format){.media = SM_TEXT}, TML_STR("x\ny\n"),
                                      of_documents, &arena, NULL),
                         TML_OK);
        sm_answers_begin(&answers, &rows, cases[i].media, &model, &out);
        sm_answers_add(&answers, &(sm_row){0}, cases[i].scores, NULL);
        sm_answers_end(&answers);
        assert_string_equal(tmli_buf_cstr(&out), cases[i].want);
        sm_rows_close(&rows);
        tmli_buf_deinit(&out);
        tmli_arena_deinit(&arena);
    }
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    static const struct {
        sm_format format;
        const char *body;
    } cases[] = {{{.media = SM_JSON}, "{\"instances\": [\"a\", {\"text\": \"b\\n\"}]}"},
                 {{.media = SM_JSON}, "{\"features\": [\"a\", \"b\\n\"]}"},
                 {{.media = SM_JSON_LINES}, "\"a\"\n{\"source\": \"b\\n\"}\n"},
                 {{.media = SM_CSV}, "\"say \"\"a\"\"\"\n"},
                 {{.media = SM_CSV}, "a,b\n\"c\"\n"},
                 {{.media = SM_CSV, .is_latin1 = true}, "caf\xe9\n\"c\"\n"},
                 {{.media = SM_TEXT, .is_latin1 = true}, "caf\xe9"},
                 {{.media = SM_TEXT}, "a\nb\n"}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t nth = 0;; nth++) {
            tmli_buf got = {0};
            assert_true(tmli_buf_reserve(&got, 4096)); /* the test's own, before it gets scarce */
            fail_allocation(nth);
            const tml_status status =
                body_rows_read(&notation, cases[i].format, tmli_str(cases[i].body), dialect, &got);
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
        cmocka_unit_test(json_is_read_in_all_its_shapes),
        cmocka_unit_test(json_of_another_shape_is_refused_with_its_place),
        cmocka_unit_test(a_recipe_without_keys_reads_the_general_shapes),
        cmocka_unit_test(json_of_many_values_takes_no_memory),
        cmocka_unit_test(lines_are_texts),
        cmocka_unit_test(a_blank_line_is_a_text),
        cmocka_unit_test(csv_records_are_texts),
        cmocka_unit_test(a_header_is_no_row),
        cmocka_unit_test(texts_may_hold_any_bytes),
        cmocka_unit_test(a_document_is_one_text_as_it_stands),
        cmocka_unit_test(an_empty_body_holds_no_document_a_blank_one_does),
        cmocka_unit_test(packed_bodies_are_refused_with_the_header_they_lack),
        cmocka_unit_test(utf16_is_refused_in_every_type),
        cmocka_unit_test(packed_documents_are_refused_and_json_is_read_as_ever),
        cmocka_unit_test(latin_1_becomes_utf_8),
        cmocka_unit_test(the_answer_to_a_document_is_the_bare_label),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
