/* Options of serve: command line before environment before defaults. docs/serving.md says what each does. */
#include "serve/options.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/number.h"
#include "base/status.h"
#include "sagemaker/args.h"

enum {
    DEFAULT_PORT = 8080,
    MAX_THREADS = 256,
    DEFAULT_BODY_BYTES = 100 << 20, /* the largest MaxPayloadInMB of a batch transform */
    UNSET_PORT = UINT16_MAX + 1,    /* 0 asks for any free port */
};

#define MAX_BODY_BYTES (UINT64_C(4) << 30)
#define MAX_MODEL_BYTES (UINT64_C(1) << 50)

const char serve_usage[] =
    "usage: serve [option]...\n"
    "Answers GET /ping and POST /invocations with the model that train wrote.\n"
    "\n"
    "  --model-dir DIR    the model; default: model below $SAGEMAKER_BASE_DIR, else /opt/ml/model\n"
    "  --models-dir DIR   serve each model in DIR by its name, loaded when it is first asked for\n"
    "  --max-model-memory BYTES\n"
    "                     of all models with names; default: what the cgroup or the machine has\n"
    "  --unload-unused    unload the least recently used models for a new one, as --models-dir\n"
    "                     does anyway, instead of refusing it\n"
    "  --reload WORD      on or off: load a changed model while serving; default: on\n"
    "  --port N           port to listen on, 0 for any free one; default: "
    "$SAGEMAKER_BIND_TO_PORT,\n"
    "                     else 8080\n"
    "  --host ADDR        IPv4 or IPv6 address to listen on; default: 0.0.0.0, all of IPv4\n"
    "  --threads N        threads that answer; default: the processors that the cgroup grants\n"
    "  --max-body BYTES   longest body that is read; default: $MAX_CONTENT_LENGTH, else\n"
    "                     104857600\n"
    "  --quiet            nothing but warnings and errors\n"
    "  --log-format WORD  text or json\n"
    "  --help             this text\n"
    "  --version          the version\n"
    "\n"
    "SIGHUP loads the model again. SIGTERM and SIGINT finish the requests that are being\n"
    "answered, then end serve.\n";

tml_status serve_options_parse(serve_options *out, int argc, char **argv, tml_error *err)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const reloads[] = {"on", "off", NULL};
    *out = (serve_options){.port = UNSET_PORT};
    const sm_option table[] = {
        {.name = "model-dir", .kind = SM_OPTION_TEXT, .out = &out->model_dir},
        {.name = "models-dir", .kind = SM_OPTION_TEXT, .out = &out->models_dir},
        {.name = "max-model-memory",
         .kind = SM_OPTION_COUNT,
         .out = &out->max_model_memory,
         .least = 1,
         .most = MAX_MODEL_BYTES},
        {.name = "unload-unused", .kind = SM_OPTION_FLAG, .out = &out->unload_unused},
        {.name = "reload", .kind = SM_OPTION_CHOICE, .out = &out->reload, .words = reloads},
        {.name = "port", .kind = SM_OPTION_COUNT, .out = &out->port, .most = UINT16_MAX},
        {.name = "host", .kind = SM_OPTION_TEXT, .out = &out->host},
        {.name = "threads",
         .kind = SM_OPTION_COUNT,
         .out = &out->n_threads,
         .least = 1,
         .most = MAX_THREADS},
        {.name = "max-body",
         .kind = SM_OPTION_COUNT,
         .out = &out->max_body,
         .least = 1,
         .most = MAX_BODY_BYTES},
        {.name = "quiet", .kind = SM_OPTION_FLAG, .out = &out->quiet},
        {.name = "log-format", .kind = SM_OPTION_CHOICE, .out = &out->log_format, .words = formats},
        {.name = "help", .kind = SM_OPTION_FLAG, .out = &out->help},
        {.name = "version", .kind = SM_OPTION_FLAG, .out = &out->version},
    };
    const sm_args args = {
        .program = "serve", .options = table, .n_options = sizeof(table) / sizeof(table[0])};
    const tml_status status = sm_args_parse(&args, argc, argv, err);
    if (status == TML_OK && out->model_dir != NULL && out->models_dir != NULL) {
        return tmli_fail(err, TML_EINVAL,
                         "--model-dir serves one model and --models-dir many; give one of them");
    }
    return status;
}

/* The variable's number, or fallback when it is not set or, with a warning, is none in least..most. */
static uint64_t number_from(const char *name, uint64_t least, uint64_t most, uint64_t fallback,
                            const tml_log *log)
{
    const char *text = getenv(name);
    int64_t number = 0;
    if (text == NULL || *text == '\0') {
        return fallback;
    }
    if (!tmli_parse_int64(tmli_str_trim(tmli_str(text)), &number) || number < 0 ||
        (uint64_t)number < least || (uint64_t)number > most) {
        tml_logf(log, TML_LOG_WARN,
                 "%s: \"%.64s\" is not a whole number in %" PRIu64 "..%" PRIu64 "; %" PRIu64
                 " is taken instead",
                 name, text, least, most, fallback);
        return fallback;
    }
    return (uint64_t)number;
}

static void complete_accept(serve_options *options, const tml_log *log)
{
    const char *text = getenv("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT");
    const tml_str accept = tmli_str_trim(tmli_str(text));
    if (accept.len == 0 || tmli_str_eq_text(accept, "*/*")) {
        return;
    }
    tml_error fault = {0};
    if (sm_media_of_answer(accept, SM_JSON, &options->settings.default_accept, &fault) == TML_OK) {
        options->settings.has_default_accept = true;
    } else {
        tml_logf(log, TML_LOG_WARN,
                 "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT: %s; answers follow their requests instead",
                 fault.text);
    }
}

static bool is_true(const char *name)
{
    return tmli_str_eq_nocase(tmli_str_trim(tmli_str(getenv(name))), TML_STR("true"));
}

void serve_options_complete(serve_options *options, const tml_log *log)
{
    serve_settings *settings = &options->settings;
    settings->is_batch = is_true("SAGEMAKER_BATCH");
    settings->is_multi_model = options->models_dir != NULL ||
                               (options->model_dir == NULL && is_true("SAGEMAKER_MULTI_MODEL"));
    settings->has_fixed_models = options->reload == 1;
    if (options->host == NULL) {
        options->host = "0.0.0.0";
    }
    if (options->port == UNSET_PORT) {
        options->port = number_from("SAGEMAKER_BIND_TO_PORT", 1, UINT16_MAX, DEFAULT_PORT, log);
    }
    if (options->n_threads == 0) {
        size_t n = tmli_cpu_count("/sys/fs/cgroup");
        n = n < MAX_THREADS ? n : MAX_THREADS;
        options->n_threads = number_from("SAGEMAKER_MODEL_SERVER_WORKERS", 1, MAX_THREADS, n, log);
    }
    if (options->max_body == 0) {
        options->max_body =
            number_from("MAX_CONTENT_LENGTH", 1, MAX_BODY_BYTES, DEFAULT_BODY_BYTES, log);
    }
    settings->n_threads = options->n_threads;
    settings->max_body = options->max_body;
    complete_accept(options, log);
}
