/* Address in words → socket that listens. */
#include "serve/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/status.h"

enum {
    SPARE_FILES = 64, /* descriptors that are not connections: models, logs, epoll sets */
};

size_t serve_raise_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return SPARE_FILES;
    }
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (before < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        limit.rlim_cur = before;
    }
    return limit.rlim_cur > 2 * SPARE_FILES ? (size_t)limit.rlim_cur - SPARE_FILES
                                            : (size_t)(limit.rlim_cur + 1) / 2;
}

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

/* The length of the address, or 0 when host is none. */
static socklen_t parse(const char *host, uint16_t port, address *out)
{
    *out = (address){0};
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons(port);
        return sizeof(out->v4);
    }
    *out = (address){0};
    if (inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1) {
        out->v6.sin6_family = AF_INET6;
        out->v6.sin6_port = htons(port);
        return sizeof(out->v6);
    }
    return 0;
}

void serve_listen_end(int fd)
{
    int silent[2];
    if (pipe(silent) != 0) {
        (void)shutdown(fd,
                       SHUT_RDWR); /* without a descriptor: those who wait for it wake in vain */
        return;
    }
    /* The kernel takes the socket, which nobody has open any more, out of all epoll sets. The end that is written to must stay
     * open, until the process ends. */
    (void)dup2(silent[0], fd);
    (void)close(silent[0]);
}

tml_status serve_listen(const char *host, uint16_t *port, unsigned unread_s, int *fd,
                        tml_error *err)
{
    address at;
    socklen_t n = parse(host, *port, &at);
    if (n == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "--host: \"%.64s\" is not an IPv4 or IPv6 address, such as 0.0.0.0 or "
                         "127.0.0.1",
                         host);
    }
    const int yes = 1;
    const unsigned unread_ms = unread_s * 1000U;
    /* Several threads accept from it: it must not block the one that comes second. */
    const int made = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        /* Accepted sockets inherit it. */
        setsockopt(made, IPPROTO_TCP, TCP_USER_TIMEOUT, &unread_ms, sizeof(unread_ms)) != 0 ||
        bind(made, &at.any, n) != 0 || listen(made, SOMAXCONN) != 0 ||
        getsockname(made, &at.any, &n) != 0) {
        const int why = errno;
        if (made >= 0) {
            (void)close(made);
        }
        return tmli_fail(err, TML_EIO, "cannot listen on %s, port %u: %s; choose another --port",
                         host, (unsigned)*port, strerror(why));
    }
    *port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
    *fd = made;
    return TML_OK;
}
