/* Bytes in sequence: files, pipes and memory, gzip or not. Only read(2) is used, so that pipes work like files. */
#include "base/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/source_ahead.h"
#include "base/status.h"

enum {
    INPUT_BYTES = 128 * 1024, /* of compressed data held at a time */
    FILL_BYTES = 64 * 1024,   /* a window reads at least so much, unless its limit is smaller */
};

typedef enum packing {
    PACKING_UNKNOWN, /* before the first bytes */
    PACKING_NONE,
    PACKING_GZIP,
} packing;

struct tmli_source {
    char *name; /* owned */
    int fd;     /* owned; -1 for memory */
    packing packing;
    const unsigned char *at; /* bytes that wait: in input, or the borrowed memory */
    const unsigned char *end;
    unsigned char *input; /* owned [INPUT_BYTES]; NULL for memory */
    bool input_ended;
    bool in_member;          /* inside a gzip member: the end of the input would cut it */
    tmli_inflater *inflater; /* owned; NULL until the bytes are known to be gzip */
    tmli_ahead *ahead;       /* owned; once it is there, its thread alone reads */
};

static tml_status create(const char *name, tmli_source **out, tml_error *err)
{
    tmli_source *const source = tmli_calloc(1, sizeof *source);
    if (source == NULL) {
        return tmli_fail_memory(err, name);
    }
    source->fd = -1;
    source->name = tmli_path_join("", name);
    if (source->name == NULL) {
        tmli_source_free(source);
        return tmli_fail_memory(err, name);
    }
    *out = source;
    return TML_OK;
}

void tmli_source_free(tmli_source *source)
{
    if (source == NULL) {
        return;
    }
    tmli_ahead_free(source->ahead); /* first: its thread uses the rest */
    tmli_inflater_free(source->inflater);
    if (source->fd >= 0) {
        (void)close(source->fd);
    }
    tmli_free(source->input);
    tmli_free(source->name);
    tmli_free(source);
}

static tml_status fail_errno(const tmli_source *source, int error, tml_error *err)
{
    return tmli_fail(err, TML_EIO, "%s: %s", source->name, strerror(error));
}

tml_status tmli_source_open(const char *path, tmli_source **out, tml_error *err)
{
    tmli_source *source = NULL;
    tml_status status;
    TMLI_TRY(create(path, &source, err));
    source->input = tmli_malloc(INPUT_BYTES);
    if (source->input == NULL) {
        TMLI_TRY(tmli_fail_memory(err, path));
    }
    source->at = source->input;
    source->end = source->input;
    do {
        source->fd = open(path, O_RDONLY | O_CLOEXEC);
    } while (source->fd < 0 && errno == EINTR);
    if (source->fd < 0) {
        TMLI_TRY(fail_errno(source, errno, err));
    }
    *out = source;
    source = NULL;
cleanup:
    tmli_source_free(source);
    return status;
}

tml_status tmli_source_memory(const char *name, const void *bytes, size_t n, tmli_source **out,
                              tml_error *err)
{
    const tml_status status = create(name, out, err);
    if (status == TML_OK) {
        const tmli_reader all = tmli_reader_of(bytes, n);
        (*out)->at = all.at;
        (*out)->end = all.end;
        (*out)->input_ended = true;
    }
    return status;
}

const char *tmli_source_name(const tmli_source *source)
{
    return source->name;
}

static tml_status read_fd(tmli_source *source, void *buffer, size_t n, size_t *got, tml_error *err)
{
    ssize_t len;
    do {
        len = read(source->fd, buffer, n < SSIZE_MAX ? n : SSIZE_MAX);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return fail_errno(source, errno, err);
    }
    source->input_ended = len == 0;
    *got = (size_t)len;
    return TML_OK;
}

static size_t waiting(const tmli_source *source)
{
    return (size_t)(source->end - source->at);
}

/* Makes at least `need` bytes (a few) wait, or sets input_ended. What the inflater may give back stays before them. */
static tml_status load_input(tmli_source *source, size_t need, tml_error *err)
{
    while (waiting(source) < need && !source->input_ended) {
        const size_t n_taken = (size_t)(source->at - source->input);
        const size_t n_kept = n_taken < TMLI_INFLATE_BACK ? n_taken : TMLI_INFLATE_BACK;
        const size_t n = n_kept + waiting(source);
        memmove(source->input, source->at - n_kept, n);
        size_t got;
        const tml_status status = read_fd(source, source->input + n, INPUT_BYTES - n, &got, err);
        if (status != TML_OK) {
            return status;
        }
        source->at = source->input + n_kept;
        source->end = source->input + n + got;
    }
    return TML_OK;
}

static bool is_gzip(const unsigned char *bytes, size_t n)
{
    return n >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static bool begins_member(const tmli_source *source)
{
    return is_gzip(source->at, waiting(source));
}

static tml_status begin_inflating(tmli_source *source, tml_error *err)
{
    source->inflater = tmli_inflater_create();
    if (source->inflater == NULL) {
        return tmli_fail_memory(err, source->name);
    }
    source->in_member = true;
    return TML_OK;
}

static tml_status detect_packing(tmli_source *source, tml_error *err)
{
    tml_status status = load_input(source, 2, err);
    if (status == TML_OK && begins_member(source)) {
        status = begin_inflating(source, err);
        source->packing = status == TML_OK ? PACKING_GZIP : PACKING_UNKNOWN;
    } else if (status == TML_OK) {
        source->packing = PACKING_NONE;
    }
    return status;
}

static tml_status read_plain(tmli_source *source, void *buffer, size_t n, size_t *got,
                             tml_error *err)
{
    const size_t n_waiting = waiting(source);
    if (n_waiting == 0) {
        *got = 0;
        return source->input_ended ? TML_OK : read_fd(source, buffer, n, got, err);
    }
    *got = n_waiting < n ? n_waiting : n;
    memcpy(buffer, source->at, *got);
    source->at += *got;
    return TML_OK;
}

/* Behind a member: another one, or the end. Zeros that fill up a tape's last block count as the end, as for gzip. */
static tml_status begin_next_member(tmli_source *source, bool *ended, tml_error *err)
{
    const tml_status status = load_input(source, 2, err);
    if (status != TML_OK) {
        return status;
    }
    *ended = waiting(source) == 0;
    if (*ended) {
        return TML_OK;
    }
    if (begins_member(source)) {
        tmli_inflater_reset(source->inflater);
        source->in_member = true;
        return TML_OK;
    }
    while (source->at < source->end && *source->at == 0) {
        source->at++;
        if (source->at == source->end && !source->input_ended) {
            const tml_status again = load_input(source, 1, err);
            if (again != TML_OK) {
                return again;
            }
        }
    }
    if (source->at < source->end) {
        return tmli_fail(err, TML_EFORMAT, "%s: bytes behind the end of the gzip data",
                         source->name);
    }
    *ended = true;
    return TML_OK;
}

static tml_status inflate_some(tmli_source *source, unsigned char *buffer, size_t n, size_t *got,
                               tml_error *err)
{
    tml_str packed = {(const char *)source->at, waiting(source)};
    const char *why = NULL;
    const tmli_inflated result = tmli_inflate(source->inflater, &packed, buffer, n, got, &why);
    source->at = source->end - packed.len;
    switch (result) {
    case TMLI_INFLATED_MEMBER: source->in_member = false; return TML_OK;
    case TMLI_INFLATED_SOME: return TML_OK; /* without progress the caller looks for more input */
    case TMLI_INFLATED_DAMAGED: break;
    }
    return tmli_fail(err, TML_EFORMAT, "%s: the gzip data are damaged: %s", source->name, why);
}

static tml_status read_gzip(tmli_source *source, void *buffer, size_t n, size_t *got,
                            tml_error *err)
{
    *got = 0;
    while (*got == 0) {
        tml_status status = TML_OK;
        if (!source->in_member) {
            bool ended;
            status = begin_next_member(source, &ended, err);
            if (status != TML_OK || ended) {
                return status;
            }
        }
        status = load_input(source, 1, err);
        if (status != TML_OK) {
            return status;
        }
        const bool is_short = waiting(source) == 0;
        status = inflate_some(source, buffer, n, got, err);
        if (status != TML_OK) {
            return status;
        }
        if (is_short && *got == 0 && source->in_member) {
            return tmli_fail(err, TML_EFORMAT, "%s: the gzip data are cut short", source->name);
        }
    }
    return TML_OK;
}

static tml_status read_now(void *ctx, void *buffer, size_t n, size_t *got, tml_error *err)
{
    tmli_source *const source = ctx;
    if (source->packing == PACKING_UNKNOWN) {
        const tml_status status = detect_packing(source, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return source->packing == PACKING_GZIP ? read_gzip(source, buffer, n, got, err)
                                           : read_plain(source, buffer, n, got, err);
}

tml_status tmli_source_read(tmli_source *source, void *buffer, size_t n, size_t *got,
                            tml_error *err)
{
    return source->ahead != NULL ? tmli_ahead_read(source->ahead, buffer, n, got, err)
                                 : read_now(source, buffer, n, got, err);
}

tml_status tmli_source_read_ahead(tmli_source *source, tml_error *err)
{
    const tml_status status =
        source->packing == PACKING_UNKNOWN ? detect_packing(source, err) : TML_OK;
    if (status != TML_OK || source->packing != PACKING_GZIP || source->ahead != NULL) {
        return status; /* plain bytes come faster than a thread could hand them over */
    }
    return tmli_ahead_start(read_now, source, &source->ahead, err);
}

tml_status tmli_gunzip(const char *name, tml_str bytes, size_t limit_bytes, tmli_buf *unpacked,
                       tml_str *out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_source *source = NULL;
    size_t got = 1;
    if (!is_gzip((const unsigned char *)bytes.data, bytes.len)) {
        *out = bytes;
        return TML_OK;
    }
    tmli_buf_reset(unpacked);
    TMLI_TRY(tmli_source_memory(name, bytes.data, bytes.len, &source, err));
    while (got > 0) {
        if (!tmli_buf_reserve(unpacked, FILL_BYTES)) {
            TMLI_TRY(tmli_fail_memory(err, name));
        }
        TMLI_TRY(read_now(source, unpacked->data + unpacked->len, FILL_BYTES, &got, err));
        unpacked->len += got;
        if (unpacked->len > limit_bytes) {
            TMLI_TRY(tmli_fail(err, TML_ELIMIT, "%s: unpacked, more than the limit of %zu bytes",
                               name, limit_bytes));
        }
    }
    *out = tmli_buf_str(unpacked);
cleanup:
    tmli_source_free(source);
    return status;
}

void tmli_window_init(tmli_window *window, tmli_source *source, size_t limit_bytes)
{
    *window = (tmli_window){.source = source, .limit_bytes = limit_bytes};
}

void tmli_window_deinit(tmli_window *window)
{
    tmli_free(window->data);
    *window = (tmli_window){0};
}

/* Room behind end. Moving costs a copy of what is held, so it happens only when at least as much was consumed:
 * every byte is moved a bounded number of times. */
static bool make_room(tmli_window *window, size_t room)
{
    const size_t held = window->end - window->at;
    if (window->capacity - window->end >= room) {
        return true;
    }
    if (window->at > 0 && window->at >= held) {
        memmove(window->data, window->data + window->at, held);
        window->at = 0;
        window->end = held;
    }
    size_t need;
    return tmli_add_size(window->end, room, &need) &&
           tmli_grow(&window->data, &window->capacity, need, 1);
}

tml_status tmli_window_set_latin1(tmli_window *window, tml_error *err)
{
    const size_t held = window->end - window->at;
    window->is_latin1 = true;
    if (held == 0) {
        return TML_OK;
    }
    char *const data = tmli_alloc(held, 2);
    if (data == NULL) {
        return tmli_fail_memory(err, window->source->name);
    }
    window->end = tmli_latin1_to_utf8(window->data + window->at, held, data);
    tmli_free(window->data);
    window->data = data;
    window->capacity = 2 * held;
    window->at = 0;
    return TML_OK;
}

/* Up to n bytes behind end. Latin-1 is read into the last half of their place, from where it grows into all of it. */
static tml_status read_behind(tmli_window *window, size_t n, size_t *got, tml_error *err)
{
    char *const to = window->data + window->end;
    if (!window->is_latin1) {
        return tmli_source_read(window->source, to, n, got, err);
    }
    const size_t half = n / 2;
    const tml_status status = tmli_source_read(window->source, to + half, half, got, err);
    if (status == TML_OK) {
        /* Fewer bytes than asked for lie before the end; they still are behind what is written. */
        *got = tmli_latin1_to_utf8(to + half, *got, to);
    }
    return status;
}

tml_status tmli_window_fill(tmli_window *window, tml_error *err)
{
    const size_t held = window->end - window->at;
    if (window->ended) {
        return TML_OK;
    }
    if (held >= window->limit_bytes) {
        return tmli_fail(err, TML_ELIMIT, "%s: a record is longer than %zu bytes",
                         window->source->name, window->limit_bytes);
    }
    const size_t left = window->limit_bytes - held > 1 ? window->limit_bytes - held
                        : window->is_latin1            ? 2 /* one byte may become two */
                                                       : 1;
    const size_t room = left < FILL_BYTES ? left : FILL_BYTES;
    if (!make_room(window, room)) {
        return tmli_fail_memory(err, window->source->name);
    }
    const size_t free_bytes = window->capacity - window->end;
    size_t got;
    const tml_status status = read_behind(window, free_bytes < left ? free_bytes : left, &got, err);
    if (status != TML_OK) {
        return status;
    }
    window->end += got;
    window->ended = got == 0;
    return TML_OK;
}

tml_status tmli_window_line(tmli_window *window, const char **out, size_t *len, bool *has,
                            tml_error *err)
{
    size_t n_searched = 0;
    const char *line_end = NULL;
    for (;;) {
        const size_t held = window->end - window->at;
        if (held > n_searched) {
            const char *const from = window->data + window->at + n_searched;
            line_end = memchr(from, '\n', held - n_searched);
        }
        if (line_end != NULL || window->ended) {
            break;
        }
        n_searched = held;
        const tml_status status = tmli_window_fill(window, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *has = window->end > window->at;
    if (!*has) {
        return TML_OK;
    }
    const char *const line = window->data + window->at;
    const size_t n = line_end != NULL ? (size_t)(line_end - line) : window->end - window->at;
    window->at += n + (line_end != NULL ? 1 : 0);
    *out = line;
    *len = line_end != NULL && n > 0 && line[n - 1] == '\r' ? n - 1 : n;
    return TML_OK;
}
