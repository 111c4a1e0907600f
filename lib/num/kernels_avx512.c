/* The kernels for AVX-512 F, VL and DQ: of 32 registers 16 hold sums; more rows would need more row addresses than there
 * are general registers. */
typedef int avx512_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#define LANES 16
#define AFFINE_ROWS 8
#define OUTER_ROWS 13
#define AFFINE_CASES CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7); CASE(8);
#define OUTER_CASES                                                                                \
    CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7); CASE(8); CASE(9); CASE(10); CASE(11); CASE(12); CASE(13);
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_avx512 = {"avx512", gather_affine, gather_outer};
#endif
