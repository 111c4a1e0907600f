/* Protobuf records: what is none, what takes too much, and what was written, read again. Records of other programs:
 * test_content_vectors.c and its golden cases. */
#include "base/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void what_was_written_is_read_again(void **state)
{
    (void)state;
    static const tml_str texts[] = {{"a\0b", 3}, {"", 0}};
    static const float floats[] = {0.5F, -1e30F, 3};
    const tmli_record_value values[] = {
        {.key = {"label", 5}, .kind = TMLI_RECORD_TEXTS, .texts = texts, .n = 2},
        {.key = {"score", 5}, .kind = TMLI_RECORD_FLOATS, .floats = floats, .n = 3}};
    tmli_buf out = {0};
    tmli_arena arena;
    tmli_record record = {0};
    tmli_arena_init(&arena, 256, 0);
    tmli_record_write(&out, values, COUNT_OF(values));
    assert_false(out.failed);
    assert_int_equal(tmli_record_parse(tmli_buf_str(&out), &arena, &record, NULL), TML_OK);
    assert_int_equal(record.n_features, 0);
    assert_int_equal(record.n_labels, 2);
    const tmli_record_value *const label = &record.labels[0];
    const tmli_record_value *const score = &record.labels[1];
    assert_true(tmli_str_eq_text(label->key, "label"));
    assert_int_equal(label->kind, TMLI_RECORD_TEXTS);
    assert_int_equal(label->n, 2);
    assert_true(tmli_str_eq(label->texts[0], texts[0]));
    assert_true(tmli_str_eq(label->texts[1], texts[1]));
    assert_int_equal(score->kind, TMLI_RECORD_FLOATS);
    assert_int_equal(score->n, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_true(tmli_record_number(score, i) == (double)floats[i]);
    }
    assert_int_equal(score->n_places, 0);
    assert_int_equal(score->n_shape, 1);
    assert_int_equal(score->shape[0], 3);
    tmli_buf_deinit(&out);
    tmli_arena_deinit(&arena);
}

static void what_is_no_record_is_refused(void **state)
{
    (void)state;
    static const tml_str cases[] = {
        {"a text that is none", 19},
        {"\x0a", 1},
        {"\x0a\x05\x0a", 3},                      /* an entry that ends early */
        {"\x0a\x02\x0a\x05", 4},                  /* a key that does */
        {"\x0a\x04\x12\x02\x12\x05", 6},          /* a tensor that does */
        {"\x0a\x07\x12\x05\x12\x03\x0a\x01x", 9}, /* a float of one byte */
        {"\x0f", 1},                              /* a wire type that there is not */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_arena arena;
        tmli_record record = {.n_features = 9};
        tml_error err = {0};
        tmli_arena_init(&arena, 256, 0);
        assert_int_equal(tmli_record_parse(cases[i], &arena, &record, &err), TML_EFORMAT);
        assert_non_null(strstr(err.text, "bytes that are no protobuf record"));
        assert_int_equal(record.n_features, 9);
        tmli_arena_deinit(&arena);
    }
}

static void nothing_is_a_record_without_entries(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_record record = {.n_features = 9, .n_labels = 9};
    tmli_arena_init(&arena, 256, 0);
    assert_int_equal(tmli_record_parse((tml_str){NULL, 0}, &arena, &record, NULL), TML_OK);
    assert_int_equal(record.n_features + record.n_labels, 0);
    assert_int_equal(tmli_record_parse(TML_STR("\x0a\x00"), &arena, &record, NULL), TML_OK);
    assert_int_equal(record.n_features, 1);
    assert_int_equal(record.features[0].kind, TMLI_RECORD_NOTHING);
    assert_int_equal(record.features[0].key.len, 0);
    tmli_arena_deinit(&arena);
}

/* Entries of two bytes are the smallest parts: 200,000 of them take some 30 MB. */
static void many_small_parts_reach_a_limit(void **state)
{
    (void)state;
    enum {
        N_ENTRIES = 200000
    };
    tmli_buf payload = {0};
    tmli_arena arena;
    tmli_record record = {.n_features = 9};
    tml_error err = {0};
    for (size_t i = 0; i < N_ENTRIES; i++) {
        tmli_buf_append(&payload, "\x0a\x00", 2);
    }
    tmli_arena_init(&arena, 256, 0);
    const size_t limit_before = arena.limit_bytes;
    assert_int_equal(tmli_record_parse(tmli_buf_str(&payload), &arena, &record, &err), TML_ELIMIT);
    assert_string_equal(err.text, "a record of 400000 bytes has too many parts: reading it would "
                                  "take more than 26648576 bytes");
    assert_true(arena.used_bytes <= 26648576);
    assert_int_equal(arena.limit_bytes, limit_before);
    assert_int_equal(record.n_features, 9);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&payload);
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    static const tml_str record_bytes = {"\x0a\x0b\x0a\x01k\x12\x06\x4a\x04\x0a\x02hi", 13};
    for (size_t nth = 0;; nth++) {
        tmli_arena arena;
        tmli_record record = {0};
        tmli_arena_init(&arena, 16, 0); /* a block for each allocation */
        fail_allocation(nth);
        const tml_status status = tmli_record_parse(record_bytes, &arena, &record, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            assert_true(tmli_str_eq_text(record.features[0].texts[0], "hi"));
            tmli_arena_deinit(&arena);
            assert_true(nth > 3);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        tmli_arena_deinit(&arena);
    }
    static const tml_str text = {"x", 1};
    const tmli_record_value value = {
        .key = {"k", 1}, .kind = TMLI_RECORD_TEXTS, .texts = &text, .n = 1};
    for (size_t nth = 0;; nth++) {
        tmli_buf out = {0};
        fail_allocation(nth);
        tmli_record_write(&out, &value, 1);
        fail_allocation(NEVER);
        const bool failed = out.failed;
        tmli_buf_deinit(&out);
        if (!failed) {
            assert_int_equal(nth, 4);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_again),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(nothing_is_a_record_without_entries),
        cmocka_unit_test(many_small_parts_reach_a_limit),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
