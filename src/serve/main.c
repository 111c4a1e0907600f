/* serve: start, ready, drain, stop. */
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/status.h"
#include "sagemaker/logging.h"
#include "sagemaker/paths.h"
#include "serve/announce.h"
#include "serve/http.h"
#include "serve/options.h"
#include "serve/pulse.h"
#include "serve/server.h"
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
    (void)number;
    const int saved = errno;
    (void)!write(wake_pipe[1], "", 1);
    errno = saved;
}

static tml_status catch_signals(tml_error *err)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    if (pipe(wake_pipe) != 0 || sigaction(SIGTERM, &action, NULL) != 0 ||
        sigaction(SIGINT, &action, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return tmli_fail(err, TML_EIO, "cannot catch signals");
    }
    return TML_OK;
}

/* Whether a signal came within so many milliseconds. */
static bool has_signal(int timeout_ms)
{
    struct pollfd wait = {.fd = wake_pipe[0], .events = POLLIN};
    int n = poll(&wait, 1, timeout_ms);
    while (n < 0 && errno == EINTR) {
        n = poll(&wait, 1, timeout_ms); /* the handler has written meanwhile: returns at once */
    }
    char byte;
    return n > 0 && read(wake_pipe[0], &byte, 1) == 1;
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

/* Lets the open requests finish. False when the time is over and some are left. A second signal ends the process. */
static bool drain(serve_http *http)
{
    serve_http_stop_accepting(http);
    int quiet_looks = 0;
    for (int waited_ms = 0; waited_ms < DRAIN_MS; waited_ms += LOOK_MS) {
        if (has_signal(LOOK_MS)) {
            _exit(1);
        }
        quiet_looks = serve_http_open_requests(http) == 0 ? quiet_looks + 1 : 0;
        if (quiet_looks == QUIET_LOOKS) {
            return true;
        }
    }
    return false;
}

static tml_status run(const serve_options *options, const char *model_dir, const tml_log *log,
                      tml_error *err)
{
    tml_status status = TML_OK;
    serve_http *http = NULL;
    serve_server server;
    serve_pulse pulse;
    const serve_http_options http_options = {.host = options->host,
                                             .port = (uint16_t)options->port,
                                             .n_threads = options->settings.n_threads};
    status = serve_server_open(&server, model_dir, log, err);
    if (status != TML_OK) {
        return status;
    }
    server.settings = options->settings;
    serve_server_verify(&server);
    TMLI_TRY(serve_http_start(&server, &http_options, &http, err));
    serve_announce(options, &server, serve_http_port(http));
    serve_pulse_start(&pulse, &server, (double)options->summary_s, options->emf);
    while (!has_signal(serve_pulse_wait_ms(&pulse))) {
        serve_pulse_beat(&pulse);
    }
    const bool is_drained = drain(http);
    serve_pulse_beat(&pulse); /* what came since the last one would be lost */
    if (!is_drained) {
        tml_logf(log, TML_LOG_WARN, "stopped with requests unanswered after %d s", DRAIN_MS / 1000);
        _exit(0); /* their threads still use everything that we would free */
    }
    serve_http_stop(http);
cleanup:
    if (!serve_server_close(&server)) {
        _exit(status == TML_OK ? 0 : 1); /* the model is still being read through */
    }
    return status;
}

int main(int argc, char **argv)
{
    tml_status status = TML_OK;
    tml_error err = {0};
    serve_options options;
    sm_paths paths = {0};
    sm_logging logging = {.program = "serve"};
    tml_log log = sm_logging_sink(&logging, false);
    TMLI_TRY(serve_options_parse(&options, argc, argv, &err));
    if (options.help || options.version) {
        (void)printf(options.help ? "%s" : "serve (textml) %s\n",
                     options.help ? serve_usage : tml_version());
        return 0;
    }
    logging.json = options.log_format == 1;
    log = sm_logging_sink(&logging, options.quiet);
    give_memory_back();
    TMLI_TRY(catch_signals(&err));
    serve_options_complete(&options, &log);
    TMLI_TRY(sm_paths_init(&paths, NULL, options.model_dir, NULL, &err));
    TMLI_TRY(run(&options, paths.model, &log, &err));
cleanup:
    sm_paths_deinit(&paths);
    if (status != TML_OK) {
        tml_logf(&log, TML_LOG_ERROR, "%s", err.text);
    }
    return status == TML_OK ? 0 : 1;
}
