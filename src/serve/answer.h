/* serve/answer.h: an answer as bytes, and the one map of statuses to HTTP's. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SERVE_EXTRA_HEADERS = 3,
    SERVE_ANSWER_HEADERS = 7 + SERVE_EXTRA_HEADERS
};

typedef struct serve_header {
    const char *name;
    const char *value;
} serve_header;

typedef struct serve_answer {
    unsigned status;          /* of HTTP */
    const char *content_type; /* static; NULL when there is no body */
    const char *allow;        /* static; the methods that a 405 asks for, otherwise NULL */
    unsigned retry_after_s;   /* of a Retry-After header; 0 for none */
    bool is_gzip;             /* the body is, and the header says so */
    bool asks_for_key;        /* a WWW-Authenticate header says how */
    bool closes;              /* the connection ends with it */
    tml_str
        custom_attributes; /* of X-Amzn-SageMaker-Custom-Attributes, borrowed from the request; empty for none */
    /* Further headers, both parts static, up to the first without a name. */
    serve_header extra[SERVE_EXTRA_HEADERS];
    size_t n_rows; /* scored for it */
    uint8_t route; /* its number, for the counters; 0: none of the table */
    tmli_buf body; /* owned; reset by each answer, so that its memory is used again */
} serve_answer;    /* {0} before the first */

/* An answer's headers but for its length, its date, and the attributes that are passed through. */
typedef struct serve_headers {
    serve_header items[SERVE_ANSWER_HEADERS]; /* the values borrow from here and from the answer */
    size_t n;
    char retry_after[16];
} serve_headers;

/* Makes it fit for the next request; the body keeps its memory. */
void serve_answer_reset(serve_answer *answer);
/* The status of HTTP that a request's failure has: 400 for what the client can change. */
unsigned serve_http_status(tml_status status);
/* Adds a further header; name and value are static. At most SERVE_EXTRA_HEADERS. */
void serve_answer_put_header(serve_answer *answer, const char *name, const char *value);
/* closes: says that the connection ends. */
void serve_answer_headers(const serve_answer *answer, bool closes, serve_headers *out);
void serve_answer_empty(serve_answer *answer, unsigned status);
/* {"error": {"code": …, "message": …}} */
void serve_answer_error(serve_answer *answer, unsigned status, const char *sentence);
/* 200 for a body of JSON that was written into it, or the 503 when memory was short meanwhile. */
void serve_answer_end_json(serve_answer *answer);
/* The 503 when not even a lane can be had. */
void serve_answer_no_memory(serve_answer *answer);

#endif
