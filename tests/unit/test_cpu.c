/* Counting processors under pretended cgroups. */
#include "base/cpu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "support/tmpdir.h"

/* What is granted with these files below the cgroup root; NULL leaves a file out. */
static size_t count_with(const char *max, const char *quota, const char *period)
{
    char *const dir = tmpdir_create();
    if (max != NULL) {
        tmpdir_write_text(dir, "cpu.max", max);
    }
    if (quota != NULL) {
        tmpdir_write_text(dir, "cpu/cpu.cfs_quota_us", quota);
    }
    if (period != NULL) {
        tmpdir_write_text(dir, "cpu/cpu.cfs_period_us", period);
    }
    const size_t count = tmli_cpu_count(dir);
    tmpdir_remove(dir);
    return count;
}

static void a_quota_is_rounded_up_and_limits_the_count(void **state)
{
    (void)state;
    const size_t all = tmli_cpu_count("/nowhere");
    assert_true(all >= 1);
    static const struct {
        const char *max;
        const char *quota;
        const char *period;
        size_t granted; /* 0: no limit */
    } rows[] = {
        {"max 100000\n", NULL, NULL, 0},
        {"100000 100000\n", NULL, NULL, 1},
        {"10000 100000\n", NULL, NULL, 1},
        {"150000 100000\n", NULL, NULL, 2},
        {"9000000 100000\n", NULL, NULL, 90},
        {"max 100000\n", "100000", "100000", 0}, /* version 2 decides when it is there */
        {NULL, "-1\n", "100000\n", 0},
        {NULL, "50000\n", "100000\n", 1},
        {NULL, "250000\n", "100000\n", 3},
        {NULL, "50000\n", NULL, 0},
        {"", NULL, NULL, 0},
        {"garbage\n", NULL, NULL, 0},
        {"100000\n", NULL, NULL, 0},
        {"100000 0\n", NULL, NULL, 0},
        {"-100000 100000\n", NULL, NULL, 0},
        {"9223372036854775807 1\n", NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t granted = rows[i].granted;
        const size_t want = granted > 0 && granted < all ? granted : all;
        assert_int_equal(count_with(rows[i].max, rows[i].quota, rows[i].period), want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quota_is_rounded_up_and_limits_the_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
