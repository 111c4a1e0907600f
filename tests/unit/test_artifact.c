/* The artifact: saved, loaded, and refused when it is cut, changed, newer, or when its two files disagree. */
#include "pipeline/artifact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct fixture {
    char *dir;
    char *model_dir;
    tml_model *model;
    char *json_path, *tensor_path;
    tmli_buf json, tensors; /* as they were saved */
} fixture;

static int set_up(void **state)
{
    fixture *const f = calloc(1, sizeof *f);
    assert_non_null(f);
    f->dir = tmpdir_create();
    f->model = tiny_fit(f->dir);
    f->model_dir = tmpdir_path(f->dir, "deep/model");
    f->json_path = tmpdir_path(f->model_dir, "textml.json");
    f->tensor_path = tmpdir_path(f->model_dir, "model.safetensors");
    assert_int_equal(tml_model_save(f->model, f->model_dir, NULL), TML_OK);
    assert_int_equal(tmli_file_read(f->json_path, SIZE_MAX, &f->json, NULL), TML_OK);
    assert_int_equal(tmli_file_read(f->tensor_path, SIZE_MAX, &f->tensors, NULL), TML_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *const f = *state;
    tml_model_free(f->model);
    tmli_buf_deinit(&f->json);
    tmli_buf_deinit(&f->tensors);
    free(f->json_path);
    free(f->tensor_path);
    free(f->model_dir);
    tmpdir_remove(f->dir);
    free(f);
    return 0;
}

/* Written in place, thousands of times. Not emptied first: some file systems write such files to disk at once. */
static void write_bytes(const char *path, const void *bytes, size_t n)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, 0), n);
    assert_int_equal(ftruncate(fd, (off_t)n), 0);
    assert_int_equal(close(fd), 0);
}

/* Loads, asks and verifies; the first status that is not OK. Nothing may crash on the way. */
static tml_status load(const fixture *f, tml_error *err)
{
    static const tml_str texts[] = {{"good day", 8}, {"very bad night", 14}, {"", 0}, {"good", 4}};
    tml_model *model = NULL;
    tml_session *session = NULL;
    tml_status status = tml_model_load(f->model_dir, &model, err);
    if (status != TML_OK) {
        assert_null(model);
        return status;
    }
    double scores[COUNT_OF(texts) * 8];
    assert_in_range(tml_model_labels(model), 2, 8);
    if (tml_session_create(model, &session, NULL) == TML_OK) {
        assert_int_equal(tml_session_predict(session, texts, COUNT_OF(texts), scores, NULL),
                         TML_OK);
    }
    tml_session_free(session);
    status = tml_model_verify(model, err);
    tml_model_free(model);
    return status;
}

/* The file's name and what stands behind it in a sentence that begins with a path. */
static const char *behind_dir(const fixture *f, const char *sentence)
{
    const size_t n = strlen(f->model_dir);
    return strncmp(sentence, f->model_dir, n) == 0 ? sentence + n + 1 : sentence;
}

static void what_was_saved_loads_and_says_the_same(void **state)
{
    fixture *const f = *state;
    tml_model *model = NULL;
    assert_int_equal(tml_model_load(f->model_dir, &model, NULL), TML_OK);
    assert_int_equal(tml_model_verify(model, NULL), TML_OK);
    assert_int_equal(tml_model_labels(model), 2);
    assert_string_equal(tml_model_label(model, 0).data, "no");
    assert_string_equal(tml_model_label(model, 1).data, "yes");
    assert_string_equal(tml_model_recipe_name(model), "tiny");
    assert_string_equal(tml_model_request_key(model), "input");
    assert_string_equal(tml_model_response_key(model), "result");
    assert_int_equal(tml_model_bytes(model), f->tensors.len);
    assert_int_equal(model->training.rows_train, 6);
    assert_int_equal(model->training.epochs_run, 2);
    assert_true(model->training.train_loss == f->model->training.train_loss);
    assert_true(model->training.data_fingerprint == f->model->training.data_fingerprint);
    tml_model_free(model);
}

static void saving_a_loaded_model_gives_the_same_bytes(void **state)
{
    fixture *const f = *state;
    tml_model *model = NULL;
    tmli_buf json = {0};
    tmli_buf tensors = {0};
    assert_int_equal(tml_model_load(f->model_dir, &model, NULL), TML_OK);
    assert_int_equal(tml_model_save(model, f->model_dir, NULL), TML_OK); /* over its own files */
    assert_int_equal(tml_model_verify(model, NULL), TML_OK);
    tml_model_free(model);
    assert_int_equal(tmli_file_read(f->json_path, SIZE_MAX, &json, NULL), TML_OK);
    assert_int_equal(tmli_file_read(f->tensor_path, SIZE_MAX, &tensors, NULL), TML_OK);
    assert_int_equal(json.len, f->json.len);
    assert_memory_equal(json.data, f->json.data, json.len);
    assert_int_equal(tensors.len, f->tensors.len);
    assert_memory_equal(tensors.data, f->tensors.data, tensors.len);
    tmli_buf_deinit(&json);
    tmli_buf_deinit(&tensors);
}

static void files_that_are_missing_are_named(void **state)
{
    fixture *const f = *state;
    tml_error err = {0};
    assert_int_equal(unlink(f->tensor_path), 0);
    assert_int_equal(load(f, &err), TML_EIO);
    assert_string_equal(behind_dir(f, err.text), "model.safetensors: No such file or directory");
    assert_int_equal(unlink(f->json_path), 0);
    err = (tml_error){0};
    assert_int_equal(load(f, &err), TML_EIO);
    assert_string_equal(
        behind_dir(f, err.text),
        "textml.json: no such file; a model's directory is one that train has written");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    fixture *const f = *state;
    for (size_t n = 0; n < f->json.len; n++) {
        write_bytes(f->json_path, f->json.data, n);
        assert_int_equal(load(f, NULL), TML_EFORMAT);
    }
    write_bytes(f->json_path, f->json.data, f->json.len);
    for (size_t n = 0; n < f->tensors.len; n++) {
        write_bytes(f->tensor_path, f->tensors.data, n);
        assert_int_equal(load(f, NULL), TML_EFORMAT);
    }
    write_bytes(f->tensor_path, f->tensors.data, f->tensors.len);
    assert_int_equal(load(f, NULL), TML_OK);
}

static void bytes_behind_the_end_are_refused(void **state)
{
    fixture *const f = *state;
    tmli_buf_append_text(&f->json, "\n");
    write_bytes(f->json_path, f->json.data, f->json.len);
    assert_int_equal(load(f, NULL), TML_EFORMAT);
    write_bytes(f->json_path, f->json.data, f->json.len - 1);
    tmli_buf_append_text(&f->tensors, "x");
    write_bytes(f->tensor_path, f->tensors.data, f->tensors.len);
    assert_int_equal(load(f, NULL), TML_EFORMAT);
}

/* Each byte with each mask: refused, whatever it was. */
static void assert_flips_are_refused(const fixture *f, const char *path, tmli_buf *bytes,
                                     size_t first, const unsigned char *masks, size_t n_masks)
{
    for (size_t at = first; at < bytes->len; at++) {
        for (size_t m = 0; m < n_masks; m++) {
            tml_error err = {0};
            bytes->data[at] = (char)((unsigned char)bytes->data[at] ^ masks[m]);
            write_bytes(path, bytes->data, bytes->len);
            const tml_status status = load(f, &err);
            bytes->data[at] = (char)((unsigned char)bytes->data[at] ^ masks[m]);
            if (status != TML_EFORMAT && status != TML_EVERSION) {
                fail_msg("%s: byte %zu with mask %02x: status %d: %s", path, at, masks[m],
                         (int)status, err.text);
            }
        }
    }
    write_bytes(path, bytes->data, bytes->len);
}

static void a_changed_byte_anywhere_is_refused(void **state)
{
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    unsigned char all[255];
    fixture *const f = *state;
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (unsigned char)(i + 1);
    }
    assert_flips_are_refused(f, f->json_path, &f->json, 0, masks, sizeof masks);
    assert_flips_are_refused(f, f->json_path, &f->json, f->json.len - 8, all, sizeof all);
    assert_flips_are_refused(f, f->tensor_path, &f->tensors, 0, masks, sizeof masks);
    assert_int_equal(load(f, NULL), TML_OK);
}

/* ---- textml.json with a check that agrees ----------------------------------------------------- */

/* Replaces the first `from` of the saved textml.json, makes the check agree, writes it. */
static void rewrite(fixture *f, const char *from, const char *to)
{
    static const char mark[] = ",\n  \"check\"";
    tmli_buf text = {0};
    const char *const json = tmli_buf_cstr(&f->json);
    const char *const at = strstr(json, from);
    assert_non_null(at);
    tmli_buf_append(&text, json, (size_t)(at - json));
    tmli_buf_append_text(&text, to);
    tmli_buf_append_text(&text, at + strlen(from));
    const char *const all = tmli_buf_cstr(&text);
    const size_t n = (size_t)(strstr(all, mark) - all);
    const uint64_t check = tmli_hash64_v1(all, n, 0);
    text.len = n;
    tmli_buf_printf(&text, "%s: \"xxh64:%016" PRIx64 "\"\n}\n", mark, check);
    write_bytes(f->json_path, text.data, text.len);
    tmli_buf_deinit(&text);
}

static void members_that_cannot_be_right_are_refused(void **state)
{
    static const struct {
        const char *from, *to;
        tml_status status;
        const char *sentence;
    } cases[] = {
        {"\"format\": 1", "\"format\": 2", TML_EVERSION,
         "textml.json: format 2, written by textml 0.1.0; this textml 0.1.0 reads up to format 1: "
         "update textml, or train again with this version"},
        {"\"format\": 1,\n  \"textml\": \"0.1.0\"", "\"format\": 1e9,\n  \"textml\": 5",
         TML_EVERSION,
         "textml.json: format 1000000000, written by textml unknown; this textml 0.1.0 reads up to "
         "format 1: update textml, or train again with this version"},
        {"\"format\": 1", "\"format\": 0", TML_EFORMAT,
         "textml.json: not a textml artifact: no format number"},
        {"\"format\": 1", "\"format\": \"1\"", TML_EFORMAT,
         "textml.json: not a textml artifact: no format number"},
        {"\"format\": 1,", "", TML_EFORMAT, "textml.json: not a textml artifact: no format number"},
        {"\"labels\": [\n    \"no\",\n    \"yes\"\n  ]", "\"labels\": [\"no\"]", TML_EFORMAT,
         "textml.json: labels: expected a list of at least two"},
        {"\"labels\": [\n    \"no\",", "\"labels\": [\n    7,", TML_EFORMAT,
         "textml.json: labels: expected text, found a number"},
        {"\"labels\": [", "\"lables\": [", TML_EFORMAT,
         "textml.json: labels: expected a list of at least two"},
        {"\"hash\": \"xxh64:", "\"hash\": \"xxh32:", TML_EFORMAT,
         "textml.json: tensors: expected their bytes and hash"},
        {"\"bytes\": ", "\"bytes\": -", TML_EFORMAT,
         "textml.json: tensors: expected their bytes and hash"},
        {"\"tensors\"", "\"tensor\"", TML_EFORMAT,
         "textml.json: tensors: expected their bytes and hash"},
        {"\"recipe\"", "\"receipt\"", TML_EFORMAT, "textml.json: no recipe"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        rewrite(f, cases[i].from, cases[i].to);
        assert_int_equal(load(f, &err), cases[i].status);
        assert_string_equal(behind_dir(f, err.text), cases[i].sentence);
    }
}

/* The recipe calls for other shapes than the tensors have: refused before anything is used. */
static void a_recipe_that_disagrees_with_the_tensors_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"dims\": 2", "\"dims\": 3"},
        {"\"dims\": 2", "\"dims\": 10000"},
        {"\"length\": 3", "\"length\": 4"},
        {"\"length\": 3", "\"length\": 100000"},
        {"\"hidden\": [\n        2\n      ]", "\"hidden\": []"},
        {"\"hidden\": [\n        2\n      ]", "\"hidden\": [2, 2]"},
        {"\"hidden\": [\n        2\n      ]", "\"hidden\": [100000, 100000, 100000]"},
        {"\"output\": \"softmax\"", "\"output\": \"sigmoid\""},
        {"\"yes\"\n  ]", "\"yes\",\n    \"maybe\"\n  ]"},
        {"\"type\": \"feed_forward\"", "\"type\": \"transformer\""},
        {"\"epochs\": 2", "\"epochs\": \"two\""},
        {"\"epochs\": 2", "\"epocs\": 2"},
    };
    fixture *const f = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        tml_error err = {0};
        rewrite(f, cases[i].from, cases[i].to);
        const tml_status status = load(f, &err);
        if (status != TML_EFORMAT) {
            fail_msg("%s: status %d: %s", cases[i].to, (int)status, err.text);
        }
        assert_int_equal(strncmp(err.text, f->model_dir, strlen(f->model_dir)), 0);
    }
}

/* Figures are for people: without them the model is the same. */
static void figures_may_be_missing(void **state)
{
    fixture *const f = *state;
    rewrite(f, "\"training\"", "\"drilling\"");
    assert_int_equal(load(f, NULL), TML_OK);
}

static void tensors_of_another_model_are_refused(void **state)
{
    fixture *const f = *state;
    tml_error err = {0};
    char *const dir = tmpdir_path(f->dir, "other");
    char *const path = tmpdir_path(dir, "model.safetensors");
    tml_model *const other = tiny_fit_rows(
        f->dir,
        "name: tiny\ndata: {split: {validation: 0.25}}\nfeatures: [{max_words: 50, length: 3, "
        "embedding: {dims: 2}}]\nmodel: {hidden: [2]}\ntrain: {seed: 2, batch_size: 4}",
        tiny_rows);
    tmli_buf bytes = {0};
    assert_int_equal(tml_model_save(other, dir, NULL), TML_OK);
    assert_int_equal(tmli_file_read(path, SIZE_MAX, &bytes, NULL), TML_OK);
    assert_int_equal(bytes.len, f->tensors.len); /* the same shapes, other numbers */
    write_bytes(f->tensor_path, bytes.data, bytes.len);
    assert_int_equal(load(f, &err), TML_EFORMAT);
    assert_string_equal(behind_dir(f, err.text),
                        "model.safetensors: altered since it was written: its hash is not the one "
                        "in textml.json; restore the file or train again");
    write_bytes(f->tensor_path, bytes.data, bytes.len - 1);
    err = (tml_error){0};
    assert_int_equal(load(f, &err), TML_EFORMAT);
    char want[256];
    (void)snprintf(want, sizeof want,
                   "model.safetensors: %zu bytes, but textml.json says %zu: truncated or from "
                   "another artifact; copy both files again or train again",
                   bytes.len - 1, bytes.len);
    assert_string_equal(behind_dir(f, err.text), want);
    tmli_buf_deinit(&bytes);
    tml_model_free(other);
    free(path);
    free(dir);
}

static void names_with_any_characters_survive(void **state)
{
    static const char yaml[] =
        "name: \"a \\\"name\\\" \\u00e9\"\n"
        "data: {labels: {\"no\": \"N\\\\o\\t\\\"\\u2028\", \"yes\": \"Y\\u0001\"}}\n"
        "features: [{length: 3, embedding: {dims: 2}}]\n";
    fixture *const f = *state;
    tml_model *loaded = NULL;
    tml_model *const model = tiny_fit_rows(f->dir, yaml, tiny_rows);
    assert_int_equal(tml_model_save(model, f->model_dir, NULL), TML_OK);
    assert_int_equal(tml_model_load(f->model_dir, &loaded, NULL), TML_OK);
    assert_string_equal(tml_model_recipe_name(loaded), "a \"name\" \xc3\xa9");
    assert_string_equal(tml_model_label(loaded, 0).data, "N\\o\t\"\xe2\x80\xa8");
    assert_string_equal(tml_model_label(loaded, 1).data, "Y\x01");
    tml_model_free(loaded);
    tml_model_free(model);
}

static void every_allocation_of_loading_may_fail(void **state)
{
    fixture *const f = *state;
    for (size_t nth = 0;; nth++) {
        tml_model *model = NULL;
        tml_error err = {0};
        fail_allocation(nth);
        const tml_status status = tml_model_load(f->model_dir, &model, &err);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tml_model_free(model);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
        assert_null(model);
    }
}

static void every_allocation_of_saving_may_fail(void **state)
{
    fixture *const f = *state;
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = tml_model_save(f->model, f->model_dir, NULL);
        fail_allocation(NEVER);
        assert_int_equal(load(f, NULL),
                         TML_OK); /* the old one or the new one, which are the same */
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

#define WITH_AN_ARTIFACT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_AN_ARTIFACT(what_was_saved_loads_and_says_the_same),
        WITH_AN_ARTIFACT(saving_a_loaded_model_gives_the_same_bytes),
        WITH_AN_ARTIFACT(files_that_are_missing_are_named),
        WITH_AN_ARTIFACT(a_file_cut_anywhere_is_refused),
        WITH_AN_ARTIFACT(bytes_behind_the_end_are_refused),
        WITH_AN_ARTIFACT(a_changed_byte_anywhere_is_refused),
        WITH_AN_ARTIFACT(members_that_cannot_be_right_are_refused),
        WITH_AN_ARTIFACT(a_recipe_that_disagrees_with_the_tensors_is_refused),
        WITH_AN_ARTIFACT(figures_may_be_missing),
        WITH_AN_ARTIFACT(tensors_of_another_model_are_refused),
        WITH_AN_ARTIFACT(names_with_any_characters_survive),
        WITH_AN_ARTIFACT(every_allocation_of_loading_may_fail),
        WITH_AN_ARTIFACT(every_allocation_of_saving_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
