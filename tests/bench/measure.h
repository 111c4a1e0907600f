/* bench/measure.h: what every bench needs: figures of several rounds, arguments, and ending with a sentence.
 *
 * A bench prints one JSON object on one line; run.sh reads it and compares it with the peer's. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stddef.h>

#include "textml/status.h"

enum {
    BENCH_ROUNDS_MAX = 1000
};

/* The figures of up to BENCH_ROUNDS_MAX rounds; more are refused. */
typedef struct bench_figures {
    double items[BENCH_ROUNDS_MAX];
    size_t n;
} bench_figures; /* {0} to begin */

void bench_add(bench_figures *figures, double value);
/* n at least 1. */
double bench_median(const bench_figures *figures);
double bench_least(const bench_figures *figures);
double bench_most(const bench_figures *figures);
double bench_mean(const bench_figures *figures);
/* Prints , "NAME_median": …, "NAME_min": …, "NAME_max": …, "NAME": [all of them] */
void bench_print(const char *name, const bench_figures *figures);

/* Prints the sentence to stderr and ends the program: with 2 for wrong arguments, 1 for anything else. */
_Noreturn void bench_usage(const char *usage);
_Noreturn void bench_fail(const char *format, ...) TML_PRINTF(1, 2);
void bench_check(tml_status status, const tml_error *err);
void bench_check_memory(const void *block);

/* A whole number in least..most, or bench_fail with the argument's name. */
size_t bench_count(const char *name, const char *text, size_t least, size_t most);
/* "3,1,2" → items[0..n); returns n, at least 1. */
size_t bench_counts(const char *name, const char *text, size_t *items, size_t max);

#endif
