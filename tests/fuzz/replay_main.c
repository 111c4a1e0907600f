/* Runs a fuzz target over every file of a directory, in any build: the committed corpus as a regression test.
 * Usage: replay_<loader> DIRECTORY, or replay_<loader> FILE for one input. */
#include <dirent.h>
#include <errno.h>

#include "fuzz/fuzz.h"

/* The bytes stand in a block of their size (1 when there are none), so that a sanitizer sees the first one behind them. */
static int replay(const char *path)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        (void)fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    const long end = ftell(file);
    const size_t n = end > 0 ? (size_t)end : 0;
    uint8_t *const bytes = malloc(n > 0 ? n : 1);
    rewind(file);
    const bool is_read = bytes != NULL && fread(bytes, 1, n, file) == n;
    (void)fclose(file);
    if (!is_read) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        free(bytes);
        return 1;
    }
    (void)LLVMFuzzerTestOneInput(bytes, n);
    free(bytes);
    return 0;
}

/* The number of files that were run; negative after a failure. */
static int replay_all(const char *dir)
{
    DIR *const stream = opendir(dir);
    if (stream == NULL) {
        return errno == ENOTDIR && replay(dir) == 0 ? 1 : -1;
    }
    int n_run = 0;
    for (;;) {
        const struct dirent *const entry = readdir(stream);
        if (entry == NULL || n_run < 0) {
            break;
        }
        char path[4096];
        const int len = snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] == '.' || len < 0 || (size_t)len >= sizeof path) {
            continue;
        }
        n_run = replay(path) == 0 ? n_run + 1 : -1;
    }
    (void)closedir(stream);
    return n_run;
}

int main(int argc, char **argv)
{
    const uint8_t nothing = 0;
    (void)LLVMFuzzerTestOneInput(&nothing, 0);
    const int n_run = argc == 2 ? replay_all(argv[1]) : -1;
    if (n_run <= 0) {
        (void)fprintf(stderr, "usage: %s DIRECTORY: no input was run\n", argv[0]);
    }
    return n_run > 0 ? 0 : 1;
}
