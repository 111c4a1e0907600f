/* Rows of tables: which columns a file has, and what stands in them. Cutting records is the business of csv.c. */
#include "pipeline/reader_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/sniff.h"

#define NO_COLUMN SIZE_MAX

/* ---- columns ---------------------------------------------------------------------------------- */

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
            return tmli_reader_fail_missing(reader, reader->first_line, kind, &list,
                                            wanted[i].option, wanted[i].name, more, err);
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

/* A file that says that it is UTF-8, read as latin-1. */
static const char *mark_remedy(const tmli_csv_record *first)
{
    static const char mark[] = "\xC3\xAF\xC2\xBB\xC2\xBF";
    const size_t n = sizeof mark - 1;
    const tml_str begin = first->fields[0];
    return begin.len >= n && memcmp(begin.data, mark, n) == 0
               ? ", or encoding=utf-8: the file begins with UTF-8's byte-order mark"
               : "";
}

/* A record that names one of text and label is a header line with a mistake, unless `header` says that there is none. */
tml_status tmli_reader_take_columns(tmli_row_reader *reader, const tmli_csv_record *record,
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
    const char *more = mark_remedy(record);
    reader->has_first = true;
    reader->first = *record;
    if (options->n_header == record->n) {
        return take_header_option(reader, err);
    }
    if (!has_text && !has_label) {
        if (options->label_first && (record->n >= 2 || options->label == NULL)) {
            reader->label_at = options->label != NULL ? 0 : NO_COLUMN;
            reader->text_at = record->n >= 2 ? 1 : 0;
        }
        more = *more != '\0' ? more : tmli_header_remedy(tmli_source_name(reader->source), options);
    }
    return check_columns(reader, "column", record->fields, record->n, more, err);
}

/* ---- rows ------------------------------------------------------------------------------------- */

static tml_status fail_ragged(const tmli_row_reader *reader, const tmli_csv_record *record,
                              tml_error *err)
{
    const char *separator = reader->csv.separator == '\t'  ? "tab"
                            : reader->csv.separator == ';' ? "semicolon"
                                                           : "comma";
    const bool is_literal = reader->csv.quote == TMLI_QUOTE_NONE;
    char hint[64] = "";
    if (record->n > reader->n_columns) {
        (void)snprintf(hint, sizeof hint, " (a field %s a %s%s)",
                       is_literal ? "cannot hold" : "that holds", separator,
                       is_literal ? "" : " must be quoted");
    }
    return tmli_reader_fail(reader, record->line, 1, err,
                            "%zu field%s, expected %zu as in line %" PRIu64 "%s", record->n,
                            record->n == 1 ? "" : "s", reader->n_columns, reader->first_line, hint);
}

static tml_status csv_row(tmli_row_reader *reader, const tmli_csv_record *record, tmli_row *out,
                          tml_error *err)
{
    tmli_row row = {.weight = 1.0, .line = record->line};
    tml_status status =
        tmli_reader_clean(reader, record->fields[reader->text_at], &reader->text, &row.text, err);
    if (status == TML_OK && reader->label_at != NO_COLUMN) {
        row.column = reader->label_at + 1;
        status = tmli_reader_clean(reader, record->fields[reader->label_at], &reader->label,
                                   &row.label, err);
        row.label = tmli_str_trim(row.label);
        if (status == TML_OK && row.label.len == 0) {
            status = tmli_reader_fail(reader, row.line, row.column, err,
                                      "the label is empty: fill it in, or leave the row out");
        }
    }
    if (status == TML_OK && reader->weight_at != NO_COLUMN) {
        const tml_str weight = tmli_str_trim(record->fields[reader->weight_at]);
        if (!tmli_parse_double(weight, &row.weight) || !(row.weight >= 0.0)) {
            status = tmli_reader_fail(reader, row.line, reader->weight_at + 1, err,
                                      "weight \"%.*s\", expected a number of at least 0",
                                      TMLI_SHOWN(weight));
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

tml_status tmli_reader_next_record(tmli_row_reader *reader, tmli_row *out, bool *has,
                                   tml_error *err)
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
