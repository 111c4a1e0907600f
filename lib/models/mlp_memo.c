/* Each sum goes from empty to ready once; who finds it empty first computes it. */
#include "models/mlp_memo.h"

#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"

enum {
    LINE_FLOATS = 16 /* a sum begins on a cache line */
};

enum {
    EMPTY,
    CLAIMED,
    READY
};

struct tmli_mlp_memo {
    tmli_mlp_products products;
    size_t first_block, n_blocks, n_rows; /* of the sums that are kept */
    size_t stride;                        /* floats from one sum to the next */
    float *sums;                          /* owned [n_blocks · n_rows, stride] */
    atomic_uchar *states;                 /* owned [n_blocks · n_rows] */
};

tml_status tmli_mlp_memo_create(const tmli_mlp_products *products, size_t first_block,
                                size_t n_blocks, size_t max_bytes, tmli_mlp_memo **out,
                                tml_error *err)
{
    const size_t stride = (products->outputs + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    const size_t most = n_blocks > 0 ? max_bytes / sizeof(float) / stride / n_blocks : 0;
    const size_t n_rows = most < products->n_rows ? most : products->n_rows;
    tmli_mlp_memo *memo = tmli_calloc(1, sizeof *memo);
    if (memo == NULL) {
        return tmli_fail_memory(err, "kept sums");
    }
    *memo = (tmli_mlp_memo){.products = *products,
                            .first_block = first_block,
                            .n_blocks = n_blocks,
                            .n_rows = n_rows,
                            .stride = stride};
    const size_t n = n_blocks * n_rows;
    memo->sums = tmli_alloc_lines(n * stride, sizeof *memo->sums);
    memo->states = tmli_calloc(n, sizeof *memo->states);
    if (n > 0 && (memo->sums == NULL || memo->states == NULL)) {
        tmli_mlp_memo_free(memo);
        return tmli_fail_memory(err, "kept sums");
    }
    *out = memo;
    return TML_OK;
}

void tmli_mlp_memo_free(tmli_mlp_memo *memo)
{
    if (memo != NULL) {
        tmli_free_lines(memo->sums);
        tmli_free(memo->states);
        tmli_free(memo);
    }
}

size_t tmli_mlp_memo_bytes(const tmli_mlp_memo *memo)
{
    return memo != NULL ? memo->n_blocks * memo->n_rows * (memo->stride * sizeof *memo->sums + 1)
                        : 0;
}

static void compute(const tmli_mlp_memo *memo, const tmli_kernels *kernels, tmli_entry entry,
                    float *sum)
{
    const tmli_mlp_products *p = &memo->products;
    memset(sum, 0, p->outputs * sizeof *sum);
    kernels->gather_affine(sum, NULL, p->table, &entry.row, p->width, 1,
                           p->weights + entry.block * p->width * p->outputs, p->width, p->outputs);
}

/* With the sum's state EMPTY or CLAIMED: computes it, or NULL when another thread does. */
static const float *claim(tmli_mlp_memo *memo, const tmli_kernels *kernels, tmli_entry entry,
                          size_t at)
{
    float *sum = memo->sums + at * memo->stride;
    unsigned char state = EMPTY;
    if (!atomic_compare_exchange_strong_explicit(&memo->states[at], &state, CLAIMED,
                                                 memory_order_relaxed, memory_order_relaxed)) {
        return NULL;
    }
    compute(memo, kernels, entry, sum);
    atomic_store_explicit(&memo->states[at], READY, memory_order_release);
    return sum;
}

static inline const float *find(tmli_mlp_memo *memo, const tmli_kernels *kernels, tmli_entry entry)
{
    const size_t block = entry.block - memo->first_block; /* wraps around below the first one */
    if (block >= memo->n_blocks || entry.row >= memo->n_rows) {
        return NULL;
    }
    const size_t at = block * memo->n_rows + entry.row;
    return atomic_load_explicit(&memo->states[at], memory_order_acquire) == READY
               ? memo->sums + at * memo->stride
               : claim(memo, kernels, entry, at);
}

const float *tmli_mlp_memo_find(tmli_mlp_memo *memo, const tmli_kernels *kernels, tmli_entry entry)
{
    return find(memo, kernels, entry);
}

bool tmli_mlp_memo_find_all(tmli_mlp_memo *memo, const tmli_kernels *kernels,
                            const tmli_entry *entries, size_t n, const float **sums)
{
    for (size_t i = 0; i < n; i++) {
        sums[i] = find(memo, kernels, entries[i]);
        if (sums[i] == NULL) {
            return false;
        }
        for (size_t k = 0; k < memo->stride; k += LINE_FLOATS) {
            __builtin_prefetch(sums[i] + k);
        }
    }
    return true;
}
