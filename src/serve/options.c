/* Options of serve: command line before environment before defaults. docs/serving.md says what each does. */
#include "serve/options.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/cpu.h"
#include "base/number.h"
#include "sagemaker/args.h"

enum {
    DEFAULT_PORT = 8080,
    MAX_THREADS = 256,
    SUMMARY_S = 60, /* what CloudWatch takes as one period */
    MAX_SUMMARY_S = 86400,
    MAX_TRANSFORMS = 1000,
    MAX_PAYLOAD_MB = 100,
    DEFAULT_PAYLOAD_MB = 6,
    EMF_UNSET = 2,
    DEFAULT_BODY_BYTES = 100 << 20, /* the largest MaxPayloadInMB of a batch transform */
    UNSET_PORT = UINT16_MAX + 1,    /* 0 asks for any free port */
};

#define MAX_BODY_BYTES (UINT64_C(4) << 30)

const char serve_usage[] =
    "usage: serve [option]...\n"
    "Answers GET /ping and POST /invocations with the model that train wrote.\n"
    "\n"
    "  --model-dir DIR    the model; default: model below $SAGEMAKER_BASE_DIR, else /opt/ml/model\n"
    "  --port N           port to listen on, 0 for any free one; default: "
    "$SAGEMAKER_BIND_TO_PORT,\n"
    "                     else 8080\n"
    "  --host ADDR        IPv4 or IPv6 address to listen on; default: 0.0.0.0, all of IPv4\n"
    "  --threads N        threads that answer; default: the processors that the cgroup grants\n"
    "  --max-body BYTES   longest body that is read; default: $MAX_CONTENT_LENGTH, else\n"
    "                     104857600\n"
    "  --quiet            nothing but warnings and errors\n"
    "  --log-format WORD  text or json\n"
    "  --emf WORD         on: figures for CloudWatch on stdout; default: off, or $TEXTML_EMF\n"
    "  --summary-seconds N  between two summaries in the log; default: 60\n"
    "  --help             this text\n"
    "  --version          the version\n"
    "\n"
    "SIGTERM and SIGINT finish the requests that are being answered, then end serve.\n";

tml_status serve_options_parse(serve_options *out, int argc, char **argv, tml_error *err)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const switches[] = {"off", "on", NULL};
    *out = (serve_options){.port = UNSET_PORT, .emf_word = EMF_UNSET};
    const sm_option table[] = {
        {.name = "model-dir", .kind = SM_OPTION_TEXT, .out = &out->model_dir},
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
    return sm_args_parse(&args, argc, argv, err);
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
    settings->is_multi_model = is_true("SAGEMAKER_MULTI_MODEL");
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
