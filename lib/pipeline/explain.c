/* Explaining: the model's own way to what each unit gives, then the strongest of them. */
#include "textml/explain.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/status.h"
#include "pipeline/session.h"

/* Strongest first; what is no number (of a damaged file) comes last. */
static int compare(const void *a, const void *b)
{
    const tml_contribution *const first = a;
    const tml_contribution *const second = b;
    const double x = isnan(first->contribution) ? -1.0 : fabs(first->contribution);
    const double y = isnan(second->contribution) ? -1.0 : fabs(second->contribution);
    if (x != y) {
        return x > y ? -1 : 1;
    }
    return (first->begin > second->begin) - (first->begin < second->begin);
}

/* The units that the model knows, as contributions. */
static tml_status collect(tmli_explainer *explainer, size_t max, tml_explanation *out,
                          tml_error *err)
{
    const tmli_spans *const units = &explainer->units;
    if (!tmli_grow(&explainer->found, &explainer->found_capacity, units->n,
                   sizeof *explainer->found)) {
        return tmli_fail_memory(err, "an explanation");
    }
    size_t n = 0;
    for (size_t i = 0; i < units->n; i++) {
        if (explainer->is_known[i]) {
            explainer->found[n++] = (tml_contribution){.begin = units->items[i].begin,
                                                       .end = units->items[i].end,
                                                       .contribution = explainer->sums[i]};
        }
    }
    if (n > 0 && max > 0) {
        qsort(explainer->found, n, sizeof *explainer->found, compare);
    }
    out->n_tokens = n;
    out->n = n < max ? n : max;
    out->tokens = explainer->found;
    return TML_OK;
}

static tml_status explain(tml_session *session, tml_str text, size_t label, size_t max,
                          tml_explanation *out, tml_error *err)
{
    session->explainer->units.n = 0;
    switch ((tmli_model_type)session->model->recipe->model) {
    case TMLI_MODEL_FEED_FORWARD:
        return tmli_explain_network(session, text, label, max > 0, out, err);
    case TMLI_MODEL_NAIVE_BAYES: return tmli_explain_bayes(session, text, label, out, err);
    }
    return tmli_fail(err, TML_EINVAL, "a model of no known type");
}

tml_status tml_session_explain(tml_session *session, tml_str text, size_t label, size_t max,
                               tml_explanation *out, tml_error *err)
{
    tml_explanation found = {.label = label};
    tml_status status = TML_OK;
    if (label >= session->model->n_labels) {
        return tmli_fail(err, TML_EINVAL, "explain: label %zu, the model has %zu (from 0)", label,
                         session->model->n_labels);
    }
    if (text.len > TML_EXPLAIN_BYTES_MAX) {
        return tmli_fail(err, TML_ELIMIT,
                         "explain: a text of %zu bytes, at most %d can be explained", text.len,
                         (int)TML_EXPLAIN_BYTES_MAX);
    }
    if (session->explainer == NULL) {
        status = tmli_explainer_create(&session->explainer, err);
    }
    if (status == TML_OK) {
        status = explain(session, text, label, max, &found, err);
    }
    if (status == TML_OK) {
        status = collect(session->explainer, max, &found, err);
    }
    if (status == TML_OK) {
        *out = found;
    }
    return status;
}
