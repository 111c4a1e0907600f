#include "bench/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
    MAX_ARGS = 64
};

extern char **environ;

static struct sockaddr_in local_address(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

uint16_t bench_free_port(void)
{
    struct sockaddr_in address = local_address(0);
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        bench_fail("no free port: %s", strerror(errno));
    }
    (void)close(fd);
    return ntohs(address.sin_port);
}

/* arg with {port} replaced, in `out`. */
static char *fill_in(const char *arg, uint16_t port, char *out, size_t size)
{
    static const char mark[] = "{port}";
    const char *at = strstr(arg, mark);
    const int n = at == NULL ? snprintf(out, size, "%s", arg)
                             : snprintf(out, size, "%.*s%u%s", (int)(at - arg), arg, (unsigned)port,
                                        at + sizeof(mark) - 1);
    if (n < 0 || (size_t)n >= size) {
        bench_fail("an argument is too long: %s", arg);
    }
    return out;
}

bench_server bench_server_start(char *const *argv)
{
    static char texts[MAX_ARGS][4096];
    char *args[MAX_ARGS + 1] = {NULL};
    const uint16_t port = bench_free_port();
    size_t n = 0;
    for (; n < MAX_ARGS && argv[n] != NULL; n++) {
        args[n] = fill_in(argv[n], port, texts[n], sizeof(texts[n]));
    }
    if (args[0] == NULL || argv[n] != NULL) {
        bench_fail("a server's command has 1 to %d words", MAX_ARGS);
    }
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    if (posix_spawn_file_actions_init(&actions) != 0 ||
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO) != 0) {
        bench_fail("out of memory");
    }
    const int fault = posix_spawn(&pid, args[0], &actions, NULL, args, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    if (fault != 0) {
        bench_fail("%s: %s", args[0], strerror(fault));
    }
    return (bench_server){.pid = pid, .port = port};
}

bool bench_server_stop(const bench_server *server)
{
    int state = 0;
    (void)kill(server->pid, SIGTERM);
    while (waitpid(server->pid, &state, 0) < 0) {
        if (errno != EINTR) {
            return false;
        }
    }
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}
