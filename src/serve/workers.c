/* A queue of jobs and the threads that take them. */
#include "serve/workers.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/status.h"

enum {
    STACK_BYTES = 512 << 10
}; /* address space; what is touched counts, a few pages */

struct serve_workers {
    serve_server *server; /* fixed, as are the next two */
    void (*work)(serve_lane *lane, serve_job *job);
    size_t max_threads;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    serve_job *first; /* under lock, as all below */
    serve_job *last;
    size_t n_waiting; /* jobs */
    size_t n_idle;    /* threads that wait for one */
    bool closing;
    pthread_t *threads; /* [max_threads] */
    size_t n_threads;
};

/* The next job, or NULL when there is none and will be none. */
static serve_job *take(serve_workers *workers)
{
    (void)pthread_mutex_lock(&workers->lock);
    workers->n_idle++;
    while (workers->first == NULL && !workers->closing) {
        (void)pthread_cond_wait(&workers->changed, &workers->lock);
    }
    workers->n_idle--;
    serve_job *job = workers->first;
    if (job != NULL) {
        workers->first = job->next;
        workers->n_waiting--;
        atomic_store_explicit(&workers->server->n_queued, workers->n_waiting, memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&workers->lock);
    return job;
}

static void *run(void *arg)
{
    serve_workers *workers = arg;
    /* Without memory for a lane of its own the thread answers nothing; work must cope with NULL. */
    serve_lane *lane = serve_lane_create(workers->server);
    for (serve_job *job = take(workers); job != NULL; job = take(workers)) {
        workers->work(lane, job);
    }
    return NULL;
}

static bool start_thread(serve_workers *workers)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) {
        return false;
    }
    (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
    const bool done =
        pthread_create(&workers->threads[workers->n_threads], &attr, run, workers) == 0;
    (void)pthread_attr_destroy(&attr);
    workers->n_threads += done ? 1 : 0;
    return done;
}

bool serve_workers_ready(serve_workers *workers)
{
    (void)pthread_mutex_lock(&workers->lock);
    if (workers->n_waiting >= workers->n_idle && workers->n_threads < workers->max_threads) {
        (void)start_thread(workers); /* without it the job waits for the others, if there are any */
    }
    const bool ready = workers->n_threads > 0;
    (void)pthread_mutex_unlock(&workers->lock);
    return ready;
}

void serve_workers_add(serve_workers *workers, serve_job *job)
{
    job->next = NULL;
    (void)pthread_mutex_lock(&workers->lock);
    if (workers->first == NULL) {
        workers->first = job;
    } else {
        workers->last->next = job;
    }
    workers->last = job;
    workers->n_waiting++;
    atomic_store_explicit(&workers->server->n_queued, workers->n_waiting, memory_order_relaxed);
    (void)pthread_cond_signal(&workers->changed);
    (void)pthread_mutex_unlock(&workers->lock);
}

tml_status serve_workers_create(serve_server *server, size_t n_threads,
                                void (*work)(serve_lane *lane, serve_job *job), serve_workers **out,
                                tml_error *err)
{
    serve_workers *workers = tmli_calloc(1, sizeof(*workers));
    pthread_t *threads = tmli_alloc(n_threads, sizeof(*threads));
    if (workers == NULL || threads == NULL) {
        tmli_free(workers);
        tmli_free(threads);
        return tmli_fail_memory(err, "the threads for long requests");
    }
    *workers = (serve_workers){
        .server = server, .work = work, .max_threads = n_threads, .threads = threads};
    (void)pthread_mutex_init(&workers->lock, NULL);
    (void)pthread_cond_init(&workers->changed, NULL);
    *out = workers;
    return TML_OK;
}

void serve_workers_free(serve_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&workers->lock);
    workers->closing = true;
    (void)pthread_cond_broadcast(&workers->changed);
    (void)pthread_mutex_unlock(&workers->lock);
    for (size_t i = 0; i < workers->n_threads; i++) {
        (void)pthread_join(workers->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&workers->changed);
    (void)pthread_mutex_destroy(&workers->lock);
    tmli_free(workers->threads);
    tmli_free(workers);
}
