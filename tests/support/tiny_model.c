#include "support/tiny_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/bytes.h"
#include "support/tmpdir.h"

const char tiny_recipe[] =
    "name: tiny\n"
    "data: {split: {validation: 0.25, seed: 3}}\n"
    "text: {normalize: [lower], tokenizer: unicode}\n"
    "features:\n"
    "  - {type: sequence, max_words: 50, length: 6, embedding: {dims: 4, trainable: true}}\n"
    "model: {hidden: [5], activation: tanh, dropout: 0.1}\n"
    "train: {epochs: 4, batch_size: 7, optimizer: adam, learning_rate: 0.05, seed: 2}\n"
    "serve: {request: {json: input}, response: {json: result}}\n";

const char *tiny_rows(void)
{
    return "text,label\n"
           "the soup was hot,food\nthe team won again,sport\nbread and soup,food\na late goal "
           "won,sport\n"
           "hot bread,food\nthe late goal,sport\nsoup again,food\nthe team lost,sport\n"
           "fresh bread today,food\nteam and goal,sport\nhot soup today,food\nthe goal was "
           "late,sport\n"
           "bread was fresh,food\nthe team today,sport\nthe soup was fresh,food\na goal "
           "again,sport\n"
           "soup or bread,food\nthe team was late,sport\nhot and fresh,food\nlost the goal,sport\n"
           "the soup was hot,food\nthe team won again,sport\nbread and soup,food\na late goal "
           "won,sport\n"
           "hot bread,food\nthe late goal,sport\nsoup again,food\nthe team lost,sport\n"
           "fresh bread today,food\nteam and goal,sport\nhot soup today,food\nthe goal was "
           "late,sport\n"
           "bread was fresh,food\nthe team today,sport\nthe soup was fresh,food\na goal "
           "again,sport\n"
           "soup or bread,food\nthe team was late,sport\nhot and fresh,food\nlost the goal,sport\n";
}

tml_status tiny_try(const char *dir, size_t threads, tml_model **model, tml_fit_report *report,
                    tml_error *err)
{
    tml_recipe *recipe = NULL;
    tmpdir_write_text(dir, "rows.csv", tiny_rows());
    char *path = tmpdir_path(dir, "rows.csv");
    const char *const files[] = {path};
    const tml_fit_input input = {.train = files, .n_train = 1};
    const tml_fit_options options = {.n_threads = threads};
    tml_status status = tml_recipe_parse("tiny", tmli_str(tiny_recipe), &recipe, err);
    if (status == TML_OK) {
        status = tml_fit(recipe, &input, &options, model, report, err);
    }
    tml_recipe_free(recipe);
    free(path);
    return status;
}

tml_model *tiny_fit(const char *dir, size_t threads, tml_fit_report *report)
{
    tml_model *model = NULL;
    tml_fit_report own = {0};
    tml_error err = {0};
    if (tiny_try(dir, threads, &model, &own, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    if (report != NULL) {
        *report = own;
    } else {
        tml_fit_report_deinit(&own);
    }
    return model;
}
