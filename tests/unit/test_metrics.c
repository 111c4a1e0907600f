/* Metrics against scikit-learn 1.2.1 (Debian's python3-sklearn 1.2.1+dfsg-1):
 *   accuracy_score, confusion_matrix, precision_recall_fscore_support(zero_division=0), log_loss(eps=1e-15), with labels=range(k). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "support/alloc_fail.h"
#include "support/near.h"
#include "textml/metrics.h"

static const double TOLERANCE =
    1e-15; /* the same divisions of the same counts, sums in another order */

static void assert_class(const tml_class_metrics *got, double precision, double recall, double f1,
                         uint64_t support)
{
    assert_near(got->precision, precision, TOLERANCE);
    assert_near(got->recall, recall, TOLERANCE);
    assert_near(got->f1, f1, TOLERANCE);
    assert_int_equal(got->support, support);
}

enum {
    N_ROWS = 10,
    N_CLASSES = 5
};

/* Class 3 has no rows, class 4 no prediction. */
static const uint32_t truth[N_ROWS] = {0, 0, 0, 1, 1, 2, 2, 2, 2, 4};
static const uint32_t predicted[N_ROWS] = {0, 1, 0, 1, 1, 2, 2, 0, 3, 2};
static const double probabilities[N_ROWS * N_CLASSES] = {
    0.5,   0.25,  0.125,  0.0625,  0.0625,  /**/
    0.25,  0.5,   0.125,  0.0625,  0.0625,  /**/
    0.75,  0.125, 0.0625, 0.03125, 0.03125, /**/
    0.125, 0.5,   0.125,  0.125,   0.125,   /**/
    0.0,   1.0,   0.0,    0.0,     0.0,     /**/
    0.0,   0.0,   1.0,    0.0,     0.0,     /**/
    0.25,  0.125, 0.5,    0.0625,  0.0625,  /**/
    0.5,   0.25,  0.125,  0.125,   0.0,     /**/
    0.25,  0.125, 0.125,  0.5,     0.0,     /**/
    0.25,  0.25,  0.5,    0.0,     0.0,     /* the true class has probability 0 */
};

static void figures_are_scikit_learns(void **state)
{
    (void)state;
    static const uint64_t confusion[N_CLASSES * N_CLASSES] = {
        2, 1, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0,
    };
    tml_metrics m;
    assert_int_equal(
        tml_metrics_compute(truth, predicted, probabilities, N_ROWS, N_CLASSES, &m, NULL), TML_OK);
    assert_int_equal(m.n_classes, N_CLASSES);
    assert_int_equal(m.n_rows, N_ROWS);
    assert_near(m.accuracy, 0.6, TOLERANCE);
    assert_near(m.log_loss, 4.2451077453521862, TOLERANCE);
    assert_class(&m.macro, 0.4, 0.43333333333333329, 0.40761904761904766, N_ROWS);
    assert_class(&m.micro, 0.6, 0.6, 0.6, N_ROWS);
    assert_class(&m.weighted, 0.6, 0.6, 0.58857142857142863, N_ROWS);
    assert_class(&m.classes[0], 2.0 / 3, 2.0 / 3, 2.0 / 3, 3);
    assert_class(&m.classes[1], 2.0 / 3, 1, 0.8, 2);
    assert_class(&m.classes[2], 2.0 / 3, 0.5, 0.57142857142857151, 4);
    assert_class(&m.classes[3], 0, 0, 0, 0);
    assert_class(&m.classes[4], 0, 0, 0, 1);
    assert_memory_equal(m.confusion, confusion, sizeof confusion);
    tml_metrics_deinit(&m);
    assert_null(m.classes);
}

static void two_classes_are_scikit_learns(void **state)
{
    (void)state;
    static const uint32_t want[] = {0, 1, 1, 0, 1, 1, 0};
    static const uint32_t got[] = {0, 1, 0, 0, 1, 1, 1};
    tml_metrics m;
    assert_int_equal(tml_metrics_compute(want, got, NULL, 7, 2, &m, NULL), TML_OK);
    assert_near(m.accuracy, 0.7142857142857143, TOLERANCE);
    assert_true(isnan(m.log_loss));
    assert_class(&m.macro, 0.70833333333333326, 0.70833333333333326, 0.70833333333333326, 7);
    assert_class(&m.micro, 0.7142857142857143, 0.7142857142857143, 0.7142857142857143, 7);
    assert_class(&m.weighted, 0.7142857142857143, 0.7142857142857143, 0.7142857142857143, 7);
    tml_metrics_deinit(&m);
}

/* The published confusion matrix of 20 newsgroups (TF-IDF and naive Bayes on the full test part) and its figures. */
enum {
    NEWSGROUPS = 20,
    NEWSGROUP_ROWS = 7532
};
static const uint16_t newsgroups[NEWSGROUPS][NEWSGROUPS] = {
    {241, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 1, 4, 4, 30, 3, 6, 2, 23},
    {0, 294, 12, 15, 11, 24, 6, 1, 0, 0, 0, 6, 11, 1, 5, 1, 0, 2, 0, 0},
    {1, 22, 263, 46, 9, 19, 8, 0, 0, 0, 1, 5, 2, 3, 5, 4, 1, 0, 3, 2},
    {0, 10, 29, 293, 24, 0, 10, 1, 0, 0, 1, 1, 22, 0, 1, 0, 0, 0, 0, 0},
    {0, 6, 13, 18, 300, 4, 14, 5, 1, 0, 2, 4, 11, 2, 3, 0, 1, 0, 1, 0},
    {0, 35, 18, 11, 3, 312, 0, 1, 3, 0, 1, 5, 2, 1, 2, 0, 1, 0, 0, 0},
    {0, 1, 4, 34, 11, 0, 290, 16, 8, 1, 7, 1, 10, 1, 4, 0, 0, 0, 1, 1},
    {1, 3, 1, 2, 0, 0, 10, 347, 17, 2, 0, 0, 6, 0, 2, 1, 2, 0, 2, 0},
    {1, 0, 0, 1, 0, 0, 3, 16, 375, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0},
    {0, 0, 0, 1, 1, 0, 3, 0, 0, 369, 15, 1, 1, 0, 2, 2, 1, 0, 1, 0},
    {0, 0, 0, 0, 0, 0, 1, 0, 2, 4, 387, 1, 0, 0, 0, 2, 1, 0, 1, 0},
    {1, 8, 1, 4, 3, 1, 1, 0, 0, 0, 0, 363, 2, 3, 1, 0, 8, 0, 0, 0},
    {2, 15, 8, 26, 9, 2, 7, 5, 8, 0, 1, 17, 283, 7, 2, 0, 0, 0, 1, 0},
    {5, 11, 0, 1, 1, 0, 4, 6, 1, 2, 2, 0, 7, 324, 6, 11, 5, 2, 7, 1},
    {2, 6, 0, 1, 1, 4, 2, 0, 1, 0, 0, 3, 5, 2, 356, 2, 1, 2, 4, 2},
    {6, 1, 1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 2, 1, 377, 0, 1, 1, 4},
    {2, 0, 0, 1, 0, 1, 1, 1, 1, 0, 1, 4, 0, 2, 3, 1, 321, 2, 13, 10},
    {11, 1, 0, 1, 0, 0, 0, 0, 1, 2, 0, 1, 0, 0, 0, 3, 1, 342, 13, 0},
    {8, 2, 0, 0, 2, 1, 0, 0, 0, 0, 1, 4, 0, 3, 7, 0, 83, 4, 186, 9},
    {35, 3, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 2, 5, 40, 13, 3, 4, 144},
};

static void newsgroups_have_the_published_figures(void **state)
{
    (void)state;
    uint32_t want[NEWSGROUP_ROWS];
    uint32_t got[NEWSGROUP_ROWS];
    size_t n = 0;
    for (uint32_t row = 0; row < NEWSGROUPS; row++) {
        for (uint32_t column = 0; column < NEWSGROUPS; column++) {
            for (uint16_t i = 0; i < newsgroups[row][column]; i++) {
                assert_true(n < NEWSGROUP_ROWS);
                want[n] = row;
                got[n++] = column;
            }
        }
    }
    assert_int_equal(n, NEWSGROUP_ROWS);
    tml_metrics m;
    assert_int_equal(tml_metrics_compute(want, got, NULL, n, NEWSGROUPS, &m, NULL), TML_OK);
    assert_near(m.accuracy, 0.8187732342007435, TOLERANCE);
    assert_near(m.macro.f1, 0.8118865539222201, TOLERANCE);
    tml_metrics_deinit(&m);
}

static void no_rows_give_zeros(void **state)
{
    (void)state;
    tml_metrics m;
    assert_int_equal(tml_metrics_compute(NULL, NULL, probabilities, 0, 2, &m, NULL), TML_OK);
    assert_true(m.accuracy == 0 && m.log_loss == 0);
    assert_class(&m.macro, 0, 0, 0, 0);
    assert_class(&m.micro, 0, 0, 0, 0);
    assert_class(&m.weighted, 0, 0, 0, 0);
    tml_metrics_deinit(&m);
}

static void classes_out_of_range_are_refused(void **state)
{
    (void)state;
    static const uint32_t good[] = {0, 1, 1};
    static const uint32_t bad[] = {0, 1, 2};
    tml_metrics m = {.n_classes = 77};
    tml_error err = {0};
    assert_int_equal(tml_metrics_compute(good, bad, NULL, 3, 2, &m, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "row 2"));
    err = (tml_error){0};
    assert_int_equal(tml_metrics_compute(bad, good, NULL, 3, 2, &m, &err), TML_EINVAL);
    assert_non_null(strstr(err.text, "row 2"));
    assert_int_equal(m.n_classes, 77); /* untouched */
}

static void probabilities_out_of_range_are_refused(void **state)
{
    (void)state;
    static const double bad[] = {NAN, -0.01, 1.01, INFINITY};
    static const uint32_t classes[] = {1, 0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const double rows[4] = {0.5, 0.5, 0.5, bad[i]};
        tml_metrics m;
        tml_error err = {0};
        assert_int_equal(tml_metrics_compute(classes, classes, rows, 2, 2, &m, &err), TML_ENUMERIC);
        assert_non_null(strstr(err.text, "row 1, class 1"));
    }
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    for (size_t nth = 0;; nth++) {
        tml_metrics m = {.n_classes = 77};
        fail_allocation(nth);
        const tml_status status =
            tml_metrics_compute(truth, predicted, NULL, N_ROWS, N_CLASSES, &m, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tml_metrics_deinit(&m);
            assert_int_equal(nth, 3);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(m.n_classes, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_scikit_learns),
        cmocka_unit_test(two_classes_are_scikit_learns),
        cmocka_unit_test(newsgroups_have_the_published_figures),
        cmocka_unit_test(no_rows_give_zeros),
        cmocka_unit_test(classes_out_of_range_are_refused),
        cmocka_unit_test(probabilities_out_of_range_are_refused),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
