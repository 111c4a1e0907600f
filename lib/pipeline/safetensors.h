/* pipeline/safetensors.h: the tensor file, as huggingface/safetensors defines it: a little-endian u64 with the header's
 * length, a JSON header {"name": {"dtype", "shape", "data_offsets"}}, then the bytes, without gaps.
 *
 * Written so that the data begin on a 64-byte boundary. Read by mapping; the header is checked against the file's size
 * and every shape before anything is used. */
#ifndef PIPELINE_SAFETENSORS_H
#define PIPELINE_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/file.h"
#include "textml/status.h"

#define TMLI_DTYPE_LIST(X) \
    X(TMLI_F64, "F64", 8)  \
    X(TMLI_F32, "F32", 4)  \
    X(TMLI_U32, "U32", 4)  \
    X(TMLI_U16, "U16", 2)  \
    X(TMLI_U8, "U8", 1)

typedef enum tmli_dtype {
#define TMLI_DTYPE_ENUM(name, word, bytes) name,
    TMLI_DTYPE_LIST(TMLI_DTYPE_ENUM)
#undef TMLI_DTYPE_ENUM
} tmli_dtype;

enum {
    TMLI_TENSOR_RANK = 2,        /* dimensions of our tensors, at most */
    TMLI_TENSOR_NAME_BYTES = 48, /* with the NUL */
    TMLI_TENSORS_MAX = 256,      /* tensors of one file */
    TMLI_TENSOR_HEADER_MAX = 1 << 20,
};

typedef struct tmli_tensor {
    char name[TMLI_TENSOR_NAME_BYTES];
    tmli_dtype dtype;
    size_t rank;                    /* 1 or 2 */
    size_t shape[TMLI_TENSOR_RANK]; /* row-major */
    const void *data;               /* borrowed */
    size_t n_bytes;
} tmli_tensor;

/* A tensor over data; n_bytes follows from the shape. cols 0 makes it one-dimensional. name: shorter than 48 bytes. */
tmli_tensor tmli_tensor_of(const char *name, tmli_dtype dtype, size_t rows, size_t cols,
                           const void *data);

/* Streams a file to out (begun, not committed): *n_bytes its size, *hash tmli_hash64_v1 of all its bytes with seed 0.
 * tensors: reordered so that those whose size is a multiple of 64 come first and are aligned. */
TML_NODISCARD tml_status tmli_safetensors_write(tmli_file_out *out, tmli_tensor *tensors, size_t n,
                                                uint64_t *n_bytes, uint64_t *hash, tml_error *err);

typedef struct tmli_safetensors {
    tmli_tensor tensors[TMLI_TENSORS_MAX];
    size_t n;
} tmli_safetensors;

/* Reads the header of a whole file in memory; tensors borrow from bytes. name stands in sentences.
 * Errors: TML_EFORMAT for anything that the format does not allow, TML_ENOMEM. *out undefined on failure. */
TML_NODISCARD tml_status tmli_safetensors_read(const char *name, const unsigned char *bytes,
                                               size_t n, tmli_safetensors *out, tml_error *err);
bool tmli_safetensors_has(const tmli_safetensors *file, const char *name);
/* The tensor called name with this type and rank, or TML_EFORMAT. */
TML_NODISCARD tml_status tmli_safetensors_get(const tmli_safetensors *file, const char *source,
                                              const char *name, tmli_dtype dtype, size_t rank,
                                              const tmli_tensor **out, tml_error *err);

#endif
