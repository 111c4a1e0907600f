/* base/json.h: the JSON door. Parsing through cJSON (json.c is the only file that includes it); writing into a buffer. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"
#include "textml/status.h"

/* Parses one JSON document (RFC 8259) that fills text, apart from white space. *out lives in the arena.
 * Errors: TML_EFORMAT with line and column of the first fault; more than 200 levels; a NUL character (\u0000) in a
 * string, which cannot be held; a number too large for a double or longer than 63 characters. TML_ENOMEM, also when the
 * arena's limit is reached: everything that parsing needs comes from there, about 80 bytes a value, and its text.
 * Text that is not UTF-8 is accepted as bytes; a byte order mark at the start is skipped.
 * Threads: any number, each with its own arena. */
TML_NODISCARD tml_status tmli_json_parse(tml_str text, tmli_arena *arena, const tmli_value **out,
                                         tml_error *err);

/* Appends str as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD; '<', '>' and '&' stay. */
void tmli_json_string(tmli_buf *out, tml_str str);
/* Appends a number that reads back the same; "null" when it is not finite. */
void tmli_json_double(tmli_buf *out, double value);
void tmli_json_float(tmli_buf *out, float value);
/* Appends a whole tree, compact. */
void tmli_json_value(tmli_buf *out, const tmli_value *value);

/* Structured writing with commas and, with indent > 0, line breaks. Misuse asserts. */
typedef struct tmli_json_writer {
    tmli_buf *out;      /* borrowed */
    unsigned indent;    /* blanks a level; 0 for compact */
    unsigned depth;     /* at most 31 */
    uint32_t has_items; /* bit d: the container at depth d has an item */
    uint32_t is_object; /* bit d: the container at depth d is an object */
} tmli_json_writer;

void tmli_json_begin(tmli_json_writer *w, tmli_buf *out, unsigned indent);
void tmli_json_object(tmli_json_writer *w, const char *key); /* key NULL in lists and at the top */
void tmli_json_list(tmli_json_writer *w, const char *key);
void tmli_json_close_object(tmli_json_writer *w);
void tmli_json_close_list(tmli_json_writer *w);
void tmli_json_put_str(tmli_json_writer *w, const char *key, tml_str value);
void tmli_json_put_text(tmli_json_writer *w, const char *key, const char *value);
void tmli_json_put_double(tmli_json_writer *w, const char *key, double value);
void tmli_json_put_u64(tmli_json_writer *w, const char *key, uint64_t value);
void tmli_json_put_bool(tmli_json_writer *w, const char *key, bool value);

#endif
