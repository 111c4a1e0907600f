/* Pieces of an answer are kept until the last one, then sent together. */
#include <poll.h>

#include "serve/exchange.h"

/* For the merge: the socket's own pieces, which leave as they come, take the place of this file. */

bool serve_exchange_put_piece(serve_exchange *ex)
{
    tmli_buf_append_str(&ex->pieces, tmli_buf_str(&ex->answer.body));
    tmli_buf_reset(&ex->answer.body);
    return !ex->pieces.failed && !serve_exchange_is_abandoned(ex);
}

void serve_exchange_finish_pieces(serve_exchange *ex)
{
    if (ex->has_pieces) {
        (void)serve_exchange_put_piece(ex);
        const tmli_buf empty = ex->answer.body;
        ex->answer.body = ex->pieces;
        ex->pieces = empty;
        if (ex->answer.body.failed) {
            serve_answer_no_memory(&ex->answer);
        }
    }
    ex->stage = SERVE_ANSWERED;
    ex->resume(ex->connection); /* from here on its own thread has it */
}

void serve_exchange_cut_short(serve_exchange *ex)
{
    ex->stage = SERVE_ANSWERED; /* nothing has left yet: the answer can still say why */
    ex->resume(ex->connection);
}

bool serve_exchange_is_abandoned(const serve_exchange *ex)
{
    if (ex->socket == NULL) {
        return false;
    }
    /* A client that has stopped writing may still read; one that has closed is told from it when it refuses bytes. */
    struct pollfd look = {.fd = ex->socket->fd};
    return poll(&look, 1, 0) == 1 && (look.revents & (POLLERR | POLLHUP)) != 0;
}
