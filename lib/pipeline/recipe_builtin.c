/* The built-in recipes: the files of data/recipes, turned into byte arrays by cmake/embed.cmake. */
#include <string.h>

#include "textml/recipe.h"

#include "recipes_embedded.h"

const char *const *tml_recipe_names(size_t *n)
{
    *n = sizeof(embedded_names) / sizeof(embedded_names[0]);
    return embedded_names;
}

tml_str tml_recipe_text(const char *name)
{
    for (size_t i = 0; i < sizeof(embedded_names) / sizeof(embedded_names[0]); i++) {
        if (strcmp(name, embedded_names[i]) == 0) {
            return embedded_texts[i];
        }
    }
    return (tml_str){NULL, 0};
}
