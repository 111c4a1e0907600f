#!/usr/bin/python3
"""Writes the cases of this directory: curves, calibration and intervals as scikit-learn and numpy compute them. See README.md."""
import os

import numpy as np
import sklearn
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

HERE = os.path.dirname(os.path.abspath(__file__))
BINS = (1, 5, 10, 15)
Z95 = 1.959963984540054


def line(title, values):
    return title + "".join(" %.17g" % v for v in values) + "\n"


def wilson(k, n, z):
    """statsmodels.stats.proportion.proportion_confint(method="wilson"), less its cut at 0 and 1."""
    p = k / n
    denominator = 1 + z**2 / n
    centre = (p + z**2 / (2 * n)) / denominator
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / denominator
    return max(centre - half, 0.0), min(centre + half, 1.0)


def write(name, truth, scores):
    truth, scores = np.asarray(truth), np.asarray(scores, dtype=float)
    folder = os.path.join(HERE, name)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "input"), "w") as f:
        f.write("%d\n" % len(truth) + "".join("%d %.17g\n" % row for row in zip(truth, scores)))
    fpr, tpr, _ = roc_curve(truth, scores)
    precision, recall, _ = precision_recall_curve(truth, scores)
    want = line("roc", [roc_auc_score(truth, scores), len(fpr), *fpr, *tpr])
    want += line("precision_recall", [average_precision_score(truth, scores), len(recall), *recall[::-1], *precision[::-1]])
    if scores.min() >= 0 and scores.max() <= 1:
        for n in BINS:
            positive, predicted = calibration_curve(truth, scores, n_bins=n)
            want += line("calibration", [n, len(positive), *predicted, *positive])
    for k, n, z in ((truth.sum(), len(truth), Z95), (len(truth) // 3, len(truth), 1.0), (0, len(truth), Z95),
                    (len(truth), len(truth), Z95), (6167, 7532, Z95)):
        want += line("wilson", [k, n, z, *wilson(int(k), int(n), z)])
    with open(os.path.join(folder, "want"), "w") as f:
        f.write(want + "end\n")


def main():
    rng = np.random.RandomState(7)
    truth = rng.uniform(size=120) < 0.3
    good = np.clip(0.5 * truth + rng.uniform(0, 0.6, 120), 0, 1)
    write("smooth", truth, good)
    write("ties", truth, np.round(good, 1))
    write("many_ties", truth, np.round(good * 2) / 2)
    write("one_score", truth, np.full(120, 0.25))
    write("perfect", truth, truth.astype(float))
    write("reversed", truth, 1.0 - truth)
    write("any_numbers", truth, np.log(good + 1e-9) * 1e5)
    write("small_differences", [0, 1, 0, 1], [1 - 2**-53, 1.0, 0.5, 0.5 + 2**-53])
    write("two_rows", [0, 1], [0.4, 0.6])
    write("tied_pair", [0, 1], [0.5, 0.5])
    write("edges", [0, 1, 1, 0, 1, 1, 0, 1, 0, 0, 1], np.arange(11) / 10)
    write("edges_of_fifteen", rng.uniform(size=61) < 0.5, np.concatenate([np.linspace(0, 1, 16), np.linspace(0, 1, 45)]))
    write("rare", np.arange(90) == 40, rng.uniform(size=90))
    write("frequent", np.arange(90) != 40, rng.uniform(size=90))


if __name__ == "__main__":
    print("sklearn", sklearn.__version__, "numpy", np.__version__)
    main()
