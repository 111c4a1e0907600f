/* base/rng.h: counter-based random numbers.
 *
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The numbers are a
 * pure function of (seed, stream, position), so a row of an epoch gets the same ones whichever thread asks. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

typedef struct tmli_rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    unsigned used; /* numbers of the block already handed out */
} tmli_rng;

/* What streams are used for, so that no two purposes share numbers. The values are part of reproducibility. */
enum tmli_rng_purpose {
    TMLI_RNG_INIT = 1,    /* initial weights; index: layer */
    TMLI_RNG_SHUFFLE = 2, /* row order; index: epoch */
    TMLI_RNG_DROPOUT = 3, /* dropout masks; index: epoch, sub: row and layer */
    TMLI_RNG_SPLIT = 4,   /* train/validation split */
    TMLI_RNG_TABLE = 5,   /* initial embeddings; index: 0 */
};

/* The raw bijection, for tests against the paper's known answers. */
void tmli_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Generator for one purpose; (index, sub) select a stream of 2^34 numbers within it. */
tmli_rng tmli_rng_at(uint64_t seed, enum tmli_rng_purpose purpose, uint32_t index, uint32_t sub);
uint32_t tmli_rng_u32(tmli_rng *rng);
uint32_t tmli_rng_below(tmli_rng *rng, uint32_t n); /* uniform in 0..n-1, unbiased; n at least 1 */
float tmli_rng_uniform(tmli_rng *rng);              /* uniform in [0, 1), 24 bits */
/* Fisher-Yates. */
void tmli_rng_shuffle(tmli_rng *rng, uint32_t *items, size_t n);

#endif
