/* base/hash.h: hash functions. Those that a saved model depends on carry a version and never change. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "textml/str.h"

/* FNV-1a, 32 bits, over unsigned bytes: the persisted hash of vocabulary indexes (artifact format 1). */
uint32_t tmli_hash_v1(tml_str text);

/* XXH64 (Yann Collet's xxHash, 64-bit): content hashes in artifacts, with seed 0; in-memory maps, with a seed. */
uint64_t tmli_hash64_v1(const void *bytes, size_t n, uint64_t seed);

/* The same over a stream. */
typedef struct tmli_hash64_state {
    uint64_t lane[4];
    uint64_t total_bytes;
    uint64_t seed;
    unsigned char tail[32];
    size_t tail_bytes;
} tmli_hash64_state;

void tmli_hash64_begin(tmli_hash64_state *state, uint64_t seed);
void tmli_hash64_update(tmli_hash64_state *state, const void *bytes, size_t n);
uint64_t tmli_hash64_end(const tmli_hash64_state *state);

#endif
