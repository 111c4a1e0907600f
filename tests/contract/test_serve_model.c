/* What serve does with the model it finds, or does not find, and how it starts and stops (contract.md §2, §9.4). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "contract/server.h"
#include "support/tmpdir.h"

/* A file of the artifact. */
static char *file_of(const server *s, const char *name)
{
    return tmpdir_path(s->model, name);
}

static void read_file(const server *s, const char *name, tmli_buf *out)
{
    char *path = file_of(s, name);
    assert_int_equal(tmli_file_read(path, 1 << 20, out, NULL), TML_OK);
    free(path);
}

static void write_file(const server *s, const char *name, const void *bytes, size_t n)
{
    char *path = file_of(s, name);
    assert_int_equal(tmli_file_replace(path, bytes, n, NULL), TML_OK);
    free(path);
}

/* serve stays up and says this everywhere: /ping, /invocations, stderr. */
static void assert_not_served(server *s, const char *sentence)
{
    server_start(s, NULL, NULL);
    server_get(s, "GET", "/ping");
    assert_error(s, 503, sentence);
    server_invoke(s, "application/json", NULL, "{\"input\": \"a\"}");
    assert_error(s, 503, sentence);
    char *err = process_stderr(&s->serve);
    const char *tail = strrchr(sentence, ':');
    assert_non_null(strstr(err, tail != NULL ? tail : sentence));
    free(err);
    assert_ends_well(s);
}

static void a_missing_model_is_named_while_the_server_stays_up(void **state)
{
    server *s = *state;
    char *path = file_of(s, "textml.json");
    assert_int_equal(unlink(path), 0);
    free(path);
    assert_not_served(s, "$MODEL/textml.json: No such file or directory");
}

static void a_truncated_model_is_not_served(void **state)
{
    server *s = *state;
    tmli_buf bytes = {0};
    char want[300];
    read_file(s, "model.safetensors", &bytes);
    write_file(s, "model.safetensors", bytes.data, bytes.len / 2);
    (void)snprintf(want, sizeof(want),
                   "$MODEL/model.safetensors: %zu bytes, but textml.json says %zu: truncated or "
                   "from another artifact; copy both files again or train again",
                   bytes.len / 2, bytes.len);
    tmli_buf_deinit(&bytes);
    assert_not_served(s, want);
}

static void altered_tensors_are_not_served(void **state)
{
    server *s = *state;
    tmli_buf bytes = {0};
    read_file(s, "model.safetensors", &bytes);
    bytes.data[bytes.len - 100] ^= 1;
    write_file(s, "model.safetensors", bytes.data, bytes.len);
    tmli_buf_deinit(&bytes);
    assert_not_served(s, "$MODEL/model.safetensors: altered since it was written: its hash is not "
                         "the one in textml.json; restore the file or train again");
}

static void an_altered_description_is_not_served(void **state)
{
    server *s = *state;
    tmli_buf bytes = {0};
    read_file(s, "textml.json", &bytes);
    char *at = strstr(bytes.data, "\"lower\"");
    assert_non_null(at);
    memcpy(at, "\"nfkc\" ", 7);
    write_file(s, "textml.json", bytes.data, bytes.len);
    tmli_buf_deinit(&bytes);
    assert_not_served(s, "$MODEL/textml.json: altered since it was written: its check does not "
                         "agree; restore the file or train again");
}

static void a_newer_model_is_not_served(void **state)
{
    server *s = *state;
    static const char newer[] = "{\"format\": 7, \"textml\": \"9.1.0\"}\n";
    write_file(s, "textml.json", newer, sizeof(newer) - 1);
    assert_not_served(
        s, "$MODEL/textml.json: format 7, written by textml 9.1.0; this textml " TML_VERSION
           " reads up to format 1: update textml, or train again with this version");
}

/* S25: what local mode and file managers leave beside the model. */
static void foreign_files_beside_the_model_are_passed_over(void **state)
{
    server *s = *state;
    write_file(s, "model.tar.gz", "x", 1);
    write_file(s, ".DS_Store", "x", 1);
    server_start(s, NULL, NULL);
    server_get(s, "GET", "/ping");
    assert_answer(s, 200, "");
    assert_ends_well(s);
}

/* S02, S23: the platform's own variables, and a model directory that cannot be written. */
static void the_environment_says_root_and_port(void **state)
{
    server *s = *state;
    char base[600];
    static const char *const options[] = {"--host", "127.0.0.1", NULL};
    (void)snprintf(base, sizeof(base), "SAGEMAKER_BASE_DIR=%s", s->dir);
    const char *const env[] = {base, "SAGEMAKER_BIND_TO_PORT=0", NULL};
    assert_int_equal(chmod(s->model, 0555), 0);
    server_start_bare(s, options, env);
    server_invoke(s, "text/plain", NULL, "the soup was hot");
    assert_answer(s, 200, "food\n");
    assert_int_equal(chmod(s->model, 0755), 0);
    assert_ends_well(s);
}

static void unknown_options_are_refused_with_the_nearest(void **state)
{
    server *s = *state;
    static const char *const options[] = {"--prot", "80", NULL};
    const process_options started = {.dir = s->dir, .name = "serve", .args = options};
    process_start(&s->serve, TML_SERVE_PATH, &started);
    assert_int_equal(process_exit(&s->serve, PROCESS_SECONDS), 1);
    char *err = process_stderr(&s->serve);
    assert_non_null(strstr(err, "--prot: there is no such option; did you mean --port?"));
    free(err);
}

/* S26: a request that is running when SIGTERM comes is answered. */
static void a_running_request_is_answered_before_the_end(void **state)
{
    server *s = *state;
    enum {
        LINES = 300000
    };
    static const char line[] = "the soup was hot\n";
    static const char *const headers[] = {"Content-Type: text/plain", NULL};
    tmli_buf body = {0};
    for (int i = 0; i < LINES; i++) {
        tmli_buf_append(&body, line, sizeof(line) - 1);
    }
    server_start(s, NULL, NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* signals while the parent's request runs */
        process_sleep(0.02);
        (void)kill(s->serve.pid, SIGTERM);
        _exit(0);
    }
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body.data, .n_body = body.len};
    http_send(s->client, &request, &s->answer);
    assert_int_equal(s->answer.status, 200);
    assert_int_equal(s->answer.n_body, LINES * strlen("food\n"));
    assert_int_equal(process_exit(&s->serve, PROCESS_SECONDS), 0);
    tmli_buf_deinit(&body);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_missing_model_is_named_while_the_server_stays_up),
        CASE(a_truncated_model_is_not_served),
        CASE(altered_tensors_are_not_served),
        CASE(an_altered_description_is_not_served),
        CASE(a_newer_model_is_not_served),
        CASE(foreign_files_beside_the_model_are_passed_over),
        CASE(the_environment_says_root_and_port),
        CASE(unknown_options_are_refused_with_the_nearest),
        CASE(a_running_request_is_answered_before_the_end),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
