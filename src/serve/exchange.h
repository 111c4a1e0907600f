/* serve/exchange.h: a request from its headers to the end of its answer, as the socket's side sees it.
 *
 * Exchanges are used again by the thread that made them, with their buffers: a steady load allocates none. */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "serve/connections.h"
#include "serve/routes.h"
#include "serve/workers.h"
#include "textml/str.h"

typedef enum serve_stage {
    SERVE_BEGUN, /* has a request line */
    SERVE_READING,
    SERVE_WAITING,   /* complete, to be answered together with others of its thread */
    SERVE_REFUSED,   /* a refusal was sent; what still comes is dropped */
    SERVE_WORKING,   /* a worker has it; the connection is suspended */
    SERVE_STREAMING, /* a worker has it; what it has done so far can be sent */
    SERVE_ANSWERED,  /* ready to be sent */
} serve_stage;

/* An answer on its way while the work on it goes on: the worker puts pieces in, the connection's thread takes them out. */
typedef struct serve_pieces {
    pthread_mutex_t lock;
    tmli_buf bytes; /* under lock, as all below but is_gone */
    size_t n_taken; /* of bytes */
    bool has_begun; /* some is out; the worker alone writes it and may read it unlocked */
    bool has_ended; /* the worker is done with the exchange */
    bool is_cut_short;
    bool is_asleep;      /* the connection waits for a piece, suspended */
    atomic_bool is_gone; /* the client is; written under lock */
    tmli_buf headers;    /* the request's, once the connection may end before the work */
} serve_pieces;

typedef struct serve_exchange {
    serve_job job;                     /* first, so that a job is its exchange */
    struct serve_exchange *next;       /* in its thread's list of idle ones */
    serve_lane *lane;                  /* of the thread that owns the connection */
    void *http;                        /* the rest of the socket's side: its own, borrowed */
    void *connection;                  /* as http */
    void (*suspend)(void *connection); /* called by the connection's thread */
    void (*resume)(void *connection);  /* by any */
    serve_connection *socket;          /* borrowed; NULL when there was no memory for it */
    serve_stage stage;
    bool is_open; /* counted in its lane */
    bool reads_body;
    bool is_ambiguous; /* it has two lengths */
    bool is_misread;   /* a header of it may be another than its sender meant */
    bool is_cut_short; /* its worker could not complete the answer */
    bool was_answered; /* by libmicrohttpd itself, in its own words */
    size_t n_received; /* bytes of the body; of a refused one: since then */
    size_t n_counted;  /* of them, in the server's n_arriving */
    tmli_buf body;
    serve_request request;  /* borrows from the connection and body */
    tml_str content_length; /* likewise, as the next */
    tml_str transfer_encoding;
    tmli_buf query; /* the request's */
    serve_answer answer;
    serve_pieces pieces;
    serve_invocation *invocation; /* owned; of a long request between its slices, otherwise NULL */
} serve_exchange;

/* Those of one thread that wait for use. */
typedef struct serve_exchanges {
    serve_exchange *first; /* owned */
    size_t n;
} serve_exchanges; /* {0} is empty */

/* A fresh one for lane, counted as open there; NULL when memory is short. */
serve_exchange *serve_exchange_begin(serve_exchanges *idle, serve_lane *lane) TML_NODISCARD;
/* Gives it back; counted as closed unless that was done before. Not while a worker has it. */
void serve_exchange_end(serve_exchanges *idle, serve_exchange *ex);
void serve_exchanges_deinit(serve_exchanges *idle);

/* Takes what stands behind the question mark of a request line's target, if there is one. */
void serve_exchange_put_target(serve_exchange *ex, const char *target);
/* Looks at one header and keeps its value (borrowed) if it is one that counts here. */
void serve_exchange_put_header(serve_exchange *ex, tml_str name, tml_str value);
/* Whether the answer is its status alone. */
bool serve_exchange_is_bare(const serve_exchange *ex);
/* The length of the body as Content-Length has it; 0 without one, SIZE_MAX for what is no number, or too large. */
size_t serve_exchange_announced(const serve_exchange *ex);
/* Whether the headers announce a body. */
bool serve_exchange_has_body(const serve_exchange *ex);
/* Whether the body that Content-Length announces, if it does, has at most max bytes. */
bool serve_exchange_is_at_most(const serve_exchange *ex, size_t max);
/* With all headers there: whether the request may be read on. Otherwise ex->answer says why not. */
bool serve_exchange_admit(serve_exchange *ex);
/* Makes the answer to headers that take more than max bytes of a connection's memory. */
void serve_exchange_refuse_headers(serve_exchange *ex, size_t max);
/* Takes n bytes of the body. False when it has got longer than max. */
bool serve_exchange_take(serve_exchange *ex, const char *bytes, size_t n, size_t max);
/* False when the connection was cut meanwhile. */
bool serve_exchange_enter(const serve_exchange *ex, serve_phase phase);

/* Of ex->answer makes, in ex->body, the bytes to send as they are, before the body has come. Not open any more. */
void serve_exchange_refuse(serve_exchange *ex);
/* Its body is no longer one that arrives. */
void serve_exchange_end_arrival(serve_exchange *ex);
/* Counts ex->answer, which is made; on the thread of lane. */
void serve_exchange_count(serve_exchange *ex, serve_lane *lane);
/* Makes the answers of n exchanges, at most SERVE_CHUNK_ROWS, on the thread of lane, and calls them answered; a lane of
 * NULL, for want of memory, gives a 503. */
void serve_exchange_work(serve_exchange *const *list, size_t n, serve_lane *lane);

/* ---- on a worker's thread (exchange_pieces.c) ---- */

/* Hands over what ex->answer.body holds, to be sent now, and leaves it empty. The first piece sends the answer's status
 * and headers too: they are fixed from then on. False when the client is gone or memory is short: the rest is not worth
 * its work. */
bool serve_exchange_put_piece(serve_exchange *ex) TML_NODISCARD;
/* The worker's last word: what ex->answer.body holds is the rest, or without pieces before it the whole answer. ex is not
 * the worker's any more. */
void serve_exchange_finish_pieces(serve_exchange *ex);
/* Instead: the answer cannot be completed. The client sees it break off. */
void serve_exchange_cut_short(serve_exchange *ex);
/* Whether nobody waits for the answer any more. A client that has merely closed its sending side does wait. Cheap beside
 * the scoring of some rows: a look at a flag, or a poll. */
bool serve_exchange_is_abandoned(const serve_exchange *ex);

/* ---- on the connection's thread ---- */

typedef enum serve_taken {
    SERVE_TAKEN_SOME,
    SERVE_TAKEN_NONE, /* none is there: the connection was suspended until one is */
    SERVE_TAKEN_ALL,  /* there will be no more */
    SERVE_TAKEN_CUT,  /* likewise, but it is not all */
} serve_taken;

/* Takes up to max bytes of what is to be sent. */
serve_taken serve_exchange_take_piece(serve_exchange *ex, char *out, size_t max, size_t *n);
/* The connection has ended in the middle of pieces. True when a worker still has ex, which then frees it; otherwise it is
 * to be ended as any other. */
bool serve_exchange_abandon(serve_exchange *ex);
/* For exchange_pieces.c. */
void serve_exchange_free(serve_exchange *ex);
void serve_exchange_count_closed(serve_exchange *ex);

#endif
