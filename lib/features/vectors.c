/* Word vectors in text form. Most words of such a file are not wanted, so a line is cut and its dimensions are counted
 * without looking at the numbers; tmli_vectors_values parses those of the current line on demand. */
#include "features/vectors.h"

#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/source.h"
#include "base/status.h"

enum {
    LINE_BYTES_MAX = 8 << 20
}; /* 65,536 dimensions of 25 characters fit several times */

struct tmli_vectors {
    tmli_source *source; /* owned */
    tmli_window window;
    size_t dims;
    bool is_dims_given; /* by the caller, as against the file */
    bool has_header;
    uint64_t n_promised; /* by the header */
    uint64_t n_words;    /* read so far */
    uint64_t line;       /* of the current word, from 1 */
    tml_str pending;     /* a line that was read to learn dims, still to be returned */
    bool has_pending;
    const char *numbers; /* of the current word: dims fields up to numbers_end */
    const char *numbers_end;
};

#define EACH_LANE UINT64_C(0x0101010101010101)

/* Eight bytes as lanes of a word; the first is the lowest. */
static uint64_t load_lanes(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Number of blanks in text. Eight bytes a step, each byte lane counting for itself; a lane holds 255, so the lanes are
 * added up after at most that many steps. */
static size_t count_blanks(tml_str text)
{
    const uint64_t low_seven = EACH_LANE * 0x7f;
    size_t count = 0;
    size_t i = 0;
    while (text.len - i >= sizeof(uint64_t)) {
        const size_t steps = (text.len - i) / sizeof(uint64_t);
        uint64_t lanes = 0;
        for (size_t step = 0; step < (steps < 255 ? steps : 255); step++, i += sizeof(uint64_t)) {
            /* A byte of `other` is 0 where the text has a blank; the sum carries into bit 7 of all others. */
            const uint64_t other = load_lanes(text.data + i) ^ (EACH_LANE * ' ');
            lanes += (~(((other & low_seven) + low_seven) | other) >> 7) & EACH_LANE;
        }
        for (; lanes != 0; lanes >>= 8) {
            count += lanes & 0xff;
        }
    }
    for (; i < text.len; i++) {
        count += text.data[i] == ' ';
    }
    return count;
}

/* The place behind the last blank before `at`, or begin. */
static const char *field_begin(const char *begin, const char *at)
{
    while (at > begin && at[-1] != ' ') {
        at--;
    }
    return at;
}

static bool is_number(const char *begin, const char *end)
{
    float value;
    return tmli_scan_float(begin, end, &value) == end;
}

/* How many fields at the end of the line are numbers, up to `most`. The first field is the word, whatever it looks like.
 * *begin: where they begin. */
static size_t trailing_numbers(tml_str line, size_t most, const char **begin)
{
    const char *end = line.data + line.len;
    size_t count = 0;
    *begin = end;
    while (count < most) {
        const char *field = field_begin(line.data, end);
        if (field == line.data || !is_number(field, end)) {
            break;
        }
        *begin = field;
        end = field - 1;
        count++;
    }
    return count;
}

static tml_status fail_dims(const tmli_vectors *v, size_t found, tml_error *err)
{
    const char *name = tmli_source_name(v->source);
    if (!v->is_dims_given) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s:%" PRIu64 ": %zu %s behind the word, expected %zu as in line 1", name,
                         v->line, found, found == 1 ? "number" : "numbers", v->dims);
    }
    return tmli_fail(err, TML_EFORMAT,
                     "%s:%" PRIu64 ": %zu %s behind the word, expected %zu (set dims, or "
                     "take the file with %zu dimensions)",
                     name, v->line, found, found == 1 ? "number" : "numbers", v->dims, v->dims);
}

/* A word that holds blanks itself (GloVe 840B has such) leaves more blanks than dimensions: the last dims fields must be
 * numbers, and the field before them must not be one, or else the line has more dimensions than expected. */
static tml_status split_long(const tmli_vectors *v, tml_str line, const char **numbers,
                             tml_error *err)
{
    const size_t found = trailing_numbers(line, v->dims + 1, numbers);
    if (found != v->dims) {
        return fail_dims(v, trailing_numbers(line, SIZE_MAX, numbers), err);
    }
    return TML_OK;
}

static tml_status split_line(tmli_vectors *v, tml_str line, tml_str *word, tml_error *err)
{
    const size_t n_blanks = count_blanks(line);
    const char *numbers;
    if (n_blanks < v->dims) {
        return fail_dims(v, n_blanks, err);
    }
    if (n_blanks == v->dims) {
        numbers = (const char *)memchr(line.data, ' ', line.len) + 1;
    } else {
        const tml_status status = split_long(v, line, &numbers, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *word = (tml_str){line.data, (size_t)(numbers - line.data) - 1};
    if (word->len == 0) {
        return tmli_fail(err, TML_EFORMAT, "%s:%" PRIu64 ": no word before the numbers",
                         tmli_source_name(v->source), v->line);
    }
    if (numbers[-2] == ' ') {
        return tmli_fail(err, TML_EFORMAT,
                         "%s:%" PRIu64 ": two blanks before the numbers, expected one",
                         tmli_source_name(v->source), v->line);
    }
    v->numbers = numbers;
    v->numbers_end = line.data + line.len;
    return TML_OK;
}

/* The next line that is not empty, without one blank at its end. */
static tml_status next_line(tmli_vectors *v, tml_str *line, bool *has, tml_error *err)
{
    *has = v->has_pending;
    if (v->has_pending) {
        v->has_pending = false;
        *line = v->pending;
        return TML_OK;
    }
    do {
        tml_error fault = {0};
        const tml_status status =
            tmli_window_line(&v->window, &line->data, &line->len, has, &fault);
        if (status == TML_ELIMIT) {
            return tmli_fail(err, status,
                             "%s:%" PRIu64 ": more than %d bytes in a line, expected word vectors "
                             "as text",
                             tmli_source_name(v->source), v->line + 1, LINE_BYTES_MAX);
        }
        if (status != TML_OK || !*has) {
            return status == TML_OK ? TML_OK : tmli_fail(err, status, "%s", fault.text);
        }
        v->line++;
        if (line->len > 0 && line->data[line->len - 1] == ' ') {
            line->len--;
        }
    } while (line->len == 0);
    return TML_OK;
}

static bool is_whole(tml_str text, uint64_t *out)
{
    int64_t value;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    if (!tmli_parse_int64(text, &value)) {
        return false;
    }
    *out = (uint64_t)value;
    return true;
}

/* word2vec's "COUNT DIMS". A file of one dimension could begin with a word and a number that look alike: when the caller
 * expects one dimension, only a header that says so is one. */
static bool is_header(tml_str line, size_t dims, uint64_t *count, uint64_t *header_dims)
{
    const char *blank = memchr(line.data, ' ', line.len);
    if (blank == NULL) {
        return false;
    }
    const size_t at = (size_t)(blank - line.data);
    return is_whole((tml_str){line.data, at}, count) &&
           is_whole((tml_str){blank + 1, line.len - at - 1}, header_dims) &&
           (dims != 1 || *header_dims == 1);
}

static tml_status take_header(tmli_vectors *v, uint64_t header_dims, tml_error *err)
{
    const char *name = tmli_source_name(v->source);
    if (header_dims == 0 || header_dims > LINE_BYTES_MAX / 2) {
        return tmli_fail(err, TML_EFORMAT, "%s:1: %" PRIu64 " dimensions, expected 1 to %d", name,
                         header_dims, LINE_BYTES_MAX / 2);
    }
    if (v->dims != 0 && header_dims != v->dims) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s:1: %" PRIu64 " dimensions, expected %zu (set dims, or take "
                         "the file with %zu dimensions)",
                         name, header_dims, v->dims, v->dims);
    }
    v->has_header = true;
    v->dims = (size_t)header_dims;
    return TML_OK;
}

/* Reads the first line: what is in the file, and how many dimensions. */
static tml_status begin(tmli_vectors *v, tml_error *err)
{
    const char *name = tmli_source_name(v->source);
    tml_str line;
    bool has;
    const tml_status status = next_line(v, &line, &has, err);
    if (status != TML_OK) {
        return status;
    }
    if (has && tmli_str_starts(line, "\xEF\xBB\xBF")) {
        line = (tml_str){line.data + 3, line.len - 3};
    }
    if (!has || line.len == 0) {
        return tmli_fail(err, TML_EFORMAT, "%s: empty, expected word vectors", name);
    }
    if (tmli_str_starts(line, "PK\x03\x04")) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: a zip archive, expected word vectors as text or gzip (unpack it)",
                         name);
    }
    uint64_t header_dims;
    if (is_header(line, v->dims, &v->n_promised, &header_dims)) {
        return take_header(v, header_dims, err);
    }
    if (v->dims == 0) {
        const char *numbers;
        v->dims = trailing_numbers(line, SIZE_MAX, &numbers);
    }
    if (v->dims == 0) {
        return tmli_fail(err, TML_EFORMAT, "%s:%" PRIu64 ": no numbers behind the word", name,
                         v->line);
    }
    v->pending = line;
    v->has_pending = true;
    return TML_OK;
}

tml_status tmli_vectors_open(const char *path, size_t dims, tmli_vectors **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_vectors *v = tmli_calloc(1, sizeof *v);
    if (v == NULL) {
        return tmli_fail_memory(err, "a reader of word vectors");
    }
    v->dims = dims;
    v->is_dims_given = dims != 0;
    TMLI_TRY(tmli_source_open(path, &v->source, err));
    TMLI_TRY(tmli_source_read_ahead(v->source, err)); /* unpacking takes twice as long as parsing */
    tmli_window_init(&v->window, v->source, LINE_BYTES_MAX);
    TMLI_TRY(begin(v, err));
    *out = v;
    v = NULL;
cleanup:
    tmli_vectors_close(v);
    return status;
}

void tmli_vectors_close(tmli_vectors *vectors)
{
    if (vectors == NULL) {
        return;
    }
    if (vectors->source != NULL) {
        tmli_window_deinit(&vectors->window);
    }
    tmli_source_free(vectors->source);
    tmli_free(vectors);
}

size_t tmli_vectors_dims(const tmli_vectors *vectors)
{
    return vectors->dims;
}

tml_status tmli_vectors_next(tmli_vectors *vectors, tml_str *word, bool *has, tml_error *err)
{
    tml_str line;
    tml_status status = next_line(vectors, &line, has, err);
    if (status != TML_OK) {
        return status;
    }
    if (*has) {
        status = split_line(vectors, line, word, err);
        vectors->n_words += status == TML_OK;
        return status;
    }
    if (vectors->has_header && vectors->n_words < vectors->n_promised) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: %" PRIu64 " words, line 1 promises %" PRIu64
                         ": the file is cut short",
                         tmli_source_name(vectors->source), vectors->n_words, vectors->n_promised);
    }
    return TML_OK;
}

/* How many of the eight bytes at `at` are digits before the first that is not, and their value. */
static size_t leading_digits(const char *at, uint64_t *value)
{
    const uint64_t word = load_lanes(at);
    uint64_t digits = word - EACH_LANE * '0';
    /* Bit 7 of a lane is set by one of the two when its byte is no digit; only lanes behind that one see a carry. */
    const uint64_t others = ((word + EACH_LANE * (0x80 - ('9' + 1))) | digits) & (EACH_LANE * 0x80);
    const size_t n = others != 0 ? (size_t)__builtin_ctzll(others) / 8 : 8;
    if (n == 0) {
        return 0;
    }
    digits <<= 8 * (8 - n); /* as if zeros stood before them */
    digits = (digits * 10 + (digits >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    digits = (digits * 100 + (digits >> 16)) & UINT64_C(0x0000ffff0000ffff);
    *value = (digits * 10000 + (digits >> 32)) & UINT64_C(0xffffffff);
    return n;
}

/* The usual number of a vector file, [-]D.DDDDDDDD with a blank behind it, as tmli_scan_float reads it, bit for bit: the
 * mantissa is below 2^53, so that one division rounds it correctly. NULL for all others. 11 against 40 ns a number. */
static const char *scan_usual(const char *at, const char *end, float *out)
{
    /* The sign comes from the divisor: a branch on it would be guessed wrong half the time. */
    static const double powers[2][9] = {{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8},
                                        {-1e0, -1e1, -1e2, -1e3, -1e4, -1e5, -1e6, -1e7, -1e8}};
    enum {
        BYTES_LOOKED_AT = 12
    }; /* sign, digit, point, eight digits, blank */
    if (end - at < BYTES_LOOKED_AT) {
        return NULL;
    }
    const bool is_negative = *at == '-';
    at += is_negative;
    if (at[0] < '0' || at[0] > '9' || at[1] != '.') {
        return NULL;
    }
    uint64_t fraction;
    const size_t n = leading_digits(at + 2, &fraction);
    if (n == 0 || at[2 + n] != ' ') {
        return NULL;
    }
    const double mantissa = (double)(at[0] - '0') * powers[0][n] + (double)fraction;
    *out = (float)(mantissa / powers[is_negative][n]);
    return at + 2 + n;
}

tml_status tmli_vectors_values(tmli_vectors *vectors, float *out, tml_error *err)
{
    const char *at = vectors->numbers;
    const char *end = vectors->numbers_end;
    for (size_t d = 0; d < vectors->dims; d++) {
        const char *behind = scan_usual(at, end, &out[d]);
        if (behind == NULL) {
            behind = tmli_scan_float(at, end, &out[d]);
        }
        if (behind == NULL || (behind < end && *behind != ' ')) {
            const char *blank = memchr(at, ' ', (size_t)(end - at));
            const tml_str field = {at, (size_t)((blank != NULL ? blank : end) - at)};
            return tmli_fail(err, TML_EFORMAT,
                             "%s:%" PRIu64 ": \"%.*s\" is not a finite number (number %zu of %zu)",
                             tmli_source_name(vectors->source), vectors->line, TMLI_SHOWN(field),
                             d + 1, vectors->dims);
        }
        at = behind < end ? behind + 1 : end;
    }
    return TML_OK;
}

tml_status tmli_vectors_fill(const char *path, const tmli_vocab *vocab, size_t dims,
                             const atomic_bool *stop, float *table, size_t *found, tml_error *err)
{
    assert(dims > 0);
    tml_status status = TML_OK;
    tmli_vectors *vectors = NULL;
    size_t n_found = 0;
    bool *is_filled = tmli_calloc(vocab->n, sizeof *is_filled);
    if (is_filled == NULL) {
        return tmli_fail_memory(err, "the words of a vector file");
    }
    TMLI_TRY(tmli_vectors_open(path, dims, &vectors, err));
    for (;;) {
        tml_str word;
        bool has;
        if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed)) {
            TMLI_TRY(tmli_fail(err, TML_ESTOPPED, "%s: stopped while reading", path));
        }
        TMLI_TRY(tmli_vectors_next(vectors, &word, &has, err));
        if (!has) {
            break;
        }
        const uint32_t id = tmli_vocab_find(vocab, word);
        if (id == TMLI_NO_TERM || is_filled[id]) {
            continue;
        }
        TMLI_TRY(tmli_vectors_values(vectors, table + (size_t)id * dims, err));
        is_filled[id] = true;
        n_found++;
    }
    *found = n_found;
cleanup:
    tmli_vectors_close(vectors);
    tmli_free(is_filled);
    return status;
}
