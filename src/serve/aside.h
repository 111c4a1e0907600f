/* serve/aside.h: long requests, which are answered aside from the socket's threads, some milliseconds at a time. */
#ifndef SERVE_ASIDE_H
#define SERVE_ASIDE_H

#include <stdbool.h>

#include "serve/exchange.h"
#include "serve/workers.h"

/* Whether the answer takes so long that others would have to wait. */
bool serve_is_long(const serve_exchange *ex);
/* For the workers: a slice of the work on an exchange. True when it is answered. */
bool serve_work_aside(serve_lane *lane, serve_job *job);

/* Behind it: gives the exchange back to its own thread. */
void serve_finish_aside(serve_job *job);
/* Whether there is room for a body, from its headers on, as far as it has come: its own length when that is announced, what
 * waits already, and what else is arriving. Otherwise ex->answer turns it away. Costs a short one next to nothing. */
bool serve_has_room(serve_exchange *ex, serve_workers *workers);
/* Hands a long request over to workers, and one that loads or unloads a model to loaders, or turns it away; on the
 * connection's thread. False when it is neither, or must be answered here. */
bool serve_hand_over(serve_exchange *ex, serve_workers *workers, serve_workers *loaders);

#endif
