/* support/body_rows.h: the rows of a request's body as one string, for tables of what comes in and what must come out. */
#ifndef SUPPORT_BODY_ROWS_H
#define SUPPORT_BODY_ROWS_H

#include "base/buf.h"
#include "sagemaker/content.h"
#include "textml/status.h"

/* How they are written: one behind the other, with "|" between them. */
typedef struct body_rows_notation {
    void (*open)(const sm_rows *rows, tmli_buf *out); /* before the first; NULL writes nothing */
    void (*row)(const sm_row *row, tmli_buf *out);
} body_rows_notation;

/* *out is all rows of the body, or the sentence of the failure whose status this returns. */
tml_status body_rows_read(const body_rows_notation *notation, sm_format format, tml_str body,
                          sm_dialect dialect, tmli_buf *out);
/* What body_rows_read gives is want. */
void assert_body_rows(const body_rows_notation *notation, sm_format format, const char *body,
                      sm_dialect dialect, const char *want);

#endif
