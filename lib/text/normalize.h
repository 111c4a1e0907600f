/* text/normalize.h: the normalization steps that a recipe can name, one after the other. */
#ifndef TEXT_NORMALIZE_H
#define TEXT_NORMALIZE_H

#include <stdbool.h>

#include "base/buf.h"
#include "text/stop_set.h"
#include "textml/tokenizer.h"

/* Two buffers that the steps take turns to fill; kept by the caller so that a steady load allocates nothing. */
typedef struct tmli_normalize_scratch {
    tmli_buf a;
    tmli_buf b;
} tmli_normalize_scratch; /* {0} to begin */

/* What is done: borrowed from a tokenizer, which checked it. */
typedef struct tmli_normalize_plan {
    const tml_normalize_step *steps;
    size_t n;
    const size_t *counts;            /* one a step; may be NULL without drop_lines */
    const tmli_stop_set *stop_words; /* may be NULL without drop_stop_words */
} tmli_normalize_plan;

/* Applies the steps of plan to text (any bytes; repaired first when ill-formed). *out is valid UTF-8, borrows from scratch
 * (never from text), and is padded: TMLI_PAD bytes behind it may be read. False when memory is short. ASCII text never
 * touches Unicode tables. */
bool tmli_normalize(const tmli_normalize_plan *plan, tml_str text, tmli_normalize_scratch *scratch,
                    tml_str *out);

/* The same in parts, for who looks at the text in between (text/trace.h): it stands in scratch->a, padded. is_ascii: of
 * the text at the beginning. Steps first to end - 1. */
bool tmli_normalize_begin(tml_str text, tmli_normalize_scratch *scratch, bool *is_ascii);
bool tmli_normalize_steps(const tmli_normalize_plan *plan, size_t first, size_t end, bool is_ascii,
                          tmli_normalize_scratch *scratch);

void tmli_normalize_scratch_deinit(tmli_normalize_scratch *scratch);

#endif
