/* Naive Bayes explained: its score is a sum over the row's elements, each of which came from n-grams of the text. */
#include "base/mem.h"
#include "base/status.h"
#include "models/naive_bayes_explain.h"
#include "pipeline/session.h"

static bool is_cut(const tmli_vectorizer *vectorizer, size_t block)
{
    return tmli_tokenizer_is_char(vectorizer->tokenizers[block]->options.kind);
}

/* Every block's tokens, as units. */
static tml_status find_units(tml_session *session, tml_str text, tml_error *err)
{
    const tmli_vectorizer *const vectorizer = &session->model->vectorizer;
    tmli_explainer *const explainer = session->explainer;
    for (size_t b = 0; b < vectorizer->n_blocks; b++) {
        const tml_status status = tmli_tokenize_traced(
            vectorizer->tokenizers[b], text, session->vectorizer.tokens, &explainer->trace, err);
        if (status != TML_OK) {
            return status;
        }
        if (!tmli_explainer_add(explainer, is_cut(vectorizer, b))) {
            return tmli_fail_memory(err, "an explanation");
        }
    }
    return tmli_explainer_merge(explainer) ? TML_OK : tmli_fail_memory(err, "an explanation");
}

/* Spreads the parts of block b's elements, which begin at `parts`. *n: how many these are. *rest grows. */
static tml_status spread_block(tml_session *session, size_t b, tml_str text, const double *parts,
                               size_t *n, double *rest, tml_error *err)
{
    const tml_model *const model = session->model;
    const tmli_vectorizer *const vectorizer = &model->vectorizer;
    const tmli_bag *const bag = &vectorizer->bags[b];
    tmli_explainer *const explainer = session->explainer;
    const tml_tokens *const tokens = session->vectorizer.tokens;
    tml_status status = tmli_tokenize_traced(vectorizer->tokenizers[b], text,
                                             session->vectorizer.tokens, &explainer->trace, err);
    if (status != TML_OK) {
        return status;
    }
    if (!tmli_explainer_find(explainer, is_cut(vectorizer, b))) {
        return tmli_fail_memory(err, "an explanation");
    }
    tmli_spread spread = {.units = explainer->unit_of,
                          .text = explainer->trace.text.data,
                          .parts = parts,
                          .is_even = bag->options.binary || model->bayes.kind == TMLI_NB_BERNOULLI,
                          .sums = explainer->sums,
                          .is_touched = explainer->is_known};
    status = tmli_bag_spread(bag, tokens->items, tokens->n, &session->vectorizer.bags[b],
                             &explainer->spread, &spread, err);
    *n = spread.n_parts;
    *rest += spread.rest;
    return status;
}

tml_status tmli_explain_bayes(tml_session *session, tml_str text, size_t label,
                              tml_explanation *out, tml_error *err)
{
    const tml_model *const model = session->model;
    tmli_explainer *const explainer = session->explainer;
    tmli_sparse_row row;
    tml_status status = find_units(session, text, err);
    if (status == TML_OK) { /* the row that predicting makes */
        status = tmli_vectorize(&model->vectorizer, text, &session->vectorizer, &row, err);
    }
    if (status != TML_OK) {
        return status;
    }
    /* One more: an empty row has parts too, none of them. */
    if (!tmli_grow(&explainer->parts, &explainer->parts_capacity, row.n + 1,
                   sizeof *explainer->parts)) {
        return tmli_fail_memory(err, "an explanation");
    }
    const tmli_nb_explanation found =
        tmli_nb_explain(&model->bayes, label, row.columns, row.values, row.n, explainer->parts);
    double rest = 0.0;
    size_t first = 0;
    for (size_t b = 0; b < model->vectorizer.n_blocks; b++) {
        size_t n = 0;
        status = spread_block(session, b, text, explainer->parts + first, &n, &rest, err);
        if (status != TML_OK) {
            return status;
        }
        first += n;
    }
    out->is_exact = true;
    out->score = found.score;
    out->constant = found.constant + rest;
    return TML_OK;
}
