/* pipeline/vectorizer.h: a recipe's bag blocks side by side: a text becomes one sparse row, the columns of the second block
 * behind those of the first. Immutable once its bags are fitted or mapped: any number of threads, each with its scratch. */
#ifndef PIPELINE_VECTORIZER_H
#define PIPELINE_VECTORIZER_H

#include "features/bag.h"
#include "pipeline/recipe.h"

typedef struct tmli_vectorizer {
    size_t n_blocks; /* 0 for models of sequences */
    tml_tokenizer *tokenizers[TMLI_MAX_BLOCKS];
    tmli_bag bags[TMLI_MAX_BLOCKS];
    size_t n_columns; /* of all bags */
} tmli_vectorizer;

/* Tokenizers for the recipe's blocks; the bags are the caller's to fill in. out: release with tmli_vectorizer_deinit, also
 * after a failure. Errors: TML_EINVAL for options that contradict each other, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_vectorizer_init(const tml_recipe *recipe, tmli_vectorizer *out,
                                              tml_error *err);
void tmli_vectorizer_deinit(tmli_vectorizer *vectorizer); /* leaves {0} */
/* Adds up the bags' columns. Errors: TML_ELIMIT for more than a column number holds. */
TML_NODISCARD tml_status tmli_vectorizer_count_columns(tmli_vectorizer *vectorizer, tml_error *err);

/* Options of block i of a recipe as its bag takes them. */
tmli_bag_options tmli_bag_options_of(const tml_recipe *recipe, size_t block);

/* Scratch of one thread. */
typedef struct tmli_vectorizer_scratch {
    tml_tokens *tokens;
    tmli_bag_scratch bags[TMLI_MAX_BLOCKS];
    uint32_t *columns; /* of several blocks, joined; owned, as values */
    size_t column_capacity;
    double *values;
    size_t value_capacity;
} tmli_vectorizer_scratch;

TML_NODISCARD tml_status tmli_vectorizer_scratch_init(tmli_vectorizer_scratch *out, tml_error *err);
void tmli_vectorizer_scratch_deinit(tmli_vectorizer_scratch *scratch);

/* out: borrowed from scratch until its next use. Errors: TML_ENOMEM only. */
TML_NODISCARD tml_status tmli_vectorize(const tmli_vectorizer *vectorizer, tml_str text,
                                        tmli_vectorizer_scratch *scratch, tmli_sparse_row *out,
                                        tml_error *err);

#endif
