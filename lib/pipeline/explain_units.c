/* Pieces of the raw text that contributions are of. */
#include "pipeline/explain.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/status.h"
#include "text/unicode.h"
#include "text/utf8.h"

tml_status tmli_explainer_create(tmli_explainer **out, tml_error *err)
{
    tmli_explainer *const explainer = tmli_calloc(1, sizeof *explainer);
    if (explainer == NULL) {
        return tmli_fail_memory(err, "an explanation");
    }
    const tml_status status = tml_tokens_create(&explainer->words, err);
    if (status != TML_OK) {
        tmli_free(explainer);
        return status;
    }
    *out = explainer;
    return TML_OK;
}

void tmli_explainer_free(tmli_explainer *explainer)
{
    if (explainer == NULL) {
        return;
    }
    tml_tokens_free(explainer->words);
    tmli_trace_deinit(&explainer->trace);
    tmli_spread_scratch_deinit(&explainer->spread);
    tmli_free(explainer->units.items);
    tmli_free(explainer->unit_of);
    tmli_free(explainer->sums);
    tmli_free(explainer->is_known);
    tmli_free(explainer->parts);
    tmli_free(explainer->kept);
    tmli_free(explainer->found);
    tmli_free(explainer);
}

/* ---- adding ---- */

static bool add(tmli_spans *units, tmli_span span)
{
    if (span.begin >= span.end) { /* a blank of the tokenizer's */
        return true;
    }
    if (!tmli_grow(&units->items, &units->capacity, units->n + 1, sizeof *units->items)) {
        return false;
    }
    units->items[units->n++] = span;
    return true;
}

/* The bytes at[0..n) of the traced text. */
static bool add_piece(tmli_explainer *explainer, const char *at, size_t n)
{
    const tmli_trace *const trace = &explainer->trace;
    const tmli_span *const first = trace->bytes.items + (at - trace->text.data);
    return add(&explainer->units, (tmli_span){first->begin, first[n - 1].end});
}

/* Runs of what is no white space. */
static bool add_between(tmli_explainer *explainer, const char *at, const char *end)
{
    const char *begin = at; /* of the run */
    while (at < end) {
        uint32_t codepoint;
        const size_t n = tmli_utf8_next_valid(at, &codepoint);
        if (tmli_is_space(codepoint)) {
            if (begin < at && !add_piece(explainer, begin, (size_t)(at - begin))) {
                return false;
            }
            begin = at + n;
        }
        at += n;
    }
    return begin >= end || add_piece(explainer, begin, (size_t)(end - begin));
}

/* Readers see words: those of the tokenizer `unicode`, and what stands between them. */
static bool add_words(tmli_explainer *explainer)
{
    const tml_str text = explainer->trace.text;
    if (text.len == 0) {
        return true;
    }
    if (!tmli_split_unicode(text, explainer->words)) {
        return false;
    }
    const char *at = text.data;
    for (size_t i = 0; i < explainer->words->n; i++) {
        const tml_str word = explainer->words->items[i];
        if (!add_between(explainer, at, word.data) || !add_piece(explainer, word.data, word.len)) {
            return false;
        }
        at = word.data + word.len;
    }
    return add_between(explainer, at, text.data + text.len);
}

bool tmli_explainer_add(tmli_explainer *explainer, bool is_cut)
{
    if (is_cut) {
        return add_words(explainer);
    }
    const tmli_spans *const tokens = &explainer->trace.tokens;
    for (size_t i = 0; i < tokens->n; i++) {
        if (!add(&explainer->units, tokens->items[i])) {
            return false;
        }
    }
    return true;
}

/* ---- merging and finding ---- */

static int compare(const void *a, const void *b)
{
    const tmli_span *const first = a;
    const tmli_span *const second = b;
    if (first->begin != second->begin) {
        return first->begin < second->begin ? -1 : 1;
    }
    return (first->end > second->end) - (first->end < second->end);
}

bool tmli_explainer_merge(tmli_explainer *explainer)
{
    tmli_spans *const units = &explainer->units;
    size_t n = 0;
    if (units->n > 0) {
        qsort(units->items, units->n, sizeof *units->items, compare);
    }
    for (size_t i = 0; i < units->n; i++) {
        const tmli_span span = units->items[i];
        if (n == 0 || span.begin >= units->items[n - 1].end) {
            units->items[n++] = span;
        } else if (span.end > units->items[n - 1].end) {
            units->items[n - 1].end = span.end;
        }
    }
    units->n = n;
    if (!tmli_grow(&explainer->sums, &explainer->sums_capacity, n, sizeof *explainer->sums) ||
        !tmli_grow(&explainer->is_known, &explainer->is_known_capacity, n,
                   sizeof *explainer->is_known)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        explainer->sums[i] = 0.0;
        explainer->is_known[i] = false;
    }
    return true;
}

/* The unit that a span begins in. */
static uint32_t unit_at(const tmli_spans *units, tmli_span span)
{
    size_t low = 0;
    size_t high = units->n; /* the first that ends behind the beginning */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (units->items[middle].end <= span.begin) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const bool is_inside =
        low < units->n && units->items[low].begin <= span.begin && span.begin < span.end;
    return is_inside ? (uint32_t)low : TMLI_NO_UNIT;
}

bool tmli_explainer_find(tmli_explainer *explainer, bool is_cut)
{
    const tmli_spans *const spans = is_cut ? &explainer->trace.bytes : &explainer->trace.tokens;
    if (!tmli_grow(&explainer->unit_of, &explainer->unit_of_capacity, spans->n,
                   sizeof *explainer->unit_of)) {
        return false;
    }
    for (size_t i = 0; i < spans->n; i++) {
        explainer->unit_of[i] = unit_at(&explainer->units, spans->items[i]);
    }
    return true;
}
