/* pipeline/recipe.h: the checked configuration, and the table of keys that fills it. */
#ifndef PIPELINE_RECIPE_H
#define PIPELINE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"
#include "features/sequence.h"
#include "models/mlp.h"
#include "num/optim.h"
#include "pipeline/reader.h"
#include "textml/recipe.h"
#include "textml/tokenizer.h"

typedef struct tmli_texts {
    const char **items;
    size_t n;
} tmli_texts;

/* A label as the data write it, and as answers name it. */
typedef struct tmli_label_name {
    const char *value;
    const char *name;
} tmli_label_name;

typedef struct tmli_label_names {
    tmli_label_name *items;
    size_t n;
} tmli_label_names;

/* Class weights by answer name or data value. */
typedef struct tmli_class_weight {
    const char *label;
    double weight;
} tmli_class_weight;

typedef struct tmli_class_weights {
    bool balanced; /* rows / (classes · rows of the class), as scikit-learn */
    tmli_class_weight *items;
    size_t n;
} tmli_class_weights;

typedef struct tmli_steps {
    tml_normalize_step items[TML_NORMALIZE_MAX];
    size_t n;
} tmli_steps;

typedef struct tmli_sizes {
    size_t items[TMLI_MLP_MAX_LAYERS];
    size_t n;
} tmli_sizes;

typedef enum tmli_feature_type {
    TMLI_FEATURE_SEQUENCE,
} tmli_feature_type;

typedef enum tmli_model_type {
    TMLI_MODEL_FEED_FORWARD,
} tmli_model_type;

/* Words of closed sets are kept as int, the enum's value, so that one table can fill them. Texts live in the arena. */
typedef struct tmli_feature {
    int type;         /* tmli_feature_type */
    size_t max_words; /* as Keras' num_words: ids 1..max_words-1 are kept */
    size_t length;
    int padding;        /* tmli_side */
    int truncating;     /* tmli_side */
    const char *source; /* file of word vectors; NULL for none */
    size_t dims;
    bool trainable;
} tmli_feature;

struct tml_recipe {
    tmli_arena arena;
    const char *source; /* for sentences */
    const char *name;
    /* data */
    int format; /* tmli_format */
    int quote;  /* tmli_quoting */
    tmli_texts header;
    const char *text;
    const char *label;
    const char *weight; /* NULL for none */
    tmli_label_names labels;
    double split_validation;
    size_t split_seed;
    /* text */
    tmli_steps normalize;
    int tokenizer; /* tml_tokenizer_kind */
    /* features: one block in this version */
    tmli_feature feature;
    size_t n_features; /* blocks that the recipe names */
    /* model */
    int model; /* tmli_model_type */
    tmli_sizes hidden;
    int activation; /* tmli_activation */
    int output;     /* tmli_output: softmax or sigmoid */
    double dropout;
    tmli_class_weights class_weight;
    /* train */
    size_t epochs, batch_size;
    int optimizer;                                              /* tmli_optimizer */
    double learning_rate, momentum, rho, beta1, beta2, epsilon; /* NaN: the optimizer's default */
    bool early_stopping;
    size_t patience;
    size_t seed;
    /* serve */
    const char *request_key;  /* NULL for none */
    const char *response_key; /* NULL for none */
};

typedef enum tmli_key_kind {
    TMLI_KEY_TEXT,
    TMLI_KEY_TEXT_OR_NONE, /* null or "none" gives NULL */
    TMLI_KEY_FLAG,
    TMLI_KEY_COUNT,
    TMLI_KEY_REAL,
    TMLI_KEY_WORD,
    TMLI_KEY_TEXTS,
    TMLI_KEY_SIZES,
    TMLI_KEY_STEPS,
    TMLI_KEY_LABELS,
    TMLI_KEY_CLASS_WEIGHTS,
} tmli_key_kind;

/* Words of a closed set, in the order of the enum's values. */
typedef struct tmli_words {
    const char *const *items;
    size_t n;
} tmli_words;

typedef struct tmli_key {
    const char *path; /* dotted; a list index is '*' */
    tmli_key_kind kind;
    size_t offset;   /* in tml_recipe */
    double min, max; /* COUNT, REAL, SIZES */
    const tmli_words *words;
} tmli_key;

/* All keys, in the order in which a recipe is written out. */
extern const tmli_key tmli_keys[];
extern const size_t tmli_n_keys;

/* The key at a dotted path in which list indexes are '*', or NULL. */
const tmli_key *tmli_key_at(tml_str path);
/* The key for a path with numbers as indexes ("features.0.length") or an alias; NULL if there is none. */
const tmli_key *tmli_key_named(tml_str name);
/* The nearest path or alias, for "did you mean", or NULL. */
const char *tmli_key_nearest(tml_str name);
/* Every key at its default. */
void tmli_recipe_defaults(tml_recipe *recipe);

/* Stores value under key. where: what the sentence begins with ("file:3:5: train.epochs" or "epochs"). */
TML_NODISCARD tml_status tmli_key_store(tml_recipe *recipe, const tmli_key *key,
                                        const tmli_value *value, const char *where, tml_error *err);

/* Reads the JSON form that artifacts hold. */
TML_NODISCARD tml_status tmli_recipe_from_value(const char *source, const tmli_value *root,
                                                tml_recipe **out, tml_error *err);
/* Appends the complete resolved recipe as the object `key` of w. */
struct tmli_json_writer;
void tmli_recipe_write(const tml_recipe *recipe, const char *key, struct tmli_json_writer *w);

#endif
