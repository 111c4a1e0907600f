#include "support/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 256 << 10
};

int wire_connect_narrow(unsigned port, int n_receive_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd >= 0 && n_receive_bytes > 0) { /* before connecting, or the window is promised already */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &n_receive_bytes, sizeof n_receive_bytes);
    }
    if (fd >= 0 && (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)) {
        const int error = errno;
        (void)close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int wire_connect(unsigned port)
{
    return wire_connect_narrow(port, 0);
}

bool wire_send(int fd, tml_str bytes)
{
    while (bytes.len > 0) {
        const ssize_t n = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

/* The value of a header in the head that ends at end, or NULL. */
static const char *find_header(const char *text, const char *end, const char *name)
{
    const size_t n = strlen(name);
    for (const char *line = strstr(text, "\r\n"); line < end; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0) {
            return line + 2 + n;
        }
    }
    return NULL;
}

size_t wire_answer_bytes(const char *text, size_t *head)
{
    const char *const end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *const length = find_header(text, end, "Content-Length:");
    *head = (size_t)(end - text) + 4;
    return *head + (length != NULL ? strtoul(length, NULL, 10) : 0);
}

static bool read_more(int fd, tmli_buf *in)
{
    ssize_t n = -1;
    if (!tmli_buf_reserve(in, RECEIVE_BYTES + 1)) {
        return false;
    }
    do {
        n = recv(fd, in->data + in->len, RECEIVE_BYTES, 0);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    in->len += (size_t)n;
    in->data[in->len] = '\0';
    return true;
}

/* Moves chunks from `from` on together, which are read on as need be; *n_body: their bytes. */
static bool join_chunks(int fd, tmli_buf *in, size_t from, size_t *n_body)
{
    size_t at = from;
    size_t to = from;
    for (;;) {
        const char *const end = strstr(in->data + at, "\r\n");
        if (end == NULL) {
            if (!read_more(fd, in)) {
                return false;
            }
            continue;
        }
        const size_t n = strtoul(in->data + at, NULL, 16);
        at = (size_t)(end - in->data) + 2;
        while (in->len < at + n + 2) {
            if (!read_more(fd, in)) {
                return false;
            }
        }
        memmove(in->data + to, in->data + at, n);
        at += n + 2;
        to += n;
        if (n == 0) {
            *n_body = to - from;
            return true;
        }
    }
}

unsigned wire_receive(int fd, tmli_buf *in, tml_str *body)
{
    static const char version[] = "HTTP/1.1 ";
    size_t head = 0;
    size_t whole = 0;
    size_t n_body = 0;
    tmli_buf_reset(in);
    while (whole == 0 || in->len < whole) {
        if (!read_more(fd, in)) {
            return 0;
        }
        whole = whole > 0 ? whole : wire_answer_bytes(in->data, &head);
    }
    n_body = whole - head;
    if (n_body == 0 && find_header(in->data, in->data + head - 4, "Transfer-Encoding:") != NULL &&
        !join_chunks(fd, in, head, &n_body)) {
        return 0;
    }
    *body = (tml_str){in->data + head, n_body};
    return strncmp(in->data, version, strlen(version)) == 0
               ? (unsigned)strtoul(in->data + strlen(version), NULL, 10)
               : 0;
}
