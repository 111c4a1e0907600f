/* Answers in JSON, as a document and as lines of objects. It is spaced as Python's json.dumps does it, which the systems
 * that textml replaces answer with. */
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "sagemaker/answers.h"

/* ---- labels and scores ---- */

static void put_label(const sm_answers *answers, size_t label)
{
    tmli_buf *const out = answers->out;
    const tml_str name = tml_model_label(answers->model, label);
    const char *const prefix = sm_label_prefix(answers, name);
    if (*prefix == '\0') {
        tmli_json_string(out, name);
        return;
    }
    /* The prefix needs no escapes. Its last character takes the place of the quote with which the name begins. */
    const size_t n = strlen(prefix);
    tmli_buf_append_byte(out, '"');
    tmli_buf_append(out, prefix, n - 1);
    const size_t at = out->len;
    tmli_json_string(out, name);
    if (!out->failed) {
        out->data[at] = prefix[n - 1];
    }
}

static void put_score(const sm_answers *answers, double score)
{
    tmli_json_float(answers->out, (float)score);
}

/* What stands between the items of a list; 0: nothing before the first. */
static void put_comma(const sm_answers *answers, size_t n)
{
    if (n > 0) {
        tmli_buf_append_text(answers->out, ", ");
    }
}

/* {"label": "x", "score": 0.9 , left open. */
static void open_pair(const sm_answers *answers, const double *scores, size_t label)
{
    tmli_buf_append_text(answers->out, "{\"label\": ");
    put_label(answers, label);
    tmli_buf_append_text(answers->out, ", \"score\": ");
    put_score(answers, scores[label]);
}

static void put_probabilities(const sm_answers *answers, const double *scores)
{
    tmli_buf_append_text(answers->out, ", \"probabilities\": {");
    for (size_t i = 0; i < tml_model_labels(answers->model); i++) {
        put_comma(answers, i);
        put_label(answers, i);
        tmli_buf_append_text(answers->out, ": ");
        put_score(answers, scores[i]);
    }
    tmli_buf_append_byte(answers->out, '}');
}

/* ---- explanations ---- */

static void put_token(const sm_answers *answers, tml_str text, const tml_contribution *token)
{
    tmli_buf *const out = answers->out;
    const size_t end = token->end < text.len ? token->end : text.len;
    const size_t begin = token->begin < end ? token->begin : end;
    tmli_buf_append_text(out, "{\"token\": ");
    tmli_json_string(out, (tml_str){end > begin ? text.data + begin : NULL, end - begin});
    tmli_buf_printf(out, ", \"begin\": %zu, \"end\": %zu, \"contribution\": ", begin, end);
    tmli_json_double(out, token->contribution);
    tmli_buf_append_byte(out, '}');
}

/* Numbers are doubles here: contributions and constant add up to the score, which floats would hide. */
void sm_json_explanation(const sm_answers *answers, const sm_answer *answer, tmli_buf *out)
{
    const tml_explanation *const explanation = answer->explanation;
    sm_answers into = *answers;
    into.out = out;
    tmli_buf_append_text(out, "{\"label\": ");
    put_label(&into, explanation->label);
    tmli_buf_append_text(out, ", \"method\": ");
    tmli_buf_append_text(out, explanation->is_exact ? "\"exact\"" : "\"ablation\"");
    tmli_buf_append_text(out, ", \"score\": ");
    tmli_json_double(out, explanation->score);
    tmli_buf_append_text(out, ", \"constant\": ");
    tmli_json_double(out, explanation->constant);
    tmli_buf_append_text(out, ", \"tokens\": [");
    for (size_t i = 0; i < explanation->n; i++) {
        put_comma(&into, i);
        put_token(&into, answer->row->text, &explanation->tokens[i]);
    }
    tmli_buf_append_text(out, "]}");
}

static void put_explanation(const sm_answers *answers, const sm_answer *answer)
{
    if (answer->explanation != NULL) {
        tmli_buf_append_text(answers->out, ", \"explanation\": ");
        sm_json_explanation(answers, answer, answers->out);
    }
}

/* ---- pairs ---- */

/* Of a list of them, the label's whose explanation there is says why. has_explanation: nothing beside the list does. */
static void put_pair(const sm_answers *answers, const sm_answer *answer, size_t label,
                     bool has_explanation)
{
    open_pair(answers, answer->scores, label);
    if (has_explanation && label == answer->best) {
        put_explanation(answers, answer);
    }
    tmli_buf_append_byte(answers->out, '}');
}

/* Pairs of the k best labels, or of all in their order. */
static void put_pairs(const sm_answers *answers, const sm_answer *answer, size_t k,
                      bool has_explanation)
{
    sm_ranking ranking;
    size_t label;
    sm_ranking_begin(&ranking, answer->scores, tml_model_labels(answers->model), k);
    for (size_t n = 0; sm_ranking_next(&ranking, &label); n++) {
        put_comma(answers, n);
        put_pair(answers, answer, label, has_explanation);
    }
}

static void put_all_pairs(const sm_answers *answers, const sm_answer *answer)
{
    for (size_t i = 0; i < tml_model_labels(answers->model); i++) {
        put_comma(answers, i);
        put_pair(answers, answer, i, true);
    }
}

/* ---- one object, by style ---- */

/* What every style has behind its own members. */
static void close_object(const sm_answers *answers, const sm_answer *answer)
{
    if (answer->row->ask.probabilities && answers->columns == NULL) {
        put_probabilities(answers, answer->scores);
    }
    put_explanation(answers, answer);
    tmli_buf_append_byte(answers->out, '}');
}

static void put_textml(const sm_answers *answers, const sm_answer *answer)
{
    open_pair(answers, answer->scores, answer->best);
    if (answer->row->ask.k > 0) {
        tmli_buf_append_text(answers->out, ", \"top\": [");
        put_pairs(answers, answer, answer->row->ask.k, false);
        tmli_buf_append_byte(answers->out, ']');
    }
    close_object(answers, answer);
}

/* Arrays even for one label. */
static void put_blazingtext(const sm_answers *answers, const sm_answer *answer)
{
    const size_t n_labels = tml_model_labels(answers->model);
    const size_t k = answer->row->ask.k > 0 ? answer->row->ask.k : 1;
    sm_ranking ranking;
    size_t label;
    tmli_buf_append_text(answers->out, "{\"label\": [");
    sm_ranking_begin(&ranking, answer->scores, n_labels, k);
    for (size_t n = 0; sm_ranking_next(&ranking, &label); n++) {
        put_comma(answers, n);
        put_label(answers, label);
    }
    tmli_buf_append_text(answers->out, "], \"prob\": [");
    sm_ranking_begin(&ranking, answer->scores, n_labels, k);
    for (size_t n = 0; sm_ranking_next(&ranking, &label); n++) {
        put_comma(answers, n);
        put_score(answers, answer->scores[label]);
    }
    tmli_buf_append_byte(answers->out, ']');
    close_object(answers, answer);
}

/* Whether a row's answer is a list of pairs there, rather than one. */
static bool is_list_of_pairs(const sm_answer *answer)
{
    return answer->row->ask.k > 0 || answer->row->ask.probabilities;
}

/* Those pairs without their brackets, or the one. */
static void put_huggingface(const sm_answers *answers, const sm_answer *answer)
{
    if (answer->row->ask.k > 0) {
        put_pairs(answers, answer, answer->row->ask.k, true);
    } else if (answer->row->ask.probabilities) {
        put_all_pairs(answers, answer);
    } else {
        open_pair(answers, answer->scores, answer->best);
        close_object(answers, answer);
    }
}

/* All labels, or all scores, as a list. */
static void put_list(const sm_answers *answers, const double *scores)
{
    tmli_buf_append_byte(answers->out, '[');
    for (size_t i = 0; i < tml_model_labels(answers->model); i++) {
        put_comma(answers, i);
        if (scores == NULL) {
            put_label(answers, i);
        } else {
            put_score(answers, scores[i]);
        }
    }
    tmli_buf_append_byte(answers->out, ']');
}

static void put_column(const sm_answers *answers, const sm_answer *answer, sm_column_kind kind)
{
    switch (kind) {
    case SM_COLUMN_PREDICTED_LABEL: put_label(answers, answer->best); return;
    case SM_COLUMN_LABELS: put_list(answers, NULL); return;
    case SM_COLUMN_PROBABILITY:
    case SM_COLUMN_RAW_SCORE: put_score(answers, answer->scores[answer->best]); return;
    case SM_COLUMN_PROBABILITIES:
    case SM_COLUMN_RAW_SCORES: put_list(answers, answer->scores); return;
    case SM_COLUMN_OTHER: break;
    }
    tmli_buf_append_text(answers->out, "null"); /* JSON has no NaN */
}

static void put_columns(const sm_answers *answers, const sm_answer *answer)
{
    tmli_buf_append_byte(answers->out, '{');
    for (size_t i = 0; i < answers->columns->n; i++) {
        put_comma(answers, i);
        tmli_json_string(answers->out, tmli_str(answers->columns->all[i].name));
        tmli_buf_append_text(answers->out, ": ");
        put_column(answers, answer, answers->columns->all[i].kind);
    }
    close_object(answers, answer);
}

static void put_fault(const sm_answers *answers, const sm_row *row)
{
    tmli_buf_append_text(answers->out, "{\"error\": ");
    tmli_json_string(answers->out, tmli_str(row->fault));
    tmli_buf_append_byte(answers->out, '}');
}

/* is_flat: a list of pairs has no brackets of its own. */
static void put_row(const sm_answers *answers, const sm_answer *answer, bool is_flat)
{
    if (answer->scores == NULL) {
        put_fault(answers, answer->row);
        return;
    }
    if (answers->columns != NULL) {
        put_columns(answers, answer);
        return;
    }
    switch (answers->style) {
    case TML_STYLE_TEXTML: put_textml(answers, answer); return;
    case TML_STYLE_BLAZINGTEXT: put_blazingtext(answers, answer); return;
    case TML_STYLE_HUGGINGFACE: break;
    }
    const bool has_brackets = !is_flat && is_list_of_pairs(answer);
    tmli_buf_append_text(answers->out, has_brackets ? "[" : "");
    put_huggingface(answers, answer);
    tmli_buf_append_text(answers->out, has_brackets ? "]" : "");
}

/* ---- bodies ---- */

static bool is_own(const sm_answers *answers)
{
    return answers->shape != SM_SHAPE_ROWS;
}

/* The answer is a list as a whole, rather than a member of an object. */
static bool is_bare_list(const sm_answers *answers)
{
    return answers->style != TML_STYLE_TEXTML && answers->columns == NULL;
}

void sm_json_begin(const sm_answers *answers)
{
    tmli_buf *const out = answers->out;
    if (is_bare_list(answers)) {
        tmli_buf_append_byte(out, '[');
        return;
    }
    tmli_buf_append_byte(out, '{');
    tmli_json_string(out,
                     is_own(answers) ? tmli_str(answers->response_key) : TML_STR("predictions"));
    tmli_buf_append_text(out, answers->shape == SM_SHAPE_OWN ? ": " : ": [");
}

void sm_json_add(const sm_answers *answers, const sm_answer *answer)
{
    put_comma(answers, answers->n);
    if (is_own(answers) && answer->scores != NULL) {
        put_label(answers, answer->best);
    } else {
        put_row(answers, answer, answers->is_one);
    }
}

void sm_json_end(const sm_answers *answers)
{
    tmli_buf_append_text(answers->out, is_bare_list(answers)            ? "]"
                                       : answers->shape == SM_SHAPE_OWN ? "}"
                                                                        : "]}");
}

void sm_json_object(const sm_answers *answers, const sm_answer *answer)
{
    put_row(answers, answer, false);
}
