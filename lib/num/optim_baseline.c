/* The update rules for every processor of the architecture. */
#include "num/optim_body.h"

const tmli_optim_loops tmli_optim_loops_baseline = TMLI_OPTIM_LOOPS;
