/* The recipe `newsgroups`, unchanged, on the real data of ../shared/data: scikit-learn's figures (tests/golden/newsgroups,
 * make_figures.py) from the table and from the archives alike, whatever the number of threads, and through serve. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/file.h"
#include "contract/asked.h"
#include "models/curves.h"
#include "pipeline/prepare.h"
#include "support/near.h"
#include "support/tmpdir.h"

static const double as_scikit_learn = 1e-12;

enum {
    CLASSES = 20,
    TERMS_MAX = 64,
    NAME_BYTES = 64,
    TEST_ROWS = 3766,
    N_FIGURES = 5 /* of a class: precision, recall, F1, ROC AUC, average precision */
};

#define FIGURES TML_GOLDEN_DIR "/newsgroups/figures"

typedef struct known_term {
    char name[NAME_BYTES];
    double idf, weight;
} known_term;

typedef struct known_class {
    char name[NAME_BYTES];
    double support;
    double figures[N_FIGURES];
} known_class;

/* What make_figures.py wrote. */
typedef struct known {
    double rows, words, elements, sum, accuracy, macro_f1, weighted_f1, tutorial_bytes;
    char vocabulary[NAME_BYTES + 1];
    known_term terms[TERMS_MAX];
    size_t n_terms;
    known_class classes[CLASSES];
    size_t n_classes;
    double confusion[CLASSES][CLASSES];
    size_t n_confusion;
    bool is_there; /* the data */
} known;

static known wanted;
static char train_csv[512], test_csv[512], train_tar[512], test_tar[512];

/* ---- what is wanted ---- */

static void read_numbers(char *text, double *out, size_t n)
{
    char *at = text;
    for (size_t i = 0; i < n; i++) {
        char *end = at;
        out[i] = strtod(at, &end);
        assert_ptr_not_equal(end, at);
        at = end;
    }
}

/* rest begins with a name; what is behind it is returned. */
static char *take_name(char *rest, char name[NAME_BYTES])
{
    const size_t n = strcspn(rest, " ");
    assert_true(n > 0 && n < NAME_BYTES && rest[n] == ' ');
    memcpy(name, rest, n);
    name[n] = '\0';
    return rest + n + 1;
}

static void read_line(const char *word, char *rest)
{
    const struct {
        const char *word;
        double *number;
    } numbers[] = {
        {"sum", &wanted.sum},
        {"accuracy", &wanted.accuracy},
        {"macro_f1", &wanted.macro_f1},
        {"weighted_f1", &wanted.weighted_f1},
        {"tutorial_bytes", &wanted.tutorial_bytes},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (strcmp(word, numbers[i].word) == 0) {
            read_numbers(rest, numbers[i].number, 1);
            return;
        }
    }
    double values[1 + N_FIGURES];
    if (strcmp(word, "matrix") == 0) {
        read_numbers(rest, values, 3);
        wanted.rows = values[0];
        wanted.words = values[1];
        wanted.elements = values[2];
    } else if (strcmp(word, "vocabulary") == 0) {
        (void)snprintf(wanted.vocabulary, sizeof wanted.vocabulary, "%s", rest);
    } else if (strcmp(word, "term") == 0) {
        assert_true(wanted.n_terms < TERMS_MAX);
        known_term *const term = &wanted.terms[wanted.n_terms++];
        read_numbers(take_name(rest, term->name), values, 2);
        term->idf = values[0];
        term->weight = values[1];
    } else if (strcmp(word, "class") == 0) {
        assert_true(wanted.n_classes < CLASSES);
        known_class *const c = &wanted.classes[wanted.n_classes++];
        read_numbers(take_name(rest, c->name), values, 1 + N_FIGURES);
        c->support = values[0];
        memcpy(c->figures, values + 1, sizeof c->figures);
    } else {
        assert_string_equal(word, "confusion");
        assert_true(wanted.n_confusion < CLASSES);
        read_numbers(rest, wanted.confusion[wanted.n_confusion++], CLASSES);
    }
}

static void find_file(char out[512], const char *name)
{
    const char *const dir = getenv("TML_SHARED_DATA");
    (void)snprintf(out, 512, "%s/20newsgroups/%s", dir != NULL ? dir : TML_SHARED_DATA_DIR, name);
    wanted.is_there = wanted.is_there && tmli_is_file(out);
}

static int read_known(void **state)
{
    (void)state;
    char *const text = process_read_file(FIGURES, NULL);
    assert_non_null(text);
    char *rest = text;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char word[NAME_BYTES];
        char *const behind = take_name(line, word);
        read_line(word, behind);
    }
    free(text);
    assert_int_equal(wanted.n_classes, CLASSES);
    assert_int_equal(wanted.n_confusion, CLASSES);
    assert_true(wanted.n_terms > 40);
    wanted.is_there = true;
    find_file(train_csv, "train-preprocessed.csv.gz");
    find_file(test_csv, "test-public-preprocessed.csv.gz");
    find_file(train_tar, "train.tar.gz");
    find_file(test_tar, "test-public.tar.gz");
    return 0;
}

static void need_data(void)
{
    if (!wanted.is_there) {
        (void)fprintf(stderr, "SKIPPED: no 20 newsgroups in %s: nothing was measured\n",
                      TML_SHARED_DATA_DIR);
        skip();
    }
}

/* ---- training ---- */

static void train(job *j, const char *train_file, const char *test_file, const char *threads)
{
    char train_channel[600];
    char test_channel[600];
    (void)snprintf(train_channel, sizeof train_channel, "train=%s", train_file);
    (void)snprintf(test_channel, sizeof test_channel, "test=%s", test_file);
    const char *const args[] = {"--recipe",   "newsgroups", "--channel", train_channel, "--channel",
                                test_channel, "--threads",  threads,     NULL};
    (void)job_train(j, args);
    assert_trained(j);
}

static void check_classes(const tmli_value *metrics)
{
    static const char *const names[] = {"precision", "recall", "f1"};
    const tmli_value *const classes = tmli_value_get(tmli_value_get(metrics, "test"), "classes");
    assert_non_null(classes);
    assert_int_equal(classes->n, CLASSES);
    const tmli_value *item = classes->first;
    for (size_t c = 0; c < CLASSES; c++, item = item->next) {
        assert_true(tmli_str_eq_text(item->key, wanted.classes[c].name));
        assert_true(number_at(item, "support") == wanted.classes[c].support);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            assert_near(number_at(item, names[i]), wanted.classes[c].figures[i], as_scikit_learn);
        }
    }
}

static void check_confusion(const tmli_value *metrics)
{
    const tmli_value *const rows = tmli_value_get(tmli_value_get(metrics, "test"), "confusion");
    assert_non_null(rows);
    assert_int_equal(rows->n, CLASSES);
    const tmli_value *row = rows->first;
    for (size_t c = 0; c < CLASSES; c++, row = row->next) {
        assert_int_equal(row->n, CLASSES);
        const tmli_value *cell = row->first;
        for (size_t p = 0; p < CLASSES; p++, cell = cell->next) {
            assert_true(cell->number == wanted.confusion[c][p]);
        }
    }
}

static void check_figures(const job *j)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const metrics = job_metrics(j, &arena);
    assert_true(number_at(metrics, "data.rows_train") == wanted.rows);
    assert_true(number_at(metrics, "data.rows_test") == TEST_ROWS);
    assert_true(number_at(metrics, "data.words_distinct") == wanted.words);
    assert_true(number_at(metrics, "data.words_kept") == wanted.words);
    assert_true(number_at(metrics, "test.accuracy") == wanted.accuracy);
    assert_true(number_at(metrics, "test.macro.f1") == wanted.macro_f1);
    assert_near(number_at(metrics, "test.weighted.f1"), wanted.weighted_f1, as_scikit_learn);
    check_classes(metrics);
    check_confusion(metrics);
    tmli_arena_deinit(&arena);
}

static void the_table_gives_scikit_learns_figures(void **state)
{
    need_data();
    train(*state, train_csv, test_csv, "2");
    check_figures(*state);
}

static void the_raw_archives_give_the_same_figures(void **state)
{
    need_data();
    train(*state, train_tar, test_tar, "2");
    check_figures(*state);
}

static void the_artifact_is_the_same_for_any_number_of_threads(void **state)
{
    static const char *const threads[] = {"1", "2", "5"};
    static const char *const files[] = {"model/textml.json", "model/model.safetensors"};
    job *const j = *state;
    char *first[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    need_data();
    for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
        train(j, train_csv, test_csv, threads[t]);
        for (size_t f = 0; f < 2; f++) {
            size_t n = 0;
            char *const bytes = job_read(j, files[f], &n);
            assert_non_null(bytes);
            if (t == 0) {
                first[f] = bytes;
                sizes[f] = n;
                continue;
            }
            assert_int_equal(n, sizes[f]);
            assert_memory_equal(bytes, first[f], n);
            free(bytes);
        }
    }
    /* Half of what joblib and pickle of scikit-learn 1.2.1 write for the same model. */
    assert_true((double)(sizes[0] + sizes[1]) <= wanted.tutorial_bytes / 2);
    free(first[0]);
    free(first[1]);
}

/* ---- the matrix ---- */

typedef struct matrix {
    tml_recipe *recipe;
    tmli_pool *pool;
    tmli_vectorizer vectorizer;
    tmli_prepared prepared;
} matrix;

static tml_recipe *recipe_newsgroups(void)
{
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    if (tml_recipe_parse("newsgroups", tml_recipe_text("newsgroups"), &recipe, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    return recipe;
}

static void prepare(matrix *m, const char *file)
{
    tml_error err = {0};
    *m = (matrix){.recipe = recipe_newsgroups()};
    const tml_fit_input input = {.train = &file, .n_train = 1};
    assert_int_equal(tmli_pool_create(2, &m->pool, &err), TML_OK);
    const tmli_preparing preparing = {.recipe = m->recipe, .input = &input, .pool = m->pool};
    if (tmli_vectorizer_init(m->recipe, &m->vectorizer, &err) != TML_OK ||
        tmli_prepare_bags(&preparing, &m->vectorizer, &m->prepared, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
}

static void release(matrix *m)
{
    tmli_prepared_deinit(&m->prepared);
    tmli_vectorizer_deinit(&m->vectorizer);
    tmli_pool_free(m->pool);
    tml_recipe_free(m->recipe);
}

/* SHA-256 of the terms, one a line, by the program sha256sum. */
static void check_vocabulary(const job *j, const tmli_vocab *vocab)
{
    tmli_buf lines = {0};
    for (uint32_t i = 0; i < vocab->n; i++) {
        const tml_str term = tmli_vocab_term(vocab, i);
        tmli_buf_append(&lines, term.data, term.len);
        tmli_buf_append_text(&lines, "\n");
    }
    assert_false(lines.failed);
    char *const path = tmpdir_write(j->dir, "vocabulary", lines.data, lines.len);
    const char *const args[] = {path, NULL};
    const process_options options = {.dir = j->dir, .name = "sha256sum", .args = args};
    process p = {.fd = -1};
    process_start(&p, "/usr/bin/sha256sum", &options);
    assert_int_equal(process_exit(&p, PROCESS_SECONDS), 0);
    char *const sum = process_stdout(&p);
    sum[strcspn(sum, " ")] = '\0';
    assert_string_equal(sum, wanted.vocabulary);
    free(sum);
    process_end(&p);
    free(path);
    tmli_buf_deinit(&lines);
}

/* The row whose terms are known; the archive has it elsewhere, so that it is looked for by its rarest word. */
static void check_first_row(const tmli_bag *bag, const tmli_sparse_row *row)
{
    assert_int_equal(row->n, wanted.n_terms);
    for (size_t i = 0; i < row->n; i++) {
        const known_term *const want = &wanted.terms[i];
        assert_true(tmli_str_eq_text(tmli_vocab_term(&bag->vocab, row->columns[i]), want->name));
        assert_near(bag->idf[row->columns[i]], want->idf, as_scikit_learn);
        assert_near(row->values[i], want->weight, as_scikit_learn);
    }
}

static size_t row_with(const tmli_csr *rows, uint32_t column)
{
    for (size_t i = 0; i < rows->n_rows; i++) {
        const tmli_sparse_row row = tmli_csr_row(rows, i);
        for (size_t k = 0; k < row.n; k++) {
            if (row.columns[k] == column) {
                return i;
            }
        }
    }
    fail_msg("no row has column %u", column);
    return 0;
}

static void check_matrix(const job *j, const char *file, bool is_first)
{
    matrix m;
    prepare(&m, file);
    const tmli_bag *const bag = &m.vectorizer.bags[0];
    const tmli_csr *const rows = &m.prepared.parts[TMLI_PART_TRAIN].matrix;
    assert_true((double)rows->n_rows == wanted.rows);
    assert_true((double)rows->n_cols == wanted.words);
    assert_true((double)rows->offsets[rows->n_rows] == wanted.elements);
    double sum = 0;
    for (size_t i = 0; i < rows->offsets[rows->n_rows]; i++) {
        sum += rows->values[i];
    }
    assert_near(sum, wanted.sum, as_scikit_learn);
    check_vocabulary(j, &bag->vocab);
    const size_t known_row =
        is_first ? 0 : row_with(rows, tmli_vocab_find(&bag->vocab, TML_STR("lerxst")));
    const tmli_sparse_row row = tmli_csr_row(rows, known_row);
    check_first_row(bag, &row);
    release(&m);
}

static void the_training_matrix_is_scikit_learns(void **state)
{
    need_data();
    check_matrix(*state, train_csv, true);
    check_matrix(*state, train_tar, false);
}

/* ---- one against the rest ---- */

static void check_curves(const tml_evaluation *evaluation)
{
    unsigned char *const truth = calloc(TEST_ROWS, 1);
    double *const scores = calloc(TEST_ROWS, sizeof *scores);
    assert_non_null(truth);
    assert_non_null(scores);
    assert_int_equal(evaluation->n, TEST_ROWS);
    for (size_t c = 0; c < CLASSES; c++) {
        tmli_curve roc = {0};
        tmli_curve precision = {0};
        for (size_t i = 0; i < evaluation->n; i++) {
            truth[i] = evaluation->truth[i] == c;
            scores[i] = evaluation->probabilities[i * CLASSES + c];
        }
        assert_int_equal(tmli_roc(truth, scores, evaluation->n, &roc, NULL), TML_OK);
        assert_int_equal(tmli_precision_recall(truth, scores, evaluation->n, &precision, NULL),
                         TML_OK);
        assert_near(roc.area, wanted.classes[c].figures[3], as_scikit_learn);
        assert_near(precision.area, wanted.classes[c].figures[4], as_scikit_learn);
        tmli_curve_deinit(&roc);
        tmli_curve_deinit(&precision);
    }
    free(truth);
    free(scores);
}

static void one_against_the_rest_gives_scikit_learns_areas(void **state)
{
    (void)state;
    need_data();
    tml_model *model = NULL;
    tml_fit_report report = {0};
    tml_error err = {0};
    tml_recipe *const recipe = recipe_newsgroups();
    const char *const train_file = train_csv;
    const char *const test_file = test_csv;
    const tml_fit_input input = {
        .train = &train_file, .n_train = 1, .test = &test_file, .n_test = 1};
    const tml_fit_options options = {.n_threads = 2, .keep_evaluation = true};
    if (tml_recipe_set(recipe, TML_STR("one_vs_rest"), TML_STR("true"), &err) != TML_OK ||
        tml_fit(recipe, &input, &options, &model, &report, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    check_curves(&report.evaluation);
    tml_fit_report_deinit(&report);
    tml_model_free(model);
    tml_recipe_free(recipe);
}

/* ---- serving ---- */

typedef struct texts {
    tmli_arena arena;
    tml_str *items; /* [TEST_ROWS] owned */
    uint32_t *truth;
    size_t n;
} texts;

/* The raw messages of the archive. */
static void read_texts(texts *t, const asked *a)
{
    const tmli_reader_options options = {
        .encoding = TMLI_ENCODING_LATIN1, .text = "data", .label = "label_names"};
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    bool has = true;
    *t = (texts){.items = calloc(TEST_ROWS, sizeof(tml_str)),
                 .truth = calloc(TEST_ROWS, sizeof(uint32_t))};
    assert_true(t->items != NULL && t->truth != NULL);
    tmli_arena_init(&t->arena, 1 << 20, 0);
    if (tmli_row_reader_open(test_tar, &options, &reader, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    for (;;) {
        tmli_row row;
        assert_int_equal(tmli_row_next(reader, &row, &has, NULL), TML_OK);
        if (!has) {
            break;
        }
        assert_true(t->n < TEST_ROWS);
        t->truth[t->n] = (uint32_t)asked_label(a, row.label);
        const char *const copy = tmli_arena_copy(&t->arena, row.text);
        assert_non_null(copy);
        t->items[t->n++] = (tml_str){copy, row.text.len};
    }
    tmli_row_reader_free(reader);
}

static void serve_answers_every_test_document_as_the_library_does(void **state)
{
    enum {
        AT_ONCE = 500
    };
    job *const j = *state;
    asked a = {0};
    texts t;
    need_data();
    train(j, train_tar, test_tar, "2");
    asked_start(&a, j);
    read_texts(&t, &a);
    assert_int_equal(t.n, TEST_ROWS);
    double *const probabilities = calloc((size_t)TEST_ROWS * CLASSES, sizeof *probabilities);
    assert_non_null(probabilities);
    asked_offline(&a, t.items, t.n, probabilities);
    size_t n_right = 0;
    for (size_t i = 0; i < t.n; i++) {
        n_right += tml_best(probabilities + i * CLASSES, CLASSES) == t.truth[i];
    }
    assert_true((double)n_right / TEST_ROWS == wanted.accuracy);
    for (size_t i = 0; i < t.n; i += AT_ONCE) {
        const size_t n = t.n - i < AT_ONCE ? t.n - i : AT_ONCE;
        assert_served(&a, t.items + i, n, probabilities + i * CLASSES);
    }
    asked_stop(&a);
    free(probabilities);
    free(t.items);
    free(t.truth);
    tmli_arena_deinit(&t.arena);
}

#define OF_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OF_A_JOB(the_table_gives_scikit_learns_figures),
        OF_A_JOB(the_raw_archives_give_the_same_figures),
        OF_A_JOB(the_artifact_is_the_same_for_any_number_of_threads),
        OF_A_JOB(the_training_matrix_is_scikit_learns),
        cmocka_unit_test(one_against_the_rest_gives_scikit_learns_areas),
        OF_A_JOB(serve_answers_every_test_document_as_the_library_does),
    };
    return cmocka_run_group_tests(tests, read_known, NULL);
}
