/* Separated values: against Python's csv module, against a slow twin, and however the source is cut. */
#include "pipeline/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "base/rng.h"
#include "support/alloc_fail.h"
#include "support/golden.h"
#include "support/tmpdir.h"

enum {
    LIMIT = 1 << 20
};

typedef struct dialect {
    char separator;
    tmli_quote quote;
} dialect;

/* Appends all records, a line each: where it begins, and its fields, separated by tabs. On failure the sentence alone. */
static tml_status dump(tmli_csv *csv, tmli_buf *out)
{
    tml_error err = {0};
    for (;;) {
        tmli_csv_record record;
        bool has;
        const tml_status status = tmli_csv_next(csv, &record, &has, &err);
        if (status != TML_OK) {
            assert_int_equal(err.status, status);
            tmli_buf_reset(out);
            tmli_buf_append_text(out, err.text);
            return status;
        }
        if (!has) {
            return TML_OK;
        }
        assert_true(record.n >= 1);
        tmli_buf_printf(out, "%" PRIu64, record.line);
        for (size_t i = 0; i < record.n; i++) {
            tmli_buf_append_byte(out, '\t');
            golden_escape(out, record.fields[i]);
        }
        tmli_buf_append_byte(out, '\n');
    }
}

/* Parses bytes of which the first `cut` are in the window already, in a block of exactly that size. */
static tml_status parse_cut(tml_str bytes, dialect how, size_t cut, size_t limit, tmli_buf *out)
{
    tmli_source *source = NULL;
    tmli_csv csv;
    assert_int_equal(tmli_source_memory("t.csv", bytes.data + cut, bytes.len - cut, &source, NULL),
                     TML_OK);
    tmli_csv_init(&csv, source, how.separator, how.quote, limit);
    if (cut > 0) {
        csv.window.data = tmli_malloc(cut);
        assert_non_null(csv.window.data);
        memcpy(csv.window.data, bytes.data, cut);
        csv.window.end = cut;
        csv.window.capacity = cut;
    }
    const tml_status status = dump(&csv, out);
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
    return status;
}

/* ---- golden cases ----------------------------------------------------------------------------- */

static void check_golden(const golden_case *c)
{
    char value[256];
    const char *separator = golden_option(c, "separator", ",", value);
    const char mark = strcmp(separator, "tab") == 0 ? '\t' : separator[0];
    const bool is_literal = strcmp(golden_option(c, "quote", "rfc4180", value), "none") == 0;
    const dialect how = {mark, is_literal ? TMLI_QUOTE_NONE : TMLI_QUOTE_RFC4180};
    tmli_buf got = {0};
    const tml_str input = {c->input.data != NULL ? c->input.data : "", c->input.len};
    const size_t step = input.len > 2000 ? 37 : 1;
    for (size_t cut = 0; cut <= input.len; cut += step) {
        tmli_buf_reset(&got);
        const tml_status status = parse_cut(input, how, cut, LIMIT, &got);
        assert_int_equal(status, c->is_error ? TML_EFORMAT : TML_OK);
        char where[32];
        (void)snprintf(where, sizeof where, "cut at %zu", cut);
        golden_compare(c, tmli_buf_str(&got), where);
    }
    tmli_buf_deinit(&got);
}

static void records_are_those_of_pythons_csv_module_wherever_the_source_is_cut(void **state)
{
    (void)state;
    golden_each("csv", check_golden);
}

/* ---- the slow twin ---------------------------------------------------------------------------- */

typedef struct twin {
    tml_str bytes;
    size_t at;
    uint64_t line;
    bool is_text; /* a field of the record was more than nothing */
} twin;

static int peek(const twin *t)
{
    return t->at < t->bytes.len ? (unsigned char)t->bytes.data[t->at] : -1;
}

/* Takes a byte and counts lines: \r\n is one. */
static char take(twin *t)
{
    const char byte = t->bytes.data[t->at];
    t->at++;
    t->line += byte == '\r' || (byte == '\n' && (t->at < 2 || t->bytes.data[t->at - 2] != '\r'));
    return byte;
}

static bool is_field_end(int byte, dialect how)
{
    return byte < 0 || (char)byte == how.separator || byte == '\n' || byte == '\r';
}

static bool twin_field(twin *t, dialect how, tmli_buf *field)
{
    tmli_buf_reset(field);
    if (how.quote == TMLI_QUOTE_RFC4180 && peek(t) == '"') {
        t->is_text = true;
        (void)take(t);
        for (;;) {
            if (peek(t) < 0) {
                return false;
            }
            const char byte = take(t);
            if (byte == '"' && peek(t) != '"') {
                return is_field_end(peek(t), how);
            }
            if (byte == '"') {
                (void)take(t);
            }
            tmli_buf_append_byte(field, byte);
        }
    }
    while (!is_field_end(peek(t), how)) {
        t->is_text = true;
        tmli_buf_append_byte(field, take(t));
    }
    return true;
}

/* The same as dump, a byte at a time; false for input that is refused. */
static bool twin_dump(tml_str bytes, dialect how, tmli_buf *out)
{
    twin t = {.bytes = bytes, .line = 1};
    tmli_buf field = {0};
    if (tmli_str_starts(bytes, "\xef\xbb\xbf")) {
        t.at = 3;
    }
    bool is_good = true;
    while (is_good && peek(&t) >= 0) {
        const size_t begin = out->len;
        tmli_buf_printf(out, "%" PRIu64, t.line);
        t.is_text = false;
        for (;;) {
            is_good = twin_field(&t, how, &field);
            tmli_buf_append_byte(out, '\t');
            golden_escape(out, tmli_buf_str(&field));
            if (!is_good || peek(&t) < 0 || (char)peek(&t) != how.separator) {
                break;
            }
            t.is_text = true;
            (void)take(&t);
        }
        if (is_good && peek(&t) >= 0 && take(&t) == '\r' && peek(&t) == '\n') {
            (void)take(&t);
        }
        tmli_buf_append_byte(out, '\n');
        out->len = t.is_text ? out->len : begin;
    }
    tmli_buf_deinit(&field);
    return is_good;
}

static void any_bytes_are_read_as_by_a_slow_twin(void **state)
{
    (void)state;
    static const char alphabet[] = {'"', '"', ',', ',', '\n', '\r',
                                    'a', 'b', 'c', ' ', '\0', '\xc3'};
    const dialect dialects[] = {
        {',', TMLI_QUOTE_RFC4180}, {',', TMLI_QUOTE_NONE}, {'\xc3', TMLI_QUOTE_RFC4180}};
    tmli_buf got = {0};
    tmli_buf want = {0};
    char bytes[64];
    for (uint32_t round = 0; round < 30000; round++) {
        tmli_rng rng = tmli_rng_at(round, TMLI_RNG_SHUFFLE, 0, 0);
        const size_t n = tmli_rng_below(&rng, round % 10 == 0 ? sizeof bytes : 14);
        /* Mostly few kinds of bytes, so that quotes close and doubled ones are usual. */
        const uint32_t n_kinds = 3 + tmli_rng_below(&rng, sizeof alphabet - 2);
        for (size_t i = 0; i < n; i++) {
            bytes[i] = alphabet[tmli_rng_below(&rng, n_kinds)];
        }
        const dialect how = dialects[round % 3];
        const tml_str input = {bytes, n};
        tmli_buf_reset(&want);
        const bool is_good = twin_dump(input, how, &want);
        for (size_t cut = 0; cut <= n; cut += 1 + tmli_rng_below(&rng, 4)) {
            tmli_buf_reset(&got);
            const tml_status status = parse_cut(input, how, cut, LIMIT, &got);
            if (status != (is_good ? TML_OK : TML_EFORMAT) ||
                (is_good && !tmli_str_eq(tmli_buf_str(&got), tmli_buf_str(&want)))) {
                fail_msg("round %u, cut at %zu: got\n%.*s\nwant %d\n%.*s", round, cut, (int)got.len,
                         got.data, is_good, (int)want.len, want.data);
            }
        }
    }
    tmli_buf_deinit(&got);
    tmli_buf_deinit(&want);
}

/* ---- single properties ------------------------------------------------------------------------ */

static void raw_is_the_line_unless_a_field_was_quoted(void **state)
{
    (void)state;
    const char *text = "good, cheap\r\n\"a\",b\nx,\"y\"\n one\rlast,one";
    tmli_source *source = NULL;
    tmli_csv csv;
    tmli_csv_record record;
    bool has;
    const char *const want[] = {"good, cheap", NULL, NULL, " one", "last,one"};
    assert_int_equal(tmli_source_memory("t", text, strlen(text), &source, NULL), TML_OK);
    tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, LIMIT);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(tmli_csv_next(&csv, &record, &has, NULL), TML_OK);
        assert_true(has);
        assert_int_equal(record.raw.data != NULL, want[i] != NULL);
        assert_true(tmli_str_eq_text(record.raw, want[i] != NULL ? want[i] : ""));
    }
    for (size_t i = 0; i < 2; i++) { /* the end stays the end */
        assert_int_equal(tmli_csv_next(&csv, &record, &has, NULL), TML_OK);
        assert_false(has);
    }
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
}

static void a_record_over_the_limit_is_refused_with_its_place(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t limit;
        const char *want; /* NULL: read */
    } cases[] = {
        {"aaaa,bbb\n", 9, NULL},
        {"x\naaaa,bbbb\n", 9, "t.csv:2:2: the record is longer than 9 bytes"},
        {"aaaaaaaaaaaaaaaaaaaaaaaa", 9, "t.csv:1:1: the record is longer than 9 bytes"},
        {"a,\"bbbbbbbbbbbbbbb\nbbbbbb\n", 9, "t.csv:1:2: the record is longer than 9 bytes"},
        {"\n\n\n\n\n\n\n\n\n\n\na\n", 2, NULL},
        {"a\r\n\"b\"\r\n", 4, NULL},
    };
    tmli_buf got = {0};
    const dialect how = {',', TMLI_QUOTE_RFC4180};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmli_buf_reset(&got);
        const tml_status status = parse_cut(tmli_str(cases[i].text), how, 0, cases[i].limit, &got);
        assert_int_equal(status, cases[i].want != NULL ? TML_ELIMIT : TML_OK);
        if (cases[i].want != NULL && !tmli_str_starts(tmli_buf_str(&got), cases[i].want)) {
            fail_msg("case %zu: got %.*s", i, (int)got.len, got.data);
        }
    }
    tmli_buf_deinit(&got);
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    const size_t n = (size_t)TMLI_CSV_FIELDS_MAX + 5;
    char *text = malloc(n);
    tmli_buf got = {0};
    const dialect how = {',', TMLI_QUOTE_RFC4180};
    memset(text, ',', n);
    assert_int_equal(parse_cut((tml_str){text, n}, how, 0, 2 * n, &got), TML_ELIMIT);
    assert_true(tmli_str_eq_text(tmli_buf_str(&got),
                                 "t.csv:1:1048577: more than 1048576 fields in a record"));
    tmli_buf_deinit(&got);
    free(text);
}

/* Many refills and growths: a quoted field of 3 MB with doubled quotes and line ends, and a plain one. */
static void huge_fields_are_read(void **state)
{
    (void)state;
    enum {
        TIMES = 300000
    };
    static const char piece[] = "ab\"\"\r\nc\nd ";
    const size_t n_piece = sizeof piece - 1;
    const size_t n_quoted = TIMES * n_piece;
    const size_t n = n_quoted + n_quoted + 8;
    char *text = malloc(n);
    char *at = text;
    *at++ = '"';
    for (size_t i = 0; i < TIMES; i++, at += n_piece) {
        memcpy(at, piece, n_piece);
    }
    memcpy(at, "\",", 2);
    at += 2;
    memset(at, 'x', n_quoted);
    at += n_quoted;
    memcpy(at, "\ny,z\n", 5);
    tmli_source *source = NULL;
    tmli_csv csv;
    tmli_csv_record record;
    bool has;
    assert_int_equal(tmli_source_memory("t", text, n, &source, NULL), TML_OK);
    tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, 64 << 20);
    assert_int_equal(tmli_csv_next(&csv, &record, &has, NULL), TML_OK);
    assert_int_equal(record.n, 2);
    assert_int_equal(record.fields[0].len, TIMES * (n_piece - 1));
    assert_int_equal(record.fields[1].len, n_quoted);
    for (size_t i = 0; i < TIMES; i++) {
        assert_memory_equal(record.fields[0].data + i * (n_piece - 1), "ab\"\r\nc\nd ",
                            n_piece - 1);
    }
    assert_int_equal(tmli_csv_next(&csv, &record, &has, NULL), TML_OK);
    assert_int_equal(record.line, 2 + 2 * TIMES);
    assert_true(tmli_str_eq_text(record.fields[1], "z"));
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
    free(text);
}

static void a_packed_file_is_read_and_a_cut_one_refused(void **state)
{
    (void)state;
    /* "a,b\n" 1000 times and "c,d"; made with Python's gzip. */
    static const unsigned char packed[] = {
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xed, 0xc3,
        0x37, 0x0d, 0x00, 0x00, 0x08, 0x00, 0xb0, 0x1f, 0x2d, 0x98, 0x62, 0xf8,
        0xd7, 0x80, 0x0c, 0x9e, 0x36, 0x69, 0x65, 0x47, 0xa9, 0xaa, 0xaa, 0xaa,
        0xaf, 0x27, 0xf7, 0x00, 0x11, 0x63, 0x4c, 0xb8, 0xa3, 0x0f, 0x00, 0x00};
    char *dir = tmpdir_create();
    for (size_t n = sizeof packed - 9; n <= sizeof packed; n += 9) {
        char *path = tmpdir_write(dir, "t.csv.gz", packed, n);
        tmli_source *source = NULL;
        tmli_csv csv;
        tmli_csv_record record;
        tml_error err = {0};
        bool has = true;
        size_t n_records = 0;
        tml_status status = tmli_source_open(path, &source, NULL);
        assert_int_equal(status, TML_OK);
        tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, LIMIT);
        while (status == TML_OK && has) {
            status = tmli_csv_next(&csv, &record, &has, &err);
            n_records += status == TML_OK && has;
        }
        assert_int_equal(status, n == sizeof packed ? TML_OK : TML_EFORMAT);
        assert_true(n_records == 1001 || n < sizeof packed);
        assert_true(status == TML_OK || strstr(err.text, "t.csv.gz: ") != NULL);
        tmli_csv_deinit(&csv);
        tmli_source_free(source);
        free(path);
    }
    tmpdir_remove(dir);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "a,\"b\"\"\",c,d,e,f,g,h,i,j\nk\n";
    for (size_t nth = 0;; nth++) {
        tmli_source *source = NULL;
        tmli_csv csv;
        tmli_csv_record record;
        tml_error err = {0};
        bool has = true;
        assert_int_equal(tmli_source_memory("t", text, sizeof text - 1, &source, NULL), TML_OK);
        fail_allocation(nth);
        tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, LIMIT);
        tml_status status = TML_OK;
        while (status == TML_OK && has) {
            status = tmli_csv_next(&csv, &record, &has, &err);
        }
        fail_allocation(NEVER);
        tmli_csv_deinit(&csv);
        tmli_source_free(source);
        if (status == TML_OK) {
            assert_true(nth >= 3);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(err.status, TML_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_those_of_pythons_csv_module_wherever_the_source_is_cut),
        cmocka_unit_test(any_bytes_are_read_as_by_a_slow_twin),
        cmocka_unit_test(raw_is_the_line_unless_a_field_was_quoted),
        cmocka_unit_test(a_record_over_the_limit_is_refused_with_its_place),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(huge_fields_are_read),
        cmocka_unit_test(a_packed_file_is_read_and_a_cut_one_refused),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
