#!/usr/bin/env python3
"""Writes tests/golden/explain: contributions of words, from scikit-learn's feature_log_prob_ and rows.

    make_explain.py          write the cases
    make_explain.py --check  exit 1 when a file would change

Written with Python 3.11.2, scikit-learn 1.2.1, NumPy 1.24.2 and SciPy 1.10.1 (Debian bookworm's python3-sklearn). A case is
a directory of three files.

input: the training rows as CSV. options: the recipe. want: for each text and label a JSON list: the text, the number of the
label, the score, the constant, and the words in order of place, each [begin, end, contribution], begin and end in bytes of UTF-8.

A column's contribution is its value in the row times (w of the label less the mean of w over the labels). It is shared evenly
by the n-gram's occurrences, and within each by its words. Words are found in the lower-cased text; a table says which
character each of its characters came from.
"""
import json
import re

import numpy
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB

from make_bag_models import ROWS, training_rows
from suite import write_or_check

TEXTS = [
    "The car and the engine",
    "The engine, the ENGINE; the  engine of a rocket!",
    "a sleeping patient, the doctor and the moon",
    "Ракета на ОРБИТЕ, ракета",
    "MÉDECIN: le VACCIN était prêt - très bien, médecin",
    "İ the İengine ẞ İmoon moon \u212a",
    "<b>engine</b> of\n\n\tthe old&amp;car",
    "nothing of this kind",
    "",
]

HEAD = (
    "data: {text: data, label: label_names, split: {validation: 0}}\n"
    "text: {normalize: [lower], tokenizer: word}\n"
)

# name: the recipe's features and model, the vectorizer, the model
CASES = {
    "multinomial": (
        "features: [{type: bag}]\nmodel: {type: naive_bayes, alpha: 0.1}\n",
        TfidfVectorizer(), MultinomialNB(alpha=0.1),
    ),
    "multinomial_words_1_2": (
        "features: [{type: bag, ngrams: [1, 2], sublinear_tf: true, norm: l1}]\nmodel: {type: naive_bayes, alpha: 0.01}\n",
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, norm="l1"), MultinomialNB(alpha=0.01),
    ),
    "complement_norm": (
        "features: [{type: bag, ngrams: [1, 3], min_docs: 2}]\n"
        "model: {type: naive_bayes, variant: complement, alpha: 0.5, norm: true}\n",
        TfidfVectorizer(ngram_range=(1, 3), min_df=2), ComplementNB(alpha=0.5, norm=True),
    ),
    "bernoulli": (
        "features: [{type: bag, binary: true, use_idf: false, norm: none}]\n"
        "model: {type: naive_bayes, variant: bernoulli, alpha: 1}\n",
        TfidfVectorizer(binary=True, use_idf=False, norm=None), BernoulliNB(alpha=1),
    ),
}


def weights_of(model):
    """w [labels, columns] and the score of a row of zeros [labels]."""
    if isinstance(model, BernoulliNB):
        absent = numpy.log(1 - numpy.exp(model.feature_log_prob_))
        return model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1)
    if isinstance(model, ComplementNB):
        return model.feature_log_prob_, numpy.zeros(len(model.classes_))
    return model.feature_log_prob_, model.class_log_prior_


def words_of(text):
    """The words, lower-cased, with the places of their first and last byte but one."""
    lowered = text.lower()
    origin = [i for i, c in enumerate(text) for _ in c.lower()]
    assert len(origin) == len(lowered)
    starts = numpy.cumsum([0] + [len(c.encode()) for c in text]).tolist()
    found = re.finditer(r"(?u)\b\w\w+\b", lowered)
    return [(m.group(), starts[origin[m.start()]], starts[origin[m.end() - 1] + 1]) for m in found]


def contributions(text, vectorizer, gains):
    """gains [columns]: what each column of the row gives to the label."""
    words = words_of(text)
    first, last = vectorizer.ngram_range
    grams = [(i, i + n) for n in range(first, last + 1) for i in range(len(words) - n + 1)]
    columns = [vectorizer.vocabulary_.get(" ".join(w for w, _, _ in words[a:b])) for a, b in grams]
    given = [None] * len(words)
    for (a, b), column in zip(grams, columns):
        if column is not None:
            for i in range(a, b):
                given[i] = (given[i] or 0) + gains[column] / columns.count(column) / (b - a)
    return [[begin, end, g] for (_, begin, end), g in zip(words, given) if g is not None]


def files_of_case(name, recipe, vectorizer, model):
    rows = vectorizer.fit_transform([text for text, _ in ROWS])
    model.fit(rows, [label for _, label in ROWS])
    w, constants = weights_of(model)
    lines = []
    for text in TEXTS:
        row = vectorizer.transform([text]).toarray()[0]
        scores = model._joint_log_likelihood(vectorizer.transform([text]))[0]
        for label in range(len(w)):
            found = contributions(text, vectorizer, row * (w[label] - w.mean(axis=0)))
            constant = constants[label] + row @ w.mean(axis=0)
            assert abs(constant + sum(c for _, _, c in found) - scores[label]) < 1e-9
            lines.append(json.dumps([text, label, float(scores[label]), float(constant), found], ensure_ascii=False) + "\n")
    return {"input": training_rows(), "options": f"name: {name}\n" + HEAD + recipe, "want": "".join(lines)}


def main():
    files = {f"{name}/{kind}": text for name, case in CASES.items() for kind, text in files_of_case(name, *case).items()}
    write_or_check("explain", files)


if __name__ == "__main__":
    main()
