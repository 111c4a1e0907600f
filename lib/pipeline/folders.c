/* Class folders on disk. Directories are listed one at a time; a file is read when its turn comes. */
#include "pipeline/folders.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/source.h"
#include "base/status.h"

bool tmli_is_dropping(tml_str name)
{
    return tmli_str_starts(name, ".") || tmli_str_eq_text(name, "_SUCCESS") ||
           tmli_str_eq_text(name, "__MACOSX") || tmli_str_ends(name, ".crc") ||
           tmli_str_ends(name, "-manifest");
}

static tml_status fail_errno(const char *path, int error, tml_error *err)
{
    return tmli_fail(err, TML_EIO, "%s: %s", path, strerror(error));
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_wanted(const char *name)
{
    return !tmli_is_dropping(tmli_str(name));
}

/* The entries of a directory in byte order. *out: empty before. */
static tml_status list_entries(const char *dir, tmli_paths *out, tml_error *err)
{
    const tml_status status = tmli_list_entries(dir, is_wanted, out, err);
    if (status == TML_OK && out->n > 1) {
        qsort(out->items, out->n, sizeof *out->items, compare_paths);
    }
    return status;
}

static bool is_inside(const char *path, const char *dir)
{
    const size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 &&
           (path[n] == '/' || path[n] == '\0' || (n > 0 && dir[n - 1] == '/'));
}

/* What is at path: S_IFREG, S_IFDIR or another kind of stat(2). */
static tml_status kind_at(const tmli_folders *folders, const char *path, mode_t *out,
                          tml_error *err)
{
    struct stat info;
    char target[PATH_MAX];
    if (lstat(path, &info) != 0) {
        return fail_errno(path, errno, err);
    }
    if (S_ISLNK(info.st_mode)) {
        if (realpath(path, target) == NULL || stat(path, &info) != 0) {
            return tmli_fail(err, TML_EIO, "%s: a symbolic link that leads nowhere: %s", path,
                             strerror(errno));
        }
        if (!is_inside(target, folders->real)) {
            return tmli_fail(err, TML_EFORMAT,
                             "%s: a symbolic link out of the class folders, which is not "
                             "followed: put the file or folder itself there",
                             path);
        }
    }
    *out = info.st_mode & S_IFMT;
    return TML_OK;
}

/* The first entry that is a folder, or is none; NULL without such a one. */
static tml_status find_entry(const tmli_folders *folders, const tmli_paths *entries, bool is_folder,
                             const char **out, tml_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < entries->n && *out == NULL; i++) {
        mode_t kind;
        const tml_status status = kind_at(folders, entries->items[i], &kind, err);
        if (status != TML_OK) {
            return status;
        }
        *out = S_ISDIR(kind) == is_folder ? entries->items[i] : NULL;
    }
    return TML_OK;
}

/* Moves to the single folder of root when that holds folders itself. */
static tml_status enter_wrapper(tmli_folders *folders, tml_error *err)
{
    tml_status status = TML_OK;
    tmli_paths inner = {0};
    const char *folder = NULL;
    if (folders->classes.n != 1) {
        return TML_OK;
    }
    TMLI_TRY(find_entry(folders, &folders->classes, true, &folder, err));
    if (folder == NULL) {
        goto cleanup;
    }
    TMLI_TRY(list_entries(folder, &inner, err));
    TMLI_TRY(find_entry(folders, &inner, true, &folder, err));
    if (folder != NULL) {
        tmli_free(folders->root);
        folders->root = folders->classes.items[0];
        folders->classes.items[0] = NULL;
        tmli_paths_deinit(&folders->classes);
        folders->classes = inner;
        inner = (tmli_paths){0};
    }
cleanup:
    tmli_paths_deinit(&inner);
    return status;
}

static tml_status check_classes(const tmli_folders *folders, tml_error *err)
{
    const char *folder = NULL;
    const char *other = NULL;
    tml_status status = find_entry(folders, &folders->classes, true, &folder, err);
    if (status == TML_OK) {
        status = find_entry(folders, &folders->classes, false, &other, err);
    }
    if (status != TML_OK) {
        return status;
    }
    if (folder == NULL) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: no class folders: expected <class>/<file> in it, found %s%s: put the "
                         "files of each class into a folder that is named after it",
                         folders->root, other != NULL ? "only files such as " : "nothing",
                         other != NULL ? tmli_path_name(other) : "");
    }
    if (other != NULL) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: beside class folders such as %s: expected nothing but folders there: "
                         "put it into the folder of its class, or elsewhere",
                         other, tmli_path_name(folder));
    }
    return TML_OK;
}

tml_status tmli_folders_init(tmli_folders *folders, const char *dir, size_t limit_bytes,
                             tml_error *err)
{
    tml_status status = TML_OK;
    char real[PATH_MAX];
    folders->limit_bytes = limit_bytes;
    if (realpath(dir, real) == NULL) {
        return fail_errno(dir, errno, err);
    }
    folders->root = tmli_path_join("", dir);
    folders->real = tmli_path_join("", real);
    if (folders->root == NULL || folders->real == NULL) {
        return tmli_fail_memory(err, dir);
    }
    TMLI_TRY(list_entries(dir, &folders->classes, err));
    TMLI_TRY(enter_wrapper(folders, err));
    TMLI_TRY(check_classes(folders, err));
cleanup:
    return status;
}

void tmli_folders_deinit(tmli_folders *folders)
{
    tmli_free(folders->root);
    tmli_free(folders->real);
    tmli_paths_deinit(&folders->classes);
    tmli_paths_deinit(&folders->files);
    tmli_buf_deinit(&folders->bytes);
    tmli_buf_deinit(&folders->unpacked);
    *folders = (tmli_folders){0};
}

static tml_status read_file(tmli_folders *folders, const char *path, tml_str *out, tml_error *err)
{
    mode_t kind;
    tml_status status = kind_at(folders, path, &kind, err);
    if (status != TML_OK) {
        return status;
    }
    if (!S_ISREG(kind)) {
        return tmli_fail(err, TML_EFORMAT,
                         "%s: %s: expected files in a class folder (<class>/<file>)", path,
                         S_ISDIR(kind) ? "a folder" : "neither a file nor a folder");
    }
    tmli_buf_reset(&folders->bytes);
    status = tmli_file_read(path, folders->limit_bytes, &folders->bytes, err);
    return status != TML_OK ? status
                            : tmli_gunzip(path, tmli_buf_str(&folders->bytes), folders->limit_bytes,
                                          &folders->unpacked, out, err);
}

tml_status tmli_folders_next(tmli_folders *folders, tmli_folders_file *out, bool *has,
                             tml_error *err)
{
    tml_status status = TML_OK;
    while (folders->next_file == folders->files.n) {
        *has = folders->next_class < folders->classes.n;
        if (!*has) {
            return TML_OK;
        }
        tmli_paths_deinit(&folders->files);
        folders->next_file = 0;
        status = list_entries(folders->classes.items[folders->next_class], &folders->files, err);
        if (status != TML_OK) {
            return status;
        }
        folders->next_class++;
    }
    const char *const path = folders->files.items[folders->next_file];
    tml_str bytes;
    status = read_file(folders, path, &bytes, err);
    if (status != TML_OK) {
        return status;
    }
    folders->next_file++;
    *has = true;
    *out = (tmli_folders_file){
        .path = path,
        .label = tmli_str(tmli_path_name(folders->classes.items[folders->next_class - 1])),
        .bytes = bytes,
    };
    return TML_OK;
}
