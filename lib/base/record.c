/* Records through protobuf-c. Its messages come from the arena, and its arrays of numbers are used where they are. */
#include "base/record.h"

#include <stdbool.h>
#include <string.h>

#include <protobuf-c/protobuf-c.h>

#include "record.pb-c.h"

#include "base/mem.h"
#include "base/status.h"

enum {
    LEAST_BYTES = 1 << 20,
    TIMES_PAYLOAD = 64, /* an entry of two bytes becomes some 100 */
};

/* ---- memory ---- */

typedef struct memory {
    tmli_arena *arena;
    bool is_short; /* an allocation failed */
} memory;

static void *allocate(void *data, size_t n)
{
    memory *const from = data;
    void *const at = tmli_arena_alloc(from->arena, n, 1);
    from->is_short = from->is_short || at == NULL;
    return at;
}

/* Nothing in an arena is freed singly. */
static void release(void *data, void *at)
{
    (void)data;
    (void)at;
}

/* ---- reading ---- */

static tml_str bytes_of(ProtobufCBinaryData bytes)
{
    return (tml_str){(const char *)bytes.data, bytes.len};
}

static bool take_texts(const TmliPb__Texts *texts, memory *from, tmli_record_value *out)
{
    tml_str *const all = tmli_arena_alloc(from->arena, texts->n_value, sizeof(*all));
    if (all == NULL) {
        return false;
    }
    for (size_t i = 0; i < texts->n_value; i++) {
        all[i] = bytes_of(texts->value[i]);
    }
    out->kind = TMLI_RECORD_TEXTS;
    out->texts = all;
    out->n = texts->n_value;
    return true;
}

/* The three tensors have members of equal names. */
#define TAKE_TENSOR(tensor, of_kind, numbers, out) \
    do {                                           \
        (out)->kind = (of_kind);                   \
        (out)->numbers = (tensor)->values;         \
        (out)->n = (tensor)->n_values;             \
        (out)->places = (tensor)->keys;            \
        (out)->n_places = (tensor)->n_keys;        \
        (out)->shape = (tensor)->shape;            \
        (out)->n_shape = (tensor)->n_shape;        \
    } while (0)

static bool take_value(const TmliPb__Value *value, memory *from, tmli_record_value *out)
{
    if (value == NULL) {
        return true;
    }
    switch (value->value_case) {
    case TMLI_PB__VALUE__VALUE_FLOAT32_TENSOR:
        TAKE_TENSOR(value->float32_tensor, TMLI_RECORD_FLOATS, floats, out);
        return true;
    case TMLI_PB__VALUE__VALUE_FLOAT64_TENSOR:
        TAKE_TENSOR(value->float64_tensor, TMLI_RECORD_DOUBLES, doubles, out);
        return true;
    case TMLI_PB__VALUE__VALUE_INT32_TENSOR:
        TAKE_TENSOR(value->int32_tensor, TMLI_RECORD_INTS, ints, out);
        return true;
    case TMLI_PB__VALUE__VALUE_BYTES: return take_texts(value->bytes, from, out);
    case TMLI_PB__VALUE__VALUE__NOT_SET:
    case _TMLI_PB__VALUE__VALUE__CASE_IS_INT_SIZE: return true;
    }
    return true;
}

static bool take_entries(TmliPb__Entry *const *entries, size_t n, memory *from,
                         const tmli_record_value **out)
{
    tmli_record_value *const all = tmli_arena_alloc(from->arena, n, sizeof(*all));
    if (all == NULL) {
        from->is_short = true;
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        all[i] = (tmli_record_value){.key = bytes_of(entries[i]->key)};
        if (!take_value(entries[i]->value, from, &all[i])) {
            from->is_short = true;
            return false;
        }
    }
    *out = all;
    return true;
}

/* False when the payload is no record, or when memory is short. */
static bool take_record(tml_str payload, memory *from, tmli_record *out)
{
    ProtobufCAllocator allocator = {allocate, release, from};
    const TmliPb__Record *const record =
        tmli_pb__record__unpack(&allocator, payload.len, (const uint8_t *)payload.data);
    if (record == NULL) {
        return false;
    }
    tmli_record taken = {.n_features = record->n_features, .n_labels = record->n_label};
    if (!take_entries(record->features, record->n_features, from, &taken.features) ||
        !take_entries(record->label, record->n_label, from, &taken.labels)) {
        return false;
    }
    *out = taken;
    return true;
}

tml_status tmli_record_parse(tml_str payload, tmli_arena *arena, tmli_record *out, tml_error *err)
{
    memory from = {.arena = arena};
    const size_t limit_before = arena->limit_bytes;
    const size_t left = limit_before - arena->used_bytes;
    const size_t allowed = LEAST_BYTES + TIMES_PAYLOAD * payload.len;
    const size_t limit = allowed < left ? allowed : left;
    arena->limit_bytes = arena->used_bytes + limit;
    const bool is_read = take_record(payload, &from, out);
    /* Short of the limit by less than half of it: it was the limit, not the memory, that ran out. */
    const bool is_limit = arena->limit_bytes - arena->used_bytes < limit / 2;
    arena->limit_bytes = limit_before;
    if (is_read) {
        return TML_OK;
    }
    if (!from.is_short) {
        return tmli_fail(err, TML_EFORMAT, "%zu bytes that are no protobuf record", payload.len);
    }
    if (is_limit) {
        return tmli_fail(err, TML_ELIMIT,
                         "a record of %zu bytes has too many parts: reading it would take more "
                         "than %zu bytes",
                         payload.len, limit);
    }
    return tmli_fail_memory(err, "a record");
}

double tmli_record_number(const tmli_record_value *value, size_t i)
{
    switch (value->kind) {
    case TMLI_RECORD_FLOATS: return (double)value->floats[i];
    case TMLI_RECORD_DOUBLES: return value->doubles[i];
    case TMLI_RECORD_INTS: return (double)value->ints[i];
    case TMLI_RECORD_NOTHING:
    case TMLI_RECORD_TEXTS: break;
    }
    return 0;
}

/* ---- writing ---- */

/* protobuf-c's messages point to what is not theirs without const; packing does not write there. */
static ProtobufCBinaryData binary_of(tml_str text)
{
    return (ProtobufCBinaryData){text.len, (uint8_t *)(uintptr_t)text.data};
}

/* What one value needs besides what it borrows. */
typedef struct packing {
    TmliPb__Entry entry;
    TmliPb__Value value;
    TmliPb__Texts texts;
    TmliPb__Floats floats;
    ProtobufCBinaryData *pieces; /* owned */
    uint64_t shape;
} packing;

static bool fill(packing *packed, const tmli_record_value *value)
{
    tmli_pb__entry__init(&packed->entry);
    tmli_pb__value__init(&packed->value);
    packed->entry.has_key = 1;
    packed->entry.key = binary_of(value->key);
    packed->entry.value = &packed->value;
    if (value->kind == TMLI_RECORD_TEXTS) {
        packed->pieces = tmli_alloc(value->n, sizeof(*packed->pieces));
        if (packed->pieces == NULL) {
            return false;
        }
        for (size_t i = 0; i < value->n; i++) {
            packed->pieces[i] = binary_of(value->texts[i]);
        }
        tmli_pb__texts__init(&packed->texts);
        packed->texts.n_value = value->n;
        packed->texts.value = packed->pieces;
        packed->value.value_case = TMLI_PB__VALUE__VALUE_BYTES;
        packed->value.bytes = &packed->texts;
        return true;
    }
    tmli_pb__floats__init(&packed->floats);
    packed->shape = value->n;
    packed->floats.n_values = value->n;
    packed->floats.values = (float *)(uintptr_t)value->floats;
    packed->floats.n_shape = 1;
    packed->floats.shape = &packed->shape;
    packed->value.value_case = TMLI_PB__VALUE__VALUE_FLOAT32_TENSOR;
    packed->value.float32_tensor = &packed->floats;
    return true;
}

void tmli_record_write(tmli_buf *out, const tmli_record_value *labels, size_t n_labels)
{
    packing *const packed = tmli_calloc(n_labels, sizeof(*packed));
    TmliPb__Entry **const entries = tmli_alloc(n_labels, sizeof(TmliPb__Entry *));
    bool is_filled = packed != NULL && entries != NULL;
    for (size_t i = 0; is_filled && i < n_labels; i++) {
        is_filled = fill(&packed[i], &labels[i]);
        entries[i] = &packed[i].entry;
    }
    TmliPb__Record record = TMLI_PB__RECORD__INIT;
    record.n_label = n_labels;
    record.label = entries;
    if (!is_filled) {
        out->failed = true;
    } else if (tmli_buf_reserve(out, tmli_pb__record__get_packed_size(&record))) {
        out->len += tmli_pb__record__pack(&record, (uint8_t *)out->data + out->len);
    }
    for (size_t i = 0; packed != NULL && i < n_labels; i++) {
        tmli_free(packed[i].pieces);
    }
    tmli_free(packed);
    tmli_free(entries);
}
