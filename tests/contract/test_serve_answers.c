/* What serve answers to requests that are right: system A's dialect, the general shapes, lines and CSV, and types by
 * Accept. contract.md §9.4: S07–S09, S12, S13, S15, S20. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "contract/server.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Headlines of the four labels in turn; the fifth has no word that the model knows. */
static const char *const headlines[] = {"market bank profit", "phone robot chip", "film song actor",
                                        "virus doctor vaccine", "xyzzy"};

static void the_headline_dialect_answers_as_it_always_did(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"{\"input\": \"market bank profit\"}", "{\"result\": \"Business\"}"},
        {"{\"input\":\"PHONE, robot: chip!\"}", "{\"result\": \"Science & Technology\"}"},
        {" {\n\"input\" : \"film song actor\" }\n", "{\"result\": \"Entertainment\"}"},
        {"{\"input\": \"virus \\u0064octor vaccine\"}", "{\"result\": \"Health & Medicine\"}"},
        {"{\"other\": 5, \"input\": \"market bank\"}", "{\"result\": \"Business\"}"},
        {"{\"input\": [\"market bank\", \"film song\"]}",
         "{\"result\": [\"Business\", \"Entertainment\"]}"},
        {"{\"input\": []}", "{\"result\": []}"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "application/json", NULL, cases[i].body);
        assert_answer(s, 200, "application/json", cases[i].want);
    }
}

/* S13, S12: any spelling of the type, and types that say nothing of a body that is JSON. */
static void json_is_known_by_its_type_or_by_its_first_byte(void **state)
{
    static const char *const types[] = {
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        NULL,
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        server_ask(s, types[i], NULL, "{\"input\": \"market bank\"}");
        assert_answer(s, 200, "application/json", "{\"result\": \"Business\"}");
    }
}

/* ---- shapes ----------------------------------------------------------------------------------- */

static const tmli_value *parse_answer(const server *s, tmli_arena *arena)
{
    const tmli_value *root = NULL;
    tml_error err = {0};
    assert_int_equal(s->answer.status, 200);
    if (tmli_json_parse(tmli_str(s->answer.body), arena, &root, &err) != TML_OK) {
        fail_msg("%s in %s", err.text, s->answer.body);
    }
    return root;
}

/* The labels of {"predictions": [{"label": …}, …]}, each by its first letter. */
static void labels_of(const server *s, char *out, size_t size)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const list = tmli_value_get(parse_answer(s, &arena), "predictions");
    assert_non_null(list);
    size_t n = 0;
    for (const tmli_value *item = list->first; item != NULL && n + 1 < size; item = item->next) {
        out[n++] = tmli_value_get(item, "label")->text.data[0];
    }
    out[n] = '\0';
    tmli_arena_deinit(&arena);
}

static void every_shape_of_texts_is_read(void **state)
{
    static const struct {
        const char *body;
        const char *labels;
    } cases[] = {
        {"{\"instances\": [\"market bank\", \"film song\"]}", "BE"},
        {"{\"instances\": [{\"input\": \"market bank\"}]}", "B"},
        {"{\"instances\": [{\"text\": \"market bank\"}, {\"source\": \"film song\"}]}", "BE"},
        {"{\"instances\": [{\"features\": [\"virus doctor\"]}]}", "H"},
        {"{\"instances\": [{\"features\": \"virus doctor\"}]}", "H"},
        {"{\"instances\": [{\"data\": \"phone chip\"}]}", "S"},
        {"{\"instances\": [{\"data\": {\"features\": {\"values\": [\"phone chip\"]}}}]}", "S"},
        {"{\"instances\": [[\"market bank\"], [\"film song\"]]}", "BE"},
        {"{\"instances\": \"market bank\"}", "B"},
        {"{\"instances\": []}", ""},
        {"{\"inputs\": \"virus doctor\"}", "H"},
        {"{\"inputs\": [\"virus doctor\", \"phone chip\", \"market bank\"]}", "HSB"},
        {"[\"market bank\", \"film song\"]", "BE"},
        {"[]", ""},
        {"\"market bank\"", "B"},
        {"[{\"text\": \"phone chip\"}, \"virus doctor\"]", "SH"},
    };
    char labels[16];
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "application/json", NULL, cases[i].body);
        labels_of(s, labels, sizeof labels);
        if (strcmp(labels, cases[i].labels) != 0) {
            fail_msg("%s: %s", cases[i].body, s->answer.body);
        }
    }
}

/* Every number is the library's own, to the last bit. */
static void scores_are_those_of_the_library_bit_for_bit(void **state)
{
    enum {
        N = COUNT_OF(headlines)
    };
    tml_str texts[N];
    double want[N * SERVER_LABELS];
    tmli_buf body = {0};
    tmli_arena arena;
    server *const s = *state;
    tmli_buf_append_text(&body, "{\"probabilities\": true, \"instances\": [");
    for (size_t i = 0; i < N; i++) {
        texts[i] = tmli_str(headlines[i]);
        tmli_buf_printf(&body, "%s\"%s\"", i > 0 ? ", " : "", headlines[i]);
    }
    tmli_buf_append_text(&body, "]}");
    server_offline(s, texts, N, want);
    server_ask(s, "application/json", NULL, tmli_buf_cstr(&body));
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *item = tmli_value_get(parse_answer(s, &arena), "predictions")->first;
    for (size_t i = 0; i < N; i++, item = item->next) {
        const double *const scores = want + i * SERVER_LABELS;
        const size_t best = tml_best(scores, SERVER_LABELS);
        assert_string_equal(tmli_value_get(item, "label")->text.data, server_label_names[best]);
        assert_true((float)tmli_value_get(item, "score")->number == (float)scores[best]);
        const tmli_value *const all = tmli_value_get(item, "probabilities");
        assert_int_equal(all->n, SERVER_LABELS);
        for (size_t c = 0; c < SERVER_LABELS; c++) {
            assert_true((float)tmli_value_get(all, server_label_names[c])->number ==
                        (float)scores[c]);
        }
    }
    assert_null(item);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
}

/* A body large enough that a worker answers it: the same scores again, in order. */
static void long_requests_give_the_same_bits_in_the_same_order(void **state)
{
    enum {
        N = 4000
    };
    static double want[COUNT_OF(headlines) * SERVER_LABELS];
    tml_str texts[COUNT_OF(headlines)];
    tmli_buf body = {0};
    tmli_arena arena;
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(headlines); i++) {
        texts[i] = tmli_str(headlines[i]);
    }
    server_offline(s, texts, COUNT_OF(headlines), want);
    tmli_buf_append_text(&body, "{\"instances\": [\"market bank profit\"");
    for (size_t i = 1; i < N; i++) {
        tmli_buf_printf(&body, ", \"%s\"", headlines[i % COUNT_OF(headlines)]);
    }
    tmli_buf_append_text(&body, "]}");
    assert_true(body.len > 65536);
    server_ask(s, "application/json", NULL, tmli_buf_cstr(&body));
    tmli_arena_init(&arena, 65536, 0);
    const tmli_value *const list = tmli_value_get(parse_answer(s, &arena), "predictions");
    assert_int_equal(list->n, N);
    size_t i = 0;
    for (const tmli_value *item = list->first; item != NULL; item = item->next, i++) {
        const double *const scores = want + i % COUNT_OF(headlines) * SERVER_LABELS;
        assert_true((float)tmli_value_get(item, "score")->number ==
                    (float)scores[tml_best(scores, SERVER_LABELS)]);
    }
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
}

/* ---- lines and CSV ---------------------------------------------------------------------------- */

static void each_line_of_plain_text_is_a_text(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"market bank", "Business\n"},
        {"market bank\n", "Business\n"},
        {"market bank\r\nfilm song\r\n", "Business\nEntertainment\n"},
        {"\"market\", bank\nvirus doctor", "Business\nHealth & Medicine\n"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "text/plain; charset=utf-8", NULL, cases[i].body);
        assert_answer(s, 200, "text/plain", cases[i].want);
    }
}

static void each_csv_record_is_a_text(void **state)
{
    static const struct {
        const char *body;
        const char *want;
    } cases[] = {
        {"market bank\nfilm song\n", "Business\nEntertainment\n"},
        {"\"market, bank\"\n\"film \"\"song\"\"\nactor\"\n", "Business\nEntertainment\n"},
        {"market, bank, profit\nvirus doctor", "Business\nHealth & Medicine\n"}, /* not quoted */
        {"phone chip\r\nvirus doctor\r\n\r\n\n", "Science & Technology\nHealth & Medicine\n"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, "text/csv", NULL, cases[i].body);
        assert_answer(s, 200, "text/csv", cases[i].want);
    }
}

/* S15 */
static void no_line_gets_no_answer(void **state)
{
    server *const s = *state;
    server_ask(s, "text/csv", NULL, "");
    assert_answer(s, 204, NULL, "");
    server_ask(s, "text/plain", NULL, "");
    assert_answer(s, 204, NULL, "");
    server_ask(s, "application/json", NULL, "");
    assert_error(s, 400, "the body is empty: expected JSON such as {\"input\": …}");
}

/* ---- Accept ----------------------------------------------------------------------------------- */

/* S08, S09: the type stands in the answer without parameters. */
static void answers_have_the_type_that_was_asked_for(void **state)
{
    static const struct {
        const char *type, *accept, *want_type, *want;
    } cases[] = {
        {"application/json", "*/*", "application/json", "{\"result\": \"Business\"}"},
        {"application/json", "application/json", "application/json", "{\"result\": \"Business\"}"},
        {"application/json", "text/csv, application/json", "text/csv", "Business\n"},
        {"application/json", "application/json, text/csv", "application/json",
         "{\"result\": \"Business\"}"},
        {"application/json", "text/csv;q=0.5, text/plain;q=0.9", "text/plain", "Business\n"},
        {"application/json", "image/png, text/*", "text/plain", "Business\n"},
        {"application/json", "TEXT/CSV; charset=utf-8", "text/csv", "Business\n"},
        {"application/json", "image/png, */*;q=0.1", "application/json",
         "{\"result\": \"Business\"}"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_ask(s, cases[i].type, cases[i].accept, "{\"input\": \"market bank\"}");
        assert_answer(s, 200, cases[i].want_type, cases[i].want);
    }
}

static void json_lines_have_an_object_a_line(void **state)
{
    tmli_arena arena;
    server *const s = *state;
    server_ask(s, "text/plain", "application/jsonlines", "market bank\nfilm song\n");
    assert_int_equal(s->answer.status, 200);
    char *line = s->answer.body;
    static const char *const labels[] = {"Business", "Entertainment"};
    tmli_arena_init(&arena, 1024, 0);
    for (size_t i = 0; i < COUNT_OF(labels); i++) {
        char *const end = strchr(line, '\n');
        const tmli_value *value = NULL;
        assert_non_null(end);
        assert_int_equal(
            tmli_json_parse((tml_str){line, (size_t)(end - line)}, &arena, &value, NULL), TML_OK);
        assert_string_equal(tmli_value_get(value, "label")->text.data, labels[i]);
        line = end + 1;
    }
    assert_string_equal(line, "");
    tmli_arena_deinit(&arena);
}

static void the_platform_can_choose_the_default_type(void **state)
{
    server *const s = *state;
    s->env = ENV("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=text/csv");
    server_start(s, NULL);
    server_ask(s, "application/json", NULL, "{\"input\": \"market bank\"}");
    assert_answer(s, 200, "text/csv", "Business\n");
    server_ask(s, "application/json", "*/*", "{\"input\": \"market bank\"}");
    assert_answer(s, 200, "text/csv", "Business\n");
    server_ask(s, "application/json", "application/json", "{\"input\": \"market bank\"}");
    assert_answer(s, 200, "application/json", "{\"result\": \"Business\"}");
}

/* S07 */
static void headers_that_nobody_knows_are_ignored_and_not_echoed(void **state)
{
    char attributes[1100] = "X-Amzn-SageMaker-Custom-Attributes: ";
    server *const s = *state;
    const size_t used = strlen(attributes);
    memset(attributes + used, 'a', 1024);
    attributes[used + 1024] = '\0';
    static const char body[] = "{\"input\": \"market bank\"}";
    const char *const headers[] = {"Content-Type: application/json", attributes,
                                   "X-Amzn-SageMaker-Inference-Id: 1", "X-Unheard-Of: yes", NULL};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body, .n_body = sizeof body - 1};
    http_send(s->client, &request, &s->answer);
    assert_answer(s, 200, "application/json", "{\"result\": \"Business\"}");
    assert_null(http_header(&s->answer, "X-Amzn-SageMaker-Custom-Attributes"));
}

/* S20: as large as the platform lets through. */
static void a_body_of_the_platforms_limit_is_read(void **state)
{
    enum {
        LIMIT_BYTES = 6291456
    };
    server *const s = *state;
    char *const body = malloc(LIMIT_BYTES + 1);
    assert_non_null(body);
    static const char row[] = "market bank profit xyzzy\n";
    const size_t n_row = sizeof row - 1;
    for (size_t at = 0; at < LIMIT_BYTES; at++) {
        body[at] = row[at % n_row];
    }
    body[LIMIT_BYTES] = '\0';
    server_ask(s, "text/plain", NULL, body);
    free(body);
    assert_int_equal(s->answer.status, 200);
    const size_t n_rows = (LIMIT_BYTES + n_row - 1) / n_row;
    assert_in_range(s->answer.n_body, (n_rows - 1) * strlen("Business\n"),
                    n_rows * strlen("Science & Technology\n"));
    assert_memory_equal(s->answer.body, "Business\nBusiness\n", 18);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(the_headline_dialect_answers_as_it_always_did),
        STARTED(json_is_known_by_its_type_or_by_its_first_byte),
        STARTED(every_shape_of_texts_is_read),
        STARTED(scores_are_those_of_the_library_bit_for_bit),
        STARTED(long_requests_give_the_same_bits_in_the_same_order),
        STARTED(each_line_of_plain_text_is_a_text),
        STARTED(each_csv_record_is_a_text),
        STARTED(no_line_gets_no_answer),
        STARTED(answers_have_the_type_that_was_asked_for),
        STARTED(json_lines_have_an_object_a_line),
        UNSTARTED(the_platform_can_choose_the_default_type),
        STARTED(headers_that_nobody_knows_are_ignored_and_not_echoed),
        STARTED(a_body_of_the_platforms_limit_is_read),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
