/* Requests → one stream of rows → chunks that are scored → each answer in its request's order. */
#include "serve/invoke.h"

#include "base/bytes.h"
#include "base/status.h"
#include "sagemaker/content.h"

/* One request on its way to its answer. */
typedef struct invocation {
    serve_answer *answer;
    sm_format format;
    sm_media answer_media;
    sm_rows rows;
    sm_answers answers;
    bool has_failed; /* the answer says why */
} invocation;

/* Rows that wait to be scored, and whose they are. */
typedef struct chunk {
    serve_lane *lane;
    serve_seat *seat;
    size_t n;
    invocation *owners[SERVE_CHUNK_ROWS];
    sm_row rows[SERVE_CHUNK_ROWS];
    tml_str texts[SERVE_CHUNK_ROWS];
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
        server->settings.has_default_accept ? server->settings.default_accept : call->format.media;
    if (sm_media_of_answer(request->accept, preferred, &call->answer_media, err) != TML_OK) {
        return 406;
    }
    return 200;
}

/* ---- one request ---- */

static void begin(const chunk *waiting, const serve_request *request, serve_answer *answer,
                  invocation *call)
{
    const serve_server *server = waiting->lane->server;
    tml_error err = {0};
    *call = (invocation){.answer = answer};
    const unsigned refusal = choose_media(server, request, call, &err);
    if (refusal != 200) {
        fail(call, refusal, &err);
        return;
    }
    const tml_model *model = waiting->seat->model;
    const sm_dialect dialect = {.request_key = tml_model_request_key(model),
                                .response_key = tml_model_response_key(model),
                                .takes_documents = tml_model_takes_documents(model),
                                .is_batch = server->settings.is_batch};
    const tml_status status = sm_rows_open(&call->rows, call->format, request->body, dialect,
                                           &waiting->lane->arena, &err);
    if (status != TML_OK) {
        fail(call, serve_http_status(status), &err);
        return;
    }
    sm_answers_begin(&call->answers, &call->rows, call->answer_media, model, &answer->body);
}

static void end(invocation *call)
{
    serve_answer *answer = call->answer;
    if (!call->has_failed) {
        sm_answers_end(&call->answers);
        answer->n_rows = call->rows.n;
        answer->status = 200;
        answer->content_type = sm_media_type(call->answer_media);
        if (answer->body.failed) {
            serve_answer_no_memory(answer);
        } else if (call->rows.n == 0 && call->format.media != SM_JSON) {
            serve_answer_empty(answer, 204); /* no line, no answer */
        }
    }
    sm_rows_close(&call->rows);
}

/* ---- all of them ---- */

/* Scores what waits and gives each score to its owner. */
static void flush(chunk *waiting)
{
    const serve_seat *seat = waiting->seat;
    const size_t n_labels = tml_model_labels(seat->model);
    tml_error err = {0};
    for (size_t i = 0; i < waiting->n; i++) {
        waiting->texts[i] = waiting->rows[i].text;
    }
    const tml_status status =
        tml_session_predict(seat->session, waiting->texts, waiting->n, seat->scores, &err);
    for (size_t i = 0; i < waiting->n; i++) {
        invocation *owner = waiting->owners[i];
        if (owner->has_failed) {
            continue;
        }
        if (status == TML_OK) {
            sm_answers_add(&owner->answers, &waiting->rows[i], seat->scores + i * n_labels);
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
        const tml_status status = sm_rows_next(&call->rows, &waiting->rows[waiting->n], &has, &err);
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
    tml_error err = {0};
    const unsigned refusal =
        serve_seat_take(&lane->server->models, calls[0].request->model, &waiting.seat, &err);
    if (refusal != 200) {
        for (size_t i = 0; i < n; i++) {
            serve_answer_error(calls[i].answer, refusal, err.text);
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        begin(&waiting, calls[i].request, calls[i].answer, &invocations[i]);
        score(&waiting, &invocations[i]);
    }
    if (waiting.n > 0) {
        flush(&waiting);
    }
    for (size_t i = 0; i < n; i++) {
        end(&invocations[i]);
    }
    serve_seat_give_back(&lane->server->models, waiting.seat);
    serve_lane_end_request(lane);
}
