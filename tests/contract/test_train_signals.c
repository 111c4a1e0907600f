/* Being stopped: T41 of contract.md §9.3. SIGTERM ends the batch, writes the model so far and exits with 0; a second
 * signal ends the process at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "contract/job.h"
#include "textml/model.h"

static const double grace_seconds = 10; /* SageMaker gives 120 */

enum {
    VECTOR_BYTES = 256 << 20 /* more than is read before a signal is seen */
};

/* Rows and epochs for a run that does not end by itself; waits until it trains. */
static void start_endlessly(job *j, const char *more)
{
    char settings[256];
    job_fill(j);
    job_write_rows(j, "input/data/train/rows.csv", 4000);
    (void)snprintf(settings, sizeof settings, ", \"epochs\": \"100000\"%s", more);
    job_hyperparameters(j, settings);
    job_start(j, NULL);
    process_says(&j->train, "epoch=1;", PROCESS_SECONDS);
}

/* The artifact is whole and knows the words. */
static void assert_model_answers(const job *j)
{
    tml_model *model = NULL;
    tml_session *session = NULL;
    tml_error err = {0};
    char *const dir = job_path(j, "model");
    if (tml_model_load(dir, &model, &err) != TML_OK || tml_model_verify(model, &err) != TML_OK ||
        tml_session_create(model, &session, &err) != TML_OK) {
        fail_msg("%s", err.text);
    }
    free(dir);
    const tml_str text = TML_STR("virus doctor vaccine");
    double scores[4];
    assert_int_equal(tml_model_labels(model), 4);
    assert_int_equal(tml_session_predict(session, &text, 1, scores, NULL), TML_OK);
    assert_true(tmli_str_eq_text(tml_model_label(model, tml_best(scores, 4)), "Health & Medicine"));
    tml_session_free(session);
    tml_model_free(model);
}

static void assert_stopped_with_a_model(job *j)
{
    assert_int_equal(process_exit(&j->train, grace_seconds), 0);
    assert_trained(j);
    char *const err = process_stderr(&j->train);
    assert_int_equal(strncmp(err, "train: warning: stopped on request in epoch ", 44), 0);
    free(err);
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const metrics = job_metrics(j, &arena);
    assert_int_equal(tmli_value_get(metrics, "interrupted")->number, 1);
    assert_true(number_at(metrics, "best_epoch") >= 1);
    tmli_arena_deinit(&arena);
    assert_model_answers(j);
}

static void a_term_signal_leaves_the_model_so_far_and_exits_with_0(void **state)
{
    job *const j = *state;
    start_endlessly(j, "");
    process_signal(&j->train, SIGTERM);
    assert_stopped_with_a_model(j);
}

static void an_interrupt_does_the_same(void **state)
{
    job *const j = *state;
    start_endlessly(j, "");
    process_signal(&j->train, SIGINT);
    assert_stopped_with_a_model(j);
}

static void a_term_signal_keeps_the_best_weights_of_early_stopping(void **state)
{
    job *const j = *state;
    start_endlessly(j, ", \"early_stopping\": \"true\", \"patience\": \"100000\", \"trainable\": "
                       "\"true\"");
    process_signal(&j->train, SIGTERM);
    assert_stopped_with_a_model(j);
}

/* Both signals are pending when the process wakes: the second finds the first one's mark. */
static void a_second_signal_ends_the_process_at_once(void **state)
{
    job *const j = *state;
    int status = 0;
    if (getenv("TEXTML_PROGRAMS") != NULL) {
        (void)fprintf(stderr, "SKIPPED: the program cannot be stopped behind another; "
                              "tests/container/train.sh does it\n");
        skip();
    }
    start_endlessly(j, "");
    process_signal(&j->train, SIGSTOP);
    assert_int_equal(waitpid(j->train.pid, &status, WUNTRACED), j->train.pid);
    assert_true(WIFSTOPPED(status));
    process_signal(&j->train, SIGTERM);
    process_signal(&j->train, SIGINT);
    process_signal(&j->train, SIGCONT);
    assert_int_equal(process_exit(&j->train, grace_seconds), 1);
    assert_model_untouched(j);
}

/* False when the reader has gone. */
static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t n = write(fd, text, left);
        if (n < 0 && errno == EPIPE) {
            return false;
        }
        assert_true(n > 0);
        text += n;
        left -= (size_t)n;
    }
    return true;
}

/* The rows come through a pipe, so that the signal surely falls into reading. */
static void a_term_signal_while_reading_leaves_no_model_and_exits_with_0(void **state)
{
    job *const j = *state;
    job_fill(j);
    char *const pipe = job_path(j, "rows.csv");
    char *const channel = job_expand(j, "train=$ROOT/rows.csv");
    char *const vectors = job_expand(j, "vectors=$ROOT/input/data/vectors");
    const char *const args[] = {"--channel", channel, "--channel", vectors, NULL};
    assert_int_equal(mkfifo(pipe, 0600), 0);
    job_start(j, args);
    const int fd = open(pipe, O_WRONLY | O_CLOEXEC); /* waits for the reader */
    assert_true(fd >= 0);
    char *const rows = job_rows(4000);
    assert_true(write_all(fd, rows));
    process_signal(&j->train, SIGTERM);
    process_sleep(getenv("TEXTML_PROGRAMS") != NULL ? 3.0
                                                    : 0.05); /* an engine hands it on slowly */
    (void)write_all(fd, strchr(rows, '\n') + 1); /* the reader may have gone, as it should */
    (void)close(fd);
    assert_int_equal(process_exit(&j->train, grace_seconds), 0);
    assert_complained(j, "train: warning: stopped on request before there was a model\n");
    assert_model_untouched(j);
    assert_null(job_read(j, "output/failure", NULL));
    free(rows);
    free(vectors);
    free(channel);
    free(pipe);
}

/* Word vectors that do not end, as the largest files hardly do within the platform's patience. */
static void a_term_signal_while_reading_vectors_does_not_wait_for_their_end(void **state)
{
    job *const j = *state;
    job_fill(j);
    char *const pipe = job_path(j, "vectors.txt");
    char *const channel = job_expand(j, "vectors=$ROOT/vectors.txt");
    char *const rows = job_expand(j, "train=$ROOT/input/data/train");
    char *const lines = job_vectors();
    const char *const args[] = {"--channel", rows, "--channel", channel, NULL};
    assert_int_equal(mkfifo(pipe, 0600), 0);
    job_start(j, args);
    const int fd = open(pipe, O_WRONLY | O_CLOEXEC); /* waits for the reader */
    assert_true(fd >= 0);
    assert_true(write_all(fd, lines));
    process_signal(&j->train, SIGTERM);
    bool is_read = true;
    for (size_t n = 0; is_read && n < VECTOR_BYTES; n += strlen(lines)) {
        is_read = write_all(fd, lines);
    }
    assert_false(is_read);
    assert_int_equal(process_exit(&j->train, grace_seconds), 0);
    (void)close(fd);
    assert_complained(j, "train: warning: stopped on request before there was a model\n");
    free(lines);
    free(rows);
    free(channel);
    free(pipe);
}

#define IN_A_JOB(test) cmocka_unit_test_setup_teardown(test, job_setup, job_teardown)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that leaves early is part of a test */
    const struct CMUnitTest tests[] = {
        IN_A_JOB(a_term_signal_leaves_the_model_so_far_and_exits_with_0),
        IN_A_JOB(an_interrupt_does_the_same),
        IN_A_JOB(a_term_signal_keeps_the_best_weights_of_early_stopping),
        IN_A_JOB(a_second_signal_ends_the_process_at_once),
        IN_A_JOB(a_term_signal_while_reading_leaves_no_model_and_exits_with_0),
        IN_A_JOB(a_term_signal_while_reading_vectors_does_not_wait_for_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
