/* Paths and stat: nothing is opened here but by loading. */
#define _DEFAULT_SOURCE /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): realpath */
#include "serve/files.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/status.h"
#include "serve/torn.h"

static const char *const names[SERVE_ARTIFACT_FILES] = {"textml.json", "model.safetensors"};

/* ---- marks ---- */

static serve_file_mark mark_of_file(const char *dir, const char *name)
{
    struct stat info;
    serve_file_mark mark = {0};
    char *path = tmli_path_join(dir, name);
    if (path != NULL && stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        mark = (serve_file_mark){.device = (uint64_t)info.st_dev,
                                 .inode = (uint64_t)info.st_ino,
                                 .n_bytes = info.st_size > 0 ? (uint64_t)info.st_size : 0,
                                 .seconds = (int64_t)info.st_mtim.tv_sec,
                                 .nanoseconds = (int64_t)info.st_mtim.tv_nsec};
    }
    tmli_free(path);
    return mark;
}

serve_mark serve_mark_of(const char *dir)
{
    serve_mark mark;
    for (size_t i = 0; i < SERVE_ARTIFACT_FILES; i++) {
        mark.files[i] = mark_of_file(dir, names[i]);
    }
    return mark;
}

bool serve_mark_is_complete(const serve_mark *mark)
{
    for (size_t i = 0; i < SERVE_ARTIFACT_FILES; i++) {
        if (mark->files[i].inode == 0) {
            return false;
        }
    }
    return true;
}

bool serve_mark_eq(const serve_mark *a, const serve_mark *b)
{
    for (size_t i = 0; i < SERVE_ARTIFACT_FILES; i++) {
        const serve_file_mark *x = &a->files[i];
        const serve_file_mark *y = &b->files[i];
        if (x->device != y->device || x->inode != y->inode || x->n_bytes != y->n_bytes ||
            x->seconds != y->seconds || x->nanoseconds != y->nanoseconds) {
            return false;
        }
    }
    return true;
}

size_t serve_mark_bytes(const serve_mark *mark)
{
    enum {
        FIXED_BYTES = 64 << 10, /* the model's own structures and a first session */
        PARSED = 4,             /* textml.json: its tree, and what is made of it */
    };
    size_t n = 0;
    const bool fits = tmli_mul_size((size_t)mark->files[0].n_bytes, PARSED, &n) &&
                      tmli_add_size(n, (size_t)mark->files[1].n_bytes, &n) &&
                      tmli_add_size(n, FIXED_BYTES, &n);
    return fits ? n : SIZE_MAX;
}

tml_status serve_load_verified(const char *dir, tml_model **out, tml_error *err)
{
    tml_model *model = NULL;
    serve_torn torn = {0};
    serve_torn_enter(&torn);
    tml_status status = tml_model_load(dir, &model, err);
    if (status == TML_OK) {
        status = tml_model_verify(model, err);
    }
    serve_torn_enter(NULL);
    if (status == TML_OK && serve_torn_is(&torn)) {
        status = tmli_fail(err, TML_EFORMAT, "%.256s: was cut short while it was read", dir);
    }
    if (status != TML_OK) {
        tml_model_free(model);
        return status;
    }
    *out = model;
    return TML_OK;
}

/* ---- where artifacts may lie ---- */

static unsigned fail_memory(tml_error *err)
{
    (void)tmli_fail_memory(err, "a path");
    return 507;
}

/* realpath's answer as memory of ours. */
static unsigned resolve(const char *path, char **out, tml_error *err)
{
    char buffer[PATH_MAX];
    if (realpath(path, buffer) == NULL) {
        const int error = errno;
        (void)tmli_fail(err, TML_EIO, "%.256s: %s", path, strerror(error));
        return error == ENOENT || error == ENOTDIR ? 404 : 400;
    }
    char *copy = tmli_str_copy(tmli_str(buffer));
    if (copy == NULL) {
        return fail_memory(err);
    }
    *out = copy;
    return 200;
}

static bool is_below(const char *path, const char *root)
{
    const size_t n = strlen(root);
    const bool is_top = n == 1; /* "/" alone ends in a slash */
    return strncmp(path, root, n) == 0 && (is_top || path[n] == '/');
}

/* Whether none of the artifact's files is a link that leads out of root, which it names in words. dir: a real path. */
static unsigned check_files(const char *real_root, const char *root, const char *dir,
                            tml_error *err)
{
    unsigned status = 200;
    for (size_t i = 0; i < SERVE_ARTIFACT_FILES && status == 200; i++) {
        char *real = NULL;
        char *path = tmli_path_join(dir, names[i]);
        /* One that is not there is loading's to tell. */
        if (path == NULL) {
            status = fail_memory(err);
        } else if (resolve(path, &real, NULL) == 200 && !is_below(real, real_root)) {
            (void)tmli_fail(err, TML_EINVAL,
                            "%.256s: is a link that leads out of %.256s, the directory of the "
                            "models; put the file itself there",
                            path, root);
            status = 400;
        }
        tmli_free(real);
        tmli_free(path);
    }
    return status;
}

static unsigned resolve_text(const char *root, const char *path, char **out, tml_error *err)
{
    char *real = NULL;
    char *real_root = NULL;
    unsigned status = resolve(path, &real, err);
    if (status == 200) {
        status = resolve(root, &real_root, err);
    }
    if (status == 200 && !is_below(real, real_root)) {
        (void)tmli_fail(err, TML_EINVAL, "%.256s: is not below %.256s, the directory of the models",
                        path, root);
        status = 400;
    } else if (status == 200 && !tmli_is_dir(real)) {
        (void)tmli_fail(err, TML_EINVAL,
                        "%.256s: is not a directory; give the one that holds textml.json", path);
        status = 400;
    } else if (status == 200) {
        status = check_files(real_root, root, real, err);
    }
    tmli_free(real_root);
    if (status != 200) {
        tmli_free(real);
        return status;
    }
    *out = real;
    return 200;
}

unsigned serve_resolve_dir(const char *root, tml_str path, char **out, tml_error *err)
{
    if (path.len == 0 || path.data[0] != '/' || path.len >= PATH_MAX ||
        memchr(path.data, '\0', path.len) != NULL) {
        (void)tmli_fail(err, TML_EINVAL, "\"%.*s\" is not the absolute path of a directory",
                        TMLI_SHOWN(path));
        return 400;
    }
    tmli_buf text = {0};
    tmli_buf_append_str(&text, path);
    const char *zero_ended = tmli_buf_cstr(&text);
    const unsigned status =
        zero_ended != NULL ? resolve_text(root, zero_ended, out, err) : fail_memory(err);
    tmli_buf_deinit(&text);
    return status;
}

/* One part of a path, and no hidden one. */
static bool can_be_dir(tml_str name)
{
    return name.len > 0 && name.len <= NAME_MAX && name.data[0] != '.' &&
           memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\0', name.len) == NULL;
}

unsigned serve_find_dir(const char *root, tml_str name, char **out, tml_error *err)
{
    if (!can_be_dir(name)) {
        (void)tmli_fail(err, TML_EINVAL, "there is no model \"%.*s\"", TMLI_SHOWN(name));
        return 404;
    }
    tmli_buf path = {0};
    tmli_buf_printf(&path, "%s/", root);
    tmli_buf_append_str(&path, name);
    const size_t n_dir = path.len;
    tmli_buf_printf(&path, "/%s", names[0]);
    const char *text = tmli_buf_cstr(&path);
    if (text == NULL) {
        tmli_buf_deinit(&path);
        return fail_memory(err);
    }
    const bool is_flat = tmli_is_file(text);
    path.len = n_dir;
    text = tmli_buf_cstr(&path); /* room for it was there */
    tml_error fault = {0};
    unsigned status = 404;
    if (tmli_is_dir(text)) {
        if (!is_flat) {
            tmli_buf_append_text(&path, "/model");
        }
        text = tmli_buf_cstr(&path);
        char *real = NULL;
        status = text != NULL ? resolve_text(root, text, &real, &fault) : fail_memory(&fault);
        tmli_free(real);
    }
    if (status == 200) {
        *out = tmli_buf_take(&path, NULL); /* it has its room already */
    } else if (status == 404) {
        (void)tmli_fail(err, TML_EINVAL, "there is no model \"%.*s\"", TMLI_SHOWN(name));
    } else {
        (void)tmli_fail(err, fault.status, "%s", fault.text);
    }
    tmli_buf_deinit(&path);
    return status;
}
