/* Models with names: a list in the order of names, whose entries are there from the moment that they begin to load, so
 * that a name and its memory are taken once. */
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/memory.h"
#include "base/status.h"
#include "serve/models_inside.h"

enum {
    WAIT_S = 60,      /* for requests that still use a model, or for one that somebody else loads */
    MAX_TRIES = 4,    /* to find a model that others load and unload at the same time */
    SPARE_SHARE = 10, /* a tenth of the memory is left for requests */
    CACHE_SHARE =
        4, /* a quarter of the models' memory may hold caches: they are not to crowd models out */
    CACHE_BYTES = 2 << 20, /* of each network's sums: many share the memory */
};

/* ---- the list, under the lock ---- */

static tml_str name_of(const serve_model *model)
{
    return (tml_str){model->name, model->n_name};
}

/* The first place whose name is not before this one. */
static size_t place_of(const serve_models *models, tml_str name)
{
    size_t low = 0;
    size_t high = models->n_named;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (tmli_str_compare(name_of(models->named[middle]), name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Also one that still loads. */
static serve_model *entry_of(const serve_models *models, tml_str name)
{
    const size_t at = place_of(models, name);
    return at < models->n_named && tmli_str_eq(name_of(models->named[at]), name) ? models->named[at]
                                                                                 : NULL;
}

serve_model *serve_models_find(const serve_models *models, tml_str name)
{
    serve_model *entry = entry_of(models, name);
    return entry != NULL && entry->model != NULL ? entry : NULL;
}

serve_model *serve_models_sole(const serve_models *models)
{
    serve_model *sole = NULL;
    for (size_t i = 0; i < models->n_named; i++) {
        if (models->named[i]->model != NULL) {
            if (sole != NULL) {
                return NULL;
            }
            sole = models->named[i];
        }
    }
    return sole;
}

static bool insert(serve_models *models, serve_model *entry)
{
    if (!tmli_grow(&models->named, &models->named_capacity, models->n_named + 1,
                   sizeof(serve_model *))) {
        return false;
    }
    const size_t at = place_of(models, name_of(entry));
    memmove(models->named + at + 1, models->named + at,
            (models->n_named - at) * sizeof(serve_model *));
    models->named[at] = entry;
    models->n_named++;
    models->n_bytes += entry->n_bytes;
    return true;
}

/* The hold that the list had is the caller's from now on. */
static void remove_entry(serve_models *models, const serve_model *entry)
{
    const size_t at = place_of(models, name_of(entry));
    models->n_named--;
    memmove(models->named + at, models->named + at + 1,
            (models->n_named - at) * sizeof(serve_model *));
}

/* ---- room ---- */

size_t serve_models_room(void)
{
    tmli_memory memory = {0};
    if (!tmli_memory_read("/sys/fs/cgroup", "/proc/meminfo", &memory)) {
        return 0;
    }
    memory.limit_bytes -= memory.limit_bytes / SPARE_SHARE;
    const size_t left = tmli_memory_left(&memory);
    return left > 0 ? left : 1;
}

/* The model that can go and was not used for longest, or NULL. */
static serve_model *least_used(const serve_models *models)
{
    serve_model *found = NULL;
    for (size_t i = 0; i < models->n_named; i++) {
        serve_model *entry = models->named[i];
        if (entry->model != NULL && entry->n_held == 1 &&
            (found == NULL || entry->last_taken < found->last_taken)) {
            found = entry;
        }
    }
    return found;
}

static size_t unloadable_bytes(const serve_models *models)
{
    size_t n = 0;
    for (size_t i = 0; i < models->n_named; i++) {
        const serve_model *entry = models->named[i];
        n += entry->model != NULL && entry->n_held == 1 ? entry->n_bytes : 0;
    }
    return n;
}

static size_t all_room(const serve_models *models)
{
    return models->options.max_bytes > 0 ? models->options.max_bytes : SIZE_MAX;
}

/* Whether n more bytes have room. */
static bool fits(const serve_models *models, size_t n, size_t room)
{
    return n <= room && models->n_bytes <= room - n;
}

/* Makes room for n bytes if that is allowed: *unused gets the models to be freed, a list by their next_unused. */
static bool make_room(serve_models *models, size_t n, size_t room, serve_model **unused)
{
    const bool may_unload = models->options.unloads_unused || models->options.finds;
    if (fits(models, n, room)) {
        return true;
    }
    const size_t kept = models->n_bytes - (may_unload ? unloadable_bytes(models) : 0);
    if (n > room || kept > room - n) {
        return false;
    }
    while (!fits(models, n, room)) {
        serve_model *entry = least_used(models);
        remove_entry(models, entry);
        entry->next_unused = *unused;
        *unused = serve_model_drop(models, entry);
    }
    return true;
}

static void free_unused(serve_model *unused)
{
    while (unused != NULL) {
        serve_model *next = unused->next_unused;
        serve_model_free(unused);
        unused = next;
    }
}

/* ---- loading ---- */

/* An entry that loads. Takes dir, also on failure (NULL: memory is short). */
static serve_model *create_entry(tml_str name, tml_str url, char *dir)
{
    serve_model *entry = serve_model_create(NULL);
    if (entry == NULL) {
        tmli_free(dir);
        return NULL;
    }
    entry->name = tmli_str_copy(name);
    entry->n_name = name.len;
    entry->url = tmli_str_copy(url);
    entry->dir = dir;
    if (entry->name == NULL || entry->url == NULL) {
        serve_model_free(entry);
        return NULL;
    }
    entry->trial.mark = serve_mark_of(dir); /* before it is read: what changes meanwhile is seen */
    entry->n_bytes = serve_mark_bytes(&entry->trial.mark);
    return entry;
}

/* Takes the name and the memory for an entry. A status of HTTP. */
static unsigned reserve(serve_models *models, serve_model *entry, tml_error *err)
{
    const size_t room = all_room(models);
    const tml_str name = name_of(entry);
    serve_model *unused = NULL;
    unsigned status = 200;
    (void)pthread_mutex_lock(&models->lock);
    const serve_model *other = entry_of(models, name);
    const size_t n_taken = models->n_bytes;
    if (other != NULL) {
        status = 409;
    } else if (!make_room(models, entry->n_bytes, room, &unused) || !insert(models, entry)) {
        status = 507;
    }
    (void)pthread_mutex_unlock(&models->lock);
    free_unused(unused);
    if (status == 409) {
        (void)tmli_fail(err, TML_EINVAL, "the model \"%.*s\" is loaded already; DELETE it first",
                        TMLI_SHOWN(name));
    } else if (status == 507) {
        (void)tmli_fail(err, TML_ENOMEM,
                        "the model \"%.*s\" takes about %zu bytes and the loaded ones %zu, of %zu "
                        "for all; unload some",
                        TMLI_SHOWN(name), entry->n_bytes, n_taken, room);
    }
    return status;
}

/* Reckons a loaded model's cache in, if it has room. entry: in the list, or about to be. */
static bool reserve_cache(serve_models *models, serve_model *entry, size_t n)
{
    const size_t room = all_room(models);
    const size_t share = room / CACHE_SHARE;
    (void)pthread_mutex_lock(&models->lock);
    const bool has_room = fits(models, n, room) && n <= share && models->n_cache_bytes <= share - n;
    if (has_room) {
        entry->n_bytes += n;
        entry->n_cache_bytes = n;
        models->n_bytes += n;
        models->n_cache_bytes += n;
    }
    (void)pthread_mutex_unlock(&models->lock);
    return has_room;
}

/* Makes a model one of many, with a small cache or, where there is no room, without one: it then only takes longer. Takes the
 * model on failure. */
static tml_status limit_cache(serve_models *models, serve_model *entry, tml_model *model,
                              tml_error *err)
{
    tml_status status = tml_model_limit_cache(model, CACHE_BYTES, err);
    if (status == TML_OK && !reserve_cache(models, entry, tml_model_cache_bytes(model))) {
        status = tml_model_limit_cache(model, 0, err);
    }
    if (status != TML_OK) {
        tml_model_free(model);
    }
    return status;
}

/* Loads what has been reserved. On failure the entry is gone. A status of HTTP. */
static unsigned load_reserved(serve_models *models, serve_model *entry, bool holds, tml_error *err)
{
    tml_model *model = NULL;
    serve_model *unused = NULL;
    tml_status loaded = serve_load_verified(entry->dir, &model, err);
    if (loaded == TML_OK) {
        loaded = limit_cache(models, entry, model, err);
    }
    (void)pthread_mutex_lock(&models->lock);
    if (loaded == TML_OK) {
        entry->model = model;
        entry->last_taken = ++models->n_taken;
        entry->n_held += holds ? 1 : 0;
    } else {
        remove_entry(models, entry);
        unused = serve_model_drop(models, entry);
    }
    (void)pthread_cond_broadcast(&models->changed);
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
    if (loaded == TML_OK) {
        return 200;
    }
    return loaded == TML_ENOMEM ? 507 : 500;
}

/* Takes dir. With holds the caller holds *out afterwards. A status of HTTP. */
static unsigned load(serve_models *models, tml_str name, tml_str url, char *dir, serve_model **out,
                     tml_error *err)
{
    serve_model *entry = create_entry(name, url, dir);
    if (entry == NULL) {
        (void)tmli_fail_memory(err, "a model");
        return 507;
    }
    entry->is_found = out != NULL;
    unsigned status = reserve(models, entry, err);
    if (status != 200) {
        serve_model_free(entry);
        return status;
    }
    status = load_reserved(models, entry, out != NULL, err);
    if (status == 200 && out != NULL) {
        *out = entry;
    }
    return status;
}

unsigned serve_models_load(serve_models *models, tml_str name, tml_str url, tml_error *err)
{
    if (name.len == 0 || name.len > SERVE_NAME_BYTES || memchr(name.data, '/', name.len) != NULL ||
        memchr(name.data, '\0', name.len) != NULL) {
        (void)tmli_fail(err, TML_EINVAL,
                        "model_name: \"%.*s\" cannot be a name: 1 to %d bytes without a slash",
                        TMLI_SHOWN(name), SERVE_NAME_BYTES);
        return 400;
    }
    tml_error fault = {0};
    char *dir = NULL;
    const unsigned status = serve_resolve_dir(models->options.root, url, &dir, &fault);
    if (status != 200) {
        (void)tmli_fail(err, fault.status, "url: %s", fault.text);
        return status;
    }
    return load(models, name, url, dir, NULL, err);
}

/* ---- by name ---- */

static struct timespec deadline(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += WAIT_S;
    return at;
}

/* Holds the model if it is there; waits for one that is being loaded because it was asked for. */
static serve_model *hold(serve_models *models, tml_str name)
{
    (void)pthread_mutex_lock(&models->lock);
    serve_model *entry = entry_of(models, name);
    if (entry != NULL && entry->model == NULL && entry->is_found) {
        const struct timespec until = deadline();
        int error = 0;
        while (entry != NULL && entry->model == NULL && entry->is_found && error == 0) {
            error = pthread_cond_timedwait(&models->changed, &models->lock, &until);
            entry = entry_of(models, name);
        }
    }
    if (entry != NULL && entry->model != NULL) {
        entry->n_held++;
        entry->last_taken = ++models->n_taken;
    } else {
        entry = NULL;
    }
    (void)pthread_mutex_unlock(&models->lock);
    return entry;
}

static unsigned not_loaded(tml_str name, tml_error *err)
{
    (void)tmli_fail(err, TML_EINVAL, "the model \"%.*s\" is not loaded", TMLI_SHOWN(name));
    return 404;
}

unsigned serve_models_hold_named(serve_models *models, tml_str name, serve_model **out,
                                 tml_error *err)
{
    for (int i = 0; i < MAX_TRIES; i++) {
        *out = hold(models, name);
        if (*out != NULL) {
            return 200;
        }
        if (!models->options.finds) {
            return not_loaded(name, err);
        }
        tml_error fault = {0};
        char *dir = NULL;
        unsigned status = serve_find_dir(models->options.root, name, &dir, &fault);
        if (status == 200) {
            status = load(models, name, tmli_str(dir), dir, out, &fault);
        }
        if (status != 409) { /* otherwise somebody else has begun to load it */
            if (status != 200) {
                (void)tmli_fail(err, fault.status, "%s", fault.text);
            }
            return status;
        }
    }
    return not_loaded(name, err);
}

bool serve_models_would_load(serve_models *models, tml_str name)
{
    if (!models->options.finds) {
        return false;
    }
    (void)pthread_mutex_lock(&models->lock);
    const bool is_loaded = serve_models_find(models, name) != NULL;
    (void)pthread_mutex_unlock(&models->lock);
    return !is_loaded;
}

static void give_memory_back(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

unsigned serve_models_unload(serve_models *models, tml_str name, tml_error *err)
{
    const struct timespec until = deadline();
    (void)pthread_mutex_lock(&models->lock);
    serve_model *entry = serve_models_find(models, name);
    int error = 0;
    if (entry != NULL) {
        remove_entry(models, entry);
        entry->is_waited = true;
        while (entry->n_held > 1 && error == 0) {
            error = pthread_cond_timedwait(&models->changed, &models->lock, &until);
        }
    }
    const bool is_used = entry != NULL && entry->n_held > 1;
    serve_model *unused = entry != NULL ? serve_model_drop(models, entry) : NULL;
    (void)pthread_mutex_unlock(&models->lock);
    if (entry == NULL) {
        return not_loaded(name, err);
    }
    if (is_used) {
        (void)tmli_fail(err, TML_ESTOPPED,
                        "the model \"%.*s\" is unloaded, but requests still use it after %d s; its "
                        "memory comes back with the last of them",
                        TMLI_SHOWN(name), WAIT_S);
        return 500;
    }
    serve_model_free(unused);
    give_memory_back();
    return 200;
}

/* ---- looking ---- */

bool serve_models_show(serve_models *models, tml_str name, serve_model_fn show, void *ctx)
{
    (void)pthread_mutex_lock(&models->lock);
    const serve_model *entry = serve_models_find(models, name);
    if (entry != NULL) {
        show(ctx, name_of(entry), tmli_str(entry->url));
    }
    (void)pthread_mutex_unlock(&models->lock);
    return entry != NULL;
}

size_t serve_models_loaded(serve_models *models)
{
    (void)pthread_mutex_lock(&models->lock);
    size_t n = models->current != NULL ? 1 : 0;
    for (size_t i = 0; i < models->n_named; i++) {
        n += models->named[i]->model != NULL ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&models->lock);
    return n;
}

/* The first place behind a name. */
static size_t behind(const serve_models *models, tml_str name)
{
    const size_t at = place_of(models, name);
    const bool is_there = at < models->n_named && tmli_str_eq(name_of(models->named[at]), name);
    return at + (is_there ? 1 : 0);
}

bool serve_models_list(serve_models *models, tml_str after, size_t limit, serve_model_fn show,
                       void *ctx)
{
    bool has_more = false;
    size_t n = 0;
    (void)pthread_mutex_lock(&models->lock);
    for (size_t i = behind(models, after); i < models->n_named && !has_more; i++) {
        const serve_model *entry = models->named[i];
        if (entry->model != NULL) {
            has_more = n == limit;
            if (!has_more) {
                show(ctx, name_of(entry), tmli_str(entry->url));
                n++;
            }
        }
    }
    (void)pthread_mutex_unlock(&models->lock);
    return has_more;
}

/* ---- for the watcher ---- */

size_t serve_models_hold_found(serve_models *models, tml_str after, serve_model **out, size_t max)
{
    size_t n = 0;
    (void)pthread_mutex_lock(&models->lock);
    for (size_t i = behind(models, after); i < models->n_named && n < max; i++) {
        serve_model *entry = models->named[i];
        if (entry->model != NULL && entry->is_found) {
            entry->n_held++;
            out[n++] = entry;
        }
    }
    (void)pthread_mutex_unlock(&models->lock);
    return n;
}

tml_str serve_model_name(const serve_model *held)
{
    return name_of(held);
}

const char *serve_model_dir(const serve_model *held)
{
    return held->dir;
}

serve_trial *serve_model_trial(serve_model *held)
{
    return &held->trial;
}

tml_status serve_models_replace(serve_models *models, serve_model *held, tml_model *model,
                                tml_error *err)
{
    char *dir = tmli_str_copy(tmli_str(held->dir));
    serve_model *fresh = dir != NULL ? create_entry(name_of(held), tmli_str(held->url), dir) : NULL;
    if (fresh == NULL) {
        tml_model_free(model);
        return tmli_fail_memory(err, "a model");
    }
    const size_t n_bytes = fresh->n_bytes; /* without its cache */
    const tml_status status = limit_cache(models, fresh, model, err);
    if (status != TML_OK) {
        serve_model_free(fresh);
        return status;
    }
    fresh->model = model;
    fresh->is_found = held->is_found;
    fresh->trial = held->trial;
    serve_model *unused = NULL;
    (void)pthread_mutex_lock(&models->lock);
    fresh->last_taken = held->last_taken;
    const size_t at = place_of(models, name_of(held));
    models->n_bytes += n_bytes;
    if (at < models->n_named && models->named[at] == held) {
        models->named[at] = fresh;
        unused = serve_model_drop(models, held);
    } else {
        unused = serve_model_drop(models, fresh);
    }
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
    return TML_OK;
}

void serve_models_forget(serve_models *models, serve_model *held)
{
    serve_model *unused = NULL;
    (void)pthread_mutex_lock(&models->lock);
    if (entry_of(models, name_of(held)) == held) {
        remove_entry(models, held);
        unused = serve_model_drop(models, held);
    }
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
}
