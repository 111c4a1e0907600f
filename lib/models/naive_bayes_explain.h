/* models/naive_bayes_explain.h: a score of naive Bayes as a sum over the elements of a row. */
#ifndef MODELS_NAIVE_BAYES_EXPLAIN_H
#define MODELS_NAIVE_BAYES_EXPLAIN_H

#include "models/naive_bayes.h"

typedef struct tmli_nb_explanation {
    double
        score; /* joint log-likelihood; with one_vs_rest the logarithm of the odds, class against rest */
    double constant; /* score less the parts, without the rounding of their sum */
} tmli_nb_explanation;

/* Writes to parts [n] what each element of a row gives to the score of class_number, below C.
 *
 * An element's x_j·w_jc differs little from class to class (for multinomial it is negative for each), and what it gives to
 * all of them alike changes no probability. So its part is what it gives to this class beyond the mean over the classes
 * that have rows, and the constant has the prior and these means. With one_vs_rest the score is a difference already, and
 * the constant is the prior's alone. Columns from V on have part 0. No allocation; O(C + elements' deltas). */
tmli_nb_explanation tmli_nb_explain(const tmli_nb *nb, size_t class_number, const uint32_t *columns,
                                    const double *values, size_t n, double *parts);

#endif
