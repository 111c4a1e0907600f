/* What requests leave in the counters, what /metrics and the digest make of it, and what stands in the log. */
#include "serve/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "serve/request_log.h"
#include "serve/routes.h"
#include "support/alloc_fail.h"
#include "support/tiny_server.h"

static serve_request request_of(const char *method, const char *path, const char *body)
{
    return (serve_request){.method = tmli_str(method),
                           .path = tmli_str(path),
                           .begun_ticks = tmli_ticks(),
                           .content_type = TML_STR("text/plain"),
                           .body = tmli_str(body)};
}

static void ask(tiny_server *fix, const char *method, const char *path, const char *body)
{
    serve_request request = request_of(method, path, body);
    const serve_call call = {&request, &fix->answer};
    serve_route(fix->lane, &call, 1);
    serve_count_answers(fix->lane, &call, 1);
}

/* The value behind a line's beginning in /metrics; NaN when there is no such line. */
static double figure(tiny_server *fix, const char *name)
{
    char line[160];
    serve_request request = request_of("GET", "/metrics", "");
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    assert_int_equal(fix->answer.status, 200);
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(tmli_buf_cstr(&fix->answer.body), line);
    return at != NULL ? strtod(at + strlen(line), NULL) : NAN;
}

static void assert_figure(tiny_server *fix, const char *name, double want)
{
    const double got = figure(fix, name);
    if (!(got == want)) {
        fail_msg("%s is %g, expected %g", name, got, want);
    }
}

static void requests_are_counted_by_route_and_status(void **state)
{
    tiny_server *fix = *state;
    ask(fix, "POST", "/invocations", "hot\nice\n");
    ask(fix, "POST", "/invocations", "");
    ask(fix, "POST", "/invocations", "hot\n");
    ask(fix, "GET", "/invocations", "");
    ask(fix, "GET", "/nowhere", "");
    ask(fix, "POST", "/endpoints/any/invocations", "hot\n");
    assert_figure(fix, "textml_requests_total{route=\"/invocations\",status=\"200\"}", 2);
    assert_figure(fix, "textml_requests_total{route=\"/invocations\",status=\"204\"}", 1);
    assert_figure(fix, "textml_requests_total{route=\"/invocations\",status=\"405\"}", 1);
    assert_figure(fix, "textml_requests_total{route=\"other\",status=\"404\"}", 1);
    assert_figure(
        fix, "textml_requests_total{route=\"/endpoints/{name}/invocations\",status=\"200\"}", 1);
    assert_figure(fix, "textml_rows_total{route=\"/invocations\"}", 3);
    assert_figure(fix, "textml_errors_total{kind=\"not_found\"}", 1);
    assert_figure(fix, "textml_errors_total{kind=\"method\"}", 1);
    assert_figure(fix, "textml_errors_total{kind=\"internal\"}", 0);
    assert_figure(fix, "textml_request_bytes_total", 16);
    assert_figure(fix, "textml_request_duration_seconds_count{route=\"/invocations\"}", 4);
    assert_figure(fix, "textml_request_duration_seconds_bucket{route=\"/invocations\",le=\"+Inf\"}",
                  4);
    const double seconds =
        figure(fix, "textml_request_duration_seconds_sum{route=\"/invocations\"}");
    assert_true(seconds > 0 && seconds < 60);
}

static void the_rest_of_the_figures_is_there(void **state)
{
    tiny_server *fix = *state;
    assert_figure(fix, "textml_model_info{recipe=\"weather\",labels=\"2\"}", 1);
    assert_figure(fix, "textml_models_loaded", 1);
    assert_figure(fix, "textml_queue_depth", 0);
    assert_figure(fix, "textml_requests_in_flight", 0);
    assert_true(figure(fix, "process_resident_memory_bytes") > 1e5);
    assert_true(figure(fix, "process_virtual_memory_bytes") > 1e5);
    assert_true(figure(fix, "process_start_time_seconds") > 1.6e9);
    assert_string_equal(fix->answer.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

/* A reader of the format takes a figure without a type for one that may fall. */
static void each_figure_is_declared_before_it_stands_there(void **state)
{
    tiny_server *fix = *state;
    (void)figure(fix, "textml_models_loaded");
    char declared[64] = "";
    char of[64] = "";
    size_t n = 0;
    for (const char *line = tmli_buf_cstr(&fix->answer.body); *line != '\0';
         line = strchr(line, '\n') + 1) {
        char type[16] = "";
        if (sscanf(line, "# HELP %63s ", declared) == 1) {
            continue;
        }
        if (sscanf(line, "# TYPE %63s %15s", of, type) == 2) {
            assert_string_equal(of, declared);
            const size_t n_total = tmli_str_ends(tmli_str(of), "_total") ? 1 : 0;
            assert_int_equal(strcmp(type, "counter") == 0, n_total);
            n++;
            continue;
        }
        if (of[0] == '\0' || strncmp(line, of, strlen(of)) != 0) {
            fail_msg("%.60s stands below the declaration of %s", line, of);
        }
    }
    assert_in_range(n, 10, 100);
}

/* Buckets hold what is at most their bound, and add up from the shortest. */
static void durations_fall_into_their_buckets(void **state)
{
    tiny_server *fix = *state;
    serve_lane *lane = serve_lane_create(&fix->server);
    assert_non_null(lane);
    serve_request request = request_of("GET", "/v2", "");
    const serve_call call = {&request, &fix->answer};
    const double rate = tmli_ticks_per_second(fix->server.started);
    const double seconds[] = {0, 0.03, 0.7, 100};
    fix->answer.route = 5;
    fix->answer.status = 200;
    for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
        call.request->begun_ticks = tmli_ticks() - (uint64_t)(seconds[i] * rate);
        serve_count_answers(lane, &call, 1);
    }
    call.request->begun_ticks =
        tmli_ticks() + (uint64_t)rate; /* another processor's counter runs ahead */
    serve_count_answers(lane, &call, 1);
    const size_t at = SERVE_AT_DURATIONS + 5 * SERVE_DURATIONS;
    uint64_t n = 0;
    for (size_t i = 0; i < SERVE_DURATIONS; i++) {
        n += lane->counters.at[at + i];
        const double bound = i < SERVE_DURATIONS - 1 ? serve_duration_bounds[i] : 1e9;
        assert_int_equal(n, bound < 0.03 ? 2 : bound < 0.7 ? 3 : bound < 100 ? 4 : 5);
    }
}

static void a_digest_says_it_in_few_words(void **state)
{
    (void)state;
    static serve_totals now, before;
    const size_t invocations = 2; /* /ping is 1 */
    assert_true(tmli_str_eq_text(serve_route_pattern(invocations), "/invocations"));
    assert_true(serve_route_is_probe(1));
    memset(&now, 0, sizeof now);
    memset(&before, 0, sizeof before);
    now.at[SERVE_AT_REQUESTS + SERVE_STATUSES] = 1000; /* pings */
    now.at[SERVE_AT_REQUESTS + invocations * SERVE_STATUSES] = 110;
    before.at[SERVE_AT_REQUESTS + invocations * SERVE_STATUSES] = 10;
    now.at[SERVE_AT_DURATIONS + invocations * SERVE_DURATIONS + 4] = 100; /* 0.5 to 1 ms */
    now.at[SERVE_AT_ROWS + invocations] = 300;
    now.at[SERVE_AT_ABANDONED] = 2;
    serve_totals_subtract(&now, &before);
    const serve_digest digest = serve_digest_of(&now);
    assert_int_equal(digest.requests, 100);
    assert_int_equal(digest.succeeded, 100);
    assert_int_equal(digest.refused + digest.failed, 0);
    assert_int_equal(digest.rows, 300);
    assert_int_equal(digest.abandoned, 2);
    assert_true(fabs(digest.p50_s - 0.00075) < 1e-9);
    assert_true(fabs(digest.p99_s - 0.000995) < 1e-9);
    memset(&now, 0, sizeof now);
    assert_true(serve_digest_of(&now).p99_s == 0);
}

static void a_digest_tells_success_from_the_faults_of_both_sides(void **state)
{
    (void)state;
    static serve_totals now;
    uint64_t n_of_class[6] = {0};
    memset(&now, 0, sizeof now);
    for (size_t i = 0; i < SERVE_STATUSES; i++) {
        now.at[SERVE_AT_REQUESTS + (size_t)2 * SERVE_STATUSES + i] = i + 1;
        n_of_class[serve_status_of_slot(i) / 100] += i + 1;
    }
    const serve_digest digest = serve_digest_of(&now);
    assert_int_equal(digest.requests, SERVE_STATUSES * (SERVE_STATUSES + 1) / 2);
    assert_int_equal(digest.succeeded, n_of_class[2]);
    assert_int_equal(digest.refused, n_of_class[4]);
    assert_int_equal(digest.failed, n_of_class[5]);
    assert_true(digest.succeeded > 0 && digest.refused > 0 && digest.failed > 0);
}

/* ---- /openapi.json ---- */

/* The routes below /models are the platform's, not a client's. */
static void every_route_stands_in_the_document(void **state)
{
    tiny_server *fix = *state;
    serve_request request = request_of("GET", "/openapi.json", "");
    serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
    const char *document = tmli_buf_cstr(&fix->answer.body);
    size_t n = 0;
    for (size_t i = 1; !tmli_str_eq_text(serve_route_pattern(i), "other"); i++) {
        const tml_str pattern = serve_route_pattern(i);
        const char *star = memchr(pattern.data, '*', pattern.len);
        char key[96];
        (void)snprintf(key, sizeof key, "\n  \"%.*s%s%s\":",
                       star != NULL ? (int)(star - pattern.data) : (int)pattern.len, pattern.data,
                       star != NULL ? "{name}" : "", star != NULL ? star + 1 : "");
        if (!tmli_str_starts(pattern, "/models") && strstr(document, key) == NULL) {
            fail_msg("%s is missing", key);
        }
        n++;
    }
    assert_in_range(n, 10, SERVE_MAX_ROUTES - 1);
    assert_non_null(strstr(document, "\"Cold, \\\"icy\\\"\""));
}

/* ---- the log ---- */

typedef struct captured {
    char line[512];
    size_t n;
} captured;

static void capture(void *ctx, tml_log_level level, const char *message)
{
    captured *got = ctx;
    assert_int_equal(level, TML_LOG_DEBUG);
    (void)snprintf(got->line, sizeof got->line, "%s", message);
    got->n++;
}

static void a_line_tells_of_a_request_but_not_its_text(void **state)
{
    tiny_server *fix = *state;
    captured got = {0};
    const tml_log log = {.write = capture, .ctx = &got, .least = TML_LOG_DEBUG};
    fix->server.log = &log;
    serve_request request = request_of("POST", "/invocations", "hot secret\n");
    request.inference_id = TML_STR("id-7");
    const serve_call call = {&request, &fix->answer};
    serve_route(fix->lane, &call, 1);
    serve_count_answers(fix->lane, &call, 1);
    assert_int_equal(got.n, 1);
    const char want[] = "request method=POST route=/invocations status=200 rows=1 bytes_in=11 "
                        "bytes_out=5 ms=";
    assert_int_equal(strncmp(got.line, want, sizeof want - 1), 0);
    assert_non_null(strstr(got.line, " body_hash="));
    assert_non_null(strstr(got.line, " inference_id=id-7"));
    assert_null(strstr(got.line, "secret"));
    /* Ids and methods that are none, and paths, are not written. */
    call.request->inference_id = TML_STR("a b\n\"secret\"");
    call.request->method = TML_STR("SECRET");
    call.request->path = TML_STR("/secret");
    serve_route(fix->lane, &call, 1);
    serve_count_answers(fix->lane, &call, 1);
    assert_non_null(strstr(got.line, "method=- route=other status=404"));
    assert_non_null(strstr(got.line, " inference_id=-"));
    assert_null(strstr(got.line, "ecret"));
    const tml_log quiet = {.write = capture, .ctx = &got, .least = TML_LOG_INFO};
    fix->server.log = &quiet;
    serve_count_answers(fix->lane, &call, 1);
    assert_int_equal(got.n, 2);
    fix->server.log = NULL;
}

/* 64 visible characters as SageMaker has it, and none that a line's reader would take for something else. */
static void an_inference_id_stands_in_the_log_when_it_is_one(void **state)
{
    tiny_server *fix = *state;
    char longest[66];
    memset(longest, 'x', 65);
    longest[65] = '\0';
    const struct {
        tml_str id;
        const char *want;
    } cases[] = {
        {{longest + 1, 64}, longest + 1},
        {{longest, 65}, "-"},
        {TML_STR(""), "-"},
        {TML_STR("!~"), "!~"},
        {TML_STR("a b"), "-"},
        {TML_STR("a\x7f"), "-"},
        {TML_STR("a\"b"), "-"},
        {TML_STR("a\\b"), "-"},
        {TML_STR("a=b"), "-"},
        {TML_STR("a\xe4"), "-"},
        {TML_STR("a\nb"), "-"},
    };
    captured got = {0};
    const tml_log log = {.write = capture, .ctx = &got, .least = TML_LOG_DEBUG};
    fix->server.log = &log;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[96];
        serve_request request = request_of("POST", "/invocations", "hot\n");
        request.inference_id = cases[i].id;
        serve_count_answers(fix->lane, &(serve_call){&request, &fix->answer}, 1);
        (void)snprintf(want, sizeof want, " inference_id=%s", cases[i].want);
        assert_true(tmli_str_ends(tmli_str(got.line), want));
    }
    fix->server.log = NULL;
}

static void without_memory_there_are_no_figures_but_an_answer(void **state)
{
    tiny_server *fix = *state;
    static const char *const paths[] = {"/metrics", "/openapi.json", "/", "/v2/models/default",
                                        "/execution-parameters"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        for (size_t nth = 0;; nth++) {
            serve_request request = request_of("GET", paths[i], "");
            tmli_buf_deinit(&fix->answer.body);
            fail_allocation(nth);
            serve_route(fix->lane, &(serve_call){&request, &fix->answer}, 1);
            fail_allocation(NEVER);
            if (fix->answer.status == 200) {
                break;
            }
            assert_int_equal(fix->answer.status, 503);
        }
        assert_true(fix->answer.body.len > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_route_and_status),
        cmocka_unit_test(the_rest_of_the_figures_is_there),
        cmocka_unit_test(each_figure_is_declared_before_it_stands_there),
        cmocka_unit_test(durations_fall_into_their_buckets),
        cmocka_unit_test(a_digest_says_it_in_few_words),
        cmocka_unit_test(a_digest_tells_success_from_the_faults_of_both_sides),
        cmocka_unit_test(every_route_stands_in_the_document),
        cmocka_unit_test(a_line_tells_of_a_request_but_not_its_text),
        cmocka_unit_test(an_inference_id_stands_in_the_log_when_it_is_one),
        cmocka_unit_test(without_memory_there_are_no_figures_but_an_answer),
    };
    return cmocka_run_group_tests(tests, tiny_server_open, tiny_server_close);
}
