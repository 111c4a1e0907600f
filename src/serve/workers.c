/* Lists of jobs and the threads that take them. */
#include "serve/workers.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/scheduling.h"

enum {
    STACK_BYTES = 512 << 10,   /* address space; what is touched counts, a few pages */
    SHORT_JOB_BYTES = 1 << 20, /* some 16,000 headlines: done in a few slices */
    MAX_BEGUN_SHORT = 32,      /* likewise */
    BEGUN_LONG_A_THREAD = 2,   /* so that two of 100 MiB share a thread, not ten their memory */
    BYTES_A_SECOND = 8 << 20,  /* of a thread: a low guess, for when to try again */
    MAX_RETRY_AFTER_S = 60,
};

/* In the order in which they take turns. */
typedef enum list_name {
    NEW_SHORT,
    BEGUN_SHORT,
    BEGUN_LONG,
    NEW_LONG
} list_name;

enum {
    N_LISTS = NEW_LONG + 1
};

typedef struct job_list {
    serve_job *first;
    serve_job *last;
} job_list;

struct serve_workers {
    serve_server *server; /* fixed, as is the next */
    serve_workers_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    job_list lists[N_LISTS]; /* under lock, as all below */
    size_t turn;             /* the list that comes first now */
    size_t n_begun_short;    /* waiting or worked on; likewise the next three */
    size_t n_begun_long;
    size_t n_jobs;
    size_t n_bytes;
    bool closing;
    pthread_t *threads; /* [options.n_threads] */
    size_t n_threads;
};

/* ---- lists ---- */

static bool is_short(const serve_job *job)
{
    return job->n_bytes <= SHORT_JOB_BYTES;
}

/* Under the lock. */
static void put(serve_workers *workers, serve_job *job)
{
    const list_name name = job->has_begun ? (is_short(job) ? BEGUN_SHORT : BEGUN_LONG)
                                          : (is_short(job) ? NEW_SHORT : NEW_LONG);
    job_list *list = &workers->lists[name];
    job->next = NULL;
    if (list->first == NULL) {
        list->first = job;
    } else {
        list->last->next = job;
    }
    list->last = job;
}

/* Under the lock. */
static bool may_begin(const serve_workers *workers, size_t list)
{
    switch ((list_name)list) {
    case NEW_SHORT: return workers->n_begun_short < MAX_BEGUN_SHORT;
    case NEW_LONG: return workers->n_begun_long < BEGUN_LONG_A_THREAD * workers->options.n_threads;
    case BEGUN_SHORT:
    case BEGUN_LONG: break;
    }
    return true;
}

/* The job whose turn it is, begun from now on, or NULL. Under the lock. */
static serve_job *choose(serve_workers *workers)
{
    for (size_t i = 0; i < N_LISTS; i++) {
        const size_t at = (workers->turn + i) % N_LISTS;
        job_list *list = &workers->lists[at];
        if (list->first == NULL || !may_begin(workers, at)) {
            continue;
        }
        serve_job *job = list->first;
        list->first = job->next;
        workers->turn = at + 1;
        if (!job->has_begun) {
            job->has_begun = true;
            *(is_short(job) ? &workers->n_begun_short : &workers->n_begun_long) += 1;
        }
        return job;
    }
    return NULL;
}

/* ---- threads ---- */

/* The next job, or NULL when there is none and will be none. What cannot begin yet does so when another is done. */
static serve_job *take(serve_workers *workers)
{
    (void)pthread_mutex_lock(&workers->lock);
    serve_job *job = choose(workers);
    while (job == NULL && (!workers->closing || workers->n_jobs > 0)) {
        (void)pthread_cond_wait(&workers->changed, &workers->lock);
        job = choose(workers);
    }
    (void)pthread_mutex_unlock(&workers->lock);
    return job;
}

/* One slice. */
static void work(serve_workers *workers, serve_lane *lane, serve_job *job)
{
    const bool was_short = is_short(job);
    const size_t n_bytes = job->n_bytes;
    const bool is_done = workers->options.work(lane, job);
    (void)pthread_mutex_lock(&workers->lock);
    if (is_done) {
        *(was_short ? &workers->n_begun_short : &workers->n_begun_long) -= 1;
        workers->n_jobs--;
        (void)atomic_fetch_sub_explicit(&workers->server->n_queued, 1, memory_order_relaxed);
        workers->n_bytes -= n_bytes;
        (void)pthread_cond_broadcast(&workers->changed);
    } else {
        put(workers, job); /* this thread comes back for it, or others are awake */
    }
    (void)pthread_mutex_unlock(&workers->lock);
    if (is_done && workers->options.finish != NULL) {
        workers->options.finish(job);
    }
}

static void *run(void *arg)
{
    serve_workers *workers = arg;
    serve_schedule_worker();
    serve_lane *lane = serve_lane_create(workers->server);
    for (serve_job *job = take(workers); job != NULL; job = take(workers)) {
        work(workers, lane, job);
    }
    return NULL;
}

static void start_thread(serve_workers *workers)
{
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0) {
        return;
    }
    (void)pthread_attr_setstacksize(&attr, STACK_BYTES);
    if (pthread_create(&workers->threads[workers->n_threads], &attr, run, workers) == 0) {
        workers->n_threads++;
    }
    (void)pthread_attr_destroy(&attr);
}

/* ---- jobs ---- */

/* With n_others bytes of bodies that are still arriving. One alone always has room: --max-body is its limit. Under the lock. */
static bool is_full(const serve_workers *workers, size_t n_bytes, size_t n_others)
{
    const serve_workers_options *options = &workers->options;
    const size_t n_taken = workers->n_bytes + n_others;
    return (options->max_jobs > 0 && workers->n_jobs >= options->max_jobs) ||
           (options->max_bytes > 0 && (workers->n_jobs > 0 || n_others > 0) &&
            (n_taken >= options->max_bytes || n_bytes > options->max_bytes - n_taken));
}

static unsigned seconds_until_room(const serve_workers *workers)
{
    const size_t seconds =
        1 + workers->n_bytes / ((size_t)BYTES_A_SECOND * workers->options.n_threads);
    return seconds < MAX_RETRY_AFTER_S ? (unsigned)seconds : (unsigned)MAX_RETRY_AFTER_S;
}

bool serve_workers_have_room(serve_workers *workers, size_t n_bytes, size_t n_here,
                             unsigned *retry_after_s)
{
    const size_t n_arriving =
        atomic_load_explicit(&workers->server->n_arriving, memory_order_relaxed);
    (void)pthread_mutex_lock(&workers->lock);
    const bool has_room = !is_full(workers, n_bytes, n_arriving - n_here);
    *retry_after_s = has_room ? 0 : seconds_until_room(workers);
    (void)pthread_mutex_unlock(&workers->lock);
    return has_room;
}

serve_admission serve_workers_admit(serve_workers *workers, serve_job *job, size_t n_bytes,
                                    unsigned *retry_after_s)
{
    serve_admission admission = SERVE_ADMITTED;
    (void)pthread_mutex_lock(&workers->lock);
    if (is_full(workers, n_bytes, 0)) {
        *retry_after_s = seconds_until_room(workers);
        admission = SERVE_QUEUE_FULL;
    } else {
        if (workers->n_jobs >= workers->n_threads &&
            workers->n_threads < workers->options.n_threads) {
            start_thread(workers); /* without it the job waits for the others, if there are any */
        }
        if (workers->n_threads == 0) {
            admission = SERVE_NO_WORKER;
        } else {
            *job = (serve_job){.n_bytes = n_bytes, .admitted_s = tmli_seconds()};
            workers->n_jobs++;
            (void)atomic_fetch_add_explicit(&workers->server->n_queued, 1, memory_order_relaxed);
            workers->n_bytes += n_bytes;
        }
    }
    (void)pthread_mutex_unlock(&workers->lock);
    return admission;
}

void serve_workers_add(serve_workers *workers, serve_job *job)
{
    (void)pthread_mutex_lock(&workers->lock);
    put(workers, job);
    (void)pthread_cond_signal(&workers->changed);
    (void)pthread_mutex_unlock(&workers->lock);
}

/* ---- begin and end ---- */

tml_status serve_workers_create(serve_server *server, const serve_workers_options *options,
                                serve_workers **out, tml_error *err)
{
    serve_workers *workers = tmli_calloc(1, sizeof(*workers));
    pthread_t *threads = tmli_alloc(options->n_threads, sizeof(*threads));
    if (workers == NULL || threads == NULL) {
        tmli_free(workers);
        tmli_free(threads);
        return tmli_fail_memory(err, "the threads for long requests");
    }
    *workers = (serve_workers){.server = server, .options = *options, .threads = threads};
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
