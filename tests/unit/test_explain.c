/* Explanations of whole models. Naive Bayes of every kind over every kind of features: contributions and constant add up to
 * the score, and the scores of all labels give the probabilities that predicting gives. Places, limits, hostile bytes, and
 * memory that is short. Networks: test_explain_network.c. That the figures are scikit-learn's: test_explain_golden.c. */
#include "textml/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "pipeline/model.h"
#include "support/alloc_fail.h"
#include "support/explained.h"
#include "support/near.h"

enum {
    MAX_LABELS = 8,
    N_RANDOM = 200,
    RANDOM_BYTES = 120
};

static const double SUM_TOLERANCE = 1e-9; /* relative; what the issue asks for */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char rows[] = "text,label\n"
                           "The engine of the old car runs and runs,autos\n\"Two cars, one engine: "
                           "the dealer runs\",autos\n"
                           "My car's brakes were squealing; new brake pads helped,autos\nA rocket "
                           "engine burns fuel,space\n"
                           "The orbit of the moon and the rockets that orbit it,space\nРакета "
                           "летит на орбиту ракета,space\n"
                           "The doctor said the patients were helped by the vaccine,med\nVaccines "
                           "and doctors and a patient,med\n"
                           "\"Médecin: le vaccin était prêt, très bien\",med\n";
static const char pair_rows[] =
    "text,label\ngood day,yes\nbad day,no\ngood night café,yes\nbad night,no\n"
    "very good,yes\nvery bad the bad,no\n";

/* What follows "data: …" in a recipe. */
static const char *const recipes[] = {
    "text: {tokenizer: word}\nfeatures: [{type: bag}]\nmodel: {type: naive_bayes}",
    "text: {tokenizer: word}\nfeatures: [{type: bag, ngrams: [1, 3], norm: l1, sublinear_tf: "
    "true}]\n"
    "model: {type: naive_bayes, alpha: 0.01, fit_prior: false}",
    "text: {tokenizer: keras, stop_words: english}\nfeatures: [{type: bag, ngrams: [2, 2], norm: "
    "none}]\n"
    "model: {type: naive_bayes, variant: complement}",
    "text: {tokenizer: unicode, stem: english}\nfeatures: [{type: bag, ngrams: [1, 2], binary: "
    "true}]\n"
    "model: {type: naive_bayes, variant: complement, norm: true}",
    "text: {tokenizer: whitespace, normalize: [lower, squeeze_punctuation]}\n"
    "features: [{type: bag, binary: true, use_idf: false, norm: none}]\n"
    "model: {type: naive_bayes, variant: bernoulli}",
    "text: {tokenizer: char}\nfeatures: [{type: bag, ngrams: [1, 5]}]\nmodel: {type: naive_bayes}",
    "text: {tokenizer: char_wb, normalize: [strip_accents, lower]}\n"
    "features: [{type: bag, ngrams: [2, 9], sublinear_tf: true}]\n"
    "model: {type: naive_bayes, one_vs_rest: true}",
    "text: {tokenizer: word}\nfeatures: [{type: bag, hashed: 16, alternate_sign: false, ngrams: "
    "[1, 2]}]\n"
    "model: {type: naive_bayes}",
    "text: {tokenizer: word}\nfeatures: [{type: bag, hashed: 8, alternate_sign: false, use_idf: "
    "false, ngrams: [1, 2]}]\n"
    "model: {type: naive_bayes, variant: bernoulli}",
    "text: {tokenizer: char_wb}\nfeatures: [{type: bag, hashed: 64, alternate_sign: false, binary: "
    "true, ngrams: [3, "
    "4]}]\n"
    "model: {type: naive_bayes, variant: complement}",
    "text: {tokenizer: word, stop_words: nltk, normalize: [{drop_lines: 1}, strip_html, "
    "letters_only, lower, "
    "drop_stop_words]}\nfeatures: [{type: bag, use_idf: false}]\nmodel: {type: naive_bayes, "
    "one_vs_rest: true}",
    "text: {tokenizer: word, normalize: [nfkc, strip_accents_ascii, lower, collapse_spaces, "
    "strip]}\nfeatures:\n"
    "  - {type: bag, ngrams: [1, 2]}\n  - {type: bag, tokenizer: char_wb, ngrams: [2, 4]}\n"
    "  - {type: bag, tokenizer: whitespace, hashed: 32, alternate_sign: false, norm: l1}\n"
    "  - {type: bag, tokenizer: char, ngrams: [3, 3], norm: none}\nmodel: {type: naive_bayes, "
    "alpha: 0.1}",
};

static const char *const texts[] = {
    "The car and the engine",
    "engines, engine ENGINE: the  engine of\nthe rocket",
    "subject\n<p class=\"car\">The <b>doctor</b> &amp; vaccine</p>",
    "MÉDECIN e\xCC\x81tait pr\xC3\xAAt; İthe the K\xE2\x84\xAA \xEF\xAC\x81re Straße",
    "Ракета на ОРБИТЕ, ракета",
    "car\xFF car\xC3 \xE2\x82 engine \xF0\x9F\x98\x80 car",
    "nothing of this kind",
    "   \t\n ",
    "",
    "a",
    "--- !!! ... \xE6\x97\xA5\xE6\x9C\xAC",
    "good bad good, very good café day",
};

static int compare_places(const void *a, const void *b)
{
    const tml_contribution *const x = a;
    const tml_contribution *const y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* Strongest first; places are not empty, lie in the text and do not overlap. Returns the sum. */
static double check_tokens(const tml_explanation *e, tml_str text)
{
    double sum = 0;
    for (size_t i = 0; i < e->n; i++) {
        const tml_contribution *const t = &e->tokens[i];
        sum += t->contribution;
        assert_true(isfinite(t->contribution));
        assert_true(t->begin < t->end && t->end <= text.len);
        if (i > 0) {
            const double before = fabs(t[-1].contribution);
            assert_true(before > fabs(t->contribution) ||
                        (before == fabs(t->contribution) && t[-1].begin < t->begin));
        }
    }
    tml_contribution *const sorted = malloc((e->n + 1) * sizeof *sorted);
    assert_non_null(sorted);
    if (e->n > 0) {
        memcpy(sorted, e->tokens, e->n * sizeof *sorted);
        qsort(sorted, e->n, sizeof *sorted, compare_places);
    }
    for (size_t i = 1; i < e->n; i++) {
        assert_true(sorted[i - 1].end <= sorted[i].begin);
    }
    free(sorted);
    return sum;
}

/* Explains every label. The scores give the probabilities: by softmax, or one against the rest by the logistic function. */
static void check_text(const explained *f, const char *recipe, tml_str text)
{
    const size_t n_labels = tml_model_labels(f->model);
    const bool is_rest = f->model->bayes.one_vs_rest;
    double scores[MAX_LABELS];
    double probabilities[MAX_LABELS];
    double total = 0;
    assert_true(n_labels <= MAX_LABELS);
    for (size_t label = 0; label < n_labels; label++) {
        tml_explanation e;
        assert_int_equal(tml_session_explain(f->session, text, label, SIZE_MAX, &e, NULL), TML_OK);
        assert_true(e.is_exact && e.label == label && e.n == e.n_tokens);
        const double sum = e.constant + check_tokens(&e, text);
        if (!is_near(sum, e.score, SUM_TOLERANCE)) {
            fail_msg("%s\n\"%.*s\": label %zu: parts add up to %.17g, the score is %.17g", recipe,
                     (int)text.len, text.data, label, sum, e.score);
        }
        scores[label] = is_rest ? -log1p(exp(-e.score)) : e.score;
    }
    for (size_t i = 0; i < n_labels; i++) {
        total += exp(scores[i] - scores[0]);
    }
    assert_int_equal(tml_session_predict(f->session, &text, 1, probabilities, NULL), TML_OK);
    for (size_t i = 0; i < n_labels; i++) {
        if (!is_near(exp(scores[i] - scores[0]) / total, probabilities[i], SUM_TOLERANCE)) {
            fail_msg("%s\n\"%.*s\": label %zu has probability %.17g, its score says %.17g", recipe,
                     (int)text.len, text.data, i, probabilities[i],
                     exp(scores[i] - scores[0]) / total);
        }
    }
}

/* Bytes that are often letters, often parts of characters, tags and blanks. */
static void check_random_texts(const explained *f, const char *recipe)
{
    static const char alphabet[] = "aeéngi<b>/ \n\t,;the car'\xC3\xA9\xE2\x84\xAA\xFF\xC4\xB0 0½";
    tmli_rng rng = tmli_rng_at(7, TMLI_RNG_SHUFFLE, 0, 0);
    for (size_t i = 0; i < N_RANDOM; i++) {
        char text[RANDOM_BYTES];
        const size_t n = (size_t)(tmli_rng_uniform(&rng) * (float)RANDOM_BYTES);
        for (size_t k = 0; k < n; k++) {
            const float x = tmli_rng_uniform(&rng);
            text[k] = i % 4 == 0 ? (char)(x * 256.0F)
                                 : alphabet[(size_t)(x * (float)(sizeof alphabet - 1))];
        }
        check_text(f, recipe, (tml_str){text, n});
    }
}

static void contributions_and_constant_add_up_to_the_score(void **state)
{
    explained *const f = *state;
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        for (int is_pair = 0; is_pair <= 1; is_pair++) {
            explained_open(f, recipes[i], is_pair ? pair_rows : rows);
            for (size_t k = 0; k < COUNT_OF(texts); k++) {
                check_text(f, recipes[i], tmli_str(texts[k]));
            }
            check_random_texts(f, recipes[i]);
            explained_close(f);
        }
    }
}

/* The piece of text of contribution i. */
static bool is_piece(const tml_explanation *e, size_t i, const char *text, const char *piece)
{
    assert_true(i < e->n);
    return tmli_str_eq_text(
        (tml_str){text + e->tokens[i].begin, e->tokens[i].end - e->tokens[i].begin}, piece);
}

static void what_speaks_for_a_label_is_positive(void **state)
{
    static const char text[] = "Bad? No: GOOD, <b>good</b> unseen day";
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, recipes[0], pair_rows);
    assert_string_equal(tml_model_label(f->model, 1).data, "yes");
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 1, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 4); /* "No", "unseen" are not known, "b" is no word */
    /* "bad" stands three times in the rows and good as often, but here good is said twice */
    size_t n_good = 0;
    for (size_t i = 0; i < e.n; i++) {
        const double c = e.tokens[i].contribution;
        const bool is_good = is_piece(&e, i, text, "GOOD") || is_piece(&e, i, text, "good");
        n_good += is_good ? 1 : 0;
        assert_true(!is_good || c > 0);
        assert_true(!is_piece(&e, i, text, "Bad") || c < 0);
    }
    assert_int_equal(n_good, 2);
    /* The other label of two has the same contributions with the other sign. */
    const double strongest = e.tokens[0].contribution;
    const size_t begin = e.tokens[0].begin;
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, 1, &e, NULL), TML_OK);
    assert_int_equal(e.n, 1);
    assert_int_equal(e.n_tokens, 4);
    assert_int_equal(e.tokens[0].begin, begin);
    assert_near(e.tokens[0].contribution, -strongest, 1e-12);
    explained_close(f);
}

static void occurrences_share_evenly(void **state)
{
    static const char text[] = "good very good bad good";
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, recipes[0], pair_rows);
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 1, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 5);
    double goods[3] = {0};
    size_t n = 0;
    size_t last = 0;
    for (size_t i = 0; i < e.n; i++) {
        if (is_piece(&e, i, text, "good")) {
            assert_true(n < 3 && (n == 0 || e.tokens[i].begin > last)); /* ties by place */
            last = e.tokens[i].begin;
            goods[n++] = e.tokens[i].contribution;
        }
    }
    assert_int_equal(n, 3);
    assert_true(goods[0] == goods[1] && goods[1] == goods[2]);
    explained_close(f);
}

static void pieces_of_several_features_that_overlap_are_one(void **state)
{
    static const char text[] = "engine's car,";
    explained *const f = *state;
    tml_explanation e;
    explained_open(f,
                   "text: {tokenizer: word}\nfeatures: [{type: bag}, {type: bag, tokenizer: "
                   "whitespace, hashed: 64, alternate_sign: false}]\nmodel: {type: naive_bayes}",
                   rows);
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 2);
    assert_true(is_piece(&e, 0, text, "engine's") || is_piece(&e, 1, text, "engine's"));
    assert_true(is_piece(&e, 0, text, "car,") || is_piece(&e, 1, text, "car,"));
    explained_close(f);
}

static void n_grams_of_characters_are_given_to_words(void **state)
{
    static const char text[] = "Engine, \xE6\x97\xA5\xE6\x9C\xAC";
    static const char *const pieces[] = {"Engine", ",", "\xE6\x97\xA5", "\xE6\x9C\xAC"};
    explained *const f = *state;
    tml_explanation e;
    explained_open(f,
                   "text: {tokenizer: char}\nfeatures: [{type: bag, ngrams: [1, 2], hashed: 64, "
                   "alternate_sign: false}]\nmodel: {type: naive_bayes}",
                   rows);
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, COUNT_OF(pieces));
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        bool is_there = false;
        for (size_t k = 0; k < e.n; k++) {
            is_there = is_there || is_piece(&e, k, text, pieces[i]);
        }
        assert_true(is_there);
    }
    explained_close(f);
}

static void max_gives_the_strongest_and_0_none(void **state)
{
    static const char text[] = "good bad day night very good";
    explained *const f = *state;
    tml_explanation all;
    tml_explanation some;
    tml_contribution kept[8];
    explained_open(f, recipes[0], pair_rows);
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 1, SIZE_MAX, &all, NULL),
                     TML_OK);
    assert_true(all.n <= 8);
    memcpy(kept, all.tokens, all.n * sizeof *kept);
    for (size_t max = 0; max <= all.n + 1; max++) {
        assert_int_equal(tml_session_explain(f->session, tmli_str(text), 1, max, &some, NULL),
                         TML_OK);
        assert_int_equal(some.n, max < all.n ? max : all.n);
        assert_int_equal(some.n_tokens, all.n);
        assert_true(some.score == all.score && some.constant == all.constant);
        assert_memory_equal(some.tokens, kept, some.n * sizeof *kept);
    }
    explained_close(f);
}

static void labels_and_lengths_out_of_range_are_refused(void **state)
{
    explained *const f = *state;
    tml_explanation e = {.label = 77};
    tml_error err = {0};
    char *const text = calloc(TML_EXPLAIN_BYTES_MAX + 1, 1);
    assert_non_null(text);
    explained_open(f, recipes[0], pair_rows);
    assert_int_equal(tml_session_explain(f->session, TML_STR("good"), 2, 5, &e, &err), TML_EINVAL);
    assert_string_equal(err.text, "explain: label 2, the model has 2 (from 0)");
    err = (tml_error){0};
    tml_str longest = {text, TML_EXPLAIN_BYTES_MAX + 1};
    assert_int_equal(tml_session_explain(f->session, longest, 0, 5, &e, &err), TML_ELIMIT);
    assert_string_equal(err.text,
                        "explain: a text of 1048577 bytes, at most 1048576 can be explained");
    assert_int_equal(e.label, 77);
    longest.len--;
    for (size_t i = 0; i < longest.len; i++) {
        text[i] = "good bad day "[i % 13];
    }
    assert_int_equal(tml_session_explain(f->session, longest, 0, SIZE_MAX, &e, &err), TML_OK);
    assert_int_equal(e.n, (TML_EXPLAIN_BYTES_MAX + 12) / 13 * 3 - 1); /* the end cuts a "day" */
    assert_near(e.constant + check_tokens(&e, longest), e.score, SUM_TOLERANCE);
    explained_close(f);
    free(text);
}

static void a_label_without_rows_has_an_infinite_score(void **state)
{
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, recipes[0], rows);
    double priors[3];
    memcpy(priors, f->model->bayes.priors, sizeof priors);
    priors[1] = -INFINITY;
    f->model->bayes.priors = priors;
    assert_int_equal(tml_session_explain(f->session, TML_STR("engine car"), 1, 9, &e, NULL),
                     TML_OK);
    assert_true(e.score == -INFINITY && e.constant == -INFINITY);
    assert_true(isfinite(e.tokens[0].contribution) && isfinite(e.tokens[1].contribution));
    assert_int_equal(tml_session_explain(f->session, TML_STR("engine car"), 0, 9, &e, NULL),
                     TML_OK);
    assert_near(e.constant + check_tokens(&e, TML_STR("engine car")), e.score, SUM_TOLERANCE);
    explained_close(f);
}

static void explaining_does_not_change_predictions_and_warms_up(void **state)
{
    static const char text[] = "The Engine of <b>the car";
    explained *const f = *state;
    double before[MAX_LABELS];
    double after[MAX_LABELS];
    const tml_str str = tmli_str(text);
    tml_explanation e;
    explained_open(f, recipes[COUNT_OF(recipes) - 1], rows);
    assert_int_equal(tml_session_predict(f->session, &str, 1, before, NULL), TML_OK);
    assert_int_equal(tml_session_explain(f->session, str, 0, 5, &e, NULL), TML_OK);
    fail_allocation(0);
    const tml_status status = tml_session_explain(f->session, str, 0, 5, &e, NULL);
    const tml_status again = tml_session_predict(f->session, &str, 1, after, NULL);
    fail_allocation(NEVER);
    assert_int_equal(status, TML_OK);
    assert_int_equal(again, TML_OK);
    assert_memory_equal(before, after, tml_model_labels(f->model) * sizeof *before);
    explained_close(f);
}

static void check_again(const explained *f, tml_str text)
{
    check_text(f, "after a failure", text);
}

static void every_allocation_may_fail(void **state)
{
    static const char text[] = "The \xEF\xAC\x81 Engine of <b>the car\xFF";
    explained *const f = *state;
    explained_open(f, recipes[COUNT_OF(recipes) - 1], rows);
    assert_true(explained_fail_each_allocation(f, tmli_str(text), check_again) > 10);
    explained_close(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_DIRECTORY(contributions_and_constant_add_up_to_the_score),
        WITH_A_DIRECTORY(what_speaks_for_a_label_is_positive),
        WITH_A_DIRECTORY(occurrences_share_evenly),
        WITH_A_DIRECTORY(pieces_of_several_features_that_overlap_are_one),
        WITH_A_DIRECTORY(n_grams_of_characters_are_given_to_words),
        WITH_A_DIRECTORY(max_gives_the_strongest_and_0_none),
        WITH_A_DIRECTORY(labels_and_lengths_out_of_range_are_refused),
        WITH_A_DIRECTORY(a_label_without_rows_has_an_infinite_score),
        WITH_A_DIRECTORY(explaining_does_not_change_predictions_and_warms_up),
        WITH_A_DIRECTORY(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
