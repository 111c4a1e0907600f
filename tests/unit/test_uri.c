/* Percent-encoding, and values of a query by their keys. */
#include "serve/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

static void percent_signs_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        tml_str want;
    } cases[] = {
        {"", {"", 0}},         {"plain", {"plain", 5}}, {"a%20b", {"a b", 3}},
        {"%2f%2F", {"//", 2}}, {"%00", {"\0", 1}},      {"%e4%c3%B6", {"\xe4\xc3\xb6", 3}},
        {"%2520", {"%20", 3}}, {"%", {"%", 1}},         {"%4", {"%4", 2}},
        {"%4g%", {"%4g%", 4}}, {"100%25", {"100%", 4}},
    };
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_str got = {0};
        assert_true(serve_uri_decode(tmli_str(cases[i].in), &arena, &got));
        assert_true(tmli_str_eq(got, cases[i].want));
    }
    tmli_arena_deinit(&arena);
}

static void without_memory_nothing_is_decoded(void **state)
{
    (void)state;
    tmli_arena arena;
    tml_str got = {0};
    tmli_arena_init(&arena, 64, 0);
    fail_allocation(0);
    assert_false(serve_uri_decode(TML_STR("%20"), &arena, &got));
    fail_allocation(NEVER);
    assert_null(got.data);
    tmli_arena_deinit(&arena);
}

static void values_are_found_by_their_keys(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        const char *want; /* of "limit"; NULL: not there */
    } cases[] = {
        {"limit=3", "3"},   {"a=1&limit=3", "3"}, {"limit=3&limit=4", "3"}, {"limit=", ""},
        {"limit", ""},      {"a&limit&b", ""},    {"limits=3", NULL},       {"", NULL},
        {"&&", NULL},       {"=limit", NULL},     {"a=limit=3", NULL},      {"limit=a=b", "a=b"},
        {"&limit=3&", "3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_str got = {0};
        const bool found = serve_uri_query(tmli_str(cases[i].query), TML_STR("limit"), &got);
        assert_int_equal(found, cases[i].want != NULL);
        if (cases[i].want != NULL) {
            assert_true(tmli_str_eq_text(got, cases[i].want));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_signs_are_decoded),
        cmocka_unit_test(without_memory_nothing_is_decoded),
        cmocka_unit_test(values_are_found_by_their_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
