/* serve/answer.h: an answer as bytes, and the one map of statuses to HTTP's. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include <stdbool.h>

#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

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
    tmli_buf body; /* owned; reset by each answer, so that its memory is used again */
} serve_answer;    /* {0} before the first */

/* Makes it fit for the next request; the body keeps its memory. */
void serve_answer_reset(serve_answer *answer);
/* The status of HTTP that a request's failure has: 400 for what the client can change. */
unsigned serve_http_status(tml_status status);
void serve_answer_empty(serve_answer *answer, unsigned status);
/* {"error": {"code": …, "message": …}} */
void serve_answer_error(serve_answer *answer, unsigned status, const char *sentence);
/* The 503 when not even a lane can be had. */
void serve_answer_no_memory(serve_answer *answer);

#endif
