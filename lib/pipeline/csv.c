/* Separated values, cut in place in a window over the source.
 *
 * A record is followed by offsets from its first byte, never by pointers, for a refill may move the window. Work
 * resumes where the loaded bytes ended, so that a long record that arrives in pieces is not scanned again for each. */
#include "pipeline/csv.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "text/ascii.h"

/* The record that is being cut. */
typedef struct cursor {
    size_t at;      /* the next byte, from the record's first */
    size_t n;       /* fields so far */
    uint64_t line;  /* of the next byte */
    bool is_quoted; /* some field was */
} cursor;

typedef enum stop {
    STOP_SEPARATOR, /* another field follows */
    STOP_LINE,
    STOP_END, /* of the source */
} stop;

void tmli_csv_init(tmli_csv *csv, tmli_source *source, char separator, tmli_quote quote,
                   size_t record_limit)
{
    assert(separator != '"' && separator != '\n' && separator != '\r');
    *csv = (tmli_csv){.separator = separator, .quote = quote, .line = 1};
    tmli_window_init(&csv->window, source, record_limit);
}

void tmli_csv_deinit(tmli_csv *csv)
{
    tmli_window_deinit(&csv->window);
    tmli_free(csv->spans);
    tmli_free(csv->fields);
    csv->spans = NULL;
    csv->fields = NULL;
    csv->n_spans = 0;
    csv->n_fields = 0;
}

static char *record_begin(const tmli_csv *csv)
{
    return csv->window.data + csv->window.at;
}

static size_t loaded_bytes(const tmli_csv *csv)
{
    return csv->window.end - csv->window.at;
}

/* Loads at least one byte more of the record, or finds that the source has ended (*more false). */
static tml_status load_more(tmli_csv *csv, const cursor *c, bool *more, tml_error *err)
{
    const size_t before = loaded_bytes(csv);
    while (loaded_bytes(csv) == before && !csv->window.ended) {
        if (before >= csv->window.limit_bytes) {
            return tmli_fail(err, TML_ELIMIT,
                             "%s:%" PRIu64 ":%zu: the record is longer than %zu bytes (is a quote "
                             "not closed?)",
                             tmli_source_name(csv->window.source), csv->line, c->n + 1,
                             csv->window.limit_bytes);
        }
        const tml_status status = tmli_window_fill(&csv->window, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *more = loaded_bytes(csv) > before;
    return TML_OK;
}

static tml_status push_field(tmli_csv *csv, cursor *c, size_t at, size_t len, tml_error *err)
{
    if (c->n == TMLI_CSV_FIELDS_MAX) {
        return tmli_fail(err, TML_ELIMIT, "%s:%" PRIu64 ":%zu: more than %d fields in a record",
                         tmli_source_name(csv->window.source), csv->line, c->n + 1,
                         TMLI_CSV_FIELDS_MAX);
    }
    if (c->n == csv->n_spans &&
        !tmli_grow(&csv->spans, &csv->n_spans, c->n + 1, sizeof *csv->spans)) {
        return tmli_fail_memory(err, "the fields of a record");
    }
    csv->spans[c->n] = (tmli_csv_span){.at = at, .len = len};
    c->n++;
    return TML_OK;
}

/* Takes the byte that ends a field. */
static stop take_end(tmli_csv *csv, cursor *c)
{
    const char byte = record_begin(csv)[c->at];
    c->at++;
    if (byte == csv->separator) {
        return STOP_SEPARATOR;
    }
    c->line++;
    csv->is_after_return = byte == '\r';
    return STOP_LINE;
}

/* A field without quotes that is not loaded to its end, or for which there was no room. */
static tml_status cut_plain(tmli_csv *csv, cursor *c, stop *why, tml_error *err)
{
    const size_t begin = c->at;
    for (;;) {
        const char *const record = record_begin(csv);
        const size_t loaded = loaded_bytes(csv);
        while (c->at < loaded && record[c->at] != csv->separator && record[c->at] != '\n' &&
               record[c->at] != '\r') {
            c->at++;
        }
        if (c->at < loaded) {
            break;
        }
        bool more;
        const tml_status status = load_more(csv, c, &more, err);
        if (status != TML_OK) {
            return status;
        }
        if (!more) {
            *why = STOP_END;
            return push_field(csv, c, begin, c->at - begin, err);
        }
    }
    const tml_status status = push_field(csv, c, begin, c->at - begin, err);
    *why = take_end(csv, c);
    return status;
}

/* Line ends in bytes [from, to) of the record, all inside one quoted field, so that from is at least 1. */
static uint64_t count_lines(const char *record, size_t from, size_t to)
{
    uint64_t count = 0;
    const char *const end = record + to;
    const char *at = record + from;
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count += at[-1] != '\r';
        at++;
    }
    at = record + from;
    while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count;
}

static unsigned count_bits(uint64_t mask)
{
    unsigned n = 0;
    for (; mask != 0; mask &= mask - 1) { /* a block of text has one line end or two */
        n++;
    }
    return n;
}

static tmli_bytes16 is_quote16(tmli_bytes16 v)
{
    return tmli_is_byte16(v, '"');
}

static tmli_bytes16 is_newline16(tmli_bytes16 v)
{
    return tmli_is_byte16(v, '\n');
}

static tmli_bytes16 is_return16(tmli_bytes16 v)
{
    return tmli_is_byte16(v, '\r');
}

/* The first quote at or behind record[from], or `to`; the line ends before it are added to *line. One pass for the three
 * bytes: 1.6 GB/s against 1.0 of memchr for each on raw newsgroup messages, where a line has 30 bytes. */
static size_t find_quote(const char *record, size_t from, size_t to, uint64_t *line)
{
    size_t at = from;
    for (; to - at >= TMLI_BLOCK; at += TMLI_BLOCK) {
        const uint64_t quotes = TMLI_BITS64(record + at, is_quote16);
        const uint64_t newlines = TMLI_BITS64(record + at, is_newline16);
        const uint64_t returns = TMLI_BITS64(record + at, is_return16);
        const size_t n = quotes != 0 ? tmli_lowest_bit(quotes) : TMLI_BLOCK;
        const uint64_t behind_return = returns << 1 | (record[at - 1] == '\r');
        *line += count_bits((returns | (newlines & ~behind_return)) & tmli_bits_below(n));
        if (quotes != 0) {
            return at + n;
        }
    }
    const char *const quote = memchr(record + at, '"', to - at);
    const size_t end = quote != NULL ? (size_t)(quote - record) : to;
    *line += count_lines(record, at, end);
    return end;
}

/* Moves the text up to the next quote or the end of what is loaded from c->at to *out, which is not behind it. */
static bool move_to_quote(tmli_csv *csv, cursor *c, size_t *out)
{
    char *const record = record_begin(csv);
    const size_t loaded = loaded_bytes(csv);
    const size_t run = find_quote(record, c->at, loaded, &c->line) - c->at;
    if (*out != c->at) {
        memmove(record + *out, record + c->at, run);
    }
    *out += run;
    c->at += run;
    return c->at < loaded;
}

/* Text of a quoted field, c->at behind the opening quote; unquoted in place, *len long. Afterwards c->at is behind the
 * closing quote, and the byte there is loaded unless the source ended (*ended). */
static tml_status unquote(tmli_csv *csv, cursor *c, size_t *len, bool *ended, tml_error *err)
{
    const size_t begin = c->at;
    const uint64_t open_line = c->line;
    size_t out = begin;
    for (;;) {
        const bool at_quote = move_to_quote(csv, c, &out);
        const size_t needed =
            c->at + (at_quote ? 2 : 1); /* a quote is understood by the byte behind it */
        if (needed > loaded_bytes(csv)) {
            bool more;
            const tml_status status = load_more(csv, c, &more, err);
            if (status != TML_OK) {
                return status;
            }
            if (!more && !at_quote) {
                return tmli_fail(err, TML_EFORMAT,
                                 "%s:%" PRIu64 ":%zu: the quote that opens here is never closed "
                                 "(a quote inside quotes is doubled)",
                                 tmli_source_name(csv->window.source), open_line, c->n + 1);
            }
            *ended = !more;
        }
        if (!at_quote) {
            continue;
        }
        char *const record = record_begin(csv);
        if (*ended || record[c->at + 1] != '"') {
            c->at++;
            *len = out - begin;
            return TML_OK;
        }
        record[out] = '"';
        out++;
        c->at += 2;
    }
}

static tml_status cut_quoted(tmli_csv *csv, cursor *c, stop *why, tml_error *err)
{
    size_t len = 0;
    bool ended = false;
    c->is_quoted = true;
    c->at++;
    const size_t begin = c->at;
    const tml_status status = unquote(csv, c, &len, &ended, err);
    if (status != TML_OK) {
        return status;
    }
    if (ended) {
        *why = STOP_END;
        return push_field(csv, c, begin, len, err);
    }
    const char byte = record_begin(csv)[c->at];
    if (byte != csv->separator && byte != '\n' && byte != '\r') {
        return tmli_fail(err, TML_EFORMAT,
                         "%s:%" PRIu64 ":%zu: text behind a closing quote, expected a separator or "
                         "the line's end (a quote inside a quoted field is written twice)",
                         tmli_source_name(csv->window.source), c->line, c->n + 1);
    }
    *why = take_end(csv, c);
    return push_field(csv, c, begin, len, err);
}

/* Bits of the separators and line ends among the 64 bytes at `at`. */
static uint64_t mark_ends(const char *at, char separator)
{
    uint64_t marks = 0;
    for (unsigned i = 0; i < TMLI_BLOCK; i += TMLI_STEP) {
        const tmli_bytes16 v = tmli_load16(at + i);
        marks |= tmli_bits16(tmli_is_byte16(v, (unsigned char)separator) | tmli_is_byte16(v, '\n') |
                             tmli_is_byte16(v, '\r'))
                 << i;
    }
    return marks;
}

/* The usual case in one tight loop, 64 bytes a step: cuts fields that are not quoted, as long as they are loaded to
 * their ends and have room in spans. c->at is left at the start of a field that is something else, or behind the record
 * when *why says so. 2.8 GB/s against 2.1 of eight bytes a step on the newsgroups' preprocessed CSV. */
static void cut_loaded(tmli_csv *csv, cursor *c, stop *why)
{
    const char *const record = record_begin(csv);
    const size_t loaded = loaded_bytes(csv);
    const char separator = csv->separator;
    const bool has_quotes = csv->quote == TMLI_QUOTE_RFC4180;
    tmli_csv_span *const spans = csv->spans;
    const size_t room = csv->n_spans < TMLI_CSV_FIELDS_MAX ? csv->n_spans : TMLI_CSV_FIELDS_MAX;
    size_t n = c->n;
    size_t begin = c->at;
    if (has_quotes && begin < loaded && record[begin] == '"') {
        return; /* no marks are looked for in vain */
    }
    for (size_t at = begin; loaded - at >= TMLI_BLOCK; at += TMLI_BLOCK) {
        for (uint64_t marks = mark_ends(record + at, separator); marks != 0; marks &= marks - 1) {
            const size_t end = at + tmli_lowest_bit(marks);
            if (n == room || (has_quotes && record[begin] == '"')) {
                goto stopped;
            }
            spans[n] = (tmli_csv_span){.at = begin, .len = end - begin};
            n++;
            begin = end + 1;
            if (record[end] != separator) {
                c->at = end;
                *why = take_end(csv, c);
                goto stopped;
            }
        }
    }
stopped:
    c->n = n;
    c->at = begin;
}

static tml_status cut_field(tmli_csv *csv, cursor *c, stop *why, tml_error *err)
{
    bool more = true;
    if (c->at == loaded_bytes(csv)) {
        const tml_status status = load_more(csv, c, &more, err);
        if (status != TML_OK) {
            return status;
        }
    }
    if (more && csv->quote == TMLI_QUOTE_RFC4180 && record_begin(csv)[c->at] == '"') {
        return cut_quoted(csv, c, why, err);
    }
    return cut_plain(csv, c, why, err);
}

static tml_status cut_record(tmli_csv *csv, cursor *c, tml_error *err)
{
    stop why = STOP_SEPARATOR;
    for (;;) {
        cut_loaded(csv, c, &why);
        if (why != STOP_SEPARATOR) {
            return TML_OK;
        }
        const tml_status status = cut_field(csv, c, &why, err);
        if (status != TML_OK || why != STOP_SEPARATOR) {
            return status;
        }
    }
}

/* A byte-order mark, when the source begins with one. */
static tml_status skip_mark(tmli_csv *csv, tml_error *err)
{
    static const char mark[] = {'\xEF', '\xBB', '\xBF'};
    const cursor nothing = {0};
    bool more = true;
    csv->begun = true;
    for (size_t i = 0; i < sizeof mark; i++) {
        if (i == loaded_bytes(csv)) {
            const tml_status status = load_more(csv, &nothing, &more, err);
            if (status != TML_OK) {
                return status;
            }
        }
        if (!more || record_begin(csv)[i] != mark[i]) {
            return TML_OK;
        }
    }
    csv->window.at += sizeof mark;
    return TML_OK;
}

/* Makes the record's first byte the window's; *any false at the end of the source. */
static tml_status begin_record(tmli_csv *csv, bool *any, tml_error *err)
{
    const cursor nothing = {0};
    if (!csv->begun) {
        const tml_status status = skip_mark(csv, err);
        if (status != TML_OK) {
            return status;
        }
    }
    for (;;) {
        *any = true;
        if (loaded_bytes(csv) == 0) {
            const tml_status status = load_more(csv, &nothing, any, err);
            if (status != TML_OK || !*any) {
                return status;
            }
        }
        if (!csv->is_after_return) {
            return TML_OK;
        }
        csv->is_after_return = false;
        if (*record_begin(csv) != '\n') {
            return TML_OK;
        }
        csv->window.at++;
    }
}

static tml_status give_record(tmli_csv *csv, const cursor *c, tmli_csv_record *out, tml_error *err)
{
    if (c->n > csv->n_fields &&
        !tmli_grow(&csv->fields, &csv->n_fields, c->n, sizeof *csv->fields)) {
        return tmli_fail_memory(err, "the fields of a record");
    }
    const char *const record = record_begin(csv);
    for (size_t i = 0; i < c->n; i++) {
        csv->fields[i] = (tml_str){record + csv->spans[i].at, csv->spans[i].len};
    }
    const tmli_csv_span last = csv->spans[c->n - 1];
    *out = (tmli_csv_record){.fields = csv->fields, .n = c->n, .line = csv->line};
    if (!c->is_quoted) {
        out->raw = (tml_str){record, last.at + last.len};
    }
    return TML_OK;
}

tml_status tmli_csv_next(tmli_csv *csv, tmli_csv_record *out, bool *has, tml_error *err)
{
    for (;;) {
        tml_status status = begin_record(csv, has, err);
        if (status != TML_OK || !*has) {
            return status;
        }
        cursor c = {.line = csv->line};
        status = cut_record(csv, &c, err);
        if (status != TML_OK) {
            return status;
        }
        const bool is_empty = c.n == 1 && !c.is_quoted && csv->spans[0].len == 0;
        if (!is_empty) {
            status = give_record(csv, &c, out, err);
        }
        csv->window.at += c.at;
        csv->line = c.line;
        if (!is_empty) {
            return status;
        }
    }
}
