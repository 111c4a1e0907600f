/* What was found, how large it is, how many threads answer, and how long it took until they did. */
#include "serve/announce.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"

static void print_json(const serve_options *options, const tml_model *model, uint16_t port,
                       double ready_ms)
{
    tmli_buf line = {0};
    tmli_json_writer w;
    tmli_json_begin(&w, &line, 0);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "program", "serve");
    tmli_json_put_text(&w, "level", "info");
    tmli_json_put_text(&w, "message", "listening");
    tmli_json_put_text(&w, "host", options->host);
    tmli_json_put_u64(&w, "port", port);
    if (model != NULL) {
        tmli_json_put_text(&w, "recipe", tml_model_recipe_name(model));
        tmli_json_put_u64(&w, "labels", tml_model_labels(model));
        tmli_json_put_u64(&w, "bytes", tml_model_bytes(model));
    }
    tmli_json_put_u64(&w, "threads", options->settings.n_threads);
    tmli_json_put_double(&w, "ready_ms", round(10 * ready_ms) / 10);
    tmli_json_close_object(&w);
    const char *text = tmli_buf_cstr(&line);
    if (text != NULL) {
        (void)puts(text);
    }
    tmli_buf_deinit(&line);
}

/* "12.3 MB", with the unit that leaves at most three digits before the point. */
static void print_size(size_t bytes)
{
    static const char *const units[] = {"kB", "MB", "GB", "TB"};
    double size = (double)bytes / 1e3;
    size_t unit = 0;
    while (size >= 999.95 && unit < 3) {
        size /= 1e3;
        unit++;
    }
    (void)printf("%.1f %s", size, units[unit]);
}

static void print_text(const serve_options *options, const tml_model *model, uint16_t port,
                       double ready_ms)
{
    const size_t n_threads = options->settings.n_threads;
    (void)printf("serve: listening on %s:%u, ", options->host, (unsigned)port);
    if (model != NULL) {
        (void)printf("recipe %s, %zu labels, ", tml_model_recipe_name(model),
                     tml_model_labels(model));
        print_size(tml_model_bytes(model));
    } else {
        (void)printf("no model");
    }
    (void)printf(", %zu thread%s, ready in %.1f ms\n", n_threads, n_threads == 1 ? "" : "s",
                 ready_ms);
}

void serve_announce(const serve_options *options, serve_server *server, uint16_t port)
{
    if (options->quiet) {
        return;
    }
    const double ready_ms = 1e3 * (tmli_seconds() - server->started.seconds);
    serve_model *held = serve_models_hold_current(&server->models);
    const tml_model *model = held != NULL ? serve_model_of(held) : NULL;
    if (options->log_format == 1) {
        print_json(options, model, port, ready_ms);
    } else {
        print_text(options, model, port, ready_ms);
    }
    serve_models_let_go(&server->models, held);
    (void)fflush(stdout);
}
