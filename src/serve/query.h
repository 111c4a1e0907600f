/* serve/query.h: what a request asks of all its rows beside its body: ?k=3&probabilities=true&explain=5&style=textml behind the
 * path, and the headers X-Textml-K, X-Textml-Probabilities, X-Textml-Explain, X-Textml-Style. */
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
typedef struct serve_wishes {
    sm_ask ask;
    bool has_style; /* the request's own, which goes before the server's style and columns */
    tml_style style;
} serve_wishes;

/* The wishes of query and headers, the query before the headers; names that mean nothing here are passed over. *out is
 * written only when all are understood. Errors: TML_EINVAL naming the wish. */
TML_NODISCARD tml_status serve_query_wishes(const serve_request *request, serve_wishes *out,
                                            tml_error *err);

#endif
