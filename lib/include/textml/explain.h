/* textml/explain.h: which tokens of a text speak for a label, and how much.
 *
 * docs/explanations.md has the formulas, with examples. In short:
 *
 * naive_bayes: exact. The score is the label's joint log-likelihood ln P(label) + ln P(text | label), with one_vs_rest the
 * logarithm of the odds of the label against the rest. What a column of the features gives is its value times its weight
 * for the label less the mean of that product over the labels, because what it gives to all labels alike changes no
 * probability; with one_vs_rest nothing is subtracted. These means are in the constant, with the prior and, for Bernoulli,
 * with the terms that the text does not have. A term that occurs several times shares evenly among its occurrences; an
 * n-gram shares evenly among the words it covers, one of characters among its characters that are no blanks.
 *
 * feed_forward: by leaving out. The score is the logarithm of the label's odds, ln(p / (1 - p)), from the network's last
 * layer before softmax or sigmoid, so that it does not run into 1. A token's contribution is the score of the text less that
 * of the text without this token, the tokens behind it moved up; contributions need not add up to anything. */
#ifndef TEXTML_EXPLAIN_H
#define TEXTML_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    TML_EXPLAIN_BYTES_MAX = 1 << 20, /* of a text */
    TML_EXPLAIN_TOKENS_MAX = 1024    /* of a text, for networks: the first that the network sees */
};

/* One token of the text that speaks for or against the label. */
typedef struct tml_contribution {
    size_t begin, end;   /* bytes of the text as it was given: text[begin, end) */
    double contribution; /* positive: for the label */
} tml_contribution;

typedef struct tml_explanation {
    size_t label; /* which is explained */
    bool
        is_exact; /* constant and all contributions add up to score; false: each is found by leaving the token out */
    double
        score; /* what the contributions explain: see above; -inf for a label without training rows */
    double
        constant; /* exact: what no token gives (prior, ...); otherwise score of the empty text */
    size_t n_tokens; /* of the text that could be explained, before the strongest were chosen */
    size_t n;        /* in tokens, strongest first (by absolute contribution; ties by begin) */
    const tml_contribution *tokens; /* borrowed from the session until its next use */
} tml_explanation;

/* Explains the score of label, below tml_model_labels, for a text of any bytes.
 *
 * max: most tokens to give, SIZE_MAX for all; 0 gives none but still fills in score and constant. Tokens that the model does
 * not know, or does not see for their place, are none of them. Spans are not empty, end where characters end, and do not
 * overlap: tokens that one character was made into (1 and 2 from ½) are one. Where several features cut the text
 * differently, pieces that overlap are one too.
 *
 * out: untouched after a failure. Errors: TML_EINVAL for a label out of range, TML_ELIMIT for a text of more than
 * TML_EXPLAIN_BYTES_MAX bytes, TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_session_explain(tml_session *session, tml_str text,
                                                     size_t label, size_t max, tml_explanation *out,
                                                     tml_error *err);

#endif
