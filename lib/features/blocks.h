/* features/blocks.h: the one input format of the models.
 *
 * A row is a list of entries; an entry says "in block b of the input stands the vector table[row]". The input is
 * n_blocks blocks of `width` numbers side by side, and everything that no entry names is exactly zero. Thus:
 *   sequence through an embedding: block = position, width = dimensions, table = the embedding;
 *   dense numbers: one block, as wide as there are columns, table = the rows themselves. */
#ifndef FEATURES_BLOCKS_H
#define FEATURES_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

typedef struct tmli_entry {
    uint32_t block; /* below n_blocks; rising within a row */
    uint32_t row;   /* of the table */
} tmli_entry;

typedef struct tmli_rows {
    const tmli_entry *entries;
    const size_t *offsets; /* [n + 1]: entries of row i are offsets[i]..offsets[i+1]-1 */
    size_t n;
} tmli_rows;

typedef struct tmli_table {
    const float *data; /* [n, width] row-major */
    size_t n;
    size_t width;
} tmli_table;

#endif
