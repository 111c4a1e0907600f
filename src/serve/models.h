/* serve/models.h: the loaded models, and seats: what one thread needs of a model to score with it.
 *
 * A seat holds its model: one that is replaced or unloaded lives until the last seat on it is given back. Seats are kept
 * for use again, so that a steady load makes none. All functions may be called by any thread at any time. */
#ifndef SERVE_MODELS_H
#define SERVE_MODELS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SERVE_CHUNK_ROWS = 64
}; /* texts scored together: as many as a session takes at a time */

typedef struct serve_model serve_model;

typedef struct serve_seat {
    serve_model *owner;
    const tml_model *model; /* the owner's, for short */
    tml_session *session;
    double *scores; /* [SERVE_CHUNK_ROWS, labels] */
    struct serve_seat *next;
} serve_seat;

typedef struct serve_models {
    pthread_mutex_t lock;
    serve_model *current;    /* under lock; the model of /invocations, NULL when there is none */
    tml_error fault;         /* under lock: why there is none */
    atomic_bool has_current; /* the same, for a look without the lock */
} serve_models;

/* Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_models_init(serve_models *models, tml_error *err);
/* All seats must have been given back. */
void serve_models_deinit(serve_models *models);

/* Puts a model in the place of the current one, which goes when its last seat does. Takes model, also on failure.
 * Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_models_set_current(serve_models *models, tml_model *model,
                                                  tml_error *err);
/* There is no current model from now on, for this reason. */
void serve_models_set_fault(serve_models *models, const tml_error *fault);
/* Whether there is a current model; otherwise *fault (may be NULL) says why not. */
bool serve_models_has_current(serve_models *models, tml_error *fault);

/* Keeps the current model alive until let go, without a seat: for looking at it. NULL when there is none. */
serve_model *serve_models_hold_current(serve_models *models) TML_NODISCARD;
const tml_model *serve_model_of(const serve_model *held);          /* as long as it is held */
void serve_models_let_go(serve_models *models, serve_model *held); /* NULL is allowed */

/* A seat on the model of this name, or with an empty name on the current one. Returns a status of HTTP: 200, 404 for a
 * name that is not loaded, 503 with the reason when there is no model or no memory. */
TML_NODISCARD unsigned serve_seat_take(serve_models *models, tml_str name, serve_seat **out,
                                       tml_error *err);
void serve_seat_give_back(serve_models *models, serve_seat *seat); /* NULL is allowed */

#endif
