/* Checked allocation over the C library's, with the hook through which tests make each allocation fail. */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    LINE_BYTES = 64
};

static bool (*allow_hook)(void);

static bool is_allowed(void)
{
    return allow_hook == NULL || allow_hook();
}

void tmli_set_alloc_hook(bool (*allow)(void))
{
    allow_hook = allow;
}

bool tmli_mul_size(size_t a, size_t b, size_t *out)
{
    if (b != 0 && a > SIZE_MAX / b) {
        return false;
    }
    *out = a * b;
    return true;
}

bool tmli_add_size(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b) {
        return false;
    }
    *out = a + b;
    return true;
}

void *tmli_malloc(size_t size)
{
    /* malloc(0) may give NULL, which would look like a failure. */
    return is_allowed() ? malloc(size > 0 ? size : 1) : NULL;
}

void *tmli_alloc(size_t n, size_t size)
{
    size_t bytes;
    return tmli_mul_size(n, size, &bytes) ? tmli_malloc(bytes) : NULL;
}

void *tmli_calloc(size_t n, size_t size)
{
    size_t bytes;
    if (!tmli_mul_size(n, size, &bytes) || !is_allowed()) {
        return NULL;
    }
    return calloc(bytes > 0 ? bytes : 1, 1);
}

void *tmli_realloc(void *block, size_t n, size_t size)
{
    size_t bytes;
    if (!tmli_mul_size(n, size, &bytes) || !is_allowed()) {
        return NULL;
    }
    return realloc(block, bytes > 0 ? bytes : 1);
}

void tmli_free(void *block)
{
    free(block);
}

bool tmli_grow(void *items, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity) {
        return true;
    }
    size_t wanted;
    if (!tmli_add_size(*capacity, *capacity / 2, &wanted) || wanted < need) {
        wanted = need;
    }
    /* The array's pointer has a type of its own: copied as bytes, not read through a void **. */
    void *block;
    memcpy(&block, items, sizeof block);
    void *const grown = tmli_realloc(block, wanted, size);
    if (grown == NULL) {
        return false;
    }
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

void *tmli_alloc_lines(size_t n, size_t size)
{
    size_t bytes;
    if (!tmli_mul_size(n, size, &bytes) || !tmli_add_size(bytes, LINE_BYTES - 1, &bytes) ||
        !is_allowed()) {
        return NULL;
    }
    void *block = NULL;
    const size_t whole_lines = bytes / LINE_BYTES * LINE_BYTES;
    const size_t at_least_one = whole_lines > 0 ? whole_lines : LINE_BYTES;
    return posix_memalign(&block, LINE_BYTES, at_least_one) == 0 ? block : NULL;
}

void tmli_free_lines(void *block)
{
    free(block);
}
