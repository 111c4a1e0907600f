/* Seconds to read a whole file of word vectors, plain or gzip: every word is kept and every number parsed into one
 * matrix, as the peers (peers/vectors_numpy.py) do. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "bench/measure.h"
#include "features/vectors.h"

static const char usage[] = "bench_vectors ROUNDS FILE";

/* Words behind each other, each ended by a line feed; numbers [n, dims]. */
typedef struct vector_table {
    tmli_buf words;
    float *numbers;
    size_t n, dims;
    size_t capacity; /* numbers */
} vector_table;

static void read_all(const char *path, vector_table *out)
{
    tml_error err = {0};
    tmli_vectors *vectors = NULL;
    bench_check(tmli_vectors_open(path, 0, &vectors, &err), &err);
    out->dims = tmli_vectors_dims(vectors);
    tml_str word = {0};
    for (bool has = true;;) {
        bench_check(tmli_vectors_next(vectors, &word, &has, &err), &err);
        if (!has) {
            break;
        }
        const size_t at = out->n * out->dims;
        if (!tmli_grow(&out->numbers, &out->capacity, at + out->dims, sizeof(*out->numbers))) {
            bench_fail("out of memory");
        }
        tmli_buf_append_str(&out->words, word);
        tmli_buf_append_byte(&out->words, '\n');
        bench_check(tmli_vectors_values(vectors, out->numbers + at, &err), &err);
        out->n++;
    }
    tmli_vectors_close(vectors);
    if (out->words.failed) {
        bench_fail("out of memory");
    }
}

static void table_deinit(vector_table *table)
{
    tmli_buf_deinit(&table->words);
    tmli_free(table->numbers);
}

/* Sum of all numbers: shows that all were read, and the same ones in each format. */
static double checksum(const vector_table *table)
{
    double sum = 0;
    for (size_t i = 0; i < table->n * table->dims; i++) {
        sum += (double)table->numbers[i];
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        bench_usage(usage);
    }
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    struct stat file = {0};
    if (stat(argv[2], &file) != 0) {
        bench_fail("%s: cannot be read", argv[2]);
    }
    static bench_figures seconds;
    size_t n_words = 0;
    size_t dims = 0;
    double sum = 0;
    for (size_t round = 0; round < n_rounds; round++) {
        vector_table table = {0};
        const double start = tmli_seconds();
        read_all(argv[2], &table);
        bench_add(&seconds, tmli_seconds() - start);
        n_words = table.n;
        dims = table.dims;
        sum = checksum(&table);
        table_deinit(&table);
    }
    printf("{\"bench\": \"vectors\", \"words\": %zu, \"dims\": %zu, \"sum\": %.9g", n_words, dims,
           sum);
    bench_print("seconds", &seconds);
    printf(", \"file_megabytes_per_second\": %.1f, \"numbers_per_second\": %.4g}\n",
           (double)file.st_size / 1e6 / bench_median(&seconds),
           (double)n_words * (double)dims / bench_median(&seconds));
    return 0;
}
