/* JSON bodies → rows, in the shapes of the recipe, of AWS's containers and of Hugging Face's; and JSON Lines, a row a line.
 *
 * A body's top level is read once, which checks all of it and notes where the members that matter lie; rows are then read
 * from there. docs/serving.md has the table of shapes. */
#include "sagemaker/content.h"

#include <stdio.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"

enum {
    PLACE_BYTES = 96,
    FOUND_BYTES = 64,
};

/* ---- members ---- */

typedef enum member {
    OWN, /* the recipe's key */
    INSTANCES,
    INPUTS,
    INPUT,
    TEXT,
    SOURCE,
    NAME,
    FEATURES,
    DATA,
    PARAMETERS,
    CONFIGURATION,
    K,
    TOP_K,
    EXPLAIN,
    PROBABILITIES,
    VALUES,
    N_MEMBERS,
} member;

#define KEY(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }

static const tml_str keys[N_MEMBERS] = {
    [INSTANCES] = KEY("instances"),
    [INPUTS] = KEY("inputs"),
    [INPUT] = KEY("input"),
    [TEXT] = KEY("text"),
    [SOURCE] = KEY("source"),
    [NAME] = KEY("name"),
    [FEATURES] = KEY("features"),
    [DATA] = KEY("data"),
    [PARAMETERS] = KEY("parameters"),
    [CONFIGURATION] = KEY("configuration"),
    [K] = KEY("k"),
    [TOP_K] = KEY("top_k"),
    [EXPLAIN] = KEY("explain"),
    [PROBABILITIES] = KEY("probabilities"),
    [VALUES] = KEY("values"),
};

/* The members of an object that have a meaning; of twins the first. */
typedef struct members {
    unsigned has; /* a bit each; where it is not set `of` is not either */
    tmli_json_token of[N_MEMBERS];
} members;

static bool has_member(const members *all, member which)
{
    return (all->has >> which & 1) != 0;
}

static member find_key(tml_str own, const tmli_json_token *key)
{
    if (own.len > 0 && tmli_json_says(key, own)) {
        return OWN;
    }
    for (member i = INSTANCES; i < N_MEMBERS; i++) {
        if (tmli_json_says(key, keys[i])) {
            return i;
        }
    }
    return N_MEMBERS;
}

static tml_status read_members(const sm_rows *rows, tmli_json_items *object, members *out,
                               tml_error *err)
{
    const tml_str own = tmli_str(rows->dialect.request_key);
    out->has = 0;
    for (;;) {
        tmli_json_token key;
        tmli_json_token value;
        bool has = false;
        const tml_status status = tmli_json_next(object, &key, &value, &has, err);
        if (status != TML_OK || !has) {
            return status;
        }
        const member which = find_key(own, &key);
        if (which != N_MEMBERS && !has_member(out, which)) {
            out->has |= 1U << which;
            out->of[which] = value;
        }
    }
}

/* The first item of a list that is a string, or any when it is the only one; false: there is none. */
static tml_status find_item(const tmli_json_items *from, const tmli_json_token *list,
                            bool wants_string, tmli_json_token *out, bool *is_found, tml_error *err)
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
        if (!wants_string && n > 0) {
            *is_found = false;
            return TML_OK;
        }
        if (!wants_string || item.kind == TMLI_STRING) {
            *out = item;
            *is_found = true;
            if (wants_string) {
                return TML_OK;
            }
        }
    }
}

/* ---- what a body or a row asks for ---- */

/* prefix: "" or "PLACE: ". */
static tml_status fail_number(const char *prefix, member which, const tmli_json_token *value,
                              const char *expected, tml_error *err)
{
    const bool is_number = value->kind == TMLI_NUMBER;
    const tml_str found = is_number ? value->text : tmli_str(tmli_kind_name(value->kind));
    return tmli_fail(err, TML_EFORMAT, "%s\"%s\" is %.*s: expected %s", prefix, keys[which].data,
                     TMLI_SHOWN(found), expected);
}

/* A whole number; those that are too large for one are the largest. */
static bool read_count(const tmli_json_token *value, size_t least, size_t *out)
{
    int64_t n;
    double number;
    if (value->kind != TMLI_NUMBER) {
        return false;
    }
    if (tmli_parse_int64(value->text, &n)) {
        *out = (size_t)n;
        return n >= (int64_t)least;
    }
    *out = SIZE_MAX;
    return tmli_parse_double(value->text, &number) && number >= (double)INT64_MAX;
}

static tml_status read_k(const char *prefix, const members *all, sm_ask *ask, tml_error *err)
{
    static const member names[] = {TOP_K, K};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const member which = names[i];
        if (!has_member(all, which)) {
            continue;
        }
        const tmli_json_token *value = &all->of[which];
        if (value->kind == TMLI_NULL) {
            ask->k = which == TOP_K ? SIZE_MAX : ask->k; /* Hugging Face's word for all */
        } else if (!read_count(value, 1, &ask->k)) {
            return fail_number(prefix, which, value, "a whole number from 1 on", err);
        }
    }
    return TML_OK;
}

/* The members that stand in the object itself. */
static tml_status read_direct_ask(const char *prefix, const members *all, sm_ask *ask,
                                  tml_error *err)
{
    const tml_status status = read_k(prefix, all, ask, err);
    if (status != TML_OK) {
        return status;
    }
    if (has_member(all, EXPLAIN) && all->of[EXPLAIN].kind != TMLI_NULL &&
        (!read_count(&all->of[EXPLAIN], 0, &ask->explain) || ask->explain > SM_EXPLAIN_MAX)) {
        return fail_number(prefix, EXPLAIN, &all->of[EXPLAIN], "a whole number from 0 to 1000",
                           err);
    }
    if (!has_member(all, PROBABILITIES) || all->of[PROBABILITIES].kind == TMLI_NULL) {
        return TML_OK;
    }
    const tmli_json_token *value = &all->of[PROBABILITIES];
    if (value->kind != TMLI_BOOL) {
        return tmli_fail(err, TML_EFORMAT, "%s\"probabilities\" is %s: expected true or false",
                         prefix, tmli_kind_name(value->kind));
    }
    ask->probabilities = value->is_true;
    return TML_OK;
}

/* Also those in "parameters" (Hugging Face) and "configuration" (BlazingText), over which the direct ones win. */
static tml_status read_ask(const sm_rows *rows, const char *prefix, const tmli_json_items *from,
                           const members *all, sm_ask *ask, tml_error *err)
{
    static const member groups[] = {PARAMETERS, CONFIGURATION};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        const tmli_json_token *group = &all->of[groups[i]];
        if (!has_member(all, groups[i]) || group->kind == TMLI_NULL) {
            continue;
        }
        if (group->kind != TMLI_OBJECT) {
            return fail_number(prefix, groups[i], group, "an object", err);
        }
        tmli_json_items inside;
        members of_group;
        char longer[PLACE_BYTES + 32];
        tmli_json_enter(from, group, &inside);
        tml_status status = read_members(rows, &inside, &of_group, err);
        if (status == TML_OK) {
            (void)snprintf(longer, sizeof(longer), "%s%s: ", prefix, keys[groups[i]].data);
            status = read_direct_ask(longer, &of_group, ask, err);
        }
        if (status != TML_OK) {
            return status;
        }
    }
    return read_direct_ask(prefix, all, ask, err);
}

static bool asks(const members *all)
{
    const unsigned of_asks = 1U << PARAMETERS | 1U << CONFIGURATION | 1U << K | 1U << TOP_K |
                             1U << EXPLAIN | 1U << PROBABILITIES;
    return (all->has & of_asks) != 0;
}

/* ---- opening: where the rows are ---- */

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

static bool is_text_member(const members *all)
{
    const unsigned of_rows = 1U << TEXT | 1U << SOURCE | 1U << NAME | 1U << FEATURES | 1U << DATA;
    return (all->has & of_rows) != 0;
}

/* read: the body's members, read to their end; fresh: the same before. */
static tml_status choose_member(sm_rows *rows, const tmli_json_items *fresh,
                                const tmli_json_items *read, const members *all, tml_error *err)
{
    static const member lists[] = {OWN, INSTANCES, INPUTS, INPUT};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        const member which = lists[i];
        const char *key = which == OWN ? rows->dialect.request_key : keys[which].data;
        const tmli_json_token *value = &all->of[which];
        if (!has_member(all, which)) {
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
        if (which == OWN) {
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
    members all;
    tml_status status = read_members(rows, items, &all, err);
    if (status == TML_OK && asks(&all)) {
        status = read_ask(rows, "", items, &all, &rows->ask, err);
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
    if (tmli_str_trim(body).len == 0) {
        return tmli_fail(err, TML_EFORMAT, "the body is empty: expected JSON such as {\"%s\": …}",
                         key);
    }
    tmli_json_items items;
    tmli_json_token value;
    rows->has_one = true;
    rows->string.kind = TMLI_NULL;
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

/* How sentences call the row that is being read. */
static void describe_place(const sm_rows *rows, char place[PLACE_BYTES])
{
    if (rows->media == SM_JSON_LINES) {
        (void)snprintf(place, PLACE_BYTES, "line %zu", rows->line);
    } else if (rows->is_list) {
        (void)snprintf(place, PLACE_BYTES, "%.64s[%zu]", rows->list != NULL ? rows->list : "",
                       rows->n);
    } else {
        (void)snprintf(place, PLACE_BYTES, "the body");
    }
}

static tml_status fail_row(const sm_rows *rows, const char *found, tml_error *err)
{
    char place[PLACE_BYTES];
    char own[80] = "";
    describe_place(rows, place);
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

/* "features": a string, a list that holds one, or {"values": list} as the platform's long form has it. */
static tml_status text_of_features(const sm_rows *rows, const tmli_json_items *from,
                                   const tmli_json_token *features, tmli_json_token *text,
                                   bool *is_found, tml_error *err)
{
    tmli_json_items inside = *from;
    tmli_json_token value = *features;
    if (value.kind == TMLI_OBJECT) {
        members all;
        tmli_json_enter(from, features, &inside);
        const tml_status status = read_members(rows, &inside, &all, err);
        if (status != TML_OK) {
            return status;
        }
        *is_found = has_member(&all, VALUES);
        if (!*is_found) {
            return TML_OK;
        }
        value = all.of[VALUES];
    }
    if (value.kind == TMLI_LIST) {
        return find_item(&inside, &value, true, text, is_found, err);
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
    members all;
    tmli_json_enter(from, data, &inside);
    const tml_status status = read_members(rows, &inside, &all, err);
    if (status != TML_OK || !has_member(&all, FEATURES)) {
        *is_found = false;
        return status;
    }
    return text_of_features(rows, &inside, &all.of[FEATURES], text, is_found, err);
}

/* object: stands at the row's members. */
static tml_status read_object(const sm_rows *rows, tmli_json_items *object, sm_row *out,
                              tmli_json_token *text, bool *is_found, tml_error *err)
{
    static const member texts[] = {OWN, TEXT, SOURCE, INPUTS, INPUT, NAME};
    members all;
    tml_status status = read_members(rows, object, &all, err);
    if (status == TML_OK && asks(&all)) {
        char prefix[PLACE_BYTES + 2];
        char place[PLACE_BYTES];
        describe_place(rows, place);
        (void)snprintf(prefix, sizeof(prefix), "%s: ", place);
        status = read_ask(rows, prefix, object, &all, &out->ask, err);
    }
    *is_found = false;
    for (size_t i = 0; status == TML_OK && i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (has_member(&all, texts[i])) {
            *text = all.of[texts[i]];
            *is_found = true;
            return TML_OK;
        }
    }
    if (status == TML_OK && has_member(&all, FEATURES)) {
        status = text_of_features(rows, object, &all.of[FEATURES], text, is_found, err);
    }
    if (status == TML_OK && !*is_found && has_member(&all, DATA)) {
        status = text_of_data(rows, object, &all.of[DATA], text, is_found, err);
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
        const tml_status status = find_item(from, value, false, &only, &is_found, err);
        if (status != TML_OK || is_found) {
            return status == TML_OK ? take_text(rows, "a list of ", &only, out, err) : status;
        }
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
    return n == 1 ? take_text(rows, "a list of ", &only, out, err) : fail_row(rows, "a list", err);
}

tml_status sm_json_line_next(sm_rows *rows, sm_row *out, bool *has, tml_error *err)
{
    *has = rows->rest.len > 0;
    if (!*has) {
        return TML_OK;
    }
    const tml_str line = sm_rows_line(rows);
    if (tmli_str_trim(line).len == 0) {
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
