/* base/recordio.h: RecordIO framing: records of any bytes one behind the other, as MXNet and SageMaker frame them.
 *
 * A frame is the magic number, a word with a flag (3 bits) and a length (29 bits), both little-endian, then the payload and
 * zeros up to a multiple of 4 bytes. Where the payload holds the magic number at a multiple of 4 it is cut there into parts,
 * each with a frame of its own, and the number is left out. */
#ifndef BASE_RECORDIO_H
#define BASE_RECORDIO_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    TMLI_RECORDIO_LIMIT = 1 << 29 /* a part is shorter */
};

/* The frames of one record at the start of some bytes. */
typedef struct tmli_recordio_extent {
    size_t n_bytes;   /* of all its frames; 0: the bytes end before the record does */
    size_t n_payload; /* of what they hold, joined */
    size_t n_parts;   /* at least 1 */
} tmli_recordio_extent;

/* Whether bytes begin with the magic number: the test for framed data. */
bool tmli_recordio_is(tml_str bytes) TML_NODISCARD;
/* Measures the record at the start of bytes, which may be a window over a longer stream. Errors: TML_EFORMAT for what is
 * no frame, and for parts in a wrong order. */
TML_NODISCARD tml_status tmli_recordio_measure(tml_str bytes, tmli_recordio_extent *out,
                                               tml_error *err);
/* The payload of a record that was measured and is all there: a place in bytes, or, for several parts, in the arena.
 * Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_recordio_payload(tml_str bytes, const tmli_recordio_extent *extent,
                                               tmli_arena *arena, tml_str *out, tml_error *err);
/* Both, on data that are all there: cuts the next record off the front of *rest. *has false when *rest is empty.
 * Errors: the above, TML_EFORMAT also when the data end inside of a record. */
TML_NODISCARD tml_status tmli_recordio_next(tml_str *rest, tmli_arena *arena, tml_str *out,
                                            bool *has, tml_error *err);

/* Appends one record. A payload of TMLI_RECORDIO_LIMIT bytes and more has no frame: out is then `failed`. */
void tmli_recordio_write(tmli_buf *out, tml_str payload);

#endif
