/* The recipe `newsgroups` with options and data that cannot be right: each with the exact sentence in the failure file and
 * on stderr, exit code 1, and a model directory that stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/job.h"

enum {
    ARGS_MAX = 16
};

#define TRAIN "$ROOT/input/data/train"

static const char rows[] = "data,label_names\n"
                           "red apple pie,food\ngreen apple tart,food\n"
                           "red ball game,sport\ngreen ball match,sport\n";

/* Options are separated by blanks; "$ROOT" in them is replaced. The run is to end with this sentence. */
static void assert_options_refused(job *j, const char *options, const char *sentence)
{
    const char *args[ARGS_MAX + 1] = {"--recipe", "newsgroups", "--text.normalize", "lower"};
    size_t n = 4;
    char *const text = job_expand(j, options);
    char *rest = text;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(n < ARGS_MAX);
        args[n++] = word;
    }
    (void)job_train(j, args);
    assert_refused(j, sentence);
    free(text);
}

typedef struct bad_options {
    const char *options;
    const char *sentence;
} bad_options;

static void assert_each_refused(job *j, const bad_options *cases, size_t n)
{
    job_write(j, "input/data/train/rows.csv", rows);
    for (size_t i = 0; i < n; i++) {
        assert_options_refused(j, cases[i].options, cases[i].sentence);
    }
}

#define ALL_REFUSED(j, cases) assert_each_refused(j, cases, sizeof(cases) / sizeof *(cases))

static void options_out_of_range_are_refused(void **state)
{
    static const bad_options cases[] = {
        {"--alpha 0", "alpha: \"0\" is not a number in 1e-10..1000000000"},
        {"--alpha -1", "alpha: \"-1\" is not a number in 1e-10..1000000000"},
        {"--alpha nan", "alpha: \"nan\" is not a number in 1e-10..1000000000"},
        {"--min_df 3 --max_df 2", "min_df: 3 is above max_df, 2: lower min_df or raise max_df"},
        {"--min_df 0.9 --max_df 0.5",
         "min_df: 0.9 is above max_df, 0.5: lower min_df or raise max_df"},
        {"--min_df 1.5",
         "min_df: \"1.5\" is neither a number of documents (2) nor a share of them in 0..1 (0.01, "
         "1%)"},
        {"--ngram_range 2,1", "ngram_range: [2, 1] is upside down: the smaller number comes first"},
        {"--ngram_range 0,1", "ngram_range: \"0\" is not a whole number in 1..64"},
        {"--variant bernouli", "variant: \"bernouli\" is not one of multinomial, complement, "
                               "bernoulli; did you mean \"bernoulli\"?"},
        {"--model.norm true", "newsgroups: model.norm: only model.variant complement has it: take "
                              "that variant, or leave model.norm out"},
        {"--class_prior {\"food\":0.5,\"sporty\":0.5}",
         "model.class_prior: the data have no label \"sporty\""},
        {"--class_prior {\"food\":0.5,\"sport\":0.6}",
         "class priors: they add up to 1.1, expected 1"},
        {"--n_features 16 --alternate_sign false --max_features 5",
         "max_features: 5, but hashed features have no vocabulary to cut (lower n_features)"},
    };
    ALL_REFUSED(*state, cases);
}

/* Counts below 0 would come from signed hashing alone. */
static void negative_counts_are_refused_before_any_row_is_read(void **state)
{
    static const bad_options cases[] = {
        {"--n_features 1024",
         "newsgroups: features.0.alternate_sign: naive Bayes cannot take the negative values of "
         "signed hashing: set alternate_sign=false"},
    };
    ALL_REFUSED(*state, cases);
}

static void what_empties_the_vocabulary_is_named(void **state)
{
    static const bad_options cases[] = {
        {"--min_df 5",
         "vocabulary: nothing can be left: min_df 5 calls for 5 of 4 training documents, max_df "
         "1.0 allows 4 (lower min_df or raise max_df)"},
        {"--min_df 3",
         "vocabulary: nothing is left: min_df 3 drops all 8 terms of 4 training documents (lower "
         "min_df)"},
        {"--max_df 0.1",
         "vocabulary: nothing can be left: min_df 1 calls for 1 of 4 training documents, max_df "
         "0.1 allows 0.4 (lower min_df or raise max_df)"},
        {"--min_df 0.0 --max_df 0.1",
         "vocabulary: nothing is left: max_df 0.1 drops all 8 terms of 4 training documents "
         "(raise max_df)"},
        {"--min_df 0.9 --max_df 1",
         "vocabulary: nothing can be left: min_df 0.9 calls for 3.6 of 4 training documents, "
         "max_df 1 allows 1 (lower min_df or raise max_df)"},
        {"--stop_words red,green,apple,ball,pie,tart,game,match",
         "vocabulary: nothing is left: none of 4 training documents has a token (are they empty, "
         "only stop_words, or dropped by text.normalize?)"},
        {"--ngram_range 4,6",
         "vocabulary: nothing is left: none of 4 training documents has 4 tokens or characters in "
         "a row (lower ngram_range, see stop_words)"},
    };
    ALL_REFUSED(*state, cases);
}

#define EXPECTED_WORDS                                                                           \
    "expected english, nltk, none, a list of words, or the name of a file, with a . or /, that " \
    "holds them one a line"

static void stop_words_and_stemmers_that_do_not_exist_are_refused(void **state)
{
    static const bad_options cases[] = {
        {"--stop_words $ROOT/words.txt",
         "text.stop_words: $ROOT/words.txt is not a file; " EXPECTED_WORDS},
        {"--stop_words $ROOT/blank.txt", "$ROOT/blank.txt: expected stop words, one a line"},
        {"--stop_words nlkt",
         "text.stop_words: no list is called \"nlkt\"; did you mean \"nltk\"?"},
        {"--stop_words french", "text.stop_words: no list is called \"french\"; " EXPECTED_WORDS},
        {"--text.normalize drop_stop_words --stop_words none",
         "normalize: step 1 is drop_stop_words, but there are no stop words; give a list or leave "
         "the step out"},
        {"--stem klingon", "stem: there is no stemmer \"klingon\"; expected the English name of a "
                           "language, as \"arabic\" or \"english\""},
        {"--stem englsh", "stem: there is no stemmer \"englsh\"; did you mean \"english\"?"},
        {"--stem english --tokenizer char",
         "stem: tokenizer char gives no words to stem; take another or leave stem out"},
    };
    job_write(*state, "blank.txt", "\n \n");
    ALL_REFUSED(*state, cases);
}

static void one_class_is_not_enough(void **state)
{
    job *const j = *state;
    job_write(j, "input/data/train/rows.csv", "data,label_names\nred apple,food\ngreen pie,food\n");
    assert_options_refused(j, "",
                           TRAIN
                           "/rows.csv:2: label \"food\" is the only one in the training "
                           "rows, a classifier needs at least two: add rows of another label");
}

/* A single folder may be a prefix of data files without endings: only its content tells. */
static void a_single_class_folder_is_told_what_class_folders_are(void **state)
{
    job *const j = *state;
    job_write(j, "input/data/train/food/1", "red apple pie\n");
    job_write(j, "input/data/train/food/2", "green apple tart\n");
    assert_options_refused(
        j, "",
        TRAIN
        "/food/1:1:1: no column \"data\"; the columns are red apple pie (set text=NAME, or "
        "data.header=NAMES, as many as columns, for a file without a header line; texts that are "
        "files go into folders, <class>/<file>, of two classes or more)");
    assert_options_refused(j, "--format folders",
                           TRAIN "/food/1: neither a tar archive nor a file in class folders: "
                                 "expected <class>/<file>, two classes or more, or an archive of "
                                 "them");
}

static void a_folder_without_classes_is_refused(void **state)
{
    job *const j = *state;
    job_write(j, "input/data/train/first", "red apple pie\n");
    job_write(j, "input/data/train/second", "green ball\n");
    assert_options_refused(j, "--format folders",
                           TRAIN "/first: neither a tar archive nor a file in class folders: "
                                 "expected <class>/<file>, two classes or more, or an archive of "
                                 "them");
    job_remove(j, "input/data/train/first");
    job_remove(j, "input/data/train/second");
    assert_options_refused(j, "--format folders",
                           "channel train: " TRAIN " holds no data file (empty files do not "
                           "count): put files of rows there (CSV, TSV or JSON Lines)");
}

static void files_beside_class_folders_are_refused(void **state)
{
    job *const j = *state;
    job_write(j, "input/data/train/food/1", "red apple pie\n");
    job_write(j, "input/data/train/sport/1", "red ball\n");
    job_write(j, "input/data/train/stray", "green ball\n");
    assert_options_refused(j, "",
                           TRAIN
                           "/stray: beside class folders such as food: expected nothing but "
                           "folders there: put it into the folder of its class, or elsewhere");
}

/* ---- archives: a header of 512 bytes, the text, zeros up to a multiple of 512; two blocks of zeros at the end ---- */

enum {
    BLOCK = 512,
    TAR_MAX = 32 * BLOCK
};

typedef struct tape {
    char bytes[TAR_MAX];
    size_t n;
} tape;

static void tape_add(tape *t, const char *name, const char *text)
{
    char *const header = t->bytes + t->n;
    const size_t n = strlen(text);
    assert_true(t->n + 2 * BLOCK + n <= TAR_MAX);
    memset(header, 0, BLOCK);
    (void)snprintf(header, 100, "%s", name);
    (void)snprintf(header + 100, 8, "%07o", 0644);
    (void)snprintf(header + 124, 12, "%011o", (unsigned)n);
    (void)snprintf(header + 257, 8, "ustar");
    memcpy(header + 263, "00", 2);
    header[156] = '0';
    memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        sum += (unsigned char)header[i];
    }
    (void)snprintf(header + 148, 8, "%06o", sum);
    memset(header + BLOCK, 0, (n + BLOCK - 1) / BLOCK * BLOCK);
    memcpy(header + BLOCK, text, n);
    t->n += BLOCK + (n + BLOCK - 1) / BLOCK * BLOCK;
}

static void archives_that_cannot_be_right_are_refused(void **state)
{
    job *const j = *state;
    tape *const t = calloc(1, sizeof *t);
    assert_non_null(t);
    tape_add(t, "news/food/1", "red apple pie\n");
    tape_add(t, "news/food/../../../etc/passwd", "green apple tart\n");
    job_write_bytes(j, "input/data/train/news.tar", t->bytes, t->n + 2 * BLOCK);
    assert_options_refused(j, "",
                           TRAIN "/news.tar: news/food/../../../etc/passwd: a path that climbs out "
                                 "of the archive (absolute, or with ..), which is refused");
    memset(t, 0, sizeof *t);
    tape_add(t, "/etc/passwd", "green apple tart\n");
    job_write_bytes(j, "input/data/train/news.tar", t->bytes, t->n + 2 * BLOCK);
    assert_options_refused(j, "",
                           TRAIN "/news.tar: /etc/passwd: a path that climbs out of the archive "
                                 "(absolute, or with ..), which is refused");
    memset(t, 0, sizeof *t);
    tape_add(t, "news/food/1", "red apple pie\n");
    tape_add(t, "news/sport/1", "red ball game\n");
    job_write_bytes(j, "input/data/train/news.tar", t->bytes, t->n - BLOCK + 4);
    assert_options_refused(j, "",
                           TRAIN "/news.tar: news/sport/1: cut short: the archive ends 10 bytes "
                                 "before the member does");
    memset(t, 0, sizeof *t);
    tape_add(t, "food/1", "red apple pie\n");
    tape_add(t, "food/2", "green apple pie\n");
    job_write_bytes(j, "input/data/train/news.tar", t->bytes, t->n + 2 * BLOCK);
    assert_options_refused(j, "",
                           TRAIN
                           "/news.tar:1: label \"food\" is the only one in the training "
                           "rows, a classifier needs at least two: add rows of another label");
    memset(t, 0, sizeof *t);
    tape_add(t, "first", "red apple pie\n");
    job_write_bytes(j, "input/data/train/news.tar", t->bytes, t->n + 2 * BLOCK);
    assert_options_refused(j, "",
                           TRAIN
                           "/news.tar: first: in no class folder: expected <class>/<file>: "
                           "put it into the folder of its class, or leave it out; a table is not "
                           "read from an archive: unpack it");
    free(t);
}

/* Not refused: they may be meant. */
static void labels_that_differ_in_case_alone_are_told(void **state)
{
    static const char *const args[] = {"--recipe", "newsgroups", "--text.normalize", "lower", NULL};
    job *const j = *state;
    job_write(j, "input/data/train/rows.csv",
              "data,label_names\n"
              "red apple,Food\ngreen apple,Food\nred pie,food\ngreen tart, food \n");
    (void)job_train(j, args);
    assert_trained(j);
    assert_complained(j, "train: warning: labels \"Food\" and \"food\" differ in case alone "
                         "and were learned as two: write them alike if one is meant\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(options_out_of_range_are_refused, job_setup, job_teardown),
        cmocka_unit_test_setup_teardown(negative_counts_are_refused_before_any_row_is_read,
                                        job_setup, job_teardown),
        cmocka_unit_test_setup_teardown(what_empties_the_vocabulary_is_named, job_setup,
                                        job_teardown),
        cmocka_unit_test_setup_teardown(stop_words_and_stemmers_that_do_not_exist_are_refused,
                                        job_setup, job_teardown),
        cmocka_unit_test_setup_teardown(one_class_is_not_enough, job_setup, job_teardown),
        cmocka_unit_test_setup_teardown(a_single_class_folder_is_told_what_class_folders_are,
                                        job_setup, job_teardown),
        cmocka_unit_test_setup_teardown(a_folder_without_classes_is_refused, job_setup,
                                        job_teardown),
        cmocka_unit_test_setup_teardown(files_beside_class_folders_are_refused, job_setup,
                                        job_teardown),
        cmocka_unit_test_setup_teardown(labels_that_differ_in_case_alone_are_told, job_setup,
                                        job_teardown),
        cmocka_unit_test_setup_teardown(archives_that_cannot_be_right_are_refused, job_setup,
                                        job_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
