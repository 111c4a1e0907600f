/* Property: an archive gives the same members and the same verdict whether data are read or skipped, never more data than
 * there are bytes; as rows they have valid text and a label.
 * Input: a byte of choices, then the file. With choice 1 the checksums of all blocks that begin like headers are made
 * right first, so that changes elsewhere are met. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/tar.h"
#include "pipeline/reader.h"

static const char name[] = "fuzz.tar";

enum {
    LIMIT = 1 << 12
};

/* Names and kinds of all members. */
static tml_status list(tml_str file, bool with_data, tmli_buf *shown)
{
    tmli_source *source = NULL;
    tml_error err = {0};
    tmli_tar tar;
    tml_status status;
    uint64_t n_bytes = 0;
    FUZZ_CHECK(tmli_source_memory(name, file.data, file.len, &source, &err) == TML_OK);
    tmli_tar_init(&tar, source, LIMIT);
    for (;;) {
        tmli_tar_member member;
        tml_str data = {0};
        bool has = false;
        status = tmli_tar_next(&tar, &member, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        FUZZ_CHECK(member.name[0] != '\0');
        tmli_buf_printf(shown, "%d %s\n", (int)member.kind, member.name);
        if (with_data) {
            status = tmli_tar_bytes(&tar, &data, &err);
            if (status != TML_OK) {
                break;
            }
            FUZZ_CHECK(data.len == member.n_bytes && data.len <= LIMIT);
            n_bytes += data.len;
            FUZZ_CHECK(n_bytes <= file.len);
        }
    }
    fuzz_check_error(status, &err, name);
    tmli_tar_deinit(&tar);
    tmli_source_free(source);
    return status;
}

static void read_rows(tml_str file, bool is_latin1)
{
    const tmli_reader_options options = {.format = TMLI_FORMAT_FOLDERS,
                                         .text = "text",
                                         .label = "label",
                                         .encoding =
                                             is_latin1 ? TMLI_ENCODING_LATIN1 : TMLI_ENCODING_UTF8};
    tmli_source *source = NULL;
    tmli_row_reader *reader = NULL;
    tml_error err = {0};
    uint64_t n = 0;
    FUZZ_CHECK(tmli_source_memory(name, file.data, file.len, &source, &err) == TML_OK);
    tml_status status = tmli_row_reader_over(source, &options, &reader, &err);
    while (status == TML_OK) {
        tmli_row row;
        bool has = false;
        status = tmli_row_next(reader, &row, &has, &err);
        if (status != TML_OK || !has) {
            break;
        }
        n++;
        FUZZ_CHECK(row.line == n && row.label.len > 0);
        FUZZ_CHECK(tmli_utf8_faults(row.text) == 0 && tmli_utf8_faults(row.label) == 0);
    }
    fuzz_check_error(status, &err, name);
    tmli_row_reader_free(reader);
}

static void mend_checksums(char *bytes, size_t n)
{
    for (size_t at = 0; at + TMLI_TAR_BLOCK <= n; at += TMLI_TAR_BLOCK) {
        unsigned sum = 0;
        char *const field = bytes + at + 148;
        if (bytes[at] == '\0') {
            continue;
        }
        memset(field, ' ', 8);
        for (size_t i = 0; i < TMLI_TAR_BLOCK; i++) {
            sum += (unsigned char)bytes[at + i];
        }
        (void)snprintf(field, 8, "%06o", sum);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned choice = fuzz_choice(&data, &size);
    tmli_buf copy = {0};
    tmli_buf read = {0};
    tmli_buf skipped = {0};
    tmli_buf_append(&copy, data, size);
    if (choice % 2 == 1) {
        mend_checksums(copy.data, copy.len);
    }
    const tml_str file = tmli_buf_str(&copy);
    if (!tmli_str_starts(file, "\x1f\x8b")) { /* gzip is fuzz_source's */
        const tml_status with_data = list(file, true, &read);
        const tml_status without = list(file, false, &skipped);
        FUZZ_CHECK(!read.failed && !skipped.failed && read.len <= skipped.len);
        FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&read), (tml_str){skipped.data, read.len}));
        FUZZ_CHECK(with_data == without || with_data == TML_ELIMIT);
    }
    read_rows(file, choice / 2 % 2 == 1);
    tmli_buf_deinit(&copy);
    tmli_buf_deinit(&read);
    tmli_buf_deinit(&skipped);
    return 0;
}
