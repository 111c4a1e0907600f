/* The tensor file: layout, round trip, and headers that lie. Whatever the bytes, a reader says what is wrong or gives
 * tensors that lie inside them. */
#include "pipeline/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Writes tensors to a file and reads it back as bytes. */
static void write_file(const char *dir, tmli_tensor *tensors, size_t n, tmli_buf *bytes)
{
    tmli_file_out out = {.fd = -1};
    uint64_t n_bytes = 0;
    uint64_t hash = 0;
    char *const path = tmpdir_path(dir, "x.safetensors");
    assert_int_equal(tmli_file_out_begin(&out, path, NULL), TML_OK);
    assert_int_equal(tmli_safetensors_write(&out, tensors, n, &n_bytes, &hash, NULL), TML_OK);
    assert_int_equal(tmli_file_out_commit(&out, NULL), TML_OK);
    assert_int_equal(tmli_file_read(path, SIZE_MAX, bytes, NULL), TML_OK);
    assert_int_equal(bytes->len, n_bytes);
    assert_true(tmli_hash64_v1(bytes->data, bytes->len, 0) == hash);
    free(path);
}

static tml_status read_bytes(const void *bytes, size_t n, tmli_safetensors *out, tml_error *err)
{
    return tmli_safetensors_read("x.safetensors", bytes, n, out, err);
}

static const float weights[2 * 16] = {1, 2, 3}; /* two whole lines */
static const uint32_t offsets[5] = {0, 3, 5, 9, 12};
static const unsigned char letters[3] = {'a', 'b', 'c'};

static void write_example(const char *dir, tmli_buf *bytes)
{
    tmli_tensor tensors[] = {
        tmli_tensor_of("z.bytes", TMLI_U8, 3, 0, letters),
        tmli_tensor_of("b.offsets", TMLI_U32, 5, 0, offsets),
        tmli_tensor_of("c.weight", TMLI_F32, 2, 16, weights),
    };
    write_file(dir, tensors, COUNT_OF(tensors), bytes);
}

static void the_layout_is_pinned(void **state)
{
    static const char header[] =
        "{\"c.weight\":{\"dtype\":\"F32\",\"shape\":[2,16],\"data_offsets\":[0,128]},"
        "\"b.offsets\":{\"dtype\":\"U32\",\"shape\":[5],\"data_offsets\":[128,148]},"
        "\"z.bytes\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[148,151]}}";
    tmli_buf bytes = {0};
    write_example(*state, &bytes);
    uint64_t n_header = 0;
    tmli_reader reader = tmli_reader_of(bytes.data, bytes.len);
    assert_true(tmli_read_u64le(&reader, &n_header));
    assert_int_equal((8 + n_header) % 64, 0);
    assert_memory_equal(bytes.data + 8, header, sizeof header - 1);
    for (size_t i = sizeof header - 1; i < n_header; i++) {
        assert_int_equal(bytes.data[8 + i], ' ');
    }
    assert_int_equal(bytes.len, 8 + n_header + 151);
    assert_memory_equal(bytes.data + 8 + n_header, weights, sizeof weights);
    tmli_buf_deinit(&bytes);
}

static void what_is_written_reads_back_in_place(void **state)
{
    tmli_buf bytes = {0};
    tmli_safetensors file;
    const tmli_tensor *tensor = NULL;
    write_example(*state, &bytes);
    assert_int_equal(read_bytes(bytes.data, bytes.len, &file, NULL), TML_OK);
    assert_int_equal(file.n, 3);
    assert_int_equal(tmli_safetensors_get(&file, "x", "c.weight", TMLI_F32, 2, &tensor, NULL),
                     TML_OK);
    assert_int_equal(tensor->shape[0], 2);
    assert_int_equal(tensor->shape[1], 16);
    assert_memory_equal(tensor->data, weights, sizeof weights);
    assert_int_equal(tmli_safetensors_get(&file, "x", "z.bytes", TMLI_U8, 1, &tensor, NULL),
                     TML_OK);
    assert_int_equal(tensor->n_bytes, 3);
    tmli_buf_deinit(&bytes);
}

static void a_tensor_that_is_missing_or_of_another_kind_is_named(void **state)
{
    static const struct {
        const char *name;
        tmli_dtype dtype;
        size_t rank;
        const char *sentence;
    } cases[] = {
        {"nothing", TMLI_F32, 1, "m: no tensor \"nothing\""},
        {"c.weight", TMLI_F32, 1, "m: tensor \"c.weight\" should be F32 with 1 dimensions"},
        {"c.weight", TMLI_U32, 2, "m: tensor \"c.weight\" should be U32 with 2 dimensions"},
    };
    tmli_buf bytes = {0};
    tmli_safetensors file;
    write_example(*state, &bytes);
    assert_int_equal(read_bytes(bytes.data, bytes.len, &file, NULL), TML_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const tmli_tensor *tensor = NULL;
        tml_error err = {0};
        assert_int_equal(tmli_safetensors_get(&file, "m", cases[i].name, cases[i].dtype,
                                              cases[i].rank, &tensor, &err),
                         TML_EFORMAT);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(tensor);
    }
    tmli_buf_deinit(&bytes);
}

/* ---- bytes from outside ----------------------------------------------------------------------- */

/* A file of this header, padded as writers do, and n_data bytes behind it; n its length (free). */
static unsigned char *make_file(const char *header, size_t n_data, size_t *n)
{
    const size_t n_text = strlen(header);
    const size_t n_header = (n_text + 7) / 8 * 8;
    unsigned char *const bytes = calloc(1, 8 + n_header + n_data);
    assert_non_null(bytes);
    tmli_put_u64le(bytes, n_header);
    for (size_t i = 0; i < n_header; i++) {
        bytes[8 + i] = i < n_text ? (unsigned char)header[i] : ' ';
    }
    *n = 8 + n_header + n_data;
    return bytes;
}

#define TENSOR(name, dtype, shape, offsets) \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void headers_that_lie_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t n_data;
    } cases[] = {
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "}", 7}, /* behind the end */
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "}", 9}, /* bytes that belong to nobody */
        {"{" TENSOR("a", "F32", "[1]", "[4,8]") "}", 8}, /* a gap at the start */
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[8,12]") "}", 12},
        {"{" TENSOR("a", "F32", "[2]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[4,8]") "}", 8},
        {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("b", "F32", "[1]", "[0,4]") "}", 4},
        {"{" TENSOR("a", "F32", "[2]", "[8,0]") "}", 8}, /* backwards */
        {"{" TENSOR("a", "F32", "[2]", "[0,4]") "}", 4}, /* shape and offsets disagree */
        {"{" TENSOR("a", "F32", "[3]", "[0,8]") "}", 8},
        {"{" TENSOR("a", "F32", "[4294967296,4294967296]", "[0,0]") "}", 0}, /* product wraps */
        {"{" TENSOR("a", "F32", "[9007199254740992]", "[0,9007199254740992]") "}", 8},
        {"{" TENSOR("a", "F32", "[1e300]", "[0,8]") "}", 8},
        {"{" TENSOR("a", "F32", "[-2]", "[0,8]") "}", 8},
        {"{" TENSOR("a", "F32", "[1.5]", "[0,6]") "}", 6},
        {"{" TENSOR("a", "F32", "[]", "[0,4]") "}", 4},      /* no dimension */
        {"{" TENSOR("a", "F32", "[1,1,1]", "[0,4]") "}", 4}, /* more than ours have */
        {"{" TENSOR("a", "I64", "[1]", "[0,8]") "}", 8},
        {"{" TENSOR("a", "f32", "[1]", "[0,4]") "}", 4},
        {"{" TENSOR("a", "F32", "[\"1\"]", "[0,4]") "}", 4},
        {"{" TENSOR("a", "F32", "1", "[0,4]") "}", 4},
        {"{" TENSOR("a", "F32", "[1]", "[0]") "}", 4},
        {"{" TENSOR("a", "F32", "[1]", "[0,4,8]") "}", 4},
        {"{" TENSOR("a", "F32", "[1]", "[null,4]") "}", 4},
        {"{" TENSOR("a", "U8", "[1]", "[0,1]") "," TENSOR("b", "F32", "[1]", "[1,5]") "}", 5},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4},
        {"{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4},
        {"{\"a\":5}", 4},
        {"{\"a\":null}", 0},
        {"[]", 0},
        {"5", 0},
        {"", 0},
        {"{", 0},
        {"{}", 1},
        {"{" TENSOR("0123456789012345678901234567890123456789012345678", "U8", "[1]", "[0,1]") "}",
         1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_safetensors file;
        tml_error err = {0};
        size_t n = 0;
        unsigned char *const bytes = make_file(cases[i].header, cases[i].n_data, &n);
        if (read_bytes(bytes, n, &file, &err) != TML_EFORMAT) {
            fail_msg("%s with %zu bytes: not refused", cases[i].header, cases[i].n_data);
        }
        assert_int_equal(strncmp(err.text, "x.safetensors: ", 15), 0);
        free(bytes);
    }
}

static void headers_that_are_unusual_but_right_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t n_data;
        size_t n_tensors;
    } cases[] = {
        {"{}", 0, 0},
        {"{\"__metadata__\":{\"format\":\"pt\"}}", 0, 0},
        {"{" TENSOR("b", "F32", "[1]", "[4,8]") "," TENSOR("a", "F32", "[1,1]", "[0,4]") "}", 8, 2},
        {"{" TENSOR("a", "F32", "[0]", "[0,0]") "," TENSOR("b", "U8", "[3]", "[0,3]") "}", 3, 2},
        {"{" TENSOR("a", "F32", "[0,7]", "[0,0]") "}", 0, 1},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_safetensors file;
        tml_error err = {0};
        size_t n = 0;
        unsigned char *const bytes = make_file(cases[i].header, cases[i].n_data, &n);
        if (read_bytes(bytes, n, &file, &err) != TML_OK) {
            fail_msg("%s: %s", cases[i].header, err.text);
        }
        assert_int_equal(file.n, cases[i].n_tensors);
        free(bytes);
    }
}

static void header_lengths_that_lie_are_refused(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {0,
                                       1,
                                       7,
                                       9,
                                       16,
                                       24,
                                       1 << 20,
                                       (1 << 20) + 8,
                                       UINT32_MAX,
                                       UINT64_MAX,
                                       UINT64_MAX - 7,
                                       (uint64_t)1 << 63};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        tmli_safetensors file;
        unsigned char bytes[16] = "        {}      ";
        tmli_put_u64le(bytes, lengths[i]);
        assert_int_equal(read_bytes(bytes, sizeof bytes, &file, NULL), TML_EFORMAT);
    }
}

static void more_tensors_than_a_file_may_have_are_refused(void **state)
{
    (void)state;
    enum {
        TEXT_BYTES = 32768
    };
    char *const header = malloc(TEXT_BYTES);
    assert_non_null(header);
    for (size_t n_tensors = TMLI_TENSORS_MAX; n_tensors <= TMLI_TENSORS_MAX + 1; n_tensors++) {
        size_t used = (size_t)snprintf(header, TEXT_BYTES, "{");
        for (size_t i = 0; i < n_tensors; i++) {
            used += (size_t)snprintf(
                header + used, TEXT_BYTES - used,
                "%s\"t%zu\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%zu,%zu]}",
                i > 0 ? "," : "", i, i, i + 1);
        }
        (void)snprintf(header + used, TEXT_BYTES - used, "}");
        tmli_safetensors file;
        size_t n = 0;
        unsigned char *const bytes = make_file(header, n_tensors, &n);
        const tml_status want = n_tensors <= TMLI_TENSORS_MAX ? TML_OK : TML_EFORMAT;
        assert_int_equal(read_bytes(bytes, n, &file, NULL), want);
        free(bytes);
    }
    free(header);
}

/* A copy of its own, so that the sanitizer sees a read behind the end. */
static tml_status read_copy(const void *bytes, size_t n, tmli_safetensors *file, void **copy)
{
    *copy = malloc(n > 0 ? n : 1);
    assert_non_null(*copy);
    memcpy(*copy, bytes, n);
    return read_bytes(*copy, n, file, NULL);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    tmli_buf bytes = {0};
    write_example(*state, &bytes);
    for (size_t n = 0; n < bytes.len; n++) {
        tmli_safetensors file;
        void *copy = NULL;
        assert_int_equal(read_copy(bytes.data, n, &file, &copy), TML_EFORMAT);
        free(copy);
    }
    tmli_buf_deinit(&bytes);
}

static void a_byte_that_was_changed_never_leads_outside_the_file(void **state)
{
    static const unsigned char flips[] = {0x01, 0x80, 0xff, 0x10};
    tmli_buf bytes = {0};
    write_example(*state, &bytes);
    for (size_t at = 0; at < bytes.len; at++) {
        for (size_t f = 0; f < COUNT_OF(flips); f++) {
            tmli_safetensors file;
            void *copy = NULL;
            bytes.data[at] = (char)((unsigned char)bytes.data[at] ^ flips[f]);
            if (read_copy(bytes.data, bytes.len, &file, &copy) == TML_OK) {
                for (size_t i = 0; i < file.n; i++) {
                    const size_t begin =
                        (size_t)((const char *)file.tensors[i].data - (const char *)copy);
                    assert_true(begin <= bytes.len);
                    assert_true(file.tensors[i].n_bytes <= bytes.len - begin);
                }
            }
            free(copy);
            bytes.data[at] = (char)((unsigned char)bytes.data[at] ^ flips[f]);
        }
    }
    tmli_buf_deinit(&bytes);
}

static void every_allocation_may_fail(void **state)
{
    tmli_buf bytes = {0};
    write_example(*state, &bytes);
    for (size_t nth = 0;; nth++) {
        tmli_safetensors file;
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status = read_bytes(bytes.data, bytes.len, &file, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
    }
    tmli_buf_deinit(&bytes);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(the_layout_is_pinned),
        IN_A_DIRECTORY(what_is_written_reads_back_in_place),
        IN_A_DIRECTORY(a_tensor_that_is_missing_or_of_another_kind_is_named),
        cmocka_unit_test(headers_that_lie_are_refused),
        cmocka_unit_test(headers_that_are_unusual_but_right_are_read),
        cmocka_unit_test(header_lengths_that_lie_are_refused),
        cmocka_unit_test(more_tensors_than_a_file_may_have_are_refused),
        IN_A_DIRECTORY(a_file_cut_anywhere_is_refused),
        IN_A_DIRECTORY(a_byte_that_was_changed_never_leads_outside_the_file),
        IN_A_DIRECTORY(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
