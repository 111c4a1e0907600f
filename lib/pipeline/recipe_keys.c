/* The table of recipe keys: path, kind, place, range, words; their defaults and aliases. How a value is turned into a
 * field is in recipe_store.c. */
#include "pipeline/recipe.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/suggest.h"
#include "textml/model.h"

#define WORD(name, word) word,
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS(variable, list)                                   \
    static const char *const variable##_items[] = {list(WORD)}; \
    static const tmli_words variable = {variable##_items, COUNT_OF(variable##_items)}

#define SIDE_LIST(X) X(TMLI_SIDE_PRE, "pre") X(TMLI_SIDE_POST, "post")
/* Regression (identity) is a matter of targets that are numbers, which readers do not give yet. */
#define CLASS_OUTPUT_LIST(X) X(TMLI_OUTPUT_SOFTMAX, "softmax") X(TMLI_OUTPUT_SIGMOID, "sigmoid")

#define NORM_LIST(X) X(TMLI_NORM_NONE, "none") X(TMLI_NORM_L1, "l1") X(TMLI_NORM_L2, "l2")
/* A block has the recipe's tokenizer unless it names its own. */
#define BLOCK_TOKENIZER_LIST(X) X(0, "same") TML_TOKENIZER_LIST(X)

WORDS(formats, TMLI_FORMAT_LIST);
WORDS(quotings, TMLI_QUOTING_LIST);
WORDS(tokenizers, TML_TOKENIZER_LIST);
WORDS(steps, TML_NORMALIZE_LIST);
WORDS(features, TMLI_FEATURE_LIST);
WORDS(sides, SIDE_LIST);
WORDS(models, TMLI_MODEL_LIST);
WORDS(variants, TMLI_NB_LIST);
WORDS(norms, NORM_LIST);
WORDS(encodings, TMLI_ENCODING_LIST);
WORDS(block_tokenizers, BLOCK_TOKENIZER_LIST);
WORDS(activations, TMLI_ACTIVATION_LIST);
WORDS(outputs, CLASS_OUTPUT_LIST);
WORDS(optimizers, TMLI_OPTIMIZER_LIST);
WORDS(bodies, TMLI_BODY_LIST);
WORDS(styles, TML_STYLE_LIST);

#define AT(field) offsetof(tml_recipe, field)
#define IN(field) offsetof(tmli_feature, field)

const tmli_key tmli_keys[] = {
    {"name", TMLI_KEY_TEXT, TMLI_FOR_ALL, AT(name), 0, 0, NULL},
    {"data.format", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(format), 0, 0, &formats},
    {"data.quote", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(quote), 0, 0, &quotings},
    {"data.encoding", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(encoding), 0, 0, &encodings},
    {"data.header", TMLI_KEY_TEXTS, TMLI_FOR_ALL, AT(header), 0, 0, NULL},
    {"data.text", TMLI_KEY_TEXT, TMLI_FOR_ALL, AT(text), 0, 0, NULL},
    {"data.label", TMLI_KEY_TEXT, TMLI_FOR_ALL, AT(label), 0, 0, NULL},
    {"data.weight", TMLI_KEY_TEXT_OR_NONE, TMLI_FOR_ALL, AT(weight), 0, 0, NULL},
    {"data.labels", TMLI_KEY_LABELS, TMLI_FOR_ALL, AT(labels), 0, 0, NULL},
    {"data.split.validation", TMLI_KEY_REAL, TMLI_FOR_ALL, AT(split_validation), 0, 0.9, NULL},
    {"data.split.seed", TMLI_KEY_COUNT, TMLI_FOR_ALL, AT(split_seed), 0, 9007199254740991.0, NULL},
    {"text.normalize", TMLI_KEY_STEPS, TMLI_FOR_ALL, AT(normalize), 0, 0, &steps},
    {"text.tokenizer", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(tokenizer), 0, 0, &tokenizers},
    {"text.stop_words", TMLI_KEY_TEXTS, TMLI_FOR_ALL, AT(stop_words), 0, 0, NULL},
    {"text.stem", TMLI_KEY_TEXT_OR_NONE, TMLI_FOR_ALL, AT(stem), 0, 0, NULL},
    {"features.*.type", TMLI_KEY_WORD, TMLI_FOR_ALL, IN(type), 0, 0, &features},
    {"features.*.max_words", TMLI_KEY_COUNT, TMLI_FOR_SEQUENCE, IN(max_words), 2, 100000000, NULL},
    {"features.*.length", TMLI_KEY_COUNT, TMLI_FOR_SEQUENCE, IN(length), 1, 100000, NULL},
    {"features.*.padding", TMLI_KEY_WORD, TMLI_FOR_SEQUENCE, IN(padding), 0, 0, &sides},
    {"features.*.truncating", TMLI_KEY_WORD, TMLI_FOR_SEQUENCE, IN(truncating), 0, 0, &sides},
    {"features.*.embedding.source", TMLI_KEY_TEXT_OR_NONE, TMLI_FOR_SEQUENCE, IN(source), 0, 0,
     NULL},
    {"features.*.embedding.dims", TMLI_KEY_COUNT, TMLI_FOR_SEQUENCE, IN(dims), 1, 10000, NULL},
    {"features.*.embedding.trainable", TMLI_KEY_FLAG, TMLI_FOR_SEQUENCE, IN(trainable), 0, 0, NULL},
    {"features.*.tokenizer", TMLI_KEY_WORD, TMLI_FOR_BAG, IN(tokenizer), 0, 0, &block_tokenizers},
    {"features.*.ngrams", TMLI_KEY_RANGE, TMLI_FOR_BAG, IN(ngrams), 1, 64, NULL},
    {"features.*.min_docs", TMLI_KEY_AMOUNT, TMLI_FOR_BAG, IN(min_docs), 0, 1e9, NULL},
    {"features.*.max_docs", TMLI_KEY_AMOUNT, TMLI_FOR_BAG, IN(max_docs), 0, 1e9, NULL},
    {"features.*.max_features", TMLI_KEY_COUNT, TMLI_FOR_BAG, IN(max_features), 0, 1e9, NULL},
    {"features.*.binary", TMLI_KEY_FLAG, TMLI_FOR_BAG, IN(binary), 0, 0, NULL},
    {"features.*.use_idf", TMLI_KEY_FLAG, TMLI_FOR_BAG, IN(use_idf), 0, 0, NULL},
    {"features.*.smooth_idf", TMLI_KEY_FLAG, TMLI_FOR_BAG, IN(smooth_idf), 0, 0, NULL},
    {"features.*.sublinear_tf", TMLI_KEY_FLAG, TMLI_FOR_BAG, IN(sublinear_tf), 0, 0, NULL},
    {"features.*.norm", TMLI_KEY_WORD, TMLI_FOR_BAG, IN(norm), 0, 0, &norms},
    {"features.*.hashed", TMLI_KEY_COUNT, TMLI_FOR_BAG, IN(hashed), 0, 2147483647, NULL},
    {"features.*.alternate_sign", TMLI_KEY_FLAG, TMLI_FOR_BAG, IN(alternate_sign), 0, 0, NULL},
    {"model.type", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(model), 0, 0, &models},
    {"model.variant", TMLI_KEY_WORD, TMLI_FOR_NAIVE_BAYES, AT(naive_bayes), 0, 0, &variants},
    {"model.alpha", TMLI_KEY_REAL, TMLI_FOR_NAIVE_BAYES, AT(alpha), 1e-10, 1e9, NULL},
    {"model.fit_prior", TMLI_KEY_FLAG, TMLI_FOR_NAIVE_BAYES, AT(fit_prior), 0, 0, NULL},
    {"model.class_prior", TMLI_KEY_CLASS_WEIGHTS, TMLI_FOR_NAIVE_BAYES, AT(class_prior), 0, 1,
     NULL},
    {"model.norm", TMLI_KEY_FLAG, TMLI_FOR_NAIVE_BAYES, AT(nb_norm), 0, 0, NULL},
    {"model.one_vs_rest", TMLI_KEY_FLAG, TMLI_FOR_NAIVE_BAYES, AT(one_vs_rest), 0, 0, NULL},
    {"model.hidden", TMLI_KEY_SIZES, TMLI_FOR_FEED_FORWARD, AT(hidden), 1, 100000, NULL},
    {"model.activation", TMLI_KEY_WORD, TMLI_FOR_FEED_FORWARD, AT(activation), 0, 0, &activations},
    {"model.output", TMLI_KEY_WORD, TMLI_FOR_FEED_FORWARD, AT(output), 0, 0, &outputs},
    {"model.dropout", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(dropout), 0, 0.99, NULL},
    {"model.class_weight", TMLI_KEY_CLASS_WEIGHTS, TMLI_FOR_ALL, AT(class_weight), 0, 1e6, NULL},
    {"train.epochs", TMLI_KEY_COUNT, TMLI_FOR_FEED_FORWARD, AT(epochs), 1, 100000, NULL},
    {"train.batch_size", TMLI_KEY_COUNT, TMLI_FOR_FEED_FORWARD, AT(batch_size), 1, 1000000, NULL},
    {"train.optimizer", TMLI_KEY_WORD, TMLI_FOR_FEED_FORWARD, AT(optimizer), 0, 0, &optimizers},
    {"train.learning_rate", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(learning_rate), 1e-8, 100,
     NULL},
    {"train.momentum", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(momentum), 0, 0.9999, NULL},
    {"train.rho", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(rho), 0, 0.9999, NULL},
    {"train.beta1", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(beta1), 0, 0.9999, NULL},
    {"train.beta2", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(beta2), 0, 0.999999, NULL},
    {"train.epsilon", TMLI_KEY_REAL, TMLI_FOR_FEED_FORWARD, AT(epsilon), 1e-12, 1, NULL},
    {"train.early_stopping", TMLI_KEY_FLAG, TMLI_FOR_FEED_FORWARD, AT(early_stopping), 0, 0, NULL},
    {"train.patience", TMLI_KEY_COUNT, TMLI_FOR_FEED_FORWARD, AT(patience), 1, 100000, NULL},
    {"train.seed", TMLI_KEY_COUNT, TMLI_FOR_FEED_FORWARD, AT(seed), 0, 9007199254740991.0, NULL},
    {"serve.request.json", TMLI_KEY_TEXT_OR_NONE, TMLI_FOR_ALL, AT(request_key), 0, 0, NULL},
    {"serve.request.body", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(request_body), 0, 0, &bodies},
    {"serve.response.json", TMLI_KEY_TEXT_OR_NONE, TMLI_FOR_ALL, AT(response_key), 0, 0, NULL},
    {"serve.response.style", TMLI_KEY_WORD, TMLI_FOR_ALL, AT(response_style), 0, 0, &styles},
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
    {"encoding", "data.encoding"},
    {"stop_words", "text.stop_words"},
    {"stem", "text.stem"},
    {"ngrams", "features.*.ngrams"},
    {"ngram", "features.*.ngrams"},
    {"ngram_range", "features.*.ngrams"},
    {"min_df", "features.*.min_docs"},
    {"min_docs", "features.*.min_docs"},
    {"max_df", "features.*.max_docs"},
    {"max_docs", "features.*.max_docs"},
    {"max_features", "features.*.max_features"},
    {"binary", "features.*.binary"},
    {"use_idf", "features.*.use_idf"},
    {"smooth_idf", "features.*.smooth_idf"},
    {"sublinear_tf", "features.*.sublinear_tf"},
    {"norm", "features.*.norm"},
    {"n_features", "features.*.hashed"},
    {"hashed", "features.*.hashed"},
    {"alternate_sign", "features.*.alternate_sign"},
    {"variant", "model.variant"},
    {"alpha", "model.alpha"},
    {"fit_prior", "model.fit_prior"},
    {"class_prior", "model.class_prior"},
    {"one_vs_rest", "model.one_vs_rest"},
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

void tmli_feature_defaults(tmli_feature *feature)
{
    const tmli_bag_options bag = tmli_bag_options_default();
    *feature = (tmli_feature){.type = TMLI_FEATURE_SEQUENCE,
                              .max_words = 10000,
                              .length = 100,
                              .dims = 100,
                              .trainable = true,
                              .ngrams = {bag.n_min, bag.n_max},
                              .min_docs = {bag.min_docs, bag.min_is_share},
                              .max_docs = {bag.max_docs, bag.max_is_share},
                              .use_idf = bag.use_idf,
                              .smooth_idf = bag.smooth_idf,
                              .sublinear_tf = bag.sublinear_tf,
                              .norm = (int)bag.norm,
                              .alternate_sign = true};
}

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
    for (size_t i = 0; i < TMLI_MAX_BLOCKS; i++) {
        tmli_feature_defaults(&recipe->features[i]);
    }
    recipe->n_features = 1;
    recipe->alpha = 1;
    recipe->fit_prior = true;
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

const tmli_key *tmli_key_named(tml_str name, size_t *block)
{
    *block = TMLI_MAX_BLOCKS;
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        if (tmli_str_eq_text(name, aliases[i].alias)) {
            return tmli_key_at(tmli_str(aliases[i].path));
        }
    }
    /* "features.1.length" → "features.*.length": blocks are fewer than ten. */
    const size_t digit = sizeof("features.") - 1;
    if (name.len > digit + 2 && name.len < 128 && tmli_str_starts(name, "features.") &&
        name.data[digit] >= '0' && name.data[digit] < '0' + TMLI_MAX_BLOCKS &&
        name.data[digit + 1] == '.') {
        char path[128];
        memcpy(path, name.data, name.len);
        path[digit] = '*';
        *block = (size_t)(name.data[digit] - '0');
        return tmli_key_at((tml_str){path, name.len});
    }
    return tmli_key_at(name);
}

bool tmli_key_is_of_block(const tmli_key *key)
{
    return strncmp(key->path, TMLI_BLOCK_PREFIX, sizeof(TMLI_BLOCK_PREFIX) - 1) == 0;
}

void *tmli_key_field(tml_recipe *recipe, const tmli_key *key, size_t block)
{
    return (tmli_key_is_of_block(key) ? (char *)&recipe->features[block] : (char *)recipe) +
           key->offset;
}

bool tmli_key_concerns(const tml_recipe *recipe, const tmli_key *key, size_t block)
{
    switch (key->scope) {
    case TMLI_FOR_ALL: return true;
    case TMLI_FOR_SEQUENCE: return recipe->features[block].type == TMLI_FEATURE_SEQUENCE;
    case TMLI_FOR_BAG: return recipe->features[block].type == TMLI_FEATURE_BAG;
    case TMLI_FOR_FEED_FORWARD: return recipe->model == TMLI_MODEL_FEED_FORWARD;
    case TMLI_FOR_NAIVE_BAYES: return recipe->model == TMLI_MODEL_NAIVE_BAYES;
    }
    return true;
}

/* "header" of "data.header". */
static bool is_last_part(tml_str name, tml_str path)
{
    if (name.len == 0 || name.len >= path.len) {
        return false;
    }
    const char *const end = path.data + path.len - name.len;
    return end[-1] == '.' && tmli_str_eq_nocase((tml_str){end, name.len}, name);
}

const char *tmli_key_nearest(tml_str name)
{
    for (size_t i = 0; i < COUNT_OF(aliases); i++) {
        if (tmli_str_eq_nocase(name, tmli_str(aliases[i].alias))) {
            return aliases[i].alias; /* the case was wrong */
        }
    }
    for (size_t i = 0; i < tmli_n_keys; i++) {
        if (is_last_part(name, tmli_str(tmli_keys[i].path))) {
            return tmli_keys[i].path;
        }
    }
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
