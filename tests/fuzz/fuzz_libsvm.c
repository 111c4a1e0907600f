/* Property: any lines give rows or a sentence that names the line, a batch goes on behind it; columns rise and are the model's;
 * rows written again read as the same.
 * Input: a byte for the columns, then the body. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/number.h"
#include "sagemaker/content_vectors.h"

static void write_row(const tmli_sparse_row *row, tmli_buf *out)
{
    char number[TMLI_NUMBER_BYTES];
    tmli_buf_append_byte(out, '0');
    for (size_t i = 0; i < row->n; i++) {
        FUZZ_CHECK(isfinite(row->values[i]));
        tmli_buf_printf(out, " %u:", row->columns[i]);
        tmli_buf_append(out, number, tmli_format_double(row->values[i], number));
    }
    tmli_buf_append_byte(out, '\n');
}

/* All whole lines as text; *n_damaged others. */
static void read_rows(tml_str body, size_t n_columns, tmli_buf *out, size_t *n_damaged)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    sm_rows rows = {
        .dialect = {.n_columns = n_columns}, .arena = &arena, .rest = body, .next_line = 1};
    for (*n_damaged = 0;;) {
        sm_row row = {0};
        bool has = true;
        tml_error err = {0};
        const size_t left = rows.rest.len;
        const tml_status status = sm_libsvm_next(&rows, &row, &has, &err);
        FUZZ_CHECK(rows.rest.len < left || !has);
        fuzz_check_error(status, &err, status != TML_OK ? "line " : "");
        if (status != TML_OK) {
            FUZZ_CHECK(status == TML_EFORMAT);
            (*n_damaged)++;
            continue;
        }
        if (!has) {
            break;
        }
        for (size_t i = 0; i < row.features->n; i++) {
            FUZZ_CHECK(row.features->columns[i] < n_columns);
            FUZZ_CHECK(i == 0 || row.features->columns[i - 1] < row.features->columns[i]);
        }
        write_row(row.features, out);
    }
    tmli_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t columns[] = {0, 1, 8, 1 << 20, (size_t)1 << 40};
    const size_t n_columns =
        columns[fuzz_choice(&data, &size) % (sizeof(columns) / sizeof(columns[0]))];
    tmli_buf first = {0};
    tmli_buf second = {0};
    size_t n_damaged = 0;
    read_rows(fuzz_text(data, size), n_columns, &first, &n_damaged);
    FUZZ_CHECK(n_columns > 0 || first.len == 0);
    read_rows(tmli_buf_str(&first), n_columns, &second, &n_damaged);
    FUZZ_CHECK(n_damaged == 0);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&first), tmli_buf_str(&second)));
    tmli_buf_deinit(&first);
    tmli_buf_deinit(&second);
    return 0;
}
