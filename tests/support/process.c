/* Child processes. Plain libc, so that a test's failing allocations leave them alone. */
#include "support/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "support/tmpdir.h"

extern char **environ;

enum {
    ARGS_MAX = 64,
    ENV_MAX = 512,
    CANNOT_START = 127, /* as shells say it */
};
static const double poll_seconds = 0.002;

double process_clock(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void process_sleep(double seconds)
{
    const struct timespec pause = {(time_t)seconds,
                                   (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&pause, NULL);
}

char *process_read_file(const char *path, size_t *n)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t used = 0;
    size_t room = 4096;
    char *text = malloc(room);
    while (text != NULL) {
        used += fread(text + used, 1, room - used - 1, file);
        if (used + 1 < room) {
            break;
        }
        room *= 2;
        char *const grown = realloc(text, room);
        if (grown == NULL) {
            free(text);
        }
        text = grown;
    }
    (void)fclose(file);
    if (text == NULL) {
        fail_msg("%s: no memory", path);
        return NULL;
    }
    text[used] = '\0';
    if (n != NULL) {
        *n = used;
    }
    return text;
}

/* ---- starting --------------------------------------------------------------------------------- */

enum {
    PATH_BYTES = 1024
};

/* TEXTML_PROGRAMS=DIR: the programs of the same names in DIR are run in place of ours, such as scripts that run ours in a
 * container (tests/container). They change to another user by themselves, and learn from TEXTML_RUN_AS to which. */
static const char *find_program(const char *program, char path[PATH_BYTES])
{
    const char *const dir = getenv("TEXTML_PROGRAMS");
    const char *const name = strrchr(program, '/');
    if (dir == NULL || name == NULL) {
        return program;
    }
    (void)snprintf(path, PATH_BYTES, "%s%s", dir, name);
    return path;
}

/* The names that our programs look at must come from the test alone. */
static bool is_ours(const char *entry)
{
    return strncmp(entry, "SAGEMAKER_", 10) == 0 || strncmp(entry, "SM_", 3) == 0;
}

static void list_environment(const char *const *more, const char *user, const char *out[ENV_MAX])
{
    size_t n = 0;
    for (char **entry = environ; *entry != NULL && n < ENV_MAX - 3; entry++) {
        if (!is_ours(*entry)) {
            out[n++] = *entry;
        }
    }
    out[n++] = "OPENBLAS_NUM_THREADS=1";
    out[n++] = user;
    for (; more != NULL && *more != NULL; more++) {
        if (n == ENV_MAX - 1) {
            fail_msg("more than %d variables", ENV_MAX);
        }
        out[n++] = *more;
    }
    out[n] = NULL;
}

/* A new pseudo-terminal: its two ends. */
static void open_terminal(int *ours, int *theirs)
{
    *ours = posix_openpt(O_RDWR | O_NOCTTY);
    const char *name = NULL;
    if (*ours >= 0 && grantpt(*ours) == 0 && unlockpt(*ours) == 0) {
        name = ptsname(*ours);
    }
    *theirs = name != NULL ? open(name, O_RDWR | O_NOCTTY) : -1;
    if (*theirs < 0) {
        fail_msg("no pseudo-terminal: %s", strerror(errno));
    }
}

/* Where the child's stdout and stderr go: out and err, *ours our end of a pipe or terminal. */
static void open_output(process *p, process_output kind, int *out, int *err)
{
    int pair[2] = {-1, -1};
    p->fd = -1;
    *err = open(p->err, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const int file = open(p->out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*err < 0 || file < 0) {
        fail_msg("%s: %s", p->out, strerror(errno));
    }
    *out = file;
    if (kind == PROCESS_TO_FILES) {
        return;
    }
    (void)close(file);
    if (kind == PROCESS_TO_TERMINAL) {
        (void)close(*err);
        open_terminal(&pair[0], &pair[1]);
        *err = dup(pair[1]);
    } else if (pipe(pair) != 0) {
        fail_msg("pipe: %s", strerror(errno));
    }
    p->fd = pair[0];
    *out = pair[1];
    (void)fcntl(p->fd, F_SETFL, O_NONBLOCK);
    (void)fcntl(p->fd, F_SETFD, FD_CLOEXEC);
}

/* In the child, between fork and exec. */
static void become(const char *program, const process_options *options,
                   const char *const argv[ARGS_MAX + 2], const char *const env[ENV_MAX], int out,
                   int err)
{
    const int in = open("/dev/null", O_RDONLY);
    if (in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(err, STDERR_FILENO) < 0) {
        _exit(CANNOT_START);
    }
    (void)signal(SIGPIPE, SIG_DFL); /* a test may ignore it; that would be inherited */
    if (options->has_umask) {
        (void)umask(options->umask);
    }
    if (options->uid != 0 && getenv("TEXTML_PROGRAMS") == NULL &&
        (setgroups(0, NULL) != 0 || setgid(options->uid) != 0 || setuid(options->uid) != 0)) {
        _exit(CANNOT_START);
    }
    /* exec does not write to its arguments: its types only date from before const. */
    char *arguments[ARGS_MAX + 2];
    char *variables[ENV_MAX];
    memcpy(arguments, argv, sizeof arguments);
    memcpy(variables, env, sizeof variables);
    (void)execve(program, arguments, variables);
    _exit(CANNOT_START);
}

void process_start(process *p, const char *program, const process_options *options)
{
    const char *argv[ARGS_MAX + 2] = {program};
    const char *env[ENV_MAX] = {NULL};
    char name[64];
    char user[64];
    char path[PATH_BYTES];
    int out = -1;
    int err = -1;
    process_end(p);
    for (size_t i = 0; options->args != NULL && options->args[i] != NULL; i++) {
        if (i == ARGS_MAX) {
            fail_msg("more than %d arguments", ARGS_MAX);
        }
        argv[i + 1] = options->args[i];
    }
    (void)snprintf(user, sizeof user, "TEXTML_RUN_AS=%u", (unsigned)options->uid);
    list_environment(options->env, user, env);
    const char *const base = options->name != NULL ? options->name : "process";
    (void)snprintf(name, sizeof name, "%s.out", base);
    p->out = tmpdir_path(options->dir, name);
    (void)snprintf(name, sizeof name, "%s.err", base);
    p->err = tmpdir_path(options->dir, name);
    open_output(p, options->output, &out, &err);
    p->pid = fork();
    if (p->pid == 0) {
        become(find_program(program, path), options, argv, env, out, err);
    }
    (void)close(out);
    (void)close(err);
    if (p->pid < 0) {
        p->pid = 0;
        fail_msg("fork: %s", strerror(errno));
    }
}

/* ---- watching --------------------------------------------------------------------------------- */

/* Moves what a pipe or terminal holds to the capture of stdout. */
static void drain(process *p)
{
    char bytes[4096];
    if (p->fd < 0) {
        return;
    }
    FILE *const file = fopen(p->out, "ab");
    for (ssize_t n = 1; file != NULL && n > 0;) {
        n = read(p->fd, bytes, sizeof bytes);
        if (n > 0) {
            (void)fwrite(bytes, 1, (size_t)n, file);
        }
    }
    if (file == NULL || fclose(file) != 0) {
        fail_msg("%s: %s", p->out, strerror(errno));
    }
}

static bool has_ended(process *p)
{
    int status = 0;
    if (p->pid == 0) {
        return true;
    }
    const bool is_reaped = waitpid(p->pid, &status, WNOHANG) == p->pid;
    drain(p);
    if (is_reaped) {
        p->pid = 0;
        p->exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return is_reaped;
}

bool process_wait(process *p, double seconds)
{
    const double end = process_clock() + seconds;
    bool ended = has_ended(p);
    while (!ended && process_clock() < end) {
        process_sleep(poll_seconds);
        ended = has_ended(p);
    }
    return ended;
}

int process_exit(process *p, double seconds)
{
    if (!process_wait(p, seconds)) {
        char *const out = process_stdout(p);
        char *const err = process_stderr(p);
        print_error("stdout:\n%s\nstderr:\n%s\n", out, err);
        free(out);
        free(err);
        fail_msg("still running after %g seconds", seconds);
    }
    return p->exit;
}

static char *captured(process *p, const char *path)
{
    drain(p);
    char *const text = process_read_file(path, NULL);
    return text != NULL ? text : calloc(1, 1);
}

char *process_stdout(process *p)
{
    return captured(p, p->out);
}

char *process_stderr(process *p)
{
    return captured(p, p->err);
}

void process_says(process *p, const char *text, double seconds)
{
    const double end = process_clock() + seconds;
    for (;;) {
        const bool is_last = has_ended(p) || process_clock() > end;
        char *const out = process_stdout(p);
        const bool is_said = strstr(out, text) != NULL;
        if (!is_said && is_last) {
            char *const err = process_stderr(p);
            print_error("stdout:\n%s\nstderr:\n%s\n", out, err);
            free(err);
        }
        free(out);
        if (is_said) {
            return;
        }
        if (is_last) {
            fail_msg("\"%s\" was not printed", text);
        }
        process_sleep(poll_seconds);
    }
}

/* The number behind the ':' of the line that says where it listens, or of "port" in its object; 0 when there is none. */
static unsigned find_port(const char *text)
{
    static const char key[] = "\"message\":\"listening\"";
    const char *const object = strstr(text, key);
    const char *const port = object != NULL ? strstr(object, "\"port\":") : NULL;
    if (port != NULL && strchr(port, '\n') != NULL) {
        return (unsigned)strtoul(port + strlen("\"port\":"), NULL, 10);
    }
    const char *const at = strstr(text, "listening on ");
    if (at == NULL || strchr(at, '\n') == NULL) {
        return 0;
    }
    const char *digits = strchr(at + strlen("listening on "), ':');
    return digits != NULL ? (unsigned)strtoul(digits + 1, NULL, 10) : 0;
}

unsigned process_port(process *p, double seconds)
{
    const double end = process_clock() + seconds;
    for (;;) {
        const bool is_last = has_ended(p) || process_clock() > end;
        char *const out = process_stdout(p);
        char *const err = process_stderr(p);
        unsigned port = find_port(out);
        if (port == 0) {
            port = find_port(err);
        }
        if (port == 0 && is_last) {
            print_error("stdout:\n%s\nstderr:\n%s\n", out, err);
        }
        free(out);
        free(err);
        if (port != 0) {
            return port;
        }
        if (is_last) {
            fail_msg("no port was announced");
        }
        process_sleep(poll_seconds);
    }
}

void process_signal(const process *p, int number)
{
    if (p->pid <= 0 || kill(p->pid, number) != 0) {
        fail_msg("signal %d to a process that has ended", number);
    }
}

void process_end(process *p)
{
    if (p->pid > 0) {
        (void)kill(p->pid, SIGKILL);
        (void)waitpid(p->pid, NULL, 0);
    }
    if (p->out != NULL && p->fd >= 0) {
        (void)close(p->fd);
    }
    free(p->out);
    free(p->err);
    *p = (process){.fd = -1};
}
