/* What clients may take of the server: time, connections, a key, TLS; and what idle ones cost. contract.md §9.4: S06, S22,
 * S30. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/file.h"
#include "contract/server.h"
#include "support/http.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static const double answer_seconds = 30;
static const char ping[] = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
#define POST "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"

static void assert_begins(const char *text, const char *with)
{
    if (strncmp(text, with, strlen(with)) != 0) {
        fail_msg("\"%s\" expected, got: %s", with, text);
    }
}

static void assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" expected in: %s", part, text);
    }
}

/* ---- time ------------------------------------------------------------------------------------- */

static void a_client_that_is_too_slow_is_told(void **state)
{
    static const char headers[] =
        "{\"error\":{\"code\":408,\"message\":\"the headers were not complete after 1 s; send them "
        "faster, or start serve with a larger --header-timeout\"}}";
    static const char body[] = "{\"error\":{\"code\":408,\"message\":\"the body came too slowly: "
                               "less than 1024 bytes in 1 "
                               "s; send it faster, or start serve with a larger --body-timeout\"}}";
    static const struct {
        const char *begin;
        const char *want; /* NULL: closed without a word */
    } cases[] = {
        {"", NULL},
        {"GE", headers},
        {"GET /ping HTTP/1.1\r\nHo", headers},
        {POST "Content-Length: 100\r\n\r\n", body},
        {POST "Content-Length: 100\r\n\r\nhalf of it", body},
        {POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhalf ", body},
        /* In the request after one that was answered. */
        {"GET /ping HTTP/1.1\r\nHost: x\r\n\r\nGET /ping HTTP/1.1\r\nHo", headers},
    };
    server *const s = *state;
    int fds[COUNT_OF(cases)];
    server_start(s, ARGS("--header-timeout", "1", "--body-timeout", "1"));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        fds[i] = http_connect(s->port);
        assert_true(http_write_text(fds[i], cases[i].begin));
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *const answer = http_read_all(fds[i], answer_seconds);
        if (cases[i].want == NULL) {
            assert_string_equal(answer, "");
        } else {
            assert_holds(answer, "HTTP/1.1 408 ");
            assert_holds(answer, cases[i].want);
        }
        free(answer);
        http_close(fds[i]);
    }
    assert_alive(s);
}

/* Dripping does not help, neither in the headers nor in the body; a body that keeps its pace may take as long as it likes. */
static void dripping_does_not_hold_a_connection(void **state)
{
    server *const s = *state;
    server_start(s, ARGS("--header-timeout", "1", "--body-timeout", "2"));
    const int headers = http_connect(s->port);
    const int body = http_connect(s->port);
    const int steady = http_connect(s->port);
    assert_true(http_write_text(headers, "GET /ping HTTP/1.1\r\n"));
    assert_true(http_write_text(body, POST "Content-Length: 100000\r\n\r\n"));
    assert_true(http_write_text(steady, POST "Content-Length: 40000\r\n\r\n"));
    char piece[2001];
    memset(piece, 'a', sizeof piece - 1);
    piece[sizeof piece - 1] = '\0';
    for (int i = 0; i < 20; i++) { /* five seconds */
        (void)http_write_text(headers, "X: y\r\n");
        (void)http_write_text(body, "ten bytes.");
        assert_true(http_write_text(steady, piece));
        process_sleep(0.25);
    }
    char *answer = http_read_answer(headers, answer_seconds);
    assert_true(*answer == '\0' || strstr(answer, "HTTP/1.1 408 ") != NULL);
    free(answer);
    answer = http_read_answer(body, answer_seconds);
    assert_true(*answer == '\0' || strstr(answer, "HTTP/1.1 408 ") != NULL);
    free(answer);
    answer = http_read_answer(steady, answer_seconds);
    assert_begins(answer, "HTTP/1.1 200 ");
    free(answer);
    http_close(headers);
    http_close(body);
    http_close(steady);
    assert_alive(s);
}

static void an_idle_connection_is_closed_in_the_end(void **state)
{
    server *const s = *state;
    server_start(s, ARGS("--idle-timeout", "2", "--header-timeout", "30"));
    const int fd = http_connect(s->port);
    for (int i = 0; i < 3; i++) { /* each request counts anew */
        assert_true(http_write_text(fd, ping));
        char *const answer = http_read_answer(fd, answer_seconds);
        assert_begins(answer, "HTTP/1.1 200 ");
        free(answer);
        process_sleep(1);
    }
    const double begin = process_clock();
    char *const rest = http_read_all(fd, answer_seconds);
    assert_string_equal(rest, "");
    assert_true(process_clock() - begin < 10);
    free(rest);
    http_close(fd);
}

static size_t n_open_files(const server *s)
{
    char path[64];
    size_t n = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)s->process.pid);
    DIR *const files = opendir(path);
    if (files == NULL) {
        fail_msg("%s cannot be read", path);
        return 0;
    }
    while (readdir(files) != NULL) {
        n++;
    }
    (void)closedir(files);
    return n;
}

/* A client that asks and does not read: the kernel gives up on it, and the answer's memory is free again. */
static void wait_for_open_files(const server *s, size_t n)
{
    const double end = process_clock() + PROCESS_SECONDS;
    while (n_open_files(s) != n) {
        assert_true(process_clock() < end);
        process_sleep(0.05);
    }
}

static void a_client_that_does_not_take_its_answer_is_given_up(void **state)
{
    enum {
        N_LINES = 1 << 18 /* 5.5 MB of answer at least: more than the socket's buffers hold */
    };
    const int small = 4096;
    server *const s = *state;
    server_start(s, ARGS("--idle-timeout", "2"));
    const size_t n_before = n_open_files(s);
    const int fd = http_connect(s->port);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    char *const body = malloc(N_LINES * 2);
    assert_non_null(body);
    for (size_t i = 0; i < N_LINES; i++) {
        memcpy(body + 2 * i, "a\n", 2);
    }
    char head[256];
    (void)snprintf(head, sizeof head, POST "Content-Length: %d\r\n\r\n", N_LINES * 2);
    assert_true(http_write_text(fd, head));
    assert_true(http_write(fd, body, N_LINES * 2));
    free(body);
    wait_for_open_files(s, n_before + 1); /* a busy machine may take the connection late */
    wait_for_open_files(s, n_before);     /* the client's side is not told before it reads */
    char *const answer = http_read_all(fd, answer_seconds);
    assert_true(strlen(answer) < N_LINES * strlen("Business\n")); /* a part, if anything */
    free(answer);
    http_close(fd);
    assert_alive(s);
}

/* ---- number ----------------------------------------------------------------------------------- */

static void ask_ping(int fd, const char *status, const char *part)
{
    assert_true(http_write_text(fd, ping));
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_begins(answer, status);
    assert_holds(answer, part);
    free(answer);
}

static void connections_over_the_limit_are_told(void **state)
{
    static const struct {
        const char *option, *status, *part;
    } cases[] = {
        {"--max-connections", "HTTP/1.1 503 ",
         "more than 3 connections; try again, or start serve with a larger --max-connections"},
        {"--max-connections-per-address", "HTTP/1.1 429 ",
         "more than 3 connections from one address; close some, use each for several requests, or "
         "start serve with a larger --max-connections-per-address"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fds[3];
        server_start(s, ARGS(cases[i].option, "3", "--threads", "2"));
        for (size_t k = 0; k < COUNT_OF(fds); k++) {
            fds[k] = http_connect(s->port);
            ask_ping(fds[k], "HTTP/1.1 200 ", "");
        }
        const int over = http_connect(s->port);
        assert_true(http_write_text(over, ping));
        char *const answer = http_read_all(over, answer_seconds); /* it is closed */
        assert_begins(answer, cases[i].status);
        assert_holds(answer, cases[i].part);
        assert_holds(answer, "\r\nRetry-After: 1\r\n");
        free(answer);
        http_close(over);
        for (size_t k = 0; k < COUNT_OF(fds); k++) {
            ask_ping(fds[k], "HTTP/1.1 200 ", "");
            http_close(fds[k]);
        }
        process_sleep(0.3);
        assert_alive(s); /* there is room again */
        server_stop(s);
    }
}

/* Far over the limit nobody is listened to, and nobody keeps a descriptor. */
static void a_flood_of_connections_ends_by_itself(void **state)
{
    enum {
        N = 300
    };
    int fds[N];
    server *const s = *state;
    server_start(s, ARGS("--max-connections", "10", "--header-timeout", "2"));
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect(s->port);
    }
    for (size_t i = 0; i < N; i++) {
        char *const rest = http_read_all(fds[i], answer_seconds);
        assert_string_equal(rest, "");
        free(rest);
        http_close(fds[i]);
    }
    const double end = process_clock() + PROCESS_SECONDS;
    do { /* the last ones have read their end, and may still be counted */
        server_get(s, "/ping");
    } while (s->answer.status == 503 && process_clock() < end);
    assert_alive(s);
}

/* The line of /proc/PID/smaps_rollup, in KiB. */
static long resident_kb(const server *s)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)s->process.pid);
    char *const text = process_read_file(path, NULL);
    const char *const line = text != NULL ? strstr(text, "\nRss:") : NULL;
    const long kb = line != NULL ? strtol(line + 5, NULL, 10) : -1;
    free(text);
    return kb;
}

/* Lets this process have n more descriptors; false when the system does not. */
static bool may_open(size_t n)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < n + 100) {
        return false;
    }
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

static void ten_thousand_idle_connections_cost_at_most_100_megabytes(void **state)
{
    enum {
        N = 10000
    };
    static int fds[N];
    server *const s = *state;
    if (is_sanitized || !may_open(N)) {
        print_message(
            "SKIPPED: 10,000 connections: sanitized, or too few open files (ulimit -Hn)\n");
        skip();
    }
    server_start(s, NULL);
    assert_alive(s);
    const long before_kb = resident_kb(s);
    for (size_t i = 0; i < N; i++) {
        fds[i] = http_connect(s->port);
        assert_true(http_write_text(fds[i], POST "Content-Length: 9\r\n\r\nfilm song"));
        char *const answer = http_read_answer(fds[i], answer_seconds);
        assert_begins(answer, "HTTP/1.1 200 ");
        free(answer);
    }
    const long cost_kb = resident_kb(s) - before_kb;
    print_message("%d idle connections cost %ld KiB\n", N, cost_kb);
    assert_true(before_kb > 0);
    assert_in_range(cost_kb, 1, 100000000 / 1024);
    ask_ping(fds[0], "HTTP/1.1 200 ", ""); /* they are all alive */
    ask_ping(fds[N - 1], "HTTP/1.1 200 ", "");
    for (size_t i = 0; i < N; i++) {
        http_close(fds[i]);
    }
    assert_alive(s);
}

/* ---- key and TLS ------------------------------------------------------------------------------ */

static void ask_with_key(server *s, const char *header, const char *path)
{
    const char *const headers[] = {header, NULL};
    const http_request request = {.path = path, .headers = headers};
    http_send(s->client, &request, &s->answer);
}

/* Proxies send the absolute form. */
static void assert_ping_needs_no_key_through_a_proxy(const server *s)
{
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "GET http://x/ping HTTP/1.1\r\nHost: x\r\n\r\n"));
    char *const answer = http_read_answer(fd, answer_seconds);
    assert_begins(answer, "HTTP/1.1 200 ");
    free(answer);
    http_close(fd);
}

static void a_server_with_a_key_wants_to_see_it(void **state)
{
    static const char *const wrong[] = {"X-Other: 1",
                                        "Authorization: Bearer s3cre",
                                        "Authorization: Bearer s3cret!",
                                        "Authorization: Bearer s3creT",
                                        "Authorization: Basic s3cret",
                                        "Authorization: Bearer"};
    static const char sentence[] =
        "this server asks for its API key; send it as \"Authorization: Bearer KEY\"";
    server *const s = *state;
    char *const file = tmpdir_write(s->dir, "key", "s3cret\n", 7);
    for (int by_file = 0; by_file < 2; by_file++) {
        s->env = by_file ? NULL : ARGS("TEXTML_API_KEY=s3cret");
        server_start(s, by_file ? ARGS("--api-key-file", file) : NULL);
        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
            ask_with_key(s, wrong[i], "/invocations");
            assert_error(s, 401, sentence);
            char *const how = http_header(&s->answer, "WWW-Authenticate");
            assert_string_equal(how != NULL ? how : "(none)", "Bearer");
            free(how);
        }
        ask_with_key(s, "Authorization: bearer s3cret", "/invocations");
        assert_int_equal(s->answer.status, 405); /* let in */
        ask_with_key(s, "X-Other: 1", "/ping");
        assert_int_equal(s->answer.status, 200);
        assert_ping_needs_no_key_through_a_proxy(s);
        server_ask(s, "text/plain", NULL, "film song"); /* refused before its body is read */
        assert_error(s, 401, sentence);
        server_stop(s);
    }
    free(file);
}

static void make_certificate(const server *s, const char *cert, const char *key)
{
    process p = {.fd = -1};
    const process_options options = {
        .dir = s->dir,
        .name = "openssl",
        .args = ARGS("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                     "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                     "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert)};
    process_start(&p, "/usr/bin/openssl", &options);
    assert_int_equal(process_exit(&p, PROCESS_SECONDS), 0);
    process_end(&p);
}

static void a_server_with_a_certificate_speaks_tls(void **state)
{
    enum {
        BODY_BYTES = 3000000
    };
    server *const s = *state;
    char *const cert = tmpdir_path(s->dir, "cert.pem");
    char *const key = tmpdir_path(s->dir, "key.pem");
    char *const body = malloc(BODY_BYTES);
    assert_non_null(body);
    memset(body, 'a', BODY_BYTES);
    make_certificate(s, cert, key);
    server_start(s, ARGS("--tls-cert", cert, "--tls-key", key, "--max-body", "2000000",
                         "--header-timeout", "2"));
    http_client_trust(s->client, cert);
    assert_alive(s);
    server_ask(s, "text/plain", NULL, "film song");
    assert_answer(s, 200, "text/plain", "Entertainment\n");
    assert_int_equal(s->answer.n_connects, 0); /* the connection is kept */
    static const char *const lengths[] = {"Expect:", "Transfer-Encoding: chunked"};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) { /* refusals are encrypted, too */
        const char *const headers[] = {"Content-Type: text/plain", lengths[i], NULL};
        const http_request request = {
            .path = "/invocations", .headers = headers, .body = body, .n_body = BODY_BYTES};
        http_send(s->client, &request, &s->answer);
        assert_int_equal(s->answer.status, 413);
    }
    const int plain = http_connect(s->port); /* nothing is said in the clear */
    assert_true(http_write_text(plain, "GET /ping HTTP/1.1\r\nHo"));
    char *const answer = http_read_all(plain, answer_seconds);
    assert_null(strstr(answer, "HTTP/1.1"));
    free(answer);
    http_close(plain);
    assert_alive(s);
    free(body);
    free(cert);
    free(key);
}

static void protection_that_cannot_be_had_ends_the_start(void **state)
{
    static const char pem[] =
        "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n";
    server *const s = *state;
    char *const file = tmpdir_write(s->dir, "file", "two words\n", 10);
    char *const bad = tmpdir_write(s->dir, "bad.pem", pem, sizeof pem - 1);
    const struct {
        const char *const *args;
        const char *part;
    } cases[] = {
        {ARGS("--api-key-file", "/nowhere/key"), "/nowhere/key: No such file"},
        {ARGS("--api-key-file", file), "an API key is one word of 1 to 512 letters"},
        {ARGS("--tls-cert", file), "--tls-cert and --tls-key belong together"},
        {ARGS("--tls-cert", file, "--tls-key", file), "no certificate in PEM"},
        {ARGS("--tls-cert", bad, "--tls-key", bad, "--port", "0"),
         "the HTTP server does not start"},
        {ARGS("--header-timeout", "0"), "--header-timeout"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        server_launch(s, cases[i].args);
        assert_int_equal(process_exit(&s->process, PROCESS_SECONDS), 1);
        char *const err = process_stderr(&s->process);
        assert_holds(err, cases[i].part);
        free(err);
    }
    free(file);
    free(bad);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSTARTED(a_client_that_is_too_slow_is_told),
        UNSTARTED(dripping_does_not_hold_a_connection),
        UNSTARTED(an_idle_connection_is_closed_in_the_end),
        UNSTARTED(a_client_that_does_not_take_its_answer_is_given_up),
        UNSTARTED(connections_over_the_limit_are_told),
        UNSTARTED(a_flood_of_connections_ends_by_itself),
        UNSTARTED(ten_thousand_idle_connections_cost_at_most_100_megabytes),
        UNSTARTED(a_server_with_a_key_wants_to_see_it),
        UNSTARTED(a_server_with_a_certificate_speaks_tls),
        UNSTARTED(protection_that_cannot_be_had_ends_the_start),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
