/* Rows → scores: neighbours of a kind go to the session together. */
#include "pipeline/session_rows.h"
#include "sagemaker/content.h"

enum {
    MOST_TOGETHER = 64
};

/* Whether a row can stand in a run of texts, or in one of vectors. Those with a fault stand in none. */
static bool is_text(const sm_row *row)
{
    return row->fault == NULL && row->features == NULL;
}

static bool is_vector(const sm_row *row)
{
    return row->fault == NULL && row->features != NULL;
}

/* Scores the texts at the start of rows; *taken of them, at least 1. */
static tml_status score_texts(tml_session *session, const sm_row *rows, size_t n, size_t *taken,
                              double *scores, tml_error *err)
{
    tml_str texts[MOST_TOGETHER];
    size_t n_texts = 0;
    while (n_texts < n && n_texts < MOST_TOGETHER && is_text(&rows[n_texts])) {
        texts[n_texts] = rows[n_texts].text;
        n_texts++;
    }
    *taken = n_texts;
    return tml_session_predict(session, texts, n_texts, scores, err);
}

static tml_status score_vectors(tml_session *session, const sm_row *rows, size_t n, size_t *taken,
                                double *scores, tml_error *err)
{
    tmli_sparse_row vectors[MOST_TOGETHER];
    size_t n_vectors = 0;
    while (n_vectors < n && n_vectors < MOST_TOGETHER && is_vector(&rows[n_vectors])) {
        vectors[n_vectors] = *rows[n_vectors].features;
        n_vectors++;
    }
    *taken = n_vectors;
    return tmli_session_predict_rows(session, vectors, n_vectors, scores, err);
}

tml_status sm_rows_score(tml_session *session, const tml_model *model, const sm_row *rows, size_t n,
                         double *scores, tml_error *err)
{
    const size_t n_labels = tml_model_labels(model);
    for (size_t at = 0; at < n;) {
        size_t taken = 1;
        tml_status status = TML_OK;
        double *const out = scores + at * n_labels;
        if (is_text(&rows[at])) {
            status = score_texts(session, rows + at, n - at, &taken, out, err);
        } else if (is_vector(&rows[at])) {
            status = score_vectors(session, rows + at, n - at, &taken, out, err);
        }
        if (status != TML_OK) {
            return status;
        }
        at += taken;
    }
    return TML_OK;
}
