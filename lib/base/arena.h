/* base/arena.h: memory with a common end. Nothing in an arena is freed singly. Not shared between threads. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "textml/str.h"
#include "textml/version.h"

typedef struct tmli_arena_block tmli_arena_block;

typedef struct tmli_arena {
    tmli_arena_block *first;   /* owned chain; kept over a reset as one block */
    tmli_arena_block *current; /* the block that is being filled */
    size_t block_bytes;        /* size of a new block; larger requests get their own */
    size_t used_bytes;         /* handed out since the last reset */
    size_t limit_bytes;        /* most that may be handed out between resets */
} tmli_arena;

/* No allocation happens before the first request. limit_bytes 0 means no limit. */
void tmli_arena_init(tmli_arena *arena, size_t block_bytes, size_t limit_bytes);
void tmli_arena_deinit(tmli_arena *arena);
/* Forgets everything that was handed out; keeps one block, so that a steady load allocates nothing. */
void tmli_arena_reset(tmli_arena *arena);

/* A place to come back to: what was handed out since is forgotten and its blocks are given back. */
typedef struct tmli_arena_mark {
    tmli_arena_block *block; /* NULL: nothing had been handed out */
    size_t block_used;
    size_t used_bytes;
} tmli_arena_mark;

tmli_arena_mark tmli_arena_here(const tmli_arena *arena);
/* mark: made since the last reset, and no earlier one was gone back to in between. */
void tmli_arena_go_back(tmli_arena *arena, tmli_arena_mark mark);

/* n items of `size` bytes aligned for any type, or NULL (memory short, limit, overflow). Valid until reset or deinit. */
void *tmli_arena_alloc(tmli_arena *arena, size_t n, size_t size) TML_NODISCARD;
/* A NUL-terminated copy of str (the NUL is not counted), or NULL. */
char *tmli_arena_copy(tmli_arena *arena, tml_str str) TML_NODISCARD;

#endif
