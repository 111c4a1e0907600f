/* Recipes: a tree of values into a checked configuration. The keys are in recipe_keys.c, text from outside in
 * recipe_text.c. */
#include "pipeline/recipe.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/map.h"
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
    size_t block; /* of features, when the path is below one */
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
        return tmli_key_store(recipe, key, at.block, child, where, err);
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

static tml_status read_members(tml_recipe *recipe, const tmli_value *node, const place *at,
                               tml_error *err)
{
    for (const tmli_value *child = node->first; child != NULL; child = child->next) {
        const tml_status status = read_child(recipe, child, at, child->key, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

static tml_status read_blocks(tml_recipe *recipe, const tmli_value *list, const place *at,
                              tml_error *err)
{
    if (list->n == 0 || list->n > TMLI_MAX_BLOCKS) {
        char where[WHERE_BYTES];
        describe(recipe, list, at->path, where);
        return tmli_fail(err, TML_EINVAL, "%s: %zu feature blocks, expected 1..%d", where, list->n,
                         TMLI_MAX_BLOCKS);
    }
    place of_block = *at;
    for (const tmli_value *child = list->first; child != NULL; child = child->next) {
        const tml_status status = read_child(recipe, child, &of_block, TML_STR("*"), err);
        if (status != TML_OK) {
            return status;
        }
        of_block.block++;
    }
    recipe->n_features = list->n;
    return TML_OK;
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
    return is_blocks ? read_blocks(recipe, node, at, err) : read_members(recipe, node, at, err);
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

bool tml_recipe_uses(const tml_recipe *recipe, tml_str name)
{
    size_t block = 0;
    const tmli_key *key = tmli_key_named(name, &block);
    if (key == NULL || block < TMLI_MAX_BLOCKS) {
        return key == NULL || tmli_key_concerns(recipe, key, block);
    }
    for (size_t i = 0; i < recipe->n_features; i++) {
        if (tmli_key_concerns(recipe, key, i)) {
            return true;
        }
    }
    return false;
}

const char *tml_recipe_vectors(const tml_recipe *recipe)
{
    return recipe->model == TMLI_MODEL_FEED_FORWARD ? recipe->features[0].source : NULL;
}

static tml_status check_feed_forward(const tml_recipe *recipe, tml_error *err)
{
    const tmli_feature *feature = &recipe->features[0];
    if (recipe->n_features > 1 || feature->type != TMLI_FEATURE_SEQUENCE) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: features: %zu blocks, the first of type %s: model.type feed_forward "
                         "takes one block of type sequence",
                         recipe->source, recipe->n_features,
                         feature->type == TMLI_FEATURE_BAG ? "bag" : "sequence");
    }
    if (feature->source == NULL && !feature->trainable) {
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

static tml_status check_bag(const tml_recipe *recipe, size_t block, tml_error *err)
{
    const tmli_feature *feature = &recipe->features[block];
    if (feature->type != TMLI_FEATURE_BAG) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: features.%zu.type: sequence: model.type naive_bayes takes blocks of "
                         "type bag",
                         recipe->source, block);
    }
    if (feature->hashed > 0 && feature->alternate_sign) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: features.%zu.alternate_sign: naive Bayes cannot take the negative "
                         "values of signed hashing: set alternate_sign=false",
                         recipe->source, block);
    }
    return TML_OK;
}

static tml_status check_naive_bayes(const tml_recipe *recipe, tml_error *err)
{
    for (size_t i = 0; i < recipe->n_features; i++) {
        const tml_status status = check_bag(recipe, i, err);
        if (status != TML_OK) {
            return status;
        }
    }
    if (recipe->nb_norm && recipe->naive_bayes != TMLI_NB_COMPLEMENT) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: model.norm: only model.variant complement has it: take that variant, "
                         "or leave model.norm out",
                         recipe->source);
    }
    if (recipe->class_prior.balanced) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: model.class_prior: balanced: expected a map of labels to numbers; "
                         "fit_prior=false makes all labels equally likely",
                         recipe->source);
    }
    return TML_OK;
}

/* Answers must tell the classes apart. */
static tml_status check_labels(const tml_recipe *recipe, tml_error *err)
{
    const tmli_label_names *labels = &recipe->labels;
    tml_status status = TML_OK;
    tmli_map *names = tmli_map_create(0);
    if (names == NULL) {
        return tmli_fail_memory(err, "a recipe");
    }
    for (size_t i = 0; status == TML_OK && i < labels->n; i++) {
        const tml_str name = tmli_str(labels->items[i].name);
        bool added = false;
        const uint32_t first = tmli_map_add(names, name, &added);
        if (first == TMLI_MAP_NONE) {
            status = tmli_fail_memory(err, "a recipe");
        } else if (!added) {
            status = tmli_fail(err, TML_EINVAL,
                               "%s: data.labels: \"%.*s\" and \"%.*s\" are both named \"%.*s\": "
                               "give each a name of its own",
                               recipe->source, TMLI_SHOWN(tmli_str(labels->items[first].value)),
                               TMLI_SHOWN(tmli_str(labels->items[i].value)), TMLI_SHOWN(name));
        }
    }
    tmli_map_free(names);
    return status;
}

tml_status tml_recipe_check(const tml_recipe *recipe, tml_error *err)
{
    const tml_status status = check_labels(recipe, err);
    if (status != TML_OK) {
        return status;
    }
    switch ((tmli_model_type)recipe->model) {
    case TMLI_MODEL_FEED_FORWARD: return check_feed_forward(recipe, err);
    case TMLI_MODEL_NAIVE_BAYES: return check_naive_bayes(recipe, err);
    }
    return tmli_fail(err, TML_EINVAL, "%s: model.type: no such model", recipe->source);
}
