/* A pool for loops. The caller works too; steps are handed out by an atomic counter.
 *
 * A loop is announced through one word, `gate`: its generation, whether it is open, and how many workers are inside.
 * A worker enters by counting itself in while the loop is open, so the caller need not wait for workers that sleep: when
 * no step is left it shuts the gate and waits only for those inside. Fields of a loop are written while the gate is shut
 * and nobody is inside.
 *
 * Sleeping follows one pattern on both sides: the sleeper raises its flag, then looks again; the waker changes what is
 * waited for, then looks at the flag. Sequentially consistent atomics make one of the two see the other. */
#include "base/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"

enum {
    SPIN_NS = 5000,      /* about what a sleep and a wake-up cost */
    SPINS_PER_LOOK = 32, /* pauses between two looks at the clock */
    CACHE_LINE_BYTES = 64,
};

/* gate: bits 0..15 workers inside, bit 16 open, bits 17..63 generation. */
#define GATE_INSIDE UINT64_C(0xffff)
#define GATE_OPEN (UINT64_C(1) << 16)
#define GATE_GENERATION (UINT64_C(1) << 17)

/* Words that different threads write stand on cache lines of their own. */
struct tmli_pool {      /* NOLINT(clang-analyzer-optin.performance.Padding): see above */
    size_t n_threads;   /* fixed after create, the caller's thread included */
    bool may_spin;      /* fixed after create */
    pthread_t *workers; /* owned, n_workers of them run */
    size_t n_workers;
    pthread_mutex_t lock;     /* for sleeping and waking only */
    pthread_cond_t has_work;  /* workers sleep here */
    pthread_cond_t is_empty;  /* the caller sleeps here until nobody is inside */
    atomic_bool closing;      /* set once */
    atomic_size_t n_sleepers; /* workers that sleep or are about to */
    atomic_bool caller_sleeps;
    tmli_step_fn step; /* of the loop; see the file comment for the next three */
    void *ctx;
    size_t n;
    alignas(CACHE_LINE_BYTES) atomic_uint_least64_t gate;
    alignas(CACHE_LINE_BYTES) atomic_size_t next; /* the first step that nobody has taken */
};

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/* Whoever looked before the last change and found nothing holds the lock until it sleeps: having had the lock, a
 * waker knows that its signal comes after. */
static void pass_lock(tmli_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
}

static void take_steps(tmli_pool *pool)
{
    for (;;) {
        const size_t i = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (i >= pool->n) {
            return;
        }
        pool->step(pool->ctx, i);
    }
}

/* ---- workers ---- */

static bool has_news(tmli_pool *pool, uint64_t seen)
{
    const uint64_t gate = atomic_load(&pool->gate);
    return gate / GATE_GENERATION != seen || atomic_load(&pool->closing);
}

static void wait_for_news(tmli_pool *pool, uint64_t seen)
{
    if (pool->may_spin) {
        const uint64_t until = now_ns() + SPIN_NS;
        do {
            for (int i = 0; i < SPINS_PER_LOOK; i++) {
                if (has_news(pool, seen)) {
                    return;
                }
                relax();
            }
        } while (now_ns() < until);
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->n_sleepers, 1);
    while (!has_news(pool, seen)) {
        (void)pthread_cond_wait(&pool->has_work, &pool->lock);
    }
    atomic_fetch_sub(&pool->n_sleepers, 1);
    (void)pthread_mutex_unlock(&pool->lock);
}

/* Counts this worker in, if the loop still is open. */
static bool enter(tmli_pool *pool, uint64_t *generation)
{
    uint64_t gate = atomic_load(&pool->gate);
    while ((gate & GATE_OPEN) != 0) {
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1)) {
            *generation = gate / GATE_GENERATION;
            return true;
        }
    }
    *generation = gate / GATE_GENERATION;
    return false;
}

static void leave(tmli_pool *pool)
{
    const uint64_t before = atomic_fetch_sub(&pool->gate, 1);
    const bool was_last = (before & GATE_INSIDE) == 1 && (before & GATE_OPEN) == 0;
    if (was_last && atomic_load(&pool->caller_sleeps)) {
        pass_lock(pool);
        (void)pthread_cond_signal(&pool->is_empty);
    }
}

static void *work(void *arg)
{
    tmli_pool *const pool = arg;
    uint64_t seen = 0;
    while (!atomic_load(&pool->closing)) {
        if (enter(pool, &seen)) {
            take_steps(pool);
            leave(pool);
        }
        wait_for_news(pool, seen);
    }
    return NULL;
}

/* ---- the caller ---- */

static void open_gate(tmli_pool *pool)
{
    const uint64_t shut = atomic_load(&pool->gate);
    atomic_store(&pool->gate, (shut / GATE_GENERATION + 1) * GATE_GENERATION + GATE_OPEN);
    const size_t n_sleepers = atomic_load(&pool->n_sleepers);
    if (n_sleepers > 0) {
        const size_t n_useful = pool->n - 1; /* the caller takes a step itself */
        pass_lock(pool);
        for (size_t i = 0; i < n_sleepers && i < n_useful; i++) {
            (void)pthread_cond_signal(&pool->has_work);
        }
    }
}

static bool is_empty(tmli_pool *pool)
{
    return (atomic_load(&pool->gate) & GATE_INSIDE) == 0;
}

static void shut_gate(tmli_pool *pool)
{
    atomic_fetch_and(&pool->gate, ~GATE_OPEN);
    if (pool->may_spin) {
        const uint64_t until = now_ns() + SPIN_NS;
        do {
            for (int i = 0; i < SPINS_PER_LOOK; i++) {
                if (is_empty(pool)) {
                    return;
                }
                relax();
            }
        } while (now_ns() < until);
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_empty(pool)) {
        (void)pthread_cond_wait(&pool->is_empty, &pool->lock);
    }
    atomic_store(&pool->caller_sleeps, false);
    (void)pthread_mutex_unlock(&pool->lock);
}

void tmli_pool_run(tmli_pool *pool, size_t n, tmli_step_fn step, void *ctx)
{
    if (pool == NULL || pool->n_workers == 0 || n < 2) {
        for (size_t i = 0; i < n; i++) {
            step(ctx, i);
        }
        return;
    }
    pool->step = step;
    pool->ctx = ctx;
    pool->n = n;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    open_gate(pool);
    take_steps(pool);
    shut_gate(pool);
}

/* ---- life ---- */

static int start_workers(tmli_pool *pool)
{
    int error = 0;
    while (error == 0 && pool->n_workers < pool->n_threads - 1) {
        error = tmli_thread_start(&pool->workers[pool->n_workers], work, pool);
        pool->n_workers += error == 0;
    }
    return error;
}

tml_status tmli_pool_create(size_t n_threads, tmli_pool **out, tml_error *err)
{
    if (n_threads < 1 || n_threads > TMLI_THREADS_MAX) {
        return tmli_fail(err, TML_EINVAL, "threads: %zu is not in 1..%d", n_threads,
                         TMLI_THREADS_MAX);
    }
    tmli_pool *const pool = tmli_alloc_lines(1, sizeof *pool);
    pthread_t *const workers = tmli_calloc(n_threads, sizeof *workers);
    if (pool == NULL || workers == NULL) {
        tmli_free_lines(pool);
        tmli_free(workers);
        return tmli_fail_memory(err, "thread pool");
    }
    memset(pool, 0, sizeof *pool);
    const long n_online = sysconf(_SC_NPROCESSORS_ONLN);
    pool->n_threads = n_threads;
    pool->workers = workers;
    /* With more threads than processors a spinning one only keeps another from working. */
    pool->may_spin = n_online > 0 && n_threads <= (size_t)n_online;
    /* These fail for exotic attributes only, and none is asked for. */
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->has_work, NULL);
    (void)pthread_cond_init(&pool->is_empty, NULL);
    const int error = start_workers(pool);
    if (error != 0) {
        tmli_pool_free(pool);
        return tmli_fail(err, TML_EIO, "thread pool: %s", strerror(error));
    }
    *out = pool;
    return TML_OK;
}

void tmli_pool_free(tmli_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    (void)pthread_cond_broadcast(&pool->has_work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_workers; i++) {
        (void)pthread_join(pool->workers[i], NULL);
    }
    (void)pthread_cond_destroy(&pool->is_empty);
    (void)pthread_cond_destroy(&pool->has_work);
    (void)pthread_mutex_destroy(&pool->lock);
    tmli_free(pool->workers);
    tmli_free_lines(pool);
}

size_t tmli_pool_threads(const tmli_pool *pool)
{
    return pool != NULL ? pool->n_threads : 1;
}
