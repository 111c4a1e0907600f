/* Bodies → rows: opening them, lines and documents, limits and faults. JSON is read in content_json_rows.c, CSV in
 * content_csv_rows.c. */
#include "sagemaker/content.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

/* ---- lines and documents ---- */

/* The line before the next \n, which may have a \r before it. */
tml_str sm_rows_line(sm_rows *rows)
{
    const tml_str rest = rows->rest;
    const char *end = memchr(rest.data, '\n', rest.len);
    const size_t n = end != NULL ? (size_t)(end - rest.data) : rest.len;
    const size_t taken = end != NULL ? n + 1 : n;
    rows->rest = (tml_str){rest.data + taken, rest.len - taken};
    rows->line = rows->next_line;
    rows->next_line++;
    return (tml_str){rest.data, end != NULL && n > 0 && rest.data[n - 1] == '\r' ? n - 1 : n};
}

/* The next line, or the whole body. */
static void next_text(sm_rows *rows, sm_row *out, bool *has)
{
    *has = rows->rest.len > 0;
    if (*has && rows->is_document) {
        out->text = rows->rest;
        rows->rest.len = 0;
    } else if (*has) {
        out->text = sm_rows_line(rows);
    }
}

/* What was latin-1 as UTF-8, in the arena; ASCII stays where it is. */
static tml_status decode_latin1(const sm_rows *rows, tml_str *text, tml_error *err)
{
    size_t n_more = 0;
    for (size_t i = 0; i < text->len; i++) {
        n_more += (unsigned char)text->data[i] >= 0x80;
    }
    if (n_more == 0) {
        return TML_OK;
    }
    char *decoded = tmli_arena_alloc(rows->arena, text->len + n_more, 1);
    if (decoded == NULL) {
        return tmli_fail_memory(err, "the texts");
    }
    *text = (tml_str){decoded, tmli_latin1_to_utf8(text->data, text->len, decoded)};
    return TML_OK;
}

/* ---- opening ---- */

/* Without what stands at the end and is no row. */
static tml_str trim_end(tml_str body, const char *blanks)
{
    while (body.len > 0 && body.data[body.len - 1] != '\0' &&
           strchr(blanks, body.data[body.len - 1]) != NULL) {
        body.len--;
    }
    return body;
}

/* Packed lines would be read as rubbish, and a packed body is nobody's document. */
static bool is_packed(const sm_rows *rows, tml_str body)
{
    return body.len > 1 && body.data[0] == '\x1f' && body.data[1] == '\x8b' &&
           rows->media != SM_RECORDIO;
}

/* By its byte-order mark, which no UTF-8 has: as UTF-8 each row would be rubbish. */
static bool is_utf16(const sm_rows *rows, tml_str body)
{
    const unsigned first = body.len >= 2 ? (unsigned char)body.data[0] : 0;
    return first >= 0xFE && first + (unsigned char)body.data[1] == 0xFE + 0xFF &&
           rows->media != SM_RECORDIO && !rows->is_latin1;
}

/* Everything but JSON. */
static void open_rest(sm_rows *rows, tml_str body)
{
    const bool is_text = rows->media == SM_TEXT || rows->media == SM_CSV;
    rows->is_document = rows->dialect.takes_documents && is_text;
    if (rows->media != SM_RECORDIO && !rows->is_latin1 && tmli_str_starts(body, "\xef\xbb\xbf")) {
        body = (tml_str){body.data + 3, body.len - 3};
    }
    if (rows->media == SM_CSV && !rows->is_document) {
        body = trim_end(body, "\r\n");
    } else if (rows->media == SM_JSON_LINES || rows->media == SM_LIBSVM) {
        body = trim_end(body, " \t\r\n");
    }
    rows->rest = body;
}

/* Not in a batch: each piece of an object has the type, and only the first the header; a row lost there would be lost unseen,
 * and the platform wants an answer for each line. */
static tml_status pass_header(sm_rows *rows, tml_error *err)
{
    sm_row header;
    bool has = false;
    return rows->media == SM_CSV && !rows->is_document && !rows->dialect.is_batch
               ? sm_csv_next(rows, &header, &has, err)
               : TML_OK;
}

tml_status sm_rows_open(sm_rows *rows, sm_format format, tml_str body, sm_dialect dialect,
                        tmli_arena *arena, tml_error *err)
{
    /* Field by field: clearing all of it, with what only JSON uses, takes as long as reading a short body. */
    rows->media = format.media;
    rows->shape = SM_SHAPE_ROWS;
    rows->ask = dialect.ask;
    rows->is_document = false;
    rows->n = 0;
    rows->dialect = dialect;
    rows->arena = arena;
    rows->mark = tmli_arena_here(arena);
    rows->rest = (tml_str){0};
    rows->line = 0;
    rows->next_line = 1;
    rows->is_latin1 = format.is_latin1;
    rows->has_stray_quotes = false;
    rows->string.kind = TMLI_NULL;
    rows->list = NULL;
    rows->is_list = false;
    rows->has_one = false;
    if (is_packed(rows, body)) {
        return tmli_fail(err, TML_EFORMAT,
                         "body: gzip data, expected %s: send it unpacked, or with "
                         "Content-Encoding: gzip",
                         sm_media_type(rows->media));
    }
    if (is_utf16(rows, body)) {
        return tmli_fail(
            err, TML_EFORMAT,
            "body: UTF-16, as its first two bytes say, expected UTF-8: convert it, with "
            "iconv -f UTF-16 -t UTF-8 for one");
    }
    if (format.media == SM_JSON) {
        return sm_json_open(rows, body, err);
    }
    open_rest(rows, body);
    return format.has_header ? pass_header(rows, err) : TML_OK;
}

/* ---- limits ---- */

void sm_rows_place(const sm_rows *rows, char place[SM_PLACE_BYTES])
{
    if (rows->is_document || (rows->media == SM_JSON && !rows->is_list)) {
        (void)snprintf(place, SM_PLACE_BYTES, "the body");
    } else if (rows->media == SM_JSON) {
        (void)snprintf(place, SM_PLACE_BYTES, "%.64s[%zu]", rows->list != NULL ? rows->list : "",
                       rows->n);
    } else if (rows->media == SM_RECORDIO) {
        (void)snprintf(place, SM_PLACE_BYTES, "record %zu", rows->n + 1);
    } else {
        (void)snprintf(place, SM_PLACE_BYTES, "line %zu", rows->line);
    }
}

static tml_status check_length(const sm_rows *rows, const sm_row *row, tml_error *err)
{
    const size_t limit = rows->dialect.max_row_bytes;
    if (limit == 0 || row->text.len <= limit) {
        return TML_OK;
    }
    char place[SM_PLACE_BYTES];
    sm_rows_place(rows, place);
    return tmli_fail(err, TML_ELIMIT, "%s: a text of %zu bytes, expected at most %zu; shorten it",
                     place, row->text.len, limit);
}

/* ---- the next row ---- */

static tml_status read_row(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    switch (rows->media) {
    case SM_JSON: return sm_json_next(rows, out, has, err);
    case SM_JSON_LINES: return sm_json_line_next(rows, out, has, err);
    case SM_LIBSVM: return sm_libsvm_next(rows, out, has, err);
    case SM_RECORDIO: return sm_recordio_next(rows, out, has, err);
    case SM_CSV:
        if (!rows->is_document) {
            return sm_csv_next(rows, out, has, err);
        }
        next_text(rows, out, has);
        return TML_OK;
    case SM_TEXT: next_text(rows, out, has); return TML_OK;
    }
    return TML_OK;
}

static tml_status read_checked(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    *out = (sm_row){.ask = rows->ask};
    *has = true;
    tml_status status = read_row(rows, out, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    if (rows->is_latin1) {
        status = decode_latin1(rows, &out->text, err);
    }
    return status == TML_OK ? check_length(rows, out, err) : status;
}

/* A line that cannot be read becomes a row that says so. */
static tml_status read_in_batch(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    tml_error fault;
    fault.status = TML_OK;
    fault.text[0] = '\0';
    const tml_status status = read_checked(rows, out, has, &fault);
    if (status == TML_OK) {
        return TML_OK;
    }
    if (status != TML_EFORMAT && status != TML_ELIMIT) {
        return tmli_fail(err, status, "%s", fault.text);
    }
    const char *sentence = tmli_arena_copy(rows->arena, tmli_str(fault.text));
    if (sentence == NULL) {
        return tmli_fail_memory(err, "the fault of a row");
    }
    *out = (sm_row){.ask = rows->ask, .fault = sentence};
    *has = true;
    return TML_OK;
}

tml_status sm_rows_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    const bool is_in_lines =
        !rows->is_document && rows->media != SM_JSON && rows->media != SM_RECORDIO;
    const tml_status status = rows->dialect.is_batch && is_in_lines
                                  ? read_in_batch(rows, out, has, err)
                                  : read_checked(rows, out, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    if (rows->dialect.max_rows > 0 && rows->n == rows->dialect.max_rows) {
        return tmli_fail(err, TML_ELIMIT,
                         "the body has more than %zu rows; send fewer rows in a request",
                         rows->dialect.max_rows);
    }
    rows->n++;
    return TML_OK;
}

void sm_rows_release(sm_rows *rows)
{
    tmli_arena_go_back(rows->arena, rows->mark);
}

void sm_rows_close(sm_rows *rows)
{
    rows->rest.len = 0;
    rows->has_one = false;
    rows->items.has_ended = true;
}
