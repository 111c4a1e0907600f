#include "contract/load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/http.h"

static const double answer_seconds = 120;

tmli_buf load_lines(size_t n_bytes, size_t *n_rows)
{
    static const char *const words[] = {"market", "bank",  "profit", "phone", "robot",  "chip",
                                        "film",   "actor", "virus",  "song",  "doctor", "vaccine"};
    enum {
        N_WORDS = sizeof(words) / sizeof(words[0])
    };
    tmli_buf lines = {0};
    size_t n = 0;
    uint32_t x = 1;
    while (lines.len < n_bytes) {
        for (size_t i = 0; i < 9; i++) {
            x = x * 1664525u + 1013904223u;
            tmli_buf_append_text(&lines, words[(x >> 16) % N_WORDS]);
            tmli_buf_append_byte(&lines, i < 8 ? ' ' : '\n');
        }
        n++;
    }
    assert_false(lines.failed);
    if (n_rows != NULL) {
        *n_rows = n;
    }
    return lines;
}

int load_send(const server *s, const char *headers, const tmli_buf *lines)
{
    char head[512];
    const size_t n = (size_t)snprintf(head, sizeof head,
                                      "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                      "text/csv\r\n%sContent-Length: %zu\r\n\r\n",
                                      headers, lines->len);
    const int fd = http_connect(s->port);
    assert_true(http_write(fd, head, n));
    assert_true(http_write(fd, lines->data, lines->len));
    return fd;
}

bool load_has_answer(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, 0) == 1;
}

char *load_receive(int fd)
{
    char *const answer = http_read_answer(fd, answer_seconds);
    http_close(fd);
    return answer;
}

unsigned load_status(const char *answer)
{
    static const char begin[] = "HTTP/1.1 ";
    assert_int_equal(strncmp(answer, begin, sizeof begin - 1), 0);
    return (unsigned)strtoul(answer + sizeof begin - 1, NULL, 10);
}

const char *load_body(const char *answer)
{
    const char *const body = strstr(answer, "\r\n\r\n");
    if (body == NULL) {
        fail_msg("no end of headers: %.300s", answer);
        return "";
    }
    return body + 4;
}

/* ---- times ------------------------------------------------------------------------------------ */

void load_times_add(load_times *times, double seconds)
{
    if (!tmli_grow(&times->items, &times->capacity, times->n + 1, sizeof *times->items)) {
        fail_msg("no memory");
        return;
    }
    times->items[times->n++] = seconds;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double load_times_quantile(load_times *times, double fraction)
{
    assert_true(times->n > 0);
    qsort(times->items, times->n, sizeof *times->items, compare);
    const size_t at = (size_t)ceil(fraction * (double)times->n);
    return times->items[at > 0 ? at - 1 : 0];
}

void load_times_deinit(load_times *times)
{
    tmli_free(times->items);
    *times = (load_times){0};
}

void load_latencies_deinit(load_latencies *latencies)
{
    load_times_deinit(&latencies->pings);
    load_times_deinit(&latencies->small);
    load_times_deinit(&latencies->hundred_kb);
}

static void ask_for_ping(server *s, load_times *times)
{
    const double before = process_clock();
    server_get(s, "/ping");
    load_times_add(times, process_clock() - before);
    assert_answer(s, 200, NULL, "");
}

static void ask_for_one(server *s, load_times *times)
{
    const double before = process_clock();
    server_ask(s, "application/json", NULL, "{\"input\": \"virus doctor vaccine\"}");
    load_times_add(times, process_clock() - before);
    assert_answer(s, 200, "application/json", "{\"result\": \"Health & Medicine\"}");
}

static void ask_for_many(server *s, const tmli_buf *lines, load_times *times)
{
    static const char *const headers[] = {"Content-Type: text/csv", "Expect:", NULL};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = lines->data, .n_body = lines->len};
    const double before = process_clock();
    http_send(s->client, &request, &s->answer);
    load_times_add(times, process_clock() - before);
    assert_int_equal(s->answer.status, 200);
}

void load_measure(server *s, const tmli_buf *lines, load_latencies *out, char **answer)
{
    enum {
        MANY_EVERY = 20
    };
    tmli_buf many = load_lines(100 << 10, NULL);
    ask_for_one(s, &out->small); /* connects */
    out->small.n = 0;
    const int fd = load_send(s, "", lines);
    for (size_t i = 0; !load_has_answer(fd); i++) {
        ask_for_ping(s, &out->pings);
        ask_for_one(s, &out->small);
        if (i % MANY_EVERY == 0) {
            ask_for_many(s, &many, &out->hundred_kb);
        }
        process_sleep(0.001);
    }
    *answer = load_receive(fd);
    tmli_buf_deinit(&many);
}
