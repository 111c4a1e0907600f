#include "support/recipe_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/json.h"
#include "pipeline/recipe.h"

void recipe_text(const tml_recipe *recipe, char *out, size_t size)
{
    tmli_buf text = {0};
    tmli_json_writer w;
    tmli_json_begin(&w, &text, 0);
    tmli_recipe_write(recipe, NULL, &w);
    assert_in_range(text.len, 1, size - 1);
    (void)snprintf(out, size, "%s", tmli_buf_cstr(&text));
    tmli_buf_deinit(&text);
}
