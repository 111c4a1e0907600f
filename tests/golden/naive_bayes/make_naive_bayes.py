#!/usr/bin/python3
"""Writes the cases of this directory: naive Bayes as scikit-learn fits and applies it. See README.md.

Bernoulli is the exception: scikit-learn takes ln(1 - exp(ln p)), which loses digits where every row of a class has a
column, and loses others with each library of logarithms. Its formula is evaluated here with 50 digits; the script checks
that scikit-learn's numbers agree with these as far as its rounding allows.
"""
import itertools
import os
import warnings
from decimal import Decimal, getcontext

import numpy as np
import scipy
import sklearn
from scipy.sparse import csr_matrix
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS, TEST_ROWS, COLUMNS = 14, 6, 9
KINDS = {"multinomial": MultinomialNB, "complement": ComplementNB, "bernoulli": BernoulliNB}
getcontext().prec = 50


def data(seed, n_classes, values):
    """Counts or values as tf-idf has them; one row without elements, one column without any, classes without some."""
    rng = np.random.RandomState(seed)
    labels = np.concatenate([np.arange(n_classes), rng.randint(n_classes, size=ROWS - n_classes)])
    x = rng.poisson(0.8, size=(ROWS + TEST_ROWS, COLUMNS)).astype(float)
    x[:ROWS, COLUMNS - 1] = 0  # only test rows may have it
    x[n_classes] = 0
    x[ROWS] = 0
    for c in range(n_classes):
        x[:ROWS][labels == c, c % COLUMNS] = 0  # each class lacks a column
    x[:ROWS][labels == 0, 1] += 1  # all rows of class 0 have this one
    if values == "tfidf":
        x *= np.log(15 / (1 + (x > 0).sum(axis=0))) + 1
        x /= np.maximum(np.sqrt((x * x).sum(axis=1, keepdims=True)), 1e-300)
    return x[:ROWS], labels, x[ROWS:]


# ---- Bernoulli with many digits ----


def decimal_bernoulli(x, y, n_classes, weights, alpha, priors, test):
    """feature_log_prob [C][V], class_log_prior [C], joint log likelihood [rows][C]; Decimals."""
    alpha = Decimal(alpha)
    n = [sum((Decimal(w) for w, c in zip(weights, y) if c == k), Decimal(0)) for k in range(n_classes)]
    count = [[sum((Decimal(w) for w, c, v in zip(weights, y, x[:, j]) if c == k and v > 0), Decimal(0))
              for j in range(x.shape[1])] for k in range(n_classes)]
    if priors == "fit":
        prior = [(a / sum(n)).ln() for a in n]
    elif priors == "equal":
        prior = [-Decimal(n_classes).ln()] * n_classes
    else:
        prior = [Decimal(p).ln() for p in priors]
    p = [[(a + alpha) / (n[k] + 2 * alpha) for a in count[k]] for k in range(n_classes)]
    joint = [[prior[k] + sum((q if v > 0 else 1 - q).ln() for q, v in zip(p[k], row))
              for k in range(n_classes)] for row in test]
    return [[q.ln() for q in row] for row in p], prior, joint


def log_sigmoid(d):
    return -(1 + (-d).exp()).ln()


def bernoulli_want(o, x, y, n_classes, weights, test):
    priors = o["priors"] if o["priors"] is not None else "fit" if o["fit_prior"] else "equal"
    if not o["one_vs_rest"] or n_classes == 2:
        log_prob, prior, joint = decimal_bernoulli(
            x, y, n_classes, weights, o["alpha"], priors, test)
        if not o["one_vs_rest"]:
            shares = [[1 / sum((b - a).exp() for b in row) for a in row] for row in joint]
            return log_prob, prior, joint, shares
        odds = [[row[1] - row[0] for row in joint]]
        gap = [a - (1 - a.exp()).ln() for a in log_prob[1]]
        rest = [a - (1 - a.exp()).ln() for a in log_prob[0]]
        odds_weights = [[b - a for a, b in zip(gap, rest)], [a - b for a, b in zip(gap, rest)]]
        scores = [[log_sigmoid(-d), log_sigmoid(d)] for d in odds[0]]
    else:
        columns, odds_weights = [], []
        for k in range(n_classes):
            pair = [1 - Decimal(priors[k]), Decimal(priors[k])] if o["priors"] is not None else priors
            log_prob, _, joint = decimal_bernoulli(
                x, (y == k).astype(int), 2, weights, o["alpha"], pair, test)
            columns.append([log_sigmoid(row[1] - row[0]) for row in joint])
            odds_weights.append([b - (1 - b.exp()).ln() - a + (1 - a.exp()).ln()
                                 for a, b in zip(*log_prob)])
        scores = [list(row) for row in zip(*columns)]
    shares = [[a.exp() / sum(b.exp() for b in row) for a in row] for row in scores]
    return odds_weights, None, scores, shares


# ---- scikit-learn ----


def estimator(o, priors):
    args = {"alpha": o["alpha"], "fit_prior": o["fit_prior"], "class_prior": priors}
    if o["kind"] == "complement":
        args["norm"] = o["norm"]
    return KINDS[o["kind"]](**args)


def odds_weights(o, e):
    w = e.feature_log_prob_
    if o["kind"] == "bernoulli":
        w = w - np.log(1 - np.exp(w))
    return w[1] - w[0]


def sklearn_want(o, x, y, n_classes, weights, test):
    if not o["one_vs_rest"]:
        e = estimator(o, o["priors"]).fit(x, y, sample_weight=weights)
        return (e.feature_log_prob_, e.class_log_prior_, e.predict_joint_log_proba(test),
                e.predict_proba(test), e.predict(test))
    # OneVsRestClassifier.fit takes no weights and gives every class the same priors: its steps, by hand where these occur.
    targets = [1] if n_classes == 2 else range(n_classes)
    parts = []
    for k in targets:
        pair = None if o["priors"] is None else [1 - o["priors"][k], o["priors"][k]]
        parts.append(estimator(o, pair).fit(x, (y == k).astype(int), sample_weight=weights))
    p = np.array([e.predict_proba(test)[:, 1] for e in parts]).T
    logs = np.array([e.predict_log_proba(test)[:, 1] for e in parts]).T
    if n_classes == 2:
        p = np.hstack([1 - p, p])
        logs = parts[0].predict_log_proba(test)
    # OneVsRestClassifier.predict: the last of equal ones; of two classes the second when above a half.
    last = n_classes - 1 - p[:, ::-1].argmax(axis=1)
    chosen = (p[:, 1] > 0.5).astype(int) if n_classes == 2 else last
    p /= p.sum(axis=1, keepdims=True)
    if np.all(weights == 1) and o["priors"] is None:
        whole = OneVsRestClassifier(estimator(o, None)).fit(x, y)
        assert np.array_equal(whole.predict_proba(test), p)
        assert np.array_equal(whole.predict(test), chosen)
    w = [odds_weights(o, e) for e in parts]
    w = [-w[0], w[0]] if n_classes == 2 else w
    return np.array(w), None, logs, p, chosen


# ---- files ----


def numbers(row):
    return " ".join("%.17g" % float(v) for v in row) + "\n"


def elements(row):
    return "".join(" %d:%.17g" % (j, v) for j, v in enumerate(row) if v != 0) + "\n"


def compare(o, exact, rounded):
    """scikit-learn's numbers are those of the formula: to 1e-12, or as its 1 - exp(ln p) has digits."""
    slack = 1e-12 if o["alpha"] >= 0.01 else 1e-4
    for a, b in zip(exact, rounded):
        if a is not None:
            a = np.array([[float(v) for v in row] for row in np.atleast_2d(np.array(a, dtype=object))])
            b = np.atleast_2d(b)
            assert np.all(np.abs(a - b) <= slack * np.maximum(1, np.abs(a))), (o, np.abs(a - b).max())


def write(name, o):
    o = {"fit_prior": True, "norm": False, "one_vs_rest": False, "priors": None, "class_weights": None,
         "weights": False, "n_classes": 3, "values": "counts", **o}
    n_classes = o["n_classes"]
    x, y, test = data(o["seed"], n_classes, o["values"])
    own = np.random.RandomState(o["seed"]).uniform(0.2, 2, ROWS) if o["weights"] else np.ones(ROWS)
    own = np.round(own * 8) / 8  # sums of eighths are exact: one order of summation is as good as another
    weights = own if o["class_weights"] is None else own * np.array(o["class_weights"])[y]
    sparse, sparse_test = csr_matrix(x), csr_matrix(test)
    want = sklearn_want(o, sparse, y, n_classes, weights, sparse_test)
    if o["kind"] == "bernoulli":
        exact = bernoulli_want(o, x, y, n_classes, weights, test)
        compare(o, exact, want)
        want = (*exact, want[4])
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "options"), "w") as f:
        f.write("kind=%s\nalpha=%.17g\n" % (o["kind"], o["alpha"]))
        for key in ("fit_prior", "norm", "one_vs_rest"):
            f.write("%s=%d\n" % (key, o[key]))
        for key in ("priors", "class_weights"):
            if o[key] is not None:
                f.write("%s=%s" % (key, numbers(o[key])))
    with open(os.path.join(folder, "input"), "w") as f:
        f.write("%d %d %d %d\n" % (n_classes, COLUMNS, ROWS, TEST_ROWS))
        for label, weight, row in zip(y, own, x):
            f.write("%d %.17g%s" % (label, weight, elements(row)))
        for row in test:
            f.write("-" + elements(row))
    with open(os.path.join(folder, "want"), "w") as f:
        weights, prior, joint, shares, chosen = want
        for title, rows in (("weights", weights), ("priors", [prior]), ("scores", joint),
                            ("probabilities", shares), ("classes", [chosen])):
            if rows[0] is not None:
                f.write(title + "\n" + "".join(numbers(row) for row in rows))


def main():
    warnings.simplefilter("error")
    seed = 0
    for kind, alpha, rest in itertools.product(KINDS, (1e-10, 0.01, 1.0, 3.5), (False, True)):
        for norm in (False, True) if kind == "complement" else (False,):
            seed += 1
            name = "%s_%g%s%s" % (kind, alpha, "_norm" if norm else "", "_rest" if rest else "")
            write(name, {"kind": kind, "alpha": alpha, "one_vs_rest": rest, "norm": norm, "seed": seed,
                         "values": "tfidf" if seed % 2 else "counts", "weights": seed % 3 == 0,
                         "n_classes": 3 + seed % 3})
    for kind, rest in itertools.product(KINDS, (False, True)):
        tail = "_rest" if rest else ""
        same = {"kind": kind, "alpha": 0.5, "one_vs_rest": rest, "values": "tfidf"}
        write(kind + "_equal_priors" + tail, {**same, "fit_prior": False, "seed": 101})
        write(kind + "_given_priors" + tail, {**same, "priors": [0.125, 0.375, 0.5], "seed": 102, "weights": True})
        write(kind + "_class_weights" + tail, {**same, "class_weights": [0.5, 2.0, 1.25], "seed": 103, "weights": True})
        write(kind + "_two_classes" + tail, {**same, "n_classes": 2, "seed": 104})
        write(kind + "_two_classes_priors" + tail, {**same, "n_classes": 2, "priors": [0.75, 0.25], "seed": 105})
    write("complement_two_classes_norm_rest", {"kind": "complement", "alpha": 0.5, "norm": True, "n_classes": 2,
                                               "one_vs_rest": True, "seed": 106})


if __name__ == "__main__":
    print("sklearn", sklearn.__version__, "numpy", np.__version__, "scipy", scipy.__version__)
    main()
