/* The only file that includes ISA-L, which unpacks five times as fast as zlib, and zlib, which packs. All memory comes from
 * base/mem.h. */
#include "base/gzip.h"

#include <limits.h>

#define ZLIB_CONST /* makes z_stream.next_in a pointer to const */
#include <isa-l/igzip_lib.h>
#include <zlib.h>

#include "base/mem.h"

enum {
    GZIP_WINDOW_BITS = 15 + 16, /* zlib's code for "a gzip header, any window" */
    LEVEL = 1,                  /* the fastest: an answer is packed while somebody waits for it */
    MEMORY_LEVEL = 8,           /* zlib's own choice: 256 KiB in all */
    ROOM_BYTES = 16 << 10,      /* made behind what is packed, whenever there is none */
};

static unsigned at_most_unsigned(size_t n)
{
    return n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* ---- unpacking ---- */

struct tmli_inflater {
    struct inflate_state state;
    struct isal_gzip_header header; /* kept here: a header may come in pieces */
    bool has_header;                /* it has been read */
};

tmli_inflater *tmli_inflater_create(void)
{
    tmli_inflater *inflater = tmli_calloc(1, sizeof(*inflater));
    if (inflater == NULL) {
        return NULL;
    }
    isal_inflate_init(&inflater->state);
    inflater->state.crc_flag = ISAL_GZIP_NO_HDR_VER; /* the header apart, the trailer checked */
    isal_gzip_header_init(&inflater->header);
    return inflater;
}

void tmli_inflater_free(tmli_inflater *inflater)
{
    tmli_free(inflater);
}

void tmli_inflater_reset(tmli_inflater *inflater)
{
    isal_inflate_reset(&inflater->state);
    isal_gzip_header_init(&inflater->header);
    inflater->has_header = false;
}

static tmli_inflated fail(int result, const char **why)
{
    switch (result) {
    case ISAL_INVALID_WRAPPER: *why = "incorrect header"; break;
    case ISAL_UNSUPPORTED_METHOD: *why = "unknown compression method"; break;
    case ISAL_INVALID_BLOCK: *why = "invalid block"; break;
    case ISAL_INVALID_SYMBOL: *why = "invalid code"; break;
    case ISAL_INVALID_LOOKBACK: *why = "invalid distance too far back"; break;
    case ISAL_INCORRECT_CHECKSUM: *why = "incorrect checksum"; break;
    default: *why = "not a gzip stream"; break;
    }
    return TMLI_INFLATED_DAMAGED;
}

/* The next step of what the state's input and output allow. */
static int inflate_some(tmli_inflater *inflater)
{
    if (!inflater->has_header) {
        const int result = isal_read_gzip_header(&inflater->state, &inflater->header);
        if (result != ISAL_DECOMP_OK) {
            return result;
        }
        inflater->has_header = true;
    }
    return isal_inflate(&inflater->state);
}

tmli_inflated tmli_inflate(tmli_inflater *inflater, tml_str *packed, void *out, size_t n,
                           size_t *got, const char **why)
{
    struct inflate_state *state = &inflater->state;
    const unsigned n_in = at_most_unsigned(packed->len);
    const unsigned n_out = at_most_unsigned(n);
    state->next_in = (uint8_t *)(uintptr_t)packed->data; /* only read */
    state->avail_in = n_in;
    state->next_out = out;
    state->avail_out = n_out;
    const int result = inflate_some(inflater);
    if (result < 0) { /* then the state's input need not be where it was */
        *got = 0;
        return fail(result, why);
    }
    packed->len = packed->len - n_in + state->avail_in;
    packed->data = (const char *)state->next_in;
    *got = n_out - state->avail_out;
    return state->block_state == ISAL_BLOCK_FINISH ? TMLI_INFLATED_MEMBER : TMLI_INFLATED_SOME;
}

/* ---- packing ---- */

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
