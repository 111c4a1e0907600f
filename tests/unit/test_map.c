/* The map from text to number. */
#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

static tml_str key_of(uint32_t i, char text[32])
{
    const int len = snprintf(text, 32, "word-%u", i * 2654435761U);
    return (tml_str){text, (size_t)len};
}

static void keys_are_numbered_in_order_of_arrival(void **state)
{
    (void)state;
    tmli_map *const map = tmli_map_create(1);
    bool added = false;
    assert_int_equal(tmli_map_add(map, TML_STR("b"), &added), 0);
    assert_true(added);
    assert_int_equal(tmli_map_add(map, TML_STR("a"), NULL), 1);
    assert_int_equal(tmli_map_add(map, TML_STR("b"), &added), 0);
    assert_false(added);
    assert_int_equal(tmli_map_size(map), 2);
    assert_int_equal(tmli_map_find(map, TML_STR("a")), 1);
    assert_int_equal(tmli_map_find(map, TML_STR("c")), TMLI_MAP_NONE);
    assert_true(tmli_str_eq_text(tmli_map_key(map, 0), "b"));
    assert_true(tmli_str_eq_text(tmli_map_key(map, 1), "a"));
    tmli_map_free(map);
}

static void any_bytes_are_keys(void **state)
{
    (void)state;
    tmli_map *const map = tmli_map_create(0);
    const tml_str keys[] = {TML_STR(""), TML_STR("\0"), TML_STR("\0\0"), TML_STR("\xff"),
                            TML_STR("a\0b")};
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(tmli_map_add(map, keys[i], NULL), i);
    }
    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(tmli_map_find(map, keys[i]), i);
        assert_true(tmli_str_eq(tmli_map_key(map, i), keys[i]));
    }
    assert_int_equal(tmli_map_find(map, (tml_str){NULL, 0}), 0);
    tmli_map_free(map);
}

static void an_empty_map_finds_nothing(void **state)
{
    (void)state;
    tmli_map *const map = tmli_map_create(0);
    assert_int_equal(tmli_map_find(map, TML_STR("x")), TMLI_MAP_NONE);
    assert_int_equal(tmli_map_size(map), 0);
    tmli_map_free(map);
    tmli_map_free(NULL);
}

static void many_keys_stay_apart_whatever_the_seed(void **state)
{
    (void)state;
    enum {
        N = 50000
    };
    char text[32];
    for (uint64_t seed = 0; seed < 3; seed++) {
        tmli_map *const map = tmli_map_create(seed * UINT64_C(0x9e3779b97f4a7c15));
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(tmli_map_add(map, key_of(i, text), NULL), i);
        }
        for (uint32_t i = 0; i < N; i++) {
            assert_int_equal(tmli_map_find(map, key_of(i, text)), i);
            assert_true(tmli_str_eq(tmli_map_key(map, i), key_of(i, text)));
            assert_int_equal(tmli_map_find(map, key_of(i + N, text)), TMLI_MAP_NONE);
        }
        tmli_map_free(map);
    }
}

/* Adds N keys with the nth allocation failing; a refused key must be refused cleanly and be accepted again. */
static bool fill_with_a_failure(size_t nth)
{
    enum {
        N = 200
    };
    char text[32];
    fail_allocation(nth);
    tmli_map *map = tmli_map_create(0);
    bool failed = map == NULL;
    if (failed) {
        fail_allocation(NEVER);
        return true;
    }
    for (uint32_t i = 0; i < N; i++) {
        bool added = true;
        uint32_t number = tmli_map_add(map, key_of(i, text), &added);
        if (number == TMLI_MAP_NONE) {
            failed = true;
            assert_false(added);
            assert_int_equal(tmli_map_size(map), i);
            number = tmli_map_add(map, key_of(i, text), &added);
        }
        assert_int_equal(number, i);
        assert_true(added);
    }
    fail_allocation(NEVER);
    for (uint32_t i = 0; i < N; i++) {
        assert_int_equal(tmli_map_find(map, key_of(i, text)), i);
    }
    tmli_map_free(map);
    return failed;
}

static void a_failed_growth_leaves_the_map_as_it_was(void **state)
{
    (void)state;
    size_t nth = 0;
    while (fill_with_a_failure(nth)) {
        nth++;
    }
    assert_true(nth > 5);
}

static void a_known_key_is_found_even_when_the_map_cannot_grow(void **state)
{
    (void)state;
    char text[32];
    tmli_map *const map = tmli_map_create(0);
    uint32_t n = 0;
    fail_allocation(NEVER);
    for (; n < 11; n++) { /* the first table is full then */
        assert_int_equal(tmli_map_add(map, key_of(n, text), NULL), n);
    }
    fail_allocation(0);
    assert_int_equal(tmli_map_add(map, key_of(3, text), NULL), 3);
    fail_allocation(NEVER);
    tmli_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_numbered_in_order_of_arrival),
        cmocka_unit_test(any_bytes_are_keys),
        cmocka_unit_test(an_empty_map_finds_nothing),
        cmocka_unit_test(many_keys_stay_apart_whatever_the_seed),
        cmocka_unit_test(a_failed_growth_leaves_the_map_as_it_was),
        cmocka_unit_test(a_known_key_is_found_even_when_the_map_cannot_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
