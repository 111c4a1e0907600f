/* Rows of text, label and weight: which format and columns a file has, and what is wrong with it. */
#include "pipeline/reader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/rng.h"
#include "support/alloc_fail.h"
#include "support/drip.h"
#include "support/golden.h"
#include "support/tmpdir.h"

enum {
    COLUMNS_MAX = 16
};

/* Reader options and the texts they point to. */
typedef struct settings {
    tmli_reader_options options;
    char name[256]; /* of the file */
    char text[256];
    char label[256];
    char weight[256];
    char header[256];
    const char *columns[COLUMNS_MAX];
} settings;

static tmli_format format_of(const char *word)
{
    static const char *const words[] = {
#define FORMAT_WORD(name, text) text,
        TMLI_FORMAT_LIST(FORMAT_WORD)
#undef FORMAT_WORD
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            return (tmli_format)i;
        }
    }
    fail_msg("no format %s", word);
    return TMLI_FORMAT_AUTO;
}

static void take_settings(const golden_case *c, settings *s)
{
    char value[256];
    *s = (settings){0};
    tmli_reader_options *options = &s->options;
    (void)snprintf(s->name, sizeof s->name, "%s", golden_option(c, "name", "", value));
    options->format = format_of(golden_option(c, "format", "auto", value));
    const char *quoting = golden_option(c, "quoting", "auto", value);
    options->quoting = strcmp(quoting, "auto") == 0      ? TMLI_QUOTING_AUTO
                       : strcmp(quoting, "rfc4180") == 0 ? TMLI_QUOTING_RFC4180
                                                         : TMLI_QUOTING_NONE;
    options->encoding = strcmp(golden_option(c, "encoding", "utf-8", value), "latin-1") == 0
                            ? TMLI_ENCODING_LATIN1
                            : TMLI_ENCODING_UTF8;
    options->text = golden_option(c, "text", NULL, s->text);
    options->label = golden_option(c, "label", NULL, s->label);
    options->weight = golden_option(c, "weight", NULL, s->weight);
    options->label_first = golden_option(c, "label_first", NULL, value) != NULL;
    char *at = s->header;
    if (golden_option(c, "header", NULL, s->header) != NULL) {
        options->header = s->columns;
        while (at != NULL) {
            assert_true(options->n_header < COLUMNS_MAX);
            s->columns[options->n_header] = at;
            options->n_header++;
            at = strchr(at, ',');
            if (at != NULL) {
                *at = '\0';
                at++;
            }
        }
    }
}

/* Appends all rows, a line each, and the number of replacements; the sentence alone on failure. Frees the reader. */
static tml_status dump(tmli_row_reader *reader, tmli_buf *out)
{
    tml_error err = {0};
    tml_status status = TML_OK;
    for (;;) {
        tmli_row row;
        bool has;
        status = tmli_row_next(reader, &row, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        tmli_buf_printf(out, "%" PRIu64 "\t%" PRIu64 "\t%g\t", row.line, row.column, row.weight);
        golden_escape(out, row.label);
        tmli_buf_append_byte(out, '\t');
        golden_escape(out, row.text);
        tmli_buf_append_byte(out, '\n');
    }
    tmli_buf_printf(out, "%" PRIu64 "\n", tmli_row_reader_replaced(reader));
    if (status != TML_OK) {
        assert_int_equal(err.status, status);
        tmli_buf_reset(out);
        tmli_buf_append_text(out, err.text);
    }
    tmli_row_reader_free(reader);
    return status;
}

/* The sentence without the directory of the test. */
static void keep_sentence(const tml_error *err, const char *dir, tmli_buf *out)
{
    const char *text = tmli_buf_cstr(out);
    if (err->status != TML_OK) {
        text = err->text;
    }
    if (dir != NULL && strncmp(text, dir, strlen(dir)) == 0) {
        text += strlen(dir) + 1;
    }
    char copy[TML_ERROR_TEXT_BYTES];
    (void)snprintf(copy, sizeof copy, "%s", text);
    tmli_buf_reset(out);
    tmli_buf_append_text(out, copy);
}

static void check_memory(const golden_case *c, const settings *s)
{
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    tmli_buf got = {0};
    assert_int_equal(tmli_source_memory(s->name, c->input.data, c->input.len, &source, NULL),
                     TML_OK);
    tml_status status = tmli_row_reader_over(source, &s->options, &reader, &err);
    if (status == TML_OK) {
        status = dump(reader, &got);
    }
    if (status != TML_OK) {
        keep_sentence(&err, NULL, &got);
    }
    assert_int_equal(status != TML_OK, c->is_error);
    golden_compare(c, tmli_buf_str(&got), "from memory");
    tmli_buf_deinit(&got);
}

/* From a FIFO that gives a byte at a time: every end of what is loaded is met, and nothing can be read twice. */
static void check_drip(const golden_case *c, const settings *s)
{
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    tmli_buf got = {0};
    char *dir = tmpdir_create();
    char *path = tmpdir_path(dir, s->name);
    drip *feeder = drip_begin(path, c->input.data, c->input.len);
    tml_status status = tmli_row_reader_open(path, &s->options, &reader, &err);
    if (status == TML_OK) {
        status = dump(reader, &got);
    }
    if (status != TML_OK) {
        keep_sentence(&err, dir, &got);
    }
    drip_end(feeder);
    free(path);
    tmpdir_remove(dir);
    golden_compare(c, tmli_buf_str(&got), "byte by byte");
    tmli_buf_deinit(&got);
}

static void check_golden(const golden_case *c)
{
    settings s;
    take_settings(c, &s);
    check_memory(c, &s);
    check_drip(c, &s);
}

static void rows_are_the_golden_ones_however_they_arrive(void **state)
{
    (void)state;
    golden_each("reader", check_golden);
}

/* ---- single properties ------------------------------------------------------------------------ */

/* Text of the first row, or "" when the file is refused. */
static void first_text(const char *name, const char *text, const tmli_reader_options *options,
                       char out[64])
{
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tmli_row row;
    bool has = false;
    out[0] = '\0';
    assert_int_equal(tmli_source_memory(name, text, strlen(text), &source, NULL), TML_OK);
    if (tmli_row_reader_over(source, options, &reader, NULL) == TML_OK &&
        tmli_row_next(reader, &row, &has, NULL) == TML_OK && has) {
        (void)snprintf(out, 64, "%.*s", (int)row.text.len, row.text.data);
    }
    tmli_row_reader_free(reader);
}

static void the_format_comes_from_options_then_name_then_first_line(void **state)
{
    (void)state;
    static const char *const both[] = {"label", "text"};
    const struct {
        const char *name;
        tmli_format format;
        const char *text;
        const char *want;
    } cases[] = {
        {"t.csv", TMLI_FORMAT_AUTO, "l,a\tb\n", "a\tb"},
        {"t.csv.gz", TMLI_FORMAT_AUTO, "l,\"a\"\n", "a"},
        {"T.CSV.GZ", TMLI_FORMAT_AUTO, "l,\"a\"\n", "a"},
        {"t.tsv", TMLI_FORMAT_AUTO, "l\t\"a,b\"\n", "\"a,b\""},
        {"t.tsv.gz", TMLI_FORMAT_AUTO, "{\ta\n", "a"},
        {"t.json", TMLI_FORMAT_AUTO, "{\"text\":\"a\",\"label\":\"b\"}", "a"},
        {"t.ndjson", TMLI_FORMAT_AUTO, "{\"text\":\"a\",\"label\":\"b\"}", "a"},
        {"t.csv", TMLI_FORMAT_TSV, "l\ta,b\n", "a,b"},
        {"t.tsv", TMLI_FORMAT_CSV, "l,a\tb\n", "a\tb"},
        {"t.csv", TMLI_FORMAT_JSONL, "{\"text\":\"a\",\"label\":\"b\"}", "a"},
        {"t", TMLI_FORMAT_AUTO, "\n\r\nl\ta,b\n", "a,b"},
        {"t", TMLI_FORMAT_AUTO, "l,a\n\tb,c\t\n", "a"},
        {"t", TMLI_FORMAT_AUTO, "\n \t{ \"text\":\"a\",\t\"label\":\"b\"}", "a"},
        {"t", TMLI_FORMAT_AUTO, "{x}\ta", "a"},
        {"t", TMLI_FORMAT_AUTO, "\xef\xbb\xbf{\"text\":\"a\",\"label\":\"b\"}", "a"},
        {"t", TMLI_FORMAT_AUTO,
         "\xef\xbb\xbf"
         "l\ta",
         "a"},
        {"dir.csv/t", TMLI_FORMAT_AUTO, "l\ta", "a"},
        {"t.csv", TMLI_FORMAT_AUTO, "l\ta", "a"},
        {"t.csv", TMLI_FORMAT_AUTO, "l\ta, b", " b"}, /* one of each: the name decides */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tmli_reader_options options = {.format = cases[i].format,
                                             .header = both,
                                             .n_header = 2,
                                             .text = "text",
                                             .label = "label"};
        char got[64];
        first_text(cases[i].name, cases[i].text, &options, got);
        if (strcmp(got, cases[i].want) != 0) {
            fail_msg("%s, %s: got %s", cases[i].name, cases[i].text, got);
        }
    }
}

static void a_first_line_without_an_end_is_looked_at_in_part(void **state)
{
    (void)state;
    const tmli_reader_options options = {.text = "text", .label = "label", .label_first = true};
    const size_t n = 200000;
    char *text = malloc(n + 1);
    char got[64];
    memset(text, 'a', n);
    text[1] = ',';
    text[n - 2] = '\t';
    text[n] = '\0';
    first_text("t", text, &options, got);
    assert_int_equal(strlen(got), 63);
    free(text);
}

static void files_that_are_not_there_and_devices_are_refused(void **state)
{
    (void)state;
    const tmli_reader_options options = {.text = "text"};
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_row_reader_open("/no/such/file.csv", &options, &reader, &err), TML_EIO);
    assert_int_equal(strncmp(err.text, "/no/such/file.csv", 17), 0);
    err = (tml_error){0};
    const tmli_reader_options csv = {.text = "text", .format = TMLI_FORMAT_CSV};
    assert_int_equal(tmli_row_reader_open("/", &csv, &reader, &err), TML_EIO);
    err = (tml_error){0};
    assert_int_equal(tmli_row_reader_open("/dev/null", &options, &reader, &err), TML_EFORMAT);
    assert_string_equal(err.text, "/dev/null: empty, expected rows with a text");
    assert_null(reader);
    tmli_row_reader_free(NULL);
}

/* Any bytes in any format: rows or one sentence, and an end. */
static void damaged_files_are_refused_or_read(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "label,text,w\na,\"x, \"\"y\"\"\",1\nb,z,0.5\n",
        "label\ttext\tw\na\t\"x\t1\nb\tz\t2\n",
        "{\"text\":\"a\\u00e9\",\"label\":\"b\",\"w\":1}\n{\"text\":\"a\",\"label\":5,\"w\":2}\n",
    };
    static const char *const names[] = {"t.csv", "t.tsv", "t.jsonl", "t"};
    static const char bytes[] = "\",\t\n\r\0{}[:\\u1e\xff\xc3 ";
    for (uint32_t round = 0; round < 20000; round++) {
        tmli_rng rng = tmli_rng_at(round, TMLI_RNG_SHUFFLE, 0, 0);
        const tmli_reader_options options = {
            .text = "text", .label = "label", .weight = round % 2 == 0 ? "w" : NULL};
        char text[128];
        const char *from = texts[round % 3];
        size_t n = strlen(from);
        memcpy(text, from, n + 1);
        for (uint32_t k = 1 + tmli_rng_below(&rng, 3); k > 0; k--) {
            text[tmli_rng_below(&rng, (uint32_t)n)] = bytes[tmli_rng_below(&rng, sizeof bytes - 1)];
        }
        n -= tmli_rng_below(&rng, 4);
        tmli_source *source = NULL;
        tmli_row_reader *reader = NULL;
        tml_error err = {0};
        tmli_buf got = {0};
        assert_int_equal(tmli_source_memory(names[tmli_rng_below(&rng, 4)], text, n, &source, NULL),
                         TML_OK);
        if (tmli_row_reader_over(source, &options, &reader, &err) == TML_OK) {
            (void)dump(reader, &got);
        } else {
            assert_int_equal(err.text[0], 't');
        }
        tmli_buf_deinit(&got);
    }
}

/* Opens and reads everything with the nth allocation failing; false when none failed. */
static bool read_with_a_failure(const char *name, const char *text, size_t nth)
{
    static const char *const header[] = {"label", "text"};
    const tmli_reader_options options = {
        .header = header,
        .n_header = 2,
        .text = "text",
        .label = "label",
        .encoding = strcmp(name, "latin1") == 0 ? TMLI_ENCODING_LATIN1 : TMLI_ENCODING_UTF8};
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    bool has = true;
    assert_int_equal(tmli_source_memory(name, text, strlen(text), &source, NULL), TML_OK);
    fail_allocation(nth);
    tml_status status = tmli_row_reader_over(source, &options, &reader, &err);
    assert_true(status == TML_OK || reader == NULL);
    while (status == TML_OK && has) {
        tmli_row row;
        status = tmli_row_next(reader, &row, &has, &err);
    }
    fail_allocation(NEVER);
    tmli_row_reader_free(reader);
    assert_true(status == TML_OK || status == TML_ENOMEM);
    assert_int_equal(err.status, status);
    return status != TML_OK;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const files[][2] = {
        {"t", "a,\"x\xff\"\nb\xff,y\n"},
        {"t", "a\tx\xff\nb\xff\ty\n"},
        {"t", "{\"text\":\"a\xff\",\"label\":\"b\xff\"}\n"},
        {"latin1", "a,\"x\xff\"\nb\xff,y\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t nth = 0;
        while (read_with_a_failure(files[i][0], files[i][1], nth)) {
            nth++;
        }
        assert_true(nth >= 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_the_golden_ones_however_they_arrive),
        cmocka_unit_test(the_format_comes_from_options_then_name_then_first_line),
        cmocka_unit_test(a_first_line_without_an_end_is_looked_at_in_part),
        cmocka_unit_test(files_that_are_not_there_and_devices_are_refused),
        cmocka_unit_test(damaged_files_are_refused_or_read),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
