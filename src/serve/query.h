/* serve/query.h: what a request asks of all its rows beside its body: ?k=3&probabilities=true&explain=5 behind the path, and
 * the headers X-Textml-K, X-Textml-Probabilities, X-Textml-Explain. */
#ifndef SERVE_QUERY_H
#define SERVE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "sagemaker/content.h"
#include "serve/routes.h"
#include "textml/status.h"
#include "textml/str.h"

/* Keeps the value (borrowed) of a header that asks something of all rows; false when it is another header. */
bool serve_query_put_header(serve_request *request, tml_str name, tml_str value);
/* The wishes of query and headers, the query before the headers; names that mean nothing here are passed over. *out is
 * written only when all are understood. Errors: TML_EINVAL naming the wish. */
TML_NODISCARD tml_status serve_query_ask(const serve_request *request, sm_ask *out, tml_error *err);

/* Decodes %XX and + of one part of a query into out. The bytes written, at most room; SIZE_MAX for a % without two hexadecimal
 * digits and for what is longer than room. */
size_t serve_query_decode(tml_str part, char *out, size_t room);

#endif
