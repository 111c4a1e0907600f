/* base/gzip.h: gzip in memory, some bytes at a time. Streams of files are the matter of source.h. */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "textml/str.h"
#include "textml/version.h"

/* ---- unpacking ---- */

typedef struct tmli_inflater tmli_inflater;

enum {
    TMLI_INFLATE_BACK = 8 /* bytes */
};

typedef enum tmli_inflated {
    TMLI_INFLATED_SOME,    /* perhaps nothing: then it wants more input */
    TMLI_INFLATED_MEMBER,  /* the member has ended; reset begins the next */
    TMLI_INFLATED_DAMAGED, /* *why says how; static. Nothing is taken; only freeing is left */
} tmli_inflated;

tmli_inflater *tmli_inflater_create(void) TML_NODISCARD; /* NULL when memory is short */
void tmli_inflater_free(tmli_inflater *inflater);        /* NULL is allowed */
void tmli_inflater_reset(tmli_inflater *inflater);       /* for the next member */
/* Takes bytes of a gzip member off the front of *packed and writes up to n of what they hold to out; *got of them. Behind
 * the end of a member *packed may begin up to TMLI_INFLATE_BACK bytes before where it began: bytes of this member's input
 * that were taken too many, and must still be there. */
tmli_inflated tmli_inflate(tmli_inflater *inflater, tml_str *packed, void *out, size_t n,
                           size_t *got, const char **why) TML_NODISCARD;

/* ---- packing ---- */

typedef struct tmli_deflater tmli_deflater;

tmli_deflater *tmli_deflater_create(void) TML_NODISCARD; /* NULL when memory is short */
void tmli_deflater_free(tmli_deflater *deflater);        /* NULL is allowed */
/* Packs bytes as the next ones of a gzip member, behind what out holds; with is_last the member ends. Whether out had
 * the room shows in out->failed. The packed bytes depend on all bytes alone, not on how they were cut. */
void tmli_deflate(tmli_deflater *deflater, tml_str bytes, bool is_last, tmli_buf *out);

/* CRC-32 as gzip and AWS's event streams have it; crc: of the bytes before these, 0 for none. */
uint32_t tmli_crc32(uint32_t crc, const void *bytes, size_t n);

#endif
