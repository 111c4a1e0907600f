/* The library's version text. */
#include "textml/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_library_tells_the_version_of_its_headers(void **state)
{
    (void)state;
    assert_string_equal(tml_version(), TML_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_tells_the_version_of_its_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
