/* serve/invoke.h: POST /invocations: bodies → texts → scores → bodies, for several short requests at once, or for a long one
 * in slices.
 *
 * The texts of all of them are scored together, since a network's weights then come from memory once for many texts and
 * the sums of several rows run side by side: 16 requests of one headline take half the time of 16 times one. An answer
 * does not depend on what it was scored with, nor on how it was cut. */
#ifndef SERVE_INVOKE_H
#define SERVE_INVOKE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "serve/routes.h"

/* Answers n requests to the same model, at most SERVE_CHUNK_ROWS. It never fails: what goes wrong with one becomes its answer.
 * What it has taken from the lane's arena stays there. */
void serve_invoke(serve_lane *lane, const serve_call *calls, size_t n);

/* ---- a long one ---- */

typedef enum serve_slice {
    SERVE_SLICE_MORE,   /* step again */
    SERVE_SLICE_PIECE,  /* likewise; before that the answer's body is to be sent and emptied */
    SERVE_SLICE_DONE,   /* the answer is complete, behind the pieces that were sent */
    SERVE_SLICE_BROKEN, /* it has failed behind pieces that were sent: cut the answer off */
} serve_slice;

/* body: the request's, given back as soon as it has been read; borrowed until the end, as the call's two. Not tied to a
 * thread. NULL when memory is short: then the answer says so. */
serve_invocation *serve_invocation_begin(serve_server *server, const serve_call *call,
                                         tmli_buf *body) TML_NODISCARD;
/* Some milliseconds of work. With the setting streams an answer of lines comes in pieces; status and type are there with
 * the first. */
serve_slice serve_invocation_step(serve_invocation *invocation);
void serve_invocation_end(serve_invocation *invocation); /* NULL is allowed; at any time */

#endif
