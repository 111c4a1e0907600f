/* Property: records do not depend on how the bytes arrive (a small record limit makes every fill a small one), and what
 * was parsed, written again, parses to the same.
 * Input: a byte for separator and quoting, a byte for the limit, then the file. */
#include "fuzz/fuzz.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "pipeline/csv.h"

static const char name[] = "fuzz.csv";

typedef struct dialect {
    char separator;
    tmli_quote quote;
} dialect;

/* All records as one text that shows every field's place and bytes. */
typedef struct parsed {
    tmli_buf shown;
    tmli_buf rewritten;
    size_t n_records;
    size_t n_fields;
    tml_status status;
} parsed;

static void rewrite_field(const dialect *d, tml_str field, tmli_buf *out)
{
    if (d->quote == TMLI_QUOTE_NONE) {
        tmli_buf_append_str(out, field);
        return;
    }
    tmli_buf_append_byte(out, '"');
    for (size_t i = 0; i < field.len; i++) {
        tmli_buf_append(out, "\"\"", field.data[i] == '"' ? 1 : 0);
        tmli_buf_append_byte(out, field.data[i]);
    }
    tmli_buf_append_byte(out, '"');
}

static void take_record(const dialect *d, const tmli_csv_record *record, parsed *p)
{
    FUZZ_CHECK(record->n >= 1);
    for (size_t i = 0; i < record->n; i++) {
        tmli_buf_append_u32le(&p->shown, (unsigned)record->fields[i].len);
        tmli_buf_append_str(&p->shown, record->fields[i]);
        tmli_buf_append(&p->rewritten, &d->separator, i > 0 ? 1 : 0);
        rewrite_field(d, record->fields[i], &p->rewritten);
    }
    tmli_buf_append_text(&p->shown, "|end of record|");
    tmli_buf_append_byte(&p->rewritten, '\n');
    p->n_records++;
    p->n_fields += record->n;
}

static void parse(const dialect *d, tml_str text, size_t limit, parsed *p)
{
    tmli_source *source = NULL;
    tml_error err = {0};
    tmli_csv csv;
    uint64_t line = 0;
    FUZZ_CHECK(tmli_source_memory(name, text.data, text.len, &source, &err) == TML_OK);
    tmli_csv_init(&csv, source, d->separator, d->quote, limit);
    for (;;) {
        tmli_csv_record record;
        bool has = false;
        p->status = tmli_csv_next(&csv, &record, &has, &err);
        if (p->status != TML_OK || !has) {
            break;
        }
        FUZZ_CHECK(record.line > line);
        line = record.line;
        take_record(d, &record, p);
    }
    fuzz_check_error(p->status, &err, name);
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
    FUZZ_CHECK(!p->shown.failed && !p->rewritten.failed);
}

static void parsed_deinit(parsed *p)
{
    tmli_buf_deinit(&p->shown);
    tmli_buf_deinit(&p->rewritten);
}

/* Without quotes, lines and separators can be counted from outside. */
static void check_counts(const dialect *d, tml_str text, const parsed *p)
{
    size_t n_lines = 0;
    size_t n_separators = 0;
    bool in_line = false;
    for (size_t i = tmli_str_starts(text, "\xEF\xBB\xBF") ? 3 : 0; i < text.len; i++) {
        const bool is_end = text.data[i] == '\n' || text.data[i] == '\r';
        n_lines += !is_end && !in_line;
        in_line = !is_end;
        n_separators += text.data[i] == d->separator;
    }
    FUZZ_CHECK(p->n_records == n_lines);
    FUZZ_CHECK(p->n_fields == n_lines + n_separators);
}

static void check_rewritten(const dialect *d, const parsed *whole)
{
    parsed again = {0};
    tmli_buf text = {0};
    /* A mark that is dropped, so that one in the first field's text stays. */
    tmli_buf_append_text(&text, "\xEF\xBB\xBF");
    tmli_buf_append_str(&text, tmli_buf_str(&whole->rewritten));
    parse(d, tmli_buf_str(&text), text.len + 1, &again);
    FUZZ_CHECK(again.status == TML_OK);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&again.shown), tmli_buf_str(&whole->shown)));
    parsed_deinit(&again);
    tmli_buf_deinit(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned choice = fuzz_choice(&data, &size);
    const dialect d = {",\t; "[choice % 4],
                       choice / 4 % 2 == 0 ? TMLI_QUOTE_RFC4180 : TMLI_QUOTE_NONE};
    const size_t limit = 1 + fuzz_choice(&data, &size) % 64;
    const tml_str text = fuzz_text(data, size);
    if (tmli_str_starts(text, "\x1f\x8b")) {
        return 0; /* gzip is fuzz_source's */
    }
    parsed whole = {0};
    parsed pieces = {0};
    parse(&d, text, size + 8, &whole);
    FUZZ_CHECK(whole.status == TML_OK ||
               (whole.status == TML_EFORMAT && d.quote == TMLI_QUOTE_RFC4180));
    parse(&d, text, limit, &pieces);
    FUZZ_CHECK(pieces.n_records <= whole.n_records && pieces.shown.len <= whole.shown.len);
    FUZZ_CHECK(
        tmli_str_eq(tmli_buf_str(&pieces.shown), (tml_str){whole.shown.data, pieces.shown.len}));
    FUZZ_CHECK(pieces.status == TML_ELIMIT ||
               (pieces.status == whole.status && pieces.n_records == whole.n_records));
    if (whole.status == TML_OK && d.quote == TMLI_QUOTE_NONE) {
        check_counts(&d, text, &whole);
    }
    if (whole.status == TML_OK && whole.n_records > 0) {
        check_rewritten(&d, &whole);
    }
    parsed_deinit(&whole);
    parsed_deinit(&pieces);
    return 0;
}
