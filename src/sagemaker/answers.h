/* sagemaker/answers.h: the parts of writing answers. content_answers.c chooses among them. */
#ifndef SAGEMAKER_ANSWERS_H
#define SAGEMAKER_ANSWERS_H

#include <stdint.h>

#include "base/bytes.h"
#include "sagemaker/content.h"

/* ---- the k best labels (answers_ranking.c) ---- */

enum {
    SM_RANKING_BATCH = 512 /* found in one pass over the scores; 2 KB of the stack */
};

/* Labels by falling score, the first of equal ones first; a NaN comes last. Needs no memory besides itself. */
typedef struct sm_ranking {
    const double *scores; /* borrowed */
    size_t n_scores;
    size_t n_left;                    /* not yet given, batch included */
    uint32_t last;                    /* of the batch before */
    bool has_last;                    /* there was one */
    uint32_t batch[SM_RANKING_BATCH]; /* the next ones */
    size_t n_batch;                   /* found */
    size_t at;                        /* given */
} sm_ranking;

/* The k best of n labels, or all when k is greater. */
void sm_ranking_begin(sm_ranking *ranking, const double *scores, size_t n, size_t k);
/* False when there is none left. */
bool sm_ranking_next(sm_ranking *ranking, size_t *label);

/* ---- labels ---- */

/* What stands before a label's name in this style: "" or "__label__". Columns have no style. */
static inline const char *sm_label_prefix(const sm_answers *answers, tml_str name)
{
    const bool has_prefix = answers->style == TML_STYLE_BLAZINGTEXT && answers->columns == NULL &&
                            !tmli_str_starts(name, "__label__");
    return has_prefix ? "__label__" : "";
}

/* ---- one row (answers_json.c, answers_lines.c, answers_records.c) ---- */

/* A row's label or labels, chosen already. */
typedef struct sm_answer {
    const sm_row *row;
    const double *scores; /* [labels]; NULL: the row has a fault */
    size_t best;
    const tml_explanation *explanation; /* or NULL */
} sm_answer;

/* What stands before, between and behind the rows of a JSON answer. */
void sm_json_begin(const sm_answers *answers);
void sm_json_add(const sm_answers *answers, const sm_answer *answer);
void sm_json_end(const sm_answers *answers);
/* One object of a body of lines, without a line end. */
void sm_json_object(const sm_answers *answers, const sm_answer *answer);

/* Appends the object that says why, which is the same in every type of answer: there must be an explanation. */
void sm_json_explanation(const sm_answers *answers, const sm_answer *answer, tmli_buf *out);

/* CSV and TEXT, without a line end. */
void sm_line_add(const sm_answers *answers, const sm_answer *answer);

/* One framed record. */
void sm_record_add(const sm_answers *answers, const sm_answer *answer);

#endif
