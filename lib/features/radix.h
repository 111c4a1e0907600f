/* features/radix.h: sorting numbered items by an unsigned key. */
#ifndef FEATURES_RADIX_H
#define FEATURES_RADIX_H

#include <stddef.h>
#include <stdint.h>

typedef struct tmli_item {
    uint64_t key;
    int64_t value;
} tmli_item;

/* Sorts items[0..n) by rising key; equal keys keep their order. scratch: [n]; n below 2^32. n_bits: of the keys, those above are 0.
 * Returns where the sorted items are: items or scratch. O(n * n_bits / 8). */
tmli_item *tmli_radix_sort(tmli_item *items, tmli_item *scratch, size_t n, unsigned n_bits);

#endif
