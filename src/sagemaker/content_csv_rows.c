/* CSV of one column as a slice of the body: nothing is copied but texts with doubled quotes, and a batch can go on behind
 * a damaged line. Files of any number of columns are pipeline/csv.h's. */
#include "sagemaker/content.h"

#include <string.h>

#include "base/bytes16.h"
#include "base/status.h"

/* The record that is being cut from rows->rest. */
typedef struct record {
    tml_str all;      /* from its first byte to the last it may have */
    size_t at;        /* the next byte */
    size_t n;         /* fields so far */
    size_t n_lines;   /* line ends passed, all inside quotes */
    size_t n_doubled; /* quotes written twice in the field that was cut last */
    const char *wrong;
} record;

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* The first quote or line end at or behind `at`, or the end. */
static size_t find_mark(tml_str text, size_t at)
{
    for (; text.len - at >= TMLI_STEP; at += TMLI_STEP) {
        const tmli_bytes16 v = tmli_load16(text.data + at);
        const uint64_t marks =
            tmli_bits16(tmli_is_byte16(v, '"') | tmli_is_byte16(v, '\n') | tmli_is_byte16(v, '\r'));
        if (marks != 0) {
            return at + tmli_lowest_bit(marks);
        }
    }
    while (at < text.len && text.data[at] != '"' && !ends_line(text.data[at])) {
        at++;
    }
    return at;
}

/* ---- by the book ---- */

/* The text between quotes; at stands behind the opening one. False when none closes it. */
static bool cut_quoted(record *r, tml_str *field)
{
    const tml_str all = r->all;
    const size_t first = r->at;
    r->n_doubled = 0;
    for (;; r->at++) {
        r->at = find_mark(all, r->at);
        if (r->at == all.len) {
            r->wrong = "the quote that opens here is never closed";
            return false;
        }
        const char c = all.data[r->at];
        const bool has_next = r->at + 1 < all.len;
        if (c != '"') {
            r->n_lines += c == '\n' || !has_next || all.data[r->at + 1] != '\n';
        } else if (has_next && all.data[r->at + 1] == '"') {
            r->n_doubled++;
            r->at++;
        } else {
            break;
        }
    }
    *field = (tml_str){all.data + first, r->at - first};
    r->at++;
    if (r->at < all.len && all.data[r->at] != ',' && !ends_line(all.data[r->at])) {
        r->wrong = "text behind a closing quote, expected the line's end (a quote inside a quoted "
                   "text is written twice)";
        return false;
    }
    return true;
}

/* Cuts all fields; *field is the last. False: r->wrong says of field r->n + 1 why. */
static bool cut_fields(record *r, tml_str *field)
{
    const tml_str all = r->all;
    for (;; r->at++) {
        if (r->at < all.len && all.data[r->at] == '"') {
            r->at++;
            if (!cut_quoted(r, field)) {
                return false;
            }
        } else {
            const size_t first = r->at;
            while (r->at < all.len && all.data[r->at] != ',' && !ends_line(all.data[r->at])) {
                r->at++;
            }
            *field = (tml_str){all.data + first, r->at - first};
        }
        r->n++;
        if (r->at == all.len || all.data[r->at] != ',') {
            return true;
        }
    }
}

/* ---- as clients write it ---- */

/* An unquoted record is one text as it stands: clients that join texts with line ends do not quote those with commas.
 * False when one of its fields is quoted. */
static bool cut_raw(record *r, tml_str *text)
{
    const tml_str all = r->all;
    for (;; r->at++) {
        r->at = find_mark(all, r->at);
        if (r->at == all.len || all.data[r->at] != '"') {
            *text = (tml_str){all.data, r->at};
            return true;
        }
        if (r->at == 0 || all.data[r->at - 1] == ',') {
            r->at = 0;
            return false;
        }
    }
}

static size_t behind_line_end(tml_str all, size_t at)
{
    const bool is_pair = all.len - at >= 2 && all.data[at] == '\r' && all.data[at + 1] == '\n';
    return at == all.len ? at : at + (is_pair ? 2 : 1);
}

static size_t first_line_bytes(tml_str all)
{
    size_t at = find_mark(all, 0);
    while (at < all.len && !ends_line(all.data[at])) {
        at = find_mark(all, at + 1);
    }
    return at;
}

static void take(sm_rows *rows, size_t n, size_t n_lines)
{
    rows->rest = (tml_str){rows->rest.data + n, rows->rest.len - n};
    rows->next_line += n_lines;
}

static tml_status fail_record(sm_rows *rows, const record *r, tml_error *err)
{
    const tml_str rest = rows->rest;
    take(rows, behind_line_end(rest, first_line_bytes(rest)), 1);
    /* Were the lines of this record looked at as one record again and again, each from another line on, a body of
     * quotes could take hours. */
    rows->has_stray_quotes = rows->has_stray_quotes || r->n_lines > 0;
    if (r->wrong != NULL) {
        return tmli_fail(err, TML_EFORMAT, "line %zu, field %zu: %s", rows->line, r->n + 1,
                         r->wrong);
    }
    return tmli_fail(err, TML_EFORMAT,
                     "line %zu: %zu fields, expected one: put the whole text in one pair of quotes",
                     rows->line, r->n);
}

/* Quotes that were doubled, once. */
static tml_status undouble(const sm_rows *rows, tml_str *text, size_t n_doubled, tml_error *err)
{
    char *const copy = tmli_arena_alloc(rows->arena, text->len - n_doubled, 1);
    if (copy == NULL) {
        return tmli_fail_memory(err, "the texts");
    }
    const char *at = text->data;
    const char *const end = at + text->len;
    size_t len = 0;
    while (at < end) {
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const size_t n = (size_t)((quote != NULL ? quote + 1 : end) - at);
        memcpy(copy + len, at, n);
        len += n;
        at += quote != NULL ? n + 1 : n;
    }
    *text = (tml_str){copy, len};
    return TML_OK;
}

tml_status sm_csv_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    *has = rows->rest.len > 0;
    if (!*has) {
        return TML_OK;
    }
    rows->line = rows->next_line;
    record r = {.all = rows->rest};
    if (rows->has_stray_quotes) {
        r.all.len = first_line_bytes(r.all);
    }
    const bool is_raw = cut_raw(&r, &out->text);
    if (!is_raw && (!cut_fields(&r, &out->text) || r.n > 1)) {
        return fail_record(rows, &r, err);
    }
    take(rows, behind_line_end(rows->rest, r.at), r.n_lines + 1);
    return r.n_doubled > 0 ? undouble(rows, &out->text, r.n_doubled, err) : TML_OK;
}
