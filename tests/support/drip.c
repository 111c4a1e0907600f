/* A FIFO fed byte by byte: the next byte is written when the last one was taken. */
#include "support/drip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct drip {
    char *path; /* owned */
    const char *bytes;
    size_t n;
    atomic_bool is_ended;
    pthread_t thread;
};

/* Waits until the reader has taken what is in the FIFO; false when the test is over. */
static bool wait_empty(const drip *d, int fd)
{
    int n_inside = 1;
    while (n_inside > 0 && !atomic_load(&d->is_ended)) {
        if (ioctl(fd, FIONREAD, &n_inside) != 0) {
            return false;
        }
        (void)sched_yield();
    }
    return n_inside == 0;
}

static void *feed(void *ctx)
{
    drip *const d = ctx;
    const int fd = open(d->path, O_WRONLY | O_CLOEXEC); /* waits for the reader */
    for (size_t i = 0; fd >= 0 && i < d->n; i++) {
        if (write(fd, d->bytes + i, 1) != 1 || !wait_empty(d, fd)) {
            break;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return NULL;
}

drip *drip_begin(const char *path, const void *bytes, size_t n)
{
    drip *const d = calloc(1, sizeof *d);
    assert_non_null(d);
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that stops early is no reason to die */
    d->path = strdup(path);
    d->bytes = bytes;
    d->n = n;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(pthread_create(&d->thread, NULL, feed, d), 0);
    return d;
}

void drip_end(drip *d)
{
    atomic_store(&d->is_ended, true);
    assert_int_equal(pthread_join(d->thread, NULL), 0);
    assert_int_equal(unlink(d->path), 0);
    free(d->path);
    free(d);
}
