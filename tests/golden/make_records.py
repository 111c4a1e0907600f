#!/usr/bin/env python3
"""Writes the cases of tests/golden/libsvm, records and record_answers: what other programs write, and what they hold.

    make_records.py          write
    make_records.py --check  exit 1 when a file would change
        (/usr/bin/python3 of Debian 12: python3-protobuf 3.21.12, protobuf-compiler, python3-sklearn 1.2.1, python3-scipy)

libsvm:         bodies by scikit-learn's dump_svmlight_file, want from the matrix itself.
records:        RecordIO-protobuf bodies by Google's protobuf, from the field numbers of the published aialgs.data messages, framed
                as the SageMaker SDK frames them; want from what was put in.
record_answers: what a record of an answer must be, byte for byte: hex of the frames.
A row of want is "text" and the text with escapes, or "vector" and its elements with %.17g."""
import io
import pathlib
import struct
import subprocess
import tempfile

import numpy
import scipy.sparse
from google.protobuf import descriptor_pb2, message_factory
from sklearn.datasets import dump_svmlight_file

from suite import write_or_check

PROTO = """
syntax = "proto2";
package aialgs.data;
message Float32Tensor { repeated float values = 1 [packed=true]; repeated uint64 keys = 2 [packed=true];
                        repeated uint64 shape = 3 [packed=true]; }
message Float64Tensor { repeated double values = 1 [packed=true]; repeated uint64 keys = 2 [packed=true];
                        repeated uint64 shape = 3 [packed=true]; }
message Int32Tensor { repeated int32 values = 1 [packed=true]; repeated uint64 keys = 2 [packed=true];
                      repeated uint64 shape = 3 [packed=true]; }
message Bytes { repeated bytes value = 1; optional string content_type = 2; }
message Value { oneof value { Float32Tensor float32_tensor = 2; Float64Tensor float64_tensor = 3;
                              Int32Tensor int32_tensor = 7; Bytes bytes = 9; } }
message Record { map<string, Value> features = 1; map<string, Value> label = 2; optional string uid = 3;
                 optional string metadata = 4; optional string configuration = 5; }
"""


def messages(proto, name):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory)
        (path / f"{name}.proto").write_text(proto)
        subprocess.run(["protoc", f"-I{path}", f"--descriptor_set_out={path}/set", f"{name}.proto"], cwd=path, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString((path / "set").read_bytes()).file
    return message_factory.GetMessages(files)


PACKED = messages(PROTO, "packed")["aialgs.data.Record"]
UNPACKED = messages(PROTO.replace(" [packed=true]", "").replace("aialgs.data", "aialgs.loose"), "loose")["aialgs.loose.Record"]


def frame(payload, flag=0):
    return struct.pack("<II", 0xCED7230A, flag << 29 | len(payload)) + payload + bytes(-len(payload) % 4)


def escape(data):
    out = []
    for byte in data:
        plain = 0x20 <= byte <= 0x7E and byte != 0x5C
        out.append(chr(byte) if plain else {9: "\\t", 10: "\\n", 13: "\\r", 0x5C: "\\\\"}.get(byte, "\\x%02x" % byte))
    return "".join(out)


files = {}


def put(suite, case, data, options, want):
    for name, content in (("input", data), ("options", options), ("want", want)):
        files[f"{suite}/{case}/{name}"] = content


def vector(columns, values):
    return "vector" + "".join(f" {c}:{float(v):.17g}" for c, v in zip(columns, values)) + "\n"


def text(data):
    return "text " + escape(data) + "\n"


# ---- libsvm ----


def libsvm(case, matrix, labels, **how):
    out = io.BytesIO()
    dump_svmlight_file(matrix, labels, out, **how)
    rows = scipy.sparse.csr_matrix(matrix)
    want = "".join(vector(rows[i].indices, rows[i].data) for i in range(rows.shape[0]))
    put("libsvm", case, out.getvalue(), f"columns={matrix.shape[1]}\n", want)


rng = numpy.random.RandomState(7)
# Few binary digits: dump_svmlight_file writes 16 decimals, which hold these exactly.
dense = numpy.round(64 * rng.randn(12, 20) * (rng.rand(12, 20) < 0.3)) / 64
dense[5] = 0
libsvm("dense", dense, numpy.arange(12))
libsvm("sparse", scipy.sparse.csr_matrix(dense / 1024), numpy.arange(12) - 6.5)
libsvm("comment", dense[:3], [1, 2, 3], comment="made by hand\ntwo lines of comment")
libsvm("query", dense[:3], [1, 0, 1], query_id=[4, 4, 9])
libsvm("wide", scipy.sparse.csr_matrix(([1.5, 1e300, -2.0], ([0, 0, 1], [0, 400_000, 70_000])), shape=(2, 400_001)), [1, 1])
libsvm("many_labels", dense[:3], numpy.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]]), multilabel=True)

# ---- records ----

TEXT = "Fed holds rates, naïve Zürich \u65e5\u672c".encode() + b"\x00\xff\n"


def of_text(key, value, kind=PACKED):
    record = kind()
    record.features[key].bytes.value.append(value)
    return record.SerializeToString()


def tensor(kind, member, values, keys=(), shape=(), key="values"):
    record = kind()
    target = getattr(record.features[key], member)
    target.values.extend(values)
    target.keys.extend(keys)
    target.shape.extend(shape)
    return record.SerializeToString()


def records(case, payloads, want, columns=8, framed=True):
    body = b"".join(frame(p) for p in payloads) if framed else payloads[0]
    put("records", case, body, f"columns={columns}\n", want)


records("texts", [of_text("values", TEXT), of_text("text", b""), of_text("source", b"x" * 301), of_text("other", b"abc")],
        text(TEXT) + text(b"") + text(b"x" * 301) + text(b"abc"))
records("unframed", [of_text("values", TEXT)], text(TEXT), framed=False)
floats = [0.0, 1.5, 0.1, 0.0, -3.25]
single = [float(numpy.float32(x)) for x in floats]
kept = [1, 2, 4]
records("dense", [tensor(PACKED, "float32_tensor", floats), tensor(PACKED, "float64_tensor", floats, shape=[5]),
                  tensor(PACKED, "int32_tensor", [7, 0, -2147483648])],
        vector(kept, [single[i] for i in kept]) + vector(kept, [floats[i] for i in kept]) + vector([0, 2], [7, -2147483648]))
sparse = dict(keys=[6, 0, 3], shape=[8])
records("sparse", [tensor(kind, member, [1, 2, 3], **sparse) for kind in (PACKED, UNPACKED)
                   for member in ("float32_tensor", "float64_tensor", "int32_tensor")],
        vector([0, 3, 6], [2, 3, 1]) * 6)
records("unpacked", [tensor(UNPACKED, "float32_tensor", floats), tensor(UNPACKED, "float64_tensor", floats)],
        vector(kept, [single[i] for i in kept]) + vector(kept, [floats[i] for i in kept]))
# protobuf writes the members of a map in any order. Two messages, one behind the other, are one, with the weight first: a
# reader must look for the text.
weight, full = PACKED(), PACKED()
weight.features["weight"].float32_tensor.values.append(2)
full.features["text"].bytes.value.extend([b"first", b"second"])
full.features["text"].bytes.content_type = "text/plain"
full.label["values"].float32_tensor.values.append(1)
full.uid, full.metadata, full.configuration = "u-1", "{}", "c"
unknown = b"\x98\x06\x01" + b"\xa2\x06\x03abc" + b"\xad\x06\x01\x02\x03\x04" + b"\xb1\x06" + bytes(8)  # fields 99 … 102
records("all_fields", [weight.SerializeToString() + full.SerializeToString() + unknown, unknown + of_text("text", b"later")], text(b"first") + text(b"later"))
# A payload with the magic number at a multiple of 4, as dmlc-core's writer cuts it.
magic = struct.pack("<I", 0xCED7230A)
cut = of_text("text", b"")
pad = b"a" * (-(len(of_text("text", b"a" * 20)) - 20) % 4)
payload = of_text("text", pad + magic + b"bcde" + magic + magic + b"f")
parts, start = [], 0
for at in range(0, len(payload) // 4 * 4, 4):
    if payload[at:at + 4] == magic:
        parts.append(payload[start:at])
        start = at + 4
parts.append(payload[start:])
assert len(parts) == 4, [len(part) for part in parts]
body = b"".join(frame(p, 1 if i == 0 else 3 if i == 3 else 2) for i, p in enumerate(parts)) + frame(of_text("text", b"next"))
put("records", "parts", body, "columns=8\n", text(pad + magic + b"bcde" + magic + magic + b"f") + text(b"next"))

# ---- answers ----

LABELS = [b"a", "caf\u00e9 \"x\"".encode(), b"__label__c"]
SCORES = [0.125, 0.625, 0.25]


def answer(case, options, **values):
    record = PACKED()
    for key, value in values.items():
        if isinstance(value[0], bytes):
            record.label[key].bytes.value.extend(value)
        else:
            record.label[key].float32_tensor.values.extend(value)
            record.label[key].float32_tensor.shape.append(len(value))
    body = frame(record.SerializeToString(deterministic=True))
    put("record_answers", case, b"", options, (body + body).hex() + "\n")


answer("best", "", predicted_label=[LABELS[1]], score=[0.625])
answer("two", "k=2\n", predicted_label=[LABELS[1], LABELS[2]], score=[0.625, 0.25])
answer("all", "k=100\n", predicted_label=[LABELS[1], LABELS[2], LABELS[0]], score=[0.625, 0.25, 0.125])
answer("blazingtext", "k=2\nstyle=blazingtext\n", predicted_label=[b"__label__" + LABELS[1], LABELS[2]], score=[0.625, 0.25])
answer("columns", "columns=labels,predicted_label,probabilities,probability\n", labels=LABELS, predicted_label=[LABELS[1]],
       probabilities=SCORES, probability=[0.625])
answer("fault", "fault=it is broken\n", error=[b"it is broken"])

write_or_check(".", files)
