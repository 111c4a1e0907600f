/* The update rules for AVX2. AVX-512 gains nothing more: the divider is no faster for wider vectors. */
typedef int optim_avx2_needs_x86; /* elsewhere the file is empty, which C does not allow */
#if defined(__x86_64__)
#include "num/optim_body.h"

const tmli_optim_loops tmli_optim_loops_avx2 = TMLI_OPTIM_LOOPS;
#endif
