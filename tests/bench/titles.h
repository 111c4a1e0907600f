/* bench/titles.h: one column of a file of rows, repeated in fresh memory until there is enough of it, so that texts come
 * from memory as request bodies do, not from the first cache. */
#ifndef BENCH_TITLES_H
#define BENCH_TITLES_H

#include <stddef.h>

#include "textml/str.h"

typedef struct bench_titles {
    char *bytes;    /* owned */
    tml_str *items; /* owned, [n] in bytes */
    size_t n, n_bytes;
} bench_titles;

/* At least `least` texts, a multiple of the file's rows. column: of a CSV, TSV or JSON Lines file, in any case. */
bench_titles bench_titles_read(const char *path, const char *column, size_t least);
void bench_titles_deinit(bench_titles *titles);

#endif
