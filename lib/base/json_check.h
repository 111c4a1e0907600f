/* base/json_check.h: whether bytes are JSON, to the letter.
 *
 * cJSON is lenient: it passes control characters in strings and between values, "01", "1.", unknown escapes that happen
 * to parse and numbers cut at 63 characters. This scan decides what is let through to it, and knows the place. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/str.h"

enum {
    TMLI_JSON_MAX_LEVELS = 200,      /* nested lists and objects */
    TMLI_JSON_MAX_NUMBER_BYTES = 63, /* what cJSON's buffer holds */
};

/* Why a text is refused: either something was expected, or (expected NULL) it is JSON that cannot be held. */
typedef struct tmli_json_fault {
    size_t at;            /* offset of the first byte that does not fit */
    const char *expected; /* static text, or NULL */
    const char *refused;  /* static text when expected is NULL */
} tmli_json_fault;

/* Whether text is one JSON value (RFC 8259) and nothing else but white space. On false *fault is filled. */
bool tmli_json_check(tml_str text, tmli_json_fault *fault);

#endif
