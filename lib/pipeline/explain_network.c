/* Networks explained: the text is scored again without each of its tokens. */
#include <math.h>

#include "base/mem.h"
#include "base/status.h"
#include "pipeline/session.h"

/* What stands for a unit in the two rows that leave out none, or all. TMLI_NO_UNIT is of a token that came from nowhere, and
 * stays. */
#define WHOLE (TMLI_NO_UNIT - 1)
#define NOTHING (TMLI_NO_UNIT - 2)

/* ln(p / (1 - p)) of a label from what the output function is applied to: softmax's 1 - p is the sum over the others. */
static double log_odds(const tml_model *model, const float *z, size_t label)
{
    switch (model->mlp.shape.output) {
    case TMLI_OUTPUT_SIGMOID: return label == 1 ? (double)z[0] : -(double)z[0];
    case TMLI_OUTPUT_IDENTITY: return (double)z[label];
    case TMLI_OUTPUT_SOFTMAX: break;
    }
    size_t peak =
        label == 0 ? 1 : 0; /* the greatest of the others, so that no exponent is positive */
    for (size_t k = peak + 1; k < model->n_labels; k++) {
        peak = k != label && z[k] > z[peak] ? k : peak;
    }
    double sum = 1.0; /* the peak's own term */
    for (size_t k = 0; k < model->n_labels; k++) {
        sum += k != label && k != peak ? exp((double)z[k] - (double)z[peak]) : 0.0;
    }
    return (double)z[label] - (double)z[peak] - log(sum);
}

/* Known tokens of the text: ids in the session, units beside them in unit_of; *n of them. */
static tml_status read_tokens(tml_session *session, tml_str text, size_t *n, tml_error *err)
{
    const tml_model *const model = session->model;
    tmli_network_side *const side = &session->network;
    tmli_explainer *const explainer = session->explainer;
    const tml_status status =
        tmli_tokenize_traced(model->tokenizer, text, side->tokens, &explainer->trace, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t n_tokens = side->tokens->n;
    if (!tmli_explainer_add(explainer, false) || !tmli_explainer_merge(explainer) ||
        !tmli_explainer_find(explainer, false) ||
        !tmli_grow(&side->ids, &side->id_capacity, n_tokens, sizeof *side->ids) ||
        !tmli_grow(&explainer->kept, &explainer->kept_capacity, side->sequence.length,
                   sizeof *explainer->kept)) {
        return tmli_fail_memory(err, "an explanation");
    }
    *n = 0;
    for (size_t i = 0; i < n_tokens; i++) {
        const uint32_t id = tmli_vocab_find(&model->vocab, side->tokens->items[i]);
        if (id != TMLI_NO_TERM) {
            side->ids[*n] = id;
            explainer->unit_of[(*n)++] = explainer->unit_of[i];
        }
    }
    return TML_OK;
}

/* The entries of a row: of the n known tokens less those of a unit, as many as the network sees. Returns their number. */
static size_t place(tml_session *session, size_t n, uint32_t unit, tmli_entry *out)
{
    const tmli_network_side *const side = &session->network;
    const tmli_explainer *const explainer = session->explainer;
    const size_t length = side->sequence.length;
    const bool is_end =
        side->sequence.truncating == TMLI_SIDE_PRE; /* the end of the text is seen */
    size_t n_kept = 0;
    for (size_t i = 0; i < n && n_kept < length && unit != NOTHING; i++) {
        const size_t at = is_end ? n - 1 - i : i;
        if (explainer->unit_of[at] != unit) {
            n_kept++;
            explainer->kept[is_end ? length - n_kept : n_kept - 1] = side->ids[at];
        }
    }
    const uint32_t *const first = explainer->kept + (is_end ? length - n_kept : 0);
    return tmli_sequence_place(&side->sequence, first, n_kept, out);
}

/* Scores of at most TMLI_CHUNK_ROWS rows, each without one of the units. */
static void score(tml_session *session, size_t n, const uint32_t *units, size_t n_units,
                  size_t label, double *scores)
{
    const tml_model *const model = session->model;
    tmli_network_side *const side = &session->network;
    side->offsets[0] = 0;
    for (size_t i = 0; i < n_units; i++) {
        const size_t at = side->offsets[i];
        side->offsets[i + 1] = at + place(session, n, units[i], side->entries + at);
    }
    const tmli_rows rows = {side->entries, side->offsets, n_units};
    const size_t n_outputs = model->mlp.shape.sizes[model->mlp.shape.n_layers - 1];
    const float *const z = tmli_mlp_logits(&model->mlp, &rows, 0, n_units, &side->scratch);
    for (size_t i = 0; i < n_units; i++) {
        scores[i] = log_odds(model, z + i * n_outputs, label);
    }
}

/* Marks the units of the tokens that the network sees, and at most as many as are explained. */
static void mark_seen(tml_session *session, size_t n)
{
    tmli_explainer *const explainer = session->explainer;
    const size_t length = session->network.sequence.length;
    const bool is_end = session->network.sequence.truncating == TMLI_SIDE_PRE;
    const size_t n_seen = n < length ? n : length;
    const size_t first = is_end ? n - n_seen : 0;
    size_t n_units = 0;
    for (size_t i = first; i < first + n_seen; i++) {
        const uint32_t unit = explainer->unit_of[i];
        if (unit == TMLI_NO_UNIT || explainer->is_known[unit]) {
            continue;
        }
        if (n_units++ == TML_EXPLAIN_TOKENS_MAX) {
            return;
        }
        explainer->is_known[unit] = true;
    }
}

tml_status tmli_explain_network(tml_session *session, tml_str text, size_t label, bool all,
                                tml_explanation *out, tml_error *err)
{
    tmli_explainer *const explainer = session->explainer;
    static const uint32_t ends[2] = {WHOLE, NOTHING};
    double scores[TMLI_CHUNK_ROWS];
    size_t n = 0;
    const tml_status status = read_tokens(session, text, &n, err);
    if (status != TML_OK) {
        return status;
    }
    mark_seen(session, n);
    score(session, n, ends, 2, label, scores);
    out->is_exact = false;
    out->score = scores[0];
    out->constant = scores[1];
    uint32_t units[TMLI_CHUNK_ROWS];
    size_t n_units = 0;
    for (size_t u = 0; all && u < explainer->units.n; u++) {
        if (explainer->is_known[u]) {
            units[n_units++] = (uint32_t)u;
        }
        if (n_units == TMLI_CHUNK_ROWS || (n_units > 0 && u + 1 == explainer->units.n)) {
            score(session, n, units, n_units, label, scores);
            for (size_t i = 0; i < n_units; i++) {
                explainer->sums[units[i]] = out->score - scores[i];
            }
            n_units = 0;
        }
    }
    return TML_OK;
}
