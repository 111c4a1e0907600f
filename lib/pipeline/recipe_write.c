/* A recipe as JSON, complete and in the order of the key table: what artifacts hold. */
#include "pipeline/recipe.h"

#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "base/json.h"

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
        tmli_json_put_text(w, NULL, words->items[steps->items[i]]);
    }
    tmli_json_close_list(w);
}

/* name: the last part of the key's path. */
static void write_field(const tml_recipe *recipe, const tmli_key *key, const char *name,
                        tmli_json_writer *w)
{
    const void *field = (const char *)recipe + key->offset;
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
    }
}

/* True for a real that is left to the optimizer, and so has nothing to write. */
static bool is_unset(const tml_recipe *recipe, const tmli_key *key)
{
    const void *field = (const char *)recipe + key->offset;
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

/* "*" is the one block of a list. */
static void open_section(sections *open, const char *name, size_t len, const char *next,
                         tmli_json_writer *w)
{
    char *held = open->names[open->n++];
    memcpy(held, name, len);
    held[len] = '\0';
    if (*next == '*') {
        tmli_json_list(w, held);
    } else {
        tmli_json_object(w, *held == '*' ? NULL : held);
    }
}

static void close_sections(sections *open, size_t keep, tmli_json_writer *w)
{
    while (open->n > keep) {
        /* A section is a list exactly when the one inside it is '*', which is closed by then. */
        const bool is_list = strcmp(open->names[open->n - 1], "features") == 0;
        if (is_list) {
            tmli_json_close_list(w);
        } else {
            tmli_json_close_object(w);
        }
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
            open_section(open, path, len, dot + 1, w);
        }
        depth++;
        path = dot + 1;
    }
    close_sections(open, depth, w);
    return path;
}

void tmli_recipe_write(const tml_recipe *recipe, const char *key, tmli_json_writer *w)
{
    sections open = {.n = 0};
    tmli_json_object(w, key);
    for (size_t i = 0; i < tmli_n_keys; i++) {
        if (!is_unset(recipe, &tmli_keys[i])) {
            const char *name = enter(&open, tmli_keys[i].path, w);
            write_field(recipe, &tmli_keys[i], name, w);
        }
    }
    close_sections(&open, 0, w);
    tmli_json_close_object(w);
}
