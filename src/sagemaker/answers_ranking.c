/* The k best of many scores. A heap of bounded size finds the next ones in a pass over all of them, so that even a request
 * for each of 65,000 labels takes neither memory nor quadratic time. */
#include <math.h>

#include "sagemaker/answers.h"

/* Whether label a comes before label b. */
static bool is_before(const sm_ranking *ranking, uint32_t a, uint32_t b)
{
    const double x = ranking->scores[a];
    const double y = ranking->scores[b];
    const bool is_equal = x == y || (isnan(x) && isnan(y));
    return is_equal ? a < b : x > y || isnan(y);
}

static void swap(uint32_t *a, uint32_t *b)
{
    const uint32_t kept = *a;
    *a = *b;
    *b = kept;
}

/* Lets item i of a heap of n sink; the last in order stands at the top. */
static void sink(sm_ranking *ranking, size_t i, size_t n)
{
    uint32_t *const heap = ranking->batch;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) {
            return;
        }
        if (child + 1 < n && is_before(ranking, heap[child], heap[child + 1])) {
            child++;
        }
        if (!is_before(ranking, heap[i], heap[child])) {
            return;
        }
        swap(&heap[i], &heap[child]);
        i = child;
    }
}

static void rise(sm_ranking *ranking, size_t i)
{
    uint32_t *const heap = ranking->batch;
    while (i > 0 && is_before(ranking, heap[(i - 1) / 2], heap[i])) {
        swap(&heap[i], &heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

/* The best ones behind the batch before, in order. */
static void find_batch(sm_ranking *ranking)
{
    const size_t room = ranking->n_left < SM_RANKING_BATCH ? ranking->n_left : SM_RANKING_BATCH;
    size_t n = 0;
    for (size_t i = 0; i < ranking->n_scores; i++) {
        const uint32_t label = (uint32_t)i;
        if (ranking->has_last &&
            (label == ranking->last || is_before(ranking, label, ranking->last))) {
            continue;
        }
        if (n < room) {
            ranking->batch[n] = label;
            rise(ranking, n++);
        } else if (is_before(ranking, label, ranking->batch[0])) {
            ranking->batch[0] = label;
            sink(ranking, 0, n);
        }
    }
    ranking->n_batch = n;
    ranking->at = 0;
    while (n > 1) { /* the heap's top is its last: put it there */
        n--;
        swap(&ranking->batch[0], &ranking->batch[n]);
        sink(ranking, 0, n);
    }
}

void sm_ranking_begin(sm_ranking *ranking, const double *scores, size_t n, size_t k)
{
    ranking->scores = scores;
    ranking->n_scores = n;
    ranking->n_left = k < n ? k : n;
    ranking->has_last = false;
    ranking->n_batch = 0;
    ranking->at = 0;
}

bool sm_ranking_next(sm_ranking *ranking, size_t *label)
{
    if (ranking->n_left == 0) {
        return false;
    }
    if (ranking->at == ranking->n_batch) {
        if (ranking->n_batch > 0) {
            ranking->last = ranking->batch[ranking->n_batch - 1];
            ranking->has_last = true;
        }
        find_batch(ranking);
    }
    *label = ranking->batch[ranking->at++];
    ranking->n_left--;
    return true;
}
