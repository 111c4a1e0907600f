/* train: arguments, signals, exit code. The job itself is in run.c. */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "base/status.h"
#include "pipeline/recipe.h"
#include "sagemaker/args.h"
#include "sagemaker/failure.h"
#include "sagemaker/logging.h"
#include "textml/version.h"
#include "train/figures.h"
#include "train/run.h"

static const char help[] =
    "train: fits a text classifier and writes one artifact.\n"
    "\n"
    "Without options it follows the SageMaker container contract under /opt/ml, or under the "
    "directory that\n"
    "SAGEMAKER_BASE_DIR names.\n"
    "\n"
    "  --base-dir DIR          the root in place of /opt/ml\n"
    "  --recipe NAME|FILE      a built-in recipe or a YAML file (default: news)\n"
    "  --channel NAME=PATH     a channel's directory or file; again for each of train, validation, "
    "test, vectors\n"
    "  --model-dir DIR         where the artifact goes (default: BASE/model)\n"
    "  --output-dir DIR        where failure and data/metrics.json go (default: BASE/output)\n"
    "  --report on|off         report.html beside metrics.json (default: on)\n"
    "  --threads N             default: as many as the cgroup allows; does not change the result\n"
    "  --NAME VALUE            any key of the recipe, by path or short name: --epochs 20, "
    "--model.hidden 64,64\n"
    "  --quiet                 warnings and errors only\n"
    "  --log-format text|json\n"
    "  --print-recipe NAME     prints a built-in recipe, to copy and change\n"
    "  --metric-definitions    prints SageMaker's MetricDefinitions for these metrics\n"
    "  --help, -h, --version\n"
    "\n"
    "Exit codes: 0 done (also when stopped by SIGTERM), 1 something that you can mend, 2 out of "
    "memory or a fault of\n"
    "textml. docs/recipes.md explains every key.\n";

static atomic_bool stop_requested;

/* The first signal asks for a stop, the second ends the process. */
static void on_signal(int number)
{
    (void)number;
    if (atomic_exchange(&stop_requested, true)) {
        _exit(1);
    }
}

static void install_handlers(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
}

/* What the command line says beyond the job's options. */
typedef struct command_line {
    train_options job;
    const char *print_recipe;
    uint64_t threads;
    size_t log_format, report;
    bool quiet, help, version, metric_definitions;
} command_line;

enum {
    N_OWN = 13
};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const on_off[] = {"on", "off", NULL};

/* The options that are no keys of a recipe. The last one may come again and again and is taken by take_other. */
typedef struct own_options {
    sm_option items[N_OWN];
} own_options;

static own_options own_options_of(command_line *out)
{
    return (own_options){{
        {.name = "base-dir", .kind = SM_OPTION_TEXT, .out = &out->job.base_dir},
        {.name = "recipe", .kind = SM_OPTION_TEXT, .out = &out->job.recipe},
        {.name = "model-dir", .kind = SM_OPTION_TEXT, .out = &out->job.model_dir},
        {.name = "output-dir", .kind = SM_OPTION_TEXT, .out = &out->job.output_dir},
        {.name = "threads",
         .kind = SM_OPTION_COUNT,
         .out = &out->threads,
         .least = 1,
         .most = TMLI_THREADS_MAX},
        {.name = "report", .kind = SM_OPTION_CHOICE, .out = &out->report, .words = on_off},
        {.name = "log-format",
         .kind = SM_OPTION_CHOICE,
         .out = &out->log_format,
         .words = log_formats},
        {.name = "quiet", .kind = SM_OPTION_FLAG, .out = &out->quiet},
        {.name = "print-recipe", .kind = SM_OPTION_TEXT, .out = &out->print_recipe},
        {.name = "metric-definitions", .kind = SM_OPTION_FLAG, .out = &out->metric_definitions},
        {.name = "help", .kind = SM_OPTION_FLAG, .out = &out->help},
        {.name = "version", .kind = SM_OPTION_FLAG, .out = &out->version},
        {.name = "channel"},
    }};
}

static bool is_key(tml_str name)
{
    size_t block = 0;
    return tmli_key_named(name, &block) != NULL;
}

static tml_status take_other(void *ctx, const char *name, const char *value, tml_error *err)
{
    command_line *command = ctx;
    train_options *job = &command->job;
    const bool is_channel = strcmp(name, "channel") == 0;
    const size_t n = is_channel ? job->n_channels : job->n_overrides;
    if (n == TRAIN_OVERRIDES_MAX) {
        return tmli_fail(err, TML_EINVAL, "--%.64s: more than %d options", name,
                         TRAIN_OVERRIDES_MAX);
    }
    if (is_channel) {
        job->channels[job->n_channels++] = value;
        return TML_OK;
    }
    job->overrides[job->n_overrides++] = (train_override){name, value};
    if (is_key(tmli_str(name))) {
        return TML_OK;
    }
    const own_options own = own_options_of(command); /* "--recepi" is nearer to one of these */
    return sm_args_refuse_misspelt(own.items, N_OWN, name, err);
}

static tml_status parse(int argc, char **argv, command_line *out, tml_error *err)
{
    const own_options own = own_options_of(out);
    const sm_args args = {.program = "train",
                          .options = own.items,
                          .n_options = N_OWN - 1,
                          .other = take_other,
                          .ctx = out};
    const tml_status status = sm_args_parse(&args, argc, argv, err);
    out->job.n_threads = (size_t)out->threads;
    out->job.writes_report = out->report == 0;
    return status;
}

/* True when a person gave an option that is ours. Otherwise the container contract holds: the platform may pass
 * arguments that mean nothing to us, and the job must run all the same. */
static bool is_by_hand(int argc, char **argv)
{
    command_line unused;
    const own_options own = own_options_of(&unused);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0) {
            return true;
        }
        if (strncmp(argv[i], "--", 2) != 0) {
            continue;
        }
        const char *equals = strchr(argv[i], '=');
        const tml_str name = {argv[i] + 2, equals != NULL ? (size_t)(equals - argv[i]) - 2
                                                          : strlen(argv[i]) - 2};
        bool is_own = is_key(name);
        for (size_t k = 0; k < N_OWN && !is_own; k++) {
            is_own = tmli_str_eq_text(name, own.items[k].name);
        }
        if (is_own) {
            return true;
        }
    }
    return false;
}

static int print_recipe(const char *name)
{
    const tml_str text = tml_recipe_text(name);
    if (text.data == NULL) {
        size_t n = 0;
        const char *const *names = tml_recipe_names(&n);
        (void)fprintf(stderr, "train: error: --print-recipe: \"%s\" is not one of", name);
        for (size_t i = 0; i < n; i++) {
            (void)fprintf(stderr, "%s %s", i == 0 ? "" : ",", names[i]);
        }
        (void)fputc('\n', stderr);
        return 1;
    }
    (void)fwrite(text.data, 1, text.len, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}

static int run_job(const command_line *command, const tml_log *log)
{
    tml_error err = {0};
    sm_paths paths;
    const train_options *job = &command->job;
    tml_status status = sm_paths_init(&paths, job->base_dir, job->model_dir, job->output_dir, &err);
    if (status == TML_OK) {
        sm_clear_failure(paths.failure);
        status = train_run(job, &paths, &stop_requested, log, &err);
    }
    if (status == TML_ESTOPPED) {
        tml_logf(log, TML_LOG_WARN, "stopped on request before there was a model");
    } else if (status != TML_OK) {
        tml_logf(log, TML_LOG_ERROR, "%s", err.text);
        if (paths.failure != NULL) {
            sm_write_failure(paths.failure, &err); /* last: the platform reads it when we exit */
        }
    }
    sm_paths_deinit(&paths);
    return sm_exit_code(status);
}

int main(int argc, char **argv)
{
    tml_error err = {0};
    command_line command = {0};
    const bool by_hand = is_by_hand(argc, argv);
    sm_logging_hold_numbers();
    const tml_status status = parse(argc, argv, &command, &err);
    sm_logging logging = {.program = "train", .json = command.log_format == 1, .is_patient = true};
    const tml_log log = sm_logging_sink(&logging, command.quiet);
    if (status != TML_OK && by_hand) {
        tml_logf(&log, TML_LOG_ERROR, "%s", err.text);
        return sm_exit_code(status);
    }
    if (!by_hand && (status != TML_OK || command.job.n_overrides > 0)) {
        tml_logf(&log, TML_LOG_WARN, "arguments that are not options of train were left out");
        command.job.n_overrides = 0;
    }
    if (command.help) {
        return fputs(help, stdout) < 0 ? 1 : 0;
    }
    if (command.version) {
        return printf("train (textml) %s\n", tml_version()) < 0 ? 1 : 0;
    }
    if (command.print_recipe != NULL) {
        return print_recipe(command.print_recipe);
    }
    if (command.metric_definitions) {
        figures_print_definitions();
        return 0;
    }
    sm_logging_check_level(&log);
    command.job.by_hand = by_hand;
    if (!by_hand) {
        (void)umask(S_IWGRP | S_IWOTH); /* other users pack the model and serve it */
    }
    install_handlers();
    return run_job(&command, &log);
}
