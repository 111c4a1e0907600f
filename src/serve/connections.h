/* serve/connections.h: the open sockets: how many there may be, and how long each may take.
 *
 * A thread of the list's own looks at them once a second and cuts those whose clients let others wait. libmicrohttpd's
 * timeouts cost a clock, a lock and a move in a list for each piece that is read or written; here the owner of a
 * connection writes down which phase it enters, and the watch does the rest. */
#ifndef SERVE_CONNECTIONS_H
#define SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "textml/status.h"

/* What clients may take. 0 is no limit. */
typedef struct serve_limits {
    size_t max_connections;
    size_t max_per_address; /* connections from one IP address */
    unsigned
        header_s; /* from the request line, of a new connection from its start, to the end of the headers */
    unsigned body_s; /* in which SERVE_LEAST_BODY_BYTES of a body must come, or its end */
    unsigned idle_s; /* between two requests; also in which a client must take some of its answer */
} serve_limits;

enum {
    SERVE_LEAST_BODY_BYTES = 1024, /* in body_s: what a modem of 1990 does in one second */
    SERVE_MORE_CONNECTIONS = 64,   /* over the limit, that get words; further ones are shut down */
};

/* What a connection waits for. */
typedef enum serve_phase {
    SERVE_PHASE_NEW,     /* the first request */
    SERVE_PHASE_IDLE,    /* the next request */
    SERVE_PHASE_HEADERS, /* has a request line */
    SERVE_PHASE_BODY,
    SERVE_PHASE_BUSY,     /* for us, or for the client to take the answer */
    SERVE_PHASE_CUT,      /* nothing: it is shut down, as the next */
    SERVE_PHASE_LATE,     /* a request took too long, and has a 408 */
    SERVE_PHASE_LATE_NEW, /* likewise, before its line was complete */
} serve_phase;

typedef struct serve_connection {
    struct serve_connection *next; /* under the list's lock, as previous */
    struct serve_connection *previous;
    int fd;               /* borrowed: open as long as this is in the list; owned once it leaves */
    unsigned refusal;     /* of HTTP: its first request is answered so; 0: it is welcome */
    uint8_t address[16];  /* IPv6, or IPv4 as such */
    atomic_uint state;    /* the phase, and above it how often one was entered */
    atomic_size_t n_body; /* bytes of bodies that came; written by its owner alone */
    /* The watch's own, under the lock: */
    unsigned seen_state;
    size_t seen_body; /* at least SERVE_LEAST_BODY_BYTES before the next */
    size_t last_body; /* in its last look */
    unsigned since_s; /* when it saw the first two first */
} serve_connection;

typedef struct serve_connections {
    serve_limits limits; /* fixed, as is the next */
    bool is_tls;         /* nothing may be said on a socket past the encryption */
    pthread_t watch;
    bool has_watch;
    pthread_mutex_t lock;
    pthread_cond_t ending;
    bool is_ending;          /* under lock, as all below */
    serve_connection *first; /* owned */
    size_t n;
    serve_connection *leaving; /* owned: removed with an answer that their clients still read */
    size_t n_leaving;
} serve_connections;

/* Starts the watch. Errors: TML_ENOMEM when there is no thread to be had. */
TML_NODISCARD tml_status serve_connections_init(serve_connections *list, const serve_limits *limits,
                                                bool is_tls, tml_error *err);
void serve_connections_deinit(serve_connections *list); /* all removed by then */

/* What a pool that gives each of its threads an equal share of the connections must be told, since one thread may have to
 * hold all: the list counts them together, and refuses in words. */
unsigned serve_connections_of_pool(const serve_limits *limits, size_t n_threads);

/* Owned by the list until removed; NULL when memory is short. address: the client's, NULL when unknown. Over the limits it
 * gets a refusal, far over them it is shut down. */
serve_connection *serve_connections_add(serve_connections *list, int fd,
                                        const struct sockaddr *address) TML_NODISCARD;
/* Before fd is closed. connection: NULL is allowed. While its client has not taken all that was written, and there is room,
 * the socket stays open under another number: where the end of the process is also the end of its network, as in a container,
 * what lies in the socket would be lost. */
void serve_connections_remove(serve_connections *list, serve_connection *connection);

/* Called by the connection's owner. False when the watch has cut it: nobody listens any more. */
bool serve_connection_enter(serve_connection *connection, serve_phase phase);
void serve_connection_count_body(serve_connection *connection, size_t n);
/* True when the client's side has broken off: by a reset, not merely by having said all. */
bool serve_connection_is_broken(const serve_connection *connection);

/* Whether the watch has cut it with a 408: in the middle of a request, or before there was one. */
bool serve_connection_is_late(const serve_connection *connection);
bool serve_connection_is_late_new(const serve_connection *connection);

/* One look at all connections at this second; the watch's work, and the tests'. */
void serve_connections_look(serve_connections *list, unsigned now_s);
/* Shuts the sockets down whose clients have closed in the middle of a request: their owner then sees them end.
 * libmicrohttpd learns of a close when the socket becomes readable anew; one that arrives together with data goes
 * unnoticed, and half a body would be a request that never ends. The watch does it too, but takes its time. */
void serve_connections_end_gone(serve_connections *list);
/* Connections whose clients have yet to take some of what was written, those that have been removed included. */
size_t serve_connections_unread(serve_connections *list);

#endif
