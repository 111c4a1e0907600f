/* Philox4x32-10 and what is drawn from it. Every step here is part of what makes a seed reproduce a model. */
#include "base/rng.h"

#include <assert.h>

enum {
    ROUNDS = 10,
    BLOCK_NUMBERS = 4
};

void tmli_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0];
    uint32_t c1 = counter[1];
    uint32_t c2 = counter[2];
    uint32_t c3 = counter[3];
    uint32_t k0 = key[0];
    uint32_t k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        const uint64_t p0 = (uint64_t)0xd2511f53 * c0;
        const uint64_t p1 = (uint64_t)0xcd9e8d57 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9; /* golden ratio */
        k1 += 0xbb67ae85; /* sqrt(3) - 1 */
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

tmli_rng tmli_rng_at(uint64_t seed, enum tmli_rng_purpose purpose, uint32_t index, uint32_t sub)
{
    return (tmli_rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, sub, index, (uint32_t)purpose},
        .used = BLOCK_NUMBERS,
    };
}

uint32_t tmli_rng_u32(tmli_rng *rng)
{
    if (rng->used == BLOCK_NUMBERS) {
        tmli_philox(rng->counter, rng->key, rng->block);
        rng->counter[0]++; /* the other words name the stream and stay */
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

uint32_t tmli_rng_below(tmli_rng *rng, uint32_t n)
{
    assert(n > 0);
    /* Lemire, "Fast random integer generation in an interval" (2019): the high half of a product, with the few low
     * halves refused that would favour some results. */
    const uint32_t refused_below = (0U - n) % n;
    uint64_t product;
    do {
        product = (uint64_t)tmli_rng_u32(rng) * n;
    } while ((uint32_t)product < refused_below);
    return (uint32_t)(product >> 32);
}

float tmli_rng_uniform(tmli_rng *rng)
{
    return (float)(tmli_rng_u32(rng) >> 8) * 0x1p-24F;
}

void tmli_rng_shuffle(tmli_rng *rng, uint32_t *items, size_t n)
{
    assert(n <= UINT32_MAX);
    for (size_t i = n; i > 1; i--) {
        const size_t j = tmli_rng_below(rng, (uint32_t)i);
        const uint32_t kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
