/* The tensor file: what is written is read back, and no damaged file is believed or crashes the reader. */
#include "pipeline/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "support/tmpdir.h"

static const float weights[3][32] = {{1.5F}, {[31] = -2.0F}, {0}};
static const uint32_t index_table[2][2] = {{7, 1}, {0, 0}};
static const uint8_t letters[5] = {'a', 'b', 'c', 'd', 'e'};

/* Writes three tensors to dir/t and reads the file back. */
static void write_file(const char *dir, tmli_buf *bytes)
{
    tmli_tensor tensors[] = {
        tmli_tensor_of("letters", TMLI_U8, 5, 0, letters),
        tmli_tensor_of("index", TMLI_U32, 2, 2, index_table),
        tmli_tensor_of("weights", TMLI_F32, 3, 32, weights),
    };
    tmli_file_out out = {.fd = -1};
    uint64_t n_bytes = 0;
    uint64_t hash = 0;
    char *path = tmpdir_path(dir, "t");
    assert_int_equal(tmli_file_out_begin(&out, path, NULL), TML_OK);
    assert_int_equal(tmli_safetensors_write(&out, tensors, 3, &n_bytes, &hash, NULL), TML_OK);
    assert_int_equal(tmli_file_out_commit(&out, NULL), TML_OK);
    tmli_file_out_abandon(&out);
    assert_int_equal(tmli_file_read(path, 1 << 20, bytes, NULL), TML_OK);
    assert_int_equal(bytes->len, n_bytes);
    assert_true(tmli_hash64_v1(bytes->data, bytes->len, 0) == hash);
    free(path);
}

/* The reader gets a copy that ends where the bytes end, so that a read beyond them is seen by ASan. */
static tml_status read_copy(const char *bytes, size_t n, tmli_safetensors *file, tml_error *err)
{
    unsigned char *copy = tmli_alloc_lines(n + 1, 1);
    assert_non_null(copy);
    if (n > 0) {
        memcpy(copy, bytes, n);
    }
    const tml_status status = tmli_safetensors_read("t", copy, n, file, err);
    tmli_free_lines(copy);
    return status;
}

static void what_is_written_is_read_back_on_its_own_lines(void **state)
{
    (void)state;
    char *dir = tmpdir_create();
    tmli_buf bytes = {0};
    tmli_safetensors file;
    const tmli_tensor *tensor = NULL;
    write_file(dir, &bytes);
    const unsigned char *data = (const unsigned char *)bytes.data;
    assert_int_equal(tmli_safetensors_read("t", data, bytes.len, &file, NULL), TML_OK);
    assert_int_equal(file.n, 3);
    assert_int_equal(tmli_safetensors_get(&file, "t", "weights", TMLI_F32, 2, &tensor, NULL),
                     TML_OK);
    assert_memory_equal(tensor->data, weights, sizeof(weights));
    assert_int_equal(((const unsigned char *)tensor->data - data) % 64, 0);
    assert_int_equal(tmli_safetensors_get(&file, "t", "index", TMLI_U32, 2, &tensor, NULL), TML_OK);
    assert_memory_equal(tensor->data, index_table, sizeof(index_table));
    assert_int_equal(tmli_safetensors_get(&file, "t", "letters", TMLI_U8, 1, &tensor, NULL),
                     TML_OK);
    assert_memory_equal(tensor->data, letters, sizeof(letters));
    tml_error err = {0};
    assert_int_equal(tmli_safetensors_get(&file, "t", "letters", TMLI_F32, 1, &tensor, &err),
                     TML_EFORMAT);
    assert_string_equal(err.text, "t: tensor \"letters\" should be F32 with 1 dimensions");
    err = (tml_error){0};
    assert_int_equal(tmli_safetensors_get(&file, "t", "none", TMLI_F32, 1, &tensor, &err),
                     TML_EFORMAT);
    assert_string_equal(err.text, "t: no tensor \"none\"");
    tmli_buf_deinit(&bytes);
    tmpdir_remove(dir);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    char *dir = tmpdir_create();
    tmli_buf bytes = {0};
    tmli_safetensors file;
    write_file(dir, &bytes);
    for (size_t n = 0; n < bytes.len; n++) {
        assert_int_equal(read_copy(bytes.data, n, &file, NULL), TML_EFORMAT);
    }
    assert_int_equal(read_copy(bytes.data, bytes.len, &file, NULL), TML_OK);
    tmli_buf_deinit(&bytes);
    tmpdir_remove(dir);
}

/* Reads a file made of a header text (padded to 8 bytes) and n_data bytes. */
static tml_status read_made(const char *header, size_t n_data, tml_error *err)
{
    static const char blanks[] = "        ";
    tmli_buf bytes = {0};
    tmli_safetensors file;
    const size_t n_header = (strlen(header) + 7) / 8 * 8;
    unsigned char length[8];
    tmli_put_u64le(length, n_header);
    tmli_buf_append(&bytes, length, sizeof(length));
    tmli_buf_append_text(&bytes, header);
    tmli_buf_append(&bytes, blanks, n_header - strlen(header));
    for (size_t i = 0; i < n_data; i++) {
        tmli_buf_append_byte(&bytes, 'x');
    }
    const tml_status status = read_copy(bytes.data, bytes.len, &file, err);
    tmli_buf_deinit(&bytes);
    return status;
}

static void a_header_that_does_not_fit_the_file_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name, *header;
        size_t n_data;
    } cases[] = {
        {"not JSON", "{\"a\":", 0},
        {"not an object", "[1, 2]", 0},
        {"no members", "{\"a\": {}}", 0},
        {"an unknown type", "{\"a\":{\"dtype\":\"F8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1},
        {"no dimensions", "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1},
        {"three dimensions", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1],\"data_offsets\":[0,1]}}",
         1},
        {"a negative size", "{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1},
        {"half a size", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1.5],\"data_offsets\":[0,1]}}", 1},
        {"a shape that overflows",
         "{\"a\":{\"dtype\":\"F32\",\"shape\":[9007199254740992,9007199254740992],"
         "\"data_offsets\":[0,0]}}",
         0},
        {"offsets beyond the file",
         "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1},
        {"offsets upside down", "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,0]}}",
         1},
        {"offsets and shape disagree",
         "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2},
        {"a gap", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2},
        {"bytes left over", "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 2},
        {"an overlap",
         "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         3},
        {"numbers off their boundary",
         "{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}",
         5},
        {"a name that is too long",
         "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":"
         "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}",
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_error err = {0};
        if (read_made(cases[i].header, cases[i].n_data, &err) != TML_EFORMAT ||
            strncmp(err.text, "t: ", 3) != 0) {
            fail_msg("%s: \"%s\"", cases[i].name, err.text);
        }
    }
    assert_int_equal(read_made("{\"__metadata__\":{\"k\":\"v\"},"
                               "\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
                               2, NULL),
                     TML_OK);
}

static void too_many_tensors_are_refused(void **state)
{
    (void)state;
    tmli_buf header = {0};
    tml_error err = {0};
    tmli_buf_append_byte(&header, '{');
    for (int i = 0; i <= TMLI_TENSORS_MAX; i++) {
        tmli_buf_printf(&header,
                        "%s\"t%d\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
                        i == 0 ? "" : ",", i, i, i + 1);
    }
    tmli_buf_append_byte(&header, '}');
    assert_int_equal(read_made(tmli_buf_cstr(&header), TMLI_TENSORS_MAX + 1, &err), TML_EFORMAT);
    assert_string_equal(err.text, "t: more than 256 tensors");
    tmli_buf_deinit(&header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back_on_its_own_lines),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_header_that_does_not_fit_the_file_is_refused),
        cmocka_unit_test(too_many_tensors_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
