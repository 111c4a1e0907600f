/* A recipe as JSON, complete and in the order of the key table: what artifacts hold. */
#include "pipeline/recipe.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/number.h"

static void write_labels(tmli_json_writer *w, const char *key, const tmli_label_names *labels)
{
    tmli_json_object(w, key);
    for (size_t i = 0; i < labels->n; i++) {
        tmli_json_put_text(w, labels->items[i].value, labels->items[i].name);
    }
    tmli_json_close_object(w);
}

static void write_class_weights(tmli_json_writer *w, const char *key,
                                const tmli_class_weights *weights)
{
    if (weights->balanced || weights->n == 0) {
        tmli_json_put_text(w, key, weights->balanced ? "balanced" : "none");
        return;
    }
    tmli_json_object(w, key);
    for (size_t i = 0; i < weights->n; i++) {
        tmli_json_put_double(w, weights->items[i].label, weights->items[i].weight);
    }
    tmli_json_close_object(w);
}

static void write_texts(tmli_json_writer *w, const char *key, const tmli_texts *texts)
{
    tmli_json_list(w, key);
    for (size_t i = 0; i < texts->n; i++) {
        tmli_json_put_text(w, NULL, texts->items[i]);
    }
    tmli_json_close_list(w);
}

static void write_sizes(tmli_json_writer *w, const char *key, const tmli_sizes *sizes)
{
    tmli_json_list(w, key);
    for (size_t i = 0; i < sizes->n; i++) {
        tmli_json_put_u64(w, NULL, sizes->items[i]);
    }
    tmli_json_close_list(w);
}

static void write_steps(tmli_json_writer *w, const char *key, const tmli_words *words,
                        const tmli_steps *steps)
{
    tmli_json_list(w, key);
    for (size_t i = 0; i < steps->n; i++) {
        const char *word = words->items[steps->items[i]];
        if (steps->items[i] == TML_NORMALIZE_DROP_LINES) {
            tmli_json_object(w, NULL);
            tmli_json_put_u64(w, word, steps->counts[i]);
            tmli_json_close_object(w);
        } else {
            tmli_json_put_text(w, NULL, word);
        }
    }
    tmli_json_close_list(w);
}

/* A share as text with a point, by which it is told from a number of documents. */
static void write_amount(tmli_json_writer *w, const char *key, const tmli_amount *amount)
{
    if (!amount->is_share) {
        tmli_json_put_double(w, key, amount->value);
        return;
    }
    char text[TMLI_NUMBER_BYTES + 2];
    const size_t n = tmli_format_double(amount->value, text);
    if (memchr(text, '.', n) == NULL) {
        memcpy(text + n, ".0", sizeof(".0")); /* 0 and 1: what has an exponent is below both */
    }
    tmli_json_put_text(w, key, text);
}

static void write_range(tmli_json_writer *w, const char *key, const tmli_range *range)
{
    tmli_json_list(w, key);
    tmli_json_put_u64(w, NULL, range->first);
    tmli_json_put_u64(w, NULL, range->last);
    tmli_json_close_list(w);
}

/* The key's value in the recipe, or in its block. */
static const void *value_of(const tml_recipe *recipe, const tmli_key *key, size_t block)
{
    const char *base =
        tmli_key_is_of_block(key) ? (const char *)&recipe->features[block] : (const char *)recipe;
    return base + key->offset;
}

/* name: the last part of the key's path. */
static void write_field(const tmli_key *key, const void *field, const char *name,
                        tmli_json_writer *w)
{
    switch (key->kind) {
    case TMLI_KEY_TEXT:
    case TMLI_KEY_TEXT_OR_NONE: {
        const char *text = *(const char *const *)field;
        tmli_json_put_text(w, name, text != NULL ? text : "none");
        return;
    }
    case TMLI_KEY_FLAG: tmli_json_put_bool(w, name, *(const bool *)field); return;
    case TMLI_KEY_COUNT: tmli_json_put_u64(w, name, *(const size_t *)field); return;
    case TMLI_KEY_REAL: tmli_json_put_double(w, name, *(const double *)field); return;
    case TMLI_KEY_WORD: tmli_json_put_text(w, name, key->words->items[*(const int *)field]); return;
    case TMLI_KEY_TEXTS: write_texts(w, name, field); return;
    case TMLI_KEY_SIZES: write_sizes(w, name, field); return;
    case TMLI_KEY_STEPS: write_steps(w, name, key->words, field); return;
    case TMLI_KEY_LABELS: write_labels(w, name, field); return;
    case TMLI_KEY_CLASS_WEIGHTS: write_class_weights(w, name, field); return;
    case TMLI_KEY_AMOUNT: write_amount(w, name, field); return;
    case TMLI_KEY_RANGE: write_range(w, name, field); return;
    }
}

/* True for a real that is left to the optimizer, and so has nothing to write. */
static bool is_unset(const tmli_key *key, const void *field)
{
    return key->kind == TMLI_KEY_REAL && isnan(*(const double *)field);
}

enum {
    MAX_SECTIONS = 8,
    SECTION_BYTES = 32
};

/* The sections that are open, outermost first. */
typedef struct sections {
    char names[MAX_SECTIONS][SECTION_BYTES];
    size_t n;
} sections;

static void close_sections(sections *open, size_t keep, tmli_json_writer *w)
{
    while (open->n > keep) {
        tmli_json_close_object(w);
        open->n--;
    }
}

/* Closes and opens sections until those of path are open; returns the last part of path. */
static const char *enter(sections *open, const char *path, tmli_json_writer *w)
{
    size_t depth = 0;
    bool same = true;
    for (const char *dot = strchr(path, '.'); dot != NULL; dot = strchr(path, '.')) {
        const size_t len = (size_t)(dot - path);
        same = same && depth < open->n && strlen(open->names[depth]) == len &&
               memcmp(open->names[depth], path, len) == 0;
        if (!same) {
            close_sections(open, depth, w);
            memcpy(open->names[depth], path, len);
            open->names[depth][len] = '\0';
            tmli_json_object(w, open->names[depth]);
            open->n++;
        }
        depth++;
        path = dot + 1;
    }
    close_sections(open, depth, w);
    return path;
}

static void write_key(const tml_recipe *recipe, const tmli_key *key, size_t block, const char *path,
                      sections *open, tmli_json_writer *w)
{
    const void *field = value_of(recipe, key, block);
    if (!is_unset(key, field) && tmli_key_concerns(recipe, key, block)) {
        write_field(key, field, enter(open, path, w), w);
    }
}

/* The keys of blocks stand side by side in the table, from `first` on. */
static void write_blocks(const tml_recipe *recipe, size_t first, tmli_json_writer *w)
{
    tmli_json_list(w, "features");
    for (size_t block = 0; block < recipe->n_features; block++) {
        sections open = {.n = 0};
        tmli_json_object(w, NULL);
        for (size_t i = first; i < tmli_n_keys && tmli_key_is_of_block(&tmli_keys[i]); i++) {
            const char *path = tmli_keys[i].path + sizeof(TMLI_BLOCK_PREFIX) - 1;
            write_key(recipe, &tmli_keys[i], block, path, &open, w);
        }
        close_sections(&open, 0, w);
        tmli_json_close_object(w);
    }
    tmli_json_close_list(w);
}

void tmli_recipe_write(const tml_recipe *recipe, const char *key, tmli_json_writer *w)
{
    sections open = {.n = 0};
    bool has_blocks = false;
    tmli_json_object(w, key);
    for (size_t i = 0; i < tmli_n_keys; i++) {
        if (!tmli_key_is_of_block(&tmli_keys[i])) {
            write_key(recipe, &tmli_keys[i], 0, tmli_keys[i].path, &open, w);
        } else if (!has_blocks) {
            has_blocks = true;
            close_sections(&open, 0, w);
            write_blocks(recipe, i, w);
        }
    }
    close_sections(&open, 0, w);
    tmli_json_close_object(w);
}
