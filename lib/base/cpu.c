/* Counting processors as the kernel grants them. */
#define _GNU_SOURCE /* NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): sched_getaffinity */
#include "base/cpu.h"

#include <sched.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/number.h"

enum {
    MAX_CGROUP_FILE_BYTES = 4096
};

/* Appends the file's bytes; false when it is not there or cannot be read. */
static bool read_cgroup_file(const char *root, const char *name, tmli_buf *out)
{
    char *const path = tmli_path_join(root, name);
    const bool done =
        path != NULL && tmli_file_read(path, MAX_CGROUP_FILE_BYTES, out, NULL) == TML_OK;
    tmli_free(path);
    return done;
}

/* The next word, cut off the front of *text. */
static tml_str next_word(tml_str *text)
{
    *text = tmli_str_trim(*text);
    tml_str word = {text->data, 0};
    while (word.len < text->len && tmli_str_trim((tml_str){text->data + word.len, 1}).len > 0) {
        word.len++;
    }
    text->data += word.len;
    text->len -= word.len;
    return word;
}

/* Processors granted by "QUOTA PERIOD", or 0 for no limit: "max" and version 1's -1 are no counts. */
static size_t count_of_quota(tml_str text)
{
    int64_t quota_us;
    int64_t period_us;
    if (!tmli_parse_int64(next_word(&text), &quota_us) || quota_us <= 0 ||
        !tmli_parse_int64(next_word(&text), &period_us) || period_us <= 0) {
        return 0;
    }
    return (size_t)(quota_us / period_us) + (quota_us % period_us > 0 ? 1 : 0);
}

static size_t cgroup_count(const char *root)
{
    tmli_buf text = {0};
    size_t count = 0;
    if (read_cgroup_file(root, "cpu.max", &text)) {
        count = count_of_quota(tmli_buf_str(&text));
    } else if (read_cgroup_file(root, "cpu/cpu.cfs_quota_us", &text)) {
        tmli_buf_append_byte(&text, ' ');
        if (read_cgroup_file(root, "cpu/cpu.cfs_period_us", &text)) {
            count = count_of_quota(tmli_buf_str(&text));
        }
    }
    tmli_buf_deinit(&text);
    return count;
}

size_t tmli_cpu_count(const char *cgroup_root)
{
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = online > 0 ? (size_t)online : 1;
    cpu_set_t mask;
    /* Fails on machines with more processors than the mask holds; then the other two limits decide. */
    if (sched_getaffinity(0, sizeof mask, &mask) == 0) {
        const int allowed = CPU_COUNT(&mask);
        if (allowed > 0 && (size_t)allowed < count) {
            count = (size_t)allowed;
        }
    }
    const size_t granted = cgroup_count(cgroup_root);
    return granted > 0 && granted < count ? granted : count;
}
