#!/usr/bin/env python3
"""Writes `figures` beside it: what scikit-learn makes of the 20 newsgroups data (which are not part of the project).

    python3 tests/golden/newsgroups/make_figures.py DIRECTORY

Made with Python 3.11.2, scikit-learn 1.2.1, NumPy 1.24.2, SciPy 1.10.1 and joblib 1.2.0 (Debian bookworm's python3-sklearn):
TfidfVectorizer() and MultinomialNB(alpha=.01) on column `data` of the training table, scored on test-public. ROC AUC and
average precision are OneVsRestClassifier's. tutorial_bytes: the files in which the tutorial keeps its model, joblib.dump of
the classifier and a pickle of the vocabulary. Numbers have 17 significant digits.

Lines: a word, then numbers or names. `term` is a term of training row 0 with its idf and weight, `class` has name, support,
precision, recall, F1, ROC AUC, average precision; `confusion` is a row of the matrix (true class), columns are predictions."""

import csv
import gzip
import hashlib
import pathlib
import pickle
import sys
import tempfile

import joblib
from sklearn import metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import MultinomialNB

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(sys.argv[1])
csv.field_size_limit(1 << 30)


def table(part: str):
    with gzip.open(DATA / f"{part}-preprocessed.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row["data"] for row in rows], [row["label_names"] for row in rows]


def number(x) -> str:
    return f"{x:.17g}"


def tutorial_bytes(model, vocabulary) -> int:
    with tempfile.TemporaryDirectory() as name:
        joblib.dump(model, f"{name}/model.joblib")
        return pathlib.Path(f"{name}/model.joblib").stat().st_size + len(pickle.dumps(vocabulary))


def main():
    texts, labels = table("train")
    test_texts, truth = table("test-public")
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(texts)
    terms = [str(term) for term in vectorizer.get_feature_names_out()]
    test_rows = vectorizer.transform(test_texts)
    model = MultinomialNB(alpha=0.01).fit(rows, labels)
    predicted = model.predict(test_rows)
    rest = OneVsRestClassifier(MultinomialNB(alpha=0.01)).fit(rows, labels).predict_proba(test_rows)
    names = [str(name) for name in model.classes_]
    lines = [
        f"matrix {rows.shape[0]} {rows.shape[1]} {rows.nnz}",
        "vocabulary " + hashlib.sha256("".join(term + "\n" for term in terms).encode()).hexdigest(),
        "sum " + number(rows.sum()),
        "accuracy " + number(metrics.accuracy_score(truth, predicted)),
        "macro_f1 " + number(metrics.f1_score(truth, predicted, average="macro")),
        "weighted_f1 " + number(metrics.f1_score(truth, predicted, average="weighted")),
        f"tutorial_bytes {tutorial_bytes(model, vectorizer.vocabulary_)}",
    ]
    first = rows[0]
    first.sort_indices()
    for column, value in zip(first.indices, first.data):
        lines.append(f"term {terms[column]} {number(vectorizer.idf_[column])} {number(value)}")
    table_of = metrics.precision_recall_fscore_support(truth, predicted, labels=names)
    for c, name in enumerate(names):
        is_class = [label == name for label in truth]
        figures = [column[c] for column in table_of[:3]]
        figures += [metrics.roc_auc_score(is_class, rest[:, c]), metrics.average_precision_score(is_class, rest[:, c])]
        lines.append(f"class {name} {table_of[3][c]} " + " ".join(map(number, figures)))
    for row in metrics.confusion_matrix(truth, predicted, labels=names):
        lines.append("confusion " + " ".join(map(str, row)))
    (HERE / "figures").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
