/* What idle keep-alive connections cost a server: it is asked once over each of N connections, which then stay open, and
 * its resident memory is compared with that before the first of them. All come from one address. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "bench/measure.h"
#include "support/wire.h"

static const char usage[] = "bench_idle PORT PID CONNECTIONS\n  PID: the server's";

enum {
    MAX_CONNECTIONS = 28000, /* about as many ports as one address has for its own ends */
    WARMING_CONNECTIONS = 64 /* so many requests that each thread has had some */
};

static size_t resident_kb(size_t pid)
{
    char path[64];
    char line[256];
    static const char field[] = "VmRSS:";
    size_t kb = 0;
    (void)snprintf(path, sizeof(path), "/proc/%zu/status", pid);
    FILE *file = fopen(path, "r");
    while (file != NULL && kb == 0 && fgets(line, sizeof(line), file) != NULL) {
        kb = strncmp(line, field, strlen(field)) == 0 ? strtoul(line + strlen(field), NULL, 10) : 0;
    }
    if (kb == 0) {
        bench_fail("%s does not tell VmRSS", path);
    }
    (void)fclose(file);
    return kb;
}

/* Opens n connections and asks over each. */
static void ask_over_each(unsigned port, int *fds, size_t n)
{
    static const char body[] = "{\"input\": \"Fed holds rates\"}";
    tmli_buf request = {0};
    tmli_buf answer = {0};
    tmli_buf_printf(&request,
                    "POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                    "application/json\r\nContent-Length: %zu\r\n\r\n%s",
                    sizeof(body) - 1, body);
    for (size_t i = 0; i < n; i++) {
        tml_str got = {0};
        fds[i] = wire_connect(port);
        if (fds[i] < 0) {
            bench_fail("connection %zu: %s", i, strerror(errno));
        }
        const unsigned status =
            wire_send(fds[i], tmli_buf_str(&request)) ? wire_receive(fds[i], &answer, &got) : 0;
        if (status != 200) {
            bench_fail("connection %zu: status %u", i, status);
        }
    }
    tmli_buf_deinit(&request);
    tmli_buf_deinit(&answer);
}

static void close_all(const int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        (void)close(fds[i]);
    }
}

/* Whether the server still keeps each of them: nothing has come, not even an end. */
static size_t count_open(const int *fds, size_t n)
{
    size_t n_open = 0;
    for (size_t i = 0; i < n; i++) {
        char byte;
        n_open += recv(fds[i], &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN ? 1 : 0;
    }
    return n_open;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        bench_usage(usage);
    }
    const unsigned port = (unsigned)bench_count("PORT", argv[1], 1, UINT16_MAX);
    const size_t pid = bench_count("PID", argv[2], 1, INT32_MAX);
    const size_t n = bench_count("CONNECTIONS", argv[3], 1, MAX_CONNECTIONS);
    int *fds = tmli_alloc(n > WARMING_CONNECTIONS ? n : WARMING_CONNECTIONS, sizeof(*fds));
    bench_check_memory(fds);
    ask_over_each(port, fds, WARMING_CONNECTIONS);
    close_all(fds, WARMING_CONNECTIONS);
    const size_t before_kb = resident_kb(pid);
    ask_over_each(port, fds, n);
    const size_t after_kb = resident_kb(pid);
    const size_t n_open = count_open(fds, n);
    close_all(fds, n);
    tmli_free(fds);
    if (n_open != n) {
        bench_fail("the server closed %zu of %zu connections", n - n_open, n);
    }
    printf("{\"bench\": \"idle\", \"connections\": %zu, \"before_kb\": %zu, \"after_kb\": %zu}\n",
           n, before_kb, after_kb);
    return 0;
}
