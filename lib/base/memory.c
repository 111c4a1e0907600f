/* Limits and use of memory as the kernel tells them, in files of words and numbers. */
#include "base/memory.h"

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"

enum {
    MAX_FILE_BYTES = 64 << 10
};

/* ---- the files ---- */

/* Replaces *out by the file's bytes; false when it cannot be read. */
static bool read_text(const char *dir, const char *name, tmli_buf *out)
{
    char *path = tmli_path_join(dir, name);
    tmli_buf_reset(out);
    const bool done =
        path != NULL && tmli_file_read(path, MAX_FILE_BYTES, out, NULL) == TML_OK && out->len > 0;
    tmli_free(path);
    return done;
}

/* A count of bytes; false for "max" and whatever else is none. */
static bool parse_bytes(tml_str text, size_t *out)
{
    int64_t number = 0;
    if (!tmli_parse_int64(tmli_str_trim(text), &number) || number < 0) {
        return false;
    }
    *out = (size_t)number;
    return true;
}

static bool read_bytes(const char *dir, const char *name, tmli_buf *scratch, size_t *out)
{
    return read_text(dir, name, scratch) && parse_bytes(tmli_buf_str(scratch), out);
}

/* The number behind "KEY" at the start of a line, up to a blank or the line's end; false when there is none. */
static bool find_number(tml_str text, const char *key, size_t *out)
{
    const size_t n_key = strlen(key);
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        const size_t n_line = end != NULL ? (size_t)(end - text.data) : text.len;
        if (n_line > n_key && memcmp(text.data, key, n_key) == 0) {
            tml_str value = tmli_str_trim((tml_str){text.data + n_key, n_line - n_key});
            const char *blank = value.len > 0 ? memchr(value.data, ' ', value.len) : NULL;
            value.len = blank != NULL ? (size_t)(blank - value.data) : value.len;
            return parse_bytes(value, out);
        }
        const size_t n_taken = n_line < text.len ? n_line + 1 : n_line;
        text = (tml_str){text.data + n_taken, text.len - n_taken};
    }
    return false;
}

/* ---- who grants ---- */

static size_t less(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* Where a version of cgroups tells what it grants: files below its root, keys in the statistics. */
typedef struct version {
    const char *limit, *used, *statistics;
    const char *cached, *shared;
} version;

static const version version_1 = {"memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes",
                                  "memory/memory.stat", "total_cache ", "total_shmem "};
static const version version_2 = {"memory.max", "memory.current", "memory.stat", "file ", "shmem "};

/* Pages of files count as used there until somebody needs them; those of tmpfs, which are files too, stay. */
static bool read_version(const version *v, const char *root, tmli_buf *scratch, tmli_memory *out)
{
    size_t cached = 0;
    size_t shared = 0;
    if (!read_bytes(root, v->limit, scratch, &out->limit_bytes) ||
        !read_bytes(root, v->used, scratch, &out->used_bytes)) {
        return false;
    }
    if (read_text(root, v->statistics, scratch)) {
        (void)find_number(tmli_buf_str(scratch), v->cached, &cached);
        (void)find_number(tmli_buf_str(scratch), v->shared, &shared);
    }
    out->used_bytes = less(out->used_bytes, less(cached, shared));
    return true;
}

static bool read_machine(const char *meminfo, tmli_buf *scratch, tmli_memory *out)
{
    enum {
        UNIT_BYTES = 1024
    };
    size_t total = 0;
    size_t available = 0;
    tmli_buf_reset(scratch);
    if (tmli_file_read(meminfo, MAX_FILE_BYTES, scratch, NULL) != TML_OK ||
        !find_number(tmli_buf_str(scratch), "MemTotal:", &total) ||
        !find_number(tmli_buf_str(scratch), "MemAvailable:", &available) ||
        !tmli_mul_size(total, UNIT_BYTES, &out->limit_bytes)) {
        return false;
    }
    out->used_bytes = less(total, available) * UNIT_BYTES;
    return true;
}

size_t tmli_memory_left(const tmli_memory *memory)
{
    return less(memory->limit_bytes, memory->used_bytes);
}

bool tmli_memory_read(const char *cgroup_root, const char *meminfo, tmli_memory *out)
{
    tmli_buf scratch = {0};
    tmli_memory granted = {0};
    tmli_memory machine = {0};
    const bool has_grant = read_version(&version_2, cgroup_root, &scratch, &granted) ||
                           read_version(&version_1, cgroup_root, &scratch, &granted);
    const bool has_machine = read_machine(meminfo, &scratch, &machine);
    tmli_buf_deinit(&scratch);
    if (has_grant && (!has_machine || tmli_memory_left(&granted) < tmli_memory_left(&machine))) {
        *out = granted;
    } else if (has_machine) {
        *out = machine;
    }
    return has_grant || has_machine;
}
