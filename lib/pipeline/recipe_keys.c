/* The table of recipe keys: path, kind, place, range, words; their defaults and aliases. How a value is turned into a
 * field is in recipe_store.c. */
#include "pipeline/recipe.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/suggest.h"

#define WORD(name, word) word,
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(variable, list)                                   \
    static const char *const variable##_items[] = {list(WORD)}; \
    static const tmli_words variable = {variable##_items, COUNT_OF(variable##_items)}

#define FEATURE_LIST(X) X(TMLI_FEATURE_SEQUENCE, "sequence")
#define MODEL_LIST(X) X(TMLI_MODEL_FEED_FORWARD, "feed_forward")
#define SIDE_LIST(X) X(TMLI_SIDE_PRE, "pre") X(TMLI_SIDE_POST, "post")
/* Regression (identity) is a matter of targets that are numbers, which readers do not give yet. */
#define CLASS_OUTPUT_LIST(X) X(TMLI_OUTPUT_SOFTMAX, "softmax") X(TMLI_OUTPUT_SIGMOID, "sigmoid")

WORDS(formats, TMLI_FORMAT_LIST);
WORDS(quotings, TMLI_QUOTING_LIST);
WORDS(tokenizers, TML_TOKENIZER_LIST);
WORDS(steps, TML_NORMALIZE_LIST);
WORDS(features, FEATURE_LIST);
WORDS(sides, SIDE_LIST);
WORDS(models, MODEL_LIST);
WORDS(activations, TMLI_ACTIVATION_LIST);
WORDS(outputs, CLASS_OUTPUT_LIST);
WORDS(optimizers, TMLI_OPTIMIZER_LIST);

#define AT(field) offsetof(tml_recipe, field)

const tmli_key tmli_keys[] = {
    {"name", TMLI_KEY_TEXT, AT(name), 0, 0, NULL},
    {"data.format", TMLI_KEY_WORD, AT(format), 0, 0, &formats},
    {"data.quote", TMLI_KEY_WORD, AT(quote), 0, 0, &quotings},
    {"data.header", TMLI_KEY_TEXTS, AT(header), 0, 0, NULL},
    {"data.text", TMLI_KEY_TEXT, AT(text), 0, 0, NULL},
    {"data.label", TMLI_KEY_TEXT, AT(label), 0, 0, NULL},
    {"data.weight", TMLI_KEY_TEXT_OR_NONE, AT(weight), 0, 0, NULL},
    {"data.labels", TMLI_KEY_LABELS, AT(labels), 0, 0, NULL},
    {"data.split.validation", TMLI_KEY_REAL, AT(split_validation), 0, 0.9, NULL},
    {"data.split.seed", TMLI_KEY_COUNT, AT(split_seed), 0, 9007199254740991.0, NULL},
    {"text.normalize", TMLI_KEY_STEPS, AT(normalize), 0, 0, &steps},
    {"text.tokenizer", TMLI_KEY_WORD, AT(tokenizer), 0, 0, &tokenizers},
    {"features.*.type", TMLI_KEY_WORD, AT(feature.type), 0, 0, &features},
    {"features.*.max_words", TMLI_KEY_COUNT, AT(feature.max_words), 2, 100000000, NULL},
    {"features.*.length", TMLI_KEY_COUNT, AT(feature.length), 1, 100000, NULL},
    {"features.*.padding", TMLI_KEY_WORD, AT(feature.padding), 0, 0, &sides},
    {"features.*.truncating", TMLI_KEY_WORD, AT(feature.truncating), 0, 0, &sides},
    {"features.*.embedding.source", TMLI_KEY_TEXT_OR_NONE, AT(feature.source), 0, 0, NULL},
    {"features.*.embedding.dims", TMLI_KEY_COUNT, AT(feature.dims), 1, 10000, NULL},
    {"features.*.embedding.trainable", TMLI_KEY_FLAG, AT(feature.trainable), 0, 0, NULL},
    {"model.type", TMLI_KEY_WORD, AT(model), 0, 0, &models},
    {"model.hidden", TMLI_KEY_SIZES, AT(hidden), 1, 100000, NULL},
    {"model.activation", TMLI_KEY_WORD, AT(activation), 0, 0, &activations},
    {"model.output", TMLI_KEY_WORD, AT(output), 0, 0, &outputs},
    {"model.dropout", TMLI_KEY_REAL, AT(dropout), 0, 0.99, NULL},
    {"model.class_weight", TMLI_KEY_CLASS_WEIGHTS, AT(class_weight), 0, 1e6, NULL},
    {"train.epochs", TMLI_KEY_COUNT, AT(epochs), 1, 100000, NULL},
    {"train.batch_size", TMLI_KEY_COUNT, AT(batch_size), 1, 1000000, NULL},
    {"train.optimizer", TMLI_KEY_WORD, AT(optimizer), 0, 0, &optimizers},
    {"train.learning_rate", TMLI_KEY_REAL, AT(learning_rate), 1e-8, 100, NULL},
    {"train.momentum", TMLI_KEY_REAL, AT(momentum), 0, 0.9999, NULL},
    {"train.rho", TMLI_KEY_REAL, AT(rho), 0, 0.9999, NULL},
    {"train.beta1", TMLI_KEY_REAL, AT(beta1), 0, 0.9999, NULL},
    {"train.beta2", TMLI_KEY_REAL, AT(beta2), 0, 0.999999, NULL},
    {"train.epsilon", TMLI_KEY_REAL, AT(epsilon), 1e-12, 1, NULL},
    {"train.early_stopping", TMLI_KEY_FLAG, AT(early_stopping), 0, 0, NULL},
    {"train.patience", TMLI_KEY_COUNT, AT(patience), 1, 100000, NULL},
    {"train.seed", TMLI_KEY_COUNT, AT(seed), 0, 9007199254740991.0, NULL},
    {"serve.request.json", TMLI_KEY_TEXT_OR_NONE, AT(request_key), 0, 0, NULL},
    {"serve.response.json", TMLI_KEY_TEXT_OR_NONE, AT(response_key), 0, 0, NULL},
};
const size_t tmli_n_keys = COUNT_OF(tmli_keys);

/* Short names, those of other systems among them (docs/recipes.md lists them by system). */
static const struct {
    const char *alias;
    const char *path;
} aliases[] = {
    {"format", "data.format"},
    {"quote", "data.quote"},
    {"text", "data.text"},
    {"label", "data.label"},
    {"labels", "data.labels"},
    {"weight", "data.weight"},
    {"validation_split", "data.split.validation"},
    {"test_size", "data.split.validation"},
    {"split_seed", "data.split.seed"},
    {"tokenizer", "text.tokenizer"},
    {"normalize", "text.normalize"},
    {"max_words", "features.*.max_words"},
    {"num_words", "features.*.max_words"},
    {"length", "features.*.length"},
    {"max_len", "features.*.length"},
    {"maxlen", "features.*.length"},
    {"vectors", "features.*.embedding.source"},
    {"dims", "features.*.embedding.dims"},
    {"embedding_dim", "features.*.embedding.dims"},
    {"trainable", "features.*.embedding.trainable"},
    {"hidden", "model.hidden"},
    {"units", "model.hidden"},
    {"activation", "model.activation"},
    {"dropout", "model.dropout"},
    {"class_weight", "model.class_weight"},
    {"epochs", "train.epochs"},
    {"num_epochs", "train.epochs"},
    {"batch_size", "train.batch_size"},
    {"optimizer", "train.optimizer"},
    {"learning_rate", "train.learning_rate"},
    {"lr", "train.learning_rate"},
    {"momentum", "train.momentum"},
    {"early_stopping", "train.early_stopping"},
    {"patience", "train.patience"},
    {"seed", "train.seed"},
};

void tmli_recipe_defaults(tml_recipe *recipe)
{
    recipe->name = "custom";
    recipe->text = "text";
    recipe->label = "label";
    recipe->split_validation = 0.2;
    recipe->split_seed = 1;
    recipe->normalize.items[0] = TML_NORMALIZE_LOWER;
    recipe->normalize.n = 1;
    recipe->tokenizer = TML_TOKENIZER_UNICODE;
    recipe->feature = (tmli_feature){.type = TMLI_FEATURE_SEQUENCE,
                                     .max_words = 10000,
                                     .length = 100,
                                     .dims = 100,
                                     .trainable = true};
    recipe->hidden = (tmli_sizes){.items = {32}, .n = 1};
    recipe->activation = TMLI_RELU;
    recipe->output = TMLI_OUTPUT_SOFTMAX;
    recipe->epochs = 10;
    recipe->batch_size = 32;
    recipe->optimizer = TMLI_ADAM;
    recipe->learning_rate = NAN;
    recipe->momentum = NAN;
    recipe->rho = NAN;
    recipe->beta1 = NAN;
    recipe->beta2 = NAN;
    recipe->epsilon = NAN;
    recipe->patience = 3;
    recipe->seed = 1;
}

const tmli_key *tmli_key_at(tml_str path)
{
    for (size_t i = 0; i < tmli_n_keys; i++) {
        if (tmli_str_eq_text(path, tmli_keys[i].path)) {
            return &tmli_keys[i];
        }
    }
    return NULL;
}

const tmli_key *tmli_key_named(tml_str name)
{
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        if (tmli_str_eq_text(name, aliases[i].alias)) {
            return tmli_key_at(tmli_str(aliases[i].path));
        }
    }
    /* "features.0.length" → "features.*.length": one block, so the only index is 0. */
    const char prefix[] = "features.0.";
    if (name.len < 128 && tmli_str_starts(name, prefix)) {
        char path[160] = "features.*.";
        memcpy(path + sizeof(prefix) - 1, name.data + sizeof(prefix) - 1,
               name.len - (sizeof(prefix) - 1));
        return tmli_key_at((tml_str){path, name.len});
    }
    return tmli_key_at(name);
}

const char *tmli_key_nearest(tml_str name)
{
    const char *names[COUNT_OF(tmli_keys) + COUNT_OF(aliases)];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        names[n++] = aliases[i].alias;
    }
    for (size_t i = 0; i < tmli_n_keys; i++) {
        names[n++] = tmli_keys[i].path;
    }
    return tmli_nearest(name, names, n);
}
