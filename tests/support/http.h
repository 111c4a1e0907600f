/* support/http.h: HTTP by hand on a loopback socket, for what no proper client would send. Every wait is bounded; each
 * call fails the running test when it cannot do its work. */
#ifndef SUPPORT_HTTP_H
#define SUPPORT_HTTP_H

#include <stdbool.h>
#include <stddef.h>

/* A connected socket; close it with http_close. */
int http_connect(unsigned port);
/* Likewise, and takes in a few kilobytes until they are read: most of a long answer stays with the server's kernel. */
int http_connect_narrow(unsigned port);
void http_close(int fd);
/* Whether nobody listens there. */
bool http_is_refused(unsigned port);
/* False when the other side has closed. */
bool http_write(int fd, const void *bytes, size_t n);
bool http_write_text(int fd, const char *text);
/* No more will be written; reading goes on. */
void http_end_writing(int fd);
/* One answer: header lines and as many bytes as Content-Length says (free). */
char *http_read_answer(int fd, double seconds);
/* Everything until the other side closes (free). */
char *http_read_all(int fd, double seconds);

#endif
