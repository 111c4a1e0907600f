/* Long requests in slices: the same bytes as at once, in pieces, packed, given up. */
#include "serve/invoke.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "serve/aside.h"
#include "serve/coding.h"
#include "support/alloc_fail.h"
#include "support/tiny_server.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    MANY_ROWS = 10000 /* several slices */
};

static tmli_buf make_lines(size_t n)
{
    static const char *const words[] = {"hot\n", "ice\n", "hot hot ice\n", "\n", "hot ice ice\r\n"};
    tmli_buf lines = {0};
    for (size_t i = 0; i < n; i++) {
        tmli_buf_append_text(&lines, words[i % COUNT_OF(words)]);
    }
    assert_false(lines.failed);
    return lines;
}

static tmli_buf make_json(size_t n)
{
    tmli_buf body = {0};
    tmli_buf_append_text(&body, "{\"instances\": [");
    for (size_t i = 0; i < n; i++) {
        tmli_buf_append_text(&body, i > 0 ? ", " : "");
        tmli_buf_append_text(&body, i % 3 == 0 ? "\"hot\"" : "{\"text\": \"ice \\u00e9\"}");
    }
    tmli_buf_append_text(&body, "]}");
    assert_false(body.failed);
    return body;
}

/* What a long request has come to. */
typedef struct outcome {
    serve_answer answer;
    tmli_buf pieces;
    size_t n_slices;
    size_t n_pieces;
    bool is_broken;
} outcome;

static void outcome_deinit(outcome *out)
{
    tmli_buf_deinit(&out->answer.body);
    tmli_buf_deinit(&out->pieces);
}

/* Takes the body. */
static void run_slices(tiny_server *fix, serve_request *request, tmli_buf *body, outcome *out)
{
    *out = (outcome){0};
    request->method = TML_STR("POST");
    request->path = TML_STR("/invocations");
    request->body = tmli_buf_str(body);
    const serve_call call = {request, &out->answer};
    serve_invocation *invocation = serve_route_long(fix->lane, &call, body);
    bool goes_on = invocation != NULL;
    while (goes_on) {
        out->n_slices++;
        switch (serve_invocation_step(invocation)) {
        case SERVE_SLICE_MORE: break;
        case SERVE_SLICE_PIECE:
            assert_true(out->answer.body.len > 0);
            assert_int_equal(out->answer.status, 200);
            assert_non_null(out->answer.content_type);
            tmli_buf_append_str(&out->pieces, tmli_buf_str(&out->answer.body));
            tmli_buf_reset(&out->answer.body);
            out->n_pieces++;
            break;
        case SERVE_SLICE_BROKEN:
            out->is_broken = true;
            goes_on = false;
            break;
        case SERVE_SLICE_DONE: goes_on = false; break;
        }
    }
    if (invocation != NULL) {
        assert_null(body->data); /* given back before the answer is sent */
    }
    serve_invocation_end(invocation);
    tmli_buf_append_str(&out->pieces, tmli_buf_str(&out->answer.body));
    tmli_buf_deinit(body);
}

static void run_at_once(tiny_server *fix, serve_request *request, tml_str body)
{
    request->method = TML_STR("POST");
    request->path = TML_STR("/invocations");
    request->body = body;
    serve_route(fix->lane, &(serve_call){request, &fix->answer}, 1);
}

static void slices_answer_as_all_at_once(void **state)
{
    tiny_server *fix = *state;
    static const char *const accepts[] = {"text/csv", "text/plain", "application/json",
                                          "application/jsonlines"};
    for (size_t i = 0; i < 2 * COUNT_OF(accepts); i++) {
        const bool is_json = i % 2 == 1;
        tmli_buf body = is_json ? make_json(MANY_ROWS) : make_lines(MANY_ROWS);
        serve_request request = {.content_type =
                                     is_json ? TML_STR("application/json") : TML_STR("text/csv"),
                                 .accept = tmli_str(accepts[i / 2])};
        outcome got;
        serve_request same = request;
        run_at_once(fix, &same, tmli_buf_str(&body));
        run_slices(fix, &request, &body, &got);
        assert_int_equal(fix->answer.status, 200);
        assert_int_equal(got.answer.status, 200);
        assert_string_equal(got.answer.content_type, fix->answer.content_type);
        assert_true(tmli_str_eq(tmli_buf_str(&got.answer.body), tmli_buf_str(&fix->answer.body)));
        assert_int_equal(got.n_pieces, 0);
        outcome_deinit(&got);
    }
}

static void what_is_wrong_is_answered_as_all_at_once(void **state)
{
    tiny_server *fix = *state;
    static const struct {
        serve_request request;
        const char *body;
        unsigned status;
    } cases[] = {
        {{.content_type = {"text/csv", 8}}, "", 204},
        {{.content_type = {"application/json", 16}}, "", 400},
        {{.content_type = {"application/json", 16}}, "{\"instances\": [\"hot\", 1]}", 400},
        {{.content_type = {"image/png", 9}}, "hot", 415},
        {{.accept = {"image/png", 9}}, "hot", 406},
        {{.content_encoding = {"br", 2}}, "hot", 415},
        {{.content_encoding = {"gzip", 4}}, "hot", 400},
        {{.query = {"k=0", 3}}, "hot", 400},
        {{.ask_explain = {"x", 1}}, "hot", 400},
        {{.model = {"other", 5}}, "hot", 404},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf body = {0};
        serve_request request = cases[i].request;
        serve_request same = request;
        outcome got;
        tmli_buf_append_text(&body, cases[i].body);
        run_at_once(fix, &same, tmli_buf_str(&body));
        run_slices(fix, &request, &body, &got);
        assert_int_equal(fix->answer.status, cases[i].status);
        assert_int_equal(got.answer.status, cases[i].status);
        assert_true(tmli_str_eq(tmli_buf_str(&got.answer.body), tmli_buf_str(&fix->answer.body)));
        assert_false(got.is_broken);
        outcome_deinit(&got);
    }
}

static void lines_can_come_in_pieces(void **state)
{
    tiny_server *fix = *state;
    fix->server.settings.streams = true;
    for (size_t i = 0; i < 2; i++) {
        const bool is_lines = i == 0;
        tmli_buf body = make_lines(MANY_ROWS);
        serve_request request = {.content_type = TML_STR("text/plain"),
                                 .accept = is_lines ? TML_STR("application/jsonlines")
                                                    : TML_STR("application/json"),
                                 .accept_encoding = is_lines ? TML_STR("gzip") : TML_STR("")};
        serve_request same = {.content_type = request.content_type, .accept = request.accept};
        outcome got;
        run_at_once(fix, &same, tmli_buf_str(&body));
        run_slices(fix, &request, &body, &got);
        assert_int_equal(got.n_pieces > 0, is_lines); /* one JSON document is not cut */
        assert_false(got.is_broken);
        assert_false(got.answer.is_gzip);
        assert_true(tmli_str_eq(tmli_buf_str(&got.pieces), tmli_buf_str(&fix->answer.body)));
        outcome_deinit(&got);
    }
    /* A line that cannot be read behind those that are answered already. */
    tmli_buf body = make_lines(MANY_ROWS);
    tmli_buf_append_text(&body, "\"hot\n");
    serve_request request = {.content_type = TML_STR("text/csv")};
    outcome got;
    run_slices(fix, &request, &body, &got);
    assert_true(got.n_pieces > 0);
    assert_true(got.is_broken);
    outcome_deinit(&got);
    fix->server.settings.streams = false;
}

static void bodies_may_come_and_go_packed(void **state)
{
    tiny_server *fix = *state;
    fix->server.settings.max_body = 1 << 20;
    for (size_t i = 0; i < 4; i++) {
        const bool comes_packed = i % 2 == 1;
        const bool goes_packed = i / 2 == 1;
        tmli_buf body = make_lines(MANY_ROWS);
        serve_request plain = {.content_type = TML_STR("text/csv")};
        run_at_once(fix, &plain, tmli_buf_str(&body));
        serve_packing packing = {0};
        bool is_gzip = false;
        while (comes_packed && !serve_packing_step(&packing, &body, &is_gzip)) {
        }
        serve_packing_end(&packing);
        serve_request request = {.content_type = TML_STR("text/csv"),
                                 .content_encoding = comes_packed ? TML_STR("gzip") : TML_STR(""),
                                 .accept_encoding = goes_packed ? TML_STR("gzip") : TML_STR("")};
        serve_request again = request;
        tmli_buf same = {0};
        tmli_buf_append_str(&same, tmli_buf_str(&body));
        outcome got;
        run_slices(fix, &request, &body, &got);
        assert_int_equal(got.answer.status, 200);
        assert_int_equal(got.answer.is_gzip, goes_packed);
        tmli_buf unpacked = {0};
        tml_str answer = {0};
        tml_error err = {0};
        assert_int_equal(tmli_gunzip("answer", tmli_buf_str(&got.answer.body), SIZE_MAX, &unpacked,
                                     &answer, &err),
                         TML_OK);
        assert_true(tmli_str_eq(answer, tmli_buf_str(&fix->answer.body)));
        run_at_once(fix, &again, tmli_buf_str(&same)); /* short ones likewise */
        assert_int_equal(fix->answer.is_gzip, goes_packed);
        assert_true(tmli_str_eq(tmli_buf_str(&got.answer.body), tmli_buf_str(&fix->answer.body)));
        tmli_buf_deinit(&unpacked);
        tmli_buf_deinit(&same);
        outcome_deinit(&got);
    }
    /* A short answer is not packed, nor is a refusal. */
    serve_request request = {.content_type = TML_STR("text/csv"),
                             .accept_encoding = TML_STR("gzip")};
    run_at_once(fix, &request, TML_STR("hot\n"));
    assert_false(fix->answer.is_gzip);
    assert_string_equal(tmli_buf_cstr(&fix->answer.body), "Warm\n");
    fix->server.settings.max_body = 1000;
}

static void every_allocation_of_a_long_request_may_fail(void **state)
{
    tiny_server *fix = *state;
    bool is_done = false;
    fix->server.settings.max_body = 1 << 20;
    for (size_t nth = 0; !is_done; nth++) {
        tmli_buf body = make_lines(300);
        serve_packing packing = {0};
        bool is_gzip = false;
        while (!serve_packing_step(&packing, &body, &is_gzip)) {
        }
        serve_packing_end(&packing);
        serve_request request = {.content_type = TML_STR("text/csv"),
                                 .content_encoding = TML_STR("gzip"),
                                 .accept_encoding = TML_STR("gzip")};
        outcome got;
        fail_allocation(nth);
        run_slices(fix, &request, &body, &got);
        fail_allocation(NEVER);
        if (got.answer.status != 200 && got.answer.status != 503) {
            fail_msg("allocation %zu: %u %.*s", nth, got.answer.status, (int)got.answer.body.len,
                     got.answer.body.data);
        }
        /* An answer that could not be packed for want of memory is still an answer: the last allocations. */
        is_done = got.answer.status == 200 && got.answer.is_gzip && nth > 3;
        outcome_deinit(&got);
        assert_true(nth < 200);
    }
    fix->server.settings.max_body = 1000;
}

/* ---- as the workers see it ---- */

static void note_resumed(void *connection)
{
    size_t *n = connection;
    (*n)++;
}

static serve_exchange *make_exchange(tiny_server *fix, serve_exchanges *idle, size_t *n_resumed,
                                     size_t n_rows)
{
    serve_exchange *ex = serve_exchange_begin(idle, fix->lane);
    if (ex == NULL) {
        fail_msg("no exchange");
        return NULL;
    }
    tmli_buf lines = make_lines(n_rows);
    ex->connection = n_resumed;
    ex->resume = note_resumed;
    ex->reads_body = true;
    ex->stage = SERVE_READING;
    ex->request.method = TML_STR("POST");
    ex->request.path = TML_STR("/invocations");
    ex->request.content_type = TML_STR("text/plain");
    assert_true(serve_exchange_take(ex, lines.data, lines.len, lines.len));
    tmli_buf_deinit(&lines);
    ex->job.admitted_s = tmli_seconds();
    return ex;
}

static void a_long_exchange_is_worked_on_slice_by_slice(void **state)
{
    tiny_server *fix = *state;
    serve_exchanges idle = {0};
    size_t n_resumed = 0;
    serve_exchange *ex = make_exchange(fix, &idle, &n_resumed, MANY_ROWS);
    assert_true(serve_is_long(ex));
    size_t n_slices = 1;
    while (!serve_work_aside(fix->lane, &ex->job)) {
        assert_int_equal(n_resumed, 0);
        n_slices++;
    }
    assert_true(n_slices > 1);
    assert_int_equal(n_resumed, 0); /* its place in the queue is given back first */
    serve_finish_aside(&ex->job);
    assert_int_equal(n_resumed, 1);
    assert_int_equal(ex->stage, SERVE_ANSWERED);
    assert_int_equal(ex->answer.status, 200);
    serve_exchange_end(&idle, ex);

    ex = make_exchange(fix, &idle, &n_resumed, MANY_ROWS);
    assert_true(serve_work_aside(NULL, &ex->job)); /* no memory for a lane */
    serve_finish_aside(&ex->job);
    assert_int_equal(ex->answer.status, 503);
    assert_int_equal(n_resumed, 2);
    serve_exchange_end(&idle, ex);
    serve_exchanges_deinit(&idle);
}

static void a_long_exchange_has_its_time(void **state)
{
    tiny_server *fix = *state;
    serve_exchanges idle = {0};
    size_t n_resumed = 0;
    fix->server.settings.timeout_s = 7;
    serve_exchange *ex = make_exchange(fix, &idle, &n_resumed, MANY_ROWS);
    ex->job.admitted_s -= 8; /* it has waited */
    assert_true(serve_work_aside(fix->lane, &ex->job));
    serve_finish_aside(&ex->job);
    assert_int_equal(ex->answer.status, 503);
    assert_int_equal(ex->answer.retry_after_s, 1);
    assert_string_equal(tmli_buf_cstr(&ex->answer.body),
                        "{\"error\":{\"code\":503,\"message\":\"not answered within the 7 s of "
                        "SAGEMAKER_MODEL_SERVER_TIMEOUT; too many long requests wait, try again "
                        "later\"}}");
    serve_exchange_end(&idle, ex);

    ex = make_exchange(fix, &idle, &n_resumed, MANY_ROWS);
    assert_false(serve_work_aside(fix->lane, &ex->job));
    ex->job.admitted_s -= 8; /* it takes too long */
    assert_true(serve_work_aside(fix->lane, &ex->job));
    serve_finish_aside(&ex->job);
    assert_int_equal(ex->answer.status, 504);
    assert_int_equal(ex->answer.retry_after_s, 0);
    assert_null(ex->invocation);
    assert_int_equal(n_resumed, 2);
    serve_exchange_end(&idle, ex);
    serve_exchanges_deinit(&idle);
    fix->server.settings.timeout_s = 0;
}

static void what_takes_long_is_known_before(void **state)
{
    tiny_server *fix = *state;
    static const struct {
        size_t n_rows;
        const char *query, *encoding, *behind;
        bool is_long;
    } cases[] = {
        {100, "", "", "", false},          {2000, "", "", "", false},
        {20000, "", "", "", true},         {2000, "explain=3", "", "", true},
        {100, "explain=3", "", "", false}, {2000, "", "", "\"explain\": 3", true},
        {1, "", "gzip", "", true},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        serve_exchanges idle = {0};
        size_t n_resumed = 0;
        serve_exchange *ex = make_exchange(fix, &idle, &n_resumed, cases[i].n_rows);
        ex->request.query = tmli_str(cases[i].query);
        ex->request.content_encoding = tmli_str(cases[i].encoding);
        tmli_buf_append_text(&ex->body, cases[i].behind);
        if (serve_is_long(ex) != cases[i].is_long) {
            fail_msg("case %zu", i);
        }
        serve_exchange_end(&idle, ex);
        serve_exchanges_deinit(&idle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_answer_as_all_at_once),
        cmocka_unit_test(what_is_wrong_is_answered_as_all_at_once),
        cmocka_unit_test(lines_can_come_in_pieces),
        cmocka_unit_test(bodies_may_come_and_go_packed),
        cmocka_unit_test(every_allocation_of_a_long_request_may_fail),
        cmocka_unit_test(a_long_exchange_is_worked_on_slice_by_slice),
        cmocka_unit_test(a_long_exchange_has_its_time),
        cmocka_unit_test(what_takes_long_is_known_before),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
