/* What requests ask for beside their texts, lines that are damaged, limits, and memory that is used again. */
#include "sagemaker/content.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/body_rows.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* "text", "text?k,explain!" for one that asks, "#fault". */
static void put_row(const sm_row *row, tmli_buf *out)
{
    if (row->fault != NULL) {
        tmli_buf_printf(out, "#%s", row->fault);
        return;
    }
    tmli_buf_append_str(out, row->text);
    if (row->ask.k > 0 || row->ask.explain > 0 || row->ask.probabilities) {
        const size_t k = row->ask.k;
        tmli_buf_printf(out, k == SIZE_MAX ? "?all" : "?%zu", k);
        tmli_buf_printf(out, ",%zu%s", row->ask.explain, row->ask.probabilities ? "!" : "");
    }
}

static const body_rows_notation notation = {.row = put_row};

static void check(sm_media media, sm_dialect dialect, const char *body, const char *want)
{
    assert_body_rows(&notation, (sm_format){.media = media}, body, dialect, want);
}

/* X02, X03, F07 */
static void a_body_asks_for_all_of_its_rows(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"instances\": [\"a\", \"b\"], \"configuration\": {\"k\": 2}}", "a?2,0|b?2,0"},
        {"{\"configuration\": {\"k\": 1000000}, \"instances\": [\"a\"]}", "a?1000000,0"},
        {"{\"inputs\": \"a\", \"parameters\": {\"top_k\": 3, \"function_to_apply\": \"none\"}}",
         "a?3,0"},
        {"{\"inputs\": [\"a\"], \"parameters\": {\"top_k\": null}}", "a?all,0"},
        {"{\"input\": \"a\", \"k\": 2, \"explain\": 5, \"probabilities\": true}", "a?2,5!"},
        {"{\"input\": \"a\", \"k\": 5.0, \"explain\": 0}", "a?5,0"},
        {"{\"input\": \"a\", \"k\": 123456789012345678901234567890}", "a?all,0"},
        {"{\"k\": 4, \"configuration\": {\"k\": 3}, \"parameters\": {\"k\": 2}, \"input\": \"a\"}",
         "a?4,0"},
        {"{\"configuration\": {\"k\": 3}, \"parameters\": {\"k\": 2}, \"input\": \"a\"}", "a?3,0"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(SM_JSON, (sm_dialect){.request_key = "input"}, cases[i][0], cases[i][1]);
    }
}

/* The row's own word is before the body's, and that before what query and headers say. */
static void the_nearest_word_counts(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"[\"a\", {\"text\": \"b\", \"k\": 2}, {\"text\": \"c\", \"probabilities\": false}]",
         "a?7,3!|b?2,3!|c?7,3"},
        {"{\"k\": 5, \"instances\": [\"a\", {\"text\": \"b\", \"k\": 1, \"explain\": 9}]}",
         "a?5,3!|b?1,9!"},
        {"{\"explain\": 0, \"probabilities\": false, \"instances\": [{\"text\": \"a\"}]}", "a?7,0"},
        {"{\"text\": \"a\", \"k\": 1}", "a?1,3!"},
        {"[{\"text\": \"a\", \"configuration\": {\"k\": 4}}]", "a?4,3!"},
    };
    const sm_dialect dialect = {.ask = {.k = 7, .explain = 3, .probabilities = true}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(SM_JSON, dialect, cases[i][0], cases[i][1]);
    }
    check(SM_TEXT, dialect, "a\nb\n", "a?7,3!|b?7,3!");
    check(SM_CSV, dialect, "a\n", "a?7,3!");
    check(SM_JSON_LINES, dialect, "{\"source\": \"a\", \"k\": 2}\n\"b\"\n", "a?2,3!|b?7,3!");
}

static void what_makes_no_sense_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"k\": 0, \"instances\": []}", "\"k\" is 0: expected a whole number from 1 on"},
        {"{\"k\": -1, \"instances\": []}", "\"k\" is -1: expected a whole number from 1 on"},
        {"{\"k\": 1.5, \"instances\": []}", "\"k\" is 1.5: expected a whole number from 1 on"},
        {"{\"k\": -1e300, \"instances\": []}",
         "\"k\" is -1e300: expected a whole number from 1 on"},
        {"{\"k\": \"2\", \"instances\": []}",
         "\"k\" is a string: expected a whole number from 1 on"},
        {"{\"configuration\": {\"k\": 0}, \"instances\": []}",
         "configuration: \"k\" is 0: expected a whole number from 1 on"},
        {"{\"parameters\": {\"top_k\": true}, \"inputs\": \"a\"}",
         "parameters: \"top_k\" is true or false: expected a whole number from 1 on"},
        {"{\"configuration\": 5, \"instances\": []}", "\"configuration\" is 5: expected an object"},
        {"{\"explain\": 1001, \"instances\": []}",
         "\"explain\" is 1001: expected a whole number from 0 to 1000"},
        {"{\"explain\": -1, \"instances\": []}",
         "\"explain\" is -1: expected a whole number from 0 to 1000"},
        {"{\"explain\": 1e300, \"instances\": []}",
         "\"explain\" is 1e300: expected a whole number from 0 to 1000"},
        {"{\"explain\": true, \"instances\": []}",
         "\"explain\" is true or false: expected a whole number from 0 to 1000"},
        {"{\"probabilities\": \"yes\", \"instances\": []}",
         "\"probabilities\" is a string: expected true or false"},
        {"{\"instances\": [\"a\", {\"text\": \"b\", \"k\": 0}]}",
         "instances[1]: \"k\" is 0: expected a whole number from 1 on"},
        {"[{\"text\": \"b\", \"configuration\": {\"explain\": []}}]",
         "[0]: configuration: \"explain\" is a list: expected a whole number from 0 to 1000"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(SM_JSON, (sm_dialect){0}, cases[i][0], cases[i][1]);
    }
}

#define EXPECTED_ROW                                                                  \
    "expected a string or an object with one of \"text\", \"source\", \"features\", " \
    "\"data\""

/* B02, B05, X04, P02, F03, L05 */
static void a_line_of_json_is_a_row(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{\"source\": \"a\", \"k\": 1}\n{\"source\": \"b\", \"k\": 3}\n", "a?1,0|b?3,0"},
        {"{\"id\": 7, \"source\": \"a\", \"more\": {\"k\": 0}}", "a"},
        {"\"a\"\r\n[\"b\"]\r\n{\"features\": [\"c\"]}\r\n{\"data\": {\"features\": [\"d\"]}}",
         "a|b|c|d"},
        {"{\"inputs\": \"a\", \"parameters\": {\"top_k\": 2}}\n", "a?2,0"},
        {"\xef\xbb\xbf{\"text\": \"caf\\u00e9\"}\n\n \n\r\n", "caf\xc3\xa9"},
        {"", ""},
        {"\n\n", ""},
        {"{\"text\": \"\"}\n{\"text\": \"b\"}", "|b"},
        {"\"a\"\n\n\"b\"\n", "line 2 is blank: expected JSON such as {\"source\": \"text\"}"},
        {"\"a\"\n{\"source\": \"b\"", "line 2, column 15: this is not JSON: expected ',' or '}', "
                                      "found the end"},
        {"\"a\" \"b\"", "line 1, column 5: this is not JSON: expected nothing behind the value, "
                        "found '\"'"},
        {"\"a\"\n5", "line 2 is a number: " EXPECTED_ROW},
        {"[\"a\", \"b\"]", "line 1 is a list of none or several: " EXPECTED_ROW},
        {"[1]", "line 1 is a list of a number: " EXPECTED_ROW},
        {"{\"instances\": [\"a\"]}", "line 1 is an object without a text: " EXPECTED_ROW},
        {"{\"source\": null}", "line 1 is an object whose text is null: " EXPECTED_ROW},
        {"\"a\"\n\"b\"\n{\"source\": \"c\", \"k\": 0}",
         "line 3: \"k\" is 0: expected a whole number from 1 on"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(SM_JSON_LINES, (sm_dialect){0}, cases[i][0], cases[i][1]);
    }
}

/* B03: as many rows as lines, whatever stands in them. B04 is the same bodies above, and in test_content_rows.c. */
static void in_a_batch_a_damaged_line_is_a_row_with_a_fault(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        const char *body, *want;
    } cases[] = {
        {SM_JSON_LINES, "{\"source\": \"a\"}\n{\"source\n{\"source\": \"c\"}\n",
         "a|#line 2, column 9: this is not JSON: expected '\"' at the end of the string, found the "
         "end|c"},
        {SM_JSON_LINES, "\n\"b\"\n{\"source\": \"c\", \"k\": 0}",
         "#line 1 is blank: expected JSON such as {\"source\": \"text\"}|b|#line 3: \"k\" is 0: "
         "expected a whole number from 1 on"},
        {SM_JSON_LINES, "7\n", "#line 1 is a number: " EXPECTED_ROW},
        {SM_CSV, "a\n\"b\"x\nc\n",
         "a|#line 2, field 1: text behind a closing quote, expected the line's end (a quote inside "
         "a quoted text is written twice)|c"},
        {SM_CSV, "a\n\"b\",c\r\nd",
         "a|#line 2: 2 fields, expected one: put the whole text in one pair of quotes|d"},
        {SM_CSV, "a\n\"b\nc\n", "a|#line 2, field 1: the quote that opens here is never closed|c"},
        {SM_TEXT, "a\n\nc\n", "a||c"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check(cases[i].media, (sm_dialect){.is_batch = true}, cases[i].body, cases[i].want);
    }
    /* A document has no lines to go on with. */
    check(SM_JSON, (sm_dialect){.is_batch = true}, "[\"a\", 5]", "[1] is a number: " EXPECTED_ROW);
}

/* Quotes that pair with others far below: after the first such record a line is a record, or every line would be read
 * to the end of the body. */
static void stray_quotes_cost_no_more_than_their_lines(void **state)
{
    (void)state;
    enum {
        N_LINES = 200000
    };
    tmli_buf body = {0};
    for (size_t i = 0; i < N_LINES; i++) {
        tmli_buf_append_text(&body, "\"\",b\",,\"\n");
    }
    tmli_arena arena;
    sm_rows rows;
    tmli_arena_init(&arena, 4096, 0);
    assert_int_equal(sm_rows_open(&rows, (sm_format){.media = SM_CSV}, tmli_buf_str(&body),
                                  (sm_dialect){.is_batch = true}, &arena, NULL),
                     TML_OK);
    for (bool has = true; has;) {
        sm_row row;
        assert_int_equal(sm_rows_next(&rows, &row, &has, NULL), TML_OK);
        assert_true(!has || row.fault != NULL);
        sm_rows_release(&rows);
    }
    assert_int_equal(rows.n, N_LINES);
    sm_rows_close(&rows);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
}

static void limits_have_a_sentence(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        bool is_batch;
        const char *body, *want;
        tml_status status;
    } cases[] = {
        {SM_TEXT, false, "a\nb\nc\n", "a|b|c", TML_OK},
        {SM_TEXT, false, "a\nb\nc\nd\n",
         "the body has more than 3 rows; send fewer rows in a request", TML_ELIMIT},
        {SM_CSV, true, "a\nb\nc\nd\n",
         "the body has more than 3 rows; send fewer rows in a request", TML_ELIMIT},
        {SM_JSON, false, "[\"a\", \"b\", \"c\", \"d\"]",
         "the body has more than 3 rows; send fewer rows in a request", TML_ELIMIT},
        {SM_JSON, false, "[\"abcd\"]", "abcd", TML_OK},
        {SM_JSON, false, "[\"a\", \"abcde\"]",
         "[1]: a text of 5 bytes, expected at most 4; shorten it", TML_ELIMIT},
        {SM_JSON, false, "{\"instances\": [\"\\u20ac\\u20ac\"]}",
         "instances[0]: a text of 6 bytes, expected at most 4; shorten it", TML_ELIMIT},
        {SM_JSON, false, "\"abcde\"", "the body: a text of 5 bytes, expected at most 4; shorten it",
         TML_ELIMIT},
        {SM_CSV, false, "a\n\"abcde\"", "line 2: a text of 5 bytes, expected at most 4; shorten it",
         TML_ELIMIT},
        {SM_TEXT, true, "a\nabcde\nb",
         "a|#line 2: a text of 5 bytes, expected at most 4; shorten it|b", TML_OK},
    };
    tmli_buf got = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const sm_dialect dialect = {
            .is_batch = cases[i].is_batch, .max_rows = 3, .max_row_bytes = 4};
        assert_int_equal(body_rows_read(&notation, (sm_format){.media = cases[i].media},
                                        tmli_str(cases[i].body), dialect, &got),
                         cases[i].status);
        assert_string_equal(tmli_buf_cstr(&got), cases[i].want);
    }
    tmli_buf_deinit(&got);
}

/* However many rows there are that need memory, they get by with that of a few. */
static void released_memory_is_used_again(void **state)
{
    (void)state;
    static const struct {
        sm_format format;
        const char *begin, *row, *end;
    } cases[] = {
        {{.media = SM_JSON}, "[\"\"", ", \"a long line\\n\"", "]"},
        {{.media = SM_JSON_LINES}, "\"\"\n", "{\"source\": \"a long line\\n\"}\n", ""},
        {{.media = SM_CSV}, "\"\"\n", "\"a \"\"long\"\" line\"\n", ""},
        {{.media = SM_TEXT, .is_latin1 = true}, "\n", "caf\xe9\n", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf body = {0};
        tmli_buf_append_text(&body, cases[i].begin);
        for (size_t n = 0; n < 10000; n++) {
            tmli_buf_append_text(&body, cases[i].row);
        }
        tmli_buf_append_text(&body, cases[i].end);
        tmli_arena arena;
        sm_rows rows;
        tmli_arena_init(&arena, 1024, 0);
        const char *const others = tmli_arena_copy(&arena, TML_STR("another request's"));
        assert_non_null(others);
        assert_int_equal(sm_rows_open(&rows, cases[i].format, tmli_buf_str(&body), (sm_dialect){0},
                                      &arena, NULL),
                         TML_OK);
        for (bool has = true; has;) {
            sm_row row;
            assert_int_equal(sm_rows_next(&rows, &row, &has, NULL), TML_OK);
            if (has && rows.n % 64 == 0) {
                assert_in_range(arena.used_bytes, 64, 8192);
                sm_rows_release(&rows);
            }
        }
        assert_int_equal(rows.n, 10001);
        assert_string_equal(others, "another request's");
        sm_rows_close(&rows);
        tmli_arena_deinit(&arena);
        tmli_buf_deinit(&body);
    }
}

static void a_fault_that_cannot_be_kept_is_a_failure(void **state)
{
    (void)state;
    const sm_dialect batch = {.is_batch = true};
    tmli_buf got = {0};
    assert_true(tmli_buf_reserve(&got, 4096));
    fail_allocation(0);
    assert_int_equal(
        body_rows_read(&notation, (sm_format){.media = SM_JSON_LINES}, TML_STR("x\n"), batch, &got),
        TML_ENOMEM);
    fail_allocation(NEVER);
    fail_allocation(0); /* nor is a lack of memory a fault of the line */
    assert_int_equal(body_rows_read(&notation, (sm_format){.media = SM_JSON_LINES},
                                    TML_STR("\"\\n\"\n"), batch, &got),
                     TML_ENOMEM);
    fail_allocation(NEVER);
    tmli_buf_deinit(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_asks_for_all_of_its_rows),
        cmocka_unit_test(the_nearest_word_counts),
        cmocka_unit_test(what_makes_no_sense_is_refused_with_its_place),
        cmocka_unit_test(a_line_of_json_is_a_row),
        cmocka_unit_test(in_a_batch_a_damaged_line_is_a_row_with_a_fault),
        cmocka_unit_test(stray_quotes_cost_no_more_than_their_lines),
        cmocka_unit_test(limits_have_a_sentence),
        cmocka_unit_test(released_memory_is_used_again),
        cmocka_unit_test(a_fault_that_cannot_be_kept_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
