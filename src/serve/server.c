/* The model's state and the threads' lanes. */
#include "serve/server.h"

#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    ARENA_BLOCK_BYTES =
        16 << 10, /* a request of some headlines; larger ones take more for a while */
    VERIFY_AT_ONCE_BYTES = 8 << 20, /* some 2 ms, so that the start does not grow with the model */
};

/* ---- the model ---- */

static void set_fault(serve_server *server, const tml_error *fault)
{
    serve_models_set_fault(&server->models, fault);
    tml_logf(server->log, TML_LOG_ERROR, "%s", fault->text);
}

static void load(serve_server *server)
{
    tml_error fault = {0};
    tml_model *model = NULL;
    server->trial.mark = serve_mark_of(server->model_dir); /* first: later changes are seen */
    serve_torn torn = {0};
    serve_torn_enter(&torn);
    const tml_status loaded = tml_model_load(server->model_dir, &model, &fault);
    serve_torn_enter(NULL);
    if (loaded != TML_OK || serve_models_set_current(&server->models, model, &fault) != TML_OK) {
        set_fault(server, &fault);
    }
}

tml_status serve_server_open(serve_server *out, const char *dir, const tml_log *log, tml_error *err)
{
    *out = (serve_server){
        .log = log, .started = tmli_now(), .started_at = time(NULL), .settings.max_payload_mb = -1};
    /* Without it nobody can try which text a hash in the log belongs to. */
    const uint64_t start[] = {out->started.ticks, (uint64_t)out->started_at, (uint64_t)getpid()};
    out->log_seed = tmli_hash64_v1(start, sizeof(start), 0);
    atomic_init(&out->n_queued, 0);
    atomic_init(&out->n_arriving, 0);
    if (pthread_mutex_init(&out->lock, NULL) != 0) {
        return tmli_fail_memory(err, "a lock");
    }
    const tml_status status = serve_models_init(&out->models, err);
    if (status != TML_OK) {
        (void)pthread_mutex_destroy(&out->lock);
        return status;
    }
    if (dir != NULL) {
        out->model_dir = tmli_str_copy(tmli_str(dir));
        if (out->model_dir == NULL) {
            serve_server_close(out);
            return tmli_fail_memory(err, "a path");
        }
        load(out);
    }
    return TML_OK;
}

void serve_server_verify(serve_server *server)
{
    tml_error fault = {0};
    serve_model *held = serve_models_hold_current(&server->models);
    if (held == NULL) {
        return;
    }
    if (tml_model_bytes(serve_model_of(held)) > VERIFY_AT_ONCE_BYTES) {
        server->is_unverified = true;
    } else if (serve_model_verify(held, &fault) != TML_OK) {
        set_fault(server, &fault);
    }
    serve_models_let_go(&server->models, held);
}

bool serve_server_is_torn(serve_server *server, const serve_seat *seat, tml_error *err)
{
    bool is_first = false;
    if (!serve_seat_is_torn(&server->models, seat, &is_first, err)) {
        return false;
    }
    if (is_first) {
        tml_logf(server->log, TML_LOG_ERROR, "%s", err->text);
    }
    return true;
}

/* ---- lanes ---- */

serve_lane *serve_lane_create(serve_server *server)
{
    serve_lane *lane = tmli_calloc(1, sizeof(*lane));
    if (lane == NULL) {
        return NULL;
    }
    lane->server = server;
    tmli_arena_init(&lane->arena, ARENA_BLOCK_BYTES, 0);
    atomic_init(&lane->n_open, 0);
    serve_counters_init(&lane->counters, server->started);
    (void)pthread_mutex_lock(&server->lock);
    lane->next = server->lanes;
    server->lanes = lane;
    (void)pthread_mutex_unlock(&server->lock);
    return lane;
}

void serve_lane_end_request(serve_lane *lane)
{
    if (lane->arena.used_bytes > ARENA_BLOCK_BYTES) {
        tmli_arena_deinit(&lane->arena); /* its first block may be as large as its first text */
    } else {
        tmli_arena_reset(&lane->arena);
    }
}

static void free_lane(serve_lane *lane)
{
    tmli_arena_deinit(&lane->arena);
    tmli_free(lane);
}

size_t serve_server_open_requests(serve_server *server)
{
    size_t n = 0;
    (void)pthread_mutex_lock(&server->lock);
    for (serve_lane *lane = server->lanes; lane != NULL; lane = lane->next) {
        n += atomic_load_explicit(&lane->n_open, memory_order_acquire);
    }
    (void)pthread_mutex_unlock(&server->lock);
    return n;
}

void serve_server_close(serve_server *server)
{
    while (server->lanes != NULL) {
        serve_lane *next = server->lanes->next;
        free_lane(server->lanes);
        server->lanes = next;
    }
    serve_models_deinit(&server->models);
    (void)pthread_mutex_destroy(&server->lock);
    tmli_free(server->model_dir);
    *server = (serve_server){0};
}
