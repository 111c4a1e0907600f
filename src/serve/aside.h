/* serve/aside.h: long requests, which are answered aside from the socket's threads, some milliseconds at a time. */
#ifndef SERVE_ASIDE_H
#define SERVE_ASIDE_H

#include <stdbool.h>

#include "serve/exchange.h"
#include "serve/workers.h"

/* Whether the answer takes so long that others would have to wait. */
bool serve_is_long(const serve_exchange *ex);
/* For the workers: a slice of the work on an exchange. True when it is answered; then its own thread has it again. */
bool serve_work_aside(serve_lane *lane, serve_job *job);

/* Hands a long request over to workers, and one that loads or unloads a model to loaders, or turns it away; on the
 * connection's thread. False when it is neither, or must be answered here. */
bool serve_hand_over(serve_exchange *ex, serve_workers *workers, serve_workers *loaders);

#endif
