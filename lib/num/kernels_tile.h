/* num/kernels_tile.h: the two inner loops of num/kernels.h for one tile of TILE_VECS vectors of type TILE_TYPE.
 *
 * Included several times by kernels_body.h, each time with other values of
 *   TILE_TYPE   float, or a GCC vector of floats
 *   TILE_LANES  floats in it
 *   TILE_ADD_PRODUCT(sum, factor, values)    sum + factor · values, in every lane
 *   TILE_VECS   vectors side by side, so that a tile is TILE_VECS * TILE_LANES columns wide
 *   AFFINE_ROWS, OUTER_ROWS    rows that the accumulators hold at most; `rows` below is always a constant after inlining
 *   TILE(name)  the name with this tile's ending
 *   TILE_ALONE  defined for a tile of one row of out: nothing but affine_rows
 * The accumulators stay in registers over the whole sum; one output is one lane of one accumulator, so its terms are
 * added one by one in rising order, whatever the tile's shape. That is why all shapes give the same bits. */

/* Unaligned load and store. One vector each: copies of whole arrays would keep the sums out of registers (gcc 12). */
static inline __attribute__((always_inline)) TILE_TYPE TILE(load)(const float *from)
{
    TILE_TYPE value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline __attribute__((always_inline)) void TILE(store)(float *to, TILE_TYPE value)
{
    memcpy(to, &value, sizeof value);
}

/* out[r] [TILE] += Σ_k x[r][k] · w[k, TILE] for `rows` rows; o is the distance between the rows of w. */
static inline __attribute__((always_inline)) void
TILE(affine_rows)(const size_t rows, float *const out[AFFINE_ROWS],
                  const float *const x[AFFINE_ROWS], const float *w, size_t d, size_t o)
{
    TILE_TYPE sum[AFFINE_ROWS][TILE_VECS];
    UNROLLED
    for (size_t r = 0; r < rows; r++) {
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            sum[r][v] = TILE(load)(out[r] + v * TILE_LANES);
        }
    }
    for (size_t k = 0; k < d; k++) {
        TILE_TYPE weights[TILE_VECS];
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            weights[v] = TILE(load)(w + k * o + v * TILE_LANES);
        }
        UNROLLED
        for (size_t r = 0; r < rows; r++) {
            const float factor = x[r][k];
            UNROLLED
            for (size_t v = 0; v < TILE_VECS; v++) {
                sum[r][v] = TILE_ADD_PRODUCT(sum[r][v], factor, weights[v]);
            }
        }
    }
    UNROLLED
    for (size_t r = 0; r < rows; r++) {
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            TILE(store)(out[r] + v * TILE_LANES, sum[r][v]);
        }
    }
}

#ifndef TILE_ALONE
/* dw[k, TILE] = Σ_i x_i[k] · dz_i[TILE] for `rows` neighbouring k. */
static inline __attribute__((always_inline)) void
TILE(outer_rows)(const size_t rows, float *dw, const float *x, const uint32_t *x_rows, size_t ldx,
                 const float *dz, const uint32_t *dz_rows, size_t n, size_t o)
{
    TILE_TYPE sum[OUTER_ROWS][TILE_VECS];
    UNROLLED
    for (size_t k = 0; k < rows; k++) {
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            sum[k][v] = (TILE_TYPE){0};
        }
    }
    for (size_t i = 0; i < n; i++) {
        const float *const factors = x + (x_rows != NULL ? x_rows[i] : i) * ldx;
        TILE_TYPE gradient[TILE_VECS];
        const float *const from = dz + (dz_rows != NULL ? dz_rows[i] : i) * o;
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            gradient[v] = TILE(load)(from + v * TILE_LANES);
        }
        UNROLLED
        for (size_t k = 0; k < rows; k++) {
            const float factor = factors[k];
            UNROLLED
            for (size_t v = 0; v < TILE_VECS; v++) {
                sum[k][v] = TILE_ADD_PRODUCT(sum[k][v], factor, gradient[v]);
            }
        }
    }
    UNROLLED
    for (size_t k = 0; k < rows; k++) {
        UNROLLED
        for (size_t v = 0; v < TILE_VECS; v++) {
            TILE(store)(dw + k * o + v * TILE_LANES, sum[k][v]);
        }
    }
}

/* The same for a number of rows known at run time: one copy of the loop for each, so that all of them are unrolled. */
static void TILE(affine_tile)(size_t rows, float *const out[AFFINE_ROWS],
                              const float *const x[AFFINE_ROWS], const float *w, size_t d, size_t o)
{
#define CASE(count) \
    case count: TILE(affine_rows)(count, out, x, w, d, o); break;
    switch (rows) {
        AFFINE_CASES
    default: break;
    }
#undef CASE
}

static void TILE(outer_tile)(size_t rows, float *dw, const float *x, const uint32_t *x_rows,
                             size_t ldx, const float *dz, const uint32_t *dz_rows, size_t n,
                             size_t o)
{
#define CASE(count) \
    case count: TILE(outer_rows)(count, dw, x, x_rows, ldx, dz, dz_rows, n, o); break;
    switch (rows) {
        OUTER_CASES
    default: break;
    }
#undef CASE
}
#endif
