/* The /models routes, as a multi-model endpoint calls them. contract.md §9.6: M01–M12, M15. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "contract/many.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    LARGE_BYTES = 32 << 20
};

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
    char *url = many_place_loaded(s, "a", "a1b2");
    assert_json(s);
    assert_invoked(s, "a1b2", "a");
    free(url);
}

static void M03_a_name_is_loaded_once(void **state)
{
    server *s = *state;
    char *url = many_place_loaded(s, "a", "a1b2");
    assert_int_equal(many_load(s, "a1b2", url), 409);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "is loaded already"));
    assert_invoked(s, "a1b2", "a");
    free(url);
}

static void M04_what_cannot_be_loaded_is_refused(void **state)
{
    server *s = *state;
    char *url = many_place(s, "a", "a1b2");
    char *gone = tmpdir_path(s->model_dir, "gone/model");
    assert_int_equal(many_load(s, "x", gone), 404);
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
        many_send(s, "POST", "/models", bodies[i]);
        if (s->answer.status != 400) {
            fail_msg("%s: %ld %s", bodies[i], s->answer.status, s->answer.body);
        }
        assert_json(s);
    }
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    many_send(s, "PUT", "/models", "{}");
    assert_int_equal(s->answer.status, 405);
    free(url);
    free(gone);
}

/* What is not below the models' directory stays unread, also through links. */
static void models_lie_below_their_directory(void **state)
{
    server *s = *state;
    char *outside = word_models_path("a");
    char *inside = many_place(s, "a", "a1b2");
    char *linked = tmpdir_path(s->model_dir, "linked");
    char path[1024];
    assert_int_equal(many_load(s, "x", outside), 400);
    assert_non_null(strstr(s->answer.body, "is not below"));
    (void)snprintf(path, sizeof(path), "%s/../../../../%s", inside, "etc");
    assert_in_range(many_load(s, "x", path), 400, 404);
    assert_int_equal(many_load(s, "x", "/etc"), 400);
    assert_int_equal(symlink(outside, linked), 0);
    assert_int_equal(many_load(s, "x", linked), 400);
    (void)snprintf(path, sizeof(path), "%s/textml.json", inside);
    assert_int_equal(many_load(s, "x", path), 400);
    char *file = tmpdir_path(outside, "textml.json");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink(file, path), 0);
    assert_int_equal(many_load(s, "x", inside), 400);
    assert_non_null(strstr(s->answer.body, "is a link that leads out of"));
    free(file);
    free(inside);
    inside = many_place(s, "a", "c3d4");
    assert_int_equal(many_load(s, "x", inside), 200);
    free(outside);
    free(inside);
    free(linked);
}

/* A damaged archive must not make the platform unload others: it is no 507. */
static void a_damaged_model_is_500(void **state)
{
    server *s = *state;
    char *url = many_place(s, "a", "broken");
    tmli_buf bytes = {0};
    char *tensors = tmpdir_path(url, "model.safetensors");
    assert_int_equal(truncate(tensors, 100), 0);
    assert_int_equal(many_load(s, "broken", url), 500);
    assert_non_null(strstr(s->answer.body, "truncated"));
    assert_json(s);
    assert_int_equal(many_invoke(s, "broken"), 404);
    char *err = process_stderr(&s->process);
    assert_non_null(strstr(err, "truncated"));
    free(err);
    tmpdir_write_text(s->model_dir, "empty/model/.DS_Store", "x");
    char *empty = tmpdir_path(s->model_dir, "empty/model");
    assert_int_equal(many_load(s, "empty", empty), 500);
    assert_non_null(strstr(s->answer.body, "textml.json"));
    free(empty);
    char *good = many_place(s, "a", "other"); /* the name is free again */
    assert_int_equal(many_load(s, "broken", good), 200);
    tmli_buf_deinit(&bytes);
    free(good);
    free(tensors);
    free(url);
}

/* Places m0, m1, which is `second`, and m2, and starts a server with one more argument or NULL. */
static void start_with_room_for_two(server *s, const char *second, const char *more, char *urls[3])
{
    char limit[32];
    char name[8];
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(name, sizeof(name), "m%zu", i);
        urls[i] = many_place(s, i == 1 ? second : "a", name);
    }
    (void)snprintf(limit, sizeof(limit), "%d", 200 << 10); /* each is reckoned at some 70 KiB */
    many_start(s, ARGS("--max-model-memory", limit, more));
}

static void M05_a_model_without_room_is_507_and_the_others_serve(void **state)
{
    server *s = *state;
    char *urls[3];
    start_with_room_for_two(s, "b", NULL, urls);
    assert_int_equal(many_load(s, "m0", urls[0]), 200);
    assert_int_equal(many_load(s, "m1", urls[1]), 200);
    assert_int_equal(many_load(s, "m2", urls[2]), 507);
    assert_json(s);
    assert_invoked(s, "m0", "a");
    assert_invoked(s, "m1", "b");
    assert_int_equal(many_unload(s, "m0"), 200);
    assert_int_equal(many_load(s, "m2", urls[2]), 200);
    assert_invoked(s, "m2", "a");
    assert_int_equal(many_invoke(s, "m0"), 404);
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        free(urls[i]);
    }
}

static void the_least_recently_used_goes_when_that_is_wanted(void **state)
{
    server *s = *state;
    char *urls[3];
    start_with_room_for_two(s, "a", "--unload-unused", urls);
    assert_int_equal(many_load(s, "m0", urls[0]), 200);
    assert_int_equal(many_load(s, "m1", urls[1]), 200);
    assert_invoked(s, "m0", "a"); /* m1 was used longer ago now */
    assert_int_equal(many_load(s, "m2", urls[2]), 200);
    assert_int_equal(many_invoke(s, "m1"), 404);
    assert_invoked(s, "m0", "a");
    assert_invoked(s, "m2", "a");
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        free(urls[i]);
    }
}

static void loaded_models_are_counted(void **state)
{
    server *s = *state;
    char *a = many_place(s, "a", "a1b2");
    server_get(s, "/metrics");
    assert_non_null(strstr(s->answer.body, "\ntextml_models_loaded 0\n"));
    assert_int_equal(many_load(s, "x", a), 200);
    assert_int_equal(many_load(s, "y", a), 200);
    server_get(s, "/metrics");
    assert_non_null(strstr(s->answer.body, "\ntextml_models_loaded 2\n"));
    free(a);
}

static void M06_a_model_is_shown_by_its_name(void **state)
{
    char want[1024];
    server *s = *state;
    char *url = many_place_loaded(s, "a", "a1b2");
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
    char *url = many_place(s, "a", "all");
    for (size_t i = 0; i < N; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "m%zu", i);
        assert_int_equal(many_load(s, name, url), 200);
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
    assert_int_equal(many_unload(s, "large"), 404);
    const size_t before = rss_kib(s);
    assert_int_equal(many_load(s, "large", url), 200);
    assert_invoked(s, "large", "large");
    const size_t loaded = rss_kib(s);
    assert_true(loaded > before + (LARGE_BYTES >> 11)); /* at least half of it: it was read */
    assert_int_equal(many_unload(s, "large"), 200);
    assert_json(s);
    const size_t after = rss_kib(s);
    assert_true(after + (LARGE_BYTES >> 10) < loaded + (LARGE_BYTES >> 13));
    assert_int_equal(many_unload(s, "large"), 404);
    server_get(s, "/models");
    assert_answer(s, 200, "application/json", "{\"models\":[]}");
    free(url);
}

static void M09_a_model_that_is_not_loaded_is_404(void **state)
{
    server *s = *state;
    assert_int_equal(many_invoke(s, "none"), 404);
    assert_json(s);
    assert_non_null(strstr(s->answer.body, "\\\"none\\\" is not loaded"));
    assert_int_equal(many_invoke(s, "..%2F..%2Fetc"), 404);
}

static void M10_names_are_whatever_the_platform_wants(void **state)
{
    char long_name[201];
    server *s = *state;
    char *url = many_place(s, "a", "any");
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
        assert_int_equal(many_load(s, cases[i].name, url), 200);
        (void)snprintf(path, sizeof(path), "/models/%s", cases[i].in_path);
        (void)snprintf(want, sizeof(want), "{\"modelName\":\"%s\",\"modelUrl\":\"%s\"}",
                       cases[i].name, url);
        server_get(s, path);
        assert_answer(s, 200, "application/json", want);
        assert_invoked(s, cases[i].in_path, "a");
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(many_unload(s, cases[i].in_path), 200);
    }
    free(url);
}

static void M11_the_target_model_header_does_not_route(void **state)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "X-Amzn-SageMaker-Target-Model: b/y.tar.gz", NULL};
    server *s = *state;
    char *url_a = many_place_loaded(s, "a", "a");
    char *url_b = many_place_loaded(s, "b", "b");
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
    many_put_load(&body, "large", url);
    const http_request request = {
        .path = "/models", .headers = many_json, .body = body.data, .n_body = body.len};
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
        assert_int_equal(many_unload(s, "large"), 200);
    }
    for (size_t i = 0; i < N; i++) {
        http_answer_free(&answers[i]);
    }
    tmli_buf_deinit(&body);
    free(url);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, many_set_up, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, many_set_up_started, server_teardown)

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
        STARTED(loaded_models_are_counted),
        STARTED(M06_a_model_is_shown_by_its_name),
        STARTED(M07_the_list_comes_in_pages),
        STARTED(M08_an_unloaded_model_has_given_its_memory_back),
        STARTED(M09_a_model_that_is_not_loaded_is_404),
        STARTED(M10_names_are_whatever_the_platform_wants),
        STARTED(M11_the_target_model_header_does_not_route),
        STARTED(M12_of_two_loads_of_a_name_one_wins),
    };
    return cmocka_run_group_tests(tests, word_models_make, word_models_remove);
}
