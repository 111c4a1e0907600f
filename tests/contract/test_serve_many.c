/* Models that come and go while requests run, and a directory of models. contract.md §9.6: M13, M14. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "contract/many.h"
#include "support/http.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- unloading under load ---- */

/* A long request on its own connection. */
static int begin_long_request(const server *s, const char *name, size_t n_lines)
{
    char head[256];
    const size_t n_line = strlen("hot\n");
    char *body = malloc(n_lines * n_line + 1);
    assert_non_null(body);
    for (size_t i = 0; i < n_lines; i++) {
        memcpy(body + i * n_line, "hot\n", n_line);
    }
    const int n_head = snprintf(head, sizeof(head),
                                "POST /models/%s/invoke HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                "text/plain\r\nContent-Length: %zu\r\n\r\n",
                                name, n_lines * n_line);
    const int fd = http_connect(s->port);
    assert_true(http_write(fd, head, (size_t)n_head));
    assert_true(http_write(fd, body, n_lines * n_line));
    free(body);
    return fd;
}

/* False when the request came too late to have its model. */
static bool unload_under_request(server *s, const char *url, double head_start_seconds)
{
    enum {
        N_LINES = 400000
    };
    assert_int_equal(many_load(s, "m", url), 200);
    const int fd = begin_long_request(s, "m", N_LINES);
    process_sleep(head_start_seconds);
    assert_int_equal(many_unload(s, "m"), 200);
    assert_int_equal(many_invoke(s, "m"), 404);
    char *answer = http_read_answer(fd, many_seconds);
    const bool has_model = strncmp(answer, "HTTP/1.1 404 ", 13) != 0;
    if (has_model) {
        assert_int_equal(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
        const char *body = strstr(answer, "\r\n\r\n") + 4;
        assert_int_equal(strlen(body), N_LINES * strlen("a-hot\n"));
        assert_int_equal(strncmp(body, "a-hot\n", 6), 0);
    }
    free(answer);
    http_close(fd);
    return has_model;
}

static void M13_requests_that_run_end_well_when_their_model_goes(void **state)
{
    server *s = *state;
    char *url = many_place(s, "a", "m");
    double seconds = 0.02;
    while (!unload_under_request(s, url, seconds)) { /* busy machines read slowly */
        seconds *= 2;
        assert_true(seconds < many_seconds);
    }
    assert_int_equal(many_load(s, "m", url), 200);
    assert_invoked(s, "m", "a");
    free(url);
}

/* Also: a name that is loaded again has the new content. */
static void M14_files_may_go_once_a_model_is_loaded(void **state)
{
    server *s = *state;
    char *url = many_place_loaded(s, "a", "m");
    char *old = tmpdir_path(s->model_dir, "m");
    tmpdir_remove(old);
    assert_invoked(s, "m", "a");
    assert_int_equal(many_unload(s, "m"), 200);
    assert_int_equal(many_load(s, "m", url), 404);
    free(many_place(s, "b", "m"));
    assert_int_equal(many_load(s, "m", url), 200);
    assert_invoked(s, "m", "b");
    free(url);
}

/* M15 besides the above: invocations without a name. */
static void invocations_need_exactly_one_model(void **state)
{
    server *s = *state;
    char *url = many_place(s, "a", "m");
    static const char ask[] = "{\"input\": \"hot\"}";
    many_send(s, "POST", "/invocations", ask);
    assert_int_equal(s->answer.status, 400);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "/models/NAME/invoke"));
    assert_int_equal(many_load(s, "m", url), 200);
    many_send(s, "POST", "/invocations", ask);
    assert_answer(s, 200, "application/json", "{\"result\": \"a-hot\"}");
    assert_int_equal(many_load(s, "n", url), 200);
    many_send(s, "POST", "/invocations", ask);
    assert_int_equal(s->answer.status, 400);
    many_send(s, "POST", "/invocations?model_name=%6e", ask);
    assert_answer(s, 200, "application/json", "{\"result\": \"a-hot\"}");
    many_send(s, "POST", "/invocations?k=1&model_name=none", ask);
    assert_int_equal(s->answer.status, 404);
    assert_json(s);
    free(url);
}

/* ---- all at once ---- */

typedef struct asker {
    unsigned port;
    const char *which;
    bool comes_and_goes; /* 404 is right, too */
    int n_wrong;
    int n_right;
} asker;

/* Asks one of the models again and again; on its own thread, without cmocka. */
static void *keep_asking(void *arg)
{
    enum {
        N = 300
    };
    asker *a = arg;
    http_client *client = http_client_create(a->port);
    http_answer answer = {0};
    char path[64];
    char want[64];
    (void)snprintf(path, sizeof(path), "/models/%s/invoke", a->which);
    (void)snprintf(want, sizeof(want), "{\"result\": \"%s-hot\"}", a->which);
    const http_request request = {
        .path = path, .headers = many_json, .body = "{\"input\": \"hot\"}", .n_body = 16};
    for (int i = 0; i < N; i++) {
        http_send(client, &request, &answer);
        const bool is_right = answer.status == 200 && strcmp(answer.body, want) == 0;
        const bool is_gone = a->comes_and_goes && answer.status == 404;
        a->n_right += is_right ? 1 : 0;
        a->n_wrong += is_right || is_gone ? 0 : 1;
    }
    http_answer_free(&answer);
    http_client_free(client);
    return NULL;
}

static void models_come_and_go_while_others_are_asked(void **state)
{
    enum {
        ROUNDS = 40
    };
    server *s = *state;
    char *url_a = many_place_loaded(s, "a", "a");
    char *url_b = many_place(s, "b", "b");
    asker askers[] = {{.port = s->port, .which = "a"},
                      {.port = s->port, .which = "b", .comes_and_goes = true}};
    pthread_t threads[COUNT_OF(askers)];
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &askers[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(many_load(s, "b", url_b), 200);
        assert_int_equal(many_unload(s, "b"), 200);
    }
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(askers[i].n_wrong, 0);
    }
    assert_true(askers[0].n_right > 0);
    free(url_a);
    free(url_b);
}

/* ---- a directory of models ---- */

static void start_on_directory(server *s, const char *const *more)
{
    enum {
        MOST = 8
    };
    const char *args[MOST + 1] = {"--models-dir", s->model_dir};
    size_t n = 2;
    for (; more != NULL && *more != NULL; more++) {
        assert_in_range(n, 0, MOST - 1);
        args[n++] = *more;
    }
    many_start(s, args);
}

static void wait_for_status(server *s, const char *name, long status)
{
    const double end = process_clock() + PROCESS_SECONDS;
    while (many_invoke(s, name) != status) {
        if (process_clock() > end) {
            fail_msg("%s: still %ld", name, s->answer.status);
        }
        process_sleep(0.05);
    }
}

static void models_of_a_directory_come_when_they_are_asked_for(void **state)
{
    server *s = *state;
    free(many_place(s, "a", "first")); /* first/model */
    start_on_directory(s, NULL);
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    assert_invoked(s, "first", "a");
    assert_invoked(s, "first", "a");
    assert_int_equal(many_invoke(s, "second"), 404);
    char *flat = tmpdir_path(s->model_dir, "second"); /* the artifact itself */
    char *from = word_models_path("b");
    word_model_copy(from, flat, false);
    assert_invoked(s, "second", "b");
    static const char *const outside[] = {"..", "%2e%2e",        "..%2F..", "%2Fetc",
                                          ".",  "first%2Fmodel", "first%00"};
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        const int fd = http_connect(s->port); /* curl would tidy the path up */
        char request[256];
        (void)snprintf(request, sizeof(request),
                       "POST /models/%s/invoke HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                       outside[i]);
        assert_true(http_write_text(fd, request));
        char *answer = http_read_answer(fd, many_seconds);
        assert_int_equal(strncmp(answer, "HTTP/1.1 404 ", 13), 0);
        free(answer);
        http_close(fd);
    }
    char *dir = tmpdir_path(s->model_dir, "first");
    tmpdir_remove(dir);
    wait_for_status(s, "first", 404);
    free(many_place(s, "b", "first"));
    wait_for_status(s, "first", 200);
    assert_invoked(s, "first", "b");
    free(from);
    free(flat);
}

static void a_directory_that_is_missing_is_told_and_may_come(void **state)
{
    server *s = *state;
    start_on_directory(s, NULL);
    char *err = process_stderr(&s->process);
    assert_non_null(strstr(err, "--models-dir: "));
    assert_non_null(strstr(err, " is no directory (yet); "));
    assert_int_equal(many_invoke(s, "first"), 404);
    free(many_place(s, "a", "first"));
    wait_for_status(s, "first", 200);
    assert_invoked(s, "first", "a");
    free(err);
}

/* What the platform does with TargetModel between client and container is done for the SDKs here. */
static void a_client_of_an_sdk_names_its_target_model(void **state)
{
    static const struct {
        const char *header, *want;
        long status;
    } cases[] = {
        {"X-Amzn-SageMaker-Target-Model: first", "{\"result\": \"a-ice\"}", 200},
        {"x-amzn-sagemaker-target-model: second.tar.gz", "{\"result\": \"b-ice\"}", 200},
        {"X-Amzn-SageMaker-Target-Model: first.tar.gz", "{\"result\": \"a-ice\"}", 200},
        {"X-Amzn-SageMaker-Target-Model: third.tar.gz", NULL, 424},
        {"X-Amzn-SageMaker-Target-Model: ../first", NULL, 424},
        {"X-Amzn-SageMaker-Target-Model: .tar.gz", NULL, 424},
        {"X-Amzn-SageMaker-Inference-Id: first", NULL, 424}, /* as long; it names none of two */
    };
    server *s = *state;
    free(many_place(s, "a", "first"));
    free(many_place(s, "b", "second"));
    start_on_directory(s, NULL);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const headers[] = {"Content-Type: application/json", cases[i].header, NULL};
        const http_request request = {.path = "/endpoints/any/invocations",
                                      .headers = headers,
                                      .body = "{\"input\": \"ice\"}",
                                      .n_body = 16};
        http_send(s->client, &request, &s->answer);
        if (cases[i].want != NULL) {
            assert_answer(s, 200, "application/json", cases[i].want);
        }
        assert_int_equal(s->answer.status, cases[i].status);
    }
}

/* Below /v2 as well, which loads them like the others; HEAD is what GET is. */
static void the_inference_protocol_finds_models_of_a_directory(void **state)
{
    static const char infer[] =
        "{\"inputs\":[{\"name\":\"text\",\"datatype\":\"BYTES\",\"shape\":[1],"
        "\"data\":[\"ice\"]}],\"outputs\":[{\"name\":\"label\"}]}";
    server *s = *state;
    free(many_place(s, "a", "first"));
    free(many_place(s, "b", "second"));
    start_on_directory(s, NULL);
    server_get(s, "/v2/models/first/ready");
    assert_answer(s, 200, "application/json", "{\"ready\":true}");
    const http_request request = {
        .path = "/v2/models/second/infer", .body = infer, .n_body = sizeof(infer) - 1};
    http_send(s->client, &request, &s->answer);
    assert_answer(
        s, 200, "application/json",
        "{\"model_name\":\"second\",\"outputs\":[{\"name\":\"label\",\"datatype\":\"BYTES\","
        "\"shape\":[1],\"data\":[\"b-ice\"]}]}");
    server_get(s, "/v2/models/third");
    assert_int_equal(s->answer.status, 404);
    static const char *const paths[] = {"/models", "/models/first"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        const http_request head = {.method = "HEAD", .path = paths[i]};
        http_send(s->client, &head, &s->answer);
        assert_int_equal(s->answer.status, 200);
    }
}

static void a_directory_may_hold_more_models_than_fit(void **state)
{
    enum {
        N = 12
    };
    char limit[32];
    server *s = *state;
    for (size_t i = 0; i < N; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%zu", i);
        free(many_place(s, i % 2 == 0 ? "a" : "b", name));
    }
    (void)snprintf(limit, sizeof(limit), "%d", 200 << 10);
    start_on_directory(s, ARGS("--max-model-memory", limit));
    for (size_t i = 0; i < 3 * N; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%zu", i % N);
        assert_invoked(s, name, i % 2 == 0 ? "a" : "b");
    }
    server_get(s, "/models");
    size_t n = 0;
    for (const char *at = s->answer.body; (at = strstr(at, "modelName")) != NULL; at++) {
        n++;
    }
    assert_in_range(n, 1, 3);
}

static void a_model_of_a_directory_that_changes_is_loaded_again(void **state)
{
    server *s = *state;
    free(many_place(s, "a", "m"));
    start_on_directory(s, NULL);
    assert_invoked(s, "m", "a");
    free(many_place(s, "b", "m"));
    process_signal(&s->process, SIGHUP);
    const double end = process_clock() + PROCESS_SECONDS;
    do {
        assert_int_equal(many_invoke(s, "m"), 200);
        assert_true(process_clock() < end);
    } while (strcmp(s->answer.body, "{\"result\": \"b-hot\"}") != 0);
}

static void a_server_of_one_model_has_no_names(void **state)
{
    server *s = *state;
    char *dir = word_models_path("a");
    server_launch(s, ARGS("--model-dir", dir, "--host", "127.0.0.1", "--port", "0"));
    s->port = process_port(&s->process, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
    server_get(s, "/models");
    assert_int_equal(s->answer.status, 404);
    assert_non_null(strstr(s->answer.body, "SAGEMAKER_MULTI_MODEL=true"));
    assert_int_equal(many_invoke(s, "a"), 404);
    assert_int_equal(many_unload(s, "a"), 404);
    free(dir);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, many_set_up, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, many_set_up_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(M13_requests_that_run_end_well_when_their_model_goes),
        STARTED(M14_files_may_go_once_a_model_is_loaded),
        STARTED(invocations_need_exactly_one_model),
        STARTED(models_come_and_go_while_others_are_asked),
        UNSTARTED(models_of_a_directory_come_when_they_are_asked_for),
        UNSTARTED(a_directory_that_is_missing_is_told_and_may_come),
        UNSTARTED(a_client_of_an_sdk_names_its_target_model),
        UNSTARTED(the_inference_protocol_finds_models_of_a_directory),
        UNSTARTED(a_directory_may_hold_more_models_than_fit),
        UNSTARTED(a_model_of_a_directory_that_changes_is_loaded_again),
        UNSTARTED(a_server_of_one_model_has_no_names),
    };
    return cmocka_run_group_tests(tests, word_models_make, word_models_remove);
}
