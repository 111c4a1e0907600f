/* The failure file and the exit codes. */
#include "sagemaker/failure.h"

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
#include "support/tmpdir.h"
#include "text/utf8.h"

static void every_status_has_its_exit_code(void **state)
{
    (void)state;
    static const struct {
        tml_status status;
        int code;
    } cases[] = {
        {TML_OK, 0},     {TML_ESTOPPED, 0},   {TML_EINVAL, 1}, {TML_EFORMAT, 1},
        {TML_ELIMIT, 1}, {TML_EVERSION, 1},   {TML_EIO, 1},    {TML_ENUMERIC, 1},
        {TML_ENOMEM, 2}, {(tml_status)99, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(sm_exit_code(cases[i].status), cases[i].code);
    }
}

/* What stands in the file after writing text. */
static void assert_written(const char *dir, const char *text, const char *want, size_t n_want)
{
    tml_error err = {.status = TML_EINVAL};
    tmli_buf got = {0};
    char *const path = tmpdir_path(dir, "output/failure");
    (void)snprintf(err.text, sizeof err.text, "%s", text);
    sm_write_failure(path, &err);
    assert_int_equal(tmli_file_read(path, 4096, &got, NULL), TML_OK);
    assert_int_equal(got.len, n_want);
    assert_memory_equal(got.data, want, n_want);
    assert_int_equal(tmli_utf8_faults(tmli_buf_str(&got)), 0);
    tmli_buf_deinit(&got);
    free(path);
}

static void the_sentence_stands_in_the_file_and_nothing_else(void **state)
{
    static const char sentence[] = "epochs: \"ten\" is not a whole number in 1..100000";
    assert_written(*state, sentence, sentence, sizeof sentence - 1);
    assert_written(*state, "shorter", "shorter", 7); /* replaced, not overwritten */
    tmli_paths files = {0};
    assert_int_equal(tmli_list_files(*state, &files, NULL), TML_OK);
    assert_int_equal(files.n, 1);
    tmli_paths_deinit(&files);
}

static void a_directory_that_is_missing_is_made_and_a_plain_name_needs_none(void **state)
{
    tml_error err = {.status = TML_EIO, .text = "x"};
    char *const deep = tmpdir_path(*state, "a/b/c/failure");
    sm_write_failure(deep, &err);
    assert_true(tmli_is_file(deep));
    sm_clear_failure(deep);
    assert_false(tmli_file_exists(deep));
    sm_clear_failure(deep); /* again */
    free(deep);
}

/* Nobody is left to hear of it; the process must end as it would have. */
static void a_place_that_cannot_be_written_is_survived(void **state)
{
    tml_error err = {.status = TML_EIO, .text = "x"};
    tmpdir_write_text(*state, "file", "in the way");
    char *const path = tmpdir_path(*state, "file/failure");
    sm_write_failure(path, &err);
    assert_false(tmli_file_exists(path));
    free(path);
    char huge[8192];
    memset(huge, 'd', sizeof huge);
    huge[0] = '/';
    huge[sizeof huge - 1] = '\0';
    sm_write_failure(huge, &err);
}

static void the_longest_sentence_is_kept_whole(void **state)
{
    char text[TML_ERROR_TEXT_BYTES];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_written(*state, text, text, sizeof text - 1);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_exit_code),
        IN_A_DIRECTORY(the_sentence_stands_in_the_file_and_nothing_else),
        IN_A_DIRECTORY(a_directory_that_is_missing_is_made_and_a_plain_name_needs_none),
        IN_A_DIRECTORY(a_place_that_cannot_be_written_is_survived),
        IN_A_DIRECTORY(the_longest_sentence_is_kept_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
