/* serve/openapi.h: the shapes of requests and answers as JSON Schema, for /openapi.json. */
#ifndef SERVE_OPENAPI_H
#define SERVE_OPENAPI_H

#include <stdbool.h>

#include "base/json.h"
#include "textml/model.h"

/* A member that points at one of the schemas: {"$ref": "#/components/schemas/NAME"}. key: NULL in lists. */
void serve_openapi_ref(tmli_json_writer *w, const char *key, const char *schema);
/* The member "schemas". model: NULL when there is none; then labels are any strings. has_columns: answers have the columns that
 * the environment names. is_batch: a damaged row has an answer too. */
void serve_openapi_schemas(tmli_json_writer *w, const tml_model *model, bool has_columns,
                           bool is_batch);

#endif
