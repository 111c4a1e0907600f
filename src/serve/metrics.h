/* serve/metrics.h: what happened to requests, counted.
 *
 * Each lane counts for itself, without a locked instruction: 13 to 30 ns a request. Whoever wants to know adds the
 * lanes up. */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"

enum {
    SERVE_MAX_ROUTES = 32, /* of the table in routes.c; number 0 is what is in no table */
    SERVE_STATUSES = 22,   /* of HTTP that are told apart; the last slot is all others */
    SERVE_DURATIONS = 18,  /* buckets of a histogram; the last is without an upper bound */
    /* Where each kind of counter begins among a lane's. */
    SERVE_AT_REQUESTS = 0, /* [SERVE_MAX_ROUTES, SERVE_STATUSES] */
    SERVE_AT_DURATIONS = SERVE_AT_REQUESTS + SERVE_MAX_ROUTES * SERVE_STATUSES, /* likewise */
    SERVE_AT_TICKS = SERVE_AT_DURATIONS + SERVE_MAX_ROUTES * SERVE_DURATIONS,   /* of a route */
    SERVE_AT_ROWS = SERVE_AT_TICKS + SERVE_MAX_ROUTES,                          /* of a route */
    SERVE_AT_BYTES_IN = SERVE_AT_ROWS + SERVE_MAX_ROUTES,
    SERVE_AT_BYTES_OUT,
    SERVE_AT_ABANDONED,
    SERVE_COUNTERS
};

struct serve_call;
struct serve_lane;
struct serve_server;

/* Of one lane. */
typedef struct serve_counters {
    uint64_t bounds[SERVE_DURATIONS - 1];     /* of the histogram, in ticks; fixed */
    atomic_uint_least64_t at[SERVE_COUNTERS]; /* written by the lane's thread, read by any */
} serve_counters;

/* Of all lanes. */
typedef struct serve_totals {
    uint64_t at[SERVE_COUNTERS];
} serve_totals;

/* Upper bounds of the histogram's buckets in seconds, rising. */
extern const double serve_duration_bounds[SERVE_DURATIONS - 1];
/* The status of HTTP that a slot counts; 0 for the last. */
unsigned serve_status_of_slot(size_t slot);

/* In a word what is wrong with a request of that status; NULL for those that are right. */
const char *serve_kind_of_slot(size_t slot);

/* started: some time before, for the rate of the processor's counter. */
void serve_counters_init(serve_counters *counters, tmli_moment started);
/* The answers to n requests are made: counts them on the calling thread's lane, and logs them where that is wanted. */
void serve_count_answers(struct serve_lane *lane, const struct serve_call *calls, size_t n);
/* A request that was refused with this status before there was anything to route: of a slow client, or one that libmicrohttpd
 * has answered in its own words. */
void serve_count_refusal(struct serve_lane *lane, unsigned status);
/* The status of such an answer, which libmicrohttpd tells in its log alone; 0 for any other message. */
unsigned serve_status_of_message(const char *message);
/* A request whose client went before it was answered. */
void serve_count_abandoned(struct serve_lane *lane);

/* Any thread. Of a request that is counted meanwhile some counters may know already and others not. */
void serve_totals_add_up(struct serve_server *server, serve_totals *out);
/* Leaves in now what came since before. */
void serve_totals_subtract(serve_totals *now, const serve_totals *before);

/* Totals in a few words. Probes, which are /ping and /metrics, are no requests here. */
typedef struct serve_digest {
    uint64_t requests;
    uint64_t succeeded, refused, failed; /* with a status of 2xx, 4xx, 5xx */
    uint64_t rows, abandoned;
    double p50_s, p99_s; /* from a request's headers to its answer; 0 when there was none */
} serve_digest;

serve_digest serve_digest_of(const serve_totals *totals);

#endif
