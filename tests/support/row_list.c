#include "support/row_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/golden.h"

tml_status row_list(tmli_row_reader *reader, tmli_buf *out, tml_error *err)
{
    tml_status status = TML_OK;
    bool has = true;
    uint64_t n = 0;
    while (status == TML_OK && has) {
        tmli_row row;
        status = tmli_row_next(reader, &row, &has, err);
        if (status == TML_OK && has) {
            n++;
            assert_int_equal(row.line, n);
            assert_int_equal(row.column, 0);
            assert_true(row.weight == 1.0);
            golden_escape(out, row.label);
            tmli_buf_append_byte(out, '=');
            golden_escape(out, row.text);
            tmli_buf_append_byte(out, '|');
        }
    }
    tmli_row_reader_free(reader);
    return status;
}
