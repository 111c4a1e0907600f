/* base/thread.h: threads of the library. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* pthread_create for a thread that takes no signals: those are the business of the threads that the program started
 * itself. Returns an errno value, 0 when it runs; *out is then to be joined. */
int tmli_thread_start(pthread_t *out, void *(*run)(void *ctx), void *ctx);

#endif
