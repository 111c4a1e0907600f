"""scikit-learn's TfidfVectorizer on one column of a CSV: words, or characters within words (char_wb, 2 to 5).

Prints one JSON object: the matrix's shape and sum, each run's seconds, their median, megabytes of text a second, and the
process's peak memory.
"""

import argparse
import json
import resource
import statistics
import time

import pandas
from sklearn.feature_extraction.text import TfidfVectorizer

OPTIONS = {"word": {}, "char_wb": {"analyzer": "char_wb", "ngram_range": (2, 5)}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", type=int)
    parser.add_argument("file")
    parser.add_argument("column")
    parser.add_argument("analyzer", choices=sorted(OPTIONS))
    arguments = parser.parse_args()
    texts = pandas.read_csv(arguments.file, usecols=[arguments.column], keep_default_na=False)[arguments.column].tolist()
    n_bytes = sum(len(text.encode()) for text in texts)
    seconds = []
    for _ in range(arguments.rounds):
        start = time.perf_counter()
        rows = TfidfVectorizer(**OPTIONS[arguments.analyzer]).fit_transform(texts)
        seconds.append(time.perf_counter() - start)
    out = {
        "bench": "vectorize_sklearn",
        "texts": len(texts),
        "bytes": n_bytes,
        "columns": rows.shape[1],
        "elements": rows.nnz,
        "sum": float(rows.sum()),
        "seconds": seconds,
        "seconds_median": statistics.median(seconds),
        "megabytes_per_second": n_bytes / 1e6 / statistics.median(seconds),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }
    print(json.dumps(out))


if __name__ == "__main__":
    main()
