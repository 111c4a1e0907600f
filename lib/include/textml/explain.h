/* textml/explain.h: which tokens of a text speak for a label, and how much. */
#ifndef TEXTML_EXPLAIN_H
#define TEXTML_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tml_contribution {
    size_t begin, end;
    double contribution;
} tml_contribution;
typedef struct tml_explanation {
    size_t label;
    bool is_exact;
    double score;
    double constant;
    size_t n_tokens;
    size_t n;
    const tml_contribution *tokens;
} tml_explanation;

tml_status tml_session_explain(tml_session *session, tml_str text, size_t label, size_t max,
                               tml_explanation *out, tml_error *err);

#endif
