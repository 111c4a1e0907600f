/* A stable counting sort of entries by block. */
#include "models/mlp_group.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"

enum {
    ENTRIES_A_LINE = 8
};

tml_status tmli_groups_init(tmli_groups *groups, size_t n_blocks, size_t max_entries,
                            tml_error *err)
{
    tmli_groups made = {.n_blocks = n_blocks, .max_entries = max_entries};
    size_t n_starts = 0;
    if (!tmli_add_size(n_blocks, 2, &n_starts) || max_entries > UINT32_MAX) {
        return tmli_fail(err, TML_ELIMIT, "%zu entries in %zu blocks are too many at once",
                         max_entries, n_blocks);
    }
    made.starts = tmli_calloc(n_starts, sizeof *made.starts);
    made.rows = tmli_alloc(max_entries, sizeof *made.rows);
    made.table_rows = tmli_alloc(max_entries, sizeof *made.table_rows);
    if (made.starts == NULL || made.rows == NULL || made.table_rows == NULL) {
        tmli_groups_deinit(&made);
        return tmli_fail_memory(err, "entries grouped by block");
    }
    *groups = made;
    return TML_OK;
}

void tmli_groups_deinit(tmli_groups *groups)
{
    tmli_free(groups->starts);
    tmli_free(groups->rows);
    tmli_free(groups->table_rows);
    *groups = (tmli_groups){0};
}

void tmli_groups_fill(tmli_groups *groups, const tmli_rows *rows, const uint32_t *ids, size_t n,
                      size_t table_rows)
{
    /* starts[b + 2] counts block b; after summing, starts[b + 1] is where its next entry goes, and when all are placed,
     * where it ends. */
    uint32_t *const starts = groups->starts;
    const size_t n_blocks = groups->n_blocks;
    memset(starts, 0, (n_blocks + 2) * sizeof *starts);
    for (size_t i = 0; i < n; i++) { /* rows in any order: their fetches overlap */
        __builtin_prefetch(rows->entries + rows->offsets[ids[i]]);
        __builtin_prefetch(rows->entries + rows->offsets[ids[i] + 1]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t e = rows->offsets[ids[i]]; e < rows->offsets[ids[i] + 1]; e++) {
            const tmli_entry entry = rows->entries[e];
            if (entry.block < n_blocks && entry.row < table_rows) {
                starts[entry.block + 2]++;
            }
        }
    }
    for (size_t b = 2; b <= n_blocks; b++) {
        starts[b] += starts[b - 1];
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t e = rows->offsets[ids[i]]; e < rows->offsets[ids[i] + 1]; e++) {
            const tmli_entry entry = rows->entries[e];
            if (entry.block < n_blocks && entry.row < table_rows) {
                const uint32_t at = starts[entry.block + 1]++;
                assert(at < groups->max_entries);
                groups->rows[at] = (uint32_t)i;
                groups->table_rows[at] = entry.row;
            }
        }
    }
}
