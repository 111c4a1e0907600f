/* The members of JSON objects in requests: finding them, and what they ask for. */
#include "sagemaker/content_members.h"

#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"

#define KEY(text)              \
    {                          \
        text, sizeof(text) - 1 \
    }

const tml_str sm_member_keys[SM_N_MEMBERS] = {
    [SM_MEMBER_INSTANCES] = KEY("instances"),
    [SM_MEMBER_INPUTS] = KEY("inputs"),
    [SM_MEMBER_INPUT] = KEY("input"),
    [SM_MEMBER_TEXT] = KEY("text"),
    [SM_MEMBER_SOURCE] = KEY("source"),
    [SM_MEMBER_NAME] = KEY("name"),
    [SM_MEMBER_FEATURES] = KEY("features"),
    [SM_MEMBER_DATA] = KEY("data"),
    [SM_MEMBER_PARAMETERS] = KEY("parameters"),
    [SM_MEMBER_CONFIGURATION] = KEY("configuration"),
    [SM_MEMBER_K] = KEY("k"),
    [SM_MEMBER_TOP_K] = KEY("top_k"),
    [SM_MEMBER_EXPLAIN] = KEY("explain"),
    [SM_MEMBER_PROBABILITIES] = KEY("probabilities"),
    [SM_MEMBER_VALUES] = KEY("values"),
};

/* The usual key, without escapes, is compared here: a call for each of the names would cost more than all the rest. */
static bool is_key(const tmli_json_token *key, tml_str name)
{
    if (key->has_escapes) {
        return tmli_json_says(key, name);
    }
    return key->text.len == name.len && memcmp(key->text.data, name.data, name.len) == 0;
}

static sm_member find_key(tml_str own, const tmli_json_token *key)
{
    if (own.len > 0 && is_key(key, own)) {
        return SM_MEMBER_OWN;
    }
    for (sm_member i = SM_MEMBER_INSTANCES; i < SM_N_MEMBERS; i++) {
        if (is_key(key, sm_member_keys[i])) {
            return i;
        }
    }
    return SM_N_MEMBERS;
}

tml_status sm_members_read(const sm_rows *rows, tmli_json_items *object, sm_members *out,
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
        const sm_member which = find_key(own, &key);
        if (which != SM_N_MEMBERS && !sm_members_have(out, which)) {
            out->has |= 1U << which;
            out->of[which] = value;
        }
    }
}

/* ---- what a body or a row asks for ---- */

/* Where members that ask for something stand. */
typedef struct asker {
    const sm_rows *rows;
    bool is_row;       /* in a row; otherwise in the body */
    const char *group; /* NULL, or the member they stand in */
} asker;

static tml_status fail_ask(const asker *who, sm_member which, const tmli_json_token *value,
                           const char *expected, tml_error *err)
{
    const bool is_number = value->kind == TMLI_NUMBER;
    const tml_str found = is_number ? value->text : tmli_str(tmli_kind_name(value->kind));
    char row[SM_PLACE_BYTES] = "";
    if (who->is_row) {
        sm_rows_place(who->rows, row);
    }
    return tmli_fail(err, TML_EFORMAT, "%s%s%s%s\"%s\" is %.*s: expected %s", row,
                     who->is_row ? ": " : "", who->group != NULL ? who->group : "",
                     who->group != NULL ? ": " : "", sm_member_keys[which].data, TMLI_SHOWN(found),
                     expected);
}

/* A whole number; those that are too large for one are the largest. */
static bool read_count(const tmli_json_token *value, size_t least, size_t *out)
{
    int64_t n;
    double number;
    if (value->kind != TMLI_NUMBER) {
        return false;
    }
    if (value->text.len == 1 && value->text.data[0] != '-') { /* the usual k */
        *out = (size_t)(value->text.data[0] - '0');
        return *out >= least;
    }
    if (tmli_parse_int64(value->text, &n)) {
        *out = (size_t)n;
        return n >= (int64_t)least;
    }
    *out = SIZE_MAX;
    return tmli_parse_double(value->text, &number) && number >= (double)INT64_MAX;
}

static tml_status read_k(const asker *who, const sm_members *all, sm_ask *ask, tml_error *err)
{
    static const sm_member names[] = {SM_MEMBER_TOP_K, SM_MEMBER_K};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const sm_member which = names[i];
        if (!sm_members_have(all, which)) {
            continue;
        }
        const tmli_json_token *value = &all->of[which];
        if (value->kind == TMLI_NULL) {
            ask->k = which == SM_MEMBER_TOP_K ? SIZE_MAX : ask->k; /* Hugging Face's word for all */
        } else if (!read_count(value, 1, &ask->k)) {
            return fail_ask(who, which, value, "a whole number from 1 on", err);
        }
    }
    return TML_OK;
}

/* The members that stand in the object itself. */
static tml_status read_direct_ask(const asker *who, const sm_members *all, sm_ask *ask,
                                  tml_error *err)
{
    const tml_status status = read_k(who, all, ask, err);
    if (status != TML_OK) {
        return status;
    }
    if (sm_members_have(all, SM_MEMBER_EXPLAIN) && all->of[SM_MEMBER_EXPLAIN].kind != TMLI_NULL &&
        (!read_count(&all->of[SM_MEMBER_EXPLAIN], 0, &ask->explain) ||
         ask->explain > SM_EXPLAIN_MAX)) {
        return fail_ask(who, SM_MEMBER_EXPLAIN, &all->of[SM_MEMBER_EXPLAIN],
                        "a whole number from 0 to 1000", err);
    }
    if (!sm_members_have(all, SM_MEMBER_PROBABILITIES) ||
        all->of[SM_MEMBER_PROBABILITIES].kind == TMLI_NULL) {
        return TML_OK;
    }
    const tmli_json_token *value = &all->of[SM_MEMBER_PROBABILITIES];
    if (value->kind != TMLI_BOOL) {
        return fail_ask(who, SM_MEMBER_PROBABILITIES, value, "true or false", err);
    }
    ask->probabilities = value->is_true;
    return TML_OK;
}

tml_status sm_members_read_ask(const sm_rows *rows, bool is_row, const tmli_json_items *from,
                               const sm_members *all, sm_ask *ask, tml_error *err)
{
    const asker direct = {rows, is_row, NULL};
    static const sm_member groups[] = {SM_MEMBER_PARAMETERS, SM_MEMBER_CONFIGURATION};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        const tmli_json_token *group = &all->of[groups[i]];
        if (!sm_members_have(all, groups[i]) || group->kind == TMLI_NULL) {
            continue;
        }
        if (group->kind != TMLI_OBJECT) {
            return fail_ask(&direct, groups[i], group, "an object", err);
        }
        const asker inner = {rows, is_row, sm_member_keys[groups[i]].data};
        tmli_json_items inside;
        sm_members of_group;
        tmli_json_enter(from, group, &inside);
        tml_status status = sm_members_read(rows, &inside, &of_group, err);
        if (status == TML_OK) {
            status = read_direct_ask(&inner, &of_group, ask, err);
        }
        if (status != TML_OK) {
            return status;
        }
    }
    return read_direct_ask(&direct, all, ask, err);
}

bool sm_members_ask(const sm_members *all)
{
    const unsigned of_asks = 1U << SM_MEMBER_PARAMETERS | 1U << SM_MEMBER_CONFIGURATION |
                             1U << SM_MEMBER_K | 1U << SM_MEMBER_TOP_K | 1U << SM_MEMBER_EXPLAIN |
                             1U << SM_MEMBER_PROBABILITIES;
    return (all->has & of_asks) != 0;
}
