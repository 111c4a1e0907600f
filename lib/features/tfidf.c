/* scikit-learn 1.2.1: TfidfTransformer in feature_extraction/text.py, norms in utils/sparsefuncs_fast.pyx. */
#include "features/tfidf.h"

#include <math.h>

double tmli_idf(size_t n, size_t df, bool smooth)
{
    const double more = smooth ? 1.0 : 0.0;
    return log(((double)n + more) / ((double)df + more)) + 1.0;
}

unsigned tmli_bits_for(size_t n)
{
    return n > 1 ? (unsigned)(64 - __builtin_clzll((unsigned long long)n - 1)) : 0;
}

size_t tmli_combine(tmli_item *items, tmli_item *scratch, size_t n, unsigned n_bits)
{
    const tmli_item *const sorted = tmli_radix_sort(items, scratch, n, n_bits);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && items[kept - 1].key == sorted[i].key) {
            items[kept - 1].value += sorted[i].value;
        } else {
            items[kept++] = sorted[i];
        }
    }
    return kept;
}

static double norm_of(tmli_norm norm, const double *values, size_t n)
{
    double sum = 0;
    switch (norm) {
    case TMLI_NORM_NONE: return 1.0;
    case TMLI_NORM_L1:
        for (size_t i = 0; i < n; i++) {
            sum += fabs(values[i]);
        }
        return sum;
    case TMLI_NORM_L2:
        for (size_t i = 0; i < n; i++) {
            sum += values[i] * values[i];
        }
        return sqrt(sum);
    }
    return 1.0;
}

void tmli_weigh(const tmli_weighting *weighting, const tmli_item *items, size_t n,
                uint32_t *columns, double *values)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t count = weighting->binary ? 1 : items[i].value;
        double value = (double)count;
        if (weighting->sublinear_tf && count > 1) { /* ln 1 is 0 */
            value = log(value) + 1.0;
        }
        columns[i] = (uint32_t)items[i].key;
        values[i] = weighting->idf != NULL ? value * weighting->idf[items[i].key] : value;
    }
    const double norm = norm_of(weighting->norm, values, n);
    if (weighting->norm != TMLI_NORM_NONE && norm != 0) {
        for (size_t i = 0; i < n; i++) {
            values[i] /= norm;
        }
    }
}
