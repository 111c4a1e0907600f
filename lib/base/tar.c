/* Members of tar archives, cut in a window over the source. Which members are wanted is the caller's business. */
#include "base/tar.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

enum {
    EXTENDED_BYTES_MAX = 1 << 20, /* of a pax header or long name: paths end at some kilobytes */
};

/* Places of a header's fields: POSIX.1-2017, pax, "ustar interchange format". */
enum {
    NAME_AT = 0,
    NAME_BYTES = 100,
    SIZE_AT = 124,
    SIZE_BYTES = 12,
    SUM_AT = 148,
    SUM_BYTES = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
    PREFIX_AT = 345,
    PREFIX_BYTES = 155,
};

void tmli_tar_init(tmli_tar *tar, tmli_source *source, size_t limit_bytes)
{
    const size_t most = limit_bytes > EXTENDED_BYTES_MAX ? limit_bytes : EXTENDED_BYTES_MAX;
    *tar = (tmli_tar){.limit_bytes = limit_bytes};
    tmli_window_init(&tar->window, source, most + 2 * (size_t)TMLI_TAR_BLOCK);
}

void tmli_tar_deinit(tmli_tar *tar)
{
    tmli_window_deinit(&tar->window);
    tmli_buf_deinit(&tar->name);
    tmli_buf_deinit(&tar->long_name);
}

/* ---- headers ---------------------------------------------------------------------------------- */

/* A field of octal digits between blanks and NULs, or GNU's base 256: a set high bit, then the number, big end first. */
static bool parse_number(const unsigned char *field, size_t n, uint64_t *out)
{
    uint64_t value = 0;
    size_t i = 0;
    if (field[0] >= 0x80) {
        value = field[0] & 0x7Fu;
        for (i = 1; i < n; i++) {
            if (value >> 55 != 0) { /* negative numbers, too, begin with set bits */
                return false;
            }
            value = value << 8 | field[i];
        }
        *out = value;
        return true;
    }
    while (i < n && (field[i] == ' ' || field[i] == '\0')) {
        i++;
    }
    for (; i < n && field[i] >= '0' && field[i] <= '7'; i++) {
        value = value << 3 | (uint64_t)(field[i] - '0'); /* 12 digits are 36 bits */
    }
    for (; i < n; i++) {
        if (field[i] != ' ' && field[i] != '\0') {
            return false;
        }
    }
    *out = value;
    return true;
}

/* The sum of all bytes with blanks in the sum's own place. Some old writers added signed bytes. */
static bool is_sum_right(const unsigned char *header)
{
    uint64_t want;
    uint64_t sum = SUM_BYTES * ' ';
    uint64_t n_high = 0;
    for (size_t i = 0; i < TMLI_TAR_BLOCK; i++) {
        sum += header[i];
        n_high += header[i] >> 7;
    }
    for (size_t i = SUM_AT; i < SUM_AT + SUM_BYTES; i++) {
        sum -= header[i];
        n_high -= header[i] >> 7;
    }
    return parse_number(header + SUM_AT, SUM_BYTES, &want) &&
           (want == sum || want + n_high * 0x100 == sum);
}

bool tmli_tar_is_header(const char *block)
{
    return memcmp(block + MAGIC_AT, "ustar", 5) == 0 && is_sum_right((const unsigned char *)block);
}

static const char *source_name(const tmli_tar *tar)
{
    return tmli_source_name(tar->window.source);
}

static size_t loaded_bytes(const tmli_tar *tar)
{
    return tar->window.end - tar->window.at;
}

/* Loads until n bytes wait, or the source ends. */
static tml_status load(tmli_tar *tar, size_t n, tml_error *err)
{
    while (loaded_bytes(tar) < n && !tar->window.ended) {
        const tml_status status = tmli_window_fill(&tar->window, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

static const char *name_of(const tmli_tar *tar)
{
    return tar->name.len > 0 ? tar->name.data : "";
}

static tml_status fail_cut(const tmli_tar *tar, uint64_t n_missing, tml_error *err)
{
    return tmli_fail(err, TML_EFORMAT,
                     "%s: %s: cut short: the archive ends %" PRIu64 " bytes before the member does",
                     source_name(tar), name_of(tar), n_missing);
}

static tml_status fail_end(const tmli_tar *tar, const char *what, tml_error *err)
{
    return tmli_fail(err, TML_EFORMAT, "%s: %s%s%s", source_name(tar),
                     tar->name.len > 0 ? "behind " : "",
                     tar->name.len > 0 ? name_of(tar) : "at the start", what);
}

/* What the last member has left. */
static tml_status skip_rest(tmli_tar *tar, tml_error *err)
{
    uint64_t left = tar->n_data + tar->n_fill;
    while (left > 0) {
        const tml_status status = load(tar, 1, err);
        const size_t loaded = loaded_bytes(tar);
        if (status != TML_OK) {
            return status;
        }
        if (loaded == 0) {
            /* A last block that is not filled up lacks nothing that is wanted. */
            return left > tar->n_fill ? fail_cut(tar, left - tar->n_fill, err)
                                      : fail_end(tar, ": the archive is cut short", err);
        }
        const size_t n = left < loaded ? (size_t)left : loaded;
        tar->window.at += n;
        left -= n;
    }
    tar->n_data = 0;
    tar->n_fill = 0;
    return TML_OK;
}

static void begin_data(tmli_tar *tar, uint64_t n)
{
    tar->n_data = n;
    tar->n_fill = (TMLI_TAR_BLOCK - n % TMLI_TAR_BLOCK) % TMLI_TAR_BLOCK;
}

/* n_data bytes, consumed; they stay where they are until the next fill. */
static tml_status take_data(tmli_tar *tar, tml_str *out, tml_error *err)
{
    const size_t n = (size_t)tar->n_data;
    const tml_status status = load(tar, n, err);
    if (status != TML_OK) {
        return status;
    }
    if (loaded_bytes(tar) < n) {
        return fail_cut(tar, n - loaded_bytes(tar), err);
    }
    *out = (tml_str){n > 0 ? tar->window.data + tar->window.at : "", n};
    tar->window.at += n;
    tar->n_data = 0;
    return TML_OK;
}

/* ---- extended headers ------------------------------------------------------------------------- */

static tml_status keep_text(tmli_buf *to, tml_str text, tml_error *err)
{
    tmli_buf_reset(to);
    tmli_buf_append_str(to, text);
    if (tmli_buf_cstr(to) == NULL) {
        return tmli_fail_memory(err, "the name of a member");
    }
    return TML_OK;
}

/* A name up to its NUL. */
static tml_str until_nul(const char *at, size_t n)
{
    const char *const nul = memchr(at, '\0', n);
    return (tml_str){at, nul != NULL ? (size_t)(nul - at) : n};
}

static bool parse_decimal(tml_str text, uint64_t *out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || value > UINT64_MAX / 16) {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    *out = value;
    return text.len > 0;
}

/* One record "LENGTH KEY=VALUE\n", LENGTH counting all of it; moves *rest behind it. */
static bool cut_record(tml_str *rest, tml_str *key, tml_str *value)
{
    uint64_t n = 0;
    const char *const blank = memchr(rest->data, ' ', rest->len);
    const size_t begin = blank != NULL ? (size_t)(blank - rest->data) : 0;
    if (blank == NULL || !parse_decimal((tml_str){rest->data, begin}, &n) || n > rest->len ||
        n < begin + 3 || rest->data[n - 1] != '\n') {
        return false;
    }
    const tml_str pair = {blank + 1, (size_t)n - begin - 2};
    const char *const equals = memchr(pair.data, '=', pair.len);
    if (equals == NULL) {
        return false;
    }
    *key = (tml_str){pair.data, (size_t)(equals - pair.data)};
    *value = (tml_str){equals + 1, pair.len - key->len - 1};
    *rest = (tml_str){rest->data + n, rest->len - (size_t)n};
    return true;
}

/* Of all keys, a member's path and size count here. In a global header they would hold for every member. */
static tml_status take_pax(tmli_tar *tar, tml_str records, bool is_global, tml_error *err)
{
    tml_str key;
    tml_str value;
    while (records.len > 0) {
        tml_status status = TML_OK;
        if (!cut_record(&records, &key, &value)) {
            return fail_end(tar, ": an extended header is damaged", err);
        }
        const bool is_path = tmli_str_eq_text(key, "path");
        const bool is_size = tmli_str_eq_text(key, "size");
        if (is_global && (is_path || is_size)) {
            return fail_end(tar, ": one header gives a path or size to all members", err);
        }
        if (tmli_str_starts(key, "GNU.sparse.")) {
            return fail_end(tar, ": a sparse member, which is not read (pack it without --sparse)",
                            err);
        }
        if (is_path) {
            if (value.len == 0 || memchr(value.data, '\0', value.len) != NULL) {
                return fail_end(tar, ": an extended header gives an empty name or a NUL", err);
            }
            status = keep_text(&tar->long_name, value, err);
        } else if (is_size) {
            tar->has_size = true;
            if (!parse_decimal(value, &tar->long_size) || tar->long_size > INT64_MAX) {
                return fail_end(tar, ": an extended header gives a size that is no number", err);
            }
        }
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

/* A header that describes the next one. type: of the header. */
static tml_status take_extended(tmli_tar *tar, char type, tml_error *err)
{
    tml_str data;
    if (tar->n_data > EXTENDED_BYTES_MAX) {
        return tmli_fail(err, TML_ELIMIT,
                         "%s: a name or extended header of %" PRIu64 " bytes, the limit is %d",
                         source_name(tar), tar->n_data, EXTENDED_BYTES_MAX);
    }
    const tml_status status = take_data(tar, &data, err);
    if (status != TML_OK || type == 'K') { /* the long name of a link's target */
        return status;
    }
    if (type == 'L') {
        return keep_text(&tar->long_name, until_nul(data.data, data.len), err);
    }
    return take_pax(tar, data, type == 'g', err);
}

/* ---- members ---------------------------------------------------------------------------------- */

static tmli_tar_kind kind_of(char type)
{
    switch (type) {
    case '\0':
    case '0':
    case '7': return TMLI_TAR_FILE; /* 7: contiguous, which nobody minds today */
    case '1':
    case '2': return TMLI_TAR_LINK;
    case '5': return TMLI_TAR_DIRECTORY;
    default: return TMLI_TAR_OTHER;
    }
}

/* The member's name: what an extended header said, or prefix/name. GNU's headers have other things in prefix's place. */
static tml_status take_name(tmli_tar *tar, const char *header, tml_error *err)
{
    tml_str name = until_nul(header + NAME_AT, NAME_BYTES);
    const tml_str prefix = until_nul(header + PREFIX_AT, PREFIX_BYTES);
    tmli_buf_reset(&tar->name);
    if (tar->long_name.len > 0) {
        name = tmli_buf_str(&tar->long_name);
    } else if (memcmp(header + MAGIC_AT, "ustar", 6) == 0 && prefix.len > 0) {
        tmli_buf_append_str(&tar->name, prefix);
        tmli_buf_append_byte(&tar->name, '/');
    }
    tmli_buf_append_str(&tar->name, name);
    if (tmli_buf_cstr(&tar->name) == NULL) {
        return tmli_fail_memory(err, "the name of a member");
    }
    tmli_buf_reset(&tar->long_name);
    if (tar->name.len == 0) {
        return tmli_fail(err, TML_EFORMAT, "%s: a member without a name", source_name(tar));
    }
    return TML_OK;
}

static tml_status take_member(tmli_tar *tar, const char *header, uint64_t n_bytes,
                              tmli_tar_member *out, tml_error *err)
{
    const char type = header[TYPE_AT];
    const tml_status status = take_name(tar, header, err);
    if (status != TML_OK) {
        return status;
    }
    if (type == 'S') {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: %s: a sparse member, which is not read (pack it without --sparse)",
                         source_name(tar), name_of(tar));
    }
    tmli_tar_kind kind = kind_of(type);
    if (kind == TMLI_TAR_FILE && name_of(tar)[tar->name.len - 1] == '/') {
        kind = TMLI_TAR_DIRECTORY; /* as v7 writes them */
    }
    /* Headers of links, directories and devices may have a size, but no data follow. */
    const bool is_bare = type >= '1' && type <= '6';
    begin_data(tar, is_bare ? 0 : tar->has_size ? tar->long_size : n_bytes);
    tar->has_size = false;
    *out = (tmli_tar_member){.name = name_of(tar), .kind = kind, .n_bytes = tar->n_data};
    return TML_OK;
}

static bool is_empty_block(const char *block, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (block[i] != '\0') {
            return false;
        }
    }
    return true;
}

/* Reads on to the source's end, where a checksum of gzip may stand, and makes sure that nothing is lost. */
static tml_status finish(tmli_tar *tar, tml_error *err)
{
    for (;;) {
        const size_t n = loaded_bytes(tar);
        if (n > 0 && !is_empty_block(tar->window.data + tar->window.at, n)) {
            return tmli_fail(err, TML_EFORMAT,
                             "%s: more bytes behind the archive's end (was another archive "
                             "appended?)",
                             source_name(tar));
        }
        tar->window.at += n;
        if (tar->window.ended) {
            return TML_OK;
        }
        const tml_status status = tmli_window_fill(&tar->window, err);
        if (status != TML_OK) {
            return status;
        }
    }
}

/* One header block, not consumed; *has false behind the end. */
static tml_status load_header(tmli_tar *tar, bool *has, tml_error *err)
{
    const tml_status status = load(tar, TMLI_TAR_BLOCK, err);
    if (status != TML_OK) {
        return status;
    }
    if (loaded_bytes(tar) < TMLI_TAR_BLOCK) {
        return fail_end(tar,
                        tar->name.len > 0
                            ? ": the archive is cut short (two empty blocks close an archive)"
                            : ": less than a header: cut short, or no tar archive",
                        err);
    }
    const char *const header = tar->window.data + tar->window.at;
    *has = true;
    if (is_sum_right((const unsigned char *)header)) {
        return TML_OK;
    }
    if (!is_empty_block(header, TMLI_TAR_BLOCK)) {
        return fail_end(tar,
                        tar->name.len > 0
                            ? ": the next header's checksum is wrong: the archive is damaged"
                            : ": the header's checksum is wrong: damaged, or no tar archive",
                        err);
    }
    if (tar->long_name.len > 0 || tar->has_size) {
        return fail_end(tar, ": an extended header without its member", err);
    }
    *has = false;
    return finish(tar, err);
}

static bool is_extended(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

tml_status tmli_tar_next(tmli_tar *tar, tmli_tar_member *out, bool *has, tml_error *err)
{
    for (;;) {
        tml_status status = skip_rest(tar, err);
        if (status == TML_OK) {
            status = load_header(tar, has, err);
        }
        if (status != TML_OK || !*has) {
            return status;
        }
        const char *const header = tar->window.data + tar->window.at;
        const char type = header[TYPE_AT];
        uint64_t n_bytes;
        tar->window.at += TMLI_TAR_BLOCK;
        if (!parse_number((const unsigned char *)header + SIZE_AT, SIZE_BYTES, &n_bytes)) {
            return fail_end(tar, ": a header whose size is no number: the archive is damaged", err);
        }
        if (type != 'V' && !is_extended(type)) { /* V: the label of a tape */
            return take_member(tar, header, n_bytes, out, err);
        }
        begin_data(tar, n_bytes);
        status = is_extended(type) ? take_extended(tar, type, err) : TML_OK;
        if (status != TML_OK) {
            return status;
        }
    }
}

tml_status tmli_tar_bytes(tmli_tar *tar, tml_str *out, tml_error *err)
{
    if (tar->n_data > tar->limit_bytes) {
        return tmli_fail(err, TML_ELIMIT, "%s: %s: %" PRIu64 " bytes, the limit of a text is %zu",
                         source_name(tar), name_of(tar), tar->n_data, tar->limit_bytes);
    }
    return take_data(tar, out, err);
}
