"""PyTorch twin of the Keras headline network: seconds per training epoch and validation accuracy.

Network: 100 token ids -> frozen GloVe embedding (100 dims) -> flatten -> dense 32 relu -> dense 32
relu -> dense 4 softmax; Glorot-uniform weights, zero biases; RMSprop (rate 1e-3, rho 0.9, epsilon
1e-7 outside the root, as in Keras); batches of 32, reshuffled every epoch. Text is prepared as the
original did under Python 2: on UTF-8 bytes, where only ASCII letters have a lower case.

Seconds cover the permutation and all training steps; preparing data, validating and a throw-away
epoch that warms the allocator are outside. Batches are views of rows shuffled once an epoch; other
ways tried (indexing per batch, ungrouped optimizer, traced network) were no faster beyond noise.
"""

import argparse
import collections
import csv
import gzip
import json
import os
import re
import statistics
import string
import time

LABELS = {"b": 0, "t": 1, "e": 2, "m": 3}
MAX_WORDS, LENGTH, DIMS, HIDDEN, BATCH = 10000, 100, 100, 32, 32
FILTERS = (string.punctuation.replace("'", "") + "\t\n").encode()  # Keras' own set
FILTERS_TO_SPACE = bytes.maketrans(FILTERS, b" " * len(FILTERS))


def normalize(text):
    text = text.encode().lower()
    for pattern in (rb"\s\W", rb"\W\s", rb"\s+"):
        text = re.sub(pattern, b" ", text)
    return text


def read_rows(path):
    """Token lists and label ids of a CSV file with the columns CATEGORY and TITLE."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [(row["TITLE"], LABELS[row["CATEGORY"]]) for row in csv.DictReader(file)]
    tokens = [normalize(title).translate(FILTERS_TO_SPACE).split() for title, _ in rows]
    return tokens, [label for _, label in rows]


def fit_index(docs):
    """Word -> id from 1 by falling count, ties by first appearance; ids stay below MAX_WORDS."""
    counts = collections.Counter(word for doc in docs for word in doc)
    ranked = counts.most_common(MAX_WORDS - 1)  # a stable sort of insertion order
    return {word: rank for rank, (word, _) in enumerate(ranked, start=1)}


def encode(docs, index):
    """Ids padded and cut in front; words without an id are dropped."""
    rows = []
    for doc in docs:
        known = [index[word] for word in doc if word in index][-LENGTH:]
        rows.append([0] * (LENGTH - len(known)) + known)
    return torch.tensor(rows)


def read_embedding(path, index):
    table = torch.zeros(MAX_WORDS, DIMS)
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
        for line in file:
            word, _, numbers = line.partition(b" ")
            if word in index:
                table[index[word]] = torch.tensor([float(number) for number in numbers.split()])
    return table


def build_network(table):
    dense = [torch.nn.Linear(LENGTH * DIMS, HIDDEN), torch.nn.Linear(HIDDEN, HIDDEN),
             torch.nn.Linear(HIDDEN, len(LABELS))]  # softmax is part of the loss
    for layer in dense:
        torch.nn.init.xavier_uniform_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    relu = torch.nn.ReLU()
    embedding = torch.nn.Embedding.from_pretrained(table, freeze=True)
    return torch.nn.Sequential(embedding, torch.nn.Flatten(),
                               dense[0], relu, dense[1], relu, dense[2])


def train_epoch(network, optimizer, ids, labels):
    order = torch.randperm(len(ids))
    for batch, targets in zip(ids[order].split(BATCH), labels[order].split(BATCH)):
        loss = torch.nn.functional.cross_entropy(network(batch), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()


def run(seed, epochs, table, train, validation):
    torch.manual_seed(seed)
    network = build_network(table)
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.RMSprop(trained, lr=1e-3, alpha=0.9, eps=1e-7, foreach=True)
    seconds = []
    for _ in range(epochs):
        start = time.perf_counter()
        train_epoch(network, optimizer, *train)
        seconds.append(round(time.perf_counter() - start, 4))
    with torch.no_grad():
        hits = network(validation[0]).argmax(1) == validation[1]
    return seconds, round(hits.double().mean().item(), 6)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--train", "--validation", "--vectors"):
        parser.add_argument(name, required=True, metavar="FILE")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", default="1,2,3", type=lambda s: [int(n) for n in s.split(",")])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()

    os.environ["OPENBLAS_NUM_THREADS"] = str(args.threads)  # read when the library is loaded
    global torch
    import torch
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)  # unused rows' accumulators decay into denormals otherwise

    train_docs, train_labels = read_rows(args.train)
    val_docs, val_labels = read_rows(args.validation)
    index = fit_index(train_docs)
    table = read_embedding(args.vectors, index)
    train = encode(train_docs, index), torch.tensor(train_labels)
    validation = encode(val_docs, index), torch.tensor(val_labels)

    run(0, 1, table, train, validation)  # the throw-away epoch
    all_seconds, accuracies = [], []
    for seed in args.seeds:
        seconds, accuracy = run(seed, args.epochs, table, train, validation)
        all_seconds += seconds
        accuracies.append(accuracy)
        line = {"seed": seed, "epoch_seconds": seconds, "validation_accuracy": accuracy}
        print(json.dumps(line), flush=True)
    print(json.dumps({"peer": f"torch {torch.__version__}", "threads": args.threads,
                      "rows": len(train_labels), "epochs": args.epochs,
                      "epoch_seconds_min": min(all_seconds),
                      "epoch_seconds_median": round(statistics.median(all_seconds), 4),
                      "validation_accuracy_mean": round(statistics.mean(accuracies), 6),
                      "validation_accuracy_min": min(accuracies),
                      "validation_accuracy_max": max(accuracies)}))


if __name__ == "__main__":
    main()
