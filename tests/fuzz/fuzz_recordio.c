/* Property: any body gives rows or a sentence, and vectors within the model's columns; any payload that is framed comes back,
 * and no beginning of its frames is taken for all of them.
 * Input: a byte for batches and columns, then the body. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/bytes.h"
#include "base/recordio.h"
#include "sagemaker/content_vectors.h"

static void check_row(const sm_row *row, size_t n_columns)
{
    for (size_t i = 0; i < row->text.len; i++) {
        FUZZ_CHECK((unsigned char)row->text.data[i] <= 0xFF); /* readable to its end */
    }
    const tmli_sparse_row *const features = row->features;
    for (size_t i = 0; features != NULL && i < features->n; i++) {
        FUZZ_CHECK(features->columns[i] < n_columns);
        FUZZ_CHECK(i == 0 || features->columns[i - 1] < features->columns[i]);
        FUZZ_CHECK(isfinite(features->values[i]));
    }
    FUZZ_CHECK(row->fault == NULL || *row->fault != '\0');
}

static void read_rows(tml_str body, sm_dialect dialect)
{
    tmli_arena arena;
    tml_error err = {0};
    tml_status status = TML_OK;
    tmli_arena_init(&arena, 4096, 0);
    sm_rows rows = {.dialect = dialect, .arena = &arena, .rest = body};
    for (;; rows.n++) {
        sm_row row = {0};
        bool has = true;
        const size_t left = rows.rest.len;
        status = sm_recordio_next(&rows, &row, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        FUZZ_CHECK(rows.rest.len < left);
        check_row(&row, dialect.n_columns);
        FUZZ_CHECK(dialect.is_batch || row.fault == NULL);
    }
    fuzz_check_error(status, &err, "");
    /* Memory stays in proportion. A record may take 64 times its size, and less than a MiB besides. */
    FUZZ_CHECK(arena.used_bytes <= ((size_t)1 << 20) * (rows.n + 1) + 80 * body.len);
    tmli_arena_deinit(&arena);
}

static void frame_and_read(tml_str payload)
{
    tmli_arena arena;
    tmli_buf framed = {0};
    tmli_recordio_extent extent;
    tml_str back = {0};
    bool has = false;
    tmli_arena_init(&arena, 4096, 0);
    tmli_recordio_write(&framed, payload);
    FUZZ_CHECK(!framed.failed && framed.len % 4 == 0);
    for (size_t n = 0; n < framed.len; n += 1 + n / 8) {
        FUZZ_CHECK(tmli_recordio_measure((tml_str){framed.data, n}, &extent, NULL) == TML_OK);
        FUZZ_CHECK(extent.n_bytes == 0);
    }
    tml_str rest = tmli_buf_str(&framed);
    FUZZ_CHECK(tmli_recordio_is(rest));
    FUZZ_CHECK(tmli_recordio_next(&rest, &arena, &back, &has, NULL) == TML_OK);
    FUZZ_CHECK(has && rest.len == 0 && tmli_str_eq(back, payload));
    tmli_arena_deinit(&arena);
    tmli_buf_deinit(&framed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned choice = fuzz_choice(&data, &size);
    const tml_str body = fuzz_text(data, size);
    read_rows(body, (sm_dialect){.is_batch = choice % 2 == 1, .n_columns = choice / 2});
    frame_and_read(body);
    return 0;
}
