/* num/sparse.h: sparse matrices by rows (CSR). */
#ifndef NUM_SPARSE_H
#define NUM_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

/* Row i is columns and values offsets[i]..offsets[i+1]-1; columns rise within a row. An element may be zero. */
typedef struct tmli_csr {
    size_t n_rows;
    size_t n_cols;
    size_t *offsets;   /* owned, [n_rows + 1] */
    uint32_t *columns; /* owned, [offsets[n_rows]] */
    double *values;    /* owned, [offsets[n_rows]] */
} tmli_csr;            /* {0} to begin */

/* One row, borrowed from a matrix or from scratch. */
typedef struct tmli_sparse_row {
    const uint32_t *columns; /* rising */
    const double *values;
    size_t n;
} tmli_sparse_row;

/* Room for the stored elements of rows whose lengths are given: offsets are set, columns and values are not.
 * lengths: [n_rows]. out: release with tmli_csr_deinit; untouched on failure. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_csr_create(const uint32_t *lengths, size_t n_rows, size_t n_cols,
                                         tmli_csr *out, tml_error *err);
void tmli_csr_deinit(tmli_csr *csr); /* leaves {0} */

/* Row i, below n_rows. */
tmli_sparse_row tmli_csr_row(const tmli_csr *csr, size_t i);

#endif
