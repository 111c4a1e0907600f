/* Looking at files → loading beside what serves → swapping. A pair of files is written one after the other: for some
 * seconds a pair that cannot be used is no fault, only not complete yet. */
#include "serve/watch.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"
#include "base/thread.h"

enum {
    LOOK_S = 1,
    PATIENCE_S = 4,   /* with a pair that cannot be used */
    ABSENT_LOOKS = 2, /* that find no directory before its model goes: it may be in exchange */
    /* Reading a mapped file through holds the lock of the address space that starting threads need, too. */
    HEAD_START_MS = 50,
    STOP_S = 1,            /* for a look that is going on */
    MODELS_AT_A_TIME = 64, /* that are held while they are looked at */
};

struct serve_watcher {
    serve_server *server;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_asked; /* under lock, as the next two */
    bool is_closing;
    bool is_looking;
};

/* ---- one pair of files ---- */

typedef enum outcome {
    NOTHING_NEW,
    LOADED,   /* *model is verified */
    NOT_YET,  /* it may still be in the making */
    UNUSABLE, /* *fault says why; told once for each pair of files */
} outcome;

static outcome fail_incomplete(const char *dir, tml_error *fault)
{
    tml_model *model = NULL;
    if (serve_load_verified(dir, &model, fault) == TML_OK) {
        tml_model_free(model); /* it has come this moment, and will be seen */
        return NOTHING_NEW;
    }
    return UNUSABLE;
}

static outcome try_files(const char *dir, serve_trial *trial, bool is_asked, tml_model **model,
                         tml_error *fault)
{
    const serve_mark mark = serve_mark_of(dir);
    const double now_s = tmli_seconds();
    if (is_asked || !serve_mark_eq(&mark, &trial->mark)) {
        *trial = (serve_trial){.mark = mark, .is_open = true, .since_s = now_s};
    }
    if (!serve_mark_is_complete(&mark)) {
        trial->is_open = false; /* what serves needs no files; new ones will be seen */
        return is_asked ? fail_incomplete(dir, fault) : NOTHING_NEW;
    }
    if (!trial->is_open) {
        return NOTHING_NEW;
    }
    if (serve_load_verified(dir, model, fault) == TML_OK) {
        trial->is_open = false;
        return LOADED;
    }
    trial->is_open = now_s - trial->since_s < PATIENCE_S;
    return trial->is_open ? NOT_YET : UNUSABLE;
}

/* With models that are fixed only who asks has files looked at; he is told then what became of those that could not be used
 * yet. */
static bool is_due(const serve_server *server, const serve_trial *trial, bool is_asked)
{
    return is_asked || trial->is_open || !server->settings.has_fixed_models;
}

/* ---- the current model ---- */

static void verify_current(serve_server *server)
{
    tml_error fault = {0};
    serve_model *held = serve_models_hold_current(&server->models);
    if (held != NULL && serve_model_verify(held, &fault) != TML_OK &&
        serve_models_drop_current(&server->models, held, &fault)) {
        tml_logf(server->log, TML_LOG_ERROR, "%s", fault.text);
    }
    serve_models_let_go(&server->models, held);
}

static void look_at_current(serve_server *server, bool is_asked)
{
    tml_model *model = NULL;
    tml_error fault = {0};
    switch (try_files(server->model_dir, &server->trial, is_asked, &model, &fault)) {
    case NOTHING_NEW:
    case NOT_YET: return;
    case LOADED:
        if (serve_models_set_current(&server->models, model, &fault) == TML_OK) {
            tml_logf(server->log, TML_LOG_INFO, "%s: loaded again; it serves from now on",
                     server->model_dir);
            return;
        }
        break;
    case UNUSABLE:
        verify_current(server); /* who writes into a file instead of renaming has changed it, too */
        break;
    }
    if (serve_models_has_current(&server->models, NULL)) {
        tml_logf(server->log, TML_LOG_ERROR, "%s; the model that was loaded before serves on",
                 fault.text);
    } else {
        serve_models_set_fault(&server->models, &fault);
        tml_logf(server->log, TML_LOG_ERROR, "%s", fault.text);
    }
}

/* ---- models that were found ---- */

static void look_at_found(serve_server *server, serve_model *held, bool is_asked)
{
    const char *dir = serve_model_dir(held);
    serve_trial *trial = serve_model_trial(held);
    tml_model *model = NULL;
    tml_error fault = {0};
    if (!is_due(server, trial, is_asked)) {
        return;
    }
    if (!tmli_is_dir(dir)) {
        if (++trial->n_absent >= ABSENT_LOOKS) {
            serve_models_forget(&server->models, held);
        }
        return;
    }
    trial->n_absent = 0;
    switch (try_files(dir, trial, is_asked, &model, &fault)) {
    case NOTHING_NEW:
    case NOT_YET: return;
    case LOADED:
        if (serve_models_replace(&server->models, held, model, &fault) == TML_OK) {
            return;
        }
        break;
    case UNUSABLE: break;
    }
    tml_logf(server->log, TML_LOG_ERROR, "%s; the model that was loaded before serves on",
             fault.text);
}

static void look_at_all_found(serve_server *server, bool is_asked)
{
    serve_model *held[MODELS_AT_A_TIME];
    char last[SERVE_NAME_BYTES];
    tml_str after = {0};
    size_t n = 0;
    do {
        n = serve_models_hold_found(&server->models, after, held, MODELS_AT_A_TIME);
        for (size_t i = 0; i < n; i++) {
            look_at_found(server, held[i], is_asked);
            if (i + 1 == n) {
                after = serve_model_name(held[i]);
                memcpy(last, after.data, after.len);
                after.data = last;
            }
            serve_models_let_go(&server->models, held[i]);
        }
    } while (n == MODELS_AT_A_TIME);
}

void serve_watch_look(serve_server *server, bool is_asked)
{
    if (server->model_dir != NULL && is_due(server, &server->trial, is_asked)) {
        look_at_current(server, is_asked);
    }
    look_at_all_found(server, is_asked);
    serve_models_tidy(&server->models);
}

/* ---- the thread ---- */

static struct timespec time_after(int seconds)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += seconds;
    return at;
}

/* Waits for the next look. False: there is none any more. */
static bool wait_for_look(serve_watcher *watcher, bool *is_asked)
{
    const struct timespec until = time_after(LOOK_S);
    int error = 0;
    (void)pthread_mutex_lock(&watcher->lock);
    watcher->is_looking = false;
    (void)pthread_cond_broadcast(&watcher->changed);
    while (!watcher->is_closing && !watcher->is_asked && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&watcher->changed, &watcher->lock, &until);
    }
    *is_asked = watcher->is_asked;
    watcher->is_asked = false;
    watcher->is_looking = !watcher->is_closing;
    const bool goes_on = watcher->is_looking;
    (void)pthread_mutex_unlock(&watcher->lock);
    return goes_on;
}

/* Lets the server start before a long look. False when it ends already. */
static bool wait_for_start(serve_watcher *watcher)
{
    struct timespec until = time_after(0);
    int error = 0;
    until.tv_nsec += HEAD_START_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_mutex_lock(&watcher->lock);
    while (!watcher->is_closing && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&watcher->changed, &watcher->lock, &until);
    }
    const bool goes_on = !watcher->is_closing;
    (void)pthread_mutex_unlock(&watcher->lock);
    return goes_on;
}

static void *run(void *arg)
{
    serve_watcher *watcher = arg;
    serve_server *server = watcher->server;
    bool is_asked = false;
    if (server->is_unverified && wait_for_start(watcher)) {
        verify_current(server);
    }
    while (wait_for_look(watcher, &is_asked)) {
        serve_watch_look(server, is_asked);
    }
    return NULL;
}

static bool init_lock(serve_watcher *watcher)
{
    pthread_condattr_t attr;
    if (pthread_mutex_init(&watcher->lock, NULL) != 0) {
        return false;
    }
    if (pthread_condattr_init(&attr) == 0) {
        const bool done = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                          pthread_cond_init(&watcher->changed, &attr) == 0;
        (void)pthread_condattr_destroy(&attr);
        if (done) {
            return true;
        }
    }
    (void)pthread_mutex_destroy(&watcher->lock);
    return false;
}

static void free_watcher(serve_watcher *watcher)
{
    (void)pthread_cond_destroy(&watcher->changed);
    (void)pthread_mutex_destroy(&watcher->lock);
    tmli_free(watcher);
}

tml_status serve_watcher_start(serve_server *server, serve_watcher **out, tml_error *err)
{
    serve_watcher *watcher = tmli_calloc(1, sizeof(*watcher));
    if (watcher == NULL || !init_lock(watcher)) {
        tmli_free(watcher);
        return tmli_fail_memory(err, "the thread that looks after the models");
    }
    watcher->server = server;
    watcher->is_looking = true; /* the model that waits to be verified */
    if (tmli_thread_start(&watcher->thread, run, watcher) != 0) {
        free_watcher(watcher);
        return tmli_fail_memory(err, "the thread that looks after the models");
    }
    *out = watcher;
    return TML_OK;
}

void serve_watcher_wake(serve_watcher *watcher)
{
    (void)pthread_mutex_lock(&watcher->lock);
    watcher->is_asked = true;
    (void)pthread_cond_broadcast(&watcher->changed);
    (void)pthread_mutex_unlock(&watcher->lock);
}

bool serve_watcher_stop(serve_watcher *watcher)
{
    if (watcher == NULL) {
        return true;
    }
    const struct timespec until = time_after(STOP_S);
    int error = 0;
    (void)pthread_mutex_lock(&watcher->lock);
    watcher->is_closing = true;
    (void)pthread_cond_broadcast(&watcher->changed);
    while (watcher->is_looking && error != ETIMEDOUT) {
        error = pthread_cond_timedwait(&watcher->changed, &watcher->lock, &until);
    }
    const bool is_looking = watcher->is_looking;
    (void)pthread_mutex_unlock(&watcher->lock);
    if (is_looking) {
        (void)pthread_detach(watcher->thread); /* it keeps what it uses, until the process ends */
        return false;
    }
    (void)pthread_join(watcher->thread, NULL);
    free_watcher(watcher);
    return true;
}
