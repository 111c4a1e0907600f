/* Vectors: bounds, order, and rows that are none. The formats are content_libsvm.c's and content_recordio.c's. */
#include "sagemaker/content_vectors.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "features/radix.h"

enum {
    COLUMN_BITS = 32
};

tml_status sm_vector_begin(sm_vector *vector, const sm_rows *rows, size_t capacity, tml_error *err)
{
    tmli_arena *const arena = rows->arena;
    if (rows->dialect.n_columns == 0) {
        return tmli_fail(err, TML_EFORMAT,
                         "a vector of numbers, but this model takes texts: send strings");
    }
    uint32_t *const columns = tmli_arena_alloc(arena, capacity, sizeof(*columns));
    double *const values = tmli_arena_alloc(arena, capacity, sizeof(*values));
    if (columns == NULL || values == NULL) {
        return tmli_fail_memory(err, "a vector");
    }
    *vector = (sm_vector){.arena = arena,
                          .n_columns = rows->dialect.n_columns,
                          .columns = columns,
                          .values = values,
                          .capacity = capacity,
                          .is_rising = true};
    return TML_OK;
}

tml_status sm_vector_add(sm_vector *vector, uint64_t column, double value, tml_error *err)
{
    if (column >= vector->n_columns || column > UINT32_MAX) {
        return tmli_fail(err, TML_EFORMAT,
                         "column %" PRIu64 ": the model has %zu columns, numbered from 0", column,
                         vector->n_columns);
    }
    if (!isfinite(value)) {
        return tmli_fail(err, TML_EFORMAT, "column %" PRIu64 ": the value is not finite", column);
    }
    if (vector->n == vector->capacity) {
        return tmli_fail(err, TML_EFORMAT, "more than %zu elements", vector->capacity);
    }
    vector->is_rising =
        vector->is_rising && (vector->n == 0 || vector->columns[vector->n - 1] < column);
    vector->columns[vector->n] = (uint32_t)column;
    vector->values[vector->n] = value;
    vector->n++;
    return TML_OK;
}

static tml_status sort(sm_vector *vector, tml_error *err)
{
    tmli_arena *const arena = vector->arena;
    const size_t n = vector->n;
    tmli_item *const items = tmli_arena_alloc(arena, n, sizeof(*items));
    tmli_item *const scratch = tmli_arena_alloc(arena, n, sizeof(*scratch));
    if (items == NULL || scratch == NULL) {
        return tmli_fail_memory(err, "a vector");
    }
    for (size_t i = 0; i < n; i++) {
        int64_t bits; /* the value goes along as it is */
        memcpy(&bits, &vector->values[i], sizeof(bits));
        items[i] = (tmli_item){vector->columns[i], bits};
    }
    const tmli_item *const sorted = tmli_radix_sort(items, scratch, n, COLUMN_BITS);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && sorted[i].key == sorted[i - 1].key) {
            return tmli_fail(err, TML_EFORMAT, "column %" PRIu64 " is there twice", sorted[i].key);
        }
    }
    for (size_t i = 0; i < n; i++) {
        vector->columns[i] = (uint32_t)sorted[i].key;
        memcpy(&vector->values[i], &sorted[i].value, sizeof(vector->values[i]));
    }
    return TML_OK;
}

tml_status sm_vector_finish(sm_vector *vector, const tmli_sparse_row **out, tml_error *err)
{
    if (!vector->is_rising) {
        const tml_status status = sort(vector, err);
        if (status != TML_OK) {
            return status;
        }
    }
    tmli_sparse_row *const row = tmli_arena_alloc(vector->arena, 1, sizeof(*row));
    if (row == NULL) {
        return tmli_fail_memory(err, "a vector");
    }
    *row = (tmli_sparse_row){vector->columns, vector->values, vector->n};
    *out = row;
    return TML_OK;
}
