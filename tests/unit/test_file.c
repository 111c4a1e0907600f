/* Whole files: reading, mapping, replacing, listing. */
#include "base/file.h"

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

#include "base/mem.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

/* The number of entries in a directory, hidden ones included. */
static size_t entries_in(const char *dir)
{
    char command[600];
    (void)snprintf(command, sizeof command, "ls -A '%s' | wc -l", dir);
    FILE *const pipe = popen(command, "r"); /* NOLINT(cert-env33-c): a test's own directory */
    char line[32] = "";
    assert_non_null(pipe);
    assert_non_null(fgets(line, sizeof line, pipe));
    (void)pclose(pipe);
    return strtoul(line, NULL, 10);
}

static void reading_appends_the_bytes(void **state)
{
    char *const path = tmpdir_write(*state, "a", "x\0y", 3);
    tmli_buf buf = {0};
    tmli_buf_append_text(&buf, "before:");
    assert_int_equal(tmli_file_read(path, 3, &buf, NULL), TML_OK);
    assert_int_equal(buf.len, 10);
    assert_memory_equal(buf.data, "before:x\0y", 10);
    tmli_buf_deinit(&buf);
    free(path);
}

static void reading_a_large_file_gives_all_of_it(void **state)
{
    enum {
        N = 300000
    };
    char *const bytes = malloc(N);
    assert_non_null(bytes);
    for (size_t i = 0; i < N; i++) {
        bytes[i] = (char)(i * 31 % 251);
    }
    char *const path = tmpdir_write(*state, "a", bytes, N);
    tmli_buf buf = {0};
    assert_int_equal(tmli_file_read(path, N, &buf, NULL), TML_OK);
    assert_int_equal(buf.len, N);
    assert_memory_equal(buf.data, bytes, N);
    tmli_buf_deinit(&buf);
    free(bytes);
    free(path);
}

static void files_without_a_size_are_read_to_their_end(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    assert_int_equal(tmli_file_read("/proc/self/status", 1 << 20, &buf, NULL), TML_OK);
    assert_true(buf.len > 100);
    tmli_buf_reset(&buf);
    tml_error err = {0};
    assert_int_equal(tmli_file_read("/proc/self/status", 10, &buf, &err), TML_ELIMIT);
    assert_int_equal(buf.len, 0);
    tmli_buf_deinit(&buf);
}

static void reading_refuses_with_the_path_and_the_reason(void **state)
{
    const char *const dir = *state;
    char *const large = tmpdir_write(dir, "large", "0123456789", 10);
    char *const pipe = tmpdir_path(dir, "pipe");
    char *const missing = tmpdir_path(dir, "missing");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    const struct {
        const char *path;
        tml_status status;
        const char *reason;
    } rows[] = {
        {missing, TML_EIO, "missing: No such file or directory"},
        {dir, TML_EIO, ": is not a regular file"},
        {pipe, TML_EIO, "pipe: is not a regular file"},
        {large, TML_ELIMIT, "large: 10 bytes, the limit is 9"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_buf buf = {0};
        tml_error err = {0};
        tmli_buf_append_text(&buf, "kept");
        assert_int_equal(tmli_file_read(rows[i].path, 9, &buf, &err), rows[i].status);
        assert_non_null(strstr(err.text, rows[i].reason));
        assert_string_equal(tmli_buf_cstr(&buf), "kept");
        tmli_buf_deinit(&buf);
    }
    free(large);
    free(pipe);
    free(missing);
}

static void reading_survives_want_of_memory(void **state)
{
    char *const path = tmpdir_write(*state, "a", "hello", 5);
    tmli_buf buf = {0};
    fail_allocation(0);
    const tml_status status = tmli_file_read(path, 100, &buf, NULL);
    fail_allocation(NEVER);
    assert_int_equal(status, TML_ENOMEM);
    assert_false(buf.failed);
    assert_int_equal(tmli_file_read(path, 100, &buf, NULL), TML_OK);
    tmli_buf_deinit(&buf);
    free(path);
}

static void a_mapping_shows_the_bytes(void **state)
{
    char *const path = tmpdir_write(*state, "a", "mapped", 6);
    char *const empty = tmpdir_write(*state, "empty", "", 0);
    tmli_mapping mapping = {0};
    assert_int_equal(tmli_file_map(path, &mapping, NULL), TML_OK);
    assert_int_equal(mapping.n, 6);
    assert_memory_equal(mapping.bytes, "mapped", 6);
    tmli_file_unmap(&mapping);
    assert_null(mapping.bytes);
    tmli_file_unmap(&mapping);
    assert_int_equal(tmli_file_map(empty, &mapping, NULL), TML_OK);
    assert_null(mapping.bytes);
    assert_int_equal(mapping.n, 0);
    assert_int_equal(tmli_file_map(*state, &mapping, NULL), TML_EIO);
    free(path);
    free(empty);
}

static void replacing_leaves_the_new_bytes_and_nothing_else(void **state)
{
    const char *const dir = *state;
    char *const path = tmpdir_write(dir, "a", "old and longer", 14);
    assert_int_equal(tmli_file_replace(path, "new", 3, NULL), TML_OK);
    tmli_buf buf = {0};
    assert_int_equal(tmli_file_read(path, 100, &buf, NULL), TML_OK);
    assert_string_equal(tmli_buf_cstr(&buf), "new");
    assert_int_equal(entries_in(dir), 1);
    tmli_buf_deinit(&buf);
    free(path);
}

static void replacing_without_a_directory_part_works(void **state)
{
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(*state), 0);
    assert_int_equal(tmli_file_replace("plain", "x", 1, NULL), TML_OK);
    assert_true(tmli_is_file("plain"));
    assert_int_equal(chdir(before), 0);
}

static void replacing_fails_with_a_sentence_and_leaves_nothing(void **state)
{
    const char *const dir = *state;
    char *const missing = tmpdir_path(dir, "missing/a");
    tml_error err = {0};
    assert_int_equal(tmli_file_replace(missing, "x", 1, &err), TML_EIO);
    assert_non_null(strstr(err.text, "missing/a: No such file"));
    err = (tml_error){0};
    char *const folder = tmpdir_path(dir, "");
    assert_int_equal(tmli_file_replace(folder, "x", 1, &err), TML_EIO);
    char *const busy = tmpdir_path(dir, "busy");
    assert_int_equal(mkdir(busy, 0777), 0);
    assert_int_equal(tmli_file_replace(busy, "x", 1, NULL), TML_EIO); /* the rename fails */
    assert_int_equal(entries_in(dir), 1);
    free(missing);
    free(folder);
    free(busy);
}

/* A replacement that fails leaves the old bytes. */
static void every_allocation_of_a_replacement_may_fail(void **state)
{
    const char *const dir = *state;
    char *const path = tmpdir_write(dir, "a", "old", 3);
    tmli_buf bytes = {0};
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = tmli_file_replace(path, "new", 3, NULL);
        fail_allocation(NEVER);
        assert_int_equal(entries_in(dir), 1);
        tmli_buf_reset(&bytes);
        assert_int_equal(tmli_file_read(path, 3, &bytes, NULL), TML_OK);
        assert_string_equal(tmli_buf_cstr(&bytes), status == TML_OK ? "new" : "old");
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tmli_buf_deinit(&bytes);
    free(path);
}

static void pieces_are_put_in_place_by_commit_only(void **state)
{
    char *const path = tmpdir_path(*state, "out");
    tmli_file_out out = {.fd = -1};
    assert_int_equal(tmli_file_out_begin(&out, path, NULL), TML_OK);
    assert_int_equal(tmli_file_out_write(&out, "ab", 2, NULL), TML_OK);
    assert_false(tmli_file_exists(path));
    tmli_file_out second = {.fd = -1}; /* two writers do not meet */
    assert_int_equal(tmli_file_out_begin(&second, path, NULL), TML_OK);
    tmli_file_out_abandon(&second);
    assert_int_equal(tmli_file_out_write(&out, "cd", 2, NULL), TML_OK);
    assert_int_equal(tmli_file_out_commit(&out, NULL), TML_OK);
    assert_int_equal(out.fd, -1);
    tmli_file_out_abandon(&out);
    assert_true(tmli_is_file(path));
    assert_int_equal(entries_in(*state), 1);
    free(path);
}

static void directories_are_made_with_their_parents(void **state)
{
    char *const deep = tmpdir_path(*state, "x/y//z/");
    char *const file = tmpdir_write(*state, "file", "", 0);
    char *const below = tmpdir_path(*state, "file/sub");
    assert_int_equal(tmli_make_dirs(deep, NULL), TML_OK);
    assert_true(tmli_is_dir(deep));
    assert_int_equal(tmli_make_dirs(deep, NULL), TML_OK);
    tml_error err = {0};
    assert_int_equal(tmli_make_dirs(below, &err), TML_EIO);
    assert_non_null(strstr(err.text, "file"));
    assert_int_equal(tmli_make_dirs("/", NULL), TML_OK);
    fail_allocation(0);
    assert_int_equal(tmli_make_dirs(deep, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    free(deep);
    free(file);
    free(below);
}

static void paths_are_joined_with_one_slash(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}, {"a", "", "a/"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *const joined = tmli_path_join(rows[i][0], rows[i][1]);
        assert_string_equal(joined, rows[i][2]);
        tmli_free(joined);
    }
    assert_string_equal(tmli_path_name("/a/b.c"), "b.c");
    assert_string_equal(tmli_path_name("b.c"), "b.c");
    assert_string_equal(tmli_path_name("a/"), "");
}

static void what_is_there_is_told_apart(void **state)
{
    char *const file = tmpdir_write(*state, "file", "x", 1);
    char *const link = tmpdir_path(*state, "link");
    char *const broken = tmpdir_path(*state, "broken");
    assert_int_equal(symlink("file", link), 0);
    assert_int_equal(symlink("nothing", broken), 0);
    assert_true(tmli_is_file(file) && tmli_is_file(link) && !tmli_is_dir(file));
    assert_true(tmli_is_dir(*state) && !tmli_is_file(*state));
    assert_true(tmli_file_exists(broken) && !tmli_is_file(broken));
    assert_false(tmli_file_exists("/nowhere/at/all"));
    free(file);
    free(link);
    free(broken);
}

static void make_listing(const char *dir)
{
    static const char *const names[] = {"b",        "a/z.txt",  "a.txt", "a/b/c",      ".hidden",
                                        "a/.git/x", "_SUCCESS", "b.crc", "a/_SUCCESS", "c/x.crc"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tmpdir_write_text(dir, names[i], "x");
    }
    tmpdir_write_text(dir, "empty", "");
    char *const loop = tmpdir_path(dir, "a/loop");
    char *const broken = tmpdir_path(dir, "broken");
    char *const pipe = tmpdir_path(dir, "pipe");
    char *const linked = tmpdir_path(dir, "linked");
    assert_int_equal(symlink("..", loop), 0);
    assert_int_equal(symlink("nothing", broken), 0);
    assert_int_equal(symlink("a/b", linked), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    free(loop);
    free(broken);
    free(pipe);
    free(linked);
}

static void files_are_listed_in_byte_order_without_droppings(void **state)
{
    const char *const dir = *state;
    static const char *const want[] = {"a.txt", "a/b/c", "a/z.txt", "b", "linked/c"};
    make_listing(dir);
    tmli_paths paths = {0};
    assert_int_equal(tmli_list_files(dir, &paths, NULL), TML_OK);
    assert_int_equal(paths.n, sizeof want / sizeof *want);
    for (size_t i = 0; i < paths.n; i++) {
        assert_memory_equal(paths.items[i], dir, strlen(dir));
        assert_string_equal(paths.items[i] + strlen(dir) + 1, want[i]);
    }
    tmli_paths_deinit(&paths);
    tml_error err = {0};
    assert_int_equal(tmli_list_files("/nowhere/at/all", &paths, &err), TML_EIO);
    assert_string_equal(err.text, "/nowhere/at/all: No such file or directory");
}

static void every_allocation_of_a_listing_may_fail(void **state)
{
    make_listing(*state);
    for (size_t nth = 0;; nth++) {
        tmli_paths paths = {0};
        fail_allocation(nth);
        const tml_status status = tmli_list_files(*state, &paths, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_paths_deinit(&paths);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_null(paths.items);
    }
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(reading_appends_the_bytes),
        IN_A_DIRECTORY(reading_a_large_file_gives_all_of_it),
        IN_A_DIRECTORY(files_without_a_size_are_read_to_their_end),
        IN_A_DIRECTORY(reading_refuses_with_the_path_and_the_reason),
        IN_A_DIRECTORY(reading_survives_want_of_memory),
        IN_A_DIRECTORY(a_mapping_shows_the_bytes),
        IN_A_DIRECTORY(replacing_leaves_the_new_bytes_and_nothing_else),
        IN_A_DIRECTORY(replacing_without_a_directory_part_works),
        IN_A_DIRECTORY(replacing_fails_with_a_sentence_and_leaves_nothing),
        IN_A_DIRECTORY(every_allocation_of_a_replacement_may_fail),
        IN_A_DIRECTORY(pieces_are_put_in_place_by_commit_only),
        IN_A_DIRECTORY(directories_are_made_with_their_parents),
        IN_A_DIRECTORY(paths_are_joined_with_one_slash),
        IN_A_DIRECTORY(what_is_there_is_told_apart),
        IN_A_DIRECTORY(files_are_listed_in_byte_order_without_droppings),
        IN_A_DIRECTORY(every_allocation_of_a_listing_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
