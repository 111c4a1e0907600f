/* serve/exchange.h: a request from its headers to the end of its answer, as the socket's side sees it.
 *
 * Exchanges are used again by the thread that made them, with their buffers: a steady load allocates none. */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "serve/connections.h"
#include "serve/routes.h"
#include "serve/workers.h"
#include "textml/str.h"

typedef enum serve_stage {
    SERVE_READING,
    SERVE_WAITING,  /* complete, to be answered together with others of its thread */
    SERVE_REFUSED,  /* 413 was sent; what still comes is dropped */
    SERVE_WORKING,  /* a worker has it; the connection is suspended */
    SERVE_ANSWERED, /* ready to be sent */
} serve_stage;

typedef struct serve_exchange {
    serve_job job;                    /* first, so that a job is its exchange */
    struct serve_exchange *next;      /* in its thread's list of idle ones */
    serve_lane *lane;                 /* of the thread that owns the connection */
    void *http;                       /* the rest of the socket's side: its own, borrowed */
    void *connection;                 /* as http */
    void (*resume)(void *connection); /* by any thread: its own has the connection again */
    serve_connection *socket;         /* borrowed; NULL when there was no memory for it */
    serve_stage stage;
    bool reads_body;
    size_t n_received; /* bytes of the body; of a refused one: since then */
    tmli_buf body;
    serve_request request;  /* borrows from the connection and body */
    tml_str content_length; /* likewise */
    tmli_buf query;         /* the request's */
    serve_answer answer;
    serve_invocation *invocation; /* owned; of a long request between its slices, otherwise NULL */
    bool has_pieces;              /* some of its answer is out */
    tmli_buf pieces;              /* what put_piece has taken */
} serve_exchange;

/* Those of one thread that wait for use. */
typedef struct serve_exchanges {
    serve_exchange *first; /* owned */
    size_t n;
} serve_exchanges; /* {0} is empty */

/* A fresh one for lane, counted as open there; NULL when memory is short. */
serve_exchange *serve_exchange_begin(serve_exchanges *idle, serve_lane *lane) TML_NODISCARD;
/* Gives it back; counted as closed unless that was done before. */
void serve_exchange_end(serve_exchanges *idle, serve_exchange *ex);
void serve_exchanges_deinit(serve_exchanges *idle);

/* Looks at one header and keeps its value (borrowed) if it is one that counts here. */
void serve_exchange_put_header(serve_exchange *ex, tml_str name, tml_str value);
/* Whether the body that Content-Length announces, if it does, has at most max bytes. */
bool serve_exchange_is_at_most(const serve_exchange *ex, size_t max);
/* Takes n bytes of the body. False when it has got longer than max. */
bool serve_exchange_take(serve_exchange *ex, const char *bytes, size_t n, size_t max);
void serve_exchange_set_uploading(const serve_exchange *ex, bool is_uploading);

/* Makes the answer to a body over the limit and, in ex->body, the bytes to send as they are. Not open any more. */
void serve_exchange_refuse(serve_exchange *ex);
/* Makes the answers of n exchanges, at most SERVE_CHUNK_ROWS, on the thread of lane, and calls them answered; a lane of
 * NULL, for want of memory, gives a 503. */
void serve_exchange_work(serve_exchange *const *list, size_t n, serve_lane *lane);

/* ---- answers in pieces (exchange_pieces.c) ---- */

/* On a worker's thread: sends what is in ex->answer.body and empties it. False when the client is gone. */
bool serve_exchange_put_piece(serve_exchange *ex);
/* The worker's last word: the answer is complete with what is in ex->answer.body. */
void serve_exchange_finish_pieces(serve_exchange *ex);
/* Likewise, but what is out is all that there will be: the connection is cut. */
void serve_exchange_cut_short(serve_exchange *ex);
/* Whether nobody waits for the answer; on the worker's thread. */
bool serve_exchange_is_abandoned(const serve_exchange *ex);

#endif
