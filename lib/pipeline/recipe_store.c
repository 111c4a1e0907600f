/* A value from YAML, JSON or a command line into a field of the recipe, checked against its key. */
#include "pipeline/recipe.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/status.h"
#include "base/suggest.h"

/* What a sentence shows of a value: its text, or its kind. JSON's numbers have no text: it is put into number. */
static tml_str shown(const tmli_value *value, char number[TMLI_NUMBER_BYTES])
{
    if (value->text.data != NULL) {
        return value->text;
    }
    if (value->kind == TMLI_NUMBER) {
        return (tml_str){number, tmli_format_double(value->number, number)};
    }
    if (value->kind == TMLI_BOOL) {
        return value->number != 0 ? TML_STR("true") : TML_STR("false");
    }
    return tmli_str(tmli_kind_name(value->kind));
}

static tml_status out_of_range(const tmli_key *key, const tmli_value *value, const char *where,
                               const char *what, tml_error *err)
{
    char min[TMLI_NUMBER_BYTES];
    char max[TMLI_NUMBER_BYTES];
    char number[TMLI_NUMBER_BYTES];
    (void)tmli_format_double(key->min, min);
    (void)tmli_format_double(key->max, max);
    const tml_str text = shown(value, number);
    return tmli_fail(err, TML_EINVAL, "%s: \"%.*s\" is not %s in %s..%s", where, TMLI_SHOWN(text),
                     what, min, max);
}

/* Numbers may come as 5, "5" or "\"5\"": text that reads as a number is one. */
static bool number_of(const tmli_value *value, double *out)
{
    if (value->kind == TMLI_NUMBER) {
        *out = value->number;
        return true;
    }
    return value->kind == TMLI_STRING && tmli_parse_double(tmli_str_trim(value->text), out);
}

static tml_status store_count(const tmli_key *key, const tmli_value *value, const char *where,
                              size_t *field, tml_error *err)
{
    double number = 0;
    if (!number_of(value, &number) || number != floor(number) || !(number >= key->min) ||
        !(number <= key->max)) {
        return out_of_range(key, value, where, "a whole number", err);
    }
    *field = (size_t)number;
    return TML_OK;
}

static tml_status store_real(const tmli_key *key, const tmli_value *value, const char *where,
                             double *field, tml_error *err)
{
    double number = 0;
    if (!number_of(value, &number) || !(number >= key->min) || !(number <= key->max)) {
        return out_of_range(key, value, where, "a number", err);
    }
    *field = number;
    return TML_OK;
}

static tml_status store_flag(const tmli_value *value, const char *where, bool *field,
                             tml_error *err)
{
    if (value->kind == TMLI_BOOL) {
        *field = value->number != 0;
        return TML_OK;
    }
    if (value->kind == TMLI_NUMBER && (value->number == 0 || value->number == 1)) {
        *field = value->number != 0;
        return TML_OK;
    }
    if (value->kind == TMLI_STRING && tmli_parse_bool(tmli_str_trim(value->text), field)) {
        return TML_OK;
    }
    char number[TMLI_NUMBER_BYTES];
    const tml_str text = shown(value, number);
    return tmli_fail(err, TML_EINVAL, "%s: \"%.*s\" is not true or false", where, TMLI_SHOWN(text));
}

/* Text in the arena. Numbers and booleans are taken as they were written. */
static tml_status copy_text(tml_recipe *recipe, const tmli_value *value, const char *where,
                            const char **field, tml_error *err)
{
    char number[TMLI_NUMBER_BYTES];
    tml_str text = value->text;
    if (value->kind == TMLI_NUMBER && text.data == NULL) {
        text = (tml_str){number, tmli_format_double(value->number, number)};
    }
    const bool is_scalar = value->kind == TMLI_STRING || value->kind == TMLI_NUMBER ||
                           (value->kind == TMLI_BOOL && text.data != NULL);
    if (!is_scalar) {
        return tmli_fail(err, TML_EINVAL, "%s: expected text, found %s", where,
                         tmli_kind_name(value->kind));
    }
    if (text.len > 0 && memchr(text.data, '\0', text.len) != NULL) {
        return tmli_fail(err, TML_EINVAL, "%s: expected text without a NUL character", where);
    }
    const char *copy = tmli_arena_copy(&recipe->arena, text);
    if (copy == NULL) {
        return tmli_fail_memory(err, "the recipe");
    }
    *field = copy;
    return TML_OK;
}

static tml_status store_text_or_none(tml_recipe *recipe, const tmli_value *value, const char *where,
                                     const char **field, tml_error *err)
{
    if (value->kind == TMLI_NULL ||
        (value->kind == TMLI_STRING && tmli_str_eq_nocase(value->text, TML_STR("none")))) {
        *field = NULL;
        return TML_OK;
    }
    return copy_text(recipe, value, where, field, err);
}

static tml_status find_word(const tmli_words *words, const tmli_value *value, const char *where,
                            int *field, tml_error *err)
{
    char number[TMLI_NUMBER_BYTES];
    const tml_str text = shown(value, number);
    for (size_t i = 0; value->kind == TMLI_STRING && i < words->n; i++) {
        if (tmli_str_eq_text(text, words->items[i])) {
            *field = (int)i;
            return TML_OK;
        }
    }
    char list[256] = "";
    for (size_t i = 0; i < words->n; i++) {
        const size_t used = strlen(list);
        if (used + strlen(words->items[i]) + 3 < sizeof(list)) {
            memcpy(list + used, i == 0 ? "" : ", ", i == 0 ? 1 : 3);
            memcpy(list + strlen(list), words->items[i], strlen(words->items[i]) + 1);
        }
    }
    const char *nearest = tmli_nearest(text, words->items, words->n);
    return tmli_fail(err, TML_EINVAL, "%s: \"%.*s\" is not one of %s%s%s%s", where,
                     TMLI_SHOWN(text), list, nearest != NULL ? "; did you mean \"" : "",
                     nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
}

/* A list, or a single value that stands for a list of one. */
static const tmli_value *first_of(const tmli_value *value, size_t *n)
{
    *n = value->kind == TMLI_LIST ? value->n : 1;
    return value->kind == TMLI_LIST ? value->first : value;
}

static tml_status store_texts(tml_recipe *recipe, const tmli_value *value, const char *where,
                              tmli_texts *field, tml_error *err)
{
    tmli_texts texts = {0};
    const tmli_value *item = first_of(value, &texts.n);
    texts.items = tmli_arena_alloc(&recipe->arena, texts.n, sizeof(*texts.items));
    if (texts.items == NULL) {
        return tmli_fail_memory(err, "the recipe");
    }
    for (size_t i = 0; i < texts.n; i++, item = item->next) {
        const tml_status status = copy_text(recipe, item, where, &texts.items[i], err);
        if (status != TML_OK) {
            return status;
        }
    }
    *field = texts;
    return TML_OK;
}

static tml_status store_sizes(const tmli_key *key, const tmli_value *value, const char *where,
                              tmli_sizes *field, tml_error *err)
{
    tmli_sizes sizes = {0};
    const tmli_value *item = first_of(value, &sizes.n);
    if (sizes.n > TMLI_MLP_MAX_LAYERS - 1) {
        return tmli_fail(err, TML_EINVAL, "%s: %zu layers, at most %d", where, sizes.n,
                         TMLI_MLP_MAX_LAYERS - 1);
    }
    for (size_t i = 0; i < sizes.n; i++, item = item->next) {
        const tml_status status = store_count(key, item, where, &sizes.items[i], err);
        if (status != TML_OK) {
            return status;
        }
    }
    *field = sizes;
    return TML_OK;
}

/* "lower", or {drop_lines: 5} for the one step that takes a number. */
static tml_status store_step(const tmli_key *key, const tmli_value *item, const char *where,
                             tmli_steps *steps, size_t i, tml_error *err)
{
    const bool has_count = item->kind == TMLI_OBJECT && item->n == 1;
    const tmli_value named = {.kind = TMLI_STRING,
                              .text = has_count ? item->first->key : item->text};
    int word = 0;
    tml_status status = find_word(key->words, has_count ? &named : item, where, &word, err);
    if (status != TML_OK) {
        return status;
    }
    steps->items[i] = (tml_normalize_step)word;
    steps->counts[i] = 0;
    if (has_count != (word == TML_NORMALIZE_DROP_LINES)) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: %s: drop_lines takes a number, as in {drop_lines: 5}; other steps "
                         "take none",
                         where, key->words->items[word]);
    }
    if (has_count) {
        const tmli_key count = {.kind = TMLI_KEY_COUNT, .min = 1, .max = 1e6};
        status = store_count(&count, item->first, where, &steps->counts[i], err);
    }
    return status;
}

static tml_status store_steps(const tmli_key *key, const tmli_value *value, const char *where,
                              tmli_steps *field, tml_error *err)
{
    tmli_steps steps = {0};
    const tmli_value *item = first_of(value, &steps.n);
    if (steps.n > TML_NORMALIZE_MAX) {
        return tmli_fail(err, TML_EINVAL, "%s: %zu steps, at most %d", where, steps.n,
                         TML_NORMALIZE_MAX);
    }
    for (size_t i = 0; i < steps.n; i++, item = item->next) {
        const tml_status status = store_step(key, item, where, &steps, i, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *field = steps;
    return TML_OK;
}

static tml_status store_labels(tml_recipe *recipe, const tmli_value *value, const char *where,
                               tmli_label_names *field, tml_error *err)
{
    if (value->kind == TMLI_STRING && tmli_str_eq_text(value->text, "none")) {
        *field = (tmli_label_names){0};
        return TML_OK;
    }
    if (value->kind != TMLI_OBJECT) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: expected a map of labels in the data to names, or none, found %s",
                         where, tmli_kind_name(value->kind));
    }
    tmli_label_names labels = {.n = value->n};
    labels.items = tmli_arena_alloc(&recipe->arena, labels.n, sizeof(*labels.items));
    if (labels.items == NULL) {
        return tmli_fail_memory(err, "the recipe");
    }
    const tmli_value *item = value->first;
    for (size_t i = 0; i < labels.n; i++, item = item->next) {
        labels.items[i].value = tmli_arena_copy(&recipe->arena, item->key);
        if (labels.items[i].value == NULL) {
            return tmli_fail_memory(err, "the recipe");
        }
        const tml_status status = copy_text(recipe, item, where, &labels.items[i].name, err);
        if (status != TML_OK) {
            return status;
        }
    }
    *field = labels;
    return TML_OK;
}

static tml_status store_class_weights(tml_recipe *recipe, const tmli_key *key,
                                      const tmli_value *value, const char *where,
                                      tmli_class_weights *field, tml_error *err)
{
    tmli_class_weights weights = {0};
    const bool is_text = value->kind == TMLI_STRING;
    if (is_text && tmli_str_eq_text(value->text, "balanced")) {
        weights.balanced = true;
    } else if (value->kind == TMLI_OBJECT) {
        weights.n = value->n;
        weights.items = tmli_arena_alloc(&recipe->arena, weights.n, sizeof(*weights.items));
        if (weights.items == NULL) {
            return tmli_fail_memory(err, "the recipe");
        }
        const tmli_value *item = value->first;
        for (size_t i = 0; i < weights.n; i++, item = item->next) {
            weights.items[i].label = tmli_arena_copy(&recipe->arena, item->key);
            if (weights.items[i].label == NULL) {
                return tmli_fail_memory(err, "the recipe");
            }
            const tml_status status = store_real(key, item, where, &weights.items[i].weight, err);
            if (status != TML_OK) {
                return status;
            }
        }
    } else if (!(value->kind == TMLI_NULL || (is_text && tmli_str_eq_text(value->text, "none")))) {
        return tmli_fail(err, TML_EINVAL,
                         "%s: expected balanced, none, or a map of labels to numbers", where);
    }
    *field = weights;
    return TML_OK;
}

/* 2 is a number, 0.5, 1.0 and 50% are shares: as written, for 1 and 1.0 are worlds apart. Numbers from JSON have no text:
 * whole ones are numbers, and artifacts hold shares as text. */
static tml_status store_amount(const tmli_key *key, const tmli_value *value, const char *where,
                               tmli_amount *field, tml_error *err)
{
    tmli_amount amount = {0};
    tml_str text = tmli_str_trim(value->text);
    const bool is_percent = text.len > 1 && text.data[text.len - 1] == '%';
    bool is_good = false;
    if (is_percent) {
        text.len--;
        is_good = tmli_parse_double(text, &amount.value);
        amount.value /= 100;
        amount.is_share = true;
    } else {
        is_good = number_of(value, &amount.value);
        amount.is_share = amount.value != floor(amount.value) ||
                          (text.len > 0 && memchr(text.data, '.', text.len) != NULL);
    }
    const double max = amount.is_share ? 1 : key->max;
    if (!is_good || !(amount.value >= key->min) || !(amount.value <= max)) {
        char number[TMLI_NUMBER_BYTES];
        const tml_str found = shown(value, number);
        return tmli_fail(err, TML_EINVAL,
                         "%s: \"%.*s\" is neither a number of documents (2) nor a share of them "
                         "in 0..1 (0.01, 1%%)",
                         where, TMLI_SHOWN(found));
    }
    *field = amount;
    return TML_OK;
}

static tml_status store_range(const tmli_key *key, const tmli_value *value, const char *where,
                              tmli_range *field, tml_error *err)
{
    tmli_range range = {0};
    size_t n = 0;
    const tmli_value *item = first_of(value, &n);
    if (n < 1 || n > 2) {
        return tmli_fail(err, TML_EINVAL, "%s: expected two numbers such as [1, 2], found %zu",
                         where, n);
    }
    tml_status status = store_count(key, item, where, &range.first, err);
    range.last = range.first;
    if (status == TML_OK && n == 2) {
        status = store_count(key, item->next, where, &range.last, err);
    }
    if (status == TML_OK && range.last < range.first) {
        status = tmli_fail(err, TML_EINVAL,
                           "%s: [%zu, %zu] is upside down: the smaller number comes first", where,
                           range.first, range.last);
    }
    if (status == TML_OK) {
        *field = range;
    }
    return status;
}

tml_status tmli_key_store(tml_recipe *recipe, const tmli_key *key, size_t block,
                          const tmli_value *value, const char *where, tml_error *err)
{
    void *field = tmli_key_field(recipe, key, block);
    switch (key->kind) {
    case TMLI_KEY_TEXT: return copy_text(recipe, value, where, field, err);
    case TMLI_KEY_TEXT_OR_NONE: return store_text_or_none(recipe, value, where, field, err);
    case TMLI_KEY_FLAG: return store_flag(value, where, field, err);
    case TMLI_KEY_COUNT: return store_count(key, value, where, field, err);
    case TMLI_KEY_REAL: return store_real(key, value, where, field, err);
    case TMLI_KEY_WORD: return find_word(key->words, value, where, field, err);
    case TMLI_KEY_TEXTS: return store_texts(recipe, value, where, field, err);
    case TMLI_KEY_SIZES: return store_sizes(key, value, where, field, err);
    case TMLI_KEY_STEPS: return store_steps(key, value, where, field, err);
    case TMLI_KEY_LABELS: return store_labels(recipe, value, where, field, err);
    case TMLI_KEY_CLASS_WEIGHTS: return store_class_weights(recipe, key, value, where, field, err);
    case TMLI_KEY_AMOUNT: return store_amount(key, value, where, field, err);
    case TMLI_KEY_RANGE: return store_range(key, value, where, field, err);
    }
    return tmli_fail(err, TML_EINVAL, "%s: a key of no known kind", where);
}
