/* A byte buffer that doubles, and remembers that it could not. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

enum {
    LEAST_CAPACITY = 64
};

void tmli_buf_deinit(tmli_buf *buf)
{
    tmli_free(buf->data);
    *buf = (tmli_buf){0};
}

void tmli_buf_reset(tmli_buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

bool tmli_buf_reserve(tmli_buf *buf, size_t more)
{
    if (buf->failed) {
        return false;
    }
    if (more <= buf->capacity - buf->len) {
        return true;
    }
    size_t need;
    if (!tmli_add_size(buf->len, more, &need)) {
        buf->failed = true;
        return false;
    }
    size_t capacity = buf->capacity > LEAST_CAPACITY / 2 ? buf->capacity : LEAST_CAPACITY / 2;
    capacity = capacity <= SIZE_MAX / 2 ? 2 * capacity : SIZE_MAX;
    capacity = capacity >= need ? capacity : need;
    char *const grown = tmli_realloc(buf->data, capacity, 1);
    if (grown == NULL) {
        buf->failed = true;
        return false;
    }
    buf->data = grown;
    buf->capacity = capacity;
    return true;
}

void tmli_buf_append(tmli_buf *buf, const void *bytes, size_t n)
{
    if (n > 0 && tmli_buf_reserve(buf, n)) {
        memcpy(buf->data + buf->len, bytes, n);
        buf->len += n;
    }
}

void tmli_buf_append_str(tmli_buf *buf, tml_str str)
{
    tmli_buf_append(buf, str.data, str.len);
}

void tmli_buf_append_text(tmli_buf *buf, const char *text)
{
    tmli_buf_append(buf, text, strlen(text));
}

void tmli_buf_append_byte(tmli_buf *buf, char byte)
{
    if (tmli_buf_reserve(buf, 1)) {
        buf->data[buf->len++] = byte;
    }
}

void tmli_buf_append_u32le(tmli_buf *buf, unsigned value)
{
    unsigned char bytes[4];
    tmli_put_u32le(bytes, value);
    tmli_buf_append(buf, bytes, sizeof bytes);
}

void tmli_buf_printf(tmli_buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    if (tmli_buf_reserve(buf, 1)) {
        const size_t room = buf->capacity - buf->len;
        const int len = vsnprintf(buf->data + buf->len, room, format, args);
        if (len < 0) {
            buf->failed = true;
        } else if ((size_t)len < room) {
            buf->len += (size_t)len;
        } else if (tmli_buf_reserve(buf, (size_t)len + 1)) {
            (void)vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
            buf->len += (size_t)len;
        }
    }
    va_end(again);
    va_end(args);
}

const char *tmli_buf_cstr(tmli_buf *buf)
{
    if (!tmli_buf_reserve(buf, 1)) {
        return NULL;
    }
    buf->data[buf->len] = '\0';
    return buf->data;
}

tml_str tmli_buf_str(const tmli_buf *buf)
{
    return (tml_str){buf->data, buf->len};
}

char *tmli_buf_take(tmli_buf *buf, size_t *len)
{
    if (tmli_buf_cstr(buf) == NULL) {
        tmli_buf_deinit(buf);
        return NULL;
    }
    char *const data = buf->data;
    if (len != NULL) {
        *len = buf->len;
    }
    *buf = (tmli_buf){0};
    return data;
}
