/* pipeline/report.h: what the report's sections share. */
#ifndef PIPELINE_REPORT_H
#define PIPELINE_REPORT_H

#include <stdbool.h>

#include "base/buf.h"
#include "textml/metrics.h"
#include "textml/report.h"

enum {
    TMLI_REPORT_SHOWN = 60,  /* classes in pictures: more could not be told apart */
    TMLI_CURVE_POINTS = 200, /* of a drawn curve */
    TMLI_CALIBRATION_BINS = 10,
    TMLI_REPORT_MISTAKES = 20
};

/* Points of a drawn curve; area NaN when the class has no rows or all rows. */
typedef struct tmli_report_curve {
    double area;
    size_t n;
    double x[TMLI_CURVE_POINTS], y[TMLI_CURVE_POINTS];
} tmli_report_curve;

/* A figure and its 95 % interval; low NaN when there is none. */
typedef struct tmli_figure {
    double value, low, high;
} tmli_figure;

typedef struct tmli_report {
    const tml_report_input *in;
    uint32_t *shown; /* [n_shown] classes in pictures, in the order of the labels; owned */
    size_t n_shown;
    /* What follows is there when in->evaluation.n > 0. */
    tml_metrics metrics;                 /* owned */
    uint32_t *predicted;                 /* [n] most probable class; owned */
    double *confidence;                  /* [n] its probability; owned */
    double *roc_area;                    /* [n_labels]; owned */
    double *average_precision;           /* [n_labels]; owned */
    tmli_report_curve *roc;              /* [n_shown]; owned */
    tmli_report_curve *precision_recall; /* [n_shown]; owned */
    tmli_figure accuracy, macro_f1, weighted_f1, log_loss;
} tmli_report;

/* Appends the page to *out; on failure *out may hold a part of it. */
TML_NODISCARD tml_status tmli_report_fill(tmli_buf *out, const tml_report_input *input,
                                          tml_error *err);

/* Everything that is computed before the first byte is written. report: {0}; deinit also after a failure. */
TML_NODISCARD tml_status tmli_report_prepare(tmli_report *report, const tml_report_input *input,
                                             tml_error *err);
void tmli_report_deinit(tmli_report *report);

tml_str tmli_report_style(void); /* the CSS of data/report/report.css; static */

/* Opens a section: its anchor, heading, and a sentence on how to read it (all ours). Ends with </section>. */
void tmli_section(tmli_buf *out, const char *id, const char *heading, const char *lead);
/* "The 60 classes with most rows of 100 are shown." when not all are. */
void tmli_shown_note(tmli_buf *out, const tmli_report *report);
/* Terms with a bar and a number each; n or until the first empty one. */
void tmli_term_bars(tmli_buf *out, const tml_report_term *terms, size_t n);

/* The sections, in the order of the page. Each writes nothing when it has no data. */
void tmli_report_headline(tmli_buf *out, const tmli_report *report);
void tmli_report_data(tmli_buf *out, const tmli_report *report);
void tmli_report_epochs(tmli_buf *out, const tmli_report *report);
void tmli_report_confusion(tmli_buf *out, const tmli_report *report);
void tmli_report_classes(tmli_buf *out, const tmli_report *report);
void tmli_report_curves(tmli_buf *out, const tmli_report *report);
TML_NODISCARD tml_status tmli_report_calibration(tmli_buf *out, const tmli_report *report,
                                                 tml_error *err);
void tmli_report_telling(tmli_buf *out, const tmli_report *report);
void tmli_report_mistakes(tmli_buf *out, const tmli_report *report);

#endif
