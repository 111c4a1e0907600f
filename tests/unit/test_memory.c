/* Memory under pretended cgroups and machines. */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "support/alloc_fail.h"
#include "support/tmpdir.h"

static const char machine[] = "MemTotal:       1000 kB\nMemFree:  5 kB\nMemAvailable:    600 kB\n";

typedef struct file {
    const char *name, *text;
} file;

/* What is told with these files; the last one's name is NULL. */
static bool read_with(const file *files, tmli_memory *out)
{
    char *dir = tmpdir_create();
    for (; files->name != NULL; files++) {
        tmpdir_write_text(dir, files->name, files->text);
    }
    char *meminfo = tmpdir_path(dir, "meminfo");
    const bool done = tmli_memory_read(dir, meminfo, out);
    free(meminfo);
    tmpdir_remove(dir);
    return done;
}

static void assert_told(const file *files, size_t limit_bytes, size_t used_bytes)
{
    tmli_memory got = {0};
    assert_true(read_with(files, &got));
    assert_int_equal(got.limit_bytes, limit_bytes);
    assert_int_equal(got.used_bytes, used_bytes);
}

static void version_2_is_read_without_cached_files(void **state)
{
    (void)state;
    assert_told((const file[]){{"memory.max", "5000\n"},
                               {"memory.current", "3000\n"},
                               {"memory.stat", "anon 900\nfile 1500\nfile_mapped 7\nshmem 100\n"},
                               {0}},
                5000, 1600);
    assert_told((const file[]){{"memory.max", "5000\n"}, {"memory.current", "3000\n"}, {0}}, 5000,
                3000);
}

static void version_1_is_read_too(void **state)
{
    (void)state;
    assert_told((const file[]){{"memory/memory.limit_in_bytes", "5000\n"},
                               {"memory/memory.usage_in_bytes", "3000\n"},
                               {"memory/memory.stat", "cache 1\ntotal_cache 2000\ntotal_shmem 0\n"},
                               {0}},
                5000, 1000);
}

static void whichever_leaves_less_counts(void **state)
{
    (void)state;
    const size_t kib = 1024;
    assert_told((const file[]){{"meminfo", machine}, {0}}, 1000 * kib, 400 * kib);
    assert_told((const file[]){{"memory.max", "max\n"}, {"meminfo", machine}, {0}}, 1000 * kib,
                400 * kib);
    assert_told(
        (const file[]){
            {"memory.max", "5000\n"}, {"memory.current", "10\n"}, {"meminfo", machine}, {0}},
        5000, 10);
    assert_told((const file[]){{"memory/memory.limit_in_bytes", "9223372036854771712\n"},
                               {"memory/memory.usage_in_bytes", "10\n"},
                               {"meminfo", machine},
                               {0}},
                1000 * kib, 400 * kib);
}

static void what_is_no_number_tells_nothing(void **state)
{
    (void)state;
    static const file cases[][4] = {
        {{0}},
        {{"memory.max", "x"}, {"memory.current", "1"}, {0}},
        {{"memory.max", "5"}, {"memory.current", "-1"}, {0}},
        {{"memory.max", ""}, {"memory.current", ""}, {0}},
        {{"meminfo", "MemTotal:"}, {0}},
        {{"meminfo", "MemTotal: 5 kB\nMemAvailable: many kB\n"}, {0}},
        {{"meminfo", "MemTotal: 9223372036854775807 kB\nMemAvailable: 1 kB\n"}, {0}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tmli_memory got = {.limit_bytes = 77};
        assert_false(read_with(cases[i], &got));
        assert_int_equal(got.limit_bytes, 77);
    }
}

static void what_is_left_is_never_less_than_nothing(void **state)
{
    (void)state;
    assert_int_equal(tmli_memory_left(&(tmli_memory){10, 3}), 7);
    assert_int_equal(tmli_memory_left(&(tmli_memory){10, 11}), 0);
    tmli_memory here = {0};
    assert_true(tmli_memory_read("/sys/fs/cgroup", "/proc/meminfo", &here)); /* this machine */
    assert_in_range(here.used_bytes, 1, here.limit_bytes);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    char *dir = tmpdir_create();
    tmpdir_write_text(dir, "memory.max", "5000\n");
    tmpdir_write_text(dir, "memory.current", "10\n");
    for (size_t nth = 0;; nth++) {
        tmli_memory got = {0};
        fail_allocation(nth);
        const bool done = tmli_memory_read(dir, "/nowhere", &got);
        fail_allocation(NEVER);
        if (done && nth > 8) {
            break;
        }
        assert_true(!done || got.limit_bytes == 5000);
    }
    tmpdir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(version_2_is_read_without_cached_files),
        cmocka_unit_test(version_1_is_read_too),
        cmocka_unit_test(whichever_leaves_less_counts),
        cmocka_unit_test(what_is_no_number_tells_nothing),
        cmocka_unit_test(what_is_left_is_never_less_than_nothing),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
