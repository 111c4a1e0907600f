/* Saving and mapping artifacts: textml.json (artifact_json.c) beside model.safetensors (safetensors.c). */
#include "pipeline/artifact.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/status.h"
#include "pipeline/safetensors.h"

enum {
    JSON_LIMIT = 16 << 20,
    OTHER_TENSORS = 4, /* besides the layers': the vocabulary's three and the embedding */
};

/* Names of a layer's tensors. */
static void layer_name(char out[TMLI_TENSOR_NAME_BYTES], size_t layer, const char *part)
{
    (void)snprintf(out, TMLI_TENSOR_NAME_BYTES, "layers.%zu.%s", layer, part);
}

static size_t list_tensors(const tml_model *model, tmli_tensor *out)
{
    const tmli_vocab *vocab = &model->vocab;
    const tmli_mlp *mlp = &model->mlp;
    size_t n = 0;
    out[n++] = tmli_tensor_of("vocab.bytes", TMLI_U8, vocab->n_bytes, 0, vocab->bytes);
    out[n++] = tmli_tensor_of("vocab.offsets", TMLI_U32, vocab->n + 1, 0, vocab->offsets);
    out[n++] = tmli_tensor_of("vocab.index", TMLI_U32, vocab->n_slots, 2, vocab->slots);
    out[n++] = tmli_tensor_of("embedding.weight", TMLI_F32, mlp->embedding.n, mlp->embedding.width,
                              mlp->embedding.data);
    for (size_t l = 0; l < mlp->shape.n_layers; l++) {
        char name[TMLI_TENSOR_NAME_BYTES];
        layer_name(name, l, "weight");
        out[n++] = tmli_tensor_of(name, TMLI_F32, tmli_mlp_inputs(&mlp->shape, l),
                                  mlp->shape.sizes[l], mlp->weights[l]);
        layer_name(name, l, "bias");
        out[n++] = tmli_tensor_of(name, TMLI_F32, mlp->shape.sizes[l], 0, mlp->biases[l]);
    }
    return n;
}

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
    tmli_tensor tensors[OTHER_TENSORS + 2 * TMLI_MLP_MAX_LAYERS];
    tml_error cause = {0};
    const size_t n = list_tensors(model, tensors);
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

static tml_status get_matrix(const tmli_safetensors *file, const char *source, const char *name,
                             size_t rows, size_t cols, const float **out, tml_error *err)
{
    const tmli_tensor *tensor = NULL;
    const tml_status status =
        tmli_safetensors_get(file, source, name, TMLI_F32, cols == 0 ? 1 : 2, &tensor, err);
    if (status != TML_OK) {
        return status;
    }
    if (tensor->shape[0] != rows || (cols != 0 && tensor->shape[1] != cols)) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: tensor \"%s\" is %zu x %zu, the recipe says %zu x %zu", source, name,
                         tensor->shape[0], tensor->rank == 2 ? tensor->shape[1] : 1, rows,
                         cols == 0 ? 1 : cols);
    }
    *out = tensor->data;
    return TML_OK;
}

static tml_status map_vocab(const tmli_safetensors *file, tml_model *model, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_tensor *bytes = NULL;
    const tmli_tensor *offsets = NULL;
    const tmli_tensor *index = NULL;
    const char *source = model->path;
    TMLI_TRY(tmli_safetensors_get(file, source, "vocab.bytes", TMLI_U8, 1, &bytes, err));
    TMLI_TRY(tmli_safetensors_get(file, source, "vocab.offsets", TMLI_U32, 1, &offsets, err));
    TMLI_TRY(tmli_safetensors_get(file, source, "vocab.index", TMLI_U32, 2, &index, err));
    if (offsets->shape[0] == 0 || index->shape[1] != 2) {
        TMLI_TRY(
            tmli_fail(err, TML_EFORMAT, "%s: the vocabulary's tensors have a wrong shape", source));
    }
    TMLI_TRY(tmli_vocab_view(bytes->data, bytes->n_bytes, offsets->data, offsets->shape[0] - 1,
                             index->data, index->shape[0], &model->vocab, err));
cleanup:
    return status;
}

static tml_status map_network(const tmli_safetensors *file, tml_model *model, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_mlp *mlp = &model->mlp;
    const char *source = model->path;
    mlp->shape = tmli_model_shape(model->recipe, model->n_labels);
    const size_t n_tensors = OTHER_TENSORS + 2 * mlp->shape.n_layers;
    if (file->n != n_tensors) {
        TMLI_TRY(tmli_fail(err, TML_EFORMAT, "%s: %zu tensors, the recipe calls for %zu", source,
                           file->n, n_tensors));
    }
    mlp->embedding.n = model->vocab.n;
    mlp->embedding.width = mlp->shape.width;
    TMLI_TRY(get_matrix(file, source, "embedding.weight", mlp->embedding.n, mlp->embedding.width,
                        &mlp->embedding.data, err));
    for (size_t l = 0; l < mlp->shape.n_layers; l++) {
        char name[TMLI_TENSOR_NAME_BYTES];
        layer_name(name, l, "weight");
        TMLI_TRY(get_matrix(file, source, name, tmli_mlp_inputs(&mlp->shape, l),
                            mlp->shape.sizes[l], &mlp->weights[l], err));
        layer_name(name, l, "bias");
        TMLI_TRY(get_matrix(file, source, name, mlp->shape.sizes[l], 0, &mlp->biases[l], err));
    }
cleanup:
    return status;
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
    TMLI_TRY(map_vocab(file, model, err));
    TMLI_TRY(map_network(file, model, err));
cleanup:
    tmli_free(file);
    return status;
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
    TMLI_TRY(tmli_file_read(json_path, JSON_LIMIT, &json, err));
    TMLI_TRY(tmli_artifact_parse(json_path, tmli_buf_str(&json), model, &tensors, err));
    TMLI_TRY(tmli_model_tokenizer(model->recipe, &model->tokenizer, err));
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
