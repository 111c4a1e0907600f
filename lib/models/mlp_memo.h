/* models/mlp_memo.h: sums of the first layer that are asked for again and again, computed once.
 *
 * A text's share of the first layer is a sum over its entries (block, row) of x[row] · w[block]; with rows in falling order
 * of frequency and texts that lie in the same blocks, few of these products make up most of the work: of news headlines,
 * 1,000 words at 16 positions are two thirds. One memo serves all threads of a model. */
#ifndef MODELS_MLP_MEMO_H
#define MODELS_MLP_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/blocks.h"
#include "num/kernels.h"
#include "textml/status.h"

typedef struct tmli_mlp_memo tmli_mlp_memo;

/* Where the products come from; borrowed as long as the memo lives, and not changed. */
typedef struct tmli_mlp_products {
    const float *table; /* [n_rows, width] */
    size_t n_rows, width;
    const float *weights; /* [blocks · width, outputs] */
    size_t outputs;
} tmli_mlp_products;

/* A memo of the first rows of the table in n_blocks blocks from first_block on, as many rows as max_bytes hold. Memory is
 * touched only where it is used. out: free with tmli_mlp_memo_free. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_mlp_memo_create(const tmli_mlp_products *products, size_t first_block,
                                              size_t n_blocks, size_t max_bytes,
                                              tmli_mlp_memo **out, tml_error *err);
void tmli_mlp_memo_free(tmli_mlp_memo *memo); /* NULL is allowed */

/* Memory that it takes when all of its sums have been asked for. */
size_t tmli_mlp_memo_bytes(const tmli_mlp_memo *memo); /* NULL: 0 */

/* x[entry.row] · w[entry.block], [outputs], summed from zero in rising order of the inputs; computed now if need be. NULL
 * when the entry is not one of the memo's, or another thread computes it just now. Any number of threads. */
const float *tmli_mlp_memo_find(tmli_mlp_memo *memo, const tmli_kernels *kernels, tmli_entry entry);
/* The same for a whole row of n entries, sums [n]: false when one of them is NULL; sums is then of no use. Otherwise the
 * processor fetches them from now on. */
bool tmli_mlp_memo_find_all(tmli_mlp_memo *memo, const tmli_kernels *kernels,
                            const tmli_entry *entries, size_t n, const float **sums);

#endif
