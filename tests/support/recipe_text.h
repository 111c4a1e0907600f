/* support/recipe_text.h: a recipe as it is written into an artifact. */
#ifndef SUPPORT_RECIPE_TEXT_H
#define SUPPORT_RECIPE_TEXT_H

#include <stddef.h>

#include "textml/recipe.h"

/* Fails the running test when the text and its NUL have more than size bytes. */
void recipe_text(const tml_recipe *recipe, char *out, size_t size);

#endif
