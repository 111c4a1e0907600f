/* Requests as they arrive in pieces, whoever brings the pieces. */
#include "serve/exchange.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/gather.h"
#include "serve/protection.h"
#include "serve/query.h"

enum {
    KEPT_BYTES = 16 << 10, /* most that an idle one keeps in each buffer */
    KEPT_EXCHANGES = 64,   /* idle ones of a thread */
};

/* ---- begin and end ---- */

/* Only the lane's own thread writes it: a load and a store do. */
static void count_open(serve_lane *lane, int change)
{
    const size_t n = atomic_load_explicit(&lane->n_open, memory_order_relaxed);
    atomic_store_explicit(&lane->n_open, n + (size_t)change, memory_order_release);
}

serve_exchange *serve_exchange_begin(serve_exchanges *idle, serve_lane *lane)
{
    serve_exchange *ex = idle->first;
    if (ex != NULL) {
        idle->first = ex->next;
        idle->n--;
    } else {
        ex = tmli_calloc(1, sizeof(*ex));
        if (ex == NULL) {
            return NULL;
        }
        (void)pthread_mutex_init(&ex->pieces.lock, NULL);
        atomic_init(&ex->pieces.is_gone, false);
    }
    count_open(lane, 1);
    ex->is_open = true;
    ex->lane = lane;
    ex->stage = SERVE_BEGUN;
    ex->reads_body = false;
    ex->is_ambiguous = false;
    ex->is_misread = false;
    ex->was_answered = false;
    ex->n_received = 0;
    ex->n_counted = 0;
    ex->request = (serve_request){.begun_ticks = tmli_ticks()};
    ex->content_length = (tml_str){0};
    ex->transfer_encoding = (tml_str){0};
    tmli_buf_reset(&ex->body);
    tmli_buf_reset(&ex->query);
    return ex;
}

void serve_exchange_count_closed(serve_exchange *ex)
{
    if (ex->is_open) {
        count_open(ex->lane, -1);
        ex->is_open = false;
    }
}

void serve_exchange_free(serve_exchange *ex)
{
    tmli_buf_deinit(&ex->body);
    tmli_buf_deinit(&ex->query);
    tmli_buf_deinit(&ex->answer.body);
    tmli_buf_deinit(&ex->pieces.bytes);
    tmli_buf_deinit(&ex->pieces.headers);
    (void)pthread_mutex_destroy(&ex->pieces.lock);
    tmli_free(ex);
}

static void shrink(tmli_buf *buf)
{
    if (buf->capacity > KEPT_BYTES) {
        tmli_buf_deinit(buf);
    }
}

/* What became of a request that none of us has answered. */
static void count_unanswered(const serve_exchange *ex)
{
    if (ex->stage != SERVE_BEGUN && ex->stage != SERVE_READING && ex->stage != SERVE_WAITING) {
        return;
    }
    if (ex->socket != NULL && serve_connection_is_late(ex->socket)) {
        serve_count_refusal(ex->lane, 408);
    } else if (!ex->was_answered) { /* such answers are counted where libmicrohttpd tells of them */
        serve_count_abandoned(ex->lane);
    }
}

void serve_exchange_end(serve_exchanges *idle, serve_exchange *ex)
{
    count_unanswered(ex);
    serve_exchange_end_arrival(ex);
    serve_exchange_count_closed(ex);
    if (idle->n == KEPT_EXCHANGES || ex->pieces.has_begun) { /* few are streamed: made anew */
        serve_exchange_free(ex);
        return;
    }
    shrink(&ex->body);
    shrink(&ex->answer.body);
    ex->next = idle->first;
    idle->first = ex;
    idle->n++;
}

void serve_exchanges_deinit(serve_exchanges *idle)
{
    while (idle->first != NULL) {
        serve_exchange *next = idle->first->next;
        serve_exchange_free(idle->first);
        idle->first = next;
    }
    idle->n = 0;
}

bool serve_exchange_is_bare(const serve_exchange *ex)
{
    const serve_answer *answer = &ex->answer;
    return ex->stage != SERVE_STREAMING && /* first: a worker fills the body then */
           answer->body.len == 0 && answer->allow == NULL && answer->retry_after_s == 0 &&
           answer->custom_attributes.len == 0 && answer->extra[0].name == NULL;
}

/* ---- reading ---- */

void serve_exchange_put_target(serve_exchange *ex, const char *target)
{
    const char *mark = strchr(target, '?');
    if (mark != NULL) {
        tmli_buf_reset(&ex->query);
        tmli_buf_append_text(&ex->query, mark + 1);
        ex->request.query = tmli_buf_str(&ex->query);
    }
}

/* By length first: most headers are none of these. No two have the same, but for the target model below. */
static const struct place {
    const char *name;
    size_t offset;
} places[] = {
#define PLACE(name, field) [sizeof(name) - 1] = {(name), offsetof(serve_exchange, field)}
    PLACE("Accept", request.accept),
    PLACE("Accept-Encoding", request.accept_encoding),
    PLACE("Authorization", request.authorization),
    PLACE("Content-Encoding", request.content_encoding),
    PLACE("Content-Length", content_length),
    PLACE("Content-Type", request.content_type),
    PLACE("Transfer-Encoding", transfer_encoding),
    PLACE("X-Amzn-SageMaker-Accept", request.accept), /* of a stream of events */
    PLACE("X-Amzn-SageMaker-Custom-Attributes", request.custom_attributes),
    PLACE("X-Amzn-SageMaker-Inference-Id", request.inference_id),
#undef PLACE
};

/* The field that a header is read into, or NULL. */
static tml_str *place_of(serve_exchange *ex, tml_str name)
{
    static const tml_str target_model = {"X-Amzn-SageMaker-Target-Model", 29};
    if (name.len >= sizeof(places) / sizeof(places[0]) || places[name.len].name == NULL) {
        return NULL;
    }
    if (tmli_str_eq_nocase(name, (tml_str){places[name.len].name, name.len})) {
        return (tml_str *)(void *)((char *)ex + places[name.len].offset);
    }
    return tmli_str_eq_nocase(name, target_model) ? &ex->request.target_model : NULL;
}

/* libmicrohttpd takes a blank in front of the colon for a part of the name, and appends what continues a value on the next
 * line to the name too: the length of a body that others read there would pass unseen. */
static bool is_misread(tml_str name)
{
    static const tml_str length = {"Content-Length", 14};
    static const tml_str coding = {"Transfer-Encoding", 17};
    const char last = name.len > 0 ? name.data[name.len - 1] : ' ';
    return last == ' ' || last == '\t' ||
           (name.len > length.len &&
            (tmli_str_eq_nocase((tml_str){name.data, length.len}, length) ||
             (name.len > coding.len &&
              tmli_str_eq_nocase((tml_str){name.data, coding.len}, coding))));
}

void serve_exchange_put_header(serve_exchange *ex, tml_str name, tml_str value)
{
    if (is_misread(name)) {
        ex->is_misread = true;
        return;
    }
    if (name.len > 0 && (name.data[0] == 'X' || name.data[0] == 'x') &&
        serve_query_put_header(&ex->request, name, value)) {
        return;
    }
    tml_str *place = value.data != NULL ? place_of(ex, name) : NULL;
    if (place == NULL) {
        return;
    }
    if (place != &ex->transfer_encoding) { /* there libmicrohttpd does not pass over blanks */
        value = tmli_str_trim(value);
    }
    if ((place == &ex->content_length || place == &ex->transfer_encoding) && place->data != NULL &&
        !tmli_str_eq(*place, value)) {
        ex->is_ambiguous = true;
    }
    *place = value;
}

bool serve_exchange_has_body(const serve_exchange *ex)
{
    return ex->transfer_encoding.data != NULL || !serve_exchange_is_at_most(ex, 0);
}

size_t serve_exchange_announced(const serve_exchange *ex)
{
    const tml_str digits = ex->content_length;
    size_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const size_t digit = (size_t)digits.data[i] - '0';
        if (digit > 9 || n > (SIZE_MAX - digit) / 10) {
            return SIZE_MAX;
        }
        n = 10 * n + digit;
    }
    return n;
}

bool serve_exchange_is_at_most(const serve_exchange *ex, size_t max)
{
    return serve_exchange_announced(ex) <= max;
}

/* Bodies that are still on their way take memory too; short ones are too many to count and too small to matter. */
static void count_arrival(serve_exchange *ex)
{
    if (ex->body.len >= SERVE_LONG_BODY_BYTES) {
        (void)atomic_fetch_add_explicit(&ex->lane->server->n_arriving, ex->body.len - ex->n_counted,
                                        memory_order_relaxed);
        ex->n_counted = ex->body.len;
    }
}

void serve_exchange_end_arrival(serve_exchange *ex)
{
    if (ex->n_counted > 0) {
        (void)atomic_fetch_sub_explicit(&ex->lane->server->n_arriving, ex->n_counted,
                                        memory_order_relaxed);
        ex->n_counted = 0;
    }
}

bool serve_exchange_take(serve_exchange *ex, const char *bytes, size_t n, size_t max)
{
    ex->n_received += n;
    if (ex->socket != NULL) {
        serve_connection_count_body(ex->socket, n);
    }
    if (ex->n_received > max) {
        return false;
    }
    if (ex->reads_body && ex->stage == SERVE_READING) {
        const size_t n_announced = serve_exchange_announced(ex);
        if (ex->body.len == 0 && n_announced >= n && n_announced <= max) {
            /* All of it at once: a buffer that doubles would be copied, and end twice as large. Pages that are not written
             * to cost nothing, so a client that announces more than it sends gains nothing by it. */
            (void)tmli_buf_reserve(&ex->body, n_announced);
        }
        tmli_buf_append(&ex->body, bytes, n);
        count_arrival(ex);
    }
    return true;
}

bool serve_exchange_enter(const serve_exchange *ex, serve_phase phase)
{
    return ex->socket == NULL || serve_connection_enter(ex->socket, phase);
}

/* ---- admission ---- */

/* The refusal of a request whose end nobody can be sure of, or NULL. Two servers in a row that disagree about it would
 * take a part of one client's body for another's request. */
static const char *fault_of_framing(const serve_exchange *ex)
{
    if (ex->is_misread) {
        return "a header has a blank in front of its colon, or goes on in the next line; send each "
               "in one line, with the colon right behind its name";
    }
    if (ex->is_ambiguous ||
        (ex->transfer_encoding.data != NULL && ex->content_length.data != NULL)) {
        return "the request has more than one of Content-Length and Transfer-Encoding; send one";
    }
    if (ex->transfer_encoding.data != NULL &&
        !tmli_str_eq_nocase(ex->transfer_encoding, TML_STR("chunked"))) {
        return "Transfer-Encoding: only \"chunked\" is read here, without blanks behind it";
    }
    return NULL;
}

/* Of those whose connection is one too many. */
static void refuse_connection(serve_exchange *ex)
{
    const serve_limits *limits = &ex->lane->server->settings.limits;
    tml_error err = {0};
    if (ex->socket->refusal == 429) {
        (void)tmli_fail(
            &err, TML_ELIMIT,
            "more than %zu connections from one address; close some, use each for "
            "several requests, or start serve with a larger --max-connections-per-address",
            limits->max_per_address);
    } else {
        (void)tmli_fail(&err, TML_ELIMIT,
                        "more than %zu connections; try again, or start serve with a larger "
                        "--max-connections",
                        limits->max_connections);
    }
    serve_answer_error(&ex->answer, ex->socket->refusal, err.text);
    ex->answer.retry_after_s = 1;
    ex->answer.closes = true;
}

bool serve_exchange_admit(serve_exchange *ex)
{
    const serve_settings *settings = &ex->lane->server->settings;
    const char *fault = fault_of_framing(ex);
    serve_answer *answer = &ex->answer;
    serve_answer_reset(answer);
    if (ex->socket != NULL && ex->socket->refusal != 0) {
        refuse_connection(ex);
    } else if (fault != NULL) {
        serve_answer_error(answer, 400, fault);
        answer->closes = true;
    } else if (!serve_key_matches(settings->api_key, ex->request.authorization) &&
               !serve_needs_no_key(ex->request.path)) {
        serve_refuse(ex->request.path, answer, 401,
                     "this server asks for its API key; send it as \"Authorization: Bearer KEY\"");
        answer->asks_for_key = true;
    } else if (!serve_exchange_is_at_most(ex, settings->max_body)) {
        serve_refuse_body(ex->lane, &ex->request, answer);
    } else {
        return true;
    }
    answer->route = serve_route_number(ex->request.path);
    return false;
}

void serve_exchange_refuse_headers(serve_exchange *ex, size_t max)
{
    tml_error err = {0};
    (void)tmli_fail(&err, TML_ELIMIT,
                    "the request line and the headers are longer than %zu bytes, counting 64 more "
                    "for each header; send fewer or shorter ones",
                    max);
    serve_answer_reset(&ex->answer);
    serve_answer_error(&ex->answer, 431, err.text);
    ex->answer.route = serve_route_number(ex->request.path);
}

/* ---- answering ---- */

static const char *phrase_of(unsigned status)
{
    switch (status) {
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 413: return "Payload Too Large";
    case 424: return "Failed Dependency";
    case 431: return "Request Header Fields Too Large";
    case 429: return "Too Many Requests";
    case 503: return "Service Unavailable";
    default: return "Refused";
    }
}

void serve_exchange_count(serve_exchange *ex, serve_lane *lane)
{
    serve_count_answers(lane, &(serve_call){&ex->request, &ex->answer}, 1);
}

void serve_exchange_refuse(serve_exchange *ex)
{
    const serve_answer *answer = &ex->answer;
    ex->stage = SERVE_REFUSED;
    ex->n_received = 0;
    serve_exchange_end_arrival(ex);
    shrink(&ex->body);
    serve_exchange_count_closed(ex);
    serve_exchange_count(ex, ex->lane);
    tmli_buf_reset(&ex->body);
    serve_headers headers;
    serve_answer_headers(answer, true, &headers);
    tmli_buf_printf(&ex->body, "HTTP/1.1 %u %s\r\n", answer->status, phrase_of(answer->status));
    for (size_t i = 0; i < headers.n; i++) {
        tmli_buf_printf(&ex->body, "%s: %s\r\n", headers.items[i].name, headers.items[i].value);
    }
    tmli_buf_printf(&ex->body, "Content-Length: %zu\r\n\r\n", answer->body.len);
    tmli_buf_append_str(&ex->body, tmli_buf_str(&answer->body));
}

void serve_exchange_work(serve_exchange *const *list, size_t n, serve_lane *lane)
{
    serve_call calls[SERVE_CHUNK_ROWS];
    size_t n_calls = 0;
    for (size_t i = 0; i < n; i++) {
        serve_exchange *ex = list[i];
        if (lane == NULL || ex->body.failed) {
            serve_answer_no_memory(&ex->answer);
        } else {
            ex->request.body = tmli_buf_str(&ex->body);
            calls[n_calls++] = (serve_call){&ex->request, &ex->answer};
        }
        ex->stage = SERVE_ANSWERED;
    }
    if (n_calls > 0) {
        serve_route(lane, calls, n_calls);
        serve_count_answers(lane, calls, n_calls);
    }
}
