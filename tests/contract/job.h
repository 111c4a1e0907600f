/* contract/job.h: a training job of a test's own: a root shaped like /opt/ml with small data, and the real train on it. */
#ifndef CONTRACT_JOB_H
#define CONTRACT_JOB_H

#include <stddef.h>

#include "base/arena.h"
#include "base/value.h"
#include "support/process.h"

typedef struct job {
    char *dir;     /* the test's directory */
    char *root;    /* dir/ml */
    process train; /* the latest run */
    process_output output;
    const char *const *env;    /* beside SAGEMAKER_BASE_DIR; NULL for none */
    const process_options *as; /* whose umask and uid it runs with; NULL: ours */
} job;

/* For cmocka: *state is a job with an empty root but for model/kept, whose bytes every failure must leave alone. */
int job_setup(void **state);
int job_teardown(void **state);

/* Writes model/kept once more, for a test that mounts something over the model directory. */
void job_keep(const job *j);

/* What most tests begin with: job_rows(40) in channel train, vectors of 4 dimensions in channel vectors, and
 * hyperparameters for a network that learns them in a blink. */
void job_fill(job *j);
/* The same hyperparameters with others behind them: ", \"epochs\": \"3\"". */
void job_hyperparameters(job *j, const char *more);
/* n headlines of the labels b, t, e, m in turn as CSV with the header line TITLE,CATEGORY (free). */
char *job_rows(size_t n);
/* The vectors of their words: 23 lines of 4 numbers (free). */
char *job_vectors(void);

/* Files by their path below the root. */
void job_write(const job *j, const char *path, const char *text);
/* job_rows(n) as its text. */
void job_write_rows(const job *j, const char *path, size_t n);
void job_write_bytes(const job *j, const char *path, const void *bytes, size_t n);
void job_write_gzip(const job *j, const char *path, const char *text);
void job_remove(const job *j, const char *path);
char *job_read(const job *j, const char *path,
               size_t *n);                      /* NULL when it is missing (free); n may be NULL */
char *job_path(const job *j, const char *path); /* (free) */
/* text with each "$ROOT" replaced (free). */
char *job_expand(const job *j, const char *text);
/* The names in a directory below the root, sorted, each with a blank behind it (free). */
char *job_list(const job *j, const char *path);

/* Runs train without arguments, or with those given (ends in NULL). SAGEMAKER_BASE_DIR is the root. */
void job_start(job *j, const char *const *args);
int job_train(job *j, const char *const *args); /* waits; the exit code */

/* It ended with 0 and left both files of the artifact, metrics.json and no failure file. */
void assert_trained(job *j);
/* assert_trained after a run without arguments. */
void assert_job_trained(job *j);
/* What the latest run wrote to stderr, all of it ("$ROOT" replaced). */
void assert_complained(job *j, const char *lines);
/* The model directory is as it was. */
void assert_model_untouched(const job *j);
/* It ended with code 1; the failure file is this sentence ("$ROOT" replaced), so is the last line of stderr; it is a
 * regular file of at most 1024 bytes of UTF-8; the model directory is as it was. */
void assert_refused(job *j, const char *sentence);
/* assert_refused after a run without arguments. */
void assert_job_refused(job *j, const char *sentence);
/* metrics.json parsed; *arena is the caller's. */
const tmli_value *job_metrics(const job *j, tmli_arena *arena);
/* A number in a tree of objects: "data.rows_train". */
double number_at(const tmli_value *root, const char *path);

#endif
