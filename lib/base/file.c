/* Whole files: read, mapped, replaced, listed. Streams are in source.c. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

enum {
    READ_BYTES = 64 * 1024,
    MAX_TEMP_NAMES =
        1000, /* tried before giving up: that many crashed or parallel writers of one file */
};

static tml_status fail_errno(const char *path, int error, tml_error *err)
{
    return tmli_fail(err, TML_EIO, "%s: %s", path, strerror(error));
}

/* ---- reading ---- */

static tml_status open_regular(const char *path, int *out, struct stat *info, tml_error *err)
{
    /* Without O_NONBLOCK a pipe would hold us here before we could refuse it. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail_errno(path, errno, err);
    }
    tml_status status = TML_OK;
    if (fstat(fd, info) != 0) {
        status = fail_errno(path, errno, err);
    } else if (!S_ISREG(info->st_mode)) {
        status = tmli_fail(err, TML_EIO, "%s: is not a regular file", path);
    }
    if (status != TML_OK) {
        (void)close(fd);
        return status;
    }
    *out = fd;
    return TML_OK;
}

/* Reads on from fd until its end. The size that stat told is a hint only: /proc and /sys say 0. */
static tml_status read_to_end(int fd, const char *path, size_t limit_bytes, tmli_buf *out,
                              tml_error *err)
{
    const size_t start = out->len;
    for (;;) {
        if (out->len == out->capacity && !tmli_buf_reserve(out, READ_BYTES)) {
            return tmli_fail_memory(err, path);
        }
        const ssize_t got = read(fd, out->data + out->len, out->capacity - out->len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_errno(path, errno, err);
        }
        if (got == 0) {
            return TML_OK;
        }
        out->len += (size_t)got;
        if (out->len - start > limit_bytes) {
            return tmli_fail(err, TML_ELIMIT, "%s: larger than the limit of %zu bytes", path,
                             limit_bytes);
        }
    }
}

tml_status tmli_file_read(const char *path, size_t limit_bytes, tmli_buf *out, tml_error *err)
{
    int fd;
    struct stat info;
    tml_status status = open_regular(path, &fd, &info, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t len_before = out->len;
    const bool failed_before = out->failed;
    const uint64_t n_bytes = info.st_size > 0 ? (uint64_t)info.st_size : 0;
    if (n_bytes > limit_bytes) {
        status = tmli_fail(err, TML_ELIMIT, "%s: %llu bytes, the limit is %zu", path,
                           (unsigned long long)n_bytes, limit_bytes);
    } else if (!tmli_buf_reserve(out, (size_t)n_bytes + 1)) {
        status = tmli_fail_memory(err, path);
    } else {
        status = read_to_end(fd, path, limit_bytes, out, err);
    }
    (void)close(fd);
    if (status != TML_OK) {
        out->len = len_before;
        out->failed = failed_before;
    }
    return status;
}

tml_status tmli_file_map(const char *path, tmli_mapping *out, tml_error *err)
{
    int fd;
    struct stat info;
    const tml_status status = open_regular(path, &fd, &info, err);
    if (status != TML_OK) {
        return status;
    }
    tmli_mapping mapping = {0};
    int error = 0;
    if (info.st_size > 0) {
        void *const bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            error = errno;
        } else {
            mapping = (tmli_mapping){bytes, (size_t)info.st_size};
        }
    }
    (void)close(fd); /* the mapping stays */
    if (error != 0) {
        return error == ENOMEM ? tmli_fail_memory(err, path) : fail_errno(path, error, err);
    }
    *out = mapping;
    return TML_OK;
}

void tmli_file_unmap(tmli_mapping *mapping)
{
    if (mapping->bytes != NULL) {
        void *bytes; /* munmap's argument is not const */
        memcpy(&bytes, &mapping->bytes, sizeof bytes);
        (void)munmap(bytes, mapping->n);
    }
    *mapping = (tmli_mapping){0};
}

/* ---- writing ---- */

static size_t dir_bytes(const char *path)
{
    return (size_t)(tmli_path_name(path) - path);
}

/* A hidden name beside path; O_EXCL makes it ours. The mode is the umask's business, as for any new file. */
static tml_status open_temp(tmli_file_out *out, tml_error *err)
{
    const size_t size = strlen(out->path) + 64;
    out->temp_path = tmli_malloc(size);
    if (out->temp_path == NULL) {
        return tmli_fail_memory(err, out->path);
    }
    for (int i = 0; i < MAX_TEMP_NAMES; i++) {
        (void)snprintf(out->temp_path, size, "%.*s.%s.%ld-%d.tmp", (int)dir_bytes(out->path),
                       out->path, tmli_path_name(out->path), (long)getpid(), i);
        out->fd = open(out->temp_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (out->fd >= 0) {
            return TML_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return fail_errno(out->path, errno, err);
}

static void close_out(tmli_file_out *out)
{
    if (out->fd >= 0) {
        (void)close(out->fd);
    }
    tmli_free(out->path);
    tmli_free(out->temp_path);
    *out = (tmli_file_out){.fd = -1};
}

void tmli_file_out_abandon(tmli_file_out *out)
{
    if (out->fd >= 0) {
        (void)unlink(out->temp_path);
    }
    close_out(out);
}

tml_status tmli_file_out_begin(tmli_file_out *out, const char *path, tml_error *err)
{
    tmli_file_out begun = {.fd = -1, .path = tmli_path_join("", path)};
    tml_status status = TML_OK;
    if (begun.path == NULL) {
        status = tmli_fail_memory(err, path);
    } else if (tmli_path_name(path)[0] == '\0') {
        status = tmli_fail(err, TML_EIO, "%s: is not the name of a file", path);
    } else {
        status = open_temp(&begun, err);
    }
    if (status != TML_OK) {
        close_out(&begun);
        return status;
    }
    *out = begun;
    return TML_OK;
}

tml_status tmli_file_out_write(tmli_file_out *out, const void *bytes, size_t n, tml_error *err)
{
    const unsigned char *at = bytes;
    while (n > 0) {
        const ssize_t written = write(out->fd, at, n);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail_errno(out->path, errno, err);
        }
        at += written;
        n -= (size_t)written;
    }
    return TML_OK;
}

/* Opens the directory that path stands in. */
static tml_status open_dir_of(const char *path, int *out, tml_error *err)
{
    const size_t n = dir_bytes(path);
    char *const dir = tmli_malloc(n + 2);
    if (dir == NULL) {
        return tmli_fail_memory(err, path);
    }
    (void)snprintf(dir, n + 2, "%.*s", n > 0 ? (int)n : 1, n > 0 ? path : ".");
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const tml_status status = fd < 0 ? fail_errno(dir, errno, err) : TML_OK;
    tmli_free(dir);
    if (status == TML_OK) {
        *out = fd;
    }
    return status;
}

/* A rename is durable once its directory is. File systems that cannot sync a directory say EINVAL: nothing to do. */
static tml_status sync_dir(int fd, const char *path, tml_error *err)
{
    return fsync(fd) != 0 && errno != EINVAL && errno != EROFS ? fail_errno(path, errno, err)
                                                               : TML_OK;
}

tml_status tmli_file_out_sync(tmli_file_out *out, tml_error *err)
{
    if (fsync(out->fd) != 0) {
        const tml_status status = fail_errno(out->path, errno, err);
        tmli_file_out_abandon(out);
        return status;
    }
    return TML_OK;
}

tml_status tmli_file_out_commit(tmli_file_out *out, tml_error *err)
{
    int dir = -1;
    tml_status status = tmli_file_out_sync(out, err);
    if (status != TML_OK) {
        return status;
    }
    /* Before the rename: what fails here leaves the old file. */
    status = open_dir_of(out->path, &dir, err);
    if (status != TML_OK) {
        tmli_file_out_abandon(out);
        return status;
    }
    const int fd = out->fd;
    out->fd = -1;
    if (close(fd) != 0 || rename(out->temp_path, out->path) != 0) {
        status = fail_errno(out->path, errno, err);
        (void)unlink(out->temp_path);
    } else {
        status = sync_dir(dir, out->path, err);
    }
    (void)close(dir);
    close_out(out);
    return status;
}

tml_status tmli_file_replace(const char *path, const void *bytes, size_t n, tml_error *err)
{
    tmli_file_out out = {.fd = -1};
    tml_status status;
    TMLI_TRY(tmli_file_out_begin(&out, path, err));
    TMLI_TRY(tmli_file_out_write(&out, bytes, n, err));
    TMLI_TRY(tmli_file_out_commit(&out, err));
cleanup:
    tmli_file_out_abandon(&out);
    return status;
}

/* ---- paths ---- */

bool tmli_file_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool tmli_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool tmli_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

tml_status tmli_make_dirs(const char *path, tml_error *err)
{
    char *const partial = tmli_path_join("", path);
    if (partial == NULL) {
        return tmli_fail_memory(err, path);
    }
    tml_status status = TML_OK;
    for (char *p = partial; status == TML_OK; p++) {
        if ((*p != '/' && *p != '\0') || p == partial) {
            if (*p == '\0') {
                break; /* the empty path */
            }
            continue;
        }
        const char kept = *p;
        *p = '\0';
        if (mkdir(partial, 0777) != 0 && !(errno == EEXIST && tmli_is_dir(partial))) {
            status = fail_errno(partial, errno, err);
        }
        *p = kept;
        if (kept == '\0') {
            break;
        }
    }
    tmli_free(partial);
    return status;
}

char *tmli_path_join(const char *a, const char *b)
{
    const size_t a_bytes = strlen(a);
    const size_t b_bytes = strlen(b);
    const bool needs_slash = a_bytes > 0 && a[a_bytes - 1] != '/';
    char *const joined = tmli_malloc(a_bytes + (needs_slash ? 1 : 0) + b_bytes + 1);
    if (joined != NULL) {
        memcpy(joined, a, a_bytes);
        size_t n = a_bytes;
        if (needs_slash) {
            joined[n++] = '/';
        }
        memcpy(joined + n, b, b_bytes);
        joined[n + b_bytes] = '\0';
    }
    return joined;
}

const char *tmli_path_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* ---- listing ---- */

/* Takes path. */
static tml_status take_path(tmli_paths *paths, char *path, tml_error *err)
{
    if (path == NULL || !tmli_grow(&paths->items, &paths->capacity, paths->n + 1, sizeof(char *))) {
        tmli_free(path);
        return tmli_fail_memory(err, "list of files");
    }
    paths->items[paths->n++] = path;
    return TML_OK;
}

tml_status tmli_paths_add(tmli_paths *paths, const char *path, tml_error *err)
{
    return take_path(paths, tmli_path_join("", path), err);
}

void tmli_paths_deinit(tmli_paths *paths)
{
    for (size_t i = 0; i < paths->n; i++) {
        tmli_free(paths->items[i]);
    }
    tmli_free(paths->items);
    *paths = (tmli_paths){0};
}

/* The directories from the one being listed up to the top: a link back to one of them would never end. */
typedef struct ancestor {
    dev_t device;
    ino_t inode;
    const struct ancestor *parent;
} ancestor;

static bool is_ancestor(const ancestor *a, const struct stat *info)
{
    for (; a != NULL; a = a->parent) {
        if (a->device == info->st_dev && a->inode == info->st_ino) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const char *name)
{
    return name[0] != '.' && strcmp(name, "_SUCCESS") != 0 &&
           !tmli_str_ends(tmli_str(name), ".crc");
}

tml_status tmli_list_entries(const char *dir, bool (*takes)(const char *name), tmli_paths *out,
                             tml_error *err)
{
    DIR *const stream = opendir(dir);
    if (stream == NULL) {
        return fail_errno(dir, errno, err);
    }
    tml_status status = TML_OK;
    while (status == TML_OK) {
        errno = 0;
        const struct dirent *const entry = readdir(stream);
        if (entry == NULL) {
            status = errno != 0 ? fail_errno(dir, errno, err) : TML_OK;
            break;
        }
        if (takes(entry->d_name)) {
            status = take_path(out, tmli_path_join(dir, entry->d_name), err);
        }
    }
    (void)closedir(stream);
    return status;
}

static tml_status list_below(const char *dir, const ancestor *parent, tmli_paths *out,
                             tml_error *err)
{
    tmli_paths names = {0};
    struct stat info;
    tml_status status;
    if (stat(dir, &info) != 0) {
        return fail_errno(dir, errno, err);
    }
    if (is_ancestor(parent, &info)) {
        return TML_OK;
    }
    const ancestor here = {info.st_dev, info.st_ino, parent};
    TMLI_TRY(tmli_list_entries(dir, is_wanted, &names, err));
    for (size_t i = 0; i < names.n; i++) {
        char *const path = names.items[i];
        if (stat(path, &info) != 0) {
            if (errno != ENOENT && errno != ELOOP) { /* removed meanwhile, or a link to nothing */
                TMLI_TRY(fail_errno(path, errno, err));
            }
        } else if (S_ISDIR(info.st_mode)) {
            TMLI_TRY(list_below(path, &here, out, err));
        } else if (S_ISREG(info.st_mode) && info.st_size > 0) {
            names.items[i] = NULL;
            TMLI_TRY(take_path(out, path, err));
        }
    }
cleanup:
    tmli_paths_deinit(&names);
    return status;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

tml_status tmli_list_files(const char *dir, tmli_paths *out, tml_error *err)
{
    tmli_paths found = {0};
    const tml_status status = list_below(dir, NULL, &found, err);
    if (status != TML_OK) {
        tmli_paths_deinit(&found);
        return status;
    }
    if (found.n > 1) {
        qsort(found.items, found.n, sizeof *found.items, compare_paths);
    }
    tmli_paths_deinit(out);
    *out = found;
    return TML_OK;
}
