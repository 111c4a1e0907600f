/* Connections and the end: keep-alive, many clients, SIGTERM idle and in the middle of requests. contract.md §9.4: S06,
 * S16–S19, S26. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "contract/server.h"
#include "support/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const double answer_seconds = 30;
static const double idle_exit_seconds =
    10; /* a machine that is busy, sanitized; alone it takes 0.1 */

static const char *const headlines[SERVER_LABELS] = {"market bank profit", "phone robot chip",
                                                     "film song actor", "virus doctor vaccine"};

/* ---- connections ------------------------------------------------------------------------------ */

/* S18 */
static void a_hundred_requests_share_a_connection(void **state)
{
    server *const s = *state;
    for (size_t i = 0; i < 100; i++) {
        char body[64];
        char want[64];
        (void)snprintf(body, sizeof body, "{\"input\": \"%s\"}", headlines[i % SERVER_LABELS]);
        (void)snprintf(want, sizeof want, "{\"result\": \"%s\"}",
                       server_label_names[i % SERVER_LABELS]);
        server_ask(s, "application/json", NULL, body);
        assert_answer(s, 200, "application/json", want);
        assert_int_equal(s->answer.n_connects, i == 0 ? 1 : 0);
    }
}

/* Errors keep the connection as well. */
static void a_refusal_keeps_the_connection(void **state)
{
    server *const s = *state;
    server_get(s, "/ping");
    server_ask(s, "application/json", NULL, "{");
    assert_int_equal(s->answer.status, 400);
    assert_int_equal(s->answer.n_connects, 0);
    server_get(s, "/nothing");
    assert_int_equal(s->answer.status, 404);
    assert_int_equal(s->answer.n_connects, 0);
    server_get(s, "/ping");
    assert_int_equal(s->answer.n_connects, 0);
}

static size_t put_request(char *out, size_t size, const char *more, const char *text)
{
    return (size_t)snprintf(out, size,
                            "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                            "%sContent-Length: %zu\r\n\r\n%s",
                            more, strlen(text), text);
}

/* S18 */
static void requests_that_follow_each_other_at_once_are_answered_in_order(void **state)
{
    char requests[2048];
    size_t used = 0;
    server *const s = *state;
    for (size_t i = 0; i < SERVER_LABELS; i++) {
        used += put_request(requests + used, sizeof requests - used, "", headlines[i]);
    }
    const int fd = http_connect(s->port);
    assert_true(http_write(fd, requests, used));
    for (size_t i = 0; i < SERVER_LABELS; i++) {
        char *const answer = http_read_answer(fd, answer_seconds);
        assert_non_null(strstr(answer, "HTTP/1.1 200 "));
        assert_non_null(strstr(strstr(answer, "\r\n\r\n"), server_label_names[i]));
        free(answer);
    }
    http_close(fd);
}

/* S19 */
static void a_connection_is_closed_when_the_client_wants_it(void **state)
{
    static const char *const requests[] = {
        "GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "GET /ping HTTP/1.0\r\n\r\n",
        "GET http://example.com/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        const int fd = http_connect(s->port);
        assert_true(http_write_text(fd, requests[i]));
        char *const answer = http_read_all(fd, answer_seconds); /* ends when the server closes */
        assert_int_equal(strncmp(answer, "HTTP/1.", 7), 0);
        assert_non_null(strstr(answer, " 200 "));
        free(answer);
        http_close(fd);
    }
}

/* S16 */
static void a_body_may_come_in_chunks_with_a_trailer(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                    "application/json\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (const char *at = "{\"input\": \"film song actor\"}"; *at != '\0'; at++) {
        char chunk[16];
        (void)snprintf(chunk, sizeof chunk, "1\r\n%c\r\n", *at);
        assert_true(http_write_text(fd, chunk));
    }
    assert_true(http_write_text(fd, "0\r\nX-Trailer: yes\r\n\r\n"));
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_non_null(strstr(answer, "{\"result\": \"Entertainment\"}"));
    free(answer);
    http_close(fd);
}

/* S17 */
static void a_client_that_asks_first_is_told_to_go_on(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                    "text/plain\r\nContent-Length: 11\r\nExpect: 100-continue\r\n"
                                    "\r\n"));
    char *const go_on = http_read_answer(fd, answer_seconds);
    assert_int_equal(strncmp(go_on, "HTTP/1.1 100 ", 13), 0);
    assert_true(http_write_text(fd, "market bank"));
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(answer, "Business"));
    free(go_on);
    free(answer);
    http_close(fd);
}

static void a_client_that_has_stopped_writing_still_gets_its_answer(void **state)
{
    char request[256];
    server *const s = *state;
    const int fd = http_connect(s->port);
    (void)put_request(request, sizeof request, "", "film song");
    assert_true(http_write_text(fd, request));
    http_end_writing(fd);
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_non_null(strstr(answer, "Entertainment"));
    free(answer);
    http_close(fd);
}

/* ---- many clients ----------------------------------------------------------------------------- */

enum {
    N_CLIENTS = 48
};

/* Request i has its own number of lines, each of its own label. */
static void make_requests(http_request requests[N_CLIENTS], char *bodies[N_CLIENTS])
{
    static const char *const headers[] = {"Content-Type: text/plain", NULL};
    for (size_t i = 0; i < N_CLIENTS; i++) {
        const size_t n_lines = 1 + i * i * 2; /* up to 4,400: some are worked on aside */
        const size_t size = n_lines * 32;
        bodies[i] = malloc(size);
        assert_non_null(bodies[i]);
        size_t used = 0;
        for (size_t line = 0; line < n_lines; line++) {
            used += (size_t)snprintf(bodies[i] + used, size - used, "%s\n",
                                     headlines[i % SERVER_LABELS]);
        }
        requests[i] = (http_request){
            .path = "/invocations", .headers = headers, .body = bodies[i], .n_body = used};
    }
}

static void assert_own_answer(const http_answer *answer, size_t i)
{
    const char *const label = server_label_names[i % SERVER_LABELS];
    const size_t n_line = strlen(label) + 1;
    assert_int_equal(answer->status, 200);
    assert_int_equal(answer->n_body, n_line * (1 + i * i * 2));
    for (size_t at = 0; at < answer->n_body; at += n_line) {
        assert_memory_equal(answer->body + at, label, n_line - 1);
    }
}

static void clients_at_once_each_get_their_own_answer(void **state)
{
    http_request requests[N_CLIENTS];
    char *bodies[N_CLIENTS];
    http_answer answers[N_CLIENTS] = {{0}};
    server *const s = *state;
    make_requests(requests, bodies);
    for (int round = 0; round < 3; round++) {
        http_send_all(s->port, requests, N_CLIENTS, answers);
        for (size_t i = 0; i < N_CLIENTS; i++) {
            assert_own_answer(&answers[i], i);
        }
    }
    for (size_t i = 0; i < N_CLIENTS; i++) {
        http_answer_free(&answers[i]);
        free(bodies[i]);
    }
    assert_alive(s);
}

/* S06 */
static void two_hundred_connections_at_once_are_all_accepted(void **state)
{
    enum {
        N = 200
    };
    int fds[N];
    server *const s = *state;
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect(s->port);
    }
    for (size_t i = 0; i < N; i++) {
        assert_true(http_write_text(fds[i], "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    for (size_t i = 0; i < N; i++) {
        char *const answer = http_read_answer(fds[i], answer_seconds);
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        free(answer);
        http_close(fds[i]);
    }
    assert_alive(s);
}

/* ---- the end ---------------------------------------------------------------------------------- */

static void a_term_signal_ends_an_idle_server_with_0(void **state)
{
    static const int signals[] = {SIGTERM, SIGINT};
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        server_start(s, NULL);
        process_signal(&s->process, signals[i]);
        assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
        assert_true(http_is_refused(s->port));
        char *const err = process_stderr(&s->process);
        assert_string_equal(err, "");
        free(err);
    }
}

/* An idle keep-alive connection, and a client that never says anything, must not hold it. */
static void idle_connections_do_not_delay_the_end(void **state)
{
    server *const s = *state;
    const int silent = http_connect(s->port);
    assert_alive(s); /* the client's connection stays open */
    process_signal(&s->process, SIGTERM);
    assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
    http_close(silent);
}

static void a_server_without_a_model_ends_with_0_too(void **state)
{
    static const char *const args[] = {
        "--model-dir", "/nowhere/at/all", "--host", "127.0.0.1", "--port", "0", NULL};
    server *const s = *state;
    server_launch(s, args);
    s->port = process_port(&s->process, PROCESS_SECONDS);
    process_signal(&s->process, SIGTERM);
    assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
}

/* Until new connections are refused: then the signal has been taken. */
static void wait_until_refused(const server *s)
{
    const double end = process_clock() + idle_exit_seconds;
    while (!http_is_refused(s->port)) {
        if (process_clock() > end) {
            fail_msg("still accepting %g seconds after SIGTERM", idle_exit_seconds);
        }
        process_sleep(0.005);
    }
}

/* S26: the request has begun, its body comes after the signal. */
static void a_request_that_has_begun_is_answered_after_a_term_signal(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                    "application/json\r\nContent-Length: 28\r\n\r\n{\"input\": "));
    process_sleep(0.2); /* let it arrive: the server then has an open request */
    process_signal(&s->process, SIGTERM);
    wait_until_refused(s);
    assert_true(server_is_up(s));
    assert_true(http_write_text(fd, "\"film song actor\"}"));
    char *const answer = http_read_all(fd, answer_seconds);
    assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
    assert_non_null(strstr(answer, "\r\nConnection: close\r\n"));
    assert_non_null(strstr(answer, "{\"result\": \"Entertainment\"}"));
    free(answer);
    http_close(fd);
    assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
}

/* Long requests from several clients, the signal in the middle: each is answered whole. */
static void long_requests_are_answered_whole_after_a_term_signal(void **state)
{
    enum {
        N = 4,
        N_LINES = 40000
    };
    int fds[N];
    char head[256];
    server *const s = *state;
    const size_t n_line = strlen(headlines[0]) + 1;
    char *const body = malloc(N_LINES * n_line + 1);
    assert_non_null(body);
    for (size_t i = 0; i < N_LINES; i++) {
        (void)snprintf(body + i * n_line, n_line + 1, "%s\n", headlines[0]);
    }
    const size_t n_head = (size_t)snprintf(head, sizeof head,
                                           "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                           "text/plain\r\nContent-Length: %zu\r\n\r\n",
                                           N_LINES * n_line);
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect(s->port);
        assert_true(http_write(fds[i], head, n_head));
        assert_true(http_write(fds[i], body, N_LINES * n_line - 1)); /* all but the last byte */
    }
    process_sleep(0.1);
    for (size_t i = 0; i < N; i++) {
        assert_true(http_write(fds[i], "\n", 1));
        if (i == 0) {
            process_signal(&s->process, SIGTERM);
        }
    }
    for (size_t i = 0; i < N; i++) {
        char *const answer = http_read_all(fds[i], answer_seconds);
        const char *const lines = strstr(answer, "\r\n\r\n");
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        assert_non_null(lines);
        assert_int_equal(strlen(lines + 4), N_LINES * strlen("Business\n"));
        free(answer);
        http_close(fds[i]);
    }
    free(body);
    assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
}

enum {
    N_UNREAD_LINES = 10000
};

/* A client whose answer lies in the server's socket, whole, when the signal comes. */
static int leave_an_answer_unread(server *s, const char *more)
{
    const size_t n_line = strlen(headlines[0]) + 1;
    char *const text = malloc(N_UNREAD_LINES * n_line + 1);
    assert_non_null(text);
    for (size_t i = 0; i < N_UNREAD_LINES; i++) {
        (void)snprintf(text + i * n_line, n_line + 1, "%s\n", headlines[0]);
    }
    const size_t room = N_UNREAD_LINES * n_line + 256;
    char *const request = malloc(room);
    assert_non_null(request);
    const size_t n = put_request(request, room, more, text);
    const int fd = http_connect_narrow(s->port);
    assert_true(http_write(fd, request, n));
    free(request);
    free(text);
    process_sleep(0.3); /* whether or not it is there by then, it must not be lost */
    process_signal(&s->process, SIGTERM);
    wait_until_refused(s);
    process_sleep(0.3);
    assert_true(server_is_up(s));
    return fd;
}

/* In a container the network ends with the process: what the client has not taken by then is lost. S26 */
static void the_end_waits_for_clients_that_read_slowly(void **state)
{
    static const char *const keeping[] = {"", "Connection: close\r\n"};
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(keeping); i++) {
        server_start(s, NULL);
        const int fd = leave_an_answer_unread(s, keeping[i]);
        char *const answer = http_read_answer(fd, answer_seconds);
        const char *const lines = strstr(answer, "\r\n\r\n");
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        assert_non_null(lines);
        assert_int_equal(strlen(lines + 4), N_UNREAD_LINES * strlen("Business\n"));
        free(answer);
        assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
        http_close(fd);
    }
}

static void the_end_does_not_wait_for_clients_that_are_gone(void **state)
{
    static const char *const keeping[] = {"", "Connection: close\r\n"};
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(keeping); i++) {
        server_start(s, NULL);
        http_close(leave_an_answer_unread(s, keeping[i]));
        assert_int_equal(process_exit(&s->process, idle_exit_seconds), 0);
    }
}

static void a_second_signal_ends_the_process_at_once(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                    "text/plain\r\nContent-Length: 10\r\n\r\n"));
    process_sleep(0.2);
    process_signal(&s->process, SIGTERM);
    wait_until_refused(s);
    process_signal(&s->process, SIGTERM);
    assert_int_equal(process_exit(&s->process, idle_exit_seconds), 1);
    http_close(fd);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_hundred_requests_share_a_connection),
        STARTED(a_refusal_keeps_the_connection),
        STARTED(requests_that_follow_each_other_at_once_are_answered_in_order),
        STARTED(a_connection_is_closed_when_the_client_wants_it),
        STARTED(a_body_may_come_in_chunks_with_a_trailer),
        STARTED(a_client_that_asks_first_is_told_to_go_on),
        STARTED(a_client_that_has_stopped_writing_still_gets_its_answer),
        STARTED(clients_at_once_each_get_their_own_answer),
        STARTED(two_hundred_connections_at_once_are_all_accepted),
        UNSTARTED(a_term_signal_ends_an_idle_server_with_0),
        STARTED(idle_connections_do_not_delay_the_end),
        UNSTARTED(a_server_without_a_model_ends_with_0_too),
        STARTED(a_request_that_has_begun_is_answered_after_a_term_signal),
        STARTED(long_requests_are_answered_whole_after_a_term_signal),
        UNSTARTED(the_end_waits_for_clients_that_read_slowly),
        UNSTARTED(the_end_does_not_wait_for_clients_that_are_gone),
        STARTED(a_second_signal_ends_the_process_at_once),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
