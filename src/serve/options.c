/* Options of serve: command line before environment before defaults. docs/serving.md says what each does. */
#include "serve/options.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/number.h"
#include "base/pool.h"
#include "base/status.h"
#include "sagemaker/args.h"
#include "serve/listen.h"

enum {
    DEFAULT_PORT = 8080,
    MAX_CONNECTIONS = 1 << 20,
    DEFAULT_CONNECTIONS = 16384, /* 140 MB when all have made a request */
    DEFAULT_HEADER_S = 20,
    DEFAULT_BODY_S = 30,
    DEFAULT_IDLE_S = 65, /* clients of SageMaker keep theirs up to 60 s */
    MAX_SECONDS = 86400,
    SUMMARY_S = 60, /* what CloudWatch takes as one period */
    MAX_SUMMARY_S = 86400,
    MAX_TRANSFORMS = 1000,
    MAX_PAYLOAD_MB = 100,
    DEFAULT_PAYLOAD_MB = 6,
    EMF_UNSET = 2,
    DEFAULT_BODY_BYTES = 100 << 20, /* the largest MaxPayloadInMB of a batch transform */
    DEFAULT_ROWS = 10000000,        /* more than 100 MiB of headlines hold */
    DEFAULT_ROW_BYTES = 8 << 20,
    DEFAULT_QUEUE = 1000,
    MAX_TIMEOUT_S = 86400,
    UNSET_PORT = UINT16_MAX + 1, /* 0 asks for any free port */
};

#define MAX_BODY_BYTES (UINT64_C(4) << 30)
#define DEFAULT_QUEUE_BYTES (UINT64_C(1) << 30)
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
    "  --max-rows N       most rows of a request; default: 10000000\n"
    "  --max-row-bytes BYTES  longest row; default: 8388608\n"
    "  --max-queue N      most long requests that wait or are worked on; default: 1000\n"
    "  --max-queue-bytes BYTES  most of their bodies together; default: 1073741824\n"
    "  --timeout S        longest that a long request waits and takes; default:\n"
    "                     $SAGEMAKER_MODEL_SERVER_TIMEOUT, else without limit\n"
    "  --stream           answers of lines to long requests are sent while they are made\n"
    "  --style WORD       shapes of answers: textml, blazingtext or huggingface; default:\n"
    "                     $TEXTML_STYLE, else as the model's recipe says\n"
    "  --max-connections N              at once; default: 16384, as far as open files allow\n"
    "  --max-connections-per-address N  from one IP address; default: as many as there may be\n"
    "  --header-timeout S  seconds for a request's headers; default: 20\n"
    "  --body-timeout S   seconds in which 1 KiB of a body must come; default: 30\n"
    "  --idle-timeout S   seconds between two requests; default: 65\n"
    "  --api-key-file FILE  requests but /ping need the key in it; default: $TEXTML_API_KEY, if\n"
    "                     that is set\n"
    "  --tls-cert FILE    certificate for HTTPS, PEM, with those that vouch for it\n"
    "  --tls-key FILE     its private key, PEM\n"
    "  --quiet            nothing but warnings and errors\n"
    "  --log-format WORD  text or json\n"
    "  --emf WORD         on: figures for CloudWatch on stdout; default: off, or $TEXTML_EMF\n"
    "  --summary-seconds N  between two summaries in the log; default: 60\n"
    "  --help             this text\n"
    "  --version          the version\n"
    "\n"
    "SIGHUP loads the model again. SIGTERM and SIGINT finish the requests that are being\n"
    "answered, then end serve.\n";

static const char *const style_words[] = {
#define STYLE_WORD(name, word) word,
    TML_STYLE_LIST(STYLE_WORD)
#undef STYLE_WORD
        NULL};

#define COUNT(option, field, from, to)                                                  \
    {                                                                                   \
        .name = (option), .kind = SM_OPTION_COUNT, .out = &out->field, .least = (from), \
        .most = (to)                                                                    \
    }

tml_status serve_options_parse(serve_options *out, int argc, char **argv, tml_error *err)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const switches[] = {"off", "on", NULL};
    static const char *const reloads[] = {"on", "off", NULL};
    *out =
        (serve_options){.port = UNSET_PORT, .emf_word = EMF_UNSET, .style_word = SERVE_STYLE_UNSET};
    serve_settings *settings = &out->settings;
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
        COUNT("threads", n_threads, 1, TMLI_THREADS_MAX),
        COUNT("max-body", max_body, 1, MAX_BODY_BYTES),
        COUNT("max-rows", max_rows, 1, SIZE_MAX),
        COUNT("max-row-bytes", max_row_bytes, 1, MAX_BODY_BYTES),
        COUNT("max-queue", max_queue, 1, SIZE_MAX),
        COUNT("max-queue-bytes", max_queue_bytes, 1, SIZE_MAX),
        COUNT("timeout", timeout_s, 1, MAX_TIMEOUT_S),
        {.name = "stream", .kind = SM_OPTION_FLAG, .out = &settings->streams},
        {.name = "style", .kind = SM_OPTION_CHOICE, .out = &out->style_word, .words = style_words},
        COUNT("max-connections", max_connections, 1, MAX_CONNECTIONS),
        COUNT("max-connections-per-address", max_per_address, 1, MAX_CONNECTIONS),
        COUNT("header-timeout", header_s, 1, MAX_SECONDS),
        COUNT("body-timeout", body_s, 1, MAX_SECONDS),
        COUNT("idle-timeout", idle_s, 1, MAX_SECONDS),
        {.name = "api-key-file", .kind = SM_OPTION_TEXT, .out = &out->protection.api_key},
        {.name = "tls-cert", .kind = SM_OPTION_TEXT, .out = &out->protection.tls_cert},
        {.name = "tls-key", .kind = SM_OPTION_TEXT, .out = &out->protection.tls_key},
        {.name = "quiet", .kind = SM_OPTION_FLAG, .out = &out->quiet},
        {.name = "log-format", .kind = SM_OPTION_CHOICE, .out = &out->log_format, .words = formats},
        {.name = "emf", .kind = SM_OPTION_CHOICE, .out = &out->emf_word, .words = switches},
        {.name = "summary-seconds",
         .kind = SM_OPTION_COUNT,
         .out = &out->summary_s,
         .least = 1,
         .most = MAX_SUMMARY_S},
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

#undef COUNT

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

static void complete_style(serve_options *options, const tml_log *log)
{
    serve_settings *settings = &options->settings;
    const char *text = getenv("TEXTML_STYLE");
    const tml_str word = tmli_str_trim(tmli_str(text));
    settings->has_style = options->style_word != SERVE_STYLE_UNSET;
    if (settings->has_style) {
        settings->style = (tml_style)options->style_word;
    } else if (word.len > 0) {
        settings->has_style = sm_style_named(word, &settings->style);
        if (!settings->has_style) {
            tml_logf(log, TML_LOG_WARN,
                     "TEXTML_STYLE: \"%.64s\" is none of textml, blazingtext, huggingface; the "
                     "model's recipe decides instead",
                     text);
        }
    }
}

static void complete_columns(serve_settings *settings, const tml_log *log)
{
    const tml_str names = tmli_str_trim(tmli_str(getenv("SAGEMAKER_INFERENCE_OUTPUT")));
    tml_error fault = {0};
    if (names.len == 0) {
        return;
    }
    settings->has_columns = sm_columns_parse(names, &settings->columns, &fault) == TML_OK;
    if (!settings->has_columns) {
        tml_logf(log, TML_LOG_WARN,
                 "SAGEMAKER_INFERENCE_OUTPUT: %s; answers have their usual shapes instead",
                 fault.text);
    }
}

static bool is_true(const char *name)
{
    return tmli_str_eq_nocase(tmli_str_trim(tmli_str(getenv(name))), TML_STR("true"));
}

static uint64_t or_else(uint64_t given, uint64_t usual)
{
    return given > 0 ? given : usual;
}

static unsigned seconds_or(uint64_t given, unsigned fallback)
{
    return given > 0 ? (unsigned)given : fallback;
}

/* With as many connections as there are file descriptors for. */
static void complete_limits(const serve_options *options, serve_limits *limits, const tml_log *log)
{
    const size_t most = serve_raise_open_files();
    const size_t wanted =
        options->max_connections > 0 ? options->max_connections : DEFAULT_CONNECTIONS;
    limits->max_connections = wanted < most ? wanted : most;
    if (options->max_connections > most) {
        tml_logf(log, TML_LOG_WARN,
                 "--max-connections: %zu is more than the limit of open files allows; %zu is taken "
                 "instead (see ulimit -Hn)",
                 wanted, most);
    }
    limits->max_per_address = options->max_per_address;
    limits->header_s = seconds_or(options->header_s, DEFAULT_HEADER_S);
    limits->body_s = seconds_or(options->body_s, DEFAULT_BODY_S);
    limits->idle_s = seconds_or(options->idle_s, DEFAULT_IDLE_S);
}

/* A strategy in the service's spelling; NULL when it is not set or none. */
static const char *batch_strategy(const tml_log *log)
{
    const char *text = getenv("SAGEMAKER_BATCH_STRATEGY");
    const tml_str word = tmli_str_trim(tmli_str(text));
    if (tmli_str_eq_nocase(word, TML_STR("MULTI_RECORD")) ||
        tmli_str_eq_nocase(word, TML_STR("MultiRecord"))) {
        return "MULTI_RECORD";
    }
    if (tmli_str_eq_nocase(word, TML_STR("SINGLE_RECORD")) ||
        tmli_str_eq_nocase(word, TML_STR("SingleRecord"))) {
        return "SINGLE_RECORD";
    }
    if (word.len > 0) {
        tml_logf(log, TML_LOG_WARN,
                 "SAGEMAKER_BATCH_STRATEGY: \"%.64s\" is neither MULTI_RECORD nor SINGLE_RECORD; "
                 "MULTI_RECORD is taken instead",
                 text);
    }
    return NULL;
}

static void complete_batch(serve_settings *settings, const tml_log *log)
{
    settings->is_batch = is_true("SAGEMAKER_BATCH");
    settings->is_local_mode = tmli_str_eq_text(tmli_str(getenv("SAGEMAKER_BATCH")), "True");
    settings->max_transforms =
        number_from("SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", 0, MAX_TRANSFORMS, 0, log);
    const char *payload = getenv("SAGEMAKER_MAX_PAYLOAD_IN_MB");
    settings->max_payload_mb = -1;
    if (payload != NULL && *payload != '\0') {
        settings->max_payload_mb = (int64_t)number_from("SAGEMAKER_MAX_PAYLOAD_IN_MB", 0,
                                                        MAX_PAYLOAD_MB, DEFAULT_PAYLOAD_MB, log);
    }
    settings->batch_strategy = batch_strategy(log);
}

void serve_options_complete(serve_options *options, const tml_log *log)
{
    serve_settings *settings = &options->settings;
    complete_batch(settings, log);
    options->emf =
        options->emf_word == 1 || (options->emf_word == EMF_UNSET && is_true("TEXTML_EMF"));
    options->summary_s = options->summary_s > 0 ? options->summary_s : SUMMARY_S;
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
        n = n < TMLI_THREADS_MAX ? n : TMLI_THREADS_MAX;
        options->n_threads =
            number_from("SAGEMAKER_MODEL_SERVER_WORKERS", 1, TMLI_THREADS_MAX, n, log);
    }
    if (options->max_body == 0) {
        options->max_body =
            number_from("MAX_CONTENT_LENGTH", 1, MAX_BODY_BYTES, DEFAULT_BODY_BYTES, log);
    }
    if (options->timeout_s == 0) {
        options->timeout_s =
            number_from("SAGEMAKER_MODEL_SERVER_TIMEOUT", 1, MAX_TIMEOUT_S, 0, log);
    }
    settings->n_threads = options->n_threads;
    settings->max_rows = or_else(options->max_rows, DEFAULT_ROWS);
    settings->max_row_bytes = or_else(options->max_row_bytes, DEFAULT_ROW_BYTES);
    settings->max_queue = or_else(options->max_queue, DEFAULT_QUEUE);
    settings->max_queue_bytes = or_else(options->max_queue_bytes, DEFAULT_QUEUE_BYTES);
    settings->timeout_s = (double)options->timeout_s;
    settings->max_body = options->max_body;
    complete_limits(options, &settings->limits, log);
    complete_accept(options, log);
    complete_style(options, log);
    complete_columns(settings, log);
}
