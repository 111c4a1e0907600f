/* Models are counted under one lock: it is taken twice for each batch of requests, some 40 ns of microseconds. */
#include "serve/models.h"

#include "base/mem.h"
#include "base/status.h"

struct serve_model {
    tml_model *model;  /* owned */
    serve_seat *seats; /* under the lock, owned: those that wait for use */
    size_t n_held;     /* under the lock: seats in use, and 1 while it is current */
};

tml_status serve_models_init(serve_models *models, tml_error *err)
{
    *models = (serve_models){0};
    atomic_init(&models->has_current, false);
    if (pthread_mutex_init(&models->lock, NULL) != 0) {
        return tmli_fail_memory(err, "a lock");
    }
    (void)tmli_fail(&models->fault, TML_ESTOPPED, "no model is loaded");
    return TML_OK;
}

/* ---- seats ---- */

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

static void free_model(serve_model *model)
{
    while (model->seats != NULL) {
        serve_seat *next = model->seats->next;
        free_seat(model->seats);
        model->seats = next;
    }
    tml_model_free(model->model);
    tmli_free(model);
}

/* Under the lock; the model to be freed behind it, or NULL. */
static serve_model *let_go(serve_model *model)
{
    model->n_held--;
    return model->n_held == 0 ? model : NULL;
}

unsigned serve_seat_take(serve_models *models, tml_str name, serve_seat **out, tml_error *err)
{
    if (name.len > 0) {
        (void)tmli_fail(err, TML_EINVAL, "the model \"%.*s\" is not loaded", TMLI_SHOWN(name));
        return 404;
    }
    (void)pthread_mutex_lock(&models->lock);
    serve_model *owner = models->current;
    if (owner == NULL) {
        const tml_error fault = models->fault;
        (void)pthread_mutex_unlock(&models->lock);
        (void)tmli_fail(err, TML_ESTOPPED, "%s", fault.text);
        return 503;
    }
    owner->n_held++;
    serve_seat *seat = owner->seats;
    if (seat != NULL) {
        owner->seats = seat->next;
    }
    (void)pthread_mutex_unlock(&models->lock);
    if (seat == NULL) {
        seat = create_seat(owner, err); /* outside of the lock: it takes a while */
    }
    if (seat != NULL) {
        *out = seat;
        return 200;
    }
    serve_models_let_go(models, owner);
    return 503;
}

void serve_seat_give_back(serve_models *models, serve_seat *seat)
{
    if (seat == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&models->lock);
    serve_model *owner = seat->owner;
    seat->next = owner->seats;
    owner->seats = seat;
    serve_model *unused = let_go(owner);
    (void)pthread_mutex_unlock(&models->lock);
    if (unused != NULL) {
        free_model(unused);
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
    serve_model *unused = let_go(held);
    (void)pthread_mutex_unlock(&models->lock);
    if (unused != NULL) {
        free_model(unused);
    }
}

/* Takes over next, which may be NULL. */
static void replace(serve_models *models, serve_model *next, const tml_error *fault)
{
    (void)pthread_mutex_lock(&models->lock);
    serve_model *unused = models->current != NULL ? let_go(models->current) : NULL;
    models->current = next;
    if (fault != NULL) {
        models->fault = *fault;
    }
    atomic_store_explicit(&models->has_current, next != NULL, memory_order_release);
    (void)pthread_mutex_unlock(&models->lock);
    if (unused != NULL) {
        free_model(unused);
    }
}

tml_status serve_models_set_current(serve_models *models, tml_model *model, tml_error *err)
{
    serve_model *next = tmli_calloc(1, sizeof(*next));
    if (next == NULL) {
        tml_model_free(model);
        return tmli_fail_memory(err, "a model");
    }
    next->model = model;
    next->n_held = 1;
    replace(models, next, NULL);
    return TML_OK;
}

void serve_models_set_fault(serve_models *models, const tml_error *fault)
{
    replace(models, NULL, fault);
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
    replace(models, NULL, NULL);
    (void)pthread_mutex_destroy(&models->lock);
}
