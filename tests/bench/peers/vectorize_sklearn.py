"""scikit-learn's TfidfVectorizer on one column of a CSV: words, and characters within words (char_wb, 2 to 5).

Texts are split at white space, as bench_vectorize does. Prints one JSON object: shapes, sums of all weights, each run's
seconds, their medians, megabytes of text a second, and the process's peak memory after the words and at the end.
"""

import argparse
import json
import resource
import statistics
import time

import pandas
from sklearn.feature_extraction.text import TfidfVectorizer


def peak_megabytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def measure(name, rounds, texts, n_bytes, out, **options):
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        rows = TfidfVectorizer(lowercase=False, **options).fit_transform(texts)
        seconds.append(time.perf_counter() - start)
    out[f"{name}_columns"], out[f"{name}_elements"] = rows.shape[1], rows.nnz
    out[f"{name}_sum"] = float(rows.sum())
    out[f"{name}_seconds"] = seconds
    out[f"{name}_seconds_median"] = statistics.median(seconds)
    out[f"{name}_megabytes_per_second"] = n_bytes / 1e6 / statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int)
    parser.add_argument("file")
    parser.add_argument("column")
    parser.add_argument("--only", choices=["words", "char_wb"])
    arguments = parser.parse_args()
    texts = pandas.read_csv(arguments.file, usecols=[arguments.column], keep_default_na=False)[arguments.column].tolist()
    n_bytes = sum(len(text.encode()) for text in texts)
    out = {"bench": "vectorize_sklearn", "texts": len(texts), "bytes": n_bytes}
    if arguments.only != "char_wb":
        measure("words", arguments.rounds, texts, n_bytes, out, token_pattern=r"\S+")
        out["words_peak_megabytes"] = peak_megabytes()
    if arguments.only != "words":
        measure("char_wb", arguments.rounds, texts, n_bytes, out, analyzer="char_wb", ngram_range=(2, 5))
    out["peak_megabytes"] = peak_megabytes()
    print(json.dumps(out))


if __name__ == "__main__":
    main()
