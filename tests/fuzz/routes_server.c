#include "fuzz/routes_server.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "fuzz/fuzz.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

static const char recipe_text[] =
    "name: words\n"
    "data: {labels: {w: Warm, c: 'Cold, \"icy\"'}, split: {validation: 0}}\n"
    "features: [{type: bag}]\n"
    "model: {type: naive_bayes}\n"
    "serve: {request: {json: input}, response: {json: result}}\n";
static const char rows[] = "text,label\nhot,w\nice,c\nhot hot,w\nice ice,c\n";

static routes_server servers[2];
static char *root;     /* the models lie below it */
static char *artifact; /* root/m */

static void refuse_secrets(void *ctx, tml_log_level level, const char *record)
{
    (void)ctx;
    (void)level;
    /* At its end is the id that clients send to be found there. */
    const char *const id = strstr(record, " inference_id=");
    const char *const secret = strstr(record, ROUTES_SECRET);
    FUZZ_CHECK(secret == NULL || (id != NULL && secret > id));
}

static const tml_log sink = {.write = refuse_secrets, .least = TML_LOG_DEBUG};

static void forget(void)
{
    serve_server_close(&servers[0].server);
    serve_server_close(&servers[1].server);
    tmpdir_remove(root);
    free(artifact);
}

static void make(void)
{
    root = tmpdir_create();
    artifact = tmpdir_path(root, "m");
    tml_model *const model = tiny_fit_rows(root, recipe_text, rows);
    FUZZ_CHECK(tml_model_save(model, artifact, NULL) == TML_OK);
    tml_model_free(model);
    for (int is_many = 0; is_many < 2; is_many++) {
        routes_server *const of = &servers[is_many];
        FUZZ_CHECK(serve_server_open(&of->server, is_many ? NULL : artifact, &sink, NULL) ==
                   TML_OK);
        of->server.settings.is_multi_model = is_many != 0;
        of->server.models.options =
            (serve_models_options){.is_multi_model = is_many != 0, .root = root};
        of->lane = serve_lane_create(&of->server);
        FUZZ_CHECK(of->lane != NULL);
    }
    FUZZ_CHECK(atexit(forget) == 0);
}

routes_server *routes_server_get(bool is_many)
{
    if (root == NULL) {
        make();
    }
    return &servers[is_many ? 1 : 0];
}

static void ignore(void *ctx, tml_str name, tml_str url)
{
    (void)ctx;
    (void)name;
    (void)url;
}

void routes_server_reset(routes_server *of)
{
    serve_models *const models = &of->server.models;
    if (of->server.settings.is_multi_model &&
        !serve_models_show(models, TML_STR("m"), ignore, NULL)) {
        FUZZ_CHECK(serve_models_load(models, TML_STR("m"), tmli_str(artifact), NULL) == 200);
    }
}
