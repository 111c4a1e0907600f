/* A counter under the library's allocation hook. */
#include "support/alloc_fail.h"

#include <stdatomic.h>

#include "base/mem.h"

static atomic_size_t n_left; /* allocations that still succeed before the one that fails */

static bool allow(void)
{
    return atomic_fetch_sub(&n_left, 1) != 0; /* behind 0 it wraps and is 0 again never */
}

void fail_allocation(size_t nth)
{
    atomic_store(&n_left, nth);
    tmli_set_alloc_hook(nth != NEVER ? allow : NULL);
}

bool allocation_has_failed(void)
{
    return atomic_load(&n_left) > SIZE_MAX / 2; /* it has wrapped */
}
