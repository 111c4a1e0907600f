/* Stemmers. The wants are Snowball's published examples (vocabulary and output files of each language). */
#include "text/stem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "textml/tokenizer.h"

typedef struct stem_case {
    const char *language;
    const char *word;
    const char *want;
} stem_case;

static void words_have_snowballs_stems(void **state)
{
    (void)state;
    static const stem_case cases[] = {
        {"english", "consign", "consign"},
        {"english", "consigned", "consign"},
        {"english", "consistency", "consist"},
        {"english", "knightly", "knight"},
        {"english", "knocked", "knock"},
        {"english", "skies", "sky"},
        {"english", "dying", "die"},
        {"english", "generously", "generous"},
        {"porter", "generously", "gener"},
        {"french", "continuellement", "continuel"},
        {"german", "aufeinanderfolgenden", "aufeinanderfolg"},
        {"russian", "важнейшими", "важн"},
        {"spanish", "torneado", "torn"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tmli_stemmer *const stemmer = tmli_stemmer_create(tmli_stem_language(cases[i].language));
        assert_non_null(stemmer);
        tml_str got;
        assert_true(tmli_stem(stemmer, tmli_str(cases[i].word), &got));
        if (!tmli_str_eq_text(got, cases[i].want)) {
            fail_msg("%s: %s: got %.*s, want %s", cases[i].language, cases[i].word, (int)got.len,
                     got.data, cases[i].want);
        }
        tmli_stemmer_free(stemmer);
    }
}

static void languages_are_found_by_their_whole_name(void **state)
{
    (void)state;
    size_t n = 0;
    const char *const *const names = tmli_stem_languages(&n);
    assert_true(n >= 15);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(tmli_stem_language(names[i]), names[i]);
    }
    assert_null(tmli_stem_language("en"));
    assert_null(tmli_stem_language("English"));
    assert_null(tmli_stem_language(""));
}

static void every_language_takes_any_word(void **state)
{
    (void)state;
    static const char *const words[] = {"",           "a",  "é",  "'s", "'",   "yyyyyyyyyyyy",
                                        "\U0001F600", "ß",  "का", "ات", "ing", "ностью",
                                        "ään",        "ler"};
    char longest[TMLI_STEM_BYTES_MAX + 1];
    memset(longest, 'y', sizeof longest);
    size_t n = 0;
    const char *const *const names = tmli_stem_languages(&n);
    for (size_t i = 0; i < n; i++) {
        tmli_stemmer *const stemmer = tmli_stemmer_create(names[i]);
        assert_non_null(stemmer);
        assert_ptr_equal(tmli_stemmer_language(stemmer), names[i]);
        tml_str got;
        for (size_t j = 0; j < sizeof words / sizeof words[0]; j++) {
            assert_true(tmli_stem(stemmer, tmli_str(words[j]), &got));
            assert_true((got.len > 0) == (words[j][0] != '\0'));
        }
        assert_true(tmli_stem(stemmer, (tml_str){longest, TMLI_STEM_BYTES_MAX}, &got));
        assert_ptr_not_equal(got.data, longest);
        assert_true(tmli_stem(stemmer, (tml_str){longest, TMLI_STEM_BYTES_MAX + 1}, &got));
        assert_ptr_equal(got.data, longest);
        tmli_stemmer_free(stemmer);
    }
}

static void a_failed_allocation_is_no_stemmer(void **state)
{
    (void)state;
    fail_allocation(0);
    tmli_stemmer *const stemmer = tmli_stemmer_create(tmli_stem_language("english"));
    fail_allocation(NEVER);
    assert_null(stemmer);
    tmli_stemmer_free(NULL);
}

static tml_tokenizer *create(const char *language)
{
    static const tml_str stop_words[] = {{"horses", 6}};
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_WORD,
                                           .steps = {TML_NORMALIZE_LOWER},
                                           .n_steps = 1,
                                           .stop_words = stop_words,
                                           .n_stop_words = 1,
                                           .stem = language};
    tml_tokenizer *tokenizer = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    return tokenizer;
}

static void check_tokens(const tml_tokenizer *tokenizer, tml_tokens *tokens, const char *text,
                         const char *want)
{
    assert_int_equal(tml_tokenize(tokenizer, tmli_str(text), tokens, NULL), TML_OK);
    tmli_buf got = {0};
    for (size_t i = 0; i < tml_tokens_count(tokens); i++) {
        tmli_buf_append_str(&got, tml_tokens_at(tokens, i));
        tmli_buf_append_byte(&got, ' ');
    }
    assert_string_equal(tmli_buf_cstr(&got), want);
    tmli_buf_deinit(&got);
}

/* Stop words are compared before stemming: "horse" stays, though its stem is that of the stop word. */
static void tokens_are_stemmed_after_stop_words_by_the_tokenizers_language(void **state)
{
    (void)state;
    char name[] = "english";
    tml_tokenizer *const english = create(name);
    tml_tokenizer *const french = create("french");
    tml_tokenizer *const none = create(NULL);
    memset(name, 'x', sizeof name - 1);
    tml_tokens *tokens = NULL;
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    static const char text[] = "Horses and a horse running, continuellement: RUNS";
    check_tokens(english, tokens, text, "and hors run continuel run ");
    check_tokens(french, tokens, text, "and hors running continuel run ");
    check_tokens(none, tokens, text, "and horse running continuellement runs ");
    check_tokens(english, tokens, text, "and hors run continuel run ");
    check_tokens(english, tokens, "", "");
    tml_tokens_free(tokens);
    tml_tokenizer_free(none);
    tml_tokenizer_free(french);
    tml_tokenizer_free(english);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_have_snowballs_stems),
        cmocka_unit_test(languages_are_found_by_their_whole_name),
        cmocka_unit_test(every_language_takes_any_word),
        cmocka_unit_test(a_failed_allocation_is_no_stemmer),
        cmocka_unit_test(tokens_are_stemmed_after_stop_words_by_the_tokenizers_language),
    };
    return cmocka_run_group_tests_name("stem", tests, NULL, NULL);
}
