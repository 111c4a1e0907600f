/* pipeline/summary.h: what a report tells of the training data: rows by class, lengths, frequent and telling terms. */
#ifndef PIPELINE_SUMMARY_H
#define PIPELINE_SUMMARY_H

#include "pipeline/fit.h"

enum {
    TMLI_FREQUENT_TERMS = 20,
    TMLI_TELLING_TERMS = 12, /* of each class */
    TMLI_CLOUD_TERMS = 90,
    TMLI_LENGTH_BINS = 32
};

/* A term of the vocabulary: number of its column, across blocks. */
typedef struct tmli_ranked {
    uint32_t term;
    double weight;
} tmli_ranked;

struct tml_fit_summary {
    size_t n_labels;
    uint64_t *rows_per_class; /* owned, [TMLI_N_PARTS, n_labels] */
    uint64_t length_counts[TMLI_LENGTH_BINS];
    size_t length_bin_width;
    /* Falling weights; fewer terms leave weights of 0 at the end. */
    tmli_ranked
        frequent[TMLI_FREQUENT_TERMS]; /* weight: training rows that hold it, places for networks */
    tmli_ranked cloud[TMLI_CLOUD_TERMS]; /* weight: sum of its values over the training rows */
    tmli_ranked *telling;                /* owned, [n_labels, TMLI_TELLING_TERMS] */
};

/* Of the prepared rows. Terms without names, which hashed blocks have, are left out. out: free with
 * tmli_fit_summary_free. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_fit_summarize(const tmli_fitting *fit, struct tml_fit_summary **out,
                                            tml_error *err);
void tmli_fit_summary_free(struct tml_fit_summary *summary); /* NULL is allowed */

/* Terms that have a name, and the name of one: borrowed from the model, empty for one that has none. */
size_t tmli_model_terms(const tml_model *model);
tml_str tmli_model_term(const tml_model *model, uint32_t term);

#endif
