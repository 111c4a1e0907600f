/* A list of open sockets under a lock: it changes with connections, not with requests. */
#include "serve/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/sockios.h>
#include <linux/tcp.h> /* the C library's own ends before tcpi_bytes_received */

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"

enum {
    PHASE_BITS = 3,
    PHASE_MASK = (1 << PHASE_BITS) - 1,
    TCP_IS_CLOSED = 7, /* tcpi_state; the header that names it cannot stand beside linux/tcp.h */
};

/* ---- answers on their way ---- */

/* Whether the client has yet to take what was written. Of one that has reset its connection the kernel still counts what it
 * has not taken. */
static bool is_unread(int fd)
{
    int n_bytes = 0;
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    return ioctl(fd, SIOCOUTQ, &n_bytes) == 0 && n_bytes > 0 &&
           (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0 ||
            info.tcpi_state != TCP_IS_CLOSED);
}

static void end_leaving(serve_connections *list, serve_connection **at)
{
    serve_connection *ended = *at;
    *at = ended->next;
    list->n_leaving--;
    (void)close(ended->fd);
    tmli_free(ended);
}

/* Those that have been read to their end, or never will be. */
static void end_read(serve_connections *list)
{
    serve_connection **at = &list->leaving;
    while (*at != NULL) {
        if (is_unread((*at)->fd)) {
            at = &(*at)->next;
        } else {
            end_leaving(list, at);
        }
    }
}

/* Open sockets never number more than connections may. */
static bool has_room(const serve_connections *list)
{
    return list->limits.max_connections == 0 ||
           list->n + list->n_leaving < list->limits.max_connections;
}

/* ---- the list ---- */

static bool address_of(const struct sockaddr *from, uint8_t out[16])
{
    memset(out, 0, 16);
    if (from != NULL && from->sa_family == AF_INET) {
        out[10] = out[11] = 0xff; /* as IPv6 writes it */
        memcpy(out + 12, &((const struct sockaddr_in *)from)->sin_addr, 4);
        return true;
    }
    if (from != NULL && from->sa_family == AF_INET6) {
        memcpy(out, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
        return true;
    }
    return false;
}

static size_t count_from(const serve_connections *list, const uint8_t address[16])
{
    size_t n = 0;
    for (const serve_connection *at = list->first; at != NULL; at = at->next) {
        n += memcmp(at->address, address, 16) == 0 ? 1 : 0;
    }
    return n;
}

/* The refusal that one more connection gets, or 0. */
static unsigned refusal_of(const serve_connections *list, const serve_connection *added,
                           bool has_address)
{
    const serve_limits *limits = &list->limits;
    if (limits->max_connections > 0 && list->n >= limits->max_connections) {
        return 503;
    }
    if (limits->max_per_address > 0 && has_address &&
        count_from(list, added->address) >= limits->max_per_address) {
        return 429;
    }
    return 0;
}

serve_connection *serve_connections_add(serve_connections *list, int fd,
                                        const struct sockaddr *address)
{
    serve_connection *added = tmli_calloc(1, sizeof(*added));
    if (added == NULL) {
        return NULL;
    }
    const bool has_address = address_of(address, added->address);
    added->fd = fd;
    added->seen_state = SERVE_PHASE_CUT; /* as yet unseen */
    atomic_init(&added->state, SERVE_PHASE_NEW);
    atomic_init(&added->n_body, 0);
    (void)pthread_mutex_lock(&list->lock);
    added->refusal = refusal_of(list, added, has_address);
    added->next = list->first;
    if (list->first != NULL) {
        list->first->previous = added;
    }
    list->first = added;
    if (!has_room(list) && list->leaving != NULL) {
        end_leaving(list, &list->leaving);
    }
    list->n++;
    const bool is_far_over = list->limits.max_connections > 0 &&
                             list->n > list->limits.max_connections + SERVE_MORE_CONNECTIONS;
    (void)pthread_mutex_unlock(&list->lock);
    if (is_far_over) {
        (void)shutdown(fd, SHUT_RDWR);
    }
    return added;
}

static void unlink_from(serve_connections *list, serve_connection *connection)
{
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        list->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    list->n--;
}

void serve_connections_remove(serve_connections *list, serve_connection *connection)
{
    if (connection == NULL) {
        return;
    }
    const int kept = is_unread(connection->fd) ? fcntl(connection->fd, F_DUPFD_CLOEXEC, 0) : -1;
    (void)pthread_mutex_lock(&list->lock);
    unlink_from(list, connection);
    const bool leaves = kept >= 0 && has_room(list);
    if (leaves) {
        connection->fd = kept;
        connection->next = list->leaving;
        list->leaving = connection;
        list->n_leaving++;
        (void)shutdown(kept, SHUT_WR); /* what its owner's close no longer does */
    }
    (void)pthread_mutex_unlock(&list->lock);
    if (!leaves) {
        if (kept >= 0) {
            (void)close(kept);
        }
        tmli_free(connection);
    }
}

/* ---- one connection ---- */

static serve_phase phase_of(unsigned state)
{
    return (serve_phase)(state & PHASE_MASK);
}

bool serve_connection_enter(serve_connection *connection, serve_phase phase)
{
    unsigned state = atomic_load_explicit(&connection->state, memory_order_relaxed);
    /* The counter tells the watch a request from the one after it. */
    const unsigned entered =
        ((state & ~(unsigned)PHASE_MASK) + (1U << PHASE_BITS)) | (unsigned)phase;
    return phase_of(state) < SERVE_PHASE_CUT &&
           atomic_compare_exchange_strong_explicit(&connection->state, &state, entered,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

void serve_connection_count_body(serve_connection *connection, size_t n)
{
    const size_t before = atomic_load_explicit(&connection->n_body, memory_order_relaxed);
    atomic_store_explicit(&connection->n_body, before + n, memory_order_relaxed);
}

bool serve_connection_is_broken(const serve_connection *connection)
{
    struct pollfd look = {.fd = connection->fd};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
}

static serve_phase phase_now(const serve_connection *connection)
{
    return phase_of(atomic_load_explicit(&connection->state, memory_order_acquire));
}

bool serve_connection_is_late(const serve_connection *connection)
{
    return phase_now(connection) == SERVE_PHASE_LATE;
}

bool serve_connection_is_late_new(const serve_connection *connection)
{
    return phase_now(connection) == SERVE_PHASE_LATE_NEW;
}

/* ---- the watch ---- */

static unsigned seconds_for(const serve_limits *limits, serve_phase phase)
{
    switch (phase) {
    case SERVE_PHASE_NEW:
    case SERVE_PHASE_HEADERS: return limits->header_s;
    case SERVE_PHASE_IDLE: return limits->idle_s;
    case SERVE_PHASE_BODY: return limits->body_s;
    case SERVE_PHASE_BUSY:
    case SERVE_PHASE_CUT:
    case SERVE_PHASE_LATE:
    case SERVE_PHASE_LATE_NEW: return 0;
    }
    return 0;
}

/* Whether the client has sent anything at all. */
static bool has_said_something(int fd)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_bytes_received > 0;
}

static void say_408(const serve_connections *list, int fd, serve_phase phase)
{
    char body[256];
    char answer[512];
    if (phase == SERVE_PHASE_BODY) {
        (void)snprintf(body, sizeof(body),
                       "the body came too slowly: less than %d bytes in %u s; send it faster, or "
                       "start serve with a larger --body-timeout",
                       SERVE_LEAST_BODY_BYTES, list->limits.body_s);
    } else {
        (void)snprintf(body, sizeof(body),
                       "the headers were not complete after %u s; send them faster, or start serve "
                       "with a larger --header-timeout",
                       list->limits.header_s);
    }
    const int n_body =
        (int)strlen("{\"error\":{\"code\":408,\"message\":\"\"}}") + (int)strlen(body);
    const int n = snprintf(answer, sizeof(answer),
                           "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
                           "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                           "{\"error\":{\"code\":408,\"message\":\"%s\"}}",
                           n_body, body);
    if (n > 0 && (size_t)n < sizeof(answer)) {
        (void)!send(fd, answer, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

/* False when its owner has just gone on with it. */
static bool claim(serve_connection *connection, unsigned state, serve_phase as)
{
    return atomic_compare_exchange_strong_explicit(&connection->state, &state, as,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

/* Ends a connection that took too long. */
static void cut(const serve_connections *list, serve_connection *connection, unsigned state)
{
    const serve_phase phase = phase_of(state);
    const bool has_begun =
        phase == SERVE_PHASE_NEW ? has_said_something(connection->fd) : phase != SERVE_PHASE_IDLE;
    const serve_phase late = phase == SERVE_PHASE_NEW ? SERVE_PHASE_LATE_NEW : SERVE_PHASE_LATE;
    if (!claim(connection, state, has_begun ? late : SERVE_PHASE_CUT)) {
        return;
    }
    if (has_begun && !list->is_tls) {
        say_408(list, connection->fd, phase);
    }
    (void)shutdown(connection->fd, SHUT_RDWR); /* its owner sees that, and closes it */
}

/* Nothing is left to read, and nothing will come. */
static bool is_gone(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whether a look should be taken if the client has closed: in the middle of a request always, between two once. For what is
 * still for a second has been read to its end: its owner is not about to answer it. */
static bool may_be_gone(const serve_connection *connection, serve_phase phase, unsigned now_s)
{
    switch (phase) {
    case SERVE_PHASE_HEADERS:
    case SERVE_PHASE_BODY: return true;
    case SERVE_PHASE_NEW:
    case SERVE_PHASE_IDLE: return now_s - connection->since_s == 1;
    case SERVE_PHASE_BUSY:
    case SERVE_PHASE_CUT:
    case SERVE_PHASE_LATE:
    case SERVE_PHASE_LATE_NEW: return false;
    }
    return false;
}

static void look_at(const serve_connections *list, serve_connection *connection, unsigned now_s)
{
    const unsigned state = atomic_load_explicit(&connection->state, memory_order_relaxed);
    const size_t n_body = atomic_load_explicit(&connection->n_body, memory_order_relaxed);
    const serve_phase phase = phase_of(state);
    const unsigned limit_s = seconds_for(&list->limits, phase);
    const bool is_still = n_body == connection->last_body;
    connection->last_body = n_body;
    if (state != connection->seen_state ||
        n_body - connection->seen_body >= SERVE_LEAST_BODY_BYTES) {
        connection->seen_state = state;
        connection->seen_body = n_body;
        connection->since_s = now_s;
    } else if (limit_s > 0 && now_s - connection->since_s >= limit_s) {
        cut(list, connection, state);
    } else if (is_still && may_be_gone(connection, phase, now_s) && is_gone(connection->fd) &&
               claim(connection, state, SERVE_PHASE_CUT)) {
        (void)shutdown(connection->fd, SHUT_RDWR);
    }
}

static void look_at_all(serve_connections *list, unsigned now_s)
{
    end_read(list);
    for (serve_connection *at = list->first; at != NULL; at = at->next) {
        look_at(list, at, now_s);
    }
}

void serve_connections_look(serve_connections *list, unsigned now_s)
{
    (void)pthread_mutex_lock(&list->lock);
    look_at_all(list, now_s);
    (void)pthread_mutex_unlock(&list->lock);
}

void serve_connections_end_gone(serve_connections *list)
{
    (void)pthread_mutex_lock(&list->lock);
    for (serve_connection *at = list->first; at != NULL; at = at->next) {
        const serve_phase phase = phase_of(atomic_load_explicit(&at->state, memory_order_relaxed));
        if ((phase == SERVE_PHASE_HEADERS || phase == SERVE_PHASE_BODY) && is_gone(at->fd)) {
            (void)shutdown(at->fd, SHUT_RDWR);
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
}

size_t serve_connections_unread(serve_connections *list)
{
    (void)pthread_mutex_lock(&list->lock);
    end_read(list);
    size_t n = list->n_leaving;
    for (const serve_connection *at = list->first; at != NULL; at = at->next) {
        n += is_unread(at->fd) ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&list->lock);
    return n;
}

/* Counts its own rounds instead of seconds: what stood still with it, a stopped process or a starved one, loses no time. */
static void *watch(void *arg)
{
    serve_connections *list = arg;
    (void)pthread_mutex_lock(&list->lock);
    for (unsigned round_s = 0; !list->is_ending; round_s++) {
        struct timespec next;
        int waited = 0;
        (void)clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_sec++;
        while (!list->is_ending && waited != ETIMEDOUT) {
            waited = pthread_cond_timedwait(&list->ending, &list->lock, &next);
        }
        if (!list->is_ending) {
            look_at_all(list, round_s);
        }
    }
    (void)pthread_mutex_unlock(&list->lock);
    return NULL;
}

/* ---- begin and end ---- */

/* Times on the clock that nobody sets. */
static bool init_ending(pthread_cond_t *ending)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0) {
        return false;
    }
    const bool done = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(ending, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return done;
}

unsigned serve_connections_of_pool(const serve_limits *limits, size_t n_threads)
{
    enum {
        MOST = 1 << 30
    };
    const size_t more = limits->max_connections + SERVE_MORE_CONNECTIONS;
    return more < MOST / n_threads ? (unsigned)(more * n_threads) : MOST;
}

tml_status serve_connections_init(serve_connections *list, const serve_limits *limits, bool is_tls,
                                  tml_error *err)
{
    *list = (serve_connections){.limits = *limits, .is_tls = is_tls};
    if (pthread_mutex_init(&list->lock, NULL) != 0) {
        return tmli_fail_memory(err, "a lock");
    }
    if (!init_ending(&list->ending)) {
        (void)pthread_mutex_destroy(&list->lock);
        return tmli_fail_memory(err, "a lock");
    }
    if (tmli_thread_start(&list->watch, watch, list) != 0) {
        (void)pthread_cond_destroy(&list->ending);
        (void)pthread_mutex_destroy(&list->lock);
        return tmli_fail_memory(err, "the thread that watches over connections");
    }
    list->has_watch = true;
    return TML_OK;
}

void serve_connections_deinit(serve_connections *list)
{
    if (!list->has_watch) {
        return;
    }
    (void)pthread_mutex_lock(&list->lock);
    list->is_ending = true;
    (void)pthread_cond_signal(&list->ending);
    (void)pthread_mutex_unlock(&list->lock);
    (void)pthread_join(list->watch, NULL);
    while (list->leaving != NULL) {
        end_leaving(list, &list->leaving);
    }
    (void)pthread_cond_destroy(&list->ending);
    (void)pthread_mutex_destroy(&list->lock);
    list->has_watch = false;
}
