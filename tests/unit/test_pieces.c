/* Answers in pieces: a worker and a connection, on one thread where each order is made, on two where it is not. */
#include "serve/exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/tiny_server.h"

/* The connection: asleep or not, and how often it was woken. */
typedef struct sleeper {
    atomic_bool is_asleep;
    atomic_uint n_woken;
} sleeper;

static void fall_asleep(void *connection)
{
    atomic_store(&((sleeper *)connection)->is_asleep, true);
}

static void wake_up(void *connection)
{
    sleeper *s = connection;
    atomic_fetch_add(&s->n_woken, 1);
    atomic_store(&s->is_asleep, false);
}

/* A request that a worker has, from headers that will not live as long. */
static serve_exchange *begin(tiny_server *fix, serve_exchanges *idle, sleeper *connection,
                             char *accept)
{
    serve_exchange *ex = serve_exchange_begin(idle, fix->lane);
    assert_non_null(ex);
    atomic_init(&connection->is_asleep, true);
    atomic_init(&connection->n_woken, 0);
    ex->connection = connection;
    ex->suspend = fall_asleep;
    ex->resume = wake_up;
    ex->socket = NULL;
    ex->stage = SERVE_WORKING;
    ex->request.method = TML_STR("POST");
    serve_exchange_put_header(ex, TML_STR("Accept"), tmli_str(accept));
    serve_answer_reset(&ex->answer);
    ex->answer.status = 200;
    return ex;
}

static void assert_taken(serve_exchange *ex, size_t max, const char *want)
{
    char out[64];
    size_t n = 0;
    assert_int_equal(serve_exchange_take_piece(ex, out, max, &n), SERVE_TAKEN_SOME);
    assert_int_equal(n, strlen(want));
    assert_memory_equal(out, want, n);
}

static void pieces_leave_in_order_while_the_work_goes_on(void **state)
{
    serve_exchanges idle = {0};
    sleeper connection;
    char accept[] = "text/csv";
    char out[8];
    size_t n = 0;
    serve_exchange *ex = begin(*state, &idle, &connection, accept);
    assert_true(serve_exchange_put_piece(ex)); /* nothing to send: nothing is sent */
    assert_int_equal(ex->stage, SERVE_WORKING);
    assert_int_equal(connection.n_woken, 0);
    tmli_buf_append_text(&ex->answer.body, "one ");
    assert_true(serve_exchange_put_piece(ex));
    assert_int_equal(ex->answer.body.len, 0);
    assert_int_equal(ex->stage, SERVE_STREAMING);
    assert_int_equal(connection.n_woken, 1);
    memset(accept, '?', sizeof(accept) - 1); /* the connection's memory is another's */
    assert_true(tmli_str_eq_text(ex->request.accept, "text/csv"));
    assert_taken(ex, 2, "on");
    tmli_buf_append_text(&ex->answer.body, "two ");
    assert_true(serve_exchange_put_piece(ex));
    assert_int_equal(connection.n_woken, 1); /* it is awake */
    assert_taken(ex, 8, "e two ");
    assert_int_equal(serve_exchange_take_piece(ex, out, 8, &n), SERVE_TAKEN_NONE);
    assert_int_equal(n, 0);
    assert_true(connection.is_asleep);
    tmli_buf_append_text(&ex->answer.body, "three");
    serve_exchange_finish_pieces(ex);
    assert_int_equal(connection.n_woken, 2);
    assert_taken(ex, 8, "three");
    assert_int_equal(serve_exchange_take_piece(ex, out, 8, &n), SERVE_TAKEN_ALL);
    assert_false(serve_exchange_abandon(ex)); /* the worker is done: it is ours */
    serve_exchange_end(&idle, ex);
    assert_int_equal(serve_server_open_requests(&((tiny_server *)*state)->server), 0);
    serve_exchanges_deinit(&idle);
}

static void an_answer_without_pieces_is_one_like_any_other(void **state)
{
    serve_exchanges idle = {0};
    sleeper connection;
    char accept[] = "";
    serve_exchange *ex = begin(*state, &idle, &connection, accept);
    tmli_buf_append_text(&ex->answer.body, "whole");
    assert_false(serve_exchange_is_abandoned(ex));
    serve_exchange_finish_pieces(ex);
    assert_int_equal(ex->stage, SERVE_ANSWERED);
    assert_int_equal(connection.n_woken, 1);
    assert_int_equal(ex->answer.body.len, 5);
    serve_exchange_end(&idle, ex);
    assert_int_equal(idle.n, 1);
    serve_exchanges_deinit(&idle);
}

static void work_that_cannot_be_finished_is_seen_to_break_off(void **state)
{
    serve_exchanges idle = {0};
    sleeper connection;
    char accept[] = "";
    char out[8];
    size_t n = 0;
    serve_exchange *ex = begin(*state, &idle, &connection, accept);
    tmli_buf_append_text(&ex->answer.body, "half");
    assert_true(serve_exchange_put_piece(ex));
    serve_exchange_cut_short(ex);
    assert_taken(ex, 8, "half");
    assert_int_equal(serve_exchange_take_piece(ex, out, 8, &n), SERVE_TAKEN_CUT);
    assert_false(serve_exchange_abandon(ex));
    serve_exchange_end(&idle, ex);
    serve_exchanges_deinit(&idle);
}

static void a_client_that_leaves_ends_the_work(void **state)
{
    serve_exchanges idle = {0};
    sleeper connection;
    char accept[] = "";
    serve_exchange *ex = begin(*state, &idle, &connection, accept);
    tmli_buf_append_text(&ex->answer.body, "piece");
    assert_true(serve_exchange_put_piece(ex));
    assert_false(serve_exchange_is_abandoned(ex));
    assert_true(serve_exchange_abandon(ex)); /* the worker has it still */
    assert_int_equal(serve_server_open_requests(&((tiny_server *)*state)->server), 0);
    assert_true(serve_exchange_is_abandoned(ex));
    tmli_buf_append_text(&ex->answer.body, "more");
    assert_false(serve_exchange_put_piece(ex));
    serve_exchange_finish_pieces(ex); /* frees it */
    assert_int_equal(connection.n_woken, 1);
    assert_int_equal(idle.n, 0);
}

static void without_memory_the_worker_is_told(void **state)
{
    for (size_t nth = 0; nth < 2; nth++) {
        serve_exchanges idle = {0};
        sleeper connection;
        char accept[] = "text/csv";
        serve_exchange *ex = begin(*state, &idle, &connection, accept);
        tmli_buf_append_text(&ex->answer.body, "piece");
        fail_allocation(nth);
        const bool is_put = serve_exchange_put_piece(ex);
        fail_allocation(NEVER);
        assert_int_equal(is_put, nth > 0); /* the headers' copy is the only one it makes */
        serve_exchange_cut_short(ex);
        assert_int_equal(connection.n_woken, 1);
        serve_exchange_end(&idle, ex);
        serve_exchanges_deinit(&idle);
    }
}

enum {
    N_PIECES = 2000
};

static void *work(void *arg)
{
    serve_exchange *ex = arg;
    for (unsigned i = 0; i < N_PIECES; i++) {
        tmli_buf_printf(&ex->answer.body, "%u ", i);
        if (i % 7 == 0 && !serve_exchange_put_piece(ex)) {
            break;
        }
    }
    serve_exchange_finish_pieces(ex);
    return NULL;
}

/* Takes until the end, or until a client leaves. Returns how many bytes came. */
static size_t take_until(serve_exchange *ex, sleeper *connection, tmli_buf *all, size_t leaves_at)
{
    char out[37];
    size_t n = 0;
    for (;;) {
        while (atomic_load(&connection->is_asleep)) {
            (void)sched_yield();
        }
        const serve_taken taken = serve_exchange_take_piece(ex, out, sizeof(out), &n);
        tmli_buf_append(all, out, n);
        if (taken == SERVE_TAKEN_ALL || all->len >= leaves_at) {
            return all->len;
        }
    }
}

static void two_threads_lose_nothing(void **state)
{
    tmli_buf want = {0};
    for (unsigned i = 0; i < N_PIECES; i++) {
        tmli_buf_printf(&want, "%u ", i);
    }
    for (size_t round = 0; round < 10; round++) {
        serve_exchanges idle = {0};
        sleeper connection;
        char accept[] = "text/csv";
        pthread_t worker;
        tmli_buf all = {0};
        const size_t leaves_at = round % 2 == 0 ? SIZE_MAX : want.len * round / 12;
        serve_exchange *ex = begin(*state, &idle, &connection, accept);
        assert_int_equal(pthread_create(&worker, NULL, work, ex), 0);
        (void)take_until(ex, &connection, &all, leaves_at);
        if (!serve_exchange_abandon(ex)) {
            serve_exchange_end(&idle, ex);
        }
        assert_int_equal(pthread_join(worker, NULL), 0);
        assert_true(round % 2 == 1 || all.len == want.len);
        assert_memory_equal(all.data, want.data, all.len);
        tmli_buf_deinit(&all);
        serve_exchanges_deinit(&idle);
    }
    tmli_buf_deinit(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_leave_in_order_while_the_work_goes_on),
        cmocka_unit_test(an_answer_without_pieces_is_one_like_any_other),
        cmocka_unit_test(work_that_cannot_be_finished_is_seen_to_break_off),
        cmocka_unit_test(a_client_that_leaves_ends_the_work),
        cmocka_unit_test(without_memory_the_worker_is_told),
        cmocka_unit_test(two_threads_lose_nothing),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
