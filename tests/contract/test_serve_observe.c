/* What serve tells about itself: parameters of a batch transform, figures, and the log. contract.md §9.4 and §9.5: S07,
 * S31, S33, B09. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "contract/server.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* ---- /execution-parameters -------------------------------------------------------------------- */

/* S31, B09 */
static void a_batch_transform_learns_how_to_ask(void **state)
{
    static const struct {
        const char *env[4];
        const char *threads, *max_body;
        const char *want;
    } cases[] = {
        {{NULL},
         "2",
         "104857600",
         "{\"MaxConcurrentTransforms\":2,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":6}"},
        {{"SAGEMAKER_BATCH=true"},
         "32",
         "104857600",
         "{\"MaxConcurrentTransforms\":16,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":"
         "6}"},
        {{"SAGEMAKER_BATCH=True"},
         "2",
         "104857600",
         "{\"MaxConcurrentTransforms\":2,\"MaxPayloadInMB\":6}"},
        {{"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS=8", "SAGEMAKER_MAX_PAYLOAD_IN_MB=10"},
         "2",
         "104857600",
         "{\"MaxConcurrentTransforms\":8,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":"
         "10}"},
        {{"SAGEMAKER_MAX_CONCURRENT_TRANSFORMS=8", "SAGEMAKER_MAX_PAYLOAD_IN_MB=100",
          "SAGEMAKER_BATCH_STRATEGY=SingleRecord"},
         "2",
         "104857600",
         "{\"MaxConcurrentTransforms\":1,\"BatchStrategy\":\"SINGLE_RECORD\",\"MaxPayloadInMB\":"
         "100}"},
        {{"SAGEMAKER_MAX_PAYLOAD_IN_MB=0"},
         "2",
         "104857600",
         "{\"MaxConcurrentTransforms\":2,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":0}"},
        {{NULL},
         "2",
         "3000000",
         "{\"MaxConcurrentTransforms\":2,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":2}"},
    };
    server *const s = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        s->env = cases[i].env;
        server_start(s, ARGS("--threads", cases[i].threads, "--max-body", cases[i].max_body));
        server_get(s, "/execution-parameters");
        assert_answer(s, 200, "application/json", cases[i].want);
        server_stop(s);
        process_end(&s->process);
    }
}

static void a_number_that_is_none_is_warned_of(void **state)
{
    server *const s = *state;
    s->env = ENV("SAGEMAKER_MAX_PAYLOAD_IN_MB=lots", "SAGEMAKER_BATCH_STRATEGY=Some");
    server_start(s, ARGS("--threads", "1"));
    server_get(s, "/execution-parameters");
    assert_answer(
        s, 200, "application/json",
        "{\"MaxConcurrentTransforms\":1,\"BatchStrategy\":\"MULTI_RECORD\",\"MaxPayloadInMB\":6}");
    char *const err = process_stderr(&s->process);
    assert_non_null(strstr(err, "SAGEMAKER_MAX_PAYLOAD_IN_MB: \"lots\" is not a whole number"));
    assert_non_null(strstr(err, "SAGEMAKER_BATCH_STRATEGY: \"Some\" is neither"));
    free(err);
}

static void a_log_level_that_is_none_is_warned_of(void **state)
{
    server *const s = *state;
    s->env = ENV("SM_LOG_LEVEL=loud", "SAGEMAKER_CONTAINER_LOG_LEVEL=");
    server_start(s, NULL);
    char *const err = process_stderr(&s->process);
    assert_string_equal(err,
                        "serve: warning: SM_LOG_LEVEL: \"loud\" is neither a number such as 20 "
                        "nor one of debug, info, warning, error, critical; it is left aside\n");
    free(err);
}

/* ---- /metrics --------------------------------------------------------------------------------- */

static double figure(const server *s, const char *name)
{
    char line[160];
    (void)snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(s->answer.body, line);
    return at != NULL ? strtod(at + strlen(line), NULL) : -1;
}

/* S33: while many requests are answered, and with what they did in it. */
static void figures_are_there_at_once_under_load(void **state)
{
    enum {
        N = 64,
        ROUNDS = 4
    };
    static const char body[] = "{\"instances\": [\"market bank\", \"film song\"]}";
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    server *const s = *state;
    http_request requests[N];
    static http_answer answers[N];
    for (size_t i = 0; i < N; i++) {
        requests[i] = (http_request){
            .path = "/invocations", .headers = headers, .body = body, .n_body = sizeof body - 1};
    }
    requests[N / 2] = (http_request){.path = "/metrics"};
    for (size_t round = 0; round < ROUNDS; round++) {
        http_send_all(s->port, requests, N, answers);
        assert_int_equal(answers[N / 2].status, 200);
        assert_true(answers[N / 2].seconds < 1);
        for (size_t i = 0; i < N; i++) {
            http_answer_free(&answers[i]);
        }
    }
    server_get(s, "/metrics");
    assert_int_equal(s->answer.status, 200);
    char *const type = http_header(&s->answer, "Content-Type");
    assert_string_equal(type, "text/plain; version=0.0.4; charset=utf-8");
    free(type);
    const double n = ROUNDS * (N - 1);
    assert_true(figure(s, "textml_requests_total{route=\"/invocations\",status=\"200\"}") == n);
    assert_true(figure(s, "textml_rows_total{route=\"/invocations\"}") == 2 * n);
    assert_true(figure(s, "textml_request_duration_seconds_count{route=\"/invocations\"}") == n);
    assert_true(figure(s, "textml_requests_total{route=\"/metrics\",status=\"200\"}") == ROUNDS);
    assert_true(figure(s, "textml_requests_in_flight") >= 1);
    assert_true(figure(s, "textml_models_loaded") == 1);
    assert_true(figure(s, "textml_errors_total{kind=\"abandoned\"}") == 0);
}

static void what_is_refused_early_is_counted(void **state)
{
    server *const s = *state;
    static const char body[] = "market bank market bank\n";
    server_start(s, ARGS("--max-body", "10"));
    const http_request request = {.path = "/invocations", .body = body, .n_body = sizeof body - 1};
    http_send(s->client, &request, &s->answer);
    assert_int_equal(s->answer.status, 413);
    http_client_free(s->client);
    s->client = http_client_create(s->port);
    server_get(s, "/metrics");
    assert_true(figure(s, "textml_requests_total{route=\"/invocations\",status=\"413\"}") == 1);
    assert_true(figure(s, "textml_errors_total{kind=\"too_large\"}") == 1);
}

/* ---- custom attributes ------------------------------------------------------------------------ */

/* S07: back to clients of the SDKs; test_serve_answers.c has /invocations, which keeps them. */
static void attributes_come_back_from_an_endpoint(void **state)
{
    server *const s = *state;
    static const char body[] = "market bank\n";
    const char *const headers[] = {"Content-Type: text/plain",
                                   "X-Amzn-SageMaker-Custom-Attributes: trace=1;who=me", NULL};
    const http_request request = {.path = "/endpoints/any/invocations",
                                  .headers = headers,
                                  .body = body,
                                  .n_body = sizeof body - 1};
    http_send(s->client, &request, &s->answer);
    assert_answer(s, 200, "text/plain", "Business\n");
    char *const back = http_header(&s->answer, "X-Amzn-SageMaker-Custom-Attributes");
    assert_string_equal(back != NULL ? back : "(none)", "trace=1;who=me");
    free(back);
}

/* ---- the page --------------------------------------------------------------------------------- */

static void the_page_comes_with_its_policy(void **state)
{
    server *const s = *state;
    server_get(s, "/");
    assert_int_equal(s->answer.status, 200);
    char *const policy = http_header(&s->answer, "Content-Security-Policy");
    assert_non_null(policy);
    assert_int_equal(strncmp(policy, "default-src 'none'; style-src 'sha256-", 38), 0);
    assert_non_null(strstr(policy, "; script-src 'sha256-"));
    assert_null(strstr(policy, "unsafe"));
    assert_null(strstr(s->answer.body, "{{"));
    free(policy);
}

/* ---- the log ---------------------------------------------------------------------------------- */

/* The number of lines of stdout that hold a text. */
static size_t lines_with(server *s, const char *text)
{
    char *const out = process_stdout(&s->process);
    size_t n = 0;
    for (const char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        n += strstr(line, text) != NULL ? 1 : 0;
    }
    free(out);
    return n;
}

static void requests_stand_in_the_log_when_it_is_asked_for(void **state)
{
    server *const s = *state;
    s->env = ENV("SM_LOG_LEVEL=10");
    server_start(s, NULL);
    server_ask(s, "text/plain", NULL, "market secret bank\n");
    assert_int_equal(s->answer.status, 200);
    server_get(s, "/ping");
    server_stop(s);
    assert_int_equal(lines_with(s, "request method=POST route=/invocations status=200 rows=1 "), 1);
    assert_int_equal(lines_with(s, "request method=GET route=/ping status=200 rows=0 "), 1);
    assert_int_equal(lines_with(s, "secret"), 0);
    assert_int_equal(lines_with(s, "market"), 0);
}

static void at_the_usual_level_a_summary_stands_there(void **state)
{
    server *const s = *state;
    server_start(s, ARGS("--summary-seconds", "1"));
    server_get(s, "/ping");
    server_get(s, "/metrics");
    process_sleep(1.2);
    assert_int_equal(lines_with(s, "summary"), 0); /* probes are no traffic */
    server_ask(s, "text/plain", NULL, "market\nbank\n");
    server_ask(s, "image/png", NULL, "x");
    process_says(&s->process, "summary", PROCESS_SECONDS);
    server_stop(s);
    assert_int_equal(lines_with(s, "request "), 0);
    assert_int_equal(lines_with(s, "requests=2 succeeded=1 refused=1 failed=0 abandoned=0 rows=2 "),
                     1);
}

/* What came since the last one is not lost at the end. */
static void in_json_every_record_is_an_object(void **state)
{
    server *const s = *state;
    s->env = ENV("SM_LOG_LEVEL=10");
    server_start(s, ARGS("--log-format", "json"));
    const char *const headers[] = {"X-Amzn-SageMaker-Inference-Id: id-7",
                                   "Content-Type: text/plain", NULL};
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = "market\n", .n_body = 7};
    http_send(s->client, &request, &s->answer);
    server_stop(s);
    char *const out = process_stdout(&s->process);
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    bool has_request = false;
    bool has_summary = false;
    for (const char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        const tmli_value *root = NULL;
        assert_int_equal(tmli_json_parse(tmli_str(line), &arena, &root, NULL), TML_OK);
        const tmli_value *message = tmli_value_get(root, "message");
        assert_non_null(message);
        if (tmli_str_eq_text(message->text, "request")) {
            has_request = true;
            assert_true(tmli_value_get(root, "status")->number == 200);
            assert_true(tmli_str_eq_text(tmli_value_get(root, "inference_id")->text, "id-7"));
            assert_int_equal(tmli_value_get(root, "body_hash")->text.len, 16);
        } else if (tmli_str_eq_text(message->text, "summary")) {
            has_summary = true;
            assert_true(tmli_value_get(root, "requests")->number == 1);
        }
    }
    assert_true(has_request && has_summary);
    tmli_arena_deinit(&arena);
    free(out);
}

/* The line declares n figures, and has them. */
static void assert_figures(tml_str line, size_t n_figures)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *root = NULL;
    assert_int_equal(tmli_json_parse(line, &arena, &root, NULL), TML_OK);
    const tmli_value *aws = tmli_value_get(root, "_aws");
    assert_true(tmli_value_get(aws, "Timestamp")->number > 1.6e12);
    const tmli_value *directive = tmli_value_get(aws, "CloudWatchMetrics")->first;
    assert_true(tmli_str_eq_text(tmli_value_get(directive, "Namespace")->text, "textml"));
    const tmli_value *dimensions = tmli_value_get(directive, "Dimensions")->first;
    assert_true(tmli_str_eq_text(dimensions->first->text, "Recipe"));
    assert_true(tmli_str_eq_text(tmli_value_get(root, "Recipe")->text, "news"));
    size_t n = 0;
    for (const tmli_value *metric = tmli_value_get(directive, "Metrics")->first; metric != NULL;
         metric = metric->next, n++) {
        char name[64];
        const tml_str declared = tmli_value_get(metric, "Name")->text;
        (void)snprintf(name, sizeof name, "%.*s", (int)declared.len, declared.data);
        const tmli_value *value = tmli_value_get(root, name);
        assert_non_null(value);
        assert_int_equal(value->kind, TMLI_NUMBER);
    }
    assert_int_equal(n, n_figures);
    tmli_arena_deinit(&arena);
}

/* Between two of them that were seen, or at the end, there may be seconds without a request: those have no latency. */
static void figures_for_cloudwatch_come_when_asked_for(void **state)
{
    server *const s = *state;
    s->env = ENV("TEXTML_EMF=true");
    server_start(s, ARGS("--summary-seconds", "1"));
    server_ask(s, "text/plain", NULL, "market\nbank\n");
    process_says(&s->process, "\"Requests\":1", PROCESS_SECONDS);
    server_stop(s);
    char *const out = process_stdout(&s->process);
    size_t n_busy = 0;
    size_t n_idle = 0;
    for (const char *line = strstr(out, "{\"_aws\""); line != NULL;
         line = strstr(line + 1, "{\"_aws\"")) {
        const tml_str text = {line, strcspn(line, "\n")};
        const bool is_idle = tmli_str_find(text, "\"Requests\":0") != SIZE_MAX;
        n_idle += is_idle;
        n_busy += !is_idle;
        assert_figures(text, is_idle ? 5 : 7);
        assert_true(is_idle == (tmli_str_find(text, "Latency") == SIZE_MAX));
    }
    assert_int_equal(n_busy, 1);
    assert_true(n_idle > 0);
    free(out);
}

static void the_command_line_switches_them_off(void **state)
{
    server *const s = *state;
    s->env = ENV("TEXTML_EMF=true");
    server_start(s, ARGS("--emf", "off"));
    server_stop(s);
    assert_int_equal(lines_with(s, "_aws"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, server_setup, server_teardown)
#define TEST_STARTED(name) \
    cmocka_unit_test_setup_teardown(name, server_setup_started, server_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_batch_transform_learns_how_to_ask),
        TEST(a_number_that_is_none_is_warned_of),
        TEST(a_log_level_that_is_none_is_warned_of),
        TEST_STARTED(figures_are_there_at_once_under_load),
        TEST(what_is_refused_early_is_counted),
        TEST_STARTED(attributes_come_back_from_an_endpoint),
        TEST_STARTED(the_page_comes_with_its_policy),
        TEST(requests_stand_in_the_log_when_it_is_asked_for),
        TEST(at_the_usual_level_a_summary_stands_there),
        TEST(in_json_every_record_is_an_object),
        TEST(figures_for_cloudwatch_come_when_asked_for),
        TEST(the_command_line_switches_them_off),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
