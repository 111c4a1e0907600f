/* Requests → one stream of texts → chunks that are scored → each answer in its request's order. */
#include "serve/invoke.h"

#include "base/bytes.h"
#include "base/status.h"
#include "sagemaker/content.h"

/* One request on its way to its answer. */
typedef struct invocation {
    serve_answer *answer;
    sm_format format;
    sm_media answer_media;
    sm_texts texts;
    sm_answers answers;
    bool has_failed; /* the answer says why */
} invocation;

/* Texts that wait to be scored: lane->texts, and whose they are. */
typedef struct chunk {
    serve_lane *lane;
    size_t n;
    invocation *owners[SERVE_CHUNK_ROWS];
} chunk;

static void fail(invocation *call, unsigned http_status, const tml_error *err)
{
    call->has_failed = true;
    serve_answer_error(call->answer, http_status, err->text);
}

/* ---- which formats ---- */

static bool is_encoded(tml_str content_encoding)
{
    return content_encoding.len > 0 && !tmli_str_eq_nocase(content_encoding, TML_STR("identity"));
}

/* The HTTP status of the refusal, or 200. */
static unsigned choose_media(const serve_server *server, const serve_request *request,
                             invocation *call, tml_error *err)
{
    if (is_encoded(request->content_encoding)) {
        (void)tmli_fail(err, TML_EINVAL,
                        "Content-Encoding: \"%.*s\" is not read here; send the body as it is",
                        TMLI_SHOWN(request->content_encoding));
        return 415;
    }
    if (sm_format_of_request(request->content_type, request->body, &call->format, err) != TML_OK) {
        return 415;
    }
    const sm_media preferred =
        server->has_default_accept ? server->default_accept : call->format.media;
    if (sm_media_of_answer(request->accept, preferred, &call->answer_media, err) != TML_OK) {
        return 406;
    }
    return 200;
}

/* ---- one request ---- */

static void begin(serve_lane *lane, const serve_request *request, serve_answer *answer,
                  invocation *call)
{
    const serve_server *server = lane->server;
    tml_error err = {0};
    *call = (invocation){.answer = answer};
    const unsigned refusal = choose_media(server, request, call, &err);
    if (refusal != 200) {
        fail(call, refusal, &err);
        return;
    }
    const tml_model *model = server->model;
    const sm_dialect dialect = {tml_model_request_key(model), tml_model_response_key(model),
                                tml_model_takes_documents(model)};
    tml_status status = serve_lane_prepare(lane, &err);
    if (status == TML_OK) {
        status =
            sm_texts_open(&call->texts, call->format, request->body, dialect, &lane->arena, &err);
    }
    if (status != TML_OK) {
        fail(call, serve_http_status(status), &err);
        return;
    }
    sm_answers_begin(&call->answers, &call->texts, call->answer_media, model, &answer->body);
}

static void end(invocation *call)
{
    serve_answer *answer = call->answer;
    if (!call->has_failed) {
        sm_answers_end(&call->answers);
        answer->status = 200;
        answer->content_type = sm_media_type(call->answer_media);
        if (answer->body.failed) {
            serve_answer_no_memory(answer);
        } else if (call->texts.n == 0 && call->format.media != SM_JSON) {
            serve_answer_empty(answer, 204); /* no line, no answer */
        }
    }
    sm_texts_close(&call->texts);
}

/* ---- all of them ---- */

/* Scores what waits and gives each score to its owner. */
static void flush(chunk *waiting)
{
    serve_lane *lane = waiting->lane;
    const size_t n_labels = tml_model_labels(lane->server->model);
    tml_error err = {0};
    const tml_status status =
        tml_session_predict(lane->session, lane->texts, waiting->n, lane->scores, &err);
    for (size_t i = 0; i < waiting->n; i++) {
        invocation *owner = waiting->owners[i];
        if (owner->has_failed) {
            continue;
        }
        if (status == TML_OK) {
            sm_answers_add(&owner->answers, lane->scores + i * n_labels);
        } else {
            fail(owner, serve_http_status(status), &err);
        }
    }
    waiting->n = 0;
}

/* Adds the texts of a request, some at a time. */
static void score(chunk *waiting, invocation *call)
{
    while (!call->has_failed) {
        bool has = false;
        tml_error err = {0};
        const tml_status status =
            sm_texts_next(&call->texts, &waiting->lane->texts[waiting->n], &has, &err);
        if (status != TML_OK) {
            fail(call, serve_http_status(status), &err);
        }
        if (!has || status != TML_OK) {
            return;
        }
        waiting->owners[waiting->n++] = call;
        if (waiting->n == SERVE_CHUNK_ROWS) {
            flush(waiting);
        }
    }
}

void serve_invoke(serve_lane *lane, const serve_call *calls, size_t n)
{
    invocation invocations[SERVE_CHUNK_ROWS];
    chunk waiting = {.lane = lane};
    for (size_t i = 0; i < n; i++) {
        begin(lane, calls[i].request, calls[i].answer, &invocations[i]);
        score(&waiting, &invocations[i]);
    }
    if (waiting.n > 0) {
        flush(&waiting);
    }
    for (size_t i = 0; i < n; i++) {
        end(&invocations[i]);
    }
    serve_lane_end_request(lane);
}
