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

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/connections.h"
#include "serve/listen.h"
#include "serve/routes.h"
#include "serve/workers.h"

enum {
    IDLE_TIMEOUT_S = 65, /* clients of SageMaker wait for an answer up to 60 s */
    /* Of each connection: headers, and the piece of a body that is read at a time. libmicrohttpd clears all of it after
     * each request; with the 32 KiB that it takes by itself that is a sixth of a short request's time. */
    CONNECTION_BYTES = 12 << 10,
    MAX_CONNECTIONS = 4096,
    SPARE_FILES = 64,           /* file descriptors that are not connections */
    STACK_BYTES = 512 << 10,    /* address space; what is touched counts, a few pages */
    LONG_BODY_BYTES = 64 << 10, /* some 1,000 headlines, 2 ms: what a /ping may have to wait for */
    KEPT_BYTES = 16 << 10,      /* most that an idle request keeps in each buffer */
    KEPT_REQUESTS = 64,         /* idle ones a thread keeps */
    KEPT_ANSWERS = 32,          /* of a thread: many a model has fewer labels */
    KEPT_ANSWER_BYTES = 96,     /* a label in its JSON */
    MAX_DROPPED_BYTES = 64 << 20, /* of a refused body, before the connection is cut */
};

typedef enum stage {
    STAGE_READING,
    STAGE_REFUSED,  /* 413 was sent; what still comes is dropped */
    STAGE_WORKING,  /* a worker has it; the connection is suspended */
    STAGE_ANSWERED, /* by a worker */
} stage;

/* A request from its headers to the end of its answer. */
typedef struct exchange {
    serve_job job;         /* first, so that a job is its exchange */
    struct exchange *next; /* in the lane's idle list */
    serve_http *http;
    serve_lane *lane; /* of the thread that owns the connection */
    struct MHD_Connection *connection;
    serve_connection *socket; /* NULL when there was no memory for it */
    stage stage;
    bool reads_body;
    size_t n_received; /* bytes of the body */
    tmli_buf body;
    serve_request request;  /* borrows from connection and body */
    tml_str content_length; /* borrowed likewise */
    serve_answer answer;
} exchange;

/* An answer that was given before, ready to be given again. */
typedef struct kept_answer {
    struct MHD_Response *response; /* owned; NULL while unused */
    const char *content_type;
    size_t n;
    char bytes[KEPT_ANSWER_BYTES];
} kept_answer;

/* What a thread that owns connections has besides its lane. */
typedef struct thread_side {
    exchange *idle; /* owned: requests that wait for use */
    size_t n_idle;
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

/* ---- exchanges ---- */

/* Only the lane's own thread writes it: a load and a store do. */
static void count_open(serve_lane *lane, int change)
{
    const size_t n = atomic_load_explicit(&lane->n_open, memory_order_relaxed);
    atomic_store_explicit(&lane->n_open, n + (size_t)change, memory_order_release);
}

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

static exchange *begin_exchange(serve_http *http)
{
    serve_lane *lane = lane_here(http);
    if (lane == NULL) {
        return NULL;
    }
    thread_side *side = lane->side;
    exchange *ex = side->idle;
    if (ex != NULL) {
        side->idle = ex->next;
        side->n_idle--;
    } else {
        ex = tmli_calloc(1, sizeof(*ex));
        if (ex == NULL) {
            return NULL;
        }
        ex->http = http;
        ex->lane = lane;
    }
    count_open(lane, 1);
    ex->stage = STAGE_READING;
    ex->n_received = 0;
    tmli_buf_reset(&ex->body);
    return ex;
}

static void free_exchange(exchange *ex)
{
    tmli_buf_deinit(&ex->body);
    tmli_buf_deinit(&ex->answer.body);
    tmli_free(ex);
}

static void shrink(tmli_buf *buf)
{
    if (buf->capacity > KEPT_BYTES) {
        tmli_buf_deinit(buf);
    }
}

static void end_exchange(exchange *ex)
{
    serve_lane *lane = ex->lane;
    if (ex->stage != STAGE_REFUSED) {
        count_open(lane, -1);
    }
    thread_side *side = lane->side;
    if (side->n_idle == KEPT_REQUESTS) {
        free_exchange(ex);
        return;
    }
    shrink(&ex->body);
    shrink(&ex->answer.body);
    ex->next = side->idle;
    side->idle = ex;
    side->n_idle++;
}

/* libmicrohttpd's word that a request is over, answered or broken off. */
static void complete(void *ctx, struct MHD_Connection *connection, void **slot,
                     enum MHD_RequestTerminationCode why)
{
    (void)ctx;
    (void)connection;
    (void)why;
    if (*slot != NULL) {
        end_exchange(*slot);
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

static void set_uploading(const exchange *ex, bool is_uploading)
{
    if (ex->socket != NULL) {
        atomic_store_explicit(&ex->socket->is_uploading, is_uploading, memory_order_relaxed);
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
    };
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (headers[i].value != NULL &&
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
static kept_answer *place_of(const exchange *ex)
{
    const serve_answer *answer = &ex->answer;
    if (answer->status != MHD_HTTP_OK || answer->body.len > KEPT_ANSWER_BYTES) {
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

static enum MHD_Result queue(const exchange *ex)
{
    const serve_answer *answer = &ex->answer;
    const bool closes = atomic_load_explicit(&ex->http->is_draining, memory_order_relaxed);
    if (answer->body.len == 0 && answer->allow == NULL && !closes) {
        return MHD_queue_response(ex->connection, answer->status, ex->http->empty);
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
static void refuse(exchange *ex)
{
    ex->stage = STAGE_REFUSED;
    count_open(ex->lane, -1);
    serve_refuse_body(ex->http->server, &ex->answer);
    tmli_buf *out = &ex->body; /* not needed any more */
    tmli_buf_reset(out);
    tmli_buf_printf(out,
                    "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n"
                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                    ex->answer.body.len);
    tmli_buf_append_str(out, tmli_buf_str(&ex->answer.body));
    const int fd = fd_of(ex->connection);
    if (!out->failed) {
        /* Some 300 bytes into an empty send buffer: they fit, or the client is gone. */
        (void)!send(fd, out->data, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        (void)shutdown(fd, SHUT_WR);
    }
    ex->n_received = 0; /* counts what is dropped from here on */
}

/* ---- requests ---- */

/* One pass over the headers, told apart by their lengths first: looking each up by name would walk all of them. */
static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind, const char *name,
                                   size_t n_name, const char *value, size_t n_value)
{
    (void)kind;
    exchange *ex = ctx;
    tml_str expected = {0};
    tml_str *place = NULL;
    switch (n_name) {
    case sizeof("Accept") - 1:
        expected = TML_STR("Accept");
        place = &ex->request.accept;
        break;
    case sizeof("Content-Type") - 1:
        expected = TML_STR("Content-Type");
        place = &ex->request.content_type;
        break;
    case sizeof("Content-Length") - 1:
        expected = TML_STR("Content-Length");
        place = &ex->content_length;
        break;
    case sizeof("Content-Encoding") - 1:
        expected = TML_STR("Content-Encoding");
        place = &ex->request.content_encoding;
        break;
    default: return MHD_YES;
    }
    if (value != NULL && tmli_str_eq_nocase((tml_str){name, n_name}, expected)) {
        *place = tmli_str_trim((tml_str){value, n_value});
    }
    return MHD_YES;
}

/* Whether a Content-Length, of digits as libmicrohttpd has seen to, is at most max. */
static bool is_at_most(tml_str digits, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const size_t digit = (size_t)(digits.data[i] - '0');
        if (digit > 9 || n > (SIZE_MAX - digit) / 10) {
            return false;
        }
        n = 10 * n + digit;
    }
    return n <= max;
}

static void read_headers(exchange *ex, const char *url, const char *method)
{
    ex->request = (serve_request){.method = tmli_str(method), .path = tmli_str(url)};
    ex->content_length = (tml_str){0};
    (void)MHD_get_connection_values_n(ex->connection, MHD_HEADER_KIND, take_header, ex);
    ex->reads_body = serve_reads_body(ex->request.method, ex->request.path);
    if (!is_at_most(ex->content_length, ex->http->server->max_body)) {
        refuse(ex);
    }
}

static enum MHD_Result read_piece(exchange *ex, const char *piece, size_t n)
{
    ex->n_received += n;
    if (ex->stage == STAGE_REFUSED) {
        return ex->n_received <= MAX_DROPPED_BYTES ? MHD_YES : MHD_NO;
    }
    if (ex->n_received > ex->http->server->max_body) {
        refuse(ex);
    } else if (ex->reads_body) {
        tmli_buf_append(&ex->body, piece, n);
    }
    return MHD_YES;
}

static void work(serve_lane *lane, exchange *ex)
{
    static const char no_memory[] =
        "{\"error\":{\"code\":503,\"message\":\"out of memory; try again\"}}";
    if (lane == NULL || ex->body.failed) {
        ex->answer.status = MHD_HTTP_SERVICE_UNAVAILABLE;
        ex->answer.content_type = "application/json";
        tmli_buf_reset(&ex->answer.body);
        tmli_buf_append_text(&ex->answer.body, no_memory);
        return;
    }
    serve_route(lane, &ex->request, &ex->answer);
}

/* On a worker's thread. */
static void work_aside(serve_lane *lane, serve_job *job)
{
    exchange *ex = (exchange *)job;
    work(lane, ex);
    ex->stage = STAGE_ANSWERED;
    MHD_resume_connection(ex->connection); /* from here on its own thread has it */
}

/* Hands a long request over; false when it must be answered here. */
static bool hand_over(exchange *ex)
{
    serve_http *http = ex->http;
    if (ex->body.len < LONG_BODY_BYTES ||
        atomic_load_explicit(&http->is_draining, memory_order_relaxed) ||
        !serve_workers_ready(http->workers)) {
        return false;
    }
    ex->stage = STAGE_WORKING;
    MHD_suspend_connection(ex->connection); /* first: the worker may be done before we return */
    serve_workers_add(http->workers, &ex->job);
    return true;
}

static enum MHD_Result finish(exchange *ex)
{
    set_uploading(ex, false);
    if (ex->stage == STAGE_REFUSED) {
        return MHD_NO; /* answered long ago: closes the connection */
    }
    if (ex->stage == STAGE_READING) {
        ex->request.body = tmli_buf_str(&ex->body);
        if (hand_over(ex)) {
            return MHD_YES;
        }
        work(ex->lane, ex);
    }
    return queue(ex);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *piece,
                              size_t *n_piece, void **slot)
{
    (void)version;
    serve_http *http = ctx;
    exchange *ex = *slot;
    if (ex == NULL) {
        ex = begin_exchange(http);
        if (ex == NULL) {
            return MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, http->empty);
        }
        *slot = ex;
        ex->connection = connection;
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        ex->socket = info != NULL ? info->socket_context : NULL;
        set_uploading(ex, true);
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
    exchange *ex = side->idle;
    while (ex != NULL) {
        exchange *next = ex->next;
        free_exchange(ex);
        ex = next;
    }
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
