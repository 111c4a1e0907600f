/* textml/fit.h: files + recipe → model. */
#ifndef TEXTML_FIT_H
#define TEXTML_FIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "textml/metrics.h"
#include "textml/model.h"
#include "textml/recipe.h"
#include "textml/status.h"
#include "textml/str.h"

/* Figures of one epoch. Losses as Keras reports them. */
typedef struct tml_epoch {
    size_t epoch;      /* from 1 */
    double train_loss; /* weighted mean over the epoch's batches, dropout included */
    double train_accuracy;
    double validation_loss; /* NaN without validation rows */
    double validation_accuracy;
    double seconds; /* of the training steps alone */
} tml_epoch;

typedef struct tml_progress {
    size_t epoch, epochs;   /* epoch from 1 */
    size_t rows_done, rows; /* within the epoch */
} tml_progress;

/* Files are read in the order given. All paths are borrowed for the call. */
typedef struct tml_fit_input {
    const char *const *train;
    size_t n_train; /* at least 1 */
    const char *const
        *validation; /* none: a part of the training rows is split off (recipe: data.split) */
    size_t n_validation;
    const char *const *test; /* scored once at the end; may be none */
    size_t n_test;
    const char *vectors; /* the recipe's word vectors, when it names a source; else NULL */
    bool label_first;    /* files without a header line hold label, text (SageMaker's text/csv) */
} tml_fit_input;

typedef struct tml_fit_report tml_fit_report; /* below */

typedef struct tml_fit_options {
    size_t n_threads;     /* 1 to 256; does not change the result */
    bool keep_evaluation; /* the report gets the scores behind its figures */
    /* may be NULL: set it, from any thread or signal handler, to end reading without a model, or training behind the
     * batch with the best model so far */
    const atomic_bool *stop;
    /* These are called on the thread that called tml_fit. May be NULL; once, before training: the report's figures of what
     * was read are there */
    void (*on_data)(void *ctx, const tml_fit_report *report);
    void (*on_epoch)(void *ctx, const tml_epoch *epoch); /* may be NULL */
    void (*on_progress)(void *ctx,
                        const tml_progress *progress); /* may be NULL; after each batch */
    void *ctx;
} tml_fit_options;

/* Rows that were scored: of the test part, or without one of the validation part. */
typedef struct tml_evaluation {
    const char *part;      /* "test" or "validation", static; NULL when nothing was kept */
    size_t n;              /* rows */
    uint32_t *truth;       /* [n] labels, owned, as all below */
    double *probabilities; /* [n, labels] */
    tml_str *texts;        /* [n] beginnings of the texts; may end amid a character */
    char *bytes;           /* what texts points into */
} tml_evaluation;

TML_API void tml_evaluation_deinit(tml_evaluation *evaluation); /* leaves {0} */

struct tml_fit_report {
    size_t rows_train, rows_validation, rows_test;
    size_t terms_seen;       /* distinct tokens of the training rows */
    size_t terms_kept;       /* of them in the vocabulary */
    size_t rows_wordless;    /* training rows without a term of the vocabulary */
    size_t labels_untrained; /* without training rows: the recipe's, or lost to the split */
    size_t first_untrained;  /* number of the first of these labels; 0 when there is none */
    bool vectors_read;       /* word vectors were asked for and read */
    size_t vectors_found;    /* terms of the vocabulary that the word vectors have */
    uint64_t replaced;       /* ill-formed UTF-8 sequences read as U+FFFD */
    uint64_t doubtful; /* texts and labels of latin-1 files whose bytes are all well-formed UTF-8 */
    size_t epochs_run; /* also one that was begun only; 0 for models without epochs */
    size_t best_epoch; /* whose weights are kept, from 1; 0 when none was finished */
    bool stopped_early; /* by early stopping */
    bool interrupted;   /* by *stop */
    tml_epoch *epochs;  /* [n_epochs] finished ones, owned */
    size_t n_epochs;
    tml_metrics validation; /* of the kept weights; n_rows 0 when there are no rows */
    tml_metrics test;
    tml_evaluation evaluation;       /* with keep_evaluation */
    struct tml_fit_summary *summary; /* the same: of the data, for tml_fit_report_write; owned */
    double seconds_reading, seconds_vectors, seconds_training;
};

/* Trains. recipe: checked by tml_recipe_check, copied into the model. out: free with tml_model_free; report: release
 * with tml_fit_report_deinit; both untouched on failure.
 * Errors: TML_EINVAL for n_threads and for a recipe that does not fit the data; those of the readers
 * ("FILE:LINE:COLUMN: …"), TML_EFORMAT for labels that cannot be learned, TML_ENUMERIC for a loss that is not finite,
 * TML_ESTOPPED when *stop was set before any batch, TML_ENOMEM, TML_EIO. */
TML_API TML_NODISCARD tml_status tml_fit(const tml_recipe *recipe, const tml_fit_input *input,
                                         const tml_fit_options *options, tml_model **out,
                                         tml_fit_report *report, tml_error *err);
TML_API void tml_fit_report_deinit(tml_fit_report *report);

#endif
