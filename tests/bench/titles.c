#include "bench/titles.h"

#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "bench/measure.h"
#include "pipeline/reader.h"

/* Texts as they stand in the file, once. */
typedef struct title_column {
    tmli_buf bytes;
    size_t *ends; /* owned, [n] of each text in bytes */
    size_t n, capacity;
} title_column;

static void read_column(const char *path, const char *name, title_column *out)
{
    tml_error err = {0};
    const tmli_reader_options options = {.text = name};
    tmli_row_reader *reader = NULL;
    bench_check(tmli_row_reader_open(path, &options, &reader, &err), &err);
    tmli_row row;
    for (bool has = true;;) {
        bench_check(tmli_row_next(reader, &row, &has, &err), &err);
        if (!has) {
            break;
        }
        tmli_buf_append_str(&out->bytes, row.text);
        if (!tmli_grow(&out->ends, &out->capacity, out->n + 1, sizeof(*out->ends))) {
            bench_fail("out of memory");
        }
        out->ends[out->n++] = out->bytes.len;
    }
    tmli_row_reader_free(reader);
    if (out->n == 0 || out->bytes.failed) {
        bench_fail("%s: no texts", path);
    }
}

bench_titles bench_titles_read(const char *path, const char *name, size_t least)
{
    title_column column = {0};
    read_column(path, name, &column);
    const size_t copies = (least + column.n - 1) / column.n;
    bench_titles out = {.n = copies * column.n, .n_bytes = copies * column.bytes.len};
    out.bytes = tmli_malloc(out.n_bytes);
    out.items = tmli_alloc(out.n, sizeof(*out.items));
    bench_check_memory(out.bytes);
    bench_check_memory(out.items);
    for (size_t copy = 0; copy < copies; copy++) {
        char *base = out.bytes + copy * column.bytes.len;
        memcpy(base, column.bytes.data, column.bytes.len);
        size_t begin = 0;
        for (size_t i = 0; i < column.n; i++) {
            out.items[copy * column.n + i] = (tml_str){base + begin, column.ends[i] - begin};
            begin = column.ends[i];
        }
    }
    tmli_buf_deinit(&column.bytes);
    tmli_free(column.ends);
    return out;
}

void bench_titles_deinit(bench_titles *titles)
{
    tmli_free(titles->bytes);
    tmli_free(titles->items);
}
