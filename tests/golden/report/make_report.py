#!/usr/bin/python3
"""Writes the cases of this directory: headline figures of the report and their 95 % intervals.

Figures: scikit-learn. Wilson's interval: solved numerically from its definition. Intervals of the F1 averages: the
infinitesimal jackknife, that is scikit-learn's f1_score differentiated numerically by each row's weight, which needs no
formula for the derivative. Debian's python3-sklearn 1.2.1+dfsg-1, python3-scipy 1.10.1-2, python3-numpy 1:1.24.2-1.
"""
import os

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm
from sklearn.metrics import accuracy_score, f1_score, log_loss

HERE = os.path.dirname(os.path.abspath(__file__))
Z = norm.ppf(0.975)


def wilson(p, n):
    """The shares q from which p lies Z standard errors away."""
    def gap(q):
        return (p - q) ** 2 - Z * Z * q * (1 - q) / n
    low = 0.0 if p == 0 else brentq(gap, 0, p - 1e-12, xtol=1e-15)
    high = 1.0 if p == 1 else brentq(gap, p + 1e-12, 1, xtol=1e-15)
    return low, high


def jackknife(truth, predicted, k, average):
    """Standard error of an F1 average from its slope in each row's weight."""
    def figure(weights):
        return f1_score(truth, predicted, labels=range(k), average=average, zero_division=0, sample_weight=weights)
    n, h = len(truth), 1e-4
    slopes = np.empty(n)
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i] += h
        down[i] -= h
        slopes[i] = n * (figure(up) - figure(down)) / (2 * h)
    return figure(np.ones(n)), np.sqrt(np.mean(slopes ** 2) / n)


def case(name, seed, n, k, silent=None):
    rng = np.random.RandomState(seed)
    truth = rng.randint(0, k, n)
    logits = rng.standard_normal((n, k))
    logits[np.arange(n), truth] += 1.3
    if silent is not None:
        logits[:, silent] -= 30
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    predicted = p.argmax(axis=1)
    losses = -np.log(np.clip(p[np.arange(n), truth], 1e-15, 1 - 1e-15))
    assert abs(losses.mean() - log_loss(truth, p, labels=range(k), eps=1e-15)) < 1e-12
    half = Z * losses.std() / np.sqrt(n)
    lines = [(accuracy_score(truth, predicted), *wilson(accuracy_score(truth, predicted), n))]
    for average in ("macro", "weighted"):
        value, error = jackknife(truth, predicted, k, average)
        lines.append((value, value - Z * error, value + Z * error))
    lines.append((losses.mean(), losses.mean() - half, losses.mean() + half))
    os.makedirs(os.path.join(HERE, name), exist_ok=True)
    with open(os.path.join(HERE, name, "options"), "w") as f:
        f.write("rows=%d\nclasses=%d\n" % (n, k))
    with open(os.path.join(HERE, name, "input"), "w") as f:
        for t, row in zip(truth, p):
            f.write("%d %s\n" % (t, " ".join("%.17g" % v for v in row)))
    with open(os.path.join(HERE, name, "want"), "w") as f:
        for line in lines:
            f.write(" ".join("%.17g" % v for v in line) + "\n")


case("three_classes", 1, 120, 3)
case("never_predicted", 2, 90, 4, silent=2)
