#!/usr/bin/env python3
"""Writes `want` of the cases in tests/golden/csv and tests/golden/reader with Python's own csv and json modules.

    python3 tests/golden/make_csv.py        (Python 3.11 or newer: older csv modules refuse NUL)

A case is a directory with `input` and `options` (lines key=value). Cases with an `error` are written by hand, for the
sentence is ours; the script only checks that Python does not take them either, where Python has an opinion
(`python=accepts` in the options says that it has another one). Read the diff before committing it.

csv:    separator (one character or "tab"), quote (rfc4180, none).
        A line of `want` is a record: the line where it begins, then its fields, separated by tabs.
reader: name (of the file), text, label, weight, header, label_first, format, quoting, encoding as in lib/pipeline/reader.h, and
        `as` (csv, tsv, jsonl): what the reader must find out by itself, for this script.
        A line of `want` is a row: line, field number of the label, weight, label, text; the last line is the number of
        ill-formed UTF-8 sequences replaced.
"""

import codecs
import csv
import io
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent
NAMED = {9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}


def escape(data: bytes) -> str:
    return "".join(NAMED.get(b) or (chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}") for b in data)


def options_of(case: pathlib.Path) -> dict:
    lines = (case / "options").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def records(data: bytes, separator: str, quoting: bool):
    """(first line, fields as bytes) for each record that is not an empty line."""
    if data.startswith(b"\xef\xbb\xbf"):
        data = data[3:]
    text = io.TextIOWrapper(io.BytesIO(data), encoding="latin-1", newline="")
    reader = csv.reader(
        text,
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        quotechar='"' if quoting else None,
        strict=True,
    )
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return
        if fields:
            yield line, [field.encode("latin-1") for field in fields]


def make_csv(data: bytes, options: dict) -> str:
    separator = options.get("separator", ",").replace("tab", "\t")
    out = io.StringIO()
    for line, fields in records(data, separator, options.get("quote", "rfc4180") == "rfc4180"):
        out.write("\t".join([str(line)] + [escape(field) for field in fields]) + "\n")
    return out.getvalue()


replaced = 0


def count_and_replace(error):
    global replaced
    replaced += 1
    return "\N{REPLACEMENT CHARACTER}", error.end


codecs.register_error("count", count_and_replace)


def decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="count")


def json_label(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value.strip(" \t\r\n") if isinstance(value, str) else str(value)


def json_rows(data: bytes, options: dict):
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            row = json.loads(decoded(line))
            label = json_label(row[options["label"]]) if "label" in options else ""
            weight = row[options["weight"]] if "weight" in options else 1
            yield number, 0, weight, label, row[options["text"]]


def csv_rows(data: bytes, options: dict):
    is_tsv = options["as"] == "tsv"
    quoting = options.get("quoting", "auto")
    is_quoted = quoting == "rfc4180" or (quoting == "auto" and not is_tsv)
    columns = None
    for line, fields in records(data, "\t" if is_tsv else ",", is_quoted):
        if columns is None:
            names = [field.decode("utf-8", "replace").strip().lower() for field in fields]
            wanted = [options[key].lower() for key in ("text", "label") if key in options]
            is_header = all(name in names for name in wanted)
            if not is_header and "header" in options:
                names = options["header"].split(",")
            elif not is_header:
                names = [options["label"], options["text"]]
            columns = {name: i for i, name in reversed(list(enumerate(names)))}
            if is_header:
                continue
        if len(fields) == 1 and not fields[0].strip():
            continue
        text = decoded(fields[columns[options["text"].lower()]])
        label, at, weight = "", -1, 1
        if "label" in options:
            at = columns[options["label"].lower()]
            label = decoded(fields[at]).strip(" \t\r\n")
        if "weight" in options:
            weight = float(fields[columns[options["weight"].lower()]])
        yield line, at + 1, weight, label, text


def make_reader(data: bytes, options: dict) -> str:
    global replaced
    replaced = 0
    out = io.StringIO()
    if options.get("encoding") == "latin-1":
        data = data.decode("latin-1").encode()
    rows = json_rows if options["as"] == "jsonl" else csv_rows
    for line, column, weight, label, text in rows(data, options):
        parts = [str(line), str(column), f"{weight:g}", escape(label.encode()), escape(text.encode())]
        out.write("\t".join(parts) + "\n")
    out.write(f"{replaced}\n")
    return out.getvalue()


def main() -> int:
    faults = 0
    for suite, make in (("csv", make_csv), ("reader", make_reader)):
        for case in sorted(path for path in (ROOT / suite).iterdir() if path.is_dir()):
            options = options_of(case)
            data = (case / "input").read_bytes()
            if not (case / "error").exists():
                (case / "want").write_text(make(data, options))
            elif suite == "csv" and options.get("python") != "accepts":
                try:
                    make(data, options)
                except csv.Error:
                    continue
                print(f"{case}: Python accepts what we refuse", file=sys.stderr)
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
