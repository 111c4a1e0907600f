/* The status list and error sentences. */
#include "base/status.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void every_status_has_its_pinned_number_and_text(void **state)
{
    (void)state;
    static const struct {
        tml_status status;
        int number;
    } rows[] = {
        {TML_OK, 0},  {TML_EINVAL, 1},   {TML_EFORMAT, 2}, {TML_ELIMIT, 3},   {TML_EVERSION, 4},
        {TML_EIO, 5}, {TML_ENUMERIC, 6}, {TML_ENOMEM, 7},  {TML_ESTOPPED, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rows[i].status, rows[i].number);
        assert_string_not_equal(tml_status_text(rows[i].status), "unknown status");
    }
    assert_string_equal(tml_status_text(TML_ENOMEM), "out of memory");
    assert_string_equal(tml_status_text((tml_status)99), "unknown status");
}

static void a_failure_fills_the_error_and_comes_back(void **state)
{
    (void)state;
    tml_error err = {0};
    assert_int_equal(tmli_fail(&err, TML_EINVAL, "epochs: %d", 7), TML_EINVAL);
    assert_int_equal(err.status, TML_EINVAL);
    assert_string_equal(err.text, "epochs: 7");
    assert_int_equal(tmli_fail(NULL, TML_EIO, "nobody listens"), TML_EIO);
}

static void the_first_failure_wins(void **state)
{
    (void)state;
    tml_error err = {0};
    (void)tmli_fail(&err, TML_EIO, "first");
    assert_int_equal(tmli_fail_memory(&err, "second"), TML_ENOMEM);
    assert_int_equal(err.status, TML_EIO);
    assert_string_equal(err.text, "first");
}

static void a_memory_failure_names_what_was_too_large(void **state)
{
    (void)state;
    tml_error err = {0};
    assert_int_equal(tmli_fail_memory(&err, "vocabulary"), TML_ENOMEM);
    assert_string_equal(err.text, "vocabulary: out of memory");
}

static void a_long_sentence_is_cut_at_a_character(void **state)
{
    (void)state;
    char text[2000];
    for (size_t i = 0; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "\xc3\xa9", 2);
    }
    text[sizeof text - 2] = '\0';
    tml_error err = {0};
    (void)tmli_fail(&err, TML_EINVAL, "%s", text);
    assert_int_equal(strlen(err.text), TML_ERROR_TEXT_BYTES - 2);
    (void)memset(&err, 0, sizeof err);
    (void)tmli_fail(&err, TML_EINVAL, "x%s", text);
    assert_int_equal(strlen(err.text), TML_ERROR_TEXT_BYTES - 1);
}

static tml_status try_it(tml_status inner, int *n_after)
{
    tml_status status;
    TMLI_TRY(inner);
    *n_after += 1;
cleanup:
    return status;
}

static void try_leaves_at_the_first_failure(void **state)
{
    (void)state;
    int n_after = 0;
    assert_int_equal(try_it(TML_EIO, &n_after), TML_EIO);
    assert_int_equal(n_after, 0);
    assert_int_equal(try_it(TML_OK, &n_after), TML_OK);
    assert_int_equal(n_after, 1);
}

static void texts_from_outside_are_shown_up_to_64_bytes(void **state)
{
    (void)state;
    char text[100];
    (void)memset(text, 'x', sizeof text);
    const tml_str shown = {text, sizeof text};
    const tml_str nothing = {NULL, 0};
    tml_error err = {0};
    (void)tmli_fail(&err, TML_EINVAL, "[%.*s][%.*s]", TMLI_SHOWN(shown), TMLI_SHOWN(nothing));
    assert_int_equal(strlen(err.text), 64 + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_pinned_number_and_text),
        cmocka_unit_test(a_failure_fills_the_error_and_comes_back),
        cmocka_unit_test(the_first_failure_wins),
        cmocka_unit_test(a_memory_failure_names_what_was_too_large),
        cmocka_unit_test(a_long_sentence_is_cut_at_a_character),
        cmocka_unit_test(try_leaves_at_the_first_failure),
        cmocka_unit_test(texts_from_outside_are_shown_up_to_64_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
