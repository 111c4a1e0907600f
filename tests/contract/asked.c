#include "contract/asked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "support/near.h"

static const double of_floats =
    1e-7; /* half a unit in the last place of a float below 1, and room */

void asked_start(asked *a, const job *j)
{
    tml_error err = {0};
    char *const dir = job_path(j, "model");
    const char *const args[] = {"--model-dir", dir, "--host", "127.0.0.1", "--port", "0", NULL};
    const process_options options = {.dir = j->dir, .name = "serve", .args = args};
    *a = (asked){.process.fd = -1};
    if (tml_model_load(dir, &a->model, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    a->n_labels = tml_model_labels(a->model);
    process_start(&a->process, TML_SERVE_PATH, &options);
    a->client = http_client_create(process_port(&a->process, PROCESS_SECONDS));
    free(dir);
}

void asked_end(asked *a)
{
    http_client_free(a->client);
    http_answer_free(&a->answer);
    process_end(&a->process);
    tml_model_free(a->model);
    *a = (asked){.process.fd = -1};
}

void asked_stop(asked *a)
{
    process_signal(&a->process, SIGTERM);
    assert_int_equal(process_exit(&a->process, PROCESS_SECONDS), 0);
    asked_end(a);
}

void asked_offline(const asked *a, const tml_str *texts, size_t n, double *probabilities)
{
    tml_session *session = NULL;
    tml_error err = {0};
    if (tml_session_create(a->model, &session, &err) != TML_OK ||
        tml_session_predict(session, texts, n, probabilities, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    tml_session_free(session);
}

size_t asked_label(const asked *a, tml_str name)
{
    for (size_t i = 0; i < a->n_labels; i++) {
        if (tmli_str_eq(tml_model_label(a->model, i), name)) {
            return i;
        }
    }
    fail_msg("no label %.*s", (int)name.len, name.data);
    return 0;
}

static void post(asked *a, const tml_str *texts, size_t n)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    tmli_buf body = {0};
    tmli_buf_append_text(&body, "{\"instances\": [");
    for (size_t i = 0; i < n; i++) {
        tmli_buf_append_text(&body, i > 0 ? "," : "");
        tmli_json_string(&body, texts[i]);
    }
    tmli_buf_append_text(&body, "]}");
    assert_false(body.failed);
    const http_request request = {
        .path = "/invocations", .headers = headers, .body = body.data, .n_body = body.len};
    http_send(a->client, &request, &a->answer);
    tmli_buf_deinit(&body);
    if (a->answer.status != 200) {
        fail_msg("status %ld: %s", a->answer.status, a->answer.body);
    }
}

void assert_served(asked *a, const tml_str *texts, size_t n, const double *probabilities)
{
    tmli_arena arena;
    const tmli_value *root = NULL;
    tml_error err = {0};
    post(a, texts, n);
    tmli_arena_init(&arena, 1 << 16, 0);
    if (tmli_json_parse((tml_str){a->answer.body, a->answer.n_body}, &arena, &root, &err) !=
        TML_OK) {
        fail_msg("%s", err.text);
    }
    const tmli_value *const list = tmli_value_get(root, "predictions");
    assert_non_null(list);
    assert_int_equal(list->n, n);
    const tmli_value *item = list->first;
    for (size_t i = 0; i < n; i++, item = item->next) {
        const double *const row = probabilities + i * a->n_labels;
        const size_t best = tml_best(row, a->n_labels);
        const tmli_value *const label = tmli_value_get(item, "label");
        assert_non_null(label);
        assert_int_equal(asked_label(a, label->text), best);
        assert_near(number_at(item, "score"), row[best], of_floats);
    }
    tmli_arena_deinit(&arena);
}
