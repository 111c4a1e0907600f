/* Counters of lanes, and their sums. */
#include "serve/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "serve/request_log.h"
#include "serve/routes.h"

const double serve_duration_bounds[SERVE_DURATIONS - 1] = {
    0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.05,    0.1,    0.25,    0.5,    1,     2.5,    10,    60};

/* Often ones first. */
static const struct {
    unsigned status;
    const char *kind;
} statuses[SERVE_STATUSES - 1] = {
    {200, NULL},          {204, NULL},           {400, "bad_request"},  {404, "not_found"},
    {405, "method"},      {406, "accept"},       {408, "timeout"},      {409, "conflict"},
    {413, "too_large"},   {415, "content_type"}, {401, "unauthorized"}, {403, "forbidden"},
    {424, "model_error"}, {429, "overload"},     {431, "headers"},      {500, "internal"},
    {503, "unavailable"}, {504, "deadline"},     {507, "memory"},       {414, "target"},
    {505, "version"},
};

unsigned serve_status_of_slot(size_t slot)
{
    return slot < SERVE_STATUSES - 1 ? statuses[slot].status : 0;
}

const char *serve_kind_of_slot(size_t slot)
{
    return slot < SERVE_STATUSES - 1 ? statuses[slot].kind : "other";
}

static size_t slot_of(unsigned status)
{
    size_t i = 0;
    while (i < SERVE_STATUSES - 1 && statuses[i].status != status) {
        i++;
    }
    return i;
}

/* ---- counting ---- */

void serve_counters_init(serve_counters *counters, tmli_moment started)
{
    const double rate = tmli_ticks_per_second(started);
    for (size_t i = 0; i < SERVE_DURATIONS - 1; i++) {
        counters->bounds[i] = (uint64_t)(serve_duration_bounds[i] * rate);
    }
    for (size_t i = 0; i < SERVE_COUNTERS; i++) {
        atomic_init(&counters->at[i], 0);
    }
}

/* Only the lane's own thread writes: a load and a store do. */
static void add(serve_counters *counters, size_t at, uint64_t n)
{
    atomic_uint_least64_t *counter = &counters->at[at];
    const uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + n, memory_order_relaxed);
}

static size_t bucket_of(const serve_counters *counters, uint64_t ticks)
{
    size_t i = 0;
    while (i < SERVE_DURATIONS - 1 && ticks > counters->bounds[i]) {
        i++;
    }
    return i;
}

void serve_count_answers(serve_lane *lane, const serve_call *calls, size_t n)
{
    serve_counters *counters = &lane->counters;
    const uint64_t now = tmli_ticks();
    for (size_t i = 0; i < n; i++) {
        const serve_request *request = calls[i].request;
        const serve_answer *answer = calls[i].answer;
        const size_t route = answer->route;
        /* Processors' counters may differ: never less than nothing. */
        const uint64_t ticks = now > request->begun_ticks ? now - request->begun_ticks : 0;
        add(counters, SERVE_AT_REQUESTS + route * SERVE_STATUSES + slot_of(answer->status), 1);
        add(counters, SERVE_AT_DURATIONS + route * SERVE_DURATIONS + bucket_of(counters, ticks), 1);
        add(counters, SERVE_AT_TICKS + route, ticks);
        add(counters, SERVE_AT_ROWS + route, answer->n_rows);
        add(counters, SERVE_AT_BYTES_IN, request->body.len + request->n_given_back);
        add(counters, SERVE_AT_BYTES_OUT, answer->body.len);
    }
    if (serve_logs_requests(lane->server)) {
        for (size_t i = 0; i < n; i++) {
            serve_log_request(lane->server, &calls[i], now);
        }
    }
}

void serve_count_refusal(serve_lane *lane, unsigned status)
{
    serve_request request = {.begun_ticks = tmli_ticks()};
    serve_answer answer = {.status = status};
    serve_count_answers(lane, &(serve_call){&request, &answer}, 1);
}

unsigned serve_status_of_message(const char *message)
{
    static const char words[] = "Error processing request (HTTP response code is ";
    const size_t n_words = sizeof(words) - 1;
    return strncmp(message, words, n_words) == 0 ? (unsigned)strtoul(message + n_words, NULL, 10)
                                                 : 0;
}

void serve_count_abandoned(serve_lane *lane)
{
    add(&lane->counters, SERVE_AT_ABANDONED, 1);
}

/* ---- sums ---- */

void serve_totals_add_up(serve_server *server, serve_totals *out)
{
    memset(out, 0, sizeof(*out));
    (void)pthread_mutex_lock(&server->lock);
    for (const serve_lane *lane = server->lanes; lane != NULL; lane = lane->next) {
        for (size_t i = 0; i < SERVE_COUNTERS; i++) {
            out->at[i] += atomic_load_explicit(&lane->counters.at[i], memory_order_relaxed);
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
}

void serve_totals_subtract(serve_totals *now, const serve_totals *before)
{
    for (size_t i = 0; i < SERVE_COUNTERS; i++) {
        now->at[i] -= before->at[i];
    }
}

/* The time that a share of the requests stayed below, as if each bucket's were spread evenly over it. */
static double quantile(const uint64_t counts[SERVE_DURATIONS], uint64_t n, double share)
{
    const double wanted = share * (double)n;
    double seen = 0;
    for (size_t i = 0; i < SERVE_DURATIONS - 1 && n > 0; i++) {
        const double here = (double)counts[i];
        if (here > 0 && seen + here >= wanted) {
            const double from = i > 0 ? serve_duration_bounds[i - 1] : 0;
            return from + (serve_duration_bounds[i] - from) * (wanted - seen) / here;
        }
        seen += here;
    }
    return n > 0 ? serve_duration_bounds[SERVE_DURATIONS - 2] : 0;
}

serve_digest serve_digest_of(const serve_totals *totals)
{
    serve_digest digest = {.abandoned = totals->at[SERVE_AT_ABANDONED]};
    uint64_t durations[SERVE_DURATIONS] = {0};
    for (size_t route = 0; route < SERVE_MAX_ROUTES; route++) {
        if (serve_route_is_probe(route)) {
            continue;
        }
        digest.rows += totals->at[SERVE_AT_ROWS + route];
        for (size_t i = 0; i < SERVE_STATUSES; i++) {
            const uint64_t n = totals->at[SERVE_AT_REQUESTS + route * SERVE_STATUSES + i];
            const unsigned status = serve_status_of_slot(i);
            digest.requests += n;
            digest.succeeded += status >= 200 && status < 300 ? n : 0;
            digest.refused += status >= 400 && status < 500 ? n : 0;
            digest.failed += status >= 500 ? n : 0;
        }
        for (size_t i = 0; i < SERVE_DURATIONS; i++) {
            durations[i] += totals->at[SERVE_AT_DURATIONS + route * SERVE_DURATIONS + i];
        }
    }
    digest.p50_s = quantile(durations, digest.requests, 0.5);
    digest.p99_s = quantile(durations, digest.requests, 0.99);
    return digest;
}
