/* What arrives at the socket, byte by byte: split, pipelined, cut short, malformed, random. contract.md §9.4: S05, S16–S19,
 * S22, S30. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "contract/server.h"
#include "support/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const double answer_seconds = 30;
static const char result[] = "{\"result\": \"Entertainment\"}";
static const char request[] = "POST /invocations?a=%20b HTTP/1.1\r\nHost: x\r\n"
                              "Content-Type: application/json\r\nContent-Length: 28\r\n\r\n"
                              "{\"input\": \"film song actor\"}";

/* Sends bytes on a connection of their own and reads one answer (free). */
static char *ask_raw(const server *s, const void *bytes, size_t n)
{
    const int fd = http_connect(s->port);
    (void)http_write(fd, bytes, n);
    char *const answer = http_read_answer(fd, answer_seconds);
    http_close(fd);
    return answer;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* An error of ours: a status, and a sentence that the platform can pass on. */
static void assert_sentence(const char *answer, const char *status, const char *part)
{
    const char *const body = strstr(answer, "\r\n\r\n");
    if (!begins(answer, status) || body == NULL || strstr(body, part) == NULL) {
        fail_msg("%s with \"%s\" expected, got: %s", status, part, answer);
        return;
    }
    assert_non_null(strstr(answer, "\r\nContent-Type: application/json\r\n"));
    assert_in_range(strlen(body), 1, 2048);
}

/* ---- in pieces -------------------------------------------------------------------------------- */

static void a_request_may_be_split_at_any_byte(void **state)
{
    server *const s = *state;
    const size_t n = sizeof request - 1;
    const int fd = http_connect(s->port);
    for (size_t at = 1; at < n; at++) {
        assert_true(http_write(fd, request, at));
        process_sleep(0.001); /* so that the first part is read alone */
        assert_true(http_write(fd, request + at, n - at));
        char *const answer = http_read_answer(fd, answer_seconds);
        assert_true(begins(answer, "HTTP/1.1 200 "));
        assert_non_null(strstr(answer, result));
        free(answer);
    }
    http_close(fd);
}

static void a_request_may_come_byte_by_byte(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    for (size_t i = 0; i < sizeof request - 1; i++) {
        assert_true(http_write(fd, request + i, 1));
        process_sleep(0.0005);
    }
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_non_null(strstr(answer, result));
    free(answer);
    http_close(fd);
}

/* S16: chunks of every size from 1 byte on, extensions, upper-case digits, trailers. */
static void a_body_may_come_in_many_small_chunks(void **state)
{
    enum {
        N_LINES = 300
    };
    tmli_buf bytes = {0};
    server *const s = *state;
    tmli_buf_append_text(&bytes, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                 "text/plain\r\nTransfer-Encoding: Chunked\r\n\r\n");
    for (size_t i = 0; i < N_LINES; i++) {
        static const char line[] = "film song actor\n";
        const size_t cut = i % (sizeof line - 2) + 1;
        tmli_buf_printf(&bytes, "%zX;name=value\r\n%.*s\r\n", cut, (int)cut, line);
        tmli_buf_printf(&bytes, "0%zx\r\n%s\r\n", sizeof line - 1 - cut, line + cut);
    }
    tmli_buf_append_text(&bytes, "0\r\nX-Trailer: yes\r\nContent-Length: 5\r\n\r\n");
    assert_false(bytes.failed);
    for (int round = 0; round < 2; round++) {
        char *const answer = ask_raw(s, bytes.data, bytes.len);
        const char *const body = strstr(answer, "\r\n\r\n");
        assert_true(begins(answer, "HTTP/1.1 200 "));
        assert_non_null(body);
        assert_int_equal(strlen(body + 4), N_LINES * strlen("Entertainment\n"));
        free(answer);
    }
    tmli_buf_deinit(&bytes);
}

/* ---- one behind the other --------------------------------------------------------------------- */

/* S18 */
static void a_hundred_requests_at_once_are_answered_in_order(void **state)
{
    static const char *const words[SERVER_LABELS] = {"market bank profit", "phone robot chip",
                                                     "film song actor", "virus doctor vaccine"};
    enum {
        N = 100
    };
    tmli_buf bytes = {0};
    server *const s = *state;
    for (size_t i = 0; i < N; i++) {
        if (i % 7 == 3) {
            tmli_buf_append_text(&bytes, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n");
            continue;
        }
        const char *const text = words[i % SERVER_LABELS];
        tmli_buf_printf(&bytes,
                        "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        strlen(text), text);
    }
    const int fd = http_connect(s->port);
    assert_true(http_write(fd, bytes.data, bytes.len));
    for (size_t i = 0; i < N; i++) {
        char *const answer = http_read_answer(fd, answer_seconds);
        const char *const body = strstr(answer, "\r\n\r\n");
        assert_true(begins(answer, "HTTP/1.1 200 "));
        assert_non_null(body);
        if (i % 7 == 3) {
            assert_string_equal(body + 4, "");
        } else {
            assert_non_null(strstr(body, server_label_names[i % SERVER_LABELS]));
        }
        free(answer);
    }
    http_close(fd);
    tmli_buf_deinit(&bytes);
}

/* S05, S19 */
static void the_ways_to_ask_are_all_understood(void **state)
{
    static const struct {
        const char *request, *status;
        bool closes;
    } cases[] = {
        {"HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", false},
        {"POST /ping HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 ", false},
        {"GET /ping?from=probe HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", false},
        {"GET http://example.com:8080/ping?x=%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
         false},
        {"GET /ping HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", true},
        {"GET /ping HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 ", false},
        {"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ", true},
        {"\r\n\r\nGET /ping HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", false},
        {"GET /%70ing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 ", true},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const int fd = http_connect(s->port);
        assert_true(http_write_text(fd, cases[i].request));
        if (cases[i].closes) {
            char *const answer = http_read_all(fd, answer_seconds);
            assert_true(begins(answer, cases[i].status));
            free(answer);
        } else {
            char *const answer = http_read_answer(fd, answer_seconds);
            assert_true(begins(answer, cases[i].status));
            free(answer);
            assert_true(http_write_text(fd, "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"));
            char *const again = http_read_answer(fd, answer_seconds);
            assert_true(begins(again, "HTTP/1.1 200 "));
            free(again);
        }
        http_close(fd);
    }
}

/* ---- what cannot be right --------------------------------------------------------------------- */

#define POST "POST /invocations HTTP/1.1\r\nHost: x\r\n"

typedef struct doubtful_case {
    const char *request, *part;
} doubtful_case;

static void assert_doubtful_are_refused(server *s, const doubtful_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int fd = http_connect(s->port);
        (void)http_write_text(fd, cases[i].request);
        char *const answer =
            http_read_all(fd, answer_seconds); /* it closes: who knows what follows */
        assert_sentence(answer, "HTTP/1.1 400 ", cases[i].part);
        free(answer);
        http_close(fd);
    }
    assert_alive(s);
}

static void lengths_that_contradict_each_other_are_refused(void **state)
{
    static const char one[] = "more than one of Content-Length and Transfer-Encoding";
    static const char coding[] = "only \\\"chunked\\\" is read here";
    static const doubtful_case cases[] = {
        {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", one},
        {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", one},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", coding},
        {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", one},
        /* libmicrohttpd would take these for bodies without an end */
        {POST "Transfer-Encoding: chunked \r\n\r\n3\r\nabc\r\n0\r\n\r\n", coding},
        {POST "Transfer-Encoding:\r\n\r\n3\r\nabc\r\n0\r\n\r\n", coding},
        {POST "Content-Length: 3\r\nTransfer-Encoding:\r\n\r\nabc", one},
    };
    assert_doubtful_are_refused(*state, cases, COUNT_OF(cases));
}

static void lengths_that_others_may_read_otherwise_are_refused(void **state)
{
    static const char part[] = "a blank in front of its colon, or goes on in the next line";
    static const doubtful_case cases[] = {
        {POST "Content-Length : 3\r\n\r\nabc", part},
        {POST "Content-Length\t: 3\r\n\r\nabc", part},
        {POST "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", part},
        {POST "Content-Length:\r\n 3\r\n\r\nabc", part},
        {POST "Content-Length: 3\r\n 0\r\nX-Next: y\r\n\r\nabc", part},
        {POST "Transfer-Encoding:\r\n\tchunked\r\n\r\n0\r\n\r\n", part},
        {POST "X-Other : 1\r\nContent-Length: 3\r\n\r\nabc", part},
    };
    assert_doubtful_are_refused(*state, cases, COUNT_OF(cases));
}

/* What half-closed connections say, if anything, is an answer, and then they are closed. */
static void assert_they_end(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *const answer = http_read_all(fds[i], answer_seconds);
        assert_true(*answer == '\0' || begins(answer, "HTTP/1.1 "));
        free(answer);
        http_close(fds[i]);
    }
}

static void absurd_headers_are_survived(void **state)
{
#define WITH(bytes)                              \
    ("GET /ping HTTP/1.1\r\nHost: x\r\n" bytes), \
        sizeof("GET /ping HTTP/1.1\r\nHost: x\r\n" bytes) - 1
    static const struct {
        const char *bytes;
        size_t n;
    } cases[] = {
        {WITH("X-Nul: a\0b\r\n\r\n")},
        {WITH("\0\0\0\0: \0\r\n\r\n")},
        {WITH("no colon\r\n\r\n")},
        {WITH(": no name\r\n\r\n")},
        {WITH("Accept:\r\n\r\n")},
        {WITH("Accept: */*\rContent-Type: a\r\r")},
        {WITH("X: \xff\xfe\x80\r\n folded\r\n\tagain\r\n\r\n")},
        {WITH("Content-Length: 18446744073709551615\r\n\r\n")},
        {WITH("Content-Length: 0x10\r\n\r\n")},
        {WITH("Connection: close, keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n")},
        {"\0\0\0\0\r\n\r\n", 8},
        {"GET\r\n\r\n", 7},
        {"GET  HTTP/1.1\r\n\r\n", 17},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24},
    };
#undef WITH
    server *const s = *state;
    int fds[COUNT_OF(cases)];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        fds[i] = http_connect(s->port);
        (void)http_write(fds[i], cases[i].bytes, cases[i].n);
        http_end_writing(fds[i]);
    }
    assert_they_end(fds, COUNT_OF(cases));
    assert_alive(s);
}

/* Headers of any size get an answer: the request's, or 431 or 414. With those that just fit there was a gap in which the
 * connection closed without a word, since the answer's own headers had no room. */
static void headers_of_any_size_get_an_answer(void **state)
{
    server *const s = *state;
    unsigned long last = 200;
    size_t n_own_words = 0;
    for (size_t n = 6500; n <= 8400; n += 19) {
        tmli_buf bytes = {0};
        tmli_buf_append_text(&bytes, "GET /ping HTTP/1.1\r\nHost: x\r\nX-Long: ");
        for (size_t i = 0; i < n; i++) {
            tmli_buf_append_byte(&bytes, 'h');
        }
        tmli_buf_append_text(&bytes, "\r\n\r\n");
        char *const answer = ask_raw(s, bytes.data, bytes.len);
        assert_true(begins(answer, "HTTP/1.1 "));
        const unsigned long status = strtoul(answer + strlen("HTTP/1.1 "), NULL, 10);
        assert_true(status == 431 || (status == 200 && last == 200));
        n_own_words += strstr(answer, "send fewer or shorter ones") != NULL ? 1 : 0;
        last = status;
        free(answer);
        tmli_buf_deinit(&bytes);
    }
    assert_int_equal(last, 431);
    assert_true(n_own_words > 0);
    assert_alive(s);
}

static void headers_without_end_are_refused(void **state)
{
    static const struct {
        size_t n, n_value;
    } cases[] = {{1, 100000}, {10000, 1}, {200, 30}};
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf bytes = {0};
        tmli_buf_append_text(&bytes, "GET /ping HTTP/1.1\r\nHost: x\r\n");
        for (size_t h = 0; h < cases[i].n; h++) {
            tmli_buf_printf(&bytes, "X-%zu: %0*d\r\n", h, (int)cases[i].n_value, 7);
        }
        tmli_buf_append_text(&bytes, "\r\n");
        char *const answer = ask_raw(s, bytes.data, bytes.len);
        /* Nothing when the reset that the unread rest causes has overtaken it. */
        assert_true(begins(answer, "HTTP/1.1 431 ") || *answer == '\0');
        free(answer);
        tmli_buf_deinit(&bytes);
    }
    assert_alive(s);
}

/* S22 */
static void bodies_that_are_cut_short_disturb_nobody(void **state)
{
    enum {
        N = (sizeof request - 1) / 3
    };
    server *const s = *state;
    int fds[N];
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect(s->port);
        assert_true(http_write(fds[i], request, 1 + 3 * i));
        http_end_writing(fds[i]);
    }
    for (size_t i = 0; i < N; i++) {
        char *const answer = http_read_all(fds[i], answer_seconds); /* they are closed, soon */
        assert_string_equal(answer, "");
        free(answer);
        http_close(fds[i]);
    }
    assert_alive(s);
}

/* ---- anything --------------------------------------------------------------------------------- */

/* Any number below n; the same ones in each run (Knuth's linear congruence). */
static unsigned below(uint64_t *rng, size_t n)
{
    *rng = *rng * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((*rng >> 33) % n);
}

/* Whole requests with some bytes changed, left out, doubled, or cut off at the end. */
static size_t mutate(uint64_t *rng, char *out, size_t room)
{
    static const char *const seeds[] = {
        request,
        POST "Content-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "GET /ping HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nCookie: a=b; c=d\r\n\r\n",
        "HEAD http://h/ping?a=b&c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"};
    size_t n = 0;
    while (n < room / 2 && (n == 0 || below(rng, 3) > 0)) {
        const char *const seed = seeds[below(rng, COUNT_OF(seeds))];
        for (size_t i = 0; seed[i] != '\0' && n + 2 < room; i++) {
            const unsigned dice = below(rng, 400);
            out[n++] = dice == 0 ? (char)below(rng, 256) : seed[i];
            if (dice == 1) {
                n--;
            } else if (dice == 2) {
                out[n] = out[n - 1];
                n++;
            }
        }
    }
    return below(rng, 4) == 0 ? below(rng, n) + 1 : n;
}

static void random_bytes_do_not_end_the_server(void **state)
{
    enum {
        ROOM = 4096,
        ROUNDS = 1500,
        LEFT_OPEN = 100
    };
    server *const s = *state;
    char bytes[ROOM];
    int open[LEFT_OPEN];
    size_t n_open = 0;
    uint64_t rng = 20;
    const double end = process_clock() + 3;
    for (int round = 0; round < ROUNDS && process_clock() < end; round++) {
        size_t n = mutate(&rng, bytes, ROOM);
        if (round % 5 == 0) {
            n = below(&rng, ROOM) + 1;
            for (size_t i = 0; i < n; i++) {
                bytes[i] = (char)below(&rng, 256);
            }
        }
        const int fd = http_connect(s->port);
        const size_t cut = below(&rng, n + 1);
        (void)(http_write(fd, bytes, cut) && http_write(fd, bytes + cut, n - cut));
        if (round % 3 == 0 && n_open < LEFT_OPEN) {
            http_end_writing(fd);
            open[n_open++] = fd;
        } else {
            http_close(fd); /* in the middle of things */
        }
    }
    assert_they_end(open, n_open);
    assert_alive(s);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_request_may_be_split_at_any_byte),
        STARTED(a_request_may_come_byte_by_byte),
        STARTED(a_body_may_come_in_many_small_chunks),
        STARTED(a_hundred_requests_at_once_are_answered_in_order),
        STARTED(the_ways_to_ask_are_all_understood),
        STARTED(lengths_that_contradict_each_other_are_refused),
        STARTED(lengths_that_others_may_read_otherwise_are_refused),
        STARTED(absurd_headers_are_survived),
        STARTED(headers_of_any_size_get_an_answer),
        STARTED(headers_without_end_are_refused),
        STARTED(bodies_that_are_cut_short_disturb_nobody),
        STARTED(random_bytes_do_not_end_the_server),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
