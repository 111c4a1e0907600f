#include "pipeline/model.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    KEPT_POSITIONS = 16 /* where frequent words' sums are kept: headlines have some ten words */
};

void tml_model_free(tml_model *model)
{
    if (model == NULL) {
        return;
    }
    tml_recipe_free(model->recipe);
    tml_tokenizer_free(model->tokenizer);
    tmli_vectorizer_deinit(&model->vectorizer);
    tmli_nb_deinit(&model->bayes);
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

tml_status tml_model_limit_cache(tml_model *model, size_t max_bytes, tml_error *err)
{
    if (model->mlp.shape.n_layers == 0) {
        return TML_OK;
    }
    const bool at_end = tmli_model_sequence(model->recipe).padding == TMLI_SIDE_PRE;
    return tmli_mlp_keep(&model->mlp, at_end, KEPT_POSITIONS, max_bytes, err);
}

size_t tml_model_cache_bytes(const tml_model *model)
{
    return tmli_mlp_memo_bytes(model->mlp.memo);
}

const char *tml_model_request_key(const tml_model *model)
{
    return model->recipe->request_key;
}

const char *tml_model_response_key(const tml_model *model)
{
    return model->recipe->response_key;
}

tml_style tml_model_response_style(const tml_model *model)
{
    return (tml_style)model->recipe->response_style;
}

bool tml_model_takes_documents(const tml_model *model)
{
    return model->recipe->request_body == TMLI_BODY_DOCUMENT;
}

tmli_mlp_shape tmli_model_shape(const tml_recipe *recipe, size_t n_labels)
{
    tmli_mlp_shape shape = {.n_blocks = recipe->features[0].length,
                            .width = recipe->features[0].dims,
                            .n_layers = recipe->hidden.n + 1,
                            .activation = (tmli_activation)recipe->activation,
                            .output = (tmli_output)recipe->output};
    for (size_t i = 0; i < recipe->hidden.n; i++) {
        shape.sizes[i] = recipe->hidden.items[i];
    }
    shape.sizes[recipe->hidden.n] = recipe->output == TMLI_OUTPUT_SIGMOID ? 1 : n_labels;
    return shape;
}

/* The words themselves, or those of the list that the recipe names. texts: [words of the recipe], lent. */
static void use_stop_words(const tml_recipe *recipe, tml_str *texts, tml_tokenizer_options *options)
{
    const tmli_texts *words = &recipe->stop_words;
    if (words->n == 1) {
        options->stop_words = tml_stop_words(words->items[0], &options->n_stop_words);
        if (options->stop_words != NULL) {
            return;
        }
    }
    for (size_t i = 0; i < words->n; i++) {
        texts[i] = tmli_str(words->items[i]);
    }
    options->stop_words = texts;
    options->n_stop_words = words->n;
}

tml_status tmli_model_tokenizer(const tml_recipe *recipe, tml_tokenizer_kind kind,
                                tml_tokenizer **out, tml_error *err)
{
    tml_tokenizer_options options = tml_tokenizer_options_default();
    tml_str *words = NULL;
    options.kind = kind;
    options.n_steps = recipe->normalize.n;
    memcpy(options.steps, recipe->normalize.items, sizeof(options.steps));
    memcpy(options.step_counts, recipe->normalize.counts, sizeof(options.step_counts));
    options.stem = recipe->stem;
    if (recipe->stop_words.n > 0) {
        words = tmli_alloc(recipe->stop_words.n, sizeof(*words));
        if (words == NULL) {
            return tmli_fail_memory(err, "the stop words");
        }
        use_stop_words(recipe, words, &options);
    }
    const tml_status status = tml_tokenizer_create(&options, out, err);
    tmli_free(words);
    return status;
}

tml_status tmli_model_prepare(tml_model *model, tml_error *err)
{
    const tml_recipe *recipe = model->recipe;
    switch ((tmli_model_type)recipe->model) {
    case TMLI_MODEL_FEED_FORWARD:
        return tmli_model_tokenizer(recipe, (tml_tokenizer_kind)recipe->tokenizer,
                                    &model->tokenizer, err);
    case TMLI_MODEL_NAIVE_BAYES: return tmli_vectorizer_init(recipe, &model->vectorizer, err);
    }
    return tmli_fail(err, TML_EINVAL, "%s: model.type: no such model", recipe->source);
}

tmli_sequence_options tmli_model_sequence(const tml_recipe *recipe)
{
    return (tmli_sequence_options){.length = recipe->features[0].length,
                                   .padding = (tmli_side)recipe->features[0].padding,
                                   .truncating = (tmli_side)recipe->features[0].truncating};
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
                              double *probabilities)
{
    if (model->mlp.shape.output != TMLI_OUTPUT_SIGMOID) {
        for (size_t i = 0; i < n * model->n_labels; i++) {
            probabilities[i] = (double)outputs[i];
        }
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const float p = outputs[i];
        probabilities[2 * i] = (double)(1.0F - p);
        probabilities[2 * i + 1] = (double)p;
    }
}

void tmli_model_bayes(const tml_model *model, const tmli_sparse_row *row, double *probabilities)
{
    tmli_nb_scores(&model->bayes, row->columns, row->values, row->n, probabilities);
    tmli_nb_probabilities(&model->bayes, probabilities, probabilities);
}

size_t tml_best(const double *scores, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        if (scores[i] > scores[best]) {
            best = i;
        }
    }
    return best;
}
