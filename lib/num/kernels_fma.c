/* The kernels for FMA in vectors of four floats: for bursts on processors that lower their clock for wider ones
 * (tmli_kernels_gentle). */
typedef int fma_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#include <immintrin.h>

/* Fused by name: compilers fuse sums that are written out only where they see fit. */
#define LANES 4
#define ADD_ONE(sum, factor, values) __builtin_fmaf(factor, values, sum)
#define ADD_FOUR(sum, factor, values) _mm_fmadd_ps(_mm_set1_ps(factor), values, sum)
#define ADD_WIDE ADD_FOUR
#define ALONE_VECS 8
#define AFFINE_ROWS 6
#define OUTER_ROWS 6
#define AFFINE_CASES CASES_6
#define OUTER_CASES CASES_6
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_fma = {"fma", gather_affine, gather_outer};
#endif
