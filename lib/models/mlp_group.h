/* models/mlp_group.h: the entries of some rows sorted by block, so that each block's weights are visited once. */
#ifndef MODELS_MLP_GROUP_H
#define MODELS_MLP_GROUP_H

#include <stddef.h>
#include <stdint.h>

#include "features/blocks.h"
#include "textml/status.h"

typedef struct tmli_groups {
    uint32_t *starts;     /* owned; [B + 1]: entries of block b are starts[b]..starts[b + 1] - 1 */
    uint32_t *rows;       /* row of each entry, counted within the group; rising within a block */
    uint32_t *table_rows; /* table row of each entry */
    size_t n_blocks;
    size_t max_entries;
} tmli_groups;

/* groups: deinit it; untouched on failure. */
TML_NODISCARD tml_status tmli_groups_init(tmli_groups *groups, size_t n_blocks, size_t max_entries,
                                          tml_error *err);
void tmli_groups_deinit(tmli_groups *groups); /* leaves {0} */

/* Groups the entries of rows ids[0..n). Entries with block ≥ n_blocks or row ≥
 * table_rows are left out. The rows have at most max_entries entries. O(entries + blocks). */
void tmli_groups_fill(tmli_groups *groups, const tmli_rows *rows, const uint32_t *ids, size_t n,
                      size_t table_rows);

#endif
