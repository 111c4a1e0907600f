/* Starting serve: when it listens and where, what it makes of the environment, and models that it must not serve: they
 * turn /ping into a 503 that tells the reason, and never end the process. contract.md §9.4: S01–S05, S23–S25, S32. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "contract/server.h"
#include "support/http.h"
#include "support/tmpdir.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

enum {
    OTHER_UID = 1000
};

static void assert_stderr(server *s, const char *want)
{
    char *const err = process_stderr(&s->process);
    assert_string_equal(err, want);
    free(err);
}

/* ---- where and how ---------------------------------------------------------------------------- */

/* S03, S05 */
static void a_ping_is_answered_with_200_and_nothing_else(void **state)
{
    static const char *const methods[] = {"GET", "HEAD", "POST"};
    server *const s = *state;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const http_request request = {.method = methods[i], .path = "/ping"};
        http_send(s->client, &request, &s->answer);
        assert_answer(s, 200, NULL, "");
        char *const length = http_header(&s->answer, "Content-Length");
        assert_string_equal(length, "0");
        free(length);
    }
    assert_alive(s);
    server_get(s, "/ping"); /* after an invocation as before it */
    assert_answer(s, 200, NULL, "");
    server_stop(s);
    assert_stderr(s, "");
}

static void it_says_where_it_listens_in_one_line(void **state)
{
    server *const s = *state;
    char want[128];
    server_start(s, ARGS("--threads", "2"));
    char *const out = process_stdout(&s->process);
    tmli_buf tensors = {0};
    server_read(s, "model.safetensors", &tensors);
    (void)snprintf(want, sizeof want,
                   "serve: listening on 127.0.0.1:%u, recipe news, 4 labels, %.1f kB, 2 threads, "
                   "ready in ",
                   s->port, (double)tensors.len / 1e3);
    assert_int_equal(strncmp(out, want, strlen(want)), 0);
    char *end = NULL;
    const double ready_ms = strtod(out + strlen(want), &end);
    assert_true(ready_ms > 0 && ready_ms < 1e3 * PROCESS_SECONDS);
    assert_string_equal(end, " ms\n");
    tmli_buf_deinit(&tensors);
    free(out);
}

/* A port that was free a moment ago. */
static unsigned free_port(server *s)
{
    server_start(s, NULL);
    const unsigned port = s->port;
    server_stop(s);
    return port;
}

/* S02 */
static void the_platform_can_choose_the_port(void **state)
{
    server *const s = *state;
    char variable[64];
    (void)snprintf(variable, sizeof variable, "SAGEMAKER_BIND_TO_PORT=%u", free_port(s));
    s->env = ENV(variable);
    server_launch(s, ARGS("--model-dir", s->model_dir));
    s->port = process_port(&s->process, PROCESS_SECONDS);
    assert_int_equal(s->port, strtoul(strchr(variable, '=') + 1, NULL, 10));
    http_client_free(s->client);
    s->client = http_client_create(s->port);
    assert_alive(s);
}

static void the_base_directory_says_where_the_model_is(void **state)
{
    server *const s = *state;
    char variable[512];
    (void)snprintf(variable, sizeof variable, "SAGEMAKER_BASE_DIR=%s/ml", s->dir);
    s->env = ENV(variable);
    server_launch(s, ARGS("serve", "--port", "0", "--host=127.0.0.1"));
    s->port = process_port(&s->process, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
    assert_alive(s);
}

/* S01. Where somebody else has the port, the sentence names what serve wanted. */
static void without_options_it_wants_8080_of_all_addresses(void **state)
{
    static const char taken[] = "serve: error: cannot listen on 0.0.0.0, port 8080: ";
    server *const s = *state;
    server_launch(s, ARGS("--model-dir", s->model_dir));
    bool has_ended = false;
    bool is_listening = false;
    while (!has_ended && !is_listening) {
        has_ended = process_wait(&s->process, 0.02);
        char *const out = process_stdout(&s->process);
        is_listening = strstr(out, "listening on 0.0.0.0:8080") != NULL;
        free(out);
    }
    if (is_listening) {
        s->port = 8080;
        s->client = http_client_create(s->port);
        assert_alive(s);
        return;
    }
    char *const err = process_stderr(&s->process);
    assert_int_equal(strncmp(err, taken, strlen(taken)), 0);
    free(err);
    process_end(&s->process);
}

static void a_port_that_is_taken_ends_the_start_with_a_sentence(void **state)
{
    server *const s = *state;
    server other = {.dir = s->dir, .process = {.fd = -1}};
    char port[16];
    server_start(s, NULL);
    (void)snprintf(port, sizeof port, "%u", s->port);
    process_options options = {
        .dir = s->dir,
        .name = "other",
        .args = ARGS("--model-dir", s->model_dir, "--host", "127.0.0.1", "--port", port)};
    process_start(&other.process, TML_SERVE_PATH, &options);
    const int code = process_exit(&other.process, PROCESS_SECONDS);
    char *const err = process_stderr(&other.process);
    process_end(&other.process);
    assert_int_equal(code, 1);
    char want[160];
    (void)snprintf(want, sizeof want,
                   "serve: error: cannot listen on 127.0.0.1, port %u: Address already in use; "
                   "choose another --port\n",
                   s->port);
    assert_string_equal(err, want);
    free(err);
    assert_alive(s);
}

/* S32: a bad number is reported and left out. */
static void variables_that_cannot_be_right_are_left_out_with_a_warning(void **state)
{
    server *const s = *state;
    s->env =
        ENV("SAGEMAKER_BIND_TO_PORT=80a", "MAX_CONTENT_LENGTH=-1",
            "SAGEMAKER_MODEL_SERVER_WORKERS=abc", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=image/png");
    server_start(s, ARGS("--threads", "1"));
    assert_alive(s);
    char *const err = process_stderr(&s->process);
    assert_non_null(strstr(err, "serve: warning: MAX_CONTENT_LENGTH: \"-1\" is not a whole number "
                                "in 1..4294967296; 104857600 is taken instead\n"));
    assert_non_null(strstr(err, "serve: warning: SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: Accept: "
                                "\"image/png\" is not written here;"));
    free(err);
    server_stop(s);
    server_start(s, NULL);
    assert_alive(s);
    char *const more = process_stderr(&s->process);
    assert_non_null(strstr(more, "serve: warning: SAGEMAKER_MODEL_SERVER_WORKERS: \"abc\" is not a "
                                 "whole number in 1..256;"));
    free(more);
}

static void options_that_cannot_be_right_end_the_start_with_a_sentence(void **state)
{
    static const struct {
        const char *args[3];
        const char *line;
    } cases[] = {
        {{"--port", "65536"},
         "serve: error: --port: \"65536\" is not a whole number in 0..65535\n"},
        {{"--host", "localhost"},
         "serve: error: --host: \"localhost\" is not an IPv4 or IPv6 address, such as 0.0.0.0 or "
         "127.0.0.1\n"},
        {{"--prot", "1"}, "serve: error: --prot: there is no such option; did you mean --port?\n"},
        {{"--max-body", "0"},
         "serve: error: --max-body: \"0\" is not a whole number in 1..4294967296\n"},
    };
    server *const s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const args[] = {"--model-dir", s->model_dir, cases[i].args[0], cases[i].args[1],
                                    NULL};
        server_launch(s, args);
        assert_int_equal(process_exit(&s->process, PROCESS_SECONDS), 1);
        assert_stderr(s, cases[i].line);
    }
}

/* ---- the model's directory -------------------------------------------------------------------- */

/* S25 */
static void what_else_lies_beside_the_model_is_ignored(void **state)
{
    server *const s = *state;
    server_write(s, "model.tar.gz", "\x1f\x8b junk", 7);
    server_write(s, ".DS_Store", "x", 1);
    server_write(s, "._model.safetensors", "x", 1);
    server_write(s, "code/inference.py", "raise", 5);
    server_start(s, NULL);
    assert_alive(s);
}

/* S23, S29: nothing is written to the model's directory, and nothing needs to be. */
static void a_model_that_may_only_be_read_is_served_by_anybody(void **state)
{
    static const process_options other = {.uid = OTHER_UID};
    server *const s = *state;
    assert_int_equal(chmod(s->model_dir, 0555), 0);
    if (geteuid() == 0) {
        assert_int_equal(chmod(s->dir, 0755), 0); /* mkdtemp shuts others out */
        s->as = &other;
        if (access(TML_SERVE_PATH, X_OK) != 0) {
            skip();
        }
    } else {
        (void)fprintf(stderr, "SKIPPED: running as another user needs root\n");
    }
    server_start(s, NULL);
    assert_alive(s);
    server_stop(s);
#ifndef TML_COVERAGE /* whose run-time library complains that the other user may not write the counters */
    assert_stderr(s, "");
#endif
    assert_int_equal(chmod(s->model_dir, 0755), 0);
}

/* S24: /ping and /invocations tell why; the log does too; the process stays. */
static void assert_not_served(server *s, const char *sentence)
{
    server_start(s, NULL);
    server_get(s, "/ping");
    assert_error(s, 503, sentence);
    server_ask(s, "application/json", NULL, "{\"input\": \"bank\"}");
    assert_error(s, 503, sentence);
    server_get(s, "/nothing");
    assert_int_equal(s->answer.status, 404);
    server_get(s, "/ping");
    assert_int_equal(s->answer.status, 503);
    assert_true(server_is_up(s));
    char *const out = process_stdout(&s->process);
    assert_non_null(strstr(out, ", no model, "));
    free(out);
    server_stop(s);
    char *const err = process_stderr(&s->process);
    const char *const at = strstr(sentence, "$MODEL");
    const char *const rest = at != NULL ? at + strlen("$MODEL") : sentence;
    assert_int_equal(strncmp(err, "serve: error: ", 14), 0);
    assert_non_null(strstr(err, rest));
    assert_string_equal(strchr(err, '\n'), "\n"); /* one line */
    free(err);
}

static void a_model_that_is_missing_is_told(void **state)
{
    server *const s = *state;
    char *const json = tmpdir_path(s->model_dir, "textml.json");
    char *const tensors = tmpdir_path(s->model_dir, "model.safetensors");
    assert_int_equal(unlink(tensors), 0);
    assert_not_served(s, "$MODEL/model.safetensors: No such file or directory");
    assert_int_equal(unlink(json), 0);
    assert_not_served(
        s, "$MODEL/textml.json: no such file; a model's directory is one that train has written");
    assert_int_equal(rmdir(s->model_dir), 0);
    assert_not_served(
        s, "$MODEL/textml.json: no such file; a model's directory is one that train has written");
    free(json);
    free(tensors);
}

static void a_model_that_is_cut_short_is_told(void **state)
{
    static const double shares[] = {0, 0.01, 0.3, 0.9, 0.999};
    char want[256];
    server *const s = *state;
    tmli_buf tensors = {0};
    tmli_buf json = {0};
    server_read(s, "model.safetensors", &tensors);
    server_read(s, "textml.json", &json);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        const size_t n = (size_t)((double)tensors.len * shares[i]);
        server_write(s, "model.safetensors", tensors.data, n);
        (void)snprintf(want, sizeof want,
                       "$MODEL/model.safetensors: %zu bytes, but textml.json says %zu: truncated "
                       "or from another artifact; copy both files again or train again",
                       n, tensors.len);
        assert_not_served(s, want);
    }
    server_write(s, "model.safetensors", tensors.data, tensors.len);
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        server_write(s, "textml.json", json.data, (size_t)((double)json.len * shares[i]));
        server_start(s, NULL);
        server_get(s, "/ping");
        assert_int_equal(s->answer.status, 503);
        assert_non_null(strstr(s->answer.body, "/textml.json: line "));
        assert_non_null(strstr(s->answer.body, "this is not JSON: expected "));
        server_stop(s);
    }
    tmli_buf_deinit(&tensors);
    tmli_buf_deinit(&json);
}

static void a_model_with_an_altered_byte_is_told(void **state)
{
    server *const s = *state;
    tmli_buf bytes = {0};
    server_read(s, "model.safetensors", &bytes);
    bytes.data[bytes.len - 1] ^= 1;
    server_write(s, "model.safetensors", bytes.data, bytes.len);
    assert_not_served(s, "$MODEL/model.safetensors: altered since it was written: its hash is not "
                         "the one in textml.json; restore the file or train again");
    bytes.data[bytes.len - 1] ^= 1;
    server_write(s, "model.safetensors", bytes.data, bytes.len);
    tmli_buf_reset(&bytes);
    server_read(s, "textml.json", &bytes);
    char *const seed = strstr(bytes.data, "\"seed\": 99");
    assert_non_null(seed);
    seed[9] = '8';
    server_write(s, "textml.json", bytes.data, bytes.len);
    assert_not_served(s, "$MODEL/textml.json: altered since it was written: its check does not "
                         "agree; restore the file or train again");
    seed[9] = '9';
    server_write(s, "textml.json", bytes.data, bytes.len);
    server_start(s, NULL);
    assert_alive(s);
    tmli_buf_deinit(&bytes);
}

static void a_model_of_a_newer_format_is_told(void **state)
{
    static const char mark[] = ",\n  \"check\"";
    static const char old_start[] = "{\n  \"format\": 1,\n  \"textml\": \"0.1.0\",";
    static const char new_start[] = "{\n  \"format\": 2,\n  \"textml\": \"9.9.9\",";
    server *const s = *state;
    tmli_buf json = {0};
    server_read(s, "textml.json", &json);
    assert_memory_equal(json.data, old_start, sizeof old_start - 1);
    memcpy(json.data, new_start, sizeof new_start - 1);
    json.len = (size_t)(strstr(tmli_buf_cstr(&json), mark) - json.data);
    const uint64_t check = tmli_hash64_v1(json.data, json.len, 0);
    tmli_buf_printf(&json, "%s: \"xxh64:%016" PRIx64 "\"\n}\n", mark, check);
    server_write(s, "textml.json", json.data, json.len);
    tmli_buf_deinit(&json);
    assert_not_served(s, "$MODEL/textml.json: format 2, written by textml 9.9.9; this textml 0.1.0 "
                         "reads up to format 1: update textml, or train again with this version");
}

static void logs_can_be_json(void **state)
{
    server *const s = *state;
    server_launch(s, ARGS("--model-dir", "/nowhere/at/all", "--host", "127.0.0.1", "--port", "0",
                          "--log-format", "json"));
    process_says(&s->process, "\"port\":", PROCESS_SECONDS);
    assert_stderr(
        s, "{\"program\":\"serve\",\"level\":\"error\",\"message\":\"/nowhere/at/all/"
           "textml.json: no such file; a model's directory is one that train has written\"}\n");
    server_stop(s);
}

#define UNSTARTED(test) cmocka_unit_test_setup_teardown(test, server_setup, server_teardown)
#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_ping_is_answered_with_200_and_nothing_else),
        UNSTARTED(it_says_where_it_listens_in_one_line),
        UNSTARTED(the_platform_can_choose_the_port),
        UNSTARTED(the_base_directory_says_where_the_model_is),
        UNSTARTED(without_options_it_wants_8080_of_all_addresses),
        UNSTARTED(a_port_that_is_taken_ends_the_start_with_a_sentence),
        UNSTARTED(variables_that_cannot_be_right_are_left_out_with_a_warning),
        UNSTARTED(options_that_cannot_be_right_end_the_start_with_a_sentence),
        UNSTARTED(what_else_lies_beside_the_model_is_ignored),
        UNSTARTED(a_model_that_may_only_be_read_is_served_by_anybody),
        UNSTARTED(a_model_that_is_missing_is_told),
        UNSTARTED(a_model_that_is_cut_short_is_told),
        UNSTARTED(a_model_with_an_altered_byte_is_told),
        UNSTARTED(a_model_of_a_newer_format_is_told),
        UNSTARTED(logs_can_be_json),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
