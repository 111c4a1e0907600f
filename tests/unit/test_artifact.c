/* The artifact: what is saved is what is loaded, and no file that was damaged on the way is served. */
#include "pipeline/artifact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"

typedef struct saved {
    char *dir;
    char *json_path, *tensor_path;
    tmli_buf json, tensors; /* the files as they were written */
} saved;

static int save_model(void **state)
{
    saved *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    s->dir = tmpdir_create();
    tml_model *model = tiny_fit(s->dir, 1, NULL);
    char *model_dir = tmpdir_path(s->dir, "model");
    assert_int_equal(tml_model_save(model, model_dir, NULL), TML_OK);
    tml_model_free(model);
    free(model_dir);
    s->json_path = tmpdir_path(s->dir, "model/" TMLI_ARTIFACT_JSON);
    s->tensor_path = tmpdir_path(s->dir, "model/" TMLI_ARTIFACT_TENSORS);
    assert_int_equal(tmli_file_read(s->json_path, 1 << 20, &s->json, NULL), TML_OK);
    assert_int_equal(tmli_file_read(s->tensor_path, 1 << 20, &s->tensors, NULL), TML_OK);
    *state = s;
    return 0;
}

static int remove_model(void **state)
{
    saved *s = *state;
    tmli_buf_deinit(&s->json);
    tmli_buf_deinit(&s->tensors);
    free(s->json_path);
    free(s->tensor_path);
    tmpdir_remove(s->dir);
    free(s);
    return 0;
}

/* Loads and verifies. */
static tml_status load(const saved *s, tml_error *err)
{
    tml_model *model = NULL;
    char *dir = tmpdir_path(s->dir, "model");
    tml_status status = tml_model_load(dir, &model, err);
    if (status == TML_OK) {
        status = tml_model_verify(model, err);
    } else {
        assert_null(model);
    }
    tml_model_free(model);
    free(dir);
    return status;
}

static void put(const char *path, const char *bytes, size_t n)
{
    assert_int_equal(tmli_file_replace(path, bytes, n, NULL), TML_OK);
}

static void scores(const tml_model *model, float out[4])
{
    tml_session *session = NULL;
    const tml_str texts[] = {TML_STR("hot soup and bread"), TML_STR("the team lost a late goal")};
    assert_int_equal(tml_session_create(model, &session, NULL), TML_OK);
    assert_int_equal(tml_session_predict(session, texts, 2, out, NULL), TML_OK);
    tml_session_free(session);
}

static void a_loaded_model_scores_and_saves_as_the_one_that_was_trained(void **state)
{
    const saved *s = *state;
    float before[4];
    float after[4];
    tml_model *trained = tiny_fit(s->dir, 1, NULL);
    tml_model *loaded = NULL;
    char *dir = tmpdir_path(s->dir, "model");
    char *again_dir = tmpdir_path(s->dir, "again");
    assert_int_equal(tml_model_load(dir, &loaded, NULL), TML_OK);
    assert_int_equal(tml_model_labels(loaded), 2);
    assert_true(tmli_str_eq_text(tml_model_label(loaded, 0), "food"));
    assert_string_equal(tml_model_request_key(loaded), "input");
    assert_string_equal(tml_model_recipe_name(loaded), "tiny");
    assert_int_equal(tml_model_bytes(loaded), s->tensors.len);
    scores(trained, before);
    scores(loaded, after);
    assert_memory_equal(before, after, sizeof(before));
    assert_int_equal(tml_model_save(loaded, again_dir, NULL), TML_OK);
    static const char *const names[] = {TMLI_ARTIFACT_JSON, TMLI_ARTIFACT_TENSORS};
    for (size_t i = 0; i < 2; i++) {
        tmli_buf copy = {0};
        char *path = tmpdir_path(again_dir, names[i]);
        assert_int_equal(tmli_file_read(path, 1 << 20, &copy, NULL), TML_OK);
        const tmli_buf *want = i == 0 ? &s->json : &s->tensors;
        assert_int_equal(copy.len, want->len);
        assert_memory_equal(copy.data, want->data, want->len);
        tmli_buf_deinit(&copy);
        free(path);
    }
    tml_model_free(trained);
    tml_model_free(loaded);
    free(dir);
    free(again_dir);
}

static void a_missing_file_is_named(void **state)
{
    const saved *s = *state;
    tml_error err = {0};
    char want[600];
    assert_int_equal(remove(s->tensor_path), 0);
    assert_int_equal(load(s, &err), TML_EIO);
    (void)snprintf(want, sizeof(want), "%s: ", s->tensor_path);
    assert_int_equal(strncmp(err.text, want, strlen(want)), 0);
    assert_int_equal(remove(s->json_path), 0);
    err = (tml_error){0};
    assert_int_equal(load(s, &err), TML_EIO);
    (void)snprintf(want, sizeof(want), "%s: ", s->json_path);
    assert_int_equal(strncmp(err.text, want, strlen(want)), 0);
    put(s->json_path, s->json.data, s->json.len);
    put(s->tensor_path, s->tensors.data, s->tensors.len);
    assert_int_equal(load(s, NULL), TML_OK);
}

static void a_file_cut_short_is_refused(void **state)
{
    const saved *s = *state;
    for (size_t n = 0; n < s->json.len; n += 1 + n / 16) {
        put(s->json_path, s->json.data, n);
        assert_int_equal(load(s, NULL), TML_EFORMAT);
    }
    put(s->json_path, s->json.data, s->json.len);
    for (size_t n = 0; n < s->tensors.len; n += 1 + n / 16) {
        put(s->tensor_path, s->tensors.data, n);
        assert_int_equal(load(s, NULL), TML_EFORMAT);
    }
    put(s->tensor_path, s->tensors.data, s->tensors.len);
    assert_int_equal(load(s, NULL), TML_OK);
}

static void a_changed_byte_is_found_wherever_it_is(void **state)
{
    saved *s = *state;
    for (size_t i = 0; i < s->json.len; i++) {
        s->json.data[i] ^= 0x04;
        put(s->json_path, s->json.data, s->json.len);
        s->json.data[i] ^= 0x04;
        const tml_status status = load(s, NULL);
        if (status != TML_EFORMAT && status != TML_EVERSION) {
            fail_msg("textml.json with byte %zu changed: status %d", i, (int)status);
        }
    }
    put(s->json_path, s->json.data, s->json.len);
    for (size_t i = 0; i < s->tensors.len; i += 1 + i / 512) {
        s->tensors.data[i] ^= 0x10;
        put(s->tensor_path, s->tensors.data, s->tensors.len);
        s->tensors.data[i] ^= 0x10;
        if (load(s, NULL) != TML_EFORMAT) {
            fail_msg("model.safetensors with byte %zu changed is taken", i);
        }
    }
    put(s->tensor_path, s->tensors.data, s->tensors.len);
    assert_int_equal(load(s, NULL), TML_OK);
}

/* A model whose tensors were altered and then not verified must still never read out of bounds. */
static void an_unverified_altered_model_scores_without_harm(void **state)
{
    saved *s = *state;
    char *dir = tmpdir_path(s->dir, "model");
    for (size_t i = 8; i < s->tensors.len; i += 1 + i / 256) {
        tml_model *model = NULL;
        float out[4];
        s->tensors.data[i] = (char)~s->tensors.data[i];
        put(s->tensor_path, s->tensors.data, s->tensors.len);
        s->tensors.data[i] = (char)~s->tensors.data[i];
        if (tml_model_load(dir, &model, NULL) == TML_OK) {
            scores(model, out);
            tml_model_free(model);
        }
    }
    put(s->tensor_path, s->tensors.data, s->tensors.len);
    free(dir);
}

/* Writes textml.json with `from` replaced by `to` (of one length) and a right check. */
static void rewrite(const saved *s, const char *from, const char *to)
{
    char *text = calloc(1, s->json.len + 1);
    assert_non_null(text);
    memcpy(text, s->json.data, s->json.len);
    char *at = strstr(text, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    char *check = strstr(text, ",\n  \"check\": \"xxh64:");
    assert_non_null(check);
    char digits[17];
    (void)snprintf(digits, sizeof(digits), "%016llx",
                   (unsigned long long)tmli_hash64_v1(text, (size_t)(check - text), 0));
    memcpy(check + strlen(",\n  \"check\": \"xxh64:"), digits, 16);
    put(s->json_path, text, s->json.len);
    free(text);
}

static void a_newer_artifact_is_refused_with_its_versions(void **state)
{
    const saved *s = *state;
    tml_error err = {0};
    char want[800];
    rewrite(s, "\"format\": 1", "\"format\": 2");
    assert_int_equal(load(s, &err), TML_EVERSION);
    (void)snprintf(
        want, sizeof(want),
        "%s: format 2, written by textml %s; this textml %s reads up to format 1: update "
        "textml, or train again with this version",
        s->json_path, tml_version(), tml_version());
    assert_string_equal(err.text, want);
}

static void a_recipe_that_does_not_fit_the_tensors_is_refused(void **state)
{
    const saved *s = *state;
    tml_error err = {0};
    rewrite(s, "\"length\": 6", "\"length\": 7");
    assert_int_equal(load(s, &err), TML_EFORMAT);
    assert_non_null(
        strstr(err.text, "tensor \"layers.0.weight\" is 24 x 5, the recipe says 28 x 5"));
}

static void every_failed_allocation_of_loading_is_reported(void **state)
{
    const saved *s = *state;
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = load(s, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
}

static void a_failed_save_leaves_what_was_there(void **state)
{
    const saved *s = *state;
    tml_model *model = tiny_fit(s->dir, 1, NULL);
    char *dir = tmpdir_path(s->dir, "model");
    for (size_t nth = 0;; nth++) {
        fail_allocation(nth);
        const tml_status status = tml_model_save(model, dir, NULL);
        fail_allocation(NEVER);
        assert_int_equal(load(s, NULL), TML_OK);
        tmli_paths files = {0};
        assert_int_equal(tmli_list_files(dir, &files, NULL), TML_OK);
        assert_int_equal(files.n, 2); /* no temporary file stays */
        tmli_paths_deinit(&files);
        if (status == TML_OK) {
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    tml_model_free(model);
    free(dir);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, save_model, remove_model)
    const struct CMUnitTest tests[] = {
        CASE(a_loaded_model_scores_and_saves_as_the_one_that_was_trained),
        CASE(a_missing_file_is_named),
        CASE(a_file_cut_short_is_refused),
        CASE(a_changed_byte_is_found_wherever_it_is),
        CASE(an_unverified_altered_model_scores_without_harm),
        CASE(a_newer_artifact_is_refused_with_its_versions),
        CASE(a_recipe_that_does_not_fit_the_tensors_is_refused),
        CASE(every_failed_allocation_of_loading_is_reported),
        CASE(a_failed_save_leaves_what_was_there),
    };
#undef CASE
    return cmocka_run_group_tests(tests, NULL, NULL);
}
