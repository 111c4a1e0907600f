#include "support/word_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/padded.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

static const char recipe[] =
    "name: words\n"
    "data: {split: {validation: 0}}\n"
    "text: {normalize: [lower], tokenizer: unicode}\n"
    "features: [{type: sequence, max_words: 10, length: 3, embedding: {dims: 4}}]\n"
    "model: {hidden: [4], activation: tanh}\n"
    "train: {epochs: 60, batch_size: 2, optimizer: adam, learning_rate: 0.05, seed: 1}\n"
    "serve: {request: {json: input}, response: {json: result}}\n";

void word_model(const char *dir, const char *model_dir, const char *name)
{
    char rows[256];
    tml_error err = {0};
    (void)snprintf(
        rows, sizeof(rows),
        "text,label\nhot,%s-hot\nice,%s-ice\nhot hot,%s-hot\nice ice,%s-ice\nzzz,%s-hot\n", name,
        name, name, name, name);
    tml_model *model = tiny_fit_rows(dir, recipe, rows);
    if (tml_model_save(model, model_dir, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    tml_model_free(model);
}

void word_model_padded(const char *dir, const char *model_dir, const char *name, size_t n)
{
    tml_error err = {0};
    word_model(dir, model_dir, name);
    if (pad_artifact(model_dir, n, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
}

void word_model_copy(const char *from, const char *to, int is_linked)
{
    static const char *const names[] = {"model.safetensors", "textml.json"};
    tml_error err = {0};
    if (tmli_make_dirs(to, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *old = tmpdir_path(from, names[i]);
        char *new = tmpdir_path(to, names[i]);
        tmli_buf bytes = {0};
        if (is_linked) {
            assert_int_equal(link(old, new), 0);
        } else if (tmli_file_read(old, SIZE_MAX, &bytes, &err) != TML_OK ||
                   tmli_file_replace(new, bytes.data, bytes.len, &err) != TML_OK) {
            fail_msg("%s", err.text);
        }
        tmli_buf_deinit(&bytes);
        free(old);
        free(new);
    }
}

/* ---- the artifacts of a group of tests ---- */

static char *made; /* the directory of a and b */

int word_models_make(void **state)
{
    (void)state;
    made = tmpdir_create();
    static const char *const names[] = {"a", "b"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *dir = word_models_path(names[i]);
        word_model(made, dir, names[i]);
        free(dir);
    }
    return 0;
}

int word_models_remove(void **state)
{
    (void)state;
    tmpdir_remove(made);
    return 0;
}

char *word_models_path(const char *which)
{
    return tmpdir_path(made, which);
}

void word_models_put(const char *which, const char *to)
{
    char *from = word_models_path(which);
    word_model_copy(from, to, false);
    free(from);
}
