/* serve/models.h: the loaded models, and seats: what one thread needs of a model to score with it.
 *
 * A server has one model, the current one, or any number of models with names. A seat holds its model: one that is
 * replaced or unloaded lives until the last seat on it is given back. Seats are kept for use again, so that a steady
 * load makes none. All functions may be called by any thread at any time, but for those that say when. */
#ifndef SERVE_MODELS_H
#define SERVE_MODELS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "serve/files.h"
#include "serve/torn.h"
#include "textml/model.h"
#include "textml/status.h"
#include "textml/str.h"

enum {
    SERVE_CHUNK_ROWS = 64,   /* texts scored together: as many as a session takes at a time */
    SERVE_NAME_BYTES = 1024, /* of a model, at most */
};

typedef struct serve_model serve_model;

typedef struct serve_seat {
    serve_model *owner;
    const tml_model *model; /* the owner's, for short */
    tml_session *session;
    double *scores;          /* [SERVE_CHUNK_ROWS, labels] */
    struct serve_seat *next; /* under the lock, as the rest: its owner's idle ones */
    struct serve_seat *previous;
    struct serve_seat *older; /* all idle ones, by when they were given back */
    struct serve_seat *newer;
    double idle_since_s;
} serve_seat;

/* How models with names are served; fixed before the first request. */
typedef struct serve_models_options {
    bool is_multi_model;
    const char *root;      /* a directory that all of them lie below; borrowed */
    bool finds;            /* a model in root is loaded when it is first asked for */
    bool unloads_unused;   /* when there is no room: those go that were not used for longest */
    size_t max_bytes;      /* of all models together; 0: no limit */
    size_t max_idle_seats; /* of all models together; 0: a default */
} serve_models_options;

typedef struct serve_models {
    serve_models_options options;
    pthread_mutex_t lock;
    pthread_cond_t changed;  /* a model has been loaded, or let go while somebody waited for it */
    serve_model *current;    /* under lock; the model of /invocations, NULL when there is none */
    tml_error fault;         /* under lock: why there is none */
    atomic_bool has_current; /* the same, for a look without the lock */
    serve_model **named;     /* under lock, as all below; by name; some still load */
    size_t n_named, named_capacity;
    size_t n_bytes;       /* that the models with names are reckoned at, until they are freed */
    size_t n_cache_bytes; /* of them, what networks keep of their sums */
    uint64_t n_taken;     /* seats ever: a clock of use */
    serve_seat *newest;   /* idle ones */
    serve_seat *oldest;
    size_t n_idle_seats;
} serve_models;

/* Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_models_init(serve_models *models, tml_error *err);
/* All seats must have been given back. */
void serve_models_deinit(serve_models *models);

/* ---- the current model ---- */

/* Puts a model in the place of the current one, which goes when its last seat does. Takes model, also on failure.
 * Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_models_set_current(serve_models *models, tml_model *model,
                                                  tml_error *err);
/* There is no current model from now on, for this reason. */
void serve_models_set_fault(serve_models *models, const tml_error *fault);
/* The same if held is still the current one; otherwise nothing happens, and false. */
bool serve_models_drop_current(serve_models *models, const serve_model *held,
                               const tml_error *fault);
/* Whether there is a current model; otherwise *fault (may be NULL) says why not. */
bool serve_models_has_current(serve_models *models, tml_error *fault);

/* Keeps the current model alive until let go, without a seat: for looking at it. NULL when there is none. */
serve_model *serve_models_hold_current(serve_models *models) TML_NODISCARD;
/* tml_model_verify, also of one whose file has been cut short. */
TML_NODISCARD tml_status serve_model_verify(serve_model *held, tml_error *err);
const tml_model *serve_model_of(const serve_model *held);          /* as long as it is held */
void serve_models_let_go(serve_models *models, serve_model *held); /* NULL is allowed */

/* ---- seats ---- */

/* A seat on the model of this name, or with an empty name on the current one; where models have names that is the only
 * one that is loaded. Returns a status of HTTP: 200; 400 for an empty name when it could mean several models; 404 for a
 * name that is not loaded; 500 and 507 for one that should be loaded now and cannot; 503 with the reason when there is no
 * model; 503 or, for a name, 507 when there is no memory. */
TML_NODISCARD unsigned serve_seat_take(serve_models *models, tml_str name, serve_seat **out,
                                       tml_error *err);
/* The calling thread reads the seat's model from now on, as it does when it has taken it; NULL: it reads none. */
void serve_seat_enter(const serve_seat *seat);
/* Whether the model's file was cut short while it was read: then *err is what to answer, what was scored is worth nothing, and
 * nobody is given the model any more. *is_first (when it returns true): for one caller, who says it in the log. */
bool serve_seat_is_torn(serve_models *models, const serve_seat *seat, bool *is_first,
                        tml_error *err);
void serve_seat_give_back(serve_models *models, serve_seat *seat); /* NULL is allowed */
/* Frees the seats that nobody has used for a minute. */
void serve_models_tidy(serve_models *models);

/* ---- models with names ---- */

/* What all models may take by default: what the cgroup or the machine has left, a tenth put aside for requests; 0 when
 * neither tells. To be asked before any is loaded: what models and requests take later is not to be counted twice. */
size_t serve_models_room(void);
/* Loads and verifies the artifact in the directory url. Returns a status of HTTP: 200; 400 for a name or url that may
 * not be; 404 when url is not there; 409 when the name is taken; 500 for an artifact that cannot be used; 507 when there
 * is no room. */
TML_NODISCARD unsigned serve_models_load(serve_models *models, tml_str name, tml_str url,
                                         tml_error *err);
/* Takes the name away at once, waits for the requests that use the model, a minute at most, and gives its memory back.
 * Returns a status of HTTP: 200, 404, or 500 when they take longer: it then goes with the last of them. */
TML_NODISCARD unsigned serve_models_unload(serve_models *models, tml_str name, tml_error *err);
/* Whether asking for this name would load it: that takes longer than a request should. */
bool serve_models_would_load(serve_models *models, tml_str name);

/* How many models answer, with or without names. */
size_t serve_models_loaded(serve_models *models);

/* Called under the lock; name and url are borrowed for the call. */
typedef void (*serve_model_fn)(void *ctx, tml_str name, tml_str url);

/* Shows the model of this name; false when it is not loaded. */
bool serve_models_show(serve_models *models, tml_str name, serve_model_fn show, void *ctx);
/* Shows up to limit models whose names come behind `after` (in byte order; the empty one is before all), in that order.
 * Returns whether there are more. */
bool serve_models_list(serve_models *models, tml_str after, size_t limit, serve_model_fn show,
                       void *ctx);

/* ---- found models, for the watcher ---- */

/* Holds up to max models that were found in the root, behind *after in the order of names; returns their number. */
size_t serve_models_hold_found(serve_models *models, tml_str after, serve_model **out, size_t max);
/* Of a held one. */
tml_str serve_model_name(const serve_model *held);
const char *serve_model_dir(const serve_model *held);
serve_trial *serve_model_trial(serve_model *held); /* the watcher's own */
/* Puts model in held's place. Takes model, also when it does nothing because held has gone meanwhile.
 * Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_models_replace(serve_models *models, serve_model *held,
                                              tml_model *model, tml_error *err);
/* Takes held's name away, if it still has it; it goes with its last request. */
void serve_models_forget(serve_models *models, serve_model *held);

#endif
