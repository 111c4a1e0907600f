/* Requests that wait for each other, and leave before they are answered. */
#include "serve/gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/tiny_server.h"

/* A complete request with the text, padded with blanks to n bytes. */
static serve_exchange *begin(tiny_server *fix, serve_exchanges *idle, const char *text, size_t n)
{
    serve_exchange *ex = serve_exchange_begin(idle, fix->lane);
    if (ex == NULL) {
        fail_msg("no memory for an exchange");
        return NULL;
    }
    ex->reads_body = true;
    ex->stage = SERVE_READING;
    ex->request.method = TML_STR("POST");
    ex->request.path = TML_STR("/invocations");
    serve_exchange_put_header(ex, TML_STR("Content-Type"), TML_STR("text/plain"));
    serve_exchange_put_header(ex, TML_STR("Accept"), TML_STR("text/csv"));
    assert_true(serve_exchange_take(ex, text, strlen(text), SIZE_MAX));
    for (size_t i = strlen(text); i < n; i++) {
        assert_true(serve_exchange_take(ex, " ", 1, SIZE_MAX));
    }
    return ex;
}

static void assert_answered(const serve_exchange *ex, const char *body)
{
    assert_int_equal(ex->stage, SERVE_ANSWERED);
    assert_int_equal(ex->answer.status, 200);
    assert_int_equal(ex->answer.body.len, strlen(body));
    assert_memory_equal(ex->answer.body.data, body, strlen(body));
}

/* Each of three in turn is broken off: its memory may be another's by then. */
static void who_leaves_gets_no_answer_and_the_others_get_theirs(void **state)
{
    tiny_server *fix = *state;
    for (size_t gone = 0; gone < 3; gone++) {
        serve_exchanges idle = {0};
        serve_gathered gathered = {0};
        serve_exchange *list[3] = {0};
        for (size_t i = 0; i < 3; i++) {
            list[i] = begin(fix, &idle, "hot", 0);
            serve_gather(&gathered, list[i]);
            assert_int_equal(list[i]->stage, SERVE_WAITING);
        }
        serve_gather_forget(&gathered, list[gone]);
        serve_gather_answer(&gathered, fix->lane);
        assert_int_equal(gathered.n, 0);
        for (size_t i = 0; i < 3; i++) {
            if (i == gone) {
                assert_int_equal(list[i]->stage, SERVE_WAITING);
                assert_int_equal(list[i]->answer.status, 0);
            } else {
                assert_answered(list[i], "Warm\n");
            }
            serve_exchange_end(&idle, list[i]);
        }
        serve_exchanges_deinit(&idle);
    }
}

static void many_are_answered_without_waiting_for_more(void **state)
{
    tiny_server *fix = *state;
    serve_exchanges idle = {0};
    serve_gathered gathered = {0};
    serve_exchange *list[SERVE_MAX_GATHERED] = {0};
    for (size_t i = 0; i < SERVE_MAX_GATHERED; i++) {
        assert_true(i == 0 || list[i - 1]->stage == SERVE_WAITING);
        list[i] = begin(fix, &idle, "hot", 0);
        serve_gather(&gathered, list[i]);
    }
    for (size_t i = 0; i < SERVE_MAX_GATHERED; i++) {
        assert_answered(list[i], "Warm\n");
        serve_exchange_end(&idle, list[i]);
    }
    serve_exchanges_deinit(&idle);
}

/* A /ping behind them waits for all of it. */
static void long_ones_are_answered_without_waiting_for_more(void **state)
{
    tiny_server *fix = *state;
    serve_exchanges idle = {0};
    serve_gathered gathered = {0};
    for (size_t round = 0; round < 2; round++) { /* what was answered does not count any more */
        serve_exchange *half = begin(fix, &idle, "hot", SERVE_LONG_BODY_BYTES / 2);
        serve_exchange *rest = begin(fix, &idle, "hot", SERVE_LONG_BODY_BYTES / 2);
        serve_exchange *more = begin(fix, &idle, "hot", 0);
        serve_gather(&gathered, half);
        serve_gather(&gathered, rest);
        assert_int_equal(half->stage, SERVE_WAITING);
        serve_gather(&gathered, more);
        assert_answered(half, "Warm\n");
        assert_answered(rest, "Warm\n");
        assert_answered(more, "Warm\n");
        serve_exchange_end(&idle, half);
        serve_exchange_end(&idle, rest);
        serve_exchange_end(&idle, more);
    }
    serve_exchanges_deinit(&idle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_leaves_gets_no_answer_and_the_others_get_theirs),
        cmocka_unit_test(many_are_answered_without_waiting_for_more),
        cmocka_unit_test(long_ones_are_answered_without_waiting_for_more),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
