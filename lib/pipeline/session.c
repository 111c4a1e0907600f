/* tml_session: texts → scores, with all scratch memory of one thread. */
#include "pipeline/session.h"
#include "pipeline/session_rows.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"

/* ---- feed_forward ---- */

static tml_status open_network(const tml_model *model, tmli_network_side *side, tml_error *err)
{
    side->sequence = tmli_model_sequence(model->recipe);
    side->entries = tmli_alloc(TMLI_CHUNK_ROWS * side->sequence.length, sizeof(*side->entries));
    side->outputs = tmli_alloc(TMLI_CHUNK_ROWS * model->n_labels, sizeof(*side->outputs));
    if (side->entries == NULL || side->outputs == NULL) {
        return tmli_fail_memory(err, "a session");
    }
    const tml_status status = tml_tokens_create(&side->tokens, err);
    return status != TML_OK
               ? status
               : tmli_mlp_scratch_init(&side->scratch, &model->mlp, TMLI_CHUNK_ROWS, err);
}

static void close_network(tmli_network_side *side)
{
    tml_tokens_free(side->tokens);
    tmli_free(side->ids);
    tmli_free(side->entries);
    tmli_free(side->outputs);
    tmli_mlp_scratch_deinit(&side->scratch);
}

/* Tokens of one text → entries at out; *n of them. */
static tml_status encode(const tml_model *model, tmli_network_side *side, tml_str text,
                         tmli_entry *out, size_t *n, tml_error *err)
{
    const tml_status status = tml_tokenize(model->tokenizer, text, side->tokens, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t n_tokens = tml_tokens_count(side->tokens);
    if (!tmli_grow(&side->ids, &side->id_capacity, n_tokens, sizeof(*side->ids))) {
        return tmli_fail_memory(err, "a long text");
    }
    for (size_t i = 0; i < n_tokens; i++) { /* all hashes first: the fetches overlap */
        side->ids[i] = tmli_hash_v1(tml_tokens_at(side->tokens, i));
        tmli_vocab_prefetch(&model->vocab, side->ids[i]);
    }
    size_t n_ids = 0;
    for (size_t i = 0; i < n_tokens; i++) {
        const uint32_t id =
            tmli_vocab_find_hashed(&model->vocab, tml_tokens_at(side->tokens, i), side->ids[i]);
        if (id != TMLI_NO_TERM) {
            side->ids[n_ids++] = id;
        }
    }
    *n = tmli_sequence_place(&side->sequence, side->ids, n_ids, out);
    return TML_OK;
}

static tml_status predict_chunk(const tml_model *model, tmli_network_side *side,
                                const tml_str *texts, size_t n, double *scores, tml_error *err)
{
    side->offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_entries = 0;
        const size_t at = side->offsets[i];
        const tml_status status =
            encode(model, side, texts[i], side->entries + at, &n_entries, err);
        if (status != TML_OK) {
            return status;
        }
        side->offsets[i + 1] = at + n_entries;
    }
    const tmli_rows rows = {side->entries, side->offsets, n};
    tmli_mlp_predict(&model->mlp, &rows, &side->scratch, side->outputs);
    tmli_model_probabilities(model, side->outputs, n, scores);
    return TML_OK;
}

static tml_status predict_network(tml_session *session, const tml_str *texts, size_t n,
                                  double *scores, tml_error *err)
{
    const size_t n_labels = session->model->n_labels;
    for (size_t at = 0; at < n; at += TMLI_CHUNK_ROWS) {
        const size_t rows = n - at < TMLI_CHUNK_ROWS ? n - at : TMLI_CHUNK_ROWS;
        const tml_status status = predict_chunk(session->model, &session->network, texts + at, rows,
                                                scores + at * n_labels, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

/* ---- naive_bayes ---- */

static tml_status predict_bayes(tml_session *session, const tml_str *texts, size_t n,
                                double *scores, tml_error *err)
{
    const tml_model *model = session->model;
    for (size_t i = 0; i < n; i++) {
        tmli_sparse_row row;
        const tml_status status =
            tmli_vectorize(&model->vectorizer, texts[i], &session->vectorizer, &row, err);
        if (status != TML_OK) {
            return status;
        }
        tmli_model_bayes(model, &row, scores + i * model->n_labels);
    }
    return TML_OK;
}

static tml_status check_row(const tml_model *model, const tmli_sparse_row *row, size_t number,
                            tml_error *err)
{
    const size_t n_columns = model->vectorizer.n_columns;
    for (size_t i = 0; i < row->n; i++) {
        if (row->columns[i] >= n_columns) {
            return tmli_fail(err, TML_EINVAL,
                             "row %zu: column %u: the model has %zu columns, numbered from 0",
                             number, row->columns[i], n_columns);
        }
        if (i > 0 && row->columns[i] <= row->columns[i - 1]) {
            return tmli_fail(err, TML_EINVAL,
                             "row %zu: column %u behind column %u: expected rising columns", number,
                             row->columns[i], row->columns[i - 1]);
        }
    }
    return TML_OK;
}

size_t tmli_model_columns(const tml_model *model)
{
    return model->vectorizer.n_blocks > 0 ? model->vectorizer.n_columns : 0;
}

tml_status tmli_session_predict_rows(tml_session *session, const tmli_sparse_row *rows, size_t n,
                                     double *scores, tml_error *err)
{
    const tml_model *const model = session->model;
    if (tmli_model_columns(model) == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "vectors of numbers, but this model takes texts: send strings");
    }
    for (size_t i = 0; i < n; i++) {
        const tml_status status = check_row(model, &rows[i], i + 1, err);
        if (status != TML_OK) {
            return status;
        }
    }
    for (size_t i = 0; i < n; i++) {
        tmli_model_bayes(model, &rows[i], scores + i * model->n_labels);
    }
    return TML_OK;
}

/* ---- all ---- */

tml_status tml_session_create(const tml_model *model, tml_session **out, tml_error *err)
{
    tml_status status = TML_OK;
    tml_session *session = tmli_calloc(1, sizeof(*session));
    if (session == NULL) {
        return tmli_fail_memory(err, "a session");
    }
    session->model = model;
    switch ((tmli_model_type)model->recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: TMLI_TRY(open_network(model, &session->network, err)); break;
    case TMLI_MODEL_NAIVE_BAYES:
        TMLI_TRY(tmli_vectorizer_scratch_init(&session->vectorizer, err));
        break;
    }
    *out = session;
    session = NULL;
cleanup:
    tml_session_free(session);
    return status;
}

void tml_session_free(tml_session *session)
{
    if (session != NULL) {
        close_network(&session->network);
        tmli_vectorizer_scratch_deinit(&session->vectorizer);
        tmli_explainer_free(session->explainer);
        tmli_free(session);
    }
}

tml_status tml_session_predict(tml_session *session, const tml_str *texts, size_t n, double *scores,
                               tml_error *err)
{
    switch ((tmli_model_type)session->model->recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: return predict_network(session, texts, n, scores, err);
    case TMLI_MODEL_NAIVE_BAYES: return predict_bayes(session, texts, n, scores, err);
    }
    return tmli_fail(err, TML_EINVAL, "a model of no known type");
}
