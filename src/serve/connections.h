/* serve/connections.h: the open sockets, kept so that a stopping server need not wait for clients that are gone.
 *
 * libmicrohttpd learns that a client has closed when the socket becomes readable anew; a close that arrives together
 * with data goes unnoticed until the idle timeout. Then half a body is a request that never ends. */
#ifndef SERVE_CONNECTIONS_H
#define SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "textml/version.h"

typedef struct serve_connection {
    struct serve_connection *next; /* under the list's lock, as previous */
    struct serve_connection *previous;
    int fd;                   /* borrowed: open as long as this is in the list */
    atomic_bool is_uploading; /* a request has begun and its body is not complete */
} serve_connection;

typedef struct serve_connections {
    pthread_mutex_t lock;
    serve_connection *first; /* owned, under lock */
} serve_connections;

bool serve_connections_init(serve_connections *list) TML_NODISCARD;
void serve_connections_deinit(serve_connections *list); /* empty by then */

/* Owned by the list until removed; NULL when memory is short. */
serve_connection *serve_connections_add(serve_connections *list, int fd) TML_NODISCARD;
/* Before fd is closed. connection: NULL is allowed. */
void serve_connections_remove(serve_connections *list, serve_connection *connection);

/* Shuts the sockets down whose clients have closed in the middle of a body: their owner then sees them end. */
void serve_connections_end_gone(serve_connections *list);

#endif
