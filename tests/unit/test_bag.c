/* Fitting and using a bag: the same bytes for any number of threads, what is refused and why, and memory that is short.
 * That the figures are scikit-learn's is proved by test_bag_golden.c. */
#include "features/bag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "features/bag_build.h"
#include "support/alloc_fail.h"
#include "text/tokenizer.h"

enum {
    N_TEXTS = 400,
    TEXT_BYTES = 1500, /* together several chunks */
};

static char text_bytes[N_TEXTS][TEXT_BYTES];
static tml_str texts[N_TEXTS];

/* Words of 1 to 12 letters, some frequent; every seventh text is empty. */
static void make_texts(void)
{
    uint64_t x = 88172645463325252u;
    for (size_t i = 0; i < N_TEXTS; i++) {
        size_t at = 0;
        while (i % 7 != 6 && at < TEXT_BYTES - 40) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            const size_t len = 1 + x % 12;
            for (size_t k = 0; k < len; k++) {
                text_bytes[i][at++] = (char)('a' + (x >> (16 + 3 * k)) % 3);
            }
            text_bytes[i][at++] = ' ';
        }
        texts[i] = (tml_str){text_bytes[i], at};
    }
}

static tml_tokenizer *whitespace(void)
{
    const tml_tokenizer_options options = {.kind = TML_TOKENIZER_WHITESPACE};
    tml_tokenizer *tokenizer = NULL;
    assert_int_equal(tml_tokenizer_create(&options, &tokenizer, NULL), TML_OK);
    return tokenizer;
}

static tml_status fit(const tmli_bag_options *options, const tml_tokenizer *tokenizer,
                      tmli_pool *pool, size_t n, const unsigned char *is_training, tmli_bag *bag,
                      tmli_csr *rows, tml_error *err)
{
    tmli_bag_builder *builder = NULL;
    tml_status status = tmli_bag_builder_create(options, tokenizer, pool, &builder, err);
    if (status == TML_OK) {
        status = tmli_bag_builder_add(builder, texts, n / 3, err);
    }
    if (status == TML_OK) {
        status = tmli_bag_builder_add(builder, texts + n / 3, n - n / 3, err);
    }
    if (status == TML_OK) {
        status = tmli_bag_builder_finish(builder, is_training, bag, rows, err);
    }
    tmli_bag_builder_free(builder);
    return status;
}

static const tmli_bag_options shapes[] = {
    {.n_min = 1,
     .n_max = 1,
     .min_docs = 2,
     .max_docs = 0.5,
     .max_is_share = true,
     .use_idf = true,
     .norm = TMLI_NORM_L2},
    {.n_min = 1,
     .n_max = 3,
     .min_docs = 1,
     .max_docs = 400,
     .max_features = 500,
     .use_idf = true,
     .smooth_idf = true},
    {.n_min = 2,
     .n_max = 2,
     .min_docs = 0.01,
     .min_is_share = true,
     .max_docs = 1,
     .max_is_share = true},
    {.analyzer = TMLI_ANALYZER_CHAR_WB,
     .n_min = 2,
     .n_max = 5,
     .min_docs = 1,
     .max_docs = 1,
     .max_is_share = true,
     .sublinear_tf = true,
     .norm = TMLI_NORM_L1},
    {.analyzer = TMLI_ANALYZER_CHAR,
     .n_min = 1,
     .n_max = 4,
     .min_docs = 3,
     .max_docs = 1,
     .max_is_share = true,
     .use_idf = true},
    {.n_min = 1,
     .n_max = 2,
     .min_docs = 1,
     .max_docs = 1,
     .max_is_share = true,
     .use_idf = true,
     .smooth_idf = true,
     .n_hashed = 1000,
     .alternate_sign = true},
};

static void assert_same(const tmli_bag *a, const tmli_csr *x, const tmli_bag *b, const tmli_csr *y)
{
    assert_int_equal(a->n_cols, b->n_cols);
    assert_int_equal(a->vocab.n_bytes, b->vocab.n_bytes);
    if (a->vocab.n > 0) {
        assert_memory_equal(a->vocab.bytes, b->vocab.bytes, a->vocab.n_bytes);
        assert_memory_equal(a->vocab.slots, b->vocab.slots,
                            a->vocab.n_slots * sizeof *a->vocab.slots);
    }
    if (a->idf != NULL) {
        assert_memory_equal(a->idf, b->idf, a->n_cols * sizeof *a->idf);
    }
    assert_int_equal(x->n_rows, y->n_rows);
    const size_t n = x->offsets[x->n_rows];
    assert_memory_equal(x->offsets, y->offsets, (x->n_rows + 1) * sizeof *x->offsets);
    assert_memory_equal(x->columns, y->columns, n * sizeof *x->columns);
    assert_memory_equal(x->values, y->values, n * sizeof *x->values);
    assert_true(n > 1000);
}

static void the_result_does_not_depend_on_the_number_of_threads(void **state)
{
    (void)state;
    tml_tokenizer *const tokenizer = whitespace();
    static unsigned char is_training[N_TEXTS];
    for (size_t i = 0; i < N_TEXTS; i++) {
        is_training[i] = i % 5 != 0;
    }
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        tmli_pool *pool = NULL;
        tmli_bag bags[2];
        tmli_csr rows[2];
        assert_int_equal(tmli_pool_create(5, &pool, NULL), TML_OK);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(fit(shapes + s, tokenizer, i == 0 ? NULL : pool, N_TEXTS, is_training,
                                 bags + i, rows + i, NULL),
                             TML_OK);
        }
        assert_same(bags, rows, bags + 1, rows + 1);
        for (size_t i = 0; i < 2; i++) {
            tmli_bag_deinit(bags + i);
            tmli_csr_deinit(rows + i);
        }
        tmli_pool_free(pool);
    }
    tml_tokenizer_free(tokenizer);
}

static void a_text_alone_has_the_row_that_it_has_among_others(void **state)
{
    (void)state;
    tml_tokenizer *const tokenizer = whitespace();
    tml_tokens *tokens = NULL;
    tmli_bag_scratch scratch = {0};
    assert_int_equal(tml_tokens_create(&tokens, NULL), TML_OK);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        tmli_bag bag = {0};
        tmli_bag view;
        tmli_csr rows = {0};
        assert_int_equal(fit(shapes + s, tokenizer, NULL, 60, NULL, &bag, &rows, NULL), TML_OK);
        assert_int_equal(tmli_bag_view(&bag.options, &bag.vocab, bag.idf, bag.n_cols, &view, NULL),
                         TML_OK);
        for (size_t i = 0; i < 60; i++) {
            tmli_sparse_row row;
            const tmli_sparse_row want = tmli_csr_row(&rows, i);
            assert_int_equal(tml_tokenize(tokenizer, texts[i], tokens, NULL), TML_OK);
            assert_int_equal(tmli_bag_encode(&view, tokens->items, tokens->n, &scratch, &row, NULL),
                             TML_OK);
            assert_int_equal(row.n, want.n);
            assert_true(row.n == 0 ||
                        (memcmp(row.columns, want.columns, row.n * sizeof *row.columns) == 0 &&
                         memcmp(row.values, want.values, row.n * sizeof *row.values) == 0));
        }
        tmli_bag_deinit(&view);
        tmli_bag_deinit(&bag);
        tmli_csr_deinit(&rows);
    }
    tmli_bag_scratch_deinit(&scratch);
    tml_tokens_free(tokens);
    tml_tokenizer_free(tokenizer);
}

/* Fits documents of tokens and returns the sentence of the failure. */
static const char *refusal(tmli_bag_options options, const tmli_token_list *documents, size_t n,
                           const unsigned char *is_training, tml_error *err)
{
    tmli_bag_builder *builder = NULL;
    tmli_bag bag = {.n_cols = 77};
    *err = (tml_error){0};
    tml_status status = tmli_bag_builder_create(&options, NULL, NULL, &builder, err);
    if (status == TML_OK) {
        assert_int_equal(tmli_bag_builder_add_tokens(builder, documents, n, NULL), TML_OK);
        status = tmli_bag_builder_finish(builder, is_training, &bag, NULL, err);
    }
    assert_int_equal(status, TML_EINVAL);
    assert_int_equal(bag.n_cols, 77);
    tmli_bag_builder_free(builder);
    return err->text;
}

static void assert_says(const char *sentence, const char *first, const char *second)
{
    if (strstr(sentence, first) == NULL || strstr(sentence, second) == NULL) {
        fail_msg("\"%s\" has not both \"%s\" and \"%s\"", sentence, first, second);
    }
}

static void what_empties_the_vocabulary_is_named(void **state)
{
    (void)state;
    const tml_str words[] = {TML_STR("both"), TML_STR("one"), TML_STR("both")};
    const tmli_token_list two[] = {{words, 2}, {words + 2, 1}};
    const tmli_token_list none[] = {{NULL, 0}, {NULL, 0}};
    const unsigned char nobody[] = {0, 0};
    const unsigned char second[] = {0, 1};
    const tmli_bag_options usual = tmli_bag_options_default();
    tml_error err;
    tmli_bag_options o = usual;
    assert_says(refusal(o, none, 2, NULL, &err), "nothing is left", "stop_words");
    assert_says(refusal(o, two, 2, nobody, &err), "0 of 2 documents", "training");
    assert_says(refusal(o, none, 0, NULL, &err), "0 of 0 documents", "training");
    o.min_docs = 3;
    o.max_is_share = false;
    o.max_docs = 9;
    assert_says(refusal(o, two, 2, NULL, &err), "min_df 3 drops all 2 terms", "lower min_df");
    o.min_docs = 2;
    assert_says(refusal(o, two, 2, second, &err), "min_df 2 drops all 1 terms", "1 training");
    o = usual;
    o.max_docs = 0.4;
    o.min_is_share = true;
    o.min_docs = 0;
    assert_says(refusal(o, two, 2, NULL, &err), "max_df 0.4 drops all 2 terms", "raise max_df");
    o = usual;
    o.n_min = 3;
    o.n_max = 3;
    assert_says(refusal(o, two, 2, NULL, &err), "ngram_range", "3 tokens");
    const tml_str ab[] = {TML_STR("a"), TML_STR("b")};
    const tmli_token_list four[] = {{ab, 2}, {ab, 1}, {ab, 1}};
    o = usual;
    o.min_docs = 2;
    o.max_is_share = false;
    o.max_docs = 2;
    assert_says(refusal(o, four, 3, NULL, &err), "min_df 2 drops 1", "max_df 2 drops 1");
}

static void options_out_of_range_are_refused_with_their_name(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tmli_bag_options options;
    } cases[] = {
        {"ngram_range", {.n_min = 2, .n_max = 1, .min_docs = 1, .max_docs = 1}},
        {"ngram_range", {.n_min = 0, .n_max = 1, .min_docs = 1, .max_docs = 1}},
        {"min_df", {.n_min = 1, .n_max = 1, .min_docs = 0, .max_docs = 1}},
        {"min_df", {.n_min = 1, .n_max = 1, .min_docs = 1.5, .max_docs = 2}},
        {"min_df", {.n_min = 1, .n_max = 1, .min_docs = 1.5, .min_is_share = true, .max_docs = 2}},
        {"min_df", {.n_min = 1, .n_max = 1, .min_docs = NAN, .min_is_share = true, .max_docs = 2}},
        {"max_df", {.n_min = 1, .n_max = 1, .min_docs = 1, .max_docs = NAN}},
        {"max_df", {.n_min = 1, .n_max = 1, .min_docs = 1, .max_docs = -0.1, .max_is_share = true}},
        {"above max_df", {.n_min = 1, .n_max = 1, .min_docs = 5, .max_docs = 4}},
        {"n_features",
         {.n_min = 1, .n_max = 1, .min_docs = 1, .max_docs = 1, .n_hashed = (size_t)1 << 31}},
        {"sublinear_tf",
         {.n_min = 1,
          .n_max = 1,
          .min_docs = 1,
          .max_docs = 1,
          .n_hashed = 9,
          .alternate_sign = true,
          .sublinear_tf = true}},
        {"smooth_idf",
         {.n_min = 1, .n_max = 1, .min_docs = 1, .max_docs = 1, .n_hashed = 9, .use_idf = true}},
        {"max_features",
         {.n_min = 1, .n_max = 1, .min_docs = 1, .max_docs = 1, .n_hashed = 9, .max_features = 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tml_error err = {0};
        tmli_bag_builder *builder = NULL;
        assert_int_equal(tmli_bag_builder_create(&cases[i].options, NULL, NULL, &builder, &err),
                         TML_EINVAL);
        assert_null(builder);
        assert_says(err.text, cases[i].name, "");
    }
    /* Only the number of documents shows that a share is above a count. */
    const tml_str word = TML_STR("word");
    const tmli_token_list documents[] = {{&word, 1}, {&word, 1}, {&word, 1}};
    tmli_bag_options o = tmli_bag_options_default();
    o.min_docs = 2;
    o.max_docs = 0.5;
    tml_error err;
    assert_says(refusal(o, documents, 3, NULL, &err), "min_df 2 calls for 2 of 3",
                "max_df 0.5 allows 1.5");
}

static void a_view_whose_parts_do_not_fit_is_refused(void **state)
{
    (void)state;
    const tml_str terms[] = {TML_STR("a"), TML_STR("b")};
    const double idf[3] = {1, 2, 3};
    tmli_vocab vocab;
    assert_int_equal(tmli_vocab_build_ordered(terms, 2, &vocab, NULL), TML_OK);
    const tmli_vocab none = {0};
    tmli_bag_options o = tmli_bag_options_default();
    tmli_bag bag = {0};
    assert_int_equal(tmli_bag_view(&o, &vocab, idf, 3, &bag, NULL), TML_EFORMAT);
    assert_int_equal(tmli_bag_view(&o, &vocab, NULL, 0, &bag, NULL), TML_EFORMAT);
    assert_int_equal(tmli_bag_view(&o, &none, idf, 3, &bag, NULL), TML_EFORMAT);
    assert_int_equal(tmli_bag_view(&o, &vocab, idf, 2, &bag, NULL), TML_OK);
    o.n_hashed = 3;
    assert_int_equal(tmli_bag_view(&o, &vocab, idf, 3, &bag, NULL), TML_EFORMAT);
    assert_int_equal(tmli_bag_view(&o, &none, idf, 3, &bag, NULL), TML_OK);
    o.n_min = 0;
    assert_int_equal(tmli_bag_view(&o, &none, idf, 3, &bag, NULL), TML_EINVAL);
    tmli_vocab_deinit(&vocab);
}

static void an_allocation_that_fails_leaves_nothing_behind(void **state)
{
    (void)state;
    tml_tokenizer *const tokenizer = whitespace();
    tmli_pool *pool = NULL;
    assert_int_equal(tmli_pool_create(2, &pool, NULL), TML_OK);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (size_t nth = 0, n_fine = 0; n_fine < 10; nth++) {
            tmli_bag bag = {.n_cols = 77};
            tmli_csr rows = {.n_rows = 77};
            tml_error err = {0};
            fail_allocation(nth);
            const tml_status status =
                fit(shapes + s, tokenizer, s % 2 == 0 ? NULL : pool, 6, NULL, &bag, &rows, &err);
            fail_allocation(NEVER);
            if (status == TML_OK && bag.n_cols != 77) {
                tmli_bag_deinit(&bag);
                tmli_csr_deinit(&rows);
                n_fine++; /* one alone may be a block that could not be made shorter, which is no failure */
                continue;
            }
            n_fine = 0;
            assert_int_equal(status, TML_ENOMEM);
            assert_int_equal(bag.n_cols, 77);
            assert_int_equal(rows.n_rows, 77);
            assert_true(err.text[0] != '\0');
        }
    }
    tmli_pool_free(pool);
    tml_tokenizer_free(tokenizer);
}

int main(void)
{
    make_texts();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_does_not_depend_on_the_number_of_threads),
        cmocka_unit_test(a_text_alone_has_the_row_that_it_has_among_others),
        cmocka_unit_test(what_empties_the_vocabulary_is_named),
        cmocka_unit_test(options_out_of_range_are_refused_with_their_name),
        cmocka_unit_test(a_view_whose_parts_do_not_fit_is_refused),
        cmocka_unit_test(an_allocation_that_fails_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("bag", tests, NULL, NULL);
}
