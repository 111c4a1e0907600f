/* What serve reads: formats and shapes of AWS's containers and clients, each answered by labels a line. contract.md §9:
 * S12, S15, B01, B02, B04–B06, X01, X04, X09, F01–F03, F07, P02, L05. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "contract/server.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define B "Business\n"
#define E "Entertainment\n"
#define H "Health & Medicine\n"

typedef struct exchange {
    const char *type, *body, *want; /* the labels */
} exchange;

static void check(server *s, const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        server_ask(s, cases[i].type, "text/plain", cases[i].body);
        assert_answer(s, 200, "text/plain", cases[i].want);
    }
}

/* X01, X02, F07, and the body that is one row. */
static void json_has_many_shapes(void **state)
{
    static const exchange cases[] = {
        {"application/json", "{\"instances\": [\"market bank\", \"film song\"]}", B E},
        {"application/json", "{\"configuration\": {\"k\": null}, \"instances\": [\"market bank\"]}",
         B},
        {"application/json", "{\"inputs\": \"virus doctor\"}", H},
        {"application/json", "{\"inputs\": [\"film song\"], \"parameters\": {}}", E},
        {"application/json", "{\"source\": \"film song\"}", E},
        {"application/json", "{\"name\": \"film song\"}", E},
        {"application/json", "[[\"market bank\"], [\"film song\"]]", B E},
        {"application/json", "\"market bank\"", B},
        {"application/json",
         "{\"instances\": [{\"features\": [\"market bank\"]}, {\"data\": \"film song\"}]}", B E},
    };
    check(*state, cases, COUNT_OF(cases));
}

/* B02, B05, X04, P02, F03 */
static void a_line_of_json_is_a_row(void **state)
{
    static const exchange cases[] = {
        {"application/jsonlines",
         "{\"source\": \"market bank\"}\n{\"source\": \"film song\"}\n\"virus doctor\"", B E H},
        {"application/jsonlines;data=text", "{\"source\": \"market bank\"}", B},
        {"application/x-ndjson",
         "{\"source\": \"market bank\", \"k\": null, \"id\": \"x\"}\r\n[\"film song\"]\r\n", B E},
        {"application/jsonlines",
         "{\"features\": [\"market bank\"]}\n{\"data\": {\"features\": [\"film song\"]}}\n", B E},
    };
    check(*state, cases, COUNT_OF(cases));
}

/* B01, F01, F02 */
static void a_record_of_csv_is_a_row(void **state)
{
    static const exchange cases[] = {
        {"text/csv", "market bank\nfilm song\nvirus doctor", B E H},
        {"text/csv", "market bank\nfilm song\nvirus doctor\n", B E H},
        {"text/csv", "market bank\r\nfilm song\r\nvirus doctor\r\n", B E H},
        {"text/csv; label_size=0; charset=utf8", "\"market, bank\"\nmarket, bank\n", B B},
        {"text/csv", "\"film \"\"song\"\"\nactor\"\nmarket bank\n", E B},
        {"text/csv; header=present", "TITLE\nfilm song\nmarket bank\n", E B},
    };
    check(*state, cases, COUNT_OF(cases));
}

/* S12: types that say nothing of the body. */
static void bodies_tell_what_they_are(void **state)
{
    static const exchange cases[] = {
        {NULL, "{\"source\": \"market bank\"}\n{\"source\": \"film song\"}\n", B E},
        {"application/octet-stream", " [\"market bank\",\n\"film song\"]", B E},
        {"application/octet-stream", "\"market, bank\"\nfilm song\n", B E},
        {"application/x-www-form-urlencoded", "market bank", B},
    };
    check(*state, cases, COUNT_OF(cases));
}

/* X09: an empty text, and one of unknown words, are rows too. */
static void no_row_is_lost(void **state)
{
    static const exchange cases[] = {
        {"text/csv", "market bank\n\nxyzzy\n\"\"\nfilm song\n", NULL},
        {"text/plain", "market bank\n\nxyzzy\n\nfilm song\n", NULL},
        {"application/jsonlines",
         "\"market bank\"\n\"\"\n\"xyzzy\"\n{\"source\": \"\"}\n\"film song\"\n", NULL},
        {"application/json", "[\"market bank\", \"\", \"xyzzy\", \" \", \"film song\"]", NULL},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, cases[i].type, "text/plain", cases[i].body);
        assert_int_equal(s->answer.status, 200);
        size_t n = 0;
        for (const char *at = s->answer.body; (at = strchr(at, '\n')) != NULL; at++) {
            n++;
        }
        assert_int_equal(n, 5);
        assert_true(strncmp(s->answer.body, B, strlen(B)) == 0);
        assert_string_equal(strstr(s->answer.body, E), E); /* the last one's */
    }
}

/* S15, L05 */
static void no_line_is_no_answer(void **state)
{
    static const char *const types[] = {"text/csv", "text/plain", "application/jsonlines", NULL};
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        server_ask(s, types[i], NULL, "");
        assert_answer(s, 204, NULL, "");
    }
    server_ask(s, "application/jsonlines", NULL, "\n");
    assert_answer(s, 204, NULL, "");
}

/* B06: one document, no line end. */
static void a_document_of_json_gets_one(void **state)
{
    server *const s = *state;
    server_ask(s, "application/json", "application/json", "{\"input\": \"market bank\"}");
    assert_answer(s, 200, "application/json", "{\"result\": \"Business\"}");
}

/* B04, S14 */
static void damaged_lines_are_named(void **state)
{
    static const struct {
        const char *type, *body, *sentence;
    } cases[] = {
        {"application/jsonlines", "\"a\"\n{\"source\n\"c\"\n",
         "line 2, column 9: this is not JSON: expected '\"' at the end of the string, found the "
         "end"},
        {"application/jsonlines", "\"a\"\n\n\"c\"\n",
         "line 2 is blank: expected JSON such as {\"source\": \"text\"}"},
        {"application/jsonlines", "{\"source\": \"a\", \"k\": 0}",
         "line 1: \"k\" is 0: expected a whole number from 1 on"},
        {"application/json", "{\"instances\": [\"a\"], \"configuration\": {\"k\": -1}}",
         "configuration: \"k\" is -1: expected a whole number from 1 on"},
        {"text/csv", "a\n\"b\"c\n",
         "line 2, field 1: text behind a closing quote, expected the line's end (a quote inside a "
         "quoted text is written twice)"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, cases[i].type, NULL, cases[i].body);
        assert_error(s, 400, cases[i].sentence);
    }
    assert_alive(s);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)
    const struct CMUnitTest tests[] = {
        CASE(json_has_many_shapes),
        CASE(a_line_of_json_is_a_row),
        CASE(a_record_of_csv_is_a_row),
        CASE(bodies_tell_what_they_are),
        CASE(no_row_is_lost),
        CASE(no_line_is_no_answer),
        CASE(a_document_of_json_gets_one),
        CASE(damaged_lines_are_named),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
