/* P1: milliseconds from starting a server's process to its first 200 on GET /ping.
 *
 * The clock starts before the process is made. Every 0.2 ms a connection is tried; a refused one costs little and takes
 * next to nothing from the server that is starting. Then the server is ended with SIGTERM and the next round begins. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/http.h"
#include "bench/measure.h"
#include "support/wire.h"

static const char usage[] = "bench_start ROUNDS SERVER [ARGUMENT with {port}]…";

static const double give_up_seconds = 60;

static bool answers_ping(uint16_t port, tmli_buf *scratch)
{
    const int fd = wire_connect(port);
    if (fd < 0) {
        return false;
    }
    tml_str body = {0};
    const bool is_ready =
        wire_send(fd,
                  TML_STR("GET /ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) &&
        wire_receive(fd, scratch, &body) == 200;
    (void)close(fd);
    return is_ready;
}

static double measure_start(char *const *argv, tmli_buf *scratch)
{
    const double start = tmli_seconds();
    const bench_server server = bench_server_start(argv);
    while (!answers_ping(server.port, scratch)) {
        int state = 0;
        if (waitpid(server.pid, &state, WNOHANG) != 0) {
            bench_fail("%s ended before it answered", argv[0]);
        }
        if (tmli_seconds() - start > give_up_seconds) {
            (void)bench_server_stop(&server);
            bench_fail("%s did not answer /ping with 200 within %.0f s", argv[0], give_up_seconds);
        }
        const struct timespec pause = {.tv_nsec = 200000};
        (void)nanosleep(&pause, NULL);
    }
    const double seconds = tmli_seconds() - start;
    if (!bench_server_stop(&server)) {
        bench_fail("%s did not end with 0 after SIGTERM", argv[0]);
    }
    return seconds * 1000;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        bench_usage(usage);
    }
    const size_t n_rounds = bench_count("ROUNDS", argv[1], 1, BENCH_ROUNDS_MAX);
    static bench_figures milliseconds;
    tmli_buf scratch = {0};
    for (size_t round = 0; round < n_rounds; round++) {
        bench_add(&milliseconds, measure_start(argv + 2, &scratch));
    }
    tmli_buf_deinit(&scratch);
    printf("{\"bench\": \"start\"");
    bench_print("milliseconds", &milliseconds);
    printf("}\n");
    return 0;
}
