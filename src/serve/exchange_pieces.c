/* Answers that leave while the work on them goes on. The connection sleeps, suspended, whenever it has sent what there is;
 * a piece wakes it. */
#include "serve/exchange.h"

#include "base/bytes.h"

/* The connection may end before the work does, and its memory with it: what the request borrows is copied. */
static bool own_headers(serve_exchange *ex)
{
    serve_request *request = &ex->request;
    tmli_buf *own = &ex->pieces.headers;
    tml_str *const fields[] = {&request->method,
                               &request->path,
                               &request->name,
                               &request->model,
                               &request->content_type,
                               &request->content_encoding,
                               &request->accept,
                               &request->accept_encoding,
                               &request->custom_attributes,
                               &request->inference_id,
                               &request->target_model,
                               &request->authorization,
                               &request->ask_k,
                               &request->ask_probabilities,
                               &request->ask_explain,
                               &request->ask_style};
    const size_t n_fields = sizeof(fields) / sizeof(fields[0]);
    tmli_buf_reset(own);
    for (size_t i = 0; i < n_fields; i++) {
        tmli_buf_append_str(own, *fields[i]);
    }
    tmli_buf_append_byte(own, '\0'); /* so that it is never NULL */
    if (own->failed) {
        return false;
    }
    const char *at = own->data;
    for (size_t i = 0; i < n_fields; i++) {
        fields[i]->data = at;
        at += fields[i]->len;
    }
    return true;
}

/* Moves the worker's bytes to those that are to be sent; under lock. */
static bool move_bytes(serve_exchange *ex)
{
    serve_pieces *pieces = &ex->pieces;
    tmli_buf *from = &ex->answer.body;
    if (from->failed) {
        return false;
    }
    if (pieces->n_taken == pieces->bytes.len) { /* the usual case: no copy */
        const tmli_buf taken = pieces->bytes;
        pieces->bytes = *from;
        pieces->n_taken = 0;
        *from = taken;
    } else {
        tmli_buf_append_str(&pieces->bytes, tmli_buf_str(from));
    }
    tmli_buf_reset(from);
    return !pieces->bytes.failed;
}

static void wake(serve_exchange *ex)
{
    if (ex->pieces.is_asleep) {
        ex->pieces.is_asleep = false;
        ex->resume(ex->connection);
    }
}

bool serve_exchange_put_piece(serve_exchange *ex)
{
    serve_pieces *pieces = &ex->pieces;
    bool done = false;
    (void)pthread_mutex_lock(&pieces->lock);
    if (!atomic_load_explicit(&pieces->is_gone, memory_order_relaxed)) {
        done = ex->answer.body.len == 0 && !ex->answer.body.failed;
        if (!done && (pieces->has_begun || own_headers(ex)) && move_bytes(ex)) {
            done = true;
            if (!pieces->has_begun) {
                pieces->has_begun = true;
                pieces->is_asleep = true; /* since the worker was given it */
                ex->stage = SERVE_STREAMING;
            }
            wake(ex);
        }
    }
    (void)pthread_mutex_unlock(&pieces->lock);
    return done;
}

/* The worker's last word. */
static void end(serve_exchange *ex, bool is_whole)
{
    serve_pieces *pieces = &ex->pieces;
    if (!pieces->has_begun) { /* an answer like any other */
        ex->stage = SERVE_ANSWERED;
        ex->resume(ex->connection); /* from here on its own thread has it */
        return;
    }
    (void)pthread_mutex_lock(&pieces->lock);
    const bool is_gone = atomic_load_explicit(&pieces->is_gone, memory_order_relaxed);
    if (!is_gone) {
        pieces->is_cut_short = !move_bytes(ex) || !is_whole;
        pieces->has_ended = true;
        wake(ex);
    }
    (void)pthread_mutex_unlock(&pieces->lock);
    if (is_gone) {
        serve_exchange_free(ex); /* its connection was the first to leave */
    }
}

void serve_exchange_finish_pieces(serve_exchange *ex)
{
    end(ex, true);
}

void serve_exchange_cut_short(serve_exchange *ex)
{
    end(ex, false);
}

bool serve_exchange_is_abandoned(const serve_exchange *ex)
{
    if (ex->stage == SERVE_STREAMING) {
        return atomic_load_explicit(&ex->pieces.is_gone, memory_order_relaxed);
    }
    return ex->socket != NULL && serve_connection_is_broken(ex->socket);
}

serve_taken serve_exchange_take_piece(serve_exchange *ex, char *out, size_t max, size_t *n)
{
    serve_pieces *pieces = &ex->pieces;
    serve_taken taken = SERVE_TAKEN_SOME;
    (void)pthread_mutex_lock(&pieces->lock);
    const size_t left = pieces->bytes.len - pieces->n_taken;
    *n = left < max ? left : max;
    if (*n > 0) {
        memcpy(out, pieces->bytes.data + pieces->n_taken, *n);
        pieces->n_taken += *n;
    } else if (pieces->has_ended) {
        taken = pieces->is_cut_short ? SERVE_TAKEN_CUT : SERVE_TAKEN_ALL;
    } else {
        taken = SERVE_TAKEN_NONE;
        pieces->is_asleep = true;
        ex->suspend(ex->connection);
    }
    (void)pthread_mutex_unlock(&pieces->lock);
    return taken;
}

bool serve_exchange_abandon(serve_exchange *ex)
{
    serve_pieces *pieces = &ex->pieces;
    (void)pthread_mutex_lock(&pieces->lock);
    const bool has_worker = !pieces->has_ended;
    atomic_store_explicit(&pieces->is_gone, has_worker, memory_order_relaxed);
    if (has_worker) {
        serve_exchange_count_closed(ex);
        ex->socket = NULL;
    }
    (void)pthread_mutex_unlock(&pieces->lock);
    return has_worker;
}
