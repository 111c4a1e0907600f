/* base/buf.h: a growable byte buffer.
 *
 * Appends may be chained without checks: after the first that fails for want of memory the buffer is `failed`, later
 * appends do nothing, and the owner asks once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/str.h"
#include "textml/version.h"

typedef struct tmli_buf {
    char *data; /* owned; NULL while empty */
    size_t len;
    size_t capacity;
    bool failed; /* an append found no memory; cleared by reset and deinit */
} tmli_buf;      /* {0} is an empty buffer */

void tmli_buf_deinit(tmli_buf *buf);
void tmli_buf_reset(tmli_buf *buf); /* length 0; memory is kept */

/* Room for `more` bytes behind len; false (and `failed`) when memory is short. */
bool tmli_buf_reserve(tmli_buf *buf, size_t more);
void tmli_buf_append(tmli_buf *buf, const void *bytes, size_t n);
void tmli_buf_append_str(tmli_buf *buf, tml_str str);
void tmli_buf_append_text(tmli_buf *buf, const char *text); /* a C string */
void tmli_buf_append_byte(tmli_buf *buf, char byte);
void tmli_buf_append_u32le(tmli_buf *buf, unsigned value);
void tmli_buf_printf(tmli_buf *buf, const char *format, ...) TML_PRINTF(2, 3);
/* Ends the text with a NUL that is not counted and returns it, or NULL when the buffer failed. Borrowed. */
const char *tmli_buf_cstr(tmli_buf *buf);
/* The bytes so far, borrowed until the next append. */
tml_str tmli_buf_str(const tmli_buf *buf);
/* Hands the bytes over (free with tmli_free) with a NUL behind them; the buffer is empty afterwards. NULL if failed. */
char *tmli_buf_take(tmli_buf *buf, size_t *len) TML_NODISCARD;

#endif
