/* The JSON files of input/config. */
#include "sagemaker/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/json.h"
#include "pipeline/recipe.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const tmli_value *parse(tmli_arena *arena, const char *json)
{
    const tmli_value *root = NULL;
    assert_int_equal(tmli_json_parse(tmli_str(json), arena, &root, NULL), TML_OK);
    return root;
}

static tml_status read_text(const char *dir, const char *text, tmli_arena *arena,
                            const tmli_value **out, tml_error *err)
{
    char *const path = tmpdir_write(dir, "x.json", text, strlen(text));
    const tml_status status = sm_config_read(path, arena, out, err);
    free(path);
    return status;
}

static void a_file_that_is_missing_empty_or_without_members_is_an_empty_object(void **state)
{
    static const char *const texts[] = {"", " \n\t", "{}", "\xEF\xBB\xBF{}"};
    tmli_arena arena;
    const tmli_value *value = NULL;
    tmli_arena_init(&arena, 1024, 0);
    char *const path = tmpdir_path(*state, "nothing.json");
    assert_int_equal(sm_config_read(path, &arena, &value, NULL), TML_OK);
    assert_int_equal(value->kind, TMLI_OBJECT);
    assert_null(value->first);
    free(path);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(read_text(*state, texts[i], &arena, &value, NULL), TML_OK);
        assert_int_equal(value->kind, TMLI_OBJECT);
        assert_null(value->first);
    }
    tmli_arena_deinit(&arena);
}

static void what_is_not_an_object_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *end;
    } cases[] = {
        {"{\"a\":\n 1,}",
         "x.json: line 2, column 4: this is not JSON: expected a key in quotes, found '}'"},
        {"[]", "x.json: expected a JSON object, found a list"},
        {"\"a\"", "x.json: expected a JSON object, found a string"},
        {"null", "x.json: expected a JSON object, found null"},
        {"5", "x.json: expected a JSON object, found a number"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tmli_arena arena;
        const tmli_value *value = NULL;
        tml_error err = {0};
        tmli_arena_init(&arena, 1024, 0);
        assert_int_equal(read_text(*state, cases[i].text, &arena, &value, &err), TML_EFORMAT);
        assert_string_equal(strstr(err.text, "x.json"), cases[i].end);
        tmli_arena_deinit(&arena);
    }
}

static void every_allocation_of_reading_may_fail(void **state)
{
    static const char text[] = "{\"a\": [1, {\"b\": \"c\"}]}";
    char *const path = tmpdir_write(*state, "x.json", text, sizeof text - 1);
    for (size_t nth = 0;; nth++) {
        tmli_arena arena;
        const tmli_value *value = NULL;
        tml_error err = {0};
        tmli_arena_init(&arena, 64, 0);
        fail_allocation(nth);
        const tml_status status = sm_config_read(path, &arena, &value, &err);
        fail_allocation(NEVER);
        tmli_arena_deinit(&arena);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    free(path);
}

static void the_recipe_is_named_by_a_hyperparameter(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *want;
    } cases[] = {
        {"{}", NULL},
        {"{\"recipe\": \"news\"}", "news"},
        {"{\"recipe\": \" news \"}", "news"},
        {"{\"recipe\": \"\\\"news\\\"\"}", "news"},
        {"{\"recipe\": \"\"}", NULL},
        {"{\"recipe\": \"None\"}", NULL},
        {"{\"recipe\": \"null\"}", NULL},
        {"{\"recipe\": null}", NULL},
        {"{\"recipe\": \"\\\"news\"}", "\"news"},
    };
    tmli_arena arena;
    tmli_arena_init(&arena, 1024, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *name = "untouched";
        assert_int_equal(
            sm_hyperparameters_recipe(parse(&arena, cases[i].json), &arena, &name, NULL), TML_OK);
        if (cases[i].want == NULL) {
            assert_null(name);
        } else {
            assert_string_equal(name, cases[i].want);
        }
    }
    const char *name = NULL;
    tml_error err = {0};
    assert_int_equal(
        sm_hyperparameters_recipe(parse(&arena, "{\"recipe\": 5}"), &arena, &name, &err),
        TML_EINVAL);
    assert_string_equal(err.text, "recipe: expected a name or a file, found a number");
    tmli_arena_deinit(&arena);
}

static tml_status apply(const char *json, tml_recipe *recipe, tml_error *err)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 1024, 0);
    const tml_status status = sm_hyperparameters_apply(parse(&arena, json), recipe, err);
    tmli_arena_deinit(&arena);
    return status;
}

static tml_recipe *news(void)
{
    tml_recipe *recipe = NULL;
    assert_int_equal(tml_recipe_parse("news", tml_recipe_text("news"), &recipe, NULL), TML_OK);
    return recipe;
}

static void hyperparameters_override_the_recipe(void **state)
{
    (void)state;
    tml_recipe *const recipe = news();
    assert_int_equal(
        apply("{\"epochs\": \"5\", \"train.seed\": 9, \"trainable\": true, \"hidden\": "
              "[7, 6], \"lr\": \"0.5\", \"recipe\": \"news\", \"optimizer\": null, "
              "\"labels\": {\"x\": \"X\", \"y\": \"Y\"}}",
              recipe, NULL),
        TML_OK);
    assert_int_equal(recipe->epochs, 5);
    assert_int_equal(recipe->seed, 9);
    assert_true(recipe->features[0].trainable);
    assert_int_equal(recipe->hidden.items[0], 7);
    assert_true(recipe->learning_rate == 0.5);
    assert_int_equal(recipe->optimizer, TMLI_RMSPROP);
    assert_string_equal(recipe->labels.items[1].name, "Y");
    tml_recipe_free(recipe);
}

static void names_of_the_platform_are_left_out(void **state)
{
    (void)state;
    tml_recipe *const recipe = news();
    assert_int_equal(
        apply("{\"_tuning_objective_metric\": \"x\", \"_\": \"\", \"sagemaker_program\":"
              " \"train.py\", \"sagemaker_\": \"\", \"default_user_module_name\": \"m\"}",
              recipe, NULL),
        TML_OK);
    tml_error err = {0};
    assert_int_equal(apply("{\"sagemaker\": \"x\"}", recipe, &err), TML_EINVAL);
    assert_string_equal(err.text,
                        "sagemaker: unknown hyperparameter; docs/recipes.md lists them all");
    tml_recipe_free(recipe);
}

static void the_first_host_leads(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool leads;
    } cases[] = {
        {"{}", true},
        {"{\"hosts\": [], \"current_host\": \"a\"}", true},
        {"{\"hosts\": [\"a\", \"b\"]}", true},
        {"{\"hosts\": [\"algo-1\", \"algo-10\", \"algo-2\"], \"current_host\": \"algo-1\"}", true},
        {"{\"hosts\": [\"algo-1\", \"algo-10\", \"algo-2\"], \"current_host\": \"algo-10\"}",
         false},
        {"{\"hosts\": \"algo-1\", \"current_host\": \"algo-2\"}", true},
        {"{\"hosts\": [1], \"current_host\": \"algo-2\"}", true},
        {"{\"hosts\": [\"algo-1\"], \"current_host\": null}", true},
    };
    tmli_arena arena;
    tmli_arena_init(&arena, 1024, 0);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(sm_is_leader(parse(&arena, cases[i].json)), cases[i].leads);
    }
    tmli_arena_deinit(&arena);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(a_file_that_is_missing_empty_or_without_members_is_an_empty_object),
        IN_A_DIRECTORY(what_is_not_an_object_is_refused_with_its_place),
        IN_A_DIRECTORY(every_allocation_of_reading_may_fail),
        cmocka_unit_test(the_recipe_is_named_by_a_hyperparameter),
        cmocka_unit_test(hyperparameters_override_the_recipe),
        cmocka_unit_test(names_of_the_platform_are_left_out),
        cmocka_unit_test(the_first_host_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
