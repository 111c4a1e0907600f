/* The only file that includes libmicrohttpd: connections in, answers of the routes out.
 *
 * libmicrohttpd calls handle() for each request once with the headers, once for each piece of the body, and once at its
 * end, always on the thread that owns the connection. */
#include "serve/http.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/aside.h"
#include "serve/connections.h"
#include "serve/exchange.h"
#include "serve/gather.h"
#include "serve/kept.h"
#include "serve/listen.h"
#include "serve/scheduling.h"

enum {
    /* Of each connection: headers, and the piece of a body that is read at a time. libmicrohttpd clears all of it after
     * each request, so that it all is memory; 10,000 idle connections must take less than 100 MB. */
    CONNECTION_BYTES = 8 << 10,
    HEADER_RECORD_BYTES = 64,     /* libmicrohttpd's struct for one */
    ANSWER_HEADER_BYTES = 512,    /* all of ours, but for the attributes that are passed through */
    LOADERS = 4,                  /* models are copied to the machine some at a time */
    STACK_BYTES = 512 << 10,      /* address space; what is touched counts, a few pages */
    MAX_DROPPED_BYTES = 64 << 20, /* of a refused body, before the connection is cut */
    STREAM_BLOCK_BYTES =
        4 << 10, /* libmicrohttpd sends pieces of what fits into a connection's memory */
};

/* What a thread that owns connections has besides its lane. */
typedef struct thread_side {
    serve_exchanges idle;
    serve_gathered gathered;
    serve_kept_table kept; /* of struct MHD_Response */
} thread_side;

struct serve_http {
    serve_server *server;       /* borrowed */
    struct MHD_Daemon *daemon;  /* owned, as all below */
    struct MHD_Response *empty; /* shared by all answers without a body */
    serve_workers *workers;
    serve_workers
        *loaders; /* for requests that load and unload models: they may wait for workers */
    serve_connections connections;
    int listen_fd;
    uint16_t port;
    bool is_tls;
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

static void count_refusal(serve_http *http, unsigned status)
{
    serve_lane *lane = status != 0 ? lane_here(http) : NULL;
    if (lane != NULL) {
        serve_count_refusal(lane, status);
    }
}

static void suspend(void *connection)
{
    MHD_suspend_connection(connection);
}

static void resume(void *connection)
{
    MHD_resume_connection(connection);
}

/* libmicrohttpd's word that a request line is there: its target as it was sent. What is returned comes back in *slot. */
static void *begin(void *ctx, const char *target, struct MHD_Connection *connection)
{
    serve_http *http = ctx;
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
    serve_schedule_socket(lane);
    ex->http = http;
    ex->connection = connection;
    ex->suspend = suspend;
    ex->resume = resume;
    ex->socket = info != NULL ? info->socket_context : NULL;
    serve_exchange_put_target(ex, target);
    (void)serve_exchange_enter(ex, SERVE_PHASE_HEADERS); /* what was cut is seen further on */
    return ex;
}

/* libmicrohttpd's word that a request is over, answered or broken off. */
static void complete(void *ctx, struct MHD_Connection *connection, void **slot,
                     enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    serve_exchange *ex = *slot;
    if (ex == NULL) {
        return;
    }
    ex->was_answered = why == MHD_REQUEST_TERMINATED_WITH_ERROR;
    thread_side *side = ex->lane->side;
    *slot = NULL;
    if (ex->stage == SERVE_WAITING) {
        serve_gather_forget(&side->gathered, ex);
    }
    (void)serve_exchange_enter(ex, SERVE_PHASE_IDLE);
    if (ex->stage != SERVE_STREAMING || !serve_exchange_abandon(ex)) {
        serve_exchange_end(&side->idle, ex);
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
    if (what != MHD_CONNECTION_NOTIFY_STARTED) {
        count_refusal(http, *slot != NULL && serve_connection_is_late_new(*slot) ? 408 : 0);
        serve_connections_remove(&http->connections, *slot);
        *slot = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const int fd = fd_of(connection);
    *slot = serve_connections_add(&http->connections, fd, info != NULL ? info->client_addr : NULL);
    if (*slot == NULL) {
        (void)shutdown(fd, SHUT_RDWR); /* nobody would watch over it */
    }
}

/* ---- answers ---- */

/* libmicrohttpd asks for more of a streamed answer. */
static ssize_t take_piece(void *ctx, uint64_t at, char *out, size_t max)
{
    size_t n = 0;
    (void)at;
    switch (serve_exchange_take_piece(ctx, out, max, &n)) {
    case SERVE_TAKEN_SOME:
    case SERVE_TAKEN_NONE: return (ssize_t)n;
    case SERVE_TAKEN_ALL: return MHD_CONTENT_READER_END_OF_STREAM;
    case SERVE_TAKEN_CUT: break;
    }
    const serve_exchange *ex =
        ctx; /* libmicrohttpd may leave the socket open until its client does something */
    (void)shutdown(fd_of(ex->connection), SHUT_RDWR);
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static bool add_headers(struct MHD_Response *response, const serve_answer *answer, bool closes)
{
    serve_headers headers;
    serve_answer_headers(answer, closes, &headers);
    for (size_t i = 0; i < headers.n; i++) {
        if (MHD_add_response_header(response, headers.items[i].name, headers.items[i].value) !=
            MHD_YES) {
            return false;
        }
    }
    return true;
}

/* They are passed through as they came; what cannot stand in a header, or finds no memory, is left out. */
static void add_attributes(struct MHD_Response *response, const serve_answer *answer)
{
    tmli_buf value = {0};
    tmli_buf_append_str(&value, answer->custom_attributes);
    const char *text = tmli_buf_cstr(&value);
    if (text != NULL && *text != '\0') {
        (void)MHD_add_response_header(response, "X-Amzn-SageMaker-Custom-Attributes", text);
    }
    tmli_buf_deinit(&value);
}

/* Without a copy the exchange keeps the bytes until the answer has left. */
static struct MHD_Response *create_response(serve_exchange *ex, bool copies, bool closes)
{
    serve_answer *answer = &ex->answer;
    struct MHD_Response *response =
        ex->stage == SERVE_STREAMING
            ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, take_piece,
                                                ex, NULL)
            : MHD_create_response_from_buffer(answer->body.len, answer->body.data,
                                              copies ? MHD_RESPMEM_MUST_COPY
                                                     : MHD_RESPMEM_PERSISTENT);
    if (response == NULL) {
        return NULL;
    }
    if (!add_headers(response, answer, closes)) {
        MHD_destroy_response(response);
        return NULL;
    }
    if (answer->custom_attributes.len > 0) {
        add_attributes(response, answer);
    }
    return response;
}

static enum MHD_Result queue(serve_exchange *ex)
{
    const serve_http *http = ex->http;
    const serve_answer *answer = &ex->answer;
    const bool closes =
        answer->closes || atomic_load_explicit(&http->is_draining, memory_order_relaxed);
    if (serve_exchange_is_bare(ex) && !closes) {
        return MHD_queue_response(ex->connection, answer->status, http->empty);
    }
    thread_side *side = ex->lane->side;
    serve_kept *place =
        closes || ex->stage == SERVE_STREAMING ? NULL : serve_kept_place(&side->kept, answer);
    struct MHD_Response *response = place != NULL ? serve_kept_get(place, answer) : NULL;
    if (response != NULL) {
        return MHD_queue_response(ex->connection, answer->status, response);
    }
    response = create_response(ex, place != NULL, closes);
    if (response == NULL) {
        return MHD_NO;
    }
    const enum MHD_Result result = MHD_queue_response(ex->connection, answer->status, response);
    if (place != NULL) {
        response = serve_kept_put(place, answer, response);
    }
    if (response != NULL) {
        MHD_destroy_response(response); /* those who still send it hold it too */
    }
    return result;
}

/* Answers while the body is still to come, and drops what comes. libmicrohttpd can answer only before or behind a
 * body, and would close at once: data that arrive at a closed socket reset the connection, and many a client then loses
 * the answer. So the answer goes to the socket directly, its end tells the client to stop, and reading goes on. With TLS
 * the answer waits its turn. */
static void refuse(serve_exchange *ex, bool at_once)
{
    const serve_http *http = ex->http;
    if (http->is_tls || !at_once) {
        ex->answer.closes = ex->answer.closes || at_once;
        serve_exchange_count(ex, ex->lane);
        ex->stage = SERVE_ANSWERED;
        return;
    }
    serve_exchange_refuse(ex);
    const int fd = fd_of(ex->connection);
    if (!ex->body.failed) {
        /* Some 300 bytes into an empty send buffer: they fit, or the client is gone. */
        (void)!send(fd, ex->body.data, ex->body.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)shutdown(fd, SHUT_WR);
    }
}

/* ---- requests ---- */

/* What a request's headers take of the connection's memory: their text, a record each, and cookies once more. */
typedef struct header_visit {
    serve_exchange *ex;
    size_t n_bytes;
} header_visit;

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   size_t n_name, const char *value, size_t n_value)
{
    header_visit *visit = ctx;
    visit->n_bytes += HEADER_RECORD_BYTES;
    if (kind == MHD_HEADER_KIND) {
        serve_exchange_put_header(visit->ex, (tml_str){name, n_name}, (tml_str){value, n_value});
    } else if (kind == MHD_COOKIE_KIND) {
        visit->n_bytes += n_name + n_value + 2;
    }
    return MHD_YES;
}

/* Where libmicrohttpd has no room left for the answer's headers it closes without a word. */
static bool leaves_room(const serve_exchange *ex, size_t n_visited)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(ex->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info != NULL && info->header_size + n_visited + ex->request.custom_attributes.len +
                                   ANSWER_HEADER_BYTES <=
                               CONNECTION_BYTES;
}

static enum MHD_Result read_headers(serve_exchange *ex, const char *url, const char *method)
{
    const serve_http *http = ex->http;
    header_visit visit = {.ex = ex};
    ex->stage = SERVE_READING;
    ex->request.method = tmli_str(method);
    ex->request.path = tmli_str(url);
    ex->reads_body = serve_reads_body(ex->request.method, ex->request.path);
    /* One pass over all headers: looking each up by name would walk them every time. */
    (void)MHD_get_connection_values_n(
        ex->connection,
        (enum MHD_ValueKind)(MHD_HEADER_KIND | MHD_COOKIE_KIND | MHD_GET_ARGUMENT_KIND),
        take_header, &visit);
    if (!serve_exchange_enter(ex, SERVE_PHASE_BODY)) {
        return MHD_NO;
    }
    if (!leaves_room(ex, visit.n_bytes)) {
        serve_exchange_refuse_headers(ex, CONNECTION_BYTES - ANSWER_HEADER_BYTES);
        refuse(ex, true);
    } else if (!serve_exchange_admit(ex)) {
        refuse(ex, serve_exchange_has_body(ex));
    } else if (!serve_has_room(ex, http->workers)) {
        refuse(ex, true);
    }
    return MHD_YES;
}

static enum MHD_Result read_piece(serve_exchange *ex, const char *piece, size_t n)
{
    const serve_http *http = ex->http;
    const bool is_refused = ex->stage != SERVE_READING;
    const size_t max = is_refused ? MAX_DROPPED_BYTES : ex->lane->server->settings.max_body;
    const bool fits = serve_exchange_take(ex, piece, n, max);
    if (is_refused) {
        return fits ? MHD_YES : MHD_NO;
    }
    if (!fits) {
        serve_refuse_body(ex->lane, &ex->request, &ex->answer);
    }
    if (!fits || !serve_has_room(ex, http->workers)) {
        refuse(ex, true);
    }
    return MHD_YES;
}

/* With the whole request there. What is to wait for others is asked for again in libmicrohttpd's next round, which waits
 * for nothing to happen, and by then it has shown us every request that was there. */
static enum MHD_Result finish(serve_exchange *ex)
{
    const serve_http *http = ex->http;
    thread_side *side = ex->lane->side;
    switch (ex->stage) {
    case SERVE_BEGUN:
    case SERVE_REFUSED: return MHD_NO; /* answered long ago: closes the connection */
    case SERVE_READING:
        if (!serve_exchange_enter(ex, SERVE_PHASE_BUSY)) {
            return MHD_NO;
        }
        if (!atomic_load_explicit(&http->is_draining, memory_order_relaxed) &&
            serve_hand_over(ex, http->workers, http->loaders)) {
            return MHD_YES;
        }
        if (!ex->reads_body) {
            serve_exchange_work(&ex, 1, ex->lane);
            break;
        }
        serve_gather(&side->gathered, ex);
        return MHD_YES;
    case SERVE_WAITING: serve_gather_answer(&side->gathered, ex->lane); break;
    case SERVE_ANSWERED:
        (void)serve_exchange_enter(ex, SERVE_PHASE_BUSY); /* a refusal was not, yet */
        break;
    case SERVE_WORKING:
    case SERVE_STREAMING: break;
    }
    return queue(ex);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *piece,
                              size_t *n_piece, void **slot)
{
    (void)version;
    const serve_http *http = ctx;
    serve_exchange *ex = *slot;
    if (ex == NULL) {
        return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, http->empty);
    }
    if (ex->stage == SERVE_BEGUN) {
        return read_headers(ex, url, method);
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
        count_refusal(http, serve_status_of_message(message));
        tml_logf(http->server->log, TML_LOG_DEBUG, "libmicrohttpd: %s", message);
    }
}

/* Targets are decoded where it is known which part is a name. */
static size_t leave_escapes(void *ctx, struct MHD_Connection *connection, char *text)
{
    (void)ctx;
    (void)connection;
    return strlen(text);
}

static tml_status start_daemon(serve_http *http, const serve_http_options *options, tml_error *err)
{
    /* A pool of one is no pool; the library warns about it. */
    const struct MHD_OptionItem more[] = {
        {options->n_threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
         options->n_threads > 1 ? (intptr_t)options->n_threads : 1, NULL},
        {http->is_tls ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, options->tls_cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, options->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
        {MHD_OPTION_END, 0, NULL},
    };
    const serve_limits *limits = &http->server->settings.limits;
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME |
            MHD_USE_ERROR_LOG | (http->is_tls ? MHD_USE_TLS : 0U),
        http->port, NULL, NULL, handle, http, MHD_OPTION_EXTERNAL_LOGGER, take_message, http,
        MHD_OPTION_LISTEN_SOCKET, http->listen_fd, MHD_OPTION_NOTIFY_COMPLETED, complete, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, watch_connection, http, MHD_OPTION_URI_LOG_CALLBACK, begin,
        http, MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_LIMIT,
        serve_connections_of_pool(limits, options->n_threads), MHD_OPTION_THREAD_STACK_SIZE,
        (size_t)STACK_BYTES, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, more,
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
    const serve_limits *limits = &server->settings.limits;
    serve_http *http = tmli_calloc(1, sizeof(*http));
    if (http == NULL) {
        return tmli_fail_memory(err, "the HTTP server");
    }
    http->server = server;
    http->listen_fd = -1;
    http->is_tls = options->tls_cert != NULL;
    atomic_init(&http->is_draining, false);
    atomic_init(&http->is_started, false);
    http->empty = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (http->empty == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the HTTP server"));
    }
    if (http->is_tls && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES) {
        TMLI_TRY(
            tmli_fail(err, TML_EINVAL, "--tls-cert: this libmicrohttpd was built without TLS"));
    }
    TMLI_TRY(serve_connections_init(&http->connections, limits, http->is_tls, err));
    const serve_workers_options workers = {.n_threads = options->n_threads,
                                           .max_jobs = server->settings.max_queue,
                                           .max_bytes = server->settings.max_queue_bytes,
                                           .work = serve_work_aside,
                                           .finish = serve_finish_aside};
    TMLI_TRY(serve_workers_create(server, &workers, &http->workers, err));
    if (server->settings.is_multi_model) {
        const serve_workers_options loaders = {
            .n_threads = LOADERS, .work = serve_work_aside, .finish = serve_finish_aside};
        TMLI_TRY(serve_workers_create(server, &loaders, &http->loaders, err));
    }
    http->port = options->port;
    TMLI_TRY(serve_listen(options->host, &http->port, limits->idle_s, &http->listen_fd, err));
    TMLI_TRY(start_daemon(http, options, err));
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
    /* Not MHD_quiesce_daemon: it and a thread may both take the socket out of an epoll set; the second aborts the process. */
    serve_listen_end(http->listen_fd);
}

size_t serve_http_open_requests(serve_http *http)
{
    serve_connections_end_gone(&http->connections);
    return serve_server_open_requests(http->server);
}

size_t serve_http_unread_answers(serve_http *http)
{
    return serve_connections_unread(&http->connections);
}

static void free_side(thread_side *side)
{
    serve_exchanges_deinit(&side->idle);
    for (size_t i = 0; i < SERVE_KEPT_ANSWERS; i++) {
        if (side->kept.places[i].response != NULL) {
            MHD_destroy_response(side->kept.places[i].response);
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
        http->listen_fd = -1; /* it has closed that */
    }
    serve_workers_free(http->workers);
    serve_workers_free(http->loaders);
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
    serve_connections_deinit(&http->connections);
    tmli_free(http);
}
