/* The kernels for every processor of the architecture: four floats at a time, product and sum rounded separately. */
#define LANES 4
#define AFFINE_ROWS 4
#define OUTER_ROWS 4
#define AFFINE_CASES CASE(1); CASE(2); CASE(3); CASE(4);
#define OUTER_CASES CASE(1); CASE(2); CASE(3); CASE(4);
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_baseline = {"baseline", gather_affine, gather_outer};
