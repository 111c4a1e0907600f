/* pipeline/fit.h: one run of tml_fit, as the parts that make the different models see it. */
#ifndef PIPELINE_FIT_H
#define PIPELINE_FIT_H

#include "base/pool.h"
#include "pipeline/model.h"
#include "pipeline/prepare.h"
#include "textml/fit.h"

typedef struct tmli_fitting {
    const tml_fit_input *input;
    const tml_fit_options *options;
    tml_model *model;         /* being made; owns the copy of the recipe */
    const tml_recipe *recipe; /* model's */
    tmli_prepared prepared;
    tmli_pool *pool;
    tml_fit_report report;
    size_t epoch_capacity;
    bool out_of_memory; /* noticed where no error can be returned */
} tmli_fitting;

/* What a type of model does in a run. */
typedef struct tmli_fit_steps {
    /* Files → encoded rows; the model gets its vocabulary. */
    tml_status (*read)(tmli_fitting *fit, const tmli_preparing *job, tml_error *err);
    /* Encoded training rows → the model. */
    tml_status (*train)(tmli_fitting *fit, tml_error *err);
    /* Encoded rows → probabilities [n, labels], by the code that serves. */
    tml_status (*score)(const tmli_fitting *fit, const tmli_encoded *part, double *probabilities,
                        tml_error *err);
} tmli_fit_steps;

extern const tmli_fit_steps tmli_fit_network; /* fit_network.c */
extern const tmli_fit_steps tmli_fit_bayes;   /* fit_bayes.c */

/* Weights of the recipe's class_weight [n_labels]. Errors: TML_EINVAL for a label that the data do not have. */
TML_NODISCARD tml_status tmli_weigh_classes(const tmli_fitting *fit, double *weights,
                                            tml_error *err);
/* Says what was read, to whom it concerns: when the rows, and word vectors, are there. */
void tmli_tell_data(const tmli_fitting *fit);
/* The class number of a label as answers or the data have it, or n_labels. */
size_t tmli_class_of(const tmli_fitting *fit, const char *label);

#endif
