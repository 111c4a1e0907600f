#include "support/body_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

tml_status body_rows_read(const body_rows_notation *notation, sm_format format, tml_str body,
                          sm_dialect dialect, tmli_buf *out)
{
    tml_error err = {0};
    tmli_arena arena;
    sm_rows rows;
    tmli_arena_init(&arena, 256, 0);
    tmli_buf_reset(out);
    tml_status status = sm_rows_open(&rows, format, body, dialect, &arena, &err);
    if (status == TML_OK && notation->open != NULL) {
        notation->open(&rows, out);
    }
    for (bool has = true; status == TML_OK && has;) {
        sm_row row = {0};
        status = sm_rows_next(&rows, &row, &has, &err);
        if (status == TML_OK && has) {
            tmli_buf_append_text(out, rows.n > 1 ? "|" : "");
            notation->row(&row, out);
        }
    }
    if (status != TML_OK) {
        assert_int_equal(err.status, status);
        tmli_buf_reset(out);
        tmli_buf_append_text(out, err.text);
    }
    sm_rows_close(&rows);
    tmli_arena_deinit(&arena);
    return status;
}

void assert_body_rows(const body_rows_notation *notation, sm_format format, const char *body,
                      sm_dialect dialect, const char *want)
{
    tmli_buf got = {0};
    (void)body_rows_read(notation, format, tmli_str(body), dialect, &got);
    assert_string_equal(tmli_buf_cstr(&got), want);
    tmli_buf_deinit(&got);
}
