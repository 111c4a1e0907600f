/* Networks explained: what leaving a token out does is what predicting the text without it says. */
#include "textml/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Scores are of float sums; odds of probabilities that were float too lose what the division takes. */
static const double TOLERANCE = 2e-5;

static const char three_rows[] =
    "text,label\ngood day,yes\nbad day,no\ngood night,yes\nbad night,no\nperhaps good,maybe\n"
    "perhaps bad,maybe\nvery good,yes\nvery bad,no\nperhaps,maybe\n";

static const char *const recipes[] = {
    "features: [{length: 3, embedding: {dims: 4}}]\ntrain: {epochs: 4, learning_rate: 0.1}",
    "features: [{length: 3, embedding: {dims: 4}, truncating: post, padding: post}]\n"
    "train: {epochs: 4, learning_rate: 0.1}\nmodel: {hidden: [8, 4], activation: tanh}",
    "text: {tokenizer: whitespace}\nfeatures: [{length: 70, embedding: {dims: 3}}]\n"
    "train: {epochs: 4, learning_rate: 0.05}",
    "model: {output: sigmoid}\nfeatures: [{length: 4, embedding: {dims: 2}}]\n"
    "train: {epochs: 4, learning_rate: 0.1}",
};

static const char *const texts[] = {"good day",
                                    "GOOD, bad; very good day night perhaps bad",
                                    "unseen good unseen bad",
                                    "",
                                    "unseen",
                                    "bad bad bad",
                                    "<b>good</b> d\xFF-ay day\xFF night İ very"};

typedef struct fixture {
    char *dir;
    tml_model *model;
    tml_session *session;
} fixture;

static void open_recipe(fixture *f, const char *recipe, const char *rows)
{
    tmli_buf yaml = {0};
    tmli_buf_printf(&yaml, "data: {split: {validation: 0}}\n%s\n", recipe);
    f->model = tiny_fit_rows(f->dir, tmli_buf_cstr(&yaml), rows);
    assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
    tmli_buf_deinit(&yaml);
}

static void close_recipe(fixture *f)
{
    tml_session_free(f->session);
    tml_model_free(f->model);
}

/* ln(p / (1 - p)) of a label, from the probabilities that predicting gives. */
static double log_odds(const fixture *f, tml_str text, size_t label)
{
    double p[8];
    double rest = 0;
    assert_int_equal(tml_session_predict(f->session, &text, 1, p, NULL), TML_OK);
    for (size_t i = 0; i < tml_model_labels(f->model); i++) {
        rest += i != label ? p[i] : 0;
    }
    return log(p[label] / rest);
}

static void check_text(const fixture *f, tml_str text, size_t label)
{
    tml_explanation e;
    assert_int_equal(tml_session_explain(f->session, text, label, SIZE_MAX, &e, NULL), TML_OK);
    assert_true(!e.is_exact && e.n == e.n_tokens && e.label == label);
    tml_contribution *const found = malloc((e.n + 1) * sizeof *found);
    char *const without = malloc(text.len + 1);
    assert_non_null(found);
    assert_non_null(without);
    if (e.n > 0) {
        memcpy(found, e.tokens, e.n * sizeof *found);
    }
    const double whole = log_odds(f, text, label);
    assert_near(e.score, whole, TOLERANCE);
    assert_near(e.constant, log_odds(f, TML_STR(""), label), TOLERANCE);
    for (size_t i = 0; i < e.n; i++) {
        const tml_contribution *const t = &found[i];
        assert_true(t->begin < t->end && t->end <= text.len);
        assert_true(i == 0 || fabs(t->contribution) <= fabs(t[-1].contribution));
        memcpy(without, text.data, t->begin);
        memcpy(without + t->begin, text.data + t->end, text.len - t->end);
        const tml_str rest = {without, text.len - (t->end - t->begin)};
        assert_near(t->contribution, whole - log_odds(f, rest, label), 2 * TOLERANCE);
    }
    free(found);
    free(without);
}

static void a_contribution_is_what_leaving_the_token_out_changes(void **state)
{
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        open_recipe(f, recipes[i], i == 3 ? tiny_rows : three_rows);
        for (size_t k = 0; k < COUNT_OF(texts); k++) {
            for (size_t label = 0; label < tml_model_labels(f->model); label++) {
                check_text(f, tmli_str(texts[k]), label);
            }
        }
        close_recipe(f);
    }
}

static void words_that_the_network_does_not_see_are_none(void **state)
{
    static const char text[] = "good unseen bad day very night";
    fixture *const f = *state;
    tml_explanation e;
    open_recipe(f, recipes[0], three_rows); /* the last three known words */
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3);
    for (size_t i = 0; i < e.n; i++) {
        assert_true(e.tokens[i].begin >= strlen("good unseen bad "));
    }
    close_recipe(f);
    open_recipe(f, recipes[1], three_rows); /* the first three */
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3);
    for (size_t i = 0; i < e.n; i++) {
        assert_true(e.tokens[i].begin <= strlen("good unseen bad ") && e.tokens[i].begin != 5);
    }
    close_recipe(f);
}

/* Chunks of 64 rows: their borders change nothing; and what max leaves out is not scored. */
static void many_tokens_go_through_in_chunks_and_end_at_the_limit(void **state)
{
    fixture *const f = *state;
    tmli_buf text = {0};
    tml_explanation e;
    open_recipe(f, recipes[2], three_rows);
    for (size_t i = 0; i < 70; i++) {
        tmli_buf_append_text(&text, i % 3 == 0 ? "good " : i % 3 == 1 ? "bad " : "perhaps ");
        if (i >= 62) {
            check_text(f, tmli_buf_str(&text), 1);
        }
    }
    assert_int_equal(tml_session_explain(f->session, tmli_buf_str(&text), 1, 2, &e, NULL), TML_OK);
    assert_int_equal(e.n, 2);
    assert_int_equal(e.n_tokens, 70);
    const double score = e.score;
    assert_int_equal(tml_session_explain(f->session, tmli_buf_str(&text), 1, 0, &e, NULL), TML_OK);
    assert_int_equal(e.n, 0);
    assert_int_equal(e.n_tokens, 70);
    assert_true(e.score == score);
    close_recipe(f);
    open_recipe(f,
                "text: {tokenizer: whitespace}\nfeatures: [{length: 2000, embedding: {dims: 1}}]\n"
                "model: {hidden: [1]}\ntrain: {epochs: 1}",
                three_rows);
    tmli_buf_reset(&text);
    for (size_t i = 0; i < 1500; i++) {
        tmli_buf_append_text(&text, "bad ");
    }
    assert_int_equal(tml_session_explain(f->session, tmli_buf_str(&text), 1, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n_tokens, TML_EXPLAIN_TOKENS_MAX);
    assert_int_equal(e.n, TML_EXPLAIN_TOKENS_MAX);
    for (size_t i = 0; i < e.n; i++) {
        assert_true(e.tokens[i].end <= TML_EXPLAIN_TOKENS_MAX * strlen("bad "));
    }
    close_recipe(f);
    tmli_buf_deinit(&text);
}

static void words_made_of_one_character_are_left_out_together(void **state)
{
    static const char text[] = "bad \xEF\xB7\xBA good";
    fixture *const f = *state;
    tml_explanation e;
    open_recipe(f, "text: {normalize: [nfkc]}\nfeatures: [{length: 9, embedding: {dims: 2}}]",
                "text,label\ngood day,yes\nbad,no\ngood,yes\nbad \xEF\xB7\xBA,no\n");
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3); /* U+FDFA is four words */
    check_text(f, tmli_str(text), 0);
    close_recipe(f);
}

/* Tokens for n-grams of characters are allowed, if odd: one is the text, or a word with its blanks. */
static void tokens_of_characters_are_left_out_as_wholes(void **state)
{
    fixture *const f = *state;
    tml_explanation e;
    open_recipe(f, "text: {tokenizer: char_wb}\nfeatures: [{length: 3, embedding: {dims: 2}}]",
                tiny_rows);
    assert_int_equal(tml_session_explain(f->session, TML_STR("good  day"), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 2);
    check_text(f, TML_STR("good  day"), 0);
    close_recipe(f);
    open_recipe(f,
                "text: {tokenizer: char, normalize: [drop_stop_words], stop_words: [good, x]}\n"
                "features: [{length: 3, embedding: {dims: 2}}]",
                "text,label\ngood,yes\nbad,no\nbad,no\ngood,yes\n");
    assert_int_equal(tml_session_explain(f->session, TML_STR(""), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 0); /* a blank from nowhere */
    assert_int_equal(tml_session_explain(f->session, TML_STR("bad"), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 1);
    close_recipe(f);
}

static void every_allocation_may_fail(void **state)
{
    fixture *const f = *state;
    open_recipe(f, recipes[0], three_rows);
    for (size_t nth = 0;; nth++) {
        tml_explanation e = {.label = 77};
        tml_error err = {0};
        tml_session_free(f->session);
        f->session = NULL;
        assert_int_equal(tml_session_create(f->model, &f->session, NULL), TML_OK);
        fail_allocation(nth);
        const tml_status status =
            tml_session_explain(f->session, tmli_str(texts[1]), 0, SIZE_MAX, &e, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            assert_true(nth > 5);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(e.label, 77);
        check_text(f, tmli_str(texts[1]), 0); /* memory is back */
    }
    close_recipe(f);
}

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

#define WITH_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_A_DIRECTORY(a_contribution_is_what_leaving_the_token_out_changes),
        WITH_A_DIRECTORY(words_that_the_network_does_not_see_are_none),
        WITH_A_DIRECTORY(many_tokens_go_through_in_chunks_and_end_at_the_limit),
        WITH_A_DIRECTORY(words_made_of_one_character_are_left_out_together),
        WITH_A_DIRECTORY(tokens_of_characters_are_left_out_as_wholes),
        WITH_A_DIRECTORY(every_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("explain_network", tests, NULL, NULL);
}
