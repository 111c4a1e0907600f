/* Golden directories. */
#include "support/golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"

enum {
    CASES_MAX = 256,
    FILE_BYTES_MAX = 16 << 20
};

static bool read_file(const char *dir, const char *name, const char *file, tmli_buf *out)
{
    char path[1024];
    const int n = snprintf(path, sizeof path, "%s/%s/%s", dir, name, file);
    return n > 0 && (size_t)n < sizeof path && tmli_is_file(path) &&
           tmli_file_read(path, FILE_BYTES_MAX, out, NULL) == TML_OK;
}

static void check_case(const char *dir, const char *name, void (*check)(const golden_case *c))
{
    golden_case c = {.name = name};
    if (!read_file(dir, name, "input", &c.input)) {
        fail_msg("%s/%s: no input", dir, name);
    }
    (void)read_file(dir, name, "options", &c.options);
    c.is_error = read_file(dir, name, "error", &c.want);
    if (!c.is_error && !read_file(dir, name, "want", &c.want)) {
        fail_msg("%s/%s: neither want nor error", dir, name);
    }
    while (c.is_error && c.want.len > 0 && c.want.data[c.want.len - 1] == '\n') {
        c.want.len--;
    }
    check(&c);
    tmli_buf_deinit(&c.input);
    tmli_buf_deinit(&c.options);
    tmli_buf_deinit(&c.want);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void golden_each(const char *suite, void (*check)(const golden_case *c))
{
    char dir[1024];
    char *names[CASES_MAX] = {NULL};
    size_t n = 0;
    (void)snprintf(dir, sizeof dir, "%s/%s", TML_GOLDEN_DIR, suite);
    DIR *const stream = opendir(dir);
    assert_non_null(stream);
    const struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        char path[2048];
        (void)snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
        if (entry->d_name[0] != '.' && tmli_is_dir(path)) {
            assert_true(n < CASES_MAX);
            names[n] = strdup(entry->d_name);
            assert_non_null(names[n]);
            n++;
        }
    }
    (void)closedir(stream);
    assert_true(n > 0);
    qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        check_case(dir, names[i], check);
        free(names[i]);
    }
}

const char *golden_option(const golden_case *c, const char *key, const char *fallback,
                          char value[256])
{
    const size_t n_key = strlen(key);
    const char *at = c->options.data;
    const char *const end = at != NULL ? at + c->options.len : NULL;
    while (at != end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        line_end = line_end != NULL ? line_end : end;
        const size_t n = (size_t)(line_end - at);
        if (n > n_key && memcmp(at, key, n_key) == 0 && at[n_key] == '=' && n - n_key <= 256) {
            memcpy(value, at + n_key + 1, n - n_key - 1);
            value[n - n_key - 1] = '\0';
            return value;
        }
        at = line_end != end ? line_end + 1 : end;
    }
    return fallback;
}

void golden_escape(tmli_buf *out, tml_str str)
{
    for (size_t i = 0; i < str.len; i++) {
        const unsigned char byte = (unsigned char)str.data[i];
        switch (byte) {
        case '\t': tmli_buf_append_text(out, "\\t"); break;
        case '\n': tmli_buf_append_text(out, "\\n"); break;
        case '\r': tmli_buf_append_text(out, "\\r"); break;
        case '\\': tmli_buf_append_text(out, "\\\\"); break;
        default:
            if (byte >= 0x20 && byte < 0x7f) {
                tmli_buf_append_byte(out, (char)byte);
            } else {
                tmli_buf_printf(out, "\\x%02x", byte);
            }
        }
    }
}

void golden_compare(const golden_case *c, tml_str got, const char *how)
{
    if (!tmli_str_eq(got, tmli_buf_str(&c->want))) {
        fail_msg("%s (%s): got\n%.*s\nwant\n%.*s", c->name, how, (int)got.len, got.data,
                 (int)c->want.len, c->want.data);
    }
}
