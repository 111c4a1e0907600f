/* Two containers of an inference pipeline: what the first answers is what the second is asked. contract.md §9.6: P03, P04. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "contract/many.h"
#include "support/tmpdir.h"
#include "support/word_model.h"

#define ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

enum {
    N_CONTAINERS = 2
};

/* Starts the artifact `which` as a container of a pipeline: the platform says on which port. */
static void start(server *s, const char *which)
{
    char *dir = word_models_path(which);
    s->process.fd = -1;
    s->dir = tmpdir_create();
    s->model_dir = tmpdir_path(s->dir, "unused");
    s->env = ENV("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT=text/csv");
    server_launch(s, ARGS("serve", "--model-dir", dir, "--host", "127.0.0.1", "--port", "0"));
    s->env = NULL;
    s->port = process_port(&s->process, PROCESS_SECONDS);
    s->client = http_client_create(s->port);
    free(dir);
}

/* As the platform does: body and type go on, Accept is for the last container alone. */
static void pass_through(server *containers, const char *type, const char *accept, const char *body)
{
    char *next_type = NULL;
    for (size_t i = 0; i < N_CONTAINERS; i++) {
        const bool is_last = i + 1 == N_CONTAINERS;
        const server *before = i > 0 ? &containers[i - 1] : NULL;
        server_ask(&containers[i], before != NULL ? next_type : type, is_last ? accept : NULL,
                   before != NULL ? before->answer.body : body);
        assert_int_equal(containers[i].answer.status, 200);
        free(next_type);
        next_type = http_header(&containers[i].answer, "Content-Type");
        assert_non_null(next_type);
    }
    free(next_type);
}

static int set_up(void **state)
{
    server *containers = calloc(N_CONTAINERS, sizeof(*containers));
    assert_non_null(containers);
    for (size_t i = 0; i < N_CONTAINERS; i++) {
        start(&containers[i], i == 0 ? "a" : "b");
    }
    *state = containers;
    return 0;
}

static int tear_down(void **state)
{
    server *containers = *state;
    for (size_t i = 0; i < N_CONTAINERS; i++) {
        server *s = &containers[i];
        server_stop(s);
        http_client_free(s->client);
        http_answer_free(&s->answer);
        process_end(&s->process);
        tmpdir_remove(s->dir);
        free(s->model_dir);
    }
    free(containers);
    return 0;
}

static void P04_a_chain_answers_as_its_steps_do(void **state)
{
    static const struct {
        const char *type, *accept, *body, *between, *want_type, *want;
    } cases[] = {
        {"text/csv", NULL, "hot\nice\n", "a-hot\na-ice\n", "text/csv", "b-hot\nb-ice\n"},
        {"text/plain", "text/plain", "ice\nhot\nhot", "a-ice\na-hot\na-hot\n", "text/plain",
         "b-ice\nb-hot\nb-hot\n"},
        {"application/json", "application/json", "{\"instances\": [\"ice\"]}", "a-ice\n",
         "application/json", NULL},
    };
    server *containers = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pass_through(containers, cases[i].type, cases[i].accept, cases[i].body);
        assert_answer(&containers[0], 200, "text/csv", cases[i].between); /* P03 */
        char *chained = strdup(containers[1].answer.body);
        assert_non_null(chained);
        server_ask(&containers[1], "text/csv", cases[i].accept, cases[i].between);
        assert_answer(&containers[1], 200, cases[i].want_type,
                      cases[i].want != NULL ? cases[i].want : chained);
        assert_string_equal(containers[1].answer.body, chained);
        assert_non_null(strstr(chained, "b-ice"));
        free(chained);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(P04_a_chain_answers_as_its_steps_do, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, word_models_make, word_models_remove);
}
