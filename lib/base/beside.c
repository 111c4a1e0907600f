/* A thread that waits for a job, does it, and waits again. */
#include "base/beside.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"

struct tmli_beside {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* of the three below, which are under lock */
    tmli_beside_fn job;     /* NULL when none is under way */
    void *ctx;
    bool closing;
};

static void *run(void *ctx)
{
    tmli_beside *const beside = ctx;
    (void)pthread_mutex_lock(&beside->lock);
    for (;;) {
        while (beside->job == NULL && !beside->closing) {
            (void)pthread_cond_wait(&beside->changed, &beside->lock);
        }
        if (beside->job == NULL) {
            break;
        }
        (void)pthread_mutex_unlock(&beside->lock);
        beside->job(beside->ctx); /* nobody else changes the two while a job is under way */
        (void)pthread_mutex_lock(&beside->lock);
        beside->job = NULL;
        (void)pthread_cond_broadcast(&beside->changed);
    }
    (void)pthread_mutex_unlock(&beside->lock);
    return NULL;
}

tml_status tmli_beside_create(tmli_beside **out, tml_error *err)
{
    tmli_beside *const beside = tmli_calloc(1, sizeof *beside);
    if (beside == NULL) {
        return tmli_fail_memory(err, "a thread");
    }
    (void)pthread_mutex_init(&beside->lock, NULL);
    (void)pthread_cond_init(&beside->changed, NULL);
    const int error = tmli_thread_start(&beside->thread, run, beside);
    if (error != 0) {
        (void)pthread_cond_destroy(&beside->changed);
        (void)pthread_mutex_destroy(&beside->lock);
        tmli_free(beside);
        return tmli_fail(err, TML_EIO, "a thread beside the reading one: %s", strerror(error));
    }
    *out = beside;
    return TML_OK;
}

void tmli_beside_free(tmli_beside *beside)
{
    if (beside == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&beside->lock);
    beside->closing = true;
    (void)pthread_cond_broadcast(&beside->changed);
    (void)pthread_mutex_unlock(&beside->lock);
    (void)pthread_join(beside->thread, NULL);
    (void)pthread_cond_destroy(&beside->changed);
    (void)pthread_mutex_destroy(&beside->lock);
    tmli_free(beside);
}

void tmli_beside_start(tmli_beside *beside, tmli_beside_fn job, void *ctx)
{
    (void)pthread_mutex_lock(&beside->lock);
    while (beside->job != NULL) {
        (void)pthread_cond_wait(&beside->changed, &beside->lock);
    }
    beside->job = job;
    beside->ctx = ctx;
    (void)pthread_cond_broadcast(&beside->changed);
    (void)pthread_mutex_unlock(&beside->lock);
}

void tmli_beside_wait(tmli_beside *beside)
{
    (void)pthread_mutex_lock(&beside->lock);
    while (beside->job != NULL) {
        (void)pthread_cond_wait(&beside->changed, &beside->lock);
    }
    (void)pthread_mutex_unlock(&beside->lock);
}
