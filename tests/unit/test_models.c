/* The registry: seats, names, room, who goes first. Models are of two words, and their answers tell which. */
#include "serve/models.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/tiny_model.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

enum {
    N_MODELS = 4
};

static char *made; /* a, b, c, d below it: the root of all tests */

static int make_models(void **state)
{
    (void)state;
    made = tmpdir_create();
    char *scratch = tmpdir_create();
    char name[] = "a";
    for (size_t i = 0; i < N_MODELS; i++) {
        name[0] = (char)('a' + i);
        char *dir = tmpdir_path(made, name);
        word_model(scratch, dir, name);
        free(dir);
    }
    tmpdir_remove(scratch);
    return 0;
}

static int remove_models(void **state)
{
    (void)state;
    tmpdir_remove(made);
    return 0;
}

static int set_up(void **state)
{
    serve_models *models = calloc(1, sizeof(*models));
    assert_non_null(models);
    assert_int_equal(serve_models_init(models, NULL), TML_OK);
    models->options = (serve_models_options){.is_multi_model = true, .root = made};
    *state = models;
    return 0;
}

static int tear_down(void **state)
{
    serve_models *models = *state;
    serve_models_deinit(models);
    free(models);
    return 0;
}

/* Loads the artifact called by the name's first letter. */
static unsigned load(serve_models *models, const char *name)
{
    char which[] = {name[0], '\0'};
    char *url = tmpdir_path(made, which);
    tml_error err = {0};
    const unsigned status = serve_models_load(models, tmli_str(name), tmli_str(url), &err);
    assert_int_equal(status == 200, err.text[0] == '\0');
    free(url);
    return status;
}

/* The first letter of the model that answers for name, or NUL with *status. */
static char ask(serve_models *models, const char *name, unsigned *status)
{
    serve_seat *seat = NULL;
    tml_error err = {0};
    const tml_str text = TML_STR("hot");
    *status = serve_seat_take(models, tmli_str(name), &seat, &err);
    if (*status != 200) {
        assert_null(seat);
        assert_true(strlen(err.text) > 0);
        return '\0';
    }
    assert_int_equal(tml_session_predict(seat->session, &text, 1, seat->scores, NULL), TML_OK);
    const size_t best = tml_best(seat->scores, tml_model_labels(seat->model));
    const char letter = tml_model_label(seat->model, best).data[0];
    serve_seat_give_back(models, seat);
    return letter;
}

static void assert_answers(serve_models *models, const char *name, char want)
{
    unsigned status = 0;
    assert_int_equal(ask(models, name, &status), want);
    assert_int_equal(status, 200);
}

static void assert_refuses(serve_models *models, const char *name, unsigned want)
{
    unsigned status = 0;
    assert_int_equal(ask(models, name, &status), '\0');
    assert_int_equal(status, want);
}

/* ---- names ---- */

static void each_name_has_its_own_model(void **state)
{
    serve_models *models = *state;
    static const char *const names[] = {"b", "a", "d", "c2", "c1"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(load(models, names[i]), 200);
        assert_int_equal(load(models, names[i]), 409);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_answers(models, names[i], names[i][0]);
    }
    assert_refuses(models, "c", 404);
    assert_refuses(models, "c11", 404);
    assert_int_equal(serve_models_unload(models, TML_STR("c2"), NULL), 200);
    assert_int_equal(serve_models_unload(models, TML_STR("c2"), NULL), 404);
    assert_refuses(models, "c2", 404);
    assert_answers(models, "c1", 'c');
}

static void names_that_cannot_be_are_refused(void **state)
{
    serve_models *models = *state;
    char *url = tmpdir_path(made, "a");
    char name[SERVE_NAME_BYTES + 1];
    memset(name, 'x', sizeof(name));
    const tml_str bad[] = {TML_STR(""), TML_STR("a/b"), TML_STR("a\0b"), {name, sizeof(name)}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(serve_models_load(models, bad[i], tmli_str(url), NULL), 400);
    }
    const tml_str longest = {name, SERVE_NAME_BYTES};
    assert_int_equal(serve_models_load(models, longest, tmli_str(url), NULL), 200);
    assert_int_equal(serve_models_unload(models, longest, NULL), 200);
    free(url);
}

static void a_request_without_a_name_means_the_only_model(void **state)
{
    serve_models *models = *state;
    assert_refuses(models, "", 400);
    assert_int_equal(load(models, "b"), 200);
    assert_answers(models, "", 'b');
    assert_int_equal(load(models, "a"), 200);
    assert_refuses(models, "", 400);
    models->options.is_multi_model = false;
    assert_refuses(models, "", 503); /* there the current one is meant */
}

typedef struct shown {
    char names[256];
    size_t n;
} shown;

static void note(void *ctx, tml_str name, tml_str url)
{
    shown *s = ctx;
    assert_true(tmli_str_starts(url, made));
    s->n += (size_t)snprintf(s->names + s->n, sizeof(s->names) - s->n, "%.*s ", (int)name.len,
                             name.data);
}

static void the_list_is_in_the_order_of_names(void **state)
{
    serve_models *models = *state;
    static const char *const names[] = {"b", "a", "d", "c2", "c1"};
    shown all = {0};
    assert_false(serve_models_list(models, TML_STR(""), 10, note, &all));
    assert_int_equal(all.n, 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(load(models, names[i]), 200);
    }
    assert_false(serve_models_list(models, TML_STR(""), 5, note, &all));
    assert_string_equal(all.names, "a b c1 c2 d ");
    shown some = {0};
    assert_true(serve_models_list(models, TML_STR("b"), 2, note, &some));
    assert_string_equal(some.names, "c1 c2 ");
    assert_int_equal(serve_models_unload(models, TML_STR("c2"), NULL), 200);
    some = (shown){0};
    assert_false(serve_models_list(models, TML_STR("c2"), 2, note, &some)); /* though it is gone */
    assert_string_equal(some.names, "d ");
    some = (shown){0};
    assert_true(serve_models_show(models, TML_STR("d"), note, &some));
    assert_string_equal(some.names, "d ");
    assert_false(serve_models_show(models, TML_STR("c2"), note, &some));
}

/* ---- room ---- */

/* What one of the models is reckoned at. */
static size_t one_model(serve_models *models)
{
    assert_int_equal(load(models, "a"), 200);
    const size_t n = models->n_bytes;
    assert_int_equal(serve_models_unload(models, TML_STR("a"), NULL), 200);
    assert_int_equal(models->n_bytes, 0);
    return n;
}

static void without_room_it_is_507_and_the_others_stay(void **state)
{
    serve_models *models = *state;
    const size_t n = one_model(models);
    models->options.max_bytes = 2 * n + n / 2;
    assert_int_equal(load(models, "a"), 200);
    assert_int_equal(load(models, "b"), 200);
    assert_int_equal(load(models, "c"), 507);
    assert_answers(models, "a", 'a');
    assert_answers(models, "b", 'b');
    assert_int_equal(serve_models_unload(models, TML_STR("a"), NULL), 200);
    assert_int_equal(load(models, "c"), 200);
    assert_answers(models, "c", 'c');
    models->options.max_bytes = n / 2; /* less than is loaded */
    assert_int_equal(load(models, "d"), 507);
}

static void the_least_recently_used_goes_but_not_one_in_use(void **state)
{
    serve_models *models = *state;
    serve_seat *seat = NULL;
    const size_t n = one_model(models);
    models->options.max_bytes = 2 * n + n / 2;
    models->options.unloads_unused = true;
    assert_int_equal(load(models, "a"), 200);
    assert_int_equal(load(models, "b"), 200);
    assert_answers(models, "a", 'a');
    assert_int_equal(load(models, "c"), 200); /* b goes */
    assert_refuses(models, "b", 404);
    assert_int_equal(serve_seat_take(models, TML_STR("a"), &seat, NULL), 200);
    assert_answers(models, "c", 'c');
    assert_int_equal(load(models, "d"), 200); /* c, though a was used longer ago */
    assert_refuses(models, "c", 404);
    serve_seat *other = NULL;
    assert_int_equal(serve_seat_take(models, TML_STR("d"), &other, NULL), 200);
    assert_int_equal(load(models, "b"), 507); /* both are in use */
    serve_seat_give_back(models, seat);
    serve_seat_give_back(models, other);
    models->options.max_bytes = n / 2;
    assert_int_equal(load(models, "b"), 507); /* nothing would help: none goes */
    assert_answers(models, "a", 'a');
    assert_answers(models, "d", 'd');
}

/* ---- found ---- */

static void a_model_is_loaded_when_it_is_asked_for(void **state)
{
    serve_models *models = *state;
    const size_t n = one_model(models);
    models->options.finds = true;
    models->options.max_bytes = 2 * n + n / 2;
    assert_true(serve_models_would_load(models, TML_STR("a")));
    for (size_t i = 0; i < 3 * (size_t)N_MODELS; i++) {
        char name[] = {(char)('a' + i % N_MODELS), '\0'};
        assert_answers(models, name, name[0]);
        assert_false(serve_models_would_load(models, tmli_str(name)));
        assert_true(models->n_named <= 2);
    }
    assert_refuses(models, "e", 404);
    assert_refuses(models, "..", 404);
    models->options.max_bytes = 1;
    assert_refuses(models, "a", 507);
}

/* ---- seats ---- */

static void idle_seats_are_bounded_over_all_models(void **state)
{
    enum {
        N = 6
    };
    serve_models *models = *state;
    serve_seat *seats[N_MODELS][N];
    models->options.max_idle_seats = 5;
    char name[] = "a";
    for (size_t m = 0; m < N_MODELS; m++) {
        name[0] = (char)('a' + m);
        assert_int_equal(load(models, name), 200);
        for (size_t i = 0; i < N; i++) {
            assert_int_equal(serve_seat_take(models, tmli_str(name), &seats[m][i], NULL), 200);
        }
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t m = 0; m < N_MODELS; m++) {
            serve_seat_give_back(models, seats[m][i]);
            assert_true(models->n_idle_seats <= 5);
        }
    }
    assert_int_equal(models->n_idle_seats, 5);
    assert_int_equal(serve_models_unload(models, TML_STR("d"), NULL), 200);
    assert_true(models->n_idle_seats < 5);
    for (size_t m = 0; m + 1 < N_MODELS; m++) {
        name[0] = (char)('a' + m);
        assert_answers(models, name, name[0]);
    }
    for (serve_seat *seat = models->newest; seat != NULL; seat = seat->older) {
        seat->idle_since_s -= 3600;
    }
    const serve_seat *kept = models->newest;
    assert_non_null(kept);
    assert_answers(models, "a", 'a'); /* that one is used again */
    serve_models_tidy(models);
    assert_int_equal(models->n_idle_seats, 1);
    serve_models_tidy(models);
    assert_int_equal(models->n_idle_seats, 1);
}

/* ---- threads ---- */

typedef struct unloader {
    serve_models *models;
    unsigned status;
    atomic_bool has_ended;
} unloader;

static void *unload(void *arg)
{
    unloader *u = arg;
    u->status = serve_models_unload(u->models, TML_STR("a"), NULL);
    atomic_store(&u->has_ended, true);
    return NULL;
}

static void unloading_waits_for_the_last_seat(void **state)
{
    serve_models *models = *state;
    serve_seat *seat = NULL;
    pthread_t thread;
    unloader u = {.models = models};
    atomic_init(&u.has_ended, false);
    assert_int_equal(load(models, "a"), 200);
    assert_int_equal(serve_seat_take(models, TML_STR("a"), &seat, NULL), 200);
    assert_int_equal(pthread_create(&thread, NULL, unload, &u), 0);
    unsigned status = 200;
    while (status == 200) {
        (void)ask(models, "a", &status); /* until the name is gone */
    }
    assert_int_equal(status, 404);
    assert_false(atomic_load(&u.has_ended));
    const tml_str text = TML_STR("hot");
    assert_int_equal(tml_session_predict(seat->session, &text, 1, seat->scores, NULL), TML_OK);
    serve_seat_give_back(models, seat);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(u.status, 200);
    assert_int_equal(models->n_bytes, 0);
}

typedef struct worker {
    serve_models *models;
    unsigned seed;
    size_t n_answers;
    size_t n_wrong;
} worker;

/* Loads, asks and unloads at random. cmocka is not for threads. */
static void *do_anything(void *arg)
{
    enum {
        ROUNDS = 400
    };
    worker *w = arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        w->seed = w->seed * 1664525U + 1013904223U;
        char name[] = {(char)('a' + (w->seed >> 16) % N_MODELS), '\0'};
        const unsigned what = (w->seed >> 24) % 8;
        unsigned status = 0;
        if (what == 0) {
            status = serve_models_unload(w->models, tmli_str(name), NULL);
            w->n_wrong += status == 200 || status == 404 ? 0 : 1;
        } else {
            serve_seat *seat = NULL;
            const tml_str text = TML_STR("ice");
            status = serve_seat_take(w->models, tmli_str(name), &seat, NULL);
            w->n_wrong += status == 200 || status == 404 || status == 507 ? 0 : 1;
            if (status == 200) {
                w->n_answers++;
                const bool is_right =
                    tml_session_predict(seat->session, &text, 1, seat->scores, NULL) == TML_OK &&
                    tml_model_label(seat->model, 0).data[0] == name[0];
                w->n_wrong += is_right ? 0 : 1;
                serve_seat_give_back(w->models, seat);
            }
        }
    }
    return NULL;
}

static void threads_may_do_anything_at_once(void **state)
{
    enum {
        N = 4
    };
    serve_models *models = *state;
    pthread_t threads[N];
    worker workers[N];
    models->options.max_bytes = 3 * one_model(models) + 100;
    models->options.finds = true;
    models->options.max_idle_seats = 3;
    for (unsigned i = 0; i < N; i++) {
        workers[i] = (worker){.models = models, .seed = i};
        assert_int_equal(pthread_create(&threads[i], NULL, do_anything, &workers[i]), 0);
    }
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].n_wrong, 0);
        assert_true(workers[i].n_answers > 0);
    }
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    serve_models *models = *state;
    char *url = tmpdir_path(made, "a");
    bool is_done = false;
    for (size_t nth = 0; !is_done; nth++) {
        fail_allocation(nth);
        const unsigned status = serve_models_load(models, TML_STR("a"), tmli_str(url), NULL);
        is_done = !allocation_has_failed();
        fail_allocation(NEVER);
        const bool has_loaded = status == 200;
        /* What a file's reader cannot hold it may call a fault of the file. */
        assert_true(has_loaded || status == 507 || status == 500);
        assert_int_equal(models->n_named, has_loaded ? 1 : 0);
        assert_int_equal(models->n_bytes > 0, has_loaded);
        assert_true(has_loaded || !is_done);
        if (has_loaded && !is_done) { /* it was room for a sentence alone, say */
            assert_int_equal(serve_models_unload(models, TML_STR("a"), NULL), 200);
        }
    }
    bool has_seat = false;
    for (size_t nth = 0; !has_seat; nth++) {
        serve_seat *seat = NULL;
        fail_allocation(nth);
        const unsigned status = serve_seat_take(models, TML_STR("a"), &seat, NULL);
        fail_allocation(NEVER);
        has_seat = status == 200;
        assert_true(has_seat || status == 507);
        serve_seat_give_back(models, seat);
    }
    free(url);
}

/* ---- caches ---- */

/* A network in the root, as "network". */
static void put_network(void)
{
    char *scratch = tmpdir_create();
    char *dir = tmpdir_path(made, "network");
    tml_model *model = tiny_fit(scratch);
    tml_error err = {0};
    assert_int_equal(tml_model_save(model, dir, &err), TML_OK);
    tml_model_free(model);
    free(dir);
    tmpdir_remove(scratch);
}

static unsigned load_network(serve_models *models)
{
    char *url = tmpdir_path(made, "network");
    tml_error err = {0};
    const unsigned status = serve_models_load(models, TML_STR("n"), tmli_str(url), &err);
    free(url);
    return status;
}

static size_t cache_of_network(serve_models *models)
{
    serve_seat *seat = NULL;
    tml_error err = {0};
    assert_int_equal(serve_seat_take(models, TML_STR("n"), &seat, &err), 200);
    const size_t n = tml_model_cache_bytes(seat->model);
    serve_seat_give_back(models, seat);
    return n;
}

static void a_cache_is_reckoned_where_there_is_room_for_it(void **state)
{
    serve_models *models = *state;
    tml_error err = {0};
    put_network();
    assert_int_equal(load_network(models), 200);
    const size_t n_cache = cache_of_network(models);
    assert_true(n_cache > 0);
    assert_int_equal(models->n_cache_bytes, n_cache);
    const size_t n_bare = models->n_bytes - n_cache;
    assert_int_equal(serve_models_unload(models, TML_STR("n"), &err), 200);
    assert_int_equal(models->n_bytes, 0);
    assert_int_equal(models->n_cache_bytes, 0);

    const struct {
        size_t room, want;
    } cases[] = {
        {n_bare + n_cache - 1, 0}, /* the model has room, its cache has not */
        {4 * n_cache - 4 > n_bare + n_cache ? 4 * n_cache - 4 : 0, 0}, /* more than a quarter */
        {4 * (n_bare + n_cache), n_cache},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].room == 0) {
            continue;
        }
        models->options.max_bytes = cases[i].room;
        assert_int_equal(load_network(models), 200);
        assert_int_equal(cache_of_network(models), cases[i].want);
        assert_int_equal(models->n_cache_bytes, cases[i].want);
        assert_int_equal(models->n_bytes, n_bare + cases[i].want);
        assert_int_equal(serve_models_unload(models, TML_STR("n"), &err), 200);
        assert_int_equal(models->n_bytes, 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cache_is_reckoned_where_there_is_room_for_it),
        TEST(each_name_has_its_own_model),
        TEST(names_that_cannot_be_are_refused),
        TEST(a_request_without_a_name_means_the_only_model),
        TEST(the_list_is_in_the_order_of_names),
        TEST(without_room_it_is_507_and_the_others_stay),
        TEST(the_least_recently_used_goes_but_not_one_in_use),
        TEST(a_model_is_loaded_when_it_is_asked_for),
        TEST(idle_seats_are_bounded_over_all_models),
        TEST(unloading_waits_for_the_last_seat),
        TEST(threads_may_do_anything_at_once),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, make_models, remove_models);
}
