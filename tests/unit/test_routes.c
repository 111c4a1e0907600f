/* Requests → answers without a socket: a table of exact statuses and bodies over a model of two words. */
#include "serve/routes.h"

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
#include "support/alloc_fail.h"
#include "support/tiny_server.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the table ---- */

typedef struct exchange {
    const char *method, *path, *content_type, *accept, *body;
    unsigned status;
    const char *type; /* of the answer; NULL for none */
    const char *want; /* body */
} exchange;

static void ask(tiny_server *fix, const exchange *ex)
{
    serve_request request = {.method = tmli_str(ex->method),
                             .path = tmli_str(ex->path),
                             .content_type = tmli_str(ex->content_type),
                             .accept = tmli_str(ex->accept),
                             .body = tmli_str(ex->body)};
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
}

static void check(tiny_server *fix, const exchange *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const exchange *ex = &cases[i];
        ask(fix, ex);
        const serve_answer *got = &fix->answer;
        const bool same_type = ex->type == NULL ? got->content_type == NULL
                                                : got->content_type != NULL &&
                                                      strcmp(got->content_type, ex->type) == 0;
        if (got->status != ex->status || !same_type ||
            !tmli_str_eq_text(tmli_buf_str(&got->body), ex->want)) {
            fail_msg("%s %s [%s] [%s] %s\n  got  %u %s %.*s\n  want %u %s %s", ex->method, ex->path,
                     ex->content_type, ex->accept, ex->body, got->status,
                     got->content_type != NULL ? got->content_type : "-", (int)got->body.len,
                     got->body.data, ex->status, ex->type != NULL ? ex->type : "-", ex->want);
        }
    }
}

#define JSON "application/json"
#define LINES "application/jsonlines"
#define TEXT "text/plain"
#define CSV "text/csv"
#define POST "POST", "/invocations"
#define COLD "\"Cold, \\\"icy\\\"\""
#define ERROR(code, message) "{\"error\":{\"code\":" #code ",\"message\":\"" message "\"}}"

static void ping_answers_200_with_nothing(void **state)
{
    static const exchange cases[] = {
        {"GET", "/ping", "", "", "", 200, NULL, ""},
        {"HEAD", "/ping", "", "", "", 200, NULL, ""},
        {"POST", "/ping", JSON, "image/png", "{", 200, NULL, ""},
        {"GET", "http://127.0.0.1:8080/ping", "", "", "", 200, NULL, ""},
        {"GET", "HTTPS://host/ping", "", "", "", 200, NULL, ""},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void other_paths_and_methods_are_refused(void **state)
{
    tiny_server *fix = *state;
    static const exchange cases[] = {
        {"GET", "/index.html", "", "", "", 404, JSON,
         ERROR(404,
               "\\\"/index.html\\\" is not served here; ask for GET /ping or POST /invocations")},
        {"GET", "/pin", "", "", "", 404, JSON,
         ERROR(404, "\\\"/pin\\\" is not served here; ask for GET /ping or POST /invocations")},
        {"GET", "http://host/x", "", "", "", 404, JSON,
         ERROR(404,
               "\\\"http://host/x\\\" is not served here; ask for GET /ping or POST /invocations")},
        {"POST", "", "", "", "", 404, JSON,
         ERROR(404, "\\\"\\\" is not served here; ask for GET /ping or POST /invocations")},
        {"DELETE", "/ping", "", "", "", 405, JSON,
         ERROR(405, "/ping: \\\"DELETE\\\" is not answered here; use GET, HEAD, POST")},
        {"GET", "/invocations", "", "", "", 405, JSON,
         ERROR(405, "/invocations: \\\"GET\\\" is not answered here; use POST")},
        {"POS", "/invocations", "", "", "", 405, JSON,
         ERROR(405, "/invocations: \\\"POS\\\" is not answered here; use POST")},
    };
    check(fix, cases, COUNT_OF(cases));
    assert_string_equal(fix->answer.allow, "POST");
    ask(fix, &cases[0]);
    assert_null(fix->answer.allow);
}

static void a_request_in_the_own_shape_gets_a_label(void **state)
{
    static const exchange cases[] = {
        {POST, JSON, "", "{\"input\": \"hot\"}", 200, JSON, "{\"result\": \"Warm\"}"},
        {POST, "Application/JSON; charset=UTF-8", "*/*", "{\"input\": \"ICE\"}", 200, JSON,
         "{\"result\": " COLD "}"},
        {POST, "", "", "{\"input\": \"hot\"}", 200, JSON, "{\"result\": \"Warm\"}"},
        {POST, "application/x-www-form-urlencoded", "", "{\"input\": \"hot\"}", 200, JSON,
         "{\"result\": \"Warm\"}"},
        {POST, JSON, "", "{\"input\": [\"hot\", \"ice\"]}", 200, JSON,
         "{\"result\": [\"Warm\", " COLD "]}"},
        {POST, JSON, "", "{\"input\": []}", 200, JSON, "{\"result\": []}"},
        {POST, JSON, TEXT, "{\"input\": [\"hot\", \"ice\"]}", 200, TEXT, "Warm\nCold, \"icy\"\n"},
        {POST, JSON, "text/csv, application/json", "{\"input\": \"ice\"}", 200, CSV,
         "\"Cold, \"\"icy\"\"\"\n"},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void lines_get_lines(void **state)
{
    static const exchange cases[] = {
        {POST, TEXT, "", "hot\nice\nhot", 200, TEXT, "Warm\nCold, \"icy\"\nWarm\n"},
        {POST, TEXT, "*/*", "hot\r\n", 200, TEXT, "Warm\n"},
        {POST, "application/octet-stream", "", "hot\nhot\n", 200, CSV, "Warm\nWarm\n"},
        {POST, CSV, "", "hot\nice\n", 200, CSV, "Warm\n\"Cold, \"\"icy\"\"\"\n"},
        {POST, CSV, "text/*", "\"hot\"", 200, CSV, "Warm\n"},
        {POST, CSV, TEXT, "ice, ice\n", 200, TEXT, "Cold, \"icy\"\n"},
        {POST, TEXT, "", "", 204, NULL, ""},
        {POST, CSV, JSON, "", 204, NULL, ""},
        {POST, CSV, "", "\n\n", 204, NULL, ""},
        {POST, "", "", "", 204, NULL, ""},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void what_is_wrong_is_said(void **state)
{
    tiny_server *fix = *state;
    static const exchange cases[] = {
        {POST, "image/png", "", "x", 415, JSON,
         ERROR(415, "Content-Type: \\\"image/png\\\" is not read here; send application/json, "
                    "application/jsonlines, text/plain, text/csv, text/libsvm or "
                    "application/x-recordio-protobuf")},
        {POST, "text/plain; charset=utf-16", "", "x", 415, JSON,
         ERROR(415,
               "Content-Type: charset \\\"utf-16\\\" is not read here; send UTF-8 or ISO-8859-1")},
        {POST, JSON, "image/png", "{\"input\": \"hot\"}", 406, JSON,
         ERROR(406, "Accept: \\\"image/png\\\" is not written here; ask for application/json, "
                    "application/jsonlines, text/plain, text/csv or "
                    "application/x-recordio-protobuf")},
        {POST, JSON, "", "", 400, JSON,
         ERROR(400, "the body is empty: expected JSON such as {\\\"input\\\": …}")},
        {POST, JSON, "", "{\"x\": 1}", 400, JSON,
         ERROR(400, "no \\\"input\\\": expected {\\\"input\\\": \\\"text\\\"} or "
                    "{\\\"instances\\\": [\\\"text\\\", …]}")},
        {POST, JSON, "", "{\"input\": [\"hot\", 5]}", 400, JSON,
         ERROR(400, "input[1] is a number: expected a string")},
        {POST, JSON, TEXT, "{\"input\"", 400, JSON,
         ERROR(400, "line 1, column 9: this is not JSON: expected ':', found the end")},
        {POST, CSV, "", "hot\n\"a\",b\n", 400, JSON,
         ERROR(400, "line 2: 2 fields, expected one: put the whole text in one pair of quotes")},
    };
    check(fix, cases, COUNT_OF(cases));
    serve_request packed = {.method = TML_STR("POST"),
                            .path = TML_STR("/invocations"),
                            .content_encoding = TML_STR("br"),
                            .body = TML_STR("hot")};
    serve_route(fix->lane, &(serve_call){&packed, &fix->answer}, 1);
    assert_int_equal(fix->answer.status, 415);
}

/* Who sent no type learns what the body was taken for, and what to do. */
static void a_type_that_was_guessed_is_told(void **state)
{
#define NOT_JSON                                                                             \
    "{\"error\":{\"code\":400,\"message\":\"line 1, column 2: this is not JSON: expected a " \
    "value, found 't'"
    static const exchange cases[] = {
        {"POST", "/invocations", "", "", "[the] hot", 400, "application/json",
         NOT_JSON "; a body that is not JSON needs its Content-Type, such as text/plain\"}}"},
        {"POST", "/invocations", "application/octet-stream", "", "[the] hot", 400,
         "application/json",
         NOT_JSON "; a body that is not JSON needs its Content-Type, such as text/plain\"}}"},
        {"POST", "/invocations", "application/json", "", "[the] hot", 400, "application/json",
         NOT_JSON "\"}}"},
        {"POST", "/invocations", "", "", "\"the\" hot", 400, "application/json",
         "{\"error\":{\"code\":400,\"message\":\"line 1, field 1: text behind a closing quote, "
         "expected the "
         "line's end (a quote inside a quoted text is written twice)\"}}"},
        /* JSON over several lines, with a comma too many in the last but one */
        {"POST", "/invocations", "", "", "{\n \"input\": \"hot\",\n}\n", 400, "application/json",
         "{\"error\":{\"code\":400,\"message\":\"line 1, column 2: this is not JSON: expected a "
         "key in "
         "quotes, found the end; the body is read as JSON Lines, since as a whole it is not JSON: "
         "send its Content-Type, such as application/json or text/plain\"}}"},
    };
    check(*state, cases, COUNT_OF(cases));
}

static void the_environment_may_choose_the_answers_type(void **state)
{
    tiny_server *fix = *state;
    static const exchange cases[] = {
        {POST, JSON, "", "{\"input\": \"hot\"}", 200, CSV, "Warm\n"},
        {POST, TEXT, "*/*", "hot", 200, CSV, "Warm\n"},
        {POST, JSON, JSON, "{\"input\": \"hot\"}", 200, JSON, "{\"result\": \"Warm\"}"},
    };
    fix->server.settings.has_default_accept = true;
    fix->server.settings.default_accept = SM_CSV;
    check(fix, cases, COUNT_OF(cases));
    fix->server.settings.has_default_accept = false;
}

/* ---- scores ---- */

/* The prediction that a body must hold for a text, by a session of the test's own. */
static void append_prediction(tiny_server *fix, const char *text, bool probabilities, tmli_buf *out)
{
    tml_session *session = NULL;
    double scores[2];
    const tml_str str = tmli_str(text);
    serve_model *held = serve_models_hold_current(&fix->server.models);
    if (held == NULL) {
        fail_msg("no model");
        return;
    }
    const tml_model *model = serve_model_of(held);
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, &str, 1, scores, NULL), TML_OK);
    tml_session_free(session);
    const size_t best = tml_best(scores, 2);
    tmli_buf_append_text(out, "{\"label\": ");
    tmli_json_string(out, tml_model_label(model, best));
    tmli_buf_append_text(out, ", \"score\": ");
    tmli_json_float(out, (float)scores[best]);
    for (size_t i = 0; probabilities && i < 2; i++) {
        tmli_buf_append_text(out, i == 0 ? ", \"probabilities\": {" : ", ");
        tmli_json_string(out, tml_model_label(model, i));
        tmli_buf_append_text(out, ": ");
        tmli_json_float(out, (float)scores[i]);
    }
    tmli_buf_append_text(out, probabilities ? "}}" : "}");
    serve_models_let_go(&fix->server.models, held);
}

static void general_shapes_get_predictions(void **state)
{
    tiny_server *fix = *state;
    static const exchange cases[] = {
        {POST, JSON, "", "{\"instances\": [\"hot\", \"ice\"]}", 0, NULL, NULL},
        {POST, JSON, "", "{\"inputs\": [\"hot\", {\"text\": \"ice\"}]}", 0, NULL, NULL},
        {POST, JSON, "", "[\"hot\", [\"ice\"]]", 0, NULL, NULL},
        {POST, TEXT, JSON, "hot\nice\n", 0, NULL, NULL},
        {POST, CSV, JSON, "hot\n\"ice\"\n", 0, NULL, NULL},
    };
    tmli_buf want = {0};
    tmli_buf_append_text(&want, "{\"predictions\": [");
    append_prediction(fix, "hot", false, &want);
    tmli_buf_append_text(&want, ", ");
    append_prediction(fix, "ice", false, &want);
    tmli_buf_append_text(&want, "]}");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        exchange ex = cases[i];
        ex.status = 200;
        ex.type = JSON;
        ex.want = tmli_buf_cstr(&want);
        check(fix, &ex, 1);
    }
    const exchange none = {
        POST, JSON, "", "{\"instances\": []}", 200, JSON, "{\"predictions\": []}"};
    check(fix, &none, 1);
    tmli_buf_deinit(&want);
}

static void probabilities_come_when_asked_for(void **state)
{
    tiny_server *fix = *state;
    tmli_buf want = {0};
    tmli_buf_append_text(&want, "{\"predictions\": [");
    append_prediction(fix, "ice", true, &want);
    tmli_buf_append_text(&want, "]}");
    const char *bodies[] = {"{\"input\": \"ice\", \"probabilities\": true}",
                            "{\"instances\": [\"ice\"], \"probabilities\": true}",
                            "{\"probabilities\": true, \"input\": [\"ice\"]}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        const exchange ex = {POST, JSON, "", bodies[i], 200, JSON, tmli_buf_cstr(&want)};
        check(fix, &ex, 1);
    }
    tmli_buf_deinit(&want);
}

static void json_lines_hold_a_prediction_each(void **state)
{
    tiny_server *fix = *state;
    tmli_buf want = {0};
    append_prediction(fix, "hot", false, &want);
    tmli_buf_append_byte(&want, '\n');
    append_prediction(fix, "ice", false, &want);
    tmli_buf_append_byte(&want, '\n');
    const exchange cases[] = {
        {POST, TEXT, LINES, "hot\nice\n", 200, LINES, tmli_buf_cstr(&want)},
        {POST, JSON, LINES, "{\"input\": [\"hot\", \"ice\"]}", 200, LINES, tmli_buf_cstr(&want)},
    };
    check(fix, cases, COUNT_OF(cases));
    tmli_buf_deinit(&want);
}

/* More rows than are scored at a time, so that chunks must be joined without a seam. */
static void many_rows_are_answered_in_order(void **state)
{
    tiny_server *fix = *state;
    enum {
        N_ROWS = 3 * SERVE_CHUNK_ROWS
    };
    tmli_buf body = {0};
    tmli_buf want = {0};
    for (size_t i = 0; i < N_ROWS; i++) {
        const bool is_hot = i % 3 == 0;
        tmli_buf_append_text(&body, is_hot ? "hot\n" : "ice\n");
        tmli_buf_append_text(&want, is_hot ? "Warm\n" : "Cold, \"icy\"\n");
        const bool edge = i % SERVE_CHUNK_ROWS < 2 || i + 2 > N_ROWS;
        if (edge) {
            const exchange ex = {
                POST, TEXT, "", tmli_buf_cstr(&body), 200, TEXT, tmli_buf_cstr(&want)};
            check(fix, &ex, 1);
        }
    }
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&want);
}

/* ---- limits and failures ---- */

static void a_large_body_is_refused_with_the_limit(void **state)
{
    tiny_server *fix = *state;
    serve_request request = {.method = TML_STR("POST"), .path = TML_STR("/invocations")};
    serve_refuse_body(fix->lane, &request, &fix->answer);
    assert_int_equal(fix->answer.status, 413);
    assert_string_equal(tmli_buf_cstr(&fix->answer.body),
                        ERROR(413, "the body is larger than 1000 bytes; send fewer rows in a "
                                   "request, or start serve with a larger --max-body"));
    assert_true(serve_reads_body(TML_STR("POST"), TML_STR("/invocations")));
    assert_false(serve_reads_body(TML_STR("GET"), TML_STR("/invocations")));
    assert_false(serve_reads_body(TML_STR("POST"), TML_STR("/ping")));
    assert_false(serve_reads_body(TML_STR("POST"), TML_STR("/")));
}

static void a_model_that_cannot_be_loaded_is_503(void **state)
{
    tiny_server *fix = *state;
    tiny_server broken = {.model = tmpdir_path(fix->dir, "nowhere")};
    assert_int_equal(serve_server_open(&broken.server, broken.model, NULL, NULL), TML_OK);
    serve_server_verify(&broken.server);
    broken.lane = serve_lane_create(&broken.server);
    assert_non_null(broken.lane);
    tmli_buf want = {0};
    tmli_buf_printf(
        &want,
        ERROR(503,
              "%s/textml.json: no such file; a model's directory is one that train has written"),
        broken.model);
    const exchange cases[] = {
        {"GET", "/ping", "", "", "", 503, JSON, tmli_buf_cstr(&want)},
        {POST, JSON, "", "{\"input\": \"hot\"}", 503, JSON, tmli_buf_cstr(&want)},
    };
    check(&broken, cases, COUNT_OF(cases));
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&broken.answer.body);
    serve_server_close(&broken.server);
    free(broken.model);
}

static void flip_a_byte_in_the_middle(const char *path)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -5, SEEK_END), 0);
    const int byte = fgetc(file);
    assert_int_equal(fseek(file, -5, SEEK_END), 0);
    assert_int_not_equal(fputc(byte ^ 1, file), EOF);
    assert_int_equal(fclose(file), 0);
}

static void an_altered_model_is_503(void **state)
{
    tiny_server *fix = *state;
    tiny_server broken = {.model = tmpdir_path(fix->dir, "altered")};
    tiny_server_train(fix->dir, broken.model);
    char *tensors = tmpdir_path(broken.model, "model.safetensors");
    flip_a_byte_in_the_middle(tensors);
    assert_int_equal(serve_server_open(&broken.server, broken.model, NULL, NULL), TML_OK);
    broken.lane = serve_lane_create(&broken.server);
    assert_non_null(broken.lane);
    const exchange ping = {"GET", "/ping", "", "", "", 0, NULL, NULL};
    ask(&broken, &ping);
    assert_int_equal(broken.answer.status, 200); /* nobody has looked yet */
    serve_server_verify(&broken.server);
    ask(&broken, &ping);
    assert_int_equal(broken.answer.status, 503);
    assert_non_null(strstr(tmli_buf_cstr(&broken.answer.body), "altered since it was written"));
    tmli_buf_deinit(&broken.answer.body);
    serve_server_close(&broken.server);
    free(tensors);
    free(broken.model);
}

static void without_memory_the_answer_is_503_and_the_next_one_right(void **state)
{
    tiny_server *fix = *state;
    static const exchange cases[] = {
        {POST, JSON, "", "{\"input\": \"hot\"}", 200, JSON, "{\"result\": \"Warm\"}"},
        {POST, CSV, JSON, "", 204, NULL, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        unsigned status = 0;
        for (size_t nth = 0; status != cases[i].status; nth++) {
            serve_lane *lane = serve_lane_create(&fix->server); /* without a session yet */
            assert_non_null(lane);
            tiny_server fresh = {.lane = lane};
            fail_allocation(nth);
            ask(&fresh, &cases[i]);
            fail_allocation(NEVER);
            status = fresh.answer.status;
            assert_true(status == cases[i].status || status == 503);
            check(&fresh, &cases[i], 1); /* the lane is as good as before */
            tmli_buf_deinit(&fresh.answer.body);
        }
    }
}

/* ---- several requests at once ---- */

static void requests_that_are_scored_together_get_the_answers_that_they_get_alone(void **state)
{
    tiny_server *fix = *state;
    char lines[3 * (SERVE_CHUNK_ROWS + 7)]; /* more texts than are scored at a time */
    for (size_t i = 0; i + 3 <= sizeof(lines); i += 3) {
        memcpy(lines + i, i % 2 == 0 ? "on\n" : "ho\n", 3);
    }
    serve_request requests[] = {
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .body = TML_STR("{\"input\": \"hot\"}")},
        {.method = TML_STR("GET"), .path = TML_STR("/ping")},
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .body = TML_STR("{\"input\": 7}")},
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .content_type = TML_STR(CSV),
         .body = {lines, sizeof(lines)}},
        {.method = TML_STR("POST"), .path = TML_STR("/elsewhere")},
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .body = TML_STR("{\"instances\": [\"cold\", \"hot\", 1]}")},
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .body = TML_STR("{\"instances\": [\"cold\"], \"probabilities\": true}")},
        {.method = TML_STR("POST"),
         .path = TML_STR("/invocations"),
         .content_type = TML_STR(JSON),
         .accept = TML_STR("image/png"),
         .body = TML_STR("{\"input\": \"hot\"}")},
    };
    serve_answer together[COUNT_OF(requests)] = {0};
    serve_call calls[COUNT_OF(requests)];
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        calls[i] = (serve_call){&requests[i], &together[i]};
    }
    serve_route(fix->lane, calls, COUNT_OF(requests));
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        serve_route(fix->lane, &(serve_call){&requests[i], &fix->answer}, 1);
        assert_int_equal(together[i].status, fix->answer.status);
        assert_ptr_equal(together[i].content_type, fix->answer.content_type);
        assert_int_equal(together[i].body.len, fix->answer.body.len);
        if (together[i].body.len > 0) {
            assert_memory_equal(together[i].body.data, fix->answer.body.data, fix->answer.body.len);
        }
        tmli_buf_deinit(&together[i].body);
    }
}

/* All paths that are answered are in the document, and no others; * is {name} there. */
static void the_document_has_every_route(void **state)
{
    tiny_server *fix = *state;
    for (size_t many = 0; many < 2; many++) {
        tmli_arena arena;
        const tmli_value *root = NULL;
        size_t n_found = 0;
        tmli_arena_init(&arena, 65536, 0);
        fix->server.settings.is_multi_model = many == 1;
        ask(fix, &(exchange){"GET", "/openapi.json", "", "", "", 200, NULL, NULL});
        assert_int_equal(tmli_json_parse(tmli_buf_str(&fix->answer.body), &arena, &root, NULL),
                         TML_OK);
        const tmli_value *paths = tmli_value_get(root, "paths");
        for (size_t i = 1; !tmli_str_eq_text(serve_route_pattern(i), "other"); i++) {
            const tml_str pattern = serve_route_pattern(i);
            const size_t star = tmli_str_find(pattern, "*");
            char path[64];
            if (star == SIZE_MAX) {
                (void)snprintf(path, sizeof path, "%s", pattern.data);
            } else {
                (void)snprintf(path, sizeof path, "%.*s{name}%s", (int)star, pattern.data,
                               pattern.data + star + 1);
            }
            const bool is_of_many = tmli_str_starts(pattern, "/models");
            if ((tmli_value_get(paths, path) != NULL) != (many == 1 || !is_of_many)) {
                fail_msg("%s, many %zu", path, many);
            }
            n_found += tmli_value_get(paths, path) != NULL;
        }
        assert_int_equal(n_found, paths->n);
        tmli_arena_deinit(&arena);
    }
    fix->server.settings.is_multi_model = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ping_answers_200_with_nothing),
        cmocka_unit_test(other_paths_and_methods_are_refused),
        cmocka_unit_test(a_request_in_the_own_shape_gets_a_label),
        cmocka_unit_test(lines_get_lines),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(a_type_that_was_guessed_is_told),
        cmocka_unit_test(the_environment_may_choose_the_answers_type),
        cmocka_unit_test(general_shapes_get_predictions),
        cmocka_unit_test(probabilities_come_when_asked_for),
        cmocka_unit_test(json_lines_hold_a_prediction_each),
        cmocka_unit_test(many_rows_are_answered_in_order),
        cmocka_unit_test(a_large_body_is_refused_with_the_limit),
        cmocka_unit_test(the_document_has_every_route),
        cmocka_unit_test(a_model_that_cannot_be_loaded_is_503),
        cmocka_unit_test(an_altered_model_is_503),
        cmocka_unit_test(requests_that_are_scored_together_get_the_answers_that_they_get_alone),
        cmocka_unit_test(without_memory_the_answer_is_503_and_the_next_one_right),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
