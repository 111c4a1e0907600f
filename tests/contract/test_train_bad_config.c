/* Configuration that cannot be followed: each mistake with the exact sentence that stands in the failure file and on
 * stderr (T08, T09, T12, T16, T21 of contract.md §9.1, T38 of §9.3), and a model directory that stays as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "contract/job.h"
#include "support/tmpdir.h"
#include "text/utf8.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* T08, T09 */
static void hyperparameters_that_cannot_be_right_are_refused(void **state)
{
    static const struct {
        const char *more;
        const char *sentence;
    } cases[] = {
        {", \"epochs\": \"ten\"", "epochs: \"ten\" is not a whole number in 1..100000"},
        {", \"epochs\": \"-1\"", "epochs: \"-1\" is not a whole number in 1..100000"},
        {", \"epochs\": \"abc\"", "epochs: \"abc\" is not a whole number in 1..100000"},
        {", \"epochs\": \"1e400\"", "epochs: \"1e400\" is not a whole number in 1..100000"},
        {", \"epochs\": \"2.5\"", "epochs: \"2.5\" is not a whole number in 1..100000"},
        {", \"epochs\": \"NaN\"", "epochs: \"NaN\" is not a whole number in 1..100000"},
        {", \"epochs\": \"Infinity\"", "epochs: \"Infinity\" is not a whole number in 1..100000"},
        {", \"epochs\": \"[3]\"", "epochs: \"a list\" is not a whole number in 1..100000"},
        {", \"epochs\": 0", "epochs: \"0\" is not a whole number in 1..100000"},
        {", \"train.epochs\": \"x\"", "train.epochs: \"x\" is not a whole number in 1..100000"},
        {", \"epohcs\": \"3\"", "epohcs: unknown hyperparameter; did you mean \"epochs\"?"},
        {", \"Epochs\": \"3\"", "Epochs: unknown hyperparameter; did you mean \"epochs\"?"},
        {", \"batch-size\": \"3\"",
         "batch-size: unknown hyperparameter; did you mean \"batch_size\"?"},
        {", \"wibble_wobble\": \"3\"",
         "wibble_wobble: unknown hyperparameter; docs/recipes.md lists them all"},
        {", \"dropout\": \"1\"", "dropout: \"1\" is not a number in 0..0.99"},
        {", \"validation_split\": \"0.95\"",
         "validation_split: \"0.95\" is not a number in 0..0.9"},
        {", \"trainable\": \"maybe\"", "trainable: \"maybe\" is not true or false"},
        {", \"activation\": \"rleu\"",
         "activation: \"rleu\" is not one of relu, tanh, sigmoid; did you mean \"relu\"?"},
        {", \"hidden\": \"[8, x]\"", "hidden: \"x\" is not a whole number in 1..100000"},
        {", \"class_weight\": \"even\"",
         "class_weight: expected balanced, none, or a map of labels to numbers"},
        {", \"recipe\": \"newz\"", "recipe: \"newz\" is neither a built-in recipe (news, "
                                   "newsgroups) nor a file; did you mean \"news\"?"},
        {", \"vectors\": \"none\"",
         "news: features.0.embedding: without word vectors there is nothing to keep frozen: set "
         "trainable=true, or vectors=FILE"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_hyperparameters(j, cases[i].more);
        assert_job_refused(j, cases[i].sentence);
    }
}

/* T12 */
static void configuration_that_is_not_json_is_refused_with_its_place(void **state)
{
    static const char *const names[] = {"hyperparameters.json", "inputdataconfig.json",
                                        "resourceconfig.json"};
    static const struct {
        const char *text;
        const char *rest;
    } faults[] = {
        {"{\"train\":\n  {]}",
         "line 2, column 4: this is not JSON: expected a key in quotes, found ']'"},
        {"{\"a\": 1", "line 1, column 8: this is not JSON: expected ',' or '}', found the end"},
        {"epochs: 3", "line 1, column 1: this is not JSON: expected a value, found 'e'"},
        {"[1]", "expected a JSON object, found a list"},
        {"\"text\"", "expected a JSON object, found a string"},
    };
    job *const j = *state;
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
            char path[64];
            char sentence[256];
            job_fill(j);
            (void)snprintf(path, sizeof path, "input/config/%s", names[k]);
            job_write(j, path, faults[i].text);
            (void)snprintf(sentence, sizeof sentence, "$ROOT/%s: %s", path, faults[i].rest);
            assert_job_refused(j, sentence);
            job_remove(j, path);
        }
    }
}

static void a_configuration_file_that_is_a_directory_is_refused(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/config/resourceconfig.json/x", "");
    assert_job_refused(j, "$ROOT/input/config/resourceconfig.json: is not a regular file");
}

/* T16 */
static void a_missing_training_channel_is_named(void **state)
{
    job *const j = *state;
    assert_job_refused(j, "Missing required channel: train (or training); channels found: none; "
                          "put the rows into $ROOT/input/data/train, or give --channel train=PATH");
    job_write(j, "input/data/vectors/small.txt", "a 1\n");
    job_write(j, "input/data/eval/rows.csv", "a,b\n");
    job_write(j, "input/config/inputdataconfig.json", "{\"vectors\": {}, \"eval\": {}}");
    assert_job_refused(j, "Missing required channel: train (or training); channels found: vectors, "
                          "eval; put the rows into $ROOT/input/data/train, or give --channel "
                          "train=PATH");
    job_write(j, "input/config/inputdataconfig.json", "{\"train\": {}}");
    assert_job_refused(j, "channel train: $ROOT/input/data/train does not exist: put files of rows "
                          "there (CSV, TSV or JSON Lines)");
}

static void channels_that_cannot_be_right_are_refused(void **state)
{
    static const struct {
        const char *config;
        const char *sentence;
    } cases[] = {
        /* T21 */
        {"{\"train\": {\"ContentType\": \"image/png\"}}",
         "channel train: content type \"image/png\" is not one of text/csv, "
         "text/tab-separated-values, application/jsonlines"},
        {"{\"train\": {}, \"validation\": {\"ContentType\": \"application/x-recordio\"}}",
         "channel validation: content type \"application/x-recordio\" is not one of text/csv, "
         "text/tab-separated-values, application/jsonlines"},
        {"{\"train\": {\"TrainingInputMode\": \"Pipe\"}}",
         "channel train: TrainingInputMode Pipe is not read by this version: use File or FastFile"},
        {"{\"../train\": {}}",
         "inputdataconfig.json: \"../train\" is no channel name: 1 to 64 of letters, digits, '.', "
         "'-' and '_'"},
        {"{\"\": {}}", "inputdataconfig.json: \"\" is no channel name: 1 to 64 of letters, digits, "
                       "'.', '-' and '_'"},
        {"{\"..\": {}}", "inputdataconfig.json: \"..\" is no channel name: 1 to 64 of letters, "
                         "digits, '.', '-' and '_'"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_write(j, "input/config/inputdataconfig.json", cases[i].config);
        assert_job_refused(j, cases[i].sentence);
    }
}

static void more_than_twenty_channels_are_refused(void **state)
{
    job *const j = *state;
    char config[1024] = "{\"train\": {}";
    job_fill(j);
    for (int i = 0; i < 20; i++) {
        const size_t used = strlen(config);
        (void)snprintf(config + used, sizeof config - used, ", \"c%d\": {}", i);
    }
    (void)strncat(config, "}", 2);
    job_write(j, "input/config/inputdataconfig.json", config);
    assert_job_refused(j, "more than 20 channels");
}

static void options_of_the_command_line_are_checked(void **state)
{
    static const struct {
        const char *args[6];
        const char *sentence;
    } cases[] = {
        {{"--epochs", "ten"}, "epochs: \"ten\" is not a whole number in 1..100000"},
        {{"--threads", "1", "--epohcs", "2"},
         "epohcs: unknown hyperparameter; did you mean \"epochs\"?"},
        {{"--channel", "train=/nowhere"}, "--channel train=/nowhere: no such file or directory"},
        {{"--channel", "train"}, "--channel train: expected NAME=PATH"},
        {{"--recipe", "newz"},
         "recipe: \"newz\" is neither a built-in recipe (news, newsgroups) nor a file; did you "
         "mean \"news\"?"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)job_train(j, cases[i].args);
        assert_refused(j, cases[i].sentence);
    }
}

/* Before there is a job there is no failure file to write: stderr and the exit code say it. */
static void a_command_line_that_cannot_be_read_ends_at_once(void **state)
{
    static const struct {
        const char *args[5];
        const char *line;
    } cases[] = {
        {{"--threads", "0"}, "train: error: --threads: \"0\" is not a whole number in 1..256\n"},
        {{"--threads", "1", "--recepi", "news"},
         "train: error: --recepi: there is no such option; did you mean --recipe?\n"},
        {{"--quiet", "--chanel=train=rows.csv"},
         "train: error: --chanel: there is no such option; did you mean --channel?\n"},
        {{"--threads", "many"},
         "train: error: --threads: \"many\" is not a whole number in 1..256\n"},
        {{"--log-format", "xml"}, "train: error: --log-format: \"xml\" is not text or json\n"},
        {{"--quiet", "word"},
         "train: error: \"word\": options are written --name value; train "
         "--help lists them all\n"},
        {{"--epochs"}, "train: error: --epochs: needs a value: --epochs VALUE or --epochs=VALUE\n"},
        {{"--base-dir", ""}, "train: error: --base-dir: its value is empty\n"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(job_train(j, cases[i].args), 1);
        assert_complained(j, cases[i].line);
    }
}

static void a_recipe_file_is_refused_with_line_and_column(void **state)
{
    static const struct {
        const char *yaml;
        const char *sentence;
    } cases[] = {
        {"name: x\ntrain: {epochs: 3, epohcs: 4}\n",
         "$ROOT/x.yaml:2:28: train.epohcs: unknown key; did you mean \"train.epochs\"?"},
        {"name: x\ntrain:\n  epochs: ten\n",
         "$ROOT/x.yaml:3:11: train.epochs: \"ten\" is not a whole number in 1..100000"},
        {"features: {type: sequence}\n",
         "$ROOT/x.yaml:1:11: features: expected a list of feature blocks, found an object"},
        {"train: 3\n", "$ROOT/x.yaml:1:8: train: expected keys with values, found a number"},
    };
    job *const j = *state;
    job_fill(j);
    char *const path = job_path(j, "x.yaml");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        job_write(j, "x.yaml", cases[i].yaml);
        (void)job_train(j, ARGS("--recipe", path));
        assert_refused(j, cases[i].sentence);
    }
    free(path);
}

/* T39: the sentence is cut to 1024 bytes without splitting a character. */
static void a_long_sentence_is_cut_at_a_character(void **state)
{
    job *const j = *state;
    job_fill(j);
    for (size_t shift = 0; shift < 3; shift++) {
        char name[1200] = "";
        size_t n = 0;
        for (; n < shift; n++) {
            name[n] = 'x';
        }
        while (n + 3 < 1100) {
            memcpy(name + n, "\xE2\x82\xAC", 4); /* the euro sign, three bytes */
            n += 3;
        }
        char argument[1300];
        (void)snprintf(argument, sizeof argument, "train=%s", name);
        assert_int_equal(job_train(j, ARGS("--channel", argument)), 1);
        size_t n_failure = 0;
        char *const failure = job_read(j, "output/failure", &n_failure);
        assert_non_null(failure);
        assert_in_range(n_failure, 1000, 1024);
        assert_int_equal(tmli_utf8_faults((tml_str){failure, n_failure}), 0);
        assert_memory_equal(failure, "--channel train=", 16);
        free(failure);
    }
}

/* A failure file of an earlier run does not outlive a run that succeeds (T40). */
static void success_leaves_no_failure_file(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"epochs\": \"ten\"");
    assert_job_refused(j, "epochs: \"ten\" is not a whole number in 1..100000");
    job_fill(j);
    assert_job_trained(j);
}

/* A model of an earlier run is not touched by one that fails. */
static void a_failure_leaves_the_former_model(void **state)
{
    static const char *const names[] = {"model/textml.json", "model/model.safetensors"};
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    size_t sizes[2];
    char *before[2];
    for (size_t i = 0; i < 2; i++) {
        before[i] = job_read(j, names[i], &sizes[i]);
    }
    job_write(j, "input/data/train/more.csv", "TITLE,CATEGORY\nbank,b,c\n");
    assert_int_equal(job_train(j, NULL), 1);
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        char *const after = job_read(j, names[i], &n);
        assert_int_equal(n, sizes[i]);
        assert_memory_equal(after, before[i], n);
        free(after);
        free(before[i]);
    }
    char *const list = job_list(j, "model");
    assert_string_equal(list, "kept model.safetensors textml.json ");
    free(list);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_JOB(hyperparameters_that_cannot_be_right_are_refused),
        IN_A_JOB(configuration_that_is_not_json_is_refused_with_its_place),
        IN_A_JOB(a_configuration_file_that_is_a_directory_is_refused),
        IN_A_JOB(a_missing_training_channel_is_named),
        IN_A_JOB(channels_that_cannot_be_right_are_refused),
        IN_A_JOB(more_than_twenty_channels_are_refused),
        IN_A_JOB(options_of_the_command_line_are_checked),
        IN_A_JOB(a_command_line_that_cannot_be_read_ends_at_once),
        IN_A_JOB(a_recipe_file_is_refused_with_line_and_column),
        IN_A_JOB(a_long_sentence_is_cut_at_a_character),
        IN_A_JOB(success_leaves_no_failure_file),
        IN_A_JOB(a_failure_leaves_the_former_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
