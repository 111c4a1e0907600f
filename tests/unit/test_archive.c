/* Class folders in tar archives as rows. What a tar archive is, test_tar.c knows. */
#include "pipeline/archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pipeline/reader.h"
#include "support/alloc_fail.h"
#include "support/row_list.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    MEMBERS_MAX = 6
};

typedef struct entry {
    const char *name;
    const char *text;
    char type; /* of a ustar header; 0 is a file, too */
} entry;

/* Adds a ustar member to an archive. */
static void add_member(tmli_buf *out, const char *name, tml_str data, char type)
{
    static const char zeros[TMLI_TAR_BLOCK];
    char header[TMLI_TAR_BLOCK] = {0};
    unsigned sum = 0;
    (void)snprintf(header, 100, "%s", name);
    (void)snprintf(header + 124, 12, "%011zo", data.len);
    memset(header + 148, ' ', 8);
    header[156] = type != 0 ? type : '0';
    memcpy(header + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof header; i++) {
        sum += (unsigned char)header[i];
    }
    (void)snprintf(header + 148, 8, "%06o", sum);
    tmli_buf_append(out, header, sizeof header);
    tmli_buf_append_str(out, data);
    tmli_buf_append(out, zeros, (sizeof zeros - data.len % sizeof zeros) % sizeof zeros);
}

static void end_archive(tmli_buf *out)
{
    static const char zeros[2 * TMLI_TAR_BLOCK];
    tmli_buf_append(out, zeros, sizeof zeros);
}

static void make(const entry members[MEMBERS_MAX], tmli_buf *out)
{
    for (size_t i = 0; i < MEMBERS_MAX && members[i].name != NULL; i++) {
        add_member(out, members[i].name, tmli_str(members[i].text), members[i].type);
    }
    end_archive(out);
}

/* "label=text|" for each row, or the sentence. */
static tml_status rows(const char *name, tml_str file, const tmli_reader_options *options,
                       tmli_buf *out)
{
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_source_memory(name, file.data, file.len, &source, NULL), TML_OK);
    tml_status status = tmli_row_reader_over(source, options, &reader, &err);
    if (status == TML_OK) {
        status = row_list(reader, out, &err);
    }
    assert_int_equal(status, err.status);
    if (status != TML_OK) {
        tmli_buf_reset(out);
        tmli_buf_append_text(out, err.text);
    }
    return status;
}

static const tmli_reader_options by_name = {.text = "text", .label = "label"};

static void members_are_rows_of_their_folders(void **state)
{
    (void)state;
    static const struct {
        entry members[MEMBERS_MAX];
        const char *want;
    } cases[] = {
        {{{"b/1", "x", 0}, {"a/2", "y", 0}, {"b/0", "z", 0}}, "b=x|a=y|b=z|"},
        {{{"w/", "", '5'}, {"w/b/", "", '5'}, {"w/b/1", "x", 0}, {"w/a/1", "", 0}}, "b=x|a=|"},
        {{{"./b/1", "x", 0}, {".//a//./2", "y", 0}}, "b=x|a=y|"},
        {{{"b/.hidden", "x", 0}, {"__MACOSX/b/1", "x", 0}, {"b/._1", "y", 0}, {"b/1", "z", 0}},
         "b=z|"},
        {{{"README-manifest", "x", 0}, {"_SUCCESS", "", 0}, {"b/.crc", "", 0}, {"b/1", "z", 0}},
         "b=z|"},
        {{{"b/1", "caf\xe9", 0}}, "b=caf\\xef\\xbf\\xbd|"},
        {{{" b c /1", "x", 0}}, "b c=x|"},
        {{{".git/link", "", '2'}, {"b/1", "x", 0}}, "b=x|"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf file = {0};
        tmli_buf got = {0};
        make(cases[i].members, &file);
        assert_int_equal(rows("t.tar", tmli_buf_str(&file), &by_name, &got), TML_OK);
        assert_string_equal(tmli_buf_cstr(&got), cases[i].want);
        tmli_buf_deinit(&file);
        tmli_buf_deinit(&got);
    }
}

#define CLIMBS " a path that climbs out of the archive (absolute, or with ..), which is refused"
#define ELSEWHERE                                                                                \
    ", the first file: expected all of them as <class>/<file>, or in one folder more, the same " \
    "for all"

static void members_that_do_not_belong_are_refused(void **state)
{
    (void)state;
    static const struct {
        entry members[MEMBERS_MAX];
        const char *want;
    } cases[] = {
        {{{"a/1", "x", 0}, {"../b/1", "x", 0}}, "t.tar: ../b/1:" CLIMBS},
        {{{"/a/1", "x", 0}}, "t.tar: /a/1:" CLIMBS},
        {{{"a/../../b", "x", 0}}, "t.tar: a/../../b:" CLIMBS},
        {{{"a/..", "", '5'}}, "t.tar: a/..:" CLIMBS},
        {{{"a/1", "x", 0}, {"a/2", "", '2'}},
         "t.tar: a/2: a link, which is not followed: pack the file itself (tar --dereference "
         "--hard-dereference)"},
        {{{"a/2", "", '1'}},
         "t.tar: a/2: a link, which is not followed: pack the file itself (tar --dereference "
         "--hard-dereference)"},
        {{{"a/2", "", '3'}}, "t.tar: a/2: neither a file nor a folder, which is refused"},
        {{{"1", "x", 0}},
         "t.tar: 1: in no class folder: expected <class>/<file>: put it into the folder of its "
         "class, or leave it out; a table is not read from an archive: unpack it"},
        {{{"a/1", "x", 0}, {"README", "x", 0}},
         "t.tar: README: in no class folder: expected <class>/<file>: put it into the folder of "
         "its class, or leave it out; a table is not read from an archive: unpack it"},
        {{{"v/w/a/1", "x", 0}},
         "t.tar: v/w/a/1: too deep: expected <class>/<file>, or one folder more, "
         "<folder>/<class>/<file>"},
        {{{"a/1", "x", 0}, {"w/a/1", "x", 0}}, "t.tar: w/a/1: lies elsewhere than a/1" ELSEWHERE},
        {{{"w/a/1", "x", 0}, {"v/a/1", "x", 0}},
         "t.tar: v/a/1: lies elsewhere than w/a/1" ELSEWHERE},
        {{{"a/", "", '5'}},
         "t.tar: an archive without class folders: expected files <class>/<file> in it, found "
         "none"},
        {{{NULL, NULL, 0}},
         "t.tar: an archive without class folders: expected files <class>/<file> in it, found "
         "none"},
        {{{" /1", "x", 0}}, "t.tar:  /1: its folder's name is blank, expected the name of a class"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf file = {0};
        tmli_buf got = {0};
        make(cases[i].members, &file);
        assert_int_equal(rows("t.tar", tmli_buf_str(&file), &by_name, &got), TML_EFORMAT);
        assert_string_equal(tmli_buf_cstr(&got), cases[i].want);
        tmli_buf_deinit(&file);
        tmli_buf_deinit(&got);
    }
}

static void archives_are_known_by_name_or_first_header(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tmli_format format;
        bool is_archive;
    } cases[] = {
        {"t.tar", TMLI_FORMAT_AUTO, true},    {"T.TGZ", TMLI_FORMAT_AUTO, true},
        {"t.tar.gz", TMLI_FORMAT_AUTO, true}, {"t", TMLI_FORMAT_AUTO, true},
        {"t.gz", TMLI_FORMAT_AUTO, true},     {"t.dat", TMLI_FORMAT_FOLDERS, true},
        {"t.csv", TMLI_FORMAT_AUTO, false},   {"t.tar", TMLI_FORMAT_CSV, false},
    };
    static const entry members[MEMBERS_MAX] = {{"a/1", "x", 0}};
    tmli_buf file = {0};
    make(members, &file);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const tmli_reader_options options = {
            .format = cases[i].format, .text = "text", .label = "label"};
        tmli_buf got = {0};
        const tml_status status = rows(cases[i].name, tmli_buf_str(&file), &options, &got);
        assert_int_equal(status == TML_OK, cases[i].is_archive);
        assert_true(!cases[i].is_archive || tmli_str_eq_text(tmli_buf_str(&got), "a=x|"));
        tmli_buf_deinit(&got);
    }
    tmli_buf_deinit(&file);
    tmli_buf got = {0};
    const tmli_reader_options folders = {
        .format = TMLI_FORMAT_FOLDERS, .text = "text", .label = "label"};
    assert_int_equal(rows("t.tar", TML_STR("text,label\na,b\n"), &folders, &got), TML_EFORMAT);
    assert_string_equal(tmli_buf_cstr(&got),
                        "t.tar: at the start: less than a header: cut short, or no tar archive");
    tmli_buf_reset(&got);
    assert_int_equal(rows("t.csv", TML_STR("text,label\na,b\n"), &folders, &got), TML_EFORMAT);
    assert_string_equal(tmli_buf_cstr(&got),
                        "t.csv: neither a tar archive nor a file in class folders: expected "
                        "<class>/<file>, two classes or more, or an archive of them");
    tmli_buf_deinit(&got);
}

static void labels_that_nobody_wants_are_not_looked_at(void **state)
{
    (void)state;
    static const entry members[MEMBERS_MAX] = {{" /1", "x", 0}, {"b/2", "y", 0}};
    const tmli_reader_options options = {.text = "text"};
    tmli_buf file = {0};
    tmli_buf got = {0};
    make(members, &file);
    assert_int_equal(rows("t.tar", tmli_buf_str(&file), &options, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "=x|=y|");
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&got);
}

/* "one\n" packed by Python's gzip.compress(b"one\n", mtime=0). */
static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\x4b\xe5\x02\x00"
                             "\x9f\xa8\x17\xf8\x04\x00\x00\x00";

static void members_may_be_gzip(void **state)
{
    (void)state;
    tmli_buf file = {0};
    tmli_buf got = {0};
    const tml_str gz = {packed, sizeof packed - 1};
    add_member(&file, "a/1.gz", gz, 0);
    add_member(&file, "a/2", TML_STR("two"), 0);
    end_archive(&file);
    assert_int_equal(rows("t.tar", tmli_buf_str(&file), &by_name, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "a=one\\n|a=two|");
    tmli_buf_reset(&file);
    tmli_buf_reset(&got);
    add_member(&file, "a/1.gz", (tml_str){packed, sizeof packed - 5}, 0);
    end_archive(&file);
    assert_int_equal(rows("t.tar", tmli_buf_str(&file), &by_name, &got), TML_EFORMAT);
    assert_string_equal(tmli_buf_cstr(&got), "t.tar: a/1.gz: the gzip data are cut short");
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&got);
}

static void members_over_the_limit_are_refused(void **state)
{
    (void)state;
    tmli_buf file = {0};
    tmli_buf got = {0};
    const size_t n = (size_t)TMLI_RECORD_BYTES_MAX + 1;
    char *text = calloc(1, n);
    assert_non_null(text);
    add_member(&file, "a/1", (tml_str){text, n}, 0);
    end_archive(&file);
    assert_int_equal(rows("t.tar", tmli_buf_str(&file), &by_name, &got), TML_ELIMIT);
    assert_string_equal(tmli_buf_cstr(&got),
                        "t.tar: a/1: 67108865 bytes, the limit of a text is 67108864");
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&got);
    free(text);
}

static void names_and_texts_may_be_latin_1(void **state)
{
    (void)state;
    static const entry members[MEMBERS_MAX] = {{"\xe9t\xe9/1", "caf\xe9 \x80\xff", 0},
                                               {"b/2", "plain", 0}};
    const tmli_reader_options options = {
        .text = "text", .label = "label", .encoding = TMLI_ENCODING_LATIN1};
    tmli_buf file = {0};
    tmli_buf got = {0};
    make(members, &file);
    assert_int_equal(rows("t.tar", tmli_buf_str(&file), &options, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "\\xc3\\xa9t\\xc3\\xa9=caf\\xc3\\xa9 "
                                             "\\xc2\\x80\\xc3\\xbf|b=plain|");
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&got);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    tmli_buf file = {0};
    add_member(&file, "w/a\xe9/1", (tml_str){packed, sizeof packed - 1}, 0);
    add_member(&file, "w/b/2", TML_STR("caf\xe9"), 0);
    end_archive(&file);
    for (unsigned latin1 = 0; latin1 < 2; latin1++) {
        const tmli_reader_options options = {.text = "text",
                                             .label = "label",
                                             .encoding = latin1 != 0 ? TMLI_ENCODING_LATIN1
                                                                     : TMLI_ENCODING_UTF8};
        size_t nth = 0;
        for (;; nth++) {
            tmli_source *source = NULL;
            tmli_row_reader *reader = NULL;
            tml_error err = {0};
            bool has = true;
            assert_int_equal(tmli_source_memory("t.tar", file.data, file.len, &source, NULL),
                             TML_OK);
            fail_allocation(nth);
            tml_status status = tmli_row_reader_over(source, &options, &reader, &err);
            while (status == TML_OK && has) {
                tmli_row row;
                status = tmli_row_next(reader, &row, &has, &err);
            }
            fail_allocation(NEVER);
            tmli_row_reader_free(reader);
            assert_int_equal(status, err.status);
            if (status == TML_OK) {
                break;
            }
            assert_int_equal(status, TML_ENOMEM);
        }
        assert_true(nth >= 8);
    }
    tmli_buf_deinit(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_rows_of_their_folders),
        cmocka_unit_test(members_that_do_not_belong_are_refused),
        cmocka_unit_test(archives_are_known_by_name_or_first_header),
        cmocka_unit_test(labels_that_nobody_wants_are_not_looked_at),
        cmocka_unit_test(members_may_be_gzip),
        cmocka_unit_test(members_over_the_limit_are_refused),
        cmocka_unit_test(names_and_texts_may_be_latin_1),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
