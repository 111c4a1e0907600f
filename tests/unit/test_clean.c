/* The steps that take something out; and the 20 newsgroups as the tutorial cleaned them, byte for byte, where they are
 * there. More texts: test_tokenizer_golden.c. */
#include "text/clean.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/source.h"
#include "pipeline/csv.h"
#include "text/ascii.h"
#include "text/normalize.h"
#include "text/utf8.h"
#include "textml/tokenizer.h"

typedef struct step_case {
    const char *text;
    const char *want;
} step_case;

static void check_all(void (*step)(tmli_buf *text), const step_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tmli_buf text = {0};
        tmli_buf_append_text(&text, cases[i].text);
        assert_true(tmli_buf_reserve(&text, TMLI_PAD));
        step(&text);
        const char *const got = tmli_buf_cstr(&text);
        assert_non_null(got);
        assert_string_equal(got, cases[i].want);
        tmli_buf_deinit(&text);
    }
}

#define CHECK_ALL(step, cases) check_all((step), (cases), sizeof(cases) / sizeof((cases)[0]))

static void tags_become_blanks(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", ""},         {"a<b>c", "a c"},   {"<b>", " "},       {"<>", "<>"},
        {"<>a>", "<>a>"}, {"<<>", " "},       {"<<<b>>>", " >>"}, {"a < b", "a < b"},
        {"<", "<"},       {"<a", "<a"},       {"<a>b<c", " b<c"}, {"<a\nb>é", " é"},
        {"<é>", " "},     {"a > b", "a > b"}, {"<><x>", "<> "},
    };
    CHECK_ALL(tmli_strip_html, cases);
}

static void stripping_takes_every_white_space_at_both_ends(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", ""},          {" ", ""},
        {" \t\n\x1c", ""}, {"a", "a"},
        {" a b\n", "a b"}, {"\u3000\u00a0é \u2003", "é"},
        {"\xC2\x85", ""},  {"\u200ba\u200b", "\u200ba\u200b"},
    };
    CHECK_ALL(tmli_strip, cases);
}

static void drop_two_lines(tmli_buf *text)
{
    tmli_drop_lines(text, 2);
}

static void lines_are_dropped_from_the_front_and_when_empty(void **state)
{
    (void)state;
    static const step_case first[] = {
        {"", ""},       {"a", "a"},       {"a\n", "a\n"},     {"a\nb", "a\nb"},
        {"a\nb\n", ""}, {"a\nb\nc", "c"}, {"\n\n\nd", "\nd"}, {"a\r\nb\r\nc\r\n", "c\r\n"},
    };
    CHECK_ALL(drop_two_lines, first);
    static const step_case empty[] = {
        {"", ""},
        {"\n", ""},
        {"\n\n\n", ""},
        {"a", "a"},
        {"a\n", "a"},
        {"\na", "a"},
        {"a\n\n\nb\nc\n\n", "a\nb\nc"},
        {"a\n \nb", "a\n \nb"},
        {"\r\n\r\n", "\r\n\r"},
    };
    CHECK_ALL(tmli_drop_empty_lines, empty);
}

static void all_but_letters_becomes_blanks_one_a_character(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", ""},
        {"aZ@[`{09_ \n", "aZ         "},
        {"é漢𐐔x", "   x"},
        {"ordinary words, and more of them", "ordinary words  and more of them"},
        {"sixteen bytes: é, then another: é", "sixteen bytes     then another   "},
    };
    CHECK_ALL(tmli_letters_only, cases);
}

static void letters_only_is_its_definition_at_every_place(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "Z", " ", "7", "é", "漢", "𐐔"};
    uint32_t random = 7;
    for (size_t round = 0; round < 3000; round++) {
        tmli_buf text = {0};
        tmli_buf want = {0};
        tmli_buf_append_text(&want, "=");
        for (size_t i = 0; i < round % 90; i++) {
            random = random * 1664525u + 1013904223u;
            const size_t choice = (random >> 16) % (round % 7 + 1);
            tmli_buf_append_text(&text, characters[choice]);
            tmli_buf_append_text(&want, choice < 2 ? characters[choice] : " ");
        }
        assert_true(tmli_buf_reserve(&text, TMLI_PAD));
        tmli_letters_only(&text);
        const tml_str wanted = {want.data + 1, want.len - 1};
        assert_true(tmli_str_eq(tmli_buf_str(&text), wanted));
        tmli_buf_deinit(&text);
        tmli_buf_deinit(&want);
    }
}

static void drop_the(tmli_buf *text)
{
    static const tml_str words[] = {{"the", 3}, {"été", 5}};
    tmli_stop_set set;
    assert_true(tmli_stop_set_init(&set, words, 2));
    assert_true(tmli_drop_stop_words(text, &set));
    assert_true(text->capacity - text->len >= TMLI_PAD);
    tmli_stop_set_deinit(&set);
}

static void stop_words_go_with_their_blank_and_empty_words_stay(void **state)
{
    (void)state;
    static const step_case cases[] = {
        {"", " "},
        {"the", ""},
        {"a", "a "},
        {"a the b", "a b "},
        {"the the été x", "x "},
        {"  the  ", "    "},
        {"The them the", "The them "},
        {"the\nx the", "the\nx "},
    };
    CHECK_ALL(drop_the, cases);
}

/* ---- the 20 newsgroups ------------------------------------------------------------------------------ */

enum {
    BLOCK = 512, /* of a tar file */
    NAME_BYTES = 100,
    SIZE_AT = 124,
    SIZE_BYTES = 12,
    TYPE_AT = 156,
    RAW_MAX = 64 << 20,
    N_MESSAGES = 11314,
};

/* Path of a file of the data, or NULL with a line on stderr. */
static const char *data_path(const char *name, char out[1024])
{
    const char *const dir = getenv("TML_SHARED_DATA");
    (void)snprintf(out, 1024, "%s/20newsgroups/%s", dir != NULL ? dir : TML_SHARED_DATA_DIR, name);
    if (!tmli_is_file(out)) {
        (void)fprintf(stderr, "SKIPPED: %s is not there (set TML_SHARED_DATA)\n", out);
        return NULL;
    }
    return out;
}

static void read_all(const char *path, tmli_buf *out)
{
    tmli_source *source = NULL;
    assert_int_equal(tmli_source_open(path, &source, NULL), TML_OK);
    size_t got = 0;
    do {
        assert_true(out->len < RAW_MAX && tmli_buf_reserve(out, 1 << 16));
        assert_int_equal(tmli_source_read(source, out->data + out->len, 1 << 16, &got, NULL),
                         TML_OK);
        out->len += got;
    } while (got > 0);
    tmli_source_free(source);
}

/* Ordinary files of a tar file: their names to numbers, their bytes by number. */
typedef struct archive {
    tmli_buf bytes;
    tmli_map *names;
    tml_str files[N_MESSAGES];
} archive;

static void read_archive(const char *path, archive *out)
{
    read_all(path, &out->bytes);
    out->names = tmli_map_create(1);
    assert_non_null(out->names);
    for (size_t at = 0; at + BLOCK <= out->bytes.len;) {
        const char *const head = out->bytes.data + at;
        char size[SIZE_BYTES + 1] = {0};
        memcpy(size, head + SIZE_AT, SIZE_BYTES);
        const size_t n = strtoul(size, NULL, 8);
        at += BLOCK;
        assert_true(n <= out->bytes.len - at);
        if (head[TYPE_AT] == '0') {
            const char *const name_end = memchr(head, '\0', NAME_BYTES);
            assert_non_null(name_end);
            const char *const name_begin = memchr(head, '/', (size_t)(name_end - head));
            assert_non_null(name_begin); /* "20news-bydate-train/CLASS/NUMBER" */
            const tml_str name = {name_begin + 1, (size_t)(name_end - name_begin - 1)};
            const uint32_t number = tmli_map_add(out->names, name, NULL);
            assert_true(number < N_MESSAGES);
            out->files[number] = (tml_str){out->bytes.data + at, n};
        }
        at += (n + BLOCK - 1) / BLOCK * BLOCK;
    }
    assert_int_equal(tmli_map_size(out->names), N_MESSAGES);
}

static void append_latin1(tml_str raw, tmli_buf *out)
{
    for (size_t i = 0; i < raw.len; i++) {
        char bytes[4];
        tmli_buf_append(out, bytes, tmli_utf8_put((unsigned char)raw.data[i], bytes));
    }
}

typedef struct cleaner {
    tmli_stop_set stop_words;
    tmli_normalize_scratch scratch;
    tmli_buf decoded;
} cleaner;

static tml_str clean(cleaner *c, tml_str raw)
{
    static const tml_normalize_step steps[] = {
        TML_NORMALIZE_DROP_LINES, TML_NORMALIZE_DROP_EMPTY_LINES, TML_NORMALIZE_STRIP,
        TML_NORMALIZE_LOWER,      TML_NORMALIZE_LETTERS_ONLY,     TML_NORMALIZE_DROP_STOP_WORDS};
    static const size_t counts[sizeof steps / sizeof steps[0]] = {5};
    const tmli_normalize_plan plan = {steps, sizeof steps / sizeof steps[0], counts,
                                      &c->stop_words};
    tmli_buf_reset(&c->decoded);
    append_latin1(raw, &c->decoded);
    tml_str out;
    assert_true(tmli_normalize(&plan, tmli_buf_str(&c->decoded), &c->scratch, &out));
    return out;
}

typedef struct table {
    tmli_source *source;
    tmli_csv csv;
} table;

static void table_open(table *t, const char *path)
{
    assert_int_equal(tmli_source_open(path, &t->source, NULL), TML_OK);
    tmli_csv_init(&t->csv, t->source, ',', TMLI_QUOTE_RFC4180, 1 << 24);
}

static tml_str table_field(table *t, size_t i)
{
    tmli_csv_record record;
    bool has;
    assert_int_equal(tmli_csv_next(&t->csv, &record, &has, NULL), TML_OK);
    assert_true(has && i < record.n);
    return record.fields[i];
}

static void table_close(table *t)
{
    tmli_csv_deinit(&t->csv);
    tmli_source_free(t->source);
}

static void check_request(tml_str got)
{
    char path[1024];
    if (data_path("../../payloads/newsgroup_request.txt", path) != NULL) {
        tmli_buf want = {0};
        read_all(path, &want);
        assert_int_equal(want.len, 517);
        assert_true(tmli_str_eq(got, tmli_buf_str(&want)));
        tmli_buf_deinit(&want);
    }
}

static void raw_messages_come_out_as_the_tutorial_cleaned_them(void **state)
{
    (void)state;
    char raw_path[1024];
    char index_path[1024];
    char table_path[1024];
    if (data_path("train.tar.gz", raw_path) == NULL ||
        data_path("train-index.csv", index_path) == NULL ||
        data_path("train-preprocessed.csv.gz", table_path) == NULL) {
        skip();
    }
    archive *const raw = tmli_calloc(1, sizeof *raw);
    assert_non_null(raw);
    read_archive(raw_path, raw);
    cleaner c = {0};
    size_t n_words = 0;
    const tml_str *const words = tml_stop_words("nltk", &n_words);
    assert_true(tmli_stop_set_init(&c.stop_words, words, n_words));
    table index;
    table wanted;
    table_open(&index, index_path);
    table_open(&wanted, table_path);
    assert_true(tmli_str_eq_text(table_field(&index, 1), "file"));
    assert_true(tmli_str_eq_text(table_field(&wanted, 1), "data"));
    for (size_t i = 0; i < N_MESSAGES; i++) {
        const uint32_t number = tmli_map_find(raw->names, table_field(&index, 1));
        assert_true(number != TMLI_MAP_NONE);
        const tml_str got = clean(&c, raw->files[number]);
        const tml_str want = table_field(&wanted, 1);
        if (!tmli_str_eq(got, want)) {
            fail_msg("message %zu: got\n%.*s\nwant\n%.*s", i, (int)got.len, got.data, (int)want.len,
                     want.data);
        }
        if (i == 1) {
            check_request(got);
        }
    }
    table_close(&wanted);
    table_close(&index);
    tmli_buf_deinit(&c.decoded);
    tmli_normalize_scratch_deinit(&c.scratch);
    tmli_stop_set_deinit(&c.stop_words);
    tmli_map_free(raw->names);
    tmli_buf_deinit(&raw->bytes);
    tmli_free(raw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_become_blanks),
        cmocka_unit_test(stripping_takes_every_white_space_at_both_ends),
        cmocka_unit_test(lines_are_dropped_from_the_front_and_when_empty),
        cmocka_unit_test(all_but_letters_becomes_blanks_one_a_character),
        cmocka_unit_test(letters_only_is_its_definition_at_every_place),
        cmocka_unit_test(stop_words_go_with_their_blank_and_empty_words_stay),
        cmocka_unit_test(raw_messages_come_out_as_the_tutorial_cleaned_them),
    };
    return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
