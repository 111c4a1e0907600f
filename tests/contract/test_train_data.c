/* What train reads: the layouts that the recipe `news` takes unchanged, compressed files, the channels and where word
 * vectors may lie. Two ways of giving the same rows must give the same artifact, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract/job.h"

/* 20 rows; quotes and commas as headlines have them, some quotes without a partner. */
static const struct {
    const char *title;
    char label;
} headlines[] = {
    {"\"Market bank\" again", 'b'},
    {"Phone, robot \"here", 't'},
    {"\"Film song today", 'e'},
    {"Virus doctor, \"heart\"", 'm'},
    {"Bank: shares' profit", 'b'},
    {"Robot laser 5\" here", 't'},
    {"'Song' actor \"album\" stage", 'e'},
    {"Doctor says \"sleep", 'm'},
    {"Shares, profit, dollar", 'b'},
    {"\"\"Laser\"\" chip", 't'},
    {"Actor album today", 'e'},
    {"Heart sleep vaccine\"", 'm'},
    {"Profit dollar \"today\"", 'b'},
    {"Chip cloud here", 't'},
    {"\"Album\"", 'e'},
    {"Sleep vaccine again", 'm'},
    {"Dollar market", 'b'},
    {"Cloud phone \"\"", 't'},
    {"Stage film, again", 'e'},
    {"\"Vaccine\" virus", 'm'},
};
enum {
    N_HEADLINES = sizeof headlines / sizeof *headlines,
    TEXT_BYTES = 8192
};

/* The original file: 8 fields between tabs, no header line, quotes are characters like others. */
static void write_uci(const job *j, const char *path)
{
    char text[TEXT_BYTES] = "";
    size_t used = 0;
    for (size_t i = 0; i < N_HEADLINES; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "%zu\t%s\thttp://www.example.com/%zu?a=\"b\"\tThe \"Daily\t%c\t"
                                 "dKx%zu\twww.example.com\t13944705%05zu\n",
                                 i + 1, headlines[i].title, i, headlines[i].label, i, i);
    }
    job_write(j, path, text);
}

/* A CSV field in quotes. */
static size_t put_quoted(char *out, const char *text)
{
    size_t n = 0;
    out[n++] = '"';
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            out[n++] = '"';
        }
        out[n++] = *text;
    }
    out[n++] = '"';
    out[n] = '\0';
    return n;
}

/* columns: "t" and "c" and others, in this order; header is its line. */
static void csv_text(char out[TEXT_BYTES], const char *header, const char *columns,
                     const char *line_end)
{
    size_t used = (size_t)snprintf(out, TEXT_BYTES, "%s%s", header, line_end);
    for (size_t i = 0; i < N_HEADLINES; i++) {
        for (const char *c = columns; *c != '\0'; c++) {
            if (c != columns) {
                out[used++] = ',';
            }
            if (*c == 't') {
                used += put_quoted(out + used, headlines[i].title);
            } else {
                out[used++] = *c == 'c' ? headlines[i].label : 'x';
            }
        }
        used += (size_t)snprintf(out + used, TEXT_BYTES - used, "%s", line_end);
    }
}

/* Both files of the artifact, one after the other (free). */
static char *artifact(const job *j, size_t *n)
{
    size_t n_json = 0;
    size_t n_tensors = 0;
    char *const json = job_read(j, "model/textml.json", &n_json);
    char *const tensors = job_read(j, "model/model.safetensors", &n_tensors);
    assert_non_null(json);
    assert_non_null(tensors);
    char *const both = malloc(n_json + n_tensors);
    assert_non_null(both);
    memcpy(both, json, n_json);
    memcpy(both + n_json, tensors, n_tensors);
    free(tensors);
    free(json);
    *n = n_json + n_tensors;
    return both;
}

static char *train_artifact(job *j, size_t *n)
{
    assert_job_trained(j);
    return artifact(j, n);
}

/* Trains and compares with an earlier artifact. */
static void assert_same_artifact(job *j, const char *want, size_t n_want, const char *what)
{
    size_t n = 0;
    char *const got = train_artifact(j, &n);
    const bool is_same = n == n_want && memcmp(got, want, n) == 0;
    free(got);
    if (!is_same) {
        fail_msg("%s: another artifact", what);
    }
}

static double metric(const job *j, const char *path)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const double value = number_at(job_metrics(j, &arena), path);
    tmli_arena_deinit(&arena);
    return value;
}

static void the_original_layout_is_read_with_its_quotes(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/train/rows.csv");
    write_uci(j, "input/data/train/newsCorpora.csv");
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_train") + metric(j, "data.rows_validation"), N_HEADLINES);
    assert_int_equal(metric(j, "data.sequences_replaced"), 0);
}

static void every_layout_of_the_same_rows_gives_the_same_artifact(void **state)
{
    static const struct {
        const char *header;
        const char *columns;
        const char *line_end;
    } layouts[] = {
        {"TITLE,CATEGORY", "tc", "\n"},
        {"title,category", "tc", "\r\n"},
        {"Category,Title", "ct", "\n"},
        {"\xEF\xBB\xBF\"CATEGORY\",\"TITLE\"", "ct", "\n"},
        {"ID,CaTeGoRy,URL, TITLE ,X", "xcxtx", "\n"},
    };
    char text[TEXT_BYTES];
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/train/rows.csv");
    write_uci(j, "input/data/train/newsCorpora.csv");
    char *const want = train_artifact(j, &n);
    job_remove(j, "input/data/train/newsCorpora.csv");
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        csv_text(text, layouts[i].header, layouts[i].columns, layouts[i].line_end);
        job_write(j, "input/data/train/rows.csv", text);
        assert_same_artifact(j, want, n, layouts[i].header);
    }
    free(want);
}

static void compressed_files_are_read_like_others(void **state)
{
    char text[TEXT_BYTES];
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    csv_text(text, "TITLE,CATEGORY", "tc", "\n");
    job_write(j, "input/data/train/rows.csv", text);
    char *const want = train_artifact(j, &n);
    job_remove(j, "input/data/train/rows.csv");
    job_write_gzip(j, "input/data/train/rows.csv.gz", text);
    assert_same_artifact(j, want, n, "rows.csv.gz");
    job_remove(j, "input/data/train/rows.csv.gz");
    job_write_gzip(j, "input/data/train/rows", text); /* known by its bytes */
    assert_same_artifact(j, want, n, "gzip without an ending");
    job_remove(j, "input/data/vectors/small.txt");
    char *const vectors = job_vectors();
    job_write_gzip(j, "input/data/vectors/small.txt.gz", vectors);
    free(vectors);
    assert_same_artifact(j, want, n, "small.txt.gz");
    free(want);
}

static void json_lines_are_read_by_their_keys(void **state)
{
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/train/rows.csv",
              "TITLE,CATEGORY\nmarket bank,b\nphone robot,t\nbank profit,b\nlaser chip,t\n");
    char *const want = train_artifact(j, &n);
    job_remove(j, "input/data/train/rows.csv");
    job_write(j, "input/data/train/rows.jsonl",
              "{\"title\": \"market bank\", \"category\": \"b\"}\n"
              "{\"category\": \"t\", \"title\": \"phone robot\", \"more\": [1, {}]}\n\n"
              "{\"title\": \"bank \\u0070rofit\", \"category\": \"b\"}\n"
              "{\"title\": \"laser chip\", \"category\": \"t\"}");
    assert_same_artifact(j, want, n, "rows.jsonl");
    free(want);
}

static void several_files_are_read_in_the_order_of_their_names(void **state)
{
    char text[TEXT_BYTES];
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    csv_text(text, "TITLE,CATEGORY", "tc", "\n");
    job_write(j, "input/data/train/rows.csv", text);
    char *const want = train_artifact(j, &n);
    job_remove(j, "input/data/train/rows.csv");
    /* The first ten rows as CSV, the others in the original layout: each file says for itself what it is. */
    char *cut = text;
    for (int line = 0; line < 11; line++) {
        cut = strchr(cut, '\n') + 1;
    }
    *cut = '\0';
    job_write(j, "input/data/train/part-00.csv", text);
    write_uci(j, "input/data/train/part-01.tsv");
    char *const uci = job_read(j, "input/data/train/part-01.tsv", NULL);
    char *rest = uci;
    for (int line = 0; line < 10; line++) {
        rest = strchr(rest, '\n') + 1;
    }
    job_write(j, "input/data/train/part-01.tsv", rest);
    free(uci);
    assert_same_artifact(j, want, n, "two files");
    free(want);
}

static void word_vectors_are_found_wherever_they_lie(void **state)
{
    static const char *const places[] = {
        "input/data/vectors/glove.6B.100d.txt",
        "input/data/vectors/anything.vec",
        "input/data/vectors/deep/er/words",
        "input/data/train/glove.6B.100d.txt",
    };
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    char *const want = train_artifact(j, &n);
    char *const vectors = job_vectors();
    job_remove(j, "input/data/vectors/small.txt");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char compressed[128];
        job_write(j, places[i], vectors);
        assert_same_artifact(j, want, n, places[i]);
        job_remove(j, places[i]);
        (void)snprintf(compressed, sizeof compressed, "%s.gz", places[i]);
        job_write_gzip(j, compressed, vectors);
        assert_same_artifact(j, want, n, compressed);
        job_remove(j, compressed);
    }
    free(vectors);
    free(want);
}

/* Vectors that lie among the rows of any channel are not rows. */
static void word_vectors_in_a_channel_of_rows_are_not_rows(void **state)
{
    static const char *const channels[] = {"train", "validation", "test"};
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/vectors/small.txt");
    char *const vectors = job_vectors();
    char *const rows = job_rows(8);
    job_write(j, "input/data/validation/rows.csv", rows);
    job_write(j, "input/data/test/rows.csv", rows);
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "input/data/%s/glove.6B.100d.txt", channels[i]);
        job_write(j, path, vectors);
        assert_job_trained(j);
        assert_int_equal(metric(j, "data.rows_train"), 40);
        assert_int_equal(metric(j, "data.rows_validation"), 8);
        assert_int_equal(metric(j, "data.rows_test"), 8);
        assert_int_equal(metric(j, "data.words_with_vectors"), 23);
        job_remove(j, path);
    }
    free(rows);
    free(vectors);
}

static void the_channel_training_is_another_name_of_train(void **state)
{
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    char *const want = train_artifact(j, &n);
    char *const rows = job_rows(40);
    job_remove(j, "input/data/train/rows.csv");
    char *const dir = job_path(j, "input/data/train");
    assert_int_equal(remove(dir), 0);
    free(dir);
    job_write(j, "input/data/training/rows.csv", rows);
    free(rows);
    assert_same_artifact(j, want, n, "training");
    free(want);
}

static void a_validation_channel_takes_the_place_of_the_split(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write_rows(j, "input/data/validation/rows.csv", 12);
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_train"), 40);
    assert_int_equal(metric(j, "data.rows_validation"), 12);
    assert_int_equal(metric(j, "validation.rows"), 12);
    assert_int_equal(metric(j, "validation.macro.support"), 12);
}

static void a_channel_without_files_is_passed_over_with_a_warning(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/validation/.gitkeep", "");
    job_write(j, "input/data/test/empty.csv", "");
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_train"), 32);
    assert_complained(j, "train: warning: channel validation: $ROOT/input/data/validation holds no "
                         "data file: the recipe's data.split takes its place\n"
                         "train: warning: channel test: $ROOT/input/data/test holds no data file: "
                         "nothing is scored at the end\n");
}

static void labels_without_training_rows_are_told(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/train/rows.csv",
              "TITLE,CATEGORY\nmarket bank,b\nphone robot,t\nbank profit,b\nlaser chip,t\n");
    job_hyperparameters(j, ", \"validation_split\": \"0\"");
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.labels_untrained"), 2);
    assert_complained(j, "train: warning: 2 of 4 labels were not learned, as no training row has "
                         "them, \"Entertainment\" for one: add rows, or give a validation channel "
                         "if the split took them\n");
}

static void the_test_channel_is_scored_once_at_the_end(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write_rows(j, "input/data/test/rows.csv", 16);
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_test"), 16);
    assert_int_equal(metric(j, "test.rows"), 16);
    assert_true(metric(j, "test.accuracy") > 0.9);
    char *const out = process_stdout(&j->train);
    const char *const line = strstr(out, "final:test:accuracy=");
    assert_non_null(line);
    assert_null(strstr(line + 1, "final:test:accuracy="));
    assert_null(strstr(line, "\nepoch="));
    free(out);
}

/* The test rows must not reach the model. */
static void the_test_channel_does_not_change_the_artifact(void **state)
{
    size_t n = 0;
    job *const j = *state;
    job_fill(j);
    char *const want = train_artifact(j, &n);
    job_write(j, "input/data/test/rows.csv", "TITLE,CATEGORY\nother words,b\nbank market,t\n");
    assert_same_artifact(j, want, n, "with a test channel");
    free(want);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_JOB(the_original_layout_is_read_with_its_quotes),
        IN_A_JOB(every_layout_of_the_same_rows_gives_the_same_artifact),
        IN_A_JOB(compressed_files_are_read_like_others),
        IN_A_JOB(json_lines_are_read_by_their_keys),
        IN_A_JOB(several_files_are_read_in_the_order_of_their_names),
        IN_A_JOB(word_vectors_are_found_wherever_they_lie),
        IN_A_JOB(word_vectors_in_a_channel_of_rows_are_not_rows),
        IN_A_JOB(the_channel_training_is_another_name_of_train),
        IN_A_JOB(a_validation_channel_takes_the_place_of_the_split),
        IN_A_JOB(a_channel_without_files_is_passed_over_with_a_warning),
        IN_A_JOB(labels_without_training_rows_are_told),
        IN_A_JOB(the_test_channel_is_scored_once_at_the_end),
        IN_A_JOB(the_test_channel_does_not_change_the_artifact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
