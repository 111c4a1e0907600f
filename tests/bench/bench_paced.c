/* Latency of requests that come at a fixed rate, as they do from many clients: each is sent when its turn has come, over
 * whichever connection is free, and its time runs from its turn, not from when it could be sent. So a server that stalls
 * is charged for all that had to wait, which a closed loop such as wrk's does not see. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/http.h"
#include "bench/measure.h"
#include "bench/titles.h"
#include "support/wire.h"

static const char usage[] =
    "bench_paced PORT CONNECTIONS REQUESTS_PER_SECOND SECONDS ping | FILE [TEXT_COLUMN]";

enum {
    MAX_CONNECTIONS = 1000,
    MAX_RATE = 1000000,
    MAX_SECONDS = 3600,
    MAX_REQUESTS = 100000000,
    LEAST_TEXTS = 1000
};

typedef struct connection {
    int fd;
    bool is_busy;
    double due; /* when the request under way should have been sent */
} connection;

typedef struct pace {
    bench_titles titles;
    bool is_ping;
    connection connections[MAX_CONNECTIONS];
    connection *idle[MAX_CONNECTIONS]; /* a stack */
    size_t n_idle;
    int poll_fd;
    double *latencies; /* [n_requests] milliseconds of those answered */
    size_t n_requests, n_sent, n_answered, n_failed;
    double start, interval;
    tmli_buf request, answer;
} pace;

static void open_connections(pace *p, uint16_t port, size_t n)
{
    p->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < n; i++) {
        connection *c = &p->connections[i];
        c->fd = wire_connect(port);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        if (c->fd < 0 || epoll_ctl(p->poll_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) {
            bench_fail("port %u: %s", (unsigned)port, strerror(errno));
        }
        p->idle[p->n_idle++] = c;
    }
}

/* The title as a JSON string; what would need escapes becomes a blank. */
static void write_request(pace *p)
{
    if (p->is_ping) {
        tmli_buf_reset(&p->request);
        tmli_buf_append_text(&p->request, "GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return;
    }
    const tml_str title = p->titles.items[p->n_sent % p->titles.n];
    tmli_buf_reset(&p->request);
    tmli_buf_printf(&p->request,
                    "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                    "application/json\r\nContent-Length: %zu\r\n\r\n{\"input\": \"",
                    title.len + sizeof("{\"input\": \"\"}") - 1);
    for (size_t i = 0; i < title.len; i++) {
        const unsigned char c = (unsigned char)title.data[i];
        tmli_buf_append_byte(&p->request, c < ' ' || c == '"' || c == '\\' ? ' ' : title.data[i]);
    }
    tmli_buf_append_text(&p->request, "\"}");
}

/* Sends what is due. */
static void send_due(pace *p, double now)
{
    while (p->n_idle > 0 && p->n_sent < p->n_requests &&
           p->start + (double)p->n_sent * p->interval <= now) {
        connection *c = p->idle[--p->n_idle];
        c->due = p->start + (double)p->n_sent * p->interval;
        c->is_busy = true;
        write_request(p);
        if (!wire_send(c->fd, tmli_buf_str(&p->request))) {
            bench_fail("the connection broke after %zu answers", p->n_answered);
        }
        p->n_sent++;
    }
}

static void take_answer(pace *p, connection *c)
{
    tml_str body = {0};
    const unsigned status = wire_receive(c->fd, &p->answer, &body);
    if (status == 0 || !c->is_busy) {
        bench_fail("the connection broke after %zu answers", p->n_answered);
    }
    p->n_failed += status != 200 ? 1 : 0;
    p->latencies[p->n_answered++] = (tmli_seconds() - c->due) * 1e3;
    c->is_busy = false;
    p->idle[p->n_idle++] = c;
}

/* Sleeps until something arrives or the next request is due. */
static void wait_and_take(pace *p)
{
    struct epoll_event events[64];
    const double next = p->start + (double)p->n_sent * p->interval - tmli_seconds();
    const bool can_send = p->n_idle > 0 && p->n_sent < p->n_requests;
    const double wait = !can_send ? 1 : next > 0 ? next : 0;
    const struct timespec timeout = {.tv_sec = (time_t)wait,
                                     .tv_nsec = (long)((wait - (double)(time_t)wait) * 1e9)};
    const int n =
        epoll_pwait2(p->poll_fd, events, sizeof(events) / sizeof(events[0]), &timeout, NULL);
    for (int i = 0; i < n; i++) {
        take_answer(p, events[i].data.ptr);
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const pace *p, double share)
{
    const size_t at = (size_t)(share * (double)p->n_answered);
    return p->latencies[at < p->n_answered ? at : p->n_answered - 1];
}

static void report(pace *p, double seconds)
{
    qsort(p->latencies, p->n_answered, sizeof(*p->latencies), by_value);
    printf("{\"bench\": \"paced\", \"requests\": %zu, \"failed\": %zu, \"requests_per_second\": "
           "%.0f, \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, \"p999_ms\": %.3f, "
           "\"max_ms\": %.3f}\n",
           p->n_answered, p->n_failed, (double)p->n_answered / seconds, percentile(p, 0.5),
           percentile(p, 0.9), percentile(p, 0.99), percentile(p, 0.999), percentile(p, 1));
}

int main(int argc, char **argv)
{
    static pace p;
    if (argc < 6 || argc > 7) {
        bench_usage(usage);
    }
    const uint16_t port = (uint16_t)bench_count("PORT", argv[1], 1, UINT16_MAX);
    const size_t n_connections = bench_count("CONNECTIONS", argv[2], 1, MAX_CONNECTIONS);
    const size_t rate = bench_count("REQUESTS_PER_SECOND", argv[3], 1, MAX_RATE);
    const size_t seconds = bench_count("SECONDS", argv[4], 1, MAX_SECONDS);
    p.is_ping = strcmp(argv[5], "ping") == 0;
    if (!p.is_ping) {
        p.titles = bench_titles_read(argv[5], argc > 6 ? argv[6] : "title", LEAST_TEXTS);
    }
    p.n_requests = rate * seconds < MAX_REQUESTS ? rate * seconds : MAX_REQUESTS;
    p.latencies = tmli_alloc(p.n_requests, sizeof(*p.latencies));
    bench_check_memory(p.latencies);
    open_connections(&p, port, n_connections);
    p.interval = 1 / (double)rate;
    p.start = tmli_seconds() + p.interval;
    while (p.n_answered < p.n_requests) {
        send_due(&p, tmli_seconds());
        wait_and_take(&p);
    }
    report(&p, tmli_seconds() - p.start);
    for (size_t i = 0; i < n_connections; i++) {
        (void)close(p.connections[i].fd);
    }
    (void)close(p.poll_fd);
    tmli_free(p.latencies);
    tmli_buf_deinit(&p.request);
    tmli_buf_deinit(&p.answer);
    bench_titles_deinit(&p.titles);
    return 0;
}
