/* base/clock.h: how long things take. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Seconds on the monotonic clock, from an arbitrary start. */
double tmli_seconds(void);

/* A counter of the processor that runs at a steady rate: for what is timed millions of times a second, as reading it
 * takes a third of the time that the clock does. Threads on different processors may see it differ by a little. */
uint64_t tmli_ticks(void);

/* A moment on both, from which the counter's rate follows. */
typedef struct tmli_moment {
    double seconds;
    uint64_t ticks;
} tmli_moment;

tmli_moment tmli_now(void);
/* Ticks in a second, measured from a moment until now: right to 1 in 10,000 after a millisecond. */
double tmli_ticks_per_second(tmli_moment since);

#endif
