/* Schemas: those with the model's labels and keys are written here, the others are data/openapi/schemas.json. */
#include "serve/openapi.h"

#include <stdio.h>

#include "base/bytes.h"
#include "openapi_embedded.h"

void serve_openapi_ref(tmli_json_writer *w, const char *key, const char *schema)
{
    char target[96];
    (void)snprintf(target, sizeof(target), "#/components/schemas/%s", schema);
    tmli_json_object(w, key);
    tmli_json_put_text(w, "$ref", target);
    tmli_json_close_object(w);
}

static void put_label(tmli_json_writer *w, const tml_model *model)
{
    tmli_json_object(w, "Label");
    tmli_json_put_text(w, "type", "string");
    if (model != NULL) {
        tmli_json_list(w, "enum");
        for (size_t i = 0; i < tml_model_labels(model); i++) {
            tmli_json_put_str(w, NULL, tml_model_label(model, i));
        }
        tmli_json_close_list(w);
    }
    tmli_json_close_object(w);
}

static void put_required(tmli_json_writer *w, const char *const *keys, size_t n)
{
    tmli_json_list(w, "required");
    for (size_t i = 0; i < n; i++) {
        tmli_json_put_text(w, NULL, keys[i]);
    }
    tmli_json_close_list(w);
}

/* {"label": probability, …} with exactly the model's labels. */
static void put_probabilities(tmli_json_writer *w, const tml_model *model)
{
    tmli_json_object(w, "Probabilities");
    tmli_json_put_text(w, "type", "object");
    tmli_json_object(w, "propertyNames");
    tmli_json_put_text(w, "$ref", "#/components/schemas/Label");
    tmli_json_close_object(w);
    serve_openapi_ref(w, "additionalProperties", "Probability");
    if (model != NULL) {
        tmli_json_put_u64(w, "minProperties", tml_model_labels(model));
    }
    tmli_json_close_object(w);
}

static void put_array(tmli_json_writer *w, const char *key, const char *item)
{
    tmli_json_object(w, key);
    tmli_json_put_text(w, "type", "array");
    serve_openapi_ref(w, "items", item);
    tmli_json_close_object(w);
}

static void put_prediction(tmli_json_writer *w)
{
    static const char *const required[] = {"label", "score"};
    tmli_json_object(w, "Prediction");
    tmli_json_put_text(w, "type", "object");
    put_required(w, required, 2);
    tmli_json_object(w, "properties");
    serve_openapi_ref(w, "label", "Label");
    serve_openapi_ref(w, "score", "Probability");
    put_array(w, "top", "LabelScore");
    serve_openapi_ref(w, "probabilities", "Probabilities");
    serve_openapi_ref(w, "explanation", "Explanation");
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

/* {"predictions": [item, …]}, with the answers of damaged rows among them in a batch transform. */
static void put_predictions(tmli_json_writer *w, bool is_batch)
{
    const char *const key = "predictions";
    tmli_json_object(w, "Predictions");
    tmli_json_put_text(w, "type", "object");
    put_required(w, &key, 1);
    tmli_json_object(w, "properties");
    tmli_json_object(w, key);
    tmli_json_put_text(w, "type", "array");
    if (is_batch) {
        tmli_json_object(w, "items");
        tmli_json_list(w, "anyOf");
        serve_openapi_ref(w, NULL, "Prediction");
        serve_openapi_ref(w, NULL, "RowError");
        tmli_json_close_list(w);
        tmli_json_close_object(w);
    } else {
        serve_openapi_ref(w, "items", "Prediction");
    }
    tmli_json_close_object(w);
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

/* The recipe's own shape: {KEY: one item or a list of them}. */
static void put_own(tmli_json_writer *w, const char *name, const char *key, const char *item)
{
    tmli_json_object(w, name);
    tmli_json_put_text(w, "type", "object");
    put_required(w, &key, 1);
    tmli_json_object(w, "properties");
    tmli_json_object(w, key);
    tmli_json_list(w, "oneOf");
    serve_openapi_ref(w, NULL, item);
    put_array(w, NULL, item);
    tmli_json_close_list(w);
    tmli_json_close_object(w);
    tmli_json_close_object(w);
    tmli_json_close_object(w);
}

/* Any of the shapes that a body of JSON may have; own: NULL where the recipe has none. */
static void put_any_of(tmli_json_writer *w, const char *name, const char *own,
                       const char *const *others)
{
    tmli_json_object(w, name);
    tmli_json_list(w, "anyOf");
    if (own != NULL) {
        serve_openapi_ref(w, NULL, own);
    }
    for (; *others != NULL; others++) {
        serve_openapi_ref(w, NULL, *others);
    }
    tmli_json_close_list(w);
    tmli_json_close_object(w);
}

/* The file's members behind those that were written: all between its outer braces. */
static void put_fixed(tmli_json_writer *w)
{
    const tml_str file = tmli_str_trim(tmli_str((const char *)openapi_schemas));
    tmli_buf_append_byte(w->out, ',');
    tmli_buf_append_str(w->out, tmli_str_trim((tml_str){file.data + 1, file.len - 2}));
}

void serve_openapi_schemas(tmli_json_writer *w, const tml_model *model, bool has_columns,
                           bool is_batch)
{
    const char *request_key = model != NULL ? tml_model_request_key(model) : NULL;
    const char *response_key = model != NULL ? tml_model_response_key(model) : NULL;
    const bool has_own = request_key != NULL && response_key != NULL;
    tmli_json_object(w, "schemas");
    put_label(w, model);
    put_probabilities(w, model);
    put_prediction(w);
    put_predictions(w, is_batch);
    if (has_own) {
        put_own(w, "OwnRequest", request_key, "String");
        put_own(w, "OwnAnswer", response_key, "Label");
    }
    put_any_of(w, "Request", has_own ? "OwnRequest" : NULL,
               (const char *const[]){"Rows", "Text", "Texts", NULL});
    put_any_of(w, "Answer", has_own ? "OwnAnswer" : NULL,
               (const char *const[]){has_columns ? "Columns" : "Predictions", "BlazingText",
                                     "HuggingFace", NULL});
    put_fixed(w);
    tmli_json_close_object(w);
}
