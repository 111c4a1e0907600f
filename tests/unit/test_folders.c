/* Class folders on disk as rows. */
#include "pipeline/folders.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "pipeline/reader.h"
#include "support/alloc_fail.h"
#include "support/row_list.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    FILES_MAX = 6
};

/* A file with its name as text, a directory when the name ends in a slash, or "NAME>TARGET", a symbolic link. */
static void make(const char *dir, const char *name)
{
    char path[512];
    const char *arrow = strchr(name, '>');
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    if (arrow != NULL) {
        path[strlen(dir) + 1 + (size_t)(arrow - name)] = '\0';
        assert_int_equal(symlink(arrow + 1, path), 0);
    } else if (name[strlen(name) - 1] == '/') {
        assert_int_equal(tmli_make_dirs(path, NULL), TML_OK);
    } else {
        tmpdir_write_text(dir, name, name);
    }
}

/* "label=text|" for each row, or the sentence without the directory. */
static tml_status rows(const char *dir, const tmli_reader_options *options, tmli_buf *out)
{
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    tmli_buf_reset(out);
    tml_status status = tmli_row_reader_open(dir, options, &reader, &err);
    if (status == TML_OK) {
        status = row_list(reader, out, &err);
    }
    assert_int_equal(status, err.status);
    if (status != TML_OK) {
        tmli_buf_reset(out);
        assert_int_equal(strncmp(err.text, dir, strlen(dir)), 0);
        tmli_buf_append_text(out, err.text + strlen(dir));
    }
    return status;
}

static const tmli_reader_options plain = {.text = "text", .label = "label", .weight = "w"};

typedef struct tree {
    const char *files[FILES_MAX];
    const char *want;
} tree;

static void check_trees(const char *dir, const tree *trees, size_t n, bool are_good)
{
    for (size_t i = 0; i < n; i++) {
        char root[512];
        tmli_buf got = {0};
        (void)snprintf(root, sizeof root, "%s/%zu", dir, i);
        assert_int_equal(mkdir(root, 0777), 0);
        for (size_t k = 0; k < FILES_MAX && trees[i].files[k] != NULL; k++) {
            make(root, trees[i].files[k]);
        }
        assert_int_equal(rows(root, &plain, &got) == TML_OK, are_good);
        assert_string_equal(tmli_buf_cstr(&got), trees[i].want);
        tmli_buf_deinit(&got);
    }
}

static void files_are_rows_by_class_then_name(void **state)
{
    static const tree trees[] = {
        {{"b/2", "b/10", "a/1"}, "a=a/1|b=b/10|b=b/2|"},
        {{"a b/1", "a/1", "a.b/1", "A/1"}, "A=A/1|a=a/1|a b=a b/1|a.b=a.b/1|"},
        {{"w/b/1", "w/a/1"}, "a=w/a/1|b=w/b/1|"},
        {{"one/1", "one/2"}, "one=one/1|one=one/2|"},
        {{"a/1", "empty/"}, "a=a/1|"},
        {{"w/a/1", "w/empty/"}, "a=w/a/1|"},
        {{"a/1", "a/.DS_Store", ".git/x", "x-manifest", "_SUCCESS", "a/1.crc"}, "a=a/1|"},
        {{"w/a/1", ".hidden", "__MACOSX/a/1"}, "a=w/a/1|"},
        {{"b/1", "a>b", "b/2>1", "c/3", "c/4>../b/1"}, "a=b/1|a=b/1|b=b/1|b=b/1|c=c/3|c=b/1|"},
    };
    check_trees(*state, trees, COUNT_OF(trees), true);
}

static void trees_that_are_no_class_folders_are_refused(void **state)
{
    static const tree trees[] = {
        {{NULL},
         ": no class folders: expected <class>/<file> in it, found nothing: put the files of each "
         "class into a folder that is named after it"},
        {{"b.txt", "a.txt"},
         ": no class folders: expected <class>/<file> in it, found only files such as a.txt: put "
         "the files of each class into a folder that is named after it"},
        {{"a/", "b/"},
         ": class folders without a file: expected <class>/<file> in it: put each text as a file "
         "into the folder of its class"},
        {{"w/a/", "w/b/"},
         "/w: class folders without a file: expected <class>/<file> in it: put each text as a "
         "file into the folder of its class"},
        {{"a/1", "README", "b/1"},
         "/README: beside class folders such as a: expected nothing but folders there: put it "
         "into the folder of its class, or elsewhere"},
        {{"w/a/1", "w/README"},
         "/w/README: beside class folders such as a: expected nothing but folders there: put it "
         "into the folder of its class, or elsewhere"},
        {{"a/1", "a/b/2", "b/1"},
         "/a/b: a folder: expected files in a class folder (<class>/<file>)"},
        {{"a/1", "a/2>/etc/passwd"},
         "/a/2: a symbolic link out of the class folders, which is not followed: put the file or "
         "folder itself there"},
        {{"a/1", "b>/etc"},
         "/b: a symbolic link out of the class folders, which is not followed: put the file or "
         "folder itself there"},
        {{"a/1", "a/2>../../0"},
         "/a/2: a symbolic link out of the class folders, which is not followed: put the file or "
         "folder itself there"},
        {{"a/1", "a/2>nowhere"},
         "/a/2: a symbolic link that leads nowhere: No such file or directory"},
        {{"a/1", "a/2>2"},
         "/a/2: a symbolic link that leads nowhere: Too many levels of symbolic links"},
        {{" /1", "a/1"}, "/ /1: its folder's name is blank, expected the name of a class"},
    };
    check_trees(*state, trees, COUNT_OF(trees), false);
}

/* A link to a folder beside whose path begins like ours leads out all the same. */
static void a_folder_with_a_longer_name_is_outside(void **state)
{
    char *dir = *state;
    char root[512];
    tmli_buf got = {0};
    tmpdir_write_text(dir, "data2/x", "secret");
    tmpdir_write_text(dir, "data/a/1", "x");
    (void)snprintf(root, sizeof root, "%s/data", dir);
    make(root, "a/2>../../data2/x");
    assert_int_equal(rows(root, &plain, &got), TML_EFORMAT);
    tmli_buf_deinit(&got);
}

static void pipes_are_refused_and_not_waited_for(void **state)
{
    char *dir = *state;
    char path[512];
    tmli_buf got = {0};
    tmpdir_write_text(dir, "a/1", "x");
    (void)snprintf(path, sizeof path, "%s/a/2", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(rows(dir, &plain, &got), TML_EFORMAT);
    assert_string_equal(tmli_buf_cstr(&got), "/a/2: neither a file nor a folder: expected files in "
                                             "a class folder (<class>/<file>)");
    tmli_buf_deinit(&got);
}

/* "one\n" packed by Python's gzip.compress(b"one\n", mtime=0). */
static const char packed[] = "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\xcf\x4b\xe5\x02\x00"
                             "\x9f\xa8\x17\xf8\x04\x00\x00\x00";

static void files_may_be_gzip_and_latin_1(void **state)
{
    char *dir = *state;
    const tmli_reader_options options = {.format = TMLI_FORMAT_FOLDERS,
                                         .text = "text",
                                         .label = "label",
                                         .encoding = TMLI_ENCODING_LATIN1};
    tmli_buf got = {0};
    free(tmpdir_write(dir, "a/1.gz", packed, sizeof packed - 1));
    tmpdir_write_text(dir, "b/2", "caf\xe9");
    tmpdir_write_text(dir, "b/3", "");
    assert_int_equal(rows(dir, &options, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "a=one\\n|b=caf\\xc3\\xa9|b=|");
    assert_int_equal(rows(dir, &plain, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), "a=one\\n|b=caf\\xef\\xbf\\xbd|b=|");
    free(tmpdir_write(dir, "a/1.gz", packed, sizeof packed - 5));
    assert_int_equal(rows(dir, &options, &got), TML_EFORMAT);
    assert_string_equal(tmli_buf_cstr(&got), "/a/1.gz: the gzip data are cut short");
    tmli_buf_deinit(&got);
}

static void other_formats_do_not_read_directories(void **state)
{
    char *dir = *state;
    const tmli_reader_options csv = {.format = TMLI_FORMAT_CSV, .text = "text"};
    tmli_buf got = {0};
    tmpdir_write_text(dir, "a/1", "x");
    assert_int_equal(rows(dir, &csv, &got), TML_EIO);
    assert_string_equal(tmli_buf_cstr(&got), ": Is a directory");
    tmli_buf_deinit(&got);
}

static void files_over_the_limit_are_refused(void **state)
{
    char *dir = *state;
    tmli_folders folders = {0};
    tmli_folders_file file;
    bool has;
    tml_error err = {0};
    tmpdir_write_text(dir, "a/1", "12345");
    free(tmpdir_write(dir, "a/2", packed, sizeof packed - 1));
    assert_int_equal(tmli_folders_init(&folders, dir, 4, NULL), TML_OK);
    assert_int_equal(tmli_folders_next(&folders, &file, &has, &err), TML_ELIMIT);
    assert_non_null(strstr(err.text, "/a/1: 5 bytes, the limit is 4"));
    tmli_folders_deinit(&folders);
    assert_int_equal(tmli_folders_init(&folders, dir, 24, NULL), TML_OK);
    assert_int_equal(tmli_folders_next(&folders, &file, &has, NULL), TML_OK);
    assert_int_equal(tmli_folders_next(&folders, &file, &has, NULL), TML_OK);
    assert_true(tmli_str_eq_text(file.bytes, "one\n"));
    assert_int_equal(tmli_folders_next(&folders, &file, &has, NULL), TML_OK);
    assert_false(has);
    tmli_folders_deinit(&folders);
}

static void each_allocation_may_fail(void **state)
{
    char *dir = *state;
    size_t nth = 0;
    tmpdir_write_text(dir, "w/a/1", "caf\xe9");
    free(tmpdir_write(dir, "w/b/1", packed, sizeof packed - 1));
    tmpdir_write_text(dir, "w/b/2", "x");
    for (;; nth++) {
        tmli_row_reader *reader = NULL;
        tml_error err = {0};
        bool has = true;
        fail_allocation(nth);
        tml_status status = tmli_row_reader_open(dir, &plain, &reader, &err);
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
    assert_true(nth >= 16);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(files_are_rows_by_class_then_name),
        IN_A_DIRECTORY(trees_that_are_no_class_folders_are_refused),
        IN_A_DIRECTORY(a_folder_with_a_longer_name_is_outside),
        IN_A_DIRECTORY(pipes_are_refused_and_not_waited_for),
        IN_A_DIRECTORY(files_may_be_gzip_and_latin_1),
        IN_A_DIRECTORY(other_formats_do_not_read_directories),
        IN_A_DIRECTORY(files_over_the_limit_are_refused),
        IN_A_DIRECTORY(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
