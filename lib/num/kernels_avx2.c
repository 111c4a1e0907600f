/* The kernels for AVX2 and FMA: of 16 registers 12 hold sums. */
typedef int avx2_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#include <immintrin.h>

/* Fused by name: compilers fuse sums that are written out only where they see fit. */
#define LANES 8
#define ADD_ONE(sum, factor, values) __builtin_fmaf(factor, values, sum)
#define ADD_FOUR(sum, factor, values) _mm_fmadd_ps(_mm_set1_ps(factor), values, sum)
#define ADD_WIDE(sum, factor, values) _mm256_fmadd_ps(_mm256_set1_ps(factor), values, sum)
#define ALONE_VECS 4
#define AFFINE_ROWS 6
#define OUTER_ROWS 6
#define AFFINE_CASES CASES_6
#define OUTER_CASES CASES_6
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_avx2 = {"avx2", gather_affine, gather_outer};
#endif
