/* Reading the common tree. json.c and yaml.c build it. */
#include "base/value.h"

#include "base/bytes.h"

const tmli_value *tmli_value_get(const tmli_value *object, const char *key)
{
    if (object == NULL || object->kind != TMLI_OBJECT) {
        return NULL;
    }
    for (const tmli_value *member = object->first; member != NULL; member = member->next) {
        if (tmli_str_eq_text(member->key, key)) {
            return member;
        }
    }
    return NULL;
}

const char *tmli_kind_name(tmli_kind kind)
{
    switch (kind) {
    case TMLI_NULL: return "null";
    case TMLI_BOOL: return "true or false";
    case TMLI_NUMBER: return "a number";
    case TMLI_STRING: return "a string";
    case TMLI_LIST: return "a list";
    case TMLI_OBJECT: return "an object";
    }
    return "an unknown value";
}

tmli_place tmli_place_of(tml_str text, size_t offset)
{
    tmli_place place = {1, 1};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c == '\n') {
            place.line++;
            place.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            place.column++;
        }
    }
    return place;
}
