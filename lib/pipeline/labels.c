#include "pipeline/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"

/* Room in seen first: a value that is in the map has its place there, also after a failure. */
static tml_status add_value(tmli_labels *labels, tml_str value, uint32_t *out, tml_error *err)
{
    bool added = false;
    const size_t n = tmli_map_size(labels->values);
    if (!tmli_grow(&labels->seen, &labels->seen_capacity, n + 1, sizeof(*labels->seen))) {
        return tmli_fail_memory(err, "labels");
    }
    *out = tmli_map_add(labels->values, value, &added);
    if (*out == TMLI_MAP_NONE) {
        return tmli_fail_memory(err, "labels");
    }
    if (added) {
        labels->seen[n] = (tmli_label_seen){0};
    }
    return TML_OK;
}

tml_status tmli_labels_init(tmli_labels *labels, const tmli_label_names *named, tml_error *err)
{
    *labels = (tmli_labels){.named = named};
    tmli_arena_init(&labels->arena, 4096, 64 << 20);
    labels->values = tmli_map_create(0);
    if (labels->values == NULL) {
        return tmli_fail_memory(err, "labels");
    }
    for (size_t i = 0; i < named->n; i++) {
        uint32_t number = 0;
        const tml_status status = add_value(labels, tmli_str(named->items[i].value), &number, err);
        if (status != TML_OK) {
            return status;
        }
    }
    return TML_OK;
}

void tmli_labels_deinit(tmli_labels *labels)
{
    tmli_map_free(labels->values);
    tmli_free(labels->seen);
    tmli_arena_deinit(&labels->arena);
    *labels = (tmli_labels){0};
}

/* "b, t, e, m", cut when long. */
static void list_values(const tmli_labels *labels, char *out, size_t capacity)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < tmli_map_size(labels->values); i++) {
        const tml_str key = tmli_map_key(labels->values, i);
        const int n =
            snprintf(out + used, capacity - used, "%s%.*s", i == 0 ? "" : ", ", TMLI_SHOWN(key));
        if (n < 0 || (size_t)n >= capacity - used) {
            break;
        }
        used += (size_t)n;
    }
}

typedef struct column_text {
    char text[32];
} column_text;

/* ":3", or nothing for a format without columns. */
static column_text show_column(const tmli_row_place *place)
{
    column_text column = {""};
    if (place->column > 0) {
        (void)snprintf(column.text, sizeof(column.text), ":%" PRIu64, place->column);
    }
    return column;
}

static tml_status unknown_label(const tmli_labels *labels, tml_str value,
                                const tmli_row_place *place, tml_error *err)
{
    char list[400];
    list_values(labels, list, sizeof(list));
    const bool is_named = labels->named->n > 0;
    return tmli_fail(
        err, TML_EFORMAT, "%s:%" PRIu64 "%s: label \"%.*s\" is not one of %s (%s): correct it, %s",
        place->path, place->line, show_column(place).text, TMLI_SHOWN(value), list,
        is_named ? "data.labels" : "those of the training rows",
        is_named ? "add it to data.labels, or say labels=none for labels as the data have "
                   "them"
                 : "or add training rows with it");
}

static tml_status count_row(tmli_labels *labels, uint32_t number, const tmli_row_place *place,
                            tml_error *err)
{
    tmli_label_seen *seen = &labels->seen[number];
    if (seen->count == 0) {
        char text[600];
        const int n = snprintf(text, sizeof(text), "%s:%" PRIu64, place->path, place->line);
        const size_t len = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
        seen->place = tmli_arena_copy(&labels->arena, (tml_str){text, len});
        if (seen->place == NULL) {
            return tmli_fail_memory(err, "labels");
        }
    }
    seen->count++;
    return TML_OK;
}

tml_status tmli_labels_take(tmli_labels *labels, tml_str value, const tmli_row_place *place,
                            uint32_t *out, tml_error *err)
{
    uint32_t number = tmli_map_find(labels->values, value);
    if (number == TMLI_MAP_NONE) {
        if (labels->closed || labels->named->n > 0) {
            return unknown_label(labels, value, place, err);
        }
        if (memchr(value.data, '\0', value.len) != NULL) { /* names of classes are C strings */
            return tmli_fail(err, TML_EFORMAT,
                             "%s:%" PRIu64 "%s: the label holds a NUL byte, expected text",
                             place->path, place->line, show_column(place).text);
        }
        const tml_status status = add_value(labels, value, &number, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *out = number;
    return labels->closed ? TML_OK : count_row(labels, number, place, err);
}

static tml_status check_counts(const tmli_labels *labels, tml_error *err)
{
    size_t present = 0;
    uint32_t only = 0;
    for (uint32_t i = 0; i < tmli_map_size(labels->values); i++) {
        const tml_str value = tmli_map_key(labels->values, i);
        if (labels->seen[i].count == 1) {
            return tmli_fail(err, TML_EFORMAT,
                             "%s: label \"%.*s\" appears once only, a class needs at least 2 rows: "
                             "add rows, or correct or remove this one",
                             labels->seen[i].place, TMLI_SHOWN(value));
        }
        if (labels->seen[i].count > 0) {
            present++;
            only = i;
        }
    }
    if (present == 0) {
        return tmli_fail(err, TML_EFORMAT, "the training files hold no rows");
    }
    if (present == 1) {
        const tml_str value = tmli_map_key(labels->values, only);
        return tmli_fail(err, TML_EFORMAT,
                         "%s: label \"%.*s\" is the only one in the training rows, a classifier "
                         "needs at least two: add rows of another label",
                         labels->seen[only].place, TMLI_SHOWN(value));
    }
    return TML_OK;
}

typedef struct numbered {
    tml_str value;
    uint32_t number;
} numbered;

static int compare_values(const void *left, const void *right)
{
    return tmli_str_compare(((const numbered *)left)->value, ((const numbered *)right)->value);
}

tml_status tmli_labels_close(tmli_labels *labels, tml_error *err)
{
    const tml_status status = check_counts(labels, err);
    if (status != TML_OK) {
        return status;
    }
    const size_t n = tmli_map_size(labels->values);
    numbered *order = tmli_arena_alloc(&labels->arena, n, sizeof(*order));
    labels->names = tmli_arena_alloc(&labels->arena, n, sizeof(*labels->names));
    if (order == NULL || labels->names == NULL) {
        return tmli_fail_memory(err, "labels");
    }
    for (uint32_t i = 0; i < n; i++) {
        order[i] = (numbered){tmli_map_key(labels->values, i), i};
    }
    if (labels->named->n == 0) {
        qsort(order, n, sizeof(*order), compare_values);
    }
    for (uint32_t i = 0; i < n; i++) {
        labels->seen[order[i].number].class_id = i;
        labels->names[i] = labels->named->n > 0 ? labels->named->items[i].name
                                                : tmli_arena_copy(&labels->arena, order[i].value);
        if (labels->names[i] == NULL) {
            return tmli_fail_memory(err, "labels");
        }
    }
    labels->n = n;
    labels->closed = true;
    return TML_OK;
}
