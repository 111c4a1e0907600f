/* serve/announce.h: the line that says that requests are answered from now on, and what was found. */
#ifndef SERVE_ANNOUNCE_H
#define SERVE_ANNOUNCE_H

#include <stdint.h>

#include "serve/options.h"
#include "serve/server.h"

/* Nothing with --quiet. Standard output, as an object with --log-format json. */
void serve_announce(const serve_options *options, serve_server *server, uint16_t port);

#endif
