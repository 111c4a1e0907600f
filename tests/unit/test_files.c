/* Artifacts' files from outside: marks, and where they may lie. */
#include "serve/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

typedef struct place {
    char *dir;
    char *root; /* DIR/models, with "flat", "deep/model", "empty", and links */
} place;

static void link_to(const place *p, const char *target, const char *name)
{
    char *path = tmpdir_path(p->root, name);
    assert_int_equal(symlink(target, path), 0);
    free(path);
}

static int set_up(void **state)
{
    place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->dir = tmpdir_create();
    p->root = tmpdir_path(p->dir, "models");
    tmpdir_write_text(p->dir, "models/flat/textml.json", "{}");
    tmpdir_write_text(p->dir, "models/flat/model.safetensors", "12345");
    tmpdir_write_text(p->dir, "models/deep/model/textml.json", "{}");
    tmpdir_write_text(p->dir, "models/empty/other", "");
    tmpdir_write_text(p->dir, "models/file", "");
    tmpdir_write_text(p->dir, "models/.hidden/textml.json", "{}");
    tmpdir_write_text(p->dir, "outside/textml.json", "{}");
    link_to(p, "flat", "inner");
    link_to(p, "../outside", "outer");
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    tmpdir_remove(p->dir);
    free(p->root);
    free(p);
    return 0;
}

static void a_mark_changes_with_either_file(void **state)
{
    const place *p = *state;
    char *dir = tmpdir_path(p->root, "flat");
    const serve_mark first = serve_mark_of(dir);
    const serve_mark again = serve_mark_of(dir);
    assert_true(serve_mark_is_complete(&first));
    assert_true(serve_mark_eq(&first, &again));
    static const char *const names[] = {"models/flat/textml.json", "models/flat/model.safetensors"};
    serve_mark before = first;
    for (size_t i = 0; i < SERVE_ARTIFACT_FILES; i++) {
        char *path = tmpdir_path(p->dir, names[i]);
        assert_int_equal(tmli_file_replace(path, "12", 2, NULL), TML_OK); /* "{}" has 2, too */
        const serve_mark now = serve_mark_of(dir);
        assert_false(serve_mark_eq(&before, &now));
        before = now;
        free(path);
    }
    char *json = tmpdir_path(dir, "textml.json");
    assert_int_equal(unlink(json), 0);
    const serve_mark gone = serve_mark_of(dir);
    assert_false(serve_mark_is_complete(&gone));
    assert_false(serve_mark_eq(&before, &gone));
    assert_true(serve_mark_bytes(&before) > 4);
    free(json);
    free(dir);
}

static void the_reckoned_memory_grows_with_the_files_and_never_wraps(void **state)
{
    (void)state;
    serve_mark mark = {0};
    const size_t least = serve_mark_bytes(&mark);
    mark.files[1].n_bytes = 1000;
    assert_int_equal(serve_mark_bytes(&mark), least + 1000);
    mark.files[0].n_bytes = 1;
    assert_true(serve_mark_bytes(&mark) > least + 1000);
    mark.files[0].n_bytes = mark.files[1].n_bytes = UINT64_MAX;
    assert_int_equal(serve_mark_bytes(&mark), SIZE_MAX);
    mark.files[0].n_bytes = UINT64_MAX / 2;
    mark.files[1].n_bytes = 5;
    assert_int_equal(serve_mark_bytes(&mark), SIZE_MAX);
}

static unsigned resolve(const place *p, const char *name)
{
    char *path = tmpdir_path(p->root, name);
    char *out = NULL;
    tml_error err = {0};
    const unsigned status = serve_resolve_dir(p->root, tmli_str(path), &out, &err);
    assert_int_equal(status == 200, out != NULL);
    assert_int_equal(status == 200, err.text[0] == '\0');
    tmli_free(out);
    free(path);
    return status;
}

static void directories_below_the_root_are_resolved(void **state)
{
    const place *p = *state;
    assert_int_equal(resolve(p, "flat"), 200);
    assert_int_equal(resolve(p, "flat/"), 200);
    assert_int_equal(resolve(p, "deep/model"), 200);
    assert_int_equal(resolve(p, "deep/../flat"), 200);
    assert_int_equal(resolve(p, "inner"), 200);
    assert_int_equal(resolve(p, "outer"), 400);
    assert_int_equal(resolve(p, ".."), 400);
    assert_int_equal(resolve(p, "."), 400); /* the root itself is no model */
    assert_int_equal(resolve(p, "flat/../../outside"), 400);
    assert_int_equal(resolve(p, "../models2"), 404);
    assert_int_equal(resolve(p, "none"), 404);
    assert_int_equal(resolve(p, "file"), 400);
    assert_int_equal(resolve(p, "file/x"), 404);
    char *out = NULL;
    assert_int_equal(serve_resolve_dir(p->root, TML_STR("models/flat"), &out, NULL), 400);
    assert_int_equal(serve_resolve_dir(p->root, TML_STR(""), &out, NULL), 400);
    assert_int_equal(serve_resolve_dir(p->root, TML_STR("/\0"), &out, NULL), 400);
    assert_int_equal(serve_resolve_dir("/nowhere/at/all", TML_STR("/tmp"), &out, NULL), 404);
    assert_null(out);
    assert_int_equal(serve_resolve_dir("/", TML_STR("/tmp"), &out, NULL), 200);
    assert_string_equal(out, "/tmp");
    tmli_free(out);
}

static void a_root_is_no_prefix_of_its_neighbour(void **state)
{
    const place *p = *state;
    char *out = NULL;
    char *sibling = tmpdir_path(p->dir, "models-other/x");
    tmpdir_write_text(p->dir, "models-other/x/textml.json", "{}");
    assert_int_equal(serve_resolve_dir(p->root, tmli_str(sibling), &out, NULL), 400);
    assert_null(out);
    free(sibling);
}

static void names_are_found_in_the_root(void **state)
{
    const place *p = *state;
    char name[300];
    memset(name, 'x', sizeof(name));
    const struct {
        tml_str name;
        unsigned status;
        const char *dir;
    } cases[] = {
        {TML_STR("flat"), 200, "flat"},     {TML_STR("deep"), 200, "deep/model"},
        {TML_STR("inner"), 200, "inner"},   {TML_STR("outer"), 400, NULL},
        {TML_STR("empty"), 404, NULL},      {TML_STR("file"), 404, NULL},
        {TML_STR("none"), 404, NULL},       {TML_STR(""), 404, NULL},
        {TML_STR("."), 404, NULL},          {TML_STR(".."), 404, NULL},
        {TML_STR(".hidden"), 404, NULL},    {TML_STR("deep/model"), 404, NULL},
        {TML_STR("../outside"), 404, NULL}, {TML_STR("/tmp"), 404, NULL},
        {TML_STR("flat\0x"), 404, NULL},    {{name, sizeof(name)}, 404, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *out = NULL;
        tml_error err = {0};
        assert_int_equal(serve_find_dir(p->root, cases[i].name, &out, &err), cases[i].status);
        if (cases[i].dir != NULL) {
            char *want = tmpdir_path(p->root, cases[i].dir);
            assert_string_equal(out, want);
            free(want);
        } else {
            assert_null(out);
            assert_true(strlen(err.text) > 0);
        }
        tmli_free(out);
    }
}

static void every_allocation_may_fail(void **state)
{
    const place *p = *state;
    char *path = tmpdir_path(p->root, "flat");
    for (size_t nth = 0; nth < 16; nth++) {
        char *out = NULL;
        fail_allocation(nth);
        unsigned status = serve_resolve_dir(p->root, tmli_str(path), &out, NULL);
        fail_allocation(NEVER);
        assert_true(status == 200 || status == 507);
        assert_int_equal(status == 200, out != NULL);
        tmli_free(out);
        out = NULL;
        fail_allocation(nth);
        status = serve_find_dir(p->root, TML_STR("flat"), &out, NULL);
        fail_allocation(NEVER);
        assert_true(status == 200 || status == 507);
        assert_int_equal(status == 200, out != NULL);
        tmli_free(out);
    }
    free(path);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mark_changes_with_either_file),
        TEST(the_reckoned_memory_grows_with_the_files_and_never_wraps),
        TEST(directories_below_the_root_are_resolved),
        TEST(a_root_is_no_prefix_of_its_neighbour),
        TEST(names_are_found_in_the_root),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
