/* Bodies → rows that are vectors, and records: what scikit-learn and Google's protobuf wrote (tests/golden/libsvm and records,
 * written by tests/golden/make_records.py), and what must be refused. */
#include "sagemaker/content_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/recordio.h"
#include "support/alloc_fail.h"
#include "support/golden.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void show_row(const sm_row *row, tmli_buf *out)
{
    if (row->fault != NULL) {
        tmli_buf_printf(out, "fault %s", row->fault);
    } else if (row->features != NULL) {
        tmli_buf_append_text(out, "vector");
        for (size_t i = 0; i < row->features->n; i++) {
            tmli_buf_printf(out, " %u:%.17g", row->features->columns[i], row->features->values[i]);
        }
    } else {
        tmli_buf_append_text(out, "text ");
        golden_escape(out, row->text);
    }
    tmli_buf_append_byte(out, '\n');
}

/* All rows as lines; behind those before a failure its sentence. */
static tml_status read_all(sm_media media, tml_str body, sm_dialect dialect, tmli_buf *out)
{
    tmli_arena arena;
    tml_error err = {0};
    tmli_arena_init(&arena, 256, 0);
    sm_rows rows = {
        .media = media, .dialect = dialect, .arena = &arena, .rest = body, .next_line = 1};
    tml_status status = TML_OK;
    bool has = true;
    for (; status == TML_OK; rows.n++) {
        sm_row row = {.ask = {.k = 3}};
        status = media == SM_LIBSVM ? sm_libsvm_next(&rows, &row, &has, &err)
                                    : sm_recordio_next(&rows, &row, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        assert_int_equal(row.ask.k, 3); /* not the reader's to change */
        show_row(&row, out);
    }
    assert_int_equal(err.status, status);
    tmli_buf_append_text(out, err.text);
    tmli_arena_deinit(&arena);
    return status;
}

static void check_case(const golden_case *c, sm_media media)
{
    char columns[256];
    tmli_buf got = {0};
    const sm_dialect dialect = {.n_columns =
                                    strtoul(golden_option(c, "columns", "", columns), NULL, 10)};
    assert_int_equal(read_all(media, tmli_buf_str(&c->input), dialect, &got), TML_OK);
    golden_compare(c, tmli_buf_str(&got), "rows");
    tmli_buf_deinit(&got);
}

static void check_libsvm(const golden_case *c)
{
    check_case(c, SM_LIBSVM);
}

static void check_records(const golden_case *c)
{
    check_case(c, SM_RECORDIO);
}

static void lines_of_scikit_learn_are_read(void **state)
{
    (void)state;
    golden_each("libsvm", check_libsvm);
}

static void records_of_protobuf_are_read(void **state)
{
    (void)state;
    golden_each("records", check_records);
}

static void check_lines(const char *body, size_t n_columns, const char *want)
{
    tmli_buf got = {0};
    (void)read_all(SM_LIBSVM, tmli_str(body), (sm_dialect){.n_columns = n_columns}, &got);
    assert_string_equal(tmli_buf_cstr(&got), want);
    tmli_buf_deinit(&got);
}

static void lines_may_be_written_in_many_ways(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"\n\n  \r\n# nothing\n", ""},
        {"1 0:1 7:2.5\r\n", "vector 0:1 7:2.5\n"},
        {"0:1", "vector 0:1\n"},
        {"-1", "vector\n"},
        {"+1\t 3:1e-3\t5:-.5 ", "vector 3:0.001 5:-0.5\n"},
        {"1 5:5 2:2 7:7 0:0\n2 1:1", "vector 0:0 2:2 5:5 7:7\nvector 1:1\n"},
        {"1,2 3:1 # a 4:1 comment", "vector 3:1\n"},
        {"yes qid:9 3:1", "vector 3:1\n"},
        {"1 000000000000000007:1", "vector 7:1\n"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_lines(cases[i][0], 8, cases[i][1]);
    }
}

static void damaged_lines_are_refused_with_their_number(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"1 8:1", "line 1: column 8: the model has 8 columns, numbered from 0"},
        {"1 0:1\n\n1 99999999999:1",
         "vector 0:1\nline 3: column 99999999999: the model has 8 columns, numbered from 0"},
        {"1 3:1 3:2", "line 1: column 3 is there twice"},
        {"1 3:1 2:0 3:2", "line 1: column 3 is there twice"},
        {"1 2 3", "line 1: \"2\" is no element: expected COLUMN:VALUE"},
        {"1 2:", "line 1: \"2:\" is no element: expected COLUMN:VALUE"},
        {"1 :2", "line 1: \":2\" is no element: expected COLUMN:VALUE"},
        {"1 -2:1", "line 1: \"-2:1\" is no element: expected COLUMN:VALUE"},
        {"1 2:nan", "line 1: \"2:nan\" is no element: expected COLUMN:VALUE"},
        {"1 2:1e999", "line 1: \"2:1e999\" is no element: expected COLUMN:VALUE"},
        {"1 2:1:1", "line 1: \"2:1:1\" is no element: expected COLUMN:VALUE"},
        {"1 1234567890123456789:1",
         "line 1: \"1234567890123456789:1\" is no element: expected COLUMN:VALUE"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        check_lines(cases[i][0], 8, cases[i][1]);
    }
    check_lines("1", 0, "line 1: a vector of numbers, but this model takes texts: send strings");
}

/* After a damaged line the reader stands behind it: a batch goes on. */
static void the_next_line_follows_a_damaged_one(void **state)
{
    (void)state;
    tmli_arena arena;
    tmli_arena_init(&arena, 256, 0);
    sm_rows rows = {.dialect = {.n_columns = 8},
                    .arena = &arena,
                    .rest = TML_STR("1 9:1\n1 2:2\n"),
                    .next_line = 1};
    sm_row row = {0};
    bool has = true;
    assert_int_equal(sm_libsvm_next(&rows, &row, &has, NULL), TML_EFORMAT);
    assert_int_equal(sm_libsvm_next(&rows, &row, &has, NULL), TML_OK);
    assert_true(has && row.features != NULL && row.features->columns[0] == 2);
    tmli_arena_deinit(&arena);
}

static void rows_over_the_limit_are_refused(void **state)
{
    (void)state;
    tmli_buf got = {0};
    const sm_dialect dialect = {.n_columns = 8, .max_row_bytes = 7};
    assert_int_equal(read_all(SM_LIBSVM, TML_STR("1 2:345\n1 2:3456\n"), dialect, &got),
                     TML_ELIMIT);
    assert_string_equal(tmli_buf_cstr(&got), "vector 2:345\nline 2: 8 bytes; the limit is 7");
    tmli_buf_reset(&got);
    assert_int_equal(read_all(SM_RECORDIO, TML_STR("\x0a\x06\x0a\x04text"), dialect, &got),
                     TML_ELIMIT);
    assert_string_equal(tmli_buf_cstr(&got), "record 1: 8 bytes; the limit is 7");
    tmli_buf_deinit(&got);
}

/* ---- records ---- */

/* Records that are not what they should be, and what is said of them. */
static const struct {
    tml_str payload;
    const char *want;
} damaged[] = {
    {{"abc", 3}, "3 bytes that are no protobuf record"},
    {{"", 0}, "a record without features: expected a text as bytes or a vector under \"values\""},
    {{"\x0a\x06\x0a\x04text", 8}, "the feature \"text\" holds no text and no vector"},
    {{"\x0a\x07\x0a\x01k\x12\x02\x4a\x00", 9}, "the feature \"k\" holds no text and no vector"},
    /* float32 values 1, keys 1 and 2 */
    {{"\x0a\x11\x0a\x01k\x12\x0c\x12\x0a\x0a\x04\0\0\x80\x3f\x12\x02\1\2", 19},
     "a sparse vector of 1 values and 2 keys"},
    /* float32 values 1, keys 9, shape 9 */
    {{"\x0a\x13\x0a\x01k\x12\x0e\x12\x0c\x0a\x04\0\0\x80\x3f\x12\x01\x09\x1a\x01\x09", 21},
     "key 9 in a sparse vector of width 9"},
    /* float32 values 1, keys 9 */
    {{"\x0a\x10\x0a\x01k\x12\x0b\x12\x09\x0a\x04\0\0\x80\x3f\x12\x01\x09", 18},
     "column 9: the model has 8 columns, numbered from 0"},
    /* float32 values 1, shape 2 */
    {{"\x0a\x10\x0a\x01k\x12\x0b\x12\x09\x0a\x04\0\0\x80\x3f\x1a\x01\x02", 18},
     "a vector of 1 values whose shape says 2"},
    /* float32 value NaN */
    {{"\x0a\x0d\x0a\x01k\x12\x08\x12\x06\x0a\x04\0\0\xc0\x7f", 15},
     "column 0: the value is not finite"},
    /* int32 values: nine zeros */
    {{"\x0a\x12\x0a\x01k\x12\x0d\x3a\x0b\x0a\x09\0\0\0\0\0\0\0\0\0", 20},
     "column 8: the model has 8 columns, numbered from 0"},
};

static void damaged_records_are_refused_with_their_number(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        tmli_buf body = {0};
        tmli_buf got = {0};
        tmli_buf want = {0};
        tmli_recordio_write(&body, TML_STR("\x0a\x0a\x0a\x01k\x12\x05\x4a\x03\x0a\x01t"));
        tmli_recordio_write(&body, damaged[i].payload);
        tmli_buf_printf(&want, "text t\nrecord 2: %s", damaged[i].want);
        assert_int_equal(
            read_all(SM_RECORDIO, tmli_buf_str(&body), (sm_dialect){.n_columns = 8}, &got),
            TML_EFORMAT);
        assert_string_equal(tmli_buf_cstr(&got), tmli_buf_cstr(&want));
        tmli_buf_deinit(&body);
        tmli_buf_deinit(&got);
        tmli_buf_deinit(&want);
    }
}

static void in_a_batch_a_damaged_record_is_one_fault(void **state)
{
    (void)state;
    tmli_buf body = {0};
    tmli_buf got = {0};
    tmli_buf want = {0};
    for (size_t i = 0; i < COUNT_OF(damaged); i++) {
        tmli_recordio_write(&body, damaged[i].payload);
        tmli_buf_printf(&want, "fault %s\n", damaged[i].want);
    }
    const sm_dialect dialect = {.n_columns = 8, .is_batch = true};
    assert_int_equal(read_all(SM_RECORDIO, tmli_buf_str(&body), dialect, &got), TML_OK);
    assert_string_equal(tmli_buf_cstr(&got), tmli_buf_cstr(&want));
    /* Behind a damaged frame nobody knows where a record begins. */
    tmli_buf_reset(&got);
    tmli_buf_append_text(&body, "no frame");
    assert_int_equal(read_all(SM_RECORDIO, tmli_buf_str(&body), dialect, &got), TML_EFORMAT);
    tmli_buf_deinit(&body);
    tmli_buf_deinit(&got);
    tmli_buf_deinit(&want);
}

static void every_failed_allocation_is_a_status(void **state)
{
    (void)state;
    static const struct {
        sm_media media;
        tml_str body;
    } cases[] = {
        {SM_LIBSVM, {"1 2:2 1:1\n", 10}},
        {SM_RECORDIO, {"\x0a\x0d\x0a\x01k\x12\x08\x12\x06\x0a\x04\0\0\x80\x3f", 15}},
        {SM_RECORDIO, {"abc", 3}}, /* a fault has a sentence */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (size_t nth = 0;; nth++) {
            tmli_buf got = {0};
            assert_true(tmli_buf_reserve(&got, 4096));
            fail_allocation(nth);
            const tml_status status = read_all(
                cases[i].media, cases[i].body,
                (sm_dialect){.n_columns = 8, .is_batch = cases[i].media == SM_RECORDIO}, &got);
            fail_allocation(NEVER);
            tmli_buf_deinit(&got);
            if (status == TML_OK) {
                break;
            }
            assert_int_equal(status, TML_ENOMEM);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_scikit_learn_are_read),
        cmocka_unit_test(records_of_protobuf_are_read),
        cmocka_unit_test(lines_may_be_written_in_many_ways),
        cmocka_unit_test(damaged_lines_are_refused_with_their_number),
        cmocka_unit_test(the_next_line_follows_a_damaged_one),
        cmocka_unit_test(rows_over_the_limit_are_refused),
        cmocka_unit_test(damaged_records_are_refused_with_their_number),
        cmocka_unit_test(in_a_batch_a_damaged_record_is_one_fault),
        cmocka_unit_test(every_failed_allocation_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
