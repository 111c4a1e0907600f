/* P3, the library's part: headlines a second on one core through tml_session_predict, in batches and one by one, and
 * where the time goes. A second is one of the processor, spent by this thread: on a machine that others use too, the wall
 * clock would count their work. */
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "bench/measure.h"
#include "bench/titles.h"
#include "pipeline/model.h"
#include "textml/textml.h"

static const char usage[] = "bench_predict ROUNDS MODEL_DIR FILE [TEXT_COLUMN [LEAST_TEXTS]]";

enum {
    DEFAULT_TEXTS = 200000,
    MAX_TEXTS = 100000000
};

/* ---- what is measured: each pass goes over all texts and returns its seconds ---- */

typedef struct predict_bench {
    tml_model *model;
    tml_session *session;
    tml_tokens *tokens;
    bench_titles texts;
    double *scores;
    size_t n_tokens, n_known; /* of the last pass */
} predict_bench;

static double cpu_seconds(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double pass_tokens(predict_bench *b, bool look_up)
{
    tml_error err = {0};
    b->n_tokens = 0;
    b->n_known = 0;
    const double start = cpu_seconds();
    for (size_t i = 0; i < b->texts.n; i++) {
        bench_check(tml_tokenize(b->model->tokenizer, b->texts.items[i], b->tokens, &err), &err);
        const size_t n = tml_tokens_count(b->tokens);
        b->n_tokens += n;
        for (size_t t = 0; look_up && t < n; t++) {
            const uint32_t id = tmli_vocab_find(&b->model->vocab, tml_tokens_at(b->tokens, t));
            b->n_known += id != TMLI_NO_TERM;
        }
    }
    return cpu_seconds() - start;
}

static double pass_predict(predict_bench *b, size_t batch)
{
    tml_error err = {0};
    const double start = cpu_seconds();
    for (size_t at = 0; at < b->texts.n; at += batch) {
        const size_t n = b->texts.n - at < batch ? b->texts.n - at : batch;
        bench_check(tml_session_predict(b->session, b->texts.items + at, n, b->scores, &err), &err);
    }
    return cpu_seconds() - start;
}

static const size_t batches[] = {64, 1024, 1};
enum {
    N_BATCHES = sizeof(batches) / sizeof(batches[0]),
    MAX_BATCH = 1024
};

static void open_bench(predict_bench *b, char **argv, const char *column, size_t least)
{
    tml_error err = {0};
    bench_check(tml_model_load(argv[2], &b->model, &err), &err);
    bench_check(tml_session_create(b->model, &b->session, &err), &err);
    bench_check(tml_tokens_create(&b->tokens, &err), &err);
    b->texts = bench_titles_read(argv[3], column, least);
    b->scores = tmli_alloc(MAX_BATCH * tml_model_labels(b->model), sizeof(*b->scores));
    bench_check_memory(b->scores);
}

static void close_bench(predict_bench *b)
{
    tmli_free(b->scores);
    bench_titles_deinit(&b->texts);
    tml_tokens_free(b->tokens);
    tml_session_free(b->session);
    tml_model_free(b->model);
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 6) {
        bench_usage(usage);
    }
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    const size_t least =
        argc > 5 ? bench_count("LEAST_TEXTS", argv[5], 1, MAX_TEXTS) : DEFAULT_TEXTS;
    predict_bench b = {0};
    open_bench(&b, argv, argc > 4 ? argv[4] : "title", least);

    static bench_figures rates[N_BATCHES];
    static bench_figures tokenize_us;
    static bench_figures lookup_us; /* tokenizing included */
    const double n = (double)b.texts.n;
    (void)pass_predict(&b, batches[0]); /* warms the mapping and the scratch */
    for (size_t round = 0; round < n_rounds; round++) {
        bench_add(&tokenize_us, pass_tokens(&b, false) / n * 1e6);
        bench_add(&lookup_us, pass_tokens(&b, true) / n * 1e6);
        for (size_t i = 0; i < N_BATCHES; i++) {
            bench_add(&rates[i], n / pass_predict(&b, batches[i]));
        }
    }
    printf("{\"bench\": \"predict\", \"texts\": %zu, \"bytes_a_text\": %.1f, \"tokens_a_text\": "
           "%.2f, \"known_a_text\": %.2f",
           b.texts.n, (double)b.texts.n_bytes / n, (double)b.n_tokens / n, (double)b.n_known / n);
    bench_print("batch_64_per_second", &rates[0]);
    bench_print("batch_1024_per_second", &rates[1]);
    bench_print("single_per_second", &rates[2]);
    const double batch_us = 1e6 / bench_median(&rates[0]);
    const double tokens_us = bench_median(&tokenize_us);
    const double found_us = bench_median(&lookup_us);
    printf(", \"single_us\": %.3f, \"batch_64_us\": %.3f, \"tokenize_us\": %.3f, \"lookup_us\": "
           "%.3f, \"network_us\": %.3f, \"tokenize_megabytes_per_second\": %.1f}\n",
           1e6 / bench_median(&rates[2]), batch_us, tokens_us, found_us - tokens_us,
           batch_us - found_us, (double)b.texts.n_bytes / n / tokens_us);
    close_bench(&b);
    return 0;
}
