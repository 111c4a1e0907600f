#!/usr/bin/env python3
"""Writes tests/golden/bag_models: whole recipes of bags and naive Bayes as scikit-learn computes them.

    make_bag_models.py          write the cases
    make_bag_models.py --check  exit 1 when a file would change

Written with Python 3.11.2, scikit-learn 1.2.1, NumPy 1.24.2 and SciPy 1.10.1 (Debian bookworm's python3-sklearn). A case is
a directory of three files.

input: the training rows as CSV. options: the recipe; "$ROOT/words.txt" in it is a file with the words of the line "# words:",
one a line. want: for each text a JSON list: the text, and the probability of every label in byte order, with 17
significant digits.

Stems are those that the published Snowball vocabulary (english) has for these words; they are written down below, for
Debian's Python has no Snowball stemmer beside scikit-learn.
"""
import csv
import io
import json
import re
import sys

import numpy
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.utils.class_weight import compute_sample_weight

from suite import write_or_check

ROWS = [
    ("The engine of the old car runs and runs", "autos"),
    ("Two cars, one engine: the dealer is running a sale", "autos"),
    ("My car's brakes were squealing; new brake pads helped", "autos"),
    ("The dealers said the engines are running hot", "autos"),
    ("A rocket engine burns fuel for nine minutes", "space"),
    ("The orbit of the moon, and the rockets that orbit it", "space"),
    ("Launching satellites: the launch was delayed", "space"),
    ("Ракета летит на орбиту, ракета и спутник", "space"),
    ("The doctor said the patients were helped by the vaccine", "med"),
    ("Vaccines and doctors; a patient sleeping well", "med"),
    ("Médecin: le vaccin était prêt, très bien", "med"),
]
TEXTS = [
    "The car and the engine",
    "engines of rockets",
    "launched into orbit",
    "a sleeping patient, the doctor and the moon",
    "ракета на орбите",
    "nothing of this kind",
    "",
    "Vaccins, vaccine; médecin!",
    "running running running cars",
]
WORDS = ["the", "of", "and", "was", "were"]
STEMS = {
    "engines": "engin", "engine": "engin", "runs": "run", "running": "run", "cars": "car", "dealer": "dealer",
    "dealers": "dealer", "brakes": "brake", "squealing": "squeal", "pads": "pad", "helped": "help", "minutes": "minut",
    "rockets": "rocket", "launching": "launch", "launched": "launch", "satellites": "satellit", "delayed": "delay",
    "patients": "patient", "vaccine": "vaccin", "vaccines": "vaccin", "doctors": "doctor", "sleeping": "sleep",
    "orbit": "orbit", "this": "this", "nothing": "noth", "burns": "burn", "nine": "nine", "sale": "sale", "into": "into",
    "vaccins": "vaccin", "médecin": "médecin", "était": "était", "très": "très",
}
UNCHANGED = set(
    """the of old car and two one is my were new brake said are hot rocket fuel for moon that it launch was doctor by patient well
    le vaccin prêt bien kind""".split()
)

HEAD = "data: {text: data, label: label_names, split: {validation: 0}}\n"


def stemmed(text):
    words = re.findall(r"(?u)\b\w\w+\b", text.lower())
    return [STEMS.get(w, w) if w in STEMS or w in UNCHANGED or not w.isascii() else sys.exit(f"no stem for {w}") for w in words]


def weights_of(labels):
    return compute_sample_weight("balanced", labels)


# name: the recipe, what makes rows, what is fitted, weights of the rows
CASES = {
    "union": (
        "text: {normalize: [lower], tokenizer: word}\n"
        "features:\n"
        "  - {type: bag, ngrams: [1, 2]}\n"
        "  - {type: bag, tokenizer: char_wb, ngrams: [2, 4], sublinear_tf: true}\n"
        "model: {type: naive_bayes, alpha: 0.1}\n",
        FeatureUnion([("words", TfidfVectorizer(ngram_range=(1, 2))),
                      ("letters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True))]),
        MultinomialNB(alpha=0.1), None,
    ),
    "union_of_three": (
        "text: {normalize: [lower], tokenizer: word, stop_words: english}\n"
        "features:\n"
        "  - {type: bag, hashed: 64, alternate_sign: false, use_idf: false, norm: l1}\n"
        "  - {type: bag, min_docs: 2, max_docs: 0.9, smooth_idf: false}\n"
        "  - {type: bag, tokenizer: char, ngrams: [3, 3], use_idf: false, norm: none}\n"
        "model: {type: naive_bayes, variant: multinomial, alpha: 0.01, fit_prior: false, class_weight: balanced}\n",
        FeatureUnion([("hashed", HashingVectorizer(n_features=64, alternate_sign=False, norm="l1", stop_words="english")),
                      ("words", TfidfVectorizer(min_df=2, max_df=0.9, smooth_idf=False, stop_words="english")),
                      ("letters", TfidfVectorizer(analyzer="char", ngram_range=(3, 3), use_idf=False, norm=None))]),
        MultinomialNB(alpha=0.01, fit_prior=False), weights_of,
    ),
    "hashed_with_idf": (
        "text: {normalize: [lower], tokenizer: word}\n"
        "features: [{type: bag, hashed: 128, alternate_sign: false, ngrams: [1, 2]}]\n"
        "model: {type: naive_bayes, alpha: 1}\n",
        make_pipeline(HashingVectorizer(n_features=128, alternate_sign=False, ngram_range=(1, 2), norm=None), TfidfTransformer()),
        MultinomialNB(alpha=1), None,
    ),
    "stop_words_of_a_file": (
        "# words: " + " ".join(WORDS) + "\n"
        "text: {normalize: [lower], tokenizer: word, stop_words: $ROOT/words.txt}\n"
        "features: [{type: bag, ngrams: [1, 2], sublinear_tf: true}]\n"
        "model: {type: naive_bayes, variant: complement, alpha: 0.5}\n",
        TfidfVectorizer(stop_words=WORDS, ngram_range=(1, 2), sublinear_tf=True),
        ComplementNB(alpha=0.5), None,
    ),
    "complement_with_norm": (
        "text: {normalize: [lower], tokenizer: word, stop_words: [the, of]}\n"
        "features: [{type: bag, norm: l1, max_docs: 5}]\n"
        "model: {type: naive_bayes, variant: complement, alpha: 0.25, norm: true}\n",
        TfidfVectorizer(stop_words=["the", "of"], norm="l1", max_df=5),
        ComplementNB(alpha=0.25, norm=True), None,
    ),
    "bernoulli": (
        "text: {normalize: [lower, strip_accents_unicode], tokenizer: word}\n"
        "features: [{type: bag, binary: true, use_idf: false, norm: none}]\n"
        "model: {type: naive_bayes, variant: bernoulli, alpha: 0.5, class_prior: {med: 0.25, autos: 0.5, space: 0.25}}\n",
        TfidfVectorizer(strip_accents="unicode", binary=True, use_idf=False, norm=None),
        BernoulliNB(alpha=0.5, class_prior=[0.5, 0.25, 0.25]), None,
    ),
    "stems_one_against_the_rest": (
        "text: {normalize: [lower], tokenizer: word, stem: english}\n"
        "features: [{type: bag, ngrams: [1, 2]}]\n"
        "model: {type: naive_bayes, alpha: 0.1, one_vs_rest: true}\n",
        TfidfVectorizer(tokenizer=stemmed, token_pattern=None, lowercase=False, ngram_range=(1, 2)),
        OneVsRestClassifier(MultinomialNB(alpha=0.1)), None,
    ),
}


def training_rows():
    """ROWS as CSV."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["data", "label_names"])
    writer.writerows(ROWS)
    return table.getvalue()


def files_of_case(name, recipe, vectorizer, model, weigh):
    labels = [label for _, label in ROWS]
    rows = vectorizer.fit_transform([text for text, _ in ROWS])
    model.fit(rows, labels, **({} if weigh is None else {"sample_weight": weigh(labels)}))
    want = model.predict_proba(vectorizer.transform(TEXTS))
    assert numpy.allclose(want.sum(axis=1), 1)
    lines = (f"[{json.dumps(text, ensure_ascii=False)}, " + ", ".join(f"{p:.17g}" for p in row) + "]\n" for text, row in zip(TEXTS, want))
    return {"input": training_rows(), "options": f"name: {name}\n" + HEAD + recipe, "want": "".join(lines)}


def main():
    files = {f"{name}/{kind}": text for name, case in CASES.items() for kind, text in files_of_case(name, *case).items()}
    write_or_check("bag_models", files)


if __name__ == "__main__":
    main()
