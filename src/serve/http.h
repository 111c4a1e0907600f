/* serve/http.h: the socket side: libmicrohttpd in front of the routes.
 *
 * Requests are answered on the thread that read them, one of n with an epoll set each; bodies that take long are handed
 * to workers meanwhile. One such server a process. */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/server.h"
#include "textml/status.h"

typedef struct serve_http serve_http;

typedef struct serve_http_options {
    const char *host; /* an IPv4 or IPv6 address */
    uint16_t port;    /* 0: any free one */
    size_t n_threads; /* at least 1 */
    char *tls_cert;   /* PEM, borrowed and only read; NULL: no TLS */
    char *tls_key;
} serve_http_options;

/* Listens and answers from now on. server: borrowed; its settings are fixed by then. out: end with serve_http_stop.
 * Errors: TML_EINVAL for host, TML_EIO when the port cannot be had or the certificate
 * not be read, TML_ENOMEM. */
TML_NODISCARD tml_status serve_http_start(serve_server *server, const serve_http_options *options,
                                          serve_http **out, tml_error *err);
uint16_t serve_http_port(const serve_http *http); /* the one that was bound */
/* Refuses new connections; those there are may finish, and are told to close with their next answer. */
void serve_http_stop_accepting(serve_http *http);
/* Requests that have begun and whose clients still wait. */
size_t serve_http_open_requests(serve_http *http);
/* Connections whose clients have not taken all of their answers, though they have left for us. */
size_t serve_http_unread_answers(serve_http *http);
/* Closes all connections and ends the threads. Call it after stop_accepting, when no request is open any more. */
void serve_http_stop(serve_http *http);

#endif
