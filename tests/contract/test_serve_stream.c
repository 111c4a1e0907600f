/* Answers that leave while they are made. contract.md §9.4: S34. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "contract/load.h"
#include "contract/server.h"
#include "support/http.h"

static const char *const streams[] = {"--threads", "1", "--stream", NULL};

/* Whether a long request is still being worked on: with a queue of one there is no place for another. */
static bool is_busy(const server *s, const tmli_buf *more)
{
    char *const answer = load_receive(load_send(s, "", more));
    const unsigned status = load_status(answer);
    free(answer);
    assert_true(status == 200 || status == 503);
    return status == 503;
}

/* S34 */
static void the_first_labels_come_before_the_last_text_is_scored(void **state)
{
    static const char *const args[] = {"--threads", "1", "--stream", "--max-queue", "1", NULL};
    server *const s = *state;
    tmli_buf lines = load_lines(30 << 20, NULL);
    tmli_buf more = load_lines(100 << 10, NULL);
    char head[2048];
    server_start(s, args);
    const int fd = load_send(s, "Connection: close\r\n", &lines);
    size_t n = 0;
    while (n < sizeof head - 1) { /* some labels, behind the headers */
        const ssize_t got = recv(fd, head + n, sizeof head - 1 - n, 0);
        assert_true(got > 0);
        n += (size_t)got;
    }
    head[n] = '\0';
    assert_true(is_busy(s, &more));
    assert_int_equal(load_status(head), 200);
    assert_non_null(strstr(head, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_non_null(strstr(head, "\r\nContent-Type: text/csv\r\n"));
    http_close(fd);
    while (is_busy(s, &more)) { /* what nobody reads stops */
        process_sleep(0.01);
    }
    assert_alive(s);
    tmli_buf_deinit(&lines);
    tmli_buf_deinit(&more);
}

static void pieces_are_the_whole(void **state)
{
    static const char *const headers[] = {"Content-Type: text/csv", "Accept: application/jsonlines",
                                          "Accept-Encoding: gzip", NULL};
    server *const s = *state;
    tmli_buf lines = load_lines(2 << 20, NULL);
    http_answer want = {0};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = lines.data, .n_body = lines.len};
    const http_request plain = {.path = "/invocations",
                                .headers = (const char *const[]){headers[0], headers[1], NULL},
                                .body = lines.data,
                                .n_body = lines.len};
    server_start(s, NULL);
    http_send(s->client, &plain, &want);
    assert_int_equal(want.status, 200);
    server_stop(s);
    server_start(s, streams);
    http_send(s->client, &request, &s->answer);
    assert_int_equal(s->answer.status, 200);
    assert_int_equal(s->answer.n_body, want.n_body);
    assert_memory_equal(s->answer.body, want.body, want.n_body);
    char *const coding = http_header(&s->answer, "Transfer-Encoding");
    assert_string_equal(coding != NULL ? coding : "(none)", "chunked");
    free(coding);
    assert_alive(s); /* on the same connection */
    assert_int_equal(s->answer.n_connects, 0);
    http_answer_free(&want);
    tmli_buf_deinit(&lines);
}

/* The status is out when the line comes that cannot be read: the answer breaks off, so that nobody takes it for whole. */
static void a_line_that_cannot_be_read_breaks_the_answer_off(void **state)
{
    server *const s = *state;
    tmli_buf lines = load_lines(8 << 20, NULL);
    tmli_buf_append_text(&lines, "\"never closed\n");
    server_start(s, streams);
    const int fd = load_send(s, "", &lines);
    char *const answer = http_read_all(fd, 60);
    assert_int_equal(load_status(answer), 200);
    assert_true(strlen(answer) < 5 || strcmp(answer + strlen(answer) - 5, "0\r\n\r\n") != 0);
    free(answer);
    http_close(fd);
    assert_alive(s);
    tmli_buf_deinit(&lines);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSTARTED(the_first_labels_come_before_the_last_text_is_scored),
        UNSTARTED(pieces_are_the_whole),
        UNSTARTED(a_line_that_cannot_be_read_breaks_the_answer_off),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
