/* num/kernels_versions.h: the versions that are built in; between kernels.c and the files that define them. */
#ifndef NUM_KERNELS_VERSIONS_H
#define NUM_KERNELS_VERSIONS_H

#include <stdbool.h>

#include "num/kernels.h"

extern const tmli_kernels tmli_kernels_baseline;
#if defined(__x86_64__)
extern const tmli_kernels tmli_kernels_fma;
extern const tmli_kernels tmli_kernels_avx2;
extern const tmli_kernels tmli_kernels_avx512;

/* Whether processor and system have AVX2 and FMA. */
bool tmli_runs_avx2(void);
#endif

#endif
