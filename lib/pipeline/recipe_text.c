/* Recipes from outside: YAML files, and single keys as command lines and hyperparameters give them. Apart from recipe.c so
 * that programs which only load models carry no YAML parser. */
#include "pipeline/recipe.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/status.h"
#include "base/yaml.h"

enum {
    NAME_BYTES = 256
};

tml_status tml_recipe_parse(const char *source, tml_str yaml, tml_recipe **out, tml_error *err)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 16384, 64 << 20);
    const tmli_value *root = NULL;
    tml_status status = tmli_yaml_parse(source, yaml, &arena, &root, err);
    if (status == TML_OK) {
        status = tmli_recipe_from_value(source, root, out, err);
    }
    tmli_arena_deinit(&arena);
    return status;
}

/* Text from outside as a value, by the rule of SageMaker's own toolkits: JSON if it parses (a JSON string is taken as it
 * is, not decoded again), else lists and maps as Python prints them, else the raw text. */
static tml_status decode(tml_str text, tmli_arena *arena, tmli_value *raw, const tmli_value **out,
                         tml_error *err)
{
    *raw = (tmli_value){.kind = TMLI_STRING, .text = text};
    *out = raw;
    const tmli_value *value = NULL;
    tml_status status = tmli_json_parse(text, arena, &value, NULL);
    if (status == TML_OK) {
        const bool is_plain = value->kind == TMLI_NUMBER || value->kind == TMLI_BOOL;
        *out = is_plain ? raw : value; /* as it was written: the key's own reader understands it */
        return TML_OK;
    }
    const bool is_nested = text.len > 0 && (text.data[0] == '[' || text.data[0] == '{');
    if (status != TML_ENOMEM && is_nested) {
        status = tmli_yaml_parse("value", text, arena, &value, NULL);
        *out = status == TML_OK ? value : raw;
    }
    return status == TML_ENOMEM ? tmli_fail_memory(err, "a value") : TML_OK;
}

/* "(1, 2)" as Python writes it → "1, 2". */
static tml_str without_parentheses(tml_str text)
{
    const bool has_both = text.len >= 2 && text.data[0] == '(' && text.data[text.len - 1] == ')';
    return has_both ? (tml_str){text.data + 1, text.len - 2} : text;
}

/* "32,32" for a list key. */
static tml_status split_list(tml_str text, tmli_arena *arena, tmli_value *list, tml_error *err)
{
    *list = (tmli_value){.kind = TMLI_LIST};
    const tmli_value **link = &list->first;
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != ',') {
            continue;
        }
        tmli_value *item = tmli_arena_alloc(arena, 1, sizeof(*item));
        if (item == NULL) {
            return tmli_fail_memory(err, "a list");
        }
        *item = (tmli_value){.kind = TMLI_STRING,
                             .text = tmli_str_trim((tml_str){text.data + from, i - from})};
        *link = item;
        link = &item->next;
        list->n++;
        from = i + 1;
    }
    return TML_OK;
}

tml_status tml_recipe_set(tml_recipe *recipe, tml_str name, tml_str value, tml_error *err)
{
    size_t block = 0;
    const tmli_key *key = tmli_key_named(name, &block);
    if (key == NULL) {
        const char *nearest = tmli_key_nearest(name);
        return tmli_fail(err, TML_EINVAL, "%.*s: unknown hyperparameter; %s%s%s", TMLI_SHOWN(name),
                         nearest != NULL ? "did you mean \"" : "docs/recipes.md lists them all",
                         nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    }
    const tml_str text = tmli_str_trim(value);
    if (text.len == 0 || tmli_str_eq_text(text, "null") || tmli_str_eq_text(text, "None")) {
        return TML_OK; /* not given */
    }
    char where[NAME_BYTES];
    (void)snprintf(where, sizeof(where), "%.*s", TMLI_SHOWN(name));
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 16 << 20);
    tmli_value raw;
    tmli_value list;
    const tmli_value *decoded = NULL;
    tml_status status = decode(text, &arena, &raw, &decoded, err);
    const bool is_list = key->kind == TMLI_KEY_TEXTS || key->kind == TMLI_KEY_SIZES ||
                         key->kind == TMLI_KEY_STEPS || key->kind == TMLI_KEY_RANGE;
    if (status == TML_OK && is_list && decoded->kind == TMLI_STRING) {
        status = split_list(without_parentheses(decoded->text), &arena, &list, err);
        decoded = &list;
    }
    /* A name without a number concerns every block. */
    const size_t first = block == TMLI_MAX_BLOCKS ? 0 : block;
    const size_t last =
        block == TMLI_MAX_BLOCKS && tmli_key_is_of_block(key) ? recipe->n_features - 1 : first;
    if (status == TML_OK && last >= recipe->n_features) {
        status = tmli_fail(err, TML_EINVAL, "%s: the recipe has %zu feature blocks, counted from 0",
                           where, recipe->n_features);
    }
    for (size_t i = first; status == TML_OK && i <= last; i++) {
        status = tmli_key_store(recipe, key, i, decoded, where, err);
    }
    tmli_arena_deinit(&arena);
    return status;
}
