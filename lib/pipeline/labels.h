/* pipeline/labels.h: what the data call a class ↔ class numbers ↔ what answers call it. */
#ifndef PIPELINE_LABELS_H
#define PIPELINE_LABELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/map.h"
#include "pipeline/recipe.h"
#include "textml/status.h"

/* Where a label was read, for sentences. */
typedef struct tmli_row_place {
    const char *path;
    uint64_t line;
    uint64_t column; /* 0 when the format has none */
} tmli_row_place;

typedef struct tmli_label_seen {
    uint64_t count;    /* training rows */
    char *place;       /* "file:line" of the first training row, in the arena */
    uint32_t class_id; /* final number, after tmli_labels_close */
} tmli_label_seen;

/* Labels are numbered as they come ("provisional") and get their final class numbers when the training rows are read:
 * in the order of the recipe's data.labels, or else in byte order. */
typedef struct tmli_labels {
    tmli_arena arena;
    tmli_map *values;      /* data value → provisional number */
    tmli_label_seen *seen; /* owned, [size of values] */
    size_t seen_capacity;
    const tmli_label_names *named; /* the recipe's map, borrowed; n 0 when it has none */
    bool closed;
    const char **names; /* [n] by class number, in the arena; after close */
    size_t n;
} tmli_labels;

TML_NODISCARD tml_status tmli_labels_init(tmli_labels *labels, const tmli_label_names *named,
                                          tml_error *err);
void tmli_labels_deinit(tmli_labels *labels);

/* Before close: the provisional number of a training row's label, counted. After: the provisional number, TML_EFORMAT
 * for a label that training did not have. Errors, with the place and the labels that there are: TML_EFORMAT for a label that
 * data.labels does not list, or that holds a NUL; TML_ENOMEM. */
TML_NODISCARD tml_status tmli_labels_take(tmli_labels *labels, tml_str value,
                                          const tmli_row_place *place, uint32_t *out,
                                          tml_error *err);
/* Assigns class numbers. Errors: TML_EFORMAT for fewer than two labels, or one that appears once only (its place). */
TML_NODISCARD tml_status tmli_labels_close(tmli_labels *labels, tml_error *err);

#endif
