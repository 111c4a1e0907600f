/* Requests → one stream of rows → chunks that are scored → each answer in its request's order. */
#include "serve/invoke.h"

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/session_rows.h"
#include "sagemaker/content.h"
#include "serve/coding.h"
#include "serve/query.h"

/* Of a long request at a time: other jobs wait for no more than this. Some 1,000 headlines. */
static const double slice_s = 0.004;

/* One request on its way to its answer. */
typedef struct invocation {
    serve_answer *answer;
    sm_format format;
    sm_media answer_media;
    sm_rows rows;
    sm_answers answers;
    bool packs_answer;
    bool has_failed; /* the answer says why */
} invocation;

/* Rows that wait to be scored, and whose they are. */
typedef struct chunk {
    serve_seat *seat;
    size_t n;
    invocation *owners[SERVE_CHUNK_ROWS];
    sm_row rows[SERVE_CHUNK_ROWS];
} chunk;

/* What a client that did not say the body's type should know of the one that was guessed. */
static const char *advice_on_type(const invocation *call)
{
    const bool has_lines = call->rows.line > 1 || call->rows.rest.len > 0;
    return call->format.media == SM_JSON_LINES && has_lines
               ? "the body is read as JSON Lines, since as a whole it is not JSON: send its "
                 "Content-Type, such as application/json or text/plain"
               : "a body that is not JSON needs its Content-Type, such as text/plain";
}

static void fail(invocation *call, unsigned http_status, const tml_error *err)
{
    const bool is_json = call->format.media == SM_JSON || call->format.media == SM_JSON_LINES;
    tml_error told = {0};
    call->has_failed = true;
    if (http_status == 400 && call->format.is_guessed && is_json) {
        (void)tmli_fail(&told, err->status, "%s; %s", err->text, advice_on_type(call));
        err = &told;
    }
    serve_answer_error(call->answer, http_status, err->text);
}

/* ---- which formats ---- */

/* The HTTP status of the refusal, or 200. */
static unsigned choose_media(const serve_server *server, const serve_request *request,
                             tml_style style, invocation *call, tml_error *err)
{
    if (sm_format_of_request(request->content_type, request->body, &call->format, err) != TML_OK) {
        return 415;
    }
    const sm_media preferred =
        server->settings.has_default_accept ? server->settings.default_accept : call->format.media;
    if (sm_media_of_styled_answer(style, request->accept, preferred, &call->answer_media, err) !=
        TML_OK) {
        return 406;
    }
    return 200;
}

/* The request's own wishes go before the server's settings, those before the model's recipe. */
static sm_dialect dialect_of(const serve_settings *settings, const tml_model *model,
                             const serve_wishes *wishes)
{
    const tml_style usual = settings->has_style ? settings->style : tml_model_response_style(model);
    const bool has_columns = settings->has_columns && !wishes->has_style;
    return (sm_dialect){.request_key = tml_model_request_key(model),
                        .response_key = tml_model_response_key(model),
                        .takes_documents = tml_model_takes_documents(model),
                        .is_batch = settings->is_batch,
                        .max_rows = settings->max_rows,
                        .max_row_bytes = settings->max_row_bytes,
                        .style = wishes->has_style ? wishes->style : usual,
                        .n_columns = tmli_model_columns(model),
                        .columns = has_columns ? &settings->columns : NULL,
                        .ask = wishes->ask};
}

/* ---- one request ---- */

/* Begins an answer to a request whose body is as its type says. arena: for the rows, until end_rows. */
static void begin_rows(invocation *call, const serve_server *server, const serve_request *request,
                       const tml_model *model, tmli_arena *arena)
{
    tml_error err;
    tmli_no_error(&err);
    serve_wishes wishes;
    tml_status status = serve_query_wishes(request, &wishes, &err);
    if (status != TML_OK) {
        fail(call, serve_http_status(status), &err);
        return;
    }
    const sm_dialect dialect = dialect_of(&server->settings, model, &wishes);
    const unsigned refusal = choose_media(server, request, dialect.style, call, &err);
    if (refusal != 200) {
        fail(call, refusal, &err);
        return;
    }
    status = sm_rows_open(&call->rows, call->format, request->body, dialect, arena, &err);
    if (status != TML_OK) {
        fail(call, serve_http_status(status), &err);
        return;
    }
    call->packs_answer = serve_coding_takes_gzip(request->accept_encoding);
    sm_answers_begin(&call->answers, &call->rows, call->answer_media, model, &call->answer->body);
}

/* All rows are answered, or it has failed. */
static void end_rows(invocation *call)
{
    serve_answer *answer = call->answer;
    if (!call->has_failed) {
        sm_answers_end(&call->answers);
        answer->n_rows = call->rows.n;
        answer->status = 200;
        answer->content_type = sm_media_type(call->answer_media);
        if (answer->body.failed) {
            call->has_failed = true;
            serve_answer_no_memory(answer);
        } else if (call->rows.n == 0 && call->format.media != SM_JSON) {
            serve_answer_empty(answer, 204); /* no line, no answer */
        }
    }
    call->packs_answer =
        call->packs_answer && !call->has_failed && answer->body.len >= SERVE_LEAST_PACKED_BYTES;
    sm_rows_close(&call->rows);
}

/* ---- rows ---- */

/* Writes a row's answer, with its explanation when it asks for one. */
static tml_status answer_row(invocation *call, const serve_seat *seat, const sm_row *row,
                             const double *scores, tml_error *err)
{
    const bool is_explained = row->ask.explain > 0 && row->fault == NULL && row->features == NULL;
    tml_explanation explanation;
    if (is_explained) {
        const size_t best = tml_best(scores, tml_model_labels(seat->model));
        const tml_status status = tml_session_explain(seat->session, row->text, best,
                                                      row->ask.explain, &explanation, err);
        if (status != TML_OK) {
            return status;
        }
    }
    sm_answers_add(&call->answers, row, scores, is_explained ? &explanation : NULL);
    return TML_OK;
}

/* Scores what waits and gives each score to its owner. */
static void flush(chunk *waiting)
{
    const serve_seat *seat = waiting->seat;
    const size_t n_labels = tml_model_labels(seat->model);
    tml_error err = {0};
    const tml_status scored =
        sm_rows_score(seat->session, seat->model, waiting->rows, waiting->n, seat->scores, &err);
    for (size_t i = 0; i < waiting->n; i++) {
        invocation *owner = waiting->owners[i];
        tml_status status = scored;
        if (owner->has_failed) {
            continue;
        }
        if (status == TML_OK) {
            status = answer_row(owner, seat, &waiting->rows[i], seat->scores + i * n_labels, &err);
        }
        if (status != TML_OK) {
            fail(owner, serve_http_status(status), &err);
        }
    }
    waiting->n = 0;
}

/* Adds rows of a request until the chunk is full, or there are no more: then false. */
static bool add_rows(chunk *waiting, invocation *call)
{
    tml_error err;
    tmli_no_error(&err);
    while (!call->has_failed && waiting->n < SERVE_CHUNK_ROWS) {
        bool has = false;
        const tml_status status = sm_rows_next(&call->rows, &waiting->rows[waiting->n], &has, &err);
        if (status != TML_OK) {
            fail(call, serve_http_status(status), &err);
        }
        if (!has || status != TML_OK) {
            return false;
        }
        waiting->owners[waiting->n++] = call;
    }
    return !call->has_failed;
}

/* ---- short ones ---- */

/* The body as its type says, unpacked when it came packed. */
static bool unpack(serve_lane *lane, serve_request *request, invocation *call, tmli_buf *unpacked)
{
    tml_error err;
    tmli_no_error(&err);
    const unsigned status = serve_unpack_body(
        request->content_encoding, lane->server->settings.max_body, unpacked, &request->body, &err);
    if (status != 200) {
        fail(call, status, &err);
    }
    return status == 200;
}

/* What a model has scored whose file was cut short is no answer. */
static void refuse_torn(serve_server *server, const serve_seat *seat, invocation *calls, size_t n)
{
    tml_error err = {0};
    if (!serve_server_is_torn(server, seat, &err)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        fail(&calls[i], 503, &err);
    }
}

void serve_invoke(serve_lane *lane, const serve_call *calls, size_t n)
{
    invocation invocations[SERVE_CHUNK_ROWS];
    tmli_buf unpacked[SERVE_CHUNK_ROWS];
    tml_str bodies[SERVE_CHUNK_ROWS]; /* as they came */
    chunk waiting;                    /* not cleared: some KB, for one row often */
    waiting.n = 0;
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
        invocation *call = &invocations[i];
        *call = (invocation){.answer = calls[i].answer};
        unpacked[i] = (tmli_buf){0};
        bodies[i] = calls[i].request->body;
        if (unpack(lane, calls[i].request, call, &unpacked[i])) {
            begin_rows(call, lane->server, calls[i].request, waiting.seat->model, &lane->arena);
        }
        while (add_rows(&waiting, call)) {
            flush(&waiting);
            sm_rows_release(&call->rows); /* earlier requests' rows lie before its own */
        }
    }
    if (waiting.n > 0) {
        flush(&waiting);
    }
    refuse_torn(lane->server, waiting.seat, invocations, n);
    for (size_t i = 0; i < n; i++) {
        end_rows(&invocations[i]);
        if (invocations[i].packs_answer) {
            calls[i].answer->is_gzip = serve_pack_body(&calls[i].answer->body);
        }
        tmli_buf_deinit(&unpacked[i]);
        calls[i].request->body = bodies[i]; /* the log looks at it */
    }
    serve_seat_give_back(&lane->server->models, waiting.seat);
}

/* ---- long ones ---- */

typedef enum phase {
    UNPACKING,
    BEGINNING,
    SCORING,
    PACKING,
    DONE
} phase;

struct serve_invocation {
    serve_server *server;   /* borrowed, as the next two */
    serve_request *request; /* its body: what there is in *body */
    tmli_buf *body;
    phase phase;
    bool streams;
    bool has_pieces; /* some of the answer is out */
    invocation one;
    serve_seat *seat; /* until the rows are answered, as arena */
    tmli_arena arena;
    serve_unpacking unpacking;
    tmli_buf unpacked;
    serve_packing packing;
};

enum {
    ARENA_BLOCK_BYTES = 64 << 10
};

/* Gives back all but the answer. */
static void release(serve_invocation *whole)
{
    sm_rows_close(&whole->one.rows);
    tmli_arena_deinit(&whole->arena);
    serve_seat_give_back(&whole->server->models, whole->seat);
    whole->seat = NULL;
    serve_unpacking_end(&whole->unpacking);
    tmli_buf_deinit(&whole->unpacked);
    tmli_buf_deinit(whole->body);
    whole->request->body = (tml_str){0};
}

serve_invocation *serve_invocation_begin(serve_server *server, const serve_call *call,
                                         tmli_buf *body)
{
    serve_invocation *whole = tmli_calloc(1, sizeof(*whole));
    if (whole == NULL) {
        serve_answer_no_memory(call->answer);
        return NULL;
    }
    whole->server = server;
    whole->request = call->request;
    whole->body = body;
    whole->one.answer = call->answer;
    whole->phase = BEGINNING;
    tmli_arena_init(&whole->arena, ARENA_BLOCK_BYTES, 0);
    tml_error err = {0};
    bool is_gzip = false;
    const unsigned refusal =
        serve_seat_take(&server->models, call->request->model, &whole->seat, &err);
    if (refusal != 200) {
        fail(&whole->one, refusal, &err);
    } else if (serve_coding_of_body(call->request->content_encoding, &is_gzip, &err) != TML_OK) {
        fail(&whole->one, 415, &err);
    } else if (is_gzip) {
        whole->phase = UNPACKING;
        const tml_status status = serve_unpacking_begin(&whole->unpacking, tmli_buf_str(body),
                                                        server->settings.max_body, &err);
        if (status != TML_OK) {
            fail(&whole->one, serve_http_status(status), &err);
        }
    }
    return whole;
}

static phase unpack_some(serve_invocation *whole)
{
    tml_error err = {0};
    bool is_done = false;
    const tml_status status =
        serve_unpacking_step(&whole->unpacking, &whole->unpacked, &is_done, &err);
    if (status != TML_OK) {
        fail(&whole->one, serve_http_status(status), &err);
    }
    if (!is_done) {
        return UNPACKING;
    }
    serve_unpacking_end(&whole->unpacking);
    tmli_buf_deinit(whole->body);
    *whole->body = whole->unpacked;
    whole->unpacked = (tmli_buf){0};
    return BEGINNING;
}

/* Answers that are lines can be given before the last one is known. */
static bool is_lines(const invocation *call)
{
    return call->format.media != SM_JSON && call->answer_media != SM_JSON &&
           !call->rows.is_document;
}

static phase begin_scoring(serve_invocation *whole)
{
    invocation *call = &whole->one;
    whole->request->body = tmli_buf_str(whole->body);
    begin_rows(call, whole->server, whole->request, whole->seat->model, &whole->arena);
    if (!call->has_failed && whole->server->settings.streams && is_lines(call)) {
        whole->streams = true;
        call->packs_answer = false;
        call->answer->status = 200;
        call->answer->content_type = sm_media_type(call->answer_media);
    }
    return SCORING;
}

static phase score_some(serve_invocation *whole)
{
    chunk waiting;
    waiting.seat = whole->seat;
    waiting.n = 0;
    const bool has_more = add_rows(&waiting, &whole->one);
    if (waiting.n > 0) {
        flush(&waiting);
    }
    refuse_torn(whole->server, whole->seat, &whole->one, 1);
    if (has_more || whole->one.has_failed) {
        sm_rows_release(&whole->one.rows);
        return SCORING;
    }
    end_rows(&whole->one);
    release(whole);
    return whole->one.packs_answer ? PACKING : DONE;
}

static phase pack_some(serve_invocation *whole)
{
    serve_answer *answer = whole->one.answer;
    return serve_packing_step(&whole->packing, &answer->body, &answer->is_gzip) ? DONE : PACKING;
}

static phase go_on(serve_invocation *whole)
{
    switch (whole->phase) {
    case UNPACKING: return unpack_some(whole);
    case BEGINNING: return begin_scoring(whole);
    case SCORING: return score_some(whole);
    case PACKING: return pack_some(whole);
    case DONE: break;
    }
    return DONE;
}

serve_slice serve_invocation_step(serve_invocation *whole)
{
    const double until_s = tmli_seconds() + slice_s;
    serve_seat_enter(whole->seat); /* maybe on another thread than before */
    while (whole->phase != DONE && !whole->one.has_failed && tmli_seconds() < until_s) {
        whole->phase = go_on(whole);
    }
    serve_seat_enter(NULL);
    if (whole->one.has_failed) {
        release(whole);
        return whole->has_pieces ? SERVE_SLICE_BROKEN : SERVE_SLICE_DONE;
    }
    if (whole->phase == DONE) {
        return SERVE_SLICE_DONE;
    }
    if (whole->streams && whole->one.answer->body.len > 0) {
        whole->has_pieces = true;
        return SERVE_SLICE_PIECE;
    }
    return SERVE_SLICE_MORE;
}

void serve_invocation_end(serve_invocation *whole)
{
    if (whole != NULL) {
        release(whole);
        serve_packing_end(&whole->packing);
        tmli_free(whole);
    }
}
