/* serve/invoke.h: POST /invocations: bodies → texts → scores → bodies, for several requests at once.
 *
 * The texts of all of them are scored together, since a network's weights then come from memory once for many texts and
 * the sums of several rows run side by side: 16 requests of one headline take half the time of 16 times one. An answer
 * does not depend on what it was scored with. */
#ifndef SERVE_INVOKE_H
#define SERVE_INVOKE_H

#include <stddef.h>

#include "serve/routes.h"

/* Answers n requests to the same model, at most SERVE_CHUNK_ROWS. It never fails: what goes wrong with one becomes its answer.
 * What it has taken from the lane's arena stays there. */
void serve_invoke(serve_lane *lane, const serve_call *calls, size_t n);

#endif
