/* P3 through HTTP: headlines a second through POST /invocations in large JSON bodies {"instances": […]}.
 *
 * Each client is a thread with one keep-alive connection that sends a body, reads the whole answer, and sends the next.
 * All bodies are alike and ready before the clock starts. With `check`, each answer must have a label for each headline;
 * without, any 200 will do, as for the server that answers a constant. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "bench/http.h"
#include "bench/measure.h"
#include "bench/titles.h"
#include "support/wire.h"

static const char usage[] =
    "bench_batch PORT CLIENTS SECONDS BODY_BYTES FILE check|any|csv\n"
    "  FILE: with a column of titles; BODY_BYTES: size of a body, 6000000 for instance";

enum {
    MAX_CLIENTS = 64,
    MAX_BODY = 100 << 20
};

typedef struct batch_load {
    uint16_t port;
    tml_str request;
    size_t n_headlines;
    bool is_checked;
    double seconds;
    pthread_barrier_t begin;
    atomic_size_t n_answers;
    atomic_uint_fast64_t end_us; /* when the last answer was complete, after the begin */
} batch_load;

static size_t count_labels(tml_str body)
{
    static const char mark[] = "\"label\"";
    size_t n = 0;
    const char *end = body.data + body.len;
    for (const char *at = body.data; at < end; n++) {
        at = strstr(at, mark);
        if (at == NULL) {
            break;
        }
        at += sizeof(mark) - 1;
    }
    return n;
}

static void *run_client(void *arg)
{
    batch_load *load = arg;
    tmli_buf answer = {0};
    tml_str body = {0};
    const int fd = wire_connect(load->port);
    if (fd < 0) {
        bench_fail("nobody listens on port %u", (unsigned)load->port);
    }
    bool is_first = true;
    (void)pthread_barrier_wait(&load->begin);
    const double start = tmli_seconds();
    double now = start;
    while (now - start < load->seconds) {
        const unsigned status = wire_send(fd, load->request) ? wire_receive(fd, &answer, &body) : 0;
        now = tmli_seconds();
        if (status != 200) {
            bench_fail("status %u: %.200s", status, body.data != NULL ? body.data : "");
        }
        if (is_first && load->is_checked && count_labels(body) != load->n_headlines) {
            bench_fail("%zu labels for %zu headlines", count_labels(body), load->n_headlines);
        }
        is_first = false;
        atomic_fetch_add(&load->n_answers, 1);
    }
    const uint_fast64_t took_us = (uint_fast64_t)((now - start) * 1e6);
    uint_fast64_t last = atomic_load(&load->end_us);
    while (last < took_us && !atomic_compare_exchange_weak(&load->end_us, &last, took_us)) {
    }
    (void)close(fd);
    tmli_buf_deinit(&answer);
    return NULL;
}

/* The text in quotes as a list's next item, or as the next CSV record. */
static void append_row(tmli_buf *out, tml_str text, bool is_csv, bool is_first)
{
    if (!is_csv) {
        tmli_buf_append_text(out, is_first ? "" : ", ");
        tmli_json_string(out, text);
        return;
    }
    tmli_buf_append_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        tmli_buf_append_text(out, text.data[i] == '"' ? "\"" : "");
        tmli_buf_append_byte(out, text.data[i]);
    }
    tmli_buf_append_text(out, "\"\n");
}

/* A whole request with a body of at most max_bytes; *n: its headlines. */
static tmli_buf make_request(const char *path, size_t max_bytes, bool is_csv, size_t *n)
{
    enum {
        SHORTEST_HEADLINE = 32
    }; /* on average, with its quotes and comma: enough texts for any file */
    bench_titles titles = bench_titles_read(path, "title", max_bytes / SHORTEST_HEADLINE);
    tmli_buf body = {0};
    tmli_buf request = {0};
    tmli_buf_append_text(&body, is_csv ? "" : "{\"instances\": [");
    for (*n = 0; *n < titles.n; (*n)++) {
        const size_t len = body.len;
        append_row(&body, titles.items[*n], is_csv, *n == 0);
        if (body.len + 2 > max_bytes && *n > 0) {
            body.len = len;
            break;
        }
    }
    tmli_buf_append_text(&body, is_csv ? "" : "]}");
    tmli_buf_printf(&request,
                    "POST /invocations HTTP/1.1\r\nHost: localhost\r\n"
                    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                    is_csv ? "text/csv" : "application/json", body.len);
    tmli_buf_append_str(&request, tmli_buf_str(&body));
    if (request.failed || body.failed) {
        bench_fail("out of memory");
    }
    tmli_buf_deinit(&body);
    bench_titles_deinit(&titles);
    return request;
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        bench_usage(usage);
    }
    const size_t n_clients = bench_count("CLIENTS", argv[2], 1, MAX_CLIENTS);
    const size_t body_bytes = bench_count("BODY_BYTES", argv[4], 100, MAX_BODY);
    size_t n_headlines = 0;
    tmli_buf request = make_request(argv[5], body_bytes, strcmp(argv[6], "csv") == 0, &n_headlines);
    batch_load load = {.port = (uint16_t)bench_count("PORT", argv[1], 1, UINT16_MAX),
                       .request = tmli_buf_str(&request),
                       .n_headlines = n_headlines,
                       .is_checked = strcmp(argv[6], "check") == 0,
                       .seconds = (double)bench_count("SECONDS", argv[3], 1, 3600)};
    if (pthread_barrier_init(&load.begin, NULL, (unsigned)n_clients) != 0) {
        bench_fail("no barrier");
    }
    pthread_t threads[MAX_CLIENTS];
    for (size_t i = 0; i < n_clients; i++) {
        if (pthread_create(&threads[i], NULL, run_client, &load) != 0) {
            bench_fail("no thread");
        }
    }
    for (size_t i = 0; i < n_clients; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    (void)pthread_barrier_destroy(&load.begin);
    const size_t n = atomic_load(&load.n_answers);
    const double seconds = (double)atomic_load(&load.end_us) / 1e6;
    printf("{\"bench\": \"batch\", \"body_bytes\": %zu, \"headlines_a_body\": %zu, \"bodies\": "
           "%zu, \"seconds\": %.3f, "
           "\"megabytes_per_second\": %.1f, \"headlines_per_second\": %.0f}\n",
           request.len, n_headlines, n, seconds, (double)request.len * (double)n / seconds / 1e6,
           (double)load.n_headlines * (double)n / seconds);
    tmli_buf_deinit(&request);
    return 0;
}
