/* pipeline/recipe.h: the checked configuration, and the table of keys that fills it. */
#ifndef PIPELINE_RECIPE_H
#define PIPELINE_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/value.h"
#include "features/bag.h"
#include "features/sequence.h"
#include "models/mlp.h"
#include "models/naive_bayes.h"
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
    size_t counts[TML_NORMALIZE_MAX]; /* of drop_lines */
    size_t n;
} tmli_steps;

typedef struct tmli_sizes {
    size_t items[TMLI_MLP_MAX_LAYERS];
    size_t n;
} tmli_sizes;

/* A number of documents, or a share of them. */
typedef struct tmli_amount {
    double value;
    bool is_share;
} tmli_amount;

typedef struct tmli_range {
    size_t first, last;
} tmli_range;

#define TMLI_FEATURE_LIST(X)             \
    X(TMLI_FEATURE_SEQUENCE, "sequence") \
    X(TMLI_FEATURE_BAG, "bag")

typedef enum tmli_feature_type {
#define TMLI_FEATURE_ENUM(name, word) name,
    TMLI_FEATURE_LIST(TMLI_FEATURE_ENUM)
#undef TMLI_FEATURE_ENUM
} tmli_feature_type;

#define TMLI_MODEL_LIST(X)                     \
    X(TMLI_MODEL_FEED_FORWARD, "feed_forward") \
    X(TMLI_MODEL_NAIVE_BAYES, "naive_bayes")

typedef enum tmli_model_type {
#define TMLI_MODEL_ENUM(name, word) name,
    TMLI_MODEL_LIST(TMLI_MODEL_ENUM)
#undef TMLI_MODEL_ENUM
} tmli_model_type;

/* What a request that is no JSON holds. */
#define TMLI_BODY_LIST(X)                                           \
    X(TMLI_BODY_LINES, "lines")       /* a text a line or record */ \
    X(TMLI_BODY_DOCUMENT, "document") /* one text as a whole */

typedef enum tmli_body {
#define TMLI_BODY_ENUM(name, word) name,
    TMLI_BODY_LIST(TMLI_BODY_ENUM)
#undef TMLI_BODY_ENUM
} tmli_body;

enum {
    TMLI_MAX_BLOCKS = 8 /* feature blocks side by side */
};

/* One block. Words of closed sets are kept as int, the enum's value, so that one table can fill them. Texts live in the
 * arena. */
typedef struct tmli_feature {
    int type; /* tmli_feature_type */
    /* sequence */
    size_t max_words; /* as Keras' num_words: ids 1..max_words-1 are kept */
    size_t length;
    int padding;        /* tmli_side */
    int truncating;     /* tmli_side */
    const char *source; /* file of word vectors; NULL for none */
    size_t dims;
    bool trainable;
    /* bag */
    int tokenizer;     /* 0: the recipe's, else tml_tokenizer_kind + 1 */
    tmli_range ngrams; /* of words, or characters */
    tmli_amount min_docs, max_docs;
    size_t max_features; /* 0: all */
    bool binary, use_idf, smooth_idf, sublinear_tf;
    int norm;      /* tmli_norm */
    size_t hashed; /* columns of a hashed block; 0: a vocabulary */
    bool alternate_sign;
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
    int encoding;       /* tmli_encoding */
    tmli_label_names labels;
    double split_validation;
    size_t split_seed;
    /* text */
    tmli_steps normalize;
    int tokenizer;         /* tml_tokenizer_kind */
    tmli_texts stop_words; /* the words, or the one name of a list */
    const char *stem;      /* a language, NULL for none */
    tmli_feature features[TMLI_MAX_BLOCKS];
    size_t n_features; /* at least 1 */
    /* model */
    int model;       /* tmli_model_type */
    int naive_bayes; /* tmli_nb_kind */
    double alpha;
    bool fit_prior, nb_norm, one_vs_rest;
    tmli_class_weights class_prior;
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
    int response_style;       /* tml_style */
    int request_body;         /* tmli_body */
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
    TMLI_KEY_AMOUNT, /* 2 is a number of documents, 0.5 and "50%" are shares */
    TMLI_KEY_RANGE,  /* [1, 2] */
} tmli_key_kind;

/* Whom a key concerns: what a model does not use is not written into its artifact. */
typedef enum tmli_scope {
    TMLI_FOR_ALL,
    TMLI_FOR_SEQUENCE,
    TMLI_FOR_BAG,
    TMLI_FOR_FEED_FORWARD,
    TMLI_FOR_NAIVE_BAYES,
} tmli_scope;

/* Words of a closed set, in the order of the enum's values. */
typedef struct tmli_words {
    const char *const *items;
    size_t n;
} tmli_words;

typedef struct tmli_key {
    const char *path; /* dotted; a list index is '*' */
    tmli_key_kind kind;
    tmli_scope scope;
    size_t offset;   /* in tml_recipe; of a feature block's key in tmli_feature */
    double min, max; /* COUNT, REAL, SIZES, AMOUNT (as a number of documents), RANGE */
    const tmli_words *words;
} tmli_key;

/* All keys, in the order in which a recipe is written out. */
extern const tmli_key tmli_keys[];
extern const size_t tmli_n_keys;

#define TMLI_BLOCK_PREFIX "features.*."

/* The key at a dotted path in which list indexes are '*', or NULL. */
const tmli_key *tmli_key_at(tml_str path);
/* The key for a path with numbers as indexes ("features.0.length") or an alias; NULL if there is none. *block: the
 * index, or TMLI_MAX_BLOCKS for a name that concerns all blocks, and for keys outside blocks. */
const tmli_key *tmli_key_named(tml_str name, size_t *block);
/* Whether the key stands in a feature block. */
bool tmli_key_is_of_block(const tmli_key *key);
/* Where its value lies; block counts for keys of blocks. */
void *tmli_key_field(tml_recipe *recipe, const tmli_key *key, size_t block);
/* Whether the recipe, or its block, has a use for the key. */
bool tmli_key_concerns(const tml_recipe *recipe, const tmli_key *key, size_t block);
/* The nearest path or alias, for "did you mean", or NULL. */
const char *tmli_key_nearest(tml_str name);
/* Every key at its default. */
void tmli_recipe_defaults(tml_recipe *recipe);
void tmli_feature_defaults(tmli_feature *feature);

/* Stores value under key, in block if it is a key of blocks. where: what the sentence begins with ("file:3:5: train.epochs" or "epochs"). */
TML_NODISCARD tml_status tmli_key_store(tml_recipe *recipe, const tmli_key *key, size_t block,
                                        const tmli_value *value, const char *where, tml_error *err);

/* Reads the JSON form that artifacts hold. */
TML_NODISCARD tml_status tmli_recipe_from_value(const char *source, const tmli_value *root,
                                                tml_recipe **out, tml_error *err);
/* Appends the complete resolved recipe as the object `key` of w. */
struct tmli_json_writer;
void tmli_recipe_write(const tml_recipe *recipe, const char *key, struct tmli_json_writer *w);

#endif
