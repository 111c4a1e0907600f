/* The n-grams of a text are walked through twice: how often each element occurs is known after the first time. */
#include "features/bag_spread.h"

#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "features/hashing.h"

void tmli_spread_scratch_deinit(tmli_spread_scratch *scratch)
{
    tmli_free(scratch->counts);
    *scratch = (tmli_spread_scratch){0};
}

/* A walk through the n-grams, in the order of their first tokens. */
typedef struct walk {
    const tmli_bag *bag;
    tmli_sparse_row row;
    const tmli_item *items; /* of the row: counts */
    tmli_ngrams grams;
    size_t token; /* word: the first of the last n-gram */
    size_t *counts;
    tmli_spread *spread;
} walk;

/* The place of an n-gram's column in the row, or the row's length; its sign is 1 but for hashed ones. */
static size_t element_of(const walk *w, const tmli_gram *gram, int *sign)
{
    const tmli_bag_options *const options = &w->bag->options;
    const tml_str term = {gram->at, gram->len};
    uint32_t column;
    *sign = 1;
    if (options->n_hashed > 0) {
        const tmli_hashed hashed = tmli_hash_term(term, (uint32_t)options->n_hashed);
        column = hashed.column;
        *sign = options->alternate_sign ? hashed.sign : 1;
    } else {
        column = tmli_vocab_find(&w->bag->vocab, term);
    }
    size_t low = 0;
    size_t high = w->row.n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (w->row.columns[middle] < column) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < w->row.n && w->row.columns[low] == column ? low : w->row.n;
}

/* What one occurrence of an element gives. Signs that cancel give nothing, as the element is 0. */
static double part_of(const walk *w, size_t element, int sign)
{
    const double part = w->spread->parts[element];
    if (w->spread->is_even) {
        return part / (double)w->counts[element];
    }
    const int64_t sum = w->items[element].value;
    return sum != 0 ? part * (double)sign / (double)sum : 0.0;
}

/* Tokens that the n-gram covers, the first at w->token: its bytes end where the last of them does. */
static void give_tokens(walk *w, const tmli_gram *gram, double part)
{
    const char *const end = gram->at + gram->len;
    size_t n = 1;
    while (w->grams.tokens[w->token + n - 1].data + w->grams.tokens[w->token + n - 1].len != end) {
        n++;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t unit = w->spread->units[w->token + i];
        if (unit == TMLI_NO_UNIT) {
            w->spread->rest += part / (double)n;
            continue;
        }
        w->spread->sums[unit] += part / (double)n;
        w->spread->is_touched[unit] = true;
    }
}

static bool is_counted(const tmli_spread *spread, const char *at)
{
    return ((unsigned char)*at & 0xC0) != 0x80 && spread->units[at - spread->text] != TMLI_NO_UNIT;
}

static void give_characters(tmli_spread *spread, const tmli_gram *gram, double part)
{
    size_t n = 0;
    for (size_t i = 0; i < gram->len; i++) {
        n += is_counted(spread, gram->at + i) ? 1 : 0;
    }
    if (n == 0) { /* blanks */
        spread->rest += part;
        return;
    }
    for (size_t i = 0; i < gram->len; i++) {
        if (is_counted(spread, gram->at + i)) {
            const uint32_t unit = spread->units[gram->at + i - spread->text];
            spread->sums[unit] += part / (double)n;
            spread->is_touched[unit] = true;
        }
    }
}

static void count(walk *w, const tmli_gram *gram)
{
    int sign;
    const size_t element = element_of(w, gram, &sign);
    if (element < w->row.n) {
        w->counts[element]++;
    }
}

static void give(walk *w, const tmli_gram *gram)
{
    int sign;
    const size_t element = element_of(w, gram, &sign);
    const bool is_word = w->bag->options.analyzer == TMLI_ANALYZER_WORD;
    while (is_word && w->grams.tokens[w->token].data != gram->at) {
        w->token++;
    }
    if (element == w->row.n) {
        return;
    }
    const double part = part_of(w, element, sign);
    if (is_word) {
        give_tokens(w, gram, part);
    } else {
        give_characters(w->spread, gram, part);
    }
}

static bool go(walk *w, const tml_str *tokens, size_t n_tokens, tmli_ngram_scratch *scratch,
               void (*visit)(walk *w, const tmli_gram *gram))
{
    const tmli_bag_options *const options = &w->bag->options;
    if (!tmli_ngrams_begin(&w->grams, options->analyzer, options->n_min, options->n_max, tokens,
                           n_tokens, scratch)) {
        return false;
    }
    tmli_gram grams[TMLI_GRAM_BATCH];
    size_t n = 0;
    while ((n = tmli_ngrams_next(&w->grams, grams)) > 0) {
        for (size_t i = 0; i < n; i++) {
            visit(w, &grams[i]);
        }
    }
    return true;
}

tml_status tmli_bag_spread(const tmli_bag *bag, const tml_str *tokens, size_t n_tokens,
                           tmli_bag_scratch *scratch, tmli_spread_scratch *more,
                           tmli_spread *spread, tml_error *err)
{
    walk w = {.bag = bag, .spread = spread};
    const tml_status status = tmli_bag_encode(bag, tokens, n_tokens, scratch, &w.row, err);
    if (status != TML_OK) {
        return status;
    }
    if (!tmli_grow(&more->counts, &more->capacity, w.row.n, sizeof *more->counts)) {
        return tmli_fail_memory(err, "an explanation");
    }
    spread->n_parts = w.row.n;
    w.items = scratch->items;
    w.counts = more->counts;
    if (w.row.n > 0) {
        memset(w.counts, 0, w.row.n * sizeof *w.counts);
    }
    if (!go(&w, tokens, n_tokens, &scratch->ngrams, count) ||
        !go(&w, tokens, n_tokens, &scratch->ngrams, give)) {
        return tmli_fail_memory(err, "an explanation");
    }
    return TML_OK;
}
