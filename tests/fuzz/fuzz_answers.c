/* Property: whatever labels, scores, faults and texts hold, and whatever is asked, an answer parses as its type says, with as
 * many rows, lines or records as were added, and as many fields or items as were asked for.
 * Input: a byte each for type and style, rows, k, the rest of what is asked, and the scores; then the labels, a line each. */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/json.h"
#include "base/record.h"
#include "base/recordio.h"
#include "pipeline/csv.h"
#include "pipeline/model.h"
#include "sagemaker/answers.h"

enum {
    N_LABELS = 5
};

typedef struct asked {
    sm_rows rows;
    sm_media media;
    size_t n_rows;
    size_t k;       /* that are answered */
    unsigned fault; /* the row that has one */
    bool explains;
    sm_columns columns;
} asked;

/* A list of as many items as rows, wherever it stands; each row's items in styles that have a list of them. */
static void check_item(const asked *a, const tmli_value *item, bool is_fault)
{
    if (is_fault) {
        FUZZ_CHECK(item->kind == TMLI_OBJECT && tmli_value_get(item, "error") != NULL);
        return;
    }
    if (a->rows.dialect.columns != NULL) {
        FUZZ_CHECK(item->n == a->columns.n + (a->explains ? 1 : 0));
        return;
    }
    switch (a->rows.dialect.style) {
    case TML_STYLE_TEXTML: {
        const tmli_value *const top = tmli_value_get(item, "top");
        FUZZ_CHECK(tmli_value_get(item, "label")->kind == TMLI_STRING);
        FUZZ_CHECK((top != NULL) == (a->rows.ask.k > 0) && (top == NULL || top->n == a->k));
        FUZZ_CHECK((tmli_value_get(item, "probabilities") != NULL) == a->rows.ask.probabilities);
        FUZZ_CHECK((tmli_value_get(item, "explanation") != NULL) == a->explains);
        break;
    }
    case TML_STYLE_BLAZINGTEXT:
        FUZZ_CHECK(tmli_value_get(item, "label")->n == (a->k > 0 ? a->k : 1));
        FUZZ_CHECK(tmli_value_get(item, "prob")->n == (a->k > 0 ? a->k : 1));
        FUZZ_CHECK(tmli_str_starts(tmli_value_get(item, "label")->first->text, "__label__"));
        break;
    case TML_STYLE_HUGGINGFACE:
        if (a->k > 0 || a->rows.ask.probabilities) {
            FUZZ_CHECK(item->kind == TMLI_LIST && item->n == (a->k > 0 ? a->k : N_LABELS));
        } else {
            FUZZ_CHECK(tmli_value_get(item, "score") != NULL);
        }
        break;
    }
}

static const tmli_value *parse(tmli_arena *arena, tml_str text)
{
    const tmli_value *root = NULL;
    FUZZ_CHECK(tmli_json_parse(text, arena, &root, NULL) == TML_OK);
    return root;
}

static void check_json(const asked *a, tml_str body)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *list = parse(&arena, body);
    FUZZ_CHECK(body.data[body.len - 1] == '}' || body.data[body.len - 1] == ']');
    if (list->kind == TMLI_OBJECT) {
        FUZZ_CHECK(list->n == 1);
        list = list->first;
    }
    const bool is_own = tmli_str_eq_text(list->key, "result");
    FUZZ_CHECK(list->kind == TMLI_LIST && list->n == a->n_rows);
    size_t i = 0;
    for (const tmli_value *item = list->first; item != NULL; item = item->next, i++) {
        if (is_own && i != a->fault) {
            FUZZ_CHECK(item->kind == TMLI_STRING);
        } else {
            check_item(a, item, i == a->fault);
        }
    }
    tmli_arena_deinit(&arena);
}

static void check_json_lines(const asked *a, tml_str body)
{
    tmli_arena arena;
    size_t n = 0;
    tmli_arena_init(&arena, 4096, 0);
    while (body.len > 0) {
        const char *const end = memchr(body.data, '\n', body.len);
        FUZZ_CHECK(end != NULL);
        const size_t len = (size_t)(end - body.data);
        check_item(a, parse(&arena, (tml_str){body.data, len}), n == a->fault);
        body = (tml_str){end + 1, body.len - len - 1};
        n++;
    }
    FUZZ_CHECK(n == a->n_rows);
    tmli_arena_deinit(&arena);
}

static size_t count_fields(const asked *a)
{
    const size_t n = a->rows.dialect.columns != NULL ? a->columns.n
                     : a->rows.ask.probabilities     ? N_LABELS
                     : a->k > 0                      ? 2 * a->k
                                                     : 1;
    return n + (a->explains ? 1 : 0);
}

/* The last field is the object that JSON has. */
static void check_explanation(tml_str field)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 4096, 0);
    const tmli_value *const tokens = tmli_value_get(parse(&arena, field), "tokens");
    FUZZ_CHECK(tokens != NULL && tokens->n == 3);
    tmli_arena_deinit(&arena);
}

static size_t count_values(const asked *a)
{
    const size_t n = a->rows.dialect.columns != NULL ? a->columns.n
                     : a->rows.ask.probabilities     ? 4
                                                     : 2;
    return n + (a->explains ? 1 : 0);
}

static void check_csv(const asked *a, tml_str body)
{
    tmli_source *source = NULL;
    tmli_csv csv;
    size_t n = 0;
    if (fuzz_is_changed_by_source(body)) {
        return; /* such a label */
    }
    FUZZ_CHECK(tmli_source_memory("answer", body.data, body.len, &source, NULL) == TML_OK);
    tmli_csv_init(&csv, source, ',', TMLI_QUOTE_RFC4180, body.len + 1);
    for (;; n++) {
        tmli_csv_record record;
        bool has = false;
        FUZZ_CHECK(tmli_csv_next(&csv, &record, &has, NULL) == TML_OK);
        if (!has) {
            break;
        }
        FUZZ_CHECK(record.n == (n == a->fault ? 1 : count_fields(a)));
        FUZZ_CHECK(n != a->fault || tmli_str_eq_text(record.fields[0], "ERROR"));
        if (a->explains && n != a->fault) {
            check_explanation(record.fields[record.n - 1]);
        }
    }
    FUZZ_CHECK(n == a->n_rows);
    tmli_csv_deinit(&csv);
    tmli_source_free(source);
}

static void check_records(const asked *a, tml_str body)
{
    tmli_arena arena;
    size_t n = 0;
    tmli_arena_init(&arena, 4096, 0);
    for (;; n++) {
        tml_str payload = {0};
        bool has = false;
        tmli_record record = {0};
        FUZZ_CHECK(tmli_recordio_next(&body, &arena, &payload, &has, NULL) == TML_OK);
        if (!has) {
            break;
        }
        FUZZ_CHECK(tmli_record_parse(payload, &arena, &record, NULL) == TML_OK);
        FUZZ_CHECK(record.n_features == 0);
        FUZZ_CHECK(record.n_labels == (n == a->fault ? 1 : count_values(a)));
    }
    FUZZ_CHECK(n == a->n_rows);
    tmli_arena_deinit(&arena);
}

static size_t count_lines(tml_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        n += text.data[i] == '\n';
        FUZZ_CHECK(text.data[i] != '\r');
    }
    return n;
}

static void check(const asked *a, tml_str body)
{
    switch (a->media) {
    case SM_JSON: check_json(a, body); break;
    case SM_JSON_LINES: check_json_lines(a, body); break;
    case SM_RECORDIO: check_records(a, body); break;
    case SM_TEXT: FUZZ_CHECK(count_lines(body) == a->n_rows); break;
    case SM_CSV:
    case SM_LIBSVM: check_csv(a, body); break;
    }
}

static void write_answers(const asked *a, const tml_model *model, const double *scores,
                          tml_str text)
{
    const tml_contribution tokens[] = {{1, 3, 0.5}, {2, 100, -1e300}, {50, 7, 0}};
    const tml_explanation explanation = {.label = 1, .n = 3, .tokens = tokens};
    tmli_buf out = {0};
    sm_answers answers;
    sm_answers_begin(&answers, &a->rows, a->media, model, &out);
    for (size_t i = 0; i < a->n_rows; i++) {
        sm_row row = {.text = text, .ask = a->rows.ask};
        row.fault = i == a->fault ? model->labels[0] : NULL;
        sm_answers_add(&answers, &row, row.fault == NULL ? scores + i % 3 : NULL,
                       a->explains ? &explanation : NULL);
    }
    sm_answers_end(&answers);
    FUZZ_CHECK(!out.failed);
    check(a, tmli_buf_str(&out));
    tmli_buf_deinit(&out);
}

/* The body's lines as labels; those that are missing are empty. */
static void take_labels(tml_str body, char *memory, const char **labels)
{
    size_t at = 0;
    for (size_t i = 0; i < N_LABELS; i++) {
        labels[i] = memory;
        for (; at < body.len && body.data[at] != '\n'; at++) {
            if (body.data[at] != '\0') {
                *memory++ = body.data[at] == '|' ? '\n' : body.data[at];
            }
        }
        at++;
        *memory++ = '\0';
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const sm_media media[] = {SM_JSON, SM_TEXT, SM_CSV, SM_JSON_LINES, SM_RECORDIO};
    const unsigned kind = fuzz_choice(&data, &size);
    const unsigned n_rows = fuzz_choice(&data, &size);
    const unsigned k = fuzz_choice(&data, &size);
    const unsigned rest = fuzz_choice(&data, &size);
    const unsigned seed = fuzz_choice(&data, &size);
    double scores[N_LABELS + 2];
    const char *labels[N_LABELS];
    const tml_str body = fuzz_text(data, size);
    char *const memory = malloc(size + N_LABELS);
    FUZZ_CHECK(memory != NULL);
    take_labels(body, memory, labels);
    const tml_model model = {.labels = labels, .n_labels = N_LABELS};
    for (size_t i = 0; i < N_LABELS + 2; i++) {
        scores[i] = (double)((seed >> i) % 8) / 8;
    }
    asked a = {.media = media[kind % 5], .n_rows = n_rows % 4, .fault = n_rows / 4};
    a.explains = rest % 2 == 1;
    a.k = k < N_LABELS ? k : N_LABELS;
    a.rows = (sm_rows){.shape = rest / 4 % 2 == 1 ? SM_SHAPE_OWN_LIST : SM_SHAPE_ROWS,
                       .is_list = true,
                       .ask = {.k = k, .probabilities = rest / 2 % 2 == 1, .explain = rest % 2},
                       .dialect = {.style = (tml_style)(kind / 5 % 3), .response_key = "result"}};
    if (rest >= 128) {
        FUZZ_CHECK(sm_columns_parse(TML_STR("predicted_label,labels,probability,raw_scores,x"),
                                    &a.columns, NULL) == TML_OK);
        a.rows.dialect.columns = &a.columns;
    }
    /* A NUL in JSON is valid, but our own reader, which looks at the answer, cannot hold one. */
    const bool has_nul = body.len > 0 && memchr(body.data, '\0', body.len) != NULL;
    write_answers(&a, &model, scores, has_nul ? TML_STR("plain text") : body);
    free(memory);
    return 0;
}
