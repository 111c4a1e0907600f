/* base/suggest.h: the nearest valid name, for "did you mean". */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

#include "textml/str.h"

/* The candidate with the least edit distance (insertions, deletions, substitutions, swaps of neighbours; ASCII case
 * ignored) from name, or NULL when none is near: more than a third of the longer one's length, at least 1.
 * Ties: the first. Names over 64 bytes have no neighbour. */
const char *tmli_nearest(tml_str name, const char *const *candidates, size_t n);

#endif
