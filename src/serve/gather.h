/* serve/gather.h: short requests of one thread that arrived together and are answered together.
 *
 * Scored together they cost half, and answers that leave together wake their clients once. */
#ifndef SERVE_GATHER_H
#define SERVE_GATHER_H

#include <stddef.h>

#include "serve/exchange.h"

enum {
    SERVE_LONG_BODY_BYTES =
        64 << 10,            /* some 1,000 headlines, 2 ms: what a /ping may have to wait for */
    SERVE_MAX_GATHERED = 32, /* more gain nothing */
};

typedef struct serve_gathered {
    serve_exchange *waiting[SERVE_MAX_GATHERED]; /* borrowed from their connections */
    size_t n, n_bytes;
} serve_gathered; /* {0} is empty */

/* Lets ex wait for others; answers all at once when they are many or long. */
void serve_gather(serve_gathered *gathered, serve_exchange *ex);
/* Answers all that wait on this thread. */
void serve_gather_answer(serve_gathered *gathered, serve_lane *lane);
/* The answer to what was broken off would be written to memory that is used again. */
void serve_gather_forget(serve_gathered *gathered, const serve_exchange *ex);

#endif
