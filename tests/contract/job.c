#include "contract/job.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/json.h"
#include "support/tmpdir.h"
#include "text/utf8.h"

enum {
    N_LABELS = 4,
    N_WORDS = 5,
    N_COMMON = 3,
    DIMS = 4,
    FAILURE_BYTES = 1024
};

static const char labels[] = "btem";
static const char *const words[N_LABELS][N_WORDS] = {
    {"market", "bank", "shares", "profit", "dollar"},
    {"phone", "robot", "laser", "chip", "cloud"},
    {"film", "song", "actor", "album", "stage"},
    {"virus", "doctor", "heart", "sleep", "vaccine"},
};
static const char *const common[N_COMMON] = {"today", "again", "here"};
static const char kept[] = "a file of somebody else\n";

void job_keep(const job *j)
{
    job_write(j, "model/kept", kept);
}

int job_setup(void **state)
{
    job *const j = calloc(1, sizeof *j);
    assert_non_null(j);
    *state = j;
    j->train.fd = -1;
    j->dir = tmpdir_create();
    j->root = tmpdir_path(j->dir, "ml");
    job_keep(j);
    return 0;
}

int job_teardown(void **state)
{
    job *const j = *state;
    process_end(&j->train);
    tmpdir_remove(j->dir);
    free(j->root);
    free(j);
    return 0;
}

char *job_rows(size_t n)
{
    const size_t size = 64 * (n + 1);
    char *const text = malloc(size);
    assert_non_null(text);
    size_t used = (size_t)snprintf(text, size, "TITLE,CATEGORY\n");
    for (size_t i = 0; i < n; i++) {
        const size_t label = i % N_LABELS;
        const size_t k = i / N_LABELS;
        used += (size_t)snprintf(
            text + used, size - used, "%s %s %s,%c\n", words[label][k % N_WORDS],
            words[label][(k + 1 + k / N_WORDS) % N_WORDS], common[k % N_COMMON], labels[label]);
    }
    return text;
}

char *job_vectors(void)
{
    enum {
        SIZE = 2048
    };
    char *const text = malloc(SIZE);
    assert_non_null(text);
    size_t used = 0;
    for (size_t w = 0; w < N_LABELS * N_WORDS + N_COMMON; w++) {
        const bool is_common = w >= N_LABELS * N_WORDS;
        used += (size_t)snprintf(text + used, SIZE - used, "%s",
                                 is_common ? common[w - N_LABELS * N_WORDS]
                                           : words[w / N_WORDS][w % N_WORDS]);
        for (size_t d = 0; d < DIMS; d++) {
            const bool is_own = !is_common && d == w / N_WORDS;
            used += (size_t)snprintf(text + used, SIZE - used, " %.2f",
                                     is_own ? 0.9 : 0.1 * (double)((w + d) % 3));
        }
        used += (size_t)snprintf(text + used, SIZE - used, "\n");
    }
    return text;
}

void job_hyperparameters(job *j, const char *more)
{
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "{\"dims\": \"4\", \"length\": \"8\", \"hidden\": \"[8]\", \"batch_size\": "
                   "\"8\", \"learning_rate\": \"0.02\"%s}",
                   more);
    job_write(j, "input/config/hyperparameters.json", text);
}

void job_fill(job *j)
{
    char *const vectors = job_vectors();
    job_write_rows(j, "input/data/train/rows.csv", 40);
    job_write(j, "input/data/vectors/small.txt", vectors);
    job_hyperparameters(j, ", \"epochs\": \"3\"");
    free(vectors);
}

/* ---- files ------------------------------------------------------------------------------------ */

void job_write_bytes(const job *j, const char *path, const void *bytes, size_t n)
{
    char *const name = tmpdir_path("ml", path);
    free(tmpdir_write(j->dir, name, bytes, n));
    free(name);
}

void job_write(const job *j, const char *path, const char *text)
{
    job_write_bytes(j, path, text, strlen(text));
}

void job_write_rows(const job *j, const char *path, size_t n)
{
    char *const rows = job_rows(n);
    job_write(j, path, rows);
    free(rows);
}

void job_write_gzip(const job *j, const char *path, const char *text)
{
    job_write(j, path, ""); /* its directories */
    char *const name = job_path(j, path);
    gzFile file = gzopen(name, "wb");
    const unsigned n = (unsigned)strlen(text);
    if (file == NULL || gzwrite(file, text, n) != (int)n || gzclose(file) != Z_OK) {
        fail_msg("%s: gzip failed", name);
    }
    free(name);
}

char *job_path(const job *j, const char *path)
{
    return tmpdir_path(j->root, path);
}

void job_remove(const job *j, const char *path)
{
    char *const name = job_path(j, path);
    if (unlink(name) != 0) {
        fail_msg("cannot remove %s", name);
    }
    free(name);
}

char *job_read(const job *j, const char *path, size_t *n)
{
    char *const name = job_path(j, path);
    char *const text = process_read_file(name, n);
    free(name);
    return text;
}

char *job_expand(const job *j, const char *text)
{
    static const char mark[] = "$ROOT";
    const size_t size = strlen(text) + 8 * strlen(j->root) + 1; /* room for eight of them */
    char *const out = calloc(1, size);
    assert_non_null(out);
    size_t used = 0;
    while (*text != '\0' && used + strlen(j->root) + 1 < size) {
        if (strncmp(text, mark, strlen(mark)) == 0) {
            used += (size_t)snprintf(out + used, size - used, "%s", j->root);
            text += strlen(mark);
        } else {
            out[used++] = *text++;
        }
    }
    return out;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *job_list(const job *j, const char *path)
{
    enum {
        NAMES_MAX = 64,
        LIST_BYTES = 4096
    };
    char *names[NAMES_MAX];
    size_t n = 0;
    char *const dir = job_path(j, path);
    DIR *const stream = opendir(dir);
    free(dir);
    char *const list = calloc(1, LIST_BYTES);
    assert_non_null(list);
    if (stream == NULL) {
        return list;
    }
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && n < NAMES_MAX) {
            names[n++] = strdup(entry->d_name);
        }
    }
    (void)closedir(stream);
    qsort(names, n, sizeof *names, compare_names);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(list + used, LIST_BYTES - used, "%s ", names[i]);
        free(names[i]);
    }
    return list;
}

/* ---- runs ------------------------------------------------------------------------------------- */

void job_start(job *j, const char *const *args)
{
    enum {
        ENV_MAX = 8
    };
    char base[512];
    const char *env[ENV_MAX + 2] = {base};
    (void)snprintf(base, sizeof base, "SAGEMAKER_BASE_DIR=%s", j->root);
    for (size_t i = 0; j->env != NULL && j->env[i] != NULL && i < ENV_MAX; i++) {
        env[i + 1] = j->env[i];
    }
    process_options options = j->as != NULL ? *j->as : (process_options){0};
    options.dir = j->dir;
    options.name = "train";
    options.args = args;
    options.env = env;
    options.output = j->output;
    process_start(&j->train, TML_TRAIN_PATH, &options);
}

int job_train(job *j, const char *const *args)
{
    job_start(j, args);
    return process_exit(&j->train, PROCESS_SECONDS);
}

static void show_run(job *j)
{
    char *const out = process_stdout(&j->train);
    char *const err = process_stderr(&j->train);
    print_error("train ended with %d\nstdout:\n%s\nstderr:\n%s\n", j->train.exit, out, err);
    free(out);
    free(err);
}

static bool exists(const job *j, const char *path)
{
    struct stat info;
    char *const name = job_path(j, path);
    const bool is_there = lstat(name, &info) == 0 && S_ISREG(info.st_mode);
    free(name);
    return is_there;
}

void assert_trained(job *j)
{
    const int code = process_exit(&j->train, PROCESS_SECONDS);
    if (code != 0) {
        show_run(j);
        fail_msg("train ended with %d", code);
    }
    assert_true(exists(j, "model/textml.json"));
    assert_true(exists(j, "model/model.safetensors"));
    assert_true(exists(j, "output/data/metrics.json"));
    assert_false(exists(j, "output/failure"));
    char *const list = job_list(j, "model");
    assert_string_equal(list, "kept model.safetensors textml.json ");
    free(list);
}

void assert_job_trained(job *j)
{
    (void)job_train(j, NULL);
    assert_trained(j);
}

void assert_complained(job *j, const char *lines)
{
    char *const want = job_expand(j, lines);
    char *const err = process_stderr(&j->train);
    assert_string_equal(err, want);
    free(err);
    free(want);
}

/* The last line of text, without its end. In place. */
static const char *last_line(char *text)
{
    size_t n = strlen(text);
    if (n > 0 && text[n - 1] == '\n') {
        text[--n] = '\0';
    }
    const char *const end = strrchr(text, '\n');
    return end != NULL ? end + 1 : text;
}

void assert_model_untouched(const job *j)
{
    char *const list = job_list(j, "model");
    char *const text = job_read(j, "model/kept", NULL);
    assert_string_equal(list, "kept ");
    assert_string_equal(text, kept);
    free(list);
    free(text);
}

void assert_refused(job *j, const char *sentence)
{
    char *const want = job_expand(j, sentence);
    char *const err = process_stderr(&j->train);
    size_t n = 0;
    char *const failure = job_read(j, "output/failure", &n);
    if (j->train.exit != 1 || failure == NULL || strcmp(failure, want) != 0) {
        show_run(j);
    }
    assert_int_equal(j->train.exit, 1);
    assert_true(exists(j, "output/failure"));
    assert_string_equal(failure, want);
    assert_in_range(n, 1, FAILURE_BYTES);
    assert_int_equal(tmli_utf8_faults((tml_str){failure, n}), 0);
    const char *const last = last_line(err);
    assert_int_equal(strncmp(last, "train: error: ", 14), 0);
    assert_string_equal(last + 14, want);
    assert_model_untouched(j);
    free(failure);
    free(err);
    free(want);
}

void assert_job_refused(job *j, const char *sentence)
{
    (void)job_train(j, NULL);
    assert_refused(j, sentence);
}

const tmli_value *job_metrics(const job *j, tmli_arena *arena)
{
    size_t n = 0;
    char *const text = job_read(j, "output/data/metrics.json", &n);
    const tmli_value *root = NULL;
    tml_error err = {0};
    assert_non_null(text);
    if (tmli_json_parse((tml_str){text, n}, arena, &root, &err) != TML_OK) {
        fail_msg("metrics.json: %s", err.text);
    }
    free(text);
    return root;
}

double number_at(const tmli_value *root, const char *path)
{
    const tmli_value *at = root;
    const char *name = path;
    while (at != NULL && *name != '\0') {
        char part[64];
        const size_t n = strcspn(name, ".");
        (void)snprintf(part, sizeof part, "%.*s", (int)n, name);
        at = tmli_value_get(at, part);
        name += n + (name[n] == '.');
    }
    if (at == NULL || at->kind != TMLI_NUMBER) {
        fail_msg("no number %s", path);
        return 0;
    }
    return at->number;
}
