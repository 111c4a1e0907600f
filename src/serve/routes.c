/* The routes, and the one map of statuses to HTTP's. What bodies mean is the matter of sagemaker/content.h. */
#include "serve/routes.h"

#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/status.h"

typedef void (*route_fn)(serve_lane *lane, const serve_request *request, serve_answer *answer);

typedef struct route {
    tml_str path;
    const char *allow;  /* as the header has it */
    tml_str methods[4]; /* the same one by one; the rest empty */
    bool reads_body;
    route_fn answer;
} route;

static unsigned http_status(tml_status status)
{
    switch (status) {
    case TML_OK: return 200;
    case TML_EINVAL:
    case TML_EFORMAT: return 400;
    case TML_ELIMIT: return 413;
    case TML_ENOMEM:
    case TML_ESTOPPED: return 503;
    case TML_EVERSION:
    case TML_EIO:
    case TML_ENUMERIC: return 500;
    }
    return 500;
}

static void answer_empty(serve_answer *answer, unsigned status)
{
    answer->status = status;
    answer->content_type = NULL;
    tmli_buf_reset(&answer->body);
}

static void answer_error(serve_answer *answer, unsigned status, const char *sentence)
{
    answer->status = status;
    answer->content_type = sm_media_type(SM_JSON);
    tmli_buf *out = &answer->body;
    tmli_buf_reset(out);
    tmli_buf_printf(out, "{\"error\":{\"code\":%u,\"message\":", status);
    tmli_json_string(out, tmli_str(sentence));
    tmli_buf_append_text(out, "}}");
    if (out->failed) {
        answer_empty(answer, status); /* no memory for words: the status says it alone */
    }
}

/* ---- /ping ---- */

static void answer_ping(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)request;
    if (serve_server_is_ready(lane->server)) {
        answer_empty(answer, 200);
    } else {
        answer_error(answer, 503, lane->server->fault.text);
    }
}

/* ---- /invocations ---- */

/* Scores the texts some at a time and appends their answers. */
static tml_status score(serve_lane *lane, sm_texts *texts, sm_answers *answers, tml_error *err)
{
    const size_t n_labels = tml_model_labels(lane->server->model);
    bool has = true;
    while (has) {
        size_t n = 0;
        while (n < SERVE_CHUNK_ROWS) {
            const tml_status status = sm_texts_next(texts, &lane->texts[n], &has, err);
            if (status != TML_OK) {
                return status;
            }
            if (!has) {
                break;
            }
            n++;
        }
        const tml_status status =
            tml_session_predict(lane->session, lane->texts, n, lane->scores, err);
        if (status != TML_OK) {
            return status;
        }
        for (size_t i = 0; i < n; i++) {
            sm_answers_add(answers, lane->scores + i * n_labels);
        }
    }
    return TML_OK;
}

static tml_status invoke(serve_lane *lane, const serve_request *request, sm_media media,
                         sm_media answer_media, serve_answer *answer, tml_error *err)
{
    tml_status status = TML_OK;
    const tml_model *model = lane->server->model;
    const sm_dialect dialect = {tml_model_request_key(model), tml_model_response_key(model)};
    sm_texts texts = {0};
    sm_answers answers;
    TMLI_TRY(serve_lane_prepare(lane, err));
    TMLI_TRY(sm_texts_open(&texts, media, request->body, dialect, &lane->arena, err));
    sm_answers_begin(&answers, &texts, answer_media, model, &answer->body);
    TMLI_TRY(score(lane, &texts, &answers, err));
    sm_answers_end(&answers);
    if (answer->body.failed) {
        TMLI_TRY(tmli_fail_memory(err, "the answer"));
    }
    answer->status = 200;
    answer->content_type = sm_media_type(answer_media);
    if (texts.n == 0 && media != SM_JSON) {
        answer_empty(answer, 204); /* no line, no answer */
    }
cleanup:
    sm_texts_close(&texts);
    serve_lane_end_request(lane);
    return status;
}

static bool is_encoded(tml_str content_encoding)
{
    return content_encoding.len > 0 && !tmli_str_eq_nocase(content_encoding, TML_STR("identity"));
}

static void answer_invocations(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    const serve_server *server = lane->server;
    tml_error err = {0};
    sm_media media = SM_JSON;
    sm_media answer_media = SM_JSON;
    if (!serve_server_is_ready(server)) {
        answer_error(answer, 503, server->fault.text);
        return;
    }
    if (is_encoded(request->content_encoding)) {
        (void)tmli_fail(&err, TML_EINVAL,
                        "Content-Encoding: \"%.*s\" is not read here; send the body as it is",
                        TMLI_SHOWN(request->content_encoding));
        answer_error(answer, 415, err.text);
        return;
    }
    if (sm_media_of_request(request->content_type, request->body, &media, &err) != TML_OK) {
        answer_error(answer, 415, err.text);
        return;
    }
    const sm_media preferred = server->has_default_accept ? server->default_accept : media;
    if (sm_media_of_answer(request->accept, preferred, &answer_media, &err) != TML_OK) {
        answer_error(answer, 406, err.text);
        return;
    }
    const tml_status status = invoke(lane, request, media, answer_media, answer, &err);
    if (status != TML_OK) {
        answer_error(answer, http_status(status), err.text);
    }
}

/* ---- the table ---- */

#define WORD(literal)                  \
    {                                  \
        (literal), sizeof(literal) - 1 \
    }

static const route routes[] = {
    {WORD("/ping"),
     "GET, HEAD, POST",
     {WORD("GET"), WORD("HEAD"), WORD("POST")},
     false,
     answer_ping},
    {WORD("/invocations"), "POST", {WORD("POST")}, true, answer_invocations},
};

/* "http://host:port/path" → "/path". */
static tml_str path_of(tml_str target)
{
    if (target.len == 0 || target.data[0] == '/') {
        return target;
    }
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        const size_t n = strlen(schemes[i]);
        if (target.len > n && tmli_str_eq_nocase((tml_str){target.data, n}, tmli_str(schemes[i]))) {
            const char *slash = memchr(target.data + n, '/', target.len - n);
            return slash != NULL ? (tml_str){slash, (size_t)(target.data + target.len - slash)}
                                 : TML_STR("/");
        }
    }
    return target;
}

static const route *find(tml_str target)
{
    const tml_str path = path_of(target);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (tmli_str_eq(path, routes[i].path)) {
            return &routes[i];
        }
    }
    return NULL;
}

static bool allows(const route *found, tml_str method)
{
    for (size_t i = 0; found->methods[i].len > 0; i++) {
        if (tmli_str_eq(method, found->methods[i])) {
            return true;
        }
    }
    return false;
}

bool serve_reads_body(tml_str method, tml_str path)
{
    const route *found = find(path);
    return found != NULL && found->reads_body && allows(found, method);
}

void serve_route(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    const route *found = find(request->path);
    tml_error err = {0};
    tmli_buf_reset(&answer->body);
    answer->allow = NULL;
    if (found == NULL) {
        (void)tmli_fail(&err, TML_EINVAL,
                        "\"%.*s\" is not served here; ask for GET /ping or POST /invocations",
                        TMLI_SHOWN(request->path));
        answer_error(answer, 404, err.text);
    } else if (!allows(found, request->method)) {
        (void)tmli_fail(&err, TML_EINVAL, "%s: \"%.*s\" is not answered here; use %s",
                        found->path.data, TMLI_SHOWN(request->method), found->allow);
        answer_error(answer, 405, err.text);
        answer->allow = found->allow;
    } else {
        found->answer(lane, request, answer);
    }
}

void serve_refuse_body(const serve_server *server, serve_answer *answer)
{
    tml_error err = {0};
    (void)tmli_fail(&err, TML_ELIMIT,
                    "the body is larger than %zu bytes; send fewer rows in a request, or start "
                    "serve with a larger --max-body",
                    server->max_body);
    answer->allow = NULL;
    answer_error(answer, 413, err.text);
}

void serve_answer_no_memory(serve_answer *answer)
{
    answer->allow = NULL;
    answer_error(answer, 503, "out of memory; try again, or give the container more");
}
