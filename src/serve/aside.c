/* The slices of a long request's work, and the reasons to end it early. */
#include "serve/aside.h"

#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "serve/gather.h"
#include "serve/invoke.h"
#include "serve/request_log.h"

enum {
    EXPLAINED_BODY_BYTES = 4 << 10 /* of texts that are each explained */
};

/* Explaining a text takes as long as scoring it once for each of its tokens. A body of JSON may ask for it too. */
static bool asks_to_explain(const serve_request *request, tml_str body)
{
    static const char word[] = "explain";
    return request->ask_explain.len > 0 || tmli_str_find(request->query, word) != SIZE_MAX ||
           tmli_str_find(body, word) != SIZE_MAX;
}

bool serve_is_long(const serve_exchange *ex)
{
    return ex->body.len >= SERVE_LONG_BODY_BYTES ||
           ex->request.content_encoding.len > 0 || /* nobody knows how long it is unpacked */
           (ex->body.len >= EXPLAINED_BODY_BYTES &&
            asks_to_explain(&ex->request, tmli_buf_str(&ex->body)));
}

typedef enum progress {
    GOES_ON,
    ANSWERED,
    CUT_SHORT
} progress;

/* Answers with this failure, which only a client sees of whose answer nothing is out yet. */
static progress give_up(serve_exchange *ex, unsigned status, const char *sentence)
{
    serve_answer_reset(&ex->answer);
    serve_refuse(ex->request.path, &ex->answer, status, sentence);
    return ex->pieces.has_begun ? CUT_SHORT : ANSWERED;
}

static progress give_up_late(serve_exchange *ex, double timeout_s)
{
    char sentence[160];
    const bool has_begun = ex->invocation != NULL;
    (void)snprintf(sentence, sizeof(sentence),
                   "not answered within the %.0f s of SAGEMAKER_MODEL_SERVER_TIMEOUT; %s",
                   timeout_s,
                   has_begun ? "send fewer rows in a request, or allow more time"
                             : "too many long requests wait, try again later");
    const progress done = give_up(ex, has_begun ? 504 : 503, sentence);
    ex->answer.retry_after_s = has_begun ? 0 : 1;
    return done;
}

/* Begins the work with the first slice. */
static progress begin(serve_exchange *ex, serve_lane *lane)
{
    ex->request.body = tmli_buf_str(&ex->body);
    if (serve_logs_requests(lane->server)) {
        ex->request.given_back_hash = serve_hash_of_body(lane->server, ex->request.body);
    }
    const serve_call call = {&ex->request, &ex->answer};
    ex->invocation = serve_route_long(lane, &call, &ex->body);
    return ex->invocation != NULL ? GOES_ON : ANSWERED;
}

static progress work(serve_exchange *ex, serve_lane *lane)
{
    if (lane == NULL || ex->body.failed) {
        serve_answer_no_memory(&ex->answer);
        return ANSWERED;
    }
    const double timeout_s = lane->server->settings.timeout_s;
    if (serve_exchange_is_abandoned(ex)) {
        return give_up(ex, 503, "the client is gone");
    }
    if (timeout_s > 0 && tmli_seconds() - ex->job.admitted_s > timeout_s) {
        return give_up_late(ex, timeout_s);
    }
    if (ex->invocation == NULL && begin(ex, lane) == ANSWERED) {
        return ANSWERED;
    }
    switch (serve_invocation_step(ex->invocation)) {
    case SERVE_SLICE_MORE: return GOES_ON;
    case SERVE_SLICE_PIECE: return serve_exchange_put_piece(ex) ? GOES_ON : CUT_SHORT;
    case SERVE_SLICE_DONE: return ANSWERED;
    case SERVE_SLICE_BROKEN: return CUT_SHORT;
    }
    return CUT_SHORT;
}

bool serve_work_aside(serve_lane *lane, serve_job *job)
{
    serve_exchange *ex = (serve_exchange *)job;
    const progress done = work(ex, lane);
    if (done == GOES_ON) {
        return false;
    }
    serve_invocation_end(ex->invocation);
    ex->invocation = NULL;
    if (lane != NULL) {
        ex->request.n_given_back = ex->request.body.len == 0 ? job->n_bytes : 0;
        serve_exchange_count(ex, lane);
    }
    ex->is_cut_short = done == CUT_SHORT;
    return true;
}

void serve_finish_aside(serve_job *job)
{
    serve_exchange *ex = (serve_exchange *)job;
    if (ex->is_cut_short) {
        tmli_buf_reset(&ex->answer.body); /* a failure's sentence is none of the lines */
        serve_exchange_cut_short(ex);
    } else {
        serve_exchange_finish_pieces(ex);
    }
}

/* Makes the answer that there is no place in the queue. */
static void turn_away(serve_exchange *ex, unsigned retry_after_s)
{
    serve_answer_reset(&ex->answer);
    serve_refuse(ex->request.path, &ex->answer, 503,
                 "too many long requests wait to be answered; try again later, or start serve with "
                 "a larger --max-queue or --max-queue-bytes");
    ex->answer.retry_after_s = retry_after_s;
    ex->answer.route = serve_route_number(ex->request.path);
}

bool serve_has_room(serve_exchange *ex, serve_workers *workers)
{
    const size_t n_announced = serve_exchange_announced(ex);
    const bool is_known = n_announced >= SERVE_LONG_BODY_BYTES && n_announced < SIZE_MAX;
    unsigned retry_after_s = 0;
    if (!ex->reads_body || (ex->n_counted == 0 && !(is_known && ex->body.len == 0)) ||
        serve_is_loading(ex->lane->server, &ex->request) ||
        serve_workers_have_room(workers, ex->n_counted > 0 ? ex->n_counted : n_announced,
                                ex->n_counted, &retry_after_s)) {
        return true;
    }
    turn_away(ex, retry_after_s);
    return false;
}

bool serve_hand_over(serve_exchange *ex, serve_workers *workers, serve_workers *loaders)
{
    const bool is_loading = serve_is_loading(ex->lane->server, &ex->request);
    serve_workers *to = is_loading ? loaders : workers;
    unsigned retry_after_s = 0;
    if (!is_loading && !(ex->reads_body && serve_is_long(ex))) {
        return false;
    }
    serve_exchange_end_arrival(ex);
    switch (serve_workers_admit(to, &ex->job, ex->body.len, &retry_after_s)) {
    case SERVE_NO_WORKER: return false;
    case SERVE_QUEUE_FULL:
        turn_away(ex, retry_after_s);
        serve_exchange_count(ex, ex->lane);
        ex->stage = SERVE_ANSWERED;
        return true;
    case SERVE_ADMITTED: break;
    }
    ex->stage = SERVE_WORKING;
    ex->suspend(ex->connection); /* first: the worker may be done before we return */
    serve_workers_add(to, &ex->job);
    return true;
}
