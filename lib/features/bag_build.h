/* features/bag_build.h: fitting a bag, with the rows of the documents that it was fitted on.
 *
 * Each text is tokenized and counted once; neither texts nor tokens are kept, only numbers of terms and counts. The
 * result does not depend on the number of threads. */
#ifndef FEATURES_BAG_BUILD_H
#define FEATURES_BAG_BUILD_H

#include "base/pool.h"
#include "features/bag.h"
#include "textml/tokenizer.h"

typedef struct tmli_bag_builder tmli_bag_builder;

/* tokenizer (may be NULL when only tokens are added) and pool (NULL: the caller's thread) are borrowed until free.
 * out: free with tmli_bag_builder_free. Errors: as tmli_bag_options_check, TML_ENOMEM. */
TML_NODISCARD tml_status tmli_bag_builder_create(const tmli_bag_options *options,
                                                 const tml_tokenizer *tokenizer, tmli_pool *pool,
                                                 tmli_bag_builder **out, tml_error *err);
void tmli_bag_builder_free(tmli_bag_builder *builder); /* NULL is allowed */

/* Appends documents in their order. The work is cut by documents, so that a call should bring many: megabytes of text, or
 * all. texts are borrowed for the call. Errors: TML_ENOMEM, TML_ELIMIT (too many terms); afterwards only free. */
TML_NODISCARD tml_status tmli_bag_builder_add(tmli_bag_builder *builder, const tml_str *texts,
                                              size_t n, tml_error *err);

/* The same for documents that are tokens already: valid UTF-8. */
typedef struct tmli_token_list {
    const tml_str *items;
    size_t n;
} tmli_token_list;

TML_NODISCARD tml_status tmli_bag_builder_add_tokens(tmli_bag_builder *builder,
                                                     const tmli_token_list *documents, size_t n,
                                                     tml_error *err);

size_t tmli_bag_builder_documents(const tmli_bag_builder *builder);
/* Distinct terms of the training documents, known when finished; 0 when hashed. */
size_t tmli_bag_builder_terms(const tmli_bag_builder *builder);

/* Vocabulary and idf from the training documents, rows for all in their order; afterwards only free.
 * is_training [documents]: 0 or 1; NULL: all are. rows may be NULL when only the bag is wanted.
 * bag, rows: release with tmli_bag_deinit and tmli_csr_deinit; untouched on failure.
 * Errors: TML_EINVAL (no training documents; min_df above max_df for their number; nothing is left in the vocabulary,
 * and which option emptied it), TML_ELIMIT (terms of more than 4 GiB), TML_ENOMEM. */
TML_NODISCARD tml_status tmli_bag_builder_finish(tmli_bag_builder *builder,
                                                 const unsigned char *is_training, tmli_bag *bag,
                                                 tmli_csr *rows, tml_error *err);

#endif
