/* features/hashing.h: columns from hashes, as scikit-learn's FeatureHasher gives them. */
#ifndef FEATURES_HASHING_H
#define FEATURES_HASHING_H

#include <stddef.h>
#include <stdint.h>

#include "textml/str.h"

enum {
    TMLI_HASHED_MAX = INT32_MAX /* columns, as in scikit-learn */
};

/* MurmurHash3_x86_32 (Austin Appleby, public domain). Models depend on it: it never changes. */
uint32_t tmli_murmur3(tml_str text, uint32_t seed);

typedef struct tmli_hashed {
    uint32_t column;
    int sign; /* 1 or -1 */
} tmli_hashed;

/* Column |h| % n_columns and sign of h, the signed hash with seed 0. n_columns: 1 to TMLI_HASHED_MAX. */
tmli_hashed tmli_hash_term(tml_str term, uint32_t n_columns);

#endif
