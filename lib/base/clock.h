/* base/clock.h: how long things take. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/* Seconds on the monotonic clock, from an arbitrary start. */
double tmli_seconds(void);

#endif
