/* Vectors in place of texts: the scores are those of the texts that the vectors were made of, bit for bit. */
#include "pipeline/session_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pipeline/model.h"
#include "sagemaker/content.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

enum {
    N_LABELS = 2,
    N_TEXTS = 3
};

static const char bayes_yaml[] = "data: {split: {validation: 0}}\n"
                                 "features: [{type: bag, use_idf: true, norm: l2, min_docs: 1}]\n"
                                 "model: {type: naive_bayes}\n";

typedef struct fixture {
    char *dir;
    tml_model *model;
    tml_session *session;
} fixture;

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    f->model = tiny_fit_rows(f->dir, bayes_yaml, tiny_rows);
    assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    tml_session_free(f->session);
    tml_model_free(f->model);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

static const tml_str texts[N_TEXTS] = {{"good day", 8}, {"very bad night", 14}, {"", 0}};

static void vectors_score_as_the_texts_they_come_from(void **state)
{
    const fixture *const f = *state;
    double want[N_TEXTS * N_LABELS];
    assert_int_equal(tml_session_predict(f->session, texts, N_TEXTS, want, NULL), TML_OK);
    tmli_vectorizer_scratch scratch = {0};
    assert_int_equal(tmli_vectorizer_scratch_init(&scratch, NULL), TML_OK);
    for (size_t i = 0; i < N_TEXTS; i++) {
        tmli_sparse_row row = {0};
        double got[N_LABELS];
        assert_int_equal(tmli_vectorize(&f->model->vectorizer, texts[i], &scratch, &row, NULL),
                         TML_OK);
        assert_int_equal(tmli_session_predict_rows(f->session, &row, 1, got, NULL), TML_OK);
        assert_memory_equal(got, want + i * N_LABELS, sizeof got);
    }
    tmli_vectorizer_scratch_deinit(&scratch);
}

static void a_vector_must_fit_the_model(void **state)
{
    const fixture *const f = *state;
    const size_t n_columns = tmli_model_columns(f->model);
    assert_int_equal(n_columns, 5); /* bad day good night very */
    static const uint32_t good[] = {0, 4};
    static const uint32_t wide[] = {5};
    static const uint32_t falling[] = {3, 3};
    static const double ones[] = {1, 1};
    const struct {
        tmli_sparse_row row;
        const char *want;
    } cases[] = {
        {{wide, ones, 1}, "row 2: column 5: the model has 5 columns, numbered from 0"},
        {{falling, ones, 2}, "row 2: column 3 behind column 3: expected rising columns"},
    };
    for (size_t i = 0; i < 2; i++) {
        const tmli_sparse_row rows[] = {{good, ones, 2}, cases[i].row};
        double scores[2 * N_LABELS] = {7, 7, 7, 7};
        tml_error err = {0};
        assert_int_equal(tmli_session_predict_rows(f->session, rows, 2, scores, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        assert_true(scores[0] == 7);
    }
}

static void a_model_of_sequences_takes_texts(void **state)
{
    const fixture *const f = *state;
    tml_model *const model = tiny_fit(f->dir);
    tml_session *session = NULL;
    tml_error err = {0};
    double scores[N_LABELS];
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tmli_model_columns(model), 0);
    assert_int_equal(tmli_session_predict_rows(session, &(tmli_sparse_row){0}, 1, scores, &err),
                     TML_EINVAL);
    assert_string_equal(err.text, "vectors of numbers, but this model takes texts: send strings");
    tml_session_free(session);
    tml_model_free(model);
}

/* What serve calls: more rows of a kind than go together, kinds mixed, and rows with a fault among them. */
static void rows_of_all_kinds_are_scored_in_their_places(void **state)
{
    enum {
        N_ROWS = 200
    };
    const fixture *const f = *state;
    static const uint32_t columns[] = {0, 1};
    static const double values[] = {0.5, 0.25};
    const tmli_sparse_row vector = {columns, values, 2};
    static sm_row rows[N_ROWS];
    static double got[N_ROWS * N_LABELS];
    double of_text[N_LABELS];
    double of_vector[N_LABELS];
    for (size_t i = 0; i < N_ROWS; i++) {
        rows[i] = (sm_row){.text = texts[0]};
        if (i == 3 || i >= 120) {
            rows[i].features = &vector;
        }
        if (i == 4 || i == 150 || i == N_ROWS - 1) {
            rows[i].fault = "damaged";
        }
        got[i * N_LABELS] = got[i * N_LABELS + 1] = -1;
    }
    assert_int_equal(tml_session_predict(f->session, &texts[0], 1, of_text, NULL), TML_OK);
    assert_int_equal(tmli_session_predict_rows(f->session, &vector, 1, of_vector, NULL), TML_OK);
    assert_int_equal(sm_rows_score(f->session, f->model, rows, N_ROWS, got, NULL), TML_OK);
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].fault != NULL) {
            assert_true(got[i * N_LABELS] == -1);
            continue;
        }
        assert_memory_equal(got + i * N_LABELS, rows[i].features != NULL ? of_vector : of_text,
                            sizeof of_text);
    }
    /* As many as are asked for, though rows of the same kind follow. */
    for (size_t n = 1; n < N_ROWS; n++) {
        got[n * N_LABELS] = -1;
        assert_int_equal(sm_rows_score(f->session, f->model, rows, n, got, NULL), TML_OK);
        assert_true(got[n * N_LABELS] == -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_score_as_the_texts_they_come_from),
        cmocka_unit_test(a_vector_must_fit_the_model),
        cmocka_unit_test(a_model_of_sequences_takes_texts),
        cmocka_unit_test(rows_of_all_kinds_are_scored_in_their_places),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
