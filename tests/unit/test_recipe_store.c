/* Values into keys: every kind of key, every spelling in which a value may come from a command line or a hyperparameter,
 * the ends of each range, and what is refused with which sentence. */
#include "pipeline/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "support/alloc_fail.h"
#include "support/recipe_text.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int make_recipe(void **state)
{
    tml_recipe *recipe = NULL;
    if (tml_recipe_parse("news", tml_recipe_text("news"), &recipe, NULL) != TML_OK) {
        return -1;
    }
    *state = recipe;
    return 0;
}

static int free_recipe(void **state)
{
    tml_recipe_free(*state);
    return 0;
}

static tml_status set(tml_recipe *recipe, const char *name, const char *value, tml_error *err)
{
    return tml_recipe_set(recipe, tmli_str(name), tmli_str(value), err);
}

/* name=value must make the written recipe hold `want`. */
static void assert_stored(tml_recipe *recipe, const char *name, const char *value, const char *want)
{
    char text[4096];
    tml_error err = {0};
    if (set(recipe, name, value, &err) != TML_OK) {
        fail_msg("%s=%s: %s", name, value, err.text);
    }
    recipe_text(recipe, text, sizeof text);
    if (strstr(text, want) == NULL) {
        fail_msg("%s=%s: no %s in %s", name, value, want, text);
    }
}

static const struct {
    const char *name;
    const char *value;
    const char *want;
} spellings[] = {
    /* whole numbers */
    {"epochs", "5", "\"epochs\":5"},
    {"epochs", "\"6\"", "\"epochs\":6"},
    {"epochs", " 7 ", "\"epochs\":7"},
    {"epochs", "8.0", "\"epochs\":8"},
    {"epochs", "9e0", "\"epochs\":9"},
    {"epochs", "1e3", "\"epochs\":1000"},
    {"epochs", "\"10.0\"", "\"epochs\":10"},
    {"epochs", "\" 11 \"", "\"epochs\":11"},
    {"seed", "9007199254740991", "\"seed\":9007199254740991"},
    {"seed", "0", "\"seed\":0"},
    /* numbers */
    {"lr", "0.25", "\"learning_rate\":0.25"},
    {"lr", "\"0.5\"", "\"learning_rate\":0.5"},
    {"lr", "1e-3", "\"learning_rate\":0.001"},
    {"lr", ".125", "\"learning_rate\":0.125"},
    {"lr", "2", "\"learning_rate\":2"},
    {"dropout", "0", "\"dropout\":0"},
    {"dropout", "0.99", "\"dropout\":0.99"},
    {"validation_split", "0.9", "\"validation\":0.9"},
    /* booleans */
    {"trainable", "True", "\"trainable\":true"},
    {"trainable", "FALSE", "\"trainable\":false"},
    {"trainable", "1", "\"trainable\":true"},
    {"trainable", "0", "\"trainable\":false"},
    {"trainable", "\"true\"", "\"trainable\":true"},
    {"trainable", "\"False\"", "\"trainable\":false"},
    {"trainable", "yes", "\"trainable\":true"},
    {"trainable", "off", "\"trainable\":false"},
    /* words of a set */
    {"optimizer", "adam", "\"optimizer\":\"adam\""},
    {"optimizer", "\"sgd\"", "\"optimizer\":\"sgd\""},
    {"format", " jsonl ", "\"format\":\"jsonl\""},
    /* texts */
    {"text", "headline", "\"text\":\"headline\""},
    {"text", "\"head line\"", "\"text\":\"head line\""},
    {"text", "5", "\"text\":\"5\""},
    {"text", "true", "\"text\":\"true\""},
    {"text", "\"\\\"quoted\\\"\"", "\"text\":\"\\\"quoted\\\"\""},
    {"name", "caf\xc3\xa9", "\"name\":\"caf\xc3\xa9\""},
    {"vectors", "None.txt", "\"source\":\"None.txt\""},
    {"vectors", "none", "\"source\":\"none\""},
    {"weight", "NONE", "\"weight\":\"none\""},
    /* lists */
    {"hidden", "[32, 16]", "\"hidden\":[32,16]"},
    {"hidden", "64,8", "\"hidden\":[64,8]"},
    {"hidden", "\"4, 2\"", "\"hidden\":[4,2]"},
    {"hidden", "['9', '7']", "\"hidden\":[9,7]"},
    {"hidden", "[\"5\", 3.0]", "\"hidden\":[5,3]"},
    {"hidden", "12", "\"hidden\":[12]"},
    {"hidden", "[]", "\"hidden\":[]"},
    {"normalize", "['lower']", "\"normalize\":[\"lower\"]"},
    {"normalize", "lower, nfc", "\"normalize\":[\"lower\",\"nfc\"]"},
    {"normalize", "[\"nfkc\"]", "\"normalize\":[\"nfkc\"]"},
    {"normalize", "[]", "\"normalize\":[]"},
    {"data.header", "[a, b, 3]", "\"header\":[\"a\",\"b\",\"3\"]"},
    {"data.header", "x,y z", "\"header\":[\"x\",\"y z\"]"},
    /* maps */
    {"labels", "{\"b\": \"Business\"}", "\"labels\":{\"b\":\"Business\"}"},
    {"labels", "{'0': 'No', '1': 'Yes'}", "\"labels\":{\"0\":\"No\",\"1\":\"Yes\"}"},
    {"labels", "{0: No, 1: Yes}", "\"labels\":{\"0\":\"No\",\"1\":\"Yes\"}"},
    {"labels", "{}", "\"labels\":{}"},
    {"labels", "none", "\"labels\":{}"},
    {"class_weight", "balanced", "\"class_weight\":\"balanced\""},
    {"class_weight", "\"none\"", "\"class_weight\":\"none\""},
    {"class_weight", "{'b': 2, 't': '0.5'}", "\"class_weight\":{\"b\":2,\"t\":0.5}"},
    {"class_weight", "{}", "\"class_weight\":\"none\""},
};

static void values_are_read_in_every_spelling(void **state)
{
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        assert_stored(*state, spellings[i].name, spellings[i].value, spellings[i].want);
    }
}

static void what_counts_as_not_given_changes_nothing(void **state)
{
    static const char *const values[] = {"", "  ", "null", "None", " None\n"};
    static const char *const names[] = {"epochs", "lr",     "trainable",    "optimizer", "text",
                                        "hidden", "labels", "class_weight", "vectors",   "name"};
    char before[4096];
    char after[4096];
    recipe_text(*state, before, sizeof before);
    for (size_t v = 0; v < COUNT_OF(values); v++) {
        for (size_t n = 0; n < COUNT_OF(names); n++) {
            assert_int_equal(set(*state, names[n], values[v], NULL), TML_OK);
        }
    }
    recipe_text(*state, after, sizeof after);
    assert_string_equal(before, after);
}

static const struct {
    const char *name;
    const char *value;
    const char *sentence;
} refusals[] = {
    {"epochs", "ten", "epochs: \"ten\" is not a whole number in 1..100000"},
    {"epochs", "\"ten\"", "epochs: \"ten\" is not a whole number in 1..100000"},
    {"epochs", "0", "epochs: \"0\" is not a whole number in 1..100000"},
    {"epochs", "100001", "epochs: \"100001\" is not a whole number in 1..100000"},
    {"epochs", "5.5", "epochs: \"5.5\" is not a whole number in 1..100000"},
    {"epochs", "-1", "epochs: \"-1\" is not a whole number in 1..100000"},
    {"epochs", "1e400", "epochs: \"1e400\" is not a whole number in 1..100000"},
    {"epochs", "NaN", "epochs: \"NaN\" is not a whole number in 1..100000"},
    {"epochs", "0x10", "epochs: \"0x10\" is not a whole number in 1..100000"},
    {"epochs", "true", "epochs: \"true\" is not a whole number in 1..100000"},
    {"epochs", "[5]", "epochs: \"a list\" is not a whole number in 1..100000"},
    {"epochs", "{}", "epochs: \"an object\" is not a whole number in 1..100000"},
    {"num_epochs", "x", "num_epochs: \"x\" is not a whole number in 1..100000"},
    {"train.epochs", "x", "train.epochs: \"x\" is not a whole number in 1..100000"},
    {"seed", "9007199254740993",
     "seed: \"9007199254740993\" is not a whole number in 0..9007199254740991"},
    {"lr", "0", "lr: \"0\" is not a number in 1e-08..100"},
    {"lr", "101", "lr: \"101\" is not a number in 1e-08..100"},
    {"lr", "Infinity", "lr: \"Infinity\" is not a number in 1e-08..100"},
    {"dropout", "1", "dropout: \"1\" is not a number in 0..0.99"},
    {"dropout", "-0.1", "dropout: \"-0.1\" is not a number in 0..0.99"},
    {"trainable", "maybe", "trainable: \"maybe\" is not true or false"},
    {"trainable", "2", "trainable: \"2\" is not true or false"},
    {"trainable", "[true]", "trainable: \"a list\" is not true or false"},
    {"optimizer", "adma",
     "optimizer: \"adma\" is not one of sgd, rmsprop, adam, adagrad; did you mean \"adam\"?"},
    {"optimizer", "5", "optimizer: \"5\" is not one of sgd, rmsprop, adam, adagrad"},
    {"optimizer", "ADAM",
     "optimizer: \"ADAM\" is not one of sgd, rmsprop, adam, adagrad; did you mean \"adam\"?"},
    {"text", "[a]", "text: expected text, found a list"},
    {"text", "{}", "text: expected text, found an object"},
    {"hidden", "[32, -1]", "hidden: \"-1\" is not a whole number in 1..100000"},
    {"hidden", "32,,16", "hidden: \"\" is not a whole number in 1..100000"},
    {"hidden", "[[3]]", "hidden: \"a list\" is not a whole number in 1..100000"},
    {"hidden", "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "hidden: 16 layers, at most 15"},
    {"normalize", "lower, uper",
     "normalize: \"uper\" is not one of lower, squeeze_punctuation, nfc, nfkc, strip_accents, "
     "collapse_spaces, strip_accents_unicode, strip_accents_ascii, strip_html, strip, drop_lines, "
     "drop_empty_lines, letters_only, drop_stop_words"},
    {"data.header", "[a, [b]]", "data.header: expected text, found a list"},
    {"min_df", "1.5",
     "min_df: \"1.5\" is neither a number of documents (2) nor a share of them in "
     "0..1 (0.01, 1%)"},
    {"max_df", "101%",
     "max_df: \"101%\" is neither a number of documents (2) nor a share of them in "
     "0..1 (0.01, 1%)"},
    {"ngram_range", "(2, 1)", "ngram_range: [2, 1] is upside down: the smaller number comes first"},
    {"ngrams", "1,2,3", "ngrams: expected two numbers such as [1, 2], found 3"},
    {"ngrams", "0", "ngrams: \"0\" is not a whole number in 1..64"},
    {"alpha", "0", "alpha: \"0\" is not a number in 1e-10..1000000000"},
    {"alpha", "-1", "alpha: \"-1\" is not a number in 1e-10..1000000000"},
    {"normalize", "drop_lines",
     "normalize: drop_lines: drop_lines takes a number, as in {drop_lines: 5}; other steps take "
     "none"},
    {"normalize", "[{lower: 5}]",
     "normalize: lower: drop_lines takes a number, as in {drop_lines: 5}; other steps take none"},
    {"labels", "b",
     "labels: expected a map of labels in the data to names, or none, found a string"},
    {"labels", "[b]",
     "labels: expected a map of labels in the data to names, or none, found a list"},
    {"labels", "{b: [x]}", "labels: expected text, found a list"},
    {"class_weight", "even",
     "class_weight: expected balanced, none, or a map of labels to numbers"},
    {"class_weight", "{b: -1}", "class_weight: \"-1\" is not a number in 0..1000000"},
    {"class_weight", "{b: x}", "class_weight: \"x\" is not a number in 0..1000000"},
    {"epohcs", "5", "epohcs: unknown hyperparameter; did you mean \"epochs\"?"},
    {"header", "a,b", "header: unknown hyperparameter; did you mean \"data.header\"?"},
    {"Padding", "post", "Padding: unknown hyperparameter; did you mean \"features.*.padding\"?"},
    {"split.validation", "0",
     "split.validation: unknown hyperparameter; did you mean \"data.split.validation\"?"},
    {"", "5", ": unknown hyperparameter; docs/recipes.md lists them all"},
};

/* Each sentence names the key as it was given, the value, and what was expected; the recipe stays as it was. */
static void what_cannot_be_stored_is_refused_and_changes_nothing(void **state)
{
    char before[4096];
    char after[4096];
    recipe_text(*state, before, sizeof before);
    for (size_t i = 0; i < COUNT_OF(refusals); i++) {
        tml_error err = {0};
        assert_int_equal(set(*state, refusals[i].name, refusals[i].value, &err), TML_EINVAL);
        assert_string_equal(err.text, refusals[i].sentence);
        recipe_text(*state, after, sizeof after);
        assert_string_equal(before, after);
    }
}

/* The ends of a range belong to it; what lies behind them does not. */
static void every_range_is_closed(void **state)
{
    for (size_t i = 0; i < tmli_n_keys; i++) {
        const tmli_key *const key = &tmli_keys[i];
        if (key->kind != TMLI_KEY_COUNT && key->kind != TMLI_KEY_REAL) {
            continue;
        }
        const double step = key->kind == TMLI_KEY_COUNT ? 1 : 1e-12;
        const struct {
            double value;
            tml_status status;
        } cases[] = {
            {key->min, TML_OK},
            {key->max, TML_OK},
            {key->min - step, TML_EINVAL},
            {key->max * (1 + 1e-15) + step, TML_EINVAL},
        };
        for (size_t c = 0; c < COUNT_OF(cases); c++) {
            const tmli_value value = {.kind = TMLI_NUMBER, .number = cases[c].value};
            if (tmli_key_store(*state, key, 0, &value, key->path, NULL) != cases[c].status) {
                fail_msg("%s: %.17g", key->path, cases[c].value);
            }
        }
    }
}

/* A number or boolean of JSON has no text of its own. */
static void values_from_json_are_read_as_well(void **state)
{
    static const tmli_value number = {.kind = TMLI_NUMBER, .number = 12.5};
    static const tmli_value truth = {.kind = TMLI_BOOL, .number = 1};
    static const tmli_value nothing = {.kind = TMLI_NULL};
    size_t block = 0;
    tml_recipe *const recipe = *state;
    tml_error err = {0};
    assert_int_equal(
        tmli_key_store(recipe, tmli_key_named(TML_STR("text"), &block), 0, &number, "t", NULL),
        TML_OK);
    assert_string_equal(recipe->text, "12.5");
    assert_int_equal(
        tmli_key_store(recipe, tmli_key_named(TML_STR("trainable"), &block), 0, &truth, "t", NULL),
        TML_OK);
    assert_true(recipe->features[0].trainable);
    assert_int_equal(
        tmli_key_store(recipe, tmli_key_named(TML_STR("vectors"), &block), 0, &nothing, "v", NULL),
        TML_OK);
    assert_null(recipe->features[0].source);
    assert_int_equal(
        tmli_key_store(recipe, tmli_key_named(TML_STR("text"), &block), 0, &nothing, "t", &err),
        TML_EINVAL);
    assert_string_equal(err.text, "t: expected text, found null");
}

static void a_text_with_a_nul_is_refused(void **state)
{
    const tml_str value = {"a\0b", 3};
    tml_error err = {0};
    assert_int_equal(tml_recipe_set(*state, TML_STR("text"), value, &err), TML_EINVAL);
    assert_string_equal(err.text, "text: expected text without a NUL character");
}

static void long_values_are_stored_whole_and_cut_in_sentences(void **state)
{
    static char value[60000];
    tml_recipe *const recipe = *state;
    tml_error err = {0};
    memset(value, 'v', sizeof value - 1);
    assert_int_equal(set(recipe, "text", value, NULL), TML_OK);
    assert_int_equal(strlen(recipe->text), sizeof value - 1);
    assert_int_equal(set(recipe, "epochs", value, &err), TML_EINVAL);
    assert_true(strlen(err.text) < 200);
    assert_non_null(strstr(err.text, "is not a whole number in 1..100000"));
}

static void every_allocation_of_setting_may_fail(void **state)
{
    static const char *const pairs[][2] = {
        {"text", "some column"},
        {"hidden", "[3, 4]"},
        {"hidden", "3,4"},
        {"labels", "{'a': 'A', 'b': 'B'}"},
        {"class_weight", "{\"a\": 1}"},
        {"data.header", "a,b"},
        {"normalize", "['lower']"},
    };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        for (size_t nth = 0;; nth++) {
            tml_recipe *recipe = NULL;
            char before[4096];
            char after[4096];
            assert_int_equal(tml_recipe_parse("news", tml_recipe_text("news"), &recipe, NULL),
                             TML_OK);
            recipe_text(recipe, before, sizeof before);
            fail_allocation(nth);
            const tml_status status = set(recipe, pairs[i][0], pairs[i][1], NULL);
            fail_allocation(NEVER);
            recipe_text(recipe, after, sizeof after);
            tml_recipe_free(recipe);
            if (status == TML_OK) {
                break;
            }
            assert_int_equal(status, TML_ENOMEM);
            assert_string_equal(before, after);
        }
    }
    (void)state;
}

#define WITH_NEWS(test) cmocka_unit_test_setup_teardown(test, make_recipe, free_recipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NEWS(values_are_read_in_every_spelling),
        WITH_NEWS(what_counts_as_not_given_changes_nothing),
        WITH_NEWS(what_cannot_be_stored_is_refused_and_changes_nothing),
        WITH_NEWS(every_range_is_closed),
        WITH_NEWS(values_from_json_are_read_as_well),
        WITH_NEWS(a_text_with_a_nul_is_refused),
        WITH_NEWS(long_values_are_stored_whole_and_cut_in_sentences),
        cmocka_unit_test(every_allocation_of_setting_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
