/* sagemaker/paths.h: the container's directories, with one root that tests and local runs move. */
#ifndef SAGEMAKER_PATHS_H
#define SAGEMAKER_PATHS_H

#include "textml/status.h"

/* Below the root: --base-dir, else SAGEMAKER_BASE_DIR, else /opt/ml. All owned. */
typedef struct sm_paths {
    char *root;
    char *hyperparameters; /* input/config/hyperparameters.json */
    char *channels;        /* input/config/inputdataconfig.json */
    char *resources;       /* input/config/resourceconfig.json */
    char *data;            /* input/data */
    char *model;           /* model, or --model-dir */
    char *models;          /* models: those of a multi-model endpoint */
    char *output;          /* output, or --output-dir */
    char *failure;         /* failure, in output */
    char *figures;         /* data, in output: metrics.json and what comes with it */
} sm_paths;

/* Any argument may be NULL. out: release with sm_paths_deinit, also after a failure. Errors: TML_ENOMEM. */
TML_NODISCARD tml_status sm_paths_init(sm_paths *out, const char *base_dir, const char *model_dir,
                                       const char *output_dir, tml_error *err);
void sm_paths_deinit(sm_paths *paths);

#endif
