#include "support/tiny_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/bytes.h"
#include "support/tmpdir.h"
#include "textml/fit.h"
#include "textml/recipe.h"

static const char recipe_text[] =
    "name: weather\n"
    "data: {labels: {w: Warm, c: 'Cold, \"icy\"'}, split: {validation: 0}}\n"
    "text: {normalize: [lower], tokenizer: unicode}\n"
    "features: [{type: sequence, max_words: 10, length: 3, embedding: {dims: 4}}]\n"
    "model: {hidden: [4], activation: tanh}\n"
    "train: {epochs: 60, batch_size: 2, optimizer: adam, learning_rate: 0.05, seed: 1}\n"
    "serve: {request: {json: input}, response: {json: result}}\n";
static const char rows[] = "text,label\nhot,w\nice,c\nhot hot,w\nice ice,c\n";

void tiny_server_train(const char *dir, const char *model_dir)
{
    tml_recipe *recipe = NULL;
    tml_model *model = NULL;
    tml_fit_report report = {0};
    tml_error err = {0};
    tmpdir_write_text(dir, "rows.csv", rows);
    char *path = tmpdir_path(dir, "rows.csv");
    const char *const files[] = {path};
    const tml_fit_input input = {.train = files, .n_train = 1};
    const tml_fit_options options = {.n_threads = 1};
    if (tml_recipe_parse("recipe", tmli_str(recipe_text), &recipe, &err) != TML_OK ||
        tml_fit(recipe, &input, &options, &model, &report, &err) != TML_OK ||
        tml_model_save(model, model_dir, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    tml_fit_report_deinit(&report);
    tml_model_free(model);
    tml_recipe_free(recipe);
    free(path);
}

int tiny_server_open(void **state)
{
    tiny_server *fix = calloc(1, sizeof(*fix));
    assert_non_null(fix);
    fix->dir = tmpdir_create();
    fix->model = tmpdir_path(fix->dir, "model");
    tiny_server_train(fix->dir, fix->model);
    assert_int_equal(serve_server_open(&fix->server, fix->model, NULL, NULL), TML_OK);
    serve_server_verify(&fix->server);
    assert_true(serve_models_has_current(&fix->server.models, NULL));
    fix->server.settings.max_body = 1000;
    fix->lane = serve_lane_create(&fix->server);
    assert_non_null(fix->lane);
    *state = fix;
    return 0;
}

int tiny_server_close(void **state)
{
    tiny_server *fix = *state;
    tmli_buf_deinit(&fix->answer.body);
    serve_server_close(&fix->server);
    tmpdir_remove(fix->dir);
    free(fix->model);
    free(fix);
    return 0;
}
