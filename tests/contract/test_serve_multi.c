/* Many models with names: the /models routes as a multi-model endpoint calls them, and a directory of models. contract.md
 * §9.6: M01–M15. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "contract/server.h"
#include "support/http.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    LARGE_BYTES = 32 << 20
};

static const char *const json_headers[] = {"Content-Type: application/json", NULL};
static const double answer_seconds = 60;

/* ---- a server of models ---- */

/* Artifacts "a" and "b", made once. */
static char *made;

static int make_models(void **state)
{
    (void)state;
    made = tmpdir_create();
    static const char *const names[] = {"a", "b"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char *dir = tmpdir_path(made, names[i]);
        word_model(made, dir, names[i]);
        free(dir);
    }
    return 0;
}

static int remove_models(void **state)
{
    (void)state;
    tmpdir_remove(made);
    return 0;
}

/* s->model_dir is where the models lie: ml/models. */
static int set_up(void **state)
{
    server *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    *state = s;
    s->process.fd = -1;
    s->dir = tmpdir_create();
    s->model_dir = tmpdir_path(s->dir, "ml/models");
    return 0;
}

/* As the platform starts it, with more arguments. */
static void start(server *s, const char *const *more)
{
    enum {
        MOST = 16
    };
    char base[512];
    const char *args[MOST + 1] = {"serve", "--host", "127.0.0.1", "--port", "0"};
    size_t n = 5;
    for (; more != NULL && *more != NULL; more++) {
        assert_in_range(n, 0, MOST - 1);
        args[n++] = *more;
    }
    (void)snprintf(base, sizeof(base), "SAGEMAKER_BASE_DIR=%s/ml", s->dir);
    const char *const env[] = {base, "SAGEMAKER_MULTI_MODEL=true", NULL};
    s->env = env;
    server_launch(s, args);
    s->env = NULL;
    s->port = process_port(&s->process, PROCESS_SECONDS);
    http_client_free(s->client);
    s->client = http_client_create(s->port);
}

static int set_up_started(void **state)
{
    (void)set_up(state);
    start(*state, NULL);
    return 0;
}

/* Puts artifact `which` where the platform would unpack a model of this name; its url, to be freed. */
static char *place(const server *s, const char *which, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/model", name);
    char *to = tmpdir_path(s->model_dir, path);
    char *from = tmpdir_path(made, which);
    word_model_copy(from, to, false);
    free(from);
    return to;
}

static void put_load(tmli_buf *out, const char *name, const char *url)
{
    tmli_buf_reset(out);
    tmli_buf_printf(out, "{\"model_name\":\"%s\",\"url\":\"%s\"}", name, url);
    assert_false(out->failed);
}

static void send(server *s, const char *method, const char *path, const char *body)
{
    const http_request request = {.method = method,
                                  .path = path,
                                  .headers = body != NULL ? json_headers : NULL,
                                  .body = body,
                                  .n_body = body != NULL ? strlen(body) : 0};
    http_send(s->client, &request, &s->answer);
}

static long load(server *s, const char *name, const char *url)
{
    tmli_buf body = {0};
    put_load(&body, name, url);
    send(s, "POST", "/models", tmli_buf_cstr(&body));
    tmli_buf_deinit(&body);
    return s->answer.status;
}

/* Asks a model, by its name as it stands in a path, for "hot". */
static long invoke(server *s, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "/models/%s/invoke", name);
    send(s, "POST", path, "{\"input\": \"hot\"}");
    return s->answer.status;
}

static void assert_invoked(server *s, const char *name, const char *which)
{
    char want[64];
    (void)snprintf(want, sizeof(want), "{\"result\": \"%s-hot\"}", which);
    (void)invoke(s, name);
    assert_answer(s, 200, "application/json", want);
}

static long unload(server *s, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "/models/%s", name);
    send(s, "DELETE", path, NULL);
    return s->answer.status;
}

/* M15: no comma before a bracket, and JSON by its type. */
static void assert_json(const server *s)
{
    char *type = http_header(&s->answer, "Content-Type");
    assert_non_null(type);
    assert_string_equal(type, "application/json");
    free(type);
    assert_null(strstr(s->answer.body, ",}"));
    assert_null(strstr(s->answer.body, ",]"));
    assert_null(strstr(s->answer.body, ", }"));
    assert_null(strstr(s->answer.body, ", ]"));
}

/* ---- the routes ---- */

static void M01_a_server_without_models_is_healthy(void **state)
{
    server *s = *state;
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    char *out = process_stdout(&s->process);
    assert_non_null(strstr(out, "no model"));
    free(out);
}

static void M02_a_model_answers_once_it_is_loaded(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "a1b2");
    assert_int_equal(load(s, "a1b2", url), 200);
    assert_json(s);
    assert_invoked(s, "a1b2", "a");
    free(url);
}

static void M03_a_name_is_loaded_once(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "a1b2");
    assert_int_equal(load(s, "a1b2", url), 200);
    assert_int_equal(load(s, "a1b2", url), 409);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "is loaded already"));
    assert_invoked(s, "a1b2", "a");
    free(url);
}

static void M04_what_cannot_be_loaded_is_refused(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "a1b2");
    char *gone = tmpdir_path(s->model_dir, "gone/model");
    assert_int_equal(load(s, "x", gone), 404);
    assert_json(s);
    static const char *const bodies[] = {"{\"model_name\":\"x\"}",
                                         "{\"url\":\"/opt/ml/models/x/model\"}",
                                         "{\"model_name\":1,\"url\":\"/x\"}",
                                         "[]",
                                         "{\"model_name\":\"x\",",
                                         "",
                                         "{\"model_name\":\"\",\"url\":\"/x\"}",
                                         "{\"model_name\":\"x/y\",\"url\":\"/x\"}",
                                         "{\"model_name\":\"x\",\"url\":\"models/x\"}",
                                         "{\"model_name\":\"x\",\"url\":\"\"}"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        send(s, "POST", "/models", bodies[i]);
        if (s->answer.status != 400) {
            fail_msg("%s: %ld %s", bodies[i], s->answer.status, s->answer.body);
        }
        assert_json(s);
    }
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    send(s, "PUT", "/models", "{}");
    assert_int_equal(s->answer.status, 405);
    free(url);
    free(gone);
}

/* What is not below the models' directory stays unread, also through links. */
static void models_lie_below_their_directory(void **state)
{
    server *s = *state;
    char *outside = tmpdir_path(made, "a");
    char *inside = place(s, "a", "a1b2");
    char *linked = tmpdir_path(s->model_dir, "linked");
    char path[1024];
    assert_int_equal(load(s, "x", outside), 400);
    assert_non_null(strstr(s->answer.body, "is not below"));
    (void)snprintf(path, sizeof(path), "%s/../../../../%s", inside, "etc");
    assert_in_range(load(s, "x", path), 400, 404);
    assert_int_equal(load(s, "x", "/etc"), 400);
    assert_int_equal(symlink(outside, linked), 0);
    assert_int_equal(load(s, "x", linked), 400);
    (void)snprintf(path, sizeof(path), "%s/textml.json", inside);
    assert_int_equal(load(s, "x", path), 400);
    assert_int_equal(load(s, "x", inside), 200);
    free(outside);
    free(inside);
    free(linked);
}

/* A damaged archive must not make the platform unload others: it is no 507. */
static void a_damaged_model_is_500(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "broken");
    tmli_buf bytes = {0};
    char *tensors = tmpdir_path(url, "model.safetensors");
    assert_int_equal(truncate(tensors, 100), 0);
    assert_int_equal(load(s, "broken", url), 500);
    assert_non_null(strstr(s->answer.body, "truncated"));
    assert_json(s);
    assert_int_equal(invoke(s, "broken"), 404);
    char *err = process_stderr(&s->process);
    assert_non_null(strstr(err, "truncated"));
    free(err);
    tmpdir_write_text(s->model_dir, "empty/model/.DS_Store", "x");
    char *empty = tmpdir_path(s->model_dir, "empty/model");
    assert_int_equal(load(s, "empty", empty), 500);
    assert_non_null(strstr(s->answer.body, "textml.json"));
    free(empty);
    char *good = place(s, "a", "other"); /* the name is free again */
    assert_int_equal(load(s, "broken", good), 200);
    tmli_buf_deinit(&bytes);
    free(good);
    free(tensors);
    free(url);
}

static void M05_a_model_without_room_is_507_and_the_others_serve(void **state)
{
    char limit[32];
    char name[8];
    server *s = *state;
    char *urls[3];
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        (void)snprintf(name, sizeof(name), "m%zu", i);
        urls[i] = place(s, i == 1 ? "b" : "a", name);
    }
    (void)snprintf(limit, sizeof(limit), "%d", 200 << 10); /* each is reckoned at some 70 KiB */
    start(s, ARGS("--max-model-memory", limit));
    assert_int_equal(load(s, "m0", urls[0]), 200);
    assert_int_equal(load(s, "m1", urls[1]), 200);
    assert_int_equal(load(s, "m2", urls[2]), 507);
    assert_json(s);
    assert_invoked(s, "m0", "a");
    assert_invoked(s, "m1", "b");
    assert_int_equal(unload(s, "m0"), 200);
    assert_int_equal(load(s, "m2", urls[2]), 200);
    assert_invoked(s, "m2", "a");
    assert_int_equal(invoke(s, "m0"), 404);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        free(urls[i]);
    }
}

static void the_least_recently_used_goes_when_that_is_wanted(void **state)
{
    char limit[32];
    char name[8];
    server *s = *state;
    char *urls[3];
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        (void)snprintf(name, sizeof(name), "m%zu", i);
        urls[i] = place(s, "a", name);
    }
    (void)snprintf(limit, sizeof(limit), "%d", 200 << 10);
    start(s, ARGS("--unload-unused", "--max-model-memory", limit));
    assert_int_equal(load(s, "m0", urls[0]), 200);
    assert_int_equal(load(s, "m1", urls[1]), 200);
    assert_invoked(s, "m0", "a"); /* m1 was used longer ago now */
    assert_int_equal(load(s, "m2", urls[2]), 200);
    assert_int_equal(invoke(s, "m1"), 404);
    assert_invoked(s, "m0", "a");
    assert_invoked(s, "m2", "a");
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        free(urls[i]);
    }
}

static void M06_a_model_is_shown_by_its_name(void **state)
{
    char want[1024];
    server *s = *state;
    char *url = place(s, "a", "a1b2");
    assert_int_equal(load(s, "a1b2", url), 200);
    server_get(s, "/models/a1b2");
    (void)snprintf(want, sizeof(want), "{\"modelName\":\"a1b2\",\"modelUrl\":\"%s\"}", url);
    assert_answer(s, 200, "application/json", want);
    server_get(s, "/models");
    (void)snprintf(want, sizeof(want),
                   "{\"models\":[{\"modelName\":\"a1b2\",\"modelUrl\":\"%s\"}]}", url);
    assert_answer(s, 200, "application/json", want);
    server_get(s, "/models/none");
    assert_int_equal(s->answer.status, 404);
    assert_json(s);
    free(url);
}

/* Marks the names of a page in seen; returns their number. */
static size_t count_names(const server *s, bool *seen, size_t n_models)
{
    static const char mark[] = "\"modelName\":\"m";
    size_t n = 0;
    for (const char *at = strstr(s->answer.body, mark); at != NULL; at = strstr(at, mark)) {
        const size_t i = strtoul(at + sizeof(mark) - 1, NULL, 10);
        assert_in_range(i, 0, n_models - 1);
        assert_false(seen[i]); /* twice */
        seen[i] = true;
        n++;
        at++;
    }
    return n;
}

static void M07_the_list_comes_in_pages(void **state)
{
    enum {
        N = 250
    };
    static const size_t want[] = {100, 100, 50};
    static const char mark[] = "\"nextPageToken\":\"";
    bool seen[N] = {false};
    char path[4096] = "/models?limit=100";
    server *s = *state;
    char *url = place(s, "a", "all");
    for (size_t i = 0; i < N; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%zu", i);
        assert_int_equal(load(s, name, url), 200);
    }
    for (size_t page = 0; page < COUNT_OF(want); page++) {
        server_get(s, path);
        assert_int_equal(s->answer.status, 200);
        assert_json(s);
        assert_int_equal(count_names(s, seen, N), want[page]);
        const char *token = strstr(s->answer.body, mark);
        if (page + 1 == COUNT_OF(want)) {
            assert_null(token);
            break;
        }
        assert_non_null(token);
        token += sizeof(mark) - 1;
        (void)snprintf(path, sizeof(path), "/models?next_page_token=%.*s&limit=100",
                       (int)strcspn(token, "\""), token);
    }
    server_get(s, "/models?limit=3");
    assert_non_null(strstr(s->answer.body, mark));
    server_get(s, "/models?limit=0");
    assert_int_equal(s->answer.status, 400);
    server_get(s, "/models?next_page_token=zz");
    assert_int_equal(s->answer.status, 400);
    free(url);
}

static size_t rss_kib(const server *s)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)s->process.pid);
    char *status = process_read_file(path, NULL);
    assert_non_null(status);
    const char *at = strstr(status, "VmRSS:");
    assert_non_null(at);
    const size_t n = strtoul(at + 6, NULL, 10);
    free(status);
    return n;
}

static void M08_an_unloaded_model_has_given_its_memory_back(void **state)
{
    server *s = *state;
    char *url = tmpdir_path(s->model_dir, "large/model");
    word_model_padded(s->dir, url, "large", LARGE_BYTES);
    assert_int_equal(unload(s, "large"), 404);
    const size_t before = rss_kib(s);
    assert_int_equal(load(s, "large", url), 200);
    assert_invoked(s, "large", "large");
    const size_t loaded = rss_kib(s);
    assert_true(loaded > before + (LARGE_BYTES >> 11)); /* at least half of it: it was read */
    assert_int_equal(unload(s, "large"), 200);
    assert_json(s);
    const size_t after = rss_kib(s);
    assert_true(after + (LARGE_BYTES >> 10) < loaded + (LARGE_BYTES >> 13));
    assert_int_equal(unload(s, "large"), 404);
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    free(url);
}

static void M09_a_model_that_is_not_loaded_is_404(void **state)
{
    server *s = *state;
    assert_int_equal(invoke(s, "none"), 404);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "\\\"none\\\" is not loaded"));
    assert_int_equal(invoke(s, "..%2F..%2Fetc"), 404);
}

static void M10_names_are_whatever_the_platform_wants(void **state)
{
    char long_name[201];
    server *s = *state;
    char *url = place(s, "a", "any");
    memset(long_name, 'x', 200);
    long_name[200] = '\0';
    const struct {
        const char *name, *in_path;
    } cases[] = {
        {"with blanks in it", "with%20blanks%20in%20it"},
        {"v1.2..3", "v1.2..3"},
        {long_name, long_name},
        {"9f86d081884c7d659a2feaa0c55ad015", "9f86d081884c7d659a2feaa0c55ad015"},
        {"100%", "100%25"},
        {"a+b=c&d", "a+b=c&d"},
        {"größe", "gr%C3%B6%c3%9fe"},
        {"%20", "%2520"},
        {"q?#", "q%3F%23"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char path[1024];
        char want[1024];
        assert_int_equal(load(s, cases[i].name, url), 200);
        (void)snprintf(path, sizeof(path), "/models/%s", cases[i].in_path);
        (void)snprintf(want, sizeof(want), "{\"modelName\":\"%s\",\"modelUrl\":\"%s\"}",
                       cases[i].name, url);
        server_get(s, path);
        assert_answer(s, 200, "application/json", want);
        assert_invoked(s, cases[i].in_path, "a");
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(unload(s, cases[i].in_path), 200);
    }
    free(url);
}

static void M11_the_target_model_header_does_not_route(void **state)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "X-Amzn-SageMaker-Target-Model: b/y.tar.gz", NULL};
    server *s = *state;
    char *url_a = place(s, "a", "a");
    char *url_b = place(s, "b", "b");
    assert_int_equal(load(s, "a", url_a), 200);
    assert_int_equal(load(s, "b", url_b), 200);
    const http_request request = {.path = "/models/a/invoke",
                                  .headers = headers,
                                  .body = "{\"input\": \"ice\"}",
                                  .n_body = 16};
    http_send(s->client, &request, &s->answer);
    assert_answer(s, 200, "application/json", "{\"result\": \"a-ice\"}");
    free(url_a);
    free(url_b);
}

static void M12_of_two_loads_of_a_name_one_wins(void **state)
{
    enum {
        ROUNDS = 20,
        N = 4
    };
    server *s = *state;
    char *url = tmpdir_path(s->model_dir, "large/model");
    word_model_padded(s->dir, url, "large", LARGE_BYTES); /* so that they overlap */
    tmli_buf body = {0};
    put_load(&body, "large", url);
    const http_request request = {
        .path = "/models", .headers = json_headers, .body = body.data, .n_body = body.len};
    http_request requests[N];
    http_answer answers[N] = {{0}};
    for (size_t i = 0; i < N; i++) {
        requests[i] = request;
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        size_t n_loaded = 0;
        http_send_all(s->port, requests, N, answers);
        for (size_t i = 0; i < N; i++) {
            n_loaded += answers[i].status == 200 ? 1 : 0;
            assert_true(answers[i].status == 200 || answers[i].status == 409);
        }
        assert_int_equal(n_loaded, 1);
        assert_int_equal(unload(s, "large"), 200);
    }
    for (size_t i = 0; i < N; i++) {
        http_answer_free(&answers[i]);
    }
    tmli_buf_deinit(&body);
    free(url);
}

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
    assert_int_equal(load(s, "m", url), 200);
    const int fd = begin_long_request(s, "m", N_LINES);
    process_sleep(head_start_seconds);
    assert_int_equal(unload(s, "m"), 200);
    assert_int_equal(invoke(s, "m"), 404);
    char *answer = http_read_answer(fd, answer_seconds);
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
    char *url = place(s, "a", "m");
    double seconds = 0.02;
    while (!unload_under_request(s, url, seconds)) { /* busy machines read slowly */
        seconds *= 2;
        assert_true(seconds < answer_seconds);
    }
    assert_int_equal(load(s, "m", url), 200);
    assert_invoked(s, "m", "a");
    free(url);
}

/* Also: a name that is loaded again has the new content. */
static void M14_files_may_go_once_a_model_is_loaded(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "m");
    assert_int_equal(load(s, "m", url), 200);
    char *old = tmpdir_path(s->model_dir, "m");
    tmpdir_remove(old);
    assert_invoked(s, "m", "a");
    assert_int_equal(unload(s, "m"), 200);
    assert_int_equal(load(s, "m", url), 404);
    free(place(s, "b", "m"));
    assert_int_equal(load(s, "m", url), 200);
    assert_invoked(s, "m", "b");
    free(url);
}

/* M15 besides the above: invocations without a name. */
static void invocations_need_exactly_one_model(void **state)
{
    server *s = *state;
    char *url = place(s, "a", "m");
    static const char ask[] = "{\"input\": \"hot\"}";
    send(s, "POST", "/invocations", ask);
    assert_int_equal(s->answer.status, 400);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "/models/NAME/invoke"));
    assert_int_equal(load(s, "m", url), 200);
    send(s, "POST", "/invocations", ask);
    assert_answer(s, 200, "application/json", "{\"result\": \"a-hot\"}");
    assert_int_equal(load(s, "n", url), 200);
    send(s, "POST", "/invocations", ask);
    assert_int_equal(s->answer.status, 400);
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
        .path = path, .headers = json_headers, .body = "{\"input\": \"hot\"}", .n_body = 16};
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
    char *url_a = place(s, "a", "a");
    char *url_b = place(s, "b", "b");
    assert_int_equal(load(s, "a", url_a), 200);
    asker askers[] = {{.port = s->port, .which = "a"},
                      {.port = s->port, .which = "b", .comes_and_goes = true}};
    pthread_t threads[COUNT_OF(askers)];
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &askers[i]), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(load(s, "b", url_b), 200);
        assert_int_equal(unload(s, "b"), 200);
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
    start(s, args);
}

static void wait_for_status(server *s, const char *name, long status)
{
    const double end = process_clock() + PROCESS_SECONDS;
    while (invoke(s, name) != status) {
        if (process_clock() > end) {
            fail_msg("%s: still %ld", name, s->answer.status);
        }
        process_sleep(0.05);
    }
}

static void models_of_a_directory_come_when_they_are_asked_for(void **state)
{
    server *s = *state;
    free(place(s, "a", "first")); /* first/model */
    start_on_directory(s, NULL);
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    assert_invoked(s, "first", "a");
    assert_invoked(s, "first", "a");
    assert_int_equal(invoke(s, "second"), 404);
    char *flat = tmpdir_path(s->model_dir, "second"); /* the artifact itself */
    char *from = tmpdir_path(made, "b");
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
        char *answer = http_read_answer(fd, answer_seconds);
        assert_int_equal(strncmp(answer, "HTTP/1.1 404 ", 13), 0);
        free(answer);
        http_close(fd);
    }
    char *dir = tmpdir_path(s->model_dir, "first");
    tmpdir_remove(dir);
    wait_for_status(s, "first", 404);
    free(place(s, "b", "first"));
    wait_for_status(s, "first", 200);
    assert_invoked(s, "first", "b");
    free(from);
    free(flat);
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
        free(place(s, i % 2 == 0 ? "a" : "b", name));
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
    free(place(s, "a", "m"));
    start_on_directory(s, NULL);
    assert_invoked(s, "m", "a");
    free(place(s, "b", "m"));
    process_signal(&s->process, SIGHUP);
    const double end = process_clock() + PROCESS_SECONDS;
    do {
        assert_int_equal(invoke(s, "m"), 200);
        assert_true(process_clock() < end);
    } while (strcmp(s->answer.body, "{\"result\": \"b-hot\"}") != 0);
}

static void a_server_of_one_model_has_no_names(void **state)
{
    server *s = *state;
    char *dir = tmpdir_path(made, "a");
    server_launch(s, ARGS("--model-dir", dir, "--host", "127.0.0.1", "--port", "0"));
    s->port = process_port(&s->process, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
    server_get(s, "/models");
    assert_int_equal(s->answer.status, 404);
    assert_non_null(strstr(s->answer.body, "SAGEMAKER_MULTI_MODEL=true"));
    assert_int_equal(invoke(s, "a"), 404);
    assert_int_equal(unload(s, "a"), 404);
    free(dir);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, set_up, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, set_up_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(M01_a_server_without_models_is_healthy),
        STARTED(M02_a_model_answers_once_it_is_loaded),
        STARTED(M03_a_name_is_loaded_once),
        STARTED(M04_what_cannot_be_loaded_is_refused),
        STARTED(models_lie_below_their_directory),
        STARTED(a_damaged_model_is_500),
        UNSTARTED(M05_a_model_without_room_is_507_and_the_others_serve),
        UNSTARTED(the_least_recently_used_goes_when_that_is_wanted),
        STARTED(M06_a_model_is_shown_by_its_name),
        STARTED(M07_the_list_comes_in_pages),
        STARTED(M08_an_unloaded_model_has_given_its_memory_back),
        STARTED(M09_a_model_that_is_not_loaded_is_404),
        STARTED(M10_names_are_whatever_the_platform_wants),
        STARTED(M11_the_target_model_header_does_not_route),
        STARTED(M12_of_two_loads_of_a_name_one_wins),
        STARTED(M13_requests_that_run_end_well_when_their_model_goes),
        STARTED(M14_files_may_go_once_a_model_is_loaded),
        STARTED(invocations_need_exactly_one_model),
        STARTED(models_come_and_go_while_others_are_asked),
        UNSTARTED(models_of_a_directory_come_when_they_are_asked_for),
        UNSTARTED(a_directory_may_hold_more_models_than_fit),
        UNSTARTED(a_model_of_a_directory_that_changes_is_loaded_again),
        UNSTARTED(a_server_of_one_model_has_no_names),
    };
    return cmocka_run_group_tests(tests, make_models, remove_models);
}
