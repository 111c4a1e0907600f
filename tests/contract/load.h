/* contract/load.h: long requests over sockets of their own, and how long others take meanwhile. */
#ifndef CONTRACT_LOAD_H
#define CONTRACT_LOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "contract/server.h"

/* n_bytes of CSV at least, whole headlines; *n_rows of them (may be NULL). Free with tmli_buf_deinit. */
tmli_buf load_lines(size_t n_bytes, size_t *n_rows);
/* Sends the whole request, CSV with these header lines (each ended by \r\n; may be ""), on a connection of its own, which
 * is returned; nothing is read yet. */
int load_send(const server *s, const char *headers, const tmli_buf *lines);
bool load_has_answer(int fd); /* some of it, or the connection's end */
/* The answer, whole, with its headers (free); closes the connection. */
char *load_receive(int fd);
unsigned load_status(const char *answer);
const char *load_body(const char *answer);

/* Latencies in seconds. */
typedef struct load_times {
    double *items; /* owned */
    size_t n, capacity;
} load_times; /* {0} is empty */

void load_times_add(load_times *times, double seconds);
/* The value that this fraction of them does not exceed; sorts. There must be some. */
double load_times_quantile(load_times *times, double fraction);
void load_times_deinit(load_times *times);

/* What requests took while a long one was worked on. */
typedef struct load_latencies {
    load_times pings;
    load_times small; /* one headline */
    load_times hundred_kb;
} load_latencies; /* {0} before; deinit behind */

/* Sends lines and asks for other things until the answer begins; then *answer is it (free). */
void load_measure(server *s, const tmli_buf *lines, load_latencies *out, char **answer);
void load_latencies_deinit(load_latencies *latencies);

#endif
