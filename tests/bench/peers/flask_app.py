"""The stack that serve replaces: Flask in gunicorn around the same network, loaded once a worker.

    TEXTML_MODEL=DIR gunicorn --workers 2 --bind 127.0.0.1:PORT --chdir tests/bench/peers flask_app:app

It reads textml's own artifact with NumPy and answers POST /invocations {"input": "text"} with {"result": "label"}, as the
tutorial's Keras server does, but for its slowness: that one loads the model at each request.
"""

import json
import os
import re
import struct

import flask
import numpy

app = flask.Flask(__name__)

# Keras' Tokenizer: its filters and white space separate words.
SEPARATORS = re.compile(r'[!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~\s]+')
# The tutorial's own normalization.
SQUEEZE = [(re.compile(r"\s\W"), " "), (re.compile(r"\W\s"), " "), (re.compile(r"\s+"), " ")]


class Model:
    def __init__(self, directory):
        with open(os.path.join(directory, "model.safetensors"), "rb") as file:
            data = file.read()
        header_bytes = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8 : 8 + header_bytes])
        kinds = {"F32": numpy.float32, "F64": numpy.float64, "U8": numpy.uint8, "U32": numpy.uint32}

        def tensor(name):
            entry = header[name]
            begin, end = (8 + header_bytes + offset for offset in entry["data_offsets"])
            return numpy.frombuffer(data[begin:end], kinds[entry["dtype"]]).reshape(entry["shape"])

        words, offsets = tensor("vocab.bytes").tobytes(), tensor("vocab.offsets")
        self.ids = {words[offsets[i] : offsets[i + 1]].decode(): i for i in range(len(offsets) - 1)}
        self.embedding = tensor("embedding.weight")
        self.layers = []
        while f"layers.{len(self.layers)}.weight" in header:
            name = f"layers.{len(self.layers)}"
            self.layers.append((tensor(name + ".weight"), tensor(name + ".bias")))
        self.length = self.layers[0][0].shape[0] // self.embedding.shape[1]
        with open(os.path.join(directory, "textml.json"), encoding="utf-8") as file:
            self.labels = json.load(file)["labels"]

    def predict(self, text):
        for pattern, replacement in SQUEEZE:
            text = pattern.sub(replacement, text)
        known = [self.ids[word] for word in SEPARATORS.split(text.lower()) if word in self.ids]
        known = known[-self.length :]
        x = numpy.zeros((self.length, self.embedding.shape[1]), numpy.float32)
        if known:
            x[-len(known) :] = self.embedding[known]
        x = x.reshape(1, -1)
        for i, (weight, bias) in enumerate(self.layers):
            x = x @ weight + bias
            if i + 1 < len(self.layers):
                x = numpy.maximum(x, 0)
        return self.labels[int(x.argmax())]


model = Model(os.environ["TEXTML_MODEL"])


@app.route("/ping")
def ping():
    return "", 200


@app.route("/invocations", methods=["POST"])
def invocations():
    return flask.jsonify(result=model.predict(flask.request.get_json()["input"]))
