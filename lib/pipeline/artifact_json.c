/* textml.json: writing and reading. Its last member is a check over all bytes before it. */
#include "pipeline/artifact.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/status.h"

static const char check_mark[] = ",\n  \"check\": \"xxh64:";
enum {
    HASH_DIGITS = 16
};

/* The members of "training": whole numbers, then reals. */
static const struct {
    const char *name;
    size_t offset;
} counts[] =
    {
        {"rows_train", offsetof(tmli_training, rows_train)},
        {"rows_validation", offsetof(tmli_training, rows_validation)},
        {"terms_seen", offsetof(tmli_training, terms_seen)},
        {"terms_kept", offsetof(tmli_training, terms_kept)},
        {"vectors_found", offsetof(tmli_training, vectors_found)},
        {"epochs_run", offsetof(tmli_training, epochs_run)},
        {"best_epoch", offsetof(tmli_training, best_epoch)},
},
  reals[] = {
      {"train_loss", offsetof(tmli_training, train_loss)},
      {"validation_loss", offsetof(tmli_training, validation_loss)},
      {"validation_accuracy", offsetof(tmli_training, validation_accuracy)},
      {"validation_macro_f1", offsetof(tmli_training, validation_macro_f1)},
};
enum {
    N_COUNTS = sizeof(counts) / sizeof(counts[0]),
    N_REALS = sizeof(reals) / sizeof(reals[0])
};

static void put_hash(tmli_json_writer *w, const char *key, uint64_t hash)
{
    char text[HASH_DIGITS + 8];
    (void)snprintf(text, sizeof(text), "xxh64:%016" PRIx64, hash);
    tmli_json_put_text(w, key, text);
}

static void write_training(const tmli_training *training, tmli_json_writer *w)
{
    tmli_json_object(w, "training");
    for (size_t i = 0; i < N_COUNTS; i++) {
        uint64_t value = 0;
        memcpy(&value, (const char *)training + counts[i].offset, sizeof(value));
        tmli_json_put_u64(w, counts[i].name, value);
    }
    for (size_t i = 0; i < N_REALS; i++) {
        double value = 0;
        memcpy(&value, (const char *)training + reals[i].offset, sizeof(value));
        tmli_json_put_double(w, reals[i].name, value);
    }
    put_hash(w, "data_fingerprint", training->data_fingerprint);
    tmli_json_close_object(w);
}

void tmli_artifact_describe(const tml_model *model, uint64_t n_bytes, uint64_t hash, tmli_buf *out)
{
    tmli_json_writer w;
    tmli_json_begin(&w, out, 2);
    tmli_json_object(&w, NULL);
    tmli_json_put_u64(&w, "format", TMLI_ARTIFACT_FORMAT);
    tmli_json_put_text(&w, "textml", tml_version());
    tmli_recipe_write(model->recipe, "recipe", &w);
    tmli_json_list(&w, "labels");
    for (size_t i = 0; i < model->n_labels; i++) {
        tmli_json_put_text(&w, NULL, model->labels[i]);
    }
    tmli_json_close_list(&w);
    tmli_json_object(&w, "tensors");
    tmli_json_put_text(&w, "file", TMLI_ARTIFACT_TENSORS);
    tmli_json_put_u64(&w, "bytes", n_bytes);
    put_hash(&w, "hash", hash);
    tmli_json_close_object(&w);
    write_training(&model->training, &w);
    const uint64_t check = tmli_hash64_v1(out->data, out->len, 0);
    tmli_buf_append_text(out, check_mark);
    tmli_buf_printf(out, "%016" PRIx64 "\"\n}\n", check);
}

/* 16 lower-case hexadecimal digits. */
static bool parse_hash(tml_str digits, uint64_t *out)
{
    uint64_t hash = 0;
    if (digits.len != HASH_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < digits.len; i++) {
        const char c = digits.data[i];
        if (c >= '0' && c <= '9') {
            hash = hash << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            hash = hash << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    *out = hash;
    return true;
}

static bool parse_hash_text(const tmli_value *value, uint64_t *out)
{
    enum {
        PREFIX = 6
    };
    return value != NULL && value->kind == TMLI_STRING && tmli_str_starts(value->text, "xxh64:") &&
           parse_hash((tml_str){value->text.data + PREFIX, value->text.len - PREFIX}, out);
}

/* True when text ends in a check that agrees with the bytes before it. */
static bool is_whole(tml_str text)
{
    static const char end[] = "\"\n}\n";
    const size_t mark = sizeof(check_mark) - 1;
    const size_t tail = mark + HASH_DIGITS + sizeof(end) - 1;
    uint64_t recorded = 0;
    if (text.len < tail) {
        return false;
    }
    const char *at = text.data + text.len - tail;
    return memcmp(at, check_mark, mark) == 0 &&
           memcmp(at + mark + HASH_DIGITS, end, sizeof(end) - 1) == 0 &&
           parse_hash((tml_str){at + mark, HASH_DIGITS}, &recorded) &&
           tmli_hash64_v1(text.data, text.len - tail, 0) == recorded;
}

static tml_status check_format(const char *source, const tmli_value *root, tml_error *err)
{
    const tmli_value *format = tmli_value_get(root, "format");
    const tmli_value *writer = tmli_value_get(root, "textml");
    if (format == NULL || format->kind != TMLI_NUMBER || !(format->number >= 1)) {
        return tmli_fail(err, TML_EFORMAT, "%s: not a textml artifact: no format number", source);
    }
    if (format->number > TMLI_ARTIFACT_FORMAT) {
        const tml_str version =
            writer != NULL && writer->kind == TMLI_STRING ? writer->text : TML_STR("unknown");
        return tmli_fail(err, TML_EVERSION,
                         "%s: format %.0f, written by textml %.*s; this textml %s reads up to "
                         "format %d: update textml, or train again with this version",
                         source, format->number, TMLI_SHOWN(version), tml_version(),
                         TMLI_ARTIFACT_FORMAT);
    }
    return TML_OK;
}

static tml_status read_labels(const char *source, const tmli_value *root, tml_model *model,
                              tml_error *err)
{
    const tmli_value *list = tmli_value_get(root, "labels");
    if (list == NULL || list->kind != TMLI_LIST || list->n < 2) {
        return tmli_fail(err, TML_EFORMAT, "%s: labels: expected a list of at least two", source);
    }
    const char **names = tmli_arena_alloc(&model->arena, list->n, sizeof(*names));
    if (names == NULL) {
        return tmli_fail_memory(err, "the labels");
    }
    size_t n = 0;
    for (const tmli_value *item = list->first; item != NULL; item = item->next) {
        if (item->kind != TMLI_STRING) {
            return tmli_fail(err, TML_EFORMAT, "%s: labels: expected text, found %s", source,
                             tmli_kind_name(item->kind));
        }
        names[n] = tmli_arena_copy(&model->arena, item->text);
        if (names[n++] == NULL) {
            return tmli_fail_memory(err, "the labels");
        }
    }
    model->labels = names;
    model->n_labels = n;
    return TML_OK;
}

static tml_status read_tensors(const char *source, const tmli_value *root,
                               tmli_artifact_tensors *out, tml_error *err)
{
    const tmli_value *tensors = tmli_value_get(root, "tensors");
    const tmli_value *bytes = tmli_value_get(tensors, "bytes");
    if (bytes == NULL || bytes->kind != TMLI_NUMBER || !(bytes->number >= 0) ||
        !(bytes->number < 9e15) || !parse_hash_text(tmli_value_get(tensors, "hash"), &out->hash)) {
        return tmli_fail(err, TML_EFORMAT, "%s: tensors: expected their bytes and hash", source);
    }
    out->n_bytes = (uint64_t)bytes->number;
    return TML_OK;
}

/* Figures are for people: what is missing or of another kind reads as 0 or NaN. */
static void read_training(const tmli_value *root, tmli_training *out)
{
    const tmli_value *training = tmli_value_get(root, "training");
    for (size_t i = 0; i < N_COUNTS; i++) {
        const tmli_value *item = tmli_value_get(training, counts[i].name);
        const bool is_count =
            item != NULL && item->kind == TMLI_NUMBER && item->number >= 0 && item->number < 9e15;
        const uint64_t value = is_count ? (uint64_t)item->number : 0;
        memcpy((char *)out + counts[i].offset, &value, sizeof(value));
    }
    for (size_t i = 0; i < N_REALS; i++) {
        const tmli_value *item = tmli_value_get(training, reals[i].name);
        const double value = item != NULL && item->kind == TMLI_NUMBER ? item->number : (double)NAN;
        memcpy((char *)out + reals[i].offset, &value, sizeof(value));
    }
    if (!parse_hash_text(tmli_value_get(training, "data_fingerprint"), &out->data_fingerprint)) {
        out->data_fingerprint = 0;
    }
}

/* What a person may mend in a recipe file is damage in an artifact: TML_EINVAL becomes TML_EFORMAT. */
static tml_status read_recipe(const char *source, const tmli_value *root, tml_model *model,
                              tml_error *err)
{
    const tmli_value *recipe = tmli_value_get(root, "recipe");
    if (recipe == NULL) {
        return tmli_fail(err, TML_EFORMAT, "%s: no recipe", source);
    }
    tml_error cause = {0};
    tml_status status = tmli_recipe_from_value(source, recipe, &model->recipe, &cause);
    if (status == TML_OK) {
        status = tml_recipe_check(model->recipe, &cause);
    }
    if (status == TML_EINVAL) {
        status = TML_EFORMAT;
    }
    return status == TML_OK ? status : tmli_fail(err, status, "%s", cause.text);
}

static tml_status read_members(const char *source, const tmli_value *root, tml_model *model,
                               tmli_artifact_tensors *tensors, tml_error *err)
{
    tml_status status = read_labels(source, root, model, err);
    if (status == TML_OK) {
        status = read_tensors(source, root, tensors, err);
    }
    read_training(root, &model->training);
    return status == TML_OK ? read_recipe(source, root, model, err) : status;
}

tml_status tmli_artifact_parse(const char *source, tml_str text, tml_model *model,
                               tmli_artifact_tensors *tensors, tml_error *err)
{
    tmli_arena arena;
    tmli_arena_init(&arena, 16384, 64 << 20);
    const tmli_value *root = NULL;
    tml_error cause = {0};
    tml_status status = tmli_json_parse(text, &arena, &root, &cause);
    if (status == TML_EFORMAT) {
        status = tmli_fail(err, status, "%s: %s", source, cause.text);
    } else if (status != TML_OK) {
        status = tmli_fail(err, status, "%s", cause.text);
    }
    if (status == TML_OK) {
        status = check_format(source, root, err);
    }
    if (status == TML_OK && !is_whole(text)) {
        status = tmli_fail(err, TML_EFORMAT,
                           "%s: altered since it was written: its check does not agree; restore "
                           "the file or train again",
                           source);
    }
    if (status == TML_OK) {
        status = read_members(source, root, model, tensors, err);
    }
    tmli_arena_deinit(&arena);
    return status;
}
