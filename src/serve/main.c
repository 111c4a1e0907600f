/* serve: start, ready, drain, stop. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"
#include "sagemaker/logging.h"
#include "sagemaker/paths.h"
#include "serve/announce.h"
#include "serve/http.h"
#include "serve/options.h"
#include "serve/pulse.h"
#include "serve/server.h"
#include "serve/torn.h"
#include "serve/watch.h"
#include "textml/version.h"

enum {
    DRAIN_MS = 25000, /* the platform kills 30 s after its SIGTERM */
    LOOK_MS = 25,     /* between two looks at the open requests */
    LARGE_BYTES = 128 << 10,
    QUIET_LOOKS = 2, /* without one, so that what had just arrived is seen */
};

/* ---- signals ---- */

/* Written by the handler, read by main. */
static int wake_pipe[2] = {-1, -1};

static void on_signal(int number)
{
    const int saved = errno;
    const char byte = (char)number;
    (void)!write(wake_pipe[1], &byte, 1);
    errno = saved;
}

static tml_status catch_signals(tml_error *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (pipe(wake_pipe) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGHUP, &action, NULL) != 0 ||
        sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return tmli_fail(err, TML_EIO, "cannot catch signals");
    }
    return TML_OK;
}

/* The signal that came within so many milliseconds, or 0; -1 waits for one. */
static int take_signal(int timeout_ms)
{
    struct pollfd wait = {.fd = wake_pipe[0], .events = POLLIN};
    int n = poll(&wait, 1, timeout_ms);
    while (n < 0 && errno == EINTR) {
        n = poll(&wait, 1, timeout_ms); /* the handler has written meanwhile: returns at once */
    }
    char byte;
    return n > 0 && read(wake_pipe[0], &byte, 1) == 1 ? byte : 0;
}

/* Returns with the signal that ends the server; until then the pulse beats. */
static void wait_for_end(serve_watcher *watcher, serve_pulse *pulse)
{
    for (;;) {
        const int number = take_signal(serve_pulse_wait_ms(pulse));
        if (number == SIGTERM || number == SIGINT) {
            return;
        }
        if (number == 0) {
            serve_pulse_beat(pulse);
        } else if (watcher != NULL) {
            serve_watcher_wake(watcher); /* SIGHUP */
        }
    }
}

/* ---- the phases ---- */

/* By itself glibc's malloc takes the buffers of large requests from a thread's heap once it has seen some, and keeps
 * them: megabytes a thread. Mapped blocks go back to the system when they are freed. */
static void give_memory_back(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
#endif
}

/* Lets the open requests finish and their clients read: in a container the network ends with the process, and with it what
 * the sockets hold. False when the time is over and requests are left. A second signal ends the process. */
static bool drain(serve_http *http, const tml_log *log)
{
    serve_http_stop_accepting(http);
    int quiet_looks = 0;
    size_t n_open = 0;
    for (int waited_ms = 0; waited_ms < DRAIN_MS; waited_ms += LOOK_MS) {
        const int number = take_signal(LOOK_MS);
        if (number == SIGTERM || number == SIGINT) {
            _exit(1);
        }
        n_open = serve_http_open_requests(http);
        const bool is_quiet = n_open == 0 && serve_http_unread_answers(http) == 0;
        quiet_looks = is_quiet ? quiet_looks + 1 : 0;
        if (quiet_looks == QUIET_LOOKS) {
            return true;
        }
    }
    tml_logf(log, TML_LOG_WARN, "stopped with %s after %d s",
             n_open > 0 ? "requests unanswered" : "answers that their clients have not read",
             DRAIN_MS / 1000);
    return n_open == 0;
}

/* It may be mounted later: requests look for it then. */
static void look_for_models(const serve_options *options, const tml_log *log)
{
    if (options->models_dir != NULL && !tmli_is_dir(options->models_dir)) {
        tml_logf(log, TML_LOG_WARN,
                 "--models-dir: %s is no directory (yet); without it each model is answered with "
                 "404",
                 options->models_dir);
    }
}

static tml_status run(const serve_options *options, const serve_protection *protection,
                      const sm_paths *paths, const tml_log *log, tml_error *err)
{
    tml_status status = TML_OK;
    serve_http *http = NULL;
    serve_watcher *watcher = NULL;
    serve_server server;
    serve_pulse pulse;
    status = serve_server_open(&server, options->settings.is_multi_model ? NULL : paths->model, log,
                               err);
    if (status != TML_OK) {
        return status;
    }
    server.settings = options->settings;
    server.models.options = (serve_models_options){
        .is_multi_model = options->settings.is_multi_model,
        .root = options->models_dir != NULL ? options->models_dir : paths->models,
        .finds = options->models_dir != NULL,
        .unloads_unused = options->unload_unused,
        .max_bytes =
            options->max_model_memory > 0 ? (size_t)options->max_model_memory : serve_models_room(),
    };
    look_for_models(options, log);
    server.settings.api_key = tmli_buf_str(&protection->api_key);
    const serve_http_options http_options = {.host = options->host,
                                             .port = (uint16_t)options->port,
                                             .n_threads = options->settings.n_threads,
                                             .tls_cert = protection->tls_cert.data,
                                             .tls_key = protection->tls_key.data};
    serve_server_verify(&server);
    TMLI_TRY(serve_watcher_start(&server, &watcher, err));
    TMLI_TRY(serve_http_start(&server, &http_options, &http, err));
    serve_announce(options, &server, serve_http_port(http));
    serve_pulse_start(&pulse, &server, (double)options->summary_s, options->emf);
    wait_for_end(watcher, &pulse);
    const bool is_drained = drain(http, log);
    serve_pulse_beat(&pulse); /* what came since the last one would be lost */
    if (!is_drained) {
        _exit(0); /* their threads still use everything that we would free */
    }
cleanup:
    serve_http_stop(http);
    if (!serve_watcher_stop(watcher)) {
        _exit(status == TML_OK ? 0 : 1); /* a model is still being read through */
    }
    serve_server_close(&server);
    return status;
}

int main(int argc, char **argv)
{
    tml_status status = TML_OK;
    tml_error err = {0};
    serve_options options;
    serve_protection protection = {0};
    sm_paths paths = {0};
    sm_logging logging = {.program = "serve"};
    tml_log log = sm_logging_sink(&logging, false);
    sm_logging_hold_numbers();
    TMLI_TRY(catch_signals(&err)); /* early: the first process of a container ignores others */
    serve_torn_catch();
    TMLI_TRY(serve_options_parse(&options, argc, argv, &err));
    if (options.help || options.version) {
        (void)printf(options.help ? "%s" : "serve (textml) %s\n",
                     options.help ? serve_usage : tml_version());
        return 0;
    }
    logging.json = options.log_format == 1;
    log = sm_logging_sink(&logging, options.quiet);
    sm_logging_check_level(&log);
    give_memory_back();
    serve_options_complete(&options, &log);
    TMLI_TRY(sm_paths_init(&paths, NULL, options.model_dir, NULL, &err));
    TMLI_TRY(serve_protection_load(&protection, &options.protection, &err));
    TMLI_TRY(run(&options, &protection, &paths, &log, &err));
cleanup:
    serve_protection_deinit(&protection);
    sm_paths_deinit(&paths);
    if (status != TML_OK) {
        tml_logf(&log, TML_LOG_ERROR, "%s", err.text);
    }
    return status == TML_OK ? 0 : 1;
}
