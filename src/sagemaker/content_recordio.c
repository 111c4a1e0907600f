/* application/x-recordio-protobuf: framed records, or one record without a frame. A record's features map holds a text, as
 * bytes, or a vector, as a tensor. */
#include <stdint.h>

#include "base/bytes.h"
#include "base/record.h"
#include "base/recordio.h"
#include "base/status.h"
#include "sagemaker/content_vectors.h"

/* The feature that counts: of the names that are usual for a text or a vector, else the first. */
static const tmli_record_value *choose(const tmli_record *record)
{
    static const char *const names[] = {"text", "values", "source"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        for (size_t j = 0; j < record->n_features; j++) {
            if (tmli_str_eq_text(record->features[j].key, names[i])) {
                return &record->features[j];
            }
        }
    }
    return record->n_features > 0 ? &record->features[0] : NULL;
}

/* A sparse tensor's width is the last number of its shape; a dense one must be as long as its shape says. */
static tml_status check_shape(const tmli_record_value *value, tml_error *err)
{
    const bool is_sparse = value->n_places > 0;
    if (is_sparse && value->n_places != value->n) {
        return tmli_fail(err, TML_EFORMAT, "a sparse vector of %zu values and %zu keys", value->n,
                         value->n_places);
    }
    if (value->n_shape == 0) {
        return TML_OK;
    }
    const uint64_t width = value->shape[value->n_shape - 1];
    if (!is_sparse && width != value->n) {
        return tmli_fail(err, TML_EFORMAT, "a vector of %zu values whose shape says %llu", value->n,
                         (unsigned long long)width);
    }
    for (size_t i = 0; i < value->n_places; i++) {
        if (value->places[i] >= width) {
            return tmli_fail(err, TML_EFORMAT, "key %llu in a sparse vector of width %llu",
                             (unsigned long long)value->places[i], (unsigned long long)width);
        }
    }
    return TML_OK;
}

static tml_status read_tensor(const sm_rows *rows, const tmli_record_value *value,
                              const tmli_sparse_row **out, tml_error *err)
{
    sm_vector vector;
    tml_status status = check_shape(value, err);
    if (status == TML_OK) {
        status = sm_vector_begin(&vector, rows, value->n, err);
    }
    for (size_t i = 0; status == TML_OK && i < value->n; i++) {
        const uint64_t column = value->n_places > 0 ? value->places[i] : i;
        const double number = tmli_record_number(value, i);
        /* Zeros of a dense vector go, but for the last, which tells a vector that is too long. */
        if (number != 0 || value->n_places > 0 || i + 1 == value->n) {
            status = sm_vector_add(&vector, column, number, err);
        }
    }
    return status == TML_OK ? sm_vector_finish(&vector, out, err) : status;
}

static tml_status read_record(const sm_rows *rows, tml_str payload, sm_row *out, tml_error *err)
{
    tmli_record record;
    const tml_status status = tmli_record_parse(payload, rows->arena, &record, err);
    if (status != TML_OK) {
        return status;
    }
    const tmli_record_value *const value = choose(&record);
    if (value == NULL) {
        return tmli_fail(err, TML_EFORMAT,
                         "a record without features: expected a text as bytes or "
                         "a vector under \"values\"");
    }
    switch (value->kind) {
    case TMLI_RECORD_TEXTS:
        if (value->n > 0) {
            out->text = value->texts[0];
            return TML_OK;
        }
        break;
    case TMLI_RECORD_FLOATS:
    case TMLI_RECORD_DOUBLES:
    case TMLI_RECORD_INTS: return read_tensor(rows, value, &out->features, err);
    case TMLI_RECORD_NOTHING: break;
    }
    return tmli_fail(err, TML_EFORMAT, "the feature \"%.*s\" holds no text and no vector",
                     TMLI_SHOWN(value->key));
}

/* Cuts off the payload of the next record. */
static tml_status next_payload(sm_rows *rows, tml_str *out, bool *has, tml_error *err)
{
    /* Batch transform with SplitType=RecordIO may send the payload of one record as the whole body. */
    if (rows->n == 0 && rows->rest.len > 0 && !tmli_recordio_is(rows->rest)) {
        *out = rows->rest;
        *has = true;
        rows->rest.len = 0;
        return TML_OK;
    }
    return tmli_recordio_next(&rows->rest, rows->arena, out, has, err);
}

/* A frame shows where the next record begins, whatever is in it: only this one is lost. */
static tml_status keep_fault(const sm_rows *rows, const tml_error *fault, sm_row *out,
                             tml_error *err)
{
    if (!rows->dialect.is_batch) {
        return tmli_fail(err, fault->status, "record %zu: %s", rows->n + 1, fault->text);
    }
    out->fault = tmli_arena_copy(rows->arena, tmli_str(fault->text));
    return out->fault != NULL ? TML_OK : tmli_fail_memory(err, "what is wrong with a record");
}

tml_status sm_recordio_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    tml_str payload = {0};
    tml_status status = next_payload(rows, &payload, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    tml_error fault = {0};
    sm_row row = *out;
    const size_t limit = rows->dialect.max_row_bytes;
    if (limit > 0 && payload.len > limit) {
        status = tmli_fail(&fault, TML_ELIMIT, "%zu bytes; the limit is %zu", payload.len, limit);
    } else {
        status = read_record(rows, payload, &row, &fault);
    }
    if (status == TML_EFORMAT || status == TML_ELIMIT) {
        status = keep_fault(rows, &fault, &row, err);
    } else if (status != TML_OK) {
        return tmli_fail(err, status, "%s", fault.text);
    }
    if (status == TML_OK) {
        *out = row;
    }
    return status;
}
