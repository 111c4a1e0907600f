/* pipeline/session_rows.h: predicting from vectors, for those who have made them elsewhere. Texts: textml/model.h. */
#ifndef PIPELINE_SESSION_ROWS_H
#define PIPELINE_SESSION_ROWS_H

#include "num/sparse.h"
#include "textml/model.h"

/* Columns of a model's vectors; 0 for a model of sequences, which takes texts alone. */
size_t tmli_model_columns(const tml_model *model);

/* Scores n rows of the matrix that the model's vectorizer would make of texts, weights as they are: scores [n, labels] as from
 * tml_session_predict. Errors: TML_EINVAL for a model that takes texts alone, for a column that the model does not have, and for
 * columns that do not rise (the row is named, from 1); then no score is written. */
TML_NODISCARD tml_status tmli_session_predict_rows(tml_session *session,
                                                   const tmli_sparse_row *rows, size_t n,
                                                   double *scores, tml_error *err);

#endif
