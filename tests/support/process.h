/* support/process.h: a program of ours as a child process: started, watched, signalled, and always ended.
 *
 * What it prints is captured in files of the test's directory. Every wait is bounded. Each call fails the running test
 * when it cannot do its work; the teardown that calls process_end then still kills and reaps the child, by its own
 * number. */
#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Generous: sanitized builds on busy machines take ten times as long as plain ones. */
#define PROCESS_SECONDS 60.0

typedef enum process_output {
    PROCESS_TO_FILES,    /* stdout and stderr go straight to their files */
    PROCESS_TO_PIPE,     /* stdout is a pipe; a wait moves what has arrived to the file */
    PROCESS_TO_TERMINAL, /* both are one terminal; what it shows counts as stdout */
} process_output;

typedef struct process_options {
    const char *dir;         /* the test's directory */
    const char *name;        /* of the capture files: NAME.out and NAME.err; NULL: "process" */
    const char *const *args; /* behind argv[0], ends in NULL; NULL for none */
    const char *const *env;  /* "NAME=VALUE" beside ours, ends in NULL; may be NULL */
    process_output output;
    bool has_umask; /* runs with umask below */
    mode_t umask;
    uid_t uid; /* runs as this user and group; 0 changes nothing */
} process_options;

typedef struct process {
    pid_t pid; /* 0 before the start and after the end */
    int exit;  /* exit code, or 128 + the signal; valid when ended */
    int fd;    /* of the pipe or terminal; -1 without one */
    char *out; /* owned paths of the captures */
    char *err;
} process;

/* SAGEMAKER_* and SM_* of our own environment are not passed on. p: {0} or ended; end with process_end. */
void process_start(process *p, const char *program, const process_options *options);
/* Waits at most this long; true when the program has ended. */
bool process_wait(process *p, double seconds);
/* Waits for the end; the exit code, or 128 + the signal that ended it. */
int process_exit(process *p, double seconds);
/* Waits until stdout holds text; fails the test when the program ends or the time is over before. */
void process_says(process *p, const char *text, double seconds);
/* Waits for "listening on ADDRESS:PORT", or the object that says so, on stdout or stderr. */
unsigned process_port(process *p, double seconds);
void process_signal(const process *p, int number);
/* What was printed so far, as C strings (free). */
char *process_stdout(process *p);
char *process_stderr(process *p);
/* Kills what still runs, reaps it, releases. {0} is allowed; leaves {0}. */
void process_end(process *p);

/* A whole file as a C string (free), NULL when it does not exist; *n its bytes unless n is NULL. */
char *process_read_file(const char *path, size_t *n);
double process_clock(void); /* seconds, monotonic */
void process_sleep(double seconds);

#endif
