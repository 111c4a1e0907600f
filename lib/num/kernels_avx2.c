/* The kernels for AVX2 and FMA: of 16 registers 12 hold sums. */
typedef int avx2_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#define LANES 8
#define AFFINE_ROWS 6
#define OUTER_ROWS 6
#define AFFINE_CASES CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6);
#define OUTER_CASES CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6);
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_avx2 = {"avx2", gather_affine, gather_outer};
#endif
