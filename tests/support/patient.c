#include "support/patient.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    RECEIVE_BYTES = 64 << 10,
    PATIENCE_S = 60
};

int patient_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const struct timeval limit = {.tv_sec = PATIENCE_S};
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}

bool patient_send(int fd, tml_str bytes)
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

/* A header's value in head, whose end is a NUL, or NULL. */
static const char *find_header(const char *head, const char *name)
{
    const size_t n = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            return line + 3 + n;
        }
    }
    return NULL;
}

/* Chunks behind `at` in `in`, which is read on as need be. */
static bool take_chunks(int fd, tmli_buf *in, size_t at, tmli_buf *body)
{
    for (;;) {
        const char *end = strstr(in->data + at, "\r\n");
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
        tmli_buf_append(body, in->data + at, n);
        at += n + 2;
        if (n == 0) {
            return !body->failed;
        }
    }
}

static unsigned receive(int fd, tmli_buf *in, tmli_buf *body)
{
    char *end = NULL;
    while (end == NULL) {
        if (!read_more(fd, in)) {
            return 0;
        }
        end = strstr(in->data, "\r\n\r\n");
    }
    const size_t head = (size_t)(end - in->data) + 4;
    end[2] = '\0'; /* the head by itself */
    const unsigned status =
        strncmp(in->data, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(in->data + 9, NULL, 10) : 0;
    const char *length = find_header(in->data, "Content-Length");
    if (length == NULL && find_header(in->data, "Transfer-Encoding") != NULL) {
        return take_chunks(fd, in, head, body) ? status : 0;
    }
    const size_t n = length != NULL ? strtoul(length, NULL, 10) : 0;
    while (in->len < head + n) {
        if (!read_more(fd, in)) {
            return 0;
        }
    }
    tmli_buf_append(body, in->data + head, n);
    return body->failed ? 0 : status;
}

unsigned patient_receive(int fd, tmli_buf *body)
{
    tmli_buf in = {0};
    tmli_buf_reset(body);
    const unsigned status = receive(fd, &in, body);
    tmli_buf_deinit(&in);
    return status;
}

unsigned patient_invoke(int fd, const char *type, const char *accept, tml_str body,
                        tmli_buf *answer)
{
    tmli_buf head = {0};
    tmli_buf_printf(&head,
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nAccept: %s\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    type, accept, body.len);
    const bool is_sent =
        !head.failed && patient_send(fd, tmli_buf_str(&head)) && patient_send(fd, body);
    tmli_buf_deinit(&head);
    return is_sent ? patient_receive(fd, answer) : 0;
}
