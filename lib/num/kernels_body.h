/* num/kernels_body.h: the loops over tiles; included once by each kernels_<instruction set>.c, which defines
 *   LANES       floats in the widest vector, 4 at least
 *   ADD_WIDE, ADD_FOUR, ADD_ONE(sum, factor, values)    sum + factor · values for a vector of LANES, of 4, and a float.
 *               All three round alike: either once (fused) or twice
 *   AFFINE_ROWS, OUTER_ROWS    rows of accumulators, two vectors each, that the registers hold
 *   AFFINE_CASES, OUTER_CASES  the CASES_… below of these numbers
 *   ALONE_VECS  vectors side by side for a row that is alone, more than two: one sum waits four cycles for each of its
 *               terms, so that eight of them are needed to keep the multipliers busy
 * Columns are cut into pairs of widest vectors, then one, then groups of four, then single ones. */
#include "num/kernels.h"

#include <string.h>

#include "num/kernels_versions.h"

#define CASES_4 CASE(1) CASE(2) CASE(3) CASE(4)
#define CASES_6 CASES_4 CASE(5) CASE(6)
#define CASES_8 CASES_6 CASE(7) CASE(8)
#define CASES_13 CASES_8 CASE(9) CASE(10) CASE(11) CASE(12) CASE(13)

/* gcc 12 gives arrays registers only when their loops are unrolled early, on request; clang does it by itself, better. */
#if defined(__clang__) || !defined(__GNUC__)
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

enum {
    FLOATS_A_LINE = 16,
    PACKED_ROWS = 128,        /* 16 KB with the widest vectors: half the first cache */
    ROWS_FOR_PACKING = 32,    /* below, copying costs more than it gains */
    COLUMNS_FOR_PACKING = 512 /* 2 KB between rows of w; figures: docs/numerics.md */
};

typedef float vector_wide __attribute__((vector_size(4 * LANES)));
typedef float vector_four __attribute__((vector_size(16)));

#define TILE_TYPE vector_wide
#define TILE_LANES LANES
#define TILE_ADD_PRODUCT ADD_WIDE
#define TILE_VECS 2
#define TILE(name) name##_pair
#include "num/kernels_tile.h"
#undef TILE_VECS
#undef TILE
#define TILE_VECS ALONE_VECS
#define TILE(name) name##_alone
#define TILE_ALONE
#include "num/kernels_tile.h"
#undef TILE_ALONE
#undef TILE_VECS
#undef TILE
#define TILE_VECS 1
#define TILE(name) name##_wide
#include "num/kernels_tile.h"
#undef TILE_TYPE
#undef TILE_LANES
#undef TILE_ADD_PRODUCT
#undef TILE
#define TILE_TYPE vector_four
#define TILE_LANES 4
#define TILE_ADD_PRODUCT ADD_FOUR
#define TILE(name) name##_four
#include "num/kernels_tile.h"
#undef TILE_TYPE
#undef TILE_LANES
#undef TILE_ADD_PRODUCT
#undef TILE
#define TILE_TYPE float
#define TILE_LANES 1
#define TILE_ADD_PRODUCT ADD_ONE
#define TILE(name) name##_one
#include "num/kernels_tile.h"

/* Rows of the next tile when `left` rows remain: tiles as even as possible, for a tile of one or two rows does not keep
 * the multipliers busy. */
static size_t next_rows(size_t left, size_t most)
{
    const size_t tiles = (left + most - 1) / most;
    return (left + tiles - 1) / tiles;
}

typedef struct strip {
    size_t start, width; /* columns */
} strip;

/* The strip of columns that begins at `start`. */
static strip strip_at(size_t start, size_t o)
{
    const size_t left = o - start;
    const size_t width = left >= 2 * LANES ? 2 * LANES : left >= LANES ? LANES : left >= 4 ? 4 : 1;
    return (strip){start, width};
}

static void affine_tile(size_t width, size_t rows, float *const *out, const float *const *x,
                        const float *w, size_t d, size_t o)
{
    if (width == 2 * LANES) {
        affine_tile_pair(rows, out, x, w, d, o);
    } else if (width == LANES) {
        affine_tile_wide(rows, out, x, w, d, o);
    } else if (width == 4) {
        affine_tile_four(rows, out, x, w, d, o);
    } else {
        affine_tile_one(rows, out, x, w, d, o);
    }
}

/* Asks for `rows` rows of x before they are needed: gathered rows stand anywhere. */
static void fetch_rows(const float *x, const uint32_t *x_rows, size_t ldx, size_t rows, size_t d)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < d; k += FLOATS_A_LINE) {
            __builtin_prefetch(x + x_rows[r] * ldx + k);
        }
    }
}

/* A product's operands but for w: gather_affine's arguments. */
typedef struct affine_rows {
    float *out;
    const uint32_t *out_rows;
    const float *x;
    const uint32_t *x_rows;
    size_t ldx, n, o;
} affine_rows;

/* All rows of one strip of columns over inputs k..k+d-1. Rows of w are ldw apart; w begins at the strip and at k. */
static void affine_strip(const affine_rows *a, strip at, size_t k, const float *w, size_t d,
                         size_t ldw)
{
    float *out_at[AFFINE_ROWS];
    const float *x_at[AFFINE_ROWS];
    for (size_t i = 0, rows = 0; i < a->n; i += rows) {
        rows = next_rows(a->n - i, AFFINE_ROWS);
        for (size_t r = 0; r < rows; r++) {
            out_at[r] =
                a->out + (a->out_rows != NULL ? a->out_rows[i + r] : i + r) * a->o + at.start;
            x_at[r] = a->x + (a->x_rows != NULL ? a->x_rows[i + r] : i + r) * a->ldx + k;
        }
        if (a->x_rows != NULL && at.start == 0 && i + rows < a->n) {
            const size_t next = next_rows(a->n - i - rows, AFFINE_ROWS);
            fetch_rows(a->x + k, a->x_rows + i + rows, a->ldx, next, d);
        }
        affine_tile(at.width, rows, out_at, x_at, w, d, ldw);
    }
}

/* The same for wide w, whose strips are thin slices of far-apart rows: parts of a strip are first copied together, or
 * the cache would hold few of them at once. Sums go on from part to part through out, which changes no bit. */
static void affine_packed_strip(const affine_rows *a, strip at, const float *w, size_t d)
{
    float packed[PACKED_ROWS * 2 * LANES];
    for (size_t k = 0; k < d; k += PACKED_ROWS) {
        const size_t n = d - k < PACKED_ROWS ? d - k : PACKED_ROWS;
        for (size_t row = 0; row < n; row++) {
            memcpy(packed + row * at.width, w + (k + row) * a->o, at.width * sizeof(float));
        }
        affine_strip(a, at, k, packed, n, at.width);
    }
}

/* One row: strips of several vectors as far as they go. Returns the columns that are done. */
static size_t affine_alone(const affine_rows *a, const float *w, size_t d)
{
    const size_t width = (size_t)ALONE_VECS * LANES;
    float *const out = a->out + (a->out_rows != NULL ? a->out_rows[0] : 0) * a->o;
    const float *const x[AFFINE_ROWS] = {a->x + (a->x_rows != NULL ? a->x_rows[0] : 0) * a->ldx};
    size_t start = 0;
    for (; start + width <= a->o; start += width) {
        float *const to[AFFINE_ROWS] = {out + start};
        affine_rows_alone(1, to, x, w + start, d, a->o);
    }
    return start;
}

static void gather_affine(float *restrict out, const uint32_t *out_rows, const float *restrict x,
                          const uint32_t *x_rows, size_t ldx, size_t n, const float *restrict w,
                          size_t d, size_t o)
{
    const affine_rows a = {out, out_rows, x, x_rows, ldx, n, o};
    const bool packs = n >= ROWS_FOR_PACKING && o >= COLUMNS_FOR_PACKING;
    /* Columns outside, rows inside: a strip of w stays in the first cache for all rows. */
    const size_t done = n == 1 ? affine_alone(&a, w, d) : 0;
    for (strip at = {done, 0}; at.start < o; at.start += at.width) {
        at = strip_at(at.start, o);
        if (packs) {
            affine_packed_strip(&a, at, w + at.start, d);
        } else {
            affine_strip(&a, at, 0, w + at.start, d, o);
        }
    }
}

static void gather_outer(float *restrict dw, const float *restrict x, const uint32_t *x_rows,
                         size_t ldx, const float *restrict dz, const uint32_t *dz_rows, size_t n,
                         size_t d, size_t o)
{
    for (size_t k = 0, rows = 0; k < d; k += rows) {
        rows = next_rows(d - k, OUTER_ROWS);
        for (strip at = {0, 0}; at.start < o; at.start += at.width) {
            at = strip_at(at.start, o);
            float *const to = dw + k * o + at.start;
            const float *const from = dz + at.start;
            if (at.width == 2 * LANES) {
                outer_tile_pair(rows, to, x + k, x_rows, ldx, from, dz_rows, n, o);
            } else if (at.width == LANES) {
                outer_tile_wide(rows, to, x + k, x_rows, ldx, from, dz_rows, n, o);
            } else if (at.width == 4) {
                outer_tile_four(rows, to, x + k, x_rows, ldx, from, dz_rows, n, o);
            } else {
                outer_tile_one(rows, to, x + k, x_rows, ldx, from, dz_rows, n, o);
            }
        }
    }
}
