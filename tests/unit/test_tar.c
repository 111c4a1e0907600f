/* Members of tar archives: what Python's tarfile finds in them, and what is wrong with damaged ones. */
#include "base/tar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "support/alloc_fail.h"
#include "support/drip.h"
#include "support/golden.h"
#include "support/tmpdir.h"

#define NAME "t.tar"

static const char *const kinds[] = {"file", "folder", "link", "other"};

/* All members, a line each; with data, each is read, otherwise skipped. */
static tml_status list(tmli_source *source, size_t limit, bool with_data, tmli_buf *out,
                       tml_error *err)
{
    tmli_tar tar;
    tml_status status;
    tmli_tar_init(&tar, source, limit);
    for (;;) {
        tmli_tar_member member;
        tml_str data = {0};
        bool has = false;
        status = tmli_tar_next(&tar, &member, &has, err);
        if (status != TML_OK || !has) {
            break;
        }
        if (with_data) {
            status = tmli_tar_bytes(&tar, &data, err);
            if (status != TML_OK) {
                break;
            }
            assert_int_equal(data.len, member.n_bytes);
        }
        tmli_buf_printf(out, "%s\t%" PRIu64 "\t", kinds[member.kind], member.n_bytes);
        golden_escape(out, tmli_str(member.name));
        tmli_buf_append_byte(out, '\t');
        golden_escape(out, data);
        tmli_buf_append_byte(out, '\n');
    }
    tmli_tar_deinit(&tar);
    return status;
}

static void check(const golden_case *c, tmli_source *source, const char *dir, const char *how)
{
    char value[256];
    tml_error err = {0};
    tmli_buf got = {0};
    const size_t limit = strtoul(golden_option(c, "limit", "0", value), NULL, 10);
    const tml_status status = list(source, limit, true, &got, &err);
    assert_int_equal(status, err.status);
    assert_int_equal(status != TML_OK, c->is_error);
    if (status != TML_OK) {
        tmli_buf_reset(&got);
        const size_t n = dir != NULL ? strlen(dir) + 1 : 0;
        tmli_buf_append_text(&got, err.text + n);
    }
    golden_compare(c, tmli_buf_str(&got), how);
    tmli_buf_deinit(&got);
}

static void check_golden(const golden_case *c)
{
    tmli_source *source = NULL;
    assert_int_equal(tmli_source_memory(NAME, c->input.data, c->input.len, &source, NULL), TML_OK);
    check(c, source, NULL, "from memory");
    tmli_source_free(source);
    char *dir = tmpdir_create();
    char *path = tmpdir_path(dir, NAME);
    drip *feeder = drip_begin(path, c->input.data, c->input.len);
    assert_int_equal(tmli_source_open(path, &source, NULL), TML_OK);
    check(c, source, dir, "byte by byte");
    tmli_source_free(source);
    drip_end(feeder);
    free(path);
    tmpdir_remove(dir);
}

static void members_are_those_that_python_finds_however_they_arrive(void **state)
{
    (void)state;
    golden_each("tar", check_golden);
}

/* A member that nobody reads is not held: only its headers' place is counted. */
static void members_over_the_limit_may_be_skipped(void **state)
{
    (void)state;
    tmli_buf file = {0};
    tmli_buf got = {0};
    tmli_source *source = NULL;
    assert_int_equal(
        tmli_file_read(TML_GOLDEN_DIR "/tar/error_over_limit/input", 1 << 20, &file, NULL), TML_OK);
    assert_int_equal(tmli_source_memory(NAME, file.data, file.len, &source, NULL), TML_OK);
    assert_int_equal(list(source, 1, false, &got, NULL), TML_OK);
    assert_true(tmli_str_eq_text(tmli_buf_str(&got), "file\t5000\ta/long\t\n"));
    tmli_source_free(source);
    tmli_buf_deinit(&file);
    tmli_buf_deinit(&got);
}

static void headers_are_known_by_magic_and_checksum(void **state)
{
    (void)state;
    tmli_buf file = {0};
    assert_int_equal(tmli_file_read(TML_GOLDEN_DIR "/tar/ustar/input", 1 << 20, &file, NULL),
                     TML_OK);
    assert_true(tmli_tar_is_header(file.data));
    file.data[0]++;
    assert_false(tmli_tar_is_header(file.data)); /* the checksum */
    file.data[0]--;
    memcpy(file.data + 257, "USTAR", 5);
    assert_false(tmli_tar_is_header(file.data));
    memset(file.data, 0, TMLI_TAR_BLOCK);
    assert_false(tmli_tar_is_header(file.data));
    tmli_buf_deinit(&file);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char *const cases[] = {"gnu_long_name", "pax_path", "prefix"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        tmli_buf file = {0};
        size_t nth = 0;
        (void)snprintf(path, sizeof path, TML_GOLDEN_DIR "/tar/%s/input", cases[i]);
        assert_int_equal(tmli_file_read(path, 1 << 20, &file, NULL), TML_OK);
        for (;; nth++) {
            tmli_source *source = NULL;
            tmli_tar tar;
            tmli_tar_member member;
            bool has = true;
            tml_error err = {0};
            tml_status status = TML_OK;
            assert_int_equal(tmli_source_memory(NAME, file.data, file.len, &source, NULL), TML_OK);
            tmli_tar_init(&tar, source, 4096);
            fail_allocation(nth);
            while (status == TML_OK && has) {
                status = tmli_tar_next(&tar, &member, &has, &err);
            }
            fail_allocation(NEVER);
            tmli_tar_deinit(&tar);
            tmli_source_free(source);
            assert_int_equal(status, err.status);
            if (status == TML_OK) {
                break;
            }
            assert_int_equal(status, TML_ENOMEM);
        }
        assert_true(nth >= 2);
        tmli_buf_deinit(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_those_that_python_finds_however_they_arrive),
        cmocka_unit_test(members_over_the_limit_may_be_skipped),
        cmocka_unit_test(headers_are_known_by_magic_and_checksum),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
