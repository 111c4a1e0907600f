/* pipeline/artifact.h: names and versions of the artifact's files. Layout: docs/artifact-format.md. */
#ifndef PIPELINE_ARTIFACT_H
#define PIPELINE_ARTIFACT_H

#include "base/buf.h"
#include "base/value.h"
#include "pipeline/model.h"

#define TMLI_ARTIFACT_JSON "textml.json"
#define TMLI_ARTIFACT_TENSORS "model.safetensors"

enum {
    TMLI_ARTIFACT_FORMAT = 1
}; /* readers accept 1..this */

/* Appends the text of textml.json. n_bytes, hash: of the tensor file. */
void tmli_artifact_describe(const tml_model *model, uint64_t n_bytes, uint64_t hash, tmli_buf *out);

/* What textml.json says of the tensor file. */
typedef struct tmli_artifact_tensors {
    uint64_t n_bytes;
    uint64_t hash;
} tmli_artifact_tensors;

/* Reads the text of textml.json into model (recipe, labels). source stands in sentences. Errors: TML_EFORMAT,
 * TML_EVERSION, TML_ENOMEM. Any bytes are survived. */
TML_NODISCARD tml_status tmli_artifact_parse(const char *source, tml_str text, tml_model *model,
                                             tmli_artifact_tensors *tensors, tml_error *err);

#endif
