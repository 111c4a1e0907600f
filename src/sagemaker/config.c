#include "sagemaker/config.h"

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/status.h"

enum {
    CONFIG_LIMIT = 16 << 20
};

static const tmli_value empty_object = {.kind = TMLI_OBJECT};

tml_status sm_config_read(const char *path, tmli_arena *arena, const tmli_value **out,
                          tml_error *err)
{
    tml_status status = TML_OK;
    tmli_buf text = {0};
    tml_error cause = {0};
    *out = &empty_object;
    if (!tmli_file_exists(path)) {
        return TML_OK;
    }
    TMLI_TRY(tmli_file_read(path, CONFIG_LIMIT, &text, err));
    if (tmli_str_trim(tmli_buf_str(&text)).len == 0) {
        goto cleanup;
    }
    status = tmli_json_parse(tmli_buf_str(&text), arena, out, &cause);
    if (status != TML_OK) {
        TMLI_TRY(tmli_fail(err, status, "%s: %s", path, cause.text));
    }
    if ((*out)->kind != TMLI_OBJECT) {
        TMLI_TRY(tmli_fail(err, TML_EFORMAT, "%s: expected a JSON object, found %s", path,
                           tmli_kind_name((*out)->kind)));
    }
cleanup:
    tmli_buf_deinit(&text);
    return status;
}

/* Names that are never the user's. */
static bool is_reserved(tml_str name)
{
    return tmli_str_starts(name, "_") || tmli_str_starts(name, "sagemaker_") ||
           tmli_str_eq_text(name, "default_user_module_name");
}

tml_status sm_hyperparameters_recipe(const tmli_value *hyperparameters, tmli_arena *arena,
                                     const char **out, tml_error *err)
{
    const tmli_value *recipe = tmli_value_get(hyperparameters, "recipe");
    *out = NULL;
    if (recipe == NULL || recipe->kind == TMLI_NULL) {
        return TML_OK;
    }
    if (recipe->kind != TMLI_STRING) {
        return tmli_fail(err, TML_EINVAL, "recipe: expected a name or a file, found %s",
                         tmli_kind_name(recipe->kind));
    }
    tml_str name = tmli_str_trim(recipe->text);
    if (name.len == 0 || tmli_str_eq_text(name, "null") || tmli_str_eq_text(name, "None")) {
        return TML_OK; /* not given */
    }
    /* A JSON string inside the string is taken out of its quotes, as SDKs that encode each value put it there. */
    const tmli_value *inner = NULL;
    if (name.data[0] == '"') {
        const tml_status status = tmli_json_parse(name, arena, &inner, NULL);
        if (status == TML_ENOMEM) {
            return tmli_fail_memory(err, "recipe");
        }
        name = status == TML_OK ? inner->text : name;
    }
    *out = tmli_arena_copy(arena, name);
    return *out != NULL ? TML_OK : tmli_fail_memory(err, "recipe");
}

tml_status sm_hyperparameters_apply(const tmli_value *hyperparameters, tml_recipe *recipe,
                                    tml_error *err)
{
    for (const tmli_value *item = hyperparameters->first; item != NULL; item = item->next) {
        if (is_reserved(item->key) || tmli_str_eq_text(item->key, "recipe")) {
            continue;
        }
        tmli_buf text = {0};
        if (item->kind == TMLI_STRING) {
            tmli_buf_append_str(&text, item->text);
        } else {
            tmli_json_value(&text,
                            item); /* the platform sends strings only; people write numbers */
        }
        const tml_status status = text.failed
                                      ? tmli_fail_memory(err, "hyperparameters")
                                      : tml_recipe_set(recipe, item->key, tmli_buf_str(&text), err);
        tmli_buf_deinit(&text);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

bool sm_is_leader(const tmli_value *resources)
{
    const tmli_value *hosts = tmli_value_get(resources, "hosts");
    const tmli_value *current = tmli_value_get(resources, "current_host");
    if (hosts == NULL || hosts->kind != TMLI_LIST || hosts->first == NULL || current == NULL ||
        current->kind != TMLI_STRING || hosts->first->kind != TMLI_STRING) {
        return true;
    }
    return tmli_str_eq(hosts->first->text, current->text);
}
