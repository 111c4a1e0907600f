/* support/alloc_fail.h: making one allocation fail.
 *
 *     for (size_t nth = 0;; nth++) {
 *         fail_allocation(nth);
 *         tml_status status = call(&out);
 *         fail_allocation(NEVER);
 *         if (status == TML_OK) { release(out); break; }
 *         assert_int_equal(status, TML_ENOMEM);
 *     } */
#ifndef SUPPORT_ALLOC_FAIL_H
#define SUPPORT_ALLOC_FAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEVER SIZE_MAX

/* The nth allocation from now, counted from 0, fails; only that one. NEVER ends it. The counter is shared by all
 * threads; which thread meets the failure is not determined. */
void fail_allocation(size_t nth);
/* Whether that one has come and failed, before the next fail_allocation: what succeeds without it succeeds in spite of it. */
bool allocation_has_failed(void);

#endif
