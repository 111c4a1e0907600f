/* features/bag_spread.h: what elements of a bag's row give, spread over the pieces of text that they were counted in. */
#ifndef FEATURES_BAG_SPREAD_H
#define FEATURES_BAG_SPREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "features/bag.h"

#define TMLI_NO_UNIT UINT32_MAX

/* Units are pieces of text with numbers from 0. */
typedef struct tmli_spread {
    /* Analyzer word: units [n_tokens] of the tokens. Analyzers of characters: units of the bytes from `text` on, of which
     * those that begin a character count. TMLI_NO_UNIT: in none. */
    const uint32_t *units;
    const char *text;
    const double *parts; /* what each element of the row gives */
    /* An element's occurrences share alike; otherwise each by its sign, over the sum of the signs, which is the count. */
    bool is_even;
    double *sums;     /* [units] grow by what they get */
    bool *is_touched; /* [units] set where an n-gram with a column lies */
    double rest;      /* grows by what lies in no unit */
    size_t n_parts;   /* output: elements of the row */
} tmli_spread;

/* Scratch of one thread, beside the bag's. */
typedef struct tmli_spread_scratch {
    size_t *counts; /* owned: occurrences of each element */
    size_t capacity;
} tmli_spread_scratch; /* {0} to begin */

void tmli_spread_scratch_deinit(tmli_spread_scratch *scratch);

/* Encodes tokens as tmli_bag_encode does and spreads the elements' parts: evenly over the occurrences of an n-gram, and from
 * each evenly over the tokens, or the characters in units, that it covers. Σ parts = Σ sums + rest. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status tmli_bag_spread(const tmli_bag *bag, const tml_str *tokens,
                                         size_t n_tokens, tmli_bag_scratch *scratch,
                                         tmli_spread_scratch *more, tmli_spread *spread,
                                         tml_error *err);

#endif
