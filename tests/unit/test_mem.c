/* Checked allocation. */
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/alloc_fail.h"

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    size_t out = 7;
    assert_false(tmli_mul_size(SIZE_MAX / 2 + 1, 2, &out));
    assert_false(tmli_add_size(SIZE_MAX, 1, &out));
    assert_int_equal(out, 7);
    assert_true(tmli_mul_size(SIZE_MAX / 2, 2, &out));
    assert_true(out == SIZE_MAX - 1);
    assert_true(tmli_mul_size(5, 0, &out));
    assert_int_equal(out, 0);
    assert_true(tmli_add_size(SIZE_MAX - 1, 1, &out));
    assert_true(out == SIZE_MAX);
    assert_null(tmli_alloc(SIZE_MAX / 2, 3));
    assert_null(tmli_calloc(SIZE_MAX / 2, 3));
    assert_null(tmli_realloc(NULL, SIZE_MAX / 2, 3));
    assert_null(tmli_alloc_lines(SIZE_MAX / 2, 3));
    assert_null(tmli_alloc_lines(SIZE_MAX, 1));
}

static void a_size_of_zero_gives_a_block(void **state)
{
    (void)state;
    void *blocks[] = {tmli_malloc(0), tmli_alloc(0, 8), tmli_calloc(0, 8), tmli_calloc(8, 0),
                      tmli_realloc(NULL, 0, 8)};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        assert_non_null(blocks[i]);
        tmli_free(blocks[i]);
    }
    void *const lines = tmli_alloc_lines(0, 4);
    assert_non_null(lines);
    tmli_free_lines(lines);
    tmli_free(NULL);
    tmli_free_lines(NULL);
}

static void cleared_memory_is_zero(void **state)
{
    (void)state;
    unsigned char *const block = tmli_calloc(1000, 3);
    assert_non_null(block);
    for (size_t i = 0; i < 3000; i++) {
        assert_int_equal(block[i], 0);
    }
    tmli_free(block);
}

static void lines_begin_at_a_cache_line(void **state)
{
    (void)state;
    for (size_t n = 1; n < 300; n += 7) {
        float *const block = tmli_alloc_lines(n, sizeof *block);
        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 64, 0);
        (void)memset(block, 1, n * sizeof *block);
        tmli_free_lines(block);
    }
}

static void growing_keeps_the_items_and_grows_by_half(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    size_t n_growths = 0;
    for (int i = 0; i < 10000; i++) {
        const size_t before = capacity;
        assert_true(tmli_grow(&items, &capacity, (size_t)i + 1, sizeof *items));
        n_growths += capacity != before;
        items[i] = i;
    }
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(items[i], i);
    }
    assert_true(n_growths < 30);
    assert_false(tmli_grow(&items, &capacity, SIZE_MAX / 2, sizeof *items));
    assert_int_equal(items[9999], 9999);
    tmli_free(items);
}

static void the_hook_makes_every_kind_of_allocation_fail(void **state)
{
    (void)state;
    int *items = NULL;
    size_t capacity = 0;
    assert_true(tmli_grow(&items, &capacity, 4, sizeof *items));
    const int *const before = items;
    for (size_t kind = 0; kind < 6; kind++) {
        fail_allocation(0);
        void *block = NULL;
        switch (kind) {
        case 0: block = tmli_malloc(1); break;
        case 1: block = tmli_alloc(1, 1); break;
        case 2: block = tmli_calloc(1, 1); break;
        case 3: block = tmli_realloc(NULL, 1, 1); break;
        case 4: block = tmli_alloc_lines(1, 1); break;
        default: assert_false(tmli_grow(&items, &capacity, 100, sizeof *items)); break;
        }
        fail_allocation(NEVER);
        assert_null(block);
    }
    assert_ptr_equal(items, before);
    assert_int_equal(capacity, 4);
    tmli_free(items);
}

static void only_the_nth_allocation_fails(void **state)
{
    (void)state;
    fail_allocation(2);
    void *blocks[5];
    for (size_t i = 0; i < 5; i++) {
        blocks[i] = tmli_malloc(1);
    }
    fail_allocation(NEVER);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(blocks[i] == NULL, i == 2);
        tmli_free(blocks[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(a_size_of_zero_gives_a_block),
        cmocka_unit_test(cleared_memory_is_zero),
        cmocka_unit_test(lines_begin_at_a_cache_line),
        cmocka_unit_test(growing_keeps_the_items_and_grows_by_half),
        cmocka_unit_test(the_hook_makes_every_kind_of_allocation_fail),
        cmocka_unit_test(only_the_nth_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
