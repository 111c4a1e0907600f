/* pipeline/reader.h: files → rows of text, label and weight, whatever the format. */
#ifndef PIPELINE_READER_H
#define PIPELINE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "textml/status.h"
#include "textml/str.h"

/* X(name, recipe word) */
#define TMLI_FORMAT_LIST(X)                                                       \
    X(TMLI_FORMAT_AUTO, "auto") /* by the file's name, then by its first bytes */ \
    X(TMLI_FORMAT_CSV, "csv")                                                     \
    X(TMLI_FORMAT_TSV, "tsv")                                                     \
    X(TMLI_FORMAT_JSONL, "jsonl")                                                 \
    X(TMLI_FORMAT_FOLDERS, "folders") /* <class>/<file> below a directory or in a tar archive */

typedef enum tmli_format {
#define TMLI_FORMAT_ENUM(name, word) name,
    TMLI_FORMAT_LIST(TMLI_FORMAT_ENUM)
#undef TMLI_FORMAT_ENUM
} tmli_format;

#define TMLI_QUOTING_LIST(X)                                         \
    X(TMLI_QUOTING_AUTO, "auto") /* rfc4180 for csv, none for tsv */ \
    X(TMLI_QUOTING_RFC4180, "rfc4180")                               \
    X(TMLI_QUOTING_NONE, "none")

typedef enum tmli_quoting {
#define TMLI_QUOTING_ENUM(name, word) name,
    TMLI_QUOTING_LIST(TMLI_QUOTING_ENUM)
#undef TMLI_QUOTING_ENUM
} tmli_quoting;

#define TMLI_ENCODING_LIST(X)      \
    X(TMLI_ENCODING_UTF8, "utf-8") \
    X(TMLI_ENCODING_LATIN1, "latin-1") /* ISO-8859-1: a byte is the code point of its value */

typedef enum tmli_encoding {
#define TMLI_ENCODING_ENUM(name, word) name,
    TMLI_ENCODING_LIST(TMLI_ENCODING_ENUM)
#undef TMLI_ENCODING_ENUM
} tmli_encoding;

enum {
    TMLI_RECORD_BYTES_MAX = 64 << 20
}; /* longest record, and longest file in a class folder, that is read */

/* How to find text and label. Column names are compared without regard to ASCII case and surrounding blanks; keys of JSON
 * as they are. The first record decides: one that names both the text and the label column is a header line. Otherwise the
 * file has none, and the columns are those of `header` when the record has as many fields; else, when the record names
 * neither, with label_first, the first field is the label and the second the text (SageMaker's text/csv; without a label a
 * single field is the text). Otherwise TML_EFORMAT with the nearest name.
 *
 * AUTO: a name that ends in .tsv, .jsonl, .ndjson or .json, with or without .gz, decides. A .csv whose first line tabs cut
 * into the columns of `header`, or that has tabs and no comma, is TSV all the same (newsCorpora.csv is). CSV is cut at
 * semicolons when a label is wanted and its first line, with quotes closed, has semicolons and no comma: Excel writes it so
 * where a comma is in every number. Other names: an
 * object at the start is JSON Lines, a tab in the first line TSV, the rest CSV. A directory is read as class folders
 * (pipeline/folders.h), and so is a tar archive (pipeline/archive.h), which is one by its name (.tar, .tar.gz, .tgz) or,
 * when the name says nothing, by its first header. Class folders have neither columns nor weights, which the options may
 * name all the same. */
typedef struct tmli_reader_options {
    tmli_format format;
    tmli_quoting quoting;
    tmli_encoding
        encoding; /* of everything in the files: names of columns and folders, texts, labels */
    const char *const *header; /* names of the columns of files without a header line, or NULL */
    size_t n_header;
    const char *text;   /* name of the text column, or key in JSON Lines */
    const char *label;  /* name of the label column or key; NULL reads no labels */
    const char *weight; /* name of a column or key of sample weights, or NULL */
    bool label_first;
} tmli_reader_options;

typedef struct tmli_row {
    tml_str text;  /* valid UTF-8: ill-formed bytes were replaced; borrowed until the next call */
    tml_str label; /* trimmed; a JSON number or boolean label is its text; borrowed likewise */
    double weight; /* 1 without a weight column */
    uint64_t
        line; /* where the row begins, from 1; in class folders the number of the file, in the order of reading */
    uint64_t column; /* field number of the label, from 1; 0 for JSON Lines and class folders */
} tmli_row;

typedef struct tmli_row_reader tmli_row_reader;

/* Opens a file (plain or gzip, which is unpacked on a thread of its own) or a directory of class folders. options and what
 * it points to: borrowed until free. out: free with tmli_row_reader_free. Errors, each beginning with the path: TML_EIO; TML_EFORMAT for an empty file, a missing text or
 * label column. */
TML_NODISCARD tml_status tmli_row_reader_open(const char *path, const tmli_reader_options *options,
                                              tmli_row_reader **out, tml_error *err);
/* The same over a source, which the reader takes and frees, also when opening fails. */
TML_NODISCARD tml_status tmli_row_reader_over(tmli_source *source,
                                              const tmli_reader_options *options,
                                              tmli_row_reader **out, tml_error *err);
void tmli_row_reader_free(tmli_row_reader *reader); /* NULL is allowed */

/* The next row; *has false at the end. A text may be empty; lines of white space are skipped. Errors, each
 * "PATH:LINE:COLUMN: …" where COLUMN is the number of the field, or in JSON Lines of the character: TML_EFORMAT for a
 * ragged row (how many fields were expected and found), an empty label, a weight that is not a number at least 0, bad
 * quoting, bad JSON, a key that is missing or has the wrong kind (text must be a string; label a string, number or
 * boolean). In class folders a sentence begins with the path of the file, or with the archive's and the member's name. After
 * an error only free is allowed. */
TML_NODISCARD tml_status tmli_row_next(tmli_row_reader *reader, tmli_row *out, bool *has,
                                       tml_error *err);
/* Ill-formed UTF-8 sequences replaced so far in texts and labels. */
uint64_t tmli_row_reader_replaced(const tmli_row_reader *reader);
/* With latin-1: texts and labels so far with bytes outside ASCII, if each of them would be well-formed UTF-8; else 0. */
uint64_t tmli_row_reader_doubtful(const tmli_row_reader *reader);

#endif
