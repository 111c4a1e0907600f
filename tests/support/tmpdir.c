/* Temporary directories. Plain libc, so that a test's failing allocations leave them alone. */
#include "support/tmpdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void stop(const char *what, const char *path)
{
    fail_msg("%s %s: %s", what, path, strerror(errno));
}

int tmpdir_set_up(void **state)
{
    *state = tmpdir_create();
    return 0;
}

int tmpdir_tear_down(void **state)
{
    tmpdir_remove(*state);
    return 0;
}

char *tmpdir_path(const char *dir, const char *name)
{
    const size_t size = strlen(dir) + strlen(name) + 2;
    char *const path = malloc(size);
    if (path == NULL) {
        fail_msg("no memory for a path");
        return NULL;
    }
    (void)snprintf(path, size, "%s/%s", dir, name);
    return path;
}

char *tmpdir_create(void)
{
    const char *const parent = getenv("TMPDIR");
    char *const dir = tmpdir_path(parent != NULL ? parent : "/tmp", "textml-test-XXXXXX");
    if (mkdtemp(dir) == NULL) {
        stop("mkdtemp", dir);
    }
    return dir;
}

static void remove_below(const char *dir)
{
    DIR *const stream = opendir(dir);
    if (stream == NULL) {
        stop("opendir", dir);
        return;
    }
    for (;;) {
        const struct dirent *const entry = readdir(stream);
        if (entry == NULL) {
            break;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        char *const path = tmpdir_path(dir, entry->d_name);
        struct stat info;
        if (lstat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_below(path);
        } else if (unlink(path) != 0) {
            stop("unlink", path);
        }
        free(path);
    }
    (void)closedir(stream);
    if (rmdir(dir) != 0) {
        stop("rmdir", dir);
    }
}

void tmpdir_remove(char *dir)
{
    if (dir != NULL) {
        remove_below(dir);
        free(dir);
    }
}

/* The directories above path, from the first '/' behind the test's own directory. */
static void make_parents(char *path, size_t n_dir)
{
    for (char *slash = strchr(path + n_dir + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            stop("mkdir", path);
        }
        *slash = '/';
    }
}

char *tmpdir_write(const char *dir, const char *name, const void *bytes, size_t n)
{
    char *const path = tmpdir_path(dir, name);
    make_parents(path, strlen(dir));
    FILE *const file = fopen(path, "wb");
    if (file == NULL) {
        stop("open", path);
        return path;
    }
    const size_t written = n > 0 ? fwrite(bytes, 1, n, file) : 0;
    if (fclose(file) != 0 || written != n) {
        stop("write", path);
    }
    return path;
}

void tmpdir_write_text(const char *dir, const char *name, const char *text)
{
    free(tmpdir_write(dir, name, text, strlen(text)));
}
