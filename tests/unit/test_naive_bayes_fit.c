/* Fitting naive Bayes: what is refused, what is stored, what extreme data do. The numbers are test_naive_bayes'. */
#include "models/naive_bayes_fit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <string.h>

#include "support/alloc_fail.h"
#include "support/near.h"

enum {
    CLASSES = 3,
    COLUMNS = 4
};

/* Sums {1, 0, 2, 0}, {0, 0, 3, 0}, {0, 4, 0.5, 0} of 2, 1 and 3 rows. */
static tmli_nb_stats make_stats(bool is_binary)
{
    tmli_nb_stats stats;
    assert_int_equal(tmli_nb_stats_init(CLASSES, COLUMNS, is_binary, &stats, NULL), TML_OK);
    memcpy(stats.weights, ((const double[]){2, 1, 3}), CLASSES * sizeof(double));
    memcpy(stats.sums, ((const double[]){1, 0, 2, 0, 0, 0, 3, 0, 0, 4, 0.5, 0}),
           sizeof(double) * CLASSES * COLUMNS);
    return stats;
}

static void refuse(const tmli_nb_stats *stats, const tmli_nb_options *options, tml_status want,
                   const char *text)
{
    tmli_nb nb = {.n_classes = 77};
    tml_error err = {0};
    assert_int_equal(tmli_nb_fit(stats, options, &nb, &err), want);
    if (strstr(err.text, text) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.text, text);
    }
    assert_int_equal(nb.n_classes, 77);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    static const double bad_alphas[] = {0, -1, 9e-11, NAN, INFINITY};
    static const double bad_priors[][CLASSES] = {
        {0, 0.5, 0.5}, {1, 0, 0}, {-0.5, 0.5, 1}, {NAN, 0.5, 0.5}, {0.5, 0.5, 1.5}};
    static const double unequal_priors[CLASSES] = {0.25, 0.25, 0.25};
    static const double bad_weights[][CLASSES] = {{1, -1, 1}, {1, NAN, 1}, {1, INFINITY, 1}};
    tmli_nb_stats stats = make_stats(false);
    tmli_nb_options options = tmli_nb_options_default(TMLI_NB_MULTINOMIAL);
    for (size_t i = 0; i < 5; i++) {
        options.alpha = bad_alphas[i];
        refuse(&stats, &options, TML_EINVAL, "at least 1e-10");
        refuse(&stats, &options, TML_EINVAL, "use 1e-10 for next to none, 0.01 or 1");
    }
    options.alpha = 1;
    for (size_t i = 0; i < 5; i++) {
        options.priors = bad_priors[i];
        refuse(&stats, &options, TML_EINVAL, "is not between 0 and 1");
    }
    options.priors = unequal_priors;
    refuse(&stats, &options, TML_EINVAL, "add up to 0.75, expected 1");
    options.priors = NULL;
    for (size_t i = 0; i < 3; i++) {
        options.class_weights = bad_weights[i];
        refuse(&stats, &options, TML_EINVAL, "of class 1 is not a finite number of at least 0");
    }
    options.class_weights = NULL;
    options.norm = true;
    refuse(&stats, &options, TML_EINVAL, "only complement");
    options.norm = false;
    options.kind = TMLI_NB_BERNOULLI;
    refuse(&stats, &options, TML_EINVAL, "Bernoulli needs counts of rows");
    tmli_nb_stats_deinit(&stats);
    stats = make_stats(true);
    options.kind = TMLI_NB_COMPLEMENT;
    refuse(&stats, &options, TML_EINVAL, "Bernoulli needs counts of rows");
    tmli_nb_stats_deinit(&stats);
}

static void data_that_cannot_be_fitted_are_refused(void **state)
{
    (void)state;
    tmli_nb_options options = tmli_nb_options_default(TMLI_NB_COMPLEMENT);
    tmli_nb_stats stats = make_stats(false);
    stats.weights[0] = 0;
    stats.weights[2] = 0;
    refuse(&stats, &options, TML_EINVAL, "belong to 1 class, expected at least 2");
    stats.weights[1] = 0;
    refuse(&stats, &options, TML_EINVAL, "belong to 0 classes, expected at least 2");
    tmli_nb_stats_deinit(&stats);

    stats = make_stats(false);
    static const double only_one[CLASSES] = {0, 2, 0};
    options.class_weights = only_one;
    refuse(&stats, &options, TML_EINVAL, "belong to 1 class, expected at least 2");
    options.class_weights = NULL;
    stats.sums[0] = DBL_MAX;
    stats.sums[2] = DBL_MAX;
    refuse(&stats, &options, TML_ENUMERIC, "not finite");
    tmli_nb_stats_deinit(&stats);

    assert_int_equal(tmli_nb_stats_init(2, 1, false, &stats, NULL), TML_OK);
    options.norm = true;
    refuse(&stats, &options, TML_EINVAL, "at least 2 columns");
    tmli_nb_stats_deinit(&stats);
}

/* Only what has a count is stored, except where the formulas do not allow it. */
static void cells_without_a_count_take_no_memory(void **state)
{
    (void)state;
    static const uint32_t offsets[COLUMNS + 1] = {0, 1, 2, 5, 5};
    static const uint16_t classes[] = {0, 2, 0, 1, 2};
    static const struct {
        tmli_nb_kind kind;
        bool norm, one_vs_rest;
        bool is_dense, has_terms;
    } cases[] = {
        {TMLI_NB_MULTINOMIAL, false, false, false, false},
        {TMLI_NB_MULTINOMIAL, false, true, false, true},
        {TMLI_NB_COMPLEMENT, false, false, false, true},
        {TMLI_NB_COMPLEMENT, true, false, false, true},
        {TMLI_NB_COMPLEMENT, false, true, false, true},
        {TMLI_NB_COMPLEMENT, true, true, true, false},
        {TMLI_NB_BERNOULLI, false, false, false, false},
        {TMLI_NB_BERNOULLI, false, true, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tmli_nb_stats stats = make_stats(cases[i].kind == TMLI_NB_BERNOULLI);
        tmli_nb_options options = tmli_nb_options_default(cases[i].kind);
        options.norm = cases[i].norm;
        options.one_vs_rest = cases[i].one_vs_rest;
        tmli_nb nb;
        assert_int_equal(tmli_nb_fit(&stats, &options, &nb, NULL), TML_OK);
        assert_int_equal(nb.n_deltas, cases[i].is_dense ? CLASSES * COLUMNS : 5);
        assert_int_equal(nb.terms != NULL, cases[i].has_terms);
        if (!cases[i].is_dense) {
            assert_memory_equal(nb.offsets, offsets, sizeof offsets);
            assert_memory_equal(nb.classes, classes, sizeof classes);
        }
        tmli_nb view; /* what is fitted is also what a file may hold */
        assert_int_equal(tmli_nb_view(&nb, &view, NULL), TML_OK);
        assert_null(view.owned_numbers);
        tmli_nb_deinit(&nb);
        tmli_nb_stats_deinit(&stats);
    }
}

/* Class weight 0, or all rows of weight 0: such a class is never chosen. */
static void a_class_without_weight_has_probability_0(void **state)
{
    (void)state;
    static const double class_weights[CLASSES] = {1, 0, 1};
    static const uint32_t columns[] = {2};
    static const double values[] = {1};
    for (int one_vs_rest = 0; one_vs_rest < 2; one_vs_rest++) {
        for (int kind = 0; kind < 2; kind++) {
            const bool is_binary = kind == 1;
            tmli_nb_stats stats = make_stats(is_binary);
            tmli_nb_options options =
                tmli_nb_options_default(is_binary ? TMLI_NB_BERNOULLI : TMLI_NB_MULTINOMIAL);
            options.class_weights = class_weights;
            options.one_vs_rest = one_vs_rest != 0;
            tmli_nb nb;
            double p[CLASSES];
            assert_int_equal(tmli_nb_fit(&stats, &options, &nb, NULL), TML_OK);
            tmli_nb_scores(&nb, columns, values, 1, p);
            tmli_nb_probabilities(&nb, p, p);
            assert_true(p[1] == 0 && p[0] > 0 && p[2] > 0);
            assert_near(p[0] + p[2], 1, 1e-15);
            tmli_nb_deinit(&nb);
            tmli_nb_stats_deinit(&stats);
        }
    }
}

/* scikit-learn's T + α - N is 0 there, its weights infinite and its probabilities NaN. */
static void large_counts_and_a_small_alpha_stay_finite(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        tmli_nb_stats stats = make_stats(false);
        stats.sums[0] = 1e9;
        tmli_nb_options options = tmli_nb_options_default(TMLI_NB_COMPLEMENT);
        options.alpha = 1e-10;
        options.one_vs_rest = form % 2 != 0;
        options.norm = form / 2 != 0;
        tmli_nb nb;
        assert_int_equal(tmli_nb_fit(&stats, &options, &nb, NULL), TML_OK);
        for (size_t c = 0; c < CLASSES; c++) {
            for (size_t j = 0; j < COLUMNS; j++) {
                assert_true(isfinite(tmli_nb_weight(&nb, c, j)));
            }
        }
        tmli_nb_deinit(&nb);
        tmli_nb_stats_deinit(&stats);
    }
}

static void exact_sums_keep_what_is_rounded_off(void **state)
{
    (void)state;
    static const double terms[] = {1, 1e100, 1, -1e100, 1e-30};
    tmli_exact_sum sum = {0};
    for (size_t i = 0; i < sizeof terms / sizeof *terms; i++) {
        tmli_exact_add(&sum, terms[i]);
    }
    assert_near(tmli_exact_total(&sum), 2, 0);
}

static void others_are_added_without_cancelling(void **state)
{
    (void)state;
    static const double x[] = {1e-20, 1e20, 3, 0};
    double others[4];
    tmli_nb_add_others(x, 4, others);
    assert_true(others[1] == 3);
    assert_near(others[0] / 1e20, 1, 1e-15);
    tmli_nb_add_others(x, 1, others);
    assert_true(others[0] == 0);
    tmli_nb_add_others(x, 0, others);
}

static void every_failed_allocation_is_reported(void **state)
{
    (void)state;
    tmli_nb_stats stats = make_stats(false);
    const tmli_nb_options options = tmli_nb_options_default(TMLI_NB_COMPLEMENT);
    for (size_t nth = 0;; nth++) {
        tmli_nb nb = {.n_classes = 77};
        fail_allocation(nth);
        const tml_status status = tmli_nb_fit(&stats, &options, &nb, NULL);
        fail_allocation(NEVER);
        if (status == TML_OK) {
            tmli_nb_deinit(&nb);
            assert_int_equal(nth, 6);
            break;
        }
        assert_int_equal(status, TML_ENOMEM);
        assert_int_equal(nb.n_classes, 77);
    }
    tmli_nb_stats_deinit(&stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(data_that_cannot_be_fitted_are_refused),
        cmocka_unit_test(cells_without_a_count_take_no_memory),
        cmocka_unit_test(a_class_without_weight_has_probability_0),
        cmocka_unit_test(large_counts_and_a_small_alpha_stay_finite),
        cmocka_unit_test(exact_sums_keep_what_is_rounded_off),
        cmocka_unit_test(others_are_added_without_cancelling),
        cmocka_unit_test(every_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
