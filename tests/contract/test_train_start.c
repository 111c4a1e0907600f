/* How a training job is started and configured: contract.md §9.1. The numbers of its rows stand before each test. */
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

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static size_t epochs_of(job *j)
{
    char *const out = process_stdout(&j->train);
    const size_t n = count(out, "epoch=");
    free(out);
    return n;
}

static double metric(const job *j, const char *path)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const double value = number_at(job_metrics(j, &arena), path);
    tmli_arena_deinit(&arena);
    return value;
}

/* A text that stands in the artifact's textml.json. */
static void assert_recorded(const job *j, const char *text)
{
    char *const json = job_read(j, "model/textml.json", NULL);
    assert_non_null(json);
    if (strstr(json, text) == NULL) {
        fail_msg("textml.json does not hold %s:\n%s", text, json);
    }
    free(json);
}

/* T01 */
static void the_word_train_trains(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_int_equal(job_train(j, ARGS("train")), 0);
    assert_trained(j);
    assert_int_equal(metric(j, "data.rows_train"), 32);
    assert_int_equal(metric(j, "data.rows_validation"), 8);
    assert_complained(j, "");
}

/* T02 */
static void no_argument_trains(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
}

/* T03 */
static void foreign_arguments_are_left_out_with_a_warning(void **state)
{
    job *const j = *state;
    job_fill(j);
    (void)job_train(j, ARGS("extra", "--unknown"));
    assert_trained(j);
    assert_complained(j, "train: warning: arguments that are not options of train were left out\n");
}

/* T04, T05, and the other spellings of contract.md §1.3 */
static void epochs_are_read_however_they_are_written(void **state)
{
    static const char *const spellings[] = {
        "\"2\"", "\"\\\"2\\\"\"", "\" 2 \"", "\"2.0\"", "\"2e0\"", "\"\\\"2.0\\\"\"", "2", "2.0",
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        char more[64];
        (void)snprintf(more, sizeof more, ", \"epochs\": %s", spellings[i]);
        job_hyperparameters(j, more);
        assert_job_trained(j);
        if (epochs_of(j) != 2) {
            fail_msg("epochs %s: %zu epochs", spellings[i], epochs_of(j));
        }
    }
}

/* What counts as not given keeps the recipe's 2 epochs. */
static void values_that_are_not_given_keep_what_the_recipe_says(void **state)
{
    static const char *const spellings[] = {"\"\"", "\"null\"", "\"None\"", "null", "\"  \""};
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        char more[64];
        (void)snprintf(more, sizeof more, ", \"epochs\": %s", spellings[i]);
        job_hyperparameters(j, more);
        assert_job_trained(j);
        assert_int_equal(epochs_of(j), 2);
    }
}

/* T06 */
static void booleans_are_read_however_they_are_written(void **state)
{
    static const struct {
        const char *text;
        const char *recorded;
    } cases[] = {
        {"\"True\"", "\"trainable\": true"},   {"\"true\"", "\"trainable\": true"},
        {"\"1\"", "\"trainable\": true"},      {"\"\\\"True\\\"\"", "\"trainable\": true"},
        {"true", "\"trainable\": true"},       {"\"False\"", "\"trainable\": false"},
        {"\"false\"", "\"trainable\": false"}, {"\"0\"", "\"trainable\": false"},
        {"false", "\"trainable\": false"},     {"\"\\\"False\\\"\"", "\"trainable\": false"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char more[64];
        (void)snprintf(more, sizeof more, ", \"trainable\": %s", cases[i].text);
        job_hyperparameters(j, more);
        assert_job_trained(j);
        assert_recorded(j, cases[i].recorded);
    }
}

static void lists_are_read_as_python_json_and_plain_text_write_them(void **state)
{
    static const char *const spellings[] = {
        "\"[6, 5]\"", "\"6,5\"", "\"\\\"6, 5\\\"\"", "\"['6', '5']\"", "[6, 5]",
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        char text[160];
        (void)snprintf(text, sizeof text, "{\"dims\": \"4\", \"epochs\": \"1\", \"hidden\": %s}",
                       spellings[i]);
        job_write(j, "input/config/hyperparameters.json", text);
        assert_job_trained(j);
        assert_recorded(j, "\"hidden\": [\n        6,\n        5\n      ]");
    }
}

/* T07 */
static void the_platforms_own_names_are_passed_over(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"_tuning_objective_metric\": \"validation:accuracy\", "
                           "\"sagemaker_region\": \"\\\"eu-west-1\\\"\", "
                           "\"sagemaker_submit_directory\": \"s3://bucket/x\", "
                           "\"default_user_module_name\": \"m\"");
    assert_job_trained(j);
}

/* T11 */
static void configuration_files_may_be_missing_empty_or_without_members(void **state)
{
    static const char *const names[] = {"input/config/hyperparameters.json",
                                        "input/config/inputdataconfig.json",
                                        "input/config/resourceconfig.json"};
    static const char *const texts[] = {"", " \n", "{}", "{ }\n"};
    job *const j = *state;
    job_fill(j);
    job_remove(j, names[0]);
    job_start(j, ARGS("--dims", "4", "--threads", "1"));
    assert_trained(j);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            job_write(j, names[k], texts[i]);
        }
        (void)job_train(j, ARGS("--dims", "4", "--threads", "1"));
        assert_trained(j);
    }
}

/* T13, T14 */
static void channels_need_no_more_than_a_mode(void **state)
{
    static const char *const configurations[] = {
        ("{\"train\": {\"TrainingInputMode\": \"File\"}, "
         "\"vectors\": {\"TrainingInputMode\": \"File\"}}"),
        "{\"train\": {\"TrainingInputMode\": \"FastFile\"}, \"vectors\": {}}",
        "{\"train\": {}, \"vectors\": {}}",
        "{\"training\": {\"TrainingInputMode\": \"file\"}, \"vectors\": {}}",
    };
    job *const j = *state;
    job_fill(j);
    job_write_rows(j, "input/data/training/rows.csv", 40);
    for (size_t i = 0; i < sizeof configurations / sizeof *configurations; i++) {
        job_write(j, "input/config/inputdataconfig.json", configurations[i]);
        assert_job_trained(j);
        assert_int_equal(metric(j, "data.rows_train"), 32);
    }
}

/* T14: nothing is written below input/. */
static void nothing_is_written_beside_the_input(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    static const struct {
        const char *dir;
        const char *names;
    } want[] = {
        {"input", "config data "},
        {"input/config", "hyperparameters.json "},
        {"input/data", "train vectors "},
        {"input/data/train", "rows.csv "},
        {"input/data/vectors", "small.txt "},
        {".", "input model output "},
        {"output", "data "},
        {"output/data", "metrics.json report.html "},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char *const list = job_list(j, want[i].dir);
        assert_string_equal(list, want[i].names);
        free(list);
    }
}

/* T15 */
static void members_that_nobody_knows_are_ignored(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_hyperparameters(j, ", \"_x\": \"1\", \"sagemaker_y\": \"[]\"");
    job_write(j, "input/config/inputdataconfig.json",
              "{\"train\": {\"TrainingInputMode\": \"File\", \"S3DistributionType\": "
              "\"FullyReplicated\", \"RecordWrapperType\": \"None\", \"CompressionType\": "
              "\"None\", \"Unheard\": {\"of\": [1, null]}}, \"vectors\": {\"x\": 1}}");
    job_write(j, "input/config/resourceconfig.json",
              "{\"current_host\": \"algo-1\", \"current_instance_type\": \"ml.c5.xlarge\", "
              "\"hosts\": [\"algo-1\"], \"instance_groups\": [{\"instance_group_name\": \"g\", "
              "\"hosts\": [\"algo-1\"]}], \"network_interface_name\": \"eth0\", \"topology\": "
              "null, \"more\": true}");
    assert_job_trained(j);
}

/* T17 */
static void manifests_and_pipes_beside_a_channel_are_not_data(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/train-manifest", "[{\"prefix\": \"s3://bucket/\"}, \"rows.csv\"]");
    job_write(j, "input/data/train_0", "TITLE,CATEGORY\nnot read at all,q\n");
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_train") + metric(j, "data.rows_validation"), 40);
    job_write(j, "input/config/inputdataconfig.json", "{\"train\": {}, \"vectors\": {}}");
    assert_job_trained(j);
    assert_int_equal(metric(j, "data.rows_train") + metric(j, "data.rows_validation"), 40);
}

/* T18: the order shows in the fingerprint of the rows, which is that of the same rows in one file. */
static void a_directory_is_read_in_byte_order_of_its_paths(void **state)
{
    static const struct {
        const char *path;
        const char *text;
    } files[] = {
        {"b/deep/er.csv", "TITLE,CATEGORY\nfilm song,e\nfilm actor,e\n"},
        {"a.csv", "TITLE,CATEGORY\nmarket bank,b\nbank profit,b\n"},
        {"c.csv", "TITLE,CATEGORY\nvirus heart,m\ndoctor sleep,m\n"},
        {"B.csv", "TITLE,CATEGORY\nphone robot,t\nlaser chip,t\n"},
        {".hidden.csv", "TITLE,CATEGORY\nnot read,q\n"},
        {"b/.hidden/x.csv", "TITLE,CATEGORY\nnot read,q\n"},
        {"empty.csv", ""},
        {"_SUCCESS", "x"},
        {"a.csv.crc", "x"},
    };
    job *const j = *state;
    job_fill(j);
    job_remove(j, "input/data/train/rows.csv");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *const path = tmpdir_path("input/data/train", files[i].path);
        job_write(j, path, files[i].text);
        free(path);
    }
    assert_job_trained(j);
    char *const many = job_read(j, "model/textml.json", NULL);
    job_write(j, "input/data/training/all.csv",
              "TITLE,CATEGORY\nphone robot,t\nlaser chip,t\nmarket bank,b\nbank profit,b\n"
              "film song,e\nfilm actor,e\nvirus heart,m\ndoctor sleep,m\n");
    job_write(j, "input/config/inputdataconfig.json", "{\"training\": {}, \"vectors\": {}}");
    assert_job_trained(j);
    char *const one = job_read(j, "model/textml.json", NULL);
    assert_string_equal(many, one);
    free(many);
    free(one);
}

/* T19 */
static void channels_of_the_sdks_are_left_out(void **state)
{
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/code/train.csv", "not,a,row\n");
    job_write(j, "input/data/sm_drivers/x.sh", "exit 1\n");
    assert_job_trained(j);
    job_write(j, "input/config/inputdataconfig.json",
              "{\"code\": {\"ContentType\": \"application/x-code\"}, \"sm_drivers\": "
              "{\"ContentType\": \"application/x-sh\"}, \"train\": {}, \"vectors\": {}}");
    assert_job_trained(j);
}

/* T20 */
static void text_csv_without_a_header_has_its_label_first(void **state)
{
    static const char *const types[] = {"text/csv", "TEXT/CSV; charset=utf8; label_size=1"};
    job *const j = *state;
    job_fill(j);
    job_write(j, "input/data/train/rows.csv",
              "b,market bank\nt,phone robot\ne,film song\nm,virus heart\n"
              "b,\"bank, profit\"\nt,laser chip\ne,song stage\nm,heart sleep\n");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char config[160];
        (void)snprintf(config, sizeof config,
                       "{\"train\": {\"ContentType\": \"%s\"}, \"vectors\": {}}", types[i]);
        job_write(j, "input/config/inputdataconfig.json", config);
        assert_job_trained(j);
        assert_int_equal(metric(j, "data.rows_train") + metric(j, "data.rows_validation"), 8);
    }
}

/* T47 */
static void a_root_without_checkpoints_trains(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    char *const list = job_list(j, ".");
    assert_string_equal(list, "input model output ");
    free(list);
}

/* The part of T48 that one host can play: the others leave with 0 and write nothing. */
static void only_the_first_host_trains(void **state)
{
    static const char config[] =
        "{\"current_host\": \"%s\", \"hosts\": [\"algo-1\", \"algo-10\", \"algo-2\"]}";
    char text[128];
    job *const j = *state;
    job_fill(j);
    (void)snprintf(text, sizeof text, config, "algo-10");
    job_write(j, "input/config/resourceconfig.json", text);
    assert_int_equal(job_train(j, NULL), 0);
    assert_model_untouched(j);
    assert_complained(j, "train: warning: this host is not the first of its job: the first "
                         "one trains\n");
    (void)snprintf(text, sizeof text, config, "algo-1");
    job_write(j, "input/config/resourceconfig.json", text);
    assert_job_trained(j);
}

static void base_dir_and_channels_can_be_named_on_the_command_line(void **state)
{
    job *const j = *state;
    job_fill(j);
    char *const rows = job_expand(j, "train=$ROOT/input/data/train/rows.csv");
    char *const vectors = job_expand(j, "vectors=$ROOT/input/data/vectors");
    char *const model = job_path(j, "elsewhere/model");
    char *const output = job_path(j, "elsewhere/output");
    (void)job_train(j, ARGS("--channel", rows, "--channel", vectors, "--model-dir", model,
                            "--output-dir", output, "--epochs=1"));
    assert_int_equal(j->train.exit, 0);
    char *list = job_list(j, "elsewhere/model");
    assert_string_equal(list, "model.safetensors textml.json ");
    free(list);
    list = job_list(j, "elsewhere/output/data");
    assert_string_equal(list, "metrics.json report.html ");
    free(list);
    assert_int_equal(epochs_of(j), 1);
    free(rows);
    free(vectors);
    free(model);
    free(output);
}

static void a_printed_recipe_can_be_given_back(void **state)
{
    job *const j = *state;
    job_fill(j);
    assert_job_trained(j);
    char *const want = job_read(j, "model/textml.json", NULL);
    assert_int_equal(job_train(j, ARGS("--print-recipe", "news")), 0);
    char *const yaml = process_stdout(&j->train);
    char *const path = job_path(j, "mine.yaml");
    job_write(j, "mine.yaml", yaml);
    (void)job_train(j, ARGS("--recipe", path));
    assert_trained(j);
    char *const got = job_read(j, "model/textml.json", NULL);
    assert_string_equal(got, want);
    assert_int_equal(job_train(j, ARGS("--print-recipe", "newz")), 1);
    assert_complained(j, "train: error: --print-recipe: \"newz\" is not one of news, newsgroups\n");
    free(got);
    free(path);
    free(yaml);
    free(want);
}

static void help_and_version_are_printed_and_nothing_is_trained(void **state)
{
    static const struct {
        const char *args[2];
        const char *begin;
    } cases[] = {
        {{"--help"}, "train: fits a text classifier and writes one artifact.\n"},
        {{"-h"}, "train: fits a text classifier and writes one artifact.\n"},
        {{"--version"}, "train (textml) "},
        {{"--metric-definitions"}, "[\n  {\n    \"Name\": \"train:loss\",\n"},
    };
    job *const j = *state;
    job_fill(j);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(job_train(j, cases[i].args), 0);
        char *const out = process_stdout(&j->train);
        assert_int_equal(strncmp(out, cases[i].begin, strlen(cases[i].begin)), 0);
        free(out);
    }
    assert_model_untouched(j);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_JOB(the_word_train_trains),
        IN_A_JOB(no_argument_trains),
        IN_A_JOB(foreign_arguments_are_left_out_with_a_warning),
        IN_A_JOB(epochs_are_read_however_they_are_written),
        IN_A_JOB(values_that_are_not_given_keep_what_the_recipe_says),
        IN_A_JOB(booleans_are_read_however_they_are_written),
        IN_A_JOB(lists_are_read_as_python_json_and_plain_text_write_them),
        IN_A_JOB(the_platforms_own_names_are_passed_over),
        IN_A_JOB(configuration_files_may_be_missing_empty_or_without_members),
        IN_A_JOB(channels_need_no_more_than_a_mode),
        IN_A_JOB(nothing_is_written_beside_the_input),
        IN_A_JOB(members_that_nobody_knows_are_ignored),
        IN_A_JOB(manifests_and_pipes_beside_a_channel_are_not_data),
        IN_A_JOB(a_directory_is_read_in_byte_order_of_its_paths),
        IN_A_JOB(channels_of_the_sdks_are_left_out),
        IN_A_JOB(text_csv_without_a_header_has_its_label_first),
        IN_A_JOB(a_root_without_checkpoints_trains),
        IN_A_JOB(only_the_first_host_trains),
        IN_A_JOB(base_dir_and_channels_can_be_named_on_the_command_line),
        IN_A_JOB(a_printed_recipe_can_be_given_back),
        IN_A_JOB(help_and_version_are_printed_and_nothing_is_trained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
