/* Rows through bag builders into parts: who is where after a split, what the vocabulary knows, blocks side by side. */
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
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

enum {
    N_TRAIN = 40,
    N_TEST = 6
};

static const char two_blocks[] =
    "data: {split: {validation: 0.25}}\n"
    "text: {tokenizer: word}\n"
    "features: [{type: bag, use_idf: false, norm: none},\n"
    "           {type: bag, tokenizer: char, ngrams: [1, 1], use_idf: false, norm: none}]\n"
    "model: {type: naive_bayes}\n";

/* Rows "even w<i>" of label 0 and "odd w<i>" of label 1 in turn, from first on. */
static char *write_rows(const char *dir, const char *name, size_t first, size_t n)
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof(text), "text,label\n");
    for (size_t i = first; i < first + n; i++) {
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s w%02zu,%zu\n",
                                 i % 2 == 0 ? "even" : "odd", i, i % 2);
    }
    return tmpdir_write(dir, name, text, used);
}

typedef struct fixture {
    char *train, *test;
    tml_recipe *recipe;
    tmli_vectorizer vectorizer;
    tmli_prepared prepared;
} fixture;

static tml_status prepare(fixture *f, size_t n_threads, tml_error *err)
{
    const char *const train[] = {f->train};
    const char *const test[] = {f->test};
    const tml_fit_input input = {.train = train, .n_train = 1, .test = test, .n_test = 1};
    tmli_preparing job = {.recipe = f->recipe, .input = &input, .excerpt_bytes = 7};
    tml_status status = tmli_pool_create(n_threads, &job.pool, err);
    if (status == TML_OK) {
        status = tmli_vectorizer_init(f->recipe, &f->vectorizer, err);
    }
    if (status == TML_OK) {
        status = tmli_prepare_bags(&job, &f->vectorizer, &f->prepared, err);
    }
    tmli_pool_free(job.pool);
    return status;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    char *dir = tmpdir_create();
    f->train = write_rows(dir, "train.csv", 0, N_TRAIN);
    f->test = write_rows(dir, "test.csv", 90, N_TEST);
    assert_int_equal(tml_recipe_parse("recipe", tmli_str(two_blocks), &f->recipe, NULL), TML_OK);
    free(dir);
    *state = f;
    return 0;
}

static void release(fixture *f)
{
    tmli_prepared_deinit(&f->prepared);
    tmli_vectorizer_deinit(&f->vectorizer);
}

static int tear_down(void **state)
{
    fixture *f = *state;
    release(f);
    char *slash = strrchr(f->train, '/');
    *slash = '\0';
    char *dir = malloc(strlen(f->train) + 1);
    assert_non_null(dir);
    memcpy(dir, f->train, strlen(f->train) + 1);
    tmpdir_remove(dir);
    tml_recipe_free(f->recipe);
    free(f->train);
    free(f->test);
    free(f);
    return 0;
}

/* Whether row i of a part holds a word of the first block. */
static bool has_word(const fixture *f, size_t which, size_t i, const char *word)
{
    const uint32_t column = tmli_vocab_find(&f->vectorizer.bags[0].vocab, tmli_str(word));
    const tmli_sparse_row row = tmli_csr_row(&f->prepared.parts[which].matrix, i);
    for (size_t j = 0; column != TMLI_NO_TERM && j < row.n; j++) {
        if (row.columns[j] == column) {
            return true;
        }
    }
    return false;
}

static void rows_keep_their_labels_and_texts_in_every_part(void **state)
{
    fixture *f = *state;
    assert_int_equal(prepare(f, 2, NULL), TML_OK);
    static const size_t rows[TMLI_N_PARTS] = {N_TRAIN - N_TRAIN / 4, N_TRAIN / 4, N_TEST};
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        const tmli_encoded *part = &f->prepared.parts[p];
        assert_int_equal(part->n, rows[p]);
        assert_int_equal(part->matrix.n_rows, rows[p]);
        size_t at = 0;
        for (size_t i = 0; i < part->n; i++) {
            const char *excerpt = part->excerpts.data + at;
            assert_true(has_word(f, p, i, part->labels[i] == 0 ? "even" : "odd"));
            assert_false(has_word(f, p, i, part->labels[i] == 0 ? "odd" : "even"));
            assert_int_equal(excerpt[0] == 'e', part->labels[i] == 0);
            at = part->excerpt_ends[i];
        }
    }
}

static void the_vocabulary_is_that_of_the_training_part_alone(void **state)
{
    fixture *f = *state;
    assert_int_equal(prepare(f, 1, NULL), TML_OK);
    const size_t n_train = f->prepared.parts[TMLI_PART_TRAIN].n;
    assert_int_equal(f->vectorizer.bags[0].n_cols, n_train + 2); /* a word a row; even, odd */
    for (size_t i = 0; i < f->prepared.parts[TMLI_PART_VALIDATION].n; i++) {
        const tmli_sparse_row row =
            tmli_csr_row(&f->prepared.parts[TMLI_PART_VALIDATION].matrix, i);
        size_t n_words = 0;
        for (size_t j = 0; j < row.n; j++) {
            n_words += row.columns[j] < f->vectorizer.bags[0].n_cols;
        }
        assert_int_equal(n_words, 1); /* even or odd; its own word is not known */
    }
}

static void blocks_stand_side_by_side_as_a_session_joins_them(void **state)
{
    fixture *f = *state;
    assert_int_equal(prepare(f, 1, NULL), TML_OK);
    assert_int_equal(f->vectorizer.n_columns,
                     f->vectorizer.bags[0].n_cols + f->vectorizer.bags[1].n_cols);
    tmli_vectorizer_scratch scratch;
    tmli_sparse_row got;
    assert_int_equal(tmli_vectorizer_scratch_init(&scratch, NULL), TML_OK);
    assert_int_equal(tmli_vectorize(&f->vectorizer, TML_STR("even w90"), &scratch, &got, NULL),
                     TML_OK);
    const tmli_sparse_row want = tmli_csr_row(&f->prepared.parts[TMLI_PART_TEST].matrix, 0);
    assert_int_equal(got.n, want.n);
    assert_memory_equal(got.columns, want.columns, got.n * sizeof(*got.columns));
    assert_memory_equal(got.values, want.values, got.n * sizeof(*got.values));
    tmli_vectorizer_scratch_deinit(&scratch);
}

static void every_allocation_may_fail(void **state)
{
    fixture *f = *state;
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = prepare(f, 1, NULL);
        fail_allocation(NEVER);
        release(f);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(rows_keep_their_labels_and_texts_in_every_part),
        CASE(the_vocabulary_is_that_of_the_training_part_alone),
        CASE(blocks_stand_side_by_side_as_a_session_joins_them),
        CASE(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
