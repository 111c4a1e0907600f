/* Answers that need no model. */
#include "serve/answer.h"

#include <assert.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/json.h"
#include "sagemaker/content.h"

enum {
    MAX_ERROR_BYTES = 2047 /* what the platform shows of it to the client is shorter than 2048 */
};

unsigned serve_http_status(tml_status status)
{
    switch (status) {
    case TML_OK: return 200;
    case TML_EINVAL:
    case TML_EFORMAT: return 400;
    case TML_ELIMIT: return 413;
    case TML_ENOMEM:
    case TML_ESTOPPED: return 503;
    case TML_EVERSION:
    case TML_EIO:
    case TML_ENUMERIC: return 500;
    }
    return 500;
}

void serve_answer_reset(serve_answer *answer)
{
    const tmli_buf body = answer->body;
    *answer = (serve_answer){.body = body};
    tmli_buf_reset(&answer->body);
}

void serve_answer_put_header(serve_answer *answer, const char *name, const char *value)
{
    size_t i = 0;
    while (i < SERVE_EXTRA_HEADERS && answer->extra[i].name != NULL) {
        i++;
    }
    assert(i < SERVE_EXTRA_HEADERS);
    answer->extra[i].name = name;
    answer->extra[i].value = value;
}

void serve_answer_headers(const serve_answer *answer, bool closes, serve_headers *out)
{
    (void)snprintf(out->retry_after, sizeof(out->retry_after), "%u", answer->retry_after_s);
    const serve_header known[] = {
        {"Content-Type", answer->content_type},
        {"Allow", answer->allow},
        {"Connection", closes ? "close" : NULL},
        {"Retry-After", answer->retry_after_s > 0 ? out->retry_after : NULL},
        {"Content-Encoding", answer->is_gzip ? "gzip" : NULL},
        {"Vary", answer->is_gzip ? "Accept-Encoding" : NULL},
        {"WWW-Authenticate", answer->asks_for_key ? "Bearer" : NULL},
    };
    out->n = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].value != NULL) {
            out->items[out->n++] = known[i];
        }
    }
    for (size_t i = 0; i < SERVE_EXTRA_HEADERS && answer->extra[i].name != NULL; i++) {
        out->items[out->n++] = answer->extra[i];
    }
}

void serve_answer_empty(serve_answer *answer, unsigned status)
{
    answer->status = status;
    answer->content_type = NULL;
    tmli_buf_reset(&answer->body);
}

static void write_error(tmli_buf *out, unsigned status, tml_str sentence)
{
    tmli_buf_reset(out);
    tmli_buf_printf(out, "{\"error\":{\"code\":%u,\"message\":", status);
    tmli_json_string(out, sentence);
    tmli_buf_append_text(out, "}}");
}

void serve_answer_error(serve_answer *answer, unsigned status, const char *sentence)
{
    answer->status = status;
    answer->content_type = sm_media_type(SM_JSON);
    tmli_buf *out = &answer->body;
    tml_str shown = tmli_str(sentence);
    write_error(out, status, shown);
    while (out->len > MAX_ERROR_BYTES) {
        /* A byte becomes six at most: this cuts off too little rather than too much, and then again. */
        const size_t n_over = out->len - MAX_ERROR_BYTES;
        shown.len = tmli_utf8_cut(shown.data, shown.len - (n_over + 5) / 6);
        write_error(out, status, shown);
    }
    if (out->failed) {
        serve_answer_empty(answer, status); /* no memory for words: the status says it alone */
    }
}

void serve_answer_end_json(serve_answer *answer)
{
    answer->status = 200;
    answer->content_type = sm_media_type(SM_JSON);
    if (answer->body.failed) {
        serve_answer_no_memory(answer);
    }
}

void serve_answer_no_memory(serve_answer *answer)
{
    answer->allow = NULL;
    serve_answer_error(answer, 503, "out of memory; try again, or give the container more");
}
