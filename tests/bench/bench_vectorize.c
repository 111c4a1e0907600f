/* Megabytes of text a second on one thread, from texts to weighted rows: words, and characters within words (char_wb,
 * 2 to 5). The share of each step: tokenizing (measured alone), counting n-grams, and finishing (vocabulary, idf, rows). */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/mem.h"
#include "bench/measure.h"
#include "bench/titles.h"
#include "features/bag_build.h"
#include "text/tokenizer.h"

static const char usage[] =
    "bench_vectorize ROUNDS FILE COLUMN [THREADS]\n"
    "  FILE: CSV, TSV or JSON Lines, may be .gz; COLUMN: with the texts; THREADS: 1 by default";

typedef struct step_seconds {
    bench_figures tokenize, count, finish, all;
} step_seconds;

typedef struct shape {
    size_t n_rows, n_cols, n_elements;
    double sum; /* of all weights: shows that the peer computes the same */
} shape;

/* The texts with a blank on both sides of each word, as char_wb wants its tokens. */
typedef struct padded_words {
    tmli_token_list *documents;
    tml_str *words;
    size_t capacity;
    char *bytes;
} padded_words;

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
                 const bench_titles *texts, const padded_words *words, step_seconds *seconds)
{
    tml_error err = {0};
    tmli_bag_builder *builder = NULL;
    const double tokenizing = tokenize_all(tokenizer, texts);
    const double start = tmli_seconds();
    bench_check(tmli_bag_builder_create(options, tokenizer, pool, &builder, &err), &err);
    if (words != NULL) {
        bench_check(tmli_bag_builder_add_tokens(builder, words->documents, texts->n, &err), &err);
    } else {
        bench_check(tmli_bag_builder_add(builder, texts->items, texts->n, &err), &err);
    }
    const double counted = tmli_seconds();
    const shape out = finish(builder);
    const double end = tmli_seconds();
    tmli_bag_builder_free(builder);
    /* Padded words are tokenized before the clock starts: their time is that of the tokenizer measured alone. */
    const double before = words != NULL ? tokenizing : 0;
    const double within = words != NULL ? 0 : tokenizing;
    bench_add(&seconds->tokenize, tokenizing);
    bench_add(&seconds->count, counted - start - within);
    bench_add(&seconds->finish, end - counted);
    bench_add(&seconds->all, end - start + before);
    return out;
}

static padded_words pad_words(const tml_tokenizer *tokenizer, const bench_titles *texts)
{
    tml_error err = {0};
    tml_tokens *tokens = NULL;
    padded_words out = {.documents = tmli_alloc(texts->n, sizeof(tmli_token_list))};
    out.bytes = tmli_malloc(3 * texts->n_bytes + 1);
    bench_check_memory(out.documents);
    bench_check_memory(out.bytes);
    bench_check(tml_tokens_create(&tokens, &err), &err);
    char *at = out.bytes;
    size_t n = 0;
    for (size_t i = 0; i < texts->n; i++) {
        bench_check(tml_tokenize(tokenizer, texts->items[i], tokens, &err), &err);
        if (!tmli_grow(&out.words, &out.capacity, n + tokens->n, sizeof *out.words)) {
            bench_fail("out of memory");
        }
        for (size_t k = 0; k < tokens->n; k++) {
            const tml_str word = tokens->items[k];
            out.words[n++] = (tml_str){at, word.len + 2};
            *at++ = ' ';
            memcpy(at, word.data, word.len);
            at += word.len;
            *at++ = ' ';
        }
        out.documents[i].n = tokens->n;
    }
    n = 0;
    for (size_t i = 0; i < texts->n; i++) { /* the words have their place only now */
        out.documents[i].items = out.words + n;
        n += out.documents[i].n;
    }
    tml_tokens_free(tokens);
    return out;
}

static void print(const char *name, const step_seconds *seconds, size_t n_bytes, shape rows)
{
    const double all = bench_median(&seconds->all);
    printf(", \"%s_columns\": %zu, \"%s_elements\": %zu, \"%s_sum\": %.12g", name, rows.n_cols,
           name, rows.n_elements, name, rows.sum);
    printf(", \"%s_tokenize_share\": %.3f, \"%s_count_share\": %.3f, \"%s_finish_share\": %.3f",
           name, bench_median(&seconds->tokenize) / all, name, bench_median(&seconds->count) / all,
           name, bench_median(&seconds->finish) / all);
    char figure[64];
    (void)snprintf(figure, sizeof figure, "%s_seconds", name);
    bench_print(figure, &seconds->all);
    printf(", \"%s_megabytes_per_second\": %.1f", name, (double)n_bytes / 1e6 / all);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        bench_usage(usage);
    }
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    const size_t n_threads = argc == 5 ? bench_count("THREADS", argv[4], 1, 256) : 1;
    bench_titles texts = bench_titles_read(argv[2], argv[3], 1);
    tml_error err = {0};
    tml_tokenizer *tokenizer = NULL;
    tmli_pool *pool = NULL;
    const tml_tokenizer_options split = {.kind = TML_TOKENIZER_WHITESPACE};
    bench_check(tml_tokenizer_create(&split, &tokenizer, &err), &err);
    bench_check(tmli_pool_create(n_threads, &pool, &err), &err);

    static step_seconds words;
    static step_seconds char_wb;
    shape word_rows = {0};
    shape char_rows = {0};
    tmli_bag_options options = tmli_bag_options_default();
    for (size_t round = 0; round < n_rounds; round++) {
        word_rows = run(&options, tokenizer, pool, &texts, NULL, &words);
    }
    struct rusage usage_of_words;
    (void)getrusage(RUSAGE_SELF, &usage_of_words);
    padded_words padded = pad_words(tokenizer, &texts);
    options.analyzer = TMLI_ANALYZER_CHAR_WB;
    options.n_min = 2;
    options.n_max = 5;
    for (size_t round = 0; round < n_rounds; round++) {
        char_rows = run(&options, tokenizer, pool, &texts, &padded, &char_wb);
    }
    struct rusage usage_of_all;
    (void)getrusage(RUSAGE_SELF, &usage_of_all);
    printf("{\"bench\": \"vectorize\", \"texts\": %zu, \"bytes\": %zu, \"threads\": %zu", texts.n,
           texts.n_bytes, n_threads);
    print("words", &words, texts.n_bytes, word_rows);
    print("char_wb", &char_wb, texts.n_bytes, char_rows);
    printf(", \"words_peak_megabytes\": %.1f, \"peak_megabytes\": %.1f}\n",
           (double)usage_of_words.ru_maxrss / 1e3, (double)usage_of_all.ru_maxrss / 1e3);
    tmli_free(padded.documents);
    tmli_free(padded.words);
    tmli_free(padded.bytes);
    tmli_pool_free(pool);
    tml_tokenizer_free(tokenizer);
    bench_titles_deinit(&texts);
    return 0;
}
