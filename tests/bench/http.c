#include "bench/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/measure.h"

enum {
    RECEIVE_BYTES = 256 << 10,
    MAX_ARGS = 64
};

extern char **environ;

/* ---- client ---- */

static struct sockaddr_in local_address(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int bench_connect(uint16_t port)
{
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        bench_fail("no socket: %s", strerror(errno));
    }
    const struct sockaddr_in address = local_address(port);
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(fd);
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

bool bench_send(int fd, tml_str text)
{
    while (text.len > 0) {
        const ssize_t n = send(fd, text.data, text.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        text.data += n;
        text.len -= (size_t)n;
    }
    return true;
}

/* Bytes of head and body together once the head is complete, else 0; *head: bytes of the head. */
static size_t answer_bytes(const char *text, size_t *head)
{
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    *head = (size_t)(end - text) + 4;
    static const char name[] = "content-length:";
    for (const char *line = text; line < end; line = strchr(line, '\n') + 1) {
        if (strncasecmp(line, name, sizeof(name) - 1) == 0) {
            return *head + strtoul(line + sizeof(name) - 1, NULL, 10);
        }
    }
    return *head;
}

unsigned bench_receive(int fd, tmli_buf *out, tml_str *body)
{
    tmli_buf_reset(out);
    size_t head = 0;
    for (size_t need = 0; need == 0 || out->len < need;) {
        if (!tmli_buf_reserve(out, RECEIVE_BYTES + 1)) {
            bench_fail("out of memory");
        }
        const ssize_t n = recv(fd, out->data + out->len, RECEIVE_BYTES, 0);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return 0;
        }
        out->len += (size_t)n;
        if (need == 0) {
            out->data[out->len] = '\0';
            need = answer_bytes(out->data, &head);
        }
    }
    *body = (tml_str){out->data + head, out->len - head};
    const size_t version_len = strlen("HTTP/1.1 ");
    return out->len > version_len && strncmp(out->data, "HTTP/1.1 ", version_len) == 0
               ? (unsigned)strtoul(out->data + version_len, NULL, 10)
               : 0;
}

/* ---- server ---- */

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
