/* pipeline/model.h: what a trained classifier consists of. */
#ifndef PIPELINE_MODEL_H
#define PIPELINE_MODEL_H

#include "base/arena.h"
#include "base/file.h"
#include "features/vocab.h"
#include "models/mlp.h"
#include "models/naive_bayes.h"
#include "pipeline/recipe.h"
#include "pipeline/vectorizer.h"
#include "textml/model.h"
#include "textml/tokenizer.h"

/* How a model came to be; part of the artifact, and so without times or numbers of threads. Figures of the kept
 * weights; NaN where there is none. */
typedef struct tmli_training {
    uint64_t rows_train, rows_validation;
    uint64_t terms_seen, terms_kept, vectors_found;
    uint64_t epochs_run, best_epoch;
    double train_loss, validation_loss, validation_accuracy, validation_macro_f1;
    /* XXH64 over labels, texts and weights of the training files' rows, in order */
    uint64_t data_fingerprint;
} tmli_training;

struct tml_model {
    tml_recipe *recipe;  /* owned */
    tmli_arena arena;    /* label names */
    const char **labels; /* [n_labels] in the arena */
    size_t n_labels;
    /* feed_forward. Here and below arrays are owned, or borrowed from mapping. */
    tml_tokenizer *tokenizer; /* owned */
    tmli_vocab vocab;
    float *table; /* owned embedding (tmli_free_lines); NULL when mapped */
    tmli_mlp mlp; /* embedding is the table */
    /* naive_bayes */
    tmli_vectorizer vectorizer;
    tmli_nb bayes;
    tmli_training training;
    tmli_mapping mapping; /* of model.safetensors; {0} for a model that was just trained */
    uint64_t hash;        /* recorded hash of the mapped file */
    char *path;           /* owned: the mapped file, for sentences */
};

/* The network's shape that a recipe and a number of labels call for. */
tmli_mlp_shape tmli_model_shape(const tml_recipe *recipe, size_t n_labels);
/* The tokenizer that a recipe calls for, of this kind. */
TML_NODISCARD tml_status tmli_model_tokenizer(const tml_recipe *recipe, tml_tokenizer_kind kind,
                                              tml_tokenizer **out, tml_error *err);
/* What turns texts into a model's input, as the recipe says: tokenizer or vectorizer; its vocabulary is yet to come. */
TML_NODISCARD tml_status tmli_model_prepare(tml_model *model, tml_error *err);
/* Where a row's vectors stand, as the recipe says. */
tmli_sequence_options tmli_model_sequence(const tml_recipe *recipe);
/* Copies label names. */
TML_NODISCARD tml_status tmli_model_name_labels(tml_model *model, const char *const *names,
                                                size_t n, tml_error *err);
/* Scores of the network [n, outputs] → probabilities of the labels [n, n_labels]: with one sigmoid output p they are
 * 1 − p and p. */
void tmli_model_probabilities(const tml_model *model, const float *outputs, size_t n,
                              double *probabilities);
/* The same of a row of a vectorizer, by naive Bayes: [n_labels]. */
void tmli_model_bayes(const tml_model *model, const tmli_sparse_row *row, double *probabilities);

#endif
