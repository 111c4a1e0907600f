/* Bodies → rows: JSON in its shapes, lines, CSV of one column, and documents. */
#include "sagemaker/content.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/status.h"

enum {
    JSON_LEAST_BYTES = 4 << 20,
    JSON_TIMES_BODY = 32, /* a list of one-letter texts takes 24 times its size */
};

/* ---- JSON: which member holds the texts ---- */

/* Points the reader at the text or texts in value, which stands under key (NULL: it is the whole body). */
static void use(sm_rows *rows, const char *key, const tmli_value *value)
{
    rows->list = key;
    rows->is_list = value->kind == TMLI_LIST;
    rows->item = rows->is_list ? value->first : value;
    rows->n_left = rows->is_list ? value->n : 1;
}

static tml_status read_switch(const tmli_value *body, bool *out, tml_error *err)
{
    const tmli_value *value = tmli_value_get(body, "probabilities");
    if (value != NULL && value->kind != TMLI_BOOL) {
        return tmli_fail(err, TML_EFORMAT, "\"probabilities\" is %s: expected true or false",
                         tmli_kind_name(value->kind));
    }
    *out = value != NULL && value->number != 0;
    return TML_OK;
}

static tml_status fail_no_input(const sm_rows *rows, tml_error *err)
{
    const char *key = rows->dialect.request_key;
    if (key == NULL) {
        return tmli_fail(err, TML_EFORMAT,
                         "no \"instances\": expected {\"instances\": [\"text\", …]}");
    }
    return tmli_fail(err, TML_EFORMAT,
                     "no \"%s\": expected {\"%s\": \"text\"} or {\"instances\": [\"text\", …]}",
                     key, key);
}

static tml_status choose_member(sm_rows *rows, const tmli_value *body, tml_error *err)
{
    const char *own = rows->dialect.request_key;
    const char *const keys[] = {own, "instances", "inputs"};
    for (size_t i = own != NULL ? 0 : 1; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const tmli_value *value = tmli_value_get(body, keys[i]);
        if (value == NULL) {
            continue;
        }
        if (value->kind != TMLI_STRING && value->kind != TMLI_LIST) {
            return tmli_fail(err, TML_EFORMAT,
                             "\"%s\" is %s: expected a string or a list of strings", keys[i],
                             tmli_kind_name(value->kind));
        }
        use(rows, keys[i], value);
        if (i == 0) {
            rows->shape = rows->is_list ? SM_SHAPE_OWN_LIST : SM_SHAPE_OWN;
        }
        return TML_OK;
    }
    return fail_no_input(rows, err);
}

static tml_status choose_json(sm_rows *rows, const tmli_value *body, tml_error *err)
{
    switch (body->kind) {
    case TMLI_OBJECT: {
        const tml_status status = read_switch(body, &rows->ask.probabilities, err);
        return status == TML_OK ? choose_member(rows, body, err) : status;
    }
    case TMLI_STRING:
    case TMLI_LIST: use(rows, NULL, body); return TML_OK;
    case TMLI_NULL:
    case TMLI_BOOL:
    case TMLI_NUMBER: break;
    }
    return tmli_fail(err, TML_EFORMAT,
                     "the body is %s: expected {\"%s\": …}, a string or a list of strings",
                     tmli_kind_name(body->kind),
                     rows->dialect.request_key != NULL ? rows->dialect.request_key : "instances");
}

static tml_status open_json(sm_rows *rows, tml_str body, tml_error *err)
{
    if (tmli_str_trim(body).len == 0) {
        return tmli_fail(err, TML_EFORMAT, "the body is empty: expected JSON such as {\"%s\": …}",
                         rows->dialect.request_key != NULL ? rows->dialect.request_key
                                                           : "instances");
    }
    tmli_arena *arena = rows->arena;
    const tmli_value *root = NULL;
    const size_t used_before = arena->used_bytes; /* by other bodies */
    const size_t limit = JSON_LEAST_BYTES + JSON_TIMES_BODY * body.len;
    arena->limit_bytes = used_before + limit;
    const tml_status status = tmli_json_parse(body, arena, &root, err);
    if (status == TML_OK) {
        return choose_json(rows, root, err);
    }
    /* Short of the limit by less than any one text could take: it was the limit, not the memory, that ran out. */
    if (status == TML_ENOMEM && arena->used_bytes - used_before > limit / 2) {
        if (err != NULL) {
            err->status = TML_OK;
        }
        return tmli_fail(err, TML_ELIMIT,
                         "the JSON has too many values: reading it would take more than %zu bytes; "
                         "send fewer rows in a request",
                         limit);
    }
    return status;
}

/* ---- JSON: the text in a row ---- */

static const tmli_value *first_string(const tmli_value *list)
{
    const tmli_value *item = list->first;
    while (item != NULL && item->kind != TMLI_STRING) {
        item = item->next;
    }
    return item;
}

/* "features": a list, or {"values": list} as the platform's long form has it. */
static const tmli_value *text_of_features(const tmli_value *features)
{
    if (features != NULL && features->kind == TMLI_OBJECT) {
        features = tmli_value_get(features, "values");
    }
    return features != NULL && features->kind == TMLI_LIST ? first_string(features) : features;
}

static const tmli_value *text_of_object(const sm_rows *rows, const tmli_value *object)
{
    const char *const keys[] = {"text", "source"};
    const tmli_value *text = rows->dialect.request_key != NULL
                                 ? tmli_value_get(object, rows->dialect.request_key)
                                 : NULL;
    for (size_t i = 0; text == NULL && i < sizeof(keys) / sizeof(keys[0]); i++) {
        text = tmli_value_get(object, keys[i]);
    }
    if (text == NULL) {
        text = text_of_features(tmli_value_get(object, "features"));
    }
    if (text == NULL) {
        const tmli_value *data = tmli_value_get(object, "data");
        text = data != NULL && data->kind == TMLI_OBJECT
                   ? text_of_features(tmli_value_get(data, "features"))
                   : data;
    }
    return text;
}

static tml_status fail_item(const sm_rows *rows, const char *found, tml_error *err)
{
    const char *list = rows->list != NULL ? rows->list : "";
    if (rows->shape == SM_SHAPE_OWN_LIST) {
        return tmli_fail(err, TML_EFORMAT, "%s[%zu] is %s: expected a string", list, rows->n,
                         found);
    }
    char own[80] = "";
    if (rows->dialect.request_key != NULL) {
        (void)snprintf(own, sizeof(own), "\"%.64s\", ", rows->dialect.request_key);
    }
    return tmli_fail(err, TML_EFORMAT,
                     "%s[%zu] is %s: expected a string or an object with one of %s\"text\", "
                     "\"source\", \"features\", \"data\"",
                     list, rows->n, found, own);
}

static tml_status next_json(sm_rows *rows, tml_str *out, tml_error *err)
{
    const tmli_value *item = rows->item;
    const tmli_value *text = item;
    if (rows->is_list && rows->shape == SM_SHAPE_ROWS) {
        if (item->kind == TMLI_OBJECT) {
            text = text_of_object(rows, item);
        } else if (item->kind == TMLI_LIST && item->n == 1) {
            text = item->first;
        }
    }
    if (text == NULL) {
        return fail_item(rows, "an object without a text", err);
    }
    if (text->kind != TMLI_STRING) {
        char found[64];
        const char *how = text == item              ? ""
                          : item->kind == TMLI_LIST ? "a list of "
                                                    : "an object whose text is ";
        (void)snprintf(found, sizeof(found), "%s%s", how, tmli_kind_name(text->kind));
        return fail_item(rows, found, err);
    }
    *out = text->text;
    rows->item = item->next;
    rows->n_left--;
    return TML_OK;
}

/* ---- lines, CSV and documents ---- */

/* What was latin-1 as UTF-8, in the arena; ASCII stays where it is. */
static tml_status decode_latin1(sm_rows *rows, tml_str *body, tml_error *err)
{
    size_t n_more = 0;
    for (size_t i = 0; i < body->len; i++) {
        n_more += (unsigned char)body->data[i] >= 0x80;
    }
    if (n_more == 0) {
        return TML_OK;
    }
    char *text = tmli_arena_alloc(rows->arena, body->len + n_more, 1);
    if (text == NULL) {
        return tmli_fail_memory(err, "the texts");
    }
    *body = (tml_str){text, tmli_latin1_to_utf8(body->data, body->len, text)};
    return TML_OK;
}

/* The line before the next \n, which may have a \r before it. */
static void next_line(tml_str *rest, tml_str *out)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    const size_t n = end != NULL ? (size_t)(end - rest->data) : rest->len;
    const size_t taken = end != NULL ? n + 1 : n;
    *out = (tml_str){rest->data, end != NULL && n > 0 && rest->data[n - 1] == '\r' ? n - 1 : n};
    *rest = (tml_str){rest->data + taken, rest->len - taken};
}

static tml_status open_csv(sm_rows *rows, tml_str body, tml_error *err)
{
    const tml_status status = tmli_source_memory("body", body.data, body.len, &rows->source, err);
    if (status == TML_OK) {
        /* A record and its line end cannot be longer than the body; a limit of 0 is not allowed. */
        tmli_csv_init(&rows->csv, rows->source, ',', TMLI_QUOTE_RFC4180, body.len + 1);
    }
    return status;
}

static tml_status next_csv(sm_rows *rows, tml_str *out, bool *has, tml_error *err)
{
    tmli_csv_record record;
    const tml_status status = tmli_csv_next(&rows->csv, &record, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    /* Clients that join texts with line ends do not quote them: an unquoted line with commas is one text. */
    if (record.raw.data == NULL && record.n > 1) {
        return tmli_fail(err, TML_EFORMAT,
                         "body:%llu: %zu fields, expected one: put the whole text in one pair of "
                         "quotes",
                         (unsigned long long)record.line, record.n);
    }
    const tml_str text = record.raw.data != NULL ? record.raw : record.fields[0];
    const char *copy = tmli_arena_copy(rows->arena, text); /* the record ends with the next call */
    if (copy == NULL) {
        return tmli_fail_memory(err, "the texts");
    }
    *out = (tml_str){copy, text.len};
    return TML_OK;
}

/* TEXT and CSV. */
static tml_status open_text(sm_rows *rows, sm_format format, tml_str body, tml_error *err)
{
    const bool is_csv = format.media == SM_CSV;
    rows->arena->limit_bytes = SIZE_MAX;
    rows->is_document = rows->dialect.takes_documents;
    /* A CSV source would unpack it, however large it becomes; and it is nobody's document. */
    if ((is_csv || rows->is_document) && tmli_str_starts(body, "\x1f\x8b")) {
        return tmli_fail(err, TML_EFORMAT, "body: gzip data, expected %s: send it unpacked",
                         sm_media_type(format.media));
    }
    if (format.is_latin1) {
        const tml_status status = decode_latin1(rows, &body, err);
        if (status != TML_OK) {
            return status;
        }
    }
    if (is_csv && !rows->is_document) {
        return open_csv(rows, body, err);
    }
    rows->rest = body;
    if (tmli_str_starts(body, "\xef\xbb\xbf")) {
        rows->rest = (tml_str){body.data + 3, body.len - 3};
    }
    return TML_OK;
}

/* ---- all of them ---- */

tml_status sm_rows_open(sm_rows *rows, sm_format format, tml_str body, sm_dialect dialect,
                        tmli_arena *arena, tml_error *err)
{
    *rows = (sm_rows){.media = format.media,
                      .shape = SM_SHAPE_ROWS,
                      .ask = dialect.ask,
                      .dialect = dialect,
                      .arena = arena};
    const size_t used_before = arena->used_bytes;
    const tml_status status =
        format.media == SM_JSON ? open_json(rows, body, err) : open_text(rows, format, body, err);
    rows->needs_arena = arena->used_bytes > used_before;
    return status;
}

/* The next line, or the whole body. */
static void next_text(sm_rows *rows, tml_str *out, bool *has)
{
    *has = rows->rest.len > 0;
    if (*has && rows->is_document) {
        *out = rows->rest;
        rows->rest.len = 0;
    } else if (*has) {
        next_line(&rows->rest, out);
    }
}

tml_status sm_rows_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    tml_status status = TML_OK;
    tml_str text = {0};
    switch (rows->media) {
    case SM_JSON:
        *has = rows->n_left > 0;
        if (*has) {
            status = next_json(rows, &text, err);
        }
        break;
    case SM_CSV:
        if (!rows->is_document) {
            status = next_csv(rows, &text, has, err);
            break;
        }
        next_text(rows, &text, has);
        break;
    case SM_TEXT:
    case SM_JSON_LINES: next_text(rows, &text, has); break;
    }
    if (status == TML_OK && *has) {
        *out = (sm_row){.text = text, .ask = rows->ask};
        rows->n++;
    }
    return status;
}

void sm_rows_release(sm_rows *rows)
{
    if (!rows->needs_arena) {
        tmli_arena_reset(rows->arena);
    }
}

void sm_rows_close(sm_rows *rows)
{
    if (rows->source != NULL) {
        tmli_csv_deinit(&rows->csv);
        tmli_source_free(rows->source);
        rows->source = NULL;
    }
}
