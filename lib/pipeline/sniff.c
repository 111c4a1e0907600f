/* Formats are guessed here; what they mean is the readers' business. */
#include "pipeline/sniff.h"

#include <string.h>

#include "base/bytes.h"
#include "base/status.h"
#include "base/tar.h"

enum {
    SNIFF_BYTES = 16 << 10, /* of the first line, at most, decide about the format */
};

static bool ends_nocase(tml_str name, const char *suffix)
{
    const tml_str end = tmli_str(suffix);
    return name.len >= end.len &&
           tmli_str_eq_nocase((tml_str){name.data + name.len - end.len, end.len}, end);
}

tmli_format tmli_format_of_name(tml_str name)
{
    static const struct {
        const char *ending;
        tmli_format format;
    } endings[] = {
        {".csv", TMLI_FORMAT_CSV},      {".tsv", TMLI_FORMAT_TSV},    {".jsonl", TMLI_FORMAT_JSONL},
        {".ndjson", TMLI_FORMAT_JSONL}, {".json", TMLI_FORMAT_JSONL}, {".tar", TMLI_FORMAT_FOLDERS},
        {".tgz", TMLI_FORMAT_FOLDERS},
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

const char *tmli_header_remedy(const char *name, const tmli_reader_options *options)
{
    if (options->format == TMLI_FORMAT_AUTO &&
        tmli_format_of_name(tmli_str(name)) == TMLI_FORMAT_AUTO) {
        return ", or data.header=NAMES, as many as columns, for a file without a header line; "
               "texts that are files go into folders, <class>/<file>, of two classes or more";
    }
    return ", or data.header=NAMES, as many as columns, for a file without a header line";
}

/* Files that people give for tables of text, by their first bytes. A text may begin as Parquet does: its fifth byte tells. */
static tml_status refuse_foreign(tmli_window *window, const char *name, tml_error *err)
{
    static const struct {
        const char *magic;
        bool control; /* and a control character other than a line's end or a tab */
        const char *what;
    } foreign[] = {
        {"\xFF\xFE", false, "UTF-16 text: save it as UTF-8 (iconv -f utf-16 -t utf-8)"},
        {"\xFE\xFF", false, "UTF-16 text: save it as UTF-8 (iconv -f utf-16 -t utf-8)"},
        {"PK\x03\x04", false,
         "a zip archive or an Excel workbook: unpack it, or save the sheet as CSV"},
        {"PAR1", true, "a Parquet file: write its rows as CSV or JSON Lines"},
        {"BZh91AY", false, "packed by bzip2: unpack it, or pack it with gzip"},
        {"\xFD"
         "7zXZ",
         false, "packed by xz: unpack it, or pack it with gzip"},
        {"\x28\xB5\x2F\xFD", false, "packed by zstd: unpack it, or pack it with gzip"},
    };
    while (window->end - window->at < 8 && !window->ended) {
        const tml_status status = tmli_window_fill(window, err);
        if (status != TML_OK) {
            return status;
        }
    }
    const size_t n = window->end - window->at;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        const size_t len = strlen(foreign[i].magic);
        if (n > len && memcmp(window->data + window->at, foreign[i].magic, len) == 0) {
            const char next = window->data[window->at + len];
            if (!foreign[i].control ||
                (next >= 0 && next < ' ' && strchr("\t\r\n", next) == NULL)) {
                return tmli_fail(err, TML_EFORMAT, "%s: %s", name, foreign[i].what);
            }
        }
    }
    return TML_OK;
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

/* A tar archive, whatever its name. */
static tml_status peek_archive(tmli_window *window, bool *is_archive, tml_error *err)
{
    while (window->end - window->at < TMLI_TAR_BLOCK && !window->ended) {
        const tml_status status = tmli_window_fill(window, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *is_archive =
        window->end - window->at >= TMLI_TAR_BLOCK && tmli_tar_is_header(window->data + window->at);
    return TML_OK;
}

/* A file that is to be read as class folders, and whose name does not promise an archive. */
static tml_status expect_archive(tmli_window *window, const char *name, tml_error *err)
{
    bool is_archive = false;
    const tml_status status = peek_archive(window, &is_archive, err);
    if (status != TML_OK || is_archive) {
        return status;
    }
    return tmli_fail(err, TML_EFORMAT,
                     "%s: neither a tar archive nor a file in class folders: expected "
                     "<class>/<file>, two classes or more, or an archive of them",
                     name);
}

tml_status tmli_sniff_format(tmli_window *window, const tmli_reader_options *options,
                             tmli_format *format, tml_error *err)
{
    tml_str line = {NULL, 0};
    tml_status status = TML_OK;
    const char *const name = tmli_source_name(window->source);
    const tmli_format by_name = tmli_format_of_name(tmli_str(name));
    *format = options->format != TMLI_FORMAT_AUTO ? options->format : by_name;
    if (options->format == TMLI_FORMAT_FOLDERS && by_name != TMLI_FORMAT_FOLDERS) {
        return expect_archive(window, name, err);
    }
    if (*format != TMLI_FORMAT_FOLDERS) {
        status = refuse_foreign(window, name, err);
    }
    if (status != TML_OK || options->format != TMLI_FORMAT_AUTO) {
        return status;
    }
    if (by_name != TMLI_FORMAT_AUTO && by_name != TMLI_FORMAT_CSV) {
        return TML_OK;
    }
    if (by_name == TMLI_FORMAT_AUTO) {
        bool is_archive;
        status = peek_archive(window, &is_archive, err);
        if (status != TML_OK || is_archive) {
            *format = TMLI_FORMAT_FOLDERS;
            return status;
        }
    }
    status = peek_line(window, &line, err);
    *format = format_of_line(by_name, options, line);
    return status;
}

/* Texts and labels are two columns: a first line without a comma is cut some other way, unless it is the beginning of a
 * longer record. */
tml_status tmli_sniff_separator(tmli_window *window, const tmli_reader_options *options,
                                tmli_format format, char *separator, tml_error *err)
{
    tml_str line = {NULL, 0};
    *separator = format == TMLI_FORMAT_TSV ? '\t' : ',';
    if (format != TMLI_FORMAT_CSV || options->label == NULL) {
        return TML_OK;
    }
    const tml_status status = peek_line(window, &line, err);
    if (status != TML_OK || line.len == 0) {
        return status;
    }
    const size_t end = (size_t)(line.data + line.len - (window->data + window->at));
    size_t n_quotes = 0;
    size_t n_semicolons = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] == ',') {
            return TML_OK;
        }
        n_quotes += line.data[i] == '"';
        n_semicolons += line.data[i] == ';';
    }
    if (n_semicolons > 0 && n_quotes % 2 == 0 && end < SNIFF_BYTES) {
        *separator = ';';
    }
    return TML_OK;
}
