/* serve/uri.h: parts of a request's target. */
#ifndef SERVE_URI_H
#define SERVE_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "textml/str.h"

/* Decodes %XX of a path: *out is `in` itself when it has none, otherwise lives in the arena. False when memory is short; a %
 * that two hexadecimal digits do not follow stays. */
bool serve_uri_decode(tml_str in, tmli_arena *arena, tml_str *out) TML_NODISCARD;

/* Takes the first "name=value" off a query such as "a=1&b=2"; both as sent, the value empty where there is none. False
 * when nothing is left. */
bool serve_uri_next_pair(tml_str *query, tml_str *name, tml_str *value);
/* The value of key, as sent; false when it is not there. */
bool serve_uri_query(tml_str query, tml_str key, tml_str *out);
/* Decodes %XX and + of a name or value in a query into out. The bytes written, at most room; SIZE_MAX for a % without two
 * hexadecimal digits and for what is longer than room. */
size_t serve_uri_decode_part(tml_str part, char *out, size_t room);

#endif
