/* The real 20 newsgroups data through the row reader: archives and tables give the rows that Python finds in them. Says
 * so on stderr when the data are not there. */
#include "pipeline/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "support/golden.h"

enum {
    CLASSES = 20,
    TEXTS_MAX = 128,
    NAME_BYTES = 64,
};

typedef struct class_counts {
    char name[NAME_BYTES];
    size_t want[2]; /* of train, test-public */
} class_counts;

typedef struct known_text {
    char file[NAME_BYTES];
    char label[NAME_BYTES];
    uint64_t row;
    size_t n_bytes;
    uint32_t crc;
} known_text;

typedef struct golden_data {
    class_counts classes[CLASSES];
    known_text texts[TEXTS_MAX];
    size_t n_texts;
} golden_data;

/* CRC-32 as zlib's, a bit at a time. */
static uint32_t crc_of(tml_str text)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < text.len; i++) {
        crc ^= (unsigned char)text.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (UINT32_C(0xEDB88320) & (0 - (crc & 1)));
        }
    }
    return ~crc;
}

/* The next line's fields, cut at tabs; false at the end. */
static bool next_line(FILE *file, char line[256], char *fields[], size_t n)
{
    char *rest = NULL;
    if (fgets(line, 256, file) == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        char *const field = strtok_r(i == 0 ? line : NULL, "\t\n", &rest);
        assert_non_null(field);
        fields[i] = field != NULL ? field : line; /* clang-tidy does not know that cmocka leaves */
    }
    return true;
}

static void load_golden(golden_data *g)
{
    char line[256] = "";
    char *fields[5] = {line, line, line, line, line};
    FILE *file = fopen(TML_GOLDEN_DIR "/newsgroups/counts", "r");
    assert_non_null(file);
    for (size_t i = 0; i < CLASSES; i++) {
        class_counts *c = &g->classes[i];
        assert_true(next_line(file, line, fields, 3));
        (void)snprintf(c->name, NAME_BYTES, "%s", fields[0]);
        c->want[0] = strtoul(fields[1], NULL, 10);
        c->want[1] = strtoul(fields[2], NULL, 10);
    }
    (void)fclose(file);
    file = fopen(TML_GOLDEN_DIR "/newsgroups/texts", "r");
    assert_non_null(file);
    for (; next_line(file, line, fields, 5); g->n_texts++) {
        known_text *t = &g->texts[g->n_texts];
        assert_true(g->n_texts < TEXTS_MAX);
        (void)snprintf(t->file, NAME_BYTES, "%s", fields[0]);
        t->row = strtoull(fields[1], NULL, 10);
        (void)snprintf(t->label, NAME_BYTES, "%s", fields[2]);
        t->n_bytes = strtoul(fields[3], NULL, 10);
        t->crc = (uint32_t)strtoul(fields[4], NULL, 16);
    }
    (void)fclose(file);
    assert_true(g->n_texts > 40);
}

/* Path of a shared file, or false with a line on stderr. */
static bool find_file(const char *name, char out[1024])
{
    const char *dir = getenv("TML_SHARED_DATA");
    (void)snprintf(out, 1024, "%s/20newsgroups/%s", dir != NULL ? dir : TML_SHARED_DATA_DIR, name);
    if (!tmli_is_file(out)) {
        (void)fprintf(stderr, "SKIPPED: %s is not there (set TML_SHARED_DATA)\n", out);
        return false;
    }
    return true;
}

static size_t class_of(const golden_data *g, tml_str label)
{
    for (size_t i = 0; i < CLASSES; i++) {
        if (strlen(g->classes[i].name) == label.len &&
            memcmp(g->classes[i].name, label.data, label.len) == 0) {
            return i;
        }
    }
    fail_msg("no class %.*s", (int)label.len, label.data);
    return 0;
}

/* Compares the row with what is known of it; true when something is. */
static bool check_text(const golden_data *g, const char *file, uint64_t number, const tmli_row *row)
{
    for (size_t i = 0; i < g->n_texts; i++) {
        const known_text *t = &g->texts[i];
        if (t->row == number && strcmp(t->file, file) == 0) {
            assert_int_equal(row->text.len, t->n_bytes);
            assert_int_equal(crc_of(row->text), t->crc);
            assert_int_equal(class_of(g, row->label),
                             class_of(g, (tml_str){t->label, strlen(t->label)}));
            return true;
        }
    }
    return false;
}

/* Every row of a file; part: 0 train, 1 test-public. */
static void check_file(const golden_data *g, const char *file, size_t part,
                       const tmli_reader_options *options)
{
    char path[1024];
    size_t counts[CLASSES] = {0};
    size_t n_known = 0;
    size_t n_wanted = 0;
    tmli_row_reader *reader = NULL;
    if (!find_file(file, path)) {
        return;
    }
    assert_int_equal(tmli_row_reader_open(path, options, &reader, NULL), TML_OK);
    for (uint64_t number = 1;; number++) {
        tmli_row row;
        bool has = false;
        assert_int_equal(tmli_row_next(reader, &row, &has, NULL), TML_OK);
        if (!has) {
            break;
        }
        counts[class_of(g, row.label)]++;
        n_known += check_text(g, file, number, &row);
    }
    assert_int_equal(tmli_row_reader_replaced(reader), 0);
    tmli_row_reader_free(reader);
    for (size_t i = 0; i < CLASSES; i++) {
        assert_int_equal(counts[i], g->classes[i].want[part]);
    }
    for (size_t i = 0; i < g->n_texts; i++) {
        n_wanted += strcmp(g->texts[i].file, file) == 0;
    }
    assert_true(n_wanted > 0);
    assert_int_equal(n_known, n_wanted);
}

static void archives_give_the_rows_that_python_finds(void **state)
{
    const tmli_reader_options options = {
        .text = "text", .label = "label", .encoding = TMLI_ENCODING_LATIN1};
    check_file(*state, "train.tar.gz", 0, &options);
    check_file(*state, "test-public.tar.gz", 1, &options);
}

static void tables_give_the_rows_that_python_finds(void **state)
{
    const tmli_reader_options options = {.text = "data", .label = "label_names"};
    check_file(*state, "train-preprocessed.csv.gz", 0, &options);
    check_file(*state, "test-public-preprocessed.csv.gz", 1, &options);
}

/* 44 training files are not UTF-8: read as UTF-8 they lose characters, which is counted. */
static void the_wrong_encoding_is_counted(void **state)
{
    (void)state;
    const tmli_reader_options options = {.text = "text", .label = "label"};
    char path[1024];
    tmli_row_reader *reader = NULL;
    size_t n_faulty = 0;
    if (!find_file("train.tar.gz", path)) {
        return;
    }
    assert_int_equal(tmli_row_reader_open(path, &options, &reader, NULL), TML_OK);
    for (uint64_t before = 0;; before = tmli_row_reader_replaced(reader)) {
        tmli_row row;
        bool has = false;
        assert_int_equal(tmli_row_next(reader, &row, &has, NULL), TML_OK);
        if (!has) {
            break;
        }
        n_faulty += tmli_row_reader_replaced(reader) > before;
    }
    tmli_row_reader_free(reader);
    assert_int_equal(n_faulty, 44);
}

int main(void)
{
    static golden_data golden;
    load_golden(&golden);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(archives_give_the_rows_that_python_finds, &golden),
        cmocka_unit_test_prestate(tables_give_the_rows_that_python_finds, &golden),
        cmocka_unit_test(the_wrong_encoding_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
