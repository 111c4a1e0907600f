/* features/bag.h: documents as counted or weighted n-grams: what scikit-learn 1.2.1's CountVectorizer, TfidfVectorizer and
 * HashingVectorizer (with or without TfidfTransformer) compute, to 1e-12.
 *
 * A bag is fitted by features/bag_build.h or mapped from an artifact, and never changes: any number of threads may encode
 * with it, each with its own scratch. Columns are terms in rising order of their bytes, which is that of their code
 * points, or hashes. Tokens of analyzer word hold no blank when n_max is above 1, else two n-grams may read the same. */
#ifndef FEATURES_BAG_H
#define FEATURES_BAG_H

#include <stdbool.h>
#include <stddef.h>

#include "features/ngram.h"
#include "features/tfidf.h"
#include "features/vocab.h"
#include "num/sparse.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tmli_bag_options {
    tmli_analyzer analyzer; /* default: word */
    size_t n_min, n_max;    /* scikit-learn's ngram_range; default: 1, 1 */
    /* Of a vocabulary; hashing ignores the two. A term stays when at least min_docs and at most max_docs training documents hold it: counts, or shares of the
     * training documents. Default: at least 1, at most a share of 1. */
    double min_docs, max_docs;
    bool min_is_share, max_is_share;
    /* Of the terms that are left, those that occur most often in the training documents, 0 for all (the default). Of
     * terms that occur equally often the one that comes first in order of bytes stays; scikit-learn's choice among them
     * is that of an unstable sort. With binary, a document counts once, as in scikit-learn. */
    size_t max_features;
    bool binary;         /* default: false */
    bool use_idf;        /* default: true */
    bool smooth_idf;     /* default: true */
    bool sublinear_tf;   /* default: false */
    tmli_norm norm;      /* default: l2 */
    size_t n_hashed;     /* columns of feature hashing, 0 for a vocabulary (the default) */
    bool alternate_sign; /* of hashed terms; default: true */
} tmli_bag_options;

/* TfidfVectorizer's defaults. For HashingVectorizer's: n_hashed 1048576, use_idf false. */
tmli_bag_options tmli_bag_options_default(void);

/* Errors: TML_EINVAL with a sentence that names the option as recipes do. */
TML_NODISCARD tml_status tmli_bag_options_check(const tmli_bag_options *options, tml_error *err);

enum {
    TMLI_DOCS_TEXT = 32
};

/* min_docs or max_docs as it is written: 2, or 1.0 for a share. Returns out. */
const char *tmli_bag_docs_text(double docs, bool is_share, char out[TMLI_DOCS_TEXT]);

typedef struct tmli_bag {
    tmli_bag_options options;
    tmli_vocab vocab;  /* {0} when hashed */
    const double *idf; /* [n_cols]; NULL without use_idf */
    size_t n_cols;
    double *owned_idf; /* the memory behind idf, NULL when it is borrowed */
} tmli_bag;

/* A bag over a vocabulary (hashed: {0}) and idf (use_idf false: NULL) that are borrowed, from a mapping for instance.
 * idf [n_idf]: checked to have a number for each column; its values are the caller's matter.
 * Errors: as tmli_bag_options_check, and TML_EFORMAT when vocabulary, idf and options do not fit each other. */
TML_NODISCARD tml_status tmli_bag_view(const tmli_bag_options *options, const tmli_vocab *vocab,
                                       const double *idf, size_t n_idf, tmli_bag *out,
                                       tml_error *err);
void tmli_bag_deinit(tmli_bag *bag); /* leaves {0} */

/* Scratch of one thread; grows to the longest document seen and is then reused without allocation. */
typedef struct tmli_bag_scratch {
    tmli_ngram_scratch ngrams;
    tmli_item *items; /* owned, and below */
    size_t items_capacity;
    tmli_item *other;
    size_t other_capacity;
    uint32_t *columns;
    size_t columns_capacity;
    double *values;
    size_t values_capacity;
} tmli_bag_scratch; /* {0} to begin */

void tmli_bag_scratch_deinit(tmli_bag_scratch *scratch);

/* One document's row. tokens: valid UTF-8. out: borrowed from scratch until its next use. What the vocabulary does not
 * have counts nothing; hashed terms that cancel each other leave an element of 0, as in scikit-learn, and with idf too, where
 * scikit-learn drops it again. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_bag_encode(const tmli_bag *bag, const tml_str *tokens,
                                         size_t n_tokens, tmli_bag_scratch *scratch,
                                         tmli_sparse_row *out, tml_error *err);

/* Appends one item (column, sign) for each n-gram of a document when the bag is hashed; *n grows. */
TML_NODISCARD bool tmli_bag_hash_terms(const tmli_bag_options *options, const tml_str *tokens,
                                       size_t n_tokens, tmli_bag_scratch *scratch, size_t *n);
/* How rows are weighted by this bag. */
tmli_weighting tmli_bag_weighting(const tmli_bag *bag);

#endif
