/* train/run.h: one training job, from configuration to artifact. */
#ifndef TRAIN_RUN_H
#define TRAIN_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "sagemaker/paths.h"
#include "textml/log.h"
#include "textml/status.h"

enum {
    TRAIN_OVERRIDES_MAX = 128
};

/* "--name value" pairs for the recipe; borrowed from argv. */
typedef struct train_override {
    const char *name;
    const char *value;
} train_override;

typedef struct train_options {
    const char *base_dir, *model_dir, *output_dir; /* NULL when not given */
    const char *recipe;                            /* name or file; NULL when not given */
    const char *channels[TRAIN_OVERRIDES_MAX];     /* NAME=PATH */
    size_t n_channels;
    train_override overrides[TRAIN_OVERRIDES_MAX];
    size_t n_overrides;
    size_t n_threads;   /* 0: as many as the cgroup allows */
    bool writes_report; /* report.html beside metrics.json */
    bool by_hand;       /* started by a person with options, not by the container contract */
} train_options;

/* Runs the job. stop: set by the signal handler. Errors: whatever went wrong first, in one sentence; the model
 * directory is then as it was before. TML_ESTOPPED when it was stopped before there was a model. */
TML_NODISCARD tml_status train_run(const train_options *options, const sm_paths *paths,
                                   const atomic_bool *stop, const tml_log *log, tml_error *err);

#endif
