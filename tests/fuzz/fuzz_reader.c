/* Property: any file gives rows of valid text, or a sentence that begins with its name; never more rows than bytes.
 * Input: a byte for format and quoting, a byte for columns, then the file. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/bytes.h"
#include "pipeline/reader.h"

static const char name[] = "fuzz.data";

static tmli_reader_options choose_options(const uint8_t **data, size_t *size)
{
    static const char *const header[] = {"id", "text", "label", "weight"};
    const unsigned forms = fuzz_choice(data, size);
    const unsigned columns = fuzz_choice(data, size);
    return (tmli_reader_options){
        .format = (tmli_format)(forms % 4), /* archives are found by their header */
        .quoting = (tmli_quoting)(forms / 4 % 3),
        .encoding = columns / 64 % 2 == 1 ? TMLI_ENCODING_LATIN1 : TMLI_ENCODING_UTF8,
        .header = header,
        .n_header = columns % 5,
        .text = "text",
        .label = columns / 8 % 2 == 0 ? "label" : NULL,
        .weight = columns / 16 % 2 == 0 ? NULL : "weight",
        .label_first = columns / 32 % 2 == 1,
    };
}

static void check_row(const tmli_row *row, const tmli_reader_options *options, uint64_t last_line)
{
    FUZZ_CHECK(tmli_utf8_faults(row->text) == 0);
    FUZZ_CHECK(row->line > last_line);
    FUZZ_CHECK(isfinite(row->weight) && row->weight >= 0);
    if (options->label != NULL) {
        FUZZ_CHECK(row->label.len > 0);
        FUZZ_CHECK(tmli_utf8_faults(row->label) == 0);
        FUZZ_CHECK(tmli_str_eq(tmli_str_trim(row->label), row->label));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tmli_reader_options options = choose_options(&data, &size);
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    FUZZ_CHECK(tmli_source_memory(name, data, size, &source, &err) == TML_OK);
    tml_status status = tmli_row_reader_over(source, &options, &reader, &err);
    FUZZ_CHECK((status == TML_OK) == (reader != NULL));
    uint64_t line = 0;
    while (status == TML_OK) {
        tmli_row row;
        bool has = false;
        status = tmli_row_next(reader, &row, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        check_row(&row, &options, line);
        line = row.line;
    }
    fuzz_check_error(status, &err, name);
    tmli_row_reader_free(reader);
    return 0;
}
