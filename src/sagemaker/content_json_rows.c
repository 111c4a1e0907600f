/* JSON bodies → rows, in the shapes of the recipe, of AWS's containers and of Hugging Face's; and JSON Lines, a row a line.
 *
 * A body's top level is read once, which checks all of it and notes where the members that matter lie; rows are then read
 * from there. docs/serving.md has the table of shapes. */
#include "sagemaker/content_members.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/status.h"

enum {
    FOUND_BYTES = 64,
};

/* The only item of a list; false: there is none, or there are several. */
static tml_status find_only_item(const tmli_json_items *from, const tmli_json_token *list,
                                 tmli_json_token *out, bool *is_found, tml_error *err)
{
    tmli_json_items items;
    tmli_json_enter(from, list, &items);
    *is_found = false;
    for (size_t n = 0;; n++) {
        tmli_json_token key;
        tmli_json_token item;
        bool has = false;
        const tml_status status = tmli_json_next(&items, &key, &item, &has, err);
        if (status != TML_OK || !has) {
            return status;
        }
        *out = item;
        *is_found = n == 0;
        if (n > 0) {
            return TML_OK;
        }
    }
}

/* The next string of a list; *has false at its end. */
static tml_status next_string(tmli_json_items *items, tmli_json_token *out, bool *has,
                              tml_error *err)
{
    tmli_json_token key;
    tml_status status = TML_OK;
    do {
        status = tmli_json_next(items, &key, out, has, err);
    } while (status == TML_OK && *has && out->kind != TMLI_STRING);
    return status;
}

/* Writes the strings of a list, with a blank between them, into memory of n bytes that has room for each and a blank. */
static tml_status join_strings(const sm_rows *rows, tmli_json_items items, size_t n,
                               tmli_json_token *out, tml_error *err)
{
    char *const joined = tmli_arena_alloc(rows->arena, n, 1);
    if (joined == NULL) {
        return tmli_fail_memory(err, "the texts of \"features\"");
    }
    size_t at = 0;
    for (;;) {
        tmli_json_token item;
        tml_str text;
        bool has = false;
        tml_status status = next_string(&items, &item, &has, err);
        if (status == TML_OK && has) {
            status = tmli_json_text(&item, rows->arena, &text, err);
        }
        if (status != TML_OK) {
            return status;
        }
        if (!has) {
            break;
        }
        memcpy(joined + at, text.data, text.len);
        at += text.len;
        joined[at++] = ' ';
    }
    *out = (tmli_json_token){.kind = TMLI_STRING, .text = {joined, at - 1}};
    return TML_OK;
}

/* The strings of a list as one; false: there is none. */
static tml_status find_strings(const sm_rows *rows, const tmli_json_items *from,
                               const tmli_json_token *list, tmli_json_token *out, bool *is_found,
                               tml_error *err)
{
    tmli_json_items items;
    size_t n = 0;
    size_t n_bytes = 0;
    tmli_json_enter(from, list, &items);
    const tmli_json_items fresh = items;
    for (;;) {
        tmli_json_token item;
        bool has = false;
        const tml_status status = next_string(&items, &item, &has, err);
        if (status != TML_OK) {
            return status;
        }
        if (!has) {
            break;
        }
        if (n++ == 0) {
            *out = item;
        }
        n_bytes += item.text.len + 1; /* escapes are longer than what they say */
    }
    *is_found = n > 0;
    return n < 2 ? TML_OK : join_strings(rows, fresh, n_bytes, out, err);
}

/* ---- opening: where the rows are ---- */

static bool is_blank(tml_str text)
{
    const bool begins_blank = text.len == 0 || (unsigned char)text.data[0] <= ' ';
    return begins_blank && tmli_str_trim(text).len == 0;
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

static bool is_text_member(const sm_members *all)
{
    const unsigned of_rows = 1U << SM_MEMBER_TEXT | 1U << SM_MEMBER_SOURCE | 1U << SM_MEMBER_NAME |
                             1U << SM_MEMBER_FEATURES | 1U << SM_MEMBER_DATA;
    return (all->has & of_rows) != 0;
}

/* read: the body's members, read to their end; fresh: the same before. */
static tml_status choose_member(sm_rows *rows, const tmli_json_items *fresh,
                                const tmli_json_items *read, const sm_members *all, tml_error *err)
{
    static const sm_member lists[] = {SM_MEMBER_OWN, SM_MEMBER_INSTANCES, SM_MEMBER_INPUTS,
                                      SM_MEMBER_INPUT};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const sm_member which = lists[i];
        const char *key =
            which == SM_MEMBER_OWN ? rows->dialect.request_key : sm_member_keys[which].data;
        const tmli_json_token *value = &all->of[which];
        if (!sm_members_have(all, which)) {
            continue;
        }
        if (value->kind != TMLI_STRING && value->kind != TMLI_LIST) {
            return tmli_fail(err, TML_EFORMAT,
                             "\"%s\" is %s: expected a string or a list of strings", key,
                             tmli_kind_name(value->kind));
        }
        rows->list = key;
        rows->is_list = value->kind == TMLI_LIST;
        if (rows->is_list) {
            tmli_json_enter(read, value, &rows->items);
        } else {
            rows->string = *value;
        }
        if (which == SM_MEMBER_OWN) {
            rows->shape = rows->is_list ? SM_SHAPE_OWN_LIST : SM_SHAPE_OWN;
        }
        return TML_OK;
    }
    if (!is_text_member(all)) {
        return fail_no_input(rows, err);
    }
    rows->items = *fresh;
    return TML_OK;
}

static tml_status open_object(sm_rows *rows, tmli_json_items *items, tml_error *err)
{
    const tmli_json_items fresh = *items;
    sm_members all;
    tml_status status = sm_members_read(rows, items, &all, err);
    if (status == TML_OK && sm_members_ask(&all)) {
        status = sm_members_read_ask(rows, false, items, &all, &rows->ask, err);
    }
    return status == TML_OK ? choose_member(rows, &fresh, items, &all, err) : status;
}

/* A list is checked to its end before its first row is given. */
static tml_status open_list(sm_rows *rows, const tmli_json_items *items, tml_error *err)
{
    rows->items = *items;
    rows->is_list = true;
    tmli_json_items all = *items;
    for (;;) {
        tmli_json_token key;
        tmli_json_token item;
        bool has = false;
        const tml_status status = tmli_json_next(&all, &key, &item, &has, err);
        if (status != TML_OK || !has) {
            return status;
        }
    }
}

tml_status sm_json_open(sm_rows *rows, tml_str body, tml_error *err)
{
    const char *key = rows->dialect.request_key != NULL ? rows->dialect.request_key : "instances";
    if (is_blank(body)) {
        return tmli_fail(err, TML_EFORMAT, "the body is empty: expected JSON such as {\"%s\": …}",
                         key);
    }
    tmli_json_items items;
    tmli_json_token value;
    rows->has_one = true;
    const tml_status status = tmli_json_open(body, 0, &items, &value, err);
    if (status != TML_OK) {
        return status;
    }
    switch (value.kind) {
    case TMLI_OBJECT: return open_object(rows, &items, err);
    case TMLI_LIST: return open_list(rows, &items, err);
    case TMLI_STRING: rows->string = value; return TML_OK;
    case TMLI_NULL:
    case TMLI_BOOL:
    case TMLI_NUMBER: break;
    }
    return tmli_fail(err, TML_EFORMAT,
                     "the body is %s: expected {\"%s\": …}, a string or a list of strings",
                     tmli_kind_name(value.kind), key);
}

/* ---- the text in a row ---- */

static tml_status fail_row(const sm_rows *rows, const char *found, tml_error *err)
{
    char place[SM_PLACE_BYTES];
    char own[80] = "";
    sm_rows_place(rows, place);
    if (rows->shape == SM_SHAPE_OWN_LIST) {
        return tmli_fail(err, TML_EFORMAT, "%s is %s: expected a string", place, found);
    }
    if (rows->dialect.request_key != NULL) {
        (void)snprintf(own, sizeof(own), "\"%.64s\", ", rows->dialect.request_key);
    }
    return tmli_fail(err, TML_EFORMAT,
                     "%s is %s: expected a string or an object with one of %s\"text\", "
                     "\"source\", \"features\", \"data\"",
                     place, found, own);
}

/* "features": a string, a list that holds some, or {"values": list} as the platform's long form has it. */
static tml_status text_of_features(const sm_rows *rows, const tmli_json_items *from,
                                   const tmli_json_token *features, tmli_json_token *text,
                                   bool *is_found, tml_error *err)
{
    tmli_json_items inside = *from;
    tmli_json_token value = *features;
    if (value.kind == TMLI_OBJECT) {
        sm_members all;
        tmli_json_enter(from, features, &inside);
        const tml_status status = sm_members_read(rows, &inside, &all, err);
        if (status != TML_OK) {
            return status;
        }
        *is_found = sm_members_have(&all, SM_MEMBER_VALUES);
        if (!*is_found) {
            return TML_OK;
        }
        value = all.of[SM_MEMBER_VALUES];
    }
    if (value.kind == TMLI_LIST) {
        return find_strings(rows, &inside, &value, text, is_found, err);
    }
    *text = value;
    *is_found = true;
    return TML_OK;
}

/* "data": a string, or an object with features. */
static tml_status text_of_data(const sm_rows *rows, const tmli_json_items *from,
                               const tmli_json_token *data, tmli_json_token *text, bool *is_found,
                               tml_error *err)
{
    if (data->kind != TMLI_OBJECT) {
        *text = *data;
        *is_found = true;
        return TML_OK;
    }
    tmli_json_items inside;
    sm_members all;
    tmli_json_enter(from, data, &inside);
    const tml_status status = sm_members_read(rows, &inside, &all, err);
    if (status != TML_OK || !sm_members_have(&all, SM_MEMBER_FEATURES)) {
        *is_found = false;
        return status;
    }
    return text_of_features(rows, &inside, &all.of[SM_MEMBER_FEATURES], text, is_found, err);
}

/* object: stands at the row's members. */
static tml_status read_object(const sm_rows *rows, tmli_json_items *object, sm_row *out,
                              tmli_json_token *text, bool *is_found, tml_error *err)
{
    static const sm_member texts[] = {SM_MEMBER_OWN,    SM_MEMBER_TEXT,  SM_MEMBER_SOURCE,
                                      SM_MEMBER_INPUTS, SM_MEMBER_INPUT, SM_MEMBER_NAME};
    sm_members all;
    tml_status status = sm_members_read(rows, object, &all, err);
    if (status == TML_OK && sm_members_ask(&all)) {
        status = sm_members_read_ask(rows, true, object, &all, &out->ask, err);
    }
    *is_found = false;
    for (size_t i = 0; status == TML_OK && i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (sm_members_have(&all, texts[i])) {
            *text = all.of[texts[i]];
            *is_found = true;
            return TML_OK;
        }
    }
    if (status == TML_OK && sm_members_have(&all, SM_MEMBER_FEATURES)) {
        status = text_of_features(rows, object, &all.of[SM_MEMBER_FEATURES], text, is_found, err);
    }
    if (status == TML_OK && !*is_found && sm_members_have(&all, SM_MEMBER_DATA)) {
        status = text_of_data(rows, object, &all.of[SM_MEMBER_DATA], text, is_found, err);
    }
    return status;
}

static tml_status take_text(const sm_rows *rows, const char *how, const tmli_json_token *text,
                            sm_row *out, tml_error *err)
{
    if (text->kind != TMLI_STRING) {
        char found[FOUND_BYTES];
        (void)snprintf(found, sizeof(found), "%s%s", how, tmli_kind_name(text->kind));
        return fail_row(rows, found, err);
    }
    return tmli_json_text(text, rows->arena, &out->text, err);
}

static tml_status take_object(const sm_rows *rows, tmli_json_items *object, sm_row *out,
                              tml_error *err)
{
    tmli_json_token text;
    bool is_found = false;
    const tml_status status = read_object(rows, object, out, &text, &is_found, err);
    if (status != TML_OK) {
        return status;
    }
    return is_found ? take_text(rows, "an object whose text is ", &text, out, err)
                    : fail_row(rows, "an object without a text", err);
}

/* A row of any shape, found among `from`. */
static tml_status take_value(const sm_rows *rows, const tmli_json_items *from,
                             const tmli_json_token *value, sm_row *out, tml_error *err)
{
    const bool is_plain = rows->shape != SM_SHAPE_ROWS;
    if (value->kind == TMLI_OBJECT && !is_plain) {
        tmli_json_items object;
        tmli_json_enter(from, value, &object);
        return take_object(rows, &object, out, err);
    }
    if (value->kind == TMLI_LIST && !is_plain) {
        tmli_json_token only;
        bool is_found = false;
        const tml_status status = find_only_item(from, value, &only, &is_found, err);
        if (status != TML_OK) {
            return status;
        }
        return is_found ? take_text(rows, "a list of ", &only, out, err)
                        : fail_row(rows, "a list of none or several", err);
    }
    return take_text(rows, "", value, out, err);
}

/* ---- the next row ---- */

tml_status sm_json_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    if (!rows->is_list) {
        *has = rows->has_one;
        rows->has_one = false;
        if (!*has) {
            return TML_OK;
        }
        return rows->string.kind == TMLI_STRING ? take_text(rows, "", &rows->string, out, err)
                                                : take_object(rows, &rows->items, out, err);
    }
    tmli_json_token key;
    tmli_json_token value;
    const tml_status status = tmli_json_next(&rows->items, &key, &value, has, err);
    if (status != TML_OK || !*has) {
        return status;
    }
    return take_value(rows, &rows->items, &value, out, err);
}

/* A line's only item as a row: a line may be a list of one text. */
static tml_status take_line_list(sm_rows *rows, tmli_json_items *items, sm_row *out, tml_error *err)
{
    tmli_json_token only = {.kind = TMLI_NULL};
    size_t n = 0;
    for (bool has = true; has;) {
        tmli_json_token key;
        tmli_json_token item;
        const tml_status status = tmli_json_next(items, &key, &item, &has, err);
        if (status != TML_OK) {
            return status;
        }
        if (has) {
            only = item;
            n++;
        }
    }
    return n == 1 ? take_text(rows, "a list of ", &only, out, err)
                  : fail_row(rows, "a list of none or several", err);
}

tml_status sm_json_line_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    *has = rows->rest.len > 0;
    if (!*has) {
        return TML_OK;
    }
    const tml_str line = sm_rows_line(rows);
    if (is_blank(line)) {
        return tmli_fail(err, TML_EFORMAT,
                         "line %zu is blank: expected JSON such as {\"source\": \"text\"}",
                         rows->line);
    }
    tmli_json_items items;
    tmli_json_token value;
    const tml_status status = tmli_json_open(line, rows->line - 1, &items, &value, err);
    if (status != TML_OK) {
        return status;
    }
    switch (value.kind) {
    case TMLI_OBJECT: return take_object(rows, &items, out, err);
    case TMLI_LIST: return take_line_list(rows, &items, out, err);
    case TMLI_NULL:
    case TMLI_BOOL:
    case TMLI_NUMBER:
    case TMLI_STRING: break;
    }
    return take_text(rows, "", &value, out, err);
}
