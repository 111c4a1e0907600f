#include "contract/server.h"

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
#include "base/file.h"
#include "base/json.h"
#include "contract/job.h"
#include "support/tmpdir.h"

const char *const server_label_names[SERVER_LABELS] = {"Business", "Science & Technology",
                                                       "Entertainment", "Health & Medicine"};
static const char *const artifact[] = {"textml.json", "model.safetensors"};
static void *trained; /* a job whose model all tests of the program copy */

int server_train(void **state)
{
    (void)state;
    (void)job_setup(&trained);
    job_fill(trained);
    job_hyperparameters(trained, ", \"epochs\": \"30\"");
    (void)job_train(trained, NULL);
    assert_trained(trained);
    return 0;
}

void server_adopt(void *trained_job)
{
    trained = trained_job;
}

int server_forget(void **state)
{
    (void)state;
    return job_teardown(&trained);
}

server *server_create(const char *model_dir)
{
    server *const s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->process.fd = -1;
    s->dir = tmpdir_create();
    s->model_dir = tmpdir_path(s->dir, model_dir);
    return s;
}

int server_setup(void **state)
{
    server *const s = server_create("ml/model");
    *state = s;
    for (size_t i = 0; i < sizeof artifact / sizeof *artifact; i++) {
        size_t n = 0;
        char path[64];
        (void)snprintf(path, sizeof path, "model/%s", artifact[i]);
        char *const bytes = job_read(trained, path, &n);
        assert_non_null(bytes);
        server_write(s, artifact[i], bytes, n);
        free(bytes);
    }
    return 0;
}

int server_setup_started(void **state)
{
    (void)server_setup(state);
    server_start(*state, NULL);
    return 0;
}

/* A server that still runs is ended properly, so that a sanitizer can have its say. */
static bool has_ended_well(server *s)
{
    if (s->process.pid == 0) {
        return true; /* the test has looked at its end */
    }
    process_signal(&s->process, SIGTERM);
    if (process_wait(&s->process, PROCESS_SECONDS) && s->process.exit == 0) {
        return true;
    }
    char *const err = process_stderr(&s->process);
    print_error("serve did not end well:\n%s\n", err);
    free(err);
    return false;
}

int server_teardown(void **state)
{
    server *const s = *state;
    http_client_free(s->client);
    http_answer_free(&s->answer);
    const bool is_well = has_ended_well(s);
    process_end(&s->process);
    tmpdir_remove(s->dir);
    free(s->model_dir);
    free(s);
    return is_well ? 0 : -1;
}

void server_launch(server *s, const char *const *args)
{
    process_options options = s->as != NULL ? *s->as : (process_options){0};
    options.dir = s->dir;
    options.name = "serve";
    options.args = args;
    options.env = s->env;
    process_start(&s->process, TML_SERVE_PATH, &options);
}

void server_start(server *s, const char *const *args)
{
    enum {
        ARGS_MAX = 24
    };
    const char *all[ARGS_MAX + 1] = {"--model-dir", s->model_dir, "--host",
                                     "127.0.0.1",   "--port",     "0"};
    size_t n = 6;
    for (; args != NULL && *args != NULL; args++) {
        assert_in_range(n, 0, ARGS_MAX - 1);
        all[n++] = *args;
    }
    server_launch(s, all);
    s->port = process_port(&s->process, PROCESS_SECONDS);
    http_client_free(s->client);
    s->client = http_client_create(s->port);
}

void server_stop(server *s)
{
    process_signal(&s->process, SIGTERM);
    const int code = process_exit(&s->process, PROCESS_SECONDS);
    if (code != 0) { /* perhaps a sanitizer has had its say */
        char *const err = process_stderr(&s->process);
        print_error("serve did not end well:\n%s\n", err);
        free(err);
    }
    assert_int_equal(code, 0);
}

bool server_is_up(server *s)
{
    return !process_wait(&s->process, 0);
}

/* ---- asking ----------------------------------------------------------------------------------- */

void server_get(server *s, const char *path)
{
    const http_request request = {.path = path};
    http_send(s->client, &request, &s->answer);
}

void server_ask(server *s, const char *type, const char *accept, const char *body)
{
    http_invoke(s->client, type, accept, body, &s->answer);
}

void assert_answer(const server *s, long status, const char *type, const char *body)
{
    char *const got = http_header(&s->answer, "Content-Type");
    if (s->answer.status != status) {
        print_error("%s%s\n", s->answer.headers, s->answer.body);
    }
    assert_int_equal(s->answer.status, status);
    assert_string_equal(s->answer.body, body);
    assert_string_equal(got != NULL ? got : "(none)", type != NULL ? type : "(none)");
    free(got);
}

void assert_error(const server *s, long status, const char *sentence)
{
    static const char mark[] = "$MODEL";
    tmli_buf want = {0};
    tmli_buf expanded = {0};
    const char *const at = strstr(sentence, mark);
    if (at != NULL) {
        tmli_buf_printf(&expanded, "%.*s%s%s", (int)(at - sentence), sentence, s->model_dir,
                        at + strlen(mark));
    } else {
        tmli_buf_append_text(&expanded, sentence);
    }
    tmli_buf_printf(&want, "{\"error\":{\"code\":%ld,\"message\":", status);
    tmli_json_string(&want, tmli_buf_str(&expanded));
    tmli_buf_append_text(&want, "}}");
    assert_answer(s, status, "application/json", tmli_buf_cstr(&want));
    assert_in_range(s->answer.n_body, 1, 2048); /* what the platform passes on */
    tmli_buf_deinit(&want);
    tmli_buf_deinit(&expanded);
}

void assert_alive(server *s)
{
    assert_true(server_is_up(s));
    server_get(s, "/ping");
    assert_answer(s, 200, NULL, "");
    server_ask(s, "application/json", NULL, "{\"input\": \"virus doctor vaccine\"}");
    assert_answer(s, 200, "application/json", "{\"result\": \"Health & Medicine\"}");
}

/* ---- the artifact ----------------------------------------------------------------------------- */

void server_read(const server *s, const char *name, tmli_buf *out)
{
    char *const path = tmpdir_path(s->model_dir, name);
    assert_int_equal(tmli_file_read(path, SIZE_MAX, out, NULL), TML_OK);
    free(path);
}

void server_write(const server *s, const char *name, const void *bytes, size_t n)
{
    char path[96];
    (void)snprintf(path, sizeof path, "ml/model/%s", name);
    free(tmpdir_write(s->dir, path, bytes, n));
}

void server_offline(const server *s, const tml_str *texts, size_t n, double *scores)
{
    tml_model *model = NULL;
    tml_session *session = NULL;
    assert_int_equal(tml_model_load(s->model_dir, &model, NULL), TML_OK);
    assert_int_equal(tml_model_labels(model), SERVER_LABELS);
    for (size_t i = 0; i < SERVER_LABELS; i++) {
        assert_string_equal(tml_model_label(model, i).data, server_label_names[i]);
    }
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, texts, n, scores, NULL), TML_OK);
    tml_session_free(session);
    tml_model_free(model);
}
