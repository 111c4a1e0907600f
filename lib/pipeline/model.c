#include "pipeline/model.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

void tml_model_free(tml_model *model)
{
    if (model == NULL) {
        return;
    }
    tml_recipe_free(model->recipe);
    tml_tokenizer_free(model->tokenizer);
    tmli_arena_deinit(&model->arena);
    tmli_vocab_deinit(&model->vocab);
    tmli_mlp_deinit(&model->mlp);
    tmli_free_lines(model->table);
    tmli_file_unmap(&model->mapping);
    tmli_free(model->path);
    tmli_free(model);
}

size_t tml_model_labels(const tml_model *model)
{
    return model->n_labels;
}

tml_str tml_model_label(const tml_model *model, size_t i)
{
    return tmli_str(model->labels[i]);
}

const char *tml_model_recipe_name(const tml_model *model)
{
    return model->recipe->name;
}

size_t tml_model_bytes(const tml_model *model)
{
    return model->mapping.n;
}

const char *tml_model_request_key(const tml_model *model)
{
    return model->recipe->request_key;
}

const char *tml_model_response_key(const tml_model *model)
{
    return model->recipe->response_key;
}

tmli_mlp_shape tmli_model_shape(const tml_recipe *recipe, size_t n_labels)
{
    tmli_mlp_shape shape = {.n_blocks = recipe->feature.length,
                            .width = recipe->feature.dims,
                            .n_layers = recipe->hidden.n + 1,
                            .activation = (tmli_activation)recipe->activation,
                            .output = (tmli_output)recipe->output};
    for (size_t i = 0; i < recipe->hidden.n; i++) {
        shape.sizes[i] = recipe->hidden.items[i];
    }
    shape.sizes[recipe->hidden.n] = recipe->output == TMLI_OUTPUT_SIGMOID ? 1 : n_labels;
    return shape;
}

tml_status tmli_model_tokenizer(const tml_recipe *recipe, tml_tokenizer **out, tml_error *err)
{
    tml_tokenizer_options options = tml_tokenizer_options_default();
    options.kind = (tml_tokenizer_kind)recipe->tokenizer;
    options.n_steps = recipe->normalize.n;
    memcpy(options.steps, recipe->normalize.items, sizeof(options.steps));
    return tml_tokenizer_create(&options, out, err);
}

tmli_sequence_options tmli_model_sequence(const tml_recipe *recipe)
{
    return (tmli_sequence_options){.length = recipe->feature.length,
                                   .padding = (tmli_side)recipe->feature.padding,
                                   .truncating = (tmli_side)recipe->feature.truncating};
}

tml_status tmli_model_name_labels(tml_model *model, const char *const *names, size_t n,
                                  tml_error *err)
{
    model->labels = tmli_arena_alloc(&model->arena, n, sizeof(*model->labels));
    if (model->labels == NULL) {
        return tmli_fail_memory(err, "the labels");
    }
    for (size_t i = 0; i < n; i++) {
        model->labels[i] = tmli_arena_copy(&model->arena, tmli_str(names[i]));
        if (model->labels[i] == NULL) {
            return tmli_fail_memory(err, "the labels");
        }
    }
    model->n_labels = n;
    return TML_OK;
}

void tmli_model_probabilities(const tml_model *model, const float *outputs, size_t n,
                              float *probabilities)
{
    if (model->mlp.shape.output != TMLI_OUTPUT_SIGMOID) {
        if (outputs != probabilities) {
            memcpy(probabilities, outputs, n * model->n_labels * sizeof(*outputs));
        }
        return;
    }
    for (size_t i = n; i-- > 0;) { /* from the end, so that it also works in place */
        const float p = outputs[i];
        probabilities[2 * i] = 1.0F - p;
        probabilities[2 * i + 1] = p;
    }
}

size_t tml_best(const float *scores, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        if (scores[i] > scores[best]) {
            best = i;
        }
    }
    return best;
}
