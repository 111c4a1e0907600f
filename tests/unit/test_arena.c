/* The arena: alignment, limit, reset. */
#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/alloc_fail.h"

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 256, 0);
    unsigned char *pieces[100];
    for (size_t i = 0; i < 100; i++) {
        pieces[i] = tmli_arena_alloc(&arena, i, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        (void)memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 100; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_equal(pieces[i][j], i);
        }
    }
    tmli_arena_deinit(&arena);
}

static void a_request_larger_than_a_block_gets_its_own(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 16, 0);
    char *const big = tmli_arena_alloc(&arena, 1000, 1);
    assert_non_null(big);
    (void)memset(big, 'x', 1000);
    assert_non_null(tmli_arena_alloc(&arena, 1, 1));
    tmli_arena_deinit(&arena);
}

static void nothing_is_allocated_before_the_first_request(void **state)
{
    (void)state;
    tmli_arena arena;
    fail_allocation(0);
    tmli_arena_init(&arena, 1024, 0);
    assert_null(tmli_arena_alloc(&arena, 1, 1));
    fail_allocation(NEVER);
    assert_non_null(tmli_arena_alloc(&arena, 1, 1));
    tmli_arena_deinit(&arena);
}

static void the_limit_counts_what_was_handed_out_since_the_reset(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 128);
    for (int round = 0; round < 3; round++) {
        assert_non_null(tmli_arena_alloc(&arena, 64, 1));
        assert_null(tmli_arena_alloc(&arena, 65, 1));
        assert_non_null(tmli_arena_alloc(&arena, 64, 1));
        assert_null(tmli_arena_alloc(&arena, 1, 1));
        tmli_arena_reset(&arena);
    }
    tmli_arena_deinit(&arena);
}

static void a_steady_load_allocates_nothing_after_the_first_round(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 4096 / 64; i++) {
            assert_non_null(tmli_arena_alloc(&arena, 4, 16));
        }
        tmli_arena_reset(&arena);
        fail_allocation(0);
    }
    fail_allocation(NEVER);
    tmli_arena_deinit(&arena);
}

static void sizes_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 0);
    assert_null(tmli_arena_alloc(&arena, SIZE_MAX / 2, 3));
    assert_null(tmli_arena_alloc(&arena, SIZE_MAX, 1));
    assert_null(tmli_arena_alloc(&arena, SIZE_MAX - 40, 1));
    tmli_arena_deinit(&arena);
}

static void a_copy_ends_in_nul(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 0);
    assert_string_equal(tmli_arena_copy(&arena, (tml_str){"hello", 4}), "hell");
    assert_string_equal(tmli_arena_copy(&arena, (tml_str){NULL, 0}), "");
    assert_memory_equal(tmli_arena_copy(&arena, TML_STR("a\0b")), "a\0b", 4);
    assert_null(tmli_arena_copy(&arena, (tml_str){"", SIZE_MAX}));
    tmli_arena_deinit(&arena);
}

static void reset_and_deinit_accept_an_empty_arena(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 0);
    tmli_arena_reset(&arena);
    tmli_arena_deinit(&arena);
    tmli_arena_deinit(&arena);
}

static void going_back_forgets_what_came_since(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 64, 200);
    const tmli_arena_mark empty = tmli_arena_here(&arena);
    char *const kept = tmli_arena_copy(&arena, TML_STR("kept"));
    assert_non_null(kept);
    const tmli_arena_mark mark = tmli_arena_here(&arena);
    char *first = NULL;
    for (size_t i = 0; i < 100;
         i++) { /* within the limit each time, in the same place, over several blocks */
        char *const a = tmli_arena_alloc(&arena, 16, 1);
        char *const b = tmli_arena_alloc(&arena, 100, 1);
        assert_non_null(a);
        assert_non_null(b);
        (void)memset(a, 'a', 16);
        (void)memset(b, 'b', 100);
        first = first != NULL ? first : a;
        assert_ptr_equal(a, first);
        tmli_arena_go_back(&arena, mark);
        assert_string_equal(kept, "kept");
    }
    assert_int_equal(arena.used_bytes, mark.used_bytes);
    tmli_arena_go_back(&arena, empty);
    assert_int_equal(arena.used_bytes, 0);
    assert_ptr_equal(tmli_arena_alloc(&arena, 1, 1), kept); /* its block was not given back */
    tmli_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
        cmocka_unit_test(a_request_larger_than_a_block_gets_its_own),
        cmocka_unit_test(nothing_is_allocated_before_the_first_request),
        cmocka_unit_test(the_limit_counts_what_was_handed_out_since_the_reset),
        cmocka_unit_test(a_steady_load_allocates_nothing_after_the_first_round),
        cmocka_unit_test(sizes_that_do_not_fit_are_refused),
        cmocka_unit_test(a_copy_ends_in_nul),
        cmocka_unit_test(reset_and_deinit_accept_an_empty_arena),
        cmocka_unit_test(going_back_forgets_what_came_since),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
