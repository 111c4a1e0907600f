/* A list of open sockets under a lock: it changes with connections, not with requests. */
#include "serve/connections.h"

#include <sys/socket.h>

#include "base/mem.h"

bool serve_connections_init(serve_connections *list)
{
    list->first = NULL;
    return pthread_mutex_init(&list->lock, NULL) == 0;
}

void serve_connections_deinit(serve_connections *list)
{
    (void)pthread_mutex_destroy(&list->lock);
}

serve_connection *serve_connections_add(serve_connections *list, int fd)
{
    serve_connection *connection = tmli_calloc(1, sizeof(*connection));
    if (connection == NULL) {
        return NULL;
    }
    connection->fd = fd;
    atomic_init(&connection->is_uploading, false);
    (void)pthread_mutex_lock(&list->lock);
    connection->next = list->first;
    if (list->first != NULL) {
        list->first->previous = connection;
    }
    list->first = connection;
    (void)pthread_mutex_unlock(&list->lock);
    return connection;
}

void serve_connections_remove(serve_connections *list, serve_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&list->lock);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        list->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    (void)pthread_mutex_unlock(&list->lock);
    tmli_free(connection);
}

/* Nothing is left to read, and nothing will come. */
static bool is_gone(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void serve_connections_end_gone(serve_connections *list)
{
    (void)pthread_mutex_lock(&list->lock);
    for (serve_connection *at = list->first; at != NULL; at = at->next) {
        if (atomic_load_explicit(&at->is_uploading, memory_order_relaxed) && is_gone(at->fd)) {
            (void)shutdown(at->fd, SHUT_RDWR);
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
}
