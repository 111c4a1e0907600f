/* Counting, the current model, and seats. One lock: it is taken twice for each batch of requests, some 40 ns of
 * microseconds. Models with names: models_named.c. */
#include "serve/models.h"

#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/models_inside.h"

enum {
    MAX_IDLE_SEATS = 256, /* some 100 KB each: 1,000 models must not keep one for each thread */
    IDLE_SEAT_S = 60,
};

tml_status serve_models_init(serve_models *models, tml_error *err)
{
    pthread_condattr_t attr;
    *models = (serve_models){0};
    atomic_init(&models->has_current, false);
    if (pthread_mutex_init(&models->lock, NULL) != 0) {
        return tmli_fail_memory(err, "a lock");
    }
    bool has_changed = false;
    if (pthread_condattr_init(&attr) == 0) {
        has_changed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                      pthread_cond_init(&models->changed, &attr) == 0;
        (void)pthread_condattr_destroy(&attr);
    }
    if (!has_changed) {
        (void)pthread_mutex_destroy(&models->lock);
        return tmli_fail_memory(err, "a lock");
    }
    (void)tmli_fail(&models->fault, TML_ESTOPPED, "no model is loaded");
    return TML_OK;
}

/* ---- idle seats, under the lock ---- */

static void unlink_seat(serve_models *models, serve_seat *seat)
{
    serve_model *owner = seat->owner;
    *(seat->previous != NULL ? &seat->previous->next : &owner->seats) = seat->next;
    if (seat->next != NULL) {
        seat->next->previous = seat->previous;
    }
    *(seat->newer != NULL ? &seat->newer->older : &models->newest) = seat->older;
    *(seat->older != NULL ? &seat->older->newer : &models->oldest) = seat->newer;
    seat->next = seat->previous = seat->older = seat->newer = NULL;
    models->n_idle_seats--;
}

static void link_seat(serve_models *models, serve_seat *seat)
{
    serve_model *owner = seat->owner;
    seat->previous = NULL;
    seat->next = owner->seats;
    if (seat->next != NULL) {
        seat->next->previous = seat;
    }
    owner->seats = seat;
    seat->newer = NULL;
    seat->older = models->newest;
    *(seat->older != NULL ? &seat->older->newer : &models->oldest) = seat;
    models->newest = seat;
    models->n_idle_seats++;
}

/* ---- seats and models ---- */

static void free_seat(serve_seat *seat)
{
    if (seat != NULL) {
        tml_session_free(seat->session);
        tmli_free(seat->scores);
        tmli_free(seat);
    }
}

static serve_seat *create_seat(serve_model *owner, tml_error *err)
{
    const tml_model *model = owner->model;
    serve_seat *seat = tmli_calloc(1, sizeof(*seat));
    if (seat == NULL) {
        (void)tmli_fail_memory(err, "a session");
        return NULL;
    }
    seat->owner = owner;
    seat->model = model;
    seat->scores = tmli_alloc(SERVE_CHUNK_ROWS * tml_model_labels(model), sizeof(*seat->scores));
    if (seat->scores == NULL) {
        (void)tmli_fail_memory(err, "the scores");
    } else if (tml_session_create(model, &seat->session, err) == TML_OK) {
        return seat;
    }
    free_seat(seat);
    return NULL;
}

serve_model *serve_model_create(tml_model *model)
{
    serve_model *out = tmli_calloc(1, sizeof(*out));
    if (out == NULL) {
        tml_model_free(model);
        return NULL;
    }
    out->model = model;
    out->n_held = 1;
    return out;
}

void serve_model_free(serve_model *model)
{
    if (model == NULL) {
        return;
    }
    while (model->seats != NULL) {
        serve_seat *next = model->seats->next;
        free_seat(model->seats);
        model->seats = next;
    }
    tml_model_free(model->model);
    tmli_free(model->name);
    tmli_free(model->url);
    tmli_free(model->dir);
    tmli_free(model);
}

serve_model *serve_model_drop(serve_models *models, serve_model *model)
{
    model->n_held--;
    if (model->is_waited) {
        (void)pthread_cond_broadcast(&models->changed);
    }
    if (model->n_held > 0) {
        return NULL;
    }
    serve_seat *seats = model->seats;
    for (serve_seat *seat = seats; seat != NULL;) {
        serve_seat *next = seat->next;
        unlink_seat(models, seat);
        seat->next = next; /* still a list, for the one who frees it */
        seat = next;
    }
    model->seats = seats;
    models->n_bytes -= model->n_bytes;
    models->n_cache_bytes -= model->n_cache_bytes;
    return model;
}

/* ---- taking and giving back ---- */

/* Holds what a request without a name means. */
static unsigned hold_unnamed(serve_models *models, serve_model **out, tml_error *err)
{
    (void)pthread_mutex_lock(&models->lock);
    const bool is_multi_model = models->options.is_multi_model;
    serve_model *owner = is_multi_model ? serve_models_sole(models) : models->current;
    const tml_error fault = models->fault;
    if (owner != NULL) {
        owner->n_held++;
        owner->last_taken = ++models->n_taken;
    }
    (void)pthread_mutex_unlock(&models->lock);
    *out = owner;
    if (owner != NULL) {
        return 200;
    }
    if (is_multi_model) {
        (void)tmli_fail(
            err, TML_EINVAL,
            "a request that names no model needs exactly one that is loaded; name it: POST "
            "/models/NAME/invoke, /v2/models/NAME/infer, or TargetModel in an AWS SDK");
        return 400;
    }
    (void)tmli_fail(err, TML_ESTOPPED, "%s", fault.text);
    return 503;
}

unsigned serve_seat_take(serve_models *models, tml_str name, serve_seat **out, tml_error *err)
{
    serve_model *owner = NULL;
    const unsigned status = name.len == 0 ? hold_unnamed(models, &owner, err)
                                          : serve_models_hold_named(models, name, &owner, err);
    if (status != 200) {
        return status;
    }
    (void)pthread_mutex_lock(&models->lock);
    serve_seat *seat = owner->seats;
    if (seat != NULL) {
        unlink_seat(models, seat);
    }
    (void)pthread_mutex_unlock(&models->lock);
    if (seat == NULL) {
        seat = create_seat(owner, err); /* outside of the lock: it takes a while */
    }
    if (seat != NULL) {
        *out = seat;
        serve_seat_enter(seat);
        return 200;
    }
    const bool is_named = owner->name != NULL;
    serve_models_let_go(models, owner);
    return is_named ? 507 : 503;
}

void serve_seat_enter(const serve_seat *seat)
{
    serve_torn_enter(seat != NULL ? &seat->owner->torn : NULL);
}

tml_status serve_model_verify(serve_model *held, tml_error *err)
{
    serve_torn_enter(&held->torn);
    const tml_status status = tml_model_verify(held->model, err);
    serve_torn_enter(NULL);
    if (status == TML_OK && serve_torn_is(&held->torn)) {
        return tmli_fail(err, TML_EFORMAT, "the model's file was cut short while it was in use");
    }
    return status;
}

bool serve_seat_is_torn(serve_models *models, const serve_seat *seat, bool *is_first,
                        tml_error *err)
{
    serve_model *owner = seat->owner;
    if (!serve_torn_is(&owner->torn)) {
        return false;
    }
    (void)tmli_fail(err, TML_ESTOPPED,
                    "the model's file was cut short while it was in use; put files in place by "
                    "renaming");
    *is_first = serve_torn_is_first(&owner->torn);
    if (owner->name != NULL) {
        serve_models_forget(models, owner);
    } else {
        (void)serve_models_drop_current(models, owner, err);
    }
    return true;
}

void serve_seat_give_back(serve_models *models, serve_seat *seat)
{
    if (seat == NULL) {
        return;
    }
    const size_t max_idle =
        models->options.max_idle_seats > 0 ? models->options.max_idle_seats : MAX_IDLE_SEATS;
    serve_seat *surplus = NULL;
    serve_seat_enter(NULL);
    seat->idle_since_s = tmli_seconds();
    (void)pthread_mutex_lock(&models->lock);
    link_seat(models, seat);
    if (models->n_idle_seats > max_idle) {
        surplus = models->oldest;
        unlink_seat(models, surplus);
    }
    serve_model *unused = serve_model_drop(models, seat->owner);
    (void)pthread_mutex_unlock(&models->lock);
    free_seat(surplus);
    serve_model_free(unused);
}

void serve_models_tidy(serve_models *models)
{
    const double until_s = tmli_seconds() - IDLE_SEAT_S;
    serve_seat *unused = NULL;
    (void)pthread_mutex_lock(&models->lock);
    while (models->oldest != NULL && models->oldest->idle_since_s < until_s) {
        serve_seat *seat = models->oldest;
        unlink_seat(models, seat);
        seat->next = unused;
        unused = seat;
    }
    (void)pthread_mutex_unlock(&models->lock);
    while (unused != NULL) {
        serve_seat *next = unused->next;
        free_seat(unused);
        unused = next;
    }
}

/* ---- the current model ---- */

serve_model *serve_models_hold_current(serve_models *models)
{
    (void)pthread_mutex_lock(&models->lock);
    serve_model *held = models->current;
    if (held != NULL) {
        held->n_held++;
    }
    (void)pthread_mutex_unlock(&models->lock);
    return held;
}

const tml_model *serve_model_of(const serve_model *held)
{
    return held->model;
}

void serve_models_let_go(serve_models *models, serve_model *held)
{
    if (held == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&models->lock);
    serve_model *unused = serve_model_drop(models, held);
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
}

/* Under the lock: takes over next, which may be NULL; what is to be freed behind it, or NULL. */
static serve_model *replace(serve_models *models, serve_model *next, const tml_error *fault)
{
    serve_model *unused =
        models->current != NULL ? serve_model_drop(models, models->current) : NULL;
    models->current = next;
    if (fault != NULL) {
        models->fault = *fault;
    }
    atomic_store_explicit(&models->has_current, next != NULL, memory_order_release);
    return unused;
}

tml_status serve_models_set_current(serve_models *models, tml_model *model, tml_error *err)
{
    serve_model *next = serve_model_create(model);
    if (next == NULL) {
        return tmli_fail_memory(err, "a model");
    }
    (void)pthread_mutex_lock(&models->lock);
    serve_model *unused = replace(models, next, NULL);
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
    return TML_OK;
}

void serve_models_set_fault(serve_models *models, const tml_error *fault)
{
    (void)pthread_mutex_lock(&models->lock);
    serve_model *unused = replace(models, NULL, fault);
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
}

bool serve_models_drop_current(serve_models *models, const serve_model *held,
                               const tml_error *fault)
{
    (void)pthread_mutex_lock(&models->lock);
    const bool is_current = models->current == held;
    serve_model *unused = is_current ? replace(models, NULL, fault) : NULL;
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
    return is_current;
}

bool serve_models_has_current(serve_models *models, tml_error *fault)
{
    if (atomic_load_explicit(&models->has_current, memory_order_acquire)) {
        return true;
    }
    if (fault != NULL) {
        (void)pthread_mutex_lock(&models->lock);
        *fault = models->fault;
        (void)pthread_mutex_unlock(&models->lock);
    }
    return false;
}

void serve_models_deinit(serve_models *models)
{
    (void)pthread_mutex_lock(&models->lock);
    serve_model *unused = replace(models, NULL, NULL);
    (void)pthread_mutex_unlock(&models->lock);
    serve_model_free(unused);
    for (size_t i = 0; i < models->n_named; i++) {
        serve_models_let_go(models, models->named[i]);
    }
    tmli_free(models->named);
    (void)pthread_cond_destroy(&models->changed);
    (void)pthread_mutex_destroy(&models->lock);
}
