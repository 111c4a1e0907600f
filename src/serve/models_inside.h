/* serve/models_inside.h: a counted model, for the files that implement models.h. */
#ifndef SERVE_MODELS_INSIDE_H
#define SERVE_MODELS_INSIDE_H

#include "serve/models.h"

struct serve_model {
    tml_model *model;  /* owned; NULL while it loads */
    serve_seat *seats; /* under the lock, as n_held to is_waited; owned: those that wait for use */
    size_t n_held;     /* seats in use, and 1 while it is current or has its name */
    uint64_t last_taken;
    serve_torn torn; /* of its file; by itself */
    bool is_waited;  /* somebody waits until it is let go */
    bool is_found;   /* in the root, by its name */
    char *name;      /* owned; NULL for the current one */
    size_t n_name;
    char *url;                       /* owned: as it was given */
    char *dir;                       /* owned: where it was loaded from */
    size_t n_bytes;                  /* that it is reckoned at, its cache included */
    size_t n_cache_bytes;            /* of them */
    serve_trial trial;               /* of the watcher alone */
    struct serve_model *next_unused; /* of one that is about to be freed */
};

/* NULL when memory is short. Takes model, also then. Held once. */
serve_model *serve_model_create(tml_model *model) TML_NODISCARD;
/* NULL is allowed; its seats are given back, and it is in no list. Not under the lock. */
void serve_model_free(serve_model *model);

/* Under the lock: one holder less; the model when it is to be freed, otherwise NULL. */
serve_model *serve_model_drop(serve_models *models, serve_model *model) TML_NODISCARD;
/* Under the lock: the only model with a name that is loaded, or NULL when it is not the only one. */
serve_model *serve_models_sole(const serve_models *models);

/* Holds the model of this name, having loaded it if that is how names are served. A status of HTTP. */
TML_NODISCARD unsigned serve_models_hold_named(serve_models *models, tml_str name,
                                               serve_model **out, tml_error *err);

/* Under the lock: a model of this name that may be used, or NULL. */
serve_model *serve_models_find(const serve_models *models, tml_str name);

#endif
