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
 * belong where their texts stay: an item is turned into a value in its place, values borrow the bytes that cJSON has
 * unescaped, nothing is freed singly, and the arena's limit bounds what a request can make us hold. */
static _Thread_local tmli_arena *parse_arena;

enum {
    ITEM_BYTES = sizeof(cJSON) > sizeof(tmli_value) ? sizeof(cJSON) : sizeof(tmli_value),
};

/* Outside of a parse the hooks serve other users of cJSON in the process; theirs are plain blocks. */
static void *hook_malloc(size_t size)
{
    if (parse_arena == NULL) {
        return tmli_malloc(size);
    }
    return tmli_arena_alloc(parse_arena, size == sizeof(cJSON) ? ITEM_BYTES : size, 1);
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

static tmli_kind kind_of(const cJSON *item)
{
    switch (item->type & 0xff) {
    case cJSON_False:
    case cJSON_True: return TMLI_BOOL;
    case cJSON_Number: return TMLI_NUMBER;
    case cJSON_String: return TMLI_STRING;
    case cJSON_Array: return TMLI_LIST;
    case cJSON_Object: return TMLI_OBJECT;
    default: return TMLI_NULL;
    }
}

static const tmli_value *convert_all(cJSON *first, size_t *n);

/* Turns the item, which is not one any more, into a value. Recursion is bounded by TMLI_JSON_MAX_LEVELS. */
static tmli_value *convert(cJSON *item)
{
    const cJSON was = *item;
    tmli_value *const value = (tmli_value *)(void *)item;
    *value = (tmli_value){.kind = kind_of(&was), .key = str_of(was.string)};
    switch (value->kind) {
    case TMLI_BOOL: value->number = (was.type & 0xff) == cJSON_True ? 1 : 0; break;
    case TMLI_NUMBER: value->number = was.valuedouble; break;
    case TMLI_STRING: value->text = str_of(was.valuestring); break;
    case TMLI_LIST:
    case TMLI_OBJECT: value->first = convert_all(was.child, &value->n); break;
    case TMLI_NULL: break;
    }
    return value;
}

static const tmli_value *convert_all(cJSON *first, size_t *n)
{
    const tmli_value *first_value = NULL;
    const tmli_value **place = &first_value;
    while (first != NULL) {
        cJSON *const next = first->next;
        tmli_value *const value = convert(first);
        *place = value;
        place = &value->next;
        (*n)++;
        first = next;
    }
    return first_value;
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
        return tmli_json_fail(text, &fault, 0, err);
    }
    parse_arena = arena;
    cJSON *const item = cJSON_ParseWithLength(text.data, text.len);
    parse_arena = NULL;
    if (item == NULL) { /* the text is JSON: memory is all that cJSON can have missed */
        return tmli_fail_memory(err, "JSON");
    }
    *out = convert(item);
    return TML_OK;
}
