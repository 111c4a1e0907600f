/* Minutes of everything at once: requests of all sizes, clients that leave in the middle, and a model that is replaced under
 * them. No request fails, and every answer is, row for row, what one of the two models says of the texts that were sent.
 *
 * SOAK_SECONDS: how long; by default a few seconds, for every run of the tests. The long form (60) has its own target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/number.h"
#include "base/rng.h"
#include "contract/job.h"
#include "contract/server.h"
#include "support/patient.h"
#include "support/tmpdir.h"
#include "support/wire.h"

enum {
    CLIENTS = 4,
    TEXTS = 200,
    MOST_ROWS = 6000, /* some 150 KB: beyond what a socket's thread scores itself */
    MODELS = 2,
    DEFAULT_SECONDS = 4,
    SWAP_MS = 150
};

static const char *const words[] = {"market", "bank",  "profit",  "phone", "robot",  "cloud",
                                    "film",   "song",  "actor",   "virus", "doctor", "vaccine",
                                    "today",  "again", "unknown", "zebra"};

/* What all clients share. */
typedef struct soak {
    unsigned port;
    char texts[TEXTS][64];
    size_t labels[MODELS][TEXTS]; /* by the library */
    atomic_bool stop;
    atomic_size_t n_answers, n_rows, n_left, n_swaps;
    atomic_bool has_failed;
    char failure[512]; /* of the first that failed */
    pthread_mutex_t lock;
} soak;

typedef struct client {
    soak *s;
    tmli_rng rng;
    int fd;
    tmli_buf body, answer;
    size_t rows[MOST_ROWS];
    size_t n_rows;
} client;

static void fail_soak(soak *s, const char *what, unsigned status, const tmli_buf *answer)
{
    (void)pthread_mutex_lock(&s->lock);
    if (!atomic_exchange(&s->has_failed, true)) {
        (void)snprintf(s->failure, sizeof s->failure, "%s: status %u: %.300s", what, status,
                       answer->len > 0 ? answer->data : "(nothing)");
    }
    (void)pthread_mutex_unlock(&s->lock);
    atomic_store(&s->stop, true);
}

/* ---- requests ---- */

static void draw_rows(client *c, size_t n)
{
    c->n_rows = n;
    for (size_t i = 0; i < n; i++) {
        c->rows[i] = tmli_rng_below(&c->rng, TEXTS);
    }
}

/* The rows as lines, or as records of CSV. */
static void write_lines(client *c, bool is_csv)
{
    tmli_buf_reset(&c->body);
    for (size_t i = 0; i < c->n_rows; i++) {
        tmli_buf_printf(&c->body, is_csv ? "\"%s\"\n" : "%s\n", c->s->texts[c->rows[i]]);
    }
}

static void write_json(client *c)
{
    tmli_buf_reset(&c->body);
    tmli_buf_append_text(&c->body, "{\"instances\": [");
    for (size_t i = 0; i < c->n_rows; i++) {
        tmli_buf_printf(&c->body, "%s\"%s\"", i > 0 ? ", " : "", c->s->texts[c->rows[i]]);
    }
    tmli_buf_append_text(&c->body, "]}");
}

/* Whether the lines of the answer are the labels that one model gives to all the rows. */
static bool answers_rows(const client *c, size_t model)
{
    tml_str rest = tmli_buf_str(&c->answer);
    for (size_t i = 0; i < c->n_rows; i++) {
        const tml_str want = tmli_str(server_label_names[c->s->labels[model][c->rows[i]]]);
        if (rest.len <= want.len || memcmp(rest.data, want.data, want.len) != 0 ||
            rest.data[want.len] != '\n') {
            return false;
        }
        rest.data += want.len + 1;
        rest.len -= want.len + 1;
    }
    return rest.len == 0;
}

static void ask(client *c, const char *type)
{
    const unsigned status =
        patient_invoke(c->fd, type, "text/plain", tmli_buf_str(&c->body), &c->answer);
    if (status != 200) {
        fail_soak(c->s, type, status, &c->answer);
    } else if (!answers_rows(c, 0) && !answers_rows(c, 1)) {
        fail_soak(c->s, "an answer that neither model gives", status, &c->answer);
    } else {
        atomic_fetch_add(&c->s->n_answers, 1);
        atomic_fetch_add(&c->s->n_rows, c->n_rows);
    }
}

/* Sends a part of a request, or all of it, and leaves without its answer. */
static void leave(client *c)
{
    tmli_buf all = {0};
    write_lines(c, false);
    tmli_buf_printf(&all, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n",
                    c->body.len);
    tmli_buf_append_str(&all, tmli_buf_str(&c->body));
    const size_t n =
        tmli_rng_below(&c->rng, 3) == 0 ? all.len : 1 + tmli_rng_below(&c->rng, (uint32_t)all.len);
    const int fd = patient_connect(c->s->port);
    if (fd >= 0) {
        (void)wire_send(fd, (tml_str){all.data, n});
        (void)close(fd);
        atomic_fetch_add(&c->s->n_left, 1);
    }
    tmli_buf_deinit(&all);
}

static void *run_client(void *ctx)
{
    client *c = ctx;
    c->fd = patient_connect(c->s->port);
    while (!atomic_load(&c->s->stop) && c->fd >= 0) {
        const uint32_t choice = tmli_rng_below(&c->rng, 20);
        const size_t n = choice == 0  ? MOST_ROWS
                         : choice < 4 ? 1 + tmli_rng_below(&c->rng, 300)
                                      : 1;
        draw_rows(c, n);
        if (choice == 5 || choice == 6) {
            draw_rows(c, 1 + tmli_rng_below(&c->rng, MOST_ROWS));
            leave(c);
        } else if (choice % 3 == 0) {
            write_lines(c, true);
            ask(c, "text/csv");
        } else if (choice % 3 == 1) {
            write_json(c);
            ask(c, "application/json");
        } else {
            write_lines(c, false);
            ask(c, "text/plain");
        }
    }
    if (c->fd >= 0) {
        (void)close(c->fd);
    } else {
        fail_soak(c->s, "no connection", 0, &c->answer);
    }
    tmli_buf_deinit(&c->body);
    tmli_buf_deinit(&c->answer);
    return NULL;
}

/* ---- the models ---- */

typedef struct artifact {
    tmli_buf json, tensors;
} artifact;

static void read_artifact(const server *s, artifact *out)
{
    server_read(s, "textml.json", &out->json);
    server_read(s, "model.safetensors", &out->tensors);
}

/* As train does it: both files beside their place, then renamed. */
static void swap_in(const server *s, const artifact *a)
{
    static const char *const names[] = {"model.safetensors", "textml.json"};
    const tmli_buf *const bytes[] = {&a->tensors, &a->json};
    for (size_t i = 0; i < 2; i++) {
        char beside[64];
        (void)snprintf(beside, sizeof beside, "%s.new", names[i]);
        server_write(s, beside, bytes[i]->data, bytes[i]->len);
        char *const from = tmpdir_path(s->model_dir, beside);
        char *const to = tmpdir_path(s->model_dir, names[i]);
        assert_int_equal(rename(from, to), 0);
        free(from);
        free(to);
    }
}

static void label_texts(const server *host, soak *s, size_t model)
{
    static double scores[TEXTS * SERVER_LABELS];
    tml_str texts[TEXTS];
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = tmli_str(s->texts[i]);
    }
    server_offline(host, texts, TEXTS, scores);
    for (size_t i = 0; i < TEXTS; i++) {
        s->labels[model][i] = tml_best(scores + i * SERVER_LABELS, SERVER_LABELS);
    }
}

static void make_texts(soak *s)
{
    tmli_rng rng = tmli_rng_at(7, TMLI_RNG_INIT, 0, 0);
    const uint32_t n_words = sizeof words / sizeof *words;
    for (size_t i = 0; i < TEXTS; i++) {
        (void)snprintf(s->texts[i], sizeof s->texts[i], "%s %s %s",
                       words[tmli_rng_below(&rng, n_words)], words[tmli_rng_below(&rng, n_words)],
                       words[tmli_rng_below(&rng, n_words)]);
    }
}

/* Another model with the same labels: trained for one epoch, it says something else of many texts. */
static void train_other(artifact *out)
{
    void *state = NULL;
    (void)job_setup(&state);
    job *const j = state;
    job_fill(j);
    job_hyperparameters(j, ", \"epochs\": \"1\", \"seed\": \"3\"");
    assert_job_trained(j);
    const char *const names[] = {"model/textml.json", "model/model.safetensors"};
    tmli_buf *const into[] = {&out->json, &out->tensors};
    for (size_t i = 0; i < 2; i++) {
        size_t n = 0;
        char *const bytes = job_read(j, names[i], &n);
        tmli_buf_append(into[i], bytes, n);
        free(bytes);
    }
    (void)job_teardown(&state);
}

/* ---- the test ---- */

static double seconds_asked(void)
{
    const char *text = getenv("SOAK_SECONDS");
    int64_t n = 0;
    return text != NULL && tmli_parse_int64(tmli_str(text), &n) && n > 0 ? (double)n
                                                                         : DEFAULT_SECONDS;
}

static void no_answer_is_lost_or_mixed_up(void **state)
{
    server *const host = *state;
    static soak s;
    static client clients[CLIENTS];
    artifact models[MODELS] = {0};
    pthread_t threads[CLIENTS];
    assert_int_equal(pthread_mutex_init(&s.lock, NULL), 0);
    make_texts(&s);
    read_artifact(host, &models[0]);
    label_texts(host, &s, 0);
    train_other(&models[1]);
    swap_in(host, &models[1]);
    label_texts(host, &s, 1);
    assert_memory_not_equal(s.labels[0], s.labels[1], sizeof s.labels[0]);
    server_start(host, NULL);
    s.port = host->port;
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] =
            (client){.s = &s, .rng = tmli_rng_at(8, TMLI_RNG_INIT, (uint32_t)i, 0), .fd = -1};
        assert_int_equal(pthread_create(&threads[i], NULL, run_client, &clients[i]), 0);
    }
    const struct timespec pause = {.tv_nsec = SWAP_MS * 1000000L};
    const double end = process_clock() + seconds_asked();
    for (size_t i = 0; process_clock() < end && !atomic_load(&s.stop); i++) {
        swap_in(host, &models[i % MODELS]);
        process_signal(&host->process, SIGHUP);
        atomic_fetch_add(&s.n_swaps, 1);
        (void)nanosleep(&pause, NULL);
    }
    atomic_store(&s.stop, true);
    for (size_t i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    if (atomic_load(&s.has_failed)) {
        char *const err = process_stderr(&host->process);
        print_error("%s\n%s", s.failure, err);
        free(err);
    }
    assert_false(atomic_load(&s.has_failed));
    print_message("%zu answers of %zu rows, %zu clients left, %zu models\n", s.n_answers, s.n_rows,
                  s.n_left, s.n_swaps);
    assert_in_range(s.n_answers, 50, SIZE_MAX);
    server_get(host, "/ping");
    assert_answer(host, 200, NULL, "");
    for (size_t i = 0; i < MODELS; i++) {
        tmli_buf_deinit(&models[i].json);
        tmli_buf_deinit(&models[i].tensors);
    }
    (void)pthread_mutex_destroy(&s.lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_answer_is_lost_or_mixed_up, server_setup,
                                        server_teardown),
    };
    return cmocka_run_group_tests(tests, server_train, server_forget);
}
