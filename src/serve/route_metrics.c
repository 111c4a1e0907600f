/* GET /metrics: what the counters know, in Prometheus' text format 0.0.4. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/number.h"
#include "serve/route_list.h"
#include "textml/version.h"

/* ---- the format ---- */

static void declare(tmli_buf *out, const char *name, const char *type, const char *help)
{
    tmli_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_number(tmli_buf *out, double value)
{
    char digits[TMLI_NUMBER_BYTES];
    tmli_buf_append(out, digits, tmli_format_double(value, digits));
}

static void put_gauge(tmli_buf *out, const char *name, const char *help, double value)
{
    declare(out, name, "gauge", help);
    tmli_buf_printf(out, "%s ", name);
    put_number(out, value);
    tmli_buf_append_byte(out, '\n');
}

static void put_counter(tmli_buf *out, const char *name, const char *help, double value)
{
    declare(out, name, "counter", help);
    tmli_buf_printf(out, "%s ", name);
    put_number(out, value);
    tmli_buf_append_byte(out, '\n');
}

/* A label's value, without its quotes. */
static void put_escaped(tmli_buf *out, tml_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        if (c == '\n') {
            tmli_buf_append_text(out, "\\n");
            continue;
        }
        if (c == '"' || c == '\\') {
            tmli_buf_append_byte(out, '\\');
        }
        tmli_buf_append_byte(out, c);
    }
}

/* route="/models/{name}" */
static void put_route(tmli_buf *out, size_t route)
{
    const tml_str pattern = serve_route_pattern(route);
    tmli_buf_append_text(out, "route=\"");
    for (size_t i = 0; i < pattern.len; i++) {
        if (pattern.data[i] == '*') {
            tmli_buf_append_text(out, "{name}");
        } else {
            tmli_buf_append_byte(out, pattern.data[i]);
        }
    }
    tmli_buf_append_byte(out, '"');
}

/* ---- requests ---- */

static uint64_t requests_of(const serve_totals *totals, size_t route)
{
    uint64_t n = 0;
    for (size_t i = 0; i < SERVE_STATUSES; i++) {
        n += totals->at[SERVE_AT_REQUESTS + route * SERVE_STATUSES + i];
    }
    return n;
}

static void put_requests(tmli_buf *out, const serve_totals *totals)
{
    declare(out, "textml_requests_total", "counter", "Requests answered.");
    for (size_t i = 0; i < (size_t)SERVE_MAX_ROUTES * SERVE_STATUSES; i++) {
        const uint64_t n = totals->at[SERVE_AT_REQUESTS + i];
        const unsigned status = serve_status_of_slot(i % SERVE_STATUSES);
        if (n == 0) {
            continue;
        }
        tmli_buf_append_text(out, "textml_requests_total{");
        put_route(out, i / SERVE_STATUSES);
        if (status != 0) {
            tmli_buf_printf(out, ",status=\"%u\"} %" PRIu64 "\n", status, n);
        } else {
            tmli_buf_printf(out, ",status=\"other\"} %" PRIu64 "\n", n);
        }
    }
}

static void put_errors(tmli_buf *out, const serve_totals *totals)
{
    declare(out, "textml_errors_total", "counter", "Requests that were refused or failed.");
    for (size_t slot = 0; slot < SERVE_STATUSES; slot++) {
        const char *kind = serve_kind_of_slot(slot);
        uint64_t n = 0;
        for (size_t route = 0; route < SERVE_MAX_ROUTES; route++) {
            n += totals->at[SERVE_AT_REQUESTS + route * SERVE_STATUSES + slot];
        }
        if (kind != NULL) { /* also those that have not happened: a rate needs its zero */
            tmli_buf_printf(out, "textml_errors_total{kind=\"%s\"} %" PRIu64 "\n", kind, n);
        }
    }
    tmli_buf_printf(out, "textml_errors_total{kind=\"abandoned\"} %" PRIu64 "\n",
                    totals->at[SERVE_AT_ABANDONED]);
}

static void put_rows(tmli_buf *out, const serve_totals *totals)
{
    declare(out, "textml_rows_total", "counter", "Texts scored.");
    for (size_t route = 0; route < SERVE_MAX_ROUTES; route++) {
        const uint64_t n = totals->at[SERVE_AT_ROWS + route];
        if (n > 0) {
            tmli_buf_append_text(out, "textml_rows_total{");
            put_route(out, route);
            tmli_buf_printf(out, "} %" PRIu64 "\n", n);
        }
    }
}

#define DURATION "textml_request_duration_seconds"

static void put_histogram(tmli_buf *out, const serve_totals *totals, size_t route,
                          double ticks_per_second)
{
    uint64_t n = 0;
    for (size_t i = 0; i < SERVE_DURATIONS; i++) {
        n += totals->at[SERVE_AT_DURATIONS + route * SERVE_DURATIONS + i];
        tmli_buf_append_text(out, DURATION "_bucket{");
        put_route(out, route);
        tmli_buf_append_text(out, ",le=\"");
        if (i < SERVE_DURATIONS - 1) {
            put_number(out, serve_duration_bounds[i]);
        } else {
            tmli_buf_append_text(out, "+Inf");
        }
        tmli_buf_printf(out, "\"} %" PRIu64 "\n", n);
    }
    tmli_buf_append_text(out, DURATION "_sum{");
    put_route(out, route);
    tmli_buf_append_text(out, "} ");
    put_number(out, (double)totals->at[SERVE_AT_TICKS + route] / ticks_per_second);
    tmli_buf_append_text(out, "\n" DURATION "_count{");
    put_route(out, route);
    tmli_buf_printf(out, "} %" PRIu64 "\n", n);
}

static void put_durations(tmli_buf *out, const serve_totals *totals, tmli_moment started)
{
    const double ticks_per_second = tmli_ticks_per_second(started);
    declare(out, DURATION, "histogram", "From a request's headers to its answer.");
    for (size_t route = 0; route < SERVE_MAX_ROUTES; route++) {
        if (requests_of(totals, route) > 0) {
            put_histogram(out, totals, route, ticks_per_second);
        }
    }
}

/* ---- models and process ---- */

static void put_model(tmli_buf *out, serve_server *server)
{
    serve_model *held = serve_models_hold_current(&server->models);
    put_gauge(out, "textml_models_loaded", "Models that answer.",
              (double)serve_models_loaded(&server->models));
    declare(out, "textml_build_info", "gauge", "The program.");
    tmli_buf_printf(out, "textml_build_info{version=\"%s\"} 1\n", tml_version());
    if (held != NULL) {
        const tml_model *model = serve_model_of(held);
        declare(out, "textml_model_info", "gauge", "The current model.");
        tmli_buf_append_text(out, "textml_model_info{recipe=\"");
        put_escaped(out, tmli_str(tml_model_recipe_name(model)));
        tmli_buf_printf(out, "\",labels=\"%zu\"} 1\n", tml_model_labels(model));
        put_gauge(out, "textml_model_bytes", "Size of the current model's tensors.",
                  (double)tml_model_bytes(model));
    }
    serve_models_let_go(&server->models, held);
}

/* Where there is no such file its figures are left out. */
static void put_memory(tmli_buf *out)
{
    char line[128];
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL) {
        return;
    }
    if (fgets(line, sizeof(line), file) != NULL) { /* pages: of address space, resident, … */
        char *end = line;
        const double page = (double)sysconf(_SC_PAGESIZE);
        const double virtual_pages = strtod(end, &end);
        const double resident_pages = strtod(end, &end);
        put_gauge(out, "process_virtual_memory_bytes", "Address space.", page * virtual_pages);
        put_gauge(out, "process_resident_memory_bytes", "Memory in use, mapped models included.",
                  page * resident_pages);
    }
    (void)fclose(file);
}

static double seconds_of(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

static void put_process(tmli_buf *out, const serve_server *server)
{
    struct rusage usage;
    put_memory(out);
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        put_counter(out, "process_cpu_seconds_total", "Processor time.",
                    seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
    }
    put_gauge(out, "process_start_time_seconds", "Start, in seconds of Unix time.",
              (double)server->started_at);
}

void serve_route_metrics(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)request;
    serve_server *server = lane->server;
    tmli_buf *out = &answer->body;
    serve_totals totals;
    serve_totals_add_up(server, &totals);
    put_requests(out, &totals);
    put_errors(out, &totals);
    put_rows(out, &totals);
    put_durations(out, &totals, server->started);
    put_counter(out, "textml_request_bytes_total", "Bytes of requests' bodies.",
                (double)totals.at[SERVE_AT_BYTES_IN]);
    put_counter(out, "textml_response_bytes_total", "Bytes of answers' bodies.",
                (double)totals.at[SERVE_AT_BYTES_OUT]);
    put_gauge(out, "textml_requests_in_flight", "Requests begun and not ended, this one included.",
              (double)serve_server_open_requests(server));
    put_gauge(out, "textml_queue_depth", "Long requests that wait for a worker or are worked on.",
              (double)atomic_load_explicit(&server->n_queued, memory_order_relaxed));
    put_gauge(out, "textml_threads", "Threads that answer.", (double)server->settings.n_threads);
    put_model(out, server);
    put_process(out, server);
    answer->status = 200;
    answer->content_type = "text/plain; version=0.0.4; charset=utf-8";
    if (out->failed) {
        serve_answer_no_memory(answer);
    }
}
