#include "base/clock.h"

#include <time.h>

#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

double tmli_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

uint64_t tmli_ticks(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __rdtsc();
#elif defined(__aarch64__)
    uint64_t ticks;
    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
#else
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
#endif
}

tmli_moment tmli_now(void)
{
    return (tmli_moment){.seconds = tmli_seconds(), .ticks = tmli_ticks()};
}

double tmli_ticks_per_second(tmli_moment since)
{
    const tmli_moment now = tmli_now();
    const double seconds = now.seconds - since.seconds;
    const double ticks = (double)(now.ticks - since.ticks);
    return seconds > 0 && ticks > 0 ? ticks / seconds : 1e9;
}
