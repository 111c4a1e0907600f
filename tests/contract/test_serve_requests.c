/* Requests and answers of the real serve: shapes, types, and each refusal with its exact sentence (contract.md §2, §9.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "contract/server.h"
#include "textml/model.h"

static void ping_is_an_empty_200_for_each_method(void **state)
{
    server *s = *state;
    static const char *const methods[] = {"GET", "HEAD", "POST"};
    server_start(s, NULL, NULL);
    for (size_t i = 0; i < 3; i++) {
        server_get(s, methods[i], "/ping");
        assert_answer(s, 200, "");
        char *length = http_header(&s->answer, "Content-Length");
        assert_string_equal(length, "0");
        free(length);
    }
    assert_ends_well(s);
}

static void the_recipes_own_request_gets_its_own_answer(void **state)
{
    server *s = *state;
    server_start(s, NULL, NULL);
    server_invoke(s, "application/json", NULL, "{\"input\": \"hot soup and fresh bread\"}");
    assert_answer(s, 200, "{\"result\": \"food\"}");
    server_invoke(s, "application/json; charset=utf-8", NULL,
                  "{\"input\": [\"the soup was hot\", \"the team lost the goal\"]}");
    assert_answer(s, 200, "{\"result\": [\"food\", \"sport\"]}");
    char *type = http_header(&s->answer, "Content-Type");
    assert_string_equal(type, "application/json");
    free(type);
    assert_ends_well(s);
}

/* Lines in, lines out; a comma in an unquoted record belongs to the text. */
static void lines_and_csv_get_a_label_a_line(void **state)
{
    server *s = *state;
    static const struct {
        const char *type, *body, *want;
    } cases[] = {
        {"text/plain", "the soup was hot", "food\n"},
        {"text/plain", "the soup was hot\r\nthe team lost, late goal\n", "food\nsport\n"},
        {"text/csv", "\"hot soup, \"\"fresh\"\" bread\"\nthe team lost, late goal\n",
         "food\nsport\n"},
    };
    server_start(s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        server_invoke(s, cases[i].type, NULL, cases[i].body);
        assert_answer(s, 200, cases[i].want);
        char *type = http_header(&s->answer, "Content-Type");
        assert_string_equal(type, cases[i].type);
        free(type);
    }
    server_invoke(s, "text/plain", NULL, "");
    assert_answer(s, 204, "");
    assert_ends_well(s);
}

static void each_refusal_is_one_sentence_and_the_server_lives(void **state)
{
    server *s = *state;
    static const struct {
        const char *type, *accept, *body;
        long status;
        const char *want;
    } cases[] = {
        {"application/json", NULL, "{\"input\": \"a\"", 400, NULL},
        {"application/json", NULL, "{\"inpt\": \"a\"}", 400,
         "no \"input\": expected {\"input\": \"text\"} or {\"instances\": [\"text\", …]}"},
        {"application/json", NULL, "{\"input\": 5}", 400,
         "\"input\" is a number: expected a string or a list of strings"},
        {"application/json", NULL, "{\"instances\": [\"a\", null]}", 400, NULL},
        {"application/json", NULL, "", 400, NULL},
        {"image/png", NULL, "x", 415, NULL},
        {"text/plain; charset=latin1", NULL, "x", 415, NULL},
        {"text/plain", "image/png", "x", 406, NULL},
    };
    server_start(s, NULL, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        server_invoke(s, cases[i].type, cases[i].accept, cases[i].body);
        assert_int_equal(s->answer.status, cases[i].status);
        if (cases[i].want != NULL) {
            assert_error(s, cases[i].status, cases[i].want);
        }
        server_get(s, "GET", "/ping");
        assert_answer(s, 200, "");
    }
    assert_ends_well(s);
}

static void malformed_json_is_refused_with_line_and_column(void **state)
{
    server *s = *state;
    server_start(s, NULL, NULL);
    server_invoke(s, "application/json", NULL, "{\n  \"input\": nope}");
    assert_int_equal(s->answer.status, 400);
    assert_non_null(strstr(s->answer.body, "line 2, column 12"));
    assert_ends_well(s);
}

static void a_wrong_method_and_an_unknown_path_say_what_is_there(void **state)
{
    server *s = *state;
    server_start(s, NULL, NULL);
    server_get(s, "GET", "/invocations");
    assert_error(s, 405, "/invocations: \"GET\" is not answered here; use POST");
    char *allow = http_header(&s->answer, "Allow");
    assert_string_equal(allow, "POST");
    free(allow);
    server_get(s, "GET", "/pingfoo");
    assert_error(s, 404, "\"/pingfoo\" is not served here; ask for GET /ping or POST /invocations");
    assert_ends_well(s);
}

static void a_body_of_7_mb_is_refused_and_the_server_lives(void **state)
{
    server *s = *state;
    enum {
        BYTES = 7 << 20
    };
    char *body = malloc(BYTES + 1);
    assert_non_null(body);
    memset(body, 'a', BYTES);
    body[BYTES] = '\0';
    server_start(s, NULL, NULL);
    server_invoke(s, "text/plain", NULL, body);
    assert_error(s, 413,
                 "the body is larger than 6291456 bytes; send fewer rows in a request, or start "
                 "serve with a larger --max-body");
    body[6 << 20] = '\0';
    server_invoke(s, "text/plain", NULL, body);
    assert_int_equal(s->answer.status, 200);
    free(body);
    assert_ends_well(s);
}

/* /invocations and the library give one text the same bits, alone and among others. */
static void answers_equal_the_librarys_scores_bit_for_bit(void **state)
{
    server *s = *state;
    static const char *const texts[] = {"hot soup", "the team won", "", "fresh goal and late bread",
                                        "nothing known"};
    enum {
        N = sizeof(texts) / sizeof(texts[0])
    };
    tml_model *model = NULL;
    tml_session *session = NULL;
    tmli_buf body = {0};
    tmli_buf want = {0};
    assert_int_equal(tml_model_load(s->model, &model, NULL), TML_OK);
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    tmli_buf_append_text(&body, "{\"instances\": [");
    tmli_buf_append_text(&want, "{\"predictions\": [");
    for (size_t i = 0; i < N; i++) {
        const tml_str text = tmli_str(texts[i]);
        float scores[2];
        assert_int_equal(tml_session_predict(session, &text, 1, scores, NULL), TML_OK);
        const size_t best = tml_best(scores, 2);
        tmli_buf_append_text(&body, i == 0 ? "" : ", ");
        tmli_json_string(&body, text);
        tmli_buf_printf(&want, "%s{\"label\": \"%s\", \"score\": ", i == 0 ? "" : ", ",
                        tml_model_label(model, best).data);
        tmli_json_float(&want, scores[best]);
        tmli_buf_append_byte(&want, '}');
    }
    tmli_buf_append_text(&body, "]}");
    tmli_buf_append_text(&want, "]}");
    server_start(s, NULL, NULL);
    server_invoke(s, "application/json", NULL, tmli_buf_cstr(&body));
    assert_answer(s, 200, tmli_buf_cstr(&want));
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&want);
    tml_session_free(session);
    tml_model_free(model);
    assert_ends_well(s);
}

static void a_hundred_requests_share_one_connection(void **state)
{
    server *s = *state;
    long connects = 0;
    server_start(s, NULL, NULL);
    for (int i = 0; i < 100; i++) {
        server_invoke(s, "application/json", NULL, "{\"input\": \"the soup was hot\"}");
        assert_answer(s, 200, "{\"result\": \"food\"}");
        connects += s->answer.n_connects;
    }
    assert_int_equal(connects, 1);
    assert_ends_well(s);
}

static void clients_at_the_same_time_get_their_own_answers(void **state)
{
    server *s = *state;
    enum {
        N = 24
    };
    static const char *const headers[] = {"Content-Type: text/plain", NULL};
    static const char *const bodies[] = {"the soup was hot\n", "the team lost the goal\n"};
    http_request requests[N];
    http_answer answers[N] = {0};
    static const char *const threads[] = {"--threads", "3", NULL};
    server_start(s, threads, NULL);
    for (int i = 0; i < N; i++) {
        requests[i] = (http_request){.path = "/invocations",
                                     .headers = headers,
                                     .body = bodies[i % 2],
                                     .n_body = strlen(bodies[i % 2])};
    }
    http_send_all(s->port, requests, N, answers);
    for (int i = 0; i < N; i++) {
        assert_int_equal(answers[i].status, 200);
        assert_string_equal(answers[i].body, i % 2 == 0 ? "food\n" : "sport\n");
        http_answer_free(&answers[i]);
    }
    assert_ends_well(s);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        CASE(ping_is_an_empty_200_for_each_method),
        CASE(the_recipes_own_request_gets_its_own_answer),
        CASE(lines_and_csv_get_a_label_a_line),
        CASE(each_refusal_is_one_sentence_and_the_server_lives),
        CASE(malformed_json_is_refused_with_line_and_column),
        CASE(a_wrong_method_and_an_unknown_path_say_what_is_there),
        CASE(a_body_of_7_mb_is_refused_and_the_server_lives),
        CASE(answers_equal_the_librarys_scores_bit_for_bit),
        CASE(a_hundred_requests_share_one_connection),
        CASE(clients_at_the_same_time_get_their_own_answers),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
