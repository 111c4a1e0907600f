#include "bench/measure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_add(bench_figures *figures, double value)
{
    if (figures->n == BENCH_ROUNDS_MAX) {
        bench_fail("more than %d figures", BENCH_ROUNDS_MAX);
    }
    figures->items[figures->n++] = value;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const bench_figures *figures)
{
    bench_figures sorted = *figures;
    qsort(sorted.items, sorted.n, sizeof(sorted.items[0]), compare);
    const size_t middle = sorted.n / 2;
    return sorted.n % 2 == 1 ? sorted.items[middle]
                             : (sorted.items[middle - 1] + sorted.items[middle]) / 2;
}

double bench_least(const bench_figures *figures)
{
    double least = figures->items[0];
    for (size_t i = 1; i < figures->n; i++) {
        least = figures->items[i] < least ? figures->items[i] : least;
    }
    return least;
}

double bench_most(const bench_figures *figures)
{
    double most = figures->items[0];
    for (size_t i = 1; i < figures->n; i++) {
        most = figures->items[i] > most ? figures->items[i] : most;
    }
    return most;
}

double bench_mean(const bench_figures *figures)
{
    double sum = 0;
    for (size_t i = 0; i < figures->n; i++) {
        sum += figures->items[i];
    }
    return sum / (double)figures->n;
}

void bench_print(const char *name, const bench_figures *figures)
{
    printf(", \"%s_median\": %.6g, \"%s_min\": %.6g, \"%s_max\": %.6g, \"%s\": [", name,
           bench_median(figures), name, bench_least(figures), name, bench_most(figures), name);
    for (size_t i = 0; i < figures->n; i++) {
        printf("%s%.6g", i == 0 ? "" : ", ", figures->items[i]);
    }
    printf("]");
}

void bench_usage(const char *usage)
{
    fprintf(stderr, "usage: %s\n", usage);
    exit(2);
}

void bench_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}

void bench_check(tml_status status, const tml_error *err)
{
    if (status != TML_OK) {
        bench_fail("%s", err->text);
    }
}

void bench_check_memory(const void *block)
{
    if (block == NULL) {
        bench_fail("out of memory");
    }
}

size_t bench_count(const char *name, const char *text, size_t least, size_t most)
{
    char *end = NULL;
    errno = 0;
    const unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < least ||
        value > most) {
        bench_fail("%s: \"%s\" is not a whole number in %zu..%zu", name, text, least, most);
    }
    return value;
}

size_t bench_counts(const char *name, const char *text, size_t *items, size_t max)
{
    char copy[256];
    const size_t len = strlen(text);
    if (len >= sizeof(copy)) {
        bench_fail("%s: \"%s\" is too long", name, text);
    }
    memcpy(copy, text, len + 1);
    size_t n = 0;
    char *rest = NULL;
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        if (n == max) {
            bench_fail("%s: \"%s\" has more than %zu numbers", name, text, max);
        }
        items[n++] = bench_count(name, item, 0, 1000000);
    }
    if (n == 0) {
        bench_fail("%s: \"%s\" has no number", name, text);
    }
    return n;
}
