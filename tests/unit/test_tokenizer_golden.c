/* What Python and scikit-learn say about texts in many scripts: tests/golden/tokenizer and tokenizer_sklearn, see their
 * READMEs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/golden.h"
#include "text/tokenizer.h"
#include "textml/tokenizer.h"

enum {
    STOP_WORDS_MAX = 32
};

/* Options and what they point to. */
typedef struct case_options {
    tml_tokenizer_options options;
    char stop_text[256];
    tml_str stop_words[STOP_WORDS_MAX];
    char stem[256];
} case_options;

/* The next of the words in *at that stand between blanks; false behind the last. */
static bool next_word(const char **at, tml_str *out)
{
    *at += strspn(*at, " ");
    *out = (tml_str){*at, strcspn(*at, " ")};
    *at += out->len;
    return out->len > 0;
}

/* The place of word in the list, or n. */
static size_t find_word(tml_str word, const char *const *words, size_t n)
{
    size_t i = 0;
    while (i < n && !tmli_str_eq_text(word, words[i])) {
        i++;
    }
    return i;
}

static void read_steps(const golden_case *c, tml_tokenizer_options *options)
{
    char value[256];
    tml_str word;
    for (const char *at = golden_option(c, "steps", "", value); next_word(&at, &word);) {
        const char *const colon = memchr(word.data, ':', word.len);
        if (colon != NULL) {
            options->step_counts[options->n_steps] = strtoul(colon + 1, NULL, 10);
            word.len = (size_t)(colon - word.data);
        }
        const size_t step = find_word(word, tmli_normalize_words, tmli_n_normalize_words);
        options->steps[options->n_steps++] = (tml_normalize_step)step;
        if (step == tmli_n_normalize_words) {
            fail_msg("%s: no step is called \"%.*s\"", c->name, (int)word.len, word.data);
        }
    }
}

/* stop_words: the name of a list, or words. */
static void read_stop_words(const golden_case *c, case_options *o)
{
    const char *at = golden_option(c, "stop_words", "", o->stop_text);
    tml_tokenizer_options *const options = &o->options;
    options->stop_words = tml_stop_words(at, &options->n_stop_words);
    if (options->stop_words == NULL) {
        options->stop_words = o->stop_words;
        for (tml_str word; next_word(&at, &word);) {
            assert_true(options->n_stop_words < STOP_WORDS_MAX);
            o->stop_words[options->n_stop_words++] = word;
        }
    }
}

static void read_options(const golden_case *c, case_options *out)
{
    char value[256];
    *out = (case_options){0};
    const char *const kind = golden_option(c, "kind", "", value);
    const size_t place = find_word(tmli_str(kind), tmli_tokenizer_words, tmli_n_tokenizer_words);
    out->options.kind = (tml_tokenizer_kind)place;
    if (place == tmli_n_tokenizer_words) {
        fail_msg("%s: no tokenizer is called \"%s\"", c->name, kind);
    }
    read_steps(c, &out->options);
    read_stop_words(c, out);
    const char *const stem = golden_option(c, "stem", "", out->stem);
    out->options.stem = *stem != '\0' ? stem : NULL;
}

static void create(const case_options *o, tml_tokenizer **tokenizer, tml_tokens **tokens)
{
    tml_error err = {0};
    if (tml_tokenizer_create(&o->options, tokenizer, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(tml_tokens_create(tokens, NULL), TML_OK);
}

static void check(const golden_case *c)
{
    case_options o;
    read_options(c, &o);
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    create(&o, &tokenizer, &tokens);
    assert_int_equal(tml_tokenize(tokenizer, tmli_buf_str(&c->input), tokens, NULL), TML_OK);

    tmli_buf got = {0};
    for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
        tmli_buf_append_str(&got, tml_tokens_at(tokens, i));
        tmli_buf_append_byte(&got, '\n');
    }
    tmli_buf_append_text(&got, "--- text:\n");
    tmli_normalize_scratch scratch = {0};
    const tmli_normalize_plan plan = {o.options.steps, o.options.n_steps, o.options.step_counts,
                                      &tokenizer->stop_words};
    tml_str text;
    assert_true(tmli_normalize(&plan, tmli_buf_str(&c->input), &scratch, &text));
    tmli_buf_append_str(&got, text);
    golden_compare(c, tmli_buf_str(&got), "tokens and text");

    tmli_normalize_scratch_deinit(&scratch);
    tmli_buf_deinit(&got);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

/* The documents of an input stand between lines "%%"; so do their tokens, escaped, one a line. */
static void check_documents(const golden_case *c)
{
    case_options o;
    read_options(c, &o);
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    create(&o, &tokenizer, &tokens);
    tmli_buf got = {0};
    const char *at = c->input.data;
    const char *const end = at + c->input.len;
    for (const char *next; at != end; at = next) {
        const char *close = at;
        while (end - close >= 4 && memcmp(close, "\n%%\n", 4) != 0) {
            close++;
        }
        assert_true(end - close >= 4);
        next = close + 4;
        const tml_str document = {at, (size_t)(close - at)};
        assert_int_equal(tml_tokenize(tokenizer, document, tokens, NULL), TML_OK);
        for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
            golden_escape(&got, tml_tokens_at(tokens, i));
            tmli_buf_append_byte(&got, '\n');
        }
        tmli_buf_append_text(&got, "%%\n");
    }
    golden_compare(c, tmli_buf_str(&got), "tokens");
    tmli_buf_deinit(&got);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

static void every_case_is_as_python_has_it(void **state)
{
    (void)state;
    golden_each("tokenizer", check);
}

static void every_analyzer_is_as_scikit_learn_has_it(void **state)
{
    (void)state;
    golden_each("tokenizer_sklearn", check_documents);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_is_as_python_has_it),
        cmocka_unit_test(every_analyzer_is_as_scikit_learn_has_it),
    };
    return cmocka_run_group_tests_name("tokenizer_golden", tests, NULL, NULL);
}
