/* pipeline/prepare.h: files → vocabulary and encoded rows: the part of fitting that comes before any mathematics. */
#ifndef PIPELINE_PREPARE_H
#define PIPELINE_PREPARE_H

#include "base/buf.h"
#include "base/pool.h"
#include "features/blocks.h"
#include "features/vocab.h"
#include "num/sparse.h"
#include "pipeline/corpus.h"
#include "pipeline/labels.h"
#include "pipeline/vectorizer.h"
#include "textml/fit.h"

typedef enum tmli_part {
    TMLI_PART_TRAIN,
    TMLI_PART_VALIDATION,
    TMLI_PART_TEST,
    TMLI_N_PARTS,
} tmli_part;

/* Rows as the models take them: entries of sequences, or a matrix of bags. */
typedef struct tmli_encoded {
    tmli_entry *entries; /* owned */
    size_t *offsets;     /* owned, [n + 1] */
    tmli_csr matrix;
    uint32_t *labels; /* owned, [n] class numbers */
    double *weights;  /* owned, [n] */
    tmli_buf
        excerpts; /* with excerpt_ends: the beginnings of the texts, where they were asked for */
    size_t *excerpt_ends; /* owned, [n], or NULL */
    size_t n;
} tmli_encoded;

typedef struct tmli_prepared {
    tmli_labels labels;
    tmli_vocab vocab;
    tmli_encoded parts[TMLI_N_PARTS];
    size_t terms_seen;    /* distinct terms of the training part */
    uint64_t replaced;    /* ill-formed UTF-8 sequences in all parts */
    uint64_t doubtful;    /* of files read as latin-1 that may be UTF-8 */
    uint64_t fingerprint; /* of the training files' rows */
} tmli_prepared;

/* What preparing needs to know. All borrowed. */
typedef struct tmli_preparing {
    const tml_recipe *recipe; /* outlives what is prepared */
    const tml_fit_input *input;
    tmli_pool *pool;
    const atomic_bool *stop; /* may be NULL */
    size_t excerpt_bytes;    /* of each text to keep; 0: none */
} tmli_preparing;

/* Reads all parts, splits off validation rows when there are no validation files, builds the vocabulary from the
 * training part alone, encodes. out: release with tmli_prepared_deinit, also after a failure. */
TML_NODISCARD tml_status tmli_prepare(const tmli_preparing *job, const tml_tokenizer *tokenizer,
                                      tmli_prepared *out, tml_error *err);
/* The same for models of bags: parts get matrices, and the vectorizer its bags. */
TML_NODISCARD tml_status tmli_prepare_bags(const tmli_preparing *job, tmli_vectorizer *vectorizer,
                                           tmli_prepared *out, tml_error *err);

/* ---- what both have in common ---- */

/* Reads the files of all parts into corpora [TMLI_N_PARTS] (initialized); context.labels and what the tokens go to are
 * set. Labels are closed behind the training part. */
TML_NODISCARD tml_status tmli_read_parts(const tmli_preparing *job, tmli_corpus_context *context,
                                         tmli_corpus *corpora, tmli_prepared *out, tml_error *err);
/* Draws the validation rows among n training rows: *goes [n] with 1 for each, owned; NULL when none is to be drawn, as
 * with validation files. */
TML_NODISCARD tml_status tmli_draw_split(const tmli_preparing *job, size_t n, unsigned char **goes,
                                         tml_error *err);
/* Labels, weights and excerpts of a corpus become the part's; n is set. */
TML_NODISCARD tml_status tmli_take_rows(const tmli_labels *labels, tmli_corpus *corpus,
                                        tmli_encoded *out, tml_error *err);
void tmli_prepared_deinit(tmli_prepared *prepared);

#endif
