/* train/figures.h: what a training run says in numbers: lines for SageMaker's metric definitions, and metrics.json. */
#ifndef TRAIN_FIGURES_H
#define TRAIN_FIGURES_H

#include "textml/fit.h"
#include "textml/log.h"
#include "textml/model.h"
#include "textml/status.h"

/* One line an epoch: "epoch=1; train:loss=0.451; train:accuracy=0.833; …" */
void figures_log_epoch(const tml_log *log, const tml_epoch *epoch);
/* What was read, in a few lines. */
void figures_log_data(const tml_log *log, const tml_fit_report *report);
/* Warnings where two labels are likely meant as one (they differ in ASCII case alone), and of labels without training rows. */
void figures_log_labels(const tml_log *log, const tml_model *model, const tml_fit_report *report);
/* Why training ended before its last epoch, if it did. */
void figures_log_end(const tml_log *log, const tml_fit_report *report);
/* The kept weights' figures: "final:validation:accuracy=…;" and the like. */
void figures_log_result(const tml_log *log, const tml_fit_report *report);

/* JSON that SageMaker's MetricDefinitions takes: a name and a regular expression for each metric. stdout. */
void figures_print_definitions(void);

/* Writes metrics.json into dir, which is made if missing. */
TML_NODISCARD tml_status figures_write(const char *dir, const tml_model *model,
                                       const tml_fit_report *report, tml_error *err);
/* The same for report.html, of a run that kept its evaluation. */
TML_NODISCARD tml_status figures_write_report(const char *dir, const tml_model *model,
                                              const tml_fit_report *report, tml_error *err);

#endif
