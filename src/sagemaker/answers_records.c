/* Answers as framed protobuf records. What is said of a row stands in its record's label map: texts as bytes, numbers as
 * float32 tensors, an explanation the JSON that it is elsewhere. Each record is drafted and packed by itself, so that it holds its
 * own data alone. */
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/record.h"
#include "base/recordio.h"
#include "sagemaker/answers.h"

enum {
    DRAFT_BYTES = 4096 /* holds a record of a usual number of labels */
};

/* The values of one record, in an arena that lasts as long as it. */
typedef struct draft {
    const sm_answers *answers;
    const sm_answer *answer;
    tmli_arena arena;
    tmli_record_value values[SM_MAX_COLUMNS + 1]; /* and the explanation */
    size_t n;
    bool is_short; /* of memory */
} draft;

static void add_texts(draft *d, const char *key, const tml_str *texts, size_t n)
{
    d->is_short = d->is_short || texts == NULL;
    d->values[d->n++] = (tmli_record_value){
        .key = tmli_str(key), .kind = TMLI_RECORD_TEXTS, .texts = texts, .n = n};
}

static void add_floats(draft *d, const char *key, const float *floats, size_t n)
{
    d->is_short = d->is_short || floats == NULL;
    d->values[d->n++] = (tmli_record_value){
        .key = tmli_str(key), .kind = TMLI_RECORD_FLOATS, .floats = floats, .n = n};
}

/* A label's name with its prefix. */
static tml_str name_of(draft *d, size_t label)
{
    const tml_str name = tml_model_label(d->answers->model, label);
    const tml_str prefix = tmli_str(sm_label_prefix(d->answers, name));
    if (prefix.len == 0) {
        return name;
    }
    char *const joined = tmli_arena_alloc(&d->arena, prefix.len + name.len, 1);
    if (joined == NULL) {
        d->is_short = true;
        return name;
    }
    memcpy(joined, prefix.data, prefix.len);
    memcpy(joined + prefix.len, name.data, name.len);
    return (tml_str){joined, prefix.len + name.len};
}

static void add_label(draft *d, const char *key)
{
    tml_str *const name = tmli_arena_alloc(&d->arena, 1, sizeof(*name));
    if (name != NULL) {
        *name = name_of(d, d->answer->best);
    }
    add_texts(d, key, name, 1);
}

static void add_labels(draft *d, const char *key)
{
    const size_t n = tml_model_labels(d->answers->model);
    tml_str *const names = tmli_arena_alloc(&d->arena, n, sizeof(*names));
    for (size_t i = 0; names != NULL && i < n; i++) {
        names[i] = name_of(d, i);
    }
    add_texts(d, key, names, n);
}

static void add_number(draft *d, const char *key, double value)
{
    float *const number = tmli_arena_alloc(&d->arena, 1, sizeof(*number));
    if (number != NULL) {
        *number = (float)value;
    }
    add_floats(d, key, number, 1);
}

static void add_scores(draft *d, const char *key)
{
    const size_t n = tml_model_labels(d->answers->model);
    float *const numbers = tmli_arena_alloc(&d->arena, n, sizeof(*numbers));
    for (size_t i = 0; numbers != NULL && i < n; i++) {
        numbers[i] = (float)d->answer->scores[i];
    }
    add_floats(d, key, numbers, n);
}

/* The k best: two lists of equal length. */
static void add_best(draft *d)
{
    const size_t n_labels = tml_model_labels(d->answers->model);
    const size_t asked = d->answer->row->ask.k;
    const size_t k = asked < n_labels ? asked : n_labels;
    tml_str *const names = tmli_arena_alloc(&d->arena, k, sizeof(*names));
    float *const numbers = tmli_arena_alloc(&d->arena, k, sizeof(*numbers));
    sm_ranking ranking;
    size_t label;
    sm_ranking_begin(&ranking, d->answer->scores, n_labels, k);
    for (size_t i = 0; names != NULL && numbers != NULL && sm_ranking_next(&ranking, &label); i++) {
        names[i] = name_of(d, label);
        numbers[i] = (float)d->answer->scores[label];
    }
    add_texts(d, "predicted_label", names, k);
    add_floats(d, "score", numbers, k);
}

static void add_column(draft *d, const char *name, sm_column_kind kind)
{
    switch (kind) {
    case SM_COLUMN_PREDICTED_LABEL: add_label(d, name); return;
    case SM_COLUMN_LABELS: add_labels(d, name); return;
    case SM_COLUMN_PROBABILITY:
    case SM_COLUMN_RAW_SCORE: add_number(d, name, d->answer->scores[d->answer->best]); return;
    case SM_COLUMN_PROBABILITIES:
    case SM_COLUMN_RAW_SCORES: add_scores(d, name); return;
    case SM_COLUMN_OTHER: break;
    }
    add_number(d, name, (double)NAN);
}

static void add_columns(draft *d, const sm_columns *columns)
{
    for (size_t i = 0; i < columns->n; i++) {
        add_column(d, columns->all[i].name, columns->all[i].kind);
    }
}

static void add_explanation(draft *d)
{
    tmli_buf json = {0};
    tml_str *const text = tmli_arena_alloc(&d->arena, 1, sizeof(*text));
    sm_json_explanation(d->answers, d->answer, &json);
    const char *copy = tmli_arena_copy(&d->arena, tmli_buf_str(&json));
    d->is_short = d->is_short || json.failed || copy == NULL;
    if (text != NULL) {
        *text = (tml_str){copy, copy != NULL ? json.len : 0};
    }
    tmli_buf_deinit(&json);
    add_texts(d, "explanation", text, 1);
}

static void fill(draft *d)
{
    const sm_ask *const ask = &d->answer->row->ask;
    if (d->answers->columns != NULL) {
        add_columns(d, d->answers->columns);
        return;
    }
    if (ask->k > 0) {
        add_best(d);
    } else {
        add_label(d, "predicted_label");
        add_number(d, "score", d->answer->scores[d->answer->best]);
    }
    if (ask->probabilities) {
        add_scores(d, "probabilities");
        add_labels(d, "labels");
    }
}

void sm_record_add(const sm_answers *answers, const sm_answer *answer)
{
    tmli_buf payload = {0};
    draft d = {.answers = answers, .answer = answer};
    const tml_str fault = tmli_str(answer->row->fault);
    tmli_arena_init(&d.arena, DRAFT_BYTES, 0);
    if (answer->scores != NULL) {
        fill(&d);
        if (answer->explanation != NULL) {
            add_explanation(&d);
        }
    } else {
        add_texts(&d, "error", &fault, 1);
    }
    if (!d.is_short) {
        tmli_record_write(&payload, d.values, d.n);
    }
    if (d.is_short || payload.failed) {
        answers->out->failed = true;
    } else {
        tmli_recordio_write(answers->out, tmli_buf_str(&payload));
    }
    tmli_buf_deinit(&payload);
    tmli_arena_deinit(&d.arena);
}
