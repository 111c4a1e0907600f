/* FNV-1a (Fowler, Noll, Vo) and XXH64 (Yann Collet, github.com/Cyan4973/xxHash, doc/xxhash_spec.md). */
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

static const uint64_t PRIME1 = 0x9e3779b185ebca87;
static const uint64_t PRIME2 = 0xc2b2ae3d27d4eb4f;
static const uint64_t PRIME3 = 0x165667b19e3779f9;
static const uint64_t PRIME4 = 0x85ebca77c2b2ae63;
static const uint64_t PRIME5 = 0x27d4eb2f165667c5;

enum {
    STRIPE_BYTES = 32
};

uint32_t tmli_hash_v1(tml_str text)
{
    uint32_t hash = 0x811c9dc5;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.data[i]) * 0x01000193;
    }
    return hash;
}

static uint64_t rotate_left(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static uint64_t round_lane(uint64_t lane, uint64_t input)
{
    return rotate_left(lane + input * PRIME2, 31) * PRIME1;
}

static void begin_lanes(uint64_t lane[4], uint64_t seed)
{
    lane[0] = seed + PRIME1 + PRIME2;
    lane[1] = seed + PRIME2;
    lane[2] = seed;
    lane[3] = seed - PRIME1;
}

/* Mixes whole stripes and returns the place behind them. The lanes stay in registers meanwhile. */
static const unsigned char *mix_stripes(uint64_t lane[4], const unsigned char *at, size_t n_stripes)
{
    uint64_t a = lane[0];
    uint64_t b = lane[1];
    uint64_t c = lane[2];
    uint64_t d = lane[3];
    for (; n_stripes > 0; n_stripes--, at += STRIPE_BYTES) {
        a = round_lane(a, tmli_load_u64le(at));
        b = round_lane(b, tmli_load_u64le(at + 8));
        c = round_lane(c, tmli_load_u64le(at + 16));
        d = round_lane(d, tmli_load_u64le(at + 24));
    }
    lane[0] = a;
    lane[1] = b;
    lane[2] = c;
    lane[3] = d;
    return at;
}

static uint64_t merge_lanes(const uint64_t lane[4])
{
    uint64_t hash = rotate_left(lane[0], 1) + rotate_left(lane[1], 7) + rotate_left(lane[2], 12) +
                    rotate_left(lane[3], 18);
    for (size_t i = 0; i < 4; i++) {
        hash = (hash ^ round_lane(0, lane[i])) * PRIME1 + PRIME4;
    }
    return hash;
}

/* The last n < 32 bytes, then the avalanche. */
static uint64_t finish(uint64_t hash, const unsigned char *at, size_t n)
{
    for (; n >= 8; at += 8, n -= 8) {
        hash = rotate_left(hash ^ round_lane(0, tmli_load_u64le(at)), 27) * PRIME1 + PRIME4;
    }
    if (n >= 4) {
        hash = rotate_left(hash ^ (uint64_t)tmli_load_u32le(at) * PRIME1, 23) * PRIME2 + PRIME3;
        at += 4;
        n -= 4;
    }
    for (; n > 0; at++, n--) {
        hash = rotate_left(hash ^ *at * PRIME5, 11) * PRIME1;
    }
    hash = (hash ^ hash >> 33) * PRIME2;
    hash = (hash ^ hash >> 29) * PRIME3;
    return hash ^ hash >> 32;
}

uint64_t tmli_hash64_v1(const void *bytes, size_t n, uint64_t seed)
{
    const unsigned char *at = bytes;
    uint64_t hash = seed + PRIME5;
    if (n >= STRIPE_BYTES) {
        uint64_t lane[4];
        begin_lanes(lane, seed);
        at = mix_stripes(lane, at, n / STRIPE_BYTES);
        hash = merge_lanes(lane);
    }
    return finish(hash + n, at, n % STRIPE_BYTES);
}

void tmli_hash64_begin(tmli_hash64_state *state, uint64_t seed)
{
    *state = (tmli_hash64_state){.seed = seed};
    begin_lanes(state->lane, seed);
}

void tmli_hash64_update(tmli_hash64_state *state, const void *bytes, size_t n)
{
    const unsigned char *at = bytes;
    state->total_bytes += n;
    if (state->tail_bytes > 0) {
        const size_t room = STRIPE_BYTES - state->tail_bytes;
        const size_t taken = n < room ? n : room;
        if (taken > 0) {
            memcpy(state->tail + state->tail_bytes, at, taken);
            at += taken;
        }
        n -= taken;
        state->tail_bytes += taken;
        if (state->tail_bytes < STRIPE_BYTES) {
            return;
        }
        (void)mix_stripes(state->lane, state->tail, 1);
        state->tail_bytes = 0;
    }
    if (n >= STRIPE_BYTES) {
        at = mix_stripes(state->lane, at, n / STRIPE_BYTES);
    }
    state->tail_bytes = n % STRIPE_BYTES;
    if (state->tail_bytes > 0) {
        memcpy(state->tail, at, state->tail_bytes);
    }
}

uint64_t tmli_hash64_end(const tmli_hash64_state *state)
{
    const bool has_stripe = state->total_bytes >= STRIPE_BYTES;
    const uint64_t hash = has_stripe ? merge_lanes(state->lane) : state->seed + PRIME5;
    return finish(hash + state->total_bytes, state->tail, state->tail_bytes);
}
