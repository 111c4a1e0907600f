/* RecordIO frames: cut, joined, refused. Records that other programs framed: test_content_vectors.c. */
#include "base/recordio.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/rng.h"
#include "support/alloc_fail.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MAGIC "\x0a\x23\xd7\xce"

static void a_payload_is_framed_and_padded(void **state)
{
    (void)state;
    static const struct {
        tml_str payload, want;
    } cases[] = {
        {{"", 0}, {MAGIC "\0\0\0\0", 8}},
        {{"abcd", 4}, {MAGIC "\4\0\0\0abcd", 12}},
        {{"abcde", 5}, {MAGIC "\5\0\0\0abcde\0\0\0", 16}},
        /* the number at a place that is no multiple of 4 stays */
        {{"a" MAGIC, 5}, {MAGIC "\5\0\0\0a" MAGIC "\0\0\0", 16}},
        {{MAGIC, 4}, {MAGIC "\0\0\0\x20" MAGIC "\0\0\0\x60", 16}},
        {{"abcd" MAGIC "efgh" MAGIC "i", 17},
         {MAGIC "\4\0\0\x20"
                "abcd" MAGIC "\4\0\0\x40"
                "efgh" MAGIC "\1\0\0\x60"
                "i\0\0\0",
          36}},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_buf out = {0};
        tmli_recordio_write(&out, cases[i].payload);
        assert_int_equal(out.len, cases[i].want.len);
        assert_memory_equal(out.data, cases[i].want.data, out.len);
        tmli_buf_deinit(&out);
    }
}

/* Words of which one in four is the magic number, so that records have many parts. */
static size_t make_payload(tmli_rng *rng, char out[64])
{
    const size_t n = tmli_rng_below(rng, 64);
    for (size_t i = 0; i + 4 <= n; i += 4) {
        memcpy(out + i, tmli_rng_below(rng, 4) == 0 ? MAGIC : "word", 4);
    }
    for (size_t i = n / 4 * 4; i < n; i++) {
        out[i] = (char)('a' + i % 4);
    }
    return n;
}

static void what_was_framed_is_read_again(void **state)
{
    (void)state;
    enum {
        N_RECORDS = 200
    };
    char payloads[N_RECORDS][64];
    size_t lengths[N_RECORDS];
    tmli_buf framed = {0};
    tmli_rng rng = tmli_rng_at(11, TMLI_RNG_SHUFFLE, 0, 0);
    for (size_t i = 0; i < N_RECORDS; i++) {
        lengths[i] = make_payload(&rng, payloads[i]);
        tmli_recordio_write(&framed, (tml_str){payloads[i], lengths[i]});
    }
    tmli_arena arena;
    tmli_arena_init(&arena, 256, 0);
    tml_str rest = tmli_buf_str(&framed);
    for (size_t i = 0; i < N_RECORDS; i++) {
        tml_str payload = {0};
        bool has = false;
        assert_true(tmli_recordio_is(rest));
        assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, NULL), TML_OK);
        assert_true(has);
        assert_int_equal(payload.len, lengths[i]);
        assert_memory_equal(payload.data, payloads[i], lengths[i]);
    }
    tml_str payload = {0};
    bool has = true;
    assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, NULL), TML_OK);
    assert_false(has);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&framed);
}

/* A stream's reader loads more until the whole record is there; data that end earlier are damaged. */
static void a_record_is_measured_when_it_is_all_there(void **state)
{
    (void)state;
    tmli_buf framed = {0};
    tmli_arena arena;
    tmli_arena_init(&arena, 256, 0);
    tmli_recordio_write(&framed, TML_STR("abcd" MAGIC "efg"));
    for (size_t n = 0; n <= framed.len; n++) {
        const bool is_whole = n == framed.len;
        tmli_recordio_extent extent = {9, 9, 9};
        tml_str rest = {framed.data, n};
        assert_int_equal(tmli_recordio_measure(rest, &extent, NULL), TML_OK);
        assert_int_equal(extent.n_bytes, is_whole ? n : 0);
        assert_int_equal(extent.n_parts, is_whole ? 2 : 0);
        assert_int_equal(extent.n_payload, is_whole ? 11 : 0);
        if (n > 0 && !is_whole) {
            tml_str payload = {0};
            bool has = false;
            tml_error err = {0};
            assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, &err), TML_EFORMAT);
            assert_string_equal(err.text, "RecordIO: the data end inside of a record");
            assert_int_equal(rest.len, n);
        }
    }
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&framed);
}

static void what_is_no_frame_is_refused(void **state)
{
    (void)state;
    static const struct {
        tml_str bytes;
        const char *want;
    } cases[] = {
        {{"abcdefgh", 8},
         "RecordIO: 64636261 stands where a record's magic number ced7230a is expected"},
        {{MAGIC "\0\0\0\x40", 8},
         "RecordIO: a part with flag 2 is out of its place: records are 0, or 1, any number of 2, "
         "and 3"},
        {{MAGIC "\0\0\0\x60", 8},
         "RecordIO: a part with flag 3 is out of its place: records are 0, or 1, any number of 2, "
         "and 3"},
        {{MAGIC "\0\0\0\xe0", 8},
         "RecordIO: a part with flag 7 is out of its place: records are 0, or 1, any number of 2, "
         "and 3"},
        {{MAGIC "\0\0\0\x20" MAGIC "\0\0\0\0", 16},
         "RecordIO: a part with flag 0 is out of its place: records are 0, or 1, any number of 2, "
         "and 3"},
        {{MAGIC "\1\0\0\x20"
                "a\0\0\0" MAGIC "\0\0\0\x60",
          20},
         "RecordIO: a part of 1 bytes that is not the last of its record: expected a multiple of "
         "4"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_recordio_extent extent = {9, 9, 9};
        tml_error err = {0};
        assert_int_equal(tmli_recordio_measure(cases[i].bytes, &extent, &err), TML_EFORMAT);
        assert_string_equal(err.text, cases[i].want);
        assert_int_equal(extent.n_bytes, 9);
    }
}

static void parts_without_memory_are_a_status(void **state)
{
    (void)state;
    tmli_arena arena;
    tml_str payload = {0};
    bool has = false;
    tml_str rest = {MAGIC "\0\0\0\x20" MAGIC "\0\0\0\x60", 16};
    tmli_arena_init(&arena, 256, 0);
    fail_allocation(0);
    assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    assert_int_equal(rest.len, 16);
    assert_int_equal(tmli_recordio_next(&rest, &arena, &payload, &has, NULL), TML_OK);
    assert_int_equal(payload.len, 4);
    assert_memory_equal(payload.data, MAGIC, 4);
    tmli_arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payload_is_framed_and_padded),
        cmocka_unit_test(what_was_framed_is_read_again),
        cmocka_unit_test(a_record_is_measured_when_it_is_all_there),
        cmocka_unit_test(what_is_no_frame_is_refused),
        cmocka_unit_test(parts_without_memory_are_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
