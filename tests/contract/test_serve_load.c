/* Long requests beside short ones, and the queue's bounds. contract.md §9: S03, S06, S22, S32, B08, B10. The full sizes
 * are the matter of test_serve_large.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/gzip.h"
#include "base/source.h"
#include "contract/load.h"
#include "contract/server.h"
#include "support/http.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Sanitized builds take ten times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LONG_BYTES ((size_t)4 << 20)
static const double arrival_seconds = 1; /* until all of it is read, and it is worked on */
#else
#define LONG_BYTES ((size_t)20 << 20)
static const double arrival_seconds = 0.2;
#endif

/* Of any machine, busy and without optimization: a server whose threads all score would take seconds. The true bars are
 * test_serve_large.c's. */
static const double most_seconds = 0.5;
static const double answer_seconds = 60;

/* S03, B08: 20 MiB hold neither /ping nor a headline back, nor 100 KiB that go to the workers as well. */
static void others_are_answered_while_a_long_request_is_worked_on(void **state)
{
    static const char *const args[] = {"--threads", "1", NULL};
    server *const s = *state;
    size_t n_rows = 0;
    load_latencies took = {0};
    char *answer = NULL;
    tmli_buf lines = load_lines(LONG_BYTES, &n_rows);
    server_start(s, args);
    load_measure(s, &lines, &took, &answer);
    print_message("%zu pings, p99 %.2f ms; %zu headlines, p99 %.2f ms; %zu times 100 KiB, median "
                  "%.2f ms\n",
                  took.pings.n, 1e3 * load_times_quantile(&took.pings, 0.99), took.small.n,
                  1e3 * load_times_quantile(&took.small, 0.99), took.hundred_kb.n,
                  1e3 * load_times_quantile(&took.hundred_kb, 0.5));
    assert_in_range(took.pings.n, 10, SIZE_MAX); /* the long one took a while */
    assert_true(load_times_quantile(&took.pings, 0.99) <= most_seconds);
    assert_true(load_times_quantile(&took.small, 0.99) <= most_seconds);
    assert_int_equal(load_status(answer), 200);
    size_t n_lines = 0;
    for (const char *at = strchr(load_body(answer), '\n'); at != NULL; at = strchr(at + 1, '\n')) {
        n_lines++;
    }
    assert_int_equal(n_lines, n_rows);
    load_latencies_deinit(&took);
    tmli_buf_deinit(&lines);
    free(answer);
}

/* S06: the workers are busy, the connections come all the same. */
static void connections_are_accepted_while_all_workers_are_busy(void **state)
{
    enum {
        N = 200,
        N_LONG = 4
    };
    static const double accept_seconds = 0.25;
    int fds[N];
    int busy[N_LONG];
    server *const s = *state;
    tmli_buf lines = load_lines(LONG_BYTES / 4, NULL);
    double slowest = 0;
    for (size_t i = 0; i < N_LONG; i++) {
        busy[i] = load_send(s, "", &lines);
    }
    for (size_t i = 0; i < N; i++) {
        const double before = process_clock();
        fds[i] = http_connect(s->port);
        const double took = process_clock() - before;
        slowest = took > slowest ? took : slowest;
    }
    assert_true(slowest <= accept_seconds);
    for (size_t i = 0; i < N; i++) {
        assert_true(http_write_text(fds[i], "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"));
    }
    for (size_t i = 0; i < N; i++) {
        char *const answer = http_read_answer(fds[i], answer_seconds);
        assert_int_equal(load_status(answer), 200);
        free(answer);
        http_close(fds[i]);
    }
    for (size_t i = 0; i < N_LONG; i++) {
        char *const answer = load_receive(busy[i]);
        assert_int_equal(load_status(answer), 200);
        free(answer);
    }
    tmli_buf_deinit(&lines);
}

/* B10 */
static void the_same_request_gets_the_same_bytes(void **state)
{
    enum {
        N = 3
    };
    char *answers[N];
    int fds[N];
    server *const s = *state;
    tmli_buf lines = load_lines(1 << 20, NULL);
    for (size_t i = 0; i < N; i++) { /* at once: cut and mixed differently each time */
        fds[i] = load_send(s, "Accept: application/jsonlines\r\n", &lines);
    }
    for (size_t i = 0; i < N; i++) {
        answers[i] = load_receive(fds[i]);
        assert_int_equal(load_status(answers[i]), 200);
        assert_string_equal(load_body(answers[i]), load_body(answers[0]));
    }
    for (size_t i = 0; i < N; i++) {
        free(answers[i]);
    }
    tmli_buf_deinit(&lines);
}

/* A long request that is being worked on, and the answer to one that came meanwhile. How long a body takes to arrive and
 * to be worked on is for the machine to say: they try again, each time with twice the time between them. */
static int send_two(const server *s, const tmli_buf *lines, const tmli_buf *more, char **second)
{
    enum {
        MAX_TRIES = 10
    };
    for (size_t i = 0; i < MAX_TRIES; i++) {
        const int fd = load_send(s, "", lines);
        process_sleep(0.002 * (double)(1 << i));
        *second = load_receive(load_send(s, "", more));
        if (load_status(*second) != 200) {
            return fd;
        }
        free(*second);
        free(load_receive(fd));
    }
    fail_msg("the queue was never full");
    return -1;
}

static void a_full_queue_turns_long_requests_away(void **state)
{
    static const char *const args[] = {"--threads", "1", "--max-queue", "1", NULL};
    server *const s = *state;
    tmli_buf lines = load_lines(LONG_BYTES, NULL);
    tmli_buf more = load_lines(100 << 10, NULL);
    char *refusal = NULL;
    server_start(s, args);
    const int fd = send_two(s, &lines, &more, &refusal);
    assert_int_equal(load_status(refusal), 503);
    static const char retry_after[] = "\r\nRetry-After: ";
    const char *const wait = strstr(refusal, retry_after);
    assert_non_null(wait);
    assert_in_range(strtol(wait + sizeof retry_after - 1, NULL, 10), 1, 60);
    assert_string_equal(load_body(refusal),
                        "{\"error\":{\"code\":503,\"message\":\"too many long requests wait to be "
                        "answered; try again later, or start serve with a larger --max-queue "
                        "or --max-queue-bytes\"}}");
    assert_alive(s); /* short ones do not queue */
    char *const answer = load_receive(fd);
    assert_int_equal(load_status(answer), 200);
    char *const later = load_receive(load_send(s, "", &more));
    assert_int_equal(load_status(later), 200);
    free(refusal);
    free(answer);
    free(later);
    tmli_buf_deinit(&lines);
    tmli_buf_deinit(&more);
}

/* Closes so that the other side learns of it: with a reset. */
static void reset(int fd)
{
    const struct linger at_once = {.l_onoff = 1};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    http_close(fd);
}

/* S22 */
static void an_abandoned_request_stops_costing(void **state)
{
    static const char *const args[] = {"--threads", "1", "--max-queue", "1", NULL};
    server *const s = *state;
    tmli_buf lines = load_lines(LONG_BYTES, NULL);
    tmli_buf more = load_lines(100 << 10, NULL);
    server_start(s, args);
    const double begin = process_clock();
    char *const whole = load_receive(load_send(s, "", &lines));
    const double whole_seconds = process_clock() - begin;
    assert_int_equal(load_status(whole), 200);
    free(whole);

    const int fd = load_send(s, "", &lines);
    process_sleep(arrival_seconds / 2);
    const double left = process_clock();
    reset(fd);
    unsigned status = 0;
    while (status != 200) { /* as long as the other is worked on there is no place */
        char *const answer = load_receive(load_send(s, "", &more));
        status = load_status(answer);
        free(answer);
        assert_true(status == 200 || status == 503);
    }
    const double freed_seconds = process_clock() - left;
    print_message("%.2f s for the whole, %.2f s until the place was free\n", whole_seconds,
                  freed_seconds);
    assert_true(freed_seconds < whole_seconds / 2);
    tmli_buf_deinit(&lines);
    tmli_buf_deinit(&more);
}

/* S32 */
static void a_bad_timeout_is_reported_and_left_out(void **state)
{
    static const char *const env[] = {"SAGEMAKER_MODEL_SERVER_TIMEOUT=abc", NULL};
    server *const s = *state;
    s->env = env;
    server_start(s, NULL);
    assert_alive(s);
    char *const err = process_stderr(&s->process);
    assert_non_null(strstr(err, "SAGEMAKER_MODEL_SERVER_TIMEOUT: \"abc\" is not a whole number"));
    free(err);
}

static void bodies_are_packed_when_both_sides_want_it(void **state)
{
    static const char *const plain[] = {"Content-Type: text/csv", NULL};
    static const char *const packed[] = {"Content-Type: text/csv", "Content-Encoding: gzip",
                                         "Accept-Encoding: gzip", NULL};
    server *const s = *state;
    for (size_t i = 0; i < 2; i++) {
        tmli_buf lines = load_lines(i == 0 ? 2000 : 2 << 20, NULL);
        tmli_buf body = {0};
        tmli_buf unpacked = {0};
        tml_str got = {0};
        http_answer want = {0};
        tmli_deflater *const deflater = tmli_deflater_create();
        assert_non_null(deflater);
        tmli_deflate(deflater, tmli_buf_str(&lines), true, &body);
        tmli_deflater_free(deflater);
        const http_request as_it_is = {
            .path = "/invocations", .headers = plain, .body = lines.data, .n_body = lines.len};
        const http_request smaller = {
            .path = "/invocations", .headers = packed, .body = body.data, .n_body = body.len};
        http_send(s->client, &as_it_is, &want);
        assert_int_equal(want.status, 200);
        http_send(s->client, &smaller, &s->answer);
        assert_int_equal(s->answer.status, 200);
        char *const coding = http_header(&s->answer, "Content-Encoding");
        const bool is_packed = coding != NULL && strcmp(coding, "gzip") == 0;
        free(coding);
        assert_int_equal(is_packed, i == 1); /* a few labels are not worth it */
        assert_int_equal(tmli_gunzip("answer", (tml_str){s->answer.body, s->answer.n_body},
                                     SIZE_MAX, &unpacked, &got, NULL),
                         TML_OK);
        assert_int_equal(got.len, want.n_body);
        assert_memory_equal(got.data, want.body, want.n_body);
        http_answer_free(&want);
        tmli_buf_deinit(&unpacked);
        tmli_buf_deinit(&body);
        tmli_buf_deinit(&lines);
    }
}

static void a_body_that_unpacks_to_too_much_is_refused(void **state)
{
    static const char *const headers[] = {"Content-Type: text/csv", "Content-Encoding: gzip", NULL};
    server *const s = *state;
    tmli_buf zeros = {0};
    tmli_buf body = {0};
    tmli_deflater *const deflater = tmli_deflater_create();
    assert_non_null(deflater);
    assert_true(tmli_buf_reserve(&zeros, 1 << 20));
    memset(zeros.data, 'a', 1 << 20);
    zeros.len = 1 << 20;
    for (size_t i = 0; i < 8; i++) {
        tmli_deflate(deflater, tmli_buf_str(&zeros), i == 7, &body);
    }
    tmli_deflater_free(deflater);
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body.data, .n_body = body.len};
    http_send(s->client, &request, &s->answer);
    assert_error(s, 413,
                 "the body unpacks to more than 200 times its size, which no text does; send it as "
                 "it is");
    assert_alive(s);
    tmli_buf_deinit(&zeros);
    tmli_buf_deinit(&body);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSTARTED(others_are_answered_while_a_long_request_is_worked_on),
        STARTED(connections_are_accepted_while_all_workers_are_busy),
        STARTED(the_same_request_gets_the_same_bytes),
        UNSTARTED(a_full_queue_turns_long_requests_away),
        UNSTARTED(an_abandoned_request_stops_costing),
        UNSTARTED(a_bad_timeout_is_reported_and_left_out),
        STARTED(bodies_are_packed_when_both_sides_want_it),
        STARTED(a_body_that_unpacks_to_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
