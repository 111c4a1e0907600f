/* support/http_client.h: HTTP over libcurl, for tests that ask a server on the loopback.
 *
 * A client keeps its connection from request to request. Each call fails the running test when the exchange cannot be
 * made at all; an answer with an error status is an answer. */
#ifndef SUPPORT_HTTP_CLIENT_H
#define SUPPORT_HTTP_CLIENT_H

#include <stddef.h>

typedef struct http_client http_client;

typedef struct http_request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *path;   /* with its slash */
    const char *const
        *headers; /* "Name: value", ends in NULL; NULL for none. "Name:" leaves curl's own out */
    const void *body; /* NULL for none */
    size_t n_body;
} http_request;

typedef struct http_answer {
    long status;
    char *headers; /* owned: all header lines, ended by \r\n each */
    size_t n_headers;
    char *body; /* owned, NUL-terminated */
    size_t n_body;
    long n_connects; /* connections that were opened for it */
    double seconds;
} http_answer; /* {0} before the first */

http_client *http_client_create(unsigned port); /* of 127.0.0.1 */
void http_client_free(http_client *client);     /* NULL is allowed */
/* HTTPS from now on, with a server whose certificate that file (borrowed) vouches for. */
void http_client_trust(http_client *client, const char *authority);
/* Replaces *answer. */
void http_send(http_client *client, const http_request *request, http_answer *answer);
/* POST /invocations with a C string. accept: NULL sends none. */
void http_invoke(http_client *client, const char *type, const char *accept, const char *body,
                 http_answer *answer);
void http_answer_free(http_answer *answer); /* leaves {0} */
/* A header's value as a new string (free), names compared without case; NULL when it is missing. */
char *http_header(const http_answer *answer, const char *name);

/* n requests at once, each on a connection of its own; answers[i] belongs to requests[i]. */
void http_send_all(unsigned port, const http_request *requests, size_t n, http_answer *answers);

#endif
