/* serve/answer.h: an answer as bytes, and the one map of statuses to HTTP's. */
#ifndef SERVE_ANSWER_H
#define SERVE_ANSWER_H

#include "base/buf.h"
#include "textml/status.h"

typedef struct serve_answer {
    unsigned status;          /* of HTTP */
    const char *content_type; /* static; NULL when there is no body */
    const char *allow;        /* static; the methods that a 405 asks for, otherwise NULL */
    tmli_buf body;            /* owned; reset by each answer, so that its memory is used again */
} serve_answer;               /* {0} before the first */

/* The status of HTTP that a request's failure has: 400 for what the client can change. */
unsigned serve_http_status(tml_status status);
void serve_answer_empty(serve_answer *answer, unsigned status);
/* {"error": {"code": …, "message": …}} */
void serve_answer_error(serve_answer *answer, unsigned status, const char *sentence);
/* The 503 when not even a lane can be had. */
void serve_answer_no_memory(serve_answer *answer);

#endif
