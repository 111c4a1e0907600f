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
#include "support/explained.h"
#include "support/near.h"
#include "support/tiny_model.h"

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

/* ln(p / (1 - p)) of a label, from the probabilities that predicting gives. */
static double log_odds(const explained *f, tml_str text, size_t label)
{
    double p[8];
    double rest = 0;
    assert_int_equal(tml_session_predict(f->session, &text, 1, p, NULL), TML_OK);
    for (size_t i = 0; i < tml_model_labels(f->model); i++) {
        rest += i != label ? p[i] : 0;
    }
    return log(p[label] / rest);
}

static void check_text(const explained *f, tml_str text, size_t label)
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
    explained *const f = *state;
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        explained_open(f, recipes[i], i == 3 ? tiny_rows : three_rows);
        for (size_t k = 0; k < COUNT_OF(texts); k++) {
            for (size_t label = 0; label < tml_model_labels(f->model); label++) {
                check_text(f, tmli_str(texts[k]), label);
            }
        }
        explained_close(f);
    }
}

static void words_that_the_network_does_not_see_are_none(void **state)
{
    static const char text[] = "good unseen bad day very night";
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, recipes[0], three_rows); /* the last three known words */
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3);
    for (size_t i = 0; i < e.n; i++) {
        assert_true(e.tokens[i].begin >= strlen("good unseen bad "));
    }
    explained_close(f);
    explained_open(f, recipes[1], three_rows); /* the first three */
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3);
    for (size_t i = 0; i < e.n; i++) {
        assert_true(e.tokens[i].begin <= strlen("good unseen bad ") && e.tokens[i].begin != 5);
    }
    explained_close(f);
}

/* Chunks of 64 rows: their borders change nothing; and what max leaves out is not scored. */
static void many_tokens_go_through_in_chunks_and_end_at_the_limit(void **state)
{
    explained *const f = *state;
    tmli_buf text = {0};
    tml_explanation e;
    explained_open(f, recipes[2], three_rows);
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
    explained_close(f);
    explained_open(
        f,
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
    explained_close(f);
    tmli_buf_deinit(&text);
}

static void words_made_of_one_character_are_left_out_together(void **state)
{
    static const char text[] = "bad \xEF\xB7\xBA good";
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, "text: {normalize: [nfkc]}\nfeatures: [{length: 9, embedding: {dims: 2}}]",
                   "text,label\ngood day,yes\nbad,no\ngood,yes\nbad \xEF\xB7\xBA,no\n");
    assert_int_equal(tml_session_explain(f->session, tmli_str(text), 0, SIZE_MAX, &e, NULL),
                     TML_OK);
    assert_int_equal(e.n, 3); /* U+FDFA is four words */
    check_text(f, tmli_str(text), 0);
    explained_close(f);
}

/* Tokens for n-grams of characters are allowed, if odd: one is the text, or a word with its blanks. */
static void tokens_of_characters_are_left_out_as_wholes(void **state)
{
    explained *const f = *state;
    tml_explanation e;
    explained_open(f, "text: {tokenizer: char_wb}\nfeatures: [{length: 3, embedding: {dims: 2}}]",
                   tiny_rows);
    assert_int_equal(tml_session_explain(f->session, TML_STR("good  day"), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 2);
    check_text(f, TML_STR("good  day"), 0);
    explained_close(f);
    explained_open(f,
                   "text: {tokenizer: char, normalize: [drop_stop_words], stop_words: [good, x]}\n"
                   "features: [{length: 3, embedding: {dims: 2}}]",
                   "text,label\ngood,yes\nbad,no\nbad,no\ngood,yes\n");
    assert_int_equal(tml_session_explain(f->session, TML_STR(""), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 0); /* a blank from nowhere */
    assert_int_equal(tml_session_explain(f->session, TML_STR("bad"), 0, 9, &e, NULL), TML_OK);
    assert_int_equal(e.n, 1);
    explained_close(f);
}

static void check_again(const explained *f, tml_str text)
{
    check_text(f, text, 0);
}

static void every_allocation_may_fail(void **state)
{
    explained *const f = *state;
    explained_open(f, recipes[0], three_rows);
    assert_true(explained_fail_each_allocation(f, tmli_str(texts[1]), check_again) > 5);
    explained_close(f);
}

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
