/* Property: a recipe loads or is refused; written as JSON and read again every key has the same value; an override that is refused
 * leaves it as it was.
 * Input: YAML up to the first NUL, then names and values of overrides, each up to a NUL. */
#include "fuzz/fuzz.h"

#include <math.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/json.h"
#include "pipeline/recipe.h"

static const char name[] = "fuzz.yaml";

/* Takes the bytes up to the next NUL. */
static tml_str take_part(tml_str *rest)
{
    const char *const end = rest->len > 0 ? memchr(rest->data, '\0', rest->len) : NULL;
    const tml_str part = {rest->data, end != NULL ? (size_t)(end - rest->data) : rest->len};
    const size_t taken = part.len + (end != NULL ? 1 : 0);
    rest->data += taken;
    rest->len -= taken;
    return part;
}

static void write_recipe(const tml_recipe *recipe, tmli_buf *out)
{
    tmli_json_writer w;
    tmli_buf_reset(out);
    tmli_json_begin(&w, out, 0);
    tmli_recipe_write(recipe, NULL, &w);
    FUZZ_CHECK(!out->failed);
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void check_same_texts(const tmli_texts *a, const tmli_texts *b)
{
    FUZZ_CHECK(a->n == b->n);
    for (size_t i = 0; i < a->n; i++) {
        FUZZ_CHECK(is_same_text(a->items[i], b->items[i]));
    }
}

static void check_same_labels(const tmli_label_names *a, const tmli_label_names *b)
{
    FUZZ_CHECK(a->n == b->n);
    for (size_t i = 0; i < a->n; i++) {
        FUZZ_CHECK(is_same_text(a->items[i].value, b->items[i].value));
        FUZZ_CHECK(is_same_text(a->items[i].name, b->items[i].name));
    }
}

static void check_same_weights(const tmli_class_weights *a, const tmli_class_weights *b)
{
    FUZZ_CHECK(a->balanced == b->balanced && (a->balanced || a->n == b->n));
    for (size_t i = 0; !a->balanced && i < a->n; i++) {
        FUZZ_CHECK(is_same_text(a->items[i].label, b->items[i].label));
        FUZZ_CHECK(a->items[i].weight == b->items[i].weight);
    }
}

static void check_same_sizes(const tmli_sizes *a, const tmli_sizes *b)
{
    FUZZ_CHECK(a->n == b->n && memcmp(a->items, b->items, a->n * sizeof *a->items) == 0);
}

static void check_same_steps(const tmli_steps *a, const tmli_steps *b)
{
    FUZZ_CHECK(a->n == b->n && memcmp(a->items, b->items, a->n * sizeof *a->items) == 0);
    FUZZ_CHECK(memcmp(a->counts, b->counts, a->n * sizeof *a->counts) == 0);
}

static void check_same_amount(const tmli_amount *a, const tmli_amount *b)
{
    FUZZ_CHECK(a->value == b->value && a->is_share == b->is_share);
}

static void check_same_range(const tmli_range *a, const tmli_range *b)
{
    FUZZ_CHECK(a->first == b->first && a->last == b->last);
}

static void check_same_real(double a, double b)
{
    FUZZ_CHECK(a == b || (isnan(a) && isnan(b)));
}

/* The value that a key has in two recipes. */
static void check_same_key(const tmli_key *key, size_t block, const tml_recipe *first,
                           const tml_recipe *second)
{
    const bool in_block = tmli_key_is_of_block(key);
    const void *const a =
        (in_block ? (const char *)&first->features[block] : (const char *)first) + key->offset;
    const void *const b =
        (in_block ? (const char *)&second->features[block] : (const char *)second) + key->offset;
    if (!tmli_key_concerns(first, key, block)) {
        return; /* not written */
    }
    switch (key->kind) {
    case TMLI_KEY_TEXT:
    case TMLI_KEY_TEXT_OR_NONE:
        FUZZ_CHECK(is_same_text(*(const char *const *)a, *(const char *const *)b));
        break;
    case TMLI_KEY_FLAG: FUZZ_CHECK(*(const bool *)a == *(const bool *)b); break;
    case TMLI_KEY_COUNT: FUZZ_CHECK(*(const size_t *)a == *(const size_t *)b); break;
    case TMLI_KEY_REAL: check_same_real(*(const double *)a, *(const double *)b); break;
    case TMLI_KEY_WORD: FUZZ_CHECK(*(const int *)a == *(const int *)b); break;
    case TMLI_KEY_TEXTS: check_same_texts(a, b); break;
    case TMLI_KEY_SIZES: check_same_sizes(a, b); break;
    case TMLI_KEY_STEPS: check_same_steps(a, b); break;
    case TMLI_KEY_LABELS: check_same_labels(a, b); break;
    case TMLI_KEY_CLASS_WEIGHTS: check_same_weights(a, b); break;
    case TMLI_KEY_AMOUNT: check_same_amount(a, b); break;
    case TMLI_KEY_RANGE: check_same_range(a, b); break;
    }
}

/* written: recipe as JSON. is_utf8: bytes that are not become U+FFFD there, so that texts need not be the same. */
static void check_read_again(const tml_recipe *recipe, const tmli_buf *written, bool is_utf8)
{
    tmli_arena arena;
    tmli_buf rewritten = {0};
    const tmli_value *value = NULL;
    tml_recipe *again = NULL;
    tml_error err = {0};
    tmli_arena_init(&arena, 4096, 0);
    FUZZ_CHECK(tmli_json_parse(tmli_buf_str(written), &arena, &value, &err) == TML_OK);
    FUZZ_CHECK(tmli_recipe_from_value(name, value, &again, &err) == TML_OK);
    write_recipe(again, &rewritten);
    FUZZ_CHECK(tmli_str_eq(tmli_buf_str(&rewritten), tmli_buf_str(written)));
    for (size_t i = 0; is_utf8 && i < tmli_n_keys; i++) {
        for (size_t block = 0; block < recipe->n_features; block++) {
            check_same_key(&tmli_keys[i], block, recipe, again);
        }
    }
    tml_recipe_free(again);
    tmli_buf_deinit(&rewritten);
    tmli_arena_deinit(&arena);
}

static void override(tml_recipe *recipe, tml_str rest, tmli_buf *written)
{
    tmli_buf after = {0};
    while (rest.len > 0) {
        const tml_str key = take_part(&rest);
        const tml_str value = take_part(&rest);
        tml_error err = {0};
        const tml_status status = tml_recipe_set(recipe, key, value, &err);
        fuzz_check_error(status, &err, "");
        write_recipe(recipe, &after);
        FUZZ_CHECK(status == TML_OK || tmli_str_eq(tmli_buf_str(&after), tmli_buf_str(written)));
        write_recipe(recipe, written);
    }
    tmli_buf_deinit(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tml_str rest = fuzz_text(data, size);
    const bool is_utf8 = tmli_utf8_faults(rest) == 0;
    tml_recipe *recipe = NULL;
    tml_error err = {0};
    const tml_status status = tml_recipe_parse(name, take_part(&rest), &recipe, &err);
    FUZZ_CHECK((status == TML_OK) == (recipe != NULL));
    fuzz_check_error(status, &err, name);
    if (status != TML_OK) {
        return 0;
    }
    tmli_buf written = {0};
    write_recipe(recipe, &written);
    override(recipe, rest, &written);
    check_read_again(recipe, &written, is_utf8);
    tml_error unmet = {0};
    fuzz_check_error(tml_recipe_check(recipe, &unmet), &unmet, "");
    tmli_buf_deinit(&written);
    tml_recipe_free(recipe);
    return 0;
}
