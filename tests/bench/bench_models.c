/* Many models with names: milliseconds from sending POST /models to its answer, for each of N copies of a model that lie
 * below ROOT/models/mI/model (run.sh puts them there), then one request to each, then a limit that only half of them fit
 * into, which must be met with 507.
 *
 * The server loads, verifies and answers; files in the page cache, as after a download. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "bench/http.h"
#include "bench/measure.h"
#include "support/wire.h"

static const char usage[] = "bench_models SERVER ROOT N MODEL_BYTES";

typedef struct client {
    bench_server server;
    int fd;
    tmli_buf request;
    tmli_buf answer;
} client;

static void start(client *c, char *const *argv)
{
    c->server = bench_server_start(argv);
    const double end = tmli_seconds() + 60;
    while ((c->fd = wire_connect(c->server.port)) < 0) {
        const struct timespec pause = {.tv_nsec = 1000000};
        (void)nanosleep(&pause, NULL);
        if (tmli_seconds() > end) {
            bench_fail("%s does not listen", argv[0]);
        }
    }
}

static void stop(client *c)
{
    (void)close(c->fd);
    if (!bench_server_stop(&c->server)) {
        bench_fail("the server did not end with 0 after SIGTERM");
    }
}

static unsigned post(client *c, const char *path, const char *body)
{
    tml_str got = {0};
    tmli_buf_reset(&c->request);
    tmli_buf_printf(&c->request,
                    "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                    "Content-Length: %zu\r\n\r\n%s",
                    path, strlen(body), body);
    if (!wire_send(c->fd, tmli_buf_str(&c->request))) {
        bench_fail("the connection broke");
    }
    return wire_receive(c->fd, &c->answer, &got);
}

static unsigned load(client *c, const char *root, size_t i)
{
    char body[1024];
    (void)snprintf(body, sizeof(body), "{\"model_name\":\"m%zu\",\"url\":\"%s/models/m%zu/model\"}",
                   i, root, i);
    return post(c, "/models", body);
}

/* Loads all, then asks each; *loads and *asks in milliseconds. */
static void load_all(const char *server, const char *root, size_t n, bench_figures *loads,
                     bench_figures *asks)
{
    client c = {.fd = -1};
    char path[64];
    char *argv[] = {
        (char *)(uintptr_t)server, "--quiet", "--host", "127.0.0.1", "--port", "{port}", NULL};
    start(&c, argv);
    for (size_t i = 0; i < n; i++) {
        const double begin = tmli_seconds();
        const unsigned status = load(&c, root, i);
        bench_add(loads, (tmli_seconds() - begin) * 1000);
        if (status != 200) {
            bench_fail("model %zu: %u", i, status);
        }
    }
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(path, sizeof(path), "/models/m%zu/invoke", i);
        const double begin = tmli_seconds();
        const unsigned status = post(&c, path, "{\"input\": \"Fed holds rates\"}");
        bench_add(asks, (tmli_seconds() - begin) * 1000);
        if (status != 200) {
            bench_fail("model %zu does not answer: %u", i, status);
        }
    }
    stop(&c);
    tmli_buf_deinit(&c.request);
    tmli_buf_deinit(&c.answer);
}

/* How many fit where half should. */
static size_t load_until_507(const char *server, const char *root, size_t n, size_t model_bytes)
{
    client c = {.fd = -1};
    char limit[32];
    size_t n_loaded = 0;
    unsigned status = 200;
    (void)snprintf(limit, sizeof(limit), "%zu", n / 2 * model_bytes);
    char *argv[] = {(char *)(uintptr_t)server, "--quiet", "--host", "127.0.0.1", "--port", "{port}",
                    "--max-model-memory",      limit,     NULL};
    start(&c, argv);
    while (status == 200 && n_loaded < n) {
        status = load(&c, root, n_loaded);
        n_loaded += status == 200 ? 1 : 0;
    }
    if (status != 507) {
        bench_fail("%zu models: %u where 507 is due", n_loaded, status);
    }
    stop(&c);
    tmli_buf_deinit(&c.request);
    tmli_buf_deinit(&c.answer);
    return n_loaded;
}

int main(int argc, char **argv)
{
    static bench_figures loads;
    static bench_figures asks;
    if (argc != 5) {
        bench_usage(usage);
    }
    const char *server = argv[1];
    const char *root = argv[2];
    const size_t n = bench_count("N", argv[3], 2, BENCH_ROUNDS_MAX);
    const size_t model_bytes = bench_count("MODEL_BYTES", argv[4], 1, 1U << 30);
    if (setenv("SAGEMAKER_MULTI_MODEL", "true", 1) != 0 ||
        setenv("SAGEMAKER_BASE_DIR", root, 1) != 0) {
        bench_fail("out of memory");
    }
    load_all(server, root, n, &loads, &asks);
    const size_t n_fitting = load_until_507(server, root, n, model_bytes);
    printf("{\"bench\": \"models\", \"models\": %zu, \"fitting\": %zu, \"load_mean\": %.6g", n,
           n_fitting, bench_mean(&loads));
    bench_print("load", &loads);
    bench_print("ask", &asks);
    printf("}\n");
    return 0;
}
