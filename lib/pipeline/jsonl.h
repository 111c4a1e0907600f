/* pipeline/jsonl.h: JSON Lines as a pull reader: one object a line. Lines of white space are skipped; a byte-order mark at
 * the start is dropped. */
#ifndef PIPELINE_JSONL_H
#define PIPELINE_JSONL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/number.h"
#include "base/source.h"
#include "base/value.h"
#include "textml/status.h"

typedef struct tmli_jsonl {
    tmli_window window; /* its source is borrowed */
    tmli_arena arena;   /* values of the current line */
    uint64_t line;      /* of the last object, from 1; 0 before the first */
    tml_str text;       /* the line of the last object; borrowed from the window */
} tmli_jsonl;

/* line_limit: most bytes of one line. No allocation before the first object. */
void tmli_jsonl_init(tmli_jsonl *jsonl, tmli_source *source, size_t line_limit);
void tmli_jsonl_deinit(tmli_jsonl *jsonl);
/* The next object, borrowed until the next call; its keys through tmli_value_get. *has false at the end. Errors, each
 * "NAME:LINE:COLUMN: …" with COLUMN in bytes from 1: TML_EFORMAT for bad JSON or a line that is not an object, TML_ELIMIT
 * for a line over the limit; TML_ENOMEM; the source's. After an error only deinit is allowed. */
TML_NODISCARD tml_status tmli_jsonl_next(tmli_jsonl *jsonl, const tmli_value **object, bool *has,
                                         tml_error *err);
/* Text of the number that is key's value in the last object: a whole number as it is written, with all its digits, of which
 * a double keeps 15; others the shortest that reads back the same, so that 2.50 and 2.5 are one. number: room for it. The
 * text is borrowed until the next call of tmli_jsonl_next, or until number changes. */
tml_str tmli_jsonl_number(const tmli_jsonl *jsonl, const char *key, double value,
                          char number[TMLI_NUMBER_BYTES]);

#endif
