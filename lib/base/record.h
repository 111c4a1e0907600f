/* base/record.h: the protobuf door: one record of application/x-recordio-protobuf. record.c is the only file that includes
 * protobuf-c, and record.proto says which fields there are; framing is recordio.h's.
 *
 * A record maps names to values under two heads: what is known of a row (features) and what is said of it (label). */
#ifndef BASE_RECORD_H
#define BASE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "textml/status.h"
#include "textml/str.h"

typedef enum tmli_record_kind {
    TMLI_RECORD_NOTHING, /* no value, or of a kind that is not read here */
    TMLI_RECORD_TEXTS,
    TMLI_RECORD_FLOATS, /* a tensor, as are the next two */
    TMLI_RECORD_DOUBLES,
    TMLI_RECORD_INTS,
} tmli_record_kind;

/* A value and its name. Of the pointers to numbers that of its kind is set. */
typedef struct tmli_record_value {
    tml_str key;
    tmli_record_kind kind;
    size_t n; /* texts or numbers */
    const tml_str *texts;
    const float *floats;
    const double *doubles;
    const int32_t *ints;
    const uint64_t *places; /* [n_places] of a sparse tensor's numbers; none: it is dense */
    size_t n_places;
    const uint64_t *shape;
    size_t n_shape;
} tmli_record_value;

typedef struct tmli_record {
    const tmli_record_value *features;
    size_t n_features;
    const tmli_record_value *labels;
    size_t n_labels;
} tmli_record;

/* Reads one record; everything in *out lives in the arena, whose limit stays as it was. Errors: TML_EFORMAT for what is no
 * record; TML_ELIMIT for one of so many small parts that it would take more than 1 MiB and 64 times its size; TML_ENOMEM. */
TML_NODISCARD tml_status tmli_record_parse(tml_str payload, tmli_arena *arena, tmli_record *out,
                                           tml_error *err);
/* The n-th number of a tensor, below n. */
double tmli_record_number(const tmli_record_value *value, size_t i);

/* Appends a record of labels without a frame. Values: TEXTS or FLOATS, dense, their shape their number. Memory trouble stays
 * in the buffer. */
void tmli_record_write(tmli_buf *out, const tmli_record_value *labels, size_t n_labels);

#endif
