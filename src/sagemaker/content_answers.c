/* Scores → bodies: what an answer is made of, by its type, shape and style. Each part is written elsewhere. */
#include "sagemaker/answers.h"

/* Whether the recipe's own shape has a place for all that is asked. */
static bool fits_own_shape(const sm_rows *rows)
{
    const sm_ask *const ask = &rows->ask;
    return rows->dialect.response_key != NULL && rows->dialect.style == TML_STYLE_TEXTML &&
           rows->dialect.columns == NULL && ask->k == 0 && ask->explain == 0 && !ask->probabilities;
}

void sm_answers_begin(sm_answers *answers, const sm_rows *rows, sm_media media,
                      const tml_model *model, tmli_buf *out)
{
    *answers = (sm_answers){.model = model,
                            .media = media,
                            .shape = fits_own_shape(rows) ? rows->shape : SM_SHAPE_ROWS,
                            .style = rows->dialect.style,
                            .ask = rows->ask,
                            .is_document = rows->is_document,
                            .is_one = rows->media == SM_JSON && !rows->is_list,
                            .response_key = rows->dialect.response_key,
                            .columns = rows->dialect.columns,
                            .out = out};
    if (media == SM_JSON) {
        sm_json_begin(answers);
    }
}

void sm_answers_add(sm_answers *answers, const sm_row *row, const double *scores,
                    const tml_explanation *explanation)
{
    sm_answer answer = {.row = row, .explanation = explanation};
    if (row->fault == NULL && scores != NULL) {
        answer.scores = scores;
        answer.best = tml_best(scores, tml_model_labels(answers->model));
    }
    bool ends_line = false;
    switch (answers->media) {
    case SM_JSON: sm_json_add(answers, &answer); break;
    case SM_JSON_LINES:
        sm_json_object(answers, &answer);
        ends_line = true;
        break;
    case SM_RECORDIO: sm_record_add(answers, &answer); break;
    case SM_TEXT:
    case SM_CSV:
    case SM_LIBSVM: /* read, but not written: nobody can ask for it */
        sm_line_add(answers, &answer);
        ends_line = !answers->is_document;
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
        sm_json_end(answers);
    }
}
