#!/usr/bin/env python3
"""Writes a small corpus of raw messages and what scikit-learn makes of three more beside it.

    python3 tests/golden/newsgroups_served/make.py           (made with Python 3.11.2, scikit-learn 1.2.1, NumPy 1.24.2)

train/<class>/<file>: the corpus, latin-1, five header lines each.
request-<n>: raw messages, not in the corpus. want: for each its label and probability, of the corpus' idf (tf-idf with
the defaults, multinomial naive Bayes with alpha 0.01), and the probability that idf 1 for all words would give.
None of the words is a stop word, so that the cleaning here needs no list of them."""

import pathlib
import re

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB

HERE = pathlib.Path(__file__).resolve().parent

CORPUS = {
    "rec.autos": ["Engine, brakes; \"tires\": Citroën engine\nleaks oil.\n\nDealer price rises\n",
                  "Oil pressure drops; engine stalls, dealer shrugs\n",
                  "> brakes squeal\nTires wear, price high\n"],
    "sci.space": ["Shuttle launch, orbit reached\nrocket engine burns\n",
                  "Orbit decays: satellite, moon\n\n\n\"launch\" window price\n",
                  "Rocket telemetry, moon crater\n"],
    "talk.politics.misc": ["Senate votes, tax rises\nélection debate\n",
                           "Tax law, senate price debate\n",
                           "Vote counts; \"debate\" moon speech, law\n"],
}
REQUESTS = ["Engine price, engine \"oil\"\nmoon\n\nlaunch, tires\n",
            "Price price price\nelection tax, orbit, moon\n",
            "Citroën Citroën orbit, rocket price\n"]


def message(name: str, body: str) -> bytes:
    # Words of the header lines would decide if they were not dropped.
    lines = [f"From: senate@{name}", "Subject: tax, senate, law", "Organization: Senate", "Lines: 3", "X: tax tax"]
    return ("\n".join(lines) + "\n" + body).encode("latin-1")


def clean(raw: bytes) -> str:
    lines = [line for line in raw.decode("latin-1").split("\n")[5:] if line]
    return re.sub("[^a-z]", " ", "\n".join(lines).strip().lower())


def main():
    texts, labels = [], []
    for label, bodies in CORPUS.items():
        for i, body in enumerate(bodies):
            path = HERE / "train" / label / str(1000 + i)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(message(label, body))
            texts.append(clean(path.read_bytes()))
            labels.append(label)
    vectorizer = TfidfVectorizer()
    model = MultinomialNB(alpha=0.01).fit(vectorizer.fit_transform(texts), labels)
    flat = TfidfVectorizer(vocabulary=vectorizer.vocabulary_, use_idf=False).fit(texts)
    with open(HERE / "want", "w") as want:
        for i, body in enumerate(REQUESTS):
            raw = message("nowhere", body)
            (HERE / f"request-{i}").write_bytes(raw)
            scores = model.predict_proba(vectorizer.transform([clean(raw)]))[0]
            best = scores.argmax()
            without = model.predict_proba(flat.transform([clean(raw)]))[0][best]
            want.write(f"{model.classes_[best]}\t{scores[best]:.17g}\t{without:.17g}\n")


main()
