/* Where ids stand in a padded sequence. Which words have ids is decided by the caller. */
#include "features/sequence.h"

#include <assert.h>

size_t tmli_sequence_place(const tmli_sequence_options *options, const uint32_t *ids, size_t n,
                           tmli_entry *out)
{
    assert(options->length >= 1);
    assert(options->length <= UINT32_MAX);
    const size_t kept = n < options->length ? n : options->length;
    const size_t skipped = options->truncating == TMLI_SIDE_PRE ? n - kept : 0;
    const size_t first = options->padding == TMLI_SIDE_PRE ? options->length - kept : 0;
    for (size_t i = 0; i < kept; i++) {
        out[i] = (tmli_entry){.block = (uint32_t)(first + i), .row = ids[skipped + i]};
    }
    return kept;
}
