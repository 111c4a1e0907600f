/* base/source_ahead.h: reading a source on a thread of its own, so that unpacking and parsing overlap. */
#ifndef BASE_SOURCE_AHEAD_H
#define BASE_SOURCE_AHEAD_H

#include <stddef.h>

#include "textml/status.h"

typedef struct tmli_ahead tmli_ahead;

/* As tmli_source_read, without the thread. */
typedef tml_status (*tmli_read_fn)(void *ctx, void *buffer, size_t n, size_t *got, tml_error *err);

/* Starts a thread that calls read(ctx, …) until the end or the first failure, some pieces ahead of the consumer.
 * ctx: used by that thread alone until tmli_ahead_free. out: owned by the caller. Errors: TML_ENOMEM, TML_EIO when no
 * thread can be started. */
TML_NODISCARD tml_status tmli_ahead_start(tmli_read_fn read, void *ctx, tmli_ahead **out,
                                          tml_error *err);
/* The next bytes, as tmli_source_read gives them; the thread's failure comes when the bytes before it are consumed. */
TML_NODISCARD tml_status tmli_ahead_read(tmli_ahead *ahead, void *buffer, size_t n, size_t *got,
                                         tml_error *err);
/* Ends the thread: waits for the read that is under way. NULL is allowed. */
void tmli_ahead_free(tmli_ahead *ahead);

#endif
