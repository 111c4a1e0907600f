/* base/json_check.h: whether bytes are JSON, to the letter, and where its values lie.
 *
 * cJSON is lenient: it passes control characters in strings and between values, "01", "1.", unknown escapes that happen
 * to parse and numbers cut at 63 characters. This scan decides what is let through to it, and knows the place.
 * base/json_pull.h reads with the same scan and without cJSON. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/value.h"
#include "textml/status.h"
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

/* Whether text is one JSON value (RFC 8259) and nothing else but white space. On false *fault is filled. Bytes of
 * strings are not checked to be UTF-8. */
bool tmli_json_check(tml_str text, tmli_json_fault *fault);

/* The sentence of a fault, TML_EFORMAT. lines_before: how many lines stand before text in what the user sent. */
TML_NODISCARD tml_status tmli_json_fail(tml_str text, const tmli_json_fault *fault,
                                        size_t lines_before, tml_error *err);

/* ---- for json_pull.c ---- */

/* One value where it stands. */
typedef struct tmli_json_token {
    /* STRING: what is between the quotes, as written; otherwise the whole value, lists and objects with all they hold */
    tml_str text;
    tmli_kind kind;
    bool is_true;     /* BOOL */
    bool has_escapes; /* STRING: a backslash stands in it */
} tmli_json_token;

typedef struct tmli_json_scanner {
    const char *begin;
    const char *at;
    const char *end;
    unsigned depth;
    bool wants_utf8;       /* strings that are not UTF-8 are faults */
    tmli_json_fault fault; /* after a call that returned false */
    /* bit [depth]: the innermost container is an object */
    uint64_t in_object[TMLI_JSON_MAX_LEVELS / 64 + 1];
} tmli_json_scanner;

static inline void tmli_json_skip_space(tmli_json_scanner *s)
{
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) {
        s->at++;
    }
}

/* False, with the fault that `what` was expected at the scanner's place. */
bool tmli_json_expect(tmli_json_scanner *s, const char *what);
/* One value with everything in it; white space before it is passed over. */
bool tmli_json_scan_value(tmli_json_scanner *s, tmli_json_token *out);
/* A key and its colon, after white space. */
bool tmli_json_scan_key(tmli_json_scanner *s, tmli_json_token *out);

#endif
