#include "support/patient.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/wire.h"

enum {
    PATIENCE_S = 60
};

int patient_connect(unsigned port)
{
    const struct timeval limit = {.tv_sec = PATIENCE_S};
    const int fd = wire_connect(port);
    if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
                    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

unsigned patient_invoke(int fd, const char *type, const char *accept, tml_str body,
                        tmli_buf *answer)
{
    tmli_buf head = {0};
    tmli_buf in = {0};
    tml_str got = {0};
    unsigned status = 0;
    tmli_buf_printf(&head,
                    "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nAccept: %s\r\n"
                    "Content-Length: %zu\r\n\r\n",
                    type, accept, body.len);
    tmli_buf_reset(answer);
    if (!head.failed && wire_send(fd, tmli_buf_str(&head)) && wire_send(fd, body)) {
        status = wire_receive(fd, &in, &got);
        tmli_buf_append_str(answer, got);
    }
    tmli_buf_deinit(&head);
    tmli_buf_deinit(&in);
    return answer->failed ? 0 : status;
}
