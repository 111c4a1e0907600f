/* Property: any bytes are explained: tokens lie in the text, are not empty, do not overlap and come strongest first; every
 * number is finite; where it is exact, contributions and constant add up to the score; a part of the tokens is the
 * strongest of all; and predicting gives the same bits before and after.
 * Input: a byte for the model (the list below), a byte for the most tokens, then the text. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/buf.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"
#include "textml/explain.h"

enum {
    N_LABELS = 2
};

static const char rows[] =
    "text,label\nThe good day,yes\nBad day: the night!,no\ngood caf\xC3\xA9 night,yes\n"
    "bad bad caf\xC3\xA9,no\nvery good good,yes\n\xC4\xB0 very bad \xEF\xAC\x81n,no\n";

static const char *const recipes[] = {
    "text: {tokenizer: word}\nfeatures: [{type: bag, ngrams: [1, 3]}]\nmodel: {type: naive_bayes}",
    "text: {tokenizer: word, normalize: [strip_html, nfkc, lower], stop_words: english, stem: "
    "english}\n"
    "features: [{type: bag, hashed: 8, alternate_sign: false, norm: l1}]\n"
    "model: {type: naive_bayes, variant: complement, norm: true}",
    "text: {tokenizer: char, normalize: [lower]}\nfeatures: [{type: bag, ngrams: [1, 4]}]\n"
    "model: {type: naive_bayes, one_vs_rest: true}",
    "text: {tokenizer: keras, normalize: [strip_accents, squeeze_punctuation]}\nfeatures:\n"
    "  - {type: bag, ngrams: [1, 2]}\n  - {type: bag, tokenizer: char_wb, ngrams: [2, 5]}\n"
    "  - {type: bag, tokenizer: whitespace, binary: true}\nmodel: {type: naive_bayes}",
    "text: {tokenizer: unicode, normalize: [lower, strip_accents_unicode]}\n"
    "features: [{type: bag, binary: true, use_idf: false, norm: none}]\n"
    "model: {type: naive_bayes, variant: bernoulli}",
    "features: [{length: 5, embedding: {dims: 2}}]\nmodel: {hidden: [2]}\ntrain: {epochs: 1}",
    "text: {tokenizer: whitespace, normalize: [nfkc, lower]}\n"
    "features: [{length: 80, truncating: post, embedding: {dims: 2}}]\n"
    "model: {hidden: [2], output: sigmoid}\ntrain: {epochs: 1}",
};

enum {
    N_MODELS = sizeof recipes / sizeof recipes[0]
};

/* Trained at its first use and kept. */
static tml_session *session_of(size_t i)
{
    static tml_session *sessions[N_MODELS];
    if (sessions[i] == NULL) {
        tmli_buf yaml = {0};
        char *const dir = tmpdir_create();
        tmli_buf_printf(&yaml, "data: {split: {validation: 0}}\n%s\n", recipes[i]);
        tml_model *const model = tiny_fit_rows(dir, tmli_buf_cstr(&yaml), rows);
        FUZZ_CHECK(tml_session_create(model, &sessions[i], NULL) == TML_OK);
        tmli_buf_deinit(&yaml);
        tmpdir_remove(dir);
    }
    return sessions[i];
}

static int by_place(const void *a, const void *b)
{
    const tml_contribution *const x = a;
    const tml_contribution *const y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static void check_tokens(const tml_explanation *e, tml_contribution *tokens, size_t n_bytes)
{
    double sum = e->constant;
    double size = 1;
    for (size_t i = 0; i < e->n; i++) {
        FUZZ_CHECK(tokens[i].begin < tokens[i].end && tokens[i].end <= n_bytes);
        FUZZ_CHECK(isfinite(tokens[i].contribution));
        FUZZ_CHECK(i == 0 || fabs(tokens[i].contribution) <= fabs(tokens[i - 1].contribution));
        sum += tokens[i].contribution;
        size += fabs(tokens[i].contribution);
    }
    FUZZ_CHECK(isfinite(e->score) && isfinite(e->constant));
    size = fmax(size, fabs(e->score));
    FUZZ_CHECK(!e->is_exact || fabs(sum - e->score) <= 1e-9 * size);
    if (e->n > 0) {
        qsort(tokens, e->n, sizeof *tokens, by_place);
    }
    for (size_t i = 1; i < e->n; i++) {
        FUZZ_CHECK(tokens[i - 1].end <= tokens[i].begin);
    }
}

static void check_label(tml_session *session, tml_str text, size_t label, size_t max)
{
    tml_explanation all;
    tml_explanation some;
    FUZZ_CHECK(tml_session_explain(session, text, label, SIZE_MAX, &all, NULL) == TML_OK);
    FUZZ_CHECK(all.label == label && all.n == all.n_tokens);
    tml_contribution *const tokens = malloc((all.n + 1) * sizeof *tokens);
    FUZZ_CHECK(tokens != NULL);
    if (all.n > 0) {
        memcpy(tokens, all.tokens, all.n * sizeof *tokens);
    }
    FUZZ_CHECK(tml_session_explain(session, text, label, max, &some, NULL) == TML_OK);
    FUZZ_CHECK(some.n == (max < all.n ? max : all.n) && some.n_tokens == all.n);
    FUZZ_CHECK(some.score == all.score && some.constant == all.constant);
    FUZZ_CHECK(some.n == 0 || memcmp(some.tokens, tokens, some.n * sizeof *tokens) == 0);
    check_tokens(&all, tokens, text.len);
    free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tml_session *const session = session_of(fuzz_choice(&data, &size) % N_MODELS);
    const size_t max = fuzz_choice(&data, &size);
    const tml_str text = fuzz_text(data, size);
    double before[N_LABELS];
    double after[N_LABELS];
    FUZZ_CHECK(tml_session_predict(session, &text, 1, before, NULL) == TML_OK);
    for (size_t label = 0; label < N_LABELS; label++) {
        check_label(session, text, label, max);
    }
    FUZZ_CHECK(tml_session_predict(session, &text, 1, after, NULL) == TML_OK);
    FUZZ_CHECK(before[0] == after[0] && before[1] == after[1]);
    return 0;
}
