/* The growable buffer. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "support/alloc_fail.h"

static void pieces_are_joined(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_buf_append(&buf, "ab", 2);
    tmli_buf_append_str(&buf, TML_STR("cd"));
    tmli_buf_append_str(&buf, (tml_str){NULL, 0});
    tmli_buf_append_text(&buf, "ef");
    tmli_buf_append_byte(&buf, 'g');
    tmli_buf_printf(&buf, "%d-%s", 42, "x");
    tmli_buf_append_u32le(&buf, 0x04030201);
    assert_string_equal(tmli_buf_cstr(&buf), "abcdefg42-x\x01\x02\x03\x04");
    assert_int_equal(buf.len, 15);
    const tml_str str = tmli_buf_str(&buf);
    assert_int_equal(str.len, 15);
    tmli_buf_deinit(&buf);
}

static void formatted_text_longer_than_the_room_is_whole(void **state)
{
    (void)state;
    char text[5000];
    (void)memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t before = 0; before < 130; before++) {
        tmli_buf buf = {0};
        for (size_t i = 0; i < before; i++) {
            tmli_buf_append_byte(&buf, '.');
        }
        tmli_buf_printf(&buf, "%s", text);
        assert_int_equal(buf.len, before + 4999);
        assert_string_equal(tmli_buf_cstr(&buf) + before, text);
        tmli_buf_deinit(&buf);
    }
}

static void taking_hands_the_bytes_over(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_buf_append_text(&buf, "mine");
    size_t len = 0;
    char *const text = tmli_buf_take(&buf, &len);
    assert_string_equal(text, "mine");
    assert_int_equal(len, 4);
    assert_null(buf.data);
    assert_int_equal(buf.len, 0);
    tmli_free(text);
    char *const nothing = tmli_buf_take(&buf, NULL);
    assert_string_equal(nothing, "");
    tmli_free(nothing);
}

static void a_failed_append_is_remembered_until_reset(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_buf_append_text(&buf, "kept");
    fail_allocation(0);
    assert_false(tmli_buf_reserve(&buf, 10000));
    fail_allocation(NEVER);
    assert_true(buf.failed);
    tmli_buf_append_text(&buf, "lost");
    tmli_buf_append_byte(&buf, 'l');
    tmli_buf_printf(&buf, "lost");
    assert_int_equal(buf.len, 4);
    assert_null(tmli_buf_cstr(&buf));
    tmli_buf_reset(&buf);
    assert_false(buf.failed);
    assert_string_equal(tmli_buf_cstr(&buf), "");
    tmli_buf_deinit(&buf);
}

static void taking_a_failed_buffer_gives_nothing_and_empties_it(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_buf_append_text(&buf, "x");
    fail_allocation(0);
    tmli_buf_printf(&buf, "%1000d", 1);
    fail_allocation(NEVER);
    assert_null(tmli_buf_take(&buf, NULL));
    assert_null(buf.data);
    assert_false(buf.failed);
}

static void impossible_sizes_fail(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    tmli_buf_append_byte(&buf, 'x');
    assert_false(tmli_buf_reserve(&buf, SIZE_MAX));
    assert_true(buf.failed);
    tmli_buf_deinit(&buf);
}

static void a_reset_buffer_allocates_no_more(void **state)
{
    (void)state;
    tmli_buf buf = {0};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++) {
            tmli_buf_append_text(&buf, "0123456789");
        }
        assert_int_equal(buf.len, 10000);
        tmli_buf_reset(&buf);
        fail_allocation(0);
    }
    fail_allocation(NEVER);
    tmli_buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_joined),
        cmocka_unit_test(formatted_text_longer_than_the_room_is_whole),
        cmocka_unit_test(taking_hands_the_bytes_over),
        cmocka_unit_test(a_failed_append_is_remembered_until_reset),
        cmocka_unit_test(taking_a_failed_buffer_gives_nothing_and_empties_it),
        cmocka_unit_test(impossible_sizes_fail),
        cmocka_unit_test(a_reset_buffer_allocates_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
