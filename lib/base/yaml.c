/* YAML into the common tree, from libyaml's events. */
#include "base/yaml.h"

#include <string.h>

#include <yaml.h>

#include "base/bytes.h"
#include "base/map.h"
#include "base/number.h"
#include "base/status.h"

enum {
    MAX_LEVELS = 64,
    FEW_KEYS = 16, /* up to here comparing all pairs is quicker than a map */
};

typedef struct reader {
    yaml_parser_t parser;
    const char *name;
    tml_str text;
    tmli_arena *arena;
    tml_error *err;
} reader;

static tml_status fail_at(const reader *r, const yaml_mark_t *mark, const char *sentence)
{
    return tmli_fail(r->err, TML_EFORMAT, "%s:%zu:%zu: %s", r->name, mark->line + 1,
                     mark->column + 1, sentence);
}

static tml_status fail_memory(const reader *r)
{
    return tmli_fail_memory(r->err, r->name);
}

static tml_status fail_parser(const reader *r)
{
    const yaml_parser_t *const p = &r->parser;
    const char *const problem = p->problem != NULL ? p->problem : "unknown problem";
    if (p->error == YAML_MEMORY_ERROR) {
        return fail_memory(r);
    }
    if (p->error == YAML_READER_ERROR) { /* bytes that are no text: known by offset only */
        const tmli_place place = tmli_place_of(r->text, p->problem_offset);
        return tmli_fail(r->err, TML_EFORMAT, "%s:%u:%u: this is not YAML: %s", r->name, place.line,
                         place.column, problem);
    }
    return tmli_fail(r->err, TML_EFORMAT, "%s:%zu:%zu: this is not YAML: %s%s%s", r->name,
                     p->problem_mark.line + 1, p->problem_mark.column + 1, problem,
                     p->context != NULL ? " " : "", p->context != NULL ? p->context : "");
}

static tml_status next_event(reader *r, yaml_event_t *event)
{
    return yaml_parser_parse(&r->parser, event) != 0 ? TML_OK : fail_parser(r);
}

/* ---- scalars ---- */

static bool is_one_of(tml_str text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (tmli_str_eq_text(text, *words)) {
            return true;
        }
    }
    return false;
}

/* 0o17 and 0x1f: digits of a base that is a power of two, at most 53 bits. */
static bool parse_prefixed(tml_str text, double *out)
{
    const bool is_hex = tmli_str_starts(text, "0x");
    if ((!is_hex && !tmli_str_starts(text, "0o")) || text.len == 2) {
        return false;
    }
    uint64_t value = 0;
    for (size_t i = 2; i < text.len; i++) {
        const char *const digits = is_hex ? "0123456789abcdef" : "01234567";
        const char c = text.data[i];
        const char lower = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
        const char *const found = memchr(digits, lower, is_hex ? 16 : 8);
        if (found == NULL || value >> 48 != 0) {
            return false;
        }
        value = value * (is_hex ? 16 : 8) + (uint64_t)(found - digits);
    }
    *out = (double)value;
    return true;
}

/* The kind of a plain scalar in YAML 1.2's core schema; what is nothing else is a string. */
static void resolve_plain(tmli_value *value)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    if (is_one_of(value->text, nulls)) {
        value->kind = TMLI_NULL;
    } else if (is_one_of(value->text, trues) || is_one_of(value->text, falses)) {
        value->kind = TMLI_BOOL;
        value->number = is_one_of(value->text, trues) ? 1 : 0;
    } else if (tmli_parse_double(value->text, &value->number) ||
               parse_prefixed(value->text, &value->number)) {
        value->kind = TMLI_NUMBER;
    }
}

static tml_status copy_scalar(reader *r, const yaml_event_t *event, tml_str *out)
{
    const tml_str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    const char *const copy = tmli_arena_copy(r->arena, text);
    if (copy == NULL) {
        return fail_memory(r);
    }
    *out = (tml_str){copy, text.len};
    return TML_OK;
}

static tml_status read_scalar(reader *r, const yaml_event_t *event, tmli_value *value)
{
    value->kind = TMLI_STRING;
    const tml_status status = copy_scalar(r, event, &value->text);
    if (status == TML_OK && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        resolve_plain(value);
    }
    return status;
}

/* ---- what is refused ---- */

static tml_status refuse_extras(const reader *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (event->type == YAML_SCALAR_EVENT) {
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL || event->type == YAML_ALIAS_EVENT) {
        return fail_at(r, &event->start_mark,
                       "anchors (&) and aliases (*) are not supported: write the value out");
    }
    if (tag != NULL) {
        return fail_at(r, &event->start_mark, "tags (!) are not supported: leave the tag out");
    }
    return TML_OK;
}

static tml_status fail_twice(const reader *r, const tmli_value *first, const tmli_value *again)
{
    return tmli_fail(r->err, TML_EFORMAT, "%s:%u:%u: \"%.*s\" stands twice, first in line %u",
                     r->name, again->line, again->column, TMLI_SHOWN(again->key), first->line);
}

static tml_status refuse_twins_in_map(reader *r, const tmli_value *object, tmli_map *seen)
{
    for (const tmli_value *member = object->first; member != NULL; member = member->next) {
        bool added;
        const uint32_t number = tmli_map_add(seen, member->key, &added);
        if (number == TMLI_MAP_NONE) {
            return fail_memory(r);
        }
        if (!added) {
            const tmli_value *first = object->first;
            for (uint32_t i = 0; i < number; i++) {
                first = first->next;
            }
            return fail_twice(r, first, member);
        }
    }
    return TML_OK;
}

static tml_status refuse_twins(reader *r, const tmli_value *object)
{
    if (object->n > FEW_KEYS) {
        tmli_map *const seen = tmli_map_create(0);
        const tml_status status =
            seen != NULL ? refuse_twins_in_map(r, object, seen) : fail_memory(r);
        tmli_map_free(seen);
        return status;
    }
    for (const tmli_value *again = object->first; again != NULL; again = again->next) {
        for (const tmli_value *first = object->first; first != again; first = first->next) {
            if (tmli_str_eq(first->key, again->key)) {
                return fail_twice(r, first, again);
            }
        }
    }
    return TML_OK;
}

/* ---- nodes ---- */

static tml_status read_node(reader *r, const yaml_event_t *event, unsigned level, tmli_value **out);

static tml_status read_list(reader *r, unsigned level, tmli_value *list)
{
    const tmli_value **place = &list->first;
    for (;;) {
        yaml_event_t event;
        tml_status status = next_event(r, &event);
        if (status != TML_OK) {
            return status;
        }
        const bool ended = event.type == YAML_SEQUENCE_END_EVENT;
        tmli_value *item = NULL;
        if (!ended) {
            status = read_node(r, &event, level, &item);
        }
        yaml_event_delete(&event);
        if (status != TML_OK || ended) {
            return status;
        }
        *place = item;
        place = &item->next;
        list->n++;
    }
}

/* The value behind a key, whose place it takes over: that is where a reader looks for a member. */
static tml_status read_member(reader *r, const yaml_event_t *key, unsigned level, tmli_value **out)
{
    if (key->type != YAML_SCALAR_EVENT) {
        return fail_at(r, &key->start_mark, "a key must be a plain or quoted text");
    }
    tml_str key_text = {0};
    yaml_event_t event;
    tml_status status = refuse_extras(r, key);
    status = status == TML_OK ? copy_scalar(r, key, &key_text) : status;
    status = status == TML_OK ? next_event(r, &event) : status;
    if (status != TML_OK) {
        return status;
    }
    tmli_value *member = NULL;
    status = read_node(r, &event, level, &member);
    yaml_event_delete(&event);
    if (status != TML_OK) {
        return status;
    }
    member->key = key_text;
    *out = member;
    return TML_OK;
}

static tml_status read_object(reader *r, unsigned level, tmli_value *object)
{
    const tmli_value **place = &object->first;
    for (;;) {
        yaml_event_t event;
        tml_status status = next_event(r, &event);
        if (status != TML_OK) {
            return status;
        }
        const bool ended = event.type == YAML_MAPPING_END_EVENT;
        tmli_value *member = NULL;
        if (!ended) {
            status = read_member(r, &event, level, &member);
        }
        yaml_event_delete(&event);
        if (status != TML_OK) {
            return status;
        }
        if (ended) {
            return refuse_twins(r, object);
        }
        *place = member;
        place = &member->next;
        object->n++;
    }
}

static tml_status read_node(reader *r, const yaml_event_t *event, unsigned level, tmli_value **out)
{
    tml_status status = refuse_extras(r, event);
    if (status != TML_OK) {
        return status;
    }
    if (event->type != YAML_SCALAR_EVENT && level == MAX_LEVELS) {
        return fail_at(r, &event->start_mark, "more than 64 levels");
    }
    tmli_value *const value = tmli_arena_alloc(r->arena, 1, sizeof *value);
    if (value == NULL) {
        return fail_memory(r);
    }
    *value = (tmli_value){.line = (uint32_t)event->start_mark.line + 1,
                          .column = (uint32_t)event->start_mark.column + 1};
    if (event->type == YAML_SCALAR_EVENT) {
        status = read_scalar(r, event, value);
    } else if (event->type == YAML_SEQUENCE_START_EVENT) {
        value->kind = TMLI_LIST;
        status = read_list(r, level + 1, value);
    } else {
        value->kind = TMLI_OBJECT;
        status = read_object(r, level + 1, value);
    }
    *out = value;
    return status;
}

/* ---- the document ---- */

static tml_status empty_object(reader *r, tmli_value **out)
{
    tmli_value *const value = tmli_arena_alloc(r->arena, 1, sizeof *value);
    if (value == NULL) {
        return fail_memory(r);
    }
    *value = (tmli_value){.kind = TMLI_OBJECT, .line = 1, .column = 1};
    *out = value;
    return TML_OK;
}

static bool is_nothing(const tmli_value *value)
{
    return value->kind == TMLI_NULL && value->text.len == 0;
}

/* Everything between the start and the end of the stream. */
static tml_status read_document(reader *r, tmli_value **out)
{
    tml_status status = TML_OK;
    bool has_document = false;
    for (bool ended = false; status == TML_OK && !ended;) {
        yaml_event_t event;
        status = next_event(r, &event);
        if (status != TML_OK) {
            return status;
        }
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT: break;
        case YAML_STREAM_END_EVENT: ended = true; break;
        case YAML_DOCUMENT_START_EVENT:
            status = has_document ? fail_at(r, &event.start_mark, "a second document") : TML_OK;
            has_document = true;
            break;
        default: status = read_node(r, &event, 0, out); break;
        }
        yaml_event_delete(&event);
    }
    const bool is_empty = status == TML_OK && (*out == NULL || is_nothing(*out));
    return is_empty ? empty_object(r, out) : status;
}

tml_status tmli_yaml_parse(const char *name, tml_str text, tmli_arena *arena,
                           const tmli_value **out, tml_error *err)
{
    reader r = {.name = name, .text = text, .arena = arena, .err = err};
    if (yaml_parser_initialize(&r.parser) == 0) {
        return fail_memory(&r);
    }
    /* Told, not guessed: UTF-16 is refused as bytes that are not UTF-8. */
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &r.parser, (const unsigned char *)(text.data != NULL ? text.data : ""), text.len);
    tmli_value *value = NULL;
    const tml_status status = read_document(&r, &value);
    yaml_parser_delete(&r.parser);
    if (status == TML_OK) {
        *out = value;
    }
    return status;
}
