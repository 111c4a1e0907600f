/* The nearest name. */
#include "base/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"

static const char *const names[] = {"alpha", "epochs", "batch_size", "learning_rate", "lr", "seed"};

static void the_nearest_name_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *want; /* NULL: none is near */
    } rows[] = {
        {"alpha", "alpha"},
        {"ALPHA", "alpha"},
        {"alhpa", "alpha"},
        {"epoch", "epochs"},
        {"epochss", "epochs"},
        {"eopchs", "epochs"},
        {"batchsize", "batch_size"},
        {"batch-size", "batch_size"},
        {"learnig_rate", "learning_rate"},
        {"lrn", "lr"},
        {"l", "lr"},
        {"sed", "seed"},
        {"momentum", NULL},
        {"xyz", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const got = tmli_nearest(tmli_str(rows[i].name), names, 6);
        if (rows[i].want == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, rows[i].want);
        }
    }
}

static void the_first_of_equals_wins(void **state)
{
    (void)state;
    const char *const twins[] = {"cat", "car", "can"};
    assert_string_equal(tmli_nearest(TML_STR("cab"), twins, 3), "cat");
    assert_string_equal(tmli_nearest(TML_STR("car"), twins, 3), "car");
}

static void names_that_are_too_long_have_no_neighbour(void **state)
{
    (void)state;
    char name[66];
    (void)memset(name, 'a', sizeof name);
    name[64] = '\0';
    const char *const candidates[] = {name};
    assert_ptr_equal(tmli_nearest((tml_str){name, 64}, candidates, 1), name);
    assert_null(tmli_nearest((tml_str){name, 65}, candidates, 1));
    name[64] = 'a';
    name[65] = '\0';
    assert_null(tmli_nearest((tml_str){name, 64}, candidates, 1));
    assert_null(tmli_nearest(TML_STR("a"), NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_name_is_found),
        cmocka_unit_test(the_first_of_equals_wins),
        cmocka_unit_test(names_that_are_too_long_have_no_neighbour),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
