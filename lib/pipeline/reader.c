/* Files → rows: which columns a file has, and what stands in them. Cutting records is the business of csv.c and jsonl.c,
 * finding files in class folders that of folders.c and archive.c; this file gives their fields a meaning. */
#include "pipeline/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/status.h"
#include "pipeline/archive.h"
#include "pipeline/csv.h"
#include "pipeline/folders.h"
#include "pipeline/jsonl.h"
#include "pipeline/names.h"
#include "pipeline/sniff.h"
#include "text/utf8.h"

#define NO_COLUMN SIZE_MAX

struct tmli_row_reader {
    tmli_source *source;         /* owned; NULL for a directory */
    tmli_reader_options options; /* what it points to is borrowed */
    tmli_format format;          /* AUTO until one of the four below was begun */
    tmli_csv csv;                /* for CSV and TSV */
    tmli_jsonl jsonl;            /* for JSONL */
    tmli_archive archive;        /* for FOLDERS with a source */
    tmli_folders folders;        /* for FOLDERS without one */
    bool has_first; /* the record or object below was read by open and is still to be given */
    tmli_csv_record first;
    const tmli_value *first_object;
    tmli_row first_row;  /* of FOLDERS */
    uint64_t n_files;    /* of FOLDERS, read so far */
    uint64_t first_line; /* of the first record, which sets the number of columns */
    size_t n_columns;
    size_t text_at; /* column, or NO_COLUMN; so the two below */
    size_t label_at;
    size_t weight_at;
    tmli_buf text; /* repaired copies */
    tmli_buf label;
    char number[TMLI_NUMBER_BYTES]; /* a label that is a JSON number */
    uint64_t n_replaced;
};

/* "NAME:LINE:COLUMN: …" */
TML_PRINTF(5, 6)
static tml_status fail_at(const tmli_row_reader *reader, uint64_t line, uint64_t column,
                          tml_error *err, const char *format, ...)
{
    char sentence[TML_ERROR_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return tmli_fail(err, TML_EFORMAT, "%s:%" PRIu64 ":%" PRIu64 ": %s",
                     tmli_source_name(reader->source), line, column, sentence);
}

static tmli_quote decide_quote(tmli_quoting quoting, tmli_format format)
{
    const bool is_literal =
        quoting == TMLI_QUOTING_NONE || (quoting == TMLI_QUOTING_AUTO && format == TMLI_FORMAT_TSV);
    return is_literal ? TMLI_QUOTE_NONE : TMLI_QUOTE_RFC4180;
}

/* ---- columns ---------------------------------------------------------------------------------- */

/* None of the names (columns or keys: `kind`) in the list is the one that `option` asks for. more: of a remedy. */
static tml_status fail_missing(const tmli_row_reader *reader, uint64_t line, const char *kind,
                               const tmli_names *list, const char *option, const char *name,
                               const char *more, tml_error *err)
{
    char text[TMLI_NAMES_TEXT];
    tmli_names_missing(list, kind, option, name, more, text);
    return fail_at(reader, line, 1, err, "%s", text);
}

static size_t find_column(const tml_str *columns, size_t n, const char *name)
{
    for (size_t i = 0; name != NULL && i < n; i++) {
        if (tmli_str_eq_nocase(tmli_str_trim(columns[i]), tmli_str(name))) {
            return i;
        }
    }
    return NO_COLUMN;
}

static void match_columns(tmli_row_reader *reader, const tml_str *columns, size_t n)
{
    reader->text_at = find_column(columns, n, reader->options.text);
    reader->label_at = find_column(columns, n, reader->options.label);
    reader->weight_at = find_column(columns, n, reader->options.weight);
}

/* All columns that the options ask for were found, or the first that was not is named. */
static tml_status check_columns(const tmli_row_reader *reader, const char *kind,
                                const tml_str *columns, size_t n, const char *more, tml_error *err)
{
    const tmli_reader_options *options = &reader->options;
    const struct {
        const char *option;
        const char *name;
        size_t at;
    } wanted[] = {
        {"text", options->text, reader->text_at},
        {"label", options->label, reader->label_at},
        {"weight", options->weight, reader->weight_at},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (wanted[i].name != NULL && wanted[i].at == NO_COLUMN) {
            tmli_names list = {.n = 0};
            for (size_t c = 0; c < n; c++) {
                tmli_names_add(&list, columns[c]);
            }
            return fail_missing(reader, reader->first_line, kind, &list, wanted[i].option,
                                wanted[i].name, more, err);
        }
    }
    return TML_OK;
}

/* The columns by the names of `header`. */
static tml_status take_header_option(tmli_row_reader *reader, tml_error *err)
{
    const size_t n = reader->options.n_header;
    tml_str *columns = tmli_alloc(n, sizeof *columns);
    if (columns == NULL) {
        return tmli_fail_memory(err, "the names of columns");
    }
    for (size_t i = 0; i < n; i++) {
        columns[i] = tmli_str(reader->options.header[i]);
    }
    match_columns(reader, columns, n);
    const tml_status status = check_columns(reader, "header column", columns, n, "", err);
    tmli_free(columns);
    return status;
}

/* Decides with the first record; one that is not a header line is kept as the first row. A record that names one of text
 * and label is a header line with a mistake, unless `header` says that there is none. */
static tml_status take_columns(tmli_row_reader *reader, const tmli_csv_record *record,
                               tml_error *err)
{
    const tmli_reader_options *options = &reader->options;
    reader->first_line = record->line;
    reader->n_columns = record->n;
    match_columns(reader, record->fields, record->n);
    const bool has_text = reader->text_at != NO_COLUMN;
    const bool has_label = reader->label_at != NO_COLUMN;
    if (has_text && (has_label || options->label == NULL)) {
        return check_columns(reader, "column", record->fields, record->n, "", err);
    }
    reader->has_first = true;
    reader->first = *record;
    if (options->n_header == record->n) {
        return take_header_option(reader, err);
    }
    const char *more = "";
    if (!has_text && !has_label) {
        if (options->label_first && (record->n >= 2 || options->label == NULL)) {
            reader->label_at = options->label != NULL ? 0 : NO_COLUMN;
            reader->text_at = record->n >= 2 ? 1 : 0;
        }
        more = tmli_header_remedy(tmli_source_name(reader->source), options, record);
    }
    return check_columns(reader, "column", record->fields, record->n, more, err);
}

/* ---- rows ------------------------------------------------------------------------------------- */

/* A field as valid UTF-8: itself, or its repaired copy in `copy`. */
static tml_status clean(tmli_row_reader *reader, tml_str field, tmli_buf *copy, tml_str *out,
                        tml_error *err)
{
    const size_t faults = tmli_utf8_faults(field);
    *out = field;
    if (faults == 0) {
        return TML_OK;
    }
    tmli_buf_reset(copy);
    tmli_utf8_repair(field, copy);
    if (copy->failed) {
        return tmli_fail_memory(err, "a text that is not UTF-8");
    }
    reader->n_replaced += faults;
    *out = tmli_buf_str(copy);
    return TML_OK;
}

static tml_status fail_ragged(const tmli_row_reader *reader, const tmli_csv_record *record,
                              tml_error *err)
{
    const char *separator = reader->csv.separator == '\t' ? "tab" : "comma";
    const bool is_literal = reader->csv.quote == TMLI_QUOTE_NONE;
    char hint[64] = "";
    if (record->n > reader->n_columns) {
        (void)snprintf(hint, sizeof hint, " (a field %s a %s%s)",
                       is_literal ? "cannot hold" : "that holds", separator,
                       is_literal ? "" : " must be quoted");
    }
    return fail_at(reader, record->line, 1, err,
                   "%zu field%s, expected %zu as in line %" PRIu64 "%s", record->n,
                   record->n == 1 ? "" : "s", reader->n_columns, reader->first_line, hint);
}

static tml_status csv_row(tmli_row_reader *reader, const tmli_csv_record *record, tmli_row *out,
                          tml_error *err)
{
    tmli_row row = {.weight = 1.0, .line = record->line};
    tml_status status =
        clean(reader, record->fields[reader->text_at], &reader->text, &row.text, err);
    if (status == TML_OK && reader->label_at != NO_COLUMN) {
        row.column = reader->label_at + 1;
        status = clean(reader, record->fields[reader->label_at], &reader->label, &row.label, err);
        row.label = tmli_str_trim(row.label);
        if (status == TML_OK && row.label.len == 0) {
            status = fail_at(reader, row.line, row.column, err, "the label is empty");
        }
    }
    if (status == TML_OK && reader->weight_at != NO_COLUMN) {
        const tml_str weight = tmli_str_trim(record->fields[reader->weight_at]);
        if (!tmli_parse_double(weight, &row.weight) || !(row.weight >= 0.0)) {
            status =
                fail_at(reader, row.line, reader->weight_at + 1, err,
                        "weight \"%.*s\", expected a number of at least 0", TMLI_SHOWN(weight));
        }
    }
    if (status == TML_OK) {
        *out = row;
    }
    return status;
}

/* A line of white space among records of several columns is nobody's row. */
static bool is_blank(const tmli_row_reader *reader, const tmli_csv_record *record)
{
    return record->n == 1 && reader->n_columns > 1 && record->raw.data != NULL &&
           tmli_str_trim(record->raw).len == 0;
}

static tml_status next_csv(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    tmli_csv_record record = reader->first;
    *has = reader->has_first;
    reader->has_first = false;
    while (!*has) {
        const tml_status status = tmli_csv_next(&reader->csv, &record, has, err);
        if (status != TML_OK || !*has) {
            return status;
        }
        *has = !is_blank(reader, &record);
    }
    if (record.n != reader->n_columns) {
        return fail_ragged(reader, &record, err);
    }
    return csv_row(reader, &record, out, err);
}

/* The value of a key that must be there. */
static tml_status get_key(const tmli_row_reader *reader, const tmli_value *object,
                          const char *option, const char *key, const tmli_value **value,
                          tml_error *err)
{
    *value = tmli_value_get(object, key);
    if (*value != NULL) {
        return TML_OK;
    }
    tmli_names list = {.n = 0};
    for (const tmli_value *member = object->first; member != NULL; member = member->next) {
        tmli_names_add(&list, member->key);
    }
    return fail_missing(reader, reader->jsonl.line, "key", &list, option, key, "", err);
}

static tml_status fail_kind(const tmli_row_reader *reader, const char *key, const tmli_value *found,
                            const char *expected, tml_error *err)
{
    return fail_at(reader, reader->jsonl.line, 1, err, "\"%s\" is %s, expected %s", key,
                   tmli_kind_name(found->kind), expected);
}

static tml_status json_label(tmli_row_reader *reader, const tmli_value *value, tmli_row *row,
                             tml_error *err)
{
    switch (value->kind) {
    case TMLI_STRING: {
        const tml_status status = clean(reader, value->text, &reader->label, &row->label, err);
        row->label = tmli_str_trim(row->label);
        if (status == TML_OK && row->label.len == 0) {
            return fail_at(reader, row->line, 1, err, "the label is empty");
        }
        return status;
    }
    case TMLI_NUMBER:
        row->label = (tml_str){reader->number, tmli_format_double(value->number, reader->number)};
        return TML_OK;
    case TMLI_BOOL:
        row->label = value->number != 0.0 ? TML_STR("true") : TML_STR("false");
        return TML_OK;
    case TMLI_NULL:
    case TMLI_LIST:
    case TMLI_OBJECT: break;
    }
    return fail_kind(reader, reader->options.label, value, "a string, a number, true or false",
                     err);
}

static tml_status json_weight(const tmli_row_reader *reader, const tmli_value *value, tmli_row *row,
                              tml_error *err)
{
    const char *key = reader->options.weight;
    if (value->kind != TMLI_NUMBER) {
        return fail_kind(reader, key, value, "a number of at least 0", err);
    }
    if (!(value->number >= 0.0)) {
        return fail_at(reader, row->line, 1, err, "\"%s\" is %g, expected a number of at least 0",
                       key, value->number);
    }
    row->weight = value->number;
    return TML_OK;
}

static tml_status next_json(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_value *object = reader->first_object;
    *has = reader->has_first;
    reader->has_first = false;
    if (!*has) {
        TMLI_TRY(tmli_jsonl_next(&reader->jsonl, &object, has, err));
        if (!*has) {
            return TML_OK;
        }
    }
    tmli_row row = {.weight = 1.0, .line = reader->jsonl.line};
    const tmli_reader_options *options = &reader->options;
    const tmli_value *value;
    TMLI_TRY(get_key(reader, object, "text", options->text, &value, err));
    if (value->kind != TMLI_STRING) {
        return fail_kind(reader, options->text, value, "a string", err);
    }
    TMLI_TRY(clean(reader, value->text, &reader->text, &row.text, err));
    if (options->label != NULL) {
        TMLI_TRY(get_key(reader, object, "label", options->label, &value, err));
        TMLI_TRY(json_label(reader, value, &row, err));
    }
    if (options->weight != NULL) {
        TMLI_TRY(get_key(reader, object, "weight", options->weight, &value, err));
        TMLI_TRY(json_weight(reader, value, &row, err));
    }
    *out = row;
cleanup:
    return status;
}

/* The bytes of a whole file, or its folder's name, as valid UTF-8. */
static tml_status decode(tmli_row_reader *reader, tml_str bytes, tmli_buf *copy, tml_str *out,
                         tml_error *err)
{
    if (reader->options.encoding != TMLI_ENCODING_LATIN1) {
        return clean(reader, bytes, copy, out, err);
    }
    *out = bytes;
    if (tmli_ascii_prefix(bytes) == bytes.len) {
        return TML_OK;
    }
    tmli_buf_reset(copy);
    if (!tmli_buf_reserve(copy, 2 * bytes.len)) {
        return tmli_fail_memory(err, "a text that is latin-1");
    }
    copy->len = tmli_latin1_to_utf8(bytes.data, bytes.len, copy->data);
    *out = tmli_buf_str(copy);
    return TML_OK;
}

/* The next file of class folders, in an archive or on disk. */
static tml_status next_file(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_archive_file member = {0};
    tmli_folders_file file = {0};
    if (reader->has_first) {
        reader->has_first = false;
        *out = reader->first_row;
        *has = true;
        return TML_OK;
    }
    if (reader->source != NULL) {
        TMLI_TRY(tmli_archive_next(&reader->archive, &member, has, err));
    } else {
        TMLI_TRY(tmli_folders_next(&reader->folders, &file, has, err));
    }
    if (!*has) {
        return TML_OK;
    }
    reader->n_files++;
    tmli_row row = {.weight = 1.0, .line = reader->n_files};
    TMLI_TRY(decode(reader, reader->source != NULL ? member.bytes : file.bytes, &reader->text,
                    &row.text, err));
    if (reader->options.label != NULL) {
        TMLI_TRY(decode(reader, reader->source != NULL ? member.label : file.label, &reader->label,
                        &row.label, err));
        row.label = tmli_str_trim(row.label);
        if (row.label.len == 0) {
            const bool is_member = reader->source != NULL;
            return tmli_fail(err, TML_EFORMAT,
                             "%s%s%s: its folder's name is blank, expected the name of a class",
                             is_member ? tmli_source_name(reader->source) : "",
                             is_member ? ": " : "", is_member ? member.name : file.path);
        }
    }
    *out = row;
cleanup:
    return status;
}

tml_status tmli_row_next(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    switch (reader->format) {
    case TMLI_FORMAT_JSONL: return next_json(reader, out, has, err);
    case TMLI_FORMAT_FOLDERS: return next_file(reader, out, has, err);
    case TMLI_FORMAT_CSV:
    case TMLI_FORMAT_TSV:
    case TMLI_FORMAT_AUTO: break;
    }
    return next_csv(reader, out, has, err);
}

uint64_t tmli_row_reader_replaced(const tmli_row_reader *reader)
{
    return reader->n_replaced;
}

/* ---- opening and closing ---------------------------------------------------------------------- */

/* Hands the window, with what sniffing loaded, to the parser of the format. */
static tml_status begin_format(tmli_row_reader *reader, tmli_format format, tmli_window *window,
                               tml_error *err)
{
    reader->format = format;
    if (format == TMLI_FORMAT_FOLDERS) {
        tmli_archive_init(&reader->archive, window, TMLI_RECORD_BYTES_MAX);
        return TML_OK; /* members are decoded one by one: headers are bytes */
    }
    if (reader->options.encoding == TMLI_ENCODING_LATIN1) {
        const tml_status status = tmli_window_set_latin1(window, err);
        if (status != TML_OK) {
            reader->format = TMLI_FORMAT_AUTO;
            return status;
        }
    }
    if (format == TMLI_FORMAT_JSONL) {
        tmli_jsonl_init(&reader->jsonl, reader->source, TMLI_RECORD_BYTES_MAX);
        reader->jsonl.window = *window;
    } else {
        tmli_csv_init(&reader->csv, reader->source, format == TMLI_FORMAT_TSV ? '\t' : ',',
                      decide_quote(reader->options.quoting, format), TMLI_RECORD_BYTES_MAX);
        reader->csv.window = *window;
    }
    *window = (tmli_window){0};
    return TML_OK;
}

/* Class folders that hold no file at all; an archive says so itself. */
static tml_status fail_no_files(const tmli_row_reader *reader, tml_error *err)
{
    return tmli_fail(err, TML_EFORMAT,
                     "%s: class folders without a file: expected <class>/<file> in it: put each "
                     "text as a file into the folder of its class",
                     reader->folders.root);
}

static tml_status read_first(tmli_row_reader *reader, tml_error *err)
{
    bool has = false;
    tml_status status;
    tmli_csv_record record;
    if (reader->format == TMLI_FORMAT_FOLDERS) {
        status = next_file(reader, &reader->first_row, &has, err);
        reader->has_first = has;
        return status == TML_OK && !has ? fail_no_files(reader, err) : status;
    }
    if (reader->format == TMLI_FORMAT_JSONL) {
        status = tmli_jsonl_next(&reader->jsonl, &reader->first_object, &has, err);
        reader->has_first = has;
    } else {
        status = tmli_csv_next(&reader->csv, &record, &has, err);
        if (status == TML_OK && has) {
            status = take_columns(reader, &record, err);
        }
    }
    if (status == TML_OK && !has) {
        return tmli_fail(err, TML_EFORMAT, "%s: empty, expected rows with a text%s",
                         tmli_source_name(reader->source),
                         reader->options.label != NULL ? " and a label" : "");
    }
    return status;
}

tml_status tmli_row_reader_over(tmli_source *source, const tmli_reader_options *options,
                                tmli_row_reader **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_window window;
    tmli_format format;
    tmli_window_init(&window, source, TMLI_RECORD_BYTES_MAX);
    tmli_row_reader *reader = tmli_calloc(1, sizeof *reader);
    if (reader == NULL) {
        tmli_source_free(source);
        return tmli_fail_memory(err, "a reader");
    }
    assert(options->text != NULL);
    reader->source = source;
    reader->options = *options;
    TMLI_TRY(tmli_sniff_format(&window, options, &format, err));
    TMLI_TRY(begin_format(reader, format, &window, err));
    TMLI_TRY(read_first(reader, err));
    *out = reader;
    reader = NULL;
cleanup:
    tmli_window_deinit(&window);
    tmli_row_reader_free(reader);
    return status;
}

static tml_status open_folders(const char *dir, const tmli_reader_options *options,
                               tmli_row_reader **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_row_reader *reader = tmli_calloc(1, sizeof *reader);
    if (reader == NULL) {
        return tmli_fail_memory(err, "a reader");
    }
    reader->options = *options;
    reader->format = TMLI_FORMAT_FOLDERS;
    TMLI_TRY(tmli_folders_init(&reader->folders, dir, TMLI_RECORD_BYTES_MAX, err));
    TMLI_TRY(read_first(reader, err));
    *out = reader;
    reader = NULL;
cleanup:
    tmli_row_reader_free(reader);
    return status;
}

tml_status tmli_row_reader_open(const char *path, const tmli_reader_options *options,
                                tmli_row_reader **out, tml_error *err)
{
    tmli_source *source = NULL;
    const bool may_be_folders =
        options->format == TMLI_FORMAT_AUTO || options->format == TMLI_FORMAT_FOLDERS;
    if (may_be_folders && tmli_is_dir(path)) {
        return open_folders(path, options, out, err);
    }
    tml_status status = tmli_source_open(path, &source, err);
    if (status != TML_OK) {
        return status;
    }
    /* Unpacking takes several times as long as cutting rows, and what a caller does with them comes on top. */
    status = tmli_source_read_ahead(source, err);
    if (status != TML_OK) {
        tmli_source_free(source);
        return status;
    }
    return tmli_row_reader_over(source, options, out, err);
}

void tmli_row_reader_free(tmli_row_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    switch (reader->format) {
    case TMLI_FORMAT_JSONL: tmli_jsonl_deinit(&reader->jsonl); break;
    case TMLI_FORMAT_FOLDERS:
        tmli_archive_deinit(&reader->archive);
        tmli_folders_deinit(&reader->folders);
        break;
    case TMLI_FORMAT_CSV:
    case TMLI_FORMAT_TSV: tmli_csv_deinit(&reader->csv); break;
    case TMLI_FORMAT_AUTO: break;
    }
    tmli_buf_deinit(&reader->text);
    tmli_buf_deinit(&reader->label);
    tmli_source_free(reader->source);
    tmli_free(reader);
}
