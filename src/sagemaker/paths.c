#include "sagemaker/paths.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"

tml_status sm_paths_init(sm_paths *out, const char *base_dir, const char *model_dir,
                         const char *output_dir, tml_error *err)
{
    *out = (sm_paths){0};
    const char *root = base_dir;
    if (root == NULL) {
        root = getenv("SAGEMAKER_BASE_DIR");
    }
    if (root == NULL || *root == '\0') {
        root = "/opt/ml";
    }
    out->root = tmli_str_copy(tmli_str(root));
    out->hyperparameters = tmli_path_join(root, "input/config/hyperparameters.json");
    out->channels = tmli_path_join(root, "input/config/inputdataconfig.json");
    out->resources = tmli_path_join(root, "input/config/resourceconfig.json");
    out->data = tmli_path_join(root, "input/data");
    out->model =
        model_dir != NULL ? tmli_str_copy(tmli_str(model_dir)) : tmli_path_join(root, "model");
    out->models = tmli_path_join(root, "models");
    out->output =
        output_dir != NULL ? tmli_str_copy(tmli_str(output_dir)) : tmli_path_join(root, "output");
    if (out->output != NULL) {
        out->failure = tmli_path_join(out->output, "failure");
        out->figures = tmli_path_join(out->output, "data");
    }
    const bool complete = out->root != NULL && out->hyperparameters != NULL &&
                          out->channels != NULL && out->resources != NULL && out->data != NULL &&
                          out->model != NULL && out->models != NULL && out->failure != NULL &&
                          out->figures != NULL;
    return complete ? TML_OK : tmli_fail_memory(err, "paths");
}

void sm_paths_deinit(sm_paths *paths)
{
    tmli_free(paths->root);
    tmli_free(paths->hyperparameters);
    tmli_free(paths->channels);
    tmli_free(paths->resources);
    tmli_free(paths->data);
    tmli_free(paths->model);
    tmli_free(paths->models);
    tmli_free(paths->output);
    tmli_free(paths->failure);
    tmli_free(paths->figures);
    *paths = (sm_paths){0};
}
