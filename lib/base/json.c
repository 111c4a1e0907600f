/* JSON into the common tree. json_check.c decides what is JSON, cJSON takes it apart, this file turns its items into
 * values. Writing is in json_write.c. */
#include "base/json.h"

#include <pthread.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/bytes.h"
#include "base/json_check.h"
#include "base/mem.h"
#include "base/status.h"

/* cJSON keeps the place of the last error in a variable of its own, which every parse writes and nothing here reads.
 *
 * The arena of the parse that runs on this thread; NULL otherwise. cJSON's allocator takes no context, and its items
 * belong where their texts stay: values borrow the bytes that cJSON has unescaped, nothing is freed singly, and the
 * arena's limit bounds what a request can make us hold. */
static _Thread_local tmli_arena *parse_arena;

/* Outside of a parse the hooks serve other users of cJSON in the process; theirs are plain blocks. */
static void *hook_malloc(size_t size)
{
    return parse_arena != NULL ? tmli_arena_alloc(parse_arena, size, 1) : tmli_malloc(size);
}

static void hook_free(void *block)
{
    if (parse_arena == NULL) {
        tmli_free(block);
    }
}

static void set_hooks(void)
{
    cJSON_Hooks hooks = {hook_malloc, hook_free};
    cJSON_InitHooks(&hooks);
}

static tml_str str_of(const char *text)
{
    return text != NULL ? tmli_str(text) : (tml_str){0};
}

static tmli_value *value_of(const cJSON *item, tmli_arena *arena);

/* Recursion is bounded by TMLI_JSON_MAX_LEVELS. */
static bool add_children(tmli_value *parent, const cJSON *first, tmli_arena *arena)
{
    const tmli_value **place = &parent->first;
    for (const cJSON *item = first; item != NULL; item = item->next) {
        tmli_value *const child = value_of(item, arena);
        if (child == NULL) {
            return false;
        }
        child->key = str_of(item->string);
        *place = child;
        place = &child->next;
        parent->n++;
    }
    return true;
}

static tmli_value *value_of(const cJSON *item, tmli_arena *arena)
{
    tmli_value *const value = tmli_arena_alloc(arena, 1, sizeof *value);
    if (value == NULL) {
        return NULL;
    }
    *value = (tmli_value){.kind = TMLI_NULL};
    switch (item->type & 0xff) {
    case cJSON_True:
    case cJSON_False:
        value->kind = TMLI_BOOL;
        value->number = (item->type & 0xff) == cJSON_True ? 1 : 0;
        return value;
    case cJSON_Number:
        value->kind = TMLI_NUMBER;
        value->number = item->valuedouble;
        return value;
    case cJSON_String:
        value->kind = TMLI_STRING;
        value->text = str_of(item->valuestring);
        return value;
    case cJSON_Array:
    case cJSON_Object:
        value->kind = (item->type & 0xff) == cJSON_Array ? TMLI_LIST : TMLI_OBJECT;
        return add_children(value, item->child, arena) ? value : NULL;
    default: return value;
    }
}

static tml_status fail_fault(tml_str text, const tmli_json_fault *fault, tml_error *err)
{
    const tmli_place place = tmli_place_of(text, fault->at);
    if (fault->expected == NULL) {
        return tmli_fail(err, TML_EFORMAT, "line %u, column %u: %s", place.line, place.column,
                         fault->refused);
    }
    if (fault->at == text.len) {
        return tmli_fail(err, TML_EFORMAT,
                         "line %u, column %u: this is not JSON: expected %s, found the end",
                         place.line, place.column, fault->expected);
    }
    const unsigned char c = (unsigned char)text.data[fault->at];
    const bool is_printable = c > 0x20 && c < 0x7f;
    return tmli_fail(err, TML_EFORMAT,
                     is_printable
                         ? "line %u, column %u: this is not JSON: expected %s, found '%c'"
                         : "line %u, column %u: this is not JSON: expected %s, found byte 0x%02x",
                     place.line, place.column, fault->expected, c);
}

tml_status tmli_json_parse(tml_str text, tmli_arena *arena, const tmli_value **out, tml_error *err)
{
    static pthread_once_t hooks_once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&hooks_once, set_hooks);

    if (tmli_str_starts(text, "\xef\xbb\xbf")) {
        text.data += 3;
        text.len -= 3;
    }
    tmli_json_fault fault;
    if (!tmli_json_check(text, &fault)) {
        return fail_fault(text, &fault, err);
    }
    parse_arena = arena;
    const cJSON *const item = cJSON_ParseWithLength(text.data, text.len);
    parse_arena = NULL;
    /* The text is JSON: memory is all that cJSON can have missed. */
    const tmli_value *const value = item != NULL ? value_of(item, arena) : NULL;
    if (value == NULL) {
        return tmli_fail_memory(err, "JSON");
    }
    *out = value;
    return TML_OK;
}
