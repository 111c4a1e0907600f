/* Which tensors a model has, what they are called, and the way back from a mapped file. */
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "pipeline/artifact.h"

enum {
    NETWORK_TENSORS = 4, /* besides the layers': the vocabulary's three and the embedding */
    PREFIX_BYTES = 16,   /* "features.7." */
    CACHE_BYTES =
        16 << 20 /* most of what a network keeps; all words of headlines but one in seventy */
};

/* ---- names ---- */

static const char *join(char out[TMLI_TENSOR_NAME_BYTES], const char *prefix, const char *name)
{
    (void)snprintf(out, TMLI_TENSOR_NAME_BYTES, "%.*s%s", PREFIX_BYTES, prefix, name);
    return out;
}

static void block_prefix(char out[PREFIX_BYTES], size_t block)
{
    (void)snprintf(out, PREFIX_BYTES, "features.%u.", (unsigned)(block % TMLI_MAX_BLOCKS));
}

/* Names of a layer's tensors. */
static void layer_name(char out[TMLI_TENSOR_NAME_BYTES], size_t layer, const char *part)
{
    (void)snprintf(out, TMLI_TENSOR_NAME_BYTES, "layers.%zu.%s", layer, part);
}

/* ---- writing ---- */

static size_t list_vocab(const char *prefix, const tmli_vocab *vocab, tmli_tensor *out)
{
    char name[TMLI_TENSOR_NAME_BYTES];
    out[0] =
        tmli_tensor_of(join(name, prefix, "vocab.bytes"), TMLI_U8, vocab->n_bytes, 0, vocab->bytes);
    out[1] = tmli_tensor_of(join(name, prefix, "vocab.offsets"), TMLI_U32, vocab->n + 1, 0,
                            vocab->offsets);
    out[2] = tmli_tensor_of(join(name, prefix, "vocab.index"), TMLI_U32, vocab->n_slots, 2,
                            vocab->slots);
    return 3;
}

static size_t list_network(const tml_model *model, tmli_tensor *out)
{
    const tmli_mlp *mlp = &model->mlp;
    size_t n = list_vocab("", &model->vocab, out);
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

static size_t list_bayes(const tml_model *model, tmli_tensor *out)
{
    const tmli_nb *nb = &model->bayes;
    size_t n = 0;
    for (size_t b = 0; b < model->vectorizer.n_blocks; b++) {
        const tmli_bag *bag = &model->vectorizer.bags[b];
        char prefix[PREFIX_BYTES];
        char name[TMLI_TENSOR_NAME_BYTES];
        block_prefix(prefix, b);
        if (bag->options.n_hashed == 0) {
            n += list_vocab(prefix, &bag->vocab, out + n);
        }
        if (bag->idf != NULL) {
            out[n++] =
                tmli_tensor_of(join(name, prefix, "idf"), TMLI_F64, bag->n_cols, 0, bag->idf);
        }
    }
    out[n++] = tmli_tensor_of("naive_bayes.priors", TMLI_F64, nb->n_classes, 0, nb->priors);
    out[n++] = tmli_tensor_of("naive_bayes.bases", TMLI_F64, nb->n_classes, 0, nb->bases);
    out[n++] = tmli_tensor_of("naive_bayes.scales", TMLI_F64, nb->n_classes, 0, nb->scales);
    if (nb->terms != NULL) {
        out[n++] = tmli_tensor_of("naive_bayes.terms", TMLI_F64, nb->n_columns, 0, nb->terms);
    }
    out[n++] = tmli_tensor_of("naive_bayes.offsets", TMLI_U32, nb->n_columns + 1, 0, nb->offsets);
    out[n++] = tmli_tensor_of("naive_bayes.classes", TMLI_U16, nb->n_deltas, 0, nb->classes);
    out[n++] = tmli_tensor_of("naive_bayes.deltas", TMLI_F64, nb->n_deltas, 0, nb->deltas);
    return n;
}

size_t tmli_artifact_list(const tml_model *model, tmli_tensor out[TMLI_MODEL_TENSORS])
{
    switch ((tmli_model_type)model->recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: return list_network(model, out);
    case TMLI_MODEL_NAIVE_BAYES: return list_bayes(model, out);
    }
    return 0;
}

/* ---- mapping ---- */

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

/* Vocabulary of a block, or of the network ("" for prefix). */
static tml_status map_vocab(const tmli_safetensors *file, const char *source, const char *prefix,
                            tmli_vocab *out, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_tensor *bytes = NULL;
    const tmli_tensor *offsets = NULL;
    const tmli_tensor *index = NULL;
    char name[TMLI_TENSOR_NAME_BYTES];
    TMLI_TRY(tmli_safetensors_get(file, source, join(name, prefix, "vocab.bytes"), TMLI_U8, 1,
                                  &bytes, err));
    TMLI_TRY(tmli_safetensors_get(file, source, join(name, prefix, "vocab.offsets"), TMLI_U32, 1,
                                  &offsets, err));
    TMLI_TRY(tmli_safetensors_get(file, source, join(name, prefix, "vocab.index"), TMLI_U32, 2,
                                  &index, err));
    if (offsets->shape[0] == 0 || index->shape[1] != 2) {
        TMLI_TRY(
            tmli_fail(err, TML_EFORMAT, "%s: the vocabulary's tensors have a wrong shape", source));
    }
    TMLI_TRY(tmli_vocab_view(bytes->data, bytes->n_bytes, offsets->data, offsets->shape[0] - 1,
                             index->data, index->shape[0], out, err));
cleanup:
    return status;
}

/* What is there besides would be of no use, or of another recipe. */
static tml_status check_number(const tmli_safetensors *file, const char *source, size_t n,
                               tml_error *err)
{
    return file->n == n ? TML_OK
                        : tmli_fail(err, TML_EFORMAT, "%s: %zu tensors, the recipe calls for %zu",
                                    source, file->n, n);
}

static tml_status map_network(const tmli_safetensors *file, tml_model *model, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_mlp *mlp = &model->mlp;
    const char *source = model->path;
    mlp->shape = tmli_model_shape(model->recipe, model->n_labels);
    TMLI_TRY(check_number(file, source, NETWORK_TENSORS + 2 * mlp->shape.n_layers, err));
    TMLI_TRY(map_vocab(file, source, "", &model->vocab, err));
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
    TMLI_TRY(tml_model_limit_cache(model, CACHE_BYTES, err));
cleanup:
    return status;
}

static tml_status get_numbers(const tmli_safetensors *file, const char *source, const char *name,
                              size_t n, const double **out, tml_error *err)
{
    const tmli_tensor *tensor = NULL;
    const tml_status status = tmli_safetensors_get(file, source, name, TMLI_F64, 1, &tensor, err);
    if (status != TML_OK) {
        return status;
    }
    if (tensor->shape[0] != n) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: tensor \"%s\" has %zu numbers, the model calls for %zu", source, name,
                         tensor->shape[0], n);
    }
    *out = tensor->data;
    return TML_OK;
}

/* *n_tensors grows by those that the block has. */
static tml_status map_bag(const tmli_safetensors *file, tml_model *model, size_t block,
                          size_t *n_tensors, tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_bag_options options = tmli_bag_options_of(model->recipe, block);
    tmli_vocab vocab = {0};
    const double *idf = NULL;
    char prefix[PREFIX_BYTES];
    char name[TMLI_TENSOR_NAME_BYTES];
    block_prefix(prefix, block);
    if (options.n_hashed == 0) {
        TMLI_TRY(map_vocab(file, model->path, prefix, &vocab, err));
        *n_tensors += 3;
    }
    const size_t n_cols = options.n_hashed > 0 ? options.n_hashed : vocab.n;
    if (options.use_idf) {
        TMLI_TRY(get_numbers(file, model->path, join(name, prefix, "idf"), n_cols, &idf, err));
        (*n_tensors)++;
    }
    TMLI_TRY(tmli_bag_view(&options, &vocab, idf, options.use_idf ? n_cols : 0,
                           &model->vectorizer.bags[block], err));
cleanup:
    return status;
}

static tml_status map_deltas(const tmli_safetensors *file, const char *source, tmli_nb *nb,
                             tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_tensor *offsets = NULL;
    const tmli_tensor *classes = NULL;
    TMLI_TRY(tmli_safetensors_get(file, source, "naive_bayes.offsets", TMLI_U32, 1, &offsets, err));
    TMLI_TRY(tmli_safetensors_get(file, source, "naive_bayes.classes", TMLI_U16, 1, &classes, err));
    if (offsets->shape[0] != nb->n_columns + 1) {
        TMLI_TRY(tmli_fail(err, TML_EFORMAT,
                           "%s: tensor \"naive_bayes.offsets\" has %zu numbers, the vocabulary "
                           "calls for %zu",
                           source, offsets->shape[0], nb->n_columns + 1));
    }
    nb->n_deltas = classes->shape[0];
    nb->offsets = offsets->data;
    nb->classes = classes->data;
    TMLI_TRY(get_numbers(file, source, "naive_bayes.deltas", nb->n_deltas, &nb->deltas, err));
cleanup:
    return status;
}

static tml_status map_bayes(const tmli_safetensors *file, tml_model *model, tml_error *err)
{
    tml_status status = TML_OK;
    const char *source = model->path;
    const tml_recipe *recipe = model->recipe;
    size_t n_tensors = 6;
    for (size_t b = 0; b < model->vectorizer.n_blocks; b++) {
        TMLI_TRY(map_bag(file, model, b, &n_tensors, err));
    }
    TMLI_TRY(tmli_vectorizer_count_columns(&model->vectorizer, err));
    tmli_nb parts = {.kind = (tmli_nb_kind)recipe->naive_bayes,
                     .one_vs_rest = recipe->one_vs_rest,
                     .n_classes = model->n_labels,
                     .n_columns = model->vectorizer.n_columns};
    TMLI_TRY(get_numbers(file, source, "naive_bayes.priors", parts.n_classes, &parts.priors, err));
    TMLI_TRY(get_numbers(file, source, "naive_bayes.bases", parts.n_classes, &parts.bases, err));
    TMLI_TRY(get_numbers(file, source, "naive_bayes.scales", parts.n_classes, &parts.scales, err));
    if (tmli_safetensors_has(file, "naive_bayes.terms")) {
        TMLI_TRY(
            get_numbers(file, source, "naive_bayes.terms", parts.n_columns, &parts.terms, err));
        n_tensors++;
    }
    TMLI_TRY(map_deltas(file, source, &parts, err));
    TMLI_TRY(check_number(file, source, n_tensors, err));
    TMLI_TRY(tmli_nb_view(&parts, &model->bayes, err));
cleanup:
    return status;
}

tml_status tmli_artifact_map(const tmli_safetensors *file, tml_model *model, tml_error *err)
{
    switch ((tmli_model_type)model->recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: return map_network(file, model, err);
    case TMLI_MODEL_NAIVE_BAYES: return map_bayes(file, model, err);
    }
    return tmli_fail(err, TML_EFORMAT, "%s: a model of no known type", model->path);
}
