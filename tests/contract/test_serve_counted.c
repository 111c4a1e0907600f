/* What is refused or lost before it is routed, in the figures and in the log; and bodies that are turned away before they have
 * come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "contract/load.h"
#include "contract/server.h"
#include "support/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ARGS(__VA_ARGS__)

static const double answer_seconds = 30;
#define POST "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
#define OTHER "textml_requests_total{route=\"other\",status="
#define INVOCATIONS "textml_requests_total{route=\"/invocations\",status="

/* The value of a sample in the latest answer, or -1. */
static double figure(const server *s, const char *name)
{
    char line[160];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *at = strstr(s->answer.body, line);
    return at != NULL ? strtod(at + strlen(line), NULL) : -1;
}

/* The same, once it has got there: some are counted when a connection has closed. */
static void assert_counted(server *s, const char *name, double n)
{
    for (double end = process_clock() + answer_seconds; process_clock() < end;
         process_sleep(0.05)) {
        server_get(s, "/metrics");
        if (figure(s, name) >= n) {
            break;
        }
    }
    if (figure(s, name) != n) {
        fail_msg("%s: %g expected, got %g", name, n, figure(s, name));
    }
}

/* ---- figures ---------------------------------------------------------------------------------- */

static void send_and_forget(const server *s, const char *bytes)
{
    const int fd = http_connect(s->port);
    (void)http_write_text(fd, bytes);
    free(http_read_all(fd, answer_seconds));
    http_close(fd);
}

static void refusals_in_other_words_are_counted(void **state)
{
    server *const s = *state;
    send_and_forget(s, "GET /ping HTTP/3.0\r\nHost: x\r\n\r\n");
    send_and_forget(s, "\x01\x02\x03 \x04\r\n\r\n");
    send_and_forget(s, POST "Content-Length: 5x\r\n\r\nhello");
    send_and_forget(s, POST "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n");
    assert_counted(s, OTHER "\"505\"}", 1);
    assert_counted(s, OTHER "\"400\"}", 3);
    assert_counted(s, "textml_errors_total{kind=\"bad_request\"}", 3);
    assert_counted(s, "textml_errors_total{kind=\"version\"}", 1);
    assert_counted(s, "textml_errors_total{kind=\"abandoned\"}", 0);
    assert_alive(s);
}

static void clients_that_are_too_slow_are_counted(void **state)
{
    static const char *const begins[] = {"GE", "GET /ping HTTP/1.1\r\nHo",
                                         POST "Content-Length: 100\r\n\r\nhalf of it"};
    server *const s = *state;
    int fds[COUNT_OF(begins)];
    server_start(s, ARGS("--header-timeout", "1", "--body-timeout", "1"));
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        fds[i] = http_connect(s->port);
        assert_true(http_write_text(fds[i], begins[i]));
    }
    for (size_t i = 0; i < COUNT_OF(begins); i++) {
        free(http_read_all(fds[i], answer_seconds));
        http_close(fds[i]);
    }
    assert_counted(s, OTHER "\"408\"}", 3);
    assert_counted(s, "textml_errors_total{kind=\"abandoned\"}", 0);
}

static void a_client_that_goes_is_counted_as_abandoned(void **state)
{
    server *const s = *state;
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, POST "Content-Length: 100\r\n\r\nhalf of it"));
    process_sleep(0.1);
    http_close(fd);
    assert_counted(s, "textml_errors_total{kind=\"abandoned\"}", 1);
    assert_counted(s, "textml_errors_total{kind=\"timeout\"}", 0);
}

static void a_refusal_without_a_body_is_counted(void **state)
{
    server *const s = *state;
    s->env = ENV("TEXTML_API_KEY=secret");
    server_start(s, NULL);
    send_and_forget(s, "GET /models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    send_and_forget(s, POST "Content-Length: 5\r\n\r\nhello");
    const int fd = http_connect(s->port);
    assert_true(http_write_text(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                    "Authorization: Bearer secret\r\n\r\n"));
    char *const figures = http_read_all(fd, answer_seconds);
    http_close(fd);
    assert_non_null(strstr(figures, "\ntextml_errors_total{kind=\"unauthorized\"} 2\n"));
    assert_non_null(strstr(figures, "\n" INVOCATIONS "\"401\"} 1\n"));
    free(figures);
}

static void the_body_of_a_long_request_is_counted_and_logged(void **state)
{
    server *const s = *state;
    tmli_buf lines = load_lines(200 << 10, NULL);
    char bytes[64];
    s->env = ENV("SM_LOG_LEVEL=debug");
    server_start(s, NULL);
    free(load_receive(load_send(s, "", &lines)));
    free(load_receive(load_send(s, "", &lines)));
    server_get(s, "/metrics");
    assert_true(figure(s, "textml_request_bytes_total") == 2 * (double)lines.len);
    server_stop(s);
    char *const out = process_stdout(&s->process);
    (void)snprintf(bytes, sizeof(bytes), " bytes_in=%zu ", lines.len);
    const char *first = strstr(out, bytes);
    const char *second = first != NULL ? strstr(first + 1, bytes) : NULL;
    if (first == NULL || second == NULL) {
        fail_msg("%s expected twice in: %s", bytes, out);
        return;
    }
    first = strstr(first, "body_hash=");
    second = strstr(second, "body_hash=");
    assert_memory_equal(first, second, strlen("body_hash=0123456789abcdef "));
    assert_memory_not_equal(first, "body_hash=-", strlen("body_hash=-"));
    free(out);
    tmli_buf_deinit(&lines);
}

/* ---- a full queue ----------------------------------------------------------------------------- */

/* A body whose rest does not come yet. */
static int send_a_part(const server *s, size_t n_announced, const tmli_buf *part)
{
    char headers[256];
    const int fd = http_connect(s->port);
    (void)snprintf(headers, sizeof(headers), POST "Content-Length: %zu\r\n\r\n", n_announced);
    assert_true(http_write_text(fd, headers));
    assert_true(http_write(fd, part->data, part->len));
    return fd;
}

/* The answer to headers that announce a body; nothing of it is sent. */
static char *announce(const server *s, const char *more, size_t n_announced)
{
    char headers[256];
    const int fd = http_connect(s->port);
    (void)snprintf(headers, sizeof(headers), POST "%sContent-Length: %zu\r\n\r\n", more,
                   n_announced);
    assert_true(http_write_text(fd, headers));
    char *answer = http_read_all(fd, answer_seconds);
    http_close(fd);
    return answer;
}

static void bodies_on_their_way_fill_the_queue(void **state)
{
    server *const s = *state;
    tmli_buf part = load_lines(1500000, NULL);
    server_start(s, ARGS("--max-queue-bytes", "2000000"));
    /* One alone may be longer than the queue. Of a part that is on its way it is not known when it has come. */
    const int slow = send_a_part(s, part.len + 3000000, &part);
    process_sleep(0.3);
    for (int i = 0; i < 2; i++) {
        char *const refusal = announce(s, i == 0 ? "" : "Expect: 100-continue\r\n", 1000000);
        assert_int_equal(load_status(refusal), 503);
        assert_non_null(strstr(refusal, "\r\nRetry-After: 1\r\n"));
        assert_non_null(strstr(refusal, "--max-queue-bytes"));
        free(refusal);
    }
    /* A body of unknown length is turned away when it has grown too long. */
    const int fd = http_connect(s->port);
    char *const chunk = calloc(1, 600001);
    assert_non_null(chunk);
    memset(chunk, 'a', 600000);
    assert_true(http_write_text(fd, POST "Transfer-Encoding: chunked\r\n\r\n927c0\r\n"));
    (void)http_write_text(fd, chunk);
    char *const refusal = http_read_all(fd, answer_seconds);
    http_close(fd);
    assert_int_equal(load_status(refusal), 503);
    assert_counted(s, INVOCATIONS "\"503\"}", 3);
    assert_alive(s); /* short ones pass */
    /* When the part has gone there is room again. */
    http_close(slow);
    assert_counted(s, "textml_errors_total{kind=\"abandoned\"}", 1);
    char *const later = load_receive(load_send(s, "", &part));
    assert_int_equal(load_status(later), 200);
    free(later);
    free(refusal);
    free(chunk);
    tmli_buf_deinit(&part);
}

/* ---- closed standard streams ------------------------------------------------------------------ */

static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    (void)close(fd);
    return ntohs(at.sin_port);
}

/* Otherwise the log's lines would go into whatever was opened first. */
static void closed_streams_do_not_become_others(void **state)
{
    server *const s = *state;
    char line[1024];
    char *target = calloc(1, 256);
    assert_non_null(target);
    s->port = free_port();
    (void)snprintf(line, sizeof(line),
                   "exec '%s' --model-dir '%s' --host 127.0.0.1 --port %u <&- >&- 2>&-",
                   TML_SERVE_PATH, s->model_dir, s->port);
    const process_options options = {.dir = s->dir, .name = "shell", .args = ARGS("-c", line)};
    process_start(&s->process, "/bin/sh", &options);
    for (double end = process_clock() + answer_seconds;
         http_is_refused(s->port) && process_clock() < end;) {
        process_sleep(0.02);
    }
    for (int i = 0; i <= STDERR_FILENO; i++) {
        (void)snprintf(line, sizeof(line), "/proc/%d/fd/%d", (int)s->process.pid, i);
        const ssize_t n = readlink(line, target, 255);
        assert_true(n > 0);
        target[n] = '\0';
        assert_string_equal(target, "/dev/null");
    }
    free(target);
    s->client = http_client_create(s->port);
    assert_alive(s);
    server_stop(s);
}

static void a_log_that_nobody_reads_holds_nobody_up(void **state)
{
    enum {
        N_REQUESTS = 1200 /* of 140 bytes each: more than a pipe holds */
    };
    server *const s = *state;
    const process_options options = {
        .dir = s->dir,
        .args = ARGS("--model-dir", s->model_dir, "--host", "127.0.0.1", "--port", "0"),
        .env = ENV("SM_LOG_LEVEL=10"),
        .output = PROCESS_TO_PIPE};
    process_start(&s->process, TML_SERVE_PATH, &options);
    s->port = process_port(&s->process, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
    for (size_t i = 0; i < N_REQUESTS; i++) {
        server_ask(s, "text/plain", NULL, "market\n");
        assert_int_equal(s->answer.status, 200);
    }
    process_says(&s->process, "request ", PROCESS_SECONDS); /* now it is read */
    server_ask(s, "text/plain", NULL, "market\n");
    process_says(&s->process, " records were left out: nobody read them", PROCESS_SECONDS);
    server_stop(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)
#define STARTED(name) cmocka_unit_test_setup_teardown(name, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(refusals_in_other_words_are_counted),
        TEST(clients_that_are_too_slow_are_counted),
        STARTED(a_client_that_goes_is_counted_as_abandoned),
        TEST(a_refusal_without_a_body_is_counted),
        TEST(the_body_of_a_long_request_is_counted_and_logged),
        TEST(bodies_on_their_way_fill_the_queue),
        TEST(closed_streams_do_not_become_others),
        TEST(a_log_that_nobody_reads_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
