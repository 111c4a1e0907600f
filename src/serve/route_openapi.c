/* GET /openapi.json: the routes as OpenAPI 3.1 has them, and the shapes with the model's own labels and keys. */
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

typedef struct operation {
    const char *path;
    const char *method;
    const char *id;
    const char *summary;
    body_kind takes;
    body_kind gives;
    const char *takes_schema; /* of BODY_JSON */
    const char *gives_schema;
    const char *error_schema; /* of all other statuses; NULL: there are none */
} operation;

static const operation operations[] = {
    {"/ping", "get", "ping", "200 when the model answers.", BODY_NONE, BODY_NONE, NULL, NULL,
     "Error"},
    {"/invocations", "post", "invoke", "Classifies the texts of the body.", BODY_INVOCATION,
     BODY_INVOCATION, NULL, NULL, "Error"},
    {"/execution-parameters", "get", "executionParameters", "How a batch transform may ask.",
     BODY_NONE, BODY_JSON, NULL, "ExecutionParameters", NULL},
    {"/endpoints/{name}/invocations", "post", "invokeEndpoint",
     "The same for clients of AWS's SDKs.", BODY_INVOCATION, BODY_INVOCATION, NULL, NULL,
     "ModelError"},
    {"/endpoints/{name}/invocations-response-stream", "post", "invokeEndpointWithResponseStream",
     "The same in event frames.", BODY_INVOCATION, BODY_EVENTS, NULL, NULL, "ModelError"},
    {"/metrics", "get", "metrics", "Figures in Prometheus' text format.", BODY_NONE, BODY_TEXT,
     NULL, NULL, NULL},
    {"/openapi.json", "get", "openapi", "This document.", BODY_NONE, BODY_JSON, NULL, "Document",
     NULL},
    {"/", "get", "page", "A page to try the model.", BODY_NONE, BODY_HTML, NULL, NULL, NULL},
    {"/v2", "get", "v2Server", "The server, by the Open Inference Protocol.", BODY_NONE, BODY_JSON,
     NULL, "V2Server", NULL},
    {"/v2/health/live", "get", "v2Live", "200 when the server lives.", BODY_NONE, BODY_JSON, NULL,
     "V2Live", NULL},
    {"/v2/health/ready", "get", "v2Ready", "200 when the model answers.", BODY_NONE, BODY_JSON,
     NULL, "V2Ready", "V2Error"},
    {"/v2/models/{name}", "get", "v2Model", "Tensors of a model.", BODY_NONE, BODY_JSON, NULL,
     "V2Model", "V2Error"},
    {"/v2/models/{name}/ready", "get", "v2ModelReady", "200 when the model answers.", BODY_NONE,
     BODY_JSON, NULL, "V2Ready", "V2Error"},
    {"/v2/models/{name}/infer", "post", "v2Infer", "Classifies a tensor of texts.", BODY_JSON,
     BODY_JSON, "V2Request", "V2Answer", "V2Error"},
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

static void put_name(tmli_json_writer *w)
{
    tmli_json_list(w, "parameters");
    tmli_json_object(w, NULL);
    tmli_json_put_text(w, "name", "name");
    tmli_json_put_text(w, "in", "path");
    tmli_json_put_bool(w, "required", true);
    tmli_json_object(w, "schema");
    tmli_json_put_text(w, "type", "string");
    tmli_json_close_object(w);
    tmli_json_close_object(w);
    tmli_json_close_list(w);
}

static void put_operation(tmli_json_writer *w, const operation *op)
{
    tmli_json_object(w, op->path);
    tmli_json_object(w, op->method);
    tmli_json_put_text(w, "operationId", op->id);
    tmli_json_put_text(w, "summary", op->summary);
    if (strchr(op->path, '{') != NULL) {
        put_name(w);
    }
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
    tmli_json_object(&w, "paths");
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        put_operation(&w, &operations[i]);
    }
    tmli_json_close_object(&w);
    tmli_json_object(&w, "components");
    serve_openapi_schemas(&w, model, lane->server->settings.has_columns);
    tmli_json_close_object(&w);
    tmli_json_close_object(&w);
    serve_models_let_go(models, held);
    serve_answer_end_json(answer);
}
