/* The kernels for every processor of the architecture: four floats at a time, product and sum rounded separately. */
#define LANES 4
#define ADD_ONE(sum, factor, values) ((sum) + (factor) * (values))
#define ADD_FOUR ADD_ONE
#define ADD_WIDE ADD_ONE
#define ALONE_VECS 8
#define AFFINE_ROWS 4
#define OUTER_ROWS 4
#define AFFINE_CASES CASES_4
#define OUTER_CASES CASES_4
#include "num/kernels_body.h"

const tmli_kernels tmli_kernels_baseline = {"baseline", gather_affine, gather_outer};
