#include "support/padded.h"

#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/artifact.h"

static tmli_tensor *find(tmli_tensor *tensors, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(tensors[i].name, name) == 0) {
            return &tensors[i];
        }
    }
    return NULL;
}

/* Writes the tensors and what describes them. */
static tml_status write_files(const tml_model *model, const char *dir, tmli_tensor *tensors,
                              size_t n, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_file_out file = {.fd = -1};
    tmli_buf json = {0};
    uint64_t n_bytes = 0;
    uint64_t hash = 0;
    char *tensors_path = tmli_path_join(dir, TMLI_ARTIFACT_TENSORS);
    char *json_path = tmli_path_join(dir, TMLI_ARTIFACT_JSON);
    if (tensors_path == NULL || json_path == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a path"));
    }
    TMLI_TRY(tmli_file_out_begin(&file, tensors_path, err));
    TMLI_TRY(tmli_safetensors_write(&file, tensors, n, &n_bytes, &hash, err));
    tmli_artifact_describe(model, n_bytes, hash, &json);
    if (json.failed) {
        TMLI_TRY(tmli_fail_memory(err, "textml.json"));
    }
    TMLI_TRY(tmli_file_out_commit(&file, err));
    TMLI_TRY(tmli_file_replace(json_path, json.data, json.len, err));
cleanup:
    tmli_file_out_abandon(&file);
    tmli_buf_deinit(&json);
    tmli_free(tensors_path);
    tmli_free(json_path);
    return status;
}

tml_status pad_artifact(const char *dir, size_t n, tml_error *err)
{
    tml_status status = TML_OK;
    tml_model *model = NULL;
    char *bytes = NULL;
    uint32_t *ends = NULL;
    tmli_tensor list[TMLI_MODEL_TENSORS];
    TMLI_TRY(tml_model_load(dir, &model, err));
    const size_t n_list = tmli_artifact_list(model, list);
    tmli_tensor *words = find(list, n_list, "vocab.bytes");
    tmli_tensor *offsets = find(list, n_list, "vocab.offsets");
    if (words == NULL || offsets == NULL) {
        TMLI_TRY(tmli_fail(err, TML_EFORMAT, "%s: is no network", dir));
    }
    bytes = tmli_calloc(words->n_bytes + n, 1); /* pages that nobody writes take no memory */
    ends = tmli_malloc(offsets->n_bytes);
    if (bytes == NULL || ends == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a long word"));
    }
    memcpy(bytes, words->data, words->n_bytes);
    memcpy(ends, offsets->data, offsets->n_bytes);
    ends[offsets->shape[0] - 1] += (uint32_t)n;
    *words = tmli_tensor_of("vocab.bytes", TMLI_U8, words->n_bytes + n, 0, bytes);
    *offsets = tmli_tensor_of("vocab.offsets", TMLI_U32, offsets->shape[0], 0, ends);
    TMLI_TRY(write_files(model, dir, list, n_list, err));
cleanup:
    tml_model_free(model);
    tmli_free(bytes);
    tmli_free(ends);
    return status;
}
