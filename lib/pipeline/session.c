/* tml_session: texts → scores, with all scratch memory of one thread. */
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "pipeline/model.h"

/* Rows that go through the network together: enough for the kernels' tiles, little enough for a thread's megabyte. */
enum {
    CHUNK_ROWS = 64
};

struct tml_session {
    const tml_model *model; /* borrowed */
    tmli_sequence_options sequence;
    tml_tokens *tokens;
    uint32_t *ids; /* of the known words of one text */
    size_t id_capacity;
    tmli_entry *entries; /* [CHUNK_ROWS · length] */
    size_t offsets[CHUNK_ROWS + 1];
    tmli_mlp_scratch scratch;
};

tml_status tml_session_create(const tml_model *model, tml_session **out, tml_error *err)
{
    tml_status status = TML_OK;
    tml_session *session = tmli_calloc(1, sizeof(*session));
    if (session == NULL) {
        return tmli_fail_memory(err, "a session");
    }
    session->model = model;
    session->sequence = tmli_model_sequence(model->recipe);
    session->entries = tmli_alloc(CHUNK_ROWS * session->sequence.length, sizeof(*session->entries));
    if (session->entries == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a session"));
    }
    TMLI_TRY(tml_tokens_create(&session->tokens, err));
    TMLI_TRY(tmli_mlp_scratch_init(&session->scratch, &model->mlp, CHUNK_ROWS, err));
    *out = session;
    session = NULL;
cleanup:
    tml_session_free(session);
    return status;
}

void tml_session_free(tml_session *session)
{
    if (session != NULL) {
        tml_tokens_free(session->tokens);
        tmli_free(session->ids);
        tmli_free(session->entries);
        tmli_mlp_scratch_deinit(&session->scratch);
        tmli_free(session);
    }
}

/* Tokens of one text → entries at out; *n of them. */
static tml_status encode(tml_session *session, tml_str text, tmli_entry *out, size_t *n,
                         tml_error *err)
{
    const tml_status status = tml_tokenize(session->model->tokenizer, text, session->tokens, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t n_tokens = tml_tokens_count(session->tokens);
    if (!tmli_grow(&session->ids, &session->id_capacity, n_tokens, sizeof(*session->ids))) {
        return tmli_fail_memory(err, "a long text");
    }
    size_t n_ids = 0;
    for (size_t i = 0; i < n_tokens; i++) {
        const uint32_t id =
            tmli_vocab_find(&session->model->vocab, tml_tokens_at(session->tokens, i));
        if (id != TMLI_NO_TERM) {
            session->ids[n_ids++] = id;
        }
    }
    *n = tmli_sequence_place(&session->sequence, session->ids, n_ids, out);
    return TML_OK;
}

static tml_status predict_chunk(tml_session *session, const tml_str *texts, size_t n, float *scores,
                                tml_error *err)
{
    session->offsets[0] = 0;
    for (size_t i = 0; i < n; i++) {
        size_t n_entries = 0;
        const size_t at = session->offsets[i];
        const tml_status status = encode(session, texts[i], session->entries + at, &n_entries, err);
        if (status != TML_OK) {
            return status;
        }
        session->offsets[i + 1] = at + n_entries;
    }
    const tmli_rows rows = {session->entries, session->offsets, n};
    tmli_mlp_predict(&session->model->mlp, &rows, &session->scratch, scores);
    tmli_model_probabilities(session->model, scores, n, scores);
    return TML_OK;
}

tml_status tml_session_predict(tml_session *session, const tml_str *texts, size_t n, float *scores,
                               tml_error *err)
{
    const size_t n_labels = session->model->n_labels;
    for (size_t at = 0; at < n; at += CHUNK_ROWS) {
        const size_t rows = n - at < CHUNK_ROWS ? n - at : CHUNK_ROWS;
        const tml_status status =
            predict_chunk(session, texts + at, rows, scores + at * n_labels, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}
