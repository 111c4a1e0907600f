/* Naive Bayes against scikit-learn (tests/golden/naive_bayes), and models over borrowed arrays. */
#include "models/naive_bayes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "models/naive_bayes_explain.h"
#include "support/golden.h"
#include "support/near.h"
#include "textml/model.h"

/* What issue 3 asks for. Both sides add up some ten products and logarithms of up to 25, each within 1e-16 of its size. */
static const double TOLERANCE = 1e-12;

enum {
    MOST = 64 /* rows, columns or classes of a case */
};

/* ---- reading cases ---- */

typedef struct cursor {
    const char *at;
} cursor;

static double next_number(cursor *in)
{
    char *end = NULL;
    const double value = strtod(in->at, &end);
    assert_ptr_not_equal(end, in->at);
    in->at = end;
    return value;
}

static void expect(cursor *in, const char *text)
{
    in->at += strspn(in->at, " \n");
    assert_memory_equal(in->at, text, strlen(text));
    in->at += strlen(text);
}

typedef struct case_data {
    size_t n_classes, n_columns, n_train, n_test;
    uint32_t labels[MOST];
    double weights[MOST];
    size_t offsets[2 * MOST + 1]; /* training rows, then test rows */
    uint32_t columns[2 * MOST * MOST];
    double values[2 * MOST * MOST];
} case_data;

static void read_elements(cursor *in, case_data *data, size_t row)
{
    size_t k = data->offsets[row];
    while (*in->at == ' ') {
        data->columns[k] = (uint32_t)next_number(in);
        expect(in, ":");
        data->values[k++] = next_number(in);
    }
    assert_int_equal(*in->at, '\n');
    in->at++;
    data->offsets[row + 1] = k;
}

static void read_case(const golden_case *c, case_data *data)
{
    cursor in = {c->input.data};
    data->n_classes = (size_t)next_number(&in);
    data->n_columns = (size_t)next_number(&in);
    data->n_train = (size_t)next_number(&in);
    data->n_test = (size_t)next_number(&in);
    assert_true(data->n_classes <= MOST && data->n_columns <= MOST && data->n_train <= MOST &&
                data->n_test <= MOST);
    data->offsets[0] = 0;
    for (size_t i = 0; i < data->n_train; i++) {
        data->labels[i] = (uint32_t)next_number(&in);
        data->weights[i] = next_number(&in);
        read_elements(&in, data, i);
    }
    for (size_t i = 0; i < data->n_test; i++) {
        expect(&in, "-");
        read_elements(&in, data, data->n_train + i);
    }
}

static tmli_nb_kind kind_of(const char *word)
{
#define KIND_OF_WORD(name, text)   \
    if (strcmp(word, text) == 0) { \
        return name;               \
    }
    TMLI_NB_LIST(KIND_OF_WORD)
#undef KIND_OF_WORD
    fail_msg("no kind is called \"%s\"", word);
    return TMLI_NB_MULTINOMIAL;
}

static const double *list_option(const golden_case *c, const char *key, size_t n, double out[MOST])
{
    char value[256];
    cursor in = {golden_option(c, key, "", value)};
    if (*in.at == '\0') {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = next_number(&in);
    }
    return out;
}

static bool flag_option(const golden_case *c, const char *key)
{
    char value[256];
    return strcmp(golden_option(c, key, "0", value), "1") == 0;
}

static tmli_nb fit_case(const golden_case *c, case_data *data)
{
    char value[256];
    double priors[MOST];
    double class_weights[MOST];
    tmli_nb_options options = tmli_nb_options_default(kind_of(golden_option(c, "kind", "", value)));
    options.alpha = strtod(golden_option(c, "alpha", "", value), NULL);
    options.fit_prior = flag_option(c, "fit_prior");
    options.norm = flag_option(c, "norm");
    options.one_vs_rest = flag_option(c, "one_vs_rest");
    options.priors = list_option(c, "priors", data->n_classes, priors);
    options.class_weights = list_option(c, "class_weights", data->n_classes, class_weights);
    const tmli_csr rows = {data->n_train, data->n_columns, data->offsets, data->columns,
                           data->values};
    tmli_nb_stats stats;
    tmli_nb nb;
    assert_int_equal(tmli_nb_stats_init(data->n_classes, data->n_columns,
                                        options.kind == TMLI_NB_BERNOULLI, &stats, NULL),
                     TML_OK);
    assert_int_equal(tmli_nb_stats_add(&stats, &rows, data->labels, data->weights, NULL, NULL),
                     TML_OK);
    assert_int_equal(tmli_nb_fit(&stats, &options, &nb, NULL), TML_OK);
    tmli_nb_stats_deinit(&stats);
    return nb;
}

/* ---- comparing ---- */

static void compare(const golden_case *c, const char *what, cursor *want, double got)
{
    const double wanted = next_number(want);
    if (!is_near(got, wanted, TOLERANCE)) {
        fail_msg("%s: %s: got %.17g, want %.17g", c->name, what, got, wanted);
    }
}

static void score_row(const tmli_nb *nb, const case_data *data, size_t row, double *scores)
{
    const size_t from = data->offsets[row];
    tmli_nb_scores(nb, data->columns + from, data->values + from, data->offsets[row + 1] - from,
                   scores);
}

/* What a value of 1 in the column says for class k beyond the mean over the classes, from the weights. */
static double beyond_mean(const tmli_nb *nb, size_t k, size_t column)
{
    double mean = 0;
    double n = 0;
    for (size_t other = 0; other < nb->n_classes && !nb->one_vs_rest; other++) {
        if (nb->priors[other] > -INFINITY) {
            mean += tmli_nb_weight(nb, other, column);
            n += 1;
        }
    }
    return tmli_nb_weight(nb, k, column) - (n > 0 ? mean / n : 0);
}

/* A row's score in parts: they add up to it, and each is the weights'. scores: the row's, as scikit-learn has them. */
static void explain_row(const golden_case *c, const tmli_nb *nb, const case_data *data, size_t row,
                        const double *scores)
{
    const size_t from = data->offsets[row];
    const size_t n = data->offsets[row + 1] - from;
    double parts[MOST];
    for (size_t k = 0; k < nb->n_classes; k++) {
        const tmli_nb_explanation e =
            tmli_nb_explain(nb, k, data->columns + from, data->values + from, n, parts);
        double sum = e.constant;
        for (size_t i = 0; i < n; i++) {
            sum += parts[i];
            /* Bernoulli's weights are ln p and not what a column adds, which the sum tells. */
            if (nb->kind != TMLI_NB_BERNOULLI) {
                const double want =
                    data->values[from + i] * beyond_mean(nb, k, data->columns[from + i]);
                assert_near(parts[i], want, TOLERANCE);
            }
        }
        if (e.score > -INFINITY && !is_near(sum, e.score, TOLERANCE)) {
            fail_msg("%s: class %zu: parts and constant add up to %.17g, the score is %.17g",
                     c->name, k, sum, e.score);
        }
        assert_near(nb->one_vs_rest ? -log1p(exp(-e.score)) : e.score, scores[k], TOLERANCE);
    }
}

/* The class of a row's probabilities, but that OneVsRestClassifier takes the last of equal ones, and we the first. */
static size_t choose(const tmli_nb *nb, const double *probabilities)
{
    size_t best = tml_best(probabilities, nb->n_classes);
    for (size_t c = best + 1; nb->one_vs_rest && nb->n_classes > 2 && c < nb->n_classes; c++) {
        best = probabilities[c] == probabilities[best] ? c : best;
    }
    return best;
}

static void compare_rows(const golden_case *c, const tmli_nb *nb, const case_data *data,
                         cursor *want)
{
    double scores[MOST];
    expect(want, "scores");
    for (size_t i = 0; i < data->n_test; i++) {
        score_row(nb, data, data->n_train + i, scores);
        for (size_t k = 0; k < nb->n_classes; k++) {
            compare(c, "score", want, scores[k]);
        }
        explain_row(c, nb, data, data->n_train + i, scores);
    }
    expect(want, "probabilities");
    for (size_t i = 0; i < data->n_test; i++) {
        score_row(nb, data, data->n_train + i, scores);
        tmli_nb_probabilities(nb, scores, scores);
        for (size_t k = 0; k < nb->n_classes; k++) {
            compare(c, "probability", want, scores[k]);
        }
    }
    expect(want, "classes");
    for (size_t i = 0; i < data->n_test; i++) {
        score_row(nb, data, data->n_train + i, scores);
        tmli_nb_probabilities(nb, scores, scores);
        compare(c, "class", want, (double)choose(nb, scores));
    }
}

static void check_case(const golden_case *c)
{
    static case_data data;
    read_case(c, &data);
    tmli_nb nb = fit_case(c, &data);
    cursor want = {c->want.data};
    expect(&want, "weights");
    for (size_t k = 0; k < nb.n_classes; k++) {
        for (size_t j = 0; j < nb.n_columns; j++) {
            compare(c, "weight", &want, tmli_nb_weight(&nb, k, j));
        }
    }
    if (!nb.one_vs_rest) {
        expect(&want, "priors");
        for (size_t k = 0; k < nb.n_classes; k++) {
            const double prior = next_number(&want);
            if (nb.kind == TMLI_NB_MULTINOMIAL) { /* Bernoulli's hold more, complement has none */
                assert_near(nb.priors[k], prior, TOLERANCE);
            }
        }
    }
    compare_rows(c, &nb, &data, &want);
    tmli_nb_deinit(&nb);
    assert_null(nb.deltas);
}

static void everything_is_scikit_learns(void **state)
{
    (void)state;
    golden_each("naive_bayes", check_case);
}

/* ---- a model made by hand ---- */

enum {
    CLASSES = 3,
    COLUMNS = 4,
    DELTAS = 5
};
static const double log_priors[CLASSES] = {-1, -2, -3};
static const double bases[CLASSES] = {-0.5, -0.25, -0.125};
static const double scales[CLASSES] = {1, 1, 2};
static const double terms[COLUMNS] = {0.5, 0, 1, 2};
static const uint32_t offsets[COLUMNS + 1] = {0, 2, 2, 4, 5};
static const uint16_t classes[DELTAS] = {0, 2, 1, 2, 0};
static const double deltas[DELTAS] = {1, 2, 3, 4, 5};

static tmli_nb parts_by_hand(void)
{
    return (tmli_nb){.kind = TMLI_NB_MULTINOMIAL,
                     .n_classes = CLASSES,
                     .n_columns = COLUMNS,
                     .n_deltas = DELTAS,
                     .priors = log_priors,
                     .bases = bases,
                     .scales = scales,
                     .terms = terms,
                     .offsets = offsets,
                     .classes = classes,
                     .deltas = deltas};
}

static void a_view_scores_borrowed_arrays(void **state)
{
    (void)state;
    const tmli_nb parts = parts_by_hand();
    tmli_nb nb;
    assert_int_equal(tmli_nb_view(&parts, &nb, NULL), TML_OK);
    static const uint32_t columns[] = {0, 2, 4, UINT32_MAX}; /* the last two do not exist */
    static const double values[] = {2, 3, 100, 100};
    double scores[CLASSES];
    tmli_nb_scores(&nb, columns, values, 4, scores);
    /* Σ x term = 4, Σ x = 5 */
    static const double want[CLASSES] = {-1 + (4 - 2.5 + 2), -2 + (4 - 1.25 + 9),
                                         -3 + 2 * (4 - 0.625 + 4 + 12)};
    assert_near_all(scores, want, CLASSES, 0);
    assert_near(tmli_nb_weight(&nb, 2, 2), 2 * (1 - 0.125 + 4), 0);
    assert_near(tmli_nb_weight(&nb, 1, 3), 2 - 0.25, 0);
    tmli_nb_deinit(&nb); /* frees nothing of ours */
}

static void damaged_sizes_and_arrays_are_refused(void **state)
{
    (void)state;
    static const double bad_numbers[] = {0, NAN, INFINITY};
    static const double no_class[] = {-INFINITY, -INFINITY, -INFINITY};
    static const uint32_t bad_start[COLUMNS + 1] = {1, 2, 2, 4, 5};
    static const uint32_t bad_end[COLUMNS + 1] = {0, 2, 2, 4, 6};
    for (size_t i = 0; i < 15; i++) {
        tmli_nb parts = parts_by_hand();
        switch (i) {
        case 0: parts.kind = (tmli_nb_kind)7; break;
        case 1: parts.n_classes = 1; break;
        case 2: parts.n_classes = TMLI_NB_MAX_CLASSES + 1; break;
        case 3: parts.n_columns = 0; break;
        case 4: parts.n_columns = SIZE_MAX; break;
        case 5: parts.n_deltas = SIZE_MAX; break;
        case 6: parts.n_deltas = DELTAS - 1; break;
        case 7: parts.offsets = bad_start; break;
        case 8: parts.offsets = bad_end; break;
        case 9: parts.priors = bad_numbers; break;
        case 10: parts.bases = bad_numbers; break;
        case 11: parts.scales = bad_numbers; break;
        case 12: parts.priors = no_class; break;
        case 13: parts.classes = NULL; break;
        default: parts.deltas = (const double *)(const void *)((const char *)deltas + 4); break;
        }
        tmli_nb nb = {.n_classes = 77};
        tml_error err = {0};
        assert_int_equal(tmli_nb_view(&parts, &nb, &err), TML_EFORMAT);
        assert_non_null(strstr(err.text, "naive Bayes"));
        assert_int_equal(nb.n_classes, 77);
    }
}

/* Run under the address sanitizer. */
static void damaged_contents_are_not_followed(void **state)
{
    (void)state;
    static const uint32_t wild[COLUMNS + 1] = {0, UINT32_MAX, 7, 1, DELTAS};
    static const uint16_t unknown[DELTAS] = {0, 3, 65535, 2, 1};
    tmli_nb parts = parts_by_hand();
    parts.offsets = wild;
    parts.classes = unknown;
    tmli_nb nb;
    assert_int_equal(tmli_nb_view(&parts, &nb, NULL), TML_OK);
    static const uint32_t columns[] = {0, 1, 2, 3};
    static const double values[] = {1, 1, 1, 1};
    double scores[CLASSES];
    tmli_nb_scores(&nb, columns, values, COLUMNS, scores);
    for (size_t k = 0; k < CLASSES; k++) {
        assert_true(isfinite(scores[k]));
        double explained[COLUMNS];
        const tmli_nb_explanation e = tmli_nb_explain(&nb, k, columns, values, COLUMNS, explained);
        assert_true(isfinite(e.score) && isfinite(e.constant) && isfinite(explained[0]));
        for (size_t j = 0; j < COLUMNS; j++) {
            assert_true(isfinite(tmli_nb_weight(&nb, k, j)));
        }
    }
}

static void probabilities_neither_overflow_nor_vanish(void **state)
{
    (void)state;
    tmli_nb nb = parts_by_hand();
    double out[CLASSES];
    tmli_nb_probabilities(&nb, (const double[]){-1e5, -1e5, -INFINITY}, out);
    assert_near_all(out, ((const double[]){0.5, 0.5, 0}), CLASSES, 1e-15);
    tmli_nb_probabilities(&nb, (const double[]){1e5, 0, 0}, out);
    assert_near_all(out, ((const double[]){1, 0, 0}), CLASSES, 1e-15);
    nb.one_vs_rest = true; /* where scikit-learn divides 0 by 0 */
    tmli_nb_probabilities(&nb, (const double[]){-2000, -2000, -3000}, out);
    assert_near_all(out, ((const double[]){0.5, 0.5, 0}), CLASSES, 1e-15);
}

/* docs/from-scikit-learn.md: OneVsRestClassifier takes the last of equal ones. */
static void of_equal_probabilities_the_first_wins(void **state)
{
    (void)state;
    static const struct {
        double scores[CLASSES];
        size_t best;
    } cases[] = {
        {{-2, -1, -1}, 1},
        {{-1, -2, -1}, 0},
        {{-3000, -2000, -2500}, 1}, /* each is 0 as a double; the greatest logarithm tells */
    };
    tmli_nb nb = parts_by_hand();
    for (int one_vs_rest = 0; one_vs_rest < 2; one_vs_rest++) {
        nb.one_vs_rest = one_vs_rest == 1;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            double out[CLASSES];
            tmli_nb_probabilities(&nb, cases[i].scores, out);
            assert_int_equal(tml_best(out, CLASSES), cases[i].best);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_scikit_learns),
        cmocka_unit_test(a_view_scores_borrowed_arrays),
        cmocka_unit_test(damaged_sizes_and_arrays_are_refused),
        cmocka_unit_test(damaged_contents_are_not_followed),
        cmocka_unit_test(probabilities_neither_overflow_nor_vanish),
        cmocka_unit_test(of_equal_probabilities_the_first_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
