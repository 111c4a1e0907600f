/* Recipes: a tree of values into a checked configuration. The keys are in recipe_keys.c, text from outside in
 * recipe_text.c. */
#include "pipeline/recipe.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    PATH_BYTES = 128,
    WHERE_BYTES = 512
};

/* A node of the tree being read, with its dotted path. */
typedef struct place {
    char path[PATH_BYTES];
    size_t len;
} place;

static bool extend(place *at, tml_str name)
{
    const size_t dot = at->len > 0 ? 1 : 0;
    if (at->len + dot + name.len >= PATH_BYTES) {
        return false;
    }
    if (dot == 1) {
        at->path[at->len] = '.';
    }
    memcpy(at->path + at->len + dot, name.data, name.len);
    at->len += dot + name.len;
    at->path[at->len] = '\0';
    return true;
}

static void describe(const tml_recipe *recipe, const tmli_value *value, const char *path,
                     char where[WHERE_BYTES])
{
    if (value->line > 0) {
        (void)snprintf(where, WHERE_BYTES, "%s:%u:%u: %s", recipe->source, value->line,
                       value->column, path);
    } else {
        (void)snprintf(where, WHERE_BYTES, "%s: %s", recipe->source, path);
    }
}

static tml_status unknown_key(const tml_recipe *recipe, const tmli_value *value, const char *path,
                              tml_error *err)
{
    char where[WHERE_BYTES];
    describe(recipe, value, path, where);
    const char *nearest = tmli_key_nearest(tmli_str(path));
    return tmli_fail(err, TML_EINVAL, "%s: unknown key; %s%s%s", where,
                     nearest != NULL ? "did you mean \"" : "docs/recipes.md lists them all",
                     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

static tml_status read_tree(tml_recipe *recipe, const tmli_value *node, const place *at,
                            tml_error *err);

static tml_status read_child(tml_recipe *recipe, const tmli_value *child, const place *parent,
                             tml_str name, tml_error *err)
{
    place at = *parent;
    if (name.len == 0 || !extend(&at, name)) {
        return unknown_key(recipe, child, name.len == 0 ? "\"\"" : parent->path, err);
    }
    const tmli_key *key = tmli_key_at((tml_str){at.path, at.len});
    if (key != NULL) {
        char where[WHERE_BYTES];
        describe(recipe, child, at.path, where);
        return tmli_key_store(recipe, key, child, where, err);
    }
    return read_tree(recipe, child, &at, err);
}

/* True when keys exist below this path: then it must be an object, not a value. */
static bool is_section(const place *at)
{
    for (size_t i = 0; i < tmli_n_keys; i++) {
        const char *path = tmli_keys[i].path;
        if (at->len == 0 || (strncmp(path, at->path, at->len) == 0 && path[at->len] == '.')) {
            return true;
        }
    }
    return false;
}

static tml_status read_tree(tml_recipe *recipe, const tmli_value *node, const place *at,
                            tml_error *err)
{
    const bool is_blocks = strcmp(at->path, "features") == 0;
    if (!is_section(at)) {
        return unknown_key(recipe, node, at->path, err);
    }
    if (node->kind != (is_blocks ? TMLI_LIST : TMLI_OBJECT)) {
        char where[WHERE_BYTES];
        describe(recipe, node, at->len > 0 ? at->path : "recipe", where);
        return tmli_fail(err, TML_EINVAL, "%s: expected %s, found %s", where,
                         is_blocks ? "a list of feature blocks" : "keys with values",
                         tmli_kind_name(node->kind));
    }
    if (is_blocks) {
        recipe->n_features = node->n;
    }
    for (const tmli_value *child = node->first; child != NULL; child = child->next) {
        const tml_str name = is_blocks ? TML_STR("*") : child->key;
        const tml_status status = read_child(recipe, child, at, name, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

static tml_status create(const char *source, tml_recipe **out, tml_error *err)
{
    tml_recipe *recipe = tmli_calloc(1, sizeof(*recipe));
    if (recipe == NULL) {
        return tmli_fail_memory(err, "a recipe");
    }
    tmli_arena_init(&recipe->arena, 4096, 16 << 20);
    tmli_recipe_defaults(recipe);
    recipe->source = tmli_arena_copy(&recipe->arena, tmli_str(source));
    if (recipe->source == NULL) {
        tml_recipe_free(recipe);
        return tmli_fail_memory(err, "a recipe");
    }
    *out = recipe;
    return TML_OK;
}

tml_status tmli_recipe_from_value(const char *source, const tmli_value *root, tml_recipe **out,
                                  tml_error *err)
{
    tml_recipe *recipe = NULL;
    tml_status status = create(source, &recipe, err);
    if (status != TML_OK) {
        return status;
    }
    const place top = {.path = "", .len = 0};
    status = read_tree(recipe, root, &top, err);
    if (status != TML_OK) {
        tml_recipe_free(recipe);
        return status;
    }
    *out = recipe;
    return TML_OK;
}

void tml_recipe_free(tml_recipe *recipe)
{
    if (recipe != NULL) {
        tmli_arena_deinit(&recipe->arena);
        tmli_free(recipe);
    }
}

const char *tml_recipe_name(const tml_recipe *recipe)
{
    return recipe->name;
}

const char *tml_recipe_vectors(const tml_recipe *recipe)
{
    return recipe->feature.source;
}

tml_status tml_recipe_check(const tml_recipe *recipe, tml_error *err)
{
    if (recipe->n_features > 1) {
        return tmli_fail(err, TML_EINVAL, "%s: features: %zu blocks, this version takes one",
                         recipe->source, recipe->n_features);
    }
    if (recipe->feature.source == NULL && !recipe->feature.trainable) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: features.0.embedding: without word vectors there is nothing to keep "
                         "frozen: set trainable=true, or vectors=FILE",
                         recipe->source);
    }
    if (recipe->output == TMLI_OUTPUT_SIGMOID && recipe->labels.n > 2) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: model.output: sigmoid is for two labels, data.labels has %zu: use "
                         "softmax",
                         recipe->source, recipe->labels.n);
    }
    return TML_OK;
}
