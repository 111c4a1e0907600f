/* base/value.h: the one tree that configuration and requests become: what JSON and YAML have in common.
 *
 * Values live in the caller's arena and are immutable. The doors json.h and yaml.h build them. */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/str.h"

typedef enum tmli_kind {
    TMLI_NULL,
    TMLI_BOOL,
    TMLI_NUMBER,
    TMLI_STRING,
    TMLI_LIST,
    TMLI_OBJECT,
} tmli_kind;

typedef struct tmli_value tmli_value;

struct tmli_value {
    tmli_kind kind;
    uint32_t line;           /* from 1; 0 when the source has no places (JSON) */
    uint32_t column;         /* from 1; in characters, as editors count */
    tml_str key;             /* of a member of an object; empty otherwise */
    tml_str text;            /* TMLI_STRING: the text; NUMBER and BOOL from YAML: as written */
    double number;           /* TMLI_NUMBER; TMLI_BOOL: 0 or 1 */
    const tmli_value *first; /* LIST and OBJECT: first child, in source order */
    const tmli_value *next;  /* sibling */
    size_t n;                /* LIST and OBJECT: number of children */
};

/* The first member called key, or NULL (also when object is NULL or not an object). */
const tmli_value *tmli_value_get(const tmli_value *object, const char *key);
/* "a string", "a number", … with its article, for sentences. */
const char *tmli_kind_name(tmli_kind kind);

typedef struct tmli_place {
    uint32_t line;   /* from 1 */
    uint32_t column; /* from 1; in characters: bytes that do not continue a UTF-8 sequence */
} tmli_place;

/* Where the byte at offset stands in text, for sentences about it. O(offset). */
tmli_place tmli_place_of(tml_str text, size_t offset);

#endif
