/* MurmurHash3 and the columns that scikit-learn 1.2.1 makes of it (_hashing_fast.pyx). */
#include "features/hashing.h"

#include "base/bytes.h"

static uint32_t rotate_left(uint32_t x, unsigned bits)
{
    return x << bits | x >> (32 - bits);
}

static uint32_t mix(uint32_t k)
{
    return rotate_left(k * 0xcc9e2d51, 15) * 0x1b873593;
}

uint32_t tmli_murmur3(tml_str text, uint32_t seed)
{
    const unsigned char *at = (const unsigned char *)text.data;
    uint32_t hash = seed;
    size_t left = text.len;
    for (; left >= 4; left -= 4, at += 4) {
        hash = rotate_left(hash ^ mix(tmli_load_u32le(at)), 13) * 5 + 0xe6546b64;
    }
    uint32_t tail = 0;
    for (size_t i = left; i > 0; i--) {
        tail = tail << 8 | at[i - 1];
    }
    hash ^= mix(tail) ^ (uint32_t)text.len;
    hash = (hash ^ hash >> 16) * 0x85ebca6b;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35;
    return hash ^ hash >> 16;
}

tmli_hashed tmli_hash_term(tml_str term, uint32_t n_columns)
{
    const uint32_t hash = tmli_murmur3(term, 0);
    if ((hash & 0x80000000) == 0) {
        return (tmli_hashed){hash % n_columns, 1};
    }
    /* The magnitude of INT32_MIN is no int32: scikit-learn takes (2^31 - 1 - (n - 1)) % n, which is 2^31 % n. */
    return (tmli_hashed){(0u - hash) % n_columns, -1};
}
