/* serve/server.h: what a running server holds: its settings, its models, and for each thread its lane: scratch memory.
 * No socket is known here. */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "sagemaker/content.h"
#include "serve/connections.h"
#include "serve/metrics.h"
#include "serve/models.h"
#include "textml/log.h"
#include "textml/model.h"
#include "textml/status.h"

typedef struct serve_server serve_server;

/* How it answers; fixed once it listens. */
typedef struct serve_settings {
    size_t max_body;     /* longest body that is read */
    serve_limits limits; /* of connections */
    tml_str api_key;     /* borrowed; empty: nobody needs one */
    bool has_default_accept;
    sm_media default_accept; /* for requests that take anything */
    bool has_style;          /* otherwise the model's recipe says it */
    tml_style style;         /* of answers */
    bool has_columns;
    sm_columns columns;         /* SAGEMAKER_INFERENCE_OUTPUT */
    bool is_batch;              /* SAGEMAKER_BATCH: one bad line does not fail the others */
    bool is_local_mode;         /* SAGEMAKER_BATCH as the SDK's local mode writes it */
    size_t max_transforms;      /* what a batch transform was started with; 0: not said */
    int64_t max_payload_mb;     /* likewise; -1: not said, 0: without a limit */
    const char *batch_strategy; /* likewise; NULL: not said */
    bool is_multi_model; /* SAGEMAKER_MULTI_MODEL: no model of its own, the routes below /models */
    bool has_fixed_models; /* changed files are not loaded */
    size_t n_threads;      /* that answer */
    size_t max_rows;       /* of a request; 0: no limit, likewise the next */
    size_t max_row_bytes;
    size_t max_queue; /* long requests at a time, those that wait and those that are worked on */
    size_t max_queue_bytes; /* of their bodies together */
    double timeout_s;       /* most that a long request may wait and take; 0: no limit */
    bool streams;           /* answers of lines to long requests are sent as they come */
} serve_settings;

/* When a thread is woken on a processor where another one runs. */
typedef enum serve_turn {
    SERVE_GOES_FIRST,
    SERVE_YIELDS,
    SERVE_KEEPS_TURN, /* whatever its policy is, it stays */
} serve_turn;

/* What one thread needs to answer. Only its thread touches it, but for n_open. */
typedef struct serve_lane {
    serve_server *server;    /* borrowed */
    struct serve_lane *next; /* under server->lock */
    tmli_arena arena;        /* of the request that is being answered */
    tml_str texts[SERVE_CHUNK_ROWS];
    serve_counters counters;
    serve_turn turn; /* of a thread that owns connections: the matter of serve/scheduling.h */
    void *side;      /* of a thread that owns connections: its part of http.c, which frees it */
    /* requests that have begun and not ended; read by the thread that drains */
    atomic_size_t n_open;
} serve_lane;

struct serve_server {
    const tml_log *log; /* borrowed; may be NULL */
    serve_settings settings;
    serve_models models;
    char *model_dir;    /* owned: of the current model; NULL for none */
    serve_trial trial;  /* of that directory; the watcher's once it runs */
    bool is_unverified; /* the watcher begins with that */
    tmli_moment started;
    int64_t started_at;       /* seconds of Unix time */
    uint64_t log_seed;        /* of the hashes that stand for texts in the log */
    atomic_size_t n_queued;   /* long requests that wait for a worker or are worked on */
    atomic_size_t n_arriving; /* bytes that have come of long bodies whose rest is to come */
    pthread_mutex_t lock;
    serve_lane *lanes; /* owned; under lock */
};

/* Maps the model in dir; NULL: there is none. A model that cannot be used leaves a server that answers 503 with the
 * reason, which is also logged. out: release with serve_server_close. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status serve_server_open(serve_server *out, const char *dir, const tml_log *log,
                                           tml_error *err);
/* Compares the model's bytes with its hash when that takes milliseconds; otherwise the watcher will (serve/watch.h). */
void serve_server_verify(serve_server *server);
/* serve_seat_is_torn, told in the log. */
bool serve_server_is_torn(serve_server *server, const serve_seat *seat, tml_error *err);
/* All other threads must have ended. */
void serve_server_close(serve_server *server);

/* A lane for the calling thread, which stays the server's; NULL when memory is short. */
serve_lane *serve_lane_create(serve_server *server) TML_NODISCARD;
/* Gives back what the requests that were answered together have taken: names of some lie there until all are answered.
 * After a large one it is freed, so that an idle lane stays small. */
void serve_lane_end_request(serve_lane *lane);
size_t serve_server_open_requests(serve_server *server);

#endif
