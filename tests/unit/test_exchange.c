/* Requests put together from pieces, as the socket brings them. */
#include "serve/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/tiny_server.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void put_header(serve_exchange *ex, const char *name, const char *value)
{
    serve_exchange_put_header(ex, tmli_str(name), tmli_str(value));
}

static void a_request_is_put_together_from_its_pieces(void **state)
{
    tiny_server *fix = *state;
    serve_exchanges idle = {0};
    for (size_t round = 0; round < 2; round++) { /* the second uses the first one's memory */
        serve_exchange *ex = serve_exchange_begin(&idle, fix->lane);
        assert_non_null(ex);
        assert_int_equal(serve_server_open_requests(&fix->server), 1);
        put_header(ex, "Host", "x");
        put_header(ex, "ACCEPT", " text/csv ");
        put_header(ex, "content-TYPE", "text/plain");
        put_header(ex, "Content-Tape", "application/json");
        assert_true(serve_exchange_is_at_most(ex, 0)); /* nothing was announced */
        ex->stage = SERVE_READING;
        ex->request.method = TML_STR("POST");
        ex->request.path = TML_STR("/invocations");
        ex->reads_body = true;
        assert_true(serve_exchange_take(ex, "ho", 2, 4));
        assert_true(serve_exchange_take(ex, "t\n", 2, 4));
        serve_exchange_work(&ex, 1, fix->lane);
        assert_int_equal(ex->answer.status, 200);
        assert_string_equal(ex->answer.content_type, "text/csv");
        assert_string_equal(tmli_buf_cstr(&ex->answer.body), "Warm\n");
        serve_exchange_end(&idle, ex);
        assert_int_equal(idle.n, 1);
        assert_int_equal(serve_server_open_requests(&fix->server), 0);
    }
    serve_exchanges_deinit(&idle);
}

static void a_body_over_the_limit_is_noticed_before_and_while_it_comes(void **state)
{
    tiny_server *fix = *state;
    static const struct {
        const char *length;
        bool is_at_most_1000;
    } cases[] = {{"", true},        {"0", true},     {"1000", true},
                 {"0001000", true}, {"1001", false}, {"18446744073709551616", false},
                 {"-1", false},     {"\xb5", false}};
    serve_exchanges idle = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        serve_exchange *ex = serve_exchange_begin(&idle, fix->lane);
        assert_non_null(ex);
        put_header(ex, "Content-Length", cases[i].length);
        assert_int_equal(serve_exchange_is_at_most(ex, 1000), cases[i].is_at_most_1000);
        serve_exchange_end(&idle, ex);
    }
    serve_exchange *ex = serve_exchange_begin(&idle, fix->lane);
    ex->reads_body = true;
    ex->stage = SERVE_READING;
    assert_true(serve_exchange_take(ex, "ab", 2, 3));
    assert_false(serve_exchange_take(ex, "cd", 2, 3));
    serve_refuse_body(fix->lane, &ex->request, &ex->answer);
    serve_exchange_refuse(ex);
    assert_int_equal(serve_server_open_requests(&fix->server), 0); /* nobody need wait for it */
    assert_true(tmli_str_starts(tmli_buf_str(&ex->body), "HTTP/1.1 413 "));
    assert_true(tmli_str_ends(tmli_buf_str(&ex->body), "--max-body\"}}"));
    const size_t n = ex->body.len;
    assert_true(serve_exchange_take(ex, "more", 4, 4)); /* what still comes is dropped */
    assert_false(serve_exchange_take(ex, "more", 4, 4));
    assert_int_equal(ex->body.len, n);
    serve_exchange_end(&idle, ex);
    assert_int_equal(serve_server_open_requests(&fix->server), 0);
    serve_exchanges_deinit(&idle);
}

static bool holds(tmli_buf *buf, const char *line)
{
    return strstr(tmli_buf_cstr(buf), line) != NULL;
}

/* Written without libmicrohttpd: nobody else puts in what is missing. */
static void a_refusal_at_once_has_its_headers(void **state)
{
    tiny_server *fix = *state;
    for (unsigned seconds = 0; seconds < 20; seconds += 17) {
        serve_exchanges idle = {0};
        serve_exchange *ex = serve_exchange_begin(&idle, fix->lane);
        assert_non_null(ex);
        serve_answer_error(&ex->answer, 503, "no room");
        ex->answer.retry_after_s = seconds;
        serve_exchange_refuse(ex);
        assert_true(
            tmli_str_starts(tmli_buf_str(&ex->body), "HTTP/1.1 503 Service Unavailable\r\n"));
        assert_true(holds(&ex->body, "\r\nContent-Type: application/json\r\n"));
        assert_true(holds(&ex->body, "\r\nConnection: close\r\n"));
        assert_true(holds(&ex->body, "\r\nContent-Length: 42\r\n"));
        assert_int_equal(holds(&ex->body, "\r\nRetry-After: 17\r\n"), seconds == 17);
        assert_int_equal(holds(&ex->body, "Retry-After"), seconds == 17);
        assert_true(tmli_str_ends(tmli_buf_str(&ex->body),
                                  "\r\n\r\n{\"error\":{\"code\":503,\"message\":\"no room\"}}"));
        serve_exchange_end(&idle, ex);
        serve_exchanges_deinit(&idle);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_put_together_from_its_pieces),
        cmocka_unit_test(a_body_over_the_limit_is_noticed_before_and_while_it_comes),
        cmocka_unit_test(a_refusal_at_once_has_its_headers),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
