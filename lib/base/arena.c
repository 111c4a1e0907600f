/* A chain of blocks that are filled front to back. */
#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

struct tmli_arena_block {
    tmli_arena_block *next;
    size_t size; /* of bytes[] */
    size_t used;
    _Alignas(max_align_t) unsigned char bytes[];
};

enum {
    ALIGNMENT = _Alignof(max_align_t)
};

void tmli_arena_init(tmli_arena *arena, size_t block_bytes, size_t limit_bytes)
{
    *arena = (tmli_arena){.block_bytes = block_bytes,
                          .limit_bytes = limit_bytes > 0 ? limit_bytes : SIZE_MAX};
}

static void free_chain(tmli_arena_block *block)
{
    while (block != NULL) {
        tmli_arena_block *const next = block->next;
        tmli_free(block);
        block = next;
    }
}

void tmli_arena_deinit(tmli_arena *arena)
{
    free_chain(arena->first);
    arena->first = NULL;
    arena->current = NULL;
    arena->used_bytes = 0;
}

void tmli_arena_reset(tmli_arena *arena)
{
    if (arena->first != NULL) {
        free_chain(arena->first->next);
        arena->first->next = NULL;
        arena->first->used = 0;
    }
    arena->current = arena->first;
    arena->used_bytes = 0;
}

tmli_arena_mark tmli_arena_here(const tmli_arena *arena)
{
    return (tmli_arena_mark){.block = arena->current,
                             .block_used = arena->current != NULL ? arena->current->used : 0,
                             .used_bytes = arena->used_bytes};
}

void tmli_arena_go_back(tmli_arena *arena, tmli_arena_mark mark)
{
    if (mark.block == NULL) {
        tmli_arena_reset(arena);
        return;
    }
    free_chain(mark.block->next);
    mark.block->next = NULL;
    mark.block->used = mark.block_used;
    arena->current = mark.block;
    arena->used_bytes = mark.used_bytes;
}

/* Puts a block with room for `bytes` behind the current one and makes it current. */
static bool add_block(tmli_arena *arena, size_t bytes)
{
    const size_t size = bytes > arena->block_bytes ? bytes : arena->block_bytes;
    size_t total;
    if (!tmli_add_size(size, sizeof(tmli_arena_block), &total)) {
        return false;
    }
    tmli_arena_block *const block = tmli_malloc(total);
    if (block == NULL) {
        return false;
    }
    *block = (tmli_arena_block){.size = size};
    if (arena->current == NULL) {
        arena->first = block;
    } else {
        arena->current->next = block;
    }
    arena->current = block;
    return true;
}

void *tmli_arena_alloc(tmli_arena *arena, size_t n, size_t size)
{
    size_t bytes;
    if (!tmli_mul_size(n, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT) {
        return NULL;
    }
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes > arena->limit_bytes - arena->used_bytes) {
        return NULL;
    }
    const tmli_arena_block *const full = arena->current;
    if ((full == NULL || bytes > full->size - full->used) && !add_block(arena, bytes)) {
        return NULL;
    }
    tmli_arena_block *const block = arena->current;
    void *const at = block->bytes + block->used;
    block->used += bytes;
    arena->used_bytes += bytes;
    return at;
}

char *tmli_arena_copy(tmli_arena *arena, tml_str str)
{
    size_t bytes;
    if (!tmli_add_size(str.len, 1, &bytes)) {
        return NULL;
    }
    char *const copy = tmli_arena_alloc(arena, bytes, 1);
    if (copy == NULL) {
        return NULL;
    }
    if (str.len > 0) {
        memcpy(copy, str.data, str.len);
    }
    copy[str.len] = '\0';
    return copy;
}
