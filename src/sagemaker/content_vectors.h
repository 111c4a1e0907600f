/* sagemaker/content_vectors.h: rows that are vectors in place of texts: numbers at the columns of the model's vectorizer,
 * counted from 0, as the row of the matrix that it makes of a text. */
#ifndef SAGEMAKER_CONTENT_VECTORS_H
#define SAGEMAKER_CONTENT_VECTORS_H

#include <stdint.h>

#include "sagemaker/content.h"

/* One vector that is put together in an arena. */
typedef struct sm_vector {
    tmli_arena *arena; /* borrowed */
    size_t n_columns;  /* of the model */
    uint32_t *columns;
    double *values;
    size_t n;
    size_t capacity;
    bool is_rising; /* columns so far */
} sm_vector;

/* Begins a vector of a request's row. capacity: the most elements that will be added. Errors: TML_EFORMAT for a model that
 * takes texts alone, TML_ENOMEM. */
TML_NODISCARD tml_status sm_vector_begin(sm_vector *vector, const sm_rows *rows, size_t capacity,
                                         tml_error *err);
/* Errors: TML_EFORMAT for a column that the model does not have, for a value that is not finite, and for elements over the
 * capacity. */
TML_NODISCARD tml_status sm_vector_add(sm_vector *vector, uint64_t column, double value,
                                       tml_error *err);
/* Brings the columns into order. out: borrowed from the arena. Errors: TML_EFORMAT for a column that is there twice,
 * TML_ENOMEM. */
TML_NODISCARD tml_status sm_vector_finish(sm_vector *vector, const tmli_sparse_row **out,
                                          tml_error *err);

#endif
