"""The scikit-learn script that `train --recipe newsgroups` replaces: a preprocessed CSV, tf-idf, naive Bayes, two files.

    newsgroups_sklearn.py CSV MODEL_DIR

The whole process is measured from outside: it does what a user's script does, reads the two columns that it needs, and
prints nothing.
"""

import os
import sys

import joblib
import pandas
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB


def main():
    path, model_dir = sys.argv[1:]
    table = pandas.read_csv(path, usecols=["data", "label_names"], keep_default_na=False)
    vectorizer = TfidfVectorizer()
    rows = vectorizer.fit_transform(table["data"])
    classifier = MultinomialNB(alpha=0.01).fit(rows, table["label_names"])
    os.makedirs(model_dir, exist_ok=True)
    joblib.dump(vectorizer, os.path.join(model_dir, "vectorizer.joblib"))
    joblib.dump(classifier, os.path.join(model_dir, "classifier.joblib"))


if __name__ == "__main__":
    main()
