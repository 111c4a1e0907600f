/* text/trace.h: where in the raw text each token came from.
 *
 * Predicting never asks, and its path carries nothing of this. A trace runs the same normalization steps one by one, so
 * that the text is the same by construction, and after each step compares what stood before with what stands now. */
#ifndef TEXT_TRACE_H
#define TEXT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "text/tokenizer.h"

#define TMLI_TRACE_BYTES_MAX ((size_t)UINT32_MAX) /* of a raw text: offsets are 32 bits */

/* Bytes [begin, end) of the raw text. */
typedef struct tmli_span {
    uint32_t begin, end;
} tmli_span;

typedef struct tmli_spans {
    tmli_span *items; /* owned */
    size_t n, capacity;
} tmli_spans; /* {0} to begin */

/* Scratch of one thread; grows to the longest text seen. */
typedef struct tmli_trace {
    /* For each byte of `text` the raw characters that its own character was made of. Begins rise, and so do ends. Empty
     * for a blank that the tokenizer put in. */
    tmli_spans bytes;
    tml_str text;      /* what the tokens were cut from; borrowed from the tokens */
    tmli_spans tokens; /* of each token */
    tmli_spans next;   /* bytes of the text that a step writes */
    tmli_buf before;   /* the text before a step */
    tmli_buf part;     /* a piece of it, normalized by itself */
} tmli_trace;          /* {0} to begin */

void tmli_trace_deinit(tmli_trace *trace);

/* As tml_tokenize, of a text of at most TMLI_TRACE_BYTES_MAX; *trace says where the tokens came from, until the next
 * use of it or of tokens. Errors: TML_ENOMEM only. */
TML_NODISCARD tml_status tmli_tokenize_traced(const tml_tokenizer *tokenizer, tml_str text,
                                              tml_tokens *tokens, tmli_trace *trace,
                                              tml_error *err);

/* ---- between trace.c and the files that follow the steps; false when memory is short ---- */

/* tmli_normalize, traced: trace->bytes are those of *out. */
bool tmli_trace_normalize(const tmli_normalize_plan *plan, tml_str text,
                          tmli_normalize_scratch *scratch, tmli_trace *trace, tml_str *out);
/* What a splitting rule has made of normalized, before its tokens are changed: sets bytes, text and tokens. */
bool tmli_trace_split(tml_tokenizer_kind kind, tml_str normalized, const tml_tokens *tokens,
                      tmli_trace *trace);

/* The next `n` bytes of the text being written are the bytes from..from+n-1 of the one before. */
bool tmli_trace_copy(tmli_trace *trace, size_t from, size_t n);
/* … stand for the bytes [from, to) of the one before. */
bool tmli_trace_put(tmli_trace *trace, size_t n, size_t from, size_t to);
/* The character written last also stands for what ends at `to`: a mark that was taken off. */
void tmli_trace_extend(tmli_trace *trace, size_t to);

/* One step: from `before` to `after`, both padded. */
bool tmli_trace_step(const tmli_normalize_plan *plan, size_t i, tml_str before, tml_str after,
                     tmli_trace *trace);
bool tmli_trace_lower(tml_str before, tml_str after, tmli_trace *trace);

#endif
