/* Counting. Rows are visited class by class, so that the sums of one class stay in the cache; within a class in their
 * order, whatever the cut into steps. */
#include "models/naive_bayes_stats.h"

#include <math.h>

#include "base/mem.h"
#include "base/status.h"

enum {
    STEPS_PER_THREAD = 4 /* classes differ in size: enough steps to even that out */
};

tml_status tmli_nb_stats_init(size_t n_classes, size_t n_columns, bool is_binary,
                              tmli_nb_stats *out, tml_error *err)
{
    if (n_classes < 2) {
        return tmli_fail(err, TML_EINVAL,
                         "naive Bayes: the data have %zu class%s, expected at least 2", n_classes,
                         n_classes == 1 ? "" : "es");
    }
    if (n_classes > TMLI_NB_MAX_CLASSES) {
        return tmli_fail(err, TML_ELIMIT, "naive Bayes: %zu classes, expected at most %d",
                         n_classes, TMLI_NB_MAX_CLASSES);
    }
    if (n_columns == 0) {
        return tmli_fail(err, TML_EINVAL, "naive Bayes: the data have no columns");
    }
    size_t n_cells = 0;
    if (n_columns > UINT32_MAX || !tmli_mul_size(n_classes, n_columns, &n_cells)) {
        return tmli_fail(err, TML_ELIMIT,
                         "naive Bayes: %zu classes x %zu columns do not fit in memory", n_classes,
                         n_columns);
    }
    tmli_nb_stats stats = {.n_classes = n_classes, .n_columns = n_columns, .is_binary = is_binary};
    stats.weights = tmli_calloc(n_classes, sizeof *stats.weights);
    stats.sums = tmli_calloc(n_cells, sizeof *stats.sums);
    if (stats.weights == NULL || stats.sums == NULL) {
        tmli_nb_stats_deinit(&stats);
        return tmli_fail_memory(err, "the sums of naive Bayes");
    }
    *out = stats;
    return TML_OK;
}

void tmli_nb_stats_deinit(tmli_nb_stats *stats)
{
    tmli_free(stats->weights);
    tmli_free(stats->sums);
    *stats = (tmli_nb_stats){0};
}

/* ---- checks ---- */

static bool is_value_allowed(const tmli_nb_stats *stats, double value)
{
    return isfinite(value) && (stats->is_binary || value >= 0.0);
}

static tml_status check_elements(const tmli_nb_stats *stats, const tmli_csr *rows, tml_error *err)
{
    for (size_t i = 0; i < rows->n_rows; i++) {
        for (size_t k = rows->offsets[i]; k < rows->offsets[i + 1]; k++) {
            if (rows->columns[k] >= stats->n_columns) {
                return tmli_fail(err, TML_EINVAL,
                                 "naive Bayes: row %zu has column %u, expected below %zu", i,
                                 rows->columns[k], stats->n_columns);
            }
            if (!is_value_allowed(stats, rows->values[k])) {
                return tmli_fail(
                    err, TML_EINVAL, "naive Bayes: value %g at row %zu, column %u, expected %s",
                    rows->values[k], i, rows->columns[k],
                    stats->is_binary ? "a finite number"
                                     : "a finite number that is not negative, as counts and "
                                       "tf-idf are");
            }
        }
    }
    return TML_OK;
}

static tml_status check_rows(const tmli_nb_stats *stats, const tmli_csr *rows,
                             const uint32_t *labels, const double *weights, tml_error *err)
{
    if (rows->n_cols != stats->n_columns) {
        return tmli_fail(err, TML_EINVAL, "naive Bayes: rows of %zu columns, expected %zu",
                         rows->n_cols, stats->n_columns);
    }
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (labels[i] >= stats->n_classes) {
            return tmli_fail(err, TML_EINVAL,
                             "naive Bayes: row %zu has class %u, expected below %zu", i, labels[i],
                             stats->n_classes);
        }
        if (weights != NULL && !(isfinite(weights[i]) && weights[i] >= 0.0)) {
            return tmli_fail(err, TML_EINVAL,
                             "naive Bayes: row %zu has weight %g, expected a finite number that is "
                             "not negative",
                             i, weights[i]);
        }
    }
    return check_elements(stats, rows, err);
}

/* ---- adding ---- */

typedef struct adding {
    const tmli_csr *rows;
    const double *weights; /* or NULL */
    const size_t *order;   /* [n_rows] rows by class, in their order within each */
    const size_t *starts;  /* [C + 1] where each class begins in order */
    size_t n_ranges;       /* of columns */
    tmli_nb_stats *stats;
} adding;

/* The first element from `from` on whose column is at least `column`. */
static size_t find_column(const uint32_t *columns, size_t from, size_t to, size_t column)
{
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (columns[middle] < column) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

/* One class, one range of columns: nobody else writes these sums. */
static void add_range(void *ctx, size_t step)
{
    const adding *const a = ctx;
    const size_t c = step / a->n_ranges;
    const size_t range = step % a->n_ranges;
    const size_t n_columns = a->stats->n_columns;
    const size_t first = n_columns * range / a->n_ranges;
    const size_t end = n_columns * (range + 1) / a->n_ranges;
    const bool is_binary = a->stats->is_binary;
    double *const sums = a->stats->sums + c * n_columns;
    for (size_t at = a->starts[c]; at < a->starts[c + 1]; at++) {
        const size_t row = a->order[at];
        const double weight = a->weights != NULL ? a->weights[row] : 1.0;
        size_t from = a->rows->offsets[row];
        size_t to = a->rows->offsets[row + 1];
        if (a->n_ranges > 1) {
            from = find_column(a->rows->columns, from, to, first);
            to = find_column(a->rows->columns, from, to, end);
        }
        for (size_t k = from; k < to; k++) {
            const double value = a->rows->values[k];
            sums[a->rows->columns[k]] += weight * (is_binary ? (double)(value > 0.0) : value);
        }
    }
}

/* Counting sort: rows of a class keep their order. */
static void sort_rows(const uint32_t *labels, size_t n_rows, size_t n_classes, size_t *order,
                      size_t *starts /* [C + 1], zeroed */)
{
    for (size_t i = 0; i < n_rows; i++) {
        starts[labels[i] + 1]++;
    }
    for (size_t c = 0; c < n_classes; c++) {
        starts[c + 1] += starts[c];
    }
    for (size_t i = 0; i < n_rows; i++) {
        order[starts[labels[i]]++] = i;
    }
    for (size_t c = n_classes; c > 0; c--) { /* each start had moved to its class's end */
        starts[c] = starts[c - 1];
    }
    starts[0] = 0;
}

tml_status tmli_nb_stats_add(tmli_nb_stats *stats, const tmli_csr *rows, const uint32_t *labels,
                             const double *weights, tmli_pool *pool, tml_error *err)
{
    tml_status status = TML_OK;
    size_t *order = NULL;
    size_t *starts = NULL;
    TMLI_TRY(check_rows(stats, rows, labels, weights, err));
    order = tmli_alloc(rows->n_rows, sizeof *order);
    starts = tmli_calloc(stats->n_classes + 1, sizeof *starts);
    if (order == NULL || starts == NULL) {
        TMLI_TRY(tmli_fail_memory(err, "the order of the rows"));
    }
    sort_rows(labels, rows->n_rows, stats->n_classes, order, starts);
    for (size_t i = 0; i < rows->n_rows; i++) {
        stats->weights[labels[i]] += weights != NULL ? weights[i] : 1.0;
    }
    const size_t n_threads = tmli_pool_threads(pool);
    const size_t n_steps = STEPS_PER_THREAD * n_threads;
    adding work = {rows, weights, order, starts, 1, stats};
    if (n_threads > 1 && stats->n_classes < n_steps) {
        work.n_ranges = (n_steps + stats->n_classes - 1) / stats->n_classes;
    }
    tmli_pool_run(pool, stats->n_classes * work.n_ranges, add_range, &work);
cleanup:
    tmli_free(order);
    tmli_free(starts);
    return status;
}

tml_status tmli_nb_stats_merge(tmli_nb_stats *into, const tmli_nb_stats *from, tml_error *err)
{
    if (into->n_classes != from->n_classes || into->n_columns != from->n_columns ||
        into->is_binary != from->is_binary) {
        return tmli_fail(err, TML_EINVAL,
                         "naive Bayes: sums of %zu classes x %zu columns of %s cannot be merged "
                         "with %zu x %zu of %s",
                         from->n_classes, from->n_columns, from->is_binary ? "rows" : "values",
                         into->n_classes, into->n_columns, into->is_binary ? "rows" : "values");
    }
    for (size_t c = 0; c < into->n_classes; c++) {
        into->weights[c] += from->weights[c];
    }
    for (size_t i = 0; i < into->n_classes * into->n_columns; i++) {
        into->sums[i] += from->sums[i];
    }
    return TML_OK;
}
