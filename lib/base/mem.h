/* base/mem.h: checked allocation. Every allocation of textml goes through here, so that tests can make each one fail. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/version.h"

/* NULL when memory is short, when n * size overflows, or when a test says so. A size of 0 gives a pointer that can be
 * freed. Memory of tmli_calloc is zeroed. All are freed with tmli_free. */
void *tmli_malloc(size_t size) TML_NODISCARD;
void *tmli_alloc(size_t n, size_t size) TML_NODISCARD; /* n items, not zeroed */
void *tmli_calloc(size_t n, size_t size) TML_NODISCARD;
/* As realloc: on failure the old block is still the caller's. */
void *tmli_realloc(void *block, size_t n, size_t size) TML_NODISCARD;
void tmli_free(void *block); /* NULL is allowed */

/* Makes room for `need` items of `size` bytes behind *items, growing *capacity by half at least. False when memory is
 * short; *items and *capacity are then as before. items: address of a pointer to the array. */
bool tmli_grow(void *items, size_t *capacity, size_t need, size_t size) TML_NODISCARD;

/* n items of `size` bytes, the first on a 64-byte line (a cache line, the widest vector). Freed with tmli_free_lines. */
void *tmli_alloc_lines(size_t n, size_t size) TML_NODISCARD;
void tmli_free_lines(void *block); /* NULL is allowed */

/* *out = a * b (or a + b); false when it does not fit, *out then untouched. */
bool tmli_mul_size(size_t a, size_t b, size_t *out) TML_NODISCARD;
bool tmli_add_size(size_t a, size_t b, size_t *out) TML_NODISCARD;

/* For tests only, set before threads start: called before each allocation, false makes it fail. NULL restores. */
void tmli_set_alloc_hook(bool (*allow)(void));

#endif
