/* models/naive_bayes_fit.h: between the two files that fit naive Bayes; others use naive_bayes.h.
 *
 * N_jc is the sum of column j in class c, R_jc that in the other classes, T_j in all. */
#ifndef MODELS_NAIVE_BAYES_FIT_H
#define MODELS_NAIVE_BAYES_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "models/naive_bayes.h"

/* A sum that carries what its additions round off (Neumaier 1974): differences of such sums keep their digits. */
typedef struct tmli_exact_sum {
    double sum, lost;
} tmli_exact_sum;

void tmli_exact_add(tmli_exact_sum *s, double x);
double tmli_exact_total(const tmli_exact_sum *s);

typedef struct tmli_nb_class {
    double factor;              /* class weight */
    double weight, rest_weight; /* weights of its rows, of the others' rows */
    double count, rest_count;   /* Σ_j N_jc, Σ_j R_jc */
    tmli_exact_sum own,
        rest; /* complement: Σ_j of what shares are of: T_j + α - N_jc, T_j + α - R_jc */
    tmli_exact_sum own_logs; /* Σ_j of logarithms that the formulas need, see there */
    tmli_exact_sum rest_logs;
} tmli_nb_class;

typedef struct tmli_nb_fitting {
    const tmli_nb_stats *stats;
    const tmli_nb_options *options;
    bool against_rest; /* one_vs_rest of more than two classes; of two it is the plain model */
    bool has_terms;
    bool is_dense;                           /* every column lists every class */
    tmli_nb nb;                              /* what is fitted; owns its arrays */
    double *priors, *bases, *scales, *terms; /* the model's arrays while they are written */
    double *deltas;                          /* N_jc, until tmli_nb_fill makes deltas of them */
    tmli_nb_class *numbers;                  /* [C] owned */
    double *totals;                          /* [V] T_j, owned */
    double *scratch;                         /* [2 C] owned */
} tmli_nb_fitting;

/* out[k] = Σ of x[0..n) without x[k]: what comes before plus what comes behind, so that nothing cancels. */
void tmli_nb_add_others(const double *x, size_t n, double *out);
/* Writes priors, bases, scales, terms and deltas. */
void tmli_nb_fill(tmli_nb_fitting *fitting);

#endif
