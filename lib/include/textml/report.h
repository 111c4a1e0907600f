/* textml/report.h: what a training run found, as one HTML page that needs nothing else.
 *
 * The page holds its style and its pictures, runs no script and loads nothing. Equal input gives equal bytes. Every text
 * may hold any bytes: nothing in it becomes markup. docs/report.md says what each figure means. */
#ifndef TEXTML_REPORT_H
#define TEXTML_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "textml/fit.h"
#include "textml/status.h"
#include "textml/str.h"

typedef struct tml_report_term {
    tml_str text; /* len 0 ends a list early */
    double weight;
} tml_report_term;

typedef struct tml_report_part {
    const char *name; /* "training", "validation", "test" */
    uint64_t n_rows;
    const uint64_t *rows_per_class; /* [n_labels] or NULL */
} tml_report_part;

/* The rows that the quality figures are about. */
typedef struct tml_report_evaluation {
    const char *part;            /* name of their part; NULL: "evaluation" */
    size_t n;                    /* 0: no evaluation */
    const uint32_t *truth;       /* [n], below n_labels */
    const double *probabilities; /* [n, n_labels], each in 0..1 */
    const tml_str *texts;        /* [n] texts or their beginnings, or NULL */
} tml_report_evaluation;

/* Every pointer is borrowed for the call. A section whose data are missing (NULL or 0) is left out. */
typedef struct tml_report_input {
    const char *title;     /* the recipe's name */
    const tml_str *labels; /* [n_labels] */
    size_t n_labels;       /* at least 2 */
    const tml_report_part *parts;
    size_t n_parts;
    /* Rows by their number of terms: bin i holds [i, i + 1) * length_bin_width, the last bin also all longer rows. */
    const uint64_t *length_counts;
    size_t n_length_bins;
    size_t length_bin_width;
    size_t vocabulary;               /* terms kept */
    size_t terms_seen;               /* distinct terms of the training rows; 0: not known */
    const tml_report_term *frequent; /* falling; weight: occurrences */
    size_t n_frequent;
    const tml_epoch *epochs;
    size_t n_epochs;
    tml_report_evaluation evaluation;
    const tml_report_term *telling; /* [n_labels, n_telling], each row falling */
    size_t n_telling;
    const tml_report_term *cloud; /* weights above 0 */
    size_t n_cloud;
} tml_report_input;

/* Writes the page to path, where a reader sees the older file or the whole new one, also after a failure.
 * Errors: TML_EINVAL for fewer than 2 labels or a true class out of range, TML_ENUMERIC for a probability that is NaN or
 * outside 0..1 (its row is named), TML_EIO, TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_report_write(const tml_report_input *input, const char *path,
                                                  tml_error *err);

/* The same of a run of tml_fit that was asked to keep_evaluation: model and report are that call's. Errors: as above,
 * TML_EINVAL when nothing was kept. */
TML_API TML_NODISCARD tml_status tml_fit_report_write(const tml_model *model,
                                                      const tml_fit_report *report,
                                                      const char *path, tml_error *err);

#endif
