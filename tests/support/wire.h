/* support/wire.h: HTTP by hand on sockets of the loopback, for all who ask without a library: no call prints, waits for a time, or
 * ends a test, so that threads and benches may use it. */
#ifndef SUPPORT_WIRE_H
#define SUPPORT_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "textml/str.h"

/* A connected socket that sends without delay, or -1 with errno. */
int wire_connect(unsigned port);
/* The same with a receive buffer of so many bytes: what is sent to it fills it at once. */
int wire_connect_narrow(unsigned port, int n_receive_bytes);
/* Sends all bytes; false when the connection broke. */
bool wire_send(int fd, tml_str bytes);
/* How many bytes the answer at text (ends in NUL) has in all by its Content-Length, and in *head those of its head; 0 while
 * that is not complete. */
size_t wire_answer_bytes(const char *text, size_t *head);
/* Reads one whole answer, with a Content-Length or in chunks, into *in (reset first). Its status; 0 when the connection broke, the
 * socket's own time limit was over, or it is no answer. *body: borrowed from *in, without the marks of chunks. What stands behind
 * the answer is lost: ask again only then. */
unsigned wire_receive(int fd, tmli_buf *in, tml_str *body);

#endif
