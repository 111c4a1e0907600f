#include "support/http.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/process.h"
#include "support/wire.h"

enum {
    ANSWER_BYTES_MAX = 256 << 20
};
static const double write_seconds = 30;

static int checked(int fd, unsigned port)
{
    if (fd < 0) {
        fail_msg("connect to port %u: %s", port, strerror(errno));
    }
    return fd;
}

int http_connect(unsigned port)
{
    return checked(wire_connect(port), port);
}

int http_connect_narrow(unsigned port)
{
    return checked(wire_connect_narrow(port, 4096), port);
}

void http_close(int fd)
{
    (void)close(fd);
}

bool http_is_refused(unsigned port)
{
    const int fd = wire_connect(port);
    if (fd >= 0) {
        (void)close(fd);
        return false;
    }
    return errno == ECONNREFUSED || errno == ECONNRESET;
}

/* Whether the socket is ready before the end of the time. */
static bool wait_for(int fd, short what, double end)
{
    const double left = end - process_clock();
    struct pollfd wait = {.fd = fd, .events = what};
    return left > 0 && poll(&wait, 1, (int)(left * 1000) + 1) > 0;
}

bool http_write(int fd, const void *bytes, size_t n)
{
    const char *at = bytes;
    const double end = process_clock() + write_seconds;
    while (n > 0) {
        if (!wait_for(fd, POLLOUT, end)) {
            fail_msg("%zu bytes could not be sent", n);
        }
        const ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
            return false;
        }
        if (sent < 0) {
            fail_msg("send: %s", strerror(errno));
        }
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool http_write_text(int fd, const char *text)
{
    return http_write(fd, text, strlen(text));
}

void http_end_writing(int fd)
{
    (void)shutdown(fd, SHUT_WR);
}

/* Room for one more byte and a NUL. */
static bool grow(char **text, size_t *room, size_t used)
{
    if (used + 2 <= *room) {
        return true;
    }
    const size_t larger = *room == 0 ? 4096 : *room * 2;
    char *const grown = larger <= ANSWER_BYTES_MAX ? realloc(*text, larger) : NULL;
    if (grown != NULL) {
        *text = grown;
        *room = larger;
    }
    return grown != NULL;
}

/* Reads one answer and not a byte of what stands behind it, or all until the end. */
static char *read_text(int fd, double seconds, bool is_one)
{
    const double end = process_clock() + seconds;
    size_t used = 0;
    size_t room = 0;
    char *text = NULL;
    while (grow(&text, &room, used)) {
        text[used] = '\0';
        size_t head = 0;
        const size_t whole = is_one ? wire_answer_bytes(text, &head) : 0;
        if (whole > 0 && used >= whole) {
            return text;
        }
        if (!wait_for(fd, POLLIN, end)) {
            print_error("so far: %s\n", text);
            break;
        }
        const size_t free_bytes = room - used - 1;
        const size_t wanted = whole > 0 ? whole - used : is_one ? 1 : free_bytes;
        const ssize_t n = recv(fd, text + used, wanted < free_bytes ? wanted : free_bytes, 0);
        if (n <= 0) {
            return text; /* closed, or reset by the other side */
        }
        used += (size_t)n;
    }
    free(text);
    fail_msg("no answer within %g seconds, or no memory for it", seconds);
    return NULL;
}

char *http_read_answer(int fd, double seconds)
{
    return read_text(fd, seconds, true);
}

char *http_read_all(int fd, double seconds)
{
    return read_text(fd, seconds, false);
}
