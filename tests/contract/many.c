#include "contract/many.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/tmpdir.h"
#include "support/word_model.h"

const char *const many_json[] = {"Content-Type: application/json", NULL};
const double many_seconds = 60;

/* ---- a server of models ---- */

/* s->model_dir is where the models lie: ml/models. */
int many_set_up(void **state)
{
    *state = server_create("ml/models");
    return 0;
}

/* As the platform starts it, with more arguments. */
void many_start(server *s, const char *const *more)
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

int many_set_up_started(void **state)
{
    (void)many_set_up(state);
    many_start(*state, NULL);
    return 0;
}

/* Puts artifact `which` where the platform would unpack a model of this name; its url, to be freed. */
char *many_place(const server *s, const char *which, const char *name)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/model", name);
    char *to = tmpdir_path(s->model_dir, path);
    word_models_put(which, to);
    return to;
}

void many_put_load(tmli_buf *out, const char *name, const char *url)
{
    tmli_buf_reset(out);
    tmli_buf_printf(out, "{\"model_name\":\"%s\",\"url\":\"%s\"}", name, url);
    assert_false(out->failed);
}

long many_send(server *s, const char *method, const char *path, const char *body)
{
    const http_request request = {.method = method,
                                  .path = path,
                                  .headers = body != NULL ? many_json : NULL,
                                  .body = body,
                                  .n_body = body != NULL ? strlen(body) : 0};
    http_send(s->client, &request, &s->answer);
    return s->answer.status;
}

long many_load(server *s, const char *name, const char *url)
{
    tmli_buf body = {0};
    many_put_load(&body, name, url);
    many_send(s, "POST", "/models", tmli_buf_cstr(&body));
    tmli_buf_deinit(&body);
    return s->answer.status;
}

char *many_place_loaded(server *s, const char *which, const char *name)
{
    char *url = many_place(s, which, name);
    assert_int_equal(many_load(s, name, url), 200);
    return url;
}

/* Asks a model, by its name as it stands in a path, for "hot". */
long many_invoke(server *s, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "/models/%s/invoke", name);
    many_send(s, "POST", path, "{\"input\": \"hot\"}");
    return s->answer.status;
}

void assert_invoked(server *s, const char *name, const char *which)
{
    char want[64];
    (void)snprintf(want, sizeof(want), "{\"result\": \"%s-hot\"}", which);
    (void)many_invoke(s, name);
    assert_answer(s, 200, "application/json", want);
}

long many_unload(server *s, const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "/models/%s", name);
    many_send(s, "DELETE", path, NULL);
    return s->answer.status;
}

/* M15: no comma before a bracket, and JSON by its type. */
void assert_json(const server *s)
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
