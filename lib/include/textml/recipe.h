/* textml/recipe.h: what a model is, as data: a YAML recipe, single keys overridden, checked as a whole.
 *
 * Every key, its meaning, range, default and aliases stand in docs/recipes.md. */
#ifndef TEXTML_RECIPE_H
#define TEXTML_RECIPE_H

#include <stdbool.h>
#include <stddef.h>

#include "textml/status.h"
#include "textml/str.h"

typedef struct tml_recipe tml_recipe;

/* Names of the built-in recipes; static, *n of them. */
TML_API const char *const *tml_recipe_names(size_t *n);
/* The YAML text of a built-in recipe; empty (data NULL) for another name. Static. */
TML_API tml_str tml_recipe_text(const char *name);

/* Reads a recipe. source: stands in error sentences ("SOURCE:LINE:COLUMN: …"), copied.
 * out: free with tml_recipe_free. Errors: TML_EINVAL for unknown keys (with the nearest valid one), values of the wrong
 * kind or out of range; TML_EFORMAT for what is not YAML; TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_recipe_parse(const char *source, tml_str yaml,
                                                  tml_recipe **out, tml_error *err);
TML_API void tml_recipe_free(tml_recipe *recipe); /* NULL is allowed */

/* Sets one key by its dotted path ("train.epochs") or alias ("epochs"). value: text as it comes from a command line or a
 * SageMaker hyperparameter: 5, "5", [32, 32] or 32,32; null, None and the empty text keep what the recipe says.
 * Errors: TML_EINVAL with the name, the value, what was expected, and the nearest valid name for an unknown one. */
TML_API TML_NODISCARD tml_status tml_recipe_set(tml_recipe *recipe, tml_str name, tml_str value,
                                                tml_error *err);
/* Checks what single keys cannot know: required keys, and keys that contradict each other. Errors: TML_EINVAL,
 * TML_ENOMEM. */
TML_API TML_NODISCARD tml_status tml_recipe_check(const tml_recipe *recipe, tml_error *err);

/* Whether the model that the recipe describes depends on a key, by path or alias: a network does not have alpha. True for
 * names that are no keys. Goes by recipe keys set so far: ask when all are. */
TML_API bool tml_recipe_uses(const tml_recipe *recipe, tml_str name);

TML_API const char *tml_recipe_name(const tml_recipe *recipe); /* borrowed from the recipe */
/* The file of word vectors that it asks for, or NULL. Borrowed from the recipe. */
TML_API const char *tml_recipe_vectors(const tml_recipe *recipe);

#endif
