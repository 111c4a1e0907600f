/* serve/torn.h: models whose file is cut short while it is in use, as "cp" onto it does.
 *
 * A model is a mapping of its file. Reading a page that the file no longer has ends a process with SIGBUS; here such a page
 * reads as zeros from then on, and the mark of the model that was being read is set: what was made of it is no answer. */
#ifndef SERVE_TORN_H
#define SERVE_TORN_H

#include <stdatomic.h>
#include <stdbool.h>

/* Where a page was missed. All 0 is a whole model. */
typedef struct serve_torn {
    atomic_uint state; /* 0: whole; 1: torn; 2: likewise, and somebody has been told */
} serve_torn;

/* Once, before there are threads. */
void serve_torn_catch(void);
/* The calling thread reads a model from now on; NULL: it reads none. What it reads besides still ends the process, with a
 * sentence. */
void serve_torn_enter(serve_torn *torn);
bool serve_torn_is(const serve_torn *torn);
bool serve_torn_is_first(serve_torn *torn); /* true for one caller, of a torn one */

#endif
