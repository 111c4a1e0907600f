/* Totals → what came since the last time → lines. */
#include "serve/pulse.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "sagemaker/logging.h"

void serve_pulse_start(serve_pulse *pulse, serve_server *server, double period_s, bool emf)
{
    *pulse =
        (serve_pulse){.server = server, .emf = emf, .period_s = period_s, .last_s = tmli_seconds()};
}

int serve_pulse_wait_ms(const serve_pulse *pulse)
{
    const double left_s = pulse->last_s + pulse->period_s - tmli_seconds();
    return left_s > 0 ? (int)ceil(1e3 * left_s) : 0;
}

/* Milliseconds with three decimals: as much as the histogram knows. */
static double ms_of(double seconds)
{
    return round(1e6 * seconds) / 1e3;
}

static void summarize(const serve_pulse *pulse, const serve_digest *digest, double seconds)
{
    if (digest->requests == 0 && digest->abandoned == 0) {
        return;
    }
    const sm_field fields[] = {
        {.name = "seconds", .number = round(10 * seconds) / 10},
        {.name = "requests", .number = (double)digest->requests},
        {.name = "succeeded", .number = (double)digest->succeeded},
        {.name = "refused", .number = (double)digest->refused},
        {.name = "failed", .number = (double)digest->failed},
        {.name = "abandoned", .number = (double)digest->abandoned},
        {.name = "rows", .number = (double)digest->rows},
        {.name = "p50_ms", .number = ms_of(digest->p50_s)},
        {.name = "p99_ms", .number = ms_of(digest->p99_s)},
    };
    sm_log_fields(pulse->server->log, TML_LOG_INFO, "summary", fields,
                  sizeof(fields) / sizeof(fields[0]));
}

/* ---- CloudWatch's embedded metric format ---- */

enum {
    N_LATENCIES = 2, /* the last figures */
};

typedef struct figure {
    const char *name;
    const char *unit; /* of CloudWatch's list */
    double value;
} figure;

static void put_declarations(tmli_json_writer *w, const figure *figures, size_t n)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    tmli_json_object(w, "_aws");
    tmli_json_put_u64(w, "Timestamp",
                      (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
    tmli_json_list(w, "CloudWatchMetrics");
    tmli_json_object(w, NULL);
    tmli_json_put_text(w, "Namespace", "textml");
    tmli_json_list(w, "Dimensions");
    tmli_json_list(w, NULL);
    tmli_json_put_text(w, NULL, "Recipe");
    tmli_json_close_list(w);
    tmli_json_close_list(w);
    tmli_json_list(w, "Metrics");
    for (size_t i = 0; i < n; i++) {
        tmli_json_object(w, NULL);
        tmli_json_put_text(w, "Name", figures[i].name);
        tmli_json_put_text(w, "Unit", figures[i].unit);
        tmli_json_close_object(w);
    }
    tmli_json_close_list(w);
    tmli_json_close_object(w);
    tmli_json_close_list(w);
    tmli_json_close_object(w);
}

static void put_emf(serve_pulse *pulse, const serve_digest *digest)
{
    const figure figures[] = {
        {"Requests", "Count", (double)digest->requests},
        {"Errors4xx", "Count", (double)digest->refused},
        {"Errors5xx", "Count", (double)digest->failed},
        {"Abandoned", "Count", (double)digest->abandoned},
        {"Rows", "Count", (double)digest->rows},
        {"LatencyP50", "Milliseconds", ms_of(digest->p50_s)},
        {"LatencyP99", "Milliseconds", ms_of(digest->p99_s)},
    };
    /* No requests have no latency: a 0 would pull down the averages of quiet hours. */
    const size_t n_all = sizeof(figures) / sizeof(figures[0]);
    const size_t n = digest->requests > 0 ? n_all : n_all - N_LATENCIES;
    tmli_buf line = {0};
    tmli_json_writer w;
    serve_model *held = serve_models_hold_current(&pulse->server->models);
    tmli_json_begin(&w, &line, 0);
    tmli_json_object(&w, NULL);
    put_declarations(&w, figures, n);
    tmli_json_put_text(&w, "Recipe",
                       held != NULL ? tml_model_recipe_name(serve_model_of(held)) : "none");
    for (size_t i = 0; i < n; i++) {
        tmli_json_put_double(&w, figures[i].name, figures[i].value);
    }
    tmli_json_close_object(&w);
    serve_models_let_go(&pulse->server->models, held);
    const char *text = tmli_buf_cstr(&line);
    if (text != NULL) {
        sm_log_line(pulse->server->log, text);
    }
    tmli_buf_deinit(&line);
}

void serve_pulse_beat(serve_pulse *pulse)
{
    serve_totals now;
    serve_totals_add_up(pulse->server, &now);
    serve_totals since = now;
    serve_totals_subtract(&since, &pulse->before);
    const serve_digest digest = serve_digest_of(&since);
    const double now_s = tmli_seconds();
    summarize(pulse, &digest, now_s - pulse->last_s);
    if (pulse->emf) {
        put_emf(pulse, &digest);
    }
    pulse->before = now;
    pulse->last_s = now_s;
}
