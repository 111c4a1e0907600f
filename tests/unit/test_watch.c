/* The looks of the watcher, one at a time: what is loaded, what is refused, what is waited for. */
#include "serve/watch.h"

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
#include "base/file.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

typedef struct fixture {
    char *dir;
    char *model_dir;
    serve_server server;
    tml_log log;
    size_t n_errors; /* records of that level */
} fixture;

static void count_errors(void *ctx, tml_log_level level, const char *message)
{
    (void)message;
    fixture *fix = ctx;
    fix->n_errors += level == TML_LOG_ERROR ? 1 : 0;
}

static int set_up(void **state)
{
    fixture *fix = calloc(1, sizeof(*fix));
    assert_non_null(fix);
    fix->dir = tmpdir_create();
    fix->model_dir = tmpdir_path(fix->dir, "model");
    fix->log = (tml_log){.write = count_errors, .ctx = fix, .least = TML_LOG_INFO};
    word_models_put("a", fix->model_dir);
    assert_int_equal(serve_server_open(&fix->server, fix->model_dir, &fix->log, NULL), TML_OK);
    serve_server_verify(&fix->server);
    *state = fix;
    return 0;
}

static int tear_down(void **state)
{
    fixture *fix = *state;
    serve_server_close(&fix->server);
    tmpdir_remove(fix->dir);
    free(fix->model_dir);
    free(fix);
    return 0;
}

static void assert_serves(fixture *fix, char which)
{
    serve_model *held = serve_models_hold_current(&fix->server.models);
    assert_non_null(held);
    assert_int_equal(tml_model_label(serve_model_of(held), 0).data[0], which);
    serve_models_let_go(&fix->server.models, held);
}

static void an_unchanged_model_stays(void **state)
{
    fixture *fix = *state;
    serve_model *before = serve_models_hold_current(&fix->server.models);
    serve_watch_look(&fix->server, false);
    serve_model *after = serve_models_hold_current(&fix->server.models);
    assert_ptr_equal(before, after);
    serve_models_let_go(&fix->server.models, after);
    serve_watch_look(&fix->server, true); /* asked for, it is loaded anew */
    after = serve_models_hold_current(&fix->server.models);
    assert_ptr_not_equal(before, after);
    serve_models_let_go(&fix->server.models, before);
    serve_models_let_go(&fix->server.models, after);
    assert_serves(fix, 'a');
}

static void a_changed_model_is_swapped_in(void **state)
{
    fixture *fix = *state;
    serve_seat *seat = NULL;
    assert_int_equal(serve_seat_take(&fix->server.models, (tml_str){0}, &seat, NULL), 200);
    word_models_put("b", fix->model_dir);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'b');
    assert_int_equal(tml_model_label(seat->model, 0).data[0], 'a'); /* who sits on it keeps it */
    serve_seat_give_back(&fix->server.models, seat);
    assert_int_equal(fix->n_errors, 0);
}

static void with_fixed_models_only_who_asks_gets_it(void **state)
{
    fixture *fix = *state;
    fix->server.settings.has_fixed_models = true;
    word_models_put("b", fix->model_dir);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'a');
    serve_watch_look(&fix->server, true);
    assert_serves(fix, 'b');
}

static void spoil(const fixture *fix)
{
    tmli_buf bytes = {0};
    char *path = tmpdir_path(fix->model_dir, "model.safetensors");
    assert_int_equal(tmli_file_read(path, SIZE_MAX, &bytes, NULL), TML_OK);
    bytes.data[bytes.len - 1] ^= 1;
    assert_int_equal(tmli_file_replace(path, bytes.data, bytes.len, NULL), TML_OK);
    tmli_buf_deinit(&bytes);
    free(path);
}

static void a_bad_model_is_told_once_after_some_seconds(void **state)
{
    fixture *fix = *state;
    spoil(fix);
    serve_watch_look(&fix->server, false);
    serve_watch_look(&fix->server, false);
    assert_int_equal(fix->n_errors, 0); /* more may come */
    assert_true(fix->server.trial.is_open);
    fix->server.trial.since_s -= 60;
    serve_watch_look(&fix->server, false);
    assert_int_equal(fix->n_errors, 1);
    serve_watch_look(&fix->server, false);
    assert_int_equal(fix->n_errors, 1);
    assert_serves(fix, 'a');
    word_models_put("b", fix->model_dir);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'b');
}

/* What /ping says meanwhile is what stands in the way now. */
static void a_bad_first_model_is_the_reason_why_none_serves(void **state)
{
    fixture *fix = *state;
    tml_error before = {0};
    tml_error after = {0};
    char *aside = tmpdir_path(fix->dir, "aside");
    serve_server_close(&fix->server);
    assert_int_equal(rename(fix->model_dir, aside), 0);
    assert_int_equal(serve_server_open(&fix->server, fix->model_dir, &fix->log, NULL), TML_OK);
    assert_false(serve_models_has_current(&fix->server.models, &before));
    word_models_put("b", fix->model_dir);
    spoil(fix);
    serve_watch_look(&fix->server, false);
    fix->server.trial.since_s -= 60; /* no more is coming */
    serve_watch_look(&fix->server, false);
    assert_false(serve_models_has_current(&fix->server.models, &after));
    assert_non_null(strstr(after.text, "model.safetensors"));
    assert_null(strstr(before.text, "model.safetensors"));
    word_models_put("b", fix->model_dir);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'b');
    free(aside);
}

static void missing_files_change_nothing(void **state)
{
    fixture *fix = *state;
    char *aside = tmpdir_path(fix->dir, "aside");
    assert_int_equal(rename(fix->model_dir, aside), 0);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'a');
    assert_int_equal(fix->n_errors, 0);
    serve_watch_look(&fix->server, true);
    assert_serves(fix, 'a');
    assert_int_equal(fix->n_errors, 1);
    assert_int_equal(rename(aside, fix->model_dir), 0);
    serve_watch_look(&fix->server, false);
    assert_serves(fix, 'a');
    free(aside);
}

static void without_memory_the_old_model_serves_on(void **state)
{
    fixture *fix = *state;
    bool is_done = false;
    word_models_put("b", fix->model_dir);
    for (size_t nth = 0; !is_done; nth++) {
        fail_allocation(nth);
        serve_watch_look(&fix->server, false);
        fail_allocation(NEVER);
        serve_model *held = serve_models_hold_current(&fix->server.models);
        assert_non_null(held);
        is_done = tml_model_label(serve_model_of(held), 0).data[0] == 'b';
        serve_models_let_go(&fix->server.models, held);
        if (!fix->server.trial.is_open && !is_done) {
            fix->server.trial.mark = (serve_mark){0}; /* the next look sees a change */
        }
    }
}

static void the_thread_comes_and_goes(void **state)
{
    fixture *fix = *state;
    serve_watcher *watcher = NULL;
    fix->server.is_unverified = true;
    assert_int_equal(serve_watcher_start(&fix->server, &watcher, NULL), TML_OK);
    serve_watcher_wake(watcher);
    assert_true(serve_watcher_stop(watcher));
    assert_true(serve_watcher_stop(NULL));
    assert_serves(fix, 'a');
    fail_allocation(0);
    assert_int_equal(serve_watcher_start(&fix->server, &watcher, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_unchanged_model_stays),
        TEST(a_changed_model_is_swapped_in),
        TEST(with_fixed_models_only_who_asks_gets_it),
        TEST(a_bad_model_is_told_once_after_some_seconds),
        TEST(a_bad_first_model_is_the_reason_why_none_serves),
        TEST(missing_files_change_nothing),
        TEST(without_memory_the_old_model_serves_on),
        TEST(the_thread_comes_and_goes),
    };
    return cmocka_run_group_tests(tests, word_models_make, word_models_remove);
}
