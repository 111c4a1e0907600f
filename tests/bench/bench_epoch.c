/* P7: seconds of an epoch of the recipe news, and the accuracy that comes of it, through the public API.
 *
 * Each round trains once a seed with 1 thread and once with 2, in turn. An epoch's seconds are the library's own figure:
 * shuffling and all training steps, as the peer (peers/news_torch.py) counts them; reading, validating and a throw-away
 * run that warms the allocator are outside there and here. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench/measure.h"
#include "textml/textml.h"

static const char usage[] = "bench_epoch ROUNDS SEEDS TRAIN VALIDATION VECTORS|none [NAME=VALUE…]\n"
                            "  SEEDS: 1,2,3; NAME=VALUE: keys of the recipe";

enum {
    MAX_SEEDS = 32,
    N_THREAD_COUNTS = 2
};

typedef struct epoch_job {
    const char *train, *validation;
    const char *vectors; /* NULL for none */
    char **overrides;    /* [n_overrides] NAME=VALUE */
    size_t n_overrides;
} epoch_job;

typedef struct epoch_run {
    bench_figures *seconds; /* of each epoch; NULL when they do not count */
    size_t n_rows;
    double accuracy; /* on the validation rows */
} epoch_run;

static void set(tml_recipe *recipe, const char *name, size_t name_len, const char *value)
{
    tml_error err = {0};
    const tml_str key = {name, name_len};
    const tml_str text = {value, strlen(value)};
    bench_check(tml_recipe_set(recipe, key, text, &err), &err);
}

static tml_recipe *make_recipe(const epoch_job *job, size_t seed)
{
    tml_error err = {0};
    tml_recipe *recipe = NULL;
    bench_check(tml_recipe_parse("news", tml_recipe_text("news"), &recipe, &err), &err);
    if (job->vectors == NULL) {
        set(recipe, "vectors", strlen("vectors"), "none");
        set(recipe, "trainable", strlen("trainable"), "true");
    }
    char number[32];
    (void)snprintf(number, sizeof(number), "%zu", seed);
    set(recipe, "train.seed", strlen("train.seed"), number);
    for (size_t i = 0; i < job->n_overrides; i++) {
        const char *text = job->overrides[i];
        const size_t name_len = strcspn(text, "=");
        if (text[name_len] == '\0') {
            bench_usage(usage);
        }
        set(recipe, text, name_len, text + name_len + 1);
    }
    bench_check(tml_recipe_check(recipe, &err), &err);
    return recipe;
}

static void on_epoch(void *ctx, const tml_epoch *epoch)
{
    const epoch_run *run = ctx;
    if (run->seconds != NULL) {
        bench_add(run->seconds, epoch->seconds);
    }
}

static void train(const epoch_job *job, size_t seed, size_t n_threads, epoch_run *out)
{
    tml_error err = {0};
    tml_recipe *recipe = make_recipe(job, seed);
    const tml_fit_input input = {.train = &job->train,
                                 .n_train = 1,
                                 .validation = &job->validation,
                                 .n_validation = 1,
                                 .vectors = job->vectors};
    const tml_fit_options options = {.n_threads = n_threads, .on_epoch = on_epoch, .ctx = out};
    tml_model *model = NULL;
    tml_fit_report report = {0};
    bench_check(tml_fit(recipe, &input, &options, &model, &report, &err), &err);
    out->n_rows = report.rows_train;
    out->accuracy = report.validation.accuracy;
    tml_fit_report_deinit(&report);
    tml_model_free(model);
    tml_recipe_free(recipe);
}

int main(int argc, char **argv)
{
    if (argc < 6) {
        bench_usage(usage);
    }
    size_t seeds[MAX_SEEDS];
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    const size_t n_seeds = bench_counts("SEEDS", argv[2], seeds, MAX_SEEDS);
    const epoch_job job = {.train = argv[3],
                           .validation = argv[4],
                           .vectors = strcmp(argv[5], "none") != 0 ? argv[5] : NULL,
                           .overrides = argv + 6,
                           .n_overrides = (size_t)argc - 6};
    static bench_figures seconds[N_THREAD_COUNTS];
    static bench_figures accuracies;
    epoch_run once = {0};
    train(&job, 0, 1, &once); /* the throw-away run */
    for (size_t round = 0; round < n_rounds; round++) {
        for (size_t s = 0; s < n_seeds; s++) {
            double accuracy = NAN;
            for (size_t t = 0; t < N_THREAD_COUNTS; t++) {
                once = (epoch_run){.seconds = &seconds[t]};
                train(&job, seeds[s], t + 1, &once);
                if (t > 0 && !(once.accuracy == accuracy)) {
                    bench_fail("seed %zu: accuracy %.6g with 1 thread, %.6g with %zu", seeds[s],
                               accuracy, once.accuracy, t + 1);
                }
                accuracy = once.accuracy;
            }
            if (round == 0) {
                bench_add(&accuracies, accuracy);
            }
        }
    }
    printf("{\"bench\": \"epoch\", \"rows\": %zu", once.n_rows);
    bench_print("epoch_seconds", &seconds[0]);
    bench_print("epoch_seconds_2_threads", &seconds[1]);
    bench_print("validation_accuracy", &accuracies);
    printf(", \"validation_accuracy_mean\": %.6g}\n", bench_mean(&accuracies));
    return 0;
}
