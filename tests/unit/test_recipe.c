/* Recipes: every kind of key, every way to write a value, and what is refused with which sentence. */
#include "pipeline/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "support/alloc_fail.h"

static tml_recipe *parse(const char *yaml)
{
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    if (tml_recipe_parse("r.yaml", tmli_str(yaml), &recipe, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    return recipe;
}

static void set(tml_recipe *recipe, const char *name, const char *value)
{
    tml_error err = {0};
    if (tml_recipe_set(recipe, tmli_str(name), tmli_str(value), &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
}

static void built_in_recipes_parse_and_hold_together(void **state)
{
    (void)state;
    size_t n = 0;
    const char *const *names = tml_recipe_names(&n);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        tml_recipe *recipe = NULL;
        tml_error err = {0};
        assert_int_equal(tml_recipe_parse(names[i], tml_recipe_text(names[i]), &recipe, &err),
                         TML_OK);
        assert_string_equal(tml_recipe_name(recipe), names[i]);
        assert_int_equal(tml_recipe_check(recipe, &err), TML_OK);
        tml_recipe_free(recipe);
    }
    assert_null(tml_recipe_text("no such recipe").data);
}

static void the_news_recipe_is_the_tutorials_network(void **state)
{
    (void)state;
    tml_recipe *r = NULL;
    assert_int_equal(tml_recipe_parse("news", tml_recipe_text("news"), &r, NULL), TML_OK);
    assert_int_equal(r->feature.max_words, 10000);
    assert_int_equal(r->feature.length, 100);
    assert_int_equal(r->feature.dims, 100);
    assert_false(r->feature.trainable);
    assert_int_equal(r->feature.padding, TMLI_SIDE_PRE);
    assert_int_equal(r->feature.truncating, TMLI_SIDE_PRE);
    assert_int_equal(r->hidden.n, 2);
    assert_int_equal(r->hidden.items[0], 32);
    assert_int_equal(r->hidden.items[1], 32);
    assert_int_equal(r->activation, TMLI_RELU);
    assert_int_equal(r->optimizer, TMLI_RMSPROP);
    assert_int_equal(r->epochs, 2);
    assert_int_equal(r->batch_size, 32);
    assert_int_equal(r->labels.n, 4);
    assert_string_equal(r->labels.items[3].value, "m");
    assert_string_equal(r->labels.items[3].name, "Health & Medicine");
    assert_string_equal(r->request_key, "input");
    tml_recipe_free(r);
}

static void a_value_may_be_written_in_every_way_that_sdks_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
        size_t want;
    } counts[] = {
        {"epochs", "5", 5},    {"epochs", "\"6\"", 6},   {"train.epochs", "7.0", 7},
        {"epochs", " 8 ", 8},  {"num_epochs", "9e0", 9}, {"epochs", "null", 9},
        {"epochs", "None", 9}, {"epochs", "", 9},
    };
    static const struct {
        const char *value;
        bool want;
    } flags[] = {{"True", true},     {"false", false}, {"1", true},   {"0", false},
                 {"\"True\"", true}, {"FALSE", false}, {"true", true}};
    tml_recipe *recipe = parse("name: x\n");
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        set(recipe, counts[i].name, counts[i].value);
        assert_int_equal(recipe->epochs, counts[i].want);
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        set(recipe, "trainable", flags[i].value);
        assert_int_equal(recipe->feature.trainable, flags[i].want);
    }
    static const char *const lists[] = {"[64, 32]", "64,32", "[64.0, \"32\"]", "\"64,32\"",
                                        "['64', '32']"};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        recipe->hidden.n = 0;
        set(recipe, "model.hidden", lists[i]);
        assert_int_equal(recipe->hidden.n, 2);
        assert_int_equal(recipe->hidden.items[0], 64);
        assert_int_equal(recipe->hidden.items[1], 32);
    }
    set(recipe, "hidden", "[]");
    assert_int_equal(recipe->hidden.n, 0);
    set(recipe, "units", "16");
    assert_int_equal(recipe->hidden.n, 1);
    set(recipe, "features.0.length", "30");
    assert_int_equal(recipe->feature.length, 30);
    set(recipe, "vectors", "none");
    assert_null(recipe->feature.source);
    set(recipe, "vectors", "a b.txt");
    assert_string_equal(recipe->feature.source, "a b.txt");
    set(recipe, "normalize", "['lower', 'nfkc']");
    assert_int_equal(recipe->normalize.items[1], TML_NORMALIZE_NFKC);
    set(recipe, "class_weight", "{\"spam\": 2, \"ham\": 0.5}");
    assert_int_equal(recipe->class_weight.n, 2);
    assert_string_equal(recipe->class_weight.items[0].label, "spam");
    set(recipe, "labels", "{\"1\": \"one\"}");
    assert_string_equal(recipe->labels.items[0].name, "one");
    tml_recipe_free(recipe);
}

static void a_bad_override_is_refused_with_its_remedy(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *want;
    } cases[] = {
        {"epochs", "ten", "epochs: \"ten\" is not a whole number in 1..100000"},
        {"epochs", "-1", "epochs: \"-1\" is not a whole number in 1..100000"},
        {"epochs", "1e400", "epochs: \"1e400\" is not a whole number in 1..100000"},
        {"epochs", "2.5", "epochs: \"2.5\" is not a whole number in 1..100000"},
        {"epochs", "NaN", "epochs: \"NaN\" is not a whole number in 1..100000"},
        {"learning_rate", "0", "learning_rate: \"0\" is not a number in 1e-08..100"},
        {"epohcs", "3", "epohcs: unknown hyperparameter; did you mean \"epochs\"?"},
        {"zzzzzzzzzzzz", "3",
         "zzzzzzzzzzzz: unknown hyperparameter; docs/recipes.md lists them all"},
        {"trainable", "maybe", "trainable: \"maybe\" is not true or false"},
        {"optimizer", "rmsprob",
         "optimizer: \"rmsprob\" is not one of sgd, rmsprop, adam, adagrad; did you mean "
         "\"rmsprop\"?"},
        {"hidden", "32,x", "hidden: \"x\" is not a whole number in 1..100000"},
        {"tokenizer", "5", "tokenizer: \"5\" is not one of keras, whitespace, unicode"},
        {"class_weight", "heavy",
         "class_weight: expected balanced, none, or a map of labels to numbers"},
    };
    tml_recipe *recipe = parse("name: x\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_error err = {0};
        assert_int_equal(
            tml_recipe_set(recipe, tmli_str(cases[i].name), tmli_str(cases[i].value), &err),
            TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
    }
    tml_recipe_free(recipe);
}

static void a_bad_recipe_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"model: {hiden: [3]}\n",
         "r.yaml:1:16: model.hiden: unknown key; did you mean \"model.hidden\"?"},
        {"train:\n  epochs: many\n",
         "r.yaml:2:11: train.epochs: \"many\" is not a whole number in 1..100000"},
        {"model: 3\n", "r.yaml:1:8: model: expected keys with values, found a number"},
        {"features: {type: sequence}\n",
         "r.yaml:1:11: features: expected a list of feature blocks, found an object"},
        {"- a\n", "r.yaml:1:1: recipe: expected keys with values, found a list"},
        {"data: {labels: [a, b]}\n",
         "r.yaml:1:16: data.labels: expected a map of labels in the data to names, found a list"},
        {"data: {text: [a]}\n", "r.yaml:1:14: data.text: expected text, found a list"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_recipe *recipe = NULL;
        tml_error err = {0};
        assert_int_equal(tml_recipe_parse("r.yaml", tmli_str(cases[i].yaml), &recipe, &err),
                         TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        assert_null(recipe);
    }
}

static void keys_that_contradict_each_other_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *want;
    } cases[] = {
        {"features: [{embedding: {trainable: false}}]\n",
         "r.yaml: features.0.embedding: without word vectors there is nothing to keep frozen: set "
         "trainable=true, or vectors=FILE"},
        {"features: [{length: 3}, {length: 4}]\n",
         "r.yaml: features: 2 blocks, this version takes one"},
        {"model: {output: sigmoid}\ndata: {labels: {a: A, b: B, c: C}}\n",
         "r.yaml: model.output: sigmoid is for two labels, data.labels has 3: use softmax"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tml_recipe *recipe = parse(cases[i].yaml);
        tml_error err = {0};
        assert_int_equal(tml_recipe_check(recipe, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].want);
        tml_recipe_free(recipe);
    }
}

static void write(const tml_recipe *recipe, tmli_buf *out)
{
    tmli_json_writer w;
    tmli_json_begin(&w, out, 2);
    tmli_recipe_write(recipe, NULL, &w);
    assert_false(out->failed);
}

static void a_written_recipe_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const more[] = {
        "name: a\n",
        "model: {hidden: [], class_weight: balanced, dropout: 0.25}\n",
        "model: {class_weight: {x: 2, 'y z': 0.125}}\ntrain: {optimizer: sgd, momentum: 0.9}\n",
        "data: {labels: {'1': \"one \\\"1\\\"\", 'é': è}, header: [a, 'b c'], weight: w}\n",
    };
    for (size_t i = 0; i <= sizeof(more) / sizeof(more[0]); i++) {
        const bool is_builtin = i == sizeof(more) / sizeof(more[0]);
        tml_recipe *recipe = NULL;
        tml_recipe *again = NULL;
        tmli_arena arena;
        tmli_buf first = {0};
        tmli_buf second = {0};
        const tmli_value *root = NULL;
        tmli_arena_init(&arena, 4096, 0);
        assert_int_equal(tml_recipe_parse("r",
                                          is_builtin ? tml_recipe_text("news") : tmli_str(more[i]),
                                          &recipe, NULL),
                         TML_OK);
        write(recipe, &first);
        assert_int_equal(tmli_json_parse(tmli_buf_str(&first), &arena, &root, NULL), TML_OK);
        assert_int_equal(tmli_recipe_from_value("again", root, &again, NULL), TML_OK);
        write(again, &second);
        assert_string_equal(tmli_buf_cstr(&first), tmli_buf_cstr(&second));
        tml_recipe_free(recipe);
        tml_recipe_free(again);
        tmli_buf_deinit(&first);
        tmli_buf_deinit(&second);
        tmli_arena_deinit(&arena);
    }
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tml_recipe *recipe = NULL;
        fail_allocation(nth);
        tml_status status = tml_recipe_parse("news", tml_recipe_text("news"), &recipe, NULL);
        if (status == TML_OK) {
            status = tml_recipe_set(recipe, TML_STR("hidden"), TML_STR("[1, 2]"), NULL);
        }
        fail_allocation(NEVER);
        tml_recipe_free(recipe);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_recipes_parse_and_hold_together),
        cmocka_unit_test(the_news_recipe_is_the_tutorials_network),
        cmocka_unit_test(a_value_may_be_written_in_every_way_that_sdks_write_it),
        cmocka_unit_test(a_bad_override_is_refused_with_its_remedy),
        cmocka_unit_test(a_bad_recipe_is_refused_at_its_place),
        cmocka_unit_test(keys_that_contradict_each_other_are_refused),
        cmocka_unit_test(a_written_recipe_reads_back_the_same),
        cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
