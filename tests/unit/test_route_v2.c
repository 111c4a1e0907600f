/* The Open Inference Protocol: what is understood, what is refused, and with which words. */
#include "serve/route_v2.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "serve/coding.h"
#include "support/alloc_fail.h"
#include "support/tiny_server.h"

#define INFER "/v2/models/weather/infer"
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void ask(tiny_server *fix, const char *method, const char *path, const char *body)
{
    serve_request request = {
        .method = tmli_str(method), .path = tmli_str(path), .body = tmli_str(body)};
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
}

static void assert_says(tiny_server *fix, unsigned status, const char *body)
{
    if (fix->answer.status != status || !tmli_str_eq_text(tmli_buf_str(&fix->answer.body), body)) {
        fail_msg("got %u %s\nwant %u %s", fix->answer.status, tmli_buf_cstr(&fix->answer.body),
                 status, body);
    }
    assert_string_equal(fix->answer.content_type, "application/json");
}

static void the_server_and_its_models_are_described(void **state)
{
    tiny_server *fix = *state;
    ask(fix, "GET", "/v2/health/live", "");
    assert_says(fix, 200, "{\"live\":true}");
    ask(fix, "GET", "/v2/health/ready", "");
    assert_says(fix, 200, "{\"ready\":true}");
    ask(fix, "GET", "/v2/models/weather/ready", "");
    assert_says(fix, 200, "{\"ready\":true}");
    ask(fix, "GET", "/v2/models/weather", "");
    assert_says(fix, 200,
                "{\"name\":\"weather\",\"versions\":[],\"platform\":\"textml\",\"inputs\":[{"
                "\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[-1]}],\"outputs\":[{\"name\":"
                "\"label\",\"datatype\":\"BYTES\",\"shape\":[-1]},{\"name\":\"scores\",\"datatype\""
                ":\"FP64\",\"shape\":[-1,2],\"parameters\":{\"labels\":[\"Warm\",\"Cold, "
                "\\\"icy\\\"\"]}}]}");
    ask(fix, "GET", "/v2/models/other", "");
    assert_says(fix, 404, "{\"error\":\"the model \\\"other\\\" is not loaded\"}");
    ask(fix, "GET", "/v2/models/other/ready", "");
    assert_int_equal(fix->answer.status, 404);
    ask(fix, "POST", "/v2/models/other/infer", "{}");
    assert_int_equal(fix->answer.status, 404);
}

static void without_a_model_it_lives_but_is_not_ready(void **state)
{
    (void)state;
    tiny_server none = {0};
    assert_int_equal(serve_server_open(&none.server, "/nowhere", NULL, NULL), TML_OK);
    none.lane = serve_lane_create(&none.server);
    assert_non_null(none.lane);
    ask(&none, "GET", "/v2/health/live", "");
    assert_says(&none, 200, "{\"live\":true}");
    ask(&none, "GET", "/v2/health/ready", "");
    assert_says(&none, 503,
                "{\"error\":\"/nowhere/textml.json: no such file; a model's directory is one that "
                "train has written\"}");
    ask(&none, "POST", "/v2/models/default/infer", "{}");
    assert_int_equal(none.answer.status, 503);
    none.server.settings.is_multi_model = true;
    ask(&none, "GET", "/v2/health/ready", "");
    assert_says(&none, 200, "{\"ready\":true}");
    tmli_buf_deinit(&none.answer.body);
    serve_server_close(&none.server);
}

/* ---- inference ---- */

#define TENSOR(shape, data) \
    "{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":" shape ",\"data\":" data "}"
#define LABELS                                                                             \
    "{\"name\":\"label\",\"datatype\":\"BYTES\",\"shape\":[2],\"data\":[\"Warm\",\"Cold, " \
    "\\\"icy\\\"\"]}"

static void labels_come_in_the_texts_order(void **state)
{
    static const char *const inputs[] = {
        TENSOR("[2]", "[\"hot\",\"ice\"]"),
        TENSOR("[2,1]", "[\"hot\",\"ice\"]"),
        TENSOR("[2,1]", "[[\"hot\"],[\"ice\"]]"),
    };
    tiny_server *fix = *state;
    for (size_t i = 0; i < COUNT_OF(inputs); i++) {
        char body[256];
        (void)snprintf(body, sizeof body,
                       "{\"id\":\"a\\\"b\",\"inputs\":[%s],\"outputs\":[{\"name\":\"label\"}]}",
                       inputs[i]);
        ask(fix, "POST", INFER, body);
        assert_says(fix, 200,
                    "{\"model_name\":\"weather\",\"id\":\"a\\\"b\",\"outputs\":[" LABELS "]}");
        assert_int_equal(fix->answer.n_rows, 2);
    }
    ask(fix, "POST", INFER,
        "{\"inputs\":[" TENSOR("[0]", "[]") "],\"outputs\":[{\"name\":\"label\"}]}");
    assert_says(fix, 200,
                "{\"model_name\":\"weather\",\"outputs\":[{\"name\":\"label\",\"datatype\":"
                "\"BYTES\",\"shape\":[0],\"data\":[]}]}");
}

/* Scores are the session's own, row by row, in the labels' order; more rows than are scored at a time. */
static void scores_are_those_of_the_model(void **state)
{
    enum {
        N_ROWS = 2 * SERVE_CHUNK_ROWS + 3
    };
    tiny_server *fix = *state;
    tmli_buf data = {0};
    tmli_buf body = {0};
    tml_str texts[N_ROWS];
    static double scores[N_ROWS][2];
    for (size_t i = 0; i < N_ROWS; i++) {
        texts[i] = i % 3 == 0 ? TML_STR("ice") : TML_STR("hot");
        tmli_buf_printf(&data, "%s\"%s\"", i > 0 ? "," : "", texts[i].data);
    }
    tmli_buf_printf(&body, "{\"inputs\":[" TENSOR("[%d]", "[%s]") "]}", N_ROWS,
                    tmli_buf_cstr(&data));
    ask(fix, "POST", "/v2/models/default/infer", tmli_buf_cstr(&body));
    assert_int_equal(fix->answer.status, 200);
    serve_model *held = serve_models_hold_current(&fix->server.models);
    tml_session *session = NULL;
    assert_int_equal(tml_session_create(serve_model_of(held), &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, texts, N_ROWS, &scores[0][0], NULL), TML_OK);
    tml_session_free(session);
    serve_models_let_go(&fix->server.models, held);
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *root = NULL;
    assert_int_equal(tmli_json_parse(tmli_buf_str(&fix->answer.body), &arena, &root, NULL), TML_OK);
    const tmli_value *outputs = tmli_value_get(root, "outputs");
    assert_int_equal(outputs->n, 2);
    const tmli_value *got = tmli_value_get(outputs->first->next, "data");
    assert_int_equal(got->n, 2 * N_ROWS);
    const tmli_value *item = got->first;
    for (size_t i = 0; i < 2 * (size_t)N_ROWS; i++, item = item->next) {
        assert_true((float)item->number == (float)scores[i / 2][i % 2]);
    }
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&data);
    tmli_buf_deinit(&body);
}

static void what_is_wrong_is_said(void **state)
{
    static const struct {
        const char *body, *sentence;
    } cases[] = {
        {"", "line 1, column 1: this is not JSON: expected a value, found the end"},
        {"[]", "the body is a list: expected {\\\"inputs\\\": [{\\\"name\\\": \\\"text\\\", …}]}"},
        {"{}", "inputs: expected a list of one tensor, the texts"},
        {"{\"inputs\":[]}", "inputs: expected a list of one tensor, the texts"},
        {"{\"inputs\":[1]}", "inputs: expected a list of one tensor, the texts"},
        {"{\"id\":1}", "id is a number: expected a string"},
        {"{\"inputs\":[{\"datatype\":\"FP64\"}]}",
         "inputs[0].datatype: expected \\\"BYTES\\\", for texts"},
        {"{\"inputs\":[{\"datatype\":\"BYTES\"}]}",
         "inputs[0].data is nothing: expected a list of strings; binary data are not read"},
        {"{\"inputs\":[{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[1],\"parameters\":{"
         "\"binary_data_"
         "size\":5}}]}\1",
         "binary tensors are not read; send the texts in \\\"data\\\" "
         "(binary_data=False)"},
        {"{\"inputs\":[" TENSOR("[1]", "[1]") "]}",
         "inputs[0].data[0] is a number: expected a string"},
        {"{\"inputs\":[" TENSOR("[2]", "[[\"a\"],\"b\"]") "]}",
         "inputs[0].data[1] is a string: expected a list of one string, as the first"},
        {"{\"inputs\":[" TENSOR("[2]", "[\"a\",[\"b\"]]") "]}",
         "inputs[0].data[1] is a list: expected a string"},
        {"{\"inputs\":[" TENSOR("[1]", "[[\"a\",\"b\"]]") "]}",
         "inputs[0].data[0] is a list: expected a list of one string, as the first"},
        {"{\"inputs\":[" TENSOR("[2]", "[\"a\"]") "]}",
         "inputs[0].shape: says 2 rows, but \\\"data\\\" holds 1"},
        {"{\"inputs\":[" TENSOR("[1,2]", "[\"a\"]") "]}",
         "inputs[0].shape: expected [rows] or [rows, 1]"},
        {"{\"inputs\":[" TENSOR("[]", "[\"a\"]") "]}",
         "inputs[0].shape: expected [rows] or [rows, 1]"},
        {"{\"outputs\":[{\"name\":\"x\"}]}",
         "outputs: there are \\\"label\\\" and \\\"scores\\\", and no others"},
        {"{\"outputs\":\"x\"}", "outputs is a string: expected a list"},
    };
    tiny_server *fix = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char want[256];
        ask(fix, "POST", INFER, cases[i].body);
        (void)snprintf(want, sizeof want, "{\"error\":\"%s\"}", cases[i].sentence);
        assert_says(fix, 400, want);
    }
}

/* Below /v2 refusals that no model was asked about have the protocol's shape as well. */
static void refusals_have_one_shape(void **state)
{
    tiny_server *fix = *state;
    ask(fix, "PUT", INFER, "");
    assert_says(fix, 405,
                "{\"error\":\"/v2/models/*/infer: \\\"PUT\\\" is not answered here; use POST\"}");
    ask(fix, "GET", "/v2/models/weather/versions/1", "");
    assert_int_equal(fix->answer.status, 404);
    assert_memory_equal(tmli_buf_cstr(&fix->answer.body), "{\"error\":\"", 10);
    serve_request request = {.method = TML_STR("POST"), .path = TML_STR(INFER)};
    serve_refuse_body(fix->lane, &request, &fix->answer);
    assert_says(fix, 413,
                "{\"error\":\"the body is larger than 1000 bytes; send fewer rows in a request, or "
                "start serve with a larger --max-body\"}");
    ask(fix, "GET", "/v2x", "");
    assert_memory_equal(tmli_buf_cstr(&fix->answer.body), "{\"error\":{", 10);
}

static void what_is_null_is_left_out(void **state)
{
    tiny_server *fix = *state;
    ask(fix, "POST", INFER,
        "{\"id\":null,\"parameters\":null,\"outputs\":null,\"inputs\":[" TENSOR("[1]",
                                                                                "[\"hot\"]") "]}");
    assert_int_equal(fix->answer.status, 200);
    assert_null(strstr(tmli_buf_cstr(&fix->answer.body), "\"id\""));
    assert_non_null(strstr(tmli_buf_cstr(&fix->answer.body), "\"scores\""));
}

/* Those of the server hold here as they do for /invocations. */
static void too_many_rows_and_long_ones_are_refused(void **state)
{
    tiny_server *fix = *state;
    serve_settings *settings = &fix->server.settings;
    const serve_settings before = *settings;
    settings->max_rows = 1;
    settings->max_row_bytes = 3;
    ask(fix, "POST", INFER, "{\"inputs\":[" TENSOR("[1]", "[\"hot\"]") "]}");
    assert_int_equal(fix->answer.status, 200);
    ask(fix, "POST", INFER, "{\"inputs\":[" TENSOR("[2]", "[\"hot\",\"ice\"]") "]}");
    assert_says(fix, 413,
                "{\"error\":\"inputs[0].data: 2 rows, expected at most 1; send fewer rows in a "
                "request\"}");
    ask(fix, "POST", INFER, "{\"inputs\":[" TENSOR("[1]", "[\"iced\"]") "]}");
    assert_says(fix, 413,
                "{\"error\":\"inputs[0].data[0]: a text of 4 bytes, expected at most 3; shorten "
                "it\"}");
    *settings = before;
}

/* Bodies come and go packed as they do on /invocations. */
static void bodies_may_be_packed(void **state)
{
    enum {
        N_ROWS = 200
    };
    tiny_server *fix = *state;
    tmli_buf data = {0};
    tmli_buf body = {0};
    tmli_buf plain = {0};
    for (size_t i = 0; i < N_ROWS; i++) {
        tmli_buf_append_text(&data, i > 0 ? ",\"hot\"" : "\"hot\"");
    }
    tmli_buf_printf(&body, "{\"inputs\":[" TENSOR("[%d]", "[%s]") "]}", N_ROWS,
                    tmli_buf_cstr(&data));
    ask(fix, "POST", INFER, tmli_buf_cstr(&body));
    assert_int_equal(fix->answer.status, 200);
    assert_false(fix->answer.is_gzip);
    tmli_buf_append_str(&plain, tmli_buf_str(&fix->answer.body));
    assert_true(serve_pack_body(&body));
    serve_request request = {.method = TML_STR("POST"),
                             .path = TML_STR(INFER),
                             .content_encoding = TML_STR("gzip"),
                             .accept_encoding = TML_STR("gzip"),
                             .body = tmli_buf_str(&body)};
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    assert_says(fix, 413,
                "{\"error\":\"the body unpacks to more than 1000 bytes; send fewer rows in a "
                "request, or start serve with a larger --max-body\"}");
    fix->server.settings.max_body = 1 << 20;
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    assert_int_equal(fix->answer.status, 200);
    assert_true(fix->answer.is_gzip);
    tmli_buf_reset(&data);
    tml_str answer = tmli_buf_str(&fix->answer.body);
    assert_int_equal(serve_unpack_body(TML_STR("gzip"), 1 << 20, &data, &answer, NULL), 200);
    assert_true(tmli_str_eq(answer, tmli_buf_str(&plain)));
    request.body.len -= 9;
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    assert_says(fix, 400, "{\"error\":\"body: the gzip data are cut short\"}");
    request.content_encoding = TML_STR("br");
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    assert_int_equal(fix->answer.status, 415);
    fix->server.settings.max_body = 1000;
    tmli_buf_deinit(&data);
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&plain);
}

static void without_memory_the_answer_is_503(void **state)
{
    tiny_server *fix = *state;
    for (size_t nth = 0;; nth++) {
        tmli_buf_deinit(&fix->answer.body);
        fail_allocation(nth);
        ask(fix, "POST", INFER, "{\"inputs\":[" TENSOR("[1]", "[\"hot\"]") "]}");
        fail_allocation(NEVER);
        if (fix->answer.status == 200) {
            break;
        }
        assert_int_equal(fix->answer.status, 503);
    }
    labels_come_in_the_texts_order(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_and_its_models_are_described),
        cmocka_unit_test(without_a_model_it_lives_but_is_not_ready),
        cmocka_unit_test(labels_come_in_the_texts_order),
        cmocka_unit_test(scores_are_those_of_the_model),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(refusals_have_one_shape),
        cmocka_unit_test(what_is_null_is_left_out),
        cmocka_unit_test(too_many_rows_and_long_ones_are_refused),
        cmocka_unit_test(bodies_may_be_packed),
        cmocka_unit_test(without_memory_the_answer_is_503),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
