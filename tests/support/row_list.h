/* support/row_list.h: the rows of class folders as one text, for tests that compare all of them. */
#ifndef SUPPORT_ROW_LIST_H
#define SUPPORT_ROW_LIST_H

#include "base/buf.h"
#include "pipeline/reader.h"

/* Appends "label=text|" for each row, texts as golden_escape writes them, and frees the reader. Fails the running test when a
 * row is not numbered from 1 on in its order, has a column, or another weight than 1. Returns the reader's status. */
tml_status row_list(tmli_row_reader *reader, tmli_buf *out, tml_error *err);

#endif
