/* support/patient.h: requests of the threads of a load. A thread cannot end a cmocka test, so every call says how it went; waits
 * are bounded. */
#ifndef SUPPORT_PATIENT_H
#define SUPPORT_PATIENT_H

#include "base/buf.h"
#include "textml/str.h"

/* A connected socket of the loopback on which nothing waits for more than a minute, or -1. */
int patient_connect(unsigned port);
/* A whole POST /invocations: the answer's status, or 0 when the connection broke, nothing came for a minute, or it is no
 * answer. answer: its body; reset first. */
unsigned patient_invoke(int fd, const char *type, const char *accept, tml_str body,
                        tmli_buf *answer);

#endif
