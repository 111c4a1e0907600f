/* Answers as CSV and as plain lines. */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "sagemaker/answers.h"

static char separator_of(const sm_answers *answers)
{
    return answers->media == SM_TEXT ? ' ' : ',';
}

/* ---- fields ---- */

static void put_number(tmli_buf *out, double value)
{
    char text[TMLI_NUMBER_BYTES];
    if (isfinite((float)value)) {
        tmli_buf_append(out, text, tmli_format_float((float)value, text));
    } else {
        tmli_buf_append_text(out, "NaN");
    }
}

/* Text as a part of a line: line ends in it become blanks. */
static void put_plain(tmli_buf *out, tml_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const bool is_end = text.data[i] == '\n' || text.data[i] == '\r';
        tmli_buf_append_byte(out, is_end ? ' ' : text.data[i]);
    }
}

/* Inside of an RFC 4180 field's quotes. */
static void put_quoted(tmli_buf *out, tml_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') {
            tmli_buf_append_byte(out, '"');
        }
        tmli_buf_append_byte(out, text.data[i]);
    }
}

static bool needs_quotes(tml_str text)
{
    if (text.len == 0) {
        return true; /* otherwise a line of nothing, which readers pass over */
    }
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.data[i];
        if (c == ',' || c == '"' || c == '\n' || c == '\r') {
            return true;
        }
    }
    return false;
}

/* A label as a field: in CSV in quotes where a separator, a quote or a line end asks for them. */
static void put_label(const sm_answers *answers, size_t label)
{
    tmli_buf *const out = answers->out;
    const tml_str name = tml_model_label(answers->model, label);
    const char *const prefix = sm_label_prefix(answers, name);
    if (answers->media == SM_TEXT) {
        tmli_buf_append_text(out, prefix);
        put_plain(out, name);
        return;
    }
    if (!needs_quotes(name)) {
        tmli_buf_append_text(out, prefix);
        tmli_buf_append_str(out, name);
        return;
    }
    tmli_buf_append_byte(out, '"');
    tmli_buf_append_text(out, prefix);
    put_quoted(out, name);
    tmli_buf_append_byte(out, '"');
}

/* ---- lists in one field, as Python writes them ---- */

/* A character inside of a Python string in one field. */
static void put_list_character(const sm_answers *answers, char c, char quote)
{
    static const char letters[] = {['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    tmli_buf *const out = answers->out;
    if (c == quote || c == '\\') {
        tmli_buf_append_byte(out, '\\');
    } else if ((unsigned char)c < 0x20) {
        if ((size_t)c < sizeof(letters) && letters[(size_t)c] != '\0') {
            tmli_buf_append_byte(out, '\\');
            tmli_buf_append_byte(out, letters[(size_t)c]);
        } else {
            tmli_buf_printf(out, "\\x%02x", (unsigned)c);
        }
        return;
    }
    if (c == '"' && answers->media != SM_TEXT) {
        tmli_buf_append_byte(out, '"'); /* the field's own quotes */
    }
    tmli_buf_append_byte(out, c);
}

/* 'label', as repr() writes it: in double quotes when it holds single ones alone. */
static void put_list_label(const sm_answers *answers, size_t label)
{
    const tml_str name = tml_model_label(answers->model, label);
    const bool has_single = name.len > 0 && memchr(name.data, '\'', name.len) != NULL;
    const bool has_double = name.len > 0 && memchr(name.data, '"', name.len) != NULL;
    const char quote = has_single && !has_double ? '"' : '\'';
    const bool is_doubled = quote == '"' && answers->media != SM_TEXT;
    const tml_str mark = is_doubled ? TML_STR("\"\"") : (tml_str){&quote, 1};
    tmli_buf_append_str(answers->out, mark);
    tmli_buf_append_text(answers->out, sm_label_prefix(answers, name));
    for (size_t i = 0; i < name.len; i++) {
        put_list_character(answers, name.data[i], quote);
    }
    tmli_buf_append_str(answers->out, mark);
}

/* scores: NULL for the labels. */
static void put_list(const sm_answers *answers, const double *scores)
{
    tmli_buf *const out = answers->out;
    const char *const quote = answers->media == SM_TEXT ? "" : "\"";
    tmli_buf_append_text(out, quote);
    tmli_buf_append_byte(out, '[');
    for (size_t i = 0; i < tml_model_labels(answers->model); i++) {
        tmli_buf_append_text(out, i > 0 ? ", " : "");
        if (scores == NULL) {
            put_list_label(answers, i);
        } else {
            put_number(out, scores[i]);
        }
    }
    tmli_buf_append_byte(out, ']');
    tmli_buf_append_text(out, quote);
}

/* ---- one row ---- */

static void put_columns(const sm_answers *answers, const sm_answer *answer)
{
    for (size_t i = 0; i < answers->columns->n; i++) {
        if (i > 0) {
            tmli_buf_append_byte(answers->out, separator_of(answers));
        }
        switch (answers->columns->all[i].kind) {
        case SM_COLUMN_PREDICTED_LABEL: put_label(answers, answer->best); break;
        case SM_COLUMN_LABELS: put_list(answers, NULL); break;
        case SM_COLUMN_PROBABILITY:
        case SM_COLUMN_RAW_SCORE: put_number(answers->out, answer->scores[answer->best]); break;
        case SM_COLUMN_PROBABILITIES:
        case SM_COLUMN_RAW_SCORES: put_list(answers, answer->scores); break;
        case SM_COLUMN_OTHER: tmli_buf_append_text(answers->out, "NaN"); break;
        }
    }
}

/* label,score,label,score,… by falling score. */
static void put_best(const sm_answers *answers, const sm_answer *answer)
{
    sm_ranking ranking;
    size_t label;
    sm_ranking_begin(&ranking, answer->scores, tml_model_labels(answers->model),
                     answer->row->ask.k);
    for (size_t n = 0; sm_ranking_next(&ranking, &label); n++) {
        if (n > 0) {
            tmli_buf_append_byte(answers->out, separator_of(answers));
        }
        put_label(answers, label);
        tmli_buf_append_byte(answers->out, separator_of(answers));
        put_number(answers->out, answer->scores[label]);
    }
}

/* Of every label, in their order, which is the same in each row: what Clarify reads. */
static void put_probabilities(const sm_answers *answers, const double *scores)
{
    for (size_t i = 0; i < tml_model_labels(answers->model); i++) {
        if (i > 0) {
            tmli_buf_append_byte(answers->out, separator_of(answers));
        }
        put_number(answers->out, scores[i]);
    }
}

/* The object that JSON has for it, as one more field. */
static void put_explanation(const sm_answers *answers, const sm_answer *answer)
{
    tmli_buf *const out = answers->out;
    tmli_buf json = {0};
    sm_json_explanation(answers, answer, &json);
    out->failed = out->failed || json.failed;
    tmli_buf_append_byte(out, separator_of(answers));
    if (answers->media == SM_TEXT) {
        tmli_buf_append_str(out, tmli_buf_str(&json));
    } else {
        tmli_buf_append_byte(out, '"');
        put_quoted(out, tmli_buf_str(&json));
        tmli_buf_append_byte(out, '"');
    }
    tmli_buf_deinit(&json);
}

void sm_line_add(const sm_answers *answers, const sm_answer *answer)
{
    if (answer->scores == NULL) {
        tmli_buf_append_text(answers->out, "ERROR");
        return;
    }
    if (answers->columns != NULL) {
        put_columns(answers, answer);
    } else if (answer->row->ask.probabilities) {
        put_probabilities(answers, answer->scores);
    } else if (answer->row->ask.k > 0) {
        put_best(answers, answer);
    } else {
        put_label(answers, answer->best);
    }
    if (answer->explanation != NULL) {
        put_explanation(answers, answer);
    }
}
