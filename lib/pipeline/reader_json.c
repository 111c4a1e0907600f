/* Rows of JSON Lines: the values of an object's keys. Cutting and parsing lines is the business of jsonl.c. */
#include "pipeline/reader_internal.h"

#include "base/bytes.h"
#include "base/status.h"

/* The value of a key that must be there. */
static tml_status get_key(const tmli_row_reader *reader, const tmli_value *object,
                          const char *option, const char *key, const tmli_value **value,
                          tml_error *err)
{
    *value = tmli_value_get(object, key);
    if (*value != NULL) {
        return TML_OK;
    }
    tmli_names list = {.n = 0};
    for (const tmli_value *member = object->first; member != NULL; member = member->next) {
        tmli_names_add(&list, member->key);
    }
    return tmli_reader_fail_missing(reader, reader->jsonl.line, "key", &list, option, key, "", err);
}

static tml_status fail_kind(const tmli_row_reader *reader, const char *key, const tmli_value *found,
                            const char *expected, tml_error *err)
{
    return tmli_reader_fail(reader, reader->jsonl.line, 1, err, "\"%s\" is %s, expected %s", key,
                            tmli_kind_name(found->kind), expected);
}

static tml_status json_label(tmli_row_reader *reader, const tmli_value *value, tmli_row *row,
                             tml_error *err)
{
    switch (value->kind) {
    case TMLI_STRING: {
        const tml_status status =
            tmli_reader_clean(reader, value->text, &reader->label, &row->label, err);
        row->label = tmli_str_trim(row->label);
        if (status == TML_OK && row->label.len == 0) {
            return tmli_reader_fail(reader, row->line, 1, err,
                                    "the label is empty: fill it in, or leave the row out");
        }
        return status;
    }
    case TMLI_NUMBER:
        row->label =
            tmli_jsonl_number(&reader->jsonl, reader->options.label, value->number, reader->number);
        return TML_OK;
    case TMLI_BOOL:
        row->label = value->number != 0.0 ? TML_STR("true") : TML_STR("false");
        return TML_OK;
    case TMLI_NULL:
    case TMLI_LIST:
    case TMLI_OBJECT: break;
    }
    return fail_kind(reader, reader->options.label, value, "a string, a number, true or false",
                     err);
}

static tml_status json_weight(const tmli_row_reader *reader, const tmli_value *value, tmli_row *row,
                              tml_error *err)
{
    const char *key = reader->options.weight;
    if (value->kind != TMLI_NUMBER) {
        return fail_kind(reader, key, value, "a number of at least 0", err);
    }
    if (!(value->number >= 0.0)) {
        return tmli_reader_fail(reader, row->line, 1, err,
                                "\"%s\" is %g, expected a number of at least 0", key,
                                value->number);
    }
    row->weight = value->number;
    return TML_OK;
}

tml_status tmli_reader_next_object(tmli_row_reader *reader, tmli_row *out, bool *has,
                                   tml_error *err)
{
    tml_status status = TML_OK;
    const tmli_value *object = reader->first_object;
    *has = reader->has_first;
    reader->has_first = false;
    if (!*has) {
        TMLI_TRY(tmli_jsonl_next(&reader->jsonl, &object, has, err));
        if (!*has) {
            return TML_OK;
        }
    }
    tmli_row row = {.weight = 1.0, .line = reader->jsonl.line};
    const tmli_reader_options *options = &reader->options;
    const tmli_value *value;
    TMLI_TRY(get_key(reader, object, "text", options->text, &value, err));
    if (value->kind != TMLI_STRING) {
        return fail_kind(reader, options->text, value, "a string", err);
    }
    TMLI_TRY(tmli_reader_clean(reader, value->text, &reader->text, &row.text, err));
    if (options->label != NULL) {
        TMLI_TRY(get_key(reader, object, "label", options->label, &value, err));
        TMLI_TRY(json_label(reader, value, &row, err));
    }
    if (options->weight != NULL) {
        TMLI_TRY(get_key(reader, object, "weight", options->weight, &value, err));
        TMLI_TRY(json_weight(reader, value, &row, err));
    }
    *out = row;
cleanup:
    return status;
}
