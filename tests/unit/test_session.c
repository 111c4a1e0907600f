/* Sessions: texts → scores. The same bits whatever the neighbours, the thread or the way the model came; any bytes as
 * text; no allocation after warm-up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"
#include "textml/model.h"

enum {
    N_LABELS = 2,
    N_TEXTS = 200
}; /* three chunks and a bit */

typedef struct fixture {
    char *dir;
    tml_model *model;
    tml_session *session;
    char texts[N_TEXTS][32];
    tml_str strs[N_TEXTS];
} fixture;

static int set_up(void **state)
{
    static const char *const words[] = {"good", "bad", "very", "day", "night", "unseen", ""};
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    f->model = tiny_fit(f->dir);
    assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
    for (size_t i = 0; i < N_TEXTS; i++) {
        (void)snprintf(f->texts[i], sizeof f->texts[i], "%s %s %s %s", words[i % 7],
                       words[i / 7 % 7], words[i / 49 % 7], words[i % 5]);
        f->strs[i] = tmli_str(f->texts[i]);
    }
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

static void scores_are_probabilities_and_tell_the_labels_apart(void **state)
{
    static const char sure_yaml[] = "data: {split: {validation: 0}}\nfeatures: [{length: 3, "
                                    "embedding: {dims: 4}}]\ntrain: {epochs: 100, learning_rate: "
                                    "0.1}";
    static const tml_str texts[] = {{"good day", 8}, {"bad day", 7}};
    fixture *const f = *state;
    double scores[2 * N_LABELS];
    tml_model *const model = tiny_fit_rows(f->dir, sure_yaml, tiny_rows);
    tml_session *session = NULL;
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, texts, 2, scores, NULL), TML_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_near(scores[2 * i] + scores[2 * i + 1], 1, 1e-6);
    }
    assert_string_equal(tml_model_label(model, tml_best(scores, N_LABELS)).data, "yes");
    assert_string_equal(tml_model_label(model, tml_best(scores + N_LABELS, N_LABELS)).data, "no");
    tml_session_free(session);
    tml_model_free(model);
}

static void a_sigmoid_gives_both_labels_their_probability(void **state)
{
    fixture *const f = *state;
    double scores[N_LABELS];
    tml_model *const model = tiny_fit_rows(
        f->dir, "model: {output: sigmoid}\nfeatures: [{length: 3, embedding: {dims: 2}}]",
        tiny_rows);
    tml_session *session = NULL;
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, f->strs, 1, scores, NULL), TML_OK);
    assert_near(scores[0] + scores[1], 1, 1e-6);
    assert_true(scores[0] > 0 && scores[1] > 0);
    tml_session_free(session);
    tml_model_free(model);
}

static void neighbours_do_not_change_a_single_bit(void **state)
{
    fixture *const f = *state;
    double together[N_TEXTS * N_LABELS];
    assert_int_equal(tml_session_predict(f->session, f->strs, N_TEXTS, together, NULL), TML_OK);
    for (size_t i = 0; i < N_TEXTS; i++) {
        double alone[N_LABELS];
        assert_int_equal(tml_session_predict(f->session, &f->strs[i], 1, alone, NULL), TML_OK);
        assert_memory_equal(alone, together + i * N_LABELS, sizeof alone);
    }
    assert_int_equal(tml_session_predict(f->session, NULL, 0, NULL, NULL), TML_OK);
}

static void a_saved_model_gives_the_same_bits(void **state)
{
    fixture *const f = *state;
    double before[N_TEXTS * N_LABELS];
    double after[N_TEXTS * N_LABELS];
    tml_model *loaded = NULL;
    tml_session *session = NULL;
    char *const dir = tmpdir_path(f->dir, "model");
    assert_int_equal(tml_model_save(f->model, dir, NULL), TML_OK);
    assert_int_equal(tml_model_load(dir, &loaded, NULL), TML_OK);
    assert_int_equal(tml_session_create(loaded, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(f->session, f->strs, N_TEXTS, before, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, f->strs, N_TEXTS, after, NULL), TML_OK);
    assert_memory_equal(before, after, sizeof before);
    tml_session_free(session);
    tml_model_free(loaded);
    free(dir);
}

static void any_bytes_are_a_text(void **state)
{
    enum {
        LONG_BYTES = 1 << 20
    };
    fixture *const f = *state;
    double scores[N_LABELS];
    char *const bytes = malloc(LONG_BYTES);
    assert_non_null(bytes);
    tmli_rng rng = tmli_rng_at(1, TMLI_RNG_SHUFFLE, 0, 0);
    for (size_t i = 0; i < LONG_BYTES; i++) {
        bytes[i] = (char)(tmli_rng_uniform(&rng) * 256.0F);
    }
    for (size_t n = 0; n <= LONG_BYTES; n = n < 64 ? n + 1 : n * 4) {
        const tml_str text = {bytes, n};
        assert_int_equal(tml_session_predict(f->session, &text, 1, scores, NULL), TML_OK);
        assert_near(scores[0] + scores[1], 1, 1e-6);
    }
    free(bytes);
}

static void nothing_is_allocated_after_warm_up(void **state)
{
    fixture *const f = *state;
    double scores[N_TEXTS * N_LABELS];
    assert_int_equal(tml_session_predict(f->session, f->strs, N_TEXTS, scores, NULL), TML_OK);
    fail_allocation(0);
    const tml_status status = tml_session_predict(f->session, f->strs, N_TEXTS, scores, NULL);
    fail_allocation(NEVER);
    assert_int_equal(status, TML_OK);
}

typedef struct worker {
    const fixture *f;
    double scores[N_TEXTS * N_LABELS];
    tml_status status;
} worker;

static void *predict_often(void *arg)
{
    worker *const w = arg;
    tml_session *session = NULL;
    w->status = tml_session_create(w->f->model, &session, NULL);
    for (int round = 0; round < 5 && w->status == TML_OK; round++) {
        w->status = tml_session_predict(session, w->f->strs, N_TEXTS, w->scores, NULL);
    }
    tml_session_free(session);
    return NULL;
}

static void threads_share_a_model_with_a_session_each(void **state)
{
    enum {
        N_THREADS = 6
    };
    fixture *const f = *state;
    double want[N_TEXTS * N_LABELS];
    pthread_t threads[N_THREADS];
    worker *const workers = calloc(N_THREADS, sizeof *workers);
    assert_non_null(workers);
    assert_int_equal(tml_session_predict(f->session, f->strs, N_TEXTS, want, NULL), TML_OK);
    for (size_t i = 0; i < N_THREADS; i++) {
        workers[i].f = f;
        assert_int_equal(pthread_create(&threads[i], NULL, predict_often, &workers[i]), 0);
    }
    for (size_t i = 0; i < N_THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].status, TML_OK);
        assert_memory_equal(workers[i].scores, want, sizeof want);
    }
    free(workers);
}

static void the_best_is_the_first_of_equal_scores(void **state)
{
    (void)state;
    static const double scores[] = {0.1, 0.4, 0.4, 0.1};
    assert_int_equal(tml_best(scores, 4), 1);
    assert_int_equal(tml_best(scores, 1), 0);
}

static void every_allocation_of_a_session_may_fail(void **state)
{
    fixture *const f = *state;
    for (size_t nth = 0;; nth++) {
        tml_session *session = NULL;
        double scores[3 * N_LABELS];
        tml_error err = {0};
        fail_allocation(nth);
        tml_status status = tml_session_create(f->model, &session, &err);
        if (status == TML_OK) {
            status = tml_session_predict(session, f->strs, 3, scores, &err);
        } else {
            assert_null(session);
        }
        fail_allocation(NEVER);
        if (status != TML_OK && session != NULL) { /* memory is back: the session works on */
            assert_int_equal(tml_session_predict(session, f->strs, 3, scores, NULL), TML_OK);
        }
        tml_session_free(session);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

#define WITH_A_MODEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_MODEL(scores_are_probabilities_and_tell_the_labels_apart),
        WITH_A_MODEL(a_sigmoid_gives_both_labels_their_probability),
        WITH_A_MODEL(neighbours_do_not_change_a_single_bit),
        WITH_A_MODEL(a_saved_model_gives_the_same_bits),
        WITH_A_MODEL(any_bytes_are_a_text),
        WITH_A_MODEL(nothing_is_allocated_after_warm_up),
        WITH_A_MODEL(threads_share_a_model_with_a_session_each),
        cmocka_unit_test(the_best_is_the_first_of_equal_scores),
        WITH_A_MODEL(every_allocation_of_a_session_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
