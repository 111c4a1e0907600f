/* Files → rows: opening what there is, rows of class folders, and what all formats share. Rows of tables and of JSON Lines
 * are in reader_table.c and reader_json.c; finding files in class folders is the business of folders.c and archive.c. */
#include "pipeline/reader_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/sniff.h"
#include "text/utf8.h"

tml_status tmli_reader_fail(const tmli_row_reader *reader, uint64_t line, uint64_t column,
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

tml_status tmli_reader_fail_missing(const tmli_row_reader *reader, uint64_t line, const char *kind,
                                    const tmli_names *list, const char *option, const char *name,
                                    const char *more, tml_error *err)
{
    char text[TMLI_NAMES_TEXT];
    tmli_names_missing(list, kind, option, name, more, text);
    return tmli_reader_fail(reader, line, 1, err, "%s", text);
}

tml_status tmli_reader_clean(tmli_row_reader *reader, tml_str field, tmli_buf *copy, tml_str *out,
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

/* ---- rows ------------------------------------------------------------------------------------- */

/* The bytes of a whole file, or its folder's name, as valid UTF-8. */
static tml_status decode(tmli_row_reader *reader, tml_str bytes, tmli_buf *copy, tml_str *out,
                         tml_error *err)
{
    if (reader->options.encoding != TMLI_ENCODING_LATIN1) {
        return tmli_reader_clean(reader, bytes, copy, out, err);
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

static tml_status next_row(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    switch (reader->format) {
    case TMLI_FORMAT_JSONL: return tmli_reader_next_object(reader, out, has, err);
    case TMLI_FORMAT_FOLDERS: return next_file(reader, out, has, err);
    case TMLI_FORMAT_CSV:
    case TMLI_FORMAT_TSV:
    case TMLI_FORMAT_AUTO: break;
    }
    return tmli_reader_next_record(reader, out, has, err);
}

static void doubt(tmli_row_reader *reader, tml_str text)
{
    switch (tmli_latin1_doubt_of(text)) {
    case TMLI_LATIN1_PLAIN: break;
    case TMLI_LATIN1_SURE: reader->is_latin1 = true; break;
    case TMLI_LATIN1_DOUBTFUL: reader->n_doubtful++; break;
    }
}

tml_status tmli_row_next(tmli_row_reader *reader, tmli_row *out, bool *has, tml_error *err)
{
    const tml_status status = next_row(reader, out, has, err);
    if (status == TML_OK && *has && reader->options.encoding == TMLI_ENCODING_LATIN1 &&
        !reader->is_latin1) {
        doubt(reader, out->text);
        doubt(reader, out->label);
    }
    return status;
}

uint64_t tmli_row_reader_doubtful(const tmli_row_reader *reader)
{
    return reader->is_latin1 ? 0 : reader->n_doubtful;
}

uint64_t tmli_row_reader_replaced(const tmli_row_reader *reader)
{
    return reader->n_replaced;
}

/* ---- opening and closing ---------------------------------------------------------------------- */

static tmli_quote decide_quote(tmli_quoting quoting, tmli_format format)
{
    const bool is_literal =
        quoting == TMLI_QUOTING_NONE || (quoting == TMLI_QUOTING_AUTO && format == TMLI_FORMAT_TSV);
    return is_literal ? TMLI_QUOTE_NONE : TMLI_QUOTE_RFC4180;
}

/* Hands the window, with what sniffing loaded, to the parser of the format. */
static tml_status begin_format(tmli_row_reader *reader, tmli_format format, tmli_window *window,
                               tml_error *err)
{
    char separator = ',';
    const tml_status sniffed =
        tmli_sniff_separator(window, &reader->options, format, &separator, err);
    if (sniffed != TML_OK) {
        return sniffed;
    }
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
        tmli_csv_init(&reader->csv, reader->source, separator,
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
            status = tmli_reader_take_columns(reader, &record, err);
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
