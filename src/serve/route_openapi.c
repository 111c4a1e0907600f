/* GET /openapi.json: the routes as OpenAPI 3.1 has them, and the shapes with the model's own labels and keys. */
#include <stdint.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "sagemaker/content.h"
#include "serve/openapi.h"
#include "serve/route_list.h"
#include "textml/version.h"

/* ---- operations ---- */

typedef enum body_kind {
    BODY_NONE,
    BODY_INVOCATION, /* every type that is read, or written */
    BODY_JSON,
    BODY_TEXT,
    BODY_HTML,
    BODY_EVENTS,
} body_kind;

typedef enum query_kind {
    QUERY_NONE,
    QUERY_WISHES, /* what a request asks of all its rows */
    QUERY_PAGE,
} query_kind;

typedef struct operation {
    const char *path; /* those of one path stand together */
    const char *method;
    const char *id;
    const char *summary;
    body_kind takes;
    body_kind gives;
    const char *takes_schema; /* of BODY_JSON */
    const char *gives_schema;
    const char *error_schema; /* of all other statuses; NULL: there are none */
    query_kind query;
    bool is_of_many; /* only where models have names */
} operation;

static const operation operations[] = {
    {"/ping", "get", "ping", "200 when the model answers.", BODY_NONE, BODY_NONE, NULL, NULL,
     "Error", QUERY_NONE, false},
    {"/ping", "post", "pingByPost", "The same.", BODY_NONE, BODY_NONE, NULL, NULL, "Error",
     QUERY_NONE, false},
    {"/invocations", "post", "invoke", "Classifies the texts of the body.", BODY_INVOCATION,
     BODY_INVOCATION, NULL, NULL, "Error", QUERY_WISHES, false},
    {"/models", "get", "listModels", "A page of the loaded models, by their names.", BODY_NONE,
     BODY_JSON, NULL, "Models", "Error", QUERY_PAGE, true},
    {"/models", "post", "loadModel", "Loads a model: 409 when its name is taken, 507 without room.",
     BODY_JSON, BODY_JSON, "LoadModel", "ModelStatus", "Error", QUERY_NONE, true},
    {"/models/{name}", "get", "showModel", "One of the loaded models.", BODY_NONE, BODY_JSON, NULL,
     "Model", "Error", QUERY_NONE, true},
    {"/models/{name}", "delete", "unloadModel", "Unloads a model.", BODY_NONE, BODY_JSON, NULL,
     "ModelStatus", "Error", QUERY_NONE, true},
    {"/models/{name}/invoke", "post", "invokeModel", "The answer of the model of this name.",
     BODY_INVOCATION, BODY_INVOCATION, NULL, NULL, "Error", QUERY_WISHES, true},
    {"/execution-parameters", "get", "executionParameters", "How a batch transform may ask.",
     BODY_NONE, BODY_JSON, NULL, "ExecutionParameters", NULL, QUERY_NONE, false},
    {"/endpoints/{name}/invocations", "post", "invokeEndpoint",
     "The same as /invocations for clients of AWS's SDKs.", BODY_INVOCATION, BODY_INVOCATION, NULL,
     NULL, "ModelError", QUERY_WISHES, false},
    {"/endpoints/{name}/invocations-response-stream", "post", "invokeEndpointWithResponseStream",
     "The same in event frames.", BODY_INVOCATION, BODY_EVENTS, NULL, NULL, "ModelError",
     QUERY_WISHES, false},
    {"/metrics", "get", "metrics", "Figures in Prometheus' text format.", BODY_NONE, BODY_TEXT,
     NULL, NULL, NULL, QUERY_NONE, false},
    {"/openapi.json", "get", "openapi", "This document.", BODY_NONE, BODY_JSON, NULL, "Document",
     NULL, QUERY_NONE, false},
    {"/", "get", "page", "A page to try the model.", BODY_NONE, BODY_HTML, NULL, NULL, NULL,
     QUERY_NONE, false},
    {"/v2", "get", "v2Server", "The server, by the Open Inference Protocol.", BODY_NONE, BODY_JSON,
     NULL, "V2Server", NULL, QUERY_NONE, false},
    {"/v2/health/live", "get", "v2Live", "200 when the server lives.", BODY_NONE, BODY_JSON, NULL,
     "V2Live", NULL, QUERY_NONE, false},
    {"/v2/health/ready", "get", "v2Ready", "200 when the model answers.", BODY_NONE, BODY_JSON,
     NULL, "V2Ready", "V2Error", QUERY_NONE, false},
    {"/v2/models/{name}", "get", "v2Model", "Tensors of a model.", BODY_NONE, BODY_JSON, NULL,
     "V2Model", "V2Error", QUERY_NONE, false},
    {"/v2/models/{name}/ready", "get", "v2ModelReady", "200 when the model answers.", BODY_NONE,
     BODY_JSON, NULL, "V2Ready", "V2Error", QUERY_NONE, false},
    {"/v2/models/{name}/infer", "post", "v2Infer", "Classifies a tensor of texts.", BODY_JSON,
     BODY_JSON, "V2Request", "V2Answer", "V2Error", QUERY_NONE, false},
};

static void put_media(tmli_json_writer *w, const char *type, const char *schema)
{
    tmli_json_object(w, type);
    if (schema != NULL) {
        serve_openapi_ref(w, "schema", schema);
    } else {
        tmli_json_object(w, "schema");
        tmli_json_put_text(w, "type", "string");
        tmli_json_close_object(w);
    }
    tmli_json_close_object(w);
}

/* Whether requests of this type are read: asked of those who read them. */
static bool is_read(const char *type)
{
    sm_format format;
    return sm_format_of_request(tmli_str(type), (tml_str){0}, &format, NULL) == TML_OK;
}

static void put_content(tmli_json_writer *w, body_kind kind, const char *schema, bool is_request)
{
#define SM_MEDIA_TYPE(name, type) type,
    static const char *const types[] = {SM_MEDIA_LIST(SM_MEDIA_TYPE)};
#undef SM_MEDIA_TYPE
    tmli_json_object(w, "content");
    switch (kind) {
    case BODY_NONE: break;
    case BODY_INVOCATION:
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
            if (!is_request || is_read(types[i])) {
                const char *json = is_request ? "Request" : "Answer";
                put_media(w, types[i], i == SM_JSON ? json : NULL);
            }
        }
        break;
    case BODY_JSON: put_media(w, sm_media_type(SM_JSON), schema); break;
    case BODY_TEXT: put_media(w, "text/plain", NULL); break;
    case BODY_HTML: put_media(w, "text/html", NULL); break;
    case BODY_EVENTS: put_media(w, "application/vnd.amazon.eventstream", NULL); break;
    }
    tmli_json_close_object(w);
}

static void put_response(tmli_json_writer *w, const char *status, const char *description,
                         body_kind kind, const char *schema)
{
    tmli_json_object(w, status);
    tmli_json_put_text(w, "description", description);
    if (kind != BODY_NONE) {
        put_content(w, kind, schema, false);
    }
    tmli_json_close_object(w);
}

/* least: of an integer; SIZE_MAX: it is none, and type says what it is. */
static void put_parameter(tmli_json_writer *w, const char *where, const char *name,
                          const char *type, size_t least)
{
    tmli_json_object(w, NULL);
    tmli_json_put_text(w, "name", name);
    tmli_json_put_text(w, "in", where);
    tmli_json_put_bool(w, "required", strcmp(where, "path") == 0);
    tmli_json_object(w, "schema");
    tmli_json_put_text(w, "type", type);
    if (least != SIZE_MAX) {
        tmli_json_put_u64(w, "minimum", least);
    }
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

static void put_style(tmli_json_writer *w)
{
#define STYLE_WORD(name, text) text,
    static const char *const words[] = {TML_STYLE_LIST(STYLE_WORD)};
#undef STYLE_WORD
    tmli_json_object(w, NULL);
    tmli_json_put_text(w, "name", "style");
    tmli_json_put_text(w, "in", "query");
    tmli_json_object(w, "schema");
    tmli_json_list(w, "enum");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tmli_json_put_text(w, NULL, words[i]);
    }
    tmli_json_close_list(w);
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

static void put_parameters(tmli_json_writer *w, const operation *op)
{
    const bool has_name = strchr(op->path, '{') != NULL;
    if (!has_name && op->query == QUERY_NONE) {
        return;
    }
    tmli_json_list(w, "parameters");
    if (has_name) {
        put_parameter(w, "path", "name", "string", SIZE_MAX);
    }
    switch (op->query) {
    case QUERY_NONE: break;
    case QUERY_WISHES:
        put_parameter(w, "query", "k", "integer", 1);
        put_parameter(w, "query", "probabilities", "boolean", SIZE_MAX);
        put_parameter(w, "query", "explain", "integer", 0);
        put_style(w);
        break;
    case QUERY_PAGE:
        put_parameter(w, "query", "limit", "integer", 1);
        put_parameter(w, "query", "next_page_token", "string", SIZE_MAX);
        break;
    }
    tmli_json_close_list(w);
}

static void put_operation(tmli_json_writer *w, const operation *op)
{
    tmli_json_object(w, op->method);
    tmli_json_put_text(w, "operationId", op->id);
    tmli_json_put_text(w, "summary", op->summary);
    put_parameters(w, op);
    if (op->takes != BODY_NONE) {
        tmli_json_object(w, "requestBody");
        tmli_json_put_bool(w, "required", true);
        put_content(w, op->takes, op->takes_schema, true);
        tmli_json_close_object(w);
    }
    tmli_json_object(w, "responses");
    put_response(w, "200", "The answer.", op->gives, op->gives_schema);
    if (op->takes == BODY_INVOCATION && op->gives == BODY_INVOCATION) {
        put_response(w, "204", "The body held no text.", BODY_NONE, NULL);
    }
    if (op->error_schema != NULL) {
        put_response(w, "default", "What was wrong, in a sentence.", BODY_JSON, op->error_schema);
    }
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

static void put_paths(tmli_json_writer *w, bool has_many)
{
    const char *path = "";
    tmli_json_object(w, "paths");
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        const operation *op = &operations[i];
        if (op->is_of_many && !has_many) {
            continue;
        }
        if (strcmp(op->path, path) != 0) {
            if (path[0] != '\0') {
                tmli_json_close_object(w);
            }
            tmli_json_object(w, op->path);
            path = op->path;
        }
        put_operation(w, op);
    }
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

void serve_route_openapi(serve_lane *lane, const serve_request *request, serve_answer *answer)
{
    (void)request;
    serve_models *models = &lane->server->models;
    serve_model *held = serve_models_hold_current(models);
    const tml_model *model = held != NULL ? serve_model_of(held) : NULL;
    tmli_json_writer w;
    tmli_json_begin(&w, &answer->body, 1);
    tmli_json_object(&w, NULL);
    tmli_json_put_text(&w, "openapi", "3.1.0");
    tmli_json_object(&w, "info");
    tmli_json_put_text(&w, "title", model != NULL ? tml_model_recipe_name(model) : "textml");
    tmli_json_put_text(&w, "summary", "A text classifier, served by textml.");
    tmli_json_put_text(&w, "version", tml_version());
    tmli_json_close_object(&w);
    put_paths(&w, lane->server->settings.is_multi_model);
    tmli_json_object(&w, "components");
    serve_openapi_schemas(&w, model, lane->server->settings.has_columns,
                          lane->server->settings.is_batch);
    tmli_json_close_object(&w);
    tmli_json_close_object(&w);
    serve_models_let_go(models, held);
    serve_answer_end_json(answer);
}
