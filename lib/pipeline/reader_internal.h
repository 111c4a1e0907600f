/* pipeline/reader_internal.h: what the parts of a reader share: reader.c opens files and knows class folders, reader_table.c
 * knows the columns and records of CSV and TSV, reader_json.c the objects of JSON Lines. */
#ifndef PIPELINE_READER_INTERNAL_H
#define PIPELINE_READER_INTERNAL_H

#include "base/buf.h"
#include "base/number.h"
#include "pipeline/archive.h"
#include "pipeline/csv.h"
#include "pipeline/folders.h"
#include "pipeline/jsonl.h"
#include "pipeline/names.h"
#include "pipeline/reader.h"

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
    size_t text_at; /* column, or SIZE_MAX for none; so the two below */
    size_t label_at;
    size_t weight_at;
    tmli_buf text; /* repaired copies */
    tmli_buf label;
    char number[TMLI_NUMBER_BYTES]; /* a label that is a JSON number */
    uint64_t n_replaced;
    uint64_t n_doubtful; /* texts and labels read as latin-1 that may be UTF-8 */
    bool is_latin1;      /* one of them is not */
};

/* TML_EFORMAT with "NAME:LINE:COLUMN: …". */
TML_PRINTF(5, 6)
tml_status tmli_reader_fail(const tmli_row_reader *reader, uint64_t line, uint64_t column,
                            tml_error *err, const char *format, ...);
/* None of the names (columns or keys: `kind`) in the list is the one that `option` asks for. more: of a remedy. */
tml_status tmli_reader_fail_missing(const tmli_row_reader *reader, uint64_t line, const char *kind,
                                    const tmli_names *list, const char *option, const char *name,
                                    const char *more, tml_error *err);
/* A field as valid UTF-8: itself, or its repaired copy in `copy`. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_reader_clean(tmli_row_reader *reader, tml_str field, tmli_buf *copy,
                                           tml_str *out, tml_error *err);

/* Decides which columns a table has with its first record; one that is not a header line is kept as the first row. */
TML_NODISCARD tml_status tmli_reader_take_columns(tmli_row_reader *reader,
                                                  const tmli_csv_record *record, tml_error *err);
/* The next row of a table, and of JSON Lines: as tmli_row_next. */
TML_NODISCARD tml_status tmli_reader_next_record(tmli_row_reader *reader, tmli_row *out, bool *has,
                                                 tml_error *err);
TML_NODISCARD tml_status tmli_reader_next_object(tmli_row_reader *reader, tmli_row *out, bool *has,
                                                 tml_error *err);

#endif
