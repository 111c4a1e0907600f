/* num/sparse.h: row-major sparse matrices. */
#ifndef NUM_SPARSE_H
#define NUM_SPARSE_H

#include <stddef.h>
#include <stdint.h>

/* Row i holds elements offsets[i]..offsets[i + 1] - 1. Columns ascend within a row. All arrays are owned. */
typedef struct tmli_csr {
    size_t n_rows, n_cols;
    size_t *offsets;   /* [n_rows + 1] */
    uint32_t *columns; /* [offsets[n_rows]] */
    double *values;    /* [offsets[n_rows]] */
} tmli_csr;

void tmli_csr_deinit(tmli_csr *csr); /* leaves {0} */

#endif
