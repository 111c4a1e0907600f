/* Sets of stop words, the named lists, and what a tokenizer does with both. */
#include "text/stop_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "support/alloc_fail.h"
#include "textml/tokenizer.h"

enum {
    N_WORDS = 3000,
    WORD_BYTES = 80
};

/* Word i, padded: lengths of 1 to 70 bytes; many share their first or last bytes. */
static tml_str word_of(size_t i, char out[WORD_BYTES + 8])
{
    (void)memset(out, 'x', WORD_BYTES + 8);
    const size_t n = i % 70 + 1;
    char digits[16];
    const int n_digits = snprintf(digits, sizeof digits, "%zu", i);
    const size_t n_shown = (size_t)n_digits < n ? (size_t)n_digits : n;
    memcpy(out + (n - n_shown) / 2, digits, n_shown);
    return (tml_str){out, n};
}

static void a_set_holds_what_was_put_in_and_nothing_else(void **state)
{
    (void)state;
    static char texts[N_WORDS][WORD_BYTES + 8];
    static tml_str words[N_WORDS];
    for (size_t i = 0; i < N_WORDS; i++) {
        words[i] = word_of(i, texts[i]);
    }
    tmli_stop_set set;
    assert_true(tmli_stop_set_init(&set, words, N_WORDS / 2));
    assert_true(set.n <= N_WORDS / 2);
    size_t n_found = 0;
    for (size_t i = 0; i < N_WORDS; i++) {
        bool is_in = false;
        for (size_t j = 0; j < N_WORDS / 2 && !is_in; j++) {
            is_in = tmli_str_eq(words[i], words[j]);
        }
        assert_int_equal(tmli_stop_set_has(&set, words[i]), is_in);
        n_found += is_in ? 1 : 0;
    }
    assert_true(n_found >= N_WORDS / 2 && n_found < N_WORDS);
    tmli_stop_set_deinit(&set);
}

static void the_empty_word_and_the_empty_set_are_ordinary(void **state)
{
    (void)state;
    static const char padded[16] = "the";
    tmli_stop_set set;
    assert_true(tmli_stop_set_init(&set, NULL, 0));
    assert_false(tmli_stop_set_has(&set, (tml_str){padded, 3}));
    assert_false(tmli_stop_set_has(&set, (tml_str){padded, 0}));
    tmli_stop_set_deinit(&set);
    static const tml_str words[] = {{NULL, 0}, {"the", 3}, {"the", 3}};
    assert_true(tmli_stop_set_init(&set, words, 3));
    assert_int_equal(set.n, 2);
    assert_true(tmli_stop_set_has(&set, (tml_str){padded, 0}));
    assert_true(tmli_stop_set_has(&set, (tml_str){padded, 3}));
    assert_false(tmli_stop_set_has(&set, (tml_str){padded, 2}));
    assert_false(tmli_stop_set_has(&set, (tml_str){padded, 4})); /* with its NUL */
    tmli_stop_set_deinit(&set);
}

static void every_failed_allocation_leaves_an_empty_set(void **state)
{
    (void)state;
    static const tml_str words[] = {{"the", 3}, {"a", 1}};
    for (size_t nth = 0;; nth++) {
        tmli_stop_set set;
        fail_allocation(nth);
        const bool is_done = tmli_stop_set_init(&set, words, 2);
        fail_allocation(NEVER);
        assert_int_equal(set.n, is_done ? 2 : 0);
        tmli_stop_set_deinit(&set);
        if (is_done) {
            assert_int_equal(nth, 2); /* words and slots were refused */
            break;
        }
    }
}

/* Digests over the words, each ended by LF, of the lists in scikit-learn 1.2.1 and of NLTK's file, sorted by bytes. */
static void the_named_lists_are_those_of_their_makers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t n;
        uint32_t digest;
    } lists[] = {{"english", 318, 0xb1721456}, {"nltk", 179, 0xc06777da}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        size_t n = 0;
        const tml_str *const words = tml_stop_words(lists[i].name, &n);
        assert_non_null(words);
        assert_int_equal(n, lists[i].n);
        tmli_buf text = {0};
        for (size_t j = 0; j < n; j++) {
            tmli_buf_append_str(&text, words[j]);
            tmli_buf_append_byte(&text, '\n');
        }
        assert_int_equal(tmli_hash_v1(tmli_buf_str(&text)), lists[i].digest);
        tmli_buf_deinit(&text);
    }
    size_t n = 7;
    assert_null(tml_stop_words("English", &n));
    assert_null(tml_stop_words("", &n));
    assert_int_equal(n, 7);
}

static void a_tokenizer_keeps_a_copy_and_drops_whole_tokens(void **state)
{
    (void)state;
    char *text = malloc(4);
    tml_str *word = malloc(sizeof(*word));
    assert_non_null(text);
    assert_non_null(word);
    memcpy(text, "the", 4);
    *word = (tml_str){text, 3};
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_UNICODE,
                                           .steps = {TML_NORMALIZE_LOWER},
                                           .n_steps = 1,
                                           .stop_words = word,
                                           .n_stop_words = 1};
    tml_tokenizer *tokenizer = NULL;
    tml_tokens *tokens = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    free(text);
    free(word);
    assert_int_equal(tml_tokenize(tokenizer, TML_STR("The other, the them! THE"), tokens, NULL),
                     TML_OK);
    assert_int_equal(tml_tokens_count(tokens), 2);
    assert_true(tmli_str_eq_text(tml_tokens_at(tokens, 0), "other"));
    assert_true(tmli_str_eq_text(tml_tokens_at(tokens, 1), "them"));
    assert_int_equal(tml_tokenize(tokenizer, TML_STR("the THE"), tokens, NULL), TML_OK);
    assert_int_equal(tml_tokens_count(tokens), 0);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_holds_what_was_put_in_and_nothing_else),
        cmocka_unit_test(the_empty_word_and_the_empty_set_are_ordinary),
        cmocka_unit_test(every_failed_allocation_leaves_an_empty_set),
        cmocka_unit_test(the_named_lists_are_those_of_their_makers),
        cmocka_unit_test(a_tokenizer_keeps_a_copy_and_drops_whole_tokens),
    };
    return cmocka_run_group_tests_name("stop_set", tests, NULL, NULL);
}
