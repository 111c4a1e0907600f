/* The kernels for AVX-512 F, VL and DQ: of 32 registers 16 hold sums; more rows would need more row addresses than there
 * are general registers. */
typedef int avx512_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#include <immintrin.h>

/* Fused by name: compilers fuse sums that are written out only where they see fit. */
#define LANES 16
#define ADD_ONE(sum, factor, values) __builtin_fmaf(factor, values, sum)
#define ADD_FOUR(sum, factor, values) _mm_fmadd_ps(_mm_set1_ps(factor), values, sum)
#define ADD_WIDE(sum, factor, values) _mm512_fmadd_ps(_mm512_set1_ps(factor), values, sum)
#define ALONE_VECS 4
#define AFFINE_ROWS 8
#define OUTER_ROWS 13
#define AFFINE_CASES CASES_8
#define OUTER_CASES CASES_13
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_avx512 = {"avx512", gather_affine, gather_outer};
#endif
