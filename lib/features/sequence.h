/* features/sequence.h: token ids at positions, as Keras' pad_sequences lays them out.
 *
 * Padding is never materialized: a row is a list of (position, id) for the ids that are there. */
#ifndef FEATURES_SEQUENCE_H
#define FEATURES_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

#include "features/blocks.h"

typedef enum tmli_side {
    TMLI_SIDE_PRE, /* pad at the start, or drop from the start: Keras' defaults */
    TMLI_SIDE_POST,
} tmli_side;

typedef struct tmli_sequence_options {
    size_t length; /* positions, at least 1 */
    tmli_side padding;
    tmli_side truncating;
} tmli_sequence_options;

/* Lays out ids[0..n) (those of a text's known words, in order). Entries: block = position, row = id.
 * Writes at most options->length entries to out and returns their number. */
size_t tmli_sequence_place(const tmli_sequence_options *options, const uint32_t *ids, size_t n,
                           tmli_entry *out);

#endif
