/* support/test_arena.h: memory for what a test looks at and does not free. */
#ifndef SUPPORT_TEST_ARENA_H
#define SUPPORT_TEST_ARENA_H

#include "base/arena.h"

extern tmli_arena test_arena;

/* Set-up and tear-down of a test or of a group. */
int test_arena_begin(void **state);
int test_arena_end(void **state);

#endif
