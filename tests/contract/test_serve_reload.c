/* A model that changes while it is served: by SIGHUP, or because its files have changed. The argument is the number of
 * reloads under load; 20 without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "contract/server.h"
#include "support/http.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char ask[] = "{\"input\": \"hot\"}";
static const char *const answers[] = {"{\"result\": \"a-hot\"}", "{\"result\": \"b-hot\"}"};
static const double soon_seconds = 60; /* a machine that is busy, sanitized; alone it takes 1 */

/* ---- models that change ---- */

static int n_reloads = 20;

/* Puts a or b in the place of the server's model, file by file. */
static void put(const server *s, const char *which)
{
    word_models_put(which, s->model_dir);
}

static int set_up(void **state)
{
    server *s = server_create("ml/model");
    *state = s;
    put(s, "a");
    return 0;
}

static void assert_is(server *s, const char *which)
{
    server_ask(s, "application/json", NULL, ask);
    assert_answer(s, 200, "application/json", answers[which[0] == 'b']);
}

/* Until it answers as this one; until then nothing else than the other. */
static void wait_for(server *s, const char *which)
{
    const double end = process_clock() + soon_seconds;
    for (;;) {
        server_ask(s, "application/json", NULL, ask);
        assert_int_equal(s->answer.status, 200);
        if (strcmp(s->answer.body, answers[which[0] == 'b']) == 0) {
            return;
        }
        assert_string_equal(s->answer.body, answers[which[0] != 'b']);
        assert_true(process_clock() < end);
        process_sleep(0.01);
    }
}

static void wait_until_healthy(server *s)
{
    const double end = process_clock() + soon_seconds;
    do {
        server_get(s, "/ping");
        assert_true(process_clock() < end);
    } while (s->answer.status != 200);
}

static void wait_for_log(server *s, const char *sentence)
{
    const double end = process_clock() + soon_seconds;
    bool has = false;
    while (!has) {
        char *err = process_stderr(&s->process);
        has = strstr(err, sentence) != NULL;
        if (!has && process_clock() > end) {
            fail_msg("\"%s\" is not in\n%s", sentence, err);
        }
        free(err);
        process_sleep(0.05);
    }
}

static void assert_no_log(server *s)
{
    char *err = process_stderr(&s->process);
    assert_string_equal(err, "");
    free(err);
}

/* ---- tests ---- */

static void a_changed_model_is_noticed(void **state)
{
    server *s = *state;
    server_start(s, NULL);
    assert_is(s, "a");
    put(s, "b");
    wait_for(s, "b");
    put(s, "a");
    wait_for(s, "a");
    assert_no_log(s);
    char *out = process_stdout(&s->process);
    assert_non_null(strstr(out, ": loaded again; it serves from now on\n"));
    free(out);
}

static void a_directory_may_be_exchanged_as_a_whole(void **state)
{
    server *s = *state;
    char *aside = tmpdir_path(s->dir, "ml/aside");
    char *next = tmpdir_path(s->dir, "ml/next");
    server_start(s, NULL);
    word_models_put("b", next);
    assert_int_equal(rename(s->model_dir, aside), 0);
    process_sleep(1.3); /* a look that finds nothing there */
    assert_is(s, "a");
    assert_int_equal(rename(next, s->model_dir), 0);
    wait_for(s, "b");
    assert_no_log(s);
    free(aside);
    free(next);
}

static void a_signal_loads_at_once_also_when_reload_is_off(void **state)
{
    server *s = *state;
    server_start(s, ARGS("--reload", "off"));
    put(s, "b");
    process_sleep(1.3);
    assert_is(s, "a");
    process_signal(&s->process, SIGHUP);
    wait_for(s, "b");
    assert_no_log(s);
}

/* The second of the two files comes after the signal, then files that nobody can use. */
static void a_signal_is_answered_in_the_end_also_when_reload_is_off(void **state)
{
    static const char said[] = "the model that was loaded before serves on\n";
    server *s = *state;
    server_start(s, ARGS("--reload", "off"));
    char *kept = tmpdir_path(s->dir, "kept.json");
    char *json = tmpdir_path(s->model_dir, "textml.json");
    put(s, "b");
    assert_int_equal(rename(json, kept), 0);
    server_write(s, "textml.json", "{", 1);
    process_signal(&s->process, SIGHUP);
    process_sleep(0.5);
    assert_int_equal(rename(kept, json), 0);
    wait_for(s, "b");
    assert_no_log(s);
    server_write(s, "textml.json", "{", 1);
    process_signal(&s->process, SIGHUP);
    wait_for_log(s, said);
    assert_is(s, "b");
    process_sleep(1.3);
    char *err = process_stderr(&s->process);
    assert_string_equal(strchr(err, '\n'), "\n"); /* one line */
    free(err);
    free(json);
    free(kept);
}

/* The reason is told once for each pair of files, after some seconds of patience. */
static void a_bad_model_leaves_the_old_one_serving(void **state)
{
    static const char said[] = "the model that was loaded before serves on\n";
    server *s = *state;
    tmli_buf bytes = {0};
    server_start(s, NULL);
    char *path = tmpdir_path(s->model_dir, "model.safetensors");
    server_read(s, "model.safetensors", &bytes);
    bytes.data[bytes.len - 1] ^= 1;
    assert_int_equal(tmli_file_replace(path, bytes.data, bytes.len, NULL), TML_OK);
    wait_for_log(s, said);
    assert_is(s, "a");
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    process_sleep(1.3);
    char *err = process_stderr(&s->process);
    assert_non_null(strstr(err, "altered since it was written"));
    assert_string_equal(strchr(err, '\n'), "\n"); /* one line */
    free(err);
    put(s, "b");
    wait_for(s, "b");
    tmli_buf_deinit(&bytes);
    free(path);
}

/* As a slow copy would: the tensors first, what describes them seconds later. */
static void a_pair_that_is_not_complete_yet_is_no_fault(void **state)
{
    static const char *const names[] = {"model.safetensors", "textml.json"};
    server *s = *state;
    server_start(s, NULL);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char name[64];
        tmli_buf bytes = {0};
        (void)snprintf(name, sizeof(name), "b/%s", names[i]);
        char *from = word_models_path(name);
        char *to = tmpdir_path(s->model_dir, names[i]);
        assert_int_equal(tmli_file_read(from, SIZE_MAX, &bytes, NULL), TML_OK);
        assert_int_equal(tmli_file_replace(to, bytes.data, bytes.len, NULL), TML_OK);
        tmli_buf_deinit(&bytes);
        free(from);
        free(to);
        if (i == 0) {
            process_sleep(1.3);
            assert_is(s, "a");
        }
    }
    wait_for(s, "b");
    assert_no_log(s);
}

/* S24: the model comes after the start. */
static void a_model_that_was_missing_is_taken_when_it_comes(void **state)
{
    server *s = *state;
    char *gone = tmpdir_path(s->dir, "ml/gone");
    assert_int_equal(rename(s->model_dir, gone), 0);
    server_start(s, NULL);
    server_get(s, "/ping");
    assert_error(
        s, 503,
        "$MODEL/textml.json: no such file; a model's directory is one that train has written");
    put(s, "b");
    wait_until_healthy(s);
    assert_is(s, "b");
    free(gone);
}

/* S25: SDK local mode has the archive in the directory; without the unpacked files that is no model. */
static void an_archive_alone_is_no_model_until_it_is_unpacked(void **state)
{
    server *s = *state;
    char *json = tmpdir_path(s->model_dir, "textml.json");
    char *tensors = tmpdir_path(s->model_dir, "model.safetensors");
    assert_int_equal(unlink(json), 0);
    assert_int_equal(unlink(tensors), 0);
    server_write(s, "model.tar.gz", "\x1f\x8b junk", 7);
    server_start(s, NULL);
    server_get(s, "/ping");
    assert_error(
        s, 503,
        "$MODEL/textml.json: no such file; a model's directory is one that train has written");
    put(s, "a");
    wait_until_healthy(s);
    assert_is(s, "a");
    free(json);
    free(tensors);
}

static void a_model_whose_files_go_serves_on(void **state)
{
    server *s = *state;
    char *aside = tmpdir_path(s->dir, "ml/aside");
    server_start(s, NULL);
    assert_int_equal(rename(s->model_dir, aside), 0);
    process_sleep(1.3);
    assert_is(s, "a");
    assert_no_log(s);
    process_signal(&s->process, SIGHUP); /* but who asks is told */
    wait_for_log(s, "textml.json: no such file; a model's directory is one that train has written; "
                    "the model that was loaded before");
    assert_is(s, "a");
    free(aside);
}

/* S04: a large model is verified beside serving, and a damaged one found out then. */
/* Somebody copies onto the file instead of renaming: what is read then is no answer, and does not end the server. */
static void a_model_that_is_cut_short_is_no_answer_and_no_end(void **state)
{
    server *s = *state;
    char *tensors = tmpdir_path(s->model_dir, "model.safetensors");
    server_start(s, ARGS("--reload", "off"));
    assert_is(s, "a");
    assert_int_equal(truncate(tensors, 0), 0);
    for (int i = 0; i < 3; i++) {
        server_ask(s, "application/json", NULL, ask);
        assert_error(s, 503,
                     "the model's file was cut short while it was in use; put files in place by "
                     "renaming");
    }
    server_get(s, "/ping");
    assert_int_equal(s->answer.status, 503);
    wait_for_log(s, "was cut short while it was in use");
    put(s, "b");
    process_signal(&s->process, SIGHUP);
    wait_until_healthy(s);
    assert_is(s, "b");
    free(tensors);
}

static void a_long_request_on_a_model_that_is_cut_short_is_refused(void **state)
{
    server *s = *state;
    char *tensors = tmpdir_path(s->model_dir, "model.safetensors");
    tmli_buf lines = {0};
    for (size_t i = 0; i < 40000; i++) {
        tmli_buf_append_text(&lines, "hot\n");
    }
    server_start(s, ARGS("--reload", "off"));
    assert_int_equal(truncate(tensors, 0), 0);
    server_ask(s, "text/plain", NULL, tmli_buf_cstr(&lines));
    assert_int_equal(s->answer.status, 503);
    assert_non_null(strstr(s->answer.body, "cut short"));
    assert_true(server_is_up(s));
    tmli_buf_deinit(&lines);
    free(tensors);
}

/* Nobody asks: the watcher sees it, and does not say that the model serves on. */
static void a_model_that_is_overwritten_in_place_does_not_serve_on(void **state)
{
    server *s = *state;
    char *tensors = tmpdir_path(s->model_dir, "model.safetensors");
    server_start(s, NULL);
    for (int i = 0; i < 2; i++) {
        if (i == 0) {
            assert_int_equal(truncate(tensors, 0), 0);
        } else {
            FILE *file = fopen(tensors, "r+b");
            assert_non_null(file);
            assert_int_equal(fseek(file, -64, SEEK_END), 0);
            assert_int_equal(fwrite("????????????????????????????????", 1, 32, file), 32);
            assert_int_equal(fclose(file), 0);
        }
        for (double end = process_clock() + soon_seconds; process_clock() < end;) {
            server_get(s, "/ping");
            if (s->answer.status == 503) {
                break;
            }
            process_sleep(0.1);
        }
        assert_int_equal(s->answer.status, 503);
        put(s, "b");
        wait_until_healthy(s);
        assert_is(s, "b");
    }
    free(tensors);
}

static void a_large_model_answers_before_it_is_verified(void **state)
{
    enum {
        LARGE_BYTES = 64 << 20
    };
    server *s = *state;
    word_model_padded(s->dir, s->model_dir, "b", LARGE_BYTES);
    server_start(s, NULL);
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    assert_is(s, "b");
    server_stop(s);
    char *path = tmpdir_path(s->model_dir, "model.safetensors");
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, -9, SEEK_END), 0);
    assert_int_not_equal(fputc('x', file), EOF);
    assert_int_equal(fclose(file), 0);
    server_start(s, NULL);
    const double end = process_clock() + soon_seconds;
    do {
        server_get(s, "/ping");
        assert_true(process_clock() < end);
    } while (s->answer.status == 200);
    assert_int_equal(s->answer.status, 503);
    assert_non_null(strstr(s->answer.body, "altered since it was written"));
    put(s, "a");
    do {
        server_get(s, "/ping");
        assert_true(process_clock() < end);
    } while (s->answer.status != 200);
    assert_is(s, "a");
    free(path);
}

/* ---- under load ---- */

typedef struct asker {
    unsigned port;
    bool is_long;
    atomic_bool *is_over;
    size_t n_asked;
    size_t n_of[COUNT_OF(answers)];
    size_t n_wrong;
} asker;

/* A long answer is of one model throughout. */
static bool is_long_answer(const http_answer *answer, const char *line, size_t n_lines)
{
    const size_t n_line = strlen(line);
    bool is_right = answer->n_body == n_lines * n_line;
    for (size_t i = 0; is_right && i < n_lines; i++) {
        is_right = memcmp(answer->body + i * n_line, line, n_line) == 0;
    }
    return is_right;
}

/* Asks until it is over; on its own thread. */
static void *keep_asking(void *arg)
{
    enum {
        N_LINES = 30000
    };
    static const char *const json[] = {"Content-Type: application/json", NULL};
    static const char *const lines[] = {"Content-Type: text/plain", NULL};
    static const char *const long_lines[] = {"a-hot\n", "b-hot\n"};
    asker *a = arg;
    http_client *client = http_client_create(a->port);
    http_answer answer = {0};
    tmli_buf text = {0};
    for (size_t i = 0; i < N_LINES; i++) {
        tmli_buf_append_text(&text, "hot\n");
    }
    const http_request small = {
        .path = "/invocations", .headers = json, .body = ask, .n_body = strlen(ask)};
    const http_request large = {
        .path = "/invocations", .headers = lines, .body = text.data, .n_body = text.len};
    while (!atomic_load(a->is_over)) {
        http_send(client, a->is_long ? &large : &small, &answer);
        a->n_asked++;
        bool is_right = false;
        for (size_t i = 0; i < COUNT_OF(answers) && answer.status == 200; i++) {
            if (a->is_long ? is_long_answer(&answer, long_lines[i], N_LINES)
                           : strcmp(answer.body, answers[i]) == 0) {
                a->n_of[i]++;
                is_right = true;
            }
        }
        a->n_wrong += is_right ? 0 : 1;
    }
    tmli_buf_deinit(&text);
    http_answer_free(&answer);
    http_client_free(client);
    return NULL;
}

static void reloads_under_load_fail_no_request(void **state)
{
    server *s = *state;
    atomic_bool is_over;
    atomic_init(&is_over, false);
    server_start(s, ARGS("--threads", "2"));
    asker askers[] = {{.port = s->port, .is_over = &is_over},
                      {.port = s->port, .is_over = &is_over},
                      {.port = s->port, .is_over = &is_over, .is_long = true}};
    pthread_t threads[COUNT_OF(askers)];
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, keep_asking, &askers[i]), 0);
    }
    for (int i = 0; i < n_reloads; i++) {
        const char *which = i % 2 == 0 ? "b" : "a";
        put(s, which);
        process_signal(&s->process, SIGHUP);
        wait_for(s, which);
    }
    atomic_store(&is_over, true);
    for (size_t i = 0; i < COUNT_OF(askers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(askers[i].n_wrong, 0);
        assert_true(askers[i].n_asked > 0);
    }
    assert_true(askers[0].n_of[0] > 0 && askers[0].n_of[1] > 0);
    assert_no_log(s);
    server_stop(s);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, server_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_model_is_noticed),
        TEST(a_directory_may_be_exchanged_as_a_whole),
        TEST(a_signal_loads_at_once_also_when_reload_is_off),
        TEST(a_signal_is_answered_in_the_end_also_when_reload_is_off),
        TEST(a_bad_model_leaves_the_old_one_serving),
        TEST(a_pair_that_is_not_complete_yet_is_no_fault),
        TEST(a_model_that_was_missing_is_taken_when_it_comes),
        TEST(an_archive_alone_is_no_model_until_it_is_unpacked),
        TEST(a_model_whose_files_go_serves_on),
        TEST(a_model_that_is_cut_short_is_no_answer_and_no_end),
        TEST(a_long_request_on_a_model_that_is_cut_short_is_refused),
        TEST(a_model_that_is_overwritten_in_place_does_not_serve_on),
        TEST(a_large_model_answers_before_it_is_verified),
        TEST(reloads_under_load_fail_no_request),
    };
    const struct CMUnitTest under_load[] = {TEST(reloads_under_load_fail_no_request)};
    if (argc > 1) {
        n_reloads = (int)strtol(argv[1], NULL, 10);
        return cmocka_run_group_tests(under_load, word_models_make, word_models_remove);
    }
    return cmocka_run_group_tests(tests, word_models_make, word_models_remove);
}
