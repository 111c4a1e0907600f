/* Property: whatever the header says, the tensors that come out lie inside the file, one behind the other, with the size
 * of their shape and on the boundary of their type. */
#include "fuzz/fuzz.h"

#include "pipeline/safetensors.h"

enum {
    LINE = 64
}; /* a mapping begins on a page; a line is as good */

static const char name[] = "fuzz.safetensors";

/* By tmli_dtype. */
#define ITEM_BYTES(dtype_name, word, bytes) (bytes),
static const size_t item_bytes[] = {TMLI_DTYPE_LIST(ITEM_BYTES)};
#undef ITEM_BYTES

static void check_tensor(const tmli_tensor *tensor, const unsigned char *bytes, size_t n)
{
    const unsigned char *const data = tensor->data;
    const size_t rows = tensor->shape[0];
    const size_t cols = tensor->rank == 2 ? tensor->shape[1] : 1;
    FUZZ_CHECK((size_t)tensor->dtype < sizeof item_bytes / sizeof *item_bytes);
    const size_t item = item_bytes[tensor->dtype];
    FUZZ_CHECK(tensor->rank == 1 || tensor->rank == 2);
    FUZZ_CHECK(memchr(tensor->name, '\0', sizeof tensor->name) != NULL);
    FUZZ_CHECK(data >= bytes + 8 && tensor->n_bytes <= n && data <= bytes + n - tensor->n_bytes);
    FUZZ_CHECK(rows == 0 || cols == 0 ||
               (rows <= n && cols <= n && tensor->n_bytes == item * rows * cols));
    FUZZ_CHECK((uintptr_t)data % item == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tmli_safetensors file;
    unsigned char *const bytes = aligned_alloc(LINE, (size / LINE + 1) * LINE);
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    tml_error err = {0};
    const tml_status status = tmli_safetensors_read(name, bytes, size, &file, &err);
    FUZZ_CHECK(status == TML_OK || status == TML_EFORMAT);
    fuzz_check_error(status, &err, name);
    size_t total = 8;
    for (size_t i = 0; status == TML_OK && i < file.n; i++) {
        const tmli_tensor *found = NULL;
        check_tensor(&file.tensors[i], bytes, size);
        total += file.tensors[i].n_bytes;
        FUZZ_CHECK(tmli_safetensors_get(&file, name, file.tensors[i].name, file.tensors[i].dtype,
                                        file.tensors[i].rank, &found, NULL) == TML_OK ||
                   i > 0); /* two of one name: the first is found */
    }
    FUZZ_CHECK(status != TML_OK || total <= size);
    free(bytes);
    return 0;
}
