/* pipeline/corpus.h: the rows of one part (train, validation, test) as token numbers: one pass over the files, no copy
 * of the text. Token numbers are provisional: places in a map that all parts share. */
#ifndef PIPELINE_CORPUS_H
#define PIPELINE_CORPUS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"
#include "pipeline/labels.h"
#include "pipeline/reader.h"
#include "textml/tokenizer.h"

typedef struct tmli_corpus {
    uint32_t *tokens; /* owned, [n_tokens] */
    size_t n_tokens, token_capacity;
    size_t *offsets; /* owned, [n_rows + 1]: tokens of row i */
    size_t offset_capacity;
    uint32_t *labels; /* owned, [n_rows] provisional label numbers */
    size_t label_capacity;
    double *weights; /* owned, [n_rows] */
    size_t weight_capacity;
    size_t n_rows;
    uint64_t replaced;             /* ill-formed UTF-8 sequences */
    uint64_t doubtful;             /* read as latin-1 and perhaps UTF-8: tmli_row_reader_doubtful */
    tmli_hash64_state fingerprint; /* of labels, weights and texts in order */
    tmli_buf
        excerpts; /* where they are asked for: the beginnings of the texts, one after the other */
    size_t *excerpt_ends; /* owned, [n_rows] in excerpts */
    size_t excerpt_capacity;
} tmli_corpus;

/* What the parts have in common. All borrowed. */
typedef struct tmli_corpus_context {
    const tmli_reader_options *reader;
    const tml_tokenizer *tokenizer;
    tml_tokens *scratch;
    tmli_map *terms; /* token → provisional number; grows. NULL: texts go to take_text */
    /* Gets the texts in order, each borrowed for the call; tokenizer and scratch are then not used. */
    tml_status (*take_text)(void *ctx, tml_str text, tml_error *err);
    void *ctx;
    size_t excerpt_bytes; /* of each text to keep; 0: none */
    tmli_labels *labels;
    const atomic_bool *stop; /* may be NULL; looked at before each row */
} tmli_corpus_context;

void tmli_corpus_init(tmli_corpus *corpus);
void tmli_corpus_deinit(tmli_corpus *corpus);
/* Appends the rows of files in order. Errors: those of the readers and of tmli_labels_take; TML_ESTOPPED. */
TML_NODISCARD tml_status tmli_corpus_read(tmli_corpus *corpus, const char *const *paths,
                                          size_t n_paths, const tmli_corpus_context *context,
                                          tml_error *err);
/* Moves the rows i with goes[i] != 0 into *moved (initialized, empty), in order; *corpus keeps the others in order. */
TML_NODISCARD tml_status tmli_corpus_split(tmli_corpus *corpus, const unsigned char *goes,
                                           tmli_corpus *moved, tml_error *err);

#endif
