/* Curves, calibration and intervals against scikit-learn and numpy (tests/golden/curves), and what has no curve. */
#include "models/curves.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "support/alloc_fail.h"
#include "support/golden.h"
#include "support/near.h"

/* The same quotients of the same counts, added in another order. */
static const double TOLERANCE = 1e-14;

enum {
    MOST_ROWS = 128,
    MOST_BINS = 16
};

static double next_number(const char **at)
{
    char *end = NULL;
    const double value = strtod(*at, &end);
    assert_ptr_not_equal(end, *at);
    *at = end;
    return value;
}

static bool begins(const char **at, const char *word)
{
    *at += strspn(*at, " \n");
    if (strncmp(*at, word, strlen(word)) != 0) {
        return false;
    }
    *at += strlen(word);
    return true;
}

typedef struct ranked {
    unsigned char truth[MOST_ROWS];
    double scores[MOST_ROWS];
    size_t n;
} ranked;

static void compare(const golden_case *c, const char *what, double got, const char **want)
{
    const double wanted = next_number(want);
    if (!is_near(got, wanted, TOLERANCE)) {
        fail_msg("%s: %s: got %.17g, want %.17g", c->name, what, got, wanted);
    }
}

static void compare_curve(const golden_case *c, const char *what, tmli_curve *curve,
                          const char **want)
{
    compare(c, what, curve->area, want);
    compare(c, what, (double)curve->n, want);
    for (size_t i = 0; i < curve->n; i++) {
        compare(c, what, curve->x[i], want);
    }
    for (size_t i = 0; i < curve->n; i++) {
        compare(c, what, curve->y[i], want);
    }
    tmli_curve_deinit(curve);
    assert_null(curve->x);
}

static void compare_bins(const golden_case *c, const ranked *rows, const char **want)
{
    tmli_calibration_bin bins[MOST_BINS];
    const size_t n_bins = (size_t)next_number(want);
    assert_true(n_bins <= MOST_BINS);
    assert_int_equal(tmli_calibration(rows->truth, rows->scores, rows->n, n_bins, bins, NULL),
                     TML_OK);
    size_t n_filled = 0;
    uint64_t n_rows = 0;
    for (size_t b = 0; b < n_bins; b++) {
        assert_int_equal(bins[b].count == 0, isnan(bins[b].predicted));
        assert_int_equal(bins[b].count == 0, isnan(bins[b].positive));
        n_filled += bins[b].count > 0 ? 1 : 0;
        n_rows += bins[b].count;
    }
    assert_int_equal(n_rows, rows->n);
    compare(c, "filled bins", (double)n_filled, want);
    for (size_t b = 0; b < n_bins; b++) {
        if (bins[b].count > 0) {
            compare(c, "mean probability", bins[b].predicted, want);
        }
    }
    for (size_t b = 0; b < n_bins; b++) {
        if (bins[b].count > 0) {
            compare(c, "share of positives", bins[b].positive, want);
        }
    }
}

static void compare_interval(const golden_case *c, const char **want)
{
    const uint64_t k = (uint64_t)next_number(want);
    const uint64_t n = (uint64_t)next_number(want);
    const tmli_interval got = tmli_wilson(k, n, next_number(want));
    compare(c, "low", got.low, want);
    compare(c, "high", got.high, want);
}

/* Areas without points are those of the curves, bit by bit. */
static void compare_areas(const ranked *rows, double roc, double average_precision)
{
    tmli_curve curve;
    assert_int_equal(tmli_roc(rows->truth, rows->scores, rows->n, &curve, NULL), TML_OK);
    assert_memory_equal(&roc, &curve.area, sizeof roc);
    tmli_curve_deinit(&curve);
    assert_int_equal(tmli_precision_recall(rows->truth, rows->scores, rows->n, &curve, NULL),
                     TML_OK);
    assert_memory_equal(&average_precision, &curve.area, sizeof average_precision);
    tmli_curve_deinit(&curve);
}

static void areas_alone_are_those_of_the_curves(void **state)
{
    (void)state;
    tmli_rng rng = tmli_rng_at(7, TMLI_RNG_TABLE, 0, 0);
    for (size_t round = 0; round < 300; round++) {
        ranked rows = {.n = 1 + round % 60};
        const float ties = 1.0F + (float)(round % 7) * 3.0F;
        for (size_t i = 0; i < rows.n; i++) {
            rows.truth[i] = tmli_rng_uniform(&rng) < 0.02F * (float)(round % 50);
            rows.scores[i] = floor((double)(ties * tmli_rng_uniform(&rng)));
        }
        double roc = 0;
        double average_precision = 0;
        assert_int_equal(
            tmli_curve_areas(rows.truth, rows.scores, rows.n, &roc, &average_precision, NULL),
            TML_OK);
        compare_areas(&rows, roc, average_precision);
    }
}

static void areas_of_numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const unsigned char truth[] = {0, 1};
    const double scores[] = {0.5, NAN};
    double roc = 7;
    double average_precision = 8;
    tml_error err = {0};
    assert_int_equal(tmli_curve_areas(truth, scores, 2, &roc, &average_precision, &err),
                     TML_ENUMERIC);
    assert_non_null(strstr(err.text, "of row 1 is not finite"));
    fail_allocation(0);
    const double fine[] = {0.5, 0.25};
    const tml_status status = tmli_curve_areas(truth, fine, 2, &roc, &average_precision, &err);
    fail_allocation(NEVER);
    assert_int_equal(status, TML_ENOMEM);
    assert_true(roc == 7 && average_precision == 8);
}

static void check_case(const golden_case *c)
{
    ranked rows;
    tmli_curve curve;
    const char *in = c->input.data;
    const char *want = c->want.data;
    rows.n = (size_t)next_number(&in);
    assert_true(rows.n <= MOST_ROWS);
    for (size_t i = 0; i < rows.n; i++) {
        rows.truth[i] = (unsigned char)next_number(&in);
        rows.scores[i] = next_number(&in);
    }
    assert_true(begins(&want, "roc"));
    assert_int_equal(tmli_roc(rows.truth, rows.scores, rows.n, &curve, NULL), TML_OK);
    compare_curve(c, "roc", &curve, &want);
    assert_true(begins(&want, "precision_recall"));
    assert_int_equal(tmli_precision_recall(rows.truth, rows.scores, rows.n, &curve, NULL), TML_OK);
    compare_curve(c, "precision and recall", &curve, &want);
    double roc = 0;
    double average_precision = 0;
    assert_int_equal(
        tmli_curve_areas(rows.truth, rows.scores, rows.n, &roc, &average_precision, NULL), TML_OK);
    compare_areas(&rows, roc, average_precision);
    while (begins(&want, "calibration")) {
        compare_bins(c, &rows, &want);
    }
    while (begins(&want, "wilson")) {
        compare_interval(c, &want);
    }
    assert_true(begins(&want, "end"));
}

static void everything_is_scikit_learns(void **state)
{
    (void)state;
    golden_each("curves", check_case);
}

static void one_side_alone_has_no_curve(void **state)
{
    (void)state;
    static const unsigned char truth[] = {0, 0, 0, 1, 1};
    static const double scores[] = {0.1, 0.2, 0.3, 0.4, 0.5};
    static const struct {
        size_t first, n;
    } cases[] = {{0, 3}, {3, 2}, {0, 0}};
    for (size_t i = 0; i < 3; i++) {
        for (int kind = 0; kind < 2; kind++) {
            tmli_curve curve = {.n = 77};
            assert_int_equal(
                (kind == 0 ? tmli_roc : tmli_precision_recall)(
                    truth + cases[i].first, scores + cases[i].first, cases[i].n, &curve, NULL),
                TML_OK);
            assert_true(isnan(curve.area));
            assert_int_equal(curve.n, 0);
            assert_true(curve.x == NULL && curve.y == NULL);
            tmli_curve_deinit(&curve);
        }
    }
}

static void any_truth_but_0_is_positive(void **state)
{
    (void)state;
    static const unsigned char truth[] = {0, 7, 0, 255};
    static const double scores[] = {1, 2, 3, 4};
    tmli_curve curve;
    assert_int_equal(tmli_roc(truth, scores, 4, &curve, NULL), TML_OK);
    assert_true(curve.area == 0.75);
    tmli_curve_deinit(&curve);
}

static void numbers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const double bad[] = {NAN, INFINITY, -INFINITY, -0.1, 1.1};
    static const unsigned char truth[] = {0, 1, 0};
    for (size_t i = 0; i < 5; i++) {
        const double scores[] = {0.5, 0.25, bad[i]};
        tmli_curve curve = {.n = 77};
        tmli_calibration_bin bins[2] = {{.count = 77}};
        tml_error errs[3] = {{TML_OK, ""}};
        const tml_status want = isfinite(bad[i]) ? TML_OK : TML_ENUMERIC;
        assert_int_equal(tmli_roc(truth, scores, 3, &curve, &errs[0]), want);
        if (want == TML_OK) {
            tmli_curve_deinit(&curve);
            curve.n = 77;
        }
        assert_int_equal(tmli_precision_recall(truth, scores, 3, &curve, &errs[1]), want);
        if (want == TML_OK) {
            tmli_curve_deinit(&curve);
        } else {
            assert_int_equal(curve.n, 77);
            assert_non_null(strstr(errs[0].text, "of row 2 is not finite"));
            assert_non_null(strstr(errs[1].text, "of row 2 is not finite"));
        }
        assert_int_equal(tmli_calibration(truth, scores, 3, 2, bins, &errs[2]), TML_ENUMERIC);
        assert_non_null(strstr(errs[2].text, "of row 2 is not in 0..1"));
        assert_int_equal(bins[0].count, 77);
    }
}

static void intervals_stay_within_0_and_1(void **state)
{
    (void)state;
    const tmli_interval unknown = tmli_wilson(0, 0, 1.96);
    assert_true(unknown.low == 0 && unknown.high == 1);
    for (uint64_t n = 1; n < 200; n++) {
        const tmli_interval none = tmli_wilson(0, n, 1.96);
        const tmli_interval all = tmli_wilson(n, n, 1.96);
        assert_true(none.low == 0 && none.high > 0 && none.high < 1);
        assert_true(all.high == 1 && all.low > 0 && all.low < 1);
        assert_near(all.low, 1 - none.high, 1e-15);
    }
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    static const unsigned char truth[] = {0, 1, 0};
    static const double scores[] = {0.5, 0.25, 0.75};
    for (size_t nth = 0;; nth++) {
        tmli_curve curve = {.n = 77};
        fail_allocation(nth);
        const tml_status status = tmli_roc(truth, scores, 3, &curve, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_curve_deinit(&curve);
            assert_int_equal(nth, 4);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(curve.n, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_scikit_learns),
        cmocka_unit_test(areas_alone_are_those_of_the_curves),
        cmocka_unit_test(areas_of_numbers_that_are_none_are_refused),
        cmocka_unit_test(one_side_alone_has_no_curve),
        cmocka_unit_test(any_truth_but_0_is_positive),
        cmocka_unit_test(numbers_that_are_none_are_refused),
        cmocka_unit_test(intervals_stay_within_0_and_1),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
