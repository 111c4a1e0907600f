/* Megabytes of text a second, from texts to weighted rows: words, or characters within words (char_wb, 2 to 5), in lower
 * case. The share of each step: tokenizing (measured alone), counting n-grams, and finishing (vocabulary, idf, rows). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "bench/measure.h"
#include "bench/titles.h"
#include "features/bag_build.h"
#include "text/tokenizer.h"

static const char usage[] =
    "bench_vectorize ROUNDS FILE COLUMN word|char_wb [THREADS]\n"
    "  FILE: CSV, TSV or JSON Lines, may be .gz; COLUMN: with the texts; THREADS: 1 by default";

typedef struct step_seconds {
    bench_figures tokenize, count, finish, all;
} step_seconds;

typedef struct shape {
    size_t n_rows, n_cols, n_elements;
    double sum; /* of all weights: shows that the peer computes the same */
} shape;

static double tokenize_all(const tml_tokenizer *tokenizer, const bench_titles *texts)
{
    tml_error err = {0};
    tml_tokens *tokens = NULL;
    bench_check(tml_tokens_create(&tokens, &err), &err);
    const double start = tmli_seconds();
    for (size_t i = 0; i < texts->n; i++) {
        bench_check(tml_tokenize(tokenizer, texts->items[i], tokens, &err), &err);
    }
    const double seconds = tmli_seconds() - start;
    tml_tokens_free(tokens);
    return seconds;
}

static shape finish(tmli_bag_builder *builder)
{
    tml_error err = {0};
    tmli_bag bag;
    tmli_csr rows;
    bench_check(tmli_bag_builder_finish(builder, NULL, &bag, &rows, &err), &err);
    shape out = {rows.n_rows, rows.n_cols, rows.offsets[rows.n_rows], 0};
    for (size_t i = 0; i < out.n_elements; i++) {
        out.sum += rows.values[i];
    }
    tmli_csr_deinit(&rows);
    tmli_bag_deinit(&bag);
    return out;
}

static shape run(const tmli_bag_options *options, const tml_tokenizer *tokenizer, tmli_pool *pool,
                 const bench_titles *texts, step_seconds *seconds)
{
    tml_error err = {0};
    tmli_bag_builder *builder = NULL;
    const double tokenizing = tokenize_all(tokenizer, texts);
    const double start = tmli_seconds();
    bench_check(tmli_bag_builder_create(options, tokenizer, pool, &builder, &err), &err);
    bench_check(tmli_bag_builder_add(builder, texts->items, texts->n, &err), &err);
    const double counted = tmli_seconds();
    const shape out = finish(builder);
    const double end = tmli_seconds();
    tmli_bag_builder_free(builder);
    bench_add(&seconds->tokenize, tokenizing);
    bench_add(&seconds->count, counted - start - tokenizing);
    bench_add(&seconds->finish, end - counted);
    bench_add(&seconds->all, end - start);
    return out;
}

static void print(const step_seconds *seconds, size_t n_bytes, shape rows)
{
    const double all = bench_median(&seconds->all);
    printf(", \"columns\": %zu, \"elements\": %zu, \"sum\": %.12g", rows.n_cols, rows.n_elements,
           rows.sum);
    printf(", \"tokenize_share\": %.3f, \"count_share\": %.3f, \"finish_share\": %.3f",
           bench_median(&seconds->tokenize) / all, bench_median(&seconds->count) / all,
           bench_median(&seconds->finish) / all);
    bench_print("seconds", &seconds->all);
    printf(", \"megabytes_per_second\": %.4g", (double)n_bytes / 1e6 / all);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        bench_usage(usage);
    }
    const bool is_char = strcmp(argv[4], "char_wb") == 0;
    if (!is_char && strcmp(argv[4], "word") != 0) {
        bench_usage(usage);
    }
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    const size_t n_threads = argc == 6 ? bench_count("THREADS", argv[5], 1, 256) : 1;
    bench_titles texts = bench_titles_read(argv[2], argv[3], 1);
    tml_error err = {0};
    tml_tokenizer *tokenizer = NULL;
    tmli_pool *pool = NULL;
    tmli_bag_options options = tmli_bag_options_default();
    tml_tokenizer_options split = tml_tokenizer_options_default(); /* lower case, as the peer */
    split.kind = is_char ? TML_TOKENIZER_CHAR_WB : TML_TOKENIZER_WORD;
    if (is_char) {
        options.analyzer = TMLI_ANALYZER_CHAR_WB;
        options.n_min = 2;
        options.n_max = 5;
    }
    bench_check(tml_tokenizer_create(&split, &tokenizer, &err), &err);
    bench_check(tmli_pool_create(n_threads, &pool, &err), &err);

    static step_seconds seconds;
    shape rows = {0};
    for (size_t round = 0; round < n_rounds; round++) {
        rows = run(&options, tokenizer, pool, &texts, &seconds);
    }
    struct rusage used;
    (void)getrusage(RUSAGE_SELF, &used);
    printf("{\"bench\": \"vectorize\", \"texts\": %zu, \"bytes\": %zu, \"threads\": %zu", texts.n,
           texts.n_bytes, n_threads);
    print(&seconds, texts.n_bytes, rows);
    printf(", \"peak_megabytes\": %.1f}\n", (double)used.ru_maxrss / 1e3);
    tmli_pool_free(pool);
    tml_tokenizer_free(tokenizer);
    bench_titles_deinit(&texts);
    return 0;
}
