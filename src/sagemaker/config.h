/* sagemaker/config.h: the three JSON files of input/config. Each may be missing, empty or {}. */
#ifndef SAGEMAKER_CONFIG_H
#define SAGEMAKER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/value.h"
#include "textml/recipe.h"
#include "textml/status.h"

/* The object in a file, in the arena; an empty object when the file is missing or holds white space only.
 * Errors: TML_EFORMAT naming the file (and line and column), TML_EIO, TML_ENOMEM. */
TML_NODISCARD tml_status sm_config_read(const char *path, tmli_arena *arena, const tmli_value **out,
                                        tml_error *err);

/* *out is the recipe that hyperparameters ask for by "recipe", or NULL; borrowed from the arena. Errors: TML_EINVAL for
 * what is no text, TML_ENOMEM. */
TML_NODISCARD tml_status sm_hyperparameters_recipe(const tmli_value *hyperparameters,
                                                   tmli_arena *arena, const char **out,
                                                   tml_error *err);
/* Sets every hyperparameter on the recipe. Left out: "recipe", and names that begin with '_' or "sagemaker_" and the
 * like, which the platform and its SDKs add. Errors: those of tml_recipe_set. */
TML_NODISCARD tml_status sm_hyperparameters_apply(const tmli_value *hyperparameters,
                                                  tml_recipe *recipe, tml_error *err);

/* This host's place among the hosts: true for the first, and when nothing is said of hosts. */
bool sm_is_leader(const tmli_value *resources);

#endif
