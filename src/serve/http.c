/* The only file that includes libmicrohttpd: connections in, answers of the routes out.
 *
 * libmicrohttpd calls handle() for each request once with the headers, once for each piece of the body, and once at its
 * end, always on the thread that owns the connection. */
#include "serve/http.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/connections.h"
#include "serve/exchange.h"
#include "serve/listen.h"

enum {
    IDLE_TIMEOUT_S = 65, /* clients of SageMaker wait for an answer up to 60 s */
    /* Of each connection: headers, and the piece of a body that is read at a time. libmicrohttpd clears all of it after
     * each request; with the 32 KiB that it takes by itself that is a sixth of a short request's time. */
    CONNECTION_BYTES = 12 << 10,
    MAX_CONNECTIONS = 4096,
    SPARE_FILES = 64,           /* file descriptors that are not connections */
    STACK_BYTES = 512 << 10,    /* address space; what is touched counts, a few pages */
    LONG_BODY_BYTES = 64 << 10, /* some 1,000 headlines, 2 ms: what a /ping may have to wait for */
    MAX_WAITING = 32,           /* short requests that are scored together: more gain nothing */
    KEPT_ANSWERS = 32,          /* of a thread: many a model has fewer labels */
    KEPT_ANSWER_BYTES = 96,     /* a label in its JSON */
    MAX_DROPPED_BYTES = 64 << 20, /* of a refused body, before the connection is cut */
};

/* An answer that was given before, ready to be given again. */
typedef struct kept_answer {
    struct MHD_Response *response; /* owned; NULL while unused */
    const char *content_type;
    size_t n;
    char bytes[KEPT_ANSWER_BYTES];
} kept_answer;

/* What a thread that owns connections has besides its lane. */
typedef struct thread_side {
    serve_exchanges idle;
    serve_exchange
        *waiting[MAX_WAITING]; /* borrowed from their connections; to be answered in one go */
    size_t n_waiting, n_waiting_bytes;
    kept_answer kept[KEPT_ANSWERS]; /* by hash */
} thread_side;

struct serve_http {
    serve_server *server;       /* borrowed */
    struct MHD_Daemon *daemon;  /* owned, as all below */
    struct MHD_Response *empty; /* shared by all answers without a body */
    serve_workers *workers;
    serve_connections connections;
    bool has_connections;
    int listen_fd;
    uint16_t port;
    atomic_bool is_started;
    atomic_bool is_draining; /* the workers get no more jobs, connections close with their answer */
    tml_error start_fault;   /* libmicrohttpd's words while it starts */
};

/* The lane of this socket thread; the server owns it. */
static _Thread_local serve_lane *thread_lane;

/* ---- connections and exchanges ---- */

/* This thread's lane with its side, or NULL when memory is short. */
static serve_lane *lane_here(serve_http *http)
{
    if (thread_lane == NULL) {
        thread_lane = serve_lane_create(http->server);
    }
    if (thread_lane != NULL && thread_lane->side == NULL) {
        thread_lane->side = tmli_calloc(1, sizeof(thread_side));
    }
    return thread_lane != NULL && thread_lane->side != NULL ? thread_lane : NULL;
}

static serve_exchange *begin(serve_http *http, struct MHD_Connection *connection)
{
    serve_lane *lane = lane_here(http);
    if (lane == NULL) {
        return NULL;
    }
    thread_side *side = lane->side;
    serve_exchange *ex = serve_exchange_begin(&side->idle, lane);
    if (ex == NULL) {
        return NULL;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    ex->http = http;
    ex->connection = connection;
    ex->socket = info != NULL ? info->socket_context : NULL;
    serve_exchange_set_uploading(ex, true);
    return ex;
}

/* Answers all that wait on this thread. */
static void work_on_waiting(serve_lane *lane)
{
    thread_side *side = lane->side;
    serve_exchange_work(side->waiting, side->n_waiting, lane);
    side->n_waiting = 0;
    side->n_waiting_bytes = 0;
}

/* The answer to what was broken off would be written to memory that is used again. */
static void forget_waiting(serve_lane *lane, const serve_exchange *ex)
{
    thread_side *side = lane->side;
    size_t n = 0;
    for (size_t i = 0; i < side->n_waiting; i++) {
        if (side->waiting[i] != ex) {
            side->waiting[n++] = side->waiting[i];
        }
    }
    side->n_waiting = n;
}

/* libmicrohttpd's word that a request is over, answered or broken off. */
static void complete(void *ctx, struct MHD_Connection *connection, void **slot,
                     enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    serve_exchange *ex = *slot;
    if (ex != NULL) {
        thread_side *side = ex->lane->side;
        if (ex->stage == SERVE_WAITING) {
            forget_waiting(ex->lane, ex);
        }
        serve_exchange_end(&side->idle, ex);
        *slot = NULL;
    }
}

static int fd_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

static void watch_connection(void *ctx, struct MHD_Connection *connection, void **slot,
                             enum MHD_ConnectionNotificationCode what)
{
    serve_http *http = ctx;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = serve_connections_add(&http->connections, fd_of(connection));
    } else {
        serve_connections_remove(&http->connections, *slot);
        *slot = NULL;
    }
}

/* ---- answers ---- */

static struct MHD_Response *create_response(const serve_answer *answer,
                                            enum MHD_ResponseMemoryMode mode, bool closes)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.data, mode);
    if (response == NULL) {
        return NULL;
    }
    const struct {
        const char *name;
        const char *value;
    } headers[] = {
        {MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type},
        {MHD_HTTP_HEADER_ALLOW, answer->allow},
        {MHD_HTTP_HEADER_CONNECTION, closes ? "close" : NULL},
        {"X-Amzn-SageMaker-Custom-Attributes",
         answer->custom_attributes.len > 0 ? answer->custom_attributes.data : NULL},
        {answer->extra[0].name, answer->extra[0].value},
        {answer->extra[1].name, answer->extra[1].value},
        {answer->extra[2].name, answer->extra[2].value},
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i].name != NULL && headers[i].value != NULL &&
            MHD_add_response_header(response, headers[i].name, headers[i].value) != MHD_YES) {
            MHD_destroy_response(response);
            return NULL;
        }
    }
    return response;
}

/* Short answers repeat: a label alone is one of a few. Making a response, its header and its lock anew would take
 * some 0.5 µs of the 10 that a short request takes.
 * Where the answer is kept, or would be; NULL for one that is not worth it. */
static kept_answer *place_of(const serve_exchange *ex)
{
    const serve_answer *answer = &ex->answer;
    if (answer->status != MHD_HTTP_OK || answer->extra[0].name != NULL ||
        answer->custom_attributes.len > 0 || answer->body.len > KEPT_ANSWER_BYTES) {
        return NULL;
    }
    thread_side *side = ex->lane->side;
    return &side->kept[tmli_hash_v1(tmli_buf_str(&answer->body)) % KEPT_ANSWERS];
}

static bool is_kept(const kept_answer *kept, const serve_answer *answer)
{
    return kept->response != NULL && kept->content_type == answer->content_type &&
           kept->n == answer->body.len && memcmp(kept->bytes, answer->body.data, kept->n) == 0;
}

/* Takes the response in the place of what was kept there. */
static void keep(kept_answer *kept, const serve_answer *answer, struct MHD_Response *response)
{
    if (kept->response != NULL) {
        MHD_destroy_response(kept->response); /* those who still send it hold it too */
    }
    kept->response = response;
    kept->content_type = answer->content_type;
    kept->n = answer->body.len;
    memcpy(kept->bytes, answer->body.data, kept->n);
}

static enum MHD_Result queue(const serve_exchange *ex)
{
    const serve_http *http = ex->http;
    const serve_answer *answer = &ex->answer;
    const bool closes = atomic_load_explicit(&http->is_draining, memory_order_relaxed);
    if (answer->body.len == 0 && answer->allow == NULL && !closes) {
        return MHD_queue_response(ex->connection, answer->status, http->empty);
    }
    kept_answer *kept = closes ? NULL : place_of(ex);
    if (kept != NULL && is_kept(kept, answer)) {
        return MHD_queue_response(ex->connection, answer->status, kept->response);
    }
    /* Without a copy the exchange keeps the bytes until the answer has left. */
    struct MHD_Response *response = create_response(
        answer, kept != NULL ? MHD_RESPMEM_MUST_COPY : MHD_RESPMEM_PERSISTENT, closes);
    if (response == NULL) {
        return MHD_NO;
    }
    const enum MHD_Result result = MHD_queue_response(ex->connection, answer->status, response);
    if (kept != NULL) {
        keep(kept, answer, response);
    } else {
        MHD_destroy_response(response);
    }
    return result;
}

/* Answers 413 while the body is still coming, and drops what comes. libmicrohttpd can answer only before or behind a
 * body, and would close at once: data that arrive at a closed socket reset the connection, and many a client then loses
 * the answer. So the answer goes to the socket directly, its end tells the client to stop, and reading goes on. */
static void refuse(serve_exchange *ex)
{
    serve_exchange_refuse(ex);
    const int fd = fd_of(ex->connection);
    if (!ex->body.failed) {
        /* Some 300 bytes into an empty send buffer: they fit, or the client is gone. */
        (void)!send(fd, ex->body.data, ex->body.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)shutdown(fd, SHUT_WR);
    }
}

/* ---- requests ---- */

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   size_t n_name, const char *value, size_t n_value)
{
    (void)kind;
    serve_exchange_put_header(ctx, (tml_str){name, n_name}, (tml_str){value, n_value});
    return MHD_YES;
}

static void read_headers(serve_exchange *ex, const char *url, const char *method)
{
    const size_t max_body = ex->lane->server->settings.max_body;
    ex->request.method = tmli_str(method);
    ex->request.path = tmli_str(url);
    ex->reads_body = serve_reads_body(ex->request.method, ex->request.path);
    /* One pass over all headers: looking each up by name would walk them every time. */
    (void)MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, take_header, ex);
    if (!serve_exchange_is_at_most(ex, max_body)) {
        refuse(ex);
    }
}

static enum MHD_Result read_piece(serve_exchange *ex, const char *piece, size_t n)
{
    const bool is_refused = ex->stage == SERVE_REFUSED;
    const size_t max = is_refused ? MAX_DROPPED_BYTES : ex->lane->server->settings.max_body;
    if (serve_exchange_take(ex, piece, n, max)) {
        return MHD_YES;
    }
    if (is_refused) {
        return MHD_NO;
    }
    refuse(ex);
    return MHD_YES;
}

/* On a worker's thread. */
static void work_aside(serve_lane *lane, serve_job *job)
{
    serve_exchange *ex = (serve_exchange *)job;
    serve_exchange_work(&ex, 1, lane);
    MHD_resume_connection(ex->connection); /* from here on its own thread has it */
}

/* Hands a long request over; false when it must be answered here. */
static bool hand_over(serve_exchange *ex)
{
    const serve_http *http = ex->http;
    if (ex->body.len < LONG_BODY_BYTES ||
        atomic_load_explicit(&http->is_draining, memory_order_relaxed) ||
        !serve_workers_ready(http->workers)) {
        return false;
    }
    ex->stage = SERVE_WORKING;
    MHD_suspend_connection(ex->connection); /* first: the worker may be done before we return */
    serve_workers_add(http->workers, &ex->job);
    return true;
}

/* Lets a request wait for those that arrived with it. libmicrohttpd asks for an answer that was not given in its next
 * round, without waiting for anything to happen, and by then it has shown us every request that was there. Scored
 * together they cost half, and answers that leave together wake their clients once. */
static void let_wait(serve_exchange *ex)
{
    thread_side *side = ex->lane->side;
    ex->stage = SERVE_WAITING;
    side->waiting[side->n_waiting++] = ex;
    side->n_waiting_bytes += ex->body.len;
    if (side->n_waiting == MAX_WAITING || side->n_waiting_bytes > LONG_BODY_BYTES) {
        work_on_waiting(ex->lane);
    }
}

static enum MHD_Result finish(serve_exchange *ex)
{
    serve_exchange_set_uploading(ex, false);
    switch (ex->stage) {
    case SERVE_REFUSED: return MHD_NO; /* answered long ago: closes the connection */
    case SERVE_READING:
        if (!ex->reads_body) {
            serve_exchange_work(&ex, 1, ex->lane);
            break;
        }
        if (!hand_over(ex)) {
            let_wait(ex);
        }
        return MHD_YES;
    case SERVE_WAITING: work_on_waiting(ex->lane); break;
    case SERVE_WORKING:
    case SERVE_ANSWERED: break;
    }
    return queue(ex);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *piece,
                              size_t *n_piece, void **slot)
{
    (void)version;
    serve_http *http = ctx;
    serve_exchange *ex = *slot;
    if (ex == NULL) {
        ex = begin(http, connection);
        if (ex == NULL) {
            return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, http->empty);
        }
        *slot = ex;
        read_headers(ex, url, method);
        return MHD_YES;
    }
    if (*n_piece > 0) {
        const size_t n = *n_piece;
        *n_piece = 0;
        return read_piece(ex, piece, n);
    }
    return finish(ex);
}

/* ---- start and stop ---- */

/* While the server starts these are the reason why it does not. Later any client can cause them: for debugging only. */
static void take_message(void *ctx, const char *format, va_list args) TML_PRINTF(2, 0);
static void take_message(void *ctx, const char *format, va_list args)
{
    serve_http *http = ctx;
    char message[256];
    if (vsnprintf(message, sizeof(message), format, args) < 0) {
        return;
    }
    message[strcspn(message, "\r\n")] = '\0';
    if (!atomic_load(&http->is_started)) {
        (void)tmli_fail(&http->start_fault, TML_EIO, "%s", message);
    } else {
        tml_logf(http->server->log, TML_LOG_DEBUG, "libmicrohttpd: %s", message);
    }
}

/* As many as there are file descriptors for. */
static unsigned connection_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > MAX_CONNECTIONS + SPARE_FILES) {
        return MAX_CONNECTIONS;
    }
    return limit.rlim_cur > 2 * SPARE_FILES ? (unsigned)limit.rlim_cur - SPARE_FILES : SPARE_FILES;
}

static tml_status start_daemon(serve_http *http, size_t n_threads, tml_error *err)
{
    /* A pool of one is no pool; the library warns about it. */
    const struct MHD_OptionItem pool[] = {
        {n_threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)n_threads, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG,
        http->port, NULL, NULL, handle, http, MHD_OPTION_EXTERNAL_LOGGER, take_message, http,
        MHD_OPTION_LISTEN_SOCKET, http->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, watch_connection, http, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, connection_limit(), MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_BYTES, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, pool,
        MHD_OPTION_END);
    if (http->daemon == NULL) {
        return tmli_fail(err, TML_EIO, "the HTTP server does not start: %s",
                         http->start_fault.status != TML_OK ? http->start_fault.text
                                                            : "libmicrohttpd says no more");
    }
    atomic_store(&http->is_started, true);
    return TML_OK;
}

tml_status serve_http_start(serve_server *server, const serve_http_options *options,
                            serve_http **out, tml_error *err)
{
    tml_status status = TML_OK;
    serve_http *http = tmli_calloc(1, sizeof(*http));
    if (http == NULL) {
        return tmli_fail_memory(err, "the HTTP server");
    }
    http->server = server;
    http->listen_fd = -1;
    atomic_init(&http->is_draining, false);
    atomic_init(&http->is_started, false);
    http->empty = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    http->has_connections = serve_connections_init(&http->connections);
    if (http->empty == NULL || !http->has_connections) {
        TMLI_TRY(tmli_fail_memory(err, "the HTTP server"));
    }
    TMLI_TRY(serve_workers_create(server, options->n_threads, work_aside, &http->workers, err));
    http->port = options->port;
    TMLI_TRY(serve_listen(options->host, &http->port, &http->listen_fd, err));
    TMLI_TRY(start_daemon(http, options->n_threads, err));
    *out = http;
    http = NULL;
cleanup:
    serve_http_stop(http);
    return status;
}

uint16_t serve_http_port(const serve_http *http)
{
    return http->port;
}

void serve_http_stop_accepting(serve_http *http)
{
    atomic_store_explicit(&http->is_draining, true, memory_order_relaxed);
    (void)MHD_quiesce_daemon(http->daemon);
    /* The socket must live until the daemon has stopped, but the kernel need not complete connections on it. */
    (void)shutdown(http->listen_fd, SHUT_RDWR);
}

size_t serve_http_open_requests(serve_http *http)
{
    serve_connections_end_gone(&http->connections);
    return serve_server_open_requests(http->server);
}

static void free_side(thread_side *side)
{
    serve_exchanges_deinit(&side->idle);
    for (size_t i = 0; i < KEPT_ANSWERS; i++) {
        if (side->kept[i].response != NULL) {
            MHD_destroy_response(side->kept[i].response);
        }
    }
    tmli_free(side);
}

void serve_http_stop(serve_http *http)
{
    if (http == NULL) {
        return;
    }
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    serve_workers_free(http->workers);
    for (serve_lane *lane = http->server->lanes; lane != NULL; lane = lane->next) {
        if (lane->side != NULL) { /* its thread has ended, as all have */
            free_side(lane->side);
            lane->side = NULL;
        }
    }
    if (http->empty != NULL) {
        MHD_destroy_response(http->empty);
    }
    if (http->listen_fd >= 0) {
        (void)close(http->listen_fd);
    }
    if (http->has_connections) {
        serve_connections_deinit(&http->connections);
    }
    tmli_free(http);
}
