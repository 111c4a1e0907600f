/* base/bytes16.h: 16 bytes in a vector.
 *
 * The vectors are the compilers' generic ones (gcc, clang), which become SSE2, NEON or plain code; only tmli_bits16 knows
 * a machine. Conditions on vectors are 0xFF in the bytes where they hold and 0 elsewhere. Bit i of a mask is byte i. */
#ifndef BASE_BYTES16_H
#define BASE_BYTES16_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum {
    TMLI_STEP = 16 /* bytes in a vector */
};

typedef unsigned char tmli_bytes16 __attribute__((vector_size(TMLI_STEP)));
typedef signed char tmli_signed16 __attribute__((vector_size(TMLI_STEP)));

static inline tmli_bytes16 tmli_load16(const char *at)
{
    tmli_bytes16 v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline tmli_bytes16 tmli_is_byte16(tmli_bytes16 v, unsigned char byte)
{
    return (tmli_bytes16)(v == byte);
}

/* The high bits of the bytes. */
static inline uint64_t tmli_bits16(tmli_bytes16 v)
{
#if defined(__SSE2__)
    __m128i m;
    memcpy(&m, &v, sizeof m);
    return (uint64_t)(unsigned)_mm_movemask_epi8(m);
#else
    uint64_t bits = 0;
    for (unsigned i = 0; i < TMLI_STEP; i++) {
        bits |= (uint64_t)(v[i] >> 7) << i;
    }
    return bits;
#endif
}

/* The bits below n; all of them for n >= 64. */
static inline uint64_t tmli_bits_below(size_t n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

/* Number of the lowest bit that is set; mask is not 0. */
static inline size_t tmli_lowest_bit(uint64_t mask)
{
    return (size_t)__builtin_ctzll(mask);
}

#endif
