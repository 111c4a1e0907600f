#include "support/tiny_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/tmpdir.h"

const char tiny_rows[] = "text,label\n"
                         "good day,yes\nbad day,no\ngood night,yes\nbad night,no\n"
                         "good good,yes\nbad bad,no\nvery good,yes\nvery bad,no\n";

const char tiny_yaml[] =
    "name: tiny\n"
    "data: {split: {validation: 0.25}}\n"
    "features: [{type: sequence, max_words: 50, length: 3, embedding: {dims: 2}}]\n"
    "model: {hidden: [2]}\n"
    "train: {epochs: 2, batch_size: 4, learning_rate: 0.1}\n"
    "serve: {request: {json: input}, response: {json: result}}\n";

tml_recipe *tiny_recipe(const char *yaml)
{
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    if (tml_recipe_parse("tiny.yaml", tmli_str(yaml), &recipe, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    return recipe;
}

tml_model *tiny_fit_rows(const char *dir, const char *yaml, const char *rows)
{
    tml_model *model = NULL;
    tml_fit_report report = {0};
    tml_error err = {0};
    char *const path = tmpdir_write(dir, "rows.csv", rows, strlen(rows));
    const char *const paths[] = {path};
    const tml_fit_input input = {.train = paths, .n_train = 1};
    const tml_fit_options options = {.n_threads = 1};
    tml_recipe *const recipe = tiny_recipe(yaml);
    if (tml_fit(recipe, &input, &options, &model, &report, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    tml_fit_report_deinit(&report);
    tml_recipe_free(recipe);
    free(path);
    return model;
}

tml_model *tiny_fit(const char *dir)
{
    return tiny_fit_rows(dir, tiny_yaml, tiny_rows);
}
