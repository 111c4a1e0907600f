/* Scores → bodies. JSON is spaced as Python's json.dumps does it, which the systems that textml replaces answer with. */
#include "sagemaker/content.h"

#include "base/bytes.h"
#include "base/json.h"

static bool is_own(const sm_answers *answers)
{
    return answers->shape != SM_SHAPE_ROWS;
}

void sm_answers_begin(sm_answers *answers, const sm_rows *rows, sm_media media,
                      const tml_model *model, tmli_buf *out)
{
    *answers = (sm_answers){.model = model,
                            .media = media,
                            .shape = rows->shape,
                            .ask = rows->ask,
                            .is_document = rows->is_document,
                            .response_key = rows->dialect.response_key,
                            .out = out};
    if (rows->ask.probabilities || answers->response_key == NULL) {
        answers->shape = SM_SHAPE_ROWS; /* the own shape has no place for numbers */
    }
    if (media != SM_JSON) {
        return;
    }
    tmli_buf_append_byte(out, '{');
    tmli_json_string(out,
                     is_own(answers) ? tmli_str(answers->response_key) : TML_STR("predictions"));
    tmli_buf_append_text(out, answers->shape == SM_SHAPE_OWN ? ": " : ": [");
}

static void add_prediction(const sm_answers *answers, const sm_row *row, const double *scores,
                           size_t best)
{
    tmli_buf *out = answers->out;
    tmli_buf_append_text(out, "{\"label\": ");
    tmli_json_string(out, tml_model_label(answers->model, best));
    tmli_buf_append_text(out, ", \"score\": ");
    tmli_json_float(out, (float)scores[best]);
    if (row->ask.probabilities) {
        tmli_buf_append_text(out, ", \"probabilities\": {");
        const size_t n = tml_model_labels(answers->model);
        for (size_t i = 0; i < n; i++) {
            if (i > 0) {
                tmli_buf_append_text(out, ", ");
            }
            tmli_json_string(out, tml_model_label(answers->model, i));
            tmli_buf_append_text(out, ": ");
            tmli_json_float(out, (float)scores[i]);
        }
        tmli_buf_append_byte(out, '}');
    }
    tmli_buf_append_byte(out, '}');
}

/* A label as a line, whose end is another's matter: line ends in it become blanks. */
static void add_line(tmli_buf *out, tml_str label)
{
    for (size_t i = 0; i < label.len; i++) {
        const bool is_end = label.data[i] == '\n' || label.data[i] == '\r';
        tmli_buf_append_byte(out, is_end ? ' ' : label.data[i]);
    }
}

/* A label as an RFC 4180 field: in quotes where a separator, a quote or a line end asks for them. */
static void add_field(tmli_buf *out, tml_str label)
{
    bool needs_quotes = false;
    for (size_t i = 0; i < label.len; i++) {
        const char c = label.data[i];
        needs_quotes = needs_quotes || c == ',' || c == '"' || c == '\n' || c == '\r';
    }
    if (!needs_quotes) {
        tmli_buf_append_str(out, label);
        return;
    }
    tmli_buf_append_byte(out, '"');
    for (size_t i = 0; i < label.len; i++) {
        if (label.data[i] == '"') {
            tmli_buf_append_byte(out, '"');
        }
        tmli_buf_append_byte(out, label.data[i]);
    }
    tmli_buf_append_byte(out, '"');
}

static void add_json(const sm_answers *answers, const sm_row *row, const double *scores,
                     size_t best)
{
    if (answers->n > 0) {
        tmli_buf_append_text(answers->out, ", ");
    }
    if (is_own(answers)) {
        tmli_json_string(answers->out, tml_model_label(answers->model, best));
    } else {
        add_prediction(answers, row, scores, best);
    }
}

void sm_answers_add(sm_answers *answers, const sm_row *row, const double *scores)
{
    const size_t best = tml_best(scores, tml_model_labels(answers->model));
    bool ends_line = !answers->is_document;
    switch (answers->media) {
    case SM_JSON:
        add_json(answers, row, scores, best);
        ends_line = false;
        break;
    case SM_TEXT: add_line(answers->out, tml_model_label(answers->model, best)); break;
    case SM_CSV: add_field(answers->out, tml_model_label(answers->model, best)); break;
    case SM_JSON_LINES:
    case SM_LIBSVM:
    case SM_RECORDIO:
        add_prediction(answers, row, scores, best);
        ends_line = true;
        break;
    }
    if (ends_line) {
        tmli_buf_append_byte(answers->out, '\n');
    }
    answers->n++;
}

void sm_answers_end(sm_answers *answers)
{
    if (answers->media == SM_JSON) {
        tmli_buf_append_text(answers->out, answers->shape == SM_SHAPE_OWN ? "}" : "]}");
    }
}
