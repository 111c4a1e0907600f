/* support/near.h: comparing floating-point numbers. A difference that is NaN fails. */
#ifndef SUPPORT_NEAR_H
#define SUPPORT_NEAR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

/* The tolerance is relative to max(1, |want|). */
static inline bool is_near(double got, double want, double tol)
{
    /* Equal infinities have no difference that is a number. */
    return got == want || fabs(got - want) <= tol * fmax(1.0, fabs(want));
}

static inline void assert_near_at(double got, double want, double tol, const char *file, int line)
{
    if (!is_near(got, want, tol)) {
        print_error("got %.17g, want %.17g, tolerance %g\n", got, want, tol);
        _fail(file, line);
    }
}

#define assert_near(got, want, tol) \
    assert_near_at((double)(got), (double)(want), (tol), __FILE__, __LINE__)

/* got and want: arrays of n numbers, of one type or two. Stops at the first that is not near. */
#define assert_near_all(got, want, n, tol)                                                     \
    do {                                                                                       \
        for (size_t near_i = 0; near_i < (size_t)(n); near_i++) {                              \
            if (!is_near((double)(got)[near_i], (double)(want)[near_i], (tol))) {              \
                print_error("at %zu: ", near_i);                                               \
                assert_near_at((double)(got)[near_i], (double)(want)[near_i], (tol), __FILE__, \
                               __LINE__);                                                      \
            }                                                                                  \
        }                                                                                      \
    } while (0)

#endif
