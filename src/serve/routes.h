/* serve/routes.h: requests → answers as functions of bytes: no socket, no thread. docs/serving.md lists the routes. */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include <stdbool.h>

#include "base/buf.h"
#include "serve/server.h"
#include "textml/str.h"

/* All borrowed for the call. A header that is missing is empty. */
typedef struct serve_request {
    tml_str method;
    tml_str path; /* without the query; also in the absolute form that proxies use */
    tml_str content_type;
    tml_str content_encoding;
    tml_str accept;
    tml_str body;
} serve_request;

typedef struct serve_answer {
    unsigned status;          /* of HTTP */
    const char *content_type; /* static; NULL when there is no body */
    const char *allow;        /* static; the methods that a 405 asks for, otherwise NULL */
    tmli_buf body;            /* owned; reset by each answer, so that its memory is used again */
} serve_answer;               /* {0} before the first */

/* Answers one request. It never fails: what goes wrong becomes the answer. */
void serve_route(serve_lane *lane, const serve_request *request, serve_answer *answer);
/* Whether the body of such a request is looked at. */
bool serve_reads_body(tml_str method, tml_str path);
/* The 413 for a body over the server's limit. */
void serve_refuse_body(const serve_server *server, serve_answer *answer);
/* The 503 when not even a lane can be had. */
void serve_answer_no_memory(serve_answer *answer);

#endif
