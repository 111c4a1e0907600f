/* Property: a source gives the same bytes and the same verdict however it is read; what is not gzip comes out as it went
 * in; lines are what stands between line ends.
 * Input: a byte for the size of a read, then the file. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/source.h"

enum {
    MAX_BYTES = 1 << 22
}; /* unpacked; more is not looked at */

static const char name[] = "fuzz.gz";

static tml_status read_all(tml_str file, size_t step, tmli_buf *out)
{
    tmli_source *source = NULL;
    tml_error err = {0};
    tml_status status = tmli_source_memory(name, file.data, file.len, &source, &err);
    FUZZ_CHECK(status == TML_OK);
    FUZZ_CHECK(strcmp(tmli_source_name(source), name) == 0);
    size_t got = 1;
    while (status == TML_OK && got > 0 && out->len < MAX_BYTES) {
        FUZZ_CHECK(tmli_buf_reserve(out, step));
        status = tmli_source_read(source, out->data + out->len, step, &got, &err);
        FUZZ_CHECK(status != TML_OK || got <= step);
        out->len += status == TML_OK ? got : 0;
    }
    fuzz_check_error(status, &err, name);
    tmli_source_free(source);
    return status;
}

/* The lines of the window are those that memchr finds in bytes. */
static void check_lines(tml_str file, tml_str bytes)
{
    tmli_source *source = NULL;
    tmli_window window;
    FUZZ_CHECK(tmli_source_memory(name, file.data, file.len, &source, NULL) == TML_OK);
    tmli_window_init(&window, source, bytes.len + 1);
    const char *at = bytes.data;
    const char *const end = bytes.data + bytes.len;
    for (;;) {
        const char *line = NULL;
        size_t len = 0;
        bool has = false;
        FUZZ_CHECK(tmli_window_line(&window, &line, &len, &has, NULL) == TML_OK);
        FUZZ_CHECK(has == (at < end));
        if (!has) {
            break;
        }
        const char *const found = memchr(at, '\n', (size_t)(end - at));
        const char *const stop = found != NULL ? found : end;
        const size_t cut = found != NULL && stop > at && stop[-1] == '\r' ? 1 : 0;
        FUZZ_CHECK(tmli_str_eq((tml_str){line, len}, (tml_str){at, (size_t)(stop - at) - cut}));
        at = found != NULL ? found + 1 : end;
    }
    tmli_window_deinit(&window);
    tmli_source_free(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t step = 1 + fuzz_choice(&data, &size) % 16;
    const tml_str file = fuzz_text(data, size);
    tmli_buf big = {0};
    tmli_buf small = {0};
    const tml_status status = read_all(file, 65536, &big);
    if (!tmli_str_starts(file, "\x1f\x8b")) {
        FUZZ_CHECK(status == TML_OK && tmli_str_eq(tmli_buf_str(&big), file));
    }
    if (big.len < MAX_BYTES / 64) { /* a byte at a time, longer ones take their time */
        FUZZ_CHECK(read_all(file, step, &small) == status);
        /* A failing read drops what it had, so a reader of big pieces may see less. */
        FUZZ_CHECK(big.len <= small.len && (status != TML_OK || big.len == small.len));
        FUZZ_CHECK(big.len == 0 || memcmp(big.data, small.data, big.len) == 0);
    }
    if (status == TML_OK && big.len < MAX_BYTES) {
        check_lines(file, tmli_buf_str(&big));
    }
    tmli_buf_deinit(&big);
    tmli_buf_deinit(&small);
    return 0;
}
