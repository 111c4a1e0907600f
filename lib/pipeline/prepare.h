/* pipeline/prepare.h: files → vocabulary and encoded rows: the part of fitting that comes before any mathematics. */
#ifndef PIPELINE_PREPARE_H
#define PIPELINE_PREPARE_H

#include "features/blocks.h"
#include "features/vocab.h"
#include "pipeline/corpus.h"
#include "pipeline/labels.h"
#include "textml/fit.h"

typedef enum tmli_part {
    TMLI_PART_TRAIN,
    TMLI_PART_VALIDATION,
    TMLI_PART_TEST,
    TMLI_N_PARTS,
} tmli_part;

/* Rows as the models take them. */
typedef struct tmli_encoded {
    tmli_entry *entries; /* owned */
    size_t *offsets;     /* owned, [n + 1] */
    uint32_t *labels;    /* owned, [n] class numbers */
    float *weights;      /* owned, [n] */
    size_t n;
} tmli_encoded;

typedef struct tmli_prepared {
    tmli_labels labels;
    tmli_vocab vocab;
    tmli_encoded parts[TMLI_N_PARTS];
    size_t terms_seen;    /* distinct tokens of the training part */
    uint64_t replaced;    /* ill-formed UTF-8 sequences in all parts */
    uint64_t fingerprint; /* of the training files' rows */
} tmli_prepared;

/* Reads all parts, splits off validation rows when there are no validation files, builds the vocabulary from the
 * training part alone, encodes.
 * stop: may be NULL. out: release with tmli_prepared_deinit, also after a failure. recipe: outlives out. */
TML_NODISCARD tml_status tmli_prepare(const tml_recipe *recipe, const tml_tokenizer *tokenizer,
                                      const tml_fit_input *input, const atomic_bool *stop,
                                      tmli_prepared *out, tml_error *err);
void tmli_prepared_deinit(tmli_prepared *prepared);

#endif
