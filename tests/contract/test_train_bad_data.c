/* Data that cannot be learned from, and a disk without room: each with the exact sentence in the failure file and on
 * stderr, and a model directory that stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "contract/job.h"

#define ROWS "$ROOT/input/data/train/rows.csv"
#define VECTORS "$ROOT/input/data/vectors/small.txt"

static void rows_that_cannot_be_right_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"", "channel train: $ROOT/input/data/train holds no data file (empty files do not "
             "count): put files of rows there (CSV, TSV or JSON Lines)"},
        {"\n\n", ROWS ": empty, expected rows with a text and a label"},
        {"TITLE,CATEGORY\n",
         ROWS ": a header line without rows, expected rows with a text and a label"},
        {"TITLE,KIND\nbank,b\n",
         ROWS ":1:1: no column \"category\"; the columns are TITLE, KIND (set label=NAME)"},
        {"TITLE,CATEGROY\nbank,b\n",
         ROWS ":1:1: no column \"category\"; the columns are TITLE, CATEGROY: did you mean "
              "\"CATEGROY\"? (set label=NAME)"},
        {"TITEL,CATEGORY\nbank,b\n",
         ROWS ":1:1: no column \"title\"; the columns are TITEL, CATEGORY: did you mean "
              "\"TITEL\"? (set text=NAME)"},
        {"TITLE,CATEGORY\nbank,b\nbank,t\nbank,b\n",
         ROWS ":3: label \"t\" appears once only, a class needs at least 2 rows: add rows, or "
              "correct or remove this one"},
        {"TITLE,CATEGORY\nbank,b\nbank,b\n",
         ROWS ":2: label \"b\" is the only one in the training rows, a classifier needs at least "
              "two: add rows of another label"},
        {"TITLE,CATEGORY\nbank,b\nbank,z\n",
         ROWS ":3:2: label \"z\" is not one of b, t, e, m (data.labels): correct it, add it to "
              "data.labels, or say labels=none for labels as the data have them"},
        {"TITLE,CATEGORY\nbank,b\nbank,\n",
         ROWS ":3:2: the label is empty: fill it in, or leave the row out"},
        {"TITLE,CATEGORY\nbank,b\nbank, profit,b\n",
         ROWS ":3:1: 3 fields, expected 2 as in line 1 (a field that holds a comma must be "
              "quoted)"},
        {"TITLE,CATEGORY\nbank,b\nbank\n", ROWS ":3:1: 1 field, expected 2 as in line 1"},
        {"TITLE,CATEGORY\nbank,b\n\"bank,b\nphone,t\n",
         ROWS ":3:1: the quote that opens here is never closed (a quote inside quotes is doubled)"},
        {"TITLE,CATEGORY\n...,b\n?,t\n,b\n!,t\n",
         "the training texts hold no words: check data.text, text.normalize and text.tokenizer"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_write(j, "input/data/train/rows.csv", cases[i].text);
        assert_job_refused(j, cases[i].sentence);
    }
}

static void a_column_that_does_not_exist_suggests_the_nearest(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"label\": \"CATEGROY\"");
    assert_job_refused(j, ROWS ":1:1: no column \"CATEGROY\"; the columns are TITLE, CATEGORY: did "
                               "you mean \"CATEGORY\"? (set label=NAME)");
    job_hyperparameters(j, ", \"weight\": \"importance\"");
    assert_job_refused(j, ROWS ":1:1: no column \"importance\"; the columns are TITLE, CATEGORY "
                               "(set weight=NAME)");
}

static void json_lines_that_cannot_be_right_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"{\"title\": \"a\", \"category\": \"b\"}\n{\"title\": \"a\", \"categroy\": \"b\"}\n",
         "$ROOT/input/data/train/rows.jsonl:2:1: no key \"category\"; the keys are title, "
         "categroy: did you mean \"categroy\"? (set label=NAME)"},
        {"{\"title\": \"a\", \"category\": \"b\"}\n{\"title\": 5, \"category\": \"b\"}\n",
         "$ROOT/input/data/train/rows.jsonl:2:1: \"title\" is a number, expected a string"},
        {"{\"title\": \"a\", \"category\": \"z\"}\n",
         "$ROOT/input/data/train/rows.jsonl:1: label \"z\" is not one of b, t, e, m (data.labels): "
         "correct it, add it to data.labels, or say labels=none for labels as the data have them"},
    };
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/train/rows.csv");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_write(j, "input/data/train/rows.jsonl", cases[i].text);
        assert_job_refused(j, cases[i].sentence);
    }
}

static void other_channels_are_checked_as_well(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/validation/v.csv", "TITLE,CATEGORY\n");
    assert_job_refused(j, "$ROOT/input/data/validation/v.csv: a header line without rows, expected "
                          "rows with a text and a label");
    job_write(j, "input/data/validation/v.csv", "TITLE,CATEGORY\nbank,bb\n");
    assert_job_refused(
        j, "$ROOT/input/data/validation/v.csv:2:2: label \"bb\" is not one of b, t, "
           "e, m (data.labels): correct it, add it to data.labels, or say labels=none for "
           "labels as the data have them");
    job_write(j, "input/data/validation/v.csv", "TITLE,CATEGORY\nbank,b\n");
    job_write(j, "input/data/test/t.csv", "TITLE,CATEGORY\nbank,b\nbank\n");
    assert_job_refused(j, "$ROOT/input/data/test/t.csv:3:1: 1 field, expected 2 as in line 1");
}

/* Without a map of labels the training rows say which there are. */
static void a_label_that_training_did_not_have_is_refused(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"labels\": \"{}\"");
    job_write(j, "input/data/validation/v.csv", "TITLE,CATEGORY\nbank,x\n");
    assert_job_refused(j, "$ROOT/input/data/validation/v.csv:2:2: label \"x\" is not one of b, t, "
                          "e, m (those of the training rows): correct it, or add training rows "
                          "with it");
}

static void bytes_that_are_not_utf8_are_read_counted_and_reported(void **state)
{
    job *const j = *state;
    job_fill(j);
    char *const rows = job_rows(40);
    char *const more = calloc(1, strlen(rows) + 64);
    assert_non_null(more);
    (void)snprintf(more, strlen(rows) + 64, "%smarket \xff\xfe bank,b\nbank \xe2\x82 profit,b\n",
                   rows);
    job_write(j, "input/data/train/rows.csv", more);
    free(rows);
    free(more);
    assert_job_trained(j);
    assert_complained(j, "train: warning: 3 byte sequences are not UTF-8 and were read as "
                         "U+FFFD: check the files' encoding (encoding=latin-1 reads ISO-8859-1)\n");
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const metrics = job_metrics(j, &arena);
    assert_int_equal(number_at(metrics, "data.sequences_replaced"), 3);
    assert_int_equal(
        number_at(metrics, "data.rows_train") + number_at(metrics, "data.rows_validation"), 42);
    tmli_arena_deinit(&arena);
}

/* ---- word vectors ----------------------------------------------------------------------------- */

static void vectors_that_cannot_be_found_are_refused_with_the_remedies(void **state)
{
    static const char sentence[] =
        "word vectors: no file \"%s\" (or with .gz) in the channels %s: put it into a channel "
        "\"vectors\", name another file with vectors=FILE, or learn the vectors from the data "
        "with vectors=none and trainable=true";
    char want[512];
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/vectors/other.txt", "bank 1 2 3 4\n");
    (void)snprintf(want, sizeof want, sentence, "glove.6B.100d.txt", "train, vectors");
    assert_job_refused(j, want); /* two files, none of that name */
    job_remove(j, "input/data/vectors/other.txt");
    job_remove(j, "input/data/vectors/small.txt");
    assert_job_refused(j, want);
    job_hyperparameters(j, ", \"vectors\": \"mine.txt\"");
    (void)snprintf(want, sizeof want, sentence, "mine.txt", "train, vectors");
    assert_job_refused(j, want);
}

static void vectors_that_cannot_be_right_are_refused_with_their_line(void **state)
{
    static const struct {
        const char *text;
        const char *sentence;
    } cases[] = {
        {"market 1 2 3 4\nbank 1 2 3\n",
         VECTORS ":2: 3 numbers behind the word, expected 4 (set dims, or take the file "
                 "with 4 dimensions)"},
        {"market 1 2 3 4\nbank 1 2 3 4 5\n",
         VECTORS ":2: 5 numbers behind the word, expected 4 (set dims, or take the file "
                 "with 4 dimensions)"},
        {"2 5\nmarket 1 2 3 4 5\nbank 1 2 3 4 5\n",
         VECTORS ":1: 5 dimensions, expected 4 (set dims, or take the file with 4 "
                 "dimensions)"},
        {"3 4\nmarket 1 2 3 4\n", VECTORS ": 1 words, line 1 promises 3: the file is cut short"},
        {"market 1 2 x 4\n", VECTORS ":1: \"x\" is not a finite number (number 3 of 4)"},
        {"market 1 2 nan 4\n", VECTORS ":1: \"nan\" is not a finite number (number 3 of 4)"},
        {"market\n",
         VECTORS ":1: 0 numbers behind the word, expected 4 (set dims, or take the file with "
                 "4 dimensions)"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_write(j, "input/data/vectors/small.txt", cases[i].text);
        assert_job_refused(j, cases[i].sentence);
    }
}

static void a_gzip_file_that_is_cut_short_is_refused(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/vectors/small.txt");
    char *const vectors = job_vectors();
    job_write_gzip(j, "input/data/vectors/small.txt.gz", vectors);
    free(vectors);
    size_t n = 0;
    char *const bytes = job_read(j, "input/data/vectors/small.txt.gz", &n);
    job_write_bytes(j, "input/data/vectors/small.txt.gz", bytes, n / 2);
    free(bytes);
    assert_job_refused(j, VECTORS ".gz: the gzip data are cut short");
}

/* ---- no room ---------------------------------------------------------------------------------- */

/* A small tmpfs over the model directory; false when the system does not let us. */
static bool mount_over_model(job *j, const char *options)
{
    char *const dir = job_path(j, "model");
    const bool is_mounted = mount("tmpfs", dir, "tmpfs", 0, options) == 0;
    if (!is_mounted) {
        (void)fprintf(stderr,
                      "SKIPPED: mounting a tmpfs over %s: %s: the tests of a full disk need root\n",
                      dir, strerror(errno));
    }
    free(dir);
    return is_mounted;
}

static int unmount_and_tear_down(void **state)
{
    job *const j = *state;
    char *const dir = job_path(j, "model");
    (void)umount2(dir, MNT_DETACH);
    free(dir);
    return job_teardown(state);
}

static void a_full_disk_is_refused_and_leaves_nothing_behind(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/config/hyperparameters.json",
              "{\"dims\": \"4\", \"length\": \"100\", \"hidden\": \"[64]\", \"epochs\": \"1\"}");
    if (!mount_over_model(j, "size=64k")) {
        skip();
    }
    job_keep(j);
    assert_job_refused(j, "$ROOT/model/model.safetensors: No space left on device; the model takes "
                          "104789 bytes and the right to write in $ROOT/model");
}

/* The tensors fit, textml.json does not: neither may appear. */
static void a_disk_that_fills_up_at_the_last_file_keeps_neither(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/config/hyperparameters.json",
              "{\"dims\": \"4\", \"length\": \"50\", \"hidden\": \"[64]\", \"epochs\": \"1\"}");
    if (!mount_over_model(j, "size=60k")) {
        skip();
    }
    job_keep(j);
    assert_job_refused(j, "$ROOT/model/textml.json: No space left on device; the model takes "
                          "53589 bytes and the right to write in $ROOT/model");
}

static void a_model_directory_that_cannot_be_made_is_refused(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "file", "in the way\n");
    char *const dir = job_path(j, "file/model");
    const char *const args[] = {"--model-dir", dir, NULL};
    (void)job_train(j, args);
    free(dir);
    assert_int_equal(j->train.exit, 1);
    char *const want = job_path(j, "file");
    char *const failure = job_read(j, "output/failure", NULL);
    assert_non_null(failure);
    assert_int_equal(strncmp(failure, want, strlen(want)), 0);
    char *const out = process_stdout(&j->train);
    assert_string_equal(out, ""); /* before any row was read */
    free(out);
    free(want);
    free(failure);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)
#define UNDER_A_MOUNT(test) cmocka_unit_test_setup_teardown(test, job_setup, unmount_and_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_JOB(rows_that_cannot_be_right_are_refused_with_their_place),
        IN_A_JOB(a_column_that_does_not_exist_suggests_the_nearest),
        IN_A_JOB(json_lines_that_cannot_be_right_are_refused_with_their_line),
        IN_A_JOB(other_channels_are_checked_as_well),
        IN_A_JOB(a_label_that_training_did_not_have_is_refused),
        IN_A_JOB(bytes_that_are_not_utf8_are_read_counted_and_reported),
        IN_A_JOB(vectors_that_cannot_be_found_are_refused_with_the_remedies),
        IN_A_JOB(vectors_that_cannot_be_right_are_refused_with_their_line),
        IN_A_JOB(a_gzip_file_that_is_cut_short_is_refused),
        UNDER_A_MOUNT(a_full_disk_is_refused_and_leaves_nothing_behind),
        UNDER_A_MOUNT(a_disk_that_fills_up_at_the_last_file_keeps_neither),
        IN_A_JOB(a_model_directory_that_cannot_be_made_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
