/* serve/uri.h: parts of a request's target. */
#ifndef SERVE_URI_H
#define SERVE_URI_H

#include <stdbool.h>

#include "base/arena.h"
#include "textml/str.h"

/* Decodes %XX: *out is `in` itself when it has none, otherwise lives in the arena. False when memory is short; a % that
 * two hexadecimal digits do not follow stays. */
bool serve_uri_decode(tml_str in, tmli_arena *arena, tml_str *out) TML_NODISCARD;
/* The value of key in "a=1&b=2", as sent; false when it is not there. */
bool serve_uri_query(tml_str query, tml_str key, tml_str *out);

#endif
