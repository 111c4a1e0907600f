#include "pipeline/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    LENGTH_BYTES = 8,
    ALIGNMENT = 64
};

#define DTYPE_WORD(name, word, bytes) word,
#define DTYPE_BYTES(name, word, bytes) bytes,
static const char *const dtype_words[] = {TMLI_DTYPE_LIST(DTYPE_WORD)};
static const size_t dtype_bytes[] = {TMLI_DTYPE_LIST(DTYPE_BYTES)};

tmli_tensor tmli_tensor_of(const char *name, tmli_dtype dtype, size_t rows, size_t cols,
                           const void *data)
{
    tmli_tensor tensor = {.dtype = dtype, .data = data};
    (void)snprintf(tensor.name, sizeof(tensor.name), "%s", name);
    tensor.rank = cols == 0 ? 1 : 2;
    tensor.shape[0] = rows;
    tensor.shape[1] = cols;
    tensor.n_bytes = rows * (cols == 0 ? 1 : cols) * dtype_bytes[dtype];
    return tensor;
}

/* Tensors of whole 64-byte lines first: then all of them begin on a line. By name within each kind, for one order. */
static int compare_tensors(const void *left, const void *right)
{
    const tmli_tensor *a = left;
    const tmli_tensor *b = right;
    const int odd_a = a->n_bytes % ALIGNMENT != 0;
    const int odd_b = b->n_bytes % ALIGNMENT != 0;
    /* Odd ones by falling width of their items, so that 4-byte items stay on 4-byte boundaries. */
    if (odd_a != odd_b) {
        return odd_a - odd_b;
    }
    if (dtype_bytes[a->dtype] != dtype_bytes[b->dtype]) {
        return dtype_bytes[a->dtype] > dtype_bytes[b->dtype] ? -1 : 1;
    }
    return strcmp(a->name, b->name);
}

static void write_header(tmli_buf *header, const tmli_tensor *tensors, size_t n)
{
    tmli_json_writer w;
    tmli_json_begin(&w, header, 0);
    tmli_json_object(&w, NULL);
    uint64_t at = 0;
    for (size_t i = 0; i < n; i++) {
        tmli_json_object(&w, tensors[i].name);
        tmli_json_put_text(&w, "dtype", dtype_words[tensors[i].dtype]);
        tmli_json_list(&w, "shape");
        for (size_t d = 0; d < tensors[i].rank; d++) {
            tmli_json_put_u64(&w, NULL, tensors[i].shape[d]);
        }
        tmli_json_close_list(&w);
        tmli_json_list(&w, "data_offsets");
        tmli_json_put_u64(&w, NULL, at);
        at += tensors[i].n_bytes;
        tmli_json_put_u64(&w, NULL, at);
        tmli_json_close_list(&w);
        tmli_json_close_object(&w);
    }
    tmli_json_close_object(&w);
    while ((LENGTH_BYTES + header->len) % ALIGNMENT != 0 && !header->failed) {
        tmli_buf_append_byte(header, ' '); /* blanks behind the JSON are part of the format */
    }
}

/* Writes bytes and takes them into the hash and the count. */
typedef struct counted {
    tmli_file_out *file;
    tmli_hash64_state hash;
    uint64_t n_bytes;
} counted;

static tml_status put(counted *out, const void *bytes, size_t n, tml_error *err)
{
    tmli_hash64_update(&out->hash, bytes, n);
    out->n_bytes += n;
    return tmli_file_out_write(out->file, bytes, n, err);
}

tml_status tmli_safetensors_write(tmli_file_out *file, tmli_tensor *tensors, size_t n,
                                  uint64_t *n_bytes, uint64_t *hash, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_buf header = {0};
    counted out = {.file = file};
    unsigned char length[LENGTH_BYTES];
    tmli_hash64_begin(&out.hash, 0);
    qsort(tensors, n, sizeof(*tensors), compare_tensors);
    write_header(&header, tensors, n);
    if (header.failed) {
        TMLI_TRY(tmli_fail_memory(err, "the tensor header"));
    }
    tmli_put_u64le(length, header.len);
    TMLI_TRY(put(&out, length, sizeof(length), err));
    TMLI_TRY(put(&out, header.data, header.len, err));
    for (size_t i = 0; i < n; i++) {
        TMLI_TRY(put(&out, tensors[i].data, tensors[i].n_bytes, err));
    }
    *n_bytes = out.n_bytes;
    *hash = tmli_hash64_end(&out.hash);
cleanup:
    tmli_buf_deinit(&header);
    return status;
}

/* A JSON number that is a size: whole and exact. */
static bool size_of(const tmli_value *value, size_t *out)
{
    if (value == NULL || value->kind != TMLI_NUMBER || !(value->number >= 0) ||
        !(value->number <= 9007199254740992.0)) {
        return false;
    }
    *out = (size_t)value->number;
    return (double)*out == value->number;
}

static bool read_dtype(const tmli_value *value, tmli_dtype *out)
{
    for (size_t i = 0; i < sizeof(dtype_words) / sizeof(dtype_words[0]); i++) {
        if (value != NULL && value->kind == TMLI_STRING &&
            tmli_str_eq_text(value->text, dtype_words[i])) {
            *out = (tmli_dtype)i;
            return true;
        }
    }
    return false;
}

static bool read_shape(const tmli_value *value, tmli_tensor *tensor)
{
    if (value == NULL || value->kind != TMLI_LIST || value->n < 1 || value->n > TMLI_TENSOR_RANK) {
        return false;
    }
    tensor->rank = value->n;
    tensor->n_bytes = dtype_bytes[tensor->dtype];
    size_t d = 0;
    for (const tmli_value *item = value->first; item != NULL; item = item->next, d++) {
        if (!size_of(item, &tensor->shape[d]) ||
            !tmli_mul_size(tensor->n_bytes, tensor->shape[d], &tensor->n_bytes)) {
            return false;
        }
    }
    return true;
}

/* One header member. data, n_data: what stands behind the header. */
static bool read_tensor(const tmli_value *member, const unsigned char *data, size_t n_data,
                        tmli_tensor *tensor)
{
    const tmli_value *offsets = tmli_value_get(member, "data_offsets");
    size_t begin = 0;
    size_t end = 0;
    if (member->kind != TMLI_OBJECT || member->key.len >= TMLI_TENSOR_NAME_BYTES ||
        !read_dtype(tmli_value_get(member, "dtype"), &tensor->dtype) ||
        !read_shape(tmli_value_get(member, "shape"), tensor) || offsets == NULL ||
        offsets->kind != TMLI_LIST || offsets->n != 2 || !size_of(offsets->first, &begin) ||
        !size_of(offsets->first->next, &end)) {
        return false;
    }
    if (begin > end || end > n_data || end - begin != tensor->n_bytes ||
        begin % dtype_bytes[tensor->dtype] != 0) {
        return false;
    }
    memcpy(tensor->name, member->key.data, member->key.len);
    tensor->name[member->key.len] = '\0';
    tensor->data = data + begin;
    return true;
}

static int compare_places(const void *left, const void *right)
{
    const unsigned char *a = ((const tmli_tensor *)left)->data;
    const unsigned char *b = ((const tmli_tensor *)right)->data;
    return a < b ? -1 : a > b;
}

/* The format allows neither gaps nor overlaps: a file that has one was not written by a safetensors writer. */
static bool fills(tmli_safetensors *file, const unsigned char *data, size_t n_data)
{
    qsort(file->tensors, file->n, sizeof(file->tensors[0]), compare_places);
    const unsigned char *at = data;
    for (size_t i = 0; i < file->n; i++) {
        if (file->tensors[i].data != at) {
            return false;
        }
        at += file->tensors[i].n_bytes;
    }
    return at == data + n_data;
}

static tml_status read_members(const char *name, const tmli_value *root, const unsigned char *data,
                               size_t n_data, tmli_safetensors *out, tml_error *err)
{
    out->n = 0;
    if (root->kind != TMLI_OBJECT) {
        return tmli_fail(err, TML_EFORMAT, "%s: the tensor header is not an object", name);
    }
    for (const tmli_value *member = root->first; member != NULL; member = member->next) {
        if (tmli_str_eq_text(member->key, "__metadata__")) {
            continue;
        }
        if (out->n == TMLI_TENSORS_MAX) {
            return tmli_fail(err, TML_EFORMAT, "%s: more than %d tensors", name, TMLI_TENSORS_MAX);
        }
        if (!read_tensor(member, data, n_data, &out->tensors[out->n++])) {
            return tmli_fail(err, TML_EFORMAT,
                             "%s: tensor \"%.*s\" does not fit the file: its type, shape and "
                             "offsets disagree",
                             name, TMLI_SHOWN(member->key));
        }
    }
    if (!fills(out, data, n_data)) {
        return tmli_fail(err, TML_EFORMAT, "%s: the tensors do not fill the file exactly", name);
    }
    return TML_OK;
}

tml_status tmli_safetensors_read(const char *name, const unsigned char *bytes, size_t n,
                                 tmli_safetensors *out, tml_error *err)
{
    tmli_reader reader = tmli_reader_of(bytes, n);
    uint64_t header_bytes = 0;
    const unsigned char *header = NULL;
    /* Headers are padded to 8 bytes by every writer: that keeps items on their own boundaries in the mapping. */
    if (!tmli_read_u64le(&reader, &header_bytes) || header_bytes > TMLI_TENSOR_HEADER_MAX ||
        header_bytes % 8 != 0 || !tmli_read_bytes(&reader, (size_t)header_bytes, &header)) {
        return tmli_fail(err, TML_EFORMAT, "%s: not a safetensors file, or cut short: %zu bytes",
                         name, n);
    }
    tmli_arena arena;
    tmli_arena_init(&arena, 16384, 64 << 20);
    const tmli_value *root = NULL;
    tml_error cause = {0};
    tml_status status = tmli_json_parse((tml_str){(const char *)header, (size_t)header_bytes},
                                        &arena, &root, &cause);
    if (status == TML_EFORMAT) {
        status = tmli_fail(err, status, "%s: tensor header: %s", name, cause.text);
    } else if (status != TML_OK) {
        status = tmli_fail_memory(err, "the tensor header");
    } else {
        status = read_members(name, root, reader.at, tmli_reader_left(&reader), out, err);
    }
    tmli_arena_deinit(&arena);
    return status;
}

bool tmli_safetensors_has(const tmli_safetensors *file, const char *name)
{
    size_t i = 0;
    while (i < file->n && strcmp(file->tensors[i].name, name) != 0) {
        i++;
    }
    return i < file->n;
}

tml_status tmli_safetensors_get(const tmli_safetensors *file, const char *source, const char *name,
                                tmli_dtype dtype, size_t rank, const tmli_tensor **out,
                                tml_error *err)
{
    for (size_t i = 0; i < file->n; i++) {
        const tmli_tensor *tensor = &file->tensors[i];
        if (strcmp(tensor->name, name) == 0) {
            if (tensor->dtype != dtype || tensor->rank != rank) {
                return tmli_fail(err, TML_EFORMAT,
                                 "%s: tensor \"%s\" should be %s with %zu dimensions", source, name,
                                 dtype_words[dtype], rank);
            }
            *out = tensor;
            return TML_OK;
        }
    }
    return tmli_fail(err, TML_EFORMAT, "%s: no tensor \"%s\"", source, name);
}
