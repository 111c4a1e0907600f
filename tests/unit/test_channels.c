/* Input channels → files: what counts as a channel, which files it has, where word vectors are looked for. */
#include "sagemaker/channels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct fixture {
    char *dir;
    tmli_arena arena;
    sm_channels channels;
} fixture;

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    tmli_arena_init(&f->arena, 1024, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    sm_channels_deinit(&f->channels);
    tmli_arena_deinit(&f->arena);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

static tml_status configure(fixture *f, const char *json, tml_error *err)
{
    const tmli_value *root = NULL;
    assert_int_equal(tmli_json_parse(tmli_str(json), &f->arena, &root, NULL), TML_OK);
    sm_channels_deinit(&f->channels);
    return sm_channels_from_config(&f->channels, root, f->dir, err);
}

/* "name:file,file name: …", files without their directory. */
static void describe(const fixture *f, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < f->channels.n; i++) {
        const sm_channel *const channel = &f->channels.items[i];
        used += (size_t)snprintf(out + used, size - used, "%s%s:", i > 0 ? " " : "", channel->name);
        for (size_t k = 0; k < channel->files.n; k++) {
            used += (size_t)snprintf(out + used, size - used, "%s%s", k > 0 ? "," : "",
                                     channel->files.items[k] + strlen(f->dir) + 1);
        }
    }
}

static void assert_channels(const fixture *f, const char *want)
{
    char got[1024];
    describe(f, got, sizeof got);
    assert_string_equal(got, want);
}

static void the_configuration_is_the_list_of_channels(void **state)
{
    fixture *const f = *state;
    tmpdir_write_text(f->dir, "train/b.csv", "x");
    tmpdir_write_text(f->dir, "train/a.csv", "x");
    tmpdir_write_text(f->dir, "other/c.csv", "x");
    tmpdir_write_text(f->dir, "code/d.py", "x");
    assert_int_equal(configure(f,
                               "{\"train\": {}, \"eval\": {\"ContentType\": \"text/csv\"}, "
                               "\"code\": {\"ContentType\": \"x/y\"}, \"sm_drivers\": {}}",
                               NULL),
                     TML_OK);
    assert_channels(f, "train:train/a.csv,train/b.csv eval:");
    assert_string_equal(sm_channels_find(&f->channels, "eval", NULL)->content_type, "text/csv");
    assert_null(sm_channels_find(&f->channels, "train", NULL)->content_type);
}

static void without_one_the_directories_are_the_channels(void **state)
{
    fixture *const f = *state;
    tmpdir_write_text(f->dir, "validation/b.csv", "x");
    tmpdir_write_text(f->dir, "train/a.csv", "x");
    tmpdir_write_text(f->dir, "train-manifest", "[]");
    tmpdir_write_text(f->dir, "train_0", "x");
    tmpdir_write_text(f->dir, ".hidden/c.csv", "x");
    tmpdir_write_text(f->dir, "sm_drivers/x", "x");
    tmpdir_write_text(f->dir, "code/x", "x");
    assert_int_equal(configure(f, "{}", NULL), TML_OK);
    assert_channels(f, "train:train/a.csv validation:validation/b.csv"); /* by name */
}

static void a_data_directory_that_is_missing_has_no_channels(void **state)
{
    fixture *const f = *state;
    static const tmli_value nothing = {.kind = TMLI_OBJECT};
    char *const path = tmpdir_path(f->dir, "nowhere");
    assert_int_equal(sm_channels_from_config(&f->channels, &nothing, path, NULL), TML_OK);
    assert_int_equal(f->channels.n, 0);
    free(path);
}

static void content_types_are_compared_without_parameters_and_case(void **state)
{
    static const struct {
        const char *type;
        bool is_read, is_csv;
    } cases[] = {
        {"text/csv", true, true},
        {"TEXT/CSV; charset=utf8; label_size=1", true, true},
        {" text/csv ;x", true, true},
        {"text/tab-separated-values", true, false},
        {"application/jsonlines", true, false},
        {"text/plain", true, false},
        {"image/png", false, false},
        {"text/csvx", false, false},
        {"application/x-recordio-protobuf", false, false},
        {"", false, false},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char json[128];
        (void)snprintf(json, sizeof json, "{\"train\": {\"ContentType\": \"%s\"}}", cases[i].type);
        assert_int_equal(configure(f, json, NULL), cases[i].is_read ? TML_OK : TML_EINVAL);
        assert_int_equal(sm_is_csv_type(cases[i].type), cases[i].is_csv);
    }
    assert_false(sm_is_csv_type(NULL));
}

static void configurations_that_cannot_be_right_are_refused(void **state)
{
    static const struct {
        const char *json;
        const char *sentence;
    } cases[] = {
        {"{\"train\": {\"ContentType\": \"image/png\"}}",
         "channel train: content type \"image/png\" is not one of text/csv, "
         "text/tab-separated-values, application/jsonlines"},
        {"{\"t\": {\"TrainingInputMode\": \"pipe\"}}",
         "channel t: TrainingInputMode Pipe is not read by this version: use File or FastFile"},
        {"{\"a/b\": {}}", "inputdataconfig.json: \"a/b\" is no channel name: 1 to 64 of letters, "
                          "digits, '.', '-' and '_'"},
        {"{\"a b\": {}}", "inputdataconfig.json: \"a b\" is no channel name: 1 to 64 of letters, "
                          "digits, '.', '-' and '_'"},
        {"{\".\": {}}", "inputdataconfig.json: \".\" is no channel name: 1 to 64 of letters, "
                        "digits, '.', '-' and '_'"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        assert_int_equal(configure(f, cases[i].json, &err), TML_EINVAL);
        assert_string_equal(err.text, cases[i].sentence);
    }
}

static void names_may_have_64_characters_and_lists_20_channels(void **state)
{
    fixture *const f = *state;
    char json[2048];
    char name[66];
    memset(name, 'n', sizeof name);
    name[64] = '\0';
    (void)snprintf(json, sizeof json, "{\"%s\": {}}", name);
    assert_int_equal(configure(f, json, NULL), TML_OK);
    name[64] = 'n';
    name[65] = '\0';
    (void)snprintf(json, sizeof json, "{\"%s\": {}}", name);
    assert_int_equal(configure(f, json, NULL), TML_EINVAL);
    for (int n = SM_CHANNELS_MAX; n <= SM_CHANNELS_MAX + 1; n++) {
        size_t used = (size_t)snprintf(json, sizeof json, "{");
        for (int i = 0; i < n; i++) {
            used += (size_t)snprintf(json + used, sizeof json - used, "%s\"c-%d.x\": {}",
                                     i > 0 ? ", " : "", i);
        }
        (void)snprintf(json + used, sizeof json - used, "}");
        assert_int_equal(configure(f, json, NULL), n <= SM_CHANNELS_MAX ? TML_OK : TML_EINVAL);
    }
}

static void arguments_add_and_replace_channels(void **state)
{
    fixture *const f = *state;
    char argument[512];
    tmpdir_write_text(f->dir, "one/a.csv", "x");
    tmpdir_write_text(f->dir, "b.csv", "x");
    (void)snprintf(argument, sizeof argument, "train=%s/one", f->dir);
    assert_int_equal(sm_channels_add_argument(&f->channels, argument, NULL), TML_OK);
    assert_channels(f, "train:one/a.csv");
    (void)snprintf(argument, sizeof argument, "train=%s/b.csv", f->dir);
    assert_int_equal(sm_channels_add_argument(&f->channels, argument, NULL), TML_OK);
    assert_channels(f, "train:b.csv");
}

static void arguments_that_cannot_be_right_are_refused(void **state)
{
    static const struct {
        const char *argument;
        tml_status status;
        const char *sentence;
    } cases[] = {
        {"train", TML_EINVAL, "--channel train: expected NAME=PATH"},
        {"=x", TML_EINVAL, "--channel =x: expected NAME=PATH"},
        {"train=", TML_EINVAL, "--channel train=: expected NAME=PATH"},
        {"train=/nowhere/at/all", TML_EIO,
         "--channel train=/nowhere/at/all: no such file or directory"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        assert_int_equal(sm_channels_add_argument(&f->channels, cases[i].argument, &err),
                         cases[i].status);
        assert_string_equal(err.text, cases[i].sentence);
    }
    assert_int_equal(f->channels.n, 0);
}

static void the_first_name_is_preferred(void **state)
{
    fixture *const f = *state;
    assert_int_equal(configure(f, "{\"training\": {}, \"train\": {}}", NULL), TML_OK);
    assert_string_equal(sm_channels_find(&f->channels, "train", "training")->name, "train");
    assert_int_equal(configure(f, "{\"training\": {}}", NULL), TML_OK);
    assert_string_equal(sm_channels_find(&f->channels, "train", "training")->name, "training");
    assert_null(sm_channels_find(&f->channels, "test", NULL));
}

/* Each case: the files of channel train, and what the reader of rows is given. */
static void class_folders_are_one_path_and_data_files_many(void **state)
{
    static const struct {
        const char *files[6];
        const char *want;
    } cases[] = {
        {{"a/1", "b/2"}, "train"},
        {{"a/1.txt", "a/2.txt", "b/3.txt"}, "train"},
        {{"w/a/1", "w/b/2"}, "train"},
        {{"a/1", "a.b/2", "a.b/3"}, "train"},
        {{"a/1", "b/2", "README"}, "train"}, /* which its reader refuses with a sentence */
        {{"a/b/1", "c/2"}, "train"},
        {{"a/1.gz", "b/2.gz"}, "train"},
        {{"a/rows.csv", "b/rows.csv"}, "train/a/rows.csv,train/b/rows.csv"},
        {{"a/rows.CSV.GZ", "b/rows.csv"}, "train/a/rows.CSV.GZ,train/b/rows.csv"},
        {{"a/1", "b/rows.jsonl"}, "train/a/1,train/b/rows.jsonl"},
        {{"a/part-00000", "b/part-00001"}, "train/a/part-00000,train/b/part-00001"},
        {{"prefix/one", "prefix/two"}, "train/prefix/one,train/prefix/two"},
        {{"one", "two"}, "train/one,train/two"},
        {{"one", "prefix/two"}, "train/one,train/prefix/two"},
        {{"t.tar"}, "train/t.tar"},
        {{"t.tar.gz", "u.tgz"}, "train/t.tar.gz,train/u.tgz"},
        {{"a/t.tgz", "b/u.tar.gz"}, "train/a/t.tgz,train/b/u.tar.gz"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char root[32];
        char name[128];
        char argument[512];
        char got[512] = "";
        size_t used = 0;
        (void)snprintf(root, sizeof root, "case-%zu", i);
        for (size_t k = 0; k < COUNT_OF(cases[i].files) && cases[i].files[k] != NULL; k++) {
            (void)snprintf(name, sizeof name, "%s/train/%s", root, cases[i].files[k]);
            tmpdir_write_text(f->dir, name, "x");
        }
        const bool has_slash = i % 2 == 1;
        (void)snprintf(argument, sizeof argument, "train=%s/%s/train%s", f->dir, root,
                       has_slash ? "/" : "");
        assert_int_equal(sm_channels_add_argument(&f->channels, argument, NULL), TML_OK);
        const tmli_paths *files = &sm_channels_find(&f->channels, "train", NULL)->files;
        for (size_t k = 0; k < files->n; k++) {
            const char *path = files->items[k] + strlen(f->dir) + 1 + strlen(root) + 1;
            used += (size_t)snprintf(got + used, sizeof got - used, "%s%s", k > 0 ? "," : "", path);
        }
        if (used > 0 && got[used - 1] == '/') {
            got[used - 1] = '\0';
        }
        assert_string_equal(got, cases[i].want);
    }
}

static void word_vectors_are_never_class_folders(void **state)
{
    fixture *const f = *state;
    tmpdir_write_text(f->dir, "vectors/en/glove.txt", "x");
    tmpdir_write_text(f->dir, "vectors/de/glove.txt", "x");
    assert_int_equal(configure(f, "{}", NULL), TML_OK);
    assert_channels(f, "vectors:vectors/de/glove.txt,vectors/en/glove.txt");
}

/* ---- word vectors ----------------------------------------------------------------------------- */

static const char *find_vectors(fixture *f, const char *source, tml_error *err)
{
    const char *path = NULL;
    assert_int_equal(configure(f, "{}", NULL), TML_OK);
    if (sm_channels_vectors(&f->channels, source, &path, err) != TML_OK) {
        return NULL;
    }
    return strncmp(path, f->dir, strlen(f->dir)) == 0 ? path + strlen(f->dir) + 1 : path;
}

static void vectors_are_looked_for_by_name_then_alone_then_anywhere(void **state)
{
    fixture *const f = *state;
    tmpdir_write_text(f->dir, "train/glove.txt.gz", "x");
    assert_string_equal(find_vectors(f, "glove.txt", NULL), "train/glove.txt.gz");
    assert_string_equal(find_vectors(f, "some/where/glove.txt.gz", NULL), "train/glove.txt.gz");
    tmpdir_write_text(f->dir, "vectors/any", "x");
    assert_string_equal(find_vectors(f, "glove.txt", NULL), "vectors/any");
    tmpdir_write_text(f->dir, "vectors/deep/glove.txt", "x");
    assert_string_equal(find_vectors(f, "glove.txt", NULL), "vectors/deep/glove.txt");
    tmpdir_write_text(f->dir, "aaa/other.vec", "x");
    assert_string_equal(find_vectors(f, "other.vec", NULL), "aaa/other.vec");
}

static void a_path_that_is_a_file_will_do(void **state)
{
    fixture *const f = *state;
    char *const path = tmpdir_write(f->dir, "plain.txt", "x", 1);
    assert_string_equal(find_vectors(f, path, NULL), "plain.txt");
    free(path);
}

static void vectors_that_are_nowhere_are_refused_with_the_remedies(void **state)
{
    fixture *const f = *state;
    tml_error err = {0};
    assert_null(find_vectors(f, "glove.txt", &err));
    assert_string_equal(err.text,
                        "word vectors: no file \"glove.txt\" (or with .gz) in the channels (none): "
                        "put it into a channel \"vectors\", name another file with vectors=FILE, "
                        "or learn the vectors from the data with vectors=none and trainable=true");
}

static void rows_files_and_vectors_files_are_told_apart_by_name(void **state)
{
    (void)state;
    assert_true(sm_is_vectors_file("/a/b/glove.txt", "glove.txt"));
    assert_true(sm_is_vectors_file("/a/b/glove.txt.gz", "glove.txt"));
    assert_true(sm_is_vectors_file("glove.txt", "x/glove.txt.gz"));
    assert_false(sm_is_vectors_file("/a/glove.txt/rows.csv", "glove.txt"));
    assert_false(sm_is_vectors_file("/a/b/glove.txt2", "glove.txt"));
    assert_false(sm_is_vectors_file("/a/b/glove.txt", NULL));
}

static void every_allocation_may_fail(void **state)
{
    fixture *const f = *state;
    const tmli_value *root = NULL;
    tmpdir_write_text(f->dir, "train/a.csv", "x");
    tmpdir_write_text(f->dir, "validation/b.csv", "x");
    tmpdir_write_text(f->dir, "test/one/1", "x");
    tmpdir_write_text(f->dir, "test/two/2", "x");
    assert_int_equal(tmli_json_parse(TML_STR("{}"), &f->arena, &root, NULL), TML_OK);
    for (size_t nth = 0;; nth++) {
        sm_channels channels = {0};
        const char *path = NULL;
        fail_allocation(nth);
        tml_status status = sm_channels_from_config(&channels, root, f->dir, NULL);
        if (status == TML_OK) {
            status = sm_channels_vectors(&channels, "b.csv", &path, NULL);
        }
        fail_allocation(NEVER);
        sm_channels_deinit(&channels);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_DIRECTORY(the_configuration_is_the_list_of_channels),
        IN_A_DIRECTORY(without_one_the_directories_are_the_channels),
        IN_A_DIRECTORY(a_data_directory_that_is_missing_has_no_channels),
        IN_A_DIRECTORY(content_types_are_compared_without_parameters_and_case),
        IN_A_DIRECTORY(configurations_that_cannot_be_right_are_refused),
        IN_A_DIRECTORY(names_may_have_64_characters_and_lists_20_channels),
        IN_A_DIRECTORY(arguments_add_and_replace_channels),
        IN_A_DIRECTORY(arguments_that_cannot_be_right_are_refused),
        IN_A_DIRECTORY(the_first_name_is_preferred),
        IN_A_DIRECTORY(class_folders_are_one_path_and_data_files_many),
        IN_A_DIRECTORY(word_vectors_are_never_class_folders),
        IN_A_DIRECTORY(vectors_are_looked_for_by_name_then_alone_then_anywhere),
        IN_A_DIRECTORY(a_path_that_is_a_file_will_do),
        IN_A_DIRECTORY(vectors_that_are_nowhere_are_refused_with_the_remedies),
        cmocka_unit_test(rows_files_and_vectors_files_are_told_apart_by_name),
        IN_A_DIRECTORY(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
