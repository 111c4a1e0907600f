/* serve/kept.h: answers that were given before, ready to be given again, one table a thread.
 *
 * Short answers repeat: a label alone is one of a few. Making libmicrohttpd's response, its header and its lock anew
 * would take some 0.5 µs of the 10 that a short request takes. */
#ifndef SERVE_KEPT_H
#define SERVE_KEPT_H

#include <stdbool.h>
#include <stddef.h>

#include "serve/answer.h"

enum {
    SERVE_KEPT_ANSWERS = 32,      /* many a model has fewer labels */
    SERVE_KEPT_ANSWER_BYTES = 96, /* a label in its JSON */
};

typedef struct serve_kept {
    void *response; /* owned by the caller of serve_kept_put; NULL while unused */
    const char *content_type;
    size_t n;
    char bytes[SERVE_KEPT_ANSWER_BYTES];
} serve_kept;

typedef struct serve_kept_table {
    serve_kept places[SERVE_KEPT_ANSWERS]; /* by hash */
} serve_kept_table;                        /* {0} is empty */

/* Where the answer is kept, or would be; NULL for one that is not worth it. */
serve_kept *serve_kept_place(serve_kept_table *table, const serve_answer *answer);
/* The response that was kept there for an equal answer, or NULL. */
void *serve_kept_get(const serve_kept *place, const serve_answer *answer);
/* Keeps a response; returns the one that it replaces, or NULL. */
void *serve_kept_put(serve_kept *place, const serve_answer *answer, void *response) TML_NODISCARD;

#endif
