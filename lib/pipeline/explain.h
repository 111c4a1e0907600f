/* pipeline/explain.h: what explanations of all models share. */
#ifndef PIPELINE_EXPLAIN_H
#define PIPELINE_EXPLAIN_H

#include "features/bag_spread.h"
#include "text/trace.h"
#include "textml/explain.h"

/* Scratch of one thread. All arrays are owned and grow to the longest text seen.
 *
 * Units are what contributions are of: spans of the raw text, rising and apart. */
typedef struct tmli_explainer {
    tml_tokens *words; /* of text that is cut into characters */
    tmli_trace trace;
    tmli_spans units;
    uint32_t *unit_of; /* of each token, or byte, of the text that was traced last */
    size_t unit_of_capacity;
    double *sums; /* [units] contributions */
    size_t sums_capacity;
    bool *is_known; /* [units] the model knows something of it */
    size_t is_known_capacity;
    double *parts; /* naive Bayes: of the row's elements */
    size_t parts_capacity;
    tmli_spread_scratch spread;
    uint32_t *kept; /* network: ids that stay, in order of the text */
    size_t kept_capacity;
    tml_contribution *found;
    size_t found_capacity;
} tmli_explainer;

TML_NODISCARD tml_status tmli_explainer_create(tmli_explainer **out, tml_error *err);
void tmli_explainer_free(tmli_explainer *explainer); /* NULL is allowed */

/* Adds to the units the tokens of the traced text or, when it is cut into characters, its words and what stands between
 * them. False when memory is short. */
bool tmli_explainer_add(tmli_explainer *explainer, bool is_cut);
/* When all are added: units that overlap become one, sums are 0 and nothing is known. False as above. */
bool tmli_explainer_merge(tmli_explainer *explainer);
/* Fills unit_of for the tokens of the traced text or, when it is cut into characters, for its bytes. False as above. */
bool tmli_explainer_find(tmli_explainer *explainer, bool is_cut);

/* Each fills in score, constant and is_exact, and the sums and is_known of the units. */
TML_NODISCARD tml_status tmli_explain_bayes(tml_session *session, tml_str text, size_t label,
                                            tml_explanation *out, tml_error *err);
/* all: false leaves the sums at 0. */
TML_NODISCARD tml_status tmli_explain_network(tml_session *session, tml_str text, size_t label,
                                              bool all, tml_explanation *out, tml_error *err);

#endif
