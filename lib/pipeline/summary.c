/* One pass over the training rows for each figure. Terms are ranked, not tested: the figures are for the eye. */
#include "pipeline/summary.h"

#include <assert.h>
#include <math.h>

#include "base/mem.h"
#include "base/status.h"

/* ---- rows as lists of terms, whatever the model ---- */

typedef struct term_list {
    const tmli_entry *entries; /* of sequences */
    tmli_sparse_row row;       /* of bags */
    size_t n;
} term_list;

static term_list terms_of(const tmli_encoded *part, size_t i)
{
    if (part->offsets == NULL) {
        const tmli_sparse_row row = tmli_csr_row(&part->matrix, i);
        return (term_list){.row = row, .n = row.n};
    }
    const size_t at = part->offsets[i];
    return (term_list){.entries = part->entries + at, .n = part->offsets[i + 1] - at};
}

static uint32_t term_at(const term_list *list, size_t j)
{
    if (list->entries != NULL) {
        return list->entries[j].row;
    }
    assert(list->row.columns != NULL);
    return list->row.columns[j];
}

static double value_at(const term_list *list, size_t j)
{
    if (list->entries != NULL) {
        return 1;
    }
    assert(list->row.values != NULL);
    return list->row.values[j];
}

/* ---- names ---- */

size_t tmli_model_terms(const tml_model *model)
{
    return model->vectorizer.n_blocks > 0 ? model->vectorizer.n_columns : model->vocab.n;
}

tml_str tmli_model_term(const tml_model *model, uint32_t term)
{
    const tmli_vectorizer *vectorizer = &model->vectorizer;
    if (vectorizer->n_blocks == 0) {
        return tmli_vocab_term(&model->vocab, term);
    }
    size_t block = 0;
    while (block + 1 < vectorizer->n_blocks && term >= vectorizer->bags[block].n_cols) {
        term -= (uint32_t)vectorizer->bags[block].n_cols;
        block++;
    }
    const tmli_bag *bag = &vectorizer->bags[block];
    if (bag->options.n_hashed > 0) {
        return (tml_str){0};
    }
    return tmli_vocab_term(&bag->vocab, term);
}

/* ---- ranking ---- */

/* Puts a term into its place among the n heaviest so far; of equal ones the first stays before. */
static void rank(tmli_ranked *list, size_t n, uint32_t term, double weight)
{
    if (!(weight > list[n - 1].weight)) {
        return;
    }
    size_t at = n - 1;
    while (at > 0 && weight > list[at - 1].weight) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = (tmli_ranked){term, weight};
}

/* ---- the figures ---- */

static void count_classes(const tmli_fitting *fit, struct tml_fit_summary *out)
{
    for (size_t p = 0; p < TMLI_N_PARTS; p++) {
        const tmli_encoded *part = &fit->prepared.parts[p];
        for (size_t i = 0; i < part->n; i++) {
            out->rows_per_class[p * out->n_labels + part->labels[i]]++;
        }
    }
}

/* Bins of a round width, so that 95 of 100 rows have a bin of their own and the last one has the rest. */
static tml_status measure_lengths(const tmli_encoded *train, struct tml_fit_summary *out,
                                  tml_error *err)
{
    enum {
        LONGEST = 100000
    };
    static const size_t widths[] = {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000};
    uint64_t *counts = tmli_calloc(LONGEST + 1, sizeof(*counts));
    if (counts == NULL) {
        return tmli_fail_memory(err, "the lengths");
    }
    for (size_t i = 0; i < train->n; i++) {
        const size_t n = terms_of(train, i).n;
        counts[n < LONGEST ? n : LONGEST]++;
    }
    size_t most = 0; /* 95 of 100 rows are not longer */
    for (uint64_t rows = 0; most < LONGEST && 20 * (rows + counts[most]) < 19 * train->n; most++) {
        rows += counts[most];
    }
    size_t w = 0;
    while (w + 1 < sizeof(widths) / sizeof(widths[0]) && widths[w] * TMLI_LENGTH_BINS <= most) {
        w++;
    }
    out->length_bin_width = widths[w];
    for (size_t n = 0; n <= LONGEST; n++) {
        const size_t bin = n / widths[w];
        out->length_counts[bin < TMLI_LENGTH_BINS ? bin : TMLI_LENGTH_BINS - 1] += counts[n];
    }
    tmli_free(counts);
    return TML_OK;
}

/* Sums over the training rows. */
typedef struct term_sums {
    size_t n_terms, n_labels;
    uint64_t *rows;     /* [terms] elements */
    double *all;        /* [terms] */
    double *of_class;   /* [labels, terms] */
    double *of_classes; /* [labels] */
} term_sums;

static void add_rows(const tmli_encoded *train, term_sums *sums)
{
    for (size_t i = 0; i < train->n; i++) {
        const term_list list = terms_of(train, i);
        double *of_class = sums->of_class + train->labels[i] * sums->n_terms;
        for (size_t j = 0; j < list.n; j++) {
            const uint32_t term = term_at(&list, j);
            const double value = value_at(&list, j);
            if (term < sums->n_terms) {
                sums->rows[term]++;
                sums->all[term] += value;
                of_class[term] += value;
                sums->of_classes[train->labels[i]] += value;
            }
        }
    }
}

/* A term speaks for a class by its part of the Kullback-Leibler divergence of the class's words from those of the other
 * classes, p ln(p / q): high for what is frequent here and rare there (S. Kullback, R. A. Leibler, 1951). Half an
 * occurrence more everywhere keeps q from 0. */
static void rank_telling(const term_sums *sums, size_t c, tmli_ranked *list)
{
    double total = 0;
    for (size_t other = 0; other < sums->n_labels; other++) {
        total += sums->of_classes[other];
    }
    const double here = sums->of_classes[c] + 0.5 * (double)sums->n_terms;
    const double there = total - sums->of_classes[c] + 0.5 * (double)sums->n_terms;
    for (size_t term = 0; term < sums->n_terms; term++) {
        const double value = sums->of_class[c * sums->n_terms + term];
        if (value > 0) {
            const double p = (value + 0.5) / here;
            const double q = (sums->all[term] - value + 0.5) / there;
            rank(list, TMLI_TELLING_TERMS, (uint32_t)term, 1000 * p * log(p / q));
        }
    }
}

static tml_status rank_terms(const tmli_fitting *fit, struct tml_fit_summary *out, tml_error *err)
{
    tml_status status = TML_OK;
    term_sums sums = {.n_terms = tmli_model_terms(fit->model), .n_labels = out->n_labels};
    size_t cells = 0;
    sums.rows = tmli_calloc(sums.n_terms, sizeof(*sums.rows));
    sums.all = tmli_calloc(sums.n_terms, sizeof(*sums.all));
    sums.of_classes = tmli_calloc(sums.n_labels, sizeof(*sums.of_classes));
    if (tmli_mul_size(sums.n_terms, sums.n_labels, &cells)) {
        sums.of_class = tmli_calloc(cells, sizeof(*sums.of_class));
    }
    if (sums.rows == NULL || sums.all == NULL || sums.of_classes == NULL || sums.of_class == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the terms' figures"));
    }
    add_rows(&fit->prepared.parts[TMLI_PART_TRAIN], &sums);
    for (uint32_t term = 0; term < sums.n_terms; term++) {
        rank(out->frequent, TMLI_FREQUENT_TERMS, term, (double)sums.rows[term]);
        rank(out->cloud, TMLI_CLOUD_TERMS, term, sums.all[term]);
    }
    for (size_t c = 0; c < sums.n_labels; c++) {
        rank_telling(&sums, c, out->telling + c * TMLI_TELLING_TERMS);
    }
cleanup:
    tmli_free(sums.rows);
    tmli_free(sums.all);
    tmli_free(sums.of_class);
    tmli_free(sums.of_classes);
    return status;
}

/* Names are what ranks are for: with a hashed block there are none. */
static bool has_names(const tml_model *model)
{
    for (size_t b = 0; b < model->vectorizer.n_blocks; b++) {
        if (model->vectorizer.bags[b].options.n_hashed > 0) {
            return false;
        }
    }
    return true;
}

tml_status tmli_fit_summarize(const tmli_fitting *fit, struct tml_fit_summary **out, tml_error *err)
{
    tml_status status = TML_OK;
    const size_t n_labels = fit->model->n_labels;
    struct tml_fit_summary *made = tmli_calloc(1, sizeof(*made));
    if (made == NULL) {
        return tmli_fail_memory(err, "the summary");
    }
    made->n_labels = n_labels;
    made->rows_per_class = tmli_calloc(TMLI_N_PARTS * n_labels, sizeof(*made->rows_per_class));
    made->telling = tmli_calloc(TMLI_TELLING_TERMS * n_labels, sizeof(*made->telling));
    if (made->rows_per_class == NULL || made->telling == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the summary"));
    }
    count_classes(fit, made);
    TMLI_TRY(measure_lengths(&fit->prepared.parts[TMLI_PART_TRAIN], made, err));
    if (has_names(fit->model)) {
        TMLI_TRY(rank_terms(fit, made, err));
    }
    *out = made;
    made = NULL;
cleanup:
    tmli_fit_summary_free(made);
    return status;
}

void tmli_fit_summary_free(struct tml_fit_summary *summary)
{
    if (summary != NULL) {
        tmli_free(summary->rows_per_class);
        tmli_free(summary->telling);
        tmli_free(summary);
    }
}
