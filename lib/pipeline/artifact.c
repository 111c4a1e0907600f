/* Saving and mapping artifacts: textml.json (artifact_json.c) beside model.safetensors (safetensors.c), whose tensors
 * artifact_tensors.c knows. */
#include "pipeline/artifact.h"

#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/safetensors.h"

enum {
    JSON_LIMIT = 16 << 20
};

static tml_status write_artifact(const tml_model *model, const char *dir, tmli_tensor *tensors,
                                 size_t n_tensors, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_file_out tensor_file = {.fd = -1};
    tmli_file_out json_file = {.fd = -1};
    tmli_buf json = {0};
    uint64_t n_bytes = 0;
    uint64_t hash = 0;
    char *tensor_path = tmli_path_join(dir, TMLI_ARTIFACT_TENSORS);
    char *json_path = tmli_path_join(dir, TMLI_ARTIFACT_JSON);
    if (tensor_path == NULL || json_path == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a path"));
    }
    TMLI_TRY(tmli_make_dirs(dir, err));
    TMLI_TRY(tmli_file_out_begin(&tensor_file, tensor_path, err));
    TMLI_TRY(tmli_safetensors_write(&tensor_file, tensors, n_tensors, &n_bytes, &hash, err));
    tmli_artifact_describe(model, n_bytes, hash, &json);
    if (json.failed) {
        TMLI_TRY(tmli_fail_memory(err, "the artifact's description"));
    }
    TMLI_TRY(tmli_file_out_begin(&json_file, json_path, err));
    TMLI_TRY(tmli_file_out_write(&json_file, json.data, json.len, err));
    /* Both are complete on disk before either takes its place. */
    TMLI_TRY(tmli_file_out_sync(&tensor_file, err));
    TMLI_TRY(tmli_file_out_sync(&json_file, err));
    TMLI_TRY(tmli_file_out_commit(&tensor_file, err));
    TMLI_TRY(tmli_file_out_commit(&json_file, err));
cleanup:
    tmli_file_out_abandon(&tensor_file);
    tmli_file_out_abandon(&json_file);
    tmli_buf_deinit(&json);
    tmli_free(tensor_path);
    tmli_free(json_path);
    return status;
}

tml_status tml_model_save(const tml_model *model, const char *dir, tml_error *err)
{
    tmli_tensor tensors[TMLI_MODEL_TENSORS];
    tml_error cause = {0};
    const size_t n = tmli_artifact_list(model, tensors);
    const tml_status status = write_artifact(model, dir, tensors, n, &cause);
    if (status != TML_EIO) {
        return status == TML_OK ? status : tmli_fail(err, status, "%s", cause.text);
    }
    size_t n_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        n_bytes += tensors[i].n_bytes;
    }
    return tmli_fail(err, status, "%s; the model takes %zu bytes and the right to write in %s",
                     cause.text, n_bytes, dir);
}

static tml_status map_tensors(tml_model *model, const tmli_artifact_tensors *recorded,
                              tml_error *err)
{
    tml_status status = TML_OK;
    tmli_safetensors *file = tmli_malloc(sizeof(*file));
    if (file == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the tensor header"));
    }
    TMLI_TRY(tmli_file_map(model->path, &model->mapping, err));
    if (model->mapping.n != recorded->n_bytes) {
        TMLI_TRY(tmli_fail(err, TML_EFORMAT,
                           "%s: %zu bytes, but %s says %llu: truncated or from another artifact; "
                           "copy both files again or train again",
                           model->path, model->mapping.n, TMLI_ARTIFACT_JSON,
                           (unsigned long long)recorded->n_bytes));
    }
    model->hash = recorded->hash;
    TMLI_TRY(tmli_safetensors_read(model->path, model->mapping.bytes, model->mapping.n, file, err));
    TMLI_TRY(tmli_artifact_map(file, model, err));
cleanup:
    tmli_free(file);
    return status;
}

/* Where the file is missing it is mostly the directory that is wrong. */
static tml_status read_json(const char *path, tmli_buf *json, tml_error *err)
{
    if (!tmli_file_exists(path)) {
        return tmli_fail(err, TML_EIO,
                         "%s: no such file; a model's directory is one that train has written",
                         path);
    }
    return tmli_file_read(path, JSON_LIMIT, json, err);
}

tml_status tml_model_load(const char *dir, tml_model **out, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_buf json = {0};
    tmli_artifact_tensors tensors = {0};
    char *json_path = tmli_path_join(dir, TMLI_ARTIFACT_JSON);
    tml_model *model = tmli_calloc(1, sizeof(*model));
    if (model == NULL || json_path == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a model"));
    }
    tmli_arena_init(&model->arena, 1024, 0);
    model->path = tmli_path_join(dir, TMLI_ARTIFACT_TENSORS);
    if (model->path == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "a model"));
    }
    TMLI_TRY(read_json(json_path, &json, err));
    TMLI_TRY(tmli_artifact_parse(json_path, tmli_buf_str(&json), model, &tensors, err));
    TMLI_TRY(tmli_model_prepare(model, err));
    TMLI_TRY(map_tensors(model, &tensors, err));
    *out = model;
    model = NULL;
cleanup:
    tml_model_free(model);
    tmli_buf_deinit(&json);
    tmli_free(json_path);
    return status;
}

tml_status tml_model_verify(const tml_model *model, tml_error *err)
{
    if (model->mapping.n > 0 &&
        tmli_hash64_v1(model->mapping.bytes, model->mapping.n, 0) != model->hash) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: altered since it was written: its hash is not the one in %s; restore "
                         "the file or train again",
                         model->path, TMLI_ARTIFACT_JSON);
    }
    return TML_OK;
}
