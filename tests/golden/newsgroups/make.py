#!/usr/bin/env python3
"""Writes `counts` and `texts` beside it, from the 20 newsgroups data (which are not part of the project).

    python3 tests/golden/newsgroups/make.py DIRECTORY        (made with Python 3.11.2)

counts: class, rows of train, rows of test-public: counted in the two index files.
texts:  archive or table, number of the row from 1, label, bytes of the text as UTF-8 and their CRC-32. Members of an archive
        are decoded as latin-1 by Python, tables read by its csv module. Rows are every 1000th, and those of the first
        file of each kind that a reader may get wrong: not UTF-8, with CR, longest."""

import collections
import csv
import gzip
import io
import pathlib
import sys
import tarfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
DATA = pathlib.Path(sys.argv[1])
PARTS = ("train", "test-public")
csv.field_size_limit(1 << 30)


def is_utf8(data: bytes) -> bool:
    try:
        data.decode()
        return True
    except UnicodeDecodeError:
        return False


def members(part: str):
    with tarfile.open(DATA / f"{part}.tar.gz") as archive:
        for info in archive:
            if info.isreg():
                yield info.name.split("/")[-2], archive.extractfile(info).read()


def table(part: str):
    with gzip.open(DATA / f"{part}-preprocessed.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["label_names"], row["data"].encode()


def line(name: str, number: int, label: str, text: bytes) -> str:
    return f"{name}\t{number}\t{label}\t{len(text)}\t{zlib.crc32(text):08x}\n"


def write_texts(out: io.StringIO, name: str, rows: list):
    longest = max(range(len(rows)), key=lambda i: len(rows[i][1]))
    chosen = set(range(0, len(rows), 1000)) | {longest, len(rows) - 1}
    for test in (lambda data: not is_utf8(data), lambda data: b"\r" in data):
        chosen |= set([i for i, (_, data) in enumerate(rows) if test(data)][:3])
    for i in sorted(chosen):
        label, data = rows[i]
        out.write(line(name, i + 1, label, data.decode("latin-1").encode() if name.endswith(".tar.gz") else data))


counts = {}
for part in PARTS:
    with open(DATA / f"{part}-index.csv", newline="") as file:
        counts[part] = collections.Counter(row["label_name"] for row in csv.DictReader(file))
(HERE / "counts").write_text(
    "".join(f"{c}\t{counts['train'][c]}\t{counts['test-public'][c]}\n" for c in sorted(counts["train"])))

texts = io.StringIO()
for part in PARTS:
    write_texts(texts, f"{part}.tar.gz", list(members(part)))
    write_texts(texts, f"{part}-preprocessed.csv.gz", list(table(part)))
(HERE / "texts").write_text(texts.getvalue())
