/* RecordIO frames in memory. What stands in a record is record.c's. */
#include "base/recordio.h"

#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

#define MAGIC UINT32_C(0xCED7230A)

enum {
    HEADER_BYTES = 8,
    LENGTH_BITS = 29,
};

/* What a frame holds of its record. */
typedef enum flag {
    WHOLE,
    FIRST,
    MIDDLE,
    LAST,
} flag;

typedef struct frame {
    flag part; /* or a number above the list */
    size_t len;
    size_t n_bytes; /* with header and padding */
} frame;

bool tmli_recordio_is(tml_str bytes)
{
    return bytes.len >= sizeof(uint32_t) && tmli_load_u32le(bytes.data) == MAGIC;
}

/* The frame at an offset; *is_there false when bytes end before its header or its padding. */
static tml_status read_frame(tml_str bytes, size_t at, frame *out, bool *is_there, tml_error *err)
{
    tmli_reader reader = tmli_reader_of(bytes.data + at, bytes.len - at);
    uint32_t magic = 0;
    uint32_t word = 0;
    *is_there = tmli_read_u32le(&reader, &magic);
    if (*is_there && magic != MAGIC) {
        return tmli_fail(err, TML_EFORMAT,
                         "RecordIO: %08x stands where a record's magic number %08x is expected",
                         magic, MAGIC);
    }
    if (!tmli_read_u32le(&reader, &word)) {
        *is_there = false;
        return TML_OK;
    }
    const size_t len = word & (TMLI_RECORDIO_LIMIT - 1);
    const size_t padded = (len + 3) / 4 * 4;
    *out = (frame){(flag)(word >> LENGTH_BITS), len, HEADER_BYTES + padded};
    *is_there = tmli_reader_left(&reader) >= padded;
    return TML_OK;
}

tml_status tmli_recordio_measure(tml_str bytes, tmli_recordio_extent *out, tml_error *err)
{
    tmli_recordio_extent extent = {0};
    for (;;) {
        frame part;
        bool is_there = false;
        const tml_status status = read_frame(bytes, extent.n_bytes, &part, &is_there, err);
        if (status != TML_OK) {
            return status;
        }
        if (!is_there) {
            *out = (tmli_recordio_extent){0};
            return TML_OK;
        }
        const bool begins = part.part == WHOLE || part.part == FIRST;
        const bool ends = part.part == WHOLE || part.part == LAST;
        if (part.part > LAST || begins != (extent.n_parts == 0)) {
            return tmli_fail(err, TML_EFORMAT,
                             "RecordIO: a part with flag %u is out of its place: records are 0, or "
                             "1, any number of 2, and 3",
                             (unsigned)part.part);
        }
        extent.n_bytes += part.n_bytes;
        extent.n_payload += part.len + (begins ? 0 : sizeof(uint32_t));
        extent.n_parts++;
        if (ends) {
            *out = extent;
            return TML_OK;
        }
        if (part.len % 4 != 0) {
            return tmli_fail(err, TML_EFORMAT,
                             "RecordIO: a part of %zu bytes that is not the last of its record: "
                             "expected a multiple of 4",
                             part.len);
        }
    }
}

tml_status tmli_recordio_payload(tml_str bytes, const tmli_recordio_extent *extent,
                                 tmli_arena *arena, tml_str *out, tml_error *err)
{
    if (extent->n_parts == 1) {
        *out = (tml_str){bytes.data + HEADER_BYTES, extent->n_payload};
        return TML_OK;
    }
    char *const joined = tmli_arena_alloc(arena, extent->n_payload, 1);
    if (joined == NULL) {
        return tmli_fail_memory(err, "a record");
    }
    size_t n = 0;
    for (size_t at = 0; at < extent->n_bytes;) {
        frame part = {0};
        bool is_there = false;
        const tml_status status = read_frame(bytes, at, &part, &is_there, err);
        if (status != TML_OK) {
            return status;
        }
        if (at > 0) { /* the magic number that the writer cut out */
            tmli_put_u32le((unsigned char *)joined + n, MAGIC);
            n += sizeof(uint32_t);
        }
        memcpy(joined + n, bytes.data + at + HEADER_BYTES, part.len);
        n += part.len;
        at += part.n_bytes;
    }
    *out = (tml_str){joined, n};
    return TML_OK;
}

tml_status tmli_recordio_next(tml_str *rest, tmli_arena *arena, tml_str *out, bool *has,
                              tml_error *err)
{
    if (rest->len == 0) {
        *has = false;
        return TML_OK;
    }
    tmli_recordio_extent extent;
    tml_status status = tmli_recordio_measure(*rest, &extent, err);
    if (status == TML_OK && extent.n_bytes == 0) {
        status = tmli_fail(err, TML_EFORMAT, "RecordIO: the data end inside of a record");
    }
    if (status == TML_OK) {
        status = tmli_recordio_payload(*rest, &extent, arena, out, err);
    }
    if (status == TML_OK) {
        *rest = (tml_str){rest->data + extent.n_bytes, rest->len - extent.n_bytes};
        *has = true;
    }
    return status;
}

/* ---- writing ---- */

static void write_part(tmli_buf *out, flag part, const char *data, size_t len)
{
    tmli_buf_append_u32le(out, MAGIC);
    tmli_buf_append_u32le(out, ((unsigned)part << LENGTH_BITS) | (unsigned)len);
    tmli_buf_append(out, data, len);
}

void tmli_recordio_write(tmli_buf *out, tml_str payload)
{
    if (payload.len >= TMLI_RECORDIO_LIMIT) {
        out->failed = true;
        return;
    }
    size_t begin = 0;
    for (size_t at = 0; at + sizeof(uint32_t) <= payload.len; at += sizeof(uint32_t)) {
        if (tmli_load_u32le(payload.data + at) == MAGIC) {
            write_part(out, begin == 0 ? FIRST : MIDDLE, payload.data + begin, at - begin);
            begin = at + sizeof(uint32_t);
        }
    }
    const size_t left = payload.len - begin;
    write_part(out, begin == 0 ? WHOLE : LAST, left > 0 ? payload.data + begin : NULL, left);
    for (size_t n = left; n % 4 != 0; n++) {
        tmli_buf_append_byte(out, '\0');
    }
}
