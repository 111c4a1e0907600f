/* Files → vocabulary and encoded rows: which rows go where, what the vocabulary is made of, where words stand. */
#include "pipeline/prepare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pipeline/model.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Files of the parts, as texts; NULL for none. */
typedef struct texts {
    const char *train, *validation, *test;
} texts;

static tml_status prepare(const char *dir, const char *yaml, const texts *given,
                          const atomic_bool *stop, tmli_prepared *out, tml_error *err)
{
    const char *const bodies[TMLI_N_PARTS] = {given->train, given->validation, given->test};
    static const char *const names[TMLI_N_PARTS] = {"train.csv", "validation.csv", "test.csv"};
    char *paths[TMLI_N_PARTS] = {NULL};
    tml_tokenizer *tokenizer = NULL;
    tml_recipe *const recipe = tiny_recipe(yaml);
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        if (bodies[i] != NULL) {
            paths[i] = tmpdir_write(dir, names[i], bodies[i], strlen(bodies[i]));
        }
    }
    const tml_fit_input input = {.train = (const char *const *)&paths[0],
                                 .n_train = 1,
                                 .validation = (const char *const *)&paths[1],
                                 .n_validation = paths[1] != NULL,
                                 .test = (const char *const *)&paths[2],
                                 .n_test = paths[2] != NULL};
    assert_int_equal(tmli_model_tokenizer(recipe, TML_TOKENIZER_UNICODE, &tokenizer, NULL), TML_OK);
    const tmli_preparing job = {.recipe = recipe, .input = &input, .stop = stop};
    const tml_status status = tmli_prepare(&job, tokenizer, out, err);
    tml_tokenizer_free(tokenizer);
    tml_recipe_free(recipe); /* labels without names in the recipe do not need it any more */
    for (size_t i = 0; i < TMLI_N_PARTS; i++) {
        free(paths[i]);
    }
    return status;
}

/* n rows "w<i>" with the labels a and b in turn (free). */
static char *numbered_rows(size_t n)
{
    const size_t size = 32 * (n + 1);
    char *const text = malloc(size);
    assert_non_null(text);
    size_t used = (size_t)snprintf(text, size, "text,label\n");
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(text + used, size - used, "w%zu,%c\n", i, i % 2 == 0 ? 'a' : 'b');
    }
    return text;
}

static void the_share_of_the_recipe_validates(void **state)
{
    static const struct {
        const char *yaml;
        size_t n;
        size_t validation;
    } cases[] = {
        {"data: {split: {validation: 0.2}}", 40, 8}, {"data: {split: {validation: 0.25}}", 10, 3},
        {"data: {split: {validation: 0}}", 10, 0},   {"data: {split: {validation: 0.9}}", 10, 9},
        {"data: {split: {validation: 0.1}}", 4, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_prepared p;
        char *const rows = numbered_rows(cases[i].n);
        const texts given = {.train = rows};
        assert_int_equal(prepare(*state, cases[i].yaml, &given, NULL, &p, NULL), TML_OK);
        assert_int_equal(p.parts[TMLI_PART_VALIDATION].n, cases[i].validation);
        assert_int_equal(p.parts[TMLI_PART_TRAIN].n, cases[i].n - cases[i].validation);
        tmli_prepared_deinit(&p);
        free(rows);
    }
}

/* The words that stay in the training part, as text. */
static void split_words(const char *dir, const char *yaml, char *out, size_t size)
{
    tmli_prepared p;
    char *const rows = numbered_rows(30);
    const texts given = {.train = rows};
    assert_int_equal(prepare(dir, yaml, &given, NULL, &p, NULL), TML_OK);
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < p.vocab.n; i++) {
        const tml_str word = tmli_vocab_term(&p.vocab, i);
        used += (size_t)snprintf(out + used, size - used, "%.*s ", (int)word.len, word.data);
    }
    tmli_prepared_deinit(&p);
    free(rows);
}

static void the_split_depends_on_its_seed_alone(void **state)
{
    char first[512];
    char same[512];
    char other[512];
    split_words(*state, "data: {split: {seed: 7}}", first, sizeof first);
    split_words(*state, "data: {split: {seed: 7}}\ntrain: {seed: 55}", same, sizeof same);
    split_words(*state, "data: {split: {seed: 8}}", other, sizeof other);
    assert_string_equal(first, same);
    assert_string_not_equal(first, other);
}

/* A saved recipe with its seed must find the same rows for ever. */
static void the_split_is_pinned(void **state)
{
    char words[512];
    split_words(*state, "data: {split: {validation: 0.5, seed: 99}}", words, sizeof words);
    assert_string_equal(words, "w3 w6 w9 w12 w14 w18 w19 w20 w21 w22 w24 w26 w27 w28 w29 ");
}

static void the_vocabulary_is_made_of_the_training_rows_alone(void **state)
{
    static const texts given = {
        .train = "text,label\nb a a,x\nc b,y\na c,x\nd,y\n",
        .validation = "text,label\nnew new new a,x\n",
        .test = "text,label\nother b,y\n",
    };
    static const char *const terms[] = {"a", "b", "c", "d"}; /* by count, ties by appearance */
    tmli_prepared p;
    assert_int_equal(prepare(*state, "{}", &given, NULL, &p, NULL), TML_OK);
    assert_int_equal(p.terms_seen, 4);
    assert_int_equal(p.vocab.n, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_true(tmli_str_eq_text(tmli_vocab_term(&p.vocab, i), terms[i]));
    }
    assert_int_equal(p.parts[TMLI_PART_TRAIN].n, 4);
    assert_int_equal(p.parts[TMLI_PART_VALIDATION].n, 1);
    assert_int_equal(p.parts[TMLI_PART_TEST].n, 1);
    assert_int_equal(p.parts[TMLI_PART_VALIDATION].offsets[1], 1); /* "a" is all it knows */
    tmli_prepared_deinit(&p);
}

/* As Keras' num_words: ids below it, counted from 1. */
static void max_words_keeps_one_word_less(void **state)
{
    static const texts given = {.train = "text,label\na a a b b c,x\nc d,y\na,x\nd e,y\n"};
    tmli_prepared p;
    assert_int_equal(prepare(*state, "data: {split: {validation: 0}}\nfeatures: [{max_words: 3}]",
                             &given, NULL, &p, NULL),
                     TML_OK);
    assert_int_equal(p.terms_seen, 5);
    assert_int_equal(p.vocab.n, 2);
    tmli_prepared_deinit(&p);
}

static void words_stand_where_the_recipe_puts_them(void **state)
{
    static const texts given = {.train = "text,label\na,x\na b,y\na b c,x\na b c d,y\n,x\n"};
    static const struct {
        const char *yaml;
        uint32_t first_block; /* of "a b" */
        uint32_t first_row;   /* of "a b c d", as an id */
    } cases[] = {
        {"features: [{length: 3}]", 1, 1},
        {"features: [{length: 3, padding: post}]", 0, 1},
        {"features: [{length: 3, truncating: post}]", 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char yaml[128];
        tmli_prepared p;
        (void)snprintf(yaml, sizeof yaml, "data: {split: {validation: 0}}\n%s", cases[i].yaml);
        assert_int_equal(prepare(*state, yaml, &given, NULL, &p, NULL), TML_OK);
        const tmli_encoded *const train = &p.parts[TMLI_PART_TRAIN];
        static const size_t offsets[] = {0, 1, 3, 6, 9, 9};
        assert_memory_equal(train->offsets, offsets, sizeof offsets);
        assert_int_equal(train->entries[1].block, cases[i].first_block);
        assert_int_equal(train->entries[1].row, 0);
        assert_int_equal(train->entries[6].row, cases[i].first_row);
        tmli_prepared_deinit(&p);
    }
}

static void parts_without_rows_or_words_are_refused(void **state)
{
    static const struct {
        texts given;
        const char *end;
    } cases[] = {
        {{.train = "text,label\n"},
         "train.csv: a header line without rows, expected rows with a text and a label"},
        {{.train = "text,label\na,x\na,x\nb,y\nb,y\n", .validation = "text,label\n"},
         "validation.csv: a header line without rows, expected rows with a text and a label"},
        {{.train = "text,label\na,x\na,x\nb,y\nb,y\n", .test = "text,label\n\n"},
         "test.csv: a header line without rows, expected rows with a text and a label"},
        {{.train = "text,label\n?,x\n!,x\n,y\n-,y\n"},
         "the training texts hold no words: check data.text, text.normalize and text.tokenizer"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_prepared p;
        tml_error err = {0};
        assert_int_equal(prepare(*state, "{}", &cases[i].given, NULL, &p, &err), TML_EFORMAT);
        const size_t n = strlen(cases[i].end);
        assert_true(strlen(err.text) >= n);
        assert_string_equal(err.text + strlen(err.text) - n, cases[i].end);
        tmli_prepared_deinit(&p);
    }
}

static void a_stop_ends_preparing(void **state)
{
    static const atomic_bool stop = true;
    const texts given = {.train = tiny_rows};
    tmli_prepared p;
    assert_int_equal(prepare(*state, tiny_yaml, &given, &stop, &p, NULL), TML_ESTOPPED);
    tmli_prepared_deinit(&p);
}

static void every_allocation_of_preparing_may_fail(void **state)
{
    char *const path = tmpdir_write(*state, "rows.csv", tiny_rows, strlen(tiny_rows));
    const char *const paths[] = {path};
    const tml_fit_input input = {.train = paths, .n_train = 1, .test = paths, .n_test = 1};
    tml_recipe *const recipe = tiny_recipe(tiny_yaml);
    tml_tokenizer *tokenizer = NULL;
    assert_int_equal(tmli_model_tokenizer(recipe, TML_TOKENIZER_UNICODE, &tokenizer, NULL), TML_OK);
    const tmli_preparing job = {.recipe = recipe, .input = &input, .excerpt_bytes = 5};
    for (size_t nth = 0;; nth++) {
        tmli_prepared p;
        fail_allocation(nth);
        const tml_status status = tmli_prepare(&job, tokenizer, &p, NULL);
        fail_allocation(NEVER);
        tmli_prepared_deinit(&p);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tml_tokenizer_free(tokenizer);
    tml_recipe_free(recipe);
    free(path);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(the_share_of_the_recipe_validates),
        IN_A_DIRECTORY(the_split_depends_on_its_seed_alone),
        IN_A_DIRECTORY(the_split_is_pinned),
        IN_A_DIRECTORY(the_vocabulary_is_made_of_the_training_rows_alone),
        IN_A_DIRECTORY(max_words_keeps_one_word_less),
        IN_A_DIRECTORY(words_stand_where_the_recipe_puts_them),
        IN_A_DIRECTORY(parts_without_rows_or_words_are_refused),
        IN_A_DIRECTORY(a_stop_ends_preparing),
        IN_A_DIRECTORY(every_allocation_of_preparing_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
