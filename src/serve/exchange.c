/* Requests as they arrive in pieces, whoever brings the pieces. */
#include "serve/exchange.h"

#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"

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
    }
    count_open(lane, 1);
    ex->lane = lane;
    ex->stage = SERVE_READING;
    ex->n_received = 0;
    ex->request = (serve_request){.begun_ticks = tmli_ticks()};
    ex->content_length = (tml_str){0};
    tmli_buf_reset(&ex->body);
    return ex;
}

static void free_exchange(serve_exchange *ex)
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

void serve_exchange_end(serve_exchanges *idle, serve_exchange *ex)
{
    if (ex->stage != SERVE_REFUSED) {
        count_open(ex->lane, -1);
    }
    if (ex->stage == SERVE_READING || ex->stage == SERVE_WAITING) {
        serve_count_abandoned(ex->lane);
    }
    if (idle->n == KEPT_EXCHANGES) {
        free_exchange(ex);
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
        free_exchange(idle->first);
        idle->first = next;
    }
    idle->n = 0;
}

/* ---- reading ---- */

void serve_exchange_put_header(serve_exchange *ex, tml_str name, tml_str value)
{
    tml_str expected = {0};
    tml_str *place = NULL;
    /* By length first: most headers are none of these. */
    switch (name.len) {
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
    case sizeof("X-Amzn-SageMaker-Accept") - 1:
        expected = TML_STR("X-Amzn-SageMaker-Accept"); /* of a stream of events */
        place = &ex->request.accept;
        break;
    case sizeof("X-Amzn-SageMaker-Inference-Id") - 1:
        expected = TML_STR("X-Amzn-SageMaker-Inference-Id");
        place = &ex->request.inference_id;
        break;
    case sizeof("X-Amzn-SageMaker-Custom-Attributes") - 1:
        expected = TML_STR("X-Amzn-SageMaker-Custom-Attributes");
        place = &ex->request.custom_attributes;
        break;
    default: return;
    }
    if (value.data != NULL && tmli_str_eq_nocase(name, expected)) {
        *place = tmli_str_trim(value);
    }
}

bool serve_exchange_is_at_most(const serve_exchange *ex, size_t max)
{
    const tml_str digits = ex->content_length;
    size_t n = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const size_t digit = (size_t)digits.data[i] - '0';
        if (digit > 9 || n > (SIZE_MAX - digit) / 10) {
            return false;
        }
        n = 10 * n + digit;
    }
    return n <= max;
}

bool serve_exchange_take(serve_exchange *ex, const char *bytes, size_t n, size_t max)
{
    ex->n_received += n;
    if (ex->n_received > max) {
        return false;
    }
    if (ex->reads_body && ex->stage == SERVE_READING) {
        tmli_buf_append(&ex->body, bytes, n);
    }
    return true;
}

void serve_exchange_set_uploading(const serve_exchange *ex, bool is_uploading)
{
    if (ex->socket != NULL) {
        atomic_store_explicit(&ex->socket->is_uploading, is_uploading, memory_order_relaxed);
    }
}

/* ---- answering ---- */

void serve_exchange_refuse(serve_exchange *ex)
{
    ex->stage = SERVE_REFUSED;
    ex->n_received = 0;
    count_open(ex->lane, -1);
    serve_refuse_body(ex->lane, &ex->request, &ex->answer);
    tmli_buf_reset(&ex->body);
    tmli_buf_printf(&ex->body,
                    "HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n"
                    "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                    ex->answer.body.len);
    tmli_buf_append_str(&ex->body, tmli_buf_str(&ex->answer.body));
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
