/* Recipes: what they say by default, what is refused and with which sentence, and that what is written reads back. */
#include "pipeline/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/mem.h"
#include "support/alloc_fail.h"
#include "support/recipe_text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Every key with a value that is not its default. */
static const char everything[] =
    "name: all\n"
    "data:\n"
    "  format: tsv\n"
    "  quote: none\n"
    "  header: [a, \"b c\", 3]\n"
    "  text: body\n"
    "  label: kind\n"
    "  weight: importance\n"
    "  labels: {x: \"The \\\"X\\\"\", y: Ypsilon}\n"
    "  split: {validation: 0.25, seed: 9007199254740991}\n"
    "text: {normalize: [nfkc, lower, strip_accents, collapse_spaces], tokenizer: whitespace}\n"
    "features:\n"
    "  - type: sequence\n"
    "    max_words: 1234\n"
    "    length: 17\n"
    "    padding: post\n"
    "    truncating: post\n"
    "    embedding: {source: words.vec, dims: 7, trainable: false}\n"
    "model:\n"
    "  type: feed_forward\n"
    "  hidden: [64, 3, 5]\n"
    "  activation: tanh\n"
    "  output: sigmoid\n"
    "  dropout: 0.125\n"
    "  class_weight: {x: 2.5, Ypsilon: 0}\n"
    "train:\n"
    "  epochs: 7\n"
    "  batch_size: 99\n"
    "  optimizer: sgd\n"
    "  learning_rate: 0.3\n"
    "  momentum: 0.9\n"
    "  rho: 0.8\n"
    "  beta1: 0.7\n"
    "  beta2: 0.6\n"
    "  epsilon: 1e-5\n"
    "  early_stopping: true\n"
    "  patience: 4\n"
    "  seed: 0\n"
    "serve: {request: {json: question, body: document}, response: {json: answer, style: "
    "huggingface}}\n";

static tml_recipe *parse(const char *yaml)
{
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    if (tml_recipe_parse("recipe.yaml", tmli_str(yaml), &recipe, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    return recipe;
}

static void a_recipe_without_keys_has_the_defaults(void **state)
{
    (void)state;
    tml_recipe *recipe = parse("{}");
    assert_string_equal(tml_recipe_name(recipe), "custom");
    assert_null(tml_recipe_vectors(recipe));
    assert_string_equal(recipe->text, "text");
    assert_string_equal(recipe->label, "label");
    assert_null(recipe->weight);
    assert_int_equal(recipe->labels.n, 0);
    assert_true(recipe->split_validation == 0.2);
    assert_int_equal(recipe->tokenizer, TML_TOKENIZER_UNICODE);
    assert_int_equal(recipe->normalize.n, 1);
    assert_int_equal(recipe->features[0].max_words, 10000);
    assert_true(recipe->features[0].trainable);
    assert_int_equal(recipe->hidden.n, 1);
    assert_int_equal(recipe->hidden.items[0], 32);
    assert_int_equal(recipe->epochs, 10);
    assert_int_equal(recipe->optimizer, TMLI_ADAM);
    assert_true(isnan(recipe->learning_rate)); /* the optimizer's own */
    assert_int_equal(recipe->request_body, TMLI_BODY_LINES);
    assert_int_equal(tml_recipe_check(recipe, NULL), TML_OK);
    tml_recipe_free(recipe);
}

static void the_recipe_news_is_the_tutorials_network(void **state)
{
    (void)state;
    static const char *const names[] = {"Business", "Science & Technology", "Entertainment",
                                        "Health & Medicine"};
    tml_recipe *recipe = NULL;
    assert_int_equal(tml_recipe_parse("news", tml_recipe_text("news"), &recipe, NULL), TML_OK);
    assert_string_equal(tml_recipe_name(recipe), "news");
    assert_string_equal(tml_recipe_vectors(recipe), "glove.6B.100d.txt");
    assert_int_equal(recipe->header.n, 8);
    assert_string_equal(recipe->header.items[4], "category");
    assert_int_equal(recipe->labels.n, 4);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        assert_string_equal(recipe->labels.items[i].name, names[i]);
    }
    assert_int_equal(recipe->hidden.n, 2);
    assert_int_equal(recipe->epochs, 2);
    assert_int_equal(recipe->optimizer, TMLI_RMSPROP);
    assert_false(recipe->features[0].trainable);
    assert_string_equal(recipe->request_key, "input");
    assert_string_equal(recipe->response_key, "result");
    tml_recipe_free(recipe);
}

static void every_built_in_recipe_is_valid_and_has_its_name(void **state)
{
    (void)state;
    size_t n = 0;
    const char *const *const names = tml_recipe_names(&n);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        tml_recipe *recipe = NULL;
        assert_int_equal(tml_recipe_parse(names[i], tml_recipe_text(names[i]), &recipe, NULL),
                         TML_OK);
        assert_string_equal(tml_recipe_name(recipe), names[i]);
        assert_int_equal(tml_recipe_check(recipe, NULL), TML_OK);
        tml_recipe_free(recipe);
    }
    assert_null(tml_recipe_text("nothing").data);
    assert_null(tml_recipe_text("").data);
}

static const char bags[] =
    "data: {encoding: latin-1}\n"
    "text:\n"
    "  normalize: [{drop_lines: 5}, lower, drop_stop_words]\n"
    "  tokenizer: word\n"
    "  stop_words: [the, a]\n"
    "  stem: english\n"
    "features:\n"
    "  - {type: bag, ngrams: [1, 2], min_docs: 2, max_docs: 1.0, max_features: 100, norm: none}\n"
    "  - {type: bag, tokenizer: char_wb, ngrams: 3, min_docs: 0.25, max_docs: 50%, binary: true,\n"
    "     use_idf: false, sublinear_tf: true, smooth_idf: false, hashed: 512, alternate_sign: "
    "false}\n"
    "model: {type: naive_bayes, variant: complement, alpha: 0.5, fit_prior: false, norm: true,\n"
    "        one_vs_rest: true, class_prior: {x: 0.25, y: 0.75}}\n";

static void blocks_and_their_keys_are_read(void **state)
{
    (void)state;
    tml_recipe *const recipe = parse(bags);
    const tmli_feature *const first = &recipe->features[0];
    const tmli_feature *const second = &recipe->features[1];
    assert_int_equal(recipe->n_features, 2);
    assert_int_equal(recipe->normalize.items[0], TML_NORMALIZE_DROP_LINES);
    assert_int_equal(recipe->normalize.counts[0], 5);
    assert_int_equal(recipe->stop_words.n, 2);
    assert_true(first->type == TMLI_FEATURE_BAG && second->type == TMLI_FEATURE_BAG);
    assert_true(first->ngrams.first == 1 && first->ngrams.last == 2);
    assert_true(second->ngrams.first == 3 && second->ngrams.last == 3);
    assert_true(!first->min_docs.is_share && first->min_docs.value == 2);
    assert_true(first->max_docs.is_share && first->max_docs.value == 1);
    assert_true(second->min_docs.is_share && second->min_docs.value == 0.25);
    assert_true(second->max_docs.is_share && second->max_docs.value == 0.5);
    assert_true(first->tokenizer == 0 && second->tokenizer == TML_TOKENIZER_CHAR_WB + 1);
    assert_true(second->hashed == 512 && first->max_features == 100);
    assert_int_equal(tml_recipe_check(recipe, NULL), TML_OK);
    /* A name without a number concerns both blocks, one with a number its own. */
    assert_int_equal(tml_recipe_set(recipe, TML_STR("ngram_range"), TML_STR("(2, 3)"), NULL),
                     TML_OK);
    assert_int_equal(tml_recipe_set(recipe, TML_STR("features.1.min_docs"), TML_STR("7"), NULL),
                     TML_OK);
    assert_true(first->ngrams.first == 2 && first->ngrams.last == 3);
    assert_true(second->ngrams.first == 2 && second->ngrams.last == 3);
    assert_true(first->min_docs.value == 2 && second->min_docs.value == 7);
    tml_error err = {0};
    assert_int_equal(tml_recipe_set(recipe, TML_STR("features.2.min_docs"), TML_STR("7"), &err),
                     TML_EINVAL);
    assert_string_equal(err.text,
                        "features.2.min_docs: the recipe has 2 feature blocks, counted from 0");
    tml_recipe_free(recipe);
}

static void what_is_written_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const recipes[] = {
        "{}", everything, bags,
        "train: {learning_rate: 0.1}\nmodel: {hidden: [], class_weight: balanced}",
        "name: \"\\u00e9 \\U0001F600 \\\\ \\\"\"\ntext: {normalize: []}\n"};
    for (size_t i = 0; i < COUNT_OF(recipes); i++) {
        char first[4096];
        char second[4096];
        tmli_arena arena;
        const tmli_value *root = NULL;
        tml_recipe *again = NULL;
        tml_recipe *const recipe = parse(recipes[i]);
        recipe_text(recipe, first, sizeof first);
        tmli_arena_init(&arena, 4096, 0);
        assert_int_equal(tmli_json_parse(tmli_str(first), &arena, &root, NULL), TML_OK);
        assert_int_equal(tmli_recipe_from_value("textml.json", root, &again, NULL), TML_OK);
        recipe_text(again, second, sizeof second);
        assert_string_equal(first, second);
        tml_recipe_free(again);
        tml_recipe_free(recipe);
        /* JSON is YAML: the same text, given as a recipe, is the same recipe. */
        tml_recipe *const from_yaml = parse(first);
        recipe_text(from_yaml, second, sizeof second);
        assert_string_equal(first, second);
        tml_recipe_free(from_yaml);
        tmli_arena_deinit(&arena);
    }
}

static void every_key_is_read_and_written(void **state)
{
    (void)state;
    char text[4096];
    tml_recipe *const recipe = parse(everything);
    recipe_text(recipe, text, sizeof text);
    assert_string_equal(
        text,
        "{\"name\":\"all\",\"data\":{\"format\":\"tsv\",\"quote\":\"none\",\"encoding\":"
        "\"utf-8\",\"header\":[\"a\",\"b "
        "c\",\"3\"],\"text\":\"body\",\"label\":\"kind\",\"weight\":\"importance\",\"labels\":"
        "{\"x\":\"The \\\"X\\\"\",\"y\":\"Ypsilon\"},\"split\":{\"validation\":0.25,\"seed\":"
        "9007199254740991}},\"text\":{\"normalize\":[\"nfkc\",\"lower\",\"strip_accents\","
        "\"collapse_spaces\"],\"tokenizer\":\"whitespace\",\"stop_words\":[],"
        "\"stem\":\"none\"},\"features\":[{\"type\":\"sequence\","
        "\"max_words\":1234,\"length\":17,\"padding\":\"post\",\"truncating\":\"post\","
        "\"embedding\":{\"source\":\"words.vec\",\"dims\":7,\"trainable\":false}}],\"model\":{"
        "\"type\":\"feed_forward\",\"hidden\":[64,3,5],\"activation\":\"tanh\",\"output\":"
        "\"sigmoid\",\"dropout\":0.125,\"class_weight\":{\"x\":2.5,\"Ypsilon\":0}},\"train\":{"
        "\"epochs\":7,\"batch_size\":99,\"optimizer\":\"sgd\",\"learning_rate\":0.3,\"momentum\":"
        "0.9,\"rho\":0.8,\"beta1\":0.7,\"beta2\":0.6,\"epsilon\":1e-05,\"early_stopping\":true,"
        "\"patience\":4,\"seed\":0},\"serve\":{\"request\":{\"json\":\"question\",\"body\":"
        "\"document\"},\"response\":{\"json\":\"answer\",\"style\":\"huggingface\"}}}");
    tml_recipe_free(recipe);
}

static void mistakes_are_refused_with_line_column_and_the_nearest_name(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        tml_status status;
        const char *sentence;
    } cases[] = {
        {"trian: {epochs: 3}", TML_EINVAL,
         "recipe.yaml:1:8: trian: unknown key; docs/recipes.md lists them all"},
        {"train:\n  epoch: 3", TML_EINVAL,
         "recipe.yaml:2:10: train.epoch: unknown key; did you mean \"train.epochs\"?"},
        {"train: {epochs: {x: 3}}", TML_EINVAL,
         "recipe.yaml:1:17: train.epochs: \"an object\" is not a whole number in 1..100000"},
        {"train: 3", TML_EINVAL,
         "recipe.yaml:1:8: train: expected keys with values, found a number"},
        {"[1, 2]", TML_EINVAL, "recipe.yaml:1:1: recipe: expected keys with values, found a list"},
        {"features: {length: 3}", TML_EINVAL,
         "recipe.yaml:1:11: features: expected a list of feature blocks, found an object"},
        {"features: [3]", TML_EINVAL,
         "recipe.yaml:1:12: features.*: expected keys with values, found a number"},
        {"features: [{lenght: 3}]", TML_EINVAL,
         "recipe.yaml:1:21: features.*.lenght: unknown key; did you mean \"features.*.length\"?"},
        {"text: {tokenizer: keas}", TML_EINVAL,
         "recipe.yaml:1:19: text.tokenizer: \"keas\" is not one of keras, whitespace, unicode, "
         "word, char, char_wb; did "
         "you mean \"keras\"?"},
        {"data: {labels: [a, b]}", TML_EINVAL,
         "recipe.yaml:1:16: data.labels: expected a map of labels in the data to names, or "
         "none, found a list"},
        {"data: {text: [a]}", TML_EINVAL,
         "recipe.yaml:1:14: data.text: expected text, found a list"},
        {"model: {hidden: [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]}", TML_EINVAL,
         "recipe.yaml:1:17: model.hidden: 16 layers, at most 15"},
        {"\"\": {name: x}", TML_EINVAL,
         "recipe.yaml:1:5: \"\": unknown key; docs/recipes.md lists them all"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_recipe *recipe = NULL;
        tml_error err = {0};
        const tml_status status =
            tml_recipe_parse("recipe.yaml", tmli_str(cases[i].yaml), &recipe, &err);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(status, cases[i].status);
        assert_null(recipe);
    }
}

static void what_is_not_yaml_is_refused_as_a_format(void **state)
{
    (void)state;
    static const char *const texts[] = {"a: [1, 2", "a: b: c", "\"open",
                                        "\x01",     "&a [*a]", "- a\nb"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        tml_recipe *recipe = NULL;
        tml_error err = {0};
        const tml_status status =
            tml_recipe_parse("recipe.yaml", tmli_str(texts[i]), &recipe, &err);
        assert_int_equal(status, TML_EFORMAT);
        assert_int_equal(strncmp(err.text, "recipe.yaml:", 12), 0);
        assert_null(recipe);
    }
}

static void names_of_any_length_are_survived(void **state)
{
    (void)state;
    char name[1024];
    char yaml[2048];
    memset(name, 'k', sizeof name);
    for (size_t n = 1; n < 1000; n += 37) {
        tml_recipe *recipe = NULL;
        (void)snprintf(yaml, sizeof yaml, "%.*s: 1", (int)n, name);
        assert_int_equal(tml_recipe_parse("r", tmli_str(yaml), &recipe, NULL), TML_EINVAL);
        (void)snprintf(yaml, sizeof yaml, "train: {%.*s: 1}", (int)n, name);
        assert_int_equal(tml_recipe_parse("r", tmli_str(yaml), &recipe, NULL), TML_EINVAL);
        tml_recipe *const plain = parse("{}");
        assert_int_equal(tml_recipe_set(plain, (tml_str){name, n}, TML_STR("1"), NULL), TML_EINVAL);
        tml_recipe_free(plain);
    }
}

static void contradictions_are_refused_by_the_check(void **state)
{
    (void)state;
    static const struct {
        const char *yaml;
        const char *sentence;
    } cases[] = {
        {"features: [{length: 3}, {length: 4}]",
         "recipe.yaml: features: 2 blocks, the first of type sequence: model.type feed_forward "
         "takes one block of type sequence"},
        {"features: [{type: bag}]", "recipe.yaml: features: 1 blocks, the first of type bag: "
                                    "model.type feed_forward takes one "
                                    "block of type sequence"},
        {"model: {type: naive_bayes}",
         "recipe.yaml: features.0.type: sequence: model.type naive_bayes takes blocks of type bag"},
        {"model: {type: naive_bayes}\nfeatures: [{type: bag}, {type: bag, hashed: 64}]",
         "recipe.yaml: features.1.alternate_sign: naive Bayes cannot take the negative values of "
         "signed hashing: set alternate_sign=false"},
        {"model: {type: naive_bayes, class_prior: balanced}\nfeatures: [{type: bag}]",
         "recipe.yaml: model.class_prior: balanced: expected a map of labels to numbers; "
         "fit_prior=false makes all labels equally likely"},
        {"features: [{embedding: {trainable: false}}]",
         "recipe.yaml: features.0.embedding: without word vectors there is nothing to keep "
         "frozen: set trainable=true, or vectors=FILE"},
        {"data: {labels: {a: A, b: B, c: A}}",
         "recipe.yaml: data.labels: \"a\" and \"c\" are both named \"A\": give each a name of its "
         "own"},
        {"model: {output: sigmoid}\ndata: {labels: {a: A, b: B, c: C}}",
         "recipe.yaml: model.output: sigmoid is for two labels, data.labels has 3: use softmax"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        tml_recipe *const recipe = parse(cases[i].yaml);
        assert_int_equal(tml_recipe_check(recipe, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
        tml_recipe_free(recipe);
    }
}

static void every_short_name_stands_for_a_key(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *path;
    } cases[] = {
        {"epochs", "train.epochs"},
        {"num_epochs", "train.epochs"},
        {"lr", "train.learning_rate"},
        {"test_size", "data.split.validation"},
        {"num_words", "features.*.max_words"},
        {"maxlen", "features.*.length"},
        {"max_len", "features.*.length"},
        {"units", "model.hidden"},
        {"vectors", "features.*.embedding.source"},
        {"text", "data.text"},
        {"label", "data.label"},
        {"features.0.length", "features.*.length"},
        {"features.0.embedding.dims", "features.*.embedding.dims"},
        {"train.epochs", "train.epochs"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t block = 0;
        const tmli_key *const key = tmli_key_named(tmli_str(cases[i].name), &block);
        assert_non_null(key);
        assert_string_equal(key->path, cases[i].path);
    }
    static const char *const strangers[] = {
        "",      "Epochs",      "features.8.length", "features.",
        "train", "features.0.", "features.0.lengt",  "."};
    for (size_t i = 0; i < COUNT_OF(strangers); i++) {
        size_t block = 0;
        assert_null(tmli_key_named(tmli_str(strangers[i]), &block));
    }
}

static void a_key_is_used_by_the_models_that_it_concerns(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool by_network, by_naive_bayes;
    } cases[] = {
        {"epochs", true, false},     {"train.epochs", true, false},
        {"alpha", false, true},      {"max_words", true, false},
        {"min_df", false, true},     {"features.0.min_docs", false, true},
        {"label", true, true},       {"seed", true, false},
        {"no_such_key", true, true},
    };
    tml_recipe *network = parse("{model: {type: feed_forward}}");
    tml_recipe *bayes = parse("{features: [{type: bag}], model: {type: naive_bayes}}");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const tml_str name = tmli_str(cases[i].name);
        assert_int_equal(tml_recipe_uses(network, name), cases[i].by_network);
        assert_int_equal(tml_recipe_uses(bayes, name), cases[i].by_naive_bayes);
    }
    tml_recipe_free(bayes);
    tml_recipe_free(network);
}

static void a_name_that_is_nearly_right_is_suggested(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *nearest;
    } cases[] = {
        {"epohcs", "epochs"},
        {"EPOCHS", "epochs"},
        {"batchsize", "batch_size"},
        {"learnig_rate", "learning_rate"},
        {"train.epoch", "train.epochs"},
        {"qwertyuiop", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *const got = tmli_key_nearest(tmli_str(cases[i].name));
        if (cases[i].nearest == NULL) {
            assert_null(got);
        } else {
            assert_string_equal(got, cases[i].nearest);
        }
    }
}

/* Names of labels are compared through a map. */
static void every_allocation_of_the_check_may_fail(void **state)
{
    (void)state;
    tml_recipe *const recipe = parse("data: {labels: {a: A, b: B, c: C}}");
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = tml_recipe_check(recipe, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            assert_true(nth > 0);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tml_recipe_free(recipe);
}

static void every_allocation_of_parsing_may_fail(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tml_recipe *recipe = NULL;
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status =
            tml_recipe_parse("recipe.yaml", tmli_str(everything), &recipe, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tml_recipe_free(recipe);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
        assert_null(recipe);
    }
    tml_recipe_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recipe_without_keys_has_the_defaults),
        cmocka_unit_test(the_recipe_news_is_the_tutorials_network),
        cmocka_unit_test(every_built_in_recipe_is_valid_and_has_its_name),
        cmocka_unit_test(blocks_and_their_keys_are_read),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(every_key_is_read_and_written),
        cmocka_unit_test(mistakes_are_refused_with_line_column_and_the_nearest_name),
        cmocka_unit_test(what_is_not_yaml_is_refused_as_a_format),
        cmocka_unit_test(names_of_any_length_are_survived),
        cmocka_unit_test(contradictions_are_refused_by_the_check),
        cmocka_unit_test(every_short_name_stands_for_a_key),
        cmocka_unit_test(a_key_is_used_by_the_models_that_it_concerns),
        cmocka_unit_test(a_name_that_is_nearly_right_is_suggested),
        cmocka_unit_test(every_allocation_of_the_check_may_fail),
        cmocka_unit_test(every_allocation_of_parsing_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
