/* serve/listen.h: the listening socket. */
#ifndef SERVE_LISTEN_H
#define SERVE_LISTEN_H

#include <stdint.h>

#include "textml/status.h"

/* Listens on host, an IPv4 or IPv6 address, and *port; 0 takes any free one. The socket does not block.
 * *fd: the caller closes it; *port: the one that was bound. Errors: TML_EINVAL for host; TML_EIO with the reason. */
TML_NODISCARD tml_status serve_listen(const char *host, uint16_t *port, int *fd, tml_error *err);

#endif
