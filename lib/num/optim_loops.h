/* num/optim_loops.h: the loops of the update rules over n numbers, in one version for each set of instructions;
 * between optim.c and the files that define them. */
#ifndef NUM_OPTIM_LOOPS_H
#define NUM_OPTIM_LOOPS_H

#include <stdbool.h>

#include "num/optim.h"

typedef struct tmli_optim_loops {
    /* Steps with a gradient g. */
    void (*sgd)(float *restrict p, const float *restrict g, size_t n, float lr);
    void (*momentum)(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                     float lr, float momentum);
    void (*rmsprop)(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                    float lr, float rho, float epsilon);
    void (*adam)(float *restrict p, float *restrict m, float *restrict v, const float *restrict g,
                 size_t n, float rate, const tmli_optim_options *options);
    void (*adagrad)(float *restrict p, float *restrict v, const float *restrict g, size_t n,
                    float lr, float epsilon);
    /* The same with g = 0, whose terms vanish exactly; `missed` times, or once for each rate. */
    void (*decay)(float *restrict v, size_t n, uint32_t missed, float rho);
    void (*coast)(float *restrict p, float *restrict v, size_t n, uint32_t missed, float momentum);
    void (*coast_adam)(float *restrict p, float *restrict m, float *restrict v, size_t n,
                       const float *rates, size_t n_rates, const tmli_optim_options *options);
    bool (*all_zero)(const float *values, size_t n);
} tmli_optim_loops;

extern const tmli_optim_loops tmli_optim_loops_baseline;
#if defined(__x86_64__)
extern const tmli_optim_loops tmli_optim_loops_avx2;
#endif

/* The version that tmli_optim_apply uses here. */
const tmli_optim_loops *tmli_optim_loops_best(void);

#endif
