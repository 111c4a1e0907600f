#include "support/test_arena.h"

tmli_arena test_arena;

int test_arena_begin(void **state)
{
    (void)state;
    tmli_arena_init(&test_arena, 4096, 0);
    return 0;
}

int test_arena_end(void **state)
{
    (void)state;
    tmli_arena_deinit(&test_arena);
    return 0;
}
