#include "base/thread.h"

#include <signal.h>

int tmli_thread_start(pthread_t *out, void *(*run)(void *ctx), void *ctx)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    /* What a thread causes itself comes to itself: blocked, it ends the process past any handler. */
    static const int own[] = {SIGBUS, SIGSEGV, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        (void)sigdelset(&all, own[i]);
    }
    int error = pthread_sigmask(SIG_SETMASK, &all, &before); /* which the new thread inherits */
    if (error == 0) {
        error = pthread_create(out, NULL, run, ctx);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return error;
}
