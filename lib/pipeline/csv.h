/* pipeline/csv.h: separated values as a pull parser: RFC 4180 quoting or none, any one-byte separator.
 *
 * Line ends are \n, \r\n or a lone \r, as in Python's csv and pandas; inside quotes they are text. Empty lines are
 * skipped (a line that is "" is a record of one empty field). A byte-order mark at the start is dropped. A quote counts
 * only as the first byte of a field; later it is an ordinary character. Bytes are not checked to be UTF-8 here, and NUL
 * is a byte like others. */
#ifndef PIPELINE_CSV_H
#define PIPELINE_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/source.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    TMLI_CSV_FIELDS_MAX = 1 << 20
}; /* of one record: 32 MB of places */

typedef enum tmli_quote {
    TMLI_QUOTE_RFC4180, /* a field may be "quoted", "" inside stands for one quote */
    TMLI_QUOTE_NONE,    /* quotes are ordinary characters */
} tmli_quote;

/* Where a field lies, counted from the record's first byte: survives a refill of the window. */
typedef struct tmli_csv_span {
    size_t at;
    size_t len;
} tmli_csv_span;

typedef struct tmli_csv {
    tmli_window window; /* its source is borrowed */
    char separator;     /* not a quote nor a line end */
    tmli_quote quote;
    bool begun;           /* the start of the source was looked at */
    bool is_after_return; /* the last record ended with \r: a \n that follows belongs to it */
    uint64_t line;        /* of the next byte, from 1 */
    tmli_csv_span *spans; /* owned */
    size_t n_spans;       /* room */
    tml_str *fields;      /* owned */
    size_t n_fields;      /* room */
} tmli_csv;

typedef struct tmli_csv_record {
    const tml_str *fields; /* borrowed until the next call */
    size_t n;              /* at least 1 */
    uint64_t line;         /* where the record begins, from 1 */
    /* the line as it stands, without its end; NULL when a field was quoted, for it is unquoted in place */
    tml_str raw;
} tmli_csv_record;

/* record_limit: most bytes of one record with its line end. No allocation before the first record. */
void tmli_csv_init(tmli_csv *csv, tmli_source *source, char separator, tmli_quote quote,
                   size_t record_limit);
void tmli_csv_deinit(tmli_csv *csv);
/* The next record; *has false at the end. Errors, each "NAME:LINE:COLUMN: …" where COLUMN is the number of the field, from
 * 1: TML_EFORMAT for a quote that is never closed (the place where it opens) or text behind a closing quote, TML_ELIMIT
 * for a record over the limit or with more than TMLI_CSV_FIELDS_MAX fields; TML_ENOMEM; the source's. After an error only
 * deinit is allowed. */
TML_NODISCARD tml_status tmli_csv_next(tmli_csv *csv, tmli_csv_record *out, bool *has,
                                       tml_error *err);

#endif
