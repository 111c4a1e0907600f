/* /endpoints/{name}/…: /invocations as the clients of AWS's SDKs know it, so that a program can be tried against the
 * container alone. What the platform does between client and container is done here: failures become its ModelError, and
 * a stream's answer comes in its event frames. Signatures are not looked at, and any name of an endpoint will do. */
#include <assert.h>
#include <string.h>

#include "base/bytes.h"
#include "base/gzip.h"
#include "base/json.h"
#include "sagemaker/content.h"
#include "serve/invoke.h"
#include "serve/route_list.h"

enum {
    PART_BYTES = 64 << 10,       /* most of an event's payload */
    MAX_ATTRIBUTE_BYTES = 1024,  /* as the API has it */
    FRAME_BYTES = 4 + 4 + 4 + 4, /* around headers and payload: two lengths, two checksums */
    HEADER_STRING = 7,           /* the type of a header's value */
    MODEL_ERROR = 424,
};

/* ---- failures ---- */

/* The sentence in {"error": {"message": …}}, or all of it. */
static tml_str sentence_of(serve_lane *lane, tml_str body)
{
    const tmli_value *root = NULL;
    if (tmli_json_parse(body, &lane->arena, &root, NULL) != TML_OK) {
        return body;
    }
    const tmli_value *message = tmli_value_get(tmli_value_get(root, "error"), "message");
    return message != NULL && message->kind == TMLI_STRING ? message->text : body;
}

static void put_message(tmli_json_writer *w, unsigned status, tml_str sentence)
{
    tmli_buf message = {0};
    tmli_buf_printf(&message, "Received %s error (%u) from the model with message \"",
                    status < 500 ? "client" : "server", status);
    tmli_buf_append_str(&message, sentence);
    tmli_buf_append_byte(&message, '"');
    tmli_json_put_str(w, "Message", tmli_buf_str(&message));
    tmli_buf_deinit(&message);
}

/* Replaces the answer, which is what /invocations says, by what the SDKs raise as ModelError, with its status and sentence
 * in it. Overload stays what it is, a 503: clients try that again by themselves. */
static void put_failure(serve_answer *answer, tml_str sentence, bool is_overload)
{
    const unsigned status = answer->status;
    tmli_buf original = answer->body;
    tmli_json_writer w;
    answer->body = (tmli_buf){0};
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    put_message(&w, status, sentence);
    if (!is_overload) {
        tmli_json_put_u64(&w, "OriginalStatusCode", status);
        tmli_json_put_str(&w, "OriginalMessage", tmli_buf_str(&original));
        tmli_json_put_text(&w, "LogStreamArn", "");
    }
    tmli_json_close_object(&w);
    tmli_buf_deinit(&original);
    serve_answer_end_json(answer);
    answer->status = is_overload ? 503 : MODEL_ERROR;
    serve_answer_put_header(answer, "x-amzn-ErrorType",
                            is_overload ? "ServiceUnavailable" : "ModelError");
}

/* Of a request that no model was asked about: its status stays, in words that the SDKs show. */
static void put_refusal(serve_answer *answer, unsigned status, const char *sentence)
{
    tmli_json_writer w;
    tmli_buf_reset(&answer->body);
    tmli_json_begin(&w, &answer->body, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "Message", sentence);
    tmli_json_close_object(&w);
    serve_answer_end_json(answer);
    answer->status = status;
}

void serve_endpoint_error(serve_answer *answer, unsigned status, const char *sentence)
{
    if (status == 401 || status == 404 || status == 405) {
        put_refusal(answer, status, sentence);
    } else {
        serve_answer_error(answer, status, sentence);
        put_failure(answer, tmli_str(sentence), status == 503);
    }
}

/* ---- both routes ---- */

/* Only what the API allows in them comes back: nothing that could end a header. */
static tml_str attributes_of(const serve_request *request)
{
    const tml_str attributes = request->custom_attributes;
    for (size_t i = 0; i < attributes.len; i++) {
        const char c = attributes.data[i];
        if (c < ' ' || c > '~') {
            return (tml_str){0};
        }
    }
    return attributes.len <= MAX_ATTRIBUTE_BYTES ? attributes : (tml_str){0};
}

/* True when there is an answer that is no failure. packs: it may go packed when the client likes that. */
static bool invoke(serve_lane *lane, const serve_request *request, bool packs, serve_answer *answer)
{
    serve_request inner = *request;
    if (!packs) {
        inner.accept_encoding = (tml_str){0};
    }
    serve_invoke(lane, &(serve_call){&inner, answer}, 1);
    answer->custom_attributes = attributes_of(request);
    if (answer->status >= 400) {
        put_failure(answer, sentence_of(lane, tmli_buf_str(&answer->body)),
                    answer->retry_after_s > 0);
        return false;
    }
    serve_answer_put_header(answer, "x-Amzn-Invoked-Production-Variant", "AllTraffic");
    return true;
}

void serve_route_endpoint(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)invoke(lane, request, true, answer);
}

/* ---- frames of application/vnd.amazon.eventstream ---- */

static void put_u32be(tmli_buf *out, uint32_t value)
{
    const unsigned char bytes[] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                                   (unsigned char)(value >> 8), (unsigned char)value};
    tmli_buf_append(out, bytes, sizeof(bytes));
}

static void put_header(tmli_buf *out, const char *name, const char *value)
{
    const size_t n_name = strlen(name);
    const size_t n_value = strlen(value);
    assert(n_name < 256 && n_value < 256);
    tmli_buf_append_byte(out, (char)n_name);
    tmli_buf_append(out, name, n_name);
    tmli_buf_append_byte(out, HEADER_STRING);
    tmli_buf_append_byte(out, 0); /* the length has two bytes */
    tmli_buf_append_byte(out, (char)n_value);
    tmli_buf_append(out, value, n_value);
}

static void put_checksum(tmli_buf *out, size_t from)
{
    if (!out->failed) {
        put_u32be(out, tmli_crc32(0, out->data + from, out->len - from));
    }
}

static void put_event(tmli_buf *out, tml_str headers, tml_str payload)
{
    const size_t from = out->len;
    put_u32be(out, (uint32_t)(FRAME_BYTES + headers.len + payload.len));
    put_u32be(out, (uint32_t)headers.len);
    put_checksum(out, from);
    tmli_buf_append_str(out, headers);
    tmli_buf_append_str(out, payload);
    put_checksum(out, from);
}

/* The longest part of what is left: behind a line end when there is one. */
static size_t part_of(tml_str left)
{
    if (left.len <= PART_BYTES) {
        return left.len;
    }
    for (size_t n = PART_BYTES; n > 0; n--) {
        if (left.data[n - 1] == '\n') {
            return n;
        }
    }
    return PART_BYTES;
}

static void frame(serve_answer *answer)
{
    tmli_buf original = answer->body;
    tmli_buf headers = {0};
    tml_str left = tmli_buf_str(&original);
    answer->body = (tmli_buf){0};
    put_header(&headers, ":event-type", "PayloadPart");
    put_header(&headers, ":content-type", "application/octet-stream");
    put_header(&headers, ":message-type", "event");
    while (left.len > 0) {
        const size_t n = part_of(left);
        put_event(&answer->body, tmli_buf_str(&headers), (tml_str){left.data, n});
        left = (tml_str){left.data + n, left.len - n};
    }
    if (headers.failed || answer->body.failed) {
        serve_answer_no_memory(answer);
    }
    tmli_buf_deinit(&headers);
    tmli_buf_deinit(&original);
}

void serve_route_stream(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    if (!invoke(lane, request, false, answer)) { /* frames of packed bytes are no gzip */
        return;
    }
    if (answer->content_type != NULL) {
        serve_answer_put_header(answer, "X-Amzn-SageMaker-Content-Type", answer->content_type);
    }
    answer->status = 200; /* also for no rows: a stream of no events */
    answer->content_type = "application/vnd.amazon.eventstream";
    frame(answer);
}
