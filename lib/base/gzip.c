/* The only file that includes zlib. Its memory comes from base/mem.h. */
#include "base/gzip.h"

#include <limits.h>

#define ZLIB_CONST /* makes z_stream.next_in a pointer to const */
#include <zlib.h>

#include "base/mem.h"

enum {
    GZIP_WINDOW_BITS = 15 + 16, /* zlib's code for "a gzip header, any window" */
    LEVEL = 1,                  /* the fastest: an answer is packed while somebody waits for it */
    MEMORY_LEVEL = 8,           /* zlib's own choice: 256 KiB in all */
    ROOM_BYTES = 16 << 10,      /* made behind what is packed, whenever there is none */
};

static void *zlib_alloc(void *ctx, unsigned n, unsigned size)
{
    (void)ctx;
    return tmli_alloc(n, size);
}

static void zlib_free(void *ctx, void *block)
{
    (void)ctx;
    tmli_free(block);
}

static unsigned at_most_unsigned(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* ---- unpacking ---- */

struct tmli_inflater {
    z_stream zlib;
};

tmli_inflater *tmli_inflater_create(void)
{
    tmli_inflater *inflater = tmli_calloc(1, sizeof(*inflater));
    if (inflater == NULL) {
        return NULL;
    }
    inflater->zlib.zalloc = zlib_alloc;
    inflater->zlib.zfree = zlib_free;
    if (inflateInit2(&inflater->zlib, GZIP_WINDOW_BITS) != Z_OK) {
        tmli_free(inflater);
        return NULL;
    }
    return inflater;
}

void tmli_inflater_free(tmli_inflater *inflater)
{
    if (inflater != NULL) {
        (void)inflateEnd(&inflater->zlib);
        tmli_free(inflater);
    }
}

void tmli_inflater_reset(tmli_inflater *inflater)
{
    (void)inflateReset(&inflater->zlib); /* fails for a stream that was never begun only */
}

tmli_inflated tmli_inflate(tmli_inflater *inflater, tml_str *packed, void *out, size_t n,
                           size_t *got, const char **why)
{
    z_stream *z = &inflater->zlib;
    const unsigned n_in = at_most_unsigned(packed->len);
    z->next_in = (const unsigned char *)packed->data;
    z->avail_in = n_in;
    z->next_out = out;
    z->avail_out = at_most_unsigned(n);
    const int result = inflate(z, Z_NO_FLUSH);
    packed->data += n_in - z->avail_in;
    packed->len -= n_in - z->avail_in;
    *got = (size_t)(z->next_out - (unsigned char *)out);
    switch (result) {
    case Z_OK:
    case Z_BUF_ERROR: return TMLI_INFLATED_SOME; /* the latter: no progress */
    case Z_STREAM_END: return TMLI_INFLATED_MEMBER;
    case Z_MEM_ERROR: return TMLI_INFLATED_NO_MEMORY;
    default: *why = z->msg != NULL ? z->msg : "not a gzip stream"; return TMLI_INFLATED_DAMAGED;
    }
}

/* ---- packing ---- */

struct tmli_deflater {
    z_stream zlib;
};

tmli_deflater *tmli_deflater_create(void)
{
    tmli_deflater *deflater = tmli_calloc(1, sizeof(*deflater));
    if (deflater == NULL) {
        return NULL;
    }
    deflater->zlib.zalloc = zlib_alloc;
    deflater->zlib.zfree = zlib_free;
    if (deflateInit2(&deflater->zlib, LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
        tmli_free(deflater);
        return NULL;
    }
    return deflater;
}

void tmli_deflater_free(tmli_deflater *deflater)
{
    if (deflater != NULL) {
        (void)deflateEnd(&deflater->zlib);
        tmli_free(deflater);
    }
}

void tmli_deflate(tmli_deflater *deflater, tml_str bytes, bool is_last, tmli_buf *out)
{
    z_stream *z = &deflater->zlib;
    bool is_full = true; /* the room behind out: there may be more to come */
    while (bytes.len > 0 || is_full) {
        if (!tmli_buf_reserve(out, ROOM_BYTES)) {
            return;
        }
        const unsigned n_in = at_most_unsigned(bytes.len);
        const unsigned room = at_most_unsigned(out->capacity - out->len);
        z->next_in = (const unsigned char *)bytes.data;
        z->avail_in = n_in;
        z->next_out = (unsigned char *)out->data + out->len;
        z->avail_out = room;
        (void)deflate(z, is_last && n_in == bytes.len ? Z_FINISH : Z_NO_FLUSH);
        bytes.data += n_in - z->avail_in;
        bytes.len -= n_in - z->avail_in;
        out->len += room - z->avail_out;
        is_full = z->avail_out == 0;
    }
}

uint32_t tmli_crc32(uint32_t crc, const void *bytes, size_t n)
{
    return n > 0 ? (uint32_t)crc32_z(crc, bytes, n)
                 : crc; /* zlib takes no bytes for a fresh start */
}
