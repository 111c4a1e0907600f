/* value.h: comparing trees of values in fuzz targets. */
#ifndef FUZZ_VALUE_H
#define FUZZ_VALUE_H

#include "base/bytes.h"
#include "base/value.h"
#include "fuzz/fuzz.h"

/* The same kinds, keys, texts, numbers and children. Texts of numbers and booleans, and places, are not compared: only
 * YAML has them. */
static inline void fuzz_check_same_value(const tmli_value *a, const tmli_value *b)
{
    FUZZ_CHECK(a->kind == b->kind && a->n == b->n);
    FUZZ_CHECK(tmli_str_eq(a->key, b->key));
    FUZZ_CHECK(a->kind != TMLI_STRING || tmli_str_eq(a->text, b->text));
    FUZZ_CHECK((a->kind != TMLI_NUMBER && a->kind != TMLI_BOOL) || a->number == b->number);
    const tmli_value *of_b = b->first;
    for (const tmli_value *of_a = a->first; of_a != NULL; of_a = of_a->next) {
        fuzz_check_same_value(of_a, of_b);
        of_b = of_b->next;
    }
}

/* No key or text of the tree holds a NUL, which JSON's door refuses. */
static inline bool fuzz_is_without_nul(const tmli_value *value)
{
    const bool has_nul =
        (value->key.len > 0 && memchr(value->key.data, '\0', value->key.len) != NULL) ||
        (value->text.len > 0 && memchr(value->text.data, '\0', value->text.len) != NULL);
    for (const tmli_value *child = value->first; child != NULL && !has_nul; child = child->next) {
        if (!fuzz_is_without_nul(child)) {
            return false;
        }
    }
    return !has_nul;
}

#endif
