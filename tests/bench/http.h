/* bench/http.h: as much of an HTTP client as measuring needs: one keep-alive connection to a port of this machine. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/str.h"

/* A connected socket, or -1 when nobody listens. */
int bench_connect(uint16_t port);
/* Sends all of text; false when the connection broke. */
bool bench_send(int fd, tml_str text);
/* Reads one whole answer with a Content-Length into *out (reset first): head and body.
 * Returns its status, or 0 when the connection broke or the answer is not one. *body: borrowed from *out. */
unsigned bench_receive(int fd, tmli_buf *out, tml_str *body);

/* A running server. */
typedef struct bench_server {
    int pid;
    uint16_t port;
} bench_server;

/* A port that was free a moment ago. */
uint16_t bench_free_port(void);
/* Starts argv (NULL-ended); in each argument {port} stands for the port. Its output goes to stderr.
 * Ends the program with a sentence when it cannot be started. */
bench_server bench_server_start(char *const *argv);
/* SIGTERM, then waits; false when the server did not end with 0. */
bool bench_server_stop(const bench_server *server);

#endif
