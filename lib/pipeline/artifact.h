/* pipeline/artifact.h: names and versions of the artifact's files. Layout: docs/artifact-format.md. */
#ifndef PIPELINE_ARTIFACT_H
#define PIPELINE_ARTIFACT_H

#include "base/buf.h"
#include "base/value.h"
#include "pipeline/model.h"
#include "pipeline/safetensors.h"

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

enum {
    TMLI_MODEL_TENSORS = 4 + 2 * TMLI_MLP_MAX_LAYERS + 4 * TMLI_MAX_BLOCKS + 7 /* at most */
};

/* A model's tensors, borrowed from it; returns their number. */
size_t tmli_artifact_list(const tml_model *model, tmli_tensor out[TMLI_MODEL_TENSORS]);
/* Points a model, whose recipe and labels are read, at the tensors of its mapped file. Errors: TML_EFORMAT. */
TML_NODISCARD tml_status tmli_artifact_map(const tmli_safetensors *file, tml_model *model,
                                           tml_error *err);

#endif
