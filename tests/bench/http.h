/* bench/http.h: servers to be measured. They are asked by support/wire.h. */
#ifndef BENCH_HTTP_H
#define BENCH_HTTP_H

#include <stdbool.h>
#include <stdint.h>

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
