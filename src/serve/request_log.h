/* serve/request_log.h: a line for each request at the debug level. Nothing of what a client wrote stands in it: a hash and
 * a length stand for the text. */
#ifndef SERVE_REQUEST_LOG_H
#define SERVE_REQUEST_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "serve/routes.h"

uint64_t serve_hash_of_body(const serve_server *server, tml_str body);
bool serve_logs_requests(const serve_server *server);
/* now: when the answer was made, by tmli_ticks. */
void serve_log_request(const serve_server *server, const serve_call *call, uint64_t now);

#endif
