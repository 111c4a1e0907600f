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

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

enum {
    OPTIONS_MAX = 32
};
static const double drain_seconds = 30; /* SageMaker's grace */

int server_setup(void **state)
{
    server *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->dir = tmpdir_create();
    s->model = tmpdir_path(s->dir, "model");
    tml_model *model = tiny_fit(s->dir, 1, NULL);
    assert_int_equal(tml_model_save(model, s->model, NULL), TML_OK);
    tml_model_free(model);
    *state = s;
    return 0;
}

int server_teardown(void **state)
{
    server *s = *state;
    http_client_free(s->client);
    http_answer_free(&s->answer);
    process_end(&s->serve);
    free(s->model);
    tmpdir_remove(s->dir);
    free(s);
    return 0;
}

void server_start_bare(server *s, const char *const *options, const char *const *env)
{
    const process_options started = {.dir = s->dir, .name = "serve", .args = options, .env = env};
    process_start(&s->serve, TML_SERVE_PATH, &started);
    s->port = process_port(&s->serve, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
}

void server_start(server *s, const char *const *options, const char *const *env)
{
    const char *all[OPTIONS_MAX] = {"--model-dir", s->model, "--host", "127.0.0.1", "--port", "0"};
    size_t n = 6;
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        assert_true(n + 1 < OPTIONS_MAX);
        all[n++] = options[i];
    }
    server_start_bare(s, all, env);
}

void server_get(server *s, const char *method, const char *path)
{
    const http_request request = {.method = method, .path = path};
    http_send(s->client, &request, &s->answer);
}

void server_invoke(server *s, const char *type, const char *accept, const char *body)
{
    http_invoke(s->client, type, accept, body, &s->answer);
}

void assert_answer(const server *s, long status, const char *body)
{
    if (s->answer.status != status || strcmp(s->answer.body, body) != 0) {
        fail_msg("answered %ld \"%s\", want %ld \"%s\"", s->answer.status, s->answer.body, status,
                 body);
    }
}

void assert_error(const server *s, long status, const char *sentence)
{
    tmli_buf expanded = {0};
    tmli_buf want = {0};
    for (const char *at = sentence; *at != '\0'; at++) {
        if (strncmp(at, "$MODEL", 6) == 0) {
            tmli_buf_append_text(&expanded, s->model);
            at += 5;
        } else {
            tmli_buf_append_byte(&expanded, *at);
        }
    }
    tmli_buf_printf(&want, "{\"error\":{\"code\":%ld,\"message\":", status);
    tmli_json_string(&want, tmli_buf_str(&expanded));
    tmli_buf_append_text(&want, "}}");
    assert_answer(s, status, tmli_buf_cstr(&want));
    char *type = http_header(&s->answer, "Content-Type");
    assert_string_equal(type, "application/json");
    free(type);
    tmli_buf_deinit(&expanded);
    tmli_buf_deinit(&want);
}

void assert_ends_well(server *s)
{
    process_signal(&s->serve, SIGTERM);
    assert_int_equal(process_exit(&s->serve, drain_seconds), 0);
}
