/* Files → rows: which format a file has, which columns it has, and what stands in them. Cutting records is the business
 * of csv.c and jsonl.c; this file gives their fields a meaning. */
#include "pipeline/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/number.h"
#include "base/status.h"
#include "base/suggest.h"
#include "pipeline/csv.h"
#include "pipeline/jsonl.h"
#include "text/utf8.h"

enum {
    SNIFF_BYTES = 16 << 10, /* of the first line, at most, decide about the format */
    NAMES_SHOWN = 8,        /* columns that a sentence lists */
    NAMES_KEPT = 32,        /* columns among which the nearest name is looked for */
    NAME_BYTES = 64,        /* longer names have no neighbour (base/suggest.h) */
};

#define NO_COLUMN SIZE_MAX

struct tmli_row_reader {
    tmli_source *source;         /* owned */
    tmli_reader_options options; /* what it points to is borrowed */
    tmli_format format;          /* AUTO until csv or jsonl was begun */
    tmli_csv csv;                /* for CSV and TSV */
    tmli_jsonl jsonl;            /* for JSONL */
    bool has_first; /* the record or object below was read by open and is still to be given */
    tmli_csv_record first;
    const tmli_value *first_object;
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

/* The first of n names, trimmed and cut to NAME_BYTES, for sentences. */
typedef struct names {
    char kept[NAMES_KEPT][NAME_BYTES + 1];
    size_t n;
} names;

static void add_name(names *list, tml_str name)
{
    if (list->n < NAMES_KEPT) {
        const tml_str shown = tmli_str_trim(name);
        (void)snprintf(list->kept[list->n], NAME_BYTES + 1, "%.*s", TMLI_SHOWN(shown));
    }
    list->n++;
}

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

/* ---- the format ------------------------------------------------------------------------------- */

static bool ends_nocase(tml_str name, const char *suffix)
{
    const tml_str end = tmli_str(suffix);
    return name.len >= end.len &&
           tmli_str_eq_nocase((tml_str){name.data + name.len - end.len, end.len}, end);
}

/* What the file's name says, AUTO when nothing. */
static tmli_format format_of_name(tml_str name)
{
    static const struct {
        const char *ending;
        tmli_format format;
    } endings[] = {
        {".csv", TMLI_FORMAT_CSV},      {".tsv", TMLI_FORMAT_TSV},    {".jsonl", TMLI_FORMAT_JSONL},
        {".ndjson", TMLI_FORMAT_JSONL}, {".json", TMLI_FORMAT_JSONL},
    };
    if (ends_nocase(name, ".gz")) {
        name.len -= 3;
    }
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        if (ends_nocase(name, endings[i].ending)) {
            return endings[i].format;
        }
    }
    return TMLI_FORMAT_AUTO;
}

/* The first line that is not empty, or as much of it as fits SNIFF_BYTES; nothing is consumed. */
static tml_status peek_line(tmli_window *window, tml_str *line, tml_error *err)
{
    for (;;) {
        const char *const data = window->data != NULL ? window->data + window->at : "";
        const size_t loaded = window->end - window->at;
        const size_t n = loaded < SNIFF_BYTES ? loaded : SNIFF_BYTES;
        size_t begin = n >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        while (begin < n && (data[begin] == '\n' || data[begin] == '\r')) {
            begin++;
        }
        size_t end = begin;
        while (end < n && data[end] != '\n' && data[end] != '\r') {
            end++;
        }
        if ((loaded >= 3 && end < n) || loaded >= SNIFF_BYTES || window->ended) {
            *line = (tml_str){data + begin, end - begin};
            return TML_OK;
        }
        const tml_status status = tmli_window_fill(window, err);
        if (status != TML_OK) {
            return status;
        }
    }
}

/* An object, and not a text that begins with a brace. */
static bool begins_object(tml_str line)
{
    const tml_str rest = tmli_str_trim(line);
    if (rest.len == 0 || rest.data[0] != '{') {
        return false;
    }
    const tml_str inside = tmli_str_trim((tml_str){rest.data + 1, rest.len - 1});
    return inside.len == 0 || inside.data[0] == '"' || inside.data[0] == '}';
}

/* Files called .csv are tab-separated often enough (the UCI headlines are): the name gives way to a first line that tabs
 * cut into exactly the columns of `header` (a single tab where a comma would do may be chance), or without commas. */
static tmli_format format_of_line(tmli_format by_name, const tmli_reader_options *options,
                                  tml_str line)
{
    size_t n_tabs = 0;
    size_t n_commas = 0;
    for (size_t i = 0; i < line.len; i++) {
        n_tabs += line.data[i] == '\t';
        n_commas += line.data[i] == ',';
    }
    if (by_name == TMLI_FORMAT_CSV) {
        const bool fits = n_tabs + 1 == options->n_header && (n_tabs > 1 || n_commas != 1);
        return n_tabs > 0 && (fits || n_commas == 0) ? TMLI_FORMAT_TSV : TMLI_FORMAT_CSV;
    }
    if (begins_object(line)) {
        return TMLI_FORMAT_JSONL;
    }
    return n_tabs > 0 ? TMLI_FORMAT_TSV : TMLI_FORMAT_CSV;
}

static tml_status decide_format(tmli_window *window, const tmli_reader_options *options,
                                tmli_format *format, tml_error *err)
{
    *format = options->format;
    if (*format != TMLI_FORMAT_AUTO) {
        return TML_OK;
    }
    *format = format_of_name(tmli_str(tmli_source_name(window->source)));
    if (*format == TMLI_FORMAT_TSV || *format == TMLI_FORMAT_JSONL) {
        return TML_OK;
    }
    tml_str line = {NULL, 0};
    const tml_status status = peek_line(window, &line, err);
    *format = format_of_line(*format, options, line);
    return status;
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
                               const names *list, const char *option, const char *name,
                               const char *more, tml_error *err)
{
    const char *candidates[NAMES_KEPT];
    char shown[NAMES_SHOWN * (NAME_BYTES + 2) + 32] = "";
    size_t used = 0;
    const size_t n = list->n < NAMES_KEPT ? list->n : NAMES_KEPT;
    for (size_t i = 0; i < n; i++) {
        candidates[i] = list->kept[i];
        if (i < NAMES_SHOWN) {
            used += (size_t)snprintf(shown + used, sizeof shown - used, "%s%s", i > 0 ? ", " : "",
                                     list->kept[i]);
        }
    }
    if (list->n > NAMES_SHOWN) {
        (void)snprintf(shown + used, sizeof shown - used, " and %zu more", list->n - NAMES_SHOWN);
    }
    const char *nearest = tmli_nearest(tmli_str(name), candidates, n);
    return fail_at(reader, line, 1, err, "no %s \"%s\"; the %ss are %s%s%s%s (set %s=NAME%s)", kind,
                   name, kind, shown, nearest != NULL ? ": did you mean \"" : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "", option, more);
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
            names list = {.n = 0};
            for (size_t c = 0; c < n; c++) {
                add_name(&list, columns[c]);
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
        more = ", or header=NAMES, as many as columns, for a file without a header line";
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
    names list = {.n = 0};
    for (const tmli_value *member = object->first; member != NULL; member = member->next) {
        add_name(&list, member->key);
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

tml_status tmli_row_next(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    return reader->format == TMLI_FORMAT_JSONL ? next_json(reader, out, has, err)
                                               : next_csv(reader, out, has, err);
}

uint64_t tmli_row_reader_replaced(const tmli_row_reader *reader)
{
    return reader->n_replaced;
}

/* ---- opening and closing ---------------------------------------------------------------------- */

/* Hands the window, with what sniffing loaded, to the parser of the format. */
static void begin_format(tmli_row_reader *reader, tmli_format format, tmli_window window)
{
    reader->format = format;
    if (format == TMLI_FORMAT_JSONL) {
        tmli_jsonl_init(&reader->jsonl, reader->source, TMLI_RECORD_BYTES_MAX);
        reader->jsonl.window = window;
        return;
    }
    tmli_csv_init(&reader->csv, reader->source, format == TMLI_FORMAT_TSV ? '\t' : ',',
                  decide_quote(reader->options.quoting, format), TMLI_RECORD_BYTES_MAX);
    reader->csv.window = window;
}

static tml_status read_first(tmli_row_reader *reader, tml_error *err)
{
    bool has = false;
    tml_status status;
    tmli_csv_record record;
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
    tmli_row_reader *reader = tmli_calloc(1, sizeof *reader);
    if (reader == NULL) {
        tmli_source_free(source);
        return tmli_fail_memory(err, "a reader");
    }
    assert(options->text != NULL);
    reader->source = source;
    reader->options = *options;
    tmli_window_init(&window, source, TMLI_RECORD_BYTES_MAX);
    status = decide_format(&window, options, &format, err);
    if (status != TML_OK) {
        tmli_window_deinit(&window);
        goto cleanup;
    }
    begin_format(reader, format, window);
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
    const tml_status status = tmli_source_open(path, &source, err);
    return status != TML_OK ? status : tmli_row_reader_over(source, options, out, err);
}

void tmli_row_reader_free(tmli_row_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->format == TMLI_FORMAT_JSONL) {
        tmli_jsonl_deinit(&reader->jsonl);
    } else if (reader->format != TMLI_FORMAT_AUTO) {
        tmli_csv_deinit(&reader->csv);
    }
    tmli_buf_deinit(&reader->text);
    tmli_buf_deinit(&reader->label);
    tmli_source_free(reader->source);
    tmli_free(reader);
}
