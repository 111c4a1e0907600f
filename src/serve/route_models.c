/* Requests in snake case, answers in camel case: the platform wants them so. */
#include "serve/route_models.h"

#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/number.h"
#include "base/status.h"
#include "sagemaker/content.h"
#include "serve/uri.h"

enum {
    MAX_PAGE = 100, /* models of one answer */
};

bool serve_refuse_models(const serve_server *server, serve_answer *answer)
{
    if (server->settings.is_multi_model) {
        return false;
    }
    serve_answer_error(answer, 404,
                       "one model is served here, without a name; for several set "
                       "SAGEMAKER_MULTI_MODEL=true or start serve with --models-dir");
    return true;
}

static void fail(serve_answer *answer, unsigned status, const tml_error *err)
{
    serve_answer_error(answer, status, err->text);
}

/* Ends a JSON answer that has been written. */
static void succeed(serve_answer *answer)
{
    answer->status = 200;
    answer->content_type = sm_media_type(SM_JSON);
    if (answer->body.failed) {
        serve_answer_no_memory(answer);
    }
}

/* ---- POST /models ---- */

/* The text under key in the request, or a sentence. */
static bool take_text(const tmli_value *root, const char *key, tml_str *out, tml_error *err)
{
    const tmli_value *value = tmli_value_get(root, key);
    if (value != NULL && value->kind == TMLI_STRING) {
        *out = value->text;
        return true;
    }
    (void)tmli_fail(err, TML_EINVAL,
                    "%s: expected a string, found %s; send {\"model_name\": \"NAME\", \"url\": "
                    "\"/opt/ml/models/NAME/model\"}",
                    key, value != NULL ? tmli_kind_name(value->kind) : "nothing");
    return false;
}

static unsigned load(serve_lane *lane, const serve_request *request, tml_error *err)
{
    const tmli_value *root = NULL;
    tml_str name = {0};
    tml_str url = {0};
    const tml_status status = tmli_json_parse(request->body, &lane->arena, &root, err);
    if (status != TML_OK) {
        return status == TML_ENOMEM ? 507 : 400;
    }
    if (!take_text(root, "model_name", &name, err) || !take_text(root, "url", &url, err)) {
        return 400;
    }
    return serve_models_load(&lane->server->models, name, url, err);
}

static void answer_load(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    tml_error err = {0};
    const unsigned status = load(lane, request, &err);
    if (status == 500) {
        tml_logf(lane->server->log, TML_LOG_ERROR, "%s", err.text);
    }
    if (status != 200) {
        fail(answer, status, &err);
        return;
    }
    tmli_buf_append_text(&answer->body, "{\"status\":\"loaded\"}");
    succeed(answer);
}

/* ---- GET ---- */

static void put_model(void *ctx, tml_str name, tml_str url)
{
    tmli_buf *out = ctx;
    if (out->len > 0 && out->data[out->len - 1] == '}') {
        tmli_buf_append_byte(out, ',');
    }
    tmli_buf_append_text(out, "{\"modelName\":");
    tmli_json_string(out, name);
    tmli_buf_append_text(out, ",\"modelUrl\":");
    tmli_json_string(out, url);
    tmli_buf_append_byte(out, '}');
}

/* A page: the list, and where it ends. */
typedef struct page {
    tmli_buf *out;
    char last[SERVE_NAME_BYTES]; /* the name that was shown last */
    size_t n_last;
} page;

static void put_on_page(void *ctx, tml_str name, tml_str url)
{
    page *of = ctx;
    put_model(of->out, name, url);
    of->n_last = name.len < sizeof(of->last) ? name.len : sizeof(of->last);
    memcpy(of->last, name.data, of->n_last);
}

/* A token is the last name of its page in hexadecimal digits: names come and go meanwhile, and none is shown twice. */
static bool read_token(tml_str token, char out[SERVE_NAME_BYTES], tml_str *name)
{
    static const char digits[] = "0123456789abcdef";
    if (token.len % 2 != 0 || token.len > 2 * SERVE_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < token.len; i += 2) {
        const char *high = memchr(digits, token.data[i], sizeof(digits) - 1);
        const char *low = memchr(digits, token.data[i + 1], sizeof(digits) - 1);
        if (high == NULL || low == NULL) {
            return false;
        }
        out[i / 2] = (char)(unsigned char)((high - digits) << 4 | (low - digits));
    }
    *name = (tml_str){out, token.len / 2};
    return true;
}

static bool read_limit(tml_str query, size_t *limit, tml_error *err)
{
    tml_str text = {0};
    int64_t number = 0;
    *limit = MAX_PAGE;
    if (!serve_uri_query(query, TML_STR("limit"), &text)) {
        return true;
    }
    if (!tmli_parse_int64(text, &number) || number < 1) {
        (void)tmli_fail(err, TML_EINVAL, "limit: \"%.*s\" is not a whole number from 1",
                        TMLI_SHOWN(text));
        return false;
    }
    *limit = number < MAX_PAGE ? (size_t)number : MAX_PAGE;
    return true;
}

static void answer_list(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    tml_error err = {0};
    tml_str token = {0};
    tml_str after = {0};
    char name[SERVE_NAME_BYTES];
    size_t limit = 0;
    (void)serve_uri_query(request->query, TML_STR("next_page_token"), &token);
    if (!read_limit(request->query, &limit, &err)) {
        fail(answer, 400, &err);
        return;
    }
    if (!read_token(token, name, &after)) {
        serve_answer_error(answer, 400,
                           "next_page_token: this is no token of ours; begin without one");
        return;
    }
    page of = {.out = &answer->body};
    tmli_buf_append_text(of.out, "{\"models\":[");
    const bool has_more = serve_models_list(&lane->server->models, after, limit, put_on_page, &of);
    tmli_buf_append_byte(of.out, ']');
    if (has_more) {
        tmli_buf_append_text(of.out, ",\"nextPageToken\":\"");
        for (size_t i = 0; i < of.n_last; i++) {
            tmli_buf_printf(of.out, "%02x", (unsigned)(unsigned char)of.last[i]);
        }
        tmli_buf_append_byte(of.out, '"');
    }
    tmli_buf_append_byte(of.out, '}');
    succeed(answer);
}

/* ---- routes ---- */

void serve_answer_models(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    if (serve_refuse_models(lane->server, answer)) {
        return;
    }
    if (tmli_str_eq_text(request->method, "POST")) {
        answer_load(lane, request, answer);
    } else {
        answer_list(lane, request, answer);
    }
}

void serve_answer_model(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    serve_models *models = &lane->server->models;
    tml_error err = {0};
    unsigned status = 200;
    if (serve_refuse_models(lane->server, answer)) {
        return;
    }
    if (tmli_str_eq_text(request->method, "DELETE")) {
        status = serve_models_unload(models, request->name, &err);
        tmli_buf_append_text(&answer->body, "{\"status\":\"unloaded\"}");
    } else if (!serve_models_show(models, request->name, put_model, &answer->body)) {
        (void)tmli_fail(&err, TML_EINVAL, "the model \"%.*s\" is not loaded",
                        TMLI_SHOWN(request->name));
        status = 404;
    }
    if (status == 200) {
        succeed(answer);
    } else {
        fail(answer, status, &err);
    }
}
