/* The choice between the versions of the kernels. */
#include "num/kernels.h"

#include "num/kernels_versions.h"

#if defined(__x86_64__)
/* The compiler's start-up code has asked the processor, and the system whether it saves the wide registers: these are
 * reads of a constant. */
bool tmli_runs_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

static bool runs_avx512(void)
{
    return tmli_runs_avx2() && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
}
#endif

size_t tmli_kernels_all(const tmli_kernels *out[TMLI_KERNELS_MAX])
{
    size_t n = 0;
    out[n++] = &tmli_kernels_baseline;
#if defined(__x86_64__)
    if (tmli_runs_avx2()) {
        out[n++] = &tmli_kernels_fma;
        out[n++] = &tmli_kernels_avx2;
    }
    if (runs_avx512()) {
        out[n++] = &tmli_kernels_avx512;
    }
#endif
    return n;
}

const tmli_kernels *tmli_kernels_best(void)
{
    const tmli_kernels *all[TMLI_KERNELS_MAX];
    const size_t n = tmli_kernels_all(all);
    return all[n - 1];
}

const tmli_kernels *tmli_kernels_gentle(void)
{
#if defined(__x86_64__)
    /* Compilers count Cascade Lake and Cooper Lake to the generation of skylake-avx512 or by themselves. */
    const bool slows_down =
        __builtin_cpu_is("haswell") != 0 || __builtin_cpu_is("broadwell") != 0 ||
        __builtin_cpu_is("skylake") != 0 || __builtin_cpu_is("skylake-avx512") != 0 ||
        __builtin_cpu_is("cascadelake") != 0;
    if (slows_down && tmli_runs_avx2()) {
        return &tmli_kernels_fma;
    }
#endif
    return tmli_kernels_best();
}
