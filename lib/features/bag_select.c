/* Fitting a bag: the terms of all lanes → the vocabulary, in order of bytes. Only terms that stay get a text. */
#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"
#include "base/status.h"
#include "features/bag_internal.h"

enum {
    PREFIX_BYTES = 8
};

/* Terms that stay, and their texts behind each other. */
typedef struct kept_terms {
    uint32_t *numbers; /* owned, [n] */
    size_t n;
    char *bytes;                /* owned */
    size_t *begins;             /* owned, [n + 1] */
    tmli_item *items, *scratch; /* owned, [n] */
    tml_str *ordered;           /* owned, [n] */
} kept_terms;

static void kept_deinit(kept_terms *kept)
{
    tmli_free(kept->numbers);
    tmli_free(kept->bytes);
    tmli_free(kept->begins);
    tmli_free(kept->items);
    tmli_free(kept->scratch);
    tmli_free(kept->ordered);
    *kept = (kept_terms){0};
}

/* Lengthens an array of lane 0 to the terms of all; the new ones are 0. */
static bool lengthen(void *array, size_t size, size_t n_old, size_t n_new)
{
    char *old = NULL;
    memcpy(&old, array, sizeof old);
    char *const grown = tmli_realloc(old, n_new, size);
    if (grown == NULL) {
        return false;
    }
    if (n_new > n_old) {
        memset(grown + n_old * size, 0, (n_new - n_old) * size);
    }
    memcpy(array, &grown, sizeof grown);
    return true;
}

/* Moves the terms and figures of every lane into lane 0. lane->columns: what lane 0 calls a term of another lane. */
static tml_status merge_lanes(tmli_bag_builder *b, tml_error *err)
{
    tmli_bag_lane *const all = b->lanes;
    for (size_t l = 1; l < b->n_lanes; l++) {
        tmli_bag_lane *const lane = b->lanes + l;
        const size_t n = lane->terms.n;
        const size_t n_old = all->terms.n;
        lane->columns = tmli_alloc(n, sizeof *lane->columns);
        if (lane->columns == NULL || !tmli_terms_merge(&all->terms, &lane->terms, lane->columns) ||
            !lengthen(&all->df, sizeof *all->df, n_old, all->terms.n) ||
            (all->totals != NULL &&
             !lengthen(&all->totals, sizeof *all->totals, n_old, all->terms.n))) {
            return tmli_fail_memory(err, "the n-grams of the documents");
        }
        for (size_t i = 0; i < n; i++) {
            all->df[lane->columns[i]] += lane->df[i];
            if (all->totals != NULL) {
                all->totals[lane->columns[i]] += lane->totals[i];
            }
        }
        tmli_terms_deinit(&lane->terms);
        tmli_free(lane->df);
        tmli_free(lane->totals);
        lane->df = NULL;
        lane->totals = NULL;
        lane->terms.n = n; /* columns' length */
    }
    tmli_terms_seal(&all->terms);
    return TML_OK;
}

/* Why no term is left: n of them were there, n_few in too few documents, n_many in too many. */
static tml_status fail_empty(const tmli_bag_options *o, size_t n_training, size_t n, size_t n_few,
                             size_t n_many, tml_error *err)
{
    char min[TMLI_DOCS_TEXT];
    char max[TMLI_DOCS_TEXT];
    if (n == 0 && o->n_min > 1) {
        return tmli_fail(err, TML_EINVAL,
                         "vocabulary: nothing is left: none of %zu training documents has %zu "
                         "tokens or characters in a row (lower ngram_range, see stop_words)",
                         n_training, o->n_min);
    }
    if (n == 0) {
        return tmli_fail(err, TML_EINVAL,
                         "vocabulary: nothing is left: none of %zu training documents has a token "
                         "(are they empty, only stop_words, or dropped by text.normalize?)",
                         n_training);
    }
    (void)tmli_bag_docs_text(o->min_docs, o->min_is_share, min);
    (void)tmli_bag_docs_text(o->max_docs, o->max_is_share, max);
    if (n_few == n) {
        return tmli_fail(err, TML_EINVAL,
                         "vocabulary: nothing is left: min_df %s drops all %zu terms of %zu "
                         "training documents (lower min_df)",
                         min, n, n_training);
    }
    if (n_many == n) {
        return tmli_fail(err, TML_EINVAL,
                         "vocabulary: nothing is left: max_df %s drops all %zu terms of %zu "
                         "training documents (raise max_df)",
                         max, n, n_training);
    }
    return tmli_fail(err, TML_EINVAL,
                     "vocabulary: nothing is left: of %zu terms of %zu training documents min_df "
                     "%s drops %zu and max_df %s drops %zu (lower min_df or raise max_df)",
                     n, n_training, min, n_few, max, n_many);
}

/* Which only the number of documents shows: no term can be in least documents or more and in most or fewer. */
static tml_status fail_apart(const tmli_bag_options *o, double least, double most,
                             size_t n_training, tml_error *err)
{
    char min[TMLI_DOCS_TEXT];
    char max[TMLI_DOCS_TEXT];
    return tmli_fail(err, TML_EINVAL,
                     "vocabulary: nothing can be left: min_df %s calls for %g of %zu training "
                     "documents, max_df %s allows %g (lower min_df or raise max_df)",
                     tmli_bag_docs_text(o->min_docs, o->min_is_share, min), least, n_training,
                     tmli_bag_docs_text(o->max_docs, o->max_is_share, max), most);
}

/* Terms within min_docs and max_docs. */
static tml_status keep_by_documents(tmli_bag_builder *b, size_t n_training, kept_terms *kept,
                                    tml_error *err)
{
    const tmli_bag_options *const o = &b->options;
    const tmli_bag_lane *const all = b->lanes;
    /* scikit-learn compares with the product as it is, not rounded to whole documents. */
    const double least = o->min_is_share ? o->min_docs * (double)n_training : o->min_docs;
    const double most = o->max_is_share ? o->max_docs * (double)n_training : o->max_docs;
    if (!(least <= most)) {
        return fail_apart(o, least, most, n_training, err);
    }
    kept->numbers = tmli_alloc(all->terms.n, sizeof *kept->numbers);
    if (kept->numbers == NULL) {
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    size_t n = 0;
    size_t n_few = 0;
    size_t n_many = 0;
    for (size_t i = 0; i < all->terms.n; i++) {
        const double df = (double)all->df[i];
        n += df > 0 ? 1 : 0;
        n_few += df > 0 && df < least ? 1 : 0;
        n_many += df > most ? 1 : 0;
        if (df > 0 && df >= least && df <= most) {
            kept->numbers[kept->n++] = (uint32_t)i;
        }
    }
    b->n_seen = n;
    return kept->n > 0 ? TML_OK : fail_empty(o, n_training, n, n_few, n_many, err);
}

/* The texts of the terms that stay. */
static tml_status write_texts(const tmli_terms *terms, kept_terms *kept, tml_error *err)
{
    kept->begins = tmli_alloc(kept->n + 1, sizeof *kept->begins);
    kept->items = tmli_alloc(kept->n, sizeof *kept->items);
    kept->scratch = tmli_alloc(kept->n, sizeof *kept->scratch);
    if (kept->begins == NULL || kept->items == NULL || kept->scratch == NULL) {
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    size_t total = 0;
    for (size_t i = 0; i < kept->n; i++) {
        kept->begins[i] = total;
        if (!tmli_add_size(total, tmli_terms_length(terms, kept->numbers[i]), &total)) {
            return tmli_fail(err, TML_ELIMIT, "vocabulary: %zu terms do not fit in memory",
                             kept->n);
        }
    }
    kept->begins[kept->n] = total;
    kept->bytes = tmli_malloc(total);
    if (kept->bytes == NULL) {
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    for (size_t i = 0; i < kept->n; i++) {
        tmli_terms_write(terms, kept->numbers[i], kept->bytes + kept->begins[i]);
    }
    return TML_OK;
}

static tml_str text_of(const kept_terms *kept, size_t i)
{
    return (tml_str){kept->bytes + kept->begins[i], kept->begins[i + 1] - kept->begins[i]};
}

/* The first bytes as a number that orders as they do; a shorter text is as if followed by NULs. */
static uint64_t prefix_of(tml_str text)
{
    uint64_t prefix = 0;
    for (size_t i = 0; i < PREFIX_BYTES; i++) {
        prefix = prefix << 8 | (i < text.len ? (unsigned char)text.data[i] : 0);
    }
    return prefix;
}

/* Merges two sorted runs of items, [0, middle) and [middle, n), by whole texts. */
static void merge_runs(const kept_terms *kept, tmli_item *items, tmli_item *scratch, size_t middle,
                       size_t n)
{
    memcpy(scratch, items, middle * sizeof *items);
    size_t left = 0;
    size_t right = middle;
    for (size_t to = 0; left < middle; to++) {
        const bool is_right =
            right < n && tmli_str_compare(text_of(kept, (size_t)items[right].value),
                                          text_of(kept, (size_t)scratch[left].value)) < 0;
        items[to] = is_right ? items[right++] : scratch[left++];
    }
}

static void merge_sort(const kept_terms *kept, tmli_item *items, tmli_item *scratch, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        for (size_t at = 0; at + run < n; at += 2 * run) {
            const size_t both = n - at < 2 * run ? n - at : 2 * run;
            merge_runs(kept, items + at, scratch, run, both);
        }
    }
}

/* kept->items: places of the terms (in kept) in order of bytes. By the first bytes first, which decides for most. */
static void sort_terms(kept_terms *kept)
{
    for (size_t i = 0; i < kept->n; i++) {
        kept->items[i] = (tmli_item){.key = prefix_of(text_of(kept, i)), .value = (int64_t)i};
    }
    if (tmli_radix_sort(kept->items, kept->scratch, kept->n, 64) == kept->scratch) {
        tmli_item *const items = kept->items;
        kept->items = kept->scratch;
        kept->scratch = items;
    }
    for (size_t i = 0; i < kept->n;) {
        size_t end = i + 1;
        while (end < kept->n && kept->items[end].key == kept->items[i].key) {
            end++;
        }
        merge_sort(kept, kept->items + i, kept->scratch, end - i);
        i = end;
    }
}

static uint64_t total_of(const kept_terms *kept, const uint64_t *totals, size_t i)
{
    return totals[kept->numbers[kept->items[i].value]];
}

/* Leaves the terms with the largest totals, in their order; of those with the last total that has a place, the first in
 * order of bytes. */
static tml_status limit_terms(kept_terms *kept, const uint64_t *totals, size_t max_features,
                              tml_error *err)
{
    if (max_features == 0 || kept->n <= max_features) {
        return TML_OK;
    }
    tmli_item *const falling = tmli_alloc(kept->n, sizeof *falling);
    if (falling == NULL) {
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    for (size_t i = 0; i < kept->n; i++) {
        falling[i] = (tmli_item){.key = ~total_of(kept, totals, i)};
    }
    const tmli_item *const sorted = tmli_radix_sort(falling, kept->scratch, kept->n, 64);
    const uint64_t last = ~sorted[max_features - 1].key;
    size_t n_last = 0; /* places for terms with that total */
    while (n_last < max_features && sorted[max_features - 1 - n_last].key == ~last) {
        n_last++;
    }
    tmli_free(falling);
    size_t n = 0;
    for (size_t i = 0; i < kept->n; i++) {
        const uint64_t total = total_of(kept, totals, i);
        if (total > last || (total == last && n_last > 0)) {
            n_last -= total == last ? 1 : 0;
            kept->items[n++] = kept->items[i];
        }
    }
    kept->n = n;
    return TML_OK;
}

/* The vocabulary, its document counts, and each lane's way from numbers to columns. */
static tml_status assign_columns(tmli_bag_builder *b, kept_terms *kept, tmli_bag_selection *out,
                                 tml_error *err)
{
    tmli_bag_lane *const all = b->lanes;
    kept->ordered = tmli_alloc(kept->n, sizeof *kept->ordered);
    all->columns = tmli_alloc(all->terms.n, sizeof *all->columns);
    uint32_t *const df = tmli_alloc(kept->n, sizeof *df);
    if (kept->ordered == NULL || all->columns == NULL || df == NULL) {
        tmli_free(df);
        return tmli_fail_memory(err, "the terms of a vocabulary");
    }
    for (size_t i = 0; i < all->terms.n; i++) {
        all->columns[i] = TMLI_NO_TERM;
    }
    for (size_t column = 0; column < kept->n; column++) {
        const size_t i = (size_t)kept->items[column].value;
        kept->ordered[column] = text_of(kept, i);
        all->columns[kept->numbers[i]] = (uint32_t)column;
        df[column] = all->df[kept->numbers[i]];
    }
    for (size_t l = 1; l < b->n_lanes; l++) {
        tmli_bag_lane *const lane = b->lanes + l;
        for (size_t i = 0; i < lane->terms.n; i++) {
            lane->columns[i] = all->columns[lane->columns[i]];
        }
    }
    const tml_status status = tmli_vocab_build_ordered(kept->ordered, kept->n, &out->vocab, err);
    if (status != TML_OK) {
        tmli_free(df);
        return status;
    }
    out->df = df;
    return TML_OK;
}

tml_status tmli_bag_select(tmli_bag_builder *builder, size_t n_training, tmli_bag_selection *out,
                           tml_error *err)
{
    tml_status status = TML_OK;
    tmli_bag_lane *const all = builder->lanes;
    kept_terms kept = {0};
    TMLI_TRY(merge_lanes(builder, err));
    TMLI_TRY(keep_by_documents(builder, n_training, &kept, err));
    TMLI_TRY(write_texts(&all->terms, &kept, err));
    sort_terms(&kept);
    TMLI_TRY(limit_terms(&kept, all->totals, builder->options.max_features, err));
    tmli_free(kept.scratch);
    kept.scratch = NULL;
    TMLI_TRY(assign_columns(builder, &kept, out, err));
    tmli_terms_deinit(&all->terms);
    tmli_free(all->df);
    tmli_free(all->totals);
    all->df = NULL;
    all->totals = NULL;
cleanup:
    kept_deinit(&kept);
    return status;
}
