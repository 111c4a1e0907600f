/* Reading the tree of values; places in text. */
#include "base/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_member_is_found_by_its_key(void **state)
{
    (void)state;
    const tmli_value second = {.kind = TMLI_NUMBER, .key = TML_STR("a"), .number = 2};
    const tmli_value first = {
        .kind = TMLI_NUMBER, .key = TML_STR("a"), .number = 1, .next = &second};
    const tmli_value object = {.kind = TMLI_OBJECT, .first = &first, .n = 2};
    assert_ptr_equal(tmli_value_get(&object, "a"), &first);
    assert_null(tmli_value_get(&object, "b"));
    assert_null(tmli_value_get(&first, "a"));
    assert_null(tmli_value_get(NULL, "a"));
}

static void kinds_have_names_with_articles(void **state)
{
    (void)state;
    assert_string_equal(tmli_kind_name(TMLI_NULL), "null");
    assert_string_equal(tmli_kind_name(TMLI_BOOL), "true or false");
    assert_string_equal(tmli_kind_name(TMLI_NUMBER), "a number");
    assert_string_equal(tmli_kind_name(TMLI_STRING), "a string");
    assert_string_equal(tmli_kind_name(TMLI_LIST), "a list");
    assert_string_equal(tmli_kind_name(TMLI_OBJECT), "an object");
    assert_string_equal(tmli_kind_name((tmli_kind)77), "an unknown value");
}

static void places_count_lines_and_characters(void **state)
{
    (void)state;
    const tml_str text = TML_STR("ab\ncd\xc3\xa9z\n\nq");
    static const struct {
        size_t offset;
        uint32_t line;
        uint32_t column;
    } rows[] = {{0, 1, 1}, {2, 1, 3},  {3, 2, 1},  {7, 2, 4},
                {9, 3, 1}, {10, 4, 1}, {11, 4, 2}, {99, 4, 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const tmli_place place = tmli_place_of(text, rows[i].offset);
        assert_int_equal(place.line, rows[i].line);
        assert_int_equal(place.column, rows[i].column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_is_found_by_its_key),
        cmocka_unit_test(kinds_have_names_with_articles),
        cmocka_unit_test(places_count_lines_and_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
