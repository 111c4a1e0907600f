/* Streams: plain and gzip, files, pipes and memory; the window over them. */
#include "base/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "support/alloc_fail.h"
#include "support/tmpdir.h"

/* gzip.compress(b"hello\n" * 3, mtime=0) and gzip.compress(b"world\n", mtime=0) of Python 3.11. */
static const unsigned char hello_gz[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48, 0xcd, 0xc9,
    0xc9, 0xe7, 0xca, 0x40, 0x22, 0x01, 0x3a, 0x37, 0x66, 0x3d, 0x12, 0x00, 0x00, 0x00,
};

static const unsigned char world_gz[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0xcf, 0x2f,
    0xca, 0x49, 0xe1, 0x02, 0x00, 0xa8, 0x61, 0x38, 0xdd, 0x06, 0x00, 0x00, 0x00,
};
/* Reads to the end in pieces of `piece` bytes. */
static tml_status read_all(tmli_source *source, size_t piece, tmli_buf *out, tml_error *err)
{
    for (;;) {
        assert_true(tmli_buf_reserve(out, piece));
        size_t got = 77;
        const tml_status status = tmli_source_read(source, out->data + out->len, piece, &got, err);
        if (status != TML_OK || got == 0) {
            return status;
        }
        assert_true(got <= piece);
        out->len += got;
    }
}

static void assert_memory_reads(const void *bytes, size_t n, const char *want, size_t n_want)
{
    const size_t pieces[] = {1, 2, 7, 1000, 1 << 20};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        tmli_source *source = NULL;
        tmli_buf out = {0};
        assert_int_equal(tmli_source_memory("name", bytes, n, &source, NULL), TML_OK);
        assert_int_equal(read_all(source, pieces[i], &out, NULL), TML_OK);
        assert_int_equal(out.len, n_want);
        assert_true(n_want == 0 || memcmp(out.data, want, n_want) == 0);
        size_t got = 77; /* the end stays the end */
        char byte;
        assert_int_equal(tmli_source_read(source, &byte, 1, &got, NULL), TML_OK);
        assert_int_equal(got, 0);
        tmli_buf_deinit(&out);
        tmli_source_free(source);
    }
}

static void memory_is_read_as_it_is(void **state)
{
    (void)state;
    assert_memory_reads("plain\0text", 10, "plain\0text", 10);
    assert_memory_reads("", 0, "", 0);
    assert_memory_reads(NULL, 0, "", 0);
    assert_memory_reads("\x1f", 1, "\x1f", 1);
    assert_memory_reads("\x1fx", 2, "\x1fx", 2);
}

static void gzip_is_recognised_and_unpacked(void **state)
{
    (void)state;
    assert_memory_reads(hello_gz, sizeof hello_gz, "hello\nhello\nhello\n", 18);
}

static void members_in_a_row_are_one_stream(void **state)
{
    (void)state;
    tmli_buf two = {0};
    tmli_buf_append(&two, world_gz, sizeof world_gz);
    tmli_buf_append(&two, hello_gz, sizeof hello_gz);
    assert_memory_reads(two.data, two.len, "world\nhello\nhello\nhello\n", 24);
    tmli_buf_append(&two, "\0\0\0\0\0\0\0", 7); /* the rest of a tape's block */
    assert_memory_reads(two.data, two.len, "world\nhello\nhello\nhello\n", 24);
    tmli_buf_deinit(&two);
}

/* Members end wherever the input's buffer does, and what is read of the next one too early is not lost. */
static void members_of_files_are_cut_anywhere(void **state)
{
    enum {
        MEMBERS = 12000, /* more than two buffers of input */
        PHASES = sizeof world_gz
    };
    for (size_t phase = 0; phase < PHASES; phase++) {
        tmli_buf packed = {0};
        tmli_buf want = {0};
        for (size_t i = 0; i < MEMBERS; i++) {
            const bool is_hello = i < phase;
            tmli_buf_append(&packed, is_hello ? hello_gz : world_gz,
                            is_hello ? sizeof hello_gz : sizeof world_gz);
            tmli_buf_append_text(&want, is_hello ? "hello\nhello\nhello\n" : "world\n");
        }
        char *const path = tmpdir_write(*state, "many.gz", packed.data, packed.len);
        tmli_source *source = NULL;
        tmli_buf got = {0};
        assert_int_equal(tmli_source_open(path, &source, NULL), TML_OK);
        assert_int_equal(read_all(source, 1 + phase % 7, &got, NULL), TML_OK);
        assert_true(tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want)));
        tmli_source_free(source);
        free(path);
        tmli_buf_deinit(&packed);
        tmli_buf_deinit(&want);
        tmli_buf_deinit(&got);
    }
}

static tml_status read_memory(const void *bytes, size_t n, tml_error *err)
{
    tmli_source *source = NULL;
    tmli_buf out = {0};
    assert_int_equal(tmli_source_memory("in.gz", bytes, n, &source, NULL), TML_OK);
    const tml_status status = read_all(source, 5, &out, err);
    tmli_buf_deinit(&out);
    tmli_source_free(source);
    return status;
}

static void gzip_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (size_t n = 2; n < sizeof hello_gz; n++) {
        tml_error err = {0};
        assert_int_equal(read_memory(hello_gz, n, &err), TML_EFORMAT);
        assert_string_equal(err.text, "in.gz: the gzip data are cut short");
    }
}

static void damaged_gzip_never_reads_as_something_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hello_gz * 8; i++) {
        unsigned char bytes[sizeof hello_gz];
        memcpy(bytes, hello_gz, sizeof bytes);
        bytes[i / 8] ^= (unsigned char)(1U << i % 8);
        tml_error err = {0};
        const tml_status status = read_memory(bytes, sizeof bytes, &err);
        /* Bytes 0 and 1 make it gzip; bits of the header's flags, time and system do not matter to the data. */
        if (i / 8 >= 10) {
            assert_int_equal(status, TML_EFORMAT);
        }
        if (status != TML_OK) {
            assert_memory_equal(err.text, "in.gz: ", 7);
        }
    }
}

static void bytes_behind_the_gzip_data_are_refused(void **state)
{
    (void)state;
    static const char *const tails[] = {"x", "xy", "\0x", "\x1fx"};
    static const size_t sizes[] = {1, 2, 2, 2};
    for (size_t i = 0; i < 4; i++) {
        tmli_buf all = {0};
        tmli_buf_append(&all, world_gz, sizeof world_gz);
        tmli_buf_append(&all, tails[i], sizes[i]);
        tml_error err = {0};
        assert_int_equal(read_memory(all.data, all.len, &err), TML_EFORMAT);
        assert_string_equal(err.text, "in.gz: bytes behind the end of the gzip data");
        tmli_buf_deinit(&all);
    }
}

/* A text longer than every buffer in between: many lines that do not repeat soon. */
static void make_long_text(tmli_buf *text)
{
    for (unsigned i = 0; i < 60000; i++) {
        tmli_buf_printf(text, "line %u of the text, %u\n", i, i * 2654435761U);
    }
    assert_false(text->failed);
}

static void large_files_are_read_whole_plain_and_packed(void **state)
{
    tmli_buf text = {0};
    make_long_text(&text);
    char *const plain = tmpdir_write(*state, "plain", text.data, text.len);
    char *const packed = tmpdir_path(*state, "packed");
    gzFile gz = gzopen(packed, "wb");
    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, text.data, (unsigned)text.len), text.len);
    assert_int_equal(gzclose(gz), Z_OK);
    const char *const paths[] = {plain, packed};
    for (size_t i = 0; i < 2; i++) {
        tmli_source *source = NULL;
        tmli_buf out = {0};
        assert_int_equal(tmli_source_open(paths[i], &source, NULL), TML_OK);
        assert_string_equal(tmli_source_name(source), paths[i]);
        assert_int_equal(read_all(source, 12345, &out, NULL), TML_OK);
        assert_int_equal(out.len, text.len);
        assert_memory_equal(out.data, text.data, text.len);
        tmli_source_free(source);
        tmli_buf_deinit(&out);
    }
    tmli_buf_deinit(&text);
    free(plain);
    free(packed);
}

typedef struct feed {
    const char *path;
    const unsigned char *bytes;
    size_t n;
} feed;

/* Writes byte by byte, so that the reader meets every possible cut. */
static void *write_slowly(void *arg)
{
    const feed *const f = arg;
    const int fd = open(f->path, O_WRONLY);
    for (size_t i = 0; fd >= 0 && i < f->n; i++) {
        (void)!write(fd, f->bytes + i, 1);
    }
    (void)close(fd);
    return NULL;
}

static void pipes_are_read_plain_and_packed(void **state)
{
    char *const path = tmpdir_path(*state, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    feed feeds[] = {{path, (const unsigned char *)"hello\nhello\nhello\n", 18},
                    {path, hello_gz, sizeof hello_gz}};
    for (size_t i = 0; i < 2; i++) {
        pthread_t writer;
        tmli_source *source = NULL;
        tmli_buf out = {0};
        assert_int_equal(pthread_create(&writer, NULL, write_slowly, &feeds[i]), 0);
        assert_int_equal(tmli_source_open(path, &source, NULL), TML_OK);
        assert_int_equal(read_all(source, 4, &out, NULL), TML_OK);
        assert_string_equal(tmli_buf_cstr(&out), "hello\nhello\nhello\n");
        assert_int_equal(pthread_join(writer, NULL), 0);
        tmli_source_free(source);
        tmli_buf_deinit(&out);
    }
    free(path);
}

static void what_cannot_be_opened_or_read_is_named(void **state)
{
    tmli_source *source = NULL;
    tml_error err = {0};
    assert_int_equal(tmli_source_open("/nowhere/at/all", &source, &err), TML_EIO);
    assert_string_equal(err.text, "/nowhere/at/all: No such file or directory");
    assert_null(source);
    assert_int_equal(tmli_source_open(*state, &source, NULL), TML_OK); /* a directory opens… */
    err = (tml_error){0};
    char byte;
    size_t got;
    assert_int_equal(tmli_source_read(source, &byte, 1, &got, &err), TML_EIO); /* …and no more */
    assert_non_null(strstr(err.text, ": Is a directory"));
    tmli_source_free(source);
    tmli_source_free(NULL);
}

static void every_allocation_of_unpacking_may_fail(void **state)
{
    char *const path = tmpdir_write(*state, "a.gz", hello_gz, sizeof hello_gz);
    size_t nth = 0;
    for (;; nth++) {
        tmli_source *source = NULL;
        char bytes[100];
        size_t got = 0;
        fail_allocation(nth);
        tml_status status = tmli_source_open(path, &source, NULL);
        if (status == TML_OK) {
            status = tmli_source_read(source, bytes, sizeof bytes, &got, NULL);
        }
        fail_allocation(NEVER);
        tmli_source_free(source);
        if (status == TML_OK) {
            assert_int_equal(got, 18);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
    }
    assert_true(nth >= 4);
    free(path);
}

/* ---- the window ---- */

static void lines_lose_their_ends(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *lines[4];
        size_t n;
    } rows[] = {
        {"", {0}, 0},
        {"a", {"a"}, 1},
        {"a\n", {"a"}, 1},
        {"a\r\nb\r\n", {"a", "b"}, 2},
        {"\n\n", {"", ""}, 2},
        {"a\n\r\nb", {"a", "", "b"}, 3},
        {"a\rb\n\r", {"a\rb", "\r"}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tmli_source *source = NULL;
        tmli_window window;
        assert_int_equal(tmli_source_memory("t", rows[i].text, strlen(rows[i].text), &source, NULL),
                         TML_OK);
        tmli_window_init(&window, source, 4);
        for (size_t line = 0; line <= rows[i].n; line++) {
            const char *text = NULL;
            size_t len = 0;
            bool has = false;
            assert_int_equal(tmli_window_line(&window, &text, &len, &has, NULL), TML_OK);
            assert_int_equal(has, line < rows[i].n);
            if (has && line < rows[i].n) {
                assert_int_equal(len, strlen(rows[i].lines[line]));
                assert_memory_equal(text, rows[i].lines[line], len);
            }
        }
        tmli_window_deinit(&window);
        tmli_source_free(source);
    }
}

static void many_lines_pass_through_a_window(void **state)
{
    (void)state;
    tmli_buf text = {0};
    make_long_text(&text);
    tmli_source *source = NULL;
    tmli_window window;
    assert_int_equal(tmli_source_memory("t", text.data, text.len, &source, NULL), TML_OK);
    tmli_window_init(&window, source, 1 << 20);
    const char *want = text.data;
    for (;;) {
        const char *line = NULL;
        size_t len = 0;
        bool has = false;
        assert_int_equal(tmli_window_line(&window, &line, &len, &has, NULL), TML_OK);
        if (!has) {
            break;
        }
        assert_memory_equal(line, want, len);
        assert_int_equal(want[len], '\n');
        want += len + 1;
    }
    assert_ptr_equal(want, text.data + text.len);
    assert_true(window.capacity < 256 * 1024); /* consumed bytes make room */
    tmli_window_deinit(&window);
    tmli_source_free(source);
    tmli_buf_deinit(&text);
}

static void a_record_beyond_the_limit_is_refused(void **state)
{
    (void)state;
    for (size_t limit = 1; limit <= 8; limit++) {
        tmli_source *source = NULL;
        tmli_window window;
        const char *line;
        size_t len = 0;
        bool has = false;
        tml_error err = {0};
        assert_int_equal(tmli_source_memory("t", "1234\n67", 7, &source, NULL), TML_OK);
        tmli_window_init(&window, source, limit);
        const tml_status status = tmli_window_line(&window, &line, &len, &has, &err);
        assert_int_equal(status, limit >= 5 ? TML_OK : TML_ELIMIT);
        if (status == TML_ELIMIT) {
            assert_memory_equal(err.text, "t: a record is longer than ", 27);
        }
        tmli_window_deinit(&window);
        tmli_source_free(source);
    }
}

static void filling_keeps_what_is_not_consumed(void **state)
{
    (void)state;
    tmli_buf text = {0};
    make_long_text(&text);
    tmli_source *source = NULL;
    tmli_window window;
    assert_int_equal(tmli_source_memory("t", text.data, text.len, &source, NULL), TML_OK);
    tmli_window_init(&window, source, 1 << 20);
    size_t at = 0; /* in text */
    for (unsigned i = 0; !window.ended || window.at < window.end; i++) {
        assert_int_equal(tmli_window_fill(&window, NULL), TML_OK);
        const size_t held = window.end - window.at;
        assert_memory_equal(window.data + window.at, text.data + at, held);
        const size_t consumed = i % 3 == 0 ? held : held / (i % 3 + 1);
        window.at += consumed;
        at += consumed;
    }
    assert_int_equal(at, text.len);
    tmli_window_deinit(&window);
    tmli_source_free(source);
    tmli_buf_deinit(&text);
}

static void a_window_without_memory_says_so(void **state)
{
    (void)state;
    tmli_source *source = NULL;
    tmli_window window;
    assert_int_equal(tmli_source_memory("t", "abc", 3, &source, NULL), TML_OK);
    tmli_window_init(&window, source, 100);
    fail_allocation(0);
    assert_int_equal(tmli_window_fill(&window, NULL), TML_ENOMEM);
    fail_allocation(NEVER);
    assert_int_equal(tmli_window_fill(&window, NULL), TML_OK);
    assert_memory_equal(window.data, "abc", 3);
    tmli_window_deinit(&window);
    tmli_source_free(source);
}

static void a_damaged_source_fails_the_window(void **state)
{
    (void)state;
    tmli_source *source = NULL;
    tmli_window window;
    const char *line;
    size_t len;
    bool has;
    assert_int_equal(tmli_source_memory("t", hello_gz, sizeof hello_gz - 1, &source, NULL), TML_OK);
    tmli_window_init(&window, source, 100);
    tml_status status = TML_OK;
    for (int i = 0; i < 5 && status == TML_OK; i++) {
        status = tmli_window_line(&window, &line, &len, &has, NULL);
    }
    assert_int_equal(status, TML_EFORMAT);
    tmli_window_deinit(&window);
    tmli_source_free(source);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, tmpdir_set_up, tmpdir_tear_down)

/* Latin-1 through a window: what was loaded before and what comes later, in pieces of any size. */
static void windows_turn_latin_1_into_utf_8(void **state)
{
    (void)state;
    unsigned char bytes[600];
    char want[1200];
    size_t n_want = 0;
    for (size_t i = 0; i < sizeof bytes; i++) { /* runs of ASCII between bytes of all values */
        bytes[i] = (unsigned char)(i % 3 == 0 && i % 7 < 4 ? i : 'a' + i % 26);
        if (bytes[i] >= 0x80) {
            want[n_want] = (char)(bytes[i] >= 0xC0 ? 0xC3 : 0xC2);
            n_want++;
        }
        want[n_want] = (char)(bytes[i] >= 0xC0 ? bytes[i] - 0x40 : bytes[i]);
        n_want++;
    }
    for (size_t limit = 1; limit < 40; limit++) {
        for (size_t before = 0; before < 3; before++) { /* fills ahead of the switch */
            tmli_source *source = NULL;
            tmli_window window;
            size_t at = 0;
            assert_int_equal(tmli_source_memory("t", bytes, sizeof bytes, &source, NULL), TML_OK);
            tmli_window_init(&window, source, limit);
            for (size_t k = 0; k < before && window.end - window.at < limit; k++) {
                assert_int_equal(tmli_window_fill(&window, NULL), TML_OK);
            }
            assert_int_equal(tmli_window_set_latin1(&window, NULL), TML_OK);
            for (;;) {
                const size_t held = window.end - window.at;
                assert_true(held <= n_want - at);
                if (held > 0) {
                    assert_memory_equal(window.data + window.at, want + at, held);
                }
                at += held;
                window.at = window.end;
                if (window.ended) {
                    break;
                }
                assert_int_equal(tmli_window_fill(&window, NULL), TML_OK);
            }
            assert_int_equal(at, n_want);
            tmli_window_deinit(&window);
            tmli_source_free(source);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_read_as_it_is),
        cmocka_unit_test(gzip_is_recognised_and_unpacked),
        cmocka_unit_test(members_in_a_row_are_one_stream),
        IN_A_DIRECTORY(members_of_files_are_cut_anywhere),
        cmocka_unit_test(gzip_cut_anywhere_is_refused),
        cmocka_unit_test(damaged_gzip_never_reads_as_something_else),
        cmocka_unit_test(bytes_behind_the_gzip_data_are_refused),
        IN_A_DIRECTORY(large_files_are_read_whole_plain_and_packed),
        IN_A_DIRECTORY(pipes_are_read_plain_and_packed),
        IN_A_DIRECTORY(what_cannot_be_opened_or_read_is_named),
        IN_A_DIRECTORY(every_allocation_of_unpacking_may_fail),
        cmocka_unit_test(lines_lose_their_ends),
        cmocka_unit_test(many_lines_pass_through_a_window),
        cmocka_unit_test(a_record_beyond_the_limit_is_refused),
        cmocka_unit_test(filling_keeps_what_is_not_consumed),
        cmocka_unit_test(a_window_without_memory_says_so),
        cmocka_unit_test(a_damaged_source_fails_the_window),
        cmocka_unit_test(windows_turn_latin_1_into_utf_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
