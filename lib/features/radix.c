/* Eight bits a pass from the lowest, and insertion for few items. A document's terms are in between: their columns lie
 * spread, so that the upper eight bits alone bring nearly all of them to their places, and insertion the rest. */
#include "features/radix.h"

#include <stdbool.h>

enum {
    DIGIT_BITS = 8,
    DIGITS = 1 << DIGIT_BITS,
    FEW = 24,       /* below, clearing the counters of the passes takes longer than inserting */
    MOST_BITS = 32, /* of columns; longer keys are texts, which begin alike */
    SOME =
        512, /* below, one pass and inserting; few enough that inserting never takes long, whatever the keys */
};

static void insertion_sort(tmli_item *items, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const tmli_item item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--) {
            items[at] = items[at - 1];
        }
        items[at] = item;
    }
}

/* Places from[0..n) in order of one digit at `to`; false, and nothing done, when all have the same. */
static bool sort_digit(const tmli_item *from, tmli_item *to, size_t n, unsigned shift)
{
    uint32_t places[DIGITS] = {0};
    for (size_t i = 0; i < n; i++) {
        places[from[i].key >> shift & (DIGITS - 1)]++;
    }
    if (places[from[0].key >> shift & (DIGITS - 1)] == n) {
        return false;
    }
    uint32_t sum = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        const uint32_t count = places[digit];
        places[digit] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++) {
        to[places[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
    }
    return true;
}

tmli_item *tmli_radix_sort(tmli_item *items, tmli_item *scratch, size_t n, unsigned n_bits)
{
    if (n < FEW) {
        insertion_sort(items, n);
        return items;
    }
    if (n < SOME && n_bits <= MOST_BITS) {
        const unsigned shift = n_bits > DIGIT_BITS ? n_bits - DIGIT_BITS : 0;
        tmli_item *const placed = sort_digit(items, scratch, n, shift) ? scratch : items;
        insertion_sort(placed, n);
        return placed;
    }
    tmli_item *from = items;
    tmli_item *to = scratch;
    for (unsigned shift = 0; shift < n_bits; shift += DIGIT_BITS) {
        if (sort_digit(from, to, n, shift)) {
            tmli_item *const other = from;
            from = to;
            to = other;
        }
    }
    return from;
}
