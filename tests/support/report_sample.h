/* support/report_sample.h: made-up runs for the report: realistic numbers from a fixed seed. */
#ifndef SUPPORT_REPORT_SAMPLE_H
#define SUPPORT_REPORT_SAMPLE_H

#include "textml/report.h"

typedef enum report_sample_kind {
    SAMPLE_NEWSGROUPS, /* 20 classes, no epochs */
    SAMPLE_NEWS,       /* 4 classes, 30 epochs */
    SAMPLE_BINARY,     /* 2 classes, one epoch */
    SAMPLE_HOSTILE,    /* 7 classes whose every text tries to break the page */
    SAMPLE_MANY,       /* 75 classes: more than pictures show */
    N_SAMPLES
} report_sample_kind;

typedef struct report_sample {
    tml_report_input input;
    void *owned[12]; /* what input points to */
    size_t n_owned;
} report_sample;

const char *report_sample_name(report_sample_kind kind);
void report_sample_init(report_sample *sample, report_sample_kind kind);
void report_sample_deinit(report_sample *sample);

#endif
