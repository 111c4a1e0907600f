/* Property: any headers and body give rows or a sentence; in lines, as many rows as lines; what is CSV holds what the
 * reader of CSV files finds; as many answers are written as rows were read, in a body that parses as its type says,
 * whatever the labels hold.
 * Input: a byte for keys, class, documents and batch, a line Content-Type, a line Accept, then the body. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "pipeline/csv.h"
#include "pipeline/model.h"
#include "sagemaker/content.h"

enum {
    N_LABELS = 3
};

/* Labels that need quoting everywhere. */
static const char *labels[N_LABELS] = {"Science & Technology", "a,\"b\"\n\r",
                                       "caf\xC3\xA9 \xFF\x01"};
static const tml_model model = {.labels = labels, .n_labels = N_LABELS};

static size_t count_lines(tml_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        n += text.data[i] == '\n';
    }
    return n;
}

static void check_json(const sm_rows *rows, tml_str body)
{
    tmli_arena arena;
    const tmli_value *root = NULL;
    tmli_arena_init(&arena, 4096, 0);
    FUZZ_CHECK(tmli_json_parse(body, &arena, &root, NULL) == TML_OK);
    FUZZ_CHECK(root->kind == TMLI_OBJECT && root->n == 1);
    const tmli_value *const all = tmli_value_get(root, "predictions");
    if (all != NULL) {
        FUZZ_CHECK(all->kind == TMLI_LIST && all->n == rows->n);
        FUZZ_CHECK(all->n == 0 || tmli_value_get(all->first, "label")->kind == TMLI_STRING);
    } else {
        const tmli_value *const own = tmli_value_get(root, rows->dialect.response_key);
        FUZZ_CHECK(own != NULL);
        FUZZ_CHECK(rows->shape == SM_SHAPE_OWN ? own->kind == TMLI_STRING
                                               : own->kind == TMLI_LIST && own->n == rows->n);
    }
    tmli_arena_deinit(&arena);
}

static void check_csv(const sm_rows *rows, size_t label, tml_str body)
{
    tmli_source *source = NULL;
    tmli_csv csv;
    size_t n = 0;
    FUZZ_CHECK(tmli_source_memory("answer", body.data, body.len, &source, NULL) == TML_OK);
    tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, body.len + 1);
    for (;; n++) {
        tmli_csv_record record;
        bool has = false;
        FUZZ_CHECK(tmli_csv_next(&csv, &record, &has, NULL) == TML_OK);
        if (!has) {
            break;
        }
        FUZZ_CHECK(record.n == 1 && tmli_str_eq_text(record.fields[0], labels[label]));
    }
    FUZZ_CHECK(n == rows->n);
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
}

static void check_answers(const sm_rows *rows, sm_media media, size_t label, const tmli_buf *out)
{
    const tml_str body = tmli_buf_str(out);
    FUZZ_CHECK(!out->failed);
    switch (media) {
    case SM_JSON: check_json(rows, body); break;
    case SM_CSV: check_csv(rows, label, body); break;
    case SM_TEXT:
        FUZZ_CHECK(count_lines(body) == (rows->is_document ? 0 : rows->n));
        FUZZ_CHECK(body.len > 0 || rows->n == 0);
        break;
    case SM_JSON_LINES: FUZZ_CHECK(count_lines(body) == rows->n); break;
    case SM_LIBSVM:
    case SM_RECORDIO: break; /* fuzz_answers looks into them */
    }
}

/* How many rows there are, counted from outside; SIZE_MAX: it is not known. */
static size_t count_rows(const sm_rows *rows)
{
    const tml_str rest = rows->rest;
    if (rows->is_document) {
        return rest.len > 0 ? 1 : 0;
    }
    const size_t n_lines =
        count_lines(rest) + (rest.len > 0 && rest.data[rest.len - 1] != '\n' ? 1 : 0);
    switch (rows->media) {
    case SM_JSON: return rows->is_list ? SIZE_MAX : 1;
    case SM_TEXT:
    case SM_JSON_LINES: return n_lines;
    case SM_CSV:
    case SM_LIBSVM:
    case SM_RECORDIO: break;
    }
    return SIZE_MAX;
}

/* CSV that is read without a fault holds what pipeline/csv.c reads, but for blank lines, which it passes over. */
static void check_read_csv(tml_str body, const tmli_buf *texts)
{
    tmli_source *source = NULL;
    tmli_csv csv;
    tmli_buf want = {0};
    FUZZ_CHECK(tmli_source_memory("body", body.data, body.len, &source, NULL) == TML_OK);
    tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, body.len + 1);
    for (;;) {
        tmli_csv_record record;
        bool has = false;
        FUZZ_CHECK(tmli_csv_next(&csv, &record, &has, NULL) == TML_OK);
        if (!has) {
            break;
        }
        FUZZ_CHECK(record.n == 1 || record.raw.data != NULL);
        const tml_str text = record.raw.data != NULL ? record.raw : record.fields[0];
        if (text.len > 0) {
            tmli_buf_append_str(&want, text);
            tmli_buf_append_byte(&want, '\0');
        }
    }
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&want), tmli_buf_str(texts)));
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
    tmli_buf_deinit(&want);
}

/* Reads all rows and answers each with the same scores. */
static void answer(sm_rows *rows, sm_media media, size_t label, tml_error *err)
{
    double scores[N_LABELS] = {0.1, 0.1, 0.1};
    tmli_buf out = {0};
    tmli_buf texts = {0};
    sm_answers answers;
    tml_status status = TML_OK;
    const tml_str body = rows->rest;
    const size_t n_rows = count_rows(rows);
    size_t n_faults = 0;
    scores[label] = 0.8;
    sm_answers_begin(&answers, rows, media, &model, &out);
    for (;;) {
        sm_row row = {0};
        bool has = false;
        status = sm_rows_next(rows, &row, &has, err);
        if (status != TML_OK || !has) {
            break;
        }
        FUZZ_CHECK(row.fault == NULL || rows->dialect.is_batch);
        n_faults += row.fault != NULL;
        if (row.text.len > 0) {
            tmli_buf_append_str(&texts, row.text); /* readable to its end */
            tmli_buf_append_byte(&texts, '\0');
        }
        FUZZ_CHECK(row.ask.explain <= SM_EXPLAIN_MAX);
        sm_answers_add(&answers, &row, scores, NULL);
        if (rows->n % 3 == 0) {
            sm_rows_release(rows);
        }
    }
    fuzz_check_error(status, err, "");
    sm_answers_end(&answers);
    if (status == TML_OK) {
        FUZZ_CHECK(n_rows == SIZE_MAX || n_rows == rows->n);
        if (rows->media == SM_CSV && !rows->is_document && !rows->is_latin1 && n_faults == 0 &&
            !fuzz_is_changed_by_source(body)) { /* behind a mark that was taken off */
            check_read_csv(body, &texts);
        }
        if (n_faults == 0) {
            check_answers(rows, media, label, &out);
        }
    }
    tmli_buf_deinit(&out);
    tmli_buf_deinit(&texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned choice = fuzz_choice(&data, &size);
    const bool documents = choice / (2 * N_LABELS) % 2 == 1;
    const bool is_own = choice % 2 == 0;
    const sm_dialect dialect = {.request_key = is_own ? "input" : NULL,
                                .response_key = is_own ? "result" : NULL,
                                .takes_documents = documents,
                                .is_batch = choice / (4 * N_LABELS) % 2 == 1};
    tml_str body = fuzz_text(data, size);
    const tml_str content_type = fuzz_line(&body);
    const tml_str accept = fuzz_line(&body);
    sm_format read_as = {0};
    sm_media written_as = SM_JSON;
    tml_error err = {0};
    tml_status status = sm_format_of_request(content_type, body, &read_as, &err);
    if (status == TML_OK) {
        FUZZ_CHECK(!read_as.is_latin1 || read_as.media == SM_TEXT || read_as.media == SM_CSV);
        status = sm_media_of_answer(accept, read_as.media, &written_as, &err);
    }
    fuzz_check_error(status, &err, "");
    if (status != TML_OK) {
        return 0;
    }
    tmli_arena arena;
    sm_rows rows;
    tmli_arena_init(&arena, 4096, 0);
    status = sm_rows_open(&rows, read_as, body, dialect, &arena, &err);
    fuzz_check_error(status, &err, "");
    if (status == TML_OK) {
        const bool is_text = read_as.media == SM_TEXT || read_as.media == SM_CSV;
        FUZZ_CHECK(rows.is_document == (documents && is_text));
        answer(&rows, written_as, choice / 2 % N_LABELS, &err);
        FUZZ_CHECK(rows.n <= body.len + 1);
    }
    sm_rows_close(&rows);
    tmli_arena_deinit(&arena);
    return 0;
}
