/* The recipe `newsgroups` from class folders to answers: a raw message is the whole body, the bare label its answer.
 * scikit-learn's labels and probabilities stand in golden/newsgroups_served, whose make.py says how they were made. */
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
#include "contract/job.h"
#include "contract/server.h"
#include "support/near.h"

#define GOLDEN TML_GOLDEN_DIR "/newsgroups_served"

enum {
    N_REQUESTS = 3
};

/* A message, and what scikit-learn says of it. */
typedef struct message {
    char *text; /* latin-1, NUL-terminated (free) */
    char label[64];
    double score;    /* of that label */
    double flat_idf; /* the score if every idf were 1, as the tutorial's endpoint had it */
} message;

static message messages[N_REQUESTS];

static int set_up(void **state)
{
    void *trained = NULL;
    (void)state;
    (void)job_setup(&trained);
    const char *const args[] = {"--recipe", "newsgroups", "--channel", ("train=" GOLDEN "/train"),
                                NULL};
    (void)job_train(trained, args);
    assert_trained(trained);
    char *const out = process_stdout(&((job *)trained)->train);
    assert_non_null(strstr(out, "rows: 9 train, 0 validation, 0 test;"));
    free(out);
    server_adopt(trained);
    FILE *const want = fopen(GOLDEN "/want", "r");
    assert_non_null(want);
    for (size_t i = 0; i < N_REQUESTS; i++) {
        char path[512];
        message *const m = &messages[i];
        (void)snprintf(path, sizeof path, GOLDEN "/request-%zu", i);
        m->text = process_read_file(path, NULL);
        assert_non_null(m->text);
        char line[256];
        assert_non_null(fgets(line, sizeof line, want));
        char *at = strchr(line, '\t'); /* "LABEL\tSCORE\tSCORE" */
        assert_non_null(at);
        (void)snprintf(m->label, sizeof m->label, "%.*s", (int)(at - line), line);
        char *end = at;
        m->score = strtod(at, &end);
        assert_ptr_not_equal(end, at);
        m->flat_idf = strtod(end, &at);
        assert_ptr_not_equal(end, at);
    }
    (void)fclose(want);
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < N_REQUESTS; i++) {
        free(messages[i].text);
    }
    return server_forget(state);
}

static void a_raw_message_gets_the_bare_label(void **state)
{
    static const char *const types[][2] = {
        {"text/csv", "text/csv"},
        {"text/plain", "text/plain"},
        {"text/csv; charset=iso-8859-1", "text/csv"},
        {"text/plain; charset=latin-1", "text/plain"},
        {"application/octet-stream", "text/csv"},
        {NULL, "text/csv"},
    };
    server *const s = *state;
    for (size_t i = 0; i < N_REQUESTS; i++) {
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            server_ask(s, types[t][0], NULL, messages[i].text);
            assert_answer(s, 200, types[t][1], messages[i].label);
        }
    }
}

/* The first of {"predictions": [{"label": …, "score": …}]} of n. */
static const tmli_value *prediction(const server *s, size_t n, tmli_arena *arena)
{
    const tmli_value *root = NULL;
    assert_int_equal(s->answer.status, 200);
    assert_int_equal(tmli_json_parse(tmli_str(s->answer.body), arena, &root, NULL), TML_OK);
    const tmli_value *const list = tmli_value_get(root, "predictions");
    assert_non_null(list);
    assert_int_equal(list->n, n);
    return list->first;
}

/* The trained idf is in the score; scores are floats. */
static void json_on_request_has_the_score_of_the_trained_idf(void **state)
{
    static const char *const types[] = {"text/csv", "text/plain; charset=iso-8859-1"};
    server *const s = *state;
    for (size_t i = 0; i < 2 * N_REQUESTS; i++) {
        const message *const m = &messages[i / 2];
        tmli_arena arena;
        tmli_arena_init(&arena, 1024, 0);
        server_ask(s, types[i % 2], "application/json", m->text);
        const tmli_value *const answer = prediction(s, 1, &arena);
        assert_string_equal(tmli_value_get(answer, "label")->text.data, m->label);
        assert_near(tmli_value_get(answer, "score")->number, m->score, 1e-7);
        assert_true(fabs(m->score - m->flat_idf) > 1e-3);
        tmli_arena_deinit(&arena);
    }
}

/* JSON's texts are documents each, and lines answer several of them. */
static void json_is_read_as_in_every_recipe(void **state)
{
    tmli_buf body = {0};
    char want[160];
    tmli_arena arena;
    server *const s = *state;
    tmli_buf_append_text(&body, "{\"probabilities\": true, \"instances\": [");
    for (size_t i = 0; i < 2; i++) { /* those that are ASCII */
        tmli_buf_append_text(&body, i > 0 ? ", " : "");
        tmli_json_string(&body, tmli_str(messages[i].text));
    }
    tmli_buf_append_text(&body, "]}");
    server_ask(s, "application/json", NULL, tmli_buf_cstr(&body));
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const first = prediction(s, 2, &arena);
    const tmli_value *const all = tmli_value_get(first, "probabilities");
    assert_int_equal(all->n, 3);
    assert_near(tmli_value_get(all, messages[0].label)->number, messages[0].score, 1e-7);
    char *const asked = strstr(body.data, "true");
    if (asked == NULL) {
        fail_msg("no probabilities asked for");
        return;
    }
    memcpy(asked, "null", 4); /* as if it were not there: text has room for one thing, the label */
    server_ask(s, "application/json", "text/plain", tmli_buf_cstr(&body));
    (void)snprintf(want, sizeof want, "%s\n%s\n", messages[0].label, messages[1].label);
    assert_answer(s, 200, "text/plain", want);
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&body);
}

static void what_is_no_document_gets_no_label(void **state)
{
    server *const s = *state;
    server_ask(s, "text/csv", NULL, "");
    assert_answer(s, 204, NULL, "");
    server_ask(s, "text/plain", "application/json", "");
    assert_answer(s, 204, NULL, "");
    server_ask(s, "text/plain", NULL, "\x1f\x8b\x08");
    assert_error(
        s, 400,
        "body: gzip data, expected text/plain: send it unpacked, or with Content-Encoding: gzip");
    server_ask(s, "text/csv; charset=utf-16", NULL, "x");
    assert_error(s, 415,
                 "Content-Type: charset \"utf-16\" is not read here; send UTF-8 or ISO-8859-1");
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, server_setup_started, server_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(a_raw_message_gets_the_bare_label),
        STARTED(json_on_request_has_the_score_of_the_trained_idf),
        STARTED(json_is_read_as_in_every_recipe),
        STARTED(what_is_no_document_gets_no_label),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
