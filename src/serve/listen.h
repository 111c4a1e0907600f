/* serve/listen.h: the listening socket. */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stddef.h>
#include <stdint.h>

#include "textml/status.h"

/* Raises the soft limit of open files to the hard one. Returns how many connections there may then be, at least 1. */
size_t serve_raise_open_files(void);

/* Listens on host, an IPv4 or IPv6 address, and *port; 0 takes any free one. The socket does not block. A client that takes
 * nothing of what was sent to it for so many seconds is given up by the kernel; 0: never.
 * *fd: the caller closes it; *port: the one that was bound. Errors: TML_EINVAL for host; TML_EIO with the reason. */
TML_NODISCARD tml_status serve_listen(const char *host, uint16_t *port, unsigned unread_s, int *fd,
                                      tml_error *err);

/* No connection is completed any more, and those that nobody has accepted are reset. fd stays open, as something on which
 * nothing ever happens: whoever waits for it need not be told. */
void serve_listen_end(int fd);

#endif
