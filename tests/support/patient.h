/* support/patient.h: HTTP by hand for the threads of a load. A thread cannot end a cmocka test, so every call says how it
 * went; waits are bounded. */
#ifndef SUPPORT_PATIENT_H
#define SUPPORT_PATIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "textml/str.h"

/* A connected socket of the loopback, or -1. */
int patient_connect(unsigned port);
bool patient_send(int fd, tml_str bytes);
/* One answer with a Content-Length or in chunks: its status, or 0 when the connection broke, nothing came for a minute, or
 * it is no answer. body: reset first. */
unsigned patient_receive(int fd, tmli_buf *body);
/* A whole POST /invocations. */
unsigned patient_invoke(int fd, const char *type, const char *accept, tml_str body,
                        tmli_buf *answer);

#endif
