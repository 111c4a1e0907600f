/* serve/coding.h: bodies that come or go packed: Content-Encoding and Accept-Encoding, and the work some at a time. */
#ifndef SERVE_CODING_H
#define SERVE_CODING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/gzip.h"
#include "base/source.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SERVE_LEAST_PACKED_BYTES = 1 << 10, /* shorter answers fit in one packet anyway */
};

/* Whether the header says that a body is gzip. Errors: TML_EINVAL for codings that are not read here. */
TML_NODISCARD tml_status serve_coding_of_body(tml_str content_encoding, bool *is_gzip,
                                              tml_error *err);
/* Whether a client likes gzip at least as much as plain bytes; not when it does not say so. */
bool serve_coding_takes_gzip(tml_str accept_encoding);

/* ---- unpacking ---- */

typedef struct serve_unpacking {
    tmli_source *source; /* owned; NULL for a body of no bytes */
    size_t n_packed;
    size_t max_bytes;
} serve_unpacking; /* {0} may be ended */

/* packed: borrowed until the end. max_bytes: of what it holds. Errors: TML_EFORMAT for what is not gzip, TML_ENOMEM. */
TML_NODISCARD tml_status serve_unpacking_begin(serve_unpacking *unpacking, tml_str packed,
                                               size_t max_bytes, tml_error *err);
/* Unpacks some more behind out, less than a millisecond's work; *is_done at the end. Errors: TML_EFORMAT for damaged
 * data, TML_ELIMIT for more than max_bytes or for a body that grows as no text does, TML_ENOMEM. */
TML_NODISCARD tml_status serve_unpacking_step(serve_unpacking *unpacking, tmli_buf *out,
                                              bool *is_done, tml_error *err);
void serve_unpacking_end(serve_unpacking *unpacking); /* leaves {0} */
/* All in one go, for short bodies. *body: as it came; when the header says that it is gzip, afterwards what is in it, in
 * *unpacked. The result is a status of HTTP, 200 or with a reason in err: 415 for other codings, otherwise as above. */
unsigned serve_unpack_body(tml_str content_encoding, size_t max_bytes, tmli_buf *unpacked,
                           tml_str *body, tml_error *err);

/* ---- packing ---- */

typedef struct serve_packing {
    tmli_deflater *deflater; /* owned */
    size_t n_taken;
    tmli_buf packed; /* owned */
} serve_packing;     /* {0} before the first step and after the end */

/* Packs some more of body, a few milliseconds' work. When all is packed, or cannot be for want of memory, returns true:
 * then *is_gzip says whether body now has the packed bytes or is as it was. */
bool serve_packing_step(serve_packing *packing, tmli_buf *body, bool *is_gzip);
void serve_packing_end(serve_packing *packing); /* leaves {0} */
/* All in one go, for short ones; whether body is packed now. */
bool serve_pack_body(tmli_buf *body);

#endif
