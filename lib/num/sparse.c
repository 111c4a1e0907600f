/* Owning a sparse matrix. What its elements mean is the business of those who fill it. */
#include "num/sparse.h"

#include "base/mem.h"
#include "base/status.h"

tml_status tmli_csr_create(const uint32_t *lengths, size_t n_rows, size_t n_cols, tmli_csr *out,
                           tml_error *err)
{
    tml_status status = TML_OK;
    tmli_csr csr = {.n_rows = n_rows, .n_cols = n_cols};
    csr.offsets = tmli_alloc(n_rows + 1, sizeof *csr.offsets);
    if (csr.offsets == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the rows of a matrix"));
    }
    csr.offsets[0] = 0;
    for (size_t i = 0; i < n_rows; i++) {
        csr.offsets[i + 1] = csr.offsets[i] + lengths[i];
    }
    csr.columns = tmli_alloc(csr.offsets[n_rows], sizeof *csr.columns);
    csr.values = tmli_alloc(csr.offsets[n_rows], sizeof *csr.values);
    if (csr.columns == NULL || csr.values == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the elements of a matrix"));
    }
    *out = csr;
    csr = (tmli_csr){0};
cleanup:
    tmli_csr_deinit(&csr);
    return status;
}

void tmli_csr_deinit(tmli_csr *csr)
{
    tmli_free(csr->offsets);
    tmli_free(csr->columns);
    tmli_free(csr->values);
    *csr = (tmli_csr){0};
}

tmli_sparse_row tmli_csr_row(const tmli_csr *csr, size_t i)
{
    const size_t begin = csr->offsets[i];
    return (tmli_sparse_row){.columns = csr->columns + begin,
                             .values = csr->values + begin,
                             .n = csr->offsets[i + 1] - begin};
}
